use std::net::Ipv4Addr;

use super::*;
use crate::model::Reply;

/// What is marked of some rows, and who answered there.
#[derive(Default)]
struct Path {
    rows: Vec<Row>,
    replies: Replies,
    sets: Sets,
}

fn ending(path: &Path) -> Option<Ending> {
    let Path { rows, replies, sets } = path;
    let twice = (0..rows.len()).any(|row| seen_twice(rows, replies, row));
    let seen = Seen { sets, rows, replies };
    super::ending(&seen, twice, Rules::default())
}

fn routers(last_bytes: &[u8]) -> Path {
    let mut path = Path::default();
    for (place, &byte) in last_bytes.iter().enumerate() {
        let mut row = Row::new(3, NOTHING);
        if byte > 0 {
            let router = Ipv4Addr::new(10, 0, 0, byte).into();
            row.meet(router, path.replies.say(NOTHING, &Reply::new(router)));
            path.sets.insert(Set::Exceeded, place);
        }
        path.rows.push(row);
    }
    path
}

fn mark(mut path: Path, change: impl Fn(&mut Path)) -> Path {
    change(&mut path);
    path
}

#[test]
fn an_open_path_has_no_end() {
    assert_eq!(ending(&routers(&[])), None);
    assert_eq!(ending(&routers(&[1, 2, 0, 4])), None);
}

#[test]
fn the_target_ends_at_its_first_answer() {
    let path = mark(routers(&[1, 2, 0, 0]), |path| path.sets.insert(Set::Reached, 2));
    let path = mark(path, |path| path.sets.insert(Set::Reached, 3));
    assert_eq!(ending(&path), Some(Ending::Reached(2)));
}

#[test]
fn a_path_that_got_longer_ends_at_its_longer_length() {
    // The first probe at TTL 3 reached the target, the second ran out at a router.
    let path = mark(routers(&[1, 2, 3, 0]), |path| path.sets.insert(Set::Reached, 2));
    assert_eq!(ending(&path), None);
    let path = mark(path, |path| path.sets.insert(Set::Reached, 3));
    assert_eq!(ending(&path), Some(Ending::Reached(3)));
}

#[test]
fn a_block_ends_the_path_until_something_comes_from_behind() {
    let path = mark(routers(&[1, 2, 0, 0]), |path| path.sets.insert(Set::Blocked, 2));
    assert_eq!(ending(&path), Some(Ending::Blocked(2)));
    let path = mark(path, |path| path.sets.insert(Set::Exceeded, 3));
    assert_eq!(ending(&path), None);
}

#[test]
fn a_block_at_a_ttl_that_also_ran_out_is_an_end() {
    let path = mark(routers(&[1, 2, 3]), |path| path.sets.insert(Set::Blocked, 2));
    assert_eq!(ending(&path), Some(Ending::Blocked(2)));
}

#[test]
fn two_routers_that_send_to_each_other_are_a_loop() {
    assert_eq!(ending(&routers(&[1, 2, 3, 2, 3, 2])), Some(Ending::Loop(5)));
    assert_eq!(ending(&routers(&[1, 2, 3, 2, 3])), None);
}

#[test]
fn a_loop_may_have_silent_members() {
    assert_eq!(ending(&routers(&[1, 2, 3, 0, 2, 3, 0, 2])), Some(Ending::Loop(7)));
    // Nobody else seen in between: it may be one address that answers for a whole network.
    assert_eq!(ending(&routers(&[1, 2, 0, 2, 0, 2])), None);
}

#[test]
fn one_address_for_many_hops_is_no_loop() {
    assert_eq!(ending(&routers(&[1, 2, 2, 2, 2, 2, 2, 2, 2])), None);
}

#[test]
fn a_repeat_that_does_not_repeat_in_full_is_no_loop() {
    assert_eq!(ending(&routers(&[2, 3, 2, 4, 2])), None);
}
