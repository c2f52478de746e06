//! Four ways side by side: vantage point, a router that balances, four routers of which each packet meets one, a
//! router behind them, target.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::chain::Chain;
use super::echo::until_answered;
use super::{Node, nft};

/// What the first router looks at to choose a way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Balance {
    /// Addresses, protocol and ports: `fib_multipath_hash_policy=1`.
    Ports,
    /// Addresses, protocol and, over IPv6, the flow label: `fib_multipath_hash_policy=0`.
    FlowLabel,
    /// The four bytes behind the IP header, as routers do that know no protocol there: ports, or type, code and
    /// checksum of ICMP. By rules of `nft`.
    FirstFourBytes,
    /// Nothing: each packet goes where chance sends it. By rules of `nft`.
    Chance,
}

/// A diamond that stands, until it is dropped.
#[derive(Debug)]
pub(crate) struct Diamond {
    nodes: Vec<Node>,
}

/// How many ways there are.
pub(crate) const WAYS: u8 = 4;
const BEHIND: u8 = WAYS + 2;
const TARGET: u8 = WAYS + 3;

impl Diamond {
    /// Builds it; `None`, and a word on stderr, where a program is missing.
    pub(crate) fn build(balance: Balance) -> Option<Self> {
        let sysctls = Chain::of(1).without_limits().sysctls();
        let nodes: Vec<Node> = (0..=TARGET).map(|_| Node::new(&sysctls)).collect();
        let policy = if balance == Balance::Ports { "1" } else { "0" };
        for family in ["ipv4", "ipv6"] {
            nodes[1].sysctl(&format!("{family}/fib_multipath_hash_policy"), policy);
        }
        // Link, and the nodes at its ends.
        let mut links = vec![(0, 0, 1), (3, BEHIND, TARGET)];
        for way in 0..WAYS {
            links.extend([(10 + way, 1, 2 + way), (20 + way, 2 + way, BEHIND)]);
        }
        let mut plug = String::new();
        for (link, near, far) in &links {
            let (near, far) = (nodes[usize::from(*near)].path(), nodes[usize::from(*far)].path());
            plug.push_str(&format!(
                "link add r{link} netns {near} type veth peer name l{link} netns {far}\n"
            ));
        }
        nodes[0].ip(&plug);
        let (mut v4, mut v6) =
            (vec![String::from("link set lo up\n"); nodes.len()], vec![String::new(); nodes.len()]);
        for (link, near, far) in &links {
            for (node, interface, own) in [(near, 'r', 1), (far, 'l', 2)] {
                let (node, name) = (usize::from(*node), format!("{interface}{link}"));
                v4[node].push_str(&format!(
                    "link set {name} up\naddr add {}/24 dev {name}\n",
                    end(*link, own, 4)
                ));
                v6[node].push_str(&format!("addr add {}/64 dev {name} nodad\n", end(*link, own, 6)));
            }
        }
        for (family, lines) in [(4, &mut v4), (6, &mut v6)] {
            let (home, away) = (net(0, family), net(3, family));
            let mut add = |node: u8, line: String| lines[usize::from(node)].push_str(&format!("{line}\n"));
            add(0, format!("route add default via {}", end(0, 2, family)));
            let ways: Vec<String> = (0..WAYS)
                .map(|way| format!("nexthop via {} dev r{}", end(10 + way, 2, family), 10 + way))
                .collect();
            add(1, format!("route add {away} {}", ways.join(" ")));
            for way in 0..WAYS {
                let mark = way + 1;
                add(
                    1,
                    format!(
                        "route add {away} via {} dev r{} table {}",
                        end(10 + way, 2, family),
                        10 + way,
                        100 + mark
                    ),
                );
                add(1, format!("rule add fwmark {mark} lookup {} priority {}", 100 + mark, 10 + mark));
                add(2 + way, format!("route add {away} via {}", end(20 + way, 2, family)));
                add(2 + way, format!("route add {home} via {}", end(10 + way, 1, family)));
            }
            add(BEHIND, format!("route add {home} via {}", end(20, 1, family)));
            add(TARGET, format!("route add default via {}", end(3, 1, family)));
        }
        for ((node, v4), v6) in nodes.iter().zip(&v4).zip(&v6) {
            node.ip(v4);
            node.ip6(v6);
        }
        nodes[0].finish_checksums("r0");
        nodes[usize::from(TARGET)].finish_checksums("l3");
        let choice = match balance {
            Balance::FirstFourBytes => Some("jhash @th,0,32 mod 4 seed 0x7ace offset 1"),
            Balance::Chance => Some("numgen random mod 4 offset 1"),
            Balance::Ports | Balance::FlowLabel => None,
        };
        let diamond = Self { nodes };
        let everything: Vec<IpAddr> =
            [4, 6].into_iter().flat_map(|family| [end(0, 2, family), diamond.target(family)]).collect();
        diamond.nodes[0].enter(|| until_answered(&everything));
        if let Some(choice) = choice {
            let rules = [4, 6].map(|family| {
                let words = if family == 4 { "ip" } else { "ip6" };
                format!("{words} daddr {} meta mark set {choice};", net(3, family))
            });
            let rules = rules.concat();
            let table = format!(
                "table inet lab {{ chain way {{ type filter hook prerouting priority mangle; {rules} }}; }}"
            );
            nft(&diamond.nodes[1], &table).then_some(())?;
        }
        Some(diamond)
    }

    /// Where the traces start.
    pub(crate) fn vantage(&self) -> &Node {
        &self.nodes[0]
    }

    /// From now on everything goes one way, from 0 on.
    pub(crate) fn lead(&self, way: u8) {
        for family in [4, 6] {
            let (to, via) = (net(3, family), end(10 + way, 2, family));
            let line = format!("route replace {to} via {via} dev r{}\n", 10 + way);
            if family == 4 { self.nodes[1].ip(&line) } else { self.nodes[1].ip6(&line) }
        }
    }

    /// The address of the target, which answers at TTL 4.
    pub(crate) fn target(&self, family: u8) -> IpAddr {
        end(3, 2, family)
    }

    /// The addresses of the four routers that answer at TTL 2.
    pub(crate) fn ways(&self, family: u8) -> Vec<IpAddr> {
        (0..WAYS).map(|way| end(10 + way, 2, family)).collect()
    }
}

fn end(link: u8, which: u8, family: u8) -> IpAddr {
    if family == 4 {
        Ipv4Addr::new(10, 9, link, which).into()
    } else {
        Ipv6Addr::new(0xfd09, 0, 0, link.into(), 0, 0, 0, which.into()).into()
    }
}

fn net(link: u8, family: u8) -> String {
    format!("{}/{}", end(link, 0, family), if family == 4 { 24 } else { 64 })
}
