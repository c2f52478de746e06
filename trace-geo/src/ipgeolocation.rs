//! [ipgeolocation.io](https://ipgeolocation.io): a web service that places addresses, for those who have a key.
//!
//! Nothing is sent without a key, and only globally reachable addresses are. An address is asked for once: its answer
//! is kept in an [`AnswerStore`] and holds for [`FRESH`]. When the quota is used up nothing more is asked until
//! tomorrow, also by the next process.

mod answer;
mod asker;
mod service;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use trace_core::model::Evidence;

use self::asker::{Asker, Errand, REST_BROKEN, at, instant};
use self::service::Service;
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

impl core::fmt::Debug for IpGeolocation {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("IpGeolocation")
            .field("base_url", &self.asker.service.base.as_str())
            .finish_non_exhaustive()
    }
}
