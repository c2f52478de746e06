//! The keys a person has given: in the environment, in a file `.env` beside the data, or in the config file.

use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use anyhow::{Context as _, anyhow};
use trace_geo::ipgeolocation;
use trace_geo::update::Account;
use trace_geo::{Secret, read_env_file};

use crate::config::Config;

/// What is looked for. `API_KEY` is what the old scripts called the key of ipgeolocation.io.
const NAMES: [&str; 7] = [
    "IPGEOLOCATION_API_KEY",
    "API_KEY",
    "IPGEOLOCATION_BASE_URL",
    "MAXMIND_ACCOUNT_ID",
    "MAXMIND_LICENSE_KEY",
    "MAXMIND_BASE_URL",
    "DBIP_BASE_URL",
];

/// A key and where it was found.
#[derive(Debug)]
pub(crate) struct Key {
    pub(crate) secret: Secret,
    /// `IPGEOLOCATION_API_KEY in the environment`.
    pub(crate) found: String,
}

/// Everything that was given.
#[derive(Debug)]
pub(crate) struct Keys {
    file: PathBuf,
    of_file: Vec<(String, Secret)>,
    of_config: Vec<Configured>,
}

/// A key of the config file: its name, itself, and where it stands.
type Configured = (&'static str, Secret, String);

/// What the config file gave, or why that is not used. As the environment, it is one for the whole process.
static OF_CONFIG: RwLock<Result<Vec<Configured>, String>> = RwLock::new(Ok(Vec::new()));

impl Keys {
    /// From now on these are the keys of the config file.
    pub(crate) fn configure(config: &Config) {
        let keys = config.keys.iter().map(|key| (key.name, key.secret.clone(), config.place(key.line)));
        let configured = config.exposed.clone().map_or_else(|| Ok(keys.collect()), Err);
        *OF_CONFIG.write().unwrap_or_else(PoisonError::into_inner) = configured;
    }

    /// Reads the `.env` in the data directory, if there is one.
    pub(crate) fn read(data_dir: &Path) -> anyhow::Result<Self> {
        let file = data_dir.join(".env");
        let of_file = read_env_file(&file, &NAMES)?;
        let of_config = OF_CONFIG.read().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(Self { file, of_file, of_config: of_config.map_err(anyhow::Error::msg)? })
    }

    /// What was given under `name`; the environment goes before the file.
    fn get(&self, name: &str) -> anyhow::Result<Option<Key>> {
        if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
            let value = value.into_string().map_err(|_| anyhow!("{name} in the environment is no text"))?;
            let secret =
                Secret::new(value).with_context(|| format!("{name} in the environment is not used"))?;
            return Ok(Some(Key { secret, found: format!("{name} in the environment") }));
        }
        let kept = self.of_file.iter().find(|(known, _)| known == name);
        let kept = kept.map(|(_, secret)| Key {
            secret: secret.clone(),
            found: format!("{name} in {}", self.file.display()),
        });
        let configured = || {
            let (_, secret, place) = self.of_config.iter().find(|(known, ..)| *known == name)?;
            Some(Key { secret: secret.clone(), found: format!("{name} in {place}") })
        };
        Ok(kept.or_else(configured))
    }

    /// What is no secret.
    pub(crate) fn text(&self, name: &str) -> anyhow::Result<Option<String>> {
        Ok(self.get(name)?.map(|key| key.secret.expose().to_owned()))
    }

    /// The key of ipgeolocation.io. Its old name counts in the file alone: in the environment it may be anybody's.
    pub(crate) fn ipgeolocation(&self) -> anyhow::Result<Option<Key>> {
        if let Some(key) = self.get("IPGEOLOCATION_API_KEY")? {
            return Ok(Some(key));
        }
        let old = self.of_file.iter().find(|(known, _)| known == "API_KEY");
        Ok(old.map(|(_, secret)| Key {
            secret: secret.clone(),
            found: format!("API_KEY in {}", self.file.display()),
        }))
    }

    /// How ipgeolocation.io is used, if there is a key for it.
    pub(crate) fn service(&self) -> anyhow::Result<Option<ipgeolocation::Settings>> {
        let Some(key) = self.ipgeolocation()? else { return Ok(None) };
        let mut settings = ipgeolocation::Settings::new(key.secret);
        if let Some(base_url) = self.text("IPGEOLOCATION_BASE_URL")? {
            settings.base_url = base_url;
        }
        Ok(Some(settings))
    }

    /// The account at MaxMind.
    pub(crate) fn maxmind(&self) -> anyhow::Result<Option<Account>> {
        match (self.get("MAXMIND_ACCOUNT_ID")?, self.get("MAXMIND_LICENSE_KEY")?) {
            (Some(id), Some(key)) => Ok(Some(Account { id: id.secret, key: key.secret })),
            (None, None) => Ok(None),
            (Some(_), None) => Err(anyhow!("MAXMIND_ACCOUNT_ID is set and MAXMIND_LICENSE_KEY is not")),
            (None, Some(_)) => Err(anyhow!("MAXMIND_LICENSE_KEY is set and MAXMIND_ACCOUNT_ID is not")),
        }
    }
}
