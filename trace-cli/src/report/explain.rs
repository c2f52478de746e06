//! Why a hop is thought to be where it is.

use std::net::IpAddr;

use serde::Serialize;
use trace_core::model::{
    Atlas, Evidence, Hop, Located, Origin, Place, ProbeRecord, Trace, TraceKind, Verdict,
};
use trace_geo::distance_km;
use trace_geo::judge::OriginJudgement;

use super::table::plural;
use super::{place, short_id};
use crate::args::Format;
use crate::escape::escape;
use crate::grid::{Cell, Grid, Side};
use crate::paint::{Ink, Paint};

/// A hop of a trace with what is known of who answered there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Explanation<'a> {
    pub(crate) trace: &'a Trace,
    pub(crate) hop: &'a Hop,
    pub(crate) atlas: &'a Atlas,
    /// Whether the places had been judged when the trace was kept.
    pub(crate) was_judged: bool,
    /// What is to be said of an origin from a database.
    pub(crate) origin: Option<&'a OriginJudgement>,
}

/// What became of a candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Fate {
    /// The place is where it says.
    Taken,
    /// Light could not have made it.
    Struck,
    /// It may be right, and another one was taken.
    NotTaken,
}

impl Fate {
    const fn words(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Struck => "struck",
            Self::NotTaken => "not taken",
        }
    }
}

/// A hop as programs read it.
#[derive(Debug, Serialize)]
struct Document<'a> {
    trace: String,
    ttl: u8,
    sent: u32,
    answered: u32,
    judged: &'static str,
    origin: Option<OriginRow<'a>>,
    consistency: Option<f64>,
    answerers: Vec<Answerer<'a>>,
}

#[derive(Debug, Serialize)]
struct OriginRow<'a> {
    latitude: f64,
    longitude: f64,
    radius_km: Option<f64>,
    from: &'static str,
    verdict: Option<&'static str>,
    reason: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Answerer<'a> {
    address: IpAddr,
    hostname: Option<&'a str>,
    min_rtt_ms: Option<f64>,
    verdict: Option<&'static str>,
    score: Option<f64>,
    note: Option<&'a str>,
    source: Option<&'a str>,
    candidates: Vec<Candidate<'a>>,
}

#[derive(Debug, Serialize)]
struct Candidate<'a> {
    fate: Fate,
    source: &'a str,
    built: Option<&'a str>,
    country_code: Option<String>,
    country: Option<&'a str>,
    region: Option<&'a str>,
    city: Option<&'a str>,
    latitude: Option<f64>,
    longitude: Option<f64>,
    radius_km: Option<f64>,
    asn: Option<u32>,
    isp: Option<&'a str>,
    from_origin_km: Option<f64>,
    verdict: Option<&'static str>,
    reason: Option<&'a str>,
}

/// The columns of CSV: a candidate a row, behind whom it is about.
const COLUMNS: [&str; 20] = [
    "trace",
    "ttl",
    "address",
    "hostname",
    "min_rtt_ms",
    "fate",
    "source",
    "built",
    "country_code",
    "country",
    "region",
    "city",
    "latitude",
    "longitude",
    "radius_km",
    "asn",
    "isp",
    "from_origin_km",
    "verdict",
    "reason",
];

/// The explanation in any form.
pub(crate) fn text(explanation: &Explanation<'_>, format: Format, paint: Paint) -> anyhow::Result<String> {
    let document = explanation.document();
    Ok(match format {
        Format::Table => explanation.table(&document, paint),
        Format::Json => serde_json::to_string_pretty(&document)? + "\n",
        Format::Jsonl => serde_json::to_string(&document)? + "\n",
        Format::Csv => {
            let mut writer = csv::WriterBuilder::new().has_headers(false).from_writer(Vec::new());
            writer.write_record(COLUMNS)?;
            for answerer in &document.answerers {
                let Answerer { address, hostname, min_rtt_ms, .. } = answerer;
                for candidate in &answerer.candidates {
                    let about = (&document.trace, document.ttl, address, hostname, min_rtt_ms);
                    writer.serialize((about, candidate))?;
                }
            }
            String::from_utf8(writer.into_inner().map_err(|error| error.into_error())?)?
        }
    })
}

impl<'a> Explanation<'a> {
    fn document(&self) -> Document<'a> {
        let statistics = self.hop.statistics();
        let origin = self.trace.origin.map(|origin| OriginRow {
            latitude: origin.coordinates.latitude(),
            longitude: origin.coordinates.longitude(),
            radius_km: origin.radius_km,
            from: origin.from.as_str(),
            verdict: self.origin.map(|origin| origin.verdict.as_str()),
            reason: self.origin.map(|origin| origin.reason.as_str()),
        });
        Document {
            trace: self.trace.id.to_string(),
            ttl: self.hop.ttl.get(),
            sent: statistics.sent,
            answered: statistics.answered,
            judged: match (self.trace.kind, self.was_judged) {
                (TraceKind::Imported, _) => "never",
                (_, true) => "when kept",
                (_, false) => "now",
            },
            origin,
            consistency: self.atlas.consistency,
            answerers: self.hop.answerers().into_iter().map(|address| self.answerer(address)).collect(),
        }
    }

    fn answerer(&self, address: IpAddr) -> Answerer<'a> {
        let replies = self.hop.probes.iter().filter_map(ProbeRecord::reply);
        let rtt = replies.filter(|reply| reply.from == address).filter_map(|reply| reply.rtt).min();
        let located = self.atlas.get(address);
        let candidates = located.map(|located| self.candidates(located)).unwrap_or_default();
        Answerer {
            address,
            hostname: located.and_then(|located| located.hostname.as_deref()),
            min_rtt_ms: rtt.map(|rtt| rtt.as_secs_f64() * 1e3),
            verdict: located.and_then(|located| located.verdict).map(|verdict| verdict.as_str()),
            score: located.and_then(|located| located.score),
            note: located.and_then(|located| located.note.as_deref()),
            source: located.and_then(|located| located.source.as_deref()),
            candidates,
        }
    }

    fn candidates(&self, located: &'a Located) -> Vec<Candidate<'a>> {
        let taken = located.candidates.iter().position(|evidence| is_taken(evidence, located));
        let fate = |index, evidence: &Evidence| match evidence.verdict {
            Some(Verdict::Impossible) => Fate::Struck,
            _ if taken == Some(index) => Fate::Taken,
            _ => Fate::NotTaken,
        };
        let candidates = located.candidates.iter().enumerate();
        candidates
            .map(|(index, evidence)| candidate(fate(index, evidence), evidence, self.trace.origin))
            .collect()
    }

    fn table(&self, document: &Document<'_>, paint: Paint) -> String {
        let mut text = format!("TTL {} of {}", document.ttl, short_id(self.trace.id));
        match self.trace.origin {
            Some(origin) => {
                let at = origin.coordinates;
                text.push_str(&format!(
                    ", measured from {:.3},{:.3} ({})",
                    at.latitude(),
                    at.longitude(),
                    origin.from
                ));
            }
            None if document.judged != "never" => {
                text.push_str(", measured from a place that is not known (--origin tells it)");
            }
            None => {}
        }
        text.push('\n');
        if let Some(origin) = self.origin {
            text.push_str(&format!("the origin is {}: {}\n", origin.verdict, escape(&origin.reason)));
        }
        match document.judged {
            "never" => text.push_str("imported: its times are not used to judge places\n"),
            "now" => text.push_str("its places are judged now, not when it was kept\n"),
            _ => {}
        }
        if document.answerers.is_empty() {
            text.push_str(&match (document.sent, self.hop.probes.len()) {
                (0, 0) => "no probe was sent with this TTL\n".to_owned(),
                (0, _) => "no probe could be sent with this TTL\n".to_owned(),
                (sent, _) => {
                    format!(
                        "nobody answered ({}): there is nobody to place\n",
                        plural(sent.into(), "probe", "probes")
                    )
                }
            });
        }
        for answerer in &document.answerers {
            text.push('\n');
            text.push_str(&head(answerer, self.atlas.get(answerer.address)));
            text.push_str(&candidates(&answerer.candidates, paint));
        }
        text
    }
}

/// What is said of who answered, above the candidates.
fn head(answerer: &Answerer<'_>, located: Option<&Located>) -> String {
    let mut text = answerer.address.to_string();
    if let Some(name) = answerer.hostname {
        text.push_str(&format!("  {}", escape(name)));
    }
    if let Some(rtt) = answerer.min_rtt_ms {
        text.push_str(&format!("  least RTT {rtt:.3} ms"));
    }
    text.push('\n');
    let words = located.map(place::words).filter(|words| !words.is_empty());
    let mut line = match (&words, answerer.verdict) {
        // The name of a range says it all.
        (Some(words), Some("private")) => words.clone(),
        (Some(words), Some(verdict)) => format!("{words}: {verdict}"),
        (Some(words), None) => format!("{words}: nothing to hold it against"),
        (None, Some(verdict)) => verdict.to_owned(),
        (None, None) => "no place is known".to_owned(),
    };
    if let Some(score) = answerer.score {
        line.push_str(&format!(", score {score:.2}"));
    }
    if let Some(source) = answerer.source {
        line.push_str(&format!(", from {}", escape(source)));
    }
    text.push_str(&line);
    text.push('\n');
    if let Some(note) = answerer.note.filter(|note| words.as_deref() != Some(escape(note).as_str())) {
        text.push_str(&escape(note));
        text.push('\n');
    }
    if answerer.candidates.is_empty() && answerer.verdict != Some("private") {
        text.push_str("no source says anything of it\n");
    }
    text
}

fn candidates(candidates: &[Candidate<'_>], paint: Paint) -> String {
    let mut grid = Grid::new([
        ("Candidate", Side::Left),
        ("Source", Side::Left),
        ("Built", Side::Left),
        ("Place", Side::Left),
        ("Point", Side::Right),
        ("Radius", Side::Right),
        ("From origin", Side::Right),
        ("AS", Side::Left),
        ("Verdict", Side::Left),
        ("Why", Side::Left),
    ]);
    for candidate in candidates {
        let text = |value: Option<&str>| value.map(escape).unwrap_or_default();
        let km = |km: Option<f64>| km.map(|km| format!("{km:.0} km")).unwrap_or_default();
        let point = candidate.latitude.zip(candidate.longitude);
        let ink = match candidate.fate {
            Fate::Taken => Ink::Good,
            Fate::Struck => Ink::Bad,
            Fate::NotTaken => Ink::Faint,
        };
        grid.push([
            Cell::inked(ink, candidate.fate.words()),
            Cell::new(escape(candidate.source)),
            Cell::new(text(candidate.built)),
            Cell::new(words(candidate)),
            Cell::new(
                point
                    .map(|(latitude, longitude)| format!("{latitude:.3},{longitude:.3}"))
                    .unwrap_or_default(),
            ),
            Cell::new(km(candidate.radius_km)),
            Cell::new(km(candidate.from_origin_km)),
            Cell::new(candidate.asn.map(|asn| format!("AS{asn}")).unwrap_or_default()),
            Cell::new(candidate.verdict.unwrap_or_default()),
            Cell::new(text(candidate.reason)),
        ]);
    }
    grid.render(paint)
}

fn words(candidate: &Candidate<'_>) -> String {
    let place = Place {
        country_code: candidate.country_code.as_deref().and_then(trace_core::model::CountryCode::new),
        country: candidate.country.map(Into::into),
        city: candidate.city.map(Into::into),
        ..Place::default()
    };
    place::words(&Located { place: Some(place), ..Located::default() })
}

fn candidate(fate: Fate, evidence: &Evidence, origin: Option<Origin>) -> Candidate<'_> {
    let place = &evidence.place;
    let point = place.coordinates;
    Candidate {
        fate,
        source: &evidence.source,
        built: evidence.built.as_deref(),
        country_code: place.country_code.map(|code| code.to_string()),
        country: place.country.as_deref(),
        region: place.region.as_deref(),
        city: place.city.as_deref(),
        latitude: point.map(|point| point.latitude()),
        longitude: point.map(|point| point.longitude()),
        radius_km: place.radius_km,
        asn: place.asn.map(|asn| asn.get()),
        isp: place.isp.as_deref(),
        from_origin_km: origin
            .zip(point)
            .map(|(origin, point)| distance_km(origin.coordinates, point).round()),
        verdict: evidence.verdict.map(|verdict| verdict.as_str()),
        reason: evidence.reason.as_deref(),
    }
}

/// Whether a place is what this candidate says: the document keeps the source of the choice, not its number.
fn is_taken(evidence: &Evidence, located: &Located) -> bool {
    let source = match &evidence.built {
        Some(built) => format!("{} {built}", evidence.source),
        None => evidence.source.to_string(),
    };
    let Some(place) = &located.place else { return false };
    let said = &evidence.place;
    located.source.as_deref() == Some(source.as_str())
        && evidence.verdict != Some(Verdict::Impossible)
        && (place.coordinates == said.coordinates || place.coordinates.is_none())
        && (said.country_code.is_none() || place.country_code == said.country_code)
}

#[cfg(test)]
mod tests;
