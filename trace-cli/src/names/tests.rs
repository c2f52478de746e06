use std::sync::{Arc, Mutex};

use super::*;

/// Global addresses; nobody is asked.
fn addresses(count: u32) -> Vec<IpAddr> {
    (0..count).map(|number| IpAddr::from((0x0808_0000 + number).to_be_bytes())).collect()
}

/// Names answered by a function, and what was asked for.
fn names(answer: impl Fn(IpAddr) -> Answer + Send + Sync + 'static) -> (Names, Arc<Mutex<Vec<IpAddr>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&asked);
    let names = Names::with(move || {
        Some(Box::new(move |address| {
            log.lock().unwrap().push(address);
            let answer = answer(address);
            Box::pin(async move { answer })
        }))
    });
    (names, asked)
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn every_address_is_asked_for_once() {
    let wanted = addresses(3000);
    let nameless = wanted[7];
    let (mut names, asked) = names(move |address| match address {
        _ if address == nameless => Answer::Nameless,
        _ => Answer::Name(format!("host-{address}.example")),
    });
    let twice: Vec<IpAddr> = wanted.iter().chain(&wanted).copied().collect();
    let found = names.all(&twice, LONG);
    assert_eq!(found.len(), 2999);
    assert_eq!(found[&wanted[8]], format!("host-{}.example", wanted[8]));
    assert!(names.knows(wanted.iter().copied()) && names.of(nameless).is_none());
    // What is known, and that there is no name, is not asked for again.
    assert_eq!(names.all(&wanted, LONG), found);
    let mut asked = asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(asked, wanted);
}

#[test]
fn private_addresses_are_never_asked_for() {
    let (mut names, asked) = names(|_| Answer::Name("name.example".to_owned()));
    let private: Vec<IpAddr> =
        ["10.0.0.1", "192.168.1.1", "100.64.0.1", "169.254.1.1", "fe80::1", "fd00::1", "::1", "192.0.2.1"]
            .map(|address| address.parse().unwrap())
            .into();
    assert!(names.all(&private, LONG).is_empty());
    assert!(names.knows(private) && asked.lock().unwrap().is_empty());
}

#[test]
fn a_resolver_that_never_answers_costs_the_patience_and_no_more() {
    let mut names =
        Names::with(|| Some(Box::new(|_| Box::pin(std::future::pending::<Answer>()) as Pin<Box<_>>)));
    let wanted = addresses(200);
    assert!(names.all(&wanted, Duration::from_millis(20)).is_empty());
    assert!(!names.knows(wanted));
}

#[test]
fn without_a_resolver_nobody_waits() {
    let mut names = Names::with(|| None);
    let wanted = addresses(200);
    assert!(names.all(&wanted, LONG).is_empty());
    assert!(names.knows(wanted));
}

#[test]
fn names_come_one_by_one() {
    let wanted = addresses(2);
    let slow = wanted[1];
    let mut names = Names::with(move || {
        Some(Box::new(move |address| {
            Box::pin(async move {
                if address == slow {
                    std::future::pending::<()>().await;
                }
                Answer::Name("quick.example".to_owned())
            })
        }))
    });
    names.ask(wanted.iter().copied());
    while names.of(wanted[0]).is_none() {
        names.wait(LONG);
    }
    assert!(names.knows([wanted[0]]) && !names.knows(wanted));
}

#[test]
fn a_failure_takes_no_name_away_and_is_asked_again() {
    let (mut names, _) = names(|_| Answer::Failed);
    let address = addresses(1)[0];
    names.learn(address, Answer::Name("old.example".to_owned()));
    names.learn(address, Answer::Failed);
    assert_eq!(names.of(address), Some("old.example"));
    let until = names.known[&address].until;
    assert!(until <= now() + FAILED);
    names.learn(address, Answer::Nameless);
    assert_eq!(names.of(address), None);
}

#[test]
fn an_address_is_no_name() {
    assert_eq!(readable("192.0.2.1."), None);
    assert_eq!(readable("2001:db8::1"), None);
    assert_eq!(readable("."), None);
    assert_eq!(readable(""), None);
    assert_eq!(readable("a.example."), Some("a.example".to_owned()));
    assert!(look_up([]).is_empty());
}
