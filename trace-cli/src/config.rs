//! The config file: what holds unless it is typed or set in the environment.
//!
//! Its options are the flags of the program by their long names ([`known`] asks clap for them, so that none can be
//! forgotten). [`read`] makes values with their lines of the text, and tells every mistake in it at once; [`layer`] puts
//! them beneath what was typed.

mod known;
mod layer;
mod mistake;
mod origin;
mod read;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use etcetera::BaseStrategy as _;
use trace_geo::Secret;

use self::known::CHOOSING;
pub(crate) use self::known::VERBS;
pub(crate) use self::layer::{Given, Typed};
pub(crate) use self::mistake::Mistake;
pub(crate) use self::origin::{From, Setting, keys, of_targets, settings};

/// The most bytes of a config file that are read.
const LARGEST: u64 = 16 << 20;

/// One option of the file, as it would be typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    /// As many as were written; a switch that is on has none.
    pub(crate) values: Vec<OsString>,
    /// A switch that is off.
    pub(crate) off: bool,
    /// The line, from 1.
    pub(crate) line: usize,
    /// The column of the value in characters, from 1.
    pub(crate) column: usize,
}

/// Options by their long names.
pub(crate) type Section = BTreeMap<String, Written>;

/// A `[[target]]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
    /// Its own settings.
    pub(crate) own: Section,
}

/// A key, under the name that it has in the environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WrittenKey {
    pub(crate) name: &'static str,
    pub(crate) secret: Secret,
    pub(crate) line: usize,
}

/// What a config file says; nothing where there is none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Config {
    /// Where it was read from.
    pub(crate) path: Option<PathBuf>,
    /// What stands before the first table: it holds for every verb that has such a flag.
    pub(crate) shared: Section,
    /// Of that, the flags of the whole program.
    pub(crate) everywhere: Section,
    /// What holds for one verb.
    pub(crate) verbs: BTreeMap<String, Section>,
    pub(crate) targets: Vec<Target>,
    pub(crate) keys: Vec<WrittenKey>,
    /// Why the keys are not used: others can read them.
    pub(crate) exposed: Option<String>,
}

/// A config file with all that is wrong with it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) config: Config,
    pub(crate) mistakes: Vec<Mistake>,
}

impl Checked {
    /// The config, if nothing is wrong with it.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub(crate) fn sound(self) -> anyhow::Result<Config> {
        // Keys that others can read are left out and told where they are asked for; everything else holds.
        let mistakes: Vec<_> = self.mistakes.iter().filter(|mistake| !mistake.is_exposure).collect();
        let Some(first) = mistakes.first() else { return Ok(self.config) };
        let more = match mistakes.len() {
            1 => String::new(),
            number => format!(", and {} more", number - 1),
        };
        Err(anyhow!("{}{more}; `trace-cli config check` shows every mistake", first.sentence()))
    }
}

impl Config {
    /// Reads the file that was named, else that of the environment, else that in the directory for settings. Only the
    /// last one may be missing.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is no text.
    pub(crate) fn load(typed: Option<&Path>) -> anyhow::Result<Checked> {
        match path(typed)? {
            Some((path, named)) => load(&path, named),
            None => Ok(Checked { config: Self::default(), mistakes: Vec::new() }),
        }
    }

    /// The sections that hold for a verb, the most particular first.
    pub(crate) fn sections(&self, verb: &str) -> Vec<&Section> {
        let first = if CHOOSING.contains(&verb) { &self.everywhere } else { &self.shared };
        self.verbs.get(verb).into_iter().chain([first]).collect()
    }

    /// Where a line of the file is.
    pub(crate) fn place(&self, line: usize) -> String {
        let path = self.path.as_deref().unwrap_or(Path::new("config"));
        format!("{}:{line}", path.display())
    }
}

/// Where the config file is, and whether it was named; `None` where there is no place for it.
pub(crate) fn path(typed: Option<&Path>) -> anyhow::Result<Option<(PathBuf, bool)>> {
    if let Some(typed) = typed {
        anyhow::ensure!(!typed.as_os_str().is_empty(), "--config is empty");
        return Ok(Some((typed.to_owned(), true)));
    }
    if let Some(set) = std::env::var_os("TRACE_CONFIG").filter(|set| !set.is_empty()) {
        return Ok(Some((PathBuf::from(set), true)));
    }
    // Also where nobody has a home, as in a service of a dynamic user.
    let set = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|set| set.is_absolute());
    let directory = set.or_else(|| Some(etcetera::base_strategy::Xdg::new().ok()?.config_dir()));
    Ok(directory.map(|directory| (directory.join("trace/config.toml"), false)))
}

fn load(path: &Path, named: bool) -> anyhow::Result<Checked> {
    use std::io::Read as _;
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if !named && is_absent(&error) => {
            return Ok(Checked { config: Config::default(), mistakes: Vec::new() });
        }
        Err(error) => {
            return Err(anyhow!(error).context(format!("cannot read the config file {}", path.display())));
        }
    };
    let private = trace_geo::check_private(&file, path).map_err(|error| error.to_string()).err();
    let mut bytes = Vec::new();
    file.take(LARGEST)
        .read_to_end(&mut bytes)
        .with_context(|| format!("cannot read the config file {}", path.display()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        anyhow!(
            "the config file {} is no text: byte {} is not UTF-8",
            path.display(),
            error.utf8_error().valid_up_to() + 1
        )
    })?;
    Ok(read::read(&text, path, private))
}

/// Nobody has such a file, or nobody may look whether there is one: then there are no settings of this user either.
fn is_absent(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(error.kind(), NotFound | NotADirectory | PermissionDenied)
}

#[cfg(test)]
mod tests;
