//! Targets: the overview, and each by itself.

use core::cmp::Reverse;
use core::hash::{Hash as _, Hasher as _};
use core::time::Duration;
use std::hash::DefaultHasher;
use std::sync::{Arc, PoisonError};

use serde::Deserialize;
use trace_core::model::Protocols;
use trace_store::{Error, Newest, Overview, Point, Standing, Store, Window};

use super::details::{Detail, Turn};
use super::{Dashboard, STALE_AFTER_S};
use crate::clock;
use crate::serve::answer::Answer;
use crate::serve::problem::Problem;
use crate::serve::query;
use crate::serve::shape::{self, Era, Page, Steps, Target};
use crate::serve::source::Identity;

/// Traces in a sparkline.
const SPARK: u32 = 48;
/// Series whose newest traces are kept.
const GLANCES: usize = 4096;
/// Traces of a step of a chart that are read.
const COUNTED: u16 = 20;
pub(super) const WEEK: i64 = 7 * clock::DAY;

/// Which targets.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Targets {
    q: Option<String>,
    status: Option<String>,
    vantage: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

/// What part of a series.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Span {
    since: Option<String>,
    until: Option<String>,
    points: Option<String>,
}

/// What is read of a series to show it in the overview: its newest traces, which an index tells at once.
#[derive(Debug)]
pub(super) struct Glance {
    stamp: (Option<Identity>, (u64, i64)),
    newest: Option<Newest>,
    recent: Vec<Point>,
    interval: Option<Duration>,
}

impl Glance {
    fn read(store: &Store, standing: &Standing, file: Option<Identity>) -> Result<Self, Error> {
        let recent = store.recent(standing, SPARK)?;
        Ok(Self {
            stamp: (file, standing.stamp()),
            newest: store.newest(standing)?,
            interval: interval(&recent),
            recent,
        })
    }

    /// How old the newest trace may be before it is stale.
    fn patience(&self) -> i64 {
        let usual = i64::from(STALE_AFTER_S) * 1_000_000_000;
        let thrice =
            |interval: Duration| i64::try_from(interval.as_nanos()).unwrap_or(i64::MAX).saturating_mul(3);
        self.interval.map_or(usual, |interval| thrice(interval).max(usual / 24))
    }

    /// How the target does, in a word.
    fn status(&self, standing: &Standing, now: i64) -> &'static str {
        let age = now.saturating_sub(standing.last);
        match (age > self.patience(), standing.reached) {
            (true, _) => "stale",
            (false, true) => "reached",
            (false, false) => "not-reached",
        }
    }
}

/// The median time from trace to trace.
fn interval(recent: &[Point]) -> Option<Duration> {
    let pairs = recent.iter().zip(recent.iter().skip(1));
    let mut gaps: Vec<u64> = pairs.map(|(a, b)| b.started.abs_diff(a.started)).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len().checked_sub(1)? / 2).copied().map(Duration::from_nanos)
}

impl Dashboard {
    pub(crate) fn targets(&self, asked: &Targets) -> Result<Answer, Problem> {
        let limit = query::limit(asked.limit.as_deref(), 100, 500)?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        if let Some(status) = &asked.status
            && !["reached", "not-reached", "stale"].contains(&status.as_str())
        {
            return Err(Problem::senseless("status is reached, not-reached or stale"));
        }
        let now = clock::now();
        let after = asked.cursor.as_deref().map(|cursor| {
            query::key(cursor).ok_or_else(|| Problem::senseless("cursor is none that this server gave"))
        });
        let after = after.transpose()?;
        let mut standings = self.standings()?;
        standings.retain(|standing| asked.means(standing));
        standings.sort_by_cached_key(order);
        let start = match after {
            None => 0,
            Some(after) => match standings.iter().position(|standing| standing.key == after) {
                Some(place) => place + 1,
                None => {
                    return Err(Problem::senseless(
                        "the target that the cursor stood at is gone: begin anew",
                    ));
                }
            },
        };
        let mut shown: Vec<Standing> = Vec::new();
        let mut glances = Vec::new();
        let mut next = None;
        for standing in standings.into_iter().skip(start) {
            let glance = self.glance(&standing)?;
            let wanted = |status: &str| asked.status.as_deref().is_none_or(|asked| asked == status);
            if glance.newest.is_none() || !wanted(glance.status(&standing, now)) {
                continue;
            }
            if shown.len() == limit {
                next = shown.last().map(|last| shape::key(last.key));
                break;
            }
            shown.push(standing);
            glances.push(glance);
        }
        let known = self.details.of(&shown, Turn::Next).details;
        let each = shown.iter().zip(&glances).zip(&known);
        let items: Vec<Target> = each
            .filter_map(|((standing, glance), detail)| target(standing, glance, detail.as_deref(), now))
            .collect();
        Answer::json(&Page { items, next })
    }

    pub(crate) fn target(&self, key: &str) -> Result<Answer, Problem> {
        let standing = self.standing(key)?;
        let glance = self.glance(&standing)?;
        let known = self.details.of(core::slice::from_ref(&standing), Turn::Next).details;
        let detail = known.first().and_then(Option::as_deref);
        Answer::json(&target(&standing, &glance, detail, clock::now()).ok_or_else(unknown)?)
    }

    pub(crate) fn eras(&self, key: &str, span: &Span) -> Result<Answer, Problem> {
        let since = query::instant("since", span.since.as_deref())?;
        let until = query::instant("until", span.until.as_deref())?;
        let standing = self.standing(key)?;
        let question = format!("eras {key} {since:?} {until:?}");
        self.memo.get(&question, self.stamp(&standing), || {
            let eras = self.source.ask(|store| store.eras_of(&standing.series, since, until))?;
            Answer::json(&Page { items: eras.iter().map(Era::from).collect(), next: None })
        })
    }

    pub(crate) fn series(&self, key: &str, span: &Span) -> Result<Answer, Problem> {
        let standing = self.standing(key)?;
        let steps = match span.points.as_deref() {
            None => 120,
            Some(points) => points
                .parse()
                .ok()
                .filter(|points| (10..=500).contains(points))
                .ok_or_else(|| Problem::senseless("points is a whole number from 10 to 500"))?,
        };
        let until = query::instant("until", span.until.as_deref())?;
        let until = until.unwrap_or_else(|| standing.last.saturating_add(1));
        let since = query::instant("since", span.since.as_deref())?;
        let since = since.unwrap_or_else(|| until.saturating_sub(WEEK).max(standing.first));
        if since >= until {
            return Err(Problem::senseless("since lies behind until"));
        }
        let window = Window { since, until, steps, most: COUNTED };
        let question = format!("series {key} {since} {until} {steps}");
        self.memo.get(&question, self.stamp(&standing), || {
            let buckets = self.source.ask(|store| store.buckets(&standing, &window))?;
            Answer::json(&Steps::of(&buckets, &window))
        })
    }

    /// The series of a key, brought up to date.
    pub(super) fn standing(&self, key: &str) -> Result<Standing, Problem> {
        self.source.survey(|overview, _| Ok(find(overview, key)))?.ok_or_else(unknown)
    }

    /// All series, brought up to date. What is read of them is read while others may ask for them.
    pub(super) fn standings(&self) -> Result<Vec<Standing>, Problem> {
        let standings = self.source.survey(|overview, _| Ok(overview.standings().to_vec()))?;
        self.details.keep(&standings);
        Ok(standings)
    }

    /// Changes whenever the series does, or the file it is in becomes another one.
    pub(super) fn stamp(&self, standing: &Standing) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.source.file(), standing.stamp()).hash(&mut hasher);
        hasher.finish()
    }

    fn glance(&self, standing: &Standing) -> Result<Arc<Glance>, Problem> {
        let glances = || self.glances.lock().unwrap_or_else(PoisonError::into_inner);
        let file = self.source.file();
        let stamp = (file, standing.stamp());
        if let Some(known) = glances().get(&standing.key).filter(|known| known.stamp == stamp) {
            return Ok(Arc::clone(known));
        }
        let glance = Arc::new(self.source.ask(|store| Glance::read(store, standing, file))?);
        let mut glances = glances();
        if glances.len() >= GLANCES {
            glances.clear();
        }
        glances.insert(standing.key, Arc::clone(&glance));
        Ok(glance)
    }
}

impl Targets {
    fn means(&self, standing: &Standing) -> bool {
        let vantage = standing.series.vantage.as_deref();
        if self.vantage.as_deref().is_some_and(|wanted| vantage != Some(wanted)) {
            return false;
        }
        let Some(part) = self.q.as_deref().map(str::trim).filter(|part| !part.is_empty()) else {
            return true;
        };
        let part = part.to_lowercase();
        let address = standing.series.address.map(|address| address.to_string());
        [standing.name.as_deref(), address.as_deref(), vantage]
            .into_iter()
            .flatten()
            .any(|text| text.to_lowercase().contains(&part))
    }
}

/// Targets stand by name; those without one by address, behind them.
fn order(standing: &Standing) -> impl Ord + use<> {
    let name = standing.name.as_ref().map(|name| name.to_lowercase());
    let series = &standing.series;
    let protocol = series.protocol.map(Protocols::as_str);
    (Reverse(name.is_some()), name, series.address, protocol, series.vantage.clone(), standing.key)
}

fn find(overview: &Overview, key: &str) -> Option<Standing> {
    overview.find(query::key(key)?).cloned()
}

fn unknown() -> Problem {
    Problem::missing("no target goes by this key; /api/v1/targets lists them")
}

/// A series as the overview shows it, with what is known of it; `None` where its newest trace has just been removed.
fn target(standing: &Standing, glance: &Glance, detail: Option<&Detail>, now: i64) -> Option<Target> {
    let newest = glance.newest.as_ref()?;
    let since = |age: i64| {
        let changes = &detail?.changes;
        Some(changes.iter().filter(|change| change.at > now.saturating_sub(age)).count())
    };
    Some(Target {
        key: shape::key(standing.key),
        name: standing.name.clone(),
        address: standing.series.address.map(|address| address.to_string()),
        protocol: shape::protocol(standing),
        vantage: standing.series.vantage.clone(),
        traces: standing.traces,
        first: clock::rfc3339(standing.first),
        last: newest.into(),
        status: glance.status(standing, now),
        era_since: detail.and_then(|detail| detail.era_since).map(clock::rfc3339),
        changes_24h: since(clock::DAY),
        changes_7d: since(WEEK),
        sparkline: shape::spark(&glance.recent),
        interval_s: glance.interval.map(|interval| interval.as_secs_f64()),
    })
}
