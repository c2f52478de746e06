//! The questions to the service: which are asked, in which order, by how many threads, and what a failure means for the
//! next ones.

use std::collections::{BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use time::OffsetDateTime;

use super::answer::Said;
use super::service::{Fault, Service};
use super::{FRESH, FRESH_NOTHING, NAME};
use crate::cache::{Answer, AnswerStore};

/// A key that was refused is not tried again for an hour.
const REST_REFUSED: Duration = Duration::from_secs(3600);
/// A service that does not work is left alone for a minute.
pub(super) const REST_BROKEN: Duration = Duration::from_secs(60);
/// A plan without bulk requests is not asked again for one for a week.
const REST_BULK: Duration = Duration::from_secs(7 * 86_400);
/// Addresses in one bulk request; the service takes 50,000.
const BULK: usize = 1000;
/// Single requests under way at once.
pub(super) const AT_ONCE: usize = 4;

pub(super) type Clock = dyn Fn() -> i64 + Send + Sync;

/// What the threads that ask share.
pub(super) struct Asker {
    pub(super) service: Service,
    pub(super) answers: AnswerStore,
    /// Nanoseconds since 1970 UTC.
    pub(super) clock: Box<Clock>,
    /// Whom a rest is about: this key, by a part of its hash.
    pub(super) who: String,
    /// What the user has not been told yet.
    pub(super) remarks: Mutex<BTreeSet<String>>,
}

/// Questions on their way, shared by the threads that ask them and the one that waits.
#[derive(Default)]
pub(super) struct Errand {
    pub(super) open: Mutex<Open>,
    pub(super) finished: Condvar,
}

#[derive(Default)]
pub(super) struct Open {
    pub(super) questions: VecDeque<IpAddr>,
    /// Nobody waits any more: no further question is asked.
    pub(super) given_up: bool,
    pub(super) done: bool,
}

impl Errand {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, Open> {
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
    pub(super) fn fresh(&self, address: IpAddr) -> Option<Answer> {
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

    pub(super) fn rest(&self) -> Option<(i64, String)> {
        self.answers.rest(&self.who, self.now()).ok().flatten()
    }

    pub(super) fn remark(&self, remark: String) {
        self.remarks.lock().unwrap_or_else(PoisonError::into_inner).insert(remark);
    }

    pub(super) fn take_rest(&self, span: Duration, why: String) {
        self.rest_until(self.now().saturating_add(nanoseconds(span)), why);
    }

    fn rest_until(&self, until: i64, why: String) {
        self.remark(format!("{why}; it is not asked before {}", instant(until)));
        if let Err(error) = self.answers.set_rest(&self.who, until, &why) {
            self.remark(error.to_string());
        }
    }

    /// Asks all questions, one process at a time.
    pub(super) fn run(&self, questions: Vec<IpAddr>, errand: &Errand) {
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

fn nanoseconds(span: Duration) -> i64 {
    i64::try_from(span.as_nanos()).unwrap_or(i64::MAX)
}

pub(super) fn at(nanoseconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)).ok()
}

/// `2026-11-25 00:00 UTC`.
pub(super) fn instant(nanoseconds: i64) -> String {
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
