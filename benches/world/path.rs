//! The way from a vantage point to a host, and what a trace sees of it.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use trace_core::model::{
    Asn, Evidence, Flow, Hop, IcmpType, Located, Place, ProbeRecord, ProbeResult, Protocol, Quoted, Reply,
    ReplyKind, Ttl,
};

use super::cities::{CITIES, City};
use super::dice::Dice;

/// The address number `number` behind two octets: no network or broadcast address of a /24.
pub fn address(a: u8, b: u8, number: u32) -> IpAddr {
    let host = 1 + number % 254;
    let rest = number / 254;
    Ipv4Addr::new(a, b.wrapping_add((rest >> 8) as u8), rest as u8, host as u8).into()
}

/// Somebody who answers.
#[derive(Debug, Clone)]
pub struct Router {
    pub address: IpAddr,
    city: &'static City,
}

/// A TTL: one router, or several that share the flows.
#[derive(Debug, Clone)]
struct Stage {
    routers: Vec<Router>,
    /// Round trip without any queue, in nanoseconds.
    base: u64,
    silent: bool,
    /// Answers that a limit swallows, of a thousand.
    limited: u64,
}

/// The way to a host.
#[derive(Debug, Clone)]
pub struct Path {
    stages: Vec<Stage>,
}

impl Path {
    /// A new way between two cities: out of the first, over one to three others, to the host.
    pub fn between(from: &'static City, to: &'static City, target: IpAddr, dice: &mut Dice) -> Self {
        let mut cities = vec![from, from, from];
        let hubs = 1 + dice.below(3) as usize;
        let mut via = from;
        for _ in 0..hubs {
            // Of some cities the one least out of the way.
            let way = |city: &&'static City| (via.distance(city) + city.distance(to)) as u64;
            let hub = (0..4).map(|_| dice.of(CITIES)).min_by_key(way).expect("four of them");
            cities.extend(std::iter::repeat_n(hub, 2 + dice.below(2) as usize));
            via = hub;
        }
        cities.extend([to; 3]);
        let mut path = Self { stages: Vec::new() };
        for (index, city) in cities.iter().enumerate() {
            let first = index < 2;
            let width = if !first && dice.below(8) == 0 { 2 + dice.below(2) as u32 } else { 1 };
            let pool = city.latitude.to_bits().rotate_left(7) ^ city.longitude.to_bits();
            let routers = (0..width)
                .map(|_| {
                    // Routers of a city are few, so that paths share them; the first ones are everybody's.
                    let number = if first { index as u64 } else { dice.below(40) };
                    let address = if index == 0 {
                        [10, 0, 0, 1].into()
                    } else {
                        address(100, 64, ((pool >> 40) as u32 % 1500) * 40 + number as u32)
                    };
                    Router { address, city }
                })
                .collect();
            path.stages.push(Stage {
                routers,
                base: 0,
                silent: !first && dice.below(12) == 0,
                limited: if dice.below(10) == 0 { 100 + dice.below(300) } else { dice.below(12) },
            });
        }
        path.stages.push(Stage {
            routers: vec![Router { address: target, city: to }],
            base: 0,
            silent: false,
            limited: 2,
        });
        path.measure(dice);
        path
    }

    /// How long the way to each stage is: light in fibre that goes by detours, and some time in every router.
    fn measure(&mut self, dice: &mut Dice) {
        let mut before: Option<&City> = None;
        let mut way = 0.0;
        for (number, stage) in (1_u64..).zip(&mut self.stages) {
            let city = stage.routers[0].city;
            way += before.map_or(0.0, |before| before.distance(city) * 1.3);
            before = Some(city);
            stage.base = (way / 100.0 * 1e6) as u64 + number * 150_000 + dice.below(200_000);
        }
    }

    /// Another way in the middle, the same host at its end.
    pub fn detour(&mut self, from: &'static City, to: &'static City, dice: &mut Dice) {
        let target = self.stages.last().map_or_else(|| address(198, 18, 0), |stage| stage.routers[0].address);
        if dice.below(3) == 0 {
            *self = Self::between(from, to, target, dice);
            return;
        }
        // A router is replaced by its neighbour.
        let inner = 2 + dice.below(self.stages.len().saturating_sub(3) as u64) as usize;
        let other = Self::between(from, to, target, dice);
        let borrowed = other.stages.get(inner).filter(|stage| stage.routers[0].address != target);
        if let (Some(stage), Some(borrowed)) = (self.stages.get_mut(inner), borrowed) {
            let city = stage.routers[0].city;
            stage.routers = borrowed.routers.iter().map(|router| Router { city, ..router.clone() }).collect();
        }
    }

    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whoever a flow meets.
    pub fn routers(&self, flow: u64) -> impl Iterator<Item = &Router> {
        self.stages.iter().map(move |stage| stage.of(flow))
    }

    /// What a trace sees.
    #[expect(clippy::too_many_arguments, reason = "all that happens on a path")]
    pub fn hops(
        &self,
        queries: u8,
        protocol: Protocol,
        flow: u64,
        slow: Option<(usize, u64, u32)>,
        lossy: Option<(usize, u64, u32)>,
        down: bool,
        dice: &mut Dice,
    ) -> Vec<Hop> {
        let mut sent = 80_000;
        let mut hops = Vec::with_capacity(self.stages.len() + 8);
        let last = self.stages.len() - 1;
        // Behind a host that is down nobody answers for as long as the tracer has patience.
        let stages = self.stages.iter().take(if down { last } else { last + 1 });
        for (index, stage) in stages.enumerate() {
            let router = stage.of(flow);
            let late = slow.filter(|(first, _, _)| index >= *first).map_or(0, |(_, late, _)| late);
            let lost =
                stage.limited + lossy.filter(|(first, _, _)| index >= *first).map_or(0, |(_, lost, _)| lost);
            let probes = (0..queries).map(|_| {
                sent += 2_000 + dice.below(30_000);
                let mut rtt = stage.base + late + dice.below(100_000 + stage.base / 100);
                if dice.below(30) == 0 {
                    rtt += dice.below(20_000_000);
                }
                let silent = stage.silent || dice.below(1000) < lost;
                let reply = || answer(router.address, rtt, index, index == last, protocol);
                record(protocol, sent, if silent { ProbeResult::Silent } else { reply() })
            });
            hops.push(hop(index, probes.collect()));
        }
        for index in hops.len()..if down { hops.len() + 8 } else { 0 } {
            let probes = (0..queries).map(|_| {
                sent += 2_000 + dice.below(30_000);
                record(protocol, sent, ProbeResult::Silent)
            });
            hops.push(hop(index, probes.collect()));
        }
        hops
    }
}

fn hop(index: usize, probes: Vec<ProbeRecord>) -> Hop {
    Hop { ttl: Ttl::new(index as u8 + 1).expect("paths are short"), probes }
}

impl Stage {
    fn of(&self, flow: u64) -> &Router {
        &self.routers[flow as usize % self.routers.len()]
    }
}

fn record(protocol: Protocol, sent: u64, result: ProbeResult) -> ProbeRecord {
    ProbeRecord {
        protocol: Some(protocol),
        flow: Flow(0),
        round: 0,
        sent: Some(Duration::from_nanos(sent)),
        off_flow: false,
        result,
    }
}

fn answer(from: IpAddr, rtt: u64, index: usize, last: bool, protocol: Protocol) -> ProbeResult {
    let (kind, icmp) = match (last, protocol) {
        (false, _) => (ReplyKind::TimeExceeded, Some(IcmpType { kind: 11, code: 0 })),
        (true, Protocol::Icmp) => (ReplyKind::EchoReply, Some(IcmpType { kind: 0, code: 0 })),
        (true, Protocol::Udp) => (ReplyKind::PortUnreachable, Some(IcmpType { kind: 3, code: 3 })),
        (true, Protocol::Tcp) => (ReplyKind::SynAck, None),
    };
    let initial = if last { 64 } else { 255 };
    ProbeResult::Answered(Box::new(Reply {
        from,
        rtt: Some(Duration::from_nanos(rtt)),
        kind: Some(kind),
        icmp,
        reply_ttl: Some(initial - index as u8),
        quoted: (!last).then_some(Quoted { ttl: 1, tos: 0, nat: false }),
        mpls: Vec::new(),
        extensions: Vec::new(),
        inherited_from: None,
    }))
}

impl Router {
    /// What the sources say: a database of cities that is wrong now and then, the table of countries, and the router's
    /// name.
    pub fn located(&self, dice: &mut Dice) -> Located {
        if self.address == IpAddr::from([10, 0, 0, 1]) {
            return Located { note: Some("private use (RFC 1918)".to_owned()), ..Located::default() };
        }
        let told = if dice.below(12) == 0 { dice.of(CITIES) } else { self.city };
        let number = 64_500 + self.city.name.len() as u32;
        let network = |place: Place| Place {
            asn: Asn::new(number),
            isp: Some(format!("{} Transit", self.city.country).into()),
            ..place
        };
        let evidence = |source: &str, built: &str, place| Evidence {
            source: source.into(),
            built: Some(built.into()),
            place: network(place),
            verdict: None,
            reason: None,
        };
        let mut candidates = vec![evidence("mmdb:GeoLite2-City", "2026-11-01", told.place(20.0))];
        let hinted = dice.below(3) == 0;
        if hinted {
            candidates.push(evidence("hostname", "2026-10-01", self.city.place(30.0)));
        }
        candidates.push(evidence("builtin", "2026-06-17", self.city.area()));
        let short: String = self.city.name.chars().filter(char::is_ascii_alphabetic).take(3).collect();
        Located {
            place: Some(network(told.place(20.0))),
            source: Some("mmdb:GeoLite2-City 2026-11-01".into()),
            hostname: Some(format!("ae-{}.{}.example.net", self.address, short.to_lowercase())),
            candidates,
            ..Located::default()
        }
    }
}
