//! Routers in a row: vantage point 0, routers 1 to n, target n + 1.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use super::Node;
use super::echo::until_answered;
use super::relay::{Relay, Wire};
use super::routes::{Fault, Refusal, routes};

/// A chain of routers that is to be built; IPv4 and IPv6 side by side.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    routers: u8,
    delay: Option<Duration>,
    limits: bool,
    ping: bool,
    second_way: bool,
    faults: BTreeMap<u8, Vec<Fault>>,
}

impl Chain {
    /// A vantage point, `routers` routers and a target. The kernel's own limits on ICMP errors hold.
    pub(crate) fn of(routers: u8) -> Self {
        assert!((1..=90).contains(&routers), "a chain has 1 to 90 routers");
        Self { routers, delay: None, limits: true, ping: true, second_way: false, faults: BTreeMap::new() }
    }

    /// Every link takes so long each way.
    pub(crate) fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    /// No router limits its ICMP errors.
    pub(crate) fn without_limits(mut self) -> Self {
        self.limits = false;
        self
    }

    /// `net.ipv4.ping_group_range` lets nobody at the vantage point open ping sockets.
    pub(crate) fn without_ping_sockets(mut self) -> Self {
        self.ping = false;
        self
    }

    /// The vantage point has a second interface, `other`, on a link of its own to the first router. Nothing is sent
    /// by it unless it is asked for.
    pub(crate) fn second_way(mut self) -> Self {
        self.second_way = true;
        self
    }

    /// Node `node` (1 is the first router, the number of routers + 1 the target) has a fault.
    pub(crate) fn fault(mut self, node: u8, fault: Fault) -> Self {
        assert!((1..=self.routers + 1).contains(&node), "there is no node {node}");
        self.faults.entry(node).or_default().push(fault);
        self
    }

    /// Builds it.
    pub(crate) fn build(&self) -> Lab {
        let nodes: Vec<Node> = (0..=self.routers + 1).map(|_| Node::new(&self.sysctls())).collect();
        let wires = self.wires();
        // What stands between two nodes is a cable, and knows nothing of addresses.
        let cables = Node::new(&[("ipv6/conf/default/disable_ipv6", "1")]);
        nodes[0].ip(&plug(&wires, &nodes, &cables));
        let delayed: Vec<&Wire> = wires.iter().filter(|wire| wire.delay.is_some()).collect();
        let relay = (!delayed.is_empty()).then(|| Relay::start(&cables, &delayed));
        std::thread::scope(|scope| {
            for (number, node) in (0u8..).zip(&nodes) {
                let (v4, v6) = self.lines(number, &wires);
                scope.spawn(move || {
                    node.ip(&v4);
                    node.ip6(&v6);
                    if number == 0 {
                        node.finish_checksums("right");
                    }
                    if number == self.routers + 1 {
                        node.finish_checksums("left");
                    }
                });
            }
        });
        let answering: Vec<IpAddr> = (1..=self.routers + 1)
            .filter(|node| self.answers(*node))
            .flat_map(|node| [address(node, 4), address(node, 6)])
            .collect();
        nodes[0].enter(|| until_answered(&answering));
        Lab { relay, routers: self.routers, nodes, cables }
    }

    /// What every machine is told before it has an interface.
    pub(super) fn sysctls(&self) -> Vec<(&'static str, &'static str)> {
        let mut sysctls = vec![
            ("ipv4/ip_forward", "1"),
            ("ipv4/conf/all/rp_filter", "0"),
            ("ipv4/conf/default/rp_filter", "0"),
            ("ipv4/conf/all/send_redirects", "0"),
            ("ipv4/conf/default/send_redirects", "0"),
            ("ipv6/conf/all/forwarding", "1"),
            ("ipv6/conf/default/accept_dad", "0"),
        ];
        if self.ping {
            // A new namespace starts with a range that holds nobody.
            sysctls.push(("ipv4/ping_group_range", "0 0"));
        }
        if !self.limits {
            sysctls.extend([
                ("ipv4/icmp_ratelimit", "0"),
                // Without this, unreachables stay limited.
                ("ipv4/icmp_ratemask", "0"),
                ("ipv4/icmp_msgs_per_sec", "1000000"),
                ("ipv4/icmp_msgs_burst", "1000000"),
                ("ipv6/icmp/ratelimit", "0"),
                // An empty list; nothing at all would not be written.
                ("ipv6/icmp/ratemask", "\n"),
            ]);
        }
        sysctls
    }

    /// Whether the vantage point hears from a node soon when it calls it by its address.
    fn answers(&self, node: u8) -> bool {
        let target = node == self.routers + 1;
        self.faults.iter().all(|(&faulty, faults)| {
            faults.iter().all(|fault| match fault {
                Fault::Silent | Fault::Late(_) => faulty != node,
                Fault::Refuse(Refusal::NoRoute) => faulty + 1 >= node,
                Fault::Refuse(_) | Fault::SendBack => !target,
            })
        })
    }

    fn wires(&self) -> Vec<Wire> {
        let mut wires: Vec<Wire> = (0..=self.routers)
            .map(|near| Wire {
                near: (near, "right".into()),
                far: (near + 1, "left".into()),
                number: near,
                delay: self.delay,
            })
            .collect();
        if self.second_way {
            let ends = ((0, "other".into()), (1, "other".into()));
            wires.push(Wire { near: ends.0, far: ends.1, number: SECOND, delay: None });
        }
        for (&node, faults) in &self.faults {
            for fault in faults {
                if let Fault::Late(delay) = fault {
                    wires.push(Wire {
                        near: (node - 1, "slow-in".into()),
                        far: (node, "slow".into()),
                        number: SLOW + node,
                        delay: Some(*delay),
                    });
                }
            }
        }
        wires
    }

    /// The lines of `ip -batch` and of `ip -6 -batch` for one node.
    fn lines(&self, node: u8, wires: &[Wire]) -> (String, String) {
        let mut v4 = String::from("link set lo up\n");
        let mut v6 = String::new();
        let ends = |wire: &Wire| [(wire.near.clone(), 1u8, 2u8), (wire.far.clone(), 2, 1)];
        for wire in wires {
            for ((owner, interface), own, other) in ends(wire) {
                if owner != node {
                    continue;
                }
                v4.push_str(&format!("link set {interface} up\n"));
                for (family, lines, length, words) in [(4, &mut v4, 24, ""), (6, &mut v6, 64, " nodad")] {
                    let (own, neighbour) = (end(wire.number, own, family), end(wire.number, other, family));
                    let hardware = hardware(wire.number, other);
                    lines.push_str(&format!(
                        "addr add {own}/{length} dev {interface}{words}\n\
                         neigh replace {neighbour} lladdr {hardware} dev {interface} nud permanent\n"
                    ));
                }
            }
        }
        if node == self.routers {
            // A host without a neighbour is given up after two tenths of a second instead of three seconds.
            for (lines, table) in [(&mut v4, "arp_cache"), (&mut v6, "ndisc_cache")] {
                lines.push_str(&format!("ntable change name {table} dev right mcast_probes 1 retrans 200\n"));
            }
        }
        if self.second_way {
            for (family, lines) in [(4, &mut v4), (6, &mut v6)] {
                let whole = if family == 4 { "10.7.0.0/16" } else { "fd07::/32" };
                match node {
                    0 => {
                        let via = end(SECOND, 2, family);
                        lines.push_str(&format!("route add {whole} via {via} dev other metric 5000\n"));
                    }
                    1 => {}
                    _ => {
                        let (back, to) = (near_end(node - 1, family), subnet(SECOND, family));
                        lines.push_str(&format!("route add {to} via {back}\n"));
                    }
                }
            }
        }
        let nothing = Vec::new();
        let (routes4, routes6) = routes(node, self.routers, self.faults.get(&node).unwrap_or(&nothing));
        (v4 + &routes4, v6 + &routes6)
    }
}

/// The lines that make all cables. A delayed one is two, with the relay between them.
fn plug(wires: &[Wire], nodes: &[Node], cables: &Node) -> String {
    let mut lines = String::new();
    for wire in wires {
        let (near, far) = (nodes[usize::from(wire.near.0)].path(), nodes[usize::from(wire.far.0)].path());
        let (near_name, far_name) = (&wire.near.1, &wire.far.1);
        let (near_mac, far_mac) = (hardware(wire.number, 1), hardware(wire.number, 2));
        if wire.delay.is_some() {
            let cables = cables.path();
            let (near_plug, far_plug) = wire.plugs();
            lines.push_str(&format!(
                "link add {near_name} netns {near} address {near_mac} type veth peer name {near_plug} netns {cables}\n\
                 link add {far_name} netns {far} address {far_mac} type veth peer name {far_plug} netns {cables}\n"
            ));
        } else {
            lines.push_str(&format!(
                "link add {near_name} netns {near} address {near_mac} type veth \
                 peer name {far_name} netns {far} address {far_mac}\n"
            ));
        }
    }
    lines
}

/// A chain that stands, until it is dropped.
#[derive(Debug)]
pub(crate) struct Lab {
    // Dropped first: it ends before its cables do.
    relay: Option<Relay>,
    routers: u8,
    nodes: Vec<Node>,
    cables: Node,
}

impl Lab {
    /// Where the traces start.
    pub(crate) fn vantage(&self) -> &Node {
        &self.nodes[0]
    }

    /// A router, from 1 on, or the target behind the last one.
    pub(crate) fn node(&self, number: u8) -> &Node {
        &self.nodes[usize::from(number)]
    }

    /// How many routers there are.
    pub(crate) fn routers(&self) -> u8 {
        self.routers
    }

    /// The address a trace starts from. Families are 4 and 6.
    pub(crate) fn source(&self, family: u8) -> IpAddr {
        end(0, 1, family)
    }

    /// The address of the vantage point's second interface, and of the first router on that link.
    pub(crate) fn second_way(&self, family: u8) -> (IpAddr, IpAddr) {
        (end(SECOND, 1, family), end(SECOND, 2, family))
    }

    /// The address that answers at a TTL: an IPv4 router answers from its side towards the source, an IPv6
    /// router from the side the packet came in by, which is the same here.
    pub(crate) fn hop(&self, ttl: u8, family: u8) -> IpAddr {
        assert!((1..=self.routers + 1).contains(&ttl), "there is no hop {ttl}");
        address(ttl, family)
    }

    /// The target, which answers at TTL `routers + 1`.
    pub(crate) fn target(&self, family: u8) -> IpAddr {
        address(self.routers + 1, family)
    }

    /// An address on the target's link that nobody has.
    pub(crate) fn nobody(&self, family: u8) -> IpAddr {
        end(self.routers, 77, family)
    }

    /// An address that the last router has no route to.
    pub(crate) fn nowhere(&self, family: u8) -> IpAddr {
        end(222, 2, family)
    }

    /// An address that the vantage point itself has no route to.
    pub(crate) fn unroutable(&self, family: u8) -> IpAddr {
        if family == 4 { Ipv4Addr::new(10, 99, 0, 1).into() } else { "fd99::1".parse().expect("an address") }
    }
}

/// Added to the number of a node: the number of its slow link.
const SLOW: u8 = 100;
/// The number of the second link of the vantage point.
const SECOND: u8 = 99;

/// The address of node `node` towards the source.
pub(super) fn address(node: u8, family: u8) -> IpAddr {
    end(node - 1, 2, family)
}

/// The address of the end of link `link` that is nearer to the source.
pub(super) fn near_end(link: u8, family: u8) -> IpAddr {
    end(link, 1, family)
}

/// The address of an end, 1 or 2, of the slow link of `node`.
pub(super) fn slow_end(node: u8, which: u8, family: u8) -> IpAddr {
    end(SLOW + node, which, family)
}

/// The network of a link.
pub(super) fn subnet(link: u8, family: u8) -> String {
    if family == 4 { format!("10.7.{link}.0/24") } else { format!("fd07:0:0:{link}::/64") }
}

fn end(link: u8, which: u8, family: u8) -> IpAddr {
    if family == 4 {
        Ipv4Addr::new(10, 7, link, which).into()
    } else {
        // The link's number is spelt alike in both families.
        let link = u16::from_str_radix(&link.to_string(), 16).expect("decimal digits");
        Ipv6Addr::new(0xfd07, 0, 0, link, 0, 0, 0, which.into()).into()
    }
}

fn hardware(link: u8, which: u8) -> String {
    format!("02:07:00:{link:02x}:00:{which:02x}")
}
