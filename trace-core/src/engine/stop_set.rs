//! The routers that traces of one engine have seen, and through which other routers.
//!
//! This is the local stop set of Doubletree (Donnet, Raoult, Friedman, Crovella, "Efficient algorithms for
//! large-scale topology discovery", SIGMETRICS 2005): the paths from one place form a tree, so that a router
//! seen at a TTL tells what lies before it.

use core::hash::BuildHasherDefault;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use super::mixer::Mixer;
use crate::model::{Protocol, Ttl, Uuid};

/// The most routers remembered; further ones are probed like any other and help nobody.
const MOST: usize = 1 << 18;

/// A router at a TTL, for one protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Sight {
    address: IpAddr,
    ttl: Ttl,
    protocol: Protocol,
}

/// The number of a router in the set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Node(u32);

#[derive(Debug, Clone, Copy)]
struct Known {
    address: IpAddr,
    /// Who saw it first.
    trace: Uuid,
    before: Option<Node>,
}

/// The routers seen.
#[derive(Debug, Default)]
pub(super) struct StopSet {
    known: Vec<Known>,
    nodes: HashMap<Sight, Node, BuildHasherDefault<Mixer>>,
}

impl StopSet {
    /// Notes a router and the one before it; returns its number if it is remembered.
    pub(super) fn note(
        &mut self,
        protocol: Protocol,
        ttl: Ttl,
        address: IpAddr,
        trace: Uuid,
        before: Option<Node>,
    ) -> Option<Node> {
        let node = Node(u32::try_from(self.known.len()).ok()?);
        match self.nodes.entry(Sight { address, ttl, protocol }) {
            Entry::Occupied(entry) => {
                let node = *entry.get();
                self.link(node, before);
                Some(node)
            }
            Entry::Vacant(entry) if self.known.len() < MOST => {
                entry.insert(node);
                self.known.push(Known { address, trace, before });
                Some(node)
            }
            Entry::Vacant(_) => None,
        }
    }

    /// Notes what lies before a router, if nothing is known yet.
    pub(super) fn link(&mut self, node: Node, before: Option<Node>) {
        if let Some(known) = self.known_mut(node)
            && known.before.is_none()
        {
            known.before = before;
        }
    }

    /// The number of a router.
    pub(super) fn node(&self, protocol: Protocol, ttl: Ttl, address: IpAddr) -> Option<Node> {
        self.nodes.get(&Sight { address, ttl, protocol }).copied()
    }

    /// Its address, and the trace that saw it first.
    pub(super) fn seen(&self, node: Node) -> Option<(IpAddr, Uuid)> {
        self.known(node).map(|known| (known.address, known.trace))
    }

    /// What lies before it.
    pub(super) fn before(&self, node: Node) -> Option<Node> {
        self.known(node)?.before
    }

    fn known(&self, node: Node) -> Option<&Known> {
        self.known.get(usize::try_from(node.0).ok()?)
    }

    fn known_mut(&mut self, node: Node) -> Option<&mut Known> {
        self.known.get_mut(usize::try_from(node.0).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_router_tells_what_lies_before_it() {
        let mut set = StopSet::default();
        let (ttl, id) = (|ttl| Ttl::new(ttl).unwrap(), Uuid::from_u128);
        let address = |byte| IpAddr::from([10, 0, 0, byte]);
        let first = set.note(Protocol::Udp, ttl(1), address(1), id(1), None);
        let second = set.note(Protocol::Udp, ttl(2), address(2), id(1), first).unwrap();
        // Seen again by another trace: it is still the first one's.
        assert_eq!(set.note(Protocol::Udp, ttl(2), address(2), id(2), None), Some(second));
        assert_eq!(set.seen(second), Some((address(2), id(1))));
        assert_eq!(set.before(second).and_then(|node| set.seen(node)), Some((address(1), id(1))));
        // Another TTL or protocol is another sight.
        assert_eq!(set.node(Protocol::Udp, ttl(3), address(2)), None);
        assert_eq!(set.node(Protocol::Tcp, ttl(2), address(2)), None);
    }
}
