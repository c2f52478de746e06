use super::ids::{id_of, slot_index};
use super::*;
use crate::engine::rule::Rules;
use crate::engine::{Heard, ProbeId};
use crate::model::{Reply, ReplyKind, Settings};

fn plan() -> Plan {
    Plan::of(&Settings::default(), Rules::default())
}

fn lane() -> Lane {
    let mut lane = Lane::new(Protocol::Udp, Flow(0), &plan(), None);
    lane.start_round(&plan());
    lane
}

#[test]
fn ids_go_round_and_lead_to_the_latest_probe() {
    for count in [1_usize, 2, 511, 512, 513, 1024, 1500] {
        for index in count.saturating_sub(512)..count {
            assert_eq!(slot_index(count, id_of(index)), Some(index), "{index} of {count}");
        }
    }
    assert_eq!(slot_index(3, id_of(3)), None);
    assert_eq!(slot_index(0, id_of(0)), None);
}

#[test]
fn where_nothing_tells_probes_apart_one_is_under_way() {
    let (plan, mut lane) = (plan(), lane());
    assert!(lane.may_send(&plan, Moment::ZERO));
    lane.telling = Telling::OneAtATime;
    lane.enter(&plan, 0, Moment::ZERO);
    assert!(!lane.may_send(&plan, Moment::ZERO));
    // The first is given up: the next may go.
    let later = Moment::ZERO + plan.wait;
    lane.give_up(&plan, &Horizon::default(), later);
    assert!(lane.may_send(&plan, later));
}

#[test]
fn a_probe_waits_for_a_free_id() {
    let (plan, mut lane) = (plan(), lane());
    for _ in 0..ProbeId::COUNT {
        lane.enter(&plan, 0, Moment::ZERO);
    }
    assert!(!lane.may_send(&plan, Moment::ZERO));
    assert!(lane.may_send(&plan, Moment::ZERO + plan.wait));
}

#[test]
fn what_was_given_up_does_not_end_the_waiting_for_the_rest() {
    let (plan, mut lane) = (plan(), lane());
    let heard = |id: ProbeId, at: Moment| Heard {
        target: crate::engine::TargetIndex(0),
        protocol: Protocol::Udp,
        flow: Flow(0),
        id: Some(id),
        off_flow: false,
        at,
        reply: Reply {
            from: [10, 0, 0, 1].into(),
            rtt: None,
            kind: Some(ReplyKind::TimeExceeded),
            icmp: None,
            reply_ttl: None,
            quoted: None,
            mpls: Vec::new(),
            extensions: Vec::new(),
            inherited_from: None,
        },
    };
    let (first, _) = lane.enter(&plan, 0, Moment::ZERO);
    let later = Moment::ZERO + plan.wait;
    lane.give_up(&plan, &Horizon::default(), later);
    lane.enter(&plan, 0, later);
    let news = lane.hear(&plan, &heard(first, later), false).expect("a late answer counts");
    assert_eq!((news.rtt, news.is_new_router), (plan.wait, true));
    assert_eq!(lane.counts(0), (2, 1));
}
