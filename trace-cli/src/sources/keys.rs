//! The keys a person has given: in the environment, as a credential of a systemd unit, in a file `.env` beside the data,
//! or in the config file.

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

/// The credentials of a systemd unit (`LoadCredential=`), by the names they have in the environment.
const CREDENTIALS: [(&str, &str); 3] = [
    ("IPGEOLOCATION_API_KEY", "trace.ipgeolocation-api-key"),
    ("MAXMIND_ACCOUNT_ID", "trace.maxmind-account-id"),
    ("MAXMIND_LICENSE_KEY", "trace.maxmind-license-key"),
];
/// No key is longer; systemd itself takes no more than a megabyte.
const LARGEST: u64 = 4096;

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

    /// What was given under `name`; the environment goes before credentials, and these before the files.
    fn get(&self, name: &str) -> anyhow::Result<Option<Key>> {
        if let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) {
            let value = value.into_string().map_err(|_| anyhow!("{name} in the environment is no text"))?;
            let secret =
                Secret::new(value).with_context(|| format!("{name} in the environment is not used"))?;
            return Ok(Some(Key { secret, found: format!("{name} in the environment") }));
        }
        let directory = std::env::var_os("CREDENTIALS_DIRECTORY").filter(|directory| !directory.is_empty());
        if let Some(directory) = directory
            && let Some(key) = credential(Path::new(&directory), name)?
        {
            return Ok(Some(key));
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

/// The key in a directory that systemd made for this service alone. Its files are as private as systemd makes them: where
/// they belong to root, an access list lets the service read them, which their mode does not tell.
fn credential(directory: &Path, name: &str) -> anyhow::Result<Option<Key>> {
    use std::io::Read as _;
    let Some((_, id)) = CREDENTIALS.iter().find(|(known, _)| *known == name) else { return Ok(None) };
    let found = format!("the credential {id}");
    let path = directory.join(id);
    let file = match std::fs::File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        // Where a unit has no credential at all, systemd lets it not even look into the directory.
        Err(_) if path.metadata().is_err() => return Ok(None),
        Err(error) => return Err(anyhow!(error).context(format!("{found} cannot be read"))),
    };
    let mut text = String::new();
    file.take(LARGEST).read_to_string(&mut text).with_context(|| format!("{found} cannot be read"))?;
    let secret = Secret::new(text.trim().to_owned()).with_context(|| format!("{found} is not used"))?;
    Ok(Some(Key { secret, found }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_a_key_without_the_end_of_its_line() {
        let directory = tempfile::tempdir().unwrap();
        let read = |name| credential(directory.path(), name);
        assert!(read("MAXMIND_LICENSE_KEY").unwrap().is_none());
        std::fs::write(directory.path().join("trace.maxmind-license-key"), "abc123\n").unwrap();
        let key = read("MAXMIND_LICENSE_KEY").unwrap().unwrap();
        assert_eq!(key.secret.expose(), "abc123");
        assert_eq!(key.found, "the credential trace.maxmind-license-key");
        assert!(!format!("{key:?}").contains("abc123"), "{key:?}");
        assert!(read("API_KEY").unwrap().is_none(), "its old name is no credential");
        std::fs::write(directory.path().join("trace.ipgeolocation-api-key"), [0xff, b'k']).unwrap();
        let error = format!("{:#}", read("IPGEOLOCATION_API_KEY").unwrap_err());
        assert!(error.starts_with("the credential trace.ipgeolocation-api-key cannot be read"), "{error}");
        std::fs::write(directory.path().join("trace.ipgeolocation-api-key"), "two\nlines").unwrap();
        let error = format!("{:#}", read("IPGEOLOCATION_API_KEY").unwrap_err());
        assert!(error.contains("is not used") && !error.contains("lines"), "{error}");
    }
}
