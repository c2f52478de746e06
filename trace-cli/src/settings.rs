//! What was meant: what was typed goes before the environment, and that before what holds otherwise.
//!
//! Whatever can be found wrong without sending, opening or writing anything is found here.

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, anyhow};
use etcetera::BaseStrategy as _;
use trace_core::model::{Atlas, Coordinates, Family, Mode, Origin, OriginSource, Protocol, Settings, Trace};
use trace_render::MapOptions;

use crate::args::{Asked, Drawing, Format, Locating, Probing, SourceFiles, TraceArguments};
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::host::Host;
use crate::output::Output;
use crate::picture::{self, Picture};

/// The longest wait for an answer.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// What `trace` is to do.
#[derive(Debug)]
pub(crate) struct TraceSettings {
    pub(crate) hosts: Vec<Host>,
    pub(crate) family: Option<Family>,
    /// `None`: ICMP where it is permitted, else UDP.
    pub(crate) protocol: Option<Protocol>,
    /// `None`: raw where it is permitted, else unprivileged.
    pub(crate) mode: Option<Mode>,
    pub(crate) probing: Settings,
    pub(crate) vantage: Option<String>,
    pub(crate) origin: Option<Origin>,
    /// `None` where places are not wanted.
    pub(crate) sources: Option<Sources>,
    /// Whether host names are looked up.
    pub(crate) names: bool,
    /// `None` where nothing is to be kept.
    pub(crate) data_dir: Option<PathBuf>,
    pub(crate) map: Option<MapFile>,
    pub(crate) format: Format,
}

/// Files that places are looked up in, before the built-in table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Sources {
    pub(crate) places: Vec<PathBuf>,
    pub(crate) mmdb: Vec<PathBuf>,
}

impl From<SourceFiles> for Sources {
    fn from(typed: SourceFiles) -> Self {
        Self { places: typed.places, mmdb: typed.mmdb }
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
            hosts,
            probing,
            locating: Locating { places, mmdb, origin },
            no_geo,
            no_dns,
            no_store,
            vantage,
            map,
            drawing,
            format,
        } = typed;
        let family = family(&probing);
        let hosts = hosts
            .iter()
            .map(|typed| Host::read(typed, family))
            .collect::<anyhow::Result<Vec<_>>>()
            .blame(Exit::Senseless)?;
        let protocol = protocol(&probing)?;
        Ok(Self {
            hosts,
            family,
            protocol,
            mode: match probing.mode {
                Asked::Auto => None,
                Asked::Exactly(mode) => Some(mode),
            },
            probing: model_settings(&probing)?,
            vantage: vantage.filter(|name| !name.is_empty()),
            origin: origin.map(origin_from_flag),
            sources: (!no_geo).then_some(Sources { places, mmdb }),
            names: !no_dns,
            data_dir: if no_store { None } else { Some(self::data_dir(data_dir)?) },
            map: map_of_trace(map, &drawing)?,
            format: format.format,
        })
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

const fn family(probing: &Probing) -> Option<Family> {
    match (probing.ipv4, probing.ipv6) {
        (true, _) => Some(Family::V4),
        (_, true) => Some(Family::V6),
        (false, false) => None,
    }
}

/// A port alone means UDP: ICMP has none.
fn protocol(probing: &Probing) -> Result<Option<Protocol>> {
    match (probing.protocol, probing.port) {
        (Asked::Exactly(Protocol::Icmp), Some(port)) => Err(Failure::new(
            Exit::Senseless,
            anyhow!("--port {port} and --protocol icmp contradict each other: ICMP has no ports"),
        )),
        (Asked::Auto, Some(_)) => Ok(Some(Protocol::Udp)),
        (Asked::Auto, None) => Ok(None),
        (Asked::Exactly(protocol), _) => Ok(Some(protocol)),
    }
}

fn model_settings(probing: &Probing) -> Result<Settings> {
    let (first_ttl, max_ttl) = (probing.first_ttl, probing.max_ttl);
    if first_ttl > max_ttl {
        let cause = anyhow!(
            "--first-ttl {first_ttl} lies behind --max-ttl {max_ttl}: there is no TTL to probe; raise --max-ttl"
        );
        return Err(Failure::new(Exit::Senseless, cause));
    }
    if probing.wait.is_zero() {
        return Err(Failure::new(Exit::Senseless, anyhow!("--wait 0: no answer can be that quick")));
    }
    if probing.wait > LONGEST_WAIT {
        let cause = anyhow!("--wait is an hour at most: no answer comes later");
        return Err(Failure::new(Exit::Senseless, cause));
    }
    Ok(Settings {
        queries: probing.queries,
        first_ttl,
        max_ttl,
        wait: probing.wait,
        gap: probing.gap,
        port: probing.port,
        size: probing.size,
        tos: probing.tos,
        ..Settings::default()
    })
}

const fn origin_from_flag(coordinates: Coordinates) -> Origin {
    Origin { coordinates, radius_km: None, from: OriginSource::Flag }
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
