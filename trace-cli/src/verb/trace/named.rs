//! Host names that come while other things are done.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use crate::names;
use crate::settings::may_be_named;

/// Names that are remembered; then all are forgotten.
const NAMES: usize = 1 << 16;

/// What was asked for, and the names there are.
type Answer = (BTreeSet<IpAddr>, BTreeMap<IpAddr, String>);

/// Host names, looked up by a thread of their own and remembered: traces that begin alike ask for the same.
pub(super) struct Named {
    questions: Sender<BTreeSet<IpAddr>>,
    answers: Receiver<Answer>,
    /// What was answered; `None` where there is no name.
    known: BTreeMap<IpAddr, Option<String>>,
    asked: BTreeSet<IpAddr>,
}

impl Named {
    pub(super) fn start() -> Self {
        let (questions, asked) = channel::<BTreeSet<IpAddr>>();
        let (answer, answers) = channel();
        let worker = move || {
            while let Ok(mut questions) = asked.recv() {
                // What was asked for meanwhile goes along.
                questions.extend(asked.try_iter().flatten());
                let names = names::look_up(questions.iter().copied());
                if answer.send((questions, names)).is_err() {
                    return;
                }
            }
        };
        // A machine that is out of threads shows addresses instead of names.
        let _ = thread::Builder::new().name("names".to_owned()).spawn(worker);
        Self { questions, answers, known: BTreeMap::new(), asked: BTreeSet::new() }
    }

    /// Asks for the names of those addresses that may be asked for and were not yet.
    pub(super) fn ask(&mut self, addresses: impl IntoIterator<Item = IpAddr>) {
        if self.known.len() > NAMES {
            self.known.clear();
        }
        let new: BTreeSet<IpAddr> = addresses
            .into_iter()
            .filter(|address| may_be_named(*address))
            .filter(|address| !self.known.contains_key(address) && !self.asked.contains(address))
            .collect();
        if !new.is_empty() {
            self.asked.extend(&new);
            // A thread that could not be started answers nothing.
            let _ = self.questions.send(new);
        }
    }

    /// Waits for names that are being looked up.
    pub(super) fn wait(&mut self, limit: Duration) {
        if let Ok(answer) = self.answers.recv_timeout(limit) {
            self.learn(answer);
        }
    }

    /// Takes in what has come.
    pub(super) fn take_in(&mut self) {
        while let Ok(answer) = self.answers.try_recv() {
            self.learn(answer);
        }
    }

    fn learn(&mut self, (questions, names): Answer) {
        for address in questions {
            self.asked.remove(&address);
            self.known.insert(address, names.get(&address).cloned());
        }
    }

    /// Whether everything that can be known of these names is.
    pub(super) fn knows(&self, addresses: impl IntoIterator<Item = IpAddr>) -> bool {
        addresses.into_iter().all(|address| !may_be_named(address) || self.known.contains_key(&address))
    }

    /// The name of an address, as far as it has come.
    pub(super) fn of(&self, address: IpAddr) -> Option<&str> {
        self.known.get(&address)?.as_deref()
    }
}
