//! What was meant: what was typed goes before the environment, and that before what holds otherwise.
//!
//! Whatever can be found wrong without sending, opening or writing anything is found here.

mod aim;
mod probing;
mod watch;

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use etcetera::BaseStrategy as _;
use trace_core::model::{Atlas, Mode, Origin, Settings, Trace};
use trace_render::MapOptions;
use trace_store::Documents;

use crate::args::{Asked, Drawing, Format, Locating, OriginArguments, SourceFiles, TraceArguments};
use crate::confine::Walls;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::host::Wish;
use crate::output::Output;
use crate::picture::{self, Picture};
use crate::targets::{Rules, Targets};
pub(crate) use aim::Aim;
pub(crate) use probing::{Choice, FOREVER};
pub(crate) use watch::{How, Wanted, WatchSettings};

/// Up to so many hosts get documents beside the database.
const DOCUMENTED: u128 = 10;

/// What `trace` is to do.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    pub(crate) targets: Targets,
    /// Every address of a name is traced to.
    pub(crate) all_addresses: bool,
    /// The family that is wanted, where only one is.
    pub(crate) wish: Option<Wish>,
    pub(crate) choice: Choice,
    /// `None`: raw where it is permitted, else unprivileged.
    pub(crate) mode: Option<Mode>,
    pub(crate) probing: Settings,
    /// Probes a second over all targets; 0 for no limit.
    pub(crate) rate: u32,
    /// Traces take first hops over from one another.
    pub(crate) share: bool,
    pub(crate) vantage: Option<String>,
    pub(crate) origin: Option<Origin>,
    /// The city that was understood as the origin.
    pub(crate) origin_city: Option<String>,
    /// `None` where places are not wanted.
    pub(crate) sources: Option<Sources>,
    /// Whether host names are looked up.
    pub(crate) names: bool,
    /// `None` where nothing is to be kept.
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) documents: Documents,
    pub(crate) map: Option<MapFile>,
    pub(crate) format: Format,
    /// Whether tables hold every number that is known of a hop.
    pub(crate) wide: bool,
}

/// Files that places are looked up in, before the built-in table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    pub(crate) places: Vec<PathBuf>,
    pub(crate) mmdb: Vec<PathBuf>,
    pub(crate) ix: Vec<PathBuf>,
    pub(crate) hints: Vec<PathBuf>,
    /// Where downloaded databases, keys and answers of web services are, also where no trace is kept.
    pub(crate) data_dir: Option<PathBuf>,
}

impl Sources {
    /// The same, with what lies in the data directory, as far as there is one.
    pub(crate) fn beside(self, data_dir: Option<PathBuf>) -> Self {
        Self { data_dir: self::data_dir(data_dir).ok(), ..self }
    }

    /// Walls that leave those files to be read, and answers of services to be kept in the data directory.
    pub(crate) fn walls(&self) -> Walls {
        let files = [&self.places, &self.mmdb, &self.ix, &self.hints].into_iter().flatten();
        let walls = Walls::new().read(files);
        self.data_dir.iter().fold(walls, |walls, directory| walls.write_within(directory))
    }
}

impl From<SourceFiles> for Sources {
    fn from(typed: SourceFiles) -> Self {
        Self { places: typed.places, mmdb: typed.mmdb, ix: typed.ix, hints: typed.hints, data_dir: None }
    }
}

/// A map to be drawn into a file.
#[derive(Debug, Clone)]
pub(crate) struct MapFile {
    pub(crate) path: PathBuf,
    pub(crate) picture: Picture,
    pub(crate) options: MapOptions,
}

impl MapFile {
    /// The map that was asked for; its form follows from the ending of the file's name.
    pub(crate) fn new(path: PathBuf, drawing: &Drawing) -> Result<Self> {
        let picture = Picture::of(&path).blame(Exit::Senseless)?;
        let defaults = MapOptions::default();
        let options = MapOptions {
            width: drawing.canvas.map_or(defaults.width, |canvas| canvas.width),
            height: drawing.canvas.map_or(defaults.height, |canvas| canvas.height),
            theme: drawing.theme.unwrap_or(defaults.theme),
            extent: drawing.extent.unwrap_or(defaults.extent),
            projection: drawing.projection.or(defaults.projection),
            ..defaults
        };
        options.check().blame_on(Exit::Senseless, || "--canvas".to_owned())?;
        Ok(Self { path, picture, options })
    }

    /// Whether there is a directory for it. Looked at before anything is measured.
    pub(crate) fn check_directory(&self) -> Result<()> {
        match self.path.parent() {
            Some(directory) if !directory.as_os_str().is_empty() && !directory.is_dir() => Err(Failure::new(
                Exit::CouldNotKeep,
                anyhow!("the map cannot be written: there is no directory {}", directory.display()),
            )),
            _ => Ok(()),
        }
    }

    /// Draws the traces into it.
    pub(crate) fn draw(&self, traces: &[(&Trace, &Atlas)], output: &mut Output) -> Result<()> {
        let bytes = self.picture.draw(traces, &self.options).map_err(|cause| {
            let encoder = matches!(cause.downcast_ref(), Some(trace_render::Error::Encode { .. }));
            // Anything but the encoder refuses what was asked for, as a projection that cannot show the route.
            Failure::new(if encoder { Exit::CouldNotKeep } else { Exit::Senseless }, cause)
        })?;
        if self.path != Path::new("-") {
            return picture::write(&self.path, &bytes).blame(Exit::CouldNotKeep);
        }
        if output.is_terminal() {
            return Err(Failure::new(
                Exit::Senseless,
                anyhow!("a picture is nothing for a terminal; name a file, or lead standard output into one"),
            ));
        }
        output.print_bytes(&bytes)
    }
}

impl TraceSettings {
    /// What was meant by `typed`.
    pub(crate) fn of(typed: TraceArguments, data_dir: Option<PathBuf>) -> Result<Self> {
        let TraceArguments {
            targets,
            probing,
            locating: Locating { places, mmdb, ix, hints, origin: OriginArguments { origin } },
            no_geo,
            no_dns,
            no_store,
            documents,
            vantage,
            map,
            drawing,
            format,
            wide,
        } = typed;
        let wish = probing::wish(&probing)?;
        let choice = probing::choice(&probing)?;
        let model = probing::settings(&probing)?;
        if let (FOREVER, Some(list)) = (model.rounds, &targets.targets) {
            let list = list.display();
            return Err(probing::senseless(anyhow!(
                "--rounds forever and --targets {list} contradict each other: nothing would ever be printed"
            )));
        }
        let map = map_of_trace(map, &drawing)?;
        let rules = Rules {
            wish: wish.as_ref(),
            interface: probing.interface.as_deref(),
            expand: targets.expand,
            yes: targets.yes,
        };
        let all_addresses = targets.all_addresses;
        let targets =
            Targets::read(&targets.hosts, targets.targets.as_deref(), rules).blame(Exit::Senseless)?;
        let count = targets.count();
        // A table that grows and is steered by keys has one path; of several hosts each is printed when it is over.
        if model.rounds == FOREVER && (count > 1 || all_addresses) {
            let several = if all_addresses { "--all-addresses".to_owned() } else { format!("{count} hosts") };
            return Err(probing::senseless(anyhow!(
                "--rounds forever and {several} contradict each other: nothing would ever be printed; name one host, \
                 or how many rounds"
            )));
        }
        Ok(Self {
            all_addresses,
            wish,
            choice,
            mode: match probing.mode {
                Asked::Auto => None,
                Asked::Exactly(mode) => Some(mode),
            },
            probing: model,
            rate: probing::rate(&probing, count > 1 || all_addresses),
            share: !probing.no_share,
            vantage: vantage.filter(|name| !name.is_empty()),
            origin_city: origin.as_ref().and_then(|stated| stated.city.clone()),
            origin: origin.map(|stated| stated.origin),
            sources: (!no_geo)
                .then(|| Sources { places, mmdb, ix, hints, data_dir: None }.beside(data_dir.clone())),
            names: !no_dns,
            data_dir: if no_store { None } else { Some(self::data_dir(data_dir)?) },
            documents: if documents || (count <= DOCUMENTED && !targets.is_list) {
                Documents::Write
            } else {
                Documents::Skip
            },
            targets,
            map,
            format: format.format,
            wide,
        })
    }

    /// How each of the hosts is probed.
    pub(crate) fn aim(&self) -> Aim {
        Aim {
            all_addresses: self.all_addresses,
            wish: self.wish.clone(),
            choice: self.choice,
            mode: self.mode,
            probing: self.probing.clone(),
            share: self.share,
            vantage: self.vantage.clone(),
            origin: self.origin,
            is_list: self.targets.is_list,
        }
    }

    /// Whether there is one host and no more.
    pub(crate) fn is_single(&self) -> bool {
        self.targets.count() == 1 && !self.targets.is_list && !self.all_addresses
    }

    /// Whether rounds go on until somebody ends them.
    pub(crate) const fn is_endless(&self) -> bool {
        self.probing.rounds == FOREVER
    }
}

/// The map of a trace. Standard output has its table already, and how a map looks means nothing without one.
fn map_of_trace(path: Option<PathBuf>, drawing: &Drawing) -> Result<Option<MapFile>> {
    let Some(path) = path else {
        let Drawing { canvas, theme, extent, projection } = drawing;
        let flags = [
            ("--canvas", canvas.is_some()),
            ("--theme", theme.is_some()),
            ("--extent", extent.is_some()),
            ("--projection", projection.is_some()),
        ];
        return match flags.into_iter().find(|(_, typed)| *typed) {
            Some((flag, _)) => {
                Err(Failure::new(Exit::Senseless, anyhow!("{flag} means nothing without --map FILE")))
            }
            None => Ok(None),
        };
    };
    if path == Path::new("-") {
        let cause = anyhow!("the hops are printed to standard output already; name a file for --map");
        return Err(Failure::new(Exit::Senseless, cause));
    }
    MapFile::new(path, drawing).map(Some)
}

/// Where traces are kept: what was typed, else `TRACE_DATA_DIR`, else the data directory of this system.
pub(crate) fn data_dir(typed: Option<PathBuf>) -> Result<PathBuf> {
    data_dir_from(typed, std::env::var_os("TRACE_DATA_DIR"), || {
        etcetera::base_strategy::Xdg::new().ok().map(|strategy| strategy.data_dir())
    })
    .blame(Exit::Senseless)
}

fn data_dir_from(
    typed: Option<PathBuf>,
    environment: Option<OsString>,
    system: impl FnOnce() -> Option<PathBuf>,
) -> anyhow::Result<PathBuf> {
    if let Some(typed) = typed {
        anyhow::ensure!(!typed.as_os_str().is_empty(), "--data-dir is empty");
        return Ok(typed);
    }
    if let Some(set) = environment.filter(|set| !set.is_empty()) {
        return Ok(PathBuf::from(set));
    }
    let system = system().context(
        "no data directory is known: HOME is not set; say where with --data-dir DIR or TRACE_DATA_DIR",
    )?;
    Ok(system.join("trace"))
}

/// Whether an address may be asked of by name: only what is global, so that nobody learns of private networks.
pub(crate) fn may_be_named(address: IpAddr) -> bool {
    trace_geo::is_global(address)
}

/// The database inside a data directory.
pub(crate) fn database_in(data_dir: &Path) -> PathBuf {
    data_dir.join("traces.sqlite")
}

#[cfg(test)]
mod tests;
