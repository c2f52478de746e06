//! Host names of addresses, by the system's own resolver.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// How long all names together are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// Questions under way at once.
const AT_ONCE: usize = 8;

/// The names of `addresses`, as far as they come within a second. The system's resolver cannot be stopped, so
/// threads that still wait for it are left behind.
pub(crate) fn look_up(addresses: impl IntoIterator<Item = IpAddr>) -> BTreeMap<IpAddr, String> {
    look_up_with(addresses, PATIENCE, |address| dns_lookup::lookup_addr(&address).ok())
}

fn look_up_with(
    addresses: impl IntoIterator<Item = IpAddr>,
    patience: Duration,
    ask: impl Fn(IpAddr) -> Option<String> + Send + Sync + 'static,
) -> BTreeMap<IpAddr, String> {
    let questions: BTreeSet<IpAddr> = addresses.into_iter().collect();
    let mut names = BTreeMap::new();
    let mut waiting = questions.len();
    if waiting == 0 {
        return names;
    }
    let threads = waiting.min(AT_ONCE);
    let questions = Arc::new(Mutex::new(questions.into_iter()));
    let ask = Arc::new(ask);
    let (answer, answers) = mpsc::channel();
    for _ in 0..threads {
        let (questions, ask, answer) = (Arc::clone(&questions), Arc::clone(&ask), answer.clone());
        let worker = move || {
            loop {
                let next = questions.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some(address) = next else { return };
                if answer.send((address, ask(address))).is_err() {
                    return;
                }
            }
        };
        // A machine that is out of threads shows addresses instead of names.
        let _ = thread::Builder::new().name("names".to_owned()).spawn(worker);
    }
    drop(answer);
    let end = now() + patience;
    while waiting > 0 {
        let Ok((address, name)) = answers.recv_timeout(end.saturating_duration_since(now())) else { break };
        waiting -= 1;
        // A resolver that knows no name may hand back the address.
        if let Some(name) = name.filter(|name| name.parse::<IpAddr>().is_err() && !name.is_empty()) {
            names.insert(address, name);
        }
    }
    names
}

#[expect(clippy::disallowed_methods, reason = "waiting for the resolver ends after a time, in this program")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses() -> Vec<IpAddr> {
        (1..=20).map(|last| IpAddr::from([192, 0, 2, last])).collect()
    }

    #[test]
    fn every_address_is_asked_for_once() {
        let twice = addresses().into_iter().chain(addresses());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let asked_by_worker = Arc::clone(&asked);
        let names = look_up_with(twice, Duration::from_secs(10), move |address| {
            asked_by_worker.lock().unwrap().push(address);
            (address != IpAddr::from([192, 0, 2, 7])).then(|| format!("host-{address}.example"))
        });
        assert_eq!(names.len(), 19);
        assert_eq!(names[&IpAddr::from([192, 0, 2, 8])], "host-192.0.2.8.example");
        let mut asked = asked.lock().unwrap().clone();
        asked.sort();
        assert_eq!(asked, addresses());
    }

    #[test]
    fn a_resolver_that_never_answers_costs_the_patience_and_no_more() {
        let (never, waiting) = mpsc::channel::<()>();
        let waiting = Mutex::new(waiting);
        let names = look_up_with(addresses(), Duration::from_millis(20), move |_| {
            let _ = waiting.lock().unwrap().recv();
            Some("late.example".to_owned())
        });
        assert!(names.is_empty());
        drop(never);
    }

    #[test]
    fn an_address_is_no_name() {
        let names = look_up_with(addresses(), Duration::from_secs(10), |address| Some(address.to_string()));
        assert!(names.is_empty());
        assert!(look_up_with([], PATIENCE, |_| None).is_empty());
    }
}
