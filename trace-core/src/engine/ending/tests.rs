use std::net::Ipv4Addr;

use super::*;

fn ending(rows: &[Row]) -> Option<Ending> {
    let twice = (0..rows.len()).any(|row| seen_twice(rows, row));
    super::ending(rows, twice, Rules::default())
}

fn routers(last_bytes: &[u8]) -> Vec<Row> {
    let row = |&byte: &u8| {
        let mut row = Row::new(3);
        if byte > 0 {
            row.exceeded = true;
            row.router = Some(Ipv4Addr::new(10, 0, 0, byte).into());
        }
        row
    };
    last_bytes.iter().map(row).collect()
}

fn mark(mut rows: Vec<Row>, index: usize, change: impl Fn(&mut Row)) -> Vec<Row> {
    change(&mut rows[index]);
    rows
}

#[test]
fn an_open_path_has_no_end() {
    assert_eq!(ending(&[]), None);
    assert_eq!(ending(&routers(&[1, 2, 0, 4])), None);
}

#[test]
fn the_target_ends_at_its_first_answer() {
    let rows = mark(routers(&[1, 2, 0, 0]), 2, |row| row.reached = true);
    let rows = mark(rows, 3, |row| row.reached = true);
    assert_eq!(ending(&rows), Some(Ending::Reached(2)));
}

#[test]
fn a_path_that_got_longer_ends_at_its_longer_length() {
    // The first probe at TTL 3 reached the target, the second ran out at a router.
    let rows = mark(routers(&[1, 2, 3, 0]), 2, |row| row.reached = true);
    assert_eq!(ending(&rows), None);
    let rows = mark(rows, 3, |row| row.reached = true);
    assert_eq!(ending(&rows), Some(Ending::Reached(3)));
}

#[test]
fn a_block_ends_the_path_until_something_comes_from_behind() {
    let rows = mark(routers(&[1, 2, 0, 0]), 2, |row| row.blocked = true);
    assert_eq!(ending(&rows), Some(Ending::Blocked(2)));
    let rows = mark(rows, 3, |row| row.exceeded = true);
    assert_eq!(ending(&rows), None);
}

#[test]
fn a_block_at_a_ttl_that_also_ran_out_is_an_end() {
    let rows = mark(routers(&[1, 2, 3]), 2, |row| row.blocked = true);
    assert_eq!(ending(&rows), Some(Ending::Blocked(2)));
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
