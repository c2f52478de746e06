use core::fmt;
use std::net::IpAddr;

use super::{Asn, Atlas, Hop, Located, Trace, Verdict};

/// One step on the way through networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AsStep {
    /// Addresses that this AS announces.
    Origin(Asn),
    /// A peering LAN of the exchange point of this name: it joins the ASes before and behind it, and belongs to neither.
    /// Text from a file: escape it before showing it.
    Exchange(String),
    /// Addresses that nobody may announce: private ones, shared ones, those of a link.
    Private,
    /// Nobody answered, or nobody is known to announce the address that did.
    Unknown,
}

/// `AS64500`, `[IX: name]`, `[private]`, `*`.
impl fmt::Display for AsStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Origin(asn) => asn.fmt(f),
            Self::Exchange(name) => write!(f, "[IX: {name}]"),
            Self::Private => f.write_str("[private]"),
            Self::Unknown => f.write_str("*"),
        }
    }
}

impl Atlas {
    /// The networks that the path leads through, in their order, as a person would write them down.
    ///
    /// Repeats are one step. What lies between two hops of the same AS, silent or private, belongs to that AS;
    /// between different ones it stays, once. An address on a peering LAN is its exchange point and never the AS that
    /// may announce the LAN. Of several answerers at one TTL the first counts whose AS is known. An address
    /// announced by several ASes has the one that its source names: nothing is guessed.
    #[must_use]
    pub fn as_steps(&self, trace: &Trace) -> Vec<AsStep> {
        let mut path: Vec<AsStep> = Vec::new();
        for hop in &trace.hops {
            let step = self.step(hop);
            // Between here and this AS there may be silent or private hops: they are its own.
            if matches!(step, AsStep::Origin(_)) {
                let firm = |step: &AsStep| matches!(step, AsStep::Origin(_) | AsStep::Exchange(_));
                if let Some(last) = path.iter().rposition(firm).filter(|last| path.get(*last) == Some(&step))
                {
                    path.truncate(last + 1);
                    continue;
                }
            }
            if path.last() != Some(&step) {
                path.push(step);
            }
        }
        path
    }

    /// The ASes along the path ([`Atlas::as_steps`]), repeats left out: without exchange points, private and
    /// silent hops.
    #[must_use]
    pub fn as_path(&self, trace: &Trace) -> Vec<Asn> {
        let mut path: Vec<Asn> = self
            .as_steps(trace)
            .iter()
            .filter_map(|step| if let AsStep::Origin(asn) = step { Some(*asn) } else { None })
            .collect();
        path.dedup();
        path
    }

    fn step(&self, hop: &Hop) -> AsStep {
        let rank = |step: &AsStep| match step {
            AsStep::Origin(_) => 0,
            AsStep::Exchange(_) => 1,
            AsStep::Private => 2,
            AsStep::Unknown => 3,
        };
        let steps = hop.answerers().into_iter().map(|address| step_of(address, self.get(address)));
        steps.min_by_key(rank).unwrap_or(AsStep::Unknown)
    }
}

fn step_of(address: IpAddr, located: Option<&Located>) -> AsStep {
    if let Some(name) = located.and_then(Located::exchange) {
        return AsStep::Exchange(name.to_owned());
    }
    let private = located.is_some_and(|located| located.verdict == Some(Verdict::Private));
    match located.and_then(|located| located.place.as_ref()?.asn) {
        _ if private || is_private(address) => AsStep::Private,
        Some(asn) => AsStep::Origin(asn),
        None => AsStep::Unknown,
    }
}

/// Private (RFC 1918, RFC 4193), shared (RFC 6598) and link-local (RFC 3927, RFC 4291) addresses.
const fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [a, b, ..] = address.octets();
            address.is_private() || address.is_link_local() || (a == 100 && b & 0xc0 == 64)
        }
        IpAddr::V6(address) => address.is_unique_local() || address.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{
        Evidence, Flow, Place, ProbeRecord, ProbeResult, Protocol, Reply, TraceKind, Ttl, Uuid,
    };
    use super::*;

    /// One hop for each word: an AS number, `ix` and a name, `p` for a private address, `?` for one nobody announces,
    /// `-` for silence; `/` between several answerers.
    fn path(words: &str) -> (Trace, Atlas) {
        let mut trace = Trace::new(Uuid::nil(), TraceKind::Measured, 0);
        let mut atlas = Atlas::default();
        for (index, word) in words.split(' ').enumerate() {
            let ttl = u8::try_from(index + 1).unwrap();
            let mut probes = Vec::new();
            for (number, answerer) in word.split('/').enumerate() {
                let number = u8::try_from(number).unwrap();
                let mut located = Located::default();
                let address = match answerer {
                    "p" => IpAddr::from([10, 0, ttl, number]),
                    _ => IpAddr::from([8, 8, ttl, number]),
                };
                if let Some(asn) = answerer.parse().ok().and_then(Asn::new) {
                    located.place = Some(Place { asn: Some(asn), ..Place::default() });
                }
                if let Some(name) = answerer.strip_prefix("ix") {
                    let place = Place { isp: Some(name.into()), asn: Asn::new(9), ..Place::default() };
                    located.place = Some(place.clone());
                    let source = "ix:dump.json".into();
                    located.candidates =
                        vec![Evidence { source, built: None, place, verdict: None, reason: None }];
                }
                let result = match answerer {
                    "-" => ProbeResult::Silent,
                    _ => ProbeResult::Answered(Box::new(Reply::new(address))),
                };
                atlas.places.insert(address, located);
                probes.push(ProbeRecord {
                    protocol: Some(Protocol::Udp),
                    flow: Flow::default(),
                    round: 0,
                    sent: None,
                    off_flow: false,
                    result,
                });
            }
            trace.hops.push(Hop { ttl: Ttl::new(ttl).unwrap(), probes });
        }
        (trace, atlas)
    }

    fn steps(words: &str) -> String {
        let (trace, atlas) = path(words);
        let steps: Vec<String> = atlas.as_steps(&trace).iter().map(ToString::to_string).collect();
        steps.join(" ")
    }

    #[test]
    fn paths_are_written_down_as_a_person_would() {
        for (hops, written) in [
            ("1 1 1 2 2 3", "AS1 AS2 AS3"),
            ("p p 1 2", "[private] AS1 AS2"),
            ("- 1 - 1 2", "* AS1 AS2"),
            ("1 - - 2", "AS1 * AS2"),
            ("1 p 1 ? 1 2", "AS1 AS2"),
            ("1 p 2", "AS1 [private] AS2"),
            ("1 p - p 2", "AS1 [private] * [private] AS2"),
            ("1 ixA 2", "AS1 [IX: A] AS2"),
            ("1 ixA 1", "AS1 [IX: A] AS1"),
            ("1 - ixA - 2 - -", "AS1 * [IX: A] * AS2 *"),
            ("1/2 2/1 3", "AS1 AS2 AS3"),
            ("p/1 ?/ixA -/p", "AS1 [IX: A] [private]"),
            ("1 2 1", "AS1 AS2 AS1"),
            ("- -", "*"),
        ] {
            assert_eq!(steps(hops), written, "{hops}");
        }
    }

    #[test]
    fn the_as_that_announces_a_peering_lan_is_no_part_of_the_path() {
        let (trace, atlas) = path("1 ixA 1 - 2 p 3");
        assert_eq!(atlas.as_path(&trace), [1, 2, 3].map(|asn| Asn::new(asn).unwrap()));
    }

    #[test]
    fn shared_and_link_addresses_are_private() {
        for address in ["100.64.0.1", "100.127.255.255", "169.254.1.1", "fd00::1", "fe80::1", "192.168.0.1"] {
            assert!(is_private(address.parse().unwrap()), "{address}");
        }
        for address in ["100.128.0.1", "100.63.0.1", "8.8.8.8", "2001:4860::1"] {
            assert!(!is_private(address.parse().unwrap()), "{address}");
        }
    }
}
