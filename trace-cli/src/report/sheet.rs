//! Traces as CSV (RFC 4180): one row per TTL and answerer, silent hops with an empty address.

use std::net::IpAddr;

use anyhow::Context as _;
use trace_core::model::{Atlas, Finding, Hop, ProbeRecord, Statistics, Trace, TraceKind};

use super::columns::routers_back;
use super::milliseconds;
use crate::clock;

const COLUMNS: [&str; 32] = [
    "id",
    "started",
    "target",
    "target_address",
    "protocol",
    "mode",
    "outcome",
    "ttl",
    "address",
    "hostname",
    "asn",
    "isp",
    "country_code",
    "country",
    "region",
    "city",
    "latitude",
    "longitude",
    "verdict",
    "sent",
    "answered",
    "min_ms",
    "median_ms",
    "max_ms",
    "kinds",
    "findings",
    "score",
    "source",
    "consistency",
    "p95_ms",
    "jitter_ms",
    "routers_back",
];

/// The columns of the scripts that came before.
const OLD: [&str; 7] = ["CITY", "ID", "HOP", "LONGITUDE", "LATITUDE", "IP", "DATE_CREATED"];

/// `traces` as CSV, under a heading if `headed`. `sent` is that of the whole TTL, the rest of the numbers that
/// of the answerer.
pub(crate) fn traces(traces: &[(&Trace, &Atlas)], headed: bool) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if headed {
        writer.write_record(COLUMNS)?;
    }
    for (trace, atlas) in traces {
        let seen = trace.findings().into_iter().zip(trace.statistics());
        for (hop, (findings, Statistics { sent, .. })) in trace.hops.iter().zip(seen) {
            let answerers = hop.answerers();
            if answerers.is_empty() {
                writer.write_record(row(trace, atlas, hop, &findings, sent, None))?;
            }
            for from in answerers {
                writer.write_record(row(trace, atlas, hop, &findings, sent, Some(from)))?;
            }
        }
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    String::from_utf8(bytes).context("CSV of text is text")
}

fn row(
    trace: &Trace,
    atlas: &Atlas,
    hop: &Hop,
    findings: &[Finding],
    sent: u32,
    from: Option<IpAddr>,
) -> [String; COLUMNS.len()] {
    let located = from.and_then(|from| atlas.get(from));
    fn text(value: Option<impl ToString>) -> String {
        value.map(|value| value.to_string()).unwrap_or_default()
    }
    let replies: Vec<_> =
        hop.probes.iter().filter_map(ProbeRecord::reply).filter(|reply| Some(reply.from) == from).collect();
    let rtts: Vec<_> = replies.iter().filter_map(|reply| reply.rtt).collect();
    let times = Statistics::of(0, 0, &rtts);
    let mut kinds: Vec<_> = replies.iter().filter_map(|reply| reply.kind).map(|kind| kind.as_str()).collect();
    kinds.dedup();
    let findings: Vec<_> = findings.iter().map(|finding| finding.as_str()).collect();
    let target = trace.target.as_ref();
    let place = located.and_then(|located| located.place.as_ref());
    let coordinates = place.and_then(|place| place.coordinates);
    [
        trace.id.to_string(),
        clock::rfc3339(trace.started),
        text(target.and_then(|target| target.name.as_ref())),
        text(target.map(|target| target.address)),
        text(trace.protocol),
        text(trace.mode),
        text(trace.outcome),
        hop.ttl.to_string(),
        text(from),
        text(located.and_then(|located| located.hostname.as_ref())),
        text(place.and_then(|place| place.asn).map(|asn| asn.get())),
        text(place.and_then(|place| place.isp.as_ref())),
        text(place.and_then(|place| place.country_code)),
        text(place.and_then(|place| place.country.as_ref())),
        text(place.and_then(|place| place.region.as_ref())),
        text(place.and_then(|place| place.city.as_ref())),
        text(coordinates.map(|point| point.latitude())),
        text(coordinates.map(|point| point.longitude())),
        text(located.and_then(|located| located.verdict)),
        sent.to_string(),
        replies.len().to_string(),
        text(times.min.map(milliseconds)),
        text(times.median.map(milliseconds)),
        text(times.max.map(milliseconds)),
        kinds.join(" "),
        findings.join(" "),
        text(located.and_then(|located| located.score)),
        text(located.and_then(|located| located.source.as_ref())),
        text(atlas.consistency),
        text(times.p95.map(milliseconds)),
        text(times.jitter.map(milliseconds)),
        text(from.and_then(|from| routers_back(hop, from))),
    ]
}

/// `traces` with the columns of the scripts that came before. What is not known is empty.
///
/// Of a measured trace one row a TTL: who answered first, and when the trace started, in UTC. Of an imported one the rows it
/// came from, each with its own date.
pub(crate) fn old(traces: &[(&Trace, &Atlas)], headed: bool) -> anyhow::Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    if headed {
        writer.write_record(OLD)?;
    }
    for (trace, atlas) in traces {
        for hop in &trace.hops {
            if trace.kind == TraceKind::Imported {
                for probe in &hop.probes {
                    let later = probe.sent.and_then(|sent| i64::try_from(sent.as_nanos()).ok()).unwrap_or(0);
                    let from = probe.reply().map(|reply| reply.from);
                    writer.write_record(old_row(
                        trace,
                        atlas,
                        hop,
                        from,
                        trace.started.saturating_add(later),
                    ))?;
                }
            } else {
                let from = hop.answerers().into_iter().next();
                writer.write_record(old_row(trace, atlas, hop, from, trace.started))?;
            }
        }
    }
    let bytes = writer.into_inner().map_err(|error| error.into_error())?;
    String::from_utf8(bytes).context("CSV of text is text")
}

fn old_row(trace: &Trace, atlas: &Atlas, hop: &Hop, from: Option<IpAddr>, date: i64) -> [String; OLD.len()] {
    let place = from.and_then(|from| atlas.get(from)).and_then(|located| located.place.as_ref());
    let point = place.and_then(|place| place.coordinates);
    let degrees = |degrees: Option<f64>| degrees.map(|degrees| degrees.to_string()).unwrap_or_default();
    [
        place.and_then(|place| place.city.as_deref()).unwrap_or_default().to_owned(),
        trace.id.to_string(),
        hop.ttl.to_string(),
        degrees(point.map(|point| point.longitude())),
        degrees(point.map(|point| point.latitude())),
        from.map(|from| from.to_string()).unwrap_or_default(),
        clock::old_form(date),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn every_hop_has_its_rows() {
        let (trace, atlas) = (samples::trace(), samples::atlas());
        insta::assert_snapshot!(traces(&[(&trace, &atlas)], true).unwrap().replace('\u{1b}', "<ESC>"), @r#"
        id,started,target,target_address,protocol,mode,outcome,ttl,address,hostname,asn,isp,country_code,country,region,city,latitude,longitude,verdict,sent,answered,min_ms,median_ms,max_ms,kinds,findings,score,source,consistency,p95_ms,jitter_ms,routers_back
        019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20.123Z,bücher.example,198.51.100.80,udp,unprivileged,reached,1,10.0.0.1,,,,,,,,,,private,3,3,0.401,0.412,0.733,time-exceeded,,,,,0.733,0.021,
        019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20.123Z,bücher.example,198.51.100.80,udp,unprivileged,reached,2,,,,,,,,,,,,3,0,,,,,silent,,,,,,
        019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20.123Z,bücher.example,198.51.100.80,udp,unprivileged,reached,3,203.0.113.1,core1.<ESC>[2Jexample.net,64500,,AR,Argentina,,Barranqueras,-27.48,-58.94,,3,2,10.012,10.506,11.000,time-exceeded,several-answerers per-packet-balancing,,mmdb:GeoLite2-City 2026-11-01,,11.000,0.062,
        019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20.123Z,bücher.example,198.51.100.80,udp,unprivileged,reached,3,203.0.113.2,,,,,,,,,,,3,1,10.555,10.555,10.555,time-exceeded,several-answerers per-packet-balancing,,,,10.555,,
        019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20.123Z,bücher.example,198.51.100.80,udp,unprivileged,reached,4,203.0.113.7,,64501,,BR,Brazil,,,,,area,3,1,21.003,21.003,21.003,time-exceeded,rate-limited mpls-tunnel,,builtin 2026-06-17,,21.003,,
        019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20.123Z,bücher.example,198.51.100.80,udp,unprivileged,reached,5,203.0.113.9,,,,,,,,,,,3,3,30.000,30.000,30.000,time-exceeded,nat,,,,30.000,0.000,
        019a0000-0000-7000-8000-00001a2b3c4d,2026-10-26T07:33:20.123Z,bücher.example,198.51.100.80,udp,unprivileged,reached,6,198.51.100.80,www.example.net,64502,,DE,Germany,,Köln,-27.48,-58.94,,3,3,110.100,110.204,112.999,port-unreachable,,,,,112.999,0.187,
        "#);
    }

    #[test]
    fn the_old_columns_have_a_row_for_every_ttl() {
        let (trace, atlas) = (samples::trace(), samples::atlas());
        insta::assert_snapshot!(old(&[(&trace, &atlas)], true).unwrap(), @r#"
        CITY,ID,HOP,LONGITUDE,LATITUDE,IP,DATE_CREATED
        ,019a0000-0000-7000-8000-00001a2b3c4d,1,,,10.0.0.1,2026-10-26 07:33:20.123+0000
        ,019a0000-0000-7000-8000-00001a2b3c4d,2,,,,2026-10-26 07:33:20.123+0000
        Barranqueras,019a0000-0000-7000-8000-00001a2b3c4d,3,-58.94,-27.48,203.0.113.1,2026-10-26 07:33:20.123+0000
        ,019a0000-0000-7000-8000-00001a2b3c4d,4,,,203.0.113.7,2026-10-26 07:33:20.123+0000
        ,019a0000-0000-7000-8000-00001a2b3c4d,5,,,203.0.113.9,2026-10-26 07:33:20.123+0000
        Köln,019a0000-0000-7000-8000-00001a2b3c4d,6,-58.94,-27.48,198.51.100.80,2026-10-26 07:33:20.123+0000
        "#);
    }

    #[test]
    fn the_heading_stands_once() {
        let (trace, atlas) = (samples::trace(), samples::atlas());
        let headed = traces(&[(&trace, &atlas)], true).unwrap();
        let more = traces(&[(&trace, &atlas)], false).unwrap();
        assert!(headed.ends_with(&more) && !more.contains("median_ms"));
    }
}
