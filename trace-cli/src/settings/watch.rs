//! What `watch` is to do: which targets, how often, and what happens on a change.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::anyhow;
use trace_store::Documents;

use super::probing::senseless;
use super::{Aim, FOREVER, Sources, data_dir};
use crate::args::{Arguments, Locating, LogFormat, OriginArguments, Verb, WatchArguments};
use crate::config::Given;
use crate::exit::{Blame as _, Exit, Result};
use crate::host::Host;
use crate::targets::{Rules, Targets};

/// The shortest and the longest time from one trace of a target to the next.
const INTERVALS: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(366 * 86_400));
/// Traces younger than this are never pruned.
const KEPT_AT_LEAST: Duration = Duration::from_secs(3600);

/// What `watch` is to do.
#[derive(Debug, Clone)]
pub(crate) struct WatchSettings {
    pub(crate) targets: Vec<Wanted>,
    /// Lines of a list that make no sense.
    pub(crate) broken: Vec<String>,
    /// The list of hosts that was named.
    pub(crate) list: Option<PathBuf>,
    /// What standard input named: it can be read once.
    stdin: Option<Targets>,
    /// `None`: raw where it is permitted, else unprivileged.
    pub(crate) mode: Option<trace_core::model::Mode>,
    /// Probes a second over all targets; 0 for no limit.
    pub(crate) rate: u32,
    /// Traces older than this go.
    pub(crate) keep: Option<Duration>,
    pub(crate) documents: Documents,
    /// The city that was understood as the origin.
    pub(crate) origin_city: Option<String>,
    /// `None` where places are not wanted.
    pub(crate) sources: Option<Sources>,
    /// Whether host names are looked up.
    pub(crate) names: bool,
    pub(crate) data_dir: PathBuf,
    pub(crate) log_format: LogFormat,
}

/// A target, how it is traced, and how often.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) host: Host,
    pub(crate) how: Arc<How>,
}

/// How a target is traced, and how often.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct How {
    pub(crate) aim: Arc<Aim>,
    pub(crate) every: Duration,
    /// Always at its interval.
    pub(crate) steady: bool,
    /// What to run on a change.
    pub(crate) on_change: Option<String>,
}

impl WatchSettings {
    /// What was meant by `typed`, with the targets of the config file where none were typed. `earlier` is what was meant
    /// before: what was read from standard input then counts still.
    pub(crate) fn of(
        typed: WatchArguments,
        data_dir: Option<PathBuf>,
        given: &Given,
        earlier: Option<&Self>,
    ) -> Result<Self> {
        let base = Arc::new(how(&typed)?);
        let mut settings = Self {
            targets: Vec::new(),
            broken: Vec::new(),
            list: typed.targets.clone().filter(|list| list != Path::new("-")),
            stdin: None,
            mode: base.aim.mode,
            rate: 0,
            keep: typed.keep,
            documents: if typed.documents { Documents::Write } else { Documents::Skip },
            origin_city: typed.locating.origin.origin.as_ref().and_then(|stated| stated.city.clone()),
            sources: sources(&typed, data_dir.clone()),
            names: !typed.no_dns,
            data_dir: self::data_dir(data_dir)?,
            log_format: typed.log_format,
        };
        if let Some(keep) = typed.keep.filter(|keep| *keep < KEPT_AT_LEAST) {
            let keep = humantime::format_duration(keep);
            return Err(senseless(anyhow!("--keep {keep} is too short: an hour is the least")));
        }
        let rules = rules(&typed, &base);
        let named = Targets::read(&typed.hosts, settings.list.as_deref(), rules).blame(Exit::Senseless)?;
        settings.broken.clone_from(&named.broken);
        let stdin = match (
            typed.targets.as_deref() == Some(Path::new("-")),
            earlier.and_then(|earlier| earlier.stdin.clone()),
        ) {
            (true, None) => Some(Targets::read(&[], Some(Path::new("-")), rules).blame(Exit::Senseless)?),
            (true, earlier) => earlier,
            (false, _) => None,
        };
        let only_named = !typed.hosts.is_empty() || given.is_typed("targets");
        let hosts = named.into_hosts().chain(stdin.clone().into_iter().flat_map(Targets::into_hosts));
        settings.stdin = stdin;
        settings.targets = hosts.map(|host| Wanted { host, how: Arc::clone(&base) }).collect();
        settings.of_config(given, only_named)?;
        let mut seen = HashSet::new();
        settings.targets.retain(|wanted| seen.insert((wanted.host.clone(), Arc::as_ptr(&wanted.how))));
        if settings.targets.is_empty() && settings.broken.is_empty() {
            return Err(senseless(anyhow!(
                "there is nothing to watch: name hosts, a list with --targets FILE, or [[target]] tables in the config file"
            )));
        }
        settings.rate = super::probing::rate(&typed.probing, settings.targets.len() > 1);
        Ok(settings)
    }

    /// The targets of the config file. Where others were named, only those of them that are in the file have their
    /// settings from there.
    fn of_config(&mut self, given: &Given, only_named: bool) -> Result<()> {
        for target in &given.config.targets {
            let place = || given.config.place(target.line);
            let arguments =
                given.arguments_for(target).map_err(|error| senseless(anyhow!("{}: {error}", place())))?;
            let Arguments { verb: Verb::Watch(typed), .. } = arguments else { continue };
            let how = Arc::new(how(&typed).map_err(|failure| senseless(anyhow!("{}: {failure}", place())))?);
            let hosts = Targets::read(std::slice::from_ref(&target.host), None, rules(&typed, &how));
            let hosts = hosts.blame_on(Exit::Senseless, place)?.into_hosts();
            if !only_named {
                self.targets.extend(hosts.map(|host| Wanted { host, how: Arc::clone(&how) }));
                continue;
            }
            let hosts: HashSet<Host> = hosts.collect();
            for wanted in self.targets.iter_mut().filter(|wanted| hosts.contains(&wanted.host)) {
                wanted.how = Arc::clone(&how);
            }
        }
        Ok(())
    }
}

fn rules<'a>(typed: &'a WatchArguments, how: &'a How) -> Rules<'a> {
    Rules {
        wish: how.aim.wish.as_ref(),
        interface: typed.probing.interface.as_deref(),
        expand: typed.expand,
        yes: typed.yes,
    }
}

fn how(typed: &WatchArguments) -> Result<How> {
    let mut aim = Aim::of_list(&typed.probing, typed.all_addresses)?;
    aim.vantage = typed.vantage.clone().filter(|name| !name.is_empty());
    aim.origin = typed.locating.origin.origin.as_ref().map(|stated| stated.origin);
    if aim.probing.rounds == FOREVER {
        return Err(senseless(anyhow!(
            "--rounds forever and watch contradict each other: no trace would ever be over"
        )));
    }
    let every = typed.every;
    let (shortest, longest) = INTERVALS;
    if every < shortest || every > longest {
        let every = humantime::format_duration(every);
        return Err(senseless(anyhow!("--every {every}: a second is the least, and 366 days are the most")));
    }
    let on_change = typed.on_change.clone().filter(|command| !command.trim().is_empty());
    Ok(How { aim: Arc::new(aim), every, steady: typed.steady, on_change })
}

fn sources(typed: &WatchArguments, data_dir: Option<PathBuf>) -> Option<Sources> {
    let Locating { places, mmdb, ix, hints, origin: OriginArguments { .. } } = &typed.locating;
    let sources = Sources {
        places: places.clone(),
        mmdb: mmdb.clone(),
        ix: ix.clone(),
        hints: hints.clone(),
        data_dir: None,
    };
    (!typed.no_geo).then(|| sources.beside(data_dir))
}
