//! Paths through the network, and the round-trip times that a trace would measure along them.

use core::time::Duration;
use std::net::IpAddr;

use trace_core::model::{
    Flow, Hop, Outcome, ProbeRecord, ProbeResult, Protocol, Reply, ReplyKind, Target, Trace, TraceKind, Ttl,
    Uuid,
};

use super::globe::{Point, fibre_ms};
use super::network::Network;
use super::random::Random;

/// A router, or the target, with a public address.
pub struct Router {
    pub ttl: usize,
    pub address: IpAddr,
    pub city: usize,
    /// Which of the networks along the path it belongs to.
    pub network: usize,
    /// The least RTT measured at it or behind it; `None` if it kept silent.
    pub bound: Option<f64>,
    /// One of many places that answer under this address.
    pub anycast: bool,
}

/// A path as it is, and as it was measured.
pub struct Journey {
    pub source: Point,
    /// The cities of the head offices of the networks along the path.
    pub offices: Vec<usize>,
    pub routers: Vec<Router>,
    pub trace: Trace,
}

/// A hop in the making.
struct Step {
    city: usize,
    /// How many cities of the way lie before it.
    depth: usize,
    network: usize,
    private: bool,
    silent: bool,
    slow: f64,
    limited: bool,
}

impl Journey {
    pub fn new(network: &Network, seed: u64, number: u64) -> Self {
        let random = &mut Random::of(seed, &[2, number]);
        let start = network.some_city(random);
        let anycast = random.chance(0.04);
        let end = loop {
            // Who answers from many places answers from the nearest.
            let end = if anycast { network.nearest_hub(start) } else { network.some_city(random) };
            if end != start {
                break end;
            }
        };
        let there = network.tree(start, random);
        // Half of all ways back are others than the way there.
        let back = if random.chance(0.5) { there.clone() } else { network.tree(start, random) };
        let way = network.way(&there, start, end);
        // Access, one or two carriers, and the network of the target, each with an office somewhere.
        let count = if way.len() > 3 { 3 + random.below(2) } else { 2 };
        let mut offices = vec![start];
        offices.extend((2..count).map(|_| network.some_hub(random)));
        offices.push(if random.chance(0.5) && !anycast { end } else { network.some_hub(random) });
        let steps = steps(&way, count, random);
        let tunnelled: Vec<bool> = (0..count).map(|_| random.chance(0.15)).collect();

        let access = random.exponential(3.0) + 0.2;
        // The time out to a city and back again by the way that its answers take.
        let round_trip = |depth: usize| {
            let out = network.length(&way[..=depth]);
            let home = network.length(&network.way(&back, start, way[depth]));
            access + fibre_ms(out) + fibre_ms(home)
        };
        let mut hops = Vec::new();
        let mut routers = Vec::new();
        for (index, step) in steps.iter().enumerate() {
            let last = index + 1 == steps.len();
            let address = if step.private {
                IpAddr::from([192, 168, 0, 1])
            } else {
                let [.., high, low] = (number as u32).to_be_bytes();
                IpAddr::from([
                    80 + (high >> 4),
                    high << 4 | low >> 4,
                    low << 4 | step.network as u8,
                    index as u8 + 1,
                ])
            };
            // In a tunnel an answer goes on to its end before it turns back (RFC 4950 networks do so).
            let depth = if tunnelled[step.network] && !last {
                steps
                    .iter()
                    .filter(|other| other.network == step.network)
                    .map(|other| other.depth)
                    .max()
                    .unwrap()
            } else {
                step.depth
            };
            let base = if step.private { 0.2 } else { round_trip(depth) };
            let mut probes = Vec::new();
            for round in 0..3_u32 {
                let lost = step.silent || (step.limited && round > 0) || random.chance(0.03);
                let mut rtt = base + step.slow;
                // Queues on the way, and now and then a full one; then the router's slow path.
                rtt += (0..=index).map(|_| random.exponential(0.04)).sum::<f64>() + random.exponential(0.3);
                if random.chance(0.06) {
                    rtt += random.exponential(12.0);
                }
                let kind = if last { ReplyKind::PortUnreachable } else { ReplyKind::TimeExceeded };
                probes.push(record(address, round, (!lost).then_some(rtt), kind));
            }
            hops.push(Hop { ttl: Ttl::new(index as u8 + 1).unwrap(), probes });
            if !step.private {
                let (ttl, city, network) = (index + 1, step.city, step.network);
                routers.push(Router { ttl, address, city, network, bound: None, anycast: last && anycast });
            }
        }
        for router in &mut routers {
            if hops[router.ttl - 1].answered() {
                let behind = hops[router.ttl - 1..].iter().filter_map(|hop| hop.statistics().min);
                router.bound = behind.min().map(|rtt| rtt.as_secs_f64() * 1e3);
            }
        }
        let source = network.cities[start].at.moved(random.between(0.0, 15.0), random.between(0.0, 360.0));
        let target = routers.last().map(|router| Target { name: None, address: router.address });
        Self { source, offices, routers, trace: trace(target, hops) }
    }
}

fn steps(way: &[usize], networks: usize, random: &mut Random) -> Vec<Step> {
    let mut steps = Vec::new();
    let mut step = |city, depth, network, private, random: &mut Random| {
        let slow = if random.chance(0.05) { random.between(5.0, 120.0) } else { 0.0 };
        let (silent, limited) = (random.chance(0.12), random.chance(0.06));
        steps.push(Step { city, depth, network, private, silent, slow, limited });
    };
    step(way[0], 0, 0, true, random);
    for (depth, &city) in way.iter().enumerate() {
        // The carriers' part is the middle of the way.
        let network = if depth == 0 { 0 } else { 1 + (depth - 1) * (networks - 1) / (way.len() - 1).max(1) };
        for _ in 0..1 + random.below(2) {
            step(city, depth, network.min(networks - 1), false, random);
        }
    }
    let last = way.len() - 1;
    step(way[last], last, networks - 1, false, random);
    if let Some(target) = steps.last_mut() {
        (target.silent, target.slow, target.limited) = (false, 0.0, false);
    }
    steps
}

fn record(from: IpAddr, round: u32, rtt_ms: Option<f64>, kind: ReplyKind) -> ProbeRecord {
    let reply = |rtt_ms: f64| Reply {
        from,
        rtt: Some(Duration::from_secs_f64(rtt_ms / 1e3)),
        kind: Some(kind),
        icmp: None,
        reply_ttl: None,
        quoted: None,
        mpls: Vec::new(),
        extensions: Vec::new(),
        inherited_from: None,
    };
    let result = rtt_ms.map_or(ProbeResult::Silent, |rtt_ms| ProbeResult::Answered(Box::new(reply(rtt_ms))));
    ProbeRecord { protocol: Some(Protocol::Udp), flow: Flow(0), round, sent: None, off_flow: false, result }
}

fn trace(target: Option<Target>, hops: Vec<Hop>) -> Trace {
    Trace {
        id: Uuid::nil(),
        kind: TraceKind::Measured,
        vantage: None,
        target,
        source: None,
        origin: None,
        protocol: None,
        mode: None,
        settings: None,
        started: 0,
        duration: None,
        outcome: Some(Outcome::Reached),
        outcome_detail: None,
        hops,
    }
}
