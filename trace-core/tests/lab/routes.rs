//! What can be wrong with a router or a target, in words of `ip route` and `ip rule`.

use std::net::IpAddr;
use std::time::Duration;

use super::chain::{address, subnet};

/// What a router answers instead of handing a packet to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// ICMP 3/1, as for a host that its router cannot find; ICMPv6 1/0, no route.
    Unreachable,
    /// ICMP 3/13, ICMPv6 1/1.
    Prohibit,
    /// Nothing.
    Blackhole,
    /// ICMP 3/0, ICMPv6 1/0: no route. Not for the last router, whose link the target is on.
    NoRoute,
}

/// A fault of one node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Forwards, but never sends anything of its own.
    Silent,
    /// Forwards at once, but everything of its own leaves that much later.
    Late(Duration),
    /// Does not forward to the target.
    Refuse(Refusal),
    /// Sends packets for the target back to the router before it.
    SendBack,
}

/// The routes of node `node` of a chain with `routers` routers, for both families: `ip -batch` and the lines
/// of `ip -6 -batch`.
pub(super) fn routes(node: u8, routers: u8, faults: &[Fault]) -> (String, String) {
    let mut v4 = String::new();
    let mut v6 = String::new();
    for (family, lines) in [(4, &mut v4), (6, &mut v6)] {
        let whole = if family == 4 { "10.7.0.0/16" } else { "fd07::/32" };
        let target = host(routers + 1, family);
        let no_route = faults.contains(&Fault::Refuse(Refusal::NoRoute));
        if node < routers && !no_route {
            lines.push_str(&format!("route add {whole} via {}\n", address(node + 1, family)));
        }
        if node > 1 {
            let back = near(node, family);
            lines.push_str(&format!("route add {} via {back}\n", subnet(0, family)));
        }
        for fault in faults {
            match fault {
                Fault::Refuse(Refusal::Unreachable) => {
                    lines.push_str(&format!("route add unreachable {target}\n"));
                }
                Fault::Refuse(Refusal::Prohibit) => lines.push_str(&format!("route add prohibit {target}\n")),
                Fault::Refuse(Refusal::Blackhole) => {
                    lines.push_str(&format!("route add blackhole {target}\n"));
                }
                Fault::SendBack => {
                    lines.push_str(&format!("route add {target} via {}\n", near(node, family)));
                }
                // Packets of the node's own, and only they, come "from" the loopback interface.
                Fault::Silent => lines.push_str("rule add iif lo priority 5 blackhole\n"),
                Fault::Late(_) => {
                    lines.push_str("rule add iif lo priority 5 lookup 100\n");
                    let slow = slow_near(node, family);
                    let own = address(node, family);
                    lines.push_str(&format!(
                        "route add {} via {slow} dev slow src {own} table 100\n",
                        subnet(0, family)
                    ));
                }
                Fault::Refuse(Refusal::NoRoute) => {}
            }
        }
    }
    (v4, v6)
}

/// The address of the node before `node` on the link between them.
fn near(node: u8, family: u8) -> IpAddr {
    super::chain::near_end(node - 1, family)
}

/// The address of the node before `node` on the slow link between them.
fn slow_near(node: u8, family: u8) -> IpAddr {
    super::chain::slow_end(node, 1, family)
}

fn host(node: u8, family: u8) -> String {
    format!("{}/{}", address(node, family), if family == 4 { 32 } else { 128 })
}
