//! [ipgeolocation.io](https://ipgeolocation.io): a web service that places addresses, for those who have a key.
//!
//! Nothing is sent without a key, and only globally reachable addresses are. An address is asked for once: its answer
//! is kept in an [`AnswerStore`] and holds for [`FRESH`]. When the quota is used up nothing more is asked until
//! tomorrow, also by the next process.

mod answer;
mod service;
#[cfg(test)]
mod tests;

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use trace_core::model::Evidence;

use self::answer::Said;
use self::service::{Fault, Service};
use crate::cache::{Answer, AnswerStore};
use crate::download::{BaseUrl, BaseUrlFault, Waits};
use crate::{Error, Locate, Secret, SourceInfo, is_global, translated};

/// Where the service is.
pub const BASE_URL: &str = "https://api.ipgeolocation.io/v3";
/// How long a place holds: 30 days.
pub const FRESH: Duration = Duration::from_secs(30 * 86_400);
/// How long it holds that the service knows nothing of an address: 7 days.
pub const FRESH_NOTHING: Duration = Duration::from_secs(7 * 86_400);

/// Whose data it is.
const ATTRIBUTION: &str = "IP geolocation by ipgeolocation.io (https://ipgeolocation.io)";
/// The name of the source.
const NAME: &str = "ipgeolocation";
/// A key that was refused is not tried again for an hour.
const REST_REFUSED: Duration = Duration::from_secs(3600);
/// A service that does not work is left alone for a minute.
const REST_BROKEN: Duration = Duration::from_secs(60);
/// A plan without bulk requests is not asked again for one for a week.
const REST_BULK: Duration = Duration::from_secs(7 * 86_400);
/// Addresses in one bulk request; the service takes 50,000.
const BULK: usize = 1000;
/// Single requests under way at once.
const AT_ONCE: usize = 4;

/// How a service is used.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where it is, without the last part of the path: [`BASE_URL`], or one of your own. `http://` only on this
    /// machine.
    pub base_url: String,
    /// The user's key.
    pub key: Secret,
    /// How long one request may take.
    pub timeout: Duration,
    /// How long all questions of one [`Locate::prepare`] or [`Locate::locate`] may take together. What is not
    /// answered then is not placed by this source.
    pub patience: Duration,
}

impl Settings {
    /// The service at its usual place: 3 seconds for a request, 4 for all of a trace.
    #[must_use]
    pub fn new(key: Secret) -> Self {
        Self {
            base_url: BASE_URL.to_owned(),
            key,
            timeout: Duration::from_secs(3),
            patience: Duration::from_secs(4),
        }
    }
}

/// The source of places that asks ipgeolocation.io.
///
/// [`Locate::prepare`] asks for many addresses at once, in bulk where the plan allows it; [`Locate::remarks`] says
/// what went wrong.
pub struct IpGeolocation {
    info: SourceInfo,
    patience: Duration,
    asker: Arc<Asker>,
}

type Clock = dyn Fn() -> i64 + Send + Sync;

/// What the threads that ask share.
struct Asker {
    service: Service,
    answers: AnswerStore,
    /// Nanoseconds since 1970 UTC.
    clock: Box<Clock>,
    /// Whom a rest is about: this key, by a part of its hash.
    who: String,
    /// What the user has not been told yet.
    remarks: Mutex<BTreeSet<String>>,
}

/// Questions on their way, shared by the threads that ask them and the one that waits.
#[derive(Default)]
struct Errand {
    open: Mutex<Open>,
    finished: Condvar,
}

#[derive(Default)]
struct Open {
    questions: VecDeque<IpAddr>,
    /// Nobody waits any more: no further question is asked.
    given_up: bool,
    done: bool,
}

impl IpGeolocation {
    /// The service, its answers kept in `answers`, and the time told by `clock`, in nanoseconds since 1970 UTC.
    /// Nothing is sent yet.
    ///
    /// # Errors
    /// [`Error::BaseUrl`] if the address of the service is none.
    pub fn new(
        settings: Settings,
        answers: AnswerStore,
        clock: impl Fn() -> i64 + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let base = base_url(&settings.base_url)
            .map_err(|fault| Error::BaseUrl { service: "ipgeolocation.io", fault })?;
        let Settings { key, timeout, patience, .. } = settings;
        let agent = base.agent(0, Waits { connect: timeout, response: timeout, all: timeout });
        let who = key_mark(&key);
        Ok(Self {
            info: SourceInfo { name: NAME.into(), built: None, attribution: Some(ATTRIBUTION.to_owned()) },
            patience,
            asker: Arc::new(Asker {
                service: Service { agent, base, key },
                answers,
                clock: Box::new(clock),
                who,
                remarks: Mutex::default(),
            }),
        })
    }

    /// Until when nothing is asked, in nanoseconds since 1970 UTC, and why.
    #[must_use]
    pub fn rest(&self) -> Option<(i64, String)> {
        self.asker.rest()
    }
}

/// The whole address that is asked may have been given, as the old scripts had it.
fn base_url(text: &str) -> Result<BaseUrl, BaseUrlFault> {
    let base = BaseUrl::new(text)?;
    match base.as_str().strip_suffix("/ipgeo") {
        Some(shorter) => BaseUrl::new(shorter),
        None => Ok(base),
    }
}

/// Whether anybody may be told of this address: it is global, and so is one that a translator (RFC 6052) hid in it.
fn may_be_sent(address: IpAddr) -> bool {
    is_global(address) && translated(address).is_none_or(|inner| is_global(inner.into()))
}

/// A word for a key from which nobody learns the key: 64 bits of a hash.
fn key_mark(key: &Secret) -> String {
    let hash = Sha256::digest(format!("trace rest {}", key.expose()));
    let bytes = hash.iter().take(8).map(|byte| format!("{byte:02x}"));
    format!("{NAME}:{}", bytes.collect::<String>())
}

impl Locate for IpGeolocation {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// What the service said of `address`, asked for now if it was not before. `None` for an address that is not
    /// globally reachable, which is never sent, and where no answer could be had: [`Locate::remarks`] tells why.
    fn locate(&self, address: IpAddr) -> Result<Option<Evidence>, Error> {
        if !may_be_sent(address) {
            return Ok(None);
        }
        if let Some(answer) = self.asker.fresh(address) {
            return Ok(self.evidence(answer));
        }
        self.prepare(&[address]);
        Ok(self.asker.fresh(address).and_then(|answer| self.evidence(answer)))
    }

    /// Asks for those of `addresses` that are global and whose answers are not known, all of them within
    /// [`Settings::patience`].
    fn prepare(&self, addresses: &[IpAddr]) {
        let questions: BTreeSet<IpAddr> = addresses
            .iter()
            .copied()
            .filter(|address| may_be_sent(*address) && self.asker.fresh(*address).is_none())
            .collect();
        if questions.is_empty() {
            return;
        }
        if let Some((until, why)) = self.asker.rest() {
            self.asker.remark(format!("{why}; it is not asked before {}", instant(until)));
            return;
        }
        let errand = Arc::new(Errand::default());
        let (asker, theirs) = (Arc::clone(&self.asker), Arc::clone(&errand));
        let run = move || {
            asker.run(questions.into_iter().collect(), &theirs);
            theirs.lock().done = true;
            theirs.finished.notify_all();
        };
        // Whoever waits need not wait for a request that hangs: the thread goes on alone, and its answer is kept.
        if thread::Builder::new().name(NAME.to_owned()).spawn(run).is_err() {
            self.asker.remark("ipgeolocation.io is not asked: no thread could be started".to_owned());
            return;
        }
        let open = errand.lock();
        let waited = errand.finished.wait_timeout_while(open, self.patience, |open| !open.done);
        let (mut open, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        open.given_up = true;
        drop(open);
        if waited.timed_out() {
            let patience = self.patience.as_secs_f64();
            self.asker.take_rest(REST_BROKEN, format!("ipgeolocation.io did not answer within {patience} s"));
        }
    }

    fn remarks(&self) -> Vec<String> {
        let mut remarks = self.asker.remarks.lock().unwrap_or_else(PoisonError::into_inner);
        core::mem::take(&mut *remarks).into_iter().collect()
    }

    /// What could not be asked today may be known tomorrow.
    fn is_steady(&self) -> bool {
        self.asker.rest().is_none()
    }
}

impl IpGeolocation {
    fn evidence(&self, answer: Answer) -> Option<Evidence> {
        let day = at(answer.asked)
            .map(|day| format!("{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day()));
        let mut evidence = self.info.evidence(answer.place?);
        evidence.built = day.map(Arc::from);
        evidence.reason = answer.remark;
        Some(evidence)
    }
}

impl Errand {
    fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_given_up(&self) -> bool {
        self.lock().given_up
    }
}

impl Asker {
    fn now(&self) -> i64 {
        (self.clock)()
    }

    /// What is known of an address, as long as it holds.
    fn fresh(&self, address: IpAddr) -> Option<Answer> {
        let answer = match self.answers.answer(NAME, address) {
            Ok(answer) => answer?,
            Err(error) => {
                self.remark(error.to_string());
                return None;
            }
        };
        let holds = nanoseconds(if answer.place.is_some() { FRESH } else { FRESH_NOTHING });
        let age = self.now().saturating_sub(answer.asked);
        // A clock that was set back makes nothing fresh for ever.
        (age < holds && age > -holds).then_some(answer)
    }

    fn rest(&self) -> Option<(i64, String)> {
        self.answers.rest(&self.who, self.now()).ok().flatten()
    }

    fn remark(&self, remark: String) {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).insert(remark);
    }

    fn take_rest(&self, span: Duration, why: String) {
        self.rest_until(self.now().saturating_add(nanoseconds(span)), why);
    }

    fn rest_until(&self, until: i64, why: String) {
        self.remark(format!("{why}; it is not asked before {}", instant(until)));
        if let Err(error) = self.answers.set_rest(&self.who, until, &why) {
            self.remark(error.to_string());
        }
    }

    /// Asks all questions, one process at a time.
    fn run(&self, questions: Vec<IpAddr>, errand: &Errand) {
        let _alone = match self.answers.alone() {
            Ok(alone) => alone,
            // Without a place for the answers everything would be asked again and again.
            Err(error) => return self.remark(format!("ipgeolocation.io is not asked: {error}")),
        };
        if errand.is_given_up() || self.rest().is_some() {
            return;
        }
        // Another process may have asked while this one waited.
        let questions: Vec<IpAddr> =
            questions.into_iter().filter(|address| self.fresh(*address).is_none()).collect();
        let bulk_rests = self.answers.rest(&self.bulk(), self.now()).ok().flatten().is_some();
        let mut left = questions;
        let mut bulk_refused = None;
        if left.len() > 1 && !bulk_rests {
            match self.in_bulk(left, errand) {
                Ok(none) => left = none,
                Err((rest, why)) => {
                    left = rest;
                    bulk_refused = Some(why);
                }
            }
        }
        if !left.is_empty()
            && self.one_by_one(left, errand)
            && let Some(why) = bulk_refused
        {
            // A key that is good for single requests: it is the plan.
            let until = self.now().saturating_add(nanoseconds(REST_BULK));
            let _ = self.answers.set_rest(&self.bulk(), until, &why);
        }
    }

    fn bulk(&self) -> String {
        format!("{}:bulk", self.who)
    }

    /// Asks in bulk. What is left to be asked singly comes back as an error with the reason, if the plan has no bulk
    /// requests.
    fn in_bulk(&self, questions: Vec<IpAddr>, errand: &Errand) -> Result<Vec<IpAddr>, (Vec<IpAddr>, String)> {
        let mut size = BULK;
        let mut left = questions.as_slice();
        while !left.is_empty() && !errand.is_given_up() {
            let (now, later) = left.split_at(size.min(left.len()));
            match self.service.many(now) {
                Ok(said) => {
                    let found: Vec<_> = now.iter().zip(said).collect();
                    if !self.keep(found.into_iter().filter_map(|(address, said)| Some((*address, said?)))) {
                        return Ok(Vec::new());
                    }
                    left = later;
                }
                Err(Fault::TooMany) if size > 1 => size = (now.len() / 2).max(1),
                Err(Fault::TooMany) => return Ok(left.to_vec()),
                Err(Fault::Refused(why)) => return Err((left.to_vec(), why)),
                Err(fault) => {
                    self.failed(fault);
                    return Ok(Vec::new());
                }
            }
        }
        Ok(Vec::new())
    }

    /// Asks for one address a request, a few at once. Whether the service answered every one.
    fn one_by_one(&self, questions: Vec<IpAddr>, errand: &Errand) -> bool {
        let threads = questions.len().min(AT_ONCE);
        errand.lock().questions = questions.into();
        let ask = || {
            loop {
                let next = {
                    let mut open = errand.lock();
                    if open.given_up {
                        return false;
                    }
                    open.questions.pop_front()
                };
                let Some(address) = next else { return true };
                match self.service.one(address) {
                    Ok(said) => {
                        if !self.keep([(address, said)].into_iter()) {
                            errand.lock().questions.clear();
                            return false;
                        }
                    }
                    Err(fault) => {
                        // What one is told holds for the others.
                        errand.lock().questions.clear();
                        self.failed(fault);
                        return false;
                    }
                }
            }
        };
        thread::scope(|scope| {
            let helpers: Vec<_> =
                (1..threads).filter_map(|_| thread::Builder::new().spawn_scoped(scope, ask).ok()).collect();
            let mine = ask();
            helpers.into_iter().fold(mine, |all, helper| helper.join().unwrap_or(false) && all)
        })
    }

    /// Keeps answers; whether that worked.
    fn keep(&self, said: impl Iterator<Item = (IpAddr, Said)>) -> bool {
        let asked = self.now();
        let answers: Vec<(IpAddr, Answer)> = said
            .map(|(address, Said { place, remark })| (address, Answer { asked, place, remark }))
            .collect();
        match self.answers.keep(NAME, answers.iter().map(|(address, answer)| (*address, answer))) {
            Ok(()) => true,
            Err(error) => {
                self.take_rest(REST_BROKEN, error.to_string());
                false
            }
        }
    }

    fn failed(&self, fault: Fault) {
        match fault {
            Fault::Quota(said) => {
                let why = format!("the quota of ipgeolocation.io is used up for today (429: {said})");
                self.rest_until(tomorrow(self.now()), why);
            }
            Fault::Refused(said) => {
                let why = format!(
                    "ipgeolocation.io refuses the key, it is wrong or has expired (401: {said}); see \
                     https://app.ipgeolocation.io"
                );
                self.take_rest(REST_REFUSED, why);
            }
            Fault::TooMany => {
                self.take_rest(REST_BROKEN, "ipgeolocation.io finds one address too many (413)".to_owned())
            }
            Fault::Unreachable(cause) => {
                self.take_rest(REST_BROKEN, format!("ipgeolocation.io could not be asked: {cause}"));
            }
            Fault::Broken(cause) => {
                self.take_rest(REST_BROKEN, format!("ipgeolocation.io did not answer usably: {cause}"));
            }
        }
    }
}

impl core::fmt::Debug for IpGeolocation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IpGeolocation")
            .field("base_url", &self.asker.service.base.as_str())
            .finish_non_exhaustive()
    }
}

fn nanoseconds(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

fn at(nanoseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)).ok()
}

/// `2026-11-25 00:00 UTC`.
fn instant(nanoseconds: i64) -> String {
    at(nanoseconds).map_or_else(
        || format!("{nanoseconds} ns"),
        |at| {
            let (year, month, day) = at.to_calendar_date();
            format!("{year:04}-{:02}-{day:02} {:02}:{:02} UTC", u8::from(month), at.hour(), at.minute())
        },
    )
}

/// The next midnight in UTC, when quotas begin anew.
fn tomorrow(now: i64) -> i64 {
    const DAY: i64 = 86_400_000_000_000;
    now.div_euclid(DAY).saturating_add(1).saturating_mul(DAY)
}
