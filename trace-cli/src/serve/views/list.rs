//! Lists of traces, page by page.

use core::str::FromStr;

use serde::Deserialize;
use trace_core::model::{Outcome, Protocols};
use trace_store::{Filter, Match};

use super::Dashboard;
use crate::serve::answer::Answer;
use crate::serve::problem::Problem;
use crate::serve::query;
use crate::serve::shape::{Page, Row};

/// Which traces.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Traces {
    target: Option<String>,
    q: Option<String>,
    since: Option<String>,
    until: Option<String>,
    outcome: Option<String>,
    protocol: Option<String>,
    cursor: Option<String>,
    limit: Option<String>,
}

impl Dashboard {
    pub(crate) fn traces(&self, asked: &Traces) -> Result<Answer, Problem> {
        let limit = query::limit(asked.limit.as_deref(), 100, 500)?;
        let mut filter = Filter {
            limit: Some(limit),
            since: query::instant("since", asked.since.as_deref())?,
            until: query::instant("until", asked.until.as_deref())?,
            search: asked.q.clone(),
            outcome: word("outcome", asked.outcome.as_deref())?
                .map_or(Match::Any, |outcome: Outcome| Match::Is(outcome)),
            protocol: word("protocol", asked.protocol.as_deref())?
                .map_or(Match::Any, |protocols: Protocols| Match::Is(protocols)),
            ..Filter::default()
        };
        if let Some(cursor) = &asked.cursor {
            filter.before = Some(
                cursor.parse().map_err(|error: trace_store::Error| Problem::senseless(error.to_string()))?,
            );
        }
        if let Some(key) = &asked.target {
            let series = self.standing(key)?.series;
            let protocol = exactly(series.protocol);
            if filter.protocol != Match::Any && filter.protocol != protocol {
                return Answer::json(&Page::<Row> { items: Vec::new(), next: None });
            }
            filter.address = exactly(series.address);
            filter.vantage = exactly(series.vantage);
            filter.protocol = protocol;
        }
        let found = self.source.ask(|store| store.list(&filter))?;
        let full = u32::try_from(found.len()).is_ok_and(|found| found >= limit);
        let next = found.last().filter(|_| full).map(|last| last.cursor.to_string());
        Answer::json(&Page { items: found.iter().map(Row::from).collect(), next })
    }
}

fn exactly<T>(value: Option<T>) -> Match<T> {
    value.map_or(Match::Missing, Match::Is)
}

fn word<T: FromStr>(name: &str, typed: Option<&str>) -> Result<Option<T>, Problem>
where
    T::Err: core::fmt::Display,
{
    let Some(typed) = typed.filter(|typed| !typed.is_empty()) else { return Ok(None) };
    typed.parse().map(Some).map_err(|error: T::Err| Problem::senseless(format!("{name}: {error}")))
}
