use std::collections::{BinaryHeap, HashMap};
use std::net::{IpAddr, Ipv6Addr};

use super::answer::{self, ErrorMessage};
use super::event::{Answer, Due, Event, Node, What};
use super::limit::Bucket;
use super::manner::Manner;
use super::passage::Passage;
use super::random::{Random, mix};
use super::{Journal, Network, source};
use crate::engine::{Moment, Probe};
use crate::model::{Extension, Family, Label, Mode, Protocol, ReplyKind};
use crate::wire::{Quote, double_word, icmp_type, ip_header, protocol_number, word};

/// The packets that are under way in a network.
#[derive(Debug)]
pub(super) struct Traffic {
    network: Network,
    random: Random,
    /// Lets flows be hashed differently under another seed.
    salt: u64,
    events: BinaryHeap<Event>,
    order: u64,
    /// One for each who answers and whom it answers to.
    buckets: HashMap<(Node, IpAddr), Bucket>,
    /// SYNs that hosts have accepted, by host and source port: sequence number, and until when.
    half_open: HashMap<(Node, u16), (u32, Moment)>,
    mode: Mode,
    journal: Journal,
}

impl Traffic {
    pub(super) fn new(mut network: Network, seed: u64, mode: Mode, journal: Journal) -> Self {
        network.make_routers();
        Self {
            network,
            random: Random::new(seed),
            salt: mix(seed),
            events: BinaryHeap::new(),
            order: 0,
            buckets: HashMap::new(),
            half_open: HashMap::new(),
            mode,
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

        let mut passage = Passage::new(network, &seen, left);
        let mut last = None;
        let mut due = None;
        let mut walk = path.walk(flow_hash(&seen) ^ *salt, random);
        while let Some(number) = walk.next() {
            let Some(router) = network.routers.get(&number) else { return };
            if !passage.along(router.line, random) {
                return;
            }
            let hidden = passage.enter(number);
            let counts = records.routers.entry(number).or_default();
            if hidden {
                counts.forwarded += 1;
                continue;
            }
            let refused = router.refuses.iter().find(|(protocol, _)| *protocol == seen.protocol);
            if passage.ends_at(router) {
                counts.due += 1;
                passage.answer_by_the_end(&mut walk);
                due = Some((Node::Router(number), Some(ReplyKind::TimeExceeded)));
                break;
            } else if let Some((_, kind)) = refused {
                counts.due += 1;
                due = Some((Node::Router(number), Some(*kind)));
                break;
            } else if router.drops.contains(&seen.protocol) {
                return;
            }
            passage.pass(router);
            counts.forwarded += 1;
            last = Some(number);
        }
        drop(walk);
        let (node, error) = match (due, host.unreachable, last) {
            (Some(due), _, _) => due,
            (None, Some(kind), Some(last)) => {
                let counts = records.routers.entry(last).or_default();
                counts.due += 1;
                // It has not handed it on after all.
                counts.forwarded = counts.forwarded.saturating_sub(1);
                passage.step_back();
                (Node::Router(last), Some(kind))
            }
            (None, Some(_), None) => return,
            (None, None, _) => {
                if !passage.along(host.line, random) {
                    return;
                }
                passage.leave();
                let refuses_datagram = seen.protocol == Protocol::Udp && !host.open.contains(&Protocol::Udp);
                (Node::Host(host.address), refuses_datagram.then_some(ReplyKind::PortUnreachable))
            }
        };
        drop(records);
        let at = passage.at;
        let due = passage.due(node, error, packet, *probe);
        self.arrange(at, What::Due(due));
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
        let Self { network, buckets, half_open, mode, journal, .. } = self;
        let Some(answerer) = Answerer::find(network, &due) else { return };
        if answerer.manner.silent.contains(&due.probe.protocol) {
            return;
        }
        let limited = match (answerer.manner.limit.of(answerer.family), due.error) {
            (Some(limit), Some(_)) => {
                !buckets.entry((due.node, due.asker)).or_insert_with(|| Bucket::full(limit)).take(limit, at)
            }
            _ => false,
        };
        let back = at + answerer.manner.slow + due.back;
        let challenged =
            answerer.half_opens(&due).filter(|_| *mode == Mode::Raw).and_then(|(port, sequence)| {
                let reset = (sequence, back + due.back);
                let known = half_open.entry((due.node, port)).or_insert(reset);
                if known.1 <= at {
                    *known = reset;
                }
                (known.0 != sequence).then_some(known.0)
            });
        let answer = if limited { None } else { answerer.answer(&due, challenged) };
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

/// What matters of a router or host when it answers.
struct Answerer<'a> {
    from: IpAddr,
    to: IpAddr,
    family: Family,
    manner: &'a Manner,
    labels: &'a [Label],
    extensions: &'a [Extension],
    legacy: bool,
    open: &'a [Protocol],
    challenges: bool,
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
                manner: &router.manner,
                labels: &router.labels,
                extensions: &router.extensions,
                legacy: router.legacy_extensions,
                open: &[],
                challenges: false,
            }),
            Node::Host(address) => network.hosts.get(&address).map(|host| Self {
                from: address,
                to,
                family,
                manner: &host.manner,
                labels: &[],
                extensions: &[],
                legacy: false,
                open: &host.open,
                challenges: host.challenges,
            }),
        }
    }

    /// Source port and sequence number of a SYN that is accepted and remembered.
    fn half_opens(&self, due: &Due) -> Option<(u16, u32)> {
        let accepted = self.challenges && due.error.is_none() && due.probe.protocol == Protocol::Tcp;
        let segment = due.packet.get(usize::from(ip_header(self.family))..)?;
        (accepted && self.open.contains(&Protocol::Tcp))
            .then_some((word(segment, 0)?, double_word(segment, 4)?))
    }

    /// The answer, unless there is none of that kind or it ends on its way back. `challenged` is the sequence number of
    /// another SYN that stands in the way.
    fn answer(&self, due: &Due, challenged: Option<u32>) -> Option<Answer> {
        let reply_ttl = due.way.passing(self.manner.way_back).left(self.manner.reply_ttl)?;
        let transport = due.packet.get(usize::from(ip_header(self.family))..)?;
        let (from, to, probe) = (self.from, self.to, due.probe);
        let (protocol, bytes) = match (due.error, probe.protocol) {
            (Some(kind), _) => {
                let icmp = icmp_type(self.family, kind)?;
                let Self { extensions, legacy, .. } = *self;
                // What a tunnel gave the packet stands above what the router would report anyway.
                let labels = if due.labels.is_empty() { self.labels } else { &due.labels };
                let (packet, quotes) = (due.packet.as_slice(), self.manner.quotes);
                let message = ErrorMessage { from, to, icmp, packet, quotes, labels, extensions, legacy };
                (Protocol::Icmp, message.bytes())
            }
            (None, Protocol::Icmp) => (Protocol::Icmp, answer::echo_reply(from, to, transport)),
            (None, Protocol::Udp) => (Protocol::Udp, answer::datagram(from, to, transport)),
            (None, Protocol::Tcp) => {
                let open = self.open.contains(&Protocol::Tcp);
                let segment = match challenged {
                    Some(sequence) => answer::challenge(from, to, transport, sequence),
                    None => answer::segment(from, to, transport, open),
                };
                (Protocol::Tcp, segment)
            }
        };
        Some(Answer { from, protocol, bytes, reply_ttl, probe })
    }
}

pub(super) fn family_of(packet: &[u8]) -> Family {
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
