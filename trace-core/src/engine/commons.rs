//! What traces from one place to many targets have in common: their first routers, and what those can bear.
//!
//! A thousand traces pass the same few routers first, and those answer six of them. So the first traces
//! probe every TTL once, side by side, as far as six answers go; where they all met the same router, the
//! later ones take it over ([`crate::model::Reply::inherited_from`]). The last router that all of them share each
//! trace asks itself, and begins there: if somebody else answers, what was taken over is probed after all. If
//! nobody does, which is no wonder at a router that has answered six already, it is taken over as well. Beyond
//! it every trace probes for itself. Where nothing answered a trace, the next router that did answer tells what
//! lies before it, if another trace came through there too ([`super::stop_set`]).
//!
//! A single trace knows nothing of all this. What is known is forgotten when the last trace is done.

use core::time::Duration;
use std::collections::VecDeque;
use std::net::IpAddr;

use super::Moment;
use super::budget::{BURST, Budget, refill};
use super::stop_set::{Node, StopSet};
use crate::model::{Family, Protocol, Reply, ReplyKind, Settings, Ttl, Uuid};

/// How many traces must have met the same router before others take it over unseen.
const AGREED: u16 = 2;
/// How long the first traces are waited for before the others start.
const HEAD_START: Duration = Duration::from_millis(500);

/// What traces must have in common to pass the same first routers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ground {
    family: Family,
    source: Option<IpAddr>,
    interface: Option<String>,
    mark: Option<u32>,
    tos: u8,
    pub(super) shares: bool,
}

impl Ground {
    pub(super) fn of(address: IpAddr, settings: &Settings, shares: bool) -> Self {
        Self {
            family: Family::of(address),
            source: settings.source,
            interface: settings.interface.clone(),
            mark: settings.mark,
            tos: settings.tos,
            shares,
        }
    }
}

/// What is known of one TTL for one protocol.
#[derive(Debug, Clone, Copy, Default)]
struct Spot {
    /// The router that the first trace met.
    router: Option<IpAddr>,
    node: Option<Node>,
    /// How many traces met it.
    met: u16,
}

/// What is known for one protocol.
#[derive(Debug, Default)]
struct Knowledge {
    spots: Vec<Spot>,
    /// The first TTL at which traces met different routers or their targets.
    parted: Option<u8>,
}

/// Whether a trace may probe a TTL that other traces probe too.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leave {
    /// It may.
    Granted,
    /// It may, though the router has answered enough: silence there says nothing.
    Beyond,
    /// It may not, and need not: this is who answers there.
    Taken(Reply),
    /// It may not again: others need what its router can still answer.
    Enough,
    /// Not yet.
    Later(Moment),
}

/// The common ground of some traces.
#[derive(Debug)]
pub(super) struct Commons {
    pub(super) ground: Ground,
    /// Targets that were not started yet.
    pub(super) waiting: VecDeque<u32>,
    /// How many traces are under way.
    pub(super) open: usize,
    /// How many protocols and flows all traces have had so far.
    lanes: u32,
    /// How many of those were started.
    started_lanes: u32,
    since: Moment,
    /// The head start is over.
    released: bool,
    budgets: Vec<Budget>,
    /// How many lanes have had their first probe at each TTL.
    firsts: Vec<u32>,
    knowledge: [Knowledge; 3],
    stop_set: StopSet,
}

impl Commons {
    pub(super) fn new(ground: Ground) -> Self {
        Self {
            ground,
            waiting: VecDeque::new(),
            open: 0,
            lanes: 0,
            started_lanes: 0,
            since: Moment::ZERO,
            released: false,
            budgets: Vec::new(),
            firsts: Vec::new(),
            knowledge: Default::default(),
            stop_set: StopSet::default(),
        }
    }

    pub(super) fn join(&mut self, number: u32, lanes: usize) {
        if self.open == 0 && self.waiting.is_empty() {
            let ground = self.ground.clone();
            *self = Self { budgets: core::mem::take(&mut self.budgets), ..Self::new(ground) };
        }
        self.waiting.push_back(number);
        self.lanes = self.lanes.saturating_add(u32::try_from(lanes).unwrap_or(u32::MAX));
    }

    /// Whether there is anybody to share with.
    fn is_shared(&self, lanes: usize) -> bool {
        self.ground.shares && usize::try_from(self.lanes).is_ok_and(|all| all > lanes)
    }

    /// Whether a trace with so many lanes may start; if not, when to ask again.
    pub(super) fn may_start(&mut self, lanes: usize, now: Moment) -> Result<(), Moment> {
        let lanes = u32::try_from(lanes).unwrap_or(u32::MAX);
        if self.started_lanes == 0 {
            self.since = now;
        }
        let over = self.since + HEAD_START;
        self.released |= !self.ground.shares || (self.started_lanes > 0 && now >= over);
        if self.released || self.started_lanes == 0 || self.started_lanes.saturating_add(lanes) <= BURST {
            return Ok(());
        }
        Err(over)
    }

    pub(super) fn start(&mut self, lanes: usize) {
        self.open += 1;
        self.started_lanes = self.started_lanes.saturating_add(u32::try_from(lanes).unwrap_or(u32::MAX));
    }

    /// A trace is done; the head start is over.
    pub(super) fn leave(&mut self) {
        self.open = self.open.saturating_sub(1);
        self.released = true;
    }

    fn place(ttl: Ttl) -> usize {
        usize::from(ttl.get())
    }

    fn budget(&mut self, ttl: Ttl) -> Option<&mut Budget> {
        let place = Self::place(ttl);
        if self.budgets.len() <= place {
            self.budgets.resize(place + 1, Budget::FULL);
        }
        self.budgets.get_mut(place)
    }

    fn first_at(&mut self, ttl: Ttl) -> Option<&mut u32> {
        let place = Self::place(ttl);
        if self.firsts.len() <= place {
            self.firsts.resize(place + 1, 0);
        }
        self.firsts.get_mut(place)
    }

    /// Whether traces by this protocol have parted before or at this TTL.
    pub(super) fn has_parted(&self, protocol: Protocol, ttl: Ttl) -> bool {
        self.knowledge
            .get(place_of(protocol))
            .and_then(|known| known.parted)
            .is_some_and(|at| at <= ttl.get())
    }

    /// Whether more traces are to come than those that went ahead.
    pub(super) const fn has_followers(&self) -> bool {
        self.lanes > BURST
    }

    /// Whether a trace with `lanes` lanes may send its probe number `sent` at this TTL. What it may is charged.
    #[expect(clippy::too_many_arguments, reason = "all of them are what is asked about")]
    pub(super) fn ask(
        &mut self,
        trusts: bool,
        protocol: Protocol,
        ttl: Ttl,
        sent: u16,
        round: u32,
        lanes: usize,
        now: Moment,
    ) -> Leave {
        let refill = refill(self.ground.family);
        if !self.is_shared(lanes) {
            if self.ground.shares
                && let Some(budget) = self.budget(ttl)
            {
                budget.spend(1, refill, now);
            }
            return Leave::Granted;
        }
        if !trusts || self.has_parted(protocol, ttl) || (self.released && self.spot(protocol, ttl).is_none())
        {
            return Leave::Granted;
        }
        let left = self.budget(ttl).map_or(0, |budget| budget.left(refill, now));
        let granted = if sent > 0 {
            // The first probes of all go before the second ones of any.
            let to_come = match round {
                0 => self.lanes.saturating_sub(self.first_at(ttl).map_or(0, |firsts| *firsts)).min(BURST),
                _ => 0,
            };
            left > to_come
        } else {
            left > 0
        };
        if granted {
            if let Some(budget) = self.budget(ttl) {
                budget.spend(1, refill, now);
            }
            if sent == 0
                && round == 0
                && let Some(firsts) = self.first_at(ttl)
            {
                *firsts += 1;
            }
            return Leave::Granted;
        }
        if sent > 0 {
            return Leave::Enough;
        }
        match (self.common_router(protocol, ttl), self.last_common(protocol)) {
            (Some(reply), Some(last)) if ttl.get() < last => Leave::Taken(reply),
            (Some(_), _) => Leave::Beyond,
            (None, _) if self.released || now >= self.since + HEAD_START => Leave::Granted,
            (None, _) => Leave::Later(now + Duration::from_millis(5)),
        }
    }

    /// What is known of a TTL, once a router was met there.
    fn spot(&self, protocol: Protocol, ttl: Ttl) -> Option<&Spot> {
        let spot = self.knowledge.get(place_of(protocol))?.spots.get(Self::place(ttl))?;
        spot.router.is_some().then_some(spot)
    }

    /// The last TTL at which all traces met the same router.
    fn last_common(&self, protocol: Protocol) -> Option<u8> {
        let knowledge = self.knowledge.get(place_of(protocol))?;
        let parted = usize::from(knowledge.parted.unwrap_or(u8::MAX));
        let common = knowledge.spots.iter().take(parted).rposition(|spot| spot.met >= AGREED)?;
        u8::try_from(common).ok()
    }

    /// The router that every trace so far met at this TTL.
    pub(super) fn common_router(&self, protocol: Protocol, ttl: Ttl) -> Option<Reply> {
        if self.has_parted(protocol, ttl) {
            return None;
        }
        let spot = self.spot(protocol, ttl).filter(|spot| spot.met >= AGREED)?;
        self.reply(spot.node?)
    }

    /// The router that the first trace met at this TTL.
    pub(super) fn first_router(&self, protocol: Protocol, ttl: Ttl) -> Option<IpAddr> {
        self.spot(protocol, ttl).and_then(|spot| spot.router)
    }

    fn reply(&self, node: Node) -> Option<Reply> {
        let (from, trace) = self.stop_set.seen(node)?;
        Some(Reply {
            from,
            rtt: None,
            kind: Some(ReplyKind::TimeExceeded),
            icmp: None,
            reply_ttl: None,
            quoted: None,
            mpls: Vec::new(),
            extensions: Vec::new(),
            inherited_from: Some(trace),
        })
    }

    /// Notes the router that a trace met at a TTL, with those it met one TTL before and after.
    pub(super) fn met(
        &mut self,
        protocol: Protocol,
        ttl: Ttl,
        router: IpAddr,
        neighbours: [Option<IpAddr>; 2],
        trace: Uuid,
    ) {
        if !self.ground.shares {
            return;
        }
        let [before, after] = neighbours;
        let at = |distance: i16| u8::try_from(i16::from(ttl.get()) + distance).ok().and_then(Ttl::new);
        let node_at =
            |set: &StopSet, distance, address: Option<IpAddr>| set.node(protocol, at(distance)?, address?);
        let before = node_at(&self.stop_set, -1, before);
        let node = self.stop_set.note(protocol, ttl, router, trace, before);
        if let Some(after) = node_at(&self.stop_set, 1, after) {
            self.stop_set.link(after, node);
        }
        let place = Self::place(ttl);
        let Some(knowledge) = self.knowledge.get_mut(place_of(protocol)) else { return };
        if knowledge.spots.len() <= place {
            knowledge.spots.resize(place + 1, Spot::default());
        }
        let Some(spot) = knowledge.spots.get_mut(place) else { return };
        match spot.router {
            None => *spot = Spot { router: Some(router), node, met: 1 },
            Some(known) if known == router => spot.met = spot.met.saturating_add(1),
            Some(_) => self.part(protocol, ttl),
        }
    }

    /// Traces part at this TTL: they met different routers, or a target.
    pub(super) fn part(&mut self, protocol: Protocol, ttl: Ttl) {
        if let Some(knowledge) = self.knowledge.get_mut(place_of(protocol)) {
            let parted = knowledge.parted.get_or_insert(u8::MAX);
            *parted = (*parted).min(ttl.get());
        }
    }

    /// The routers that lie before this one, nearest first, as other traces found them.
    pub(super) fn before(&self, protocol: Protocol, ttl: Ttl, router: IpAddr) -> impl Iterator<Item = Reply> {
        let node = self.stop_set.node(protocol, ttl, router).filter(|_| self.ground.shares);
        let nodes = core::iter::successors(node, |node| self.stop_set.before(*node));
        nodes.skip(1).map_while(|node| self.reply(node))
    }
}

const fn place_of(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Icmp => 0,
        Protocol::Udp => 1,
        Protocol::Tcp => 2,
    }
}
