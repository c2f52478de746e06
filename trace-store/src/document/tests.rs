use core::time::Duration;

use proptest::prelude::*;
use trace_core::model::Trace;

use super::*;
use crate::samples;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reading_back_gives_what_was_written(trace in samples::trace(), atlas in samples::atlas()) {
        prop_assert_eq!(read(&write(&trace, &atlas)).unwrap(), (trace.clone(), atlas.clone()));
        let line = write_line(&trace, &atlas);
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(read(&line).unwrap(), (trace, atlas));
    }

    #[test]
    fn both_layouts_say_the_same(trace in samples::trace(), atlas in samples::atlas()) {
        let value: serde_json::Value = serde_json::from_str(&write(&trace, &atlas)).unwrap();
        let line: serde_json::Value = serde_json::from_str(&write_line(&trace, &atlas)).unwrap();
        prop_assert_eq!(value, line);
    }

    #[test]
    fn no_text_is_too_odd_to_refuse(text in any::<String>()) {
        prop_assert!(read(&text).is_err());
    }

    #[test]
    fn a_document_with_a_hole_never_panics(trace in samples::trace(), atlas in samples::atlas(), cut in any::<(usize, usize)>()) {
        let bytes = write(&trace, &atlas).into_bytes();
        let from = cut.0 % bytes.len();
        let to = from + cut.1 % (bytes.len() - from);
        let holed = [&bytes[..from], &bytes[to..]].concat();
        let _ = read(&String::from_utf8_lossy(&holed));
    }
}

/// The document of the design, written by hand.
const SAMPLE: &str = r#"{ "schema": 1, "id": "019aa3f0-5c00-7b6e-8a52-0123456789ab", "kind": "measured", "vantage": null,
  "target": { "name": "example.com", "address": "192.0.2.80" }, "source": "192.0.2.1",
  "origin": { "latitude": -34.6, "longitude": -58.4, "radius_km": 50, "from": "config" },
  "protocol": "udp", "mode": "raw", "a field of the future": [ {} ],
  "settings": { "queries": 3, "first_ttl": 1, "max_ttl": 30, "flows": 1, "rounds": 1, "port": null, "size": null, "tos": 0 },
  "started": "2026-11-23T22:58:32.5Z", "duration_ms": 81.4, "outcome": "reached", "outcome_detail": null,
  "hops": [ { "ttl": 1,
    "probes": [
      { "result": "answered", "protocol": "udp", "flow": 0, "round": 0, "sent_ms": 0.11, "from": "192.0.2.254", "rtt_ms": 0.412,
        "kind": "time-exceeded", "icmp": [11, 0], "reply_ttl": 64, "quoted": { "ttl": 1, "tos": 0, "nat": false },
        "mpls": [ { "label": 24015, "tc": 0, "bottom": true, "ttl": 1 } ],
        "extensions": [ { "class": 2, "c_type": 10, "bytes": "00ff" } ], "inherited_from": null },
      { "result": "silent", "protocol": "udp", "flow": 0, "round": 0, "sent_ms": 0.31, "off_flow": true },
      { "result": "unsent", "error": "Network is unreachable" } ],
    "statistics": { "sent": 99 }, "findings": [ "not even a word of ours" ] } ],
  "as_path": [ 1, 2, 3 ], "consistency": 0.75,
  "places": { "192.0.2.254": { "country_code": "AR", "country": "Argentina", "city": "Barranqueras", "region": null, "isp": "an ISP",
    "asn": 64500, "latitude": -27.48, "longitude": -58.94, "radius_km": 20, "hostname": null, "source": "mmdb:GeoLite2-City 2026-11-01",
    "verdict": "plausible", "score": 0.93, "note": null,
    "candidates": [ { "source": "builtin", "built": "2026-11-01", "latitude": 0, "longitude": 0, "radius_km": 0, "verdict": "impossible", "reason": "too far" } ] } } }"#;

#[test]
fn the_document_of_the_design_is_read() {
    let (trace, atlas) = read(SAMPLE).unwrap();
    assert_eq!(trace.started, 1_795_474_712_500_000_000);
    assert_eq!(trace.duration, Some(Duration::from_micros(81_400)));
    let [hop] = trace.hops.as_slice() else { panic!("one hop") };
    let reply = hop.probes[0].reply().unwrap();
    assert_eq!(reply.rtt, Some(Duration::from_nanos(412_000)));
    assert_eq!(reply.extensions[0].bytes, [0, 255]);
    assert_eq!(trace.settings.as_ref().unwrap().gap, 8);
    let known = &atlas.places[&reply.from];
    assert_eq!(known.candidates.len(), 1);
    assert!(known.candidates[0].place.coordinates.is_some());

    // What is derived is computed, not copied.
    let value: serde_json::Value = serde_json::from_str(&write(&trace, &atlas)).unwrap();
    assert_eq!(value["hops"][0]["statistics"]["sent"], 2);
    assert_eq!(value["hops"][0]["findings"], serde_json::json!(["mpls-tunnel"]));
    assert_eq!(value["as_path"], serde_json::json!([64500]));
    assert_eq!(value["started"], "2026-11-23T22:58:32.500000000Z");
}

#[test]
fn a_document_is_laid_out_for_people() {
    let (trace, atlas) = read(SAMPLE).unwrap();
    let text = write(&trace, &atlas);
    let expected = r#"{
  "schema": 1,
  "id": "019aa3f0-5c00-7b6e-8a52-0123456789ab",
  "kind": "measured",
  "vantage": null,
  "target": { "name": "example.com", "address": "192.0.2.80" },
  "source": "192.0.2.1",
  "origin": { "latitude": -34.6, "longitude": -58.4, "radius_km": 50.0, "from": "config" },
  "protocol": "udp",
  "mode": "raw",
  "settings": { "queries": 3, "first_ttl": 1, "max_ttl": 30, "flows": 1, "rounds": 1, "interval_ms": 1000, "wait_ms": 2000, "gap": 8, "port": null, "size": null, "tos": 0, "source": null, "interface": null, "source_port": null, "flow_label": null, "dont_fragment": false, "mark": null },
  "started": "2026-11-23T22:58:32.500000000Z",
  "duration_ms": 81.4,
  "outcome": "reached",
  "outcome_detail": null,
  "hops": [
    {
      "ttl": 1,
      "probes": [
        { "result": "answered", "protocol": "udp", "flow": 0, "round": 0, "sent_ms": 0.11, "from": "192.0.2.254", "rtt_ms": 0.412, "kind": "time-exceeded", "icmp": [11, 0], "reply_ttl": 64, "quoted": { "ttl": 1, "tos": 0, "nat": false }, "mpls": [{ "label": 24015, "tc": 0, "bottom": true, "ttl": 1 }], "extensions": [{ "class": 2, "c_type": 10, "bytes": "00ff" }], "inherited_from": null },
        { "result": "silent", "protocol": "udp", "flow": 0, "round": 0, "off_flow": true, "sent_ms": 0.31 },
        { "result": "unsent", "error": "Network is unreachable", "protocol": null, "flow": 0, "round": 0, "sent_ms": null }
      ],
      "statistics": { "sent": 2, "answered": 1, "min_ms": 0.412, "median_ms": 0.412, "p95_ms": 0.412, "max_ms": 0.412, "jitter_ms": null },
      "findings": ["mpls-tunnel"],
      "explanations": ["reports label 24015 of an MPLS tunnel here"]
    }
  ],
  "path_changes": [],
  "as_path": [64500],
  "consistency": 0.75,
  "places": {
    "192.0.2.254": {
      "country_code": "AR",
"#;
    assert!(text.starts_with(expected), "{text}");
    assert!(text.ends_with("\n      ]\n    }\n  }\n}\n"), "{text}");
}

fn refused(from: &str, to: &str) -> String {
    assert!(SAMPLE.contains(from), "{from}");
    read(&SAMPLE.replacen(from, to, 1)).unwrap_err().to_string()
}

#[test]
fn a_bad_document_is_refused_with_its_place() {
    let says = |from, to, expected: &[&str]| {
        let message = refused(from, to);
        for part in expected {
            assert!(message.contains(part), "{part:?} is not in {message:?}");
        }
    };
    says(
        "192.0.2.254\", \"rtt",
        "192.0.2.999\", \"rtt",
        &["line 9 column", "hops[0].probes[0].from", "192.0.2.999"],
    );
    says("\"rtt_ms\": 0.412", "\"rtt_ms\": -1", &["line 9", "hops[0].probes[0].rtt_ms", "-1"]);
    says(
        "\"kind\": \"time-exceeded\"",
        "\"kind\": \"late\"",
        &["hops[0].probes[0].kind", "late", "echo-reply"],
    );
    says("\"hops\"", "\"hopes\"", &["missing field `hops`"]);
    says("\"ttl\": 1,\n", "\"ttl\": 300,\n", &["hops[0].ttl", "300"]);
    says("\"ttl\": 1,\n", "\"ttl\": 0,\n", &["hops[0].ttl", "1 to 255"]);
    says("\"latitude\": -34.6", "\"latitude\": -91", &["origin.latitude", "-91"]);
    says("\"latitude\": -27.48,", "", &["places.192.0.2.254.latitude", "missing"]);
    says("\"longitude\": 0,", "\"longitude\": 181,", &["places.192.0.2.254.candidates[0].longitude", "181"]);
    says("\"asn\": 64500", "\"asn\": 0", &["places.192.0.2.254.asn"]);
    says("2026-11-23T22", "yesterday, 22", &["line 6", "started", "RFC 3339"]);
    says("\"00ff\"", "\"0xff\"", &["hops[0].probes[0].extensions[0].bytes", "hexadecimal"]);
    says("\"first_ttl\": 1", "\"first_ttl\": 0", &["settings.first_ttl"]);
    says("\"rounds\": 1", "\"rounds\": \"often\"", &["settings.rounds", "often", "forever"]);
    says("\"rounds\": 1", "\"rounds\": -1", &["settings.rounds", "-1"]);
    says(
        "\"tos\": 0 },\n  \"started",
        "\"tos\": 0, \"flow_label\": 1048576 },\n  \"started",
        &["settings.flow_label", "20 bits"],
    );
    says(
        "\"tos\": 0 },\n  \"started",
        "\"tos\": 0, \"source\": \"here\" },\n  \"started",
        &["settings.source", "here"],
    );
    says("019aa3f0-5c00", "019aa3f0", &["line 1", "id"]);
}

#[test]
fn another_schema_is_refused_whatever_else_it_holds() {
    let same = SAMPLE.replacen("\"schema\": 1", "\"schema\": 2", 1);
    assert!(matches!(read(&same), Err(crate::Error::Schema { found: 2, known: 1 })));
    let other = r#"{ "schema": 7, "routes": [] }"#;
    let message = read(other).unwrap_err().to_string();
    assert!(message.contains("schema 7") && message.contains("update"), "{message}");
}

#[test]
fn hops_run_without_gaps_or_repeats() {
    let (mut trace, atlas) = read(SAMPLE).unwrap();
    let again = trace.hops[0].clone();
    trace.hops.push(again);
    let message = read(&write(&trace, &atlas)).unwrap_err().to_string();
    assert!(message.contains("hops[1].ttl") && message.contains("repeats"), "{message}");
}

#[test]
fn rounds_without_end_are_a_word() {
    let (mut trace, atlas) = read(SAMPLE).unwrap();
    trace.settings.as_mut().unwrap().rounds = u32::MAX;
    let text = write(&trace, &atlas);
    assert!(text.contains("\"rounds\": \"forever\""), "{text}");
    assert_eq!(read(&text).unwrap(), (trace.clone(), atlas));
    // What the first release wrote for them.
    let number = text.replace("\"forever\"", "4294967295");
    assert_eq!(read(&number).unwrap().0, trace);
}

#[test]
fn a_setup_comes_back() {
    let (trace, _) = read(SAMPLE).unwrap();
    let mut bare =
        Trace { target: None, origin: None, settings: None, mode: None, protocol: None, ..trace.clone() };
    setup_from_text(&setup_to_text(&trace).unwrap(), &mut bare).unwrap();
    assert_eq!(bare, trace);
    assert!(setup_from_text("{}", &mut bare).is_err());
}
