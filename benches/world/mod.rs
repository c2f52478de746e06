//! A world that is traced for months: hosts in some hundreds, from a few vantage points, over routers that are shared,
//! replaced, silent, balanced, slower for a while. The same seed gives the same traces. For benches and for databases of
//! millions of hops; nothing in it is an address of anybody (RFC 2544, RFC 6598).

mod cities;
mod dice;
mod path;

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use trace_core::model::{
    Atlas, Located, Mode, Origin, OriginSource, Outcome, Protocol, Protocols, Settings, Target, Trace,
    TraceKind,
};

use cities::{CITIES, City};
pub use dice::Dice;
use path::Path;

/// What a world looks like.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Targets, each seen from one vantage point, every fourth from two.
    pub targets: u32,
    /// Probes a hop.
    pub queries: u8,
    /// Traces in all.
    pub traces: u32,
    /// When the last trace starts: nanoseconds since 1970 UTC.
    pub end: i64,
    /// Time between two traces to a target.
    pub interval: Duration,
    /// Other seeds are other worlds.
    pub seed: u64,
}

/// The traces of a world, the oldest first, with what the sources say of the addresses; nothing is judged.
#[derive(Debug)]
pub struct World {
    plan: Plan,
    dice: Dice,
    series: Vec<Series>,
    next: u32,
    /// What is known of each router.
    known: HashMap<IpAddr, Located>,
}

/// A host as one vantage point sees it.
#[derive(Debug)]
struct Series {
    name: String,
    address: IpAddr,
    vantage: Option<&'static str>,
    protocol: Protocol,
    from: &'static City,
    to: &'static City,
    path: Path,
    /// The first TTL that is slower for a while, by how much, and for how many traces.
    slow: Option<(usize, u64, u32)>,
    /// The first TTL that loses packets for a while, how many of a thousand, and for how many traces.
    lossy: Option<(usize, u64, u32)>,
    /// The host is down for so many traces.
    down: u32,
}

const VANTAGES: [(Option<&str>, usize); 4] =
    [(Some("helsinki"), 0), (Some("lisbon"), 1), (Some("denver"), 2), (None, 3)];

impl World {
    /// A world before its first trace.
    pub fn new(plan: Plan) -> Self {
        let mut dice = Dice::new(plan.seed);
        let mut series = Vec::new();
        for number in 0..plan.targets.max(1) {
            let to = dice.of(CITIES);
            let address = path::address(198, 18, number);
            let sights = if number % 4 == 3 { 2 } else { 1 };
            for sight in 0..sights {
                let (vantage, city) = VANTAGES[(number as usize + sight) % VANTAGES.len()];
                let from = &CITIES[city];
                let protocol =
                    [Protocol::Udp, Protocol::Icmp, Protocol::Icmp, Protocol::Tcp][number as usize / 4 % 4];
                series.push(Series {
                    name: format!("host{number}.example.net"),
                    address,
                    vantage,
                    protocol,
                    from,
                    to,
                    path: Path::between(from, to, address, &mut dice),
                    slow: None,
                    lossy: None,
                    down: 0,
                });
            }
        }
        Self { plan, dice, series, next: 0, known: HashMap::new() }
    }

    fn trace(&mut self, number: u32) -> (Trace, Atlas) {
        let Self { plan, dice, series, known, .. } = self;
        let count = series.len();
        let index = number as usize % count;
        let series = &mut series[index];
        series.live(dice);
        let interval = i64::try_from(plan.interval.as_nanos()).expect("less than 292 years");
        let before = i64::from(plan.traces - 1 - number);
        let jitter = dice.below(1 + plan.interval.as_nanos() as u64 / count as u64 / 2);
        let started = plan.end - before * interval / count as i64 - jitter as i64;
        let flow = dice.below(1 << 16);
        let hops = series.path.hops(
            plan.queries,
            series.protocol,
            flow,
            series.slow,
            series.lossy,
            series.down > 0,
            dice,
        );
        let mut random = [0; 10];
        random.fill_with(|| dice.below(256) as u8);
        let mut trace = Trace::new(trace_store::new_id(started, random), TraceKind::Measured, started);
        trace.vantage = series.vantage.map(ToOwned::to_owned);
        trace.target = Some(Target { name: Some(series.name.clone()), address: series.address });
        trace.source = Some([192, 0, 2, 1].into());
        trace.origin = series.vantage.is_some().then(|| Origin {
            coordinates: series.from.point(),
            radius_km: Some(20.0),
            from: OriginSource::Config,
        });
        trace.protocol = Some(Protocols::One(series.protocol));
        trace.mode = Some(Mode::Raw);
        trace.settings = Some(Settings { queries: plan.queries, ..Settings::default() });
        trace.duration = Some(Duration::from_nanos(80_000_000 + dice.below(900_000_000)));
        trace.outcome = Some(if series.down > 0 { Outcome::Exhausted } else { Outcome::Reached });
        trace.hops = hops;
        let mut atlas = Atlas::default();
        for router in series.path.routers(flow) {
            if trace.hops.iter().any(|hop| hop.answerers().contains(&router.address)) {
                let located = known.entry(router.address).or_insert_with(|| router.located(dice));
                atlas.places.insert(router.address, located.clone());
            }
        }
        (trace, atlas)
    }
}

impl Iterator for World {
    type Item = (Trace, Atlas);

    fn next(&mut self) -> Option<Self::Item> {
        let number = self.next;
        self.next += 1;
        (number < self.plan.traces).then(|| self.trace(number))
    }
}

impl Series {
    /// What happens between two traces.
    fn live(&mut self, dice: &mut Dice) {
        let tick = |spell: &mut Option<(usize, u64, u32)>| {
            *spell = spell.and_then(|(ttl, much, left)| Some((ttl, much, left.checked_sub(1)?)));
        };
        tick(&mut self.slow);
        tick(&mut self.lossy);
        self.down = self.down.saturating_sub(1);
        let anywhere = dice.below(self.path.len() as u64) as usize;
        match dice.below(2400) {
            0..8 => self.path.detour(self.from, self.to, dice),
            8..14 => {
                self.slow = Some((anywhere, 2_000_000 + dice.below(40_000_000), 24 + dice.below(100) as u32))
            }
            14..18 => self.lossy = Some((anywhere, 50 + dice.below(400), 12 + dice.below(60) as u32)),
            18 => self.down = 1 + dice.below(6) as u32,
            _ => {}
        }
    }
}
