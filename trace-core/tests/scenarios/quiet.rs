//! Findings are conservative: on networks that lose, delay, limit, keep silent and balance by flow, nothing is found that
//! is not there.

use proptest::prelude::*;
use trace_core::model::Finding;
use trace_core::sim::Scenario;

/// What such networks can show.
const HARMLESS: [Finding; 5] = [
    Finding::RateLimited,
    Finding::Silent,
    // A silent router on one of two ways is silent for those protocols that go there.
    Finding::Selective,
    Finding::SeveralAnswerers,
    Finding::PerFlowBalancing,
];

/// A file for a network that is no worse than most.
fn network() -> impl Strategy<Value = String> {
    let trouble = (0_u32..20, 0_u32..6, 0_u32..4, 1_u32..9, 1_u32..9, 1_u32..5);
    let probing = (
        prop_oneof![Just("ipv4"), Just("ipv6")],
        prop_oneof![Just("icmp"), Just("udp"), Just("tcp"), Just("all")],
        prop_oneof![Just("raw"), Just("unprivileged")],
        1_u32..4,
        1_u32..6,
        1_u32..5,
    );
    (any::<u32>(), trouble, probing).prop_map(|(seed, trouble, probing)| {
        let (delay, jitter, loss, silent, limited, burst) = trouble;
        let (family, protocol, mode, queries, rounds, flows) = probing;
        format!(
            r#"title = "no worse than most"
seed = {seed}
[network]
delay = "{delay}ms"
jitter = "{jitter}ms"
loss = 0.0{loss}
[router.{silent}_10]
silent = true
[router.{limited}_11]
rate_limit = {{ burst = {burst}, every = "500ms" }}
[[target]]
path = "1 2 flow(3 | 4 5) 6 flow(7 | 8 | 9) 10 11"
[trace]
family = "{family}"
protocol = "{protocol}"
mode = "{mode}"
queries = {queries}
rounds = {rounds}
flows = {flows}
interval = "1s"
"#
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn nothing_is_found_that_is_not_there(text in network()) {
        let run = Scenario::parse(&text).unwrap().run().unwrap().remove(0);
        let trace = &run.traces[0];
        for observation in trace.observations() {
            prop_assert!(HARMLESS.contains(&observation.finding), "{observation} at {}", observation.finding);
        }
        prop_assert_eq!(trace.path_changes(), []);
    }
}
