//! A diff as programs read it.

use core::time::Duration;
use std::net::IpAddr;

use serde::{Serialize, Serializer};
use trace_core::model::Uuid;

use super::{Diff, Mark, Place, Row, Side, Step};
use crate::document::{Instant, Text};

/// The whole diff.
#[derive(Serialize)]
struct Document<'a> {
    a: Summary,
    b: Summary,
    same: bool,
    verdict: &'static str,
    text: String,
    reasons: &'a [String],
    rows: Vec<Line>,
    levels: Levels,
    alignments: Alignments<'a>,
}

#[derive(Serialize)]
struct Summary {
    id: Text<Uuid>,
    started: Instant,
    name: Option<String>,
    address: Option<Text<IpAddr>>,
    outcome: Option<&'static str>,
    length: Option<u8>,
    rtt_ms: Option<f64>,
}

#[derive(Serialize)]
struct Line {
    change: &'static str,
    a: Option<Hop>,
    b: Option<Hop>,
}

#[derive(Serialize)]
struct Hop {
    ttl: u8,
    address: Option<Text<IpAddr>>,
    addresses: Vec<Text<IpAddr>>,
    hostname: Option<String>,
    asn: Option<u32>,
    city: Option<String>,
    country: Option<String>,
    rtt_ms: Option<f64>,
}

#[derive(Serialize)]
struct Levels {
    hop: bool,
    r#as: bool,
    city: bool,
    country: bool,
}

#[derive(Serialize)]
struct Alignments<'a> {
    r#as: Vec<Pair<'a>>,
    city: Vec<Pair<'a>>,
    country: Vec<Pair<'a>>,
}

#[derive(Serialize)]
struct Pair<'a> {
    change: &'static str,
    a: Option<&'a str>,
    b: Option<&'a str>,
}

fn ms(rtt: Duration) -> f64 {
    rtt.as_nanos() as f64 / 1e6
}

fn summary(side: &Side) -> Summary {
    let target = side.target.as_ref();
    Summary {
        id: Text(side.id),
        started: Instant(side.started),
        name: target.and_then(|target| target.name.clone()),
        address: target.map(|target| Text(target.address)),
        outcome: side.outcome.map(|outcome| outcome.as_str()),
        length: side.length.map(|length| length.get()),
        rtt_ms: side.rtt.map(ms),
    }
}

fn hop(place: &Place) -> Hop {
    Hop {
        ttl: place.ttl.get(),
        address: place.addresses.first().copied().map(Text),
        addresses: place.addresses.iter().copied().map(Text).collect(),
        hostname: place.hostname.clone(),
        asn: place.asn.map(|asn| asn.get()),
        city: place.city.clone(),
        country: place.country.clone(),
        rtt_ms: place.rtt.map(ms),
    }
}

fn line(row: &Row) -> Line {
    Line { change: row.mark.as_str(), a: row.a.as_ref().map(hop), b: row.b.as_ref().map(hop) }
}

fn pair(step: &Step) -> Pair<'_> {
    let name = |there: bool| there.then_some(step.name.as_str());
    Pair {
        change: step.mark.as_str(),
        a: name(step.mark != Mark::Added),
        b: name(step.mark != Mark::Removed),
    }
}

fn pairs(steps: &[Step]) -> Vec<Pair<'_>> {
    steps.iter().map(pair).collect()
}

/// `{ a, b, same, verdict, text, reasons, rows, levels, alignments }`. `a` and `b` are `{ id, started, name, address,
/// outcome, length, rtt_ms }`. A row is `{ change, a, b }`, both sides `{ ttl, address, addresses, hostname, asn, city,
/// country, rtt_ms }` or null, `address` the one that answered first. `levels` says of `hop`, `as`, `city` and `country`
/// whether there is a difference, `alignments` shows the last three side by side.
impl Serialize for Diff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let differ = |steps: &[Step]| steps.iter().any(|step| step.mark != Mark::Same);
        let document = Document {
            a: summary(&self.a),
            b: summary(&self.b),
            same: self.same(),
            verdict: self.verdict.as_str(),
            text: self.reasons.join("; "),
            reasons: &self.reasons,
            rows: self.rows.iter().map(line).collect(),
            levels: Levels {
                hop: self.rows.iter().any(|row| row.mark != Mark::Same),
                r#as: differ(&self.ases),
                city: differ(&self.cities),
                country: differ(&self.countries),
            },
            alignments: Alignments {
                r#as: pairs(&self.ases),
                city: pairs(&self.cities),
                country: pairs(&self.countries),
            },
        };
        document.serialize(serializer)
    }
}
