//! Traces: each as document, scene, account and file, and several on one map.

use std::sync::{Arc, PoisonError};

use serde::Deserialize;
use trace_core::model::{Atlas, Trace, Uuid};
use trace_geo::budget::budget;
use trace_render::{MapOptions, Scene, Theme, geojson_with};
use trace_store::diff::diff;
use trace_store::{Store, document};

use super::scenes::Sight;
use super::{Dashboard, Targets};
use crate::args::Format;
use crate::paint::Paint;
use crate::picture::Picture;
use crate::places;
use crate::report::{self, sheet};
use crate::serve::answer::Answer;
use crate::serve::problem::Problem;
use crate::serve::{query, shape};

/// The most paths on one map.
const MOST: u32 = 1000;
/// How many the page asks for (`view/overview.ts`).
const FIRST: &str = "500";
const GEOJSON: &str = "application/geo+json";

/// How a picture looks.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Look {
    theme: Option<String>,
}

/// Which paths of a target.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Eras {
    at: Option<String>,
    eras: Option<String>,
}

/// How many targets.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Many {
    limit: Option<String>,
}

/// Which two traces.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Two {
    a: Option<String>,
    b: Option<String>,
}

impl Dashboard {
    pub(crate) fn document(&self, id: &str) -> Result<Answer, Problem> {
        let (trace, atlas) = self.trace(id)?;
        Ok(Answer::new("application/json", document::write_line(&trace, &atlas)))
    }

    pub(crate) fn scene(&self, id: &str) -> Result<Answer, Problem> {
        let id = self.id(id)?;
        let sights = self.scenes.of(&self.source, &[id])?;
        if sights.is_empty() {
            return Err(unknown());
        }
        Ok(scene(&sights))
    }

    pub(crate) fn budget(&self, id: &str) -> Result<Answer, Problem> {
        let (trace, atlas) = self.trace(id)?;
        let atlas = places::judged(&trace, atlas);
        let account = budget(&trace, &atlas);
        let text = report::budget::text(account.as_ref(), Format::Jsonl, Paint::Plain);
        Ok(Answer::new("application/json", text.map_err(broken)?))
    }

    pub(crate) fn download(&self, id: &str, file: &str, look: &Look) -> Result<Answer, Problem> {
        let theme = match look.theme.as_deref() {
            None => Theme::default(),
            Some(word) => word.parse().map_err(|_| Problem::senseless("theme is light or dark"))?,
        };
        let options = MapOptions { theme, ..MapOptions::default() };
        let form = file.strip_prefix("download.").unwrap_or_default();
        let (trace, atlas) = self.trace(id)?;
        let traces = [(&trace, &atlas)];
        let draw = |picture: Picture| {
            let _one = self.drawing.lock().unwrap_or_else(PoisonError::into_inner);
            picture.draw(&traces, &options).map_err(broken)
        };
        let (kind, bytes) = match form {
            "png" => ("image/png", draw(Picture::Png)?),
            "svg" => ("image/svg+xml", draw(Picture::Svg)?),
            "geojson" => (GEOJSON, draw(Picture::GeoJson)?),
            "csv" => ("text/csv; charset=utf-8", sheet::traces(&traces, true).map_err(broken)?.into_bytes()),
            "json" => ("application/json", document::write(&trace, &atlas).into_bytes()),
            _ => {
                return Err(Problem::missing(
                    "a trace is there as download.png, .svg, .csv, .json and .geojson",
                ));
            }
        };
        Ok(Answer::new(kind, bytes).attached(format!("trace-{}.{form}", trace.id)))
    }

    pub(crate) fn target_scene(&self, key: &str, asked: &Eras) -> Result<Answer, Problem> {
        let standing = self.standing(key)?;
        let at = query::instant("at", asked.at.as_deref())?;
        let eras = match asked.eras.as_deref() {
            None => 0,
            Some(eras) => eras
                .parse::<usize>()
                .ok()
                .filter(|eras| *eras <= 50)
                .ok_or_else(|| Problem::senseless("eras is a whole number from 0 to 50"))?,
        };
        let question = format!("scene {key} {at:?} {eras}");
        let revision = self.source.revision()?;
        self.memo.get(&question, revision ^ self.stamp(&standing), || {
            let until = at.map(|at| at.saturating_add(1));
            let find = |store: &Store| {
                if standing.series.address.is_none() {
                    return store.newest_ids(&standing, 1);
                }
                let found = store.eras_of(&standing.series, None, until)?;
                let mut paths = Vec::new();
                let mut ids = Vec::new();
                for era in found.iter().rev() {
                    if ids.len() <= eras && !paths.contains(&era.path) {
                        paths.push(era.path);
                        ids.push(era.trace);
                    }
                }
                Ok(ids)
            };
            let ids = self.scenes.list(&question, self.stamp(&standing), || self.source.ask(find))?;
            Ok(scene(&self.scenes.of(&self.source, &ids)?))
        })
    }

    pub(crate) fn map(&self, asked: &Many) -> Result<Answer, Problem> {
        let limit = query::limit(asked.limit.as_deref(), 200, MOST)?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let revision = self.source.revision()?;
        self.memo.get(&format!("map {limit}"), revision, || {
            let mut standings = self.standings()?;
            standings.sort_unstable_by_key(|standing| core::cmp::Reverse(standing.last));
            standings.truncate(most);
            let ids = self.source.ask(|store| {
                let mut ids = Vec::new();
                for standing in &standings {
                    // Traces that do not say where they went may all have gone to different places.
                    let many = if standing.series.address.is_some() { 1 } else { limit };
                    ids.extend(store.newest_ids(standing, many)?);
                }
                ids.truncate(most);
                Ok(ids)
            })?;
            Ok(scene(&self.scenes.of(&self.source, &ids)?))
        })
    }

    /// Makes what the page asks for first before anybody asks: whoever starts the server opens it.
    pub(crate) fn warm(&self) {
        // What stands in the way is told to who asks.
        drop(self.targets(&Targets::default()));
        drop(self.map(&Many { limit: Some(FIRST.to_owned()) }));
    }

    pub(crate) fn diff(&self, asked: &Two) -> Result<Answer, Problem> {
        let named = |name: &str, id: &Option<String>| {
            let id = id.as_deref().ok_or_else(|| Problem::senseless(format!("{name} names no trace")))?;
            self.trace(id)
        };
        let (a, b) = (named("a", &asked.a)?, named("b", &asked.b)?);
        Answer::json(&diff((&a.0, &a.1), (&b.0, &b.1)))
    }

    /// The trace with an id, which is a whole one or `latest`.
    pub(super) fn trace(&self, id: &str) -> Result<(Trace, Atlas), Problem> {
        let id = self.id(id)?;
        self.source.ask(|store| store.get(id))?.ok_or_else(unknown)
    }

    fn id(&self, text: &str) -> Result<Uuid, Problem> {
        match text {
            "latest" => Ok(self.source.ask(|store| store.find(text))?),
            text => text.parse().map_err(|_| unknown()),
        }
    }
}

fn unknown() -> Problem {
    Problem::missing("no trace has this id; /api/v1/traces lists them")
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn broken(cause: anyhow::Error) -> Problem {
    Problem::broken(format!("{cause:#}"))
}

/// Traces as GeoJSON; of each route its trace and target are told too.
fn scene(sights: &[Arc<Sight>]) -> Answer {
    let scene = Scene::joined(sights.iter().map(|sight| &sight.scene));
    let told = |route: usize| match sights.get(route) {
        Some(sight) => vec![("trace", sight.trace().to_string()), ("key", shape::key(sight.key))],
        None => Vec::new(),
    };
    Answer::new(GEOJSON, geojson_with(&scene, told))
}
