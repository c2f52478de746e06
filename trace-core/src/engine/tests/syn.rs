//! SYNs of one flow must not disturb each other at the target.

use super::*;

/// When the probes to the target leave, ten of them, each answered after ten milliseconds.
fn leave(protocol: Protocol) -> Vec<Duration> {
    let settings = Settings { queries: 10, ..Settings::default() };
    let request = Request { protocols: Protocols::One(protocol), ..request(settings, None) };
    let mut leave = Vec::new();
    let run = run(&request, |probe, since| match probe.ttl.get() {
        ttl @ ..3 => Some((router(ttl), ReplyKind::TimeExceeded, ms(10))),
        ttl => {
            if ttl == 3 {
                leave.push(since);
            }
            Some((
                TARGET,
                if protocol == Protocol::Tcp { ReplyKind::SynAck } else { ReplyKind::EchoReply },
                ms(10),
            ))
        }
    });
    assert_eq!((run.found.outcome, run.found.hops.len()), (Outcome::Reached, 3));
    assert!(run.found.hops.iter().all(|hop| hop.statistics().answered == 10));
    leave
}

#[test]
fn one_at_a_time_goes_to_a_known_target() {
    let spaces = |times: &[Duration]| times.windows(2).map(|pair| pair[1] - pair[0]).collect::<Vec<_>>();
    // Until the first answer nobody knows that it is the target.
    let syns = leave(Protocol::Tcp);
    let known = syns.iter().position(|at| *at >= syns[0] + ms(10)).unwrap();
    assert!((1..=3).contains(&known), "{syns:?}");
    assert!(spaces(&syns[known..]).iter().all(|space| *space >= ms(10)), "{syns:?}");
    // Nothing else needs that.
    let echoes = leave(Protocol::Icmp);
    assert!(spaces(&echoes[known..]).iter().any(|space| *space < ms(10)), "{echoes:?}");
}
