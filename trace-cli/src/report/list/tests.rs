use super::*;
use insta::assert_snapshot;
use std::time::Duration;
use trace_core::model::{Mode, Protocol, Protocols, Target, TraceKind, Ttl, Uuid};

fn sample() -> Vec<Summary> {
    let reached = Summary {
        id: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_1a2b_3c4d),
        kind: TraceKind::Measured,
        vantage: None,
        target: Some(Target { name: Some("example.com".to_owned()), address: "192.0.2.80".parse().unwrap() }),
        protocol: Some(Protocols::One(Protocol::Icmp)),
        mode: Some(Mode::Raw),
        started: 1_793_000_000_123_000_000,
        duration: Some(Duration::from_micros(134_500)),
        outcome: Some(Outcome::Reached),
        last_ttl: Ttl::new(11),
        path: -2,
        rtt: None,
        cursor: "00000000000000000".parse().unwrap(),
    };
    let imported = Summary {
        id: Uuid::from_u128(0x019a_0000_0000_7000_8000_0000_0000_0001),
        kind: TraceKind::Imported,
        vantage: Some("attic\u{1b}[0m".to_owned()),
        target: None,
        protocol: None,
        mode: None,
        duration: None,
        outcome: None,
        last_ttl: None,
        ..reached.clone()
    };
    vec![reached, imported]
}

#[test]
fn as_a_table() {
    assert_snapshot!(summaries(&sample(), Format::Table, Paint::Plain).unwrap(), @r#"
    Trace     Started                  Target                    Protocol  Mode  Outcome  Hops  Took s  Path      Vantage
    1a2b3c4d  2026-10-26 07:33:20 UTC  example.com (192.0.2.80)  icmp      raw   reached    11   0.135  ffffffff
    00000001  2026-10-26 07:33:20 UTC                                                                   ffffffff  attic\u{1b}[0m
    "#);
    assert_snapshot!(summaries(&[], Format::Table, Paint::Plain).unwrap(), @"no traces");
}

#[test]
fn as_json() {
    assert_snapshot!(summaries(&sample()[1..], Format::Json, Paint::Plain).unwrap(), @r#"
    [
      {
        "id": "019a0000-0000-7000-8000-000000000001",
        "kind": "imported",
        "vantage": "attic\u001b[0m",
        "target": null,
        "address": null,
        "protocol": null,
        "mode": null,
        "started": "2026-10-26T07:33:20.123Z",
        "duration_ms": null,
        "outcome": null,
        "last_ttl": null,
        "path": "fffffffffffffffe"
      }
    ]
    "#);
    assert_eq!(summaries(&[], Format::Json, Paint::Plain).unwrap(), "[]\n");
}

#[test]
fn as_json_lines_and_csv() {
    assert_snapshot!(summaries(&sample(), Format::Jsonl, Paint::Plain).unwrap(), @r#"
    {"id":"019a0000-0000-7000-8000-00001a2b3c4d","kind":"measured","vantage":null,"target":"example.com","address":"192.0.2.80","protocol":"icmp","mode":"raw","started":"2026-10-26T07:33:20.123Z","duration_ms":134.5,"outcome":"reached","last_ttl":11,"path":"fffffffffffffffe"}
    {"id":"019a0000-0000-7000-8000-000000000001","kind":"imported","vantage":"attic\u001b[0m","target":null,"address":null,"protocol":null,"mode":null,"started":"2026-10-26T07:33:20.123Z","duration_ms":null,"outcome":null,"last_ttl":null,"path":"fffffffffffffffe"}
    "#);
    assert_snapshot!(summaries(&sample(), Format::Csv, Paint::Plain).unwrap().replace('\u{1b}', "<ESC>"), @r#"
    id,kind,vantage,target,address,protocol,mode,started,duration_ms,outcome,last_ttl,path
    019a0000-0000-7000-8000-00001a2b3c4d,measured,,example.com,192.0.2.80,icmp,raw,2026-10-26T07:33:20.123Z,134.5,reached,11,fffffffffffffffe
    019a0000-0000-7000-8000-000000000001,imported,attic<ESC>[0m,,,,,2026-10-26T07:33:20.123Z,,,,fffffffffffffffe
    "#);
}
