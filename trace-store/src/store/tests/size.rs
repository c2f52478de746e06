use super::super::{Documents, Store};
use super::realistic;

/// Bytes of database and log for each hop, all probes kept, places included.
pub(super) fn bytes_per_hop(traces: u32, targets: u8, queries: u8) -> f64 {
    let directory = tempfile::tempdir().unwrap();
    let mut store = Store::open(directory.path()).unwrap();
    let numbers: Vec<u32> = (0..traces).collect();
    let mut hops = 0_u32;
    for chunk in numbers.chunks(1000) {
        let traces: Vec<_> = chunk.iter().map(|number| realistic::trace(*number, targets, queries)).collect();
        let batch: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        store.put_batch(&batch, Documents::Skip).unwrap();
        hops += traces.iter().map(|(trace, _)| u32::try_from(trace.hops.len()).unwrap()).sum::<u32>();
    }
    let (trace, atlas) = realistic::trace(traces / 2, targets, queries);
    assert_eq!(store.get(trace.id).unwrap(), Some((trace, atlas)));
    store.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(())).unwrap();
    let bytes = std::fs::metadata(store.path()).unwrap().len() + store.log_length();
    f64::from(u32::try_from(bytes).unwrap()) / f64::from(hops)
}

#[test]
fn a_hop_is_small() {
    let one = bytes_per_hop(5_000, 5, 1);
    let three = bytes_per_hop(5_000, 5, 3);
    println!("{one:.1} bytes a hop at one probe, {three:.1} at three");
    assert!(one < 40.0, "{one}");
    assert!(three < 60.0, "{three}");
}
