//! The shape of a file.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::Deserialize;
use toml::Spanned;

use super::values::{Chosen, Limit, Numbers, Refusals, RuleName, Several, Time, Within, Word};
use crate::model::{Family, Finding, InterfaceRole, Mode, Outcome, Protocol, Protocols, ReplyKind};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) title: String,
    #[serde(default = "one")]
    pub(super) seed: u64,
    #[serde(default)]
    pub(super) needs: Vec<RuleName>,
    #[serde(default)]
    pub(super) network: Network,
    #[serde(default)]
    pub(super) router: BTreeMap<Spanned<Numbers>, Router>,
    #[serde(default)]
    pub(super) tunnel: Vec<Tunnel>,
    pub(super) target: Vec<Target>,
    #[serde(default)]
    pub(super) trace: Trace,
    #[serde(default)]
    pub(super) expect: Expect,
}

const fn one() -> u64 {
    1
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Network {
    pub(super) delay: Option<Time>,
    pub(super) jitter: Option<Time>,
    pub(super) loss: Option<Spanned<f64>>,
    pub(super) busy_every: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Router {
    pub(super) delay: Option<Time>,
    pub(super) delay_back: Option<Time>,
    pub(super) jitter: Option<Time>,
    pub(super) loss: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) silent: Chosen,
    pub(super) slow: Option<Time>,
    pub(super) rate_limit: Option<Limit>,
    pub(super) quotes: Option<usize>,
    pub(super) reply_ttl: Option<u8>,
    pub(super) longer_way_back: Option<u8>,
    #[serde(default)]
    pub(super) labels: Vec<Label>,
    pub(super) interface: Option<Interface>,
    #[serde(default)]
    pub(super) legacy_extensions: bool,
    pub(super) refuses: Option<Spanned<Refusals>>,
    pub(super) drops: Option<Spanned<Chosen>>,
    pub(super) tos: Option<u8>,
    #[serde(default)]
    pub(super) zero_ttl: bool,
    #[serde(default)]
    pub(super) nat: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Label {
    pub(super) label: u32,
    #[serde(default)]
    pub(super) traffic_class: u8,
    #[serde(default = "yes")]
    pub(super) bottom: bool,
    pub(super) ttl: u8,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Interface {
    pub(super) role: Word<InterfaceRole>,
    pub(super) index: Option<u32>,
    pub(super) name: Option<String>,
    pub(super) address: Option<IpAddr>,
    pub(super) mtu: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tunnel {
    pub(super) routers: Spanned<Numbers>,
    #[serde(default = "yes")]
    pub(super) propagates: bool,
    #[serde(default = "yes")]
    pub(super) labels: bool,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Target {
    pub(super) path: Spanned<String>,
    #[serde(default)]
    pub(super) changes: Vec<Change>,
    pub(super) unreachable: Option<Word<ReplyKind>>,
    #[serde(default)]
    pub(super) serves: Chosen,
    #[serde(default)]
    pub(super) challenges: bool,
    pub(super) delay: Option<Time>,
    pub(super) delay_back: Option<Time>,
    pub(super) jitter: Option<Time>,
    pub(super) loss: Option<Spanned<f64>>,
    #[serde(default)]
    pub(super) silent: Chosen,
    pub(super) slow: Option<Time>,
    pub(super) rate_limit: Option<Limit>,
    pub(super) quotes: Option<usize>,
    pub(super) reply_ttl: Option<u8>,
    pub(super) longer_way_back: Option<u8>,
    pub(super) expect: Option<Expect>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Change {
    pub(super) at: Spanned<Time>,
    pub(super) path: Spanned<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Trace {
    pub(super) family: Several<Family>,
    pub(super) protocol: Several<Protocols>,
    pub(super) mode: Several<Mode>,
    pub(super) otherwise: Vec<Word<Protocol>>,
    pub(super) share: bool,
    pub(super) rate: Option<u32>,
    pub(super) queries: Option<Spanned<u8>>,
    pub(super) first_ttl: Option<Spanned<u8>>,
    pub(super) max_ttl: Option<Spanned<u8>>,
    pub(super) flows: Option<Spanned<u16>>,
    pub(super) rounds: Option<Spanned<u32>>,
    pub(super) interval: Option<Time>,
    pub(super) wait: Option<Time>,
    pub(super) gap: Option<Spanned<u8>>,
    pub(super) port: Option<u16>,
    pub(super) size: Option<u16>,
    pub(super) tos: Option<u8>,
    pub(super) expected_length: Option<Spanned<u8>>,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            family: Several::one(Family::V4),
            protocol: Several::one(Protocols::One(Protocol::Icmp)),
            mode: Several::one(Mode::Raw),
            otherwise: Vec::new(),
            share: true,
            rate: None,
            queries: None,
            first_ttl: None,
            max_ttl: None,
            flows: None,
            rounds: None,
            interval: None,
            wait: None,
            gap: None,
            port: None,
            size: None,
            tos: None,
            expected_length: None,
        }
    }
}

/// By TTL; keys of TOML are texts.
pub(super) type ByTtl<T> = BTreeMap<Spanned<Word<u8>>, T>;

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Expect {
    pub(super) outcome: Option<Word<Outcome>>,
    pub(super) detail: Option<String>,
    pub(super) protocol: Option<Word<Protocols>>,
    pub(super) hops: Option<Spanned<String>>,
    pub(super) answered: Option<Spanned<String>>,
    pub(super) routers_back: Option<Spanned<String>>,
    pub(super) findings: Option<ByTtl<Several<Finding>>>,
    #[serde(default)]
    pub(super) explained: ByTtl<String>,
    #[serde(default)]
    pub(super) loss: ByTtl<Within<u8>>,
    #[serde(default)]
    pub(super) rtt: ByTtl<Within<Time>>,
    #[serde(default)]
    pub(super) interfaces: ByTtl<String>,
    pub(super) changes: Option<Vec<ExpectedChange>>,
    pub(super) inherited: Option<Numbers>,
    pub(super) duration: Option<Within<Time>>,
    pub(super) side_by_side: Option<Time>,
    pub(super) probes: Option<Spanned<Within<usize>>>,
    pub(super) withheld: Option<Spanned<Within<u64>>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectedChange {
    pub(super) ttls: Within<u8>,
    pub(super) round: Option<u32>,
    pub(super) flow: Option<u16>,
    pub(super) lengths: Option<Lengths>,
}

/// `"5-7"`: the length before and after, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Lengths(pub(super) u8, pub(super) u8);

impl TryFrom<String> for Lengths {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let wrong = || format!("{text:?} are no two lengths as \"5-7\"");
        let (before, after) = text.split_once('-').ok_or_else(wrong)?;
        Ok(Self(before.parse().map_err(|_| wrong())?, after.parse().map_err(|_| wrong())?))
    }
}
