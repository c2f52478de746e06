//! Many traces at once, of which several threads work out what is to be stored.

use trace_core::model::{Atlas, Trace, Ttl};

use super::super::draft;
use super::super::{Documents, Filter, Store};
use super::realistic;
use crate::Error;

type Traces = Vec<(Trace, Atlas)>;

fn some(numbers: std::ops::Range<u32>) -> Traces {
    numbers.map(|number| realistic::trace(number, 9, 2)).collect()
}

fn borrowed(traces: &Traces) -> Vec<(&Trace, &Atlas)> {
    traces.iter().map(|(trace, atlas)| (trace, atlas)).collect()
}

fn are_there(store: &Store, traces: &Traces) {
    for (trace, atlas) in traces {
        assert_eq!(store.get(trace.id).unwrap(), Some((trace.clone(), atlas.clone())));
    }
}

fn recognised(store: &Store, traces: &Traces) -> usize {
    let drafts = draft::all(&store.memory, &borrowed(traces)).unwrap();
    let ids: Vec<_> = drafts.iter().map(|draft| draft.trace.id).collect();
    assert_eq!(ids, traces.iter().map(|(trace, _)| trace.id).collect::<Vec<_>>());
    drafts.iter().filter(|draft| draft.recognised.is_some()).count()
}

#[test]
fn what_was_stored_before_is_recognised_without_the_database() {
    let mut store = Store::temporary().unwrap();
    let (first, second) = (some(0..1000), some(1000..2000));
    assert_eq!(recognised(&store, &first), 0);
    store.put_batch(&borrowed(&first), Documents::Skip).unwrap();
    assert!(recognised(&store, &second) > 900);
    store.put_batch(&borrowed(&second), Documents::Skip).unwrap();
    are_there(&store, &first);
    are_there(&store, &second);
}

#[test]
fn what_was_recognised_may_be_gone_when_the_database_is_locked() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let (first, second) = (some(0..400), some(400..800));
    store.put_batch(&borrowed(&first), Documents::Skip).unwrap();
    assert!(recognised(&store, &second) > 300);
    // Another program removes everything that it was recognised by.
    let ids: Vec<_> = first.iter().map(|(trace, _)| trace.id).collect();
    Store::open(directory.path()).unwrap().delete(&ids).unwrap();
    store.put_batch(&borrowed(&second), Documents::Skip).unwrap();
    are_there(&store, &second);
    let report = store.check().unwrap();
    assert!(report.is_sound(), "{report:?}");
    assert_eq!(report.traces, 400);
}

#[test]
fn one_of_many_that_is_unfit_is_named_and_nothing_is_stored() {
    for place in [3, 150, 299] {
        let mut store = Store::temporary().unwrap();
        let mut traces = some(0..300);
        let (unfit, _) = &mut traces[place];
        unfit.hops[2].ttl = Ttl::new(99).unwrap();
        let id = unfit.id;
        let error = store.put_batch(&borrowed(&traces), Documents::Skip).unwrap_err();
        assert!(matches!(error, Error::Unfit { id: named, .. } if named == id), "{error}");
        assert_eq!(store.list(&Filter::default()).unwrap(), []);
    }
}
