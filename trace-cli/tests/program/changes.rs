//! What changed, and how two traces differ, on traces that are kept.

use std::net::IpAddr;
use std::time::Duration;

use serde_json::{Value, json};
use trace_core::model::{
    Atlas, Flow, Hop, Outcome, ProbeRecord, ProbeResult, Protocol, Protocols, Reply, ReplyKind, Settings,
    Target, Trace, TraceKind, Ttl,
};
use trace_store::{Documents, Store};

use crate::run::Home;

const HOUR: i64 = 3_600_000_000_000;

/// 2026-11-01 in nanoseconds since 1970.
const NOVEMBER: i64 = 1_793_491_200_000_000_000;

/// A trace over these routers to 198.51.100.`target`; 0 is a silent hop.
fn trace(hour: u8, routers: &[u8], target: u8) -> Trace {
    let started = NOVEMBER + i64::from(hour) * HOUR;
    let mut trace = Trace::new(trace_store::new_id(started, [hour; 10]), TraceKind::Measured, started);
    let address: IpAddr = [198, 51, 100, target].into();
    trace.target = Some(Target { name: Some("host.example".to_owned()), address });
    trace.protocol = Some(Protocols::One(Protocol::Udp));
    trace.settings = Some(Settings::default());
    trace.outcome = Some(Outcome::Reached);
    for (ttl, router) in (1..).zip(routers.iter().chain([&target])) {
        let probe = |number: u64| {
            let end = router == &target;
            let mut reply = Reply::new(if end { address } else { [203, 0, 113, *router].into() });
            reply.rtt =
                Some(Duration::from_millis(10) + Duration::from_micros(number * 7 + u64::from(hour % 3)));
            reply.kind = Some(if end { ReplyKind::PortUnreachable } else { ReplyKind::TimeExceeded });
            ProbeRecord {
                protocol: Some(Protocol::Udp),
                flow: Flow(0),
                round: 0,
                sent: Some(Duration::from_millis(number)),
                off_flow: false,
                result: if *router == 0 {
                    ProbeResult::Silent
                } else {
                    ProbeResult::Answered(Box::new(reply))
                },
            }
        };
        trace.hops.push(Hop { ttl: Ttl::new(ttl).expect("a TTL"), probes: (0..3).map(probe).collect() });
    }
    trace
}

fn keep(home: &Home, traces: &[Trace]) {
    let mut store = Store::open(&home.data()).expect("a store");
    let atlas = Atlas::default();
    let batch: Vec<_> = traces.iter().map(|trace| (trace, &atlas)).collect();
    store.put_batch(&batch, Documents::Skip).expect("traces are stored");
}

/// Two days by the hour, the second on another path.
fn two_days() -> Vec<Trace> {
    (0..48).map(|hour| trace(hour, if hour < 24 { &[1, 2, 3] } else { &[1, 7, 8, 3] }, 80)).collect()
}

fn short(trace: &Trace) -> String {
    let digits = trace.id.simple().to_string();
    digits[24..].to_owned()
}

#[test]
fn changes_are_told_with_the_traces_that_show_them() {
    let home = Home::new();
    let traces = two_days();
    keep(&home, &traces);
    for host in ["198.51.100.80", "HOST.example", "--all"] {
        let table = home.run(&["changes", host]).ends_with(0).stdout;
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 2, "{table}");
        assert!(
            lines[1].starts_with("2026-11-02 00:00:00 UTC  host.example (198.51.100.80)  udp"),
            "{table}"
        );
        assert!(lines[1].contains("the path changed from TTL 2 to 5"), "{table}");
        assert!(lines[1].ends_with(&format!("{}  {}", short(&traces[23]), short(&traces[24]))), "{table}");
    }
    let json = home.run(&["changes", "host.example", "--format", "json"]).ends_with(0).document();
    assert_eq!(json[0]["kind"], "path");
    assert_eq!(json[0]["after"], traces[24].id.to_string());
    let csv = home.run(&["changes", "--all", "--format", "csv"]).ends_with(0).stdout;
    assert_eq!(csv.lines().count(), 2, "{csv}");
    // The date is before and after the change.
    let since = |date: &str| home.run(&["changes", "--all", "--since", date]).ends_with(0).stdout;
    assert_eq!(since("2026-11-02").lines().count(), 2);
    assert_eq!(since("2026-11-03"), "no changes\n");
    assert_eq!(home.run(&["changes", "--all", "--limit", "0"]).ends_with(0).stdout, "no changes\n");
    assert_eq!(home.run(&["changes", "192.0.2.1"]).ends_with(0).stdout, "no traces\n");
    // And what history tells is the same.
    let eras = home.run(&["history", "host.example", "--format", "json"]).ends_with(0).document();
    let outline: Vec<(Value, Value)> = eras
        .as_array()
        .expect("eras")
        .iter()
        .map(|era| (era["traces"].clone(), era["path"].clone()))
        .collect();
    assert_eq!(
        outline,
        [(json!(24), json[0]["path"]["before"].clone()), (json!(24), json[0]["path"]["after"].clone())]
    );
}

/// Twelve days by the hour: slower for a day after nine of them, and then nothing answers for six hours.
fn troubled() -> Vec<Trace> {
    let of = |hour: u16| {
        let mut trace = trace(0, &[1, 2, 3], 80);
        trace.started += i64::from(hour) * HOUR;
        let [high, low] = hour.to_be_bytes();
        trace.id = trace_store::new_id(trace.started, [high, low, 0, 0, 0, 0, 0, 0, 0, 0]);
        let slower = Duration::from_millis(if (220..244).contains(&hour) { 20 } else { 0 });
        let wobble = Duration::from_micros(u64::from(u32::from(hour).wrapping_mul(2_654_435_761) >> 24));
        for probe in trace.hops.iter_mut().skip(3).flat_map(|hop| &mut hop.probes) {
            match &mut probe.result {
                ProbeResult::Answered(reply) => reply.rtt = reply.rtt.map(|rtt| rtt + slower + wobble),
                _ => panic!("the target answers"),
            }
            if (270..276).contains(&hour) {
                probe.result = ProbeResult::Silent;
                trace.outcome = Some(Outcome::Exhausted);
            }
        }
        trace
    };
    (0..300).map(of).collect()
}

#[test]
fn shifts_of_rtt_and_of_loss_are_told_of_documents_that_were_brought_in() {
    let elsewhere = Home::new();
    let traces = troubled();
    keep(&elsewhere, &traces);
    let documents = elsewhere.run(&["export", "--all"]).ends_with(0).stdout;
    let home = Home::new();
    let file = home.write("documents.jsonl", &documents);
    assert_eq!(home.run(&["import", &file]).ends_with(0).stdout, "brought in 300 traces\n");
    let told = home.run(&["changes", "host.example", "--format", "json"]).ends_with(0).document();
    let outline: Vec<(&Value, &Value, &Value)> = told
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| (&change["kind"], &change["before"], &change["after"]))
        .collect();
    let id = |hour: usize| json!(traces[hour].id.to_string());
    let expected = [("loss", 276), ("loss", 270), ("rtt", 244), ("rtt", 220)];
    let expected = expected.map(|(kind, hour)| (json!(kind), id(hour - 1), id(hour)));
    assert_eq!(
        outline,
        expected.iter().map(|(kind, before, after)| (kind, before, after)).collect::<Vec<_>>(),
        "{told}"
    );
    let table = home.run(&["changes", "--all"]).ends_with(0).stdout;
    let lines: Vec<&str> = table.lines().collect();
    for (line, words) in lines[1..].iter().zip([
        "loss fell from 100% to 0%",
        "loss rose from 0% to 100%",
        "the RTT fell from 30",
        "the RTT rose from 10",
    ]) {
        assert!(line.contains(words), "{words:?} is missing in {line}");
    }
    assert_eq!(lines.len(), 5, "{table}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let home = Home::new();
    home.run(&["changes", "host.example"]).complains(4, &["no database"]);
    home.run(&["diff", "latest", "latest"]).complains(4, &["no database"]);
    keep(&home, &two_days());
    home.run(&["changes"]).complains(2, &["HOST"]);
    home.run(&["changes", "host.example", "--all"]).complains(2, &["--all"]);
    home.run(&["changes", "host.example", "--since", "soon"]).complains(2, &["soon", "7d"]);
    home.run(&["diff", "latest"]).complains(2, &["<B>"]);
    home.run(&["diff", "latest", "123456"]).complains(2, &["123456"]);
    home.run(&["diff", "01a1", "latest"]).complains(2, &["several traces", "more digits"]);
    home.run(&["diff", "latest", "no/such.json"]).complains(4, &["no/such.json"]);
    let broken = home.write("broken.json", "{ \"schema\": 1,");
    home.run(&["diff", "latest", &broken]).complains(4, &["broken.json", "line 1"]);
}

#[test]
fn the_status_of_a_diff_says_whether_there_is_a_difference() {
    let home = Home::new();
    let traces = two_days();
    let other = trace(60, &[1, 7, 0, 3], 80);
    let elsewhere = trace(61, &[1, 7, 8, 3], 81);
    keep(&home, &traces);
    keep(&home, &[other.clone(), elsewhere.clone()]);
    let ids: Vec<String> = traces.iter().map(short).collect();
    let same = home.run(&["diff", &ids[0], &ids[1]]).ends_with(0).stdout;
    assert!(same.ends_with("same: the same routers answer\n"), "{same}");
    let differs = home.run(&["diff", &ids[23], &ids[24]]).ends_with(1).stdout;
    assert!(differs.contains("reroute: the path is another one"), "{differs}");
    let added = differs.lines().filter(|line| line.starts_with('+')).count();
    assert_eq!(added, 3, "the second trace and two hops: {differs}");
    let verdict = |a: &str, b: &str| {
        let json = home.run(&["diff", a, b, "--format", "json"]).ends_with(1).document();
        json["verdict"].as_str().expect("a verdict").to_owned()
    };
    assert_eq!(verdict(&ids[40], &short(&other)), "silent-hop");
    assert_eq!(verdict(&short(&elsewhere), &ids[40]), "different-targets");
    // Documents are as good as ids.
    let document = home.run(&["show", &ids[0], "--format", "json"]).ends_with(0).stdout;
    let document = home.write("kept.json", &document);
    home.run(&["diff", &document, &ids[2]]).ends_with(0);
    home.run(&["diff", &document, "latest", "--format", "jsonl"]).ends_with(1);
    let csv = home.run(&["diff", &ids[23], &ids[24], "--format", "csv"]).ends_with(1).stdout;
    assert!(csv.starts_with("change,a_ttl,a_address"), "{csv}");
}
