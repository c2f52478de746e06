//! Host names of addresses, by the resolver of this system's configuration (`resolv.conf`, `hosts`).
//!
//! The C library's resolver cannot be stopped and holds a thread for every question; this one is asked for
//! hundreds of names at once by one thread, gives each question its time, and follows the aliases of networks
//! that are smaller than a /24 (RFC 2317). Names are whatever somebody wrote into his zone: they are escaped
//! before anybody sees them, and a hint of a place in them is only a candidate.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinSet;

use crate::settings::may_be_named;

/// How long all names together are waited for.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long one question may take, with all its repetitions.
const LONGEST: Duration = Duration::from_secs(6);
/// Questions under way at once: resolvers of homes and offices answer that many without dropping any.
const AT_ONCE: usize = 64;
/// How long a name counts, how long it counts that there is none, and how long nobody is asked again who did not answer.
const NAMED: Duration = Duration::from_secs(3600);
const NAMELESS: Duration = Duration::from_secs(600);
const FAILED: Duration = Duration::from_secs(30);
/// So many addresses are remembered; then those that are due to be asked for again are forgotten, or else all.
const MOST: usize = 1 << 16;

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Answer {
    Name(String),
    /// There is no name.
    Nameless,
    /// Nobody answered, or none of this can be.
    Failed,
}

/// What is known of an address, and until when.
#[derive(Debug)]
struct Known {
    name: Option<String>,
    until: Instant,
}

/// Somebody to ask.
type Resolve = Box<dyn Fn(IpAddr) -> Pin<Box<dyn Future<Output = Answer> + Send>>>;

/// Host names, looked up by a thread of their own while other things are done, and remembered.
pub(crate) struct Names {
    /// Where questions go; `None` if there is nobody to ask.
    questions: Option<UnboundedSender<IpAddr>>,
    answers: Receiver<(IpAddr, Answer)>,
    known: HashMap<IpAddr, Known>,
    asked: HashSet<IpAddr>,
}

impl Names {
    /// Starts the thread. The system's configuration is read by it, when the first question comes.
    pub(crate) fn start() -> Self {
        Self::with(system)
    }

    fn with(resolver: impl FnOnce() -> Option<Resolve> + Send + 'static) -> Self {
        let (questions, to_ask) = unbounded_channel();
        let (answer, answers) = channel();
        let worker = move || work(resolver, to_ask, &answer);
        // A machine that is out of threads shows addresses instead of names.
        let started = thread::Builder::new().name("names".to_owned()).spawn(worker);
        Self {
            questions: started.is_ok().then_some(questions),
            answers,
            known: HashMap::new(),
            asked: HashSet::new(),
        }
    }

    /// Asks for the names of those addresses that may be asked for and are not known. Others learn nothing of private
    /// networks: only global addresses are asked for.
    pub(crate) fn ask(&mut self, addresses: impl IntoIterator<Item = IpAddr>) {
        let now = now();
        if self.known.len() > MOST {
            self.known.retain(|_, known| known.until > now);
        }
        if self.known.len() > MOST {
            self.known.clear();
        }
        for address in addresses {
            let fresh = self.known.get(&address).is_some_and(|known| known.until > now);
            if fresh || !may_be_named(address) || !self.asked.insert(address) {
                continue;
            }
            let sent = self.questions.as_ref().is_some_and(|questions| questions.send(address).is_ok());
            if !sent {
                self.learn(address, Answer::Failed);
            }
        }
    }

    /// Waits for the next name, and takes in what has come.
    pub(crate) fn wait(&mut self, limit: Duration) {
        if self.asked.is_empty() {
            return;
        }
        if let Ok((address, answer)) = self.answers.recv_timeout(limit) {
            self.learn(address, answer);
        }
        self.take_in();
    }

    /// Takes in what has come.
    pub(crate) fn take_in(&mut self) {
        while let Ok((address, answer)) = self.answers.try_recv() {
            self.learn(address, answer);
        }
    }

    fn learn(&mut self, address: IpAddr, answer: Answer) {
        self.asked.remove(&address);
        let until = now()
            + match answer {
                Answer::Name(_) => NAMED,
                Answer::Nameless => NAMELESS,
                Answer::Failed => FAILED,
            };
        let name = match answer {
            Answer::Name(name) => Some(name),
            Answer::Nameless => None,
            // Nobody says that the name it had is wrong.
            Answer::Failed => self.known.remove(&address).and_then(|known| known.name),
        };
        self.known.insert(address, Known { name, until });
    }

    /// Whether everything that can be known of these names is.
    pub(crate) fn knows(&self, addresses: impl IntoIterator<Item = IpAddr>) -> bool {
        addresses.into_iter().all(|address| {
            !may_be_named(address) || (self.known.contains_key(&address) && !self.asked.contains(&address))
        })
    }

    /// The name of an address, as far as it has come.
    pub(crate) fn of(&self, address: IpAddr) -> Option<&str> {
        self.known.get(&address)?.name.as_deref()
    }

    /// Asks for all these names and waits until all have come, or time is up.
    fn all(&mut self, addresses: &[IpAddr], patience: Duration) -> BTreeMap<IpAddr, String> {
        self.ask(addresses.iter().copied());
        let end = now() + patience;
        while !self.asked.is_empty() && now() < end {
            self.wait(end.saturating_duration_since(now()));
        }
        let named = addresses.iter().filter_map(|address| Some((*address, self.of(*address)?.to_owned())));
        named.collect()
    }
}

/// The names of those of `addresses` that may be asked for, as far as they come within a second.
pub(crate) fn look_up(addresses: impl IntoIterator<Item = IpAddr>) -> BTreeMap<IpAddr, String> {
    let addresses: Vec<IpAddr> = addresses.into_iter().filter(|address| may_be_named(*address)).collect();
    if addresses.is_empty() { BTreeMap::new() } else { Names::start().all(&addresses, PATIENCE) }
}

/// Answers questions until nobody is left to ask any.
fn work(
    resolver: impl FnOnce() -> Option<Resolve>,
    mut questions: UnboundedReceiver<IpAddr>,
    answers: &Sender<(IpAddr, Answer)>,
) {
    let Some(first) = questions.blocking_recv() else { return };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
    let resolver = runtime.block_on(async { resolver() });
    runtime.block_on(async {
        let mut under_way = JoinSet::new();
        let mut next = Some(first);
        loop {
            if let Some(address) = next.take() {
                match &resolver {
                    Some(resolve) => {
                        let answer = resolve(address);
                        under_way.spawn(async move {
                            (address, tokio::time::timeout(LONGEST, answer).await.unwrap_or(Answer::Failed))
                        });
                    }
                    None if answers.send((address, Answer::Failed)).is_err() => return,
                    None => {}
                }
            }
            tokio::select! {
                question = questions.recv(), if under_way.len() < AT_ONCE => match question {
                    Some(address) => next = Some(address),
                    // Who does not ask any more does not wait for answers either.
                    None => return,
                },
                Some(Ok(answered)) = under_way.join_next() => {
                    if answers.send(answered).is_err() {
                        return;
                    }
                }
            }
        }
    });
}

/// The resolver of the system's configuration; `None` if there is none, or one that makes no sense.
fn system() -> Option<Resolve> {
    let resolver = TokioResolver::builder_tokio().ok()?.build().ok()?;
    Some(Box::new(move |address| {
        let resolver = resolver.clone();
        Box::pin(async move {
            match resolver.reverse_lookup(address).await {
                Ok(found) => {
                    let names = found.answers().iter().filter_map(|record| match &record.data {
                        RData::PTR(name) => readable(&name.to_ascii()),
                        _ => None,
                    });
                    // Of several the same one every time.
                    names.min().map_or(Answer::Nameless, Answer::Name)
                }
                Err(error) if error.is_no_records_found() || error.is_nx_domain() => Answer::Nameless,
                Err(_) => Answer::Failed,
            }
        })
    }))
}

/// A name without the dot at its end. Somebody who knows none may hand back the address.
fn readable(name: &str) -> Option<String> {
    let name = name.strip_suffix('.').unwrap_or(name);
    (!name.is_empty() && name.parse::<IpAddr>().is_err()).then(|| name.to_owned())
}

#[expect(clippy::disallowed_methods, reason = "waiting for the resolver ends after a time, in this program")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests;
