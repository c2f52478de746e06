use core::time::Duration;
use std::net::IpAddr;

use super::event::{Due, Node, Way};
use super::random::Random;
use super::traffic::family_of;
use super::{Line, Network, Router, Tunnel};
use crate::engine::{Moment, Probe};
use crate::model::{Family, Label, Protocol, ReplyKind};
use crate::wire::checksum::Sum;
use crate::wire::{Quote, checksum, ip_header, word};

/// A packet on its way, and what an answer would meet on the way back.
pub(super) struct Passage<'a> {
    pub(super) at: Moment,
    network: &'a Network,
    protocol: Protocol,
    /// The source it left with.
    source: IpAddr,
    /// What a translator put in place of it.
    translated: Option<IpAddr>,
    ttl: u8,
    tos: u8,
    inside: Option<Inside<'a>>,
    back: Duration,
    way: Way,
    /// The way as it was one router before.
    way_before: Way,
    lost_back: bool,
}

/// A packet in a tunnel.
struct Inside<'a> {
    tunnel: &'a Tunnel,
    /// Where in the tunnel it is.
    place: usize,
    label_ttl: u8,
    /// Routers passed that did not count in the packet's own TTL.
    hidden: u8,
}

impl<'a> Passage<'a> {
    pub(super) const fn new(network: &'a Network, seen: &Quote<'_>, at: Moment) -> Self {
        Self {
            at,
            network,
            protocol: seen.protocol,
            source: seen.source,
            translated: None,
            ttl: seen.ttl,
            tos: seen.tos,
            inside: None,
            back: Duration::ZERO,
            way: Way::NONE,
            way_before: Way::NONE,
            lost_back: false,
        }
    }

    /// Goes along a line; tells whether the packet survives.
    pub(super) fn along(&mut self, line: Line, random: &mut Random) -> bool {
        let survives = !random.chance(line.loss);
        self.lost_back |= random.chance(line.loss);
        self.at = self.at + line.there + random.up_to(line.jitter);
        self.back += line.back + random.up_to(line.jitter);
        survives
    }

    /// Comes to a router; tells whether that one is hidden in a tunnel and hands the packet on unseen.
    pub(super) fn enter(&mut self, router: u16) -> bool {
        let Some((tunnel, place)) = self.network.tunnel_of(router) else {
            self.leave();
            return false;
        };
        if self.inside.as_ref().is_some_and(|inside| !core::ptr::eq(inside.tunnel, tunnel)) {
            self.leave();
        }
        let label_ttl = if tunnel.propagates { self.ttl } else { u8::MAX };
        let inside = self.inside.get_or_insert(Inside { tunnel, place, label_ttl, hidden: 0 });
        inside.place = place;
        if tunnel.propagates {
            return false;
        }
        if tunnel.reports && place + 1 == tunnel.routers.len() {
            // The end of an opaque tunnel: what it answers goes back through the tunnel.
            self.way = self.way.through_hidden(inside.hidden);
            inside.hidden = 0;
            return false;
        }
        inside.label_ttl = inside.label_ttl.saturating_sub(1);
        inside.hidden = inside.hidden.saturating_add(1);
        true
    }

    /// Comes out of a tunnel, if it is in one.
    pub(super) fn leave(&mut self) {
        if let Some(inside) = self.inside.take() {
            if inside.tunnel.propagates {
                self.ttl = inside.label_ttl;
            }
            if inside.hidden > 0 {
                self.way = self.way.through_hidden(inside.hidden);
            }
        }
    }

    /// The tunnel it is in, if the TTL of its label is that of the packet.
    fn counted(&self) -> Option<&Inside<'a>> {
        self.inside.as_ref().filter(|inside| inside.tunnel.propagates)
    }

    /// Whether the TTL runs out at a router.
    pub(super) fn ends_at(&self, router: &Router) -> bool {
        let ttl = self.counted().map_or(self.ttl, |inside| inside.label_ttl);
        ttl == 0 || (ttl == 1 && !router.forwards_too_far)
    }

    /// Is handed on by a router.
    pub(super) fn pass(&mut self, router: &Router) {
        match self.inside.as_mut().filter(|inside| inside.tunnel.propagates) {
            Some(inside) => inside.label_ttl = inside.label_ttl.saturating_sub(1),
            None => self.ttl = self.ttl.saturating_sub(1),
        }
        self.tos = router.rewrites_tos.unwrap_or(self.tos);
        self.translated = router.translates.or(self.translated);
        self.way_before = self.way;
        self.way = self.way.passing(1);
    }

    /// Was not handed on after all.
    pub(super) const fn step_back(&mut self) {
        self.way = self.way_before;
    }

    /// The answer of a router in a tunnel whose labels count: it is sent on to the end first, through the routers
    /// that are left of the tunnel, and comes back from there.
    pub(super) fn answer_by_the_end(&mut self, following: impl Iterator<Item = u16>) {
        let Some(tunnel) = self.counted().map(|inside| inside.tunnel) else { return };
        for number in following {
            let Some(router) = self.network.routers.get(&number) else { return };
            self.back += router.line.there + router.line.back;
            self.way = self.way.passing(2);
            if !tunnel.routers.contains(&number) {
                return;
            }
        }
    }

    /// What it comes to where it has come now.
    pub(super) fn due(self, node: Node, error: Option<ReplyKind>, packet: &[u8], probe: Probe) -> Due {
        let label = |inside: &Inside<'_>| {
            let ttl = inside.label_ttl;
            let label = inside.tunnel.label(inside.place);
            inside.tunnel.reports.then_some(Label { label, traffic_class: 0, bottom: true, ttl })
        };
        let labels = self.inside.as_ref().and_then(label).into_iter().collect();
        let mut packet = as_it_arrived(packet, self.ttl, self.tos);
        if let Some(translated) = self.translated {
            adjust_checksum(&mut packet, self.protocol, self.source, translated);
        }
        let asker = self.translated.unwrap_or(self.source);
        let (back, way, lost) = (self.back, self.way, self.lost_back);
        Due { node, error, packet, asker, back, way, labels, lost, probe }
    }
}

/// Changes the checksum behind the IP header as a change of the source address does (RFC 1624). ICMP over IPv4
/// has no address in its checksum.
fn adjust_checksum(packet: &mut [u8], protocol: Protocol, old: IpAddr, new: IpAddr) {
    let family = family_of(packet);
    let offset = match (protocol, family) {
        (Protocol::Icmp, Family::V4) => return,
        (Protocol::Icmp, Family::V6) => 2,
        (Protocol::Udp, _) => 6,
        (Protocol::Tcp, _) => 16,
    };
    let field = packet.get_mut(usize::from(ip_header(family)) + offset..);
    let Some(field) = field.and_then(|rest| rest.first_chunk_mut()) else { return };
    let before = u16::from_be_bytes(*field);
    let sum = |address| Sum::ZERO.address(address).fold();
    let after = checksum::update(before, sum(old), sum(new));
    *field = after.to_be_bytes();
}

/// The packet with the TTL and type of service it arrives with.
fn as_it_arrived(packet: &[u8], ttl: u8, tos: u8) -> Vec<u8> {
    let mut packet = packet.to_vec();
    match family_of(&packet) {
        Family::V4 => {
            if let Some(header) = packet.first_chunk_mut::<20>() {
                let before = [word(header, 0), word(header, 8)];
                let [_, old_tos, _, _, _, _, _, _, old_ttl, ..] = header;
                (*old_tos, *old_ttl) = (tos, ttl);
                let after = [word(header, 0), word(header, 8)];
                let mut sum = word(header, 10).unwrap_or(0);
                for (before, after) in before.into_iter().flatten().zip(after.into_iter().flatten()) {
                    sum = checksum::update(sum, before, after);
                }
                let [_, _, _, _, _, _, _, _, _, _, sum_0, sum_1, ..] = header;
                [*sum_0, *sum_1] = sum.to_be_bytes();
            }
        }
        Family::V6 => {
            if let Some([version, class, _, _, _, _, _, hops, ..]) = packet.first_chunk_mut::<40>() {
                *version = (*version & 0xf0) | (tos >> 4);
                *class = (*class & 0x0f) | (tos << 4);
                *hops = ttl;
            }
        }
    }
    packet
}
