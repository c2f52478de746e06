use core::time::Duration;
use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use super::answer::{self, ErrorMessage};
use super::event::{Answer, Due, Event, Node, What};
use super::limit::Bucket;
use super::random::{Random, mix};
use super::{Journal, Line, Network, RateLimit, source};
use crate::engine::{Moment, Probe};
use crate::model::{Family, Label, Protocol, ReplyKind};
use crate::wire::checksum::Sum;
use crate::wire::{Quote, checksum, double_word, icmp_type, ip_header, protocol_number, word};

/// The packets that are under way in a network.
#[derive(Debug)]
pub(super) struct Traffic {
    network: Network,
    random: Random,
    /// Lets flows be hashed differently under another seed.
    salt: u64,
    events: BinaryHeap<Event>,
    order: u64,
    buckets: HashMap<(Node, Family), Bucket>,
    journal: Journal,
}

/// How a packet gets on.
struct Passage {
    at: Moment,
    back: Duration,
    passed: u8,
    lost_back: bool,
}

impl Traffic {
    pub(super) fn new(mut network: Network, seed: u64, journal: Journal) -> Self {
        network.make_routers();
        Self {
            network,
            random: Random::new(seed),
            salt: mix(seed),
            events: BinaryHeap::new(),
            order: 0,
            buckets: HashMap::new(),
            journal,
        }
    }

    pub(super) const fn network(&self) -> &Network {
        &self.network
    }

    /// Lets a packet leave the source.
    pub(super) fn carry(&mut self, packet: &[u8], probe: &Probe, left: Moment) {
        let Self { network, random, salt, journal, .. } = self;
        let Some(seen) = Quote::parse(family_of(packet), packet) else { return };
        let mut records = journal.records();
        records.probes.push((left, *probe));
        let Some(host) = network.hosts.get(&seen.destination) else { return };
        let Some(path) = host.path_at(left) else { return };

        let (mut ttl, mut tos, mut translated) = (seen.ttl, seen.tos, None);
        let mut passage = Passage { at: left, back: Duration::ZERO, passed: 0, lost_back: false };
        let mut last = None;
        let mut due = None;
        for number in path.walk(flow_hash(&seen) ^ *salt, random) {
            let Some(router) = network.routers.get(&number) else { return };
            if !passage.along(router.line, random) {
                return;
            }
            let counts = records.routers.entry(number).or_default();
            let ends = ttl == 0 || (ttl == 1 && !router.forwards_too_far);
            let refused = router.refuses.iter().find(|(protocol, _)| *protocol == seen.protocol);
            if ends {
                counts.due += 1;
                due = Some((Node::Router(number), Some(ReplyKind::TimeExceeded)));
                break;
            } else if let Some((_, kind)) = refused {
                counts.due += 1;
                due = Some((Node::Router(number), Some(*kind)));
                break;
            } else if router.drops.contains(&seen.protocol) {
                return;
            }
            ttl = ttl.saturating_sub(1);
            tos = router.rewrites_tos.unwrap_or(tos);
            translated = router.translates.or(translated);
            counts.forwarded += 1;
            passage.passed = passage.passed.saturating_add(1);
            last = Some(number);
        }
        let (node, error) = match (due, host.unreachable, last) {
            (Some(due), _, _) => due,
            (None, Some(kind), Some(last)) => {
                let counts = records.routers.entry(last).or_default();
                counts.due += 1;
                // It has not handed it on after all.
                counts.forwarded = counts.forwarded.saturating_sub(1);
                passage.passed = passage.passed.saturating_sub(1);
                (Node::Router(last), Some(kind))
            }
            (None, Some(_), None) => return,
            (None, None, _) => {
                if !passage.along(host.line, random) {
                    return;
                }
                let refuses_datagram = seen.protocol == Protocol::Udp && !host.open.contains(&Protocol::Udp);
                (Node::Host(host.address), refuses_datagram.then_some(ReplyKind::PortUnreachable))
            }
        };
        drop(records);
        let Passage { at, back, passed: passes, lost_back: lost } = passage;
        let mut packet = as_it_arrived(packet, ttl, tos);
        if let Some(translated) = translated {
            adjust_checksum(&mut packet, seen.protocol, seen.source, translated);
        }
        self.arrange(at, What::Due(Due { node, error, packet, back, passes, lost, probe: *probe }));
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Option<Moment> {
        self.events.peek().map(|event| event.at)
    }

    /// Lets the next thing happen if it does by `until`; an answer that comes back is given out.
    pub(super) fn happen(&mut self, until: Moment) -> Option<(Moment, Option<Answer>)> {
        if self.next()? > until {
            return None;
        }
        let event = self.events.pop()?;
        match event.what {
            What::Answer(answer) => Some((event.at, Some(answer))),
            What::Due(due) => {
                self.answer(event.at, due);
                Some((event.at, None))
            }
        }
    }

    fn arrange(&mut self, at: Moment, what: What) {
        self.order += 1;
        self.events.push(Event { at, order: self.order, what });
    }

    /// Lets a router or host answer, if it does.
    fn answer(&mut self, at: Moment, due: Due) {
        let Self { network, buckets, journal, .. } = self;
        let Some(answerer) = Answerer::find(network, &due) else { return };
        if answerer.silent.contains(&due.probe.protocol) {
            return;
        }
        let limited = match (answerer.limit, due.error) {
            (Some(limit), Some(_)) => !buckets
                .entry((due.node, answerer.family))
                .or_insert_with(|| Bucket::full(limit))
                .take(limit, at),
            _ => false,
        };
        let answer = if limited { None } else { answerer.answer(&due) };
        let back = at + answerer.slow + due.back;
        if let Node::Router(number) = due.node {
            let mut records = journal.records();
            let counts = records.routers.entry(number).or_default();
            counts.limited += u64::from(limited);
            counts.answered += u64::from(answer.is_some());
        }
        if let (Some(answer), false) = (answer, due.lost) {
            self.arrange(back, What::Answer(answer));
        }
    }
}

impl Passage {
    /// Goes along a line; tells whether the packet survives.
    fn along(&mut self, line: Line, random: &mut Random) -> bool {
        let survives = !random.chance(line.loss);
        self.lost_back |= random.chance(line.loss);
        self.at = self.at + line.there + random.up_to(line.jitter);
        self.back += line.back + random.up_to(line.jitter);
        survives
    }
}

/// What matters of a router or host when it answers.
struct Answerer<'a> {
    from: IpAddr,
    to: IpAddr,
    family: Family,
    silent: &'a [Protocol],
    slow: Duration,
    limit: Option<RateLimit>,
    quotes: usize,
    labels: &'a [Label],
    legacy: bool,
    reply_ttl: u8,
    way_back: u8,
    open: &'a [Protocol],
}

impl<'a> Answerer<'a> {
    fn find(network: &'a Network, due: &Due) -> Option<Self> {
        let family = family_of(&due.packet);
        let to = source(family);
        match due.node {
            Node::Router(number) => network.routers.get(&number).map(|router| Self {
                from: router.address(family),
                to,
                family,
                silent: &router.silent,
                slow: router.slow,
                limit: router.limit.of(family),
                quotes: router.quotes,
                labels: &router.labels,
                legacy: router.legacy_extensions,
                reply_ttl: router.reply_ttl,
                way_back: router.way_back,
                open: &[],
            }),
            Node::Host(address) => network.hosts.get(&address).map(|host| Self {
                from: address,
                to,
                family,
                silent: &host.silent,
                slow: host.slow,
                limit: host.limit.of(family),
                quotes: host.quotes,
                labels: &[],
                legacy: false,
                reply_ttl: host.reply_ttl,
                way_back: host.way_back,
                open: &host.open,
            }),
        }
    }

    /// The answer, unless there is none of that kind or it ends on its way back.
    fn answer(&self, due: &Due) -> Option<Answer> {
        let reply_ttl = self.reply_ttl.checked_sub(due.passes)?.checked_sub(self.way_back)?;
        let transport = due.packet.get(usize::from(ip_header(self.family))..)?;
        let (from, to, probe) = (self.from, self.to, due.probe);
        let (protocol, bytes) = match (due.error, probe.protocol) {
            (Some(kind), _) => {
                let icmp = icmp_type(self.family, kind)?;
                let Self { quotes, labels, legacy, .. } = *self;
                let message = ErrorMessage { from, to, icmp, packet: &due.packet, quotes, labels, legacy };
                (Protocol::Icmp, message.bytes())
            }
            (None, Protocol::Icmp) => (Protocol::Icmp, answer::echo_reply(from, to, transport)),
            (None, Protocol::Udp) => (Protocol::Udp, answer::datagram(from, to, transport)),
            (None, Protocol::Tcp) => {
                let open = self.open.contains(&Protocol::Tcp);
                (Protocol::Tcp, answer::segment(from, to, transport, open))
            }
        };
        (reply_ttl > 0).then_some(Answer { from, protocol, bytes, reply_ttl, probe })
    }
}

fn family_of(packet: &[u8]) -> Family {
    match packet.first() {
        Some(first) if first >> 4 == 6 => Family::V6,
        _ => Family::V4,
    }
}

/// What balancers look at.
fn flow_hash(seen: &Quote<'_>) -> u64 {
    let fold = |hash: u64, address: IpAddr| match address {
        IpAddr::V4(address) => mix(hash ^ u64::from(address.to_bits())),
        IpAddr::V6(address) => {
            let [high, low] = halves(address);
            mix(mix(hash ^ high) ^ low)
        }
    };
    let addresses = fold(fold(0, seen.source), seen.destination);
    let first = double_word(seen.transport, 0).unwrap_or(0);
    let label = seen.flow_label.unwrap_or(0);
    let protocol = protocol_number(seen.protocol, Family::of(seen.destination));
    mix(addresses ^ (u64::from(first) << 32) ^ (u64::from(protocol) << 24) ^ u64::from(label))
}

fn halves(address: Ipv6Addr) -> [u64; 2] {
    let bits = address.to_bits();
    [bits >> 64, bits & u128::from(u64::MAX)].map(|half| u64::try_from(half).unwrap_or_default())
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
