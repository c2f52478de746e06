use std::net::Ipv4Addr;

use super::*;
use crate::model::{Flow, ProbeRecord, ProbeResult, Reply, ReplyKind};

/// A hop whose probes were answered by routers with these last bytes; 0 is a silent probe.
fn hop(ttl: u8, answers: &[u8]) -> Hop {
    let probe = |&byte: &u8| ProbeRecord {
        protocol: None,
        flow: Flow(0),
        round: 0,
        sent: Some(Duration::ZERO),
        off_flow: false,
        result: if byte == 0 {
            ProbeResult::Silent
        } else {
            ProbeResult::Answered(Box::new(Reply {
                rtt: Some(Duration::from_millis(1)),
                kind: Some(ReplyKind::TimeExceeded),
                ..Reply::new(Ipv4Addr::new(10, 0, 0, byte).into())
            }))
        },
    };
    Hop { ttl: Ttl::new(ttl).unwrap(), probes: answers.iter().map(probe).collect() }
}

fn findings(hops: Vec<Hop>) -> Vec<Vec<Finding>> {
    Trace { hops, ..Trace::new(Uuid::nil(), TraceKind::Measured, 0) }.findings()
}

#[test]
fn loss_that_does_not_go_on_is_a_rate_limit() {
    let found =
        findings(vec![hop(1, &[1, 1, 1]), hop(2, &[2, 0, 0]), hop(3, &[3, 3, 3]), hop(4, &[4, 4, 4])]);
    assert_eq!(found, [vec![], vec![Finding::RateLimited], vec![], vec![]]);
    // Several routers in a row may limit; the target tells that nothing was lost at any of them.
    let found = findings(vec![hop(1, &[1, 0, 0]), hop(2, &[2, 0, 0]), hop(3, &[3, 3, 3])]);
    assert_eq!(found, [vec![Finding::RateLimited], vec![Finding::RateLimited], vec![]]);
}

#[test]
fn loss_that_goes_on_is_loss() {
    let found = findings(vec![hop(1, &[1, 1, 1]), hop(2, &[2, 0, 0]), hop(3, &[3, 3, 0])]);
    assert_eq!(found, [vec![], vec![], vec![]]);
    // The last hop has nothing behind it that could tell.
    assert_eq!(findings(vec![hop(1, &[1, 0, 0])]), [vec![]]);
}

#[test]
fn a_silent_hop_is_noticed_only_among_answers() {
    let found = findings(vec![hop(1, &[0, 0, 0]), hop(2, &[2, 2, 2]), hop(3, &[0, 0, 0])]);
    assert_eq!(found, [vec![Finding::Silent], vec![], vec![]]);
}

#[test]
fn several_answerers_and_returns_are_noticed() {
    let found = findings(vec![hop(1, &[1]), hop(2, &[2, 3]), hop(3, &[1]), hop(4, &[1])]);
    assert_eq!(found, [vec![], vec![Finding::SeveralAnswerers], vec![Finding::Loop], vec![]]);
}
