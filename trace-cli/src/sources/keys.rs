//! The keys a person has given: in the environment, or in a file `.env` beside the data.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, anyhow};
use trace_geo::ipgeolocation;
use trace_geo::update::Account;
use trace_geo::{Secret, read_env_file};

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
}

impl Keys {
    /// Reads the `.env` in the data directory, if there is one.
    pub(crate) fn read(data_dir: &Path) -> anyhow::Result<Self> {
        let file = data_dir.join(".env");
        let of_file = read_env_file(&file, &NAMES)?;
        Ok(Self { file, of_file })
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
        Ok(kept.map(|(_, secret)| Key {
            secret: secret.clone(),
            found: format!("{name} in {}", self.file.display()),
        }))
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
