//! Changes of the way to a target, on traces whose paths are known.

use trace_core::model::{Atlas, Outcome, ProbeResult, Trace, Ttl};

use super::super::{Documents, Store, Subject};
use super::history::{HOUR, stored, trace};
use super::realistic::NOVEMBER;
use crate::{Change, Error, What};

fn changes(store: &Store, since: Option<i64>) -> Vec<Change> {
    store.changes(&Subject { target: "host.example".to_owned(), since }).unwrap()
}

fn hours(changes: &[Change]) -> Vec<i64> {
    changes.iter().map(|change| (change.at - NOVEMBER) / HOUR).collect()
}

/// Forty hours on one path, forty on another, forty on the first.
fn rerouted() -> Vec<Trace> {
    let router = |hour: u32| if (40..80).contains(&hour) { 2 } else { 1 };
    (0..120).map(|hour| trace(hour, router(hour), 20)).collect()
}

#[test]
fn a_change_is_told_with_its_traces() {
    let traces = rerouted();
    let (_directory, store) = stored(&traces);
    let found = changes(&store, None);
    assert_eq!(hours(&found), [80, 40]);
    let first = &found[1];
    assert_eq!((first.before, first.after), (traces[39].id, traces[40].id));
    assert_eq!((first.sure, first.sure_at), (traces[42].id, traces[42].started));
    assert_eq!(first.name.as_deref(), Some("Host.Example"));
    let ttl = Ttl::new(5).unwrap();
    let What::Path { before, after, first_ttl, last_ttl } = first.what else { panic!("{first:?}") };
    assert_eq!((first_ttl, last_ttl), (ttl, ttl));
    let eras = store.history(&Subject { target: "198.18.0.15".to_owned(), since: None }).unwrap();
    assert_eq!(eras.iter().map(|era| era.path).collect::<Vec<_>>(), [before, after, before]);
    assert_eq!(
        eras.iter().map(|era| era.trace).collect::<Vec<_>>(),
        [39, 79, 119].map(|last| traces[last].id)
    );
    assert_eq!(first.what.to_string(), "the path changed at TTL 5");
    assert_eq!(found, store.changes_of(&first.series, None).unwrap());
    assert_eq!(found, store.all_changes(None).unwrap());
    assert_eq!(hours(&changes(&store, Some(NOVEMBER + 41 * HOUR))), [80]);
    assert_eq!(hours(&changes(&store, Some(NOVEMBER + 40 * HOUR))), [80, 40]);
    assert!(
        store.changes(&Subject { target: "elsewhere.example".to_owned(), since: None }).unwrap().is_empty()
    );
}

/// Whoever goes back span by span hears what who asks for all hears, wherever one span ends and the next begins.
#[test]
fn spans_of_time_tell_together_what_all_of_it_tells() {
    let traces = rerouted();
    let (_directory, store) = stored(&traces);
    let all = store.all_changes(None).unwrap();
    let series = all[0].series.clone();
    let (begin, end) = (NOVEMBER, NOVEMBER + 120 * HOUR);
    for length in [1, 2, 7, 39, 40, 41, 79, 81, 120] {
        for of in [None, Some(&series)] {
            let mut told = Vec::new();
            let mut until = end;
            while until > begin {
                let since = until - length * HOUR;
                told.extend(store.changes_between(of, since, until).unwrap());
                until = since;
            }
            assert_eq!(told, all, "spans of {length} hours");
        }
    }
    assert_eq!(store.newest_before(None, end).unwrap(), Some(traces[119].started));
    assert_eq!(store.newest_before(Some(&series), traces[119].started).unwrap(), Some(traces[118].started));
    assert_eq!(store.newest_before(None, begin).unwrap(), None);
}

#[test]
fn programs_read_a_change() {
    let traces = rerouted();
    let (_directory, store) = stored(&traces);
    let json = serde_json::to_value(&changes(&store, None)[0]).unwrap();
    assert_eq!(json["kind"], "path");
    assert_eq!(json["at"], "2026-11-04T08:00:00.000000000Z");
    assert_eq!(json["target"], serde_json::json!({ "name": "Host.Example", "address": "198.18.0.15" }));
    assert_eq!((&json["path"]["first_ttl"], &json["level"]), (&5.into(), &serde_json::Value::Null));
    assert_eq!(json["key"].as_str().unwrap().len(), 16);
    assert_eq!(json["text"], "the path changed at TTL 5");
}

#[test]
fn who_asks_after_each_trace_hears_of_each_change_once() {
    let mut traces = rerouted();
    // A stray, a target that does not answer, a silent hop.
    traces[20] = trace(20, 7, 20);
    traces[25].outcome = Some(Outcome::Exhausted);
    for probe in &mut traces[30].hops[6].probes {
        probe.result = ProbeResult::Silent;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut told = Vec::new();
    let mut suspicions = Vec::new();
    for (hour, trace) in traces.iter().enumerate() {
        store.put(trace, &Atlas::default(), Documents::Skip).unwrap();
        let news = store.news(trace.id).unwrap();
        told.extend(news.changes);
        if news.suspicion {
            suspicions.push(hour);
        }
    }
    told.reverse();
    assert_eq!(told, changes(&store, None));
    assert_eq!(hours(&told), [80, 40]);
    assert_eq!(suspicions, [20, 40, 41, 80, 81], "until it is sure, each is to be looked at soon");
    assert!(matches!(store.news(trace_core::model::Uuid::nil()), Err(Error::Unknown { .. })));
}

/// Twelve days by the hour: the RTT rises after nine and falls again a day later, then the target is gone for six hours.
fn troubled() -> Vec<Trace> {
    let mut traces: Vec<Trace> = (0..300)
        .map(|hour: u32| {
            let wobble = u64::from(hour.wrapping_mul(2_654_435_761) >> 30);
            trace(hour, 1, if (220..244).contains(&hour) { 40 } else { 20 } + wobble)
        })
        .collect();
    for trace in &mut traces[270..276] {
        trace.outcome = Some(Outcome::Exhausted);
        for probe in trace.hops.iter_mut().skip(10).flat_map(|hop| &mut hop.probes) {
            probe.result = ProbeResult::Silent;
        }
    }
    traces
}

#[test]
fn levels_and_loss_are_told_like_paths_and_agree_with_what_was_news() {
    let traces = troubled();
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let mut told = Vec::new();
    for trace in &traces {
        store.put_batch(&[(trace, &Atlas::default())], Documents::Skip).unwrap();
        told.extend(store.news(trace.id).unwrap().changes);
    }
    told.reverse();
    let found = changes(&store, None);
    assert_eq!(told, found);
    let texts: Vec<String> = found.iter().map(|change| change.what.to_string()).collect();
    assert_eq!(hours(&found), [276, 270, 244, 220], "{texts:?}");
    assert_eq!(texts[0], "loss fell from 100% to 0%");
    assert_eq!(texts[1], "loss rose from 0% to 100%");
    assert!(texts[2].starts_with("the RTT fell from 4"), "{texts:?}");
    assert!(texts[3].starts_with("the RTT rose from 2"), "{texts:?}");
    assert_eq!((found[3].before, found[3].after), (traces[219].id, traces[220].id));
    let json = serde_json::to_value(&found[3]).unwrap();
    assert_eq!(
        (&json["kind"], &json["level"]["unit"], &json["path"]),
        (&"rtt".into(), &"ms".into(), &serde_json::Value::Null)
    );
    // What came before decides, also where it was not asked for.
    assert_eq!(changes(&store, Some(traces[219].started)), found);
    assert_eq!(changes(&store, Some(traces[260].started)), found[..2]);
}

/// A target that is traced every four minutes, slow every evening, and slower from the eleventh day on.
#[test]
fn who_traces_often_is_looked_back_at_no_further_than_it_takes() {
    const FOUR_MINUTES: i64 = HOUR / 15;
    let evening = |number: u32| (270..330).contains(&(number % 360));
    let traces: Vec<Trace> = (0..4400)
        .map(|number: u32| {
            let wobble = u64::from(number.wrapping_mul(2_654_435_761) >> 30);
            let slow = if evening(number) { 30 } else { 0 } + if number >= 4000 { 25 } else { 0 };
            let mut trace = trace(number, 1, 20 + wobble + slow);
            trace.started = NOVEMBER + i64::from(number) * FOUR_MINUTES;
            trace
        })
        .collect();
    let (_directory, store) = stored(&traces);
    let found = changes(&store, None);
    let rise = found.iter().find(|change| change.after == traces[4000].id).unwrap();
    assert!(matches!(rise.what, What::Rtt { .. }), "{found:?}");
    assert!(
        found.iter().all(|change| change.at < traces[4 * 360].started || change.after == rise.after),
        "{found:?}"
    );
    assert!(store.news(rise.sure).unwrap().changes.contains(rise));
    let strand = store.strand(&rise.series).unwrap().pop().unwrap();
    let seen = store.sightings(&strand, Some(traces[4399].started)).unwrap();
    // Those of the last day and a half, and six an hour of the eight and a half days before.
    assert!((1700..1900).contains(&seen.len()), "{}", seen.len());
    assert!(seen.is_sorted_by_key(|sighting| sighting.started));
    assert_eq!(seen.last().map(|last| last.started), Some(traces[4399].started));
}

#[test]
fn a_target_that_limits_its_answers_loses_nothing() {
    let mut traces: Vec<Trace> = (0..200).map(|hour| trace(hour, 1, 20)).collect();
    let lost = |traces: &mut [Trace], which: fn(usize) -> usize| {
        for (number, trace) in traces[100..].iter_mut().enumerate() {
            let probes = &mut trace.hops.last_mut().unwrap().probes;
            probes[which(number)].result = ProbeResult::Silent;
        }
    };
    let mut random = traces.clone();
    lost(&mut traces, |_| 2);
    let (_directory, store) = stored(&traces);
    assert_eq!(changes(&store, None), []);
    lost(&mut random, |number| number % 3);
    let (_directory, store) = stored(&random);
    assert_eq!(hours(&changes(&store, None)), [100]);
}

#[test]
fn balanced_paths_are_one_era_and_no_change() {
    let draw = |hour: u32| u8::try_from(hour.wrapping_mul(2_654_435_761) >> 29).unwrap() % 2;
    let traces: Vec<Trace> = (0..200).map(|hour| trace(hour, 1 + draw(hour), 20)).collect();
    let (_directory, store) = stored(&traces);
    assert!(changes(&store, None).is_empty());
    let eras = store.history(&Subject { target: "host.example".to_owned(), since: None }).unwrap();
    assert_eq!(eras.iter().map(|era| (era.traces, era.paths)).collect::<Vec<_>>(), [(200, 2)]);
}

#[test]
fn the_order_of_storing_makes_no_difference() {
    let traces = rerouted();
    let (_directory, store) = stored(&traces);
    let mut shuffled: Vec<Trace> =
        (0..traces.len()).map(|number| traces[number * 77 % 120].clone()).collect();
    let (_other, other) = stored(&shuffled);
    assert_eq!(changes(&store, None), changes(&other, None));
    shuffled.reverse();
    let (_third, third) = stored(&shuffled);
    assert_eq!(changes(&store, None), changes(&third, None));
}
