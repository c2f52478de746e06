//! Keys and passwords: used, and never shown.

use core::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// The most bytes of a file of keys that are read.
const LARGEST_FILE: u64 = 1 << 16;
/// What stands where a secret stood.
const REDACTED: &str = "[redacted]";

/// A key or password. Whatever prints it, in whatever form, prints `[redacted]`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Why a text is no key. The text itself is never part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFault {
    /// There is nothing.
    #[error("it is empty")]
    Empty,
    /// A line break, a tab or another control character.
    #[error(
        "there is {what} at position {position}; a key is one word: copy it again, without what stands around it"
    )]
    Control {
        /// What it is.
        what: &'static str,
        /// Where, from 1.
        position: usize,
    },
    /// A letter that is no visible ASCII character.
    #[error(
        "character {position} of it is no visible ASCII character; a key is one word of them: copy it again"
    )]
    Letter {
        /// Where, from 1.
        position: usize,
    },
    /// Longer than any key.
    #[error("it is longer than {0} characters; is this a key?")]
    Long(usize),
}

/// Why a file of keys is not used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretFileError {
    /// It cannot be read.
    #[error("cannot read the keys in {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others can read it.
    #[error(
        "the keys in {path} can be read by other users (mode {mode:o}) and are not used; make the file yours alone: \
         chmod 600 {path}",
        path = path.display()
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A line is none of `NAME=VALUE`.
    #[error(
        "line {line} of {path} is not of the form NAME=VALUE (put a value with special characters into single quotes)",
        path = path.display()
    )]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1. What stands in it is not told: it may be a key.
        line: usize,
    },
    /// A value is no key.
    #[error("{name} in {path} is no key: {fault}", path = path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The name before the equals sign.
        name: String,
        /// What is wrong.
        fault: SecretFault,
    },
}

impl Secret {
    /// The longest key that is taken, in bytes.
    pub const LONGEST: usize = 1024;

    /// A key: one word of visible ASCII characters.
    ///
    /// # Errors
    /// If it is empty or too long, or if there is a line break, a space or another character that no key has. A key
    /// that was copied with the line break behind it would otherwise be refused by the service without a reason.
    pub fn new(text: impl Into<String>) -> Result<Self, SecretFault> {
        let text = text.into();
        if text.is_empty() {
            return Err(SecretFault::Empty);
        }
        if text.len() > Self::LONGEST {
            return Err(SecretFault::Long(Self::LONGEST));
        }
        for (before, letter) in text.chars().enumerate() {
            let position = before + 1;
            let what = match letter {
                '\n' | '\r' => "a line break",
                '\t' => "a tab",
                ' ' => "a space",
                letter if letter.is_ascii_control() => "a control character",
                letter if letter.is_ascii_graphic() => continue,
                _ => return Err(SecretFault::Letter { position }),
            };
            return Err(SecretFault::Control { what, position });
        }
        Ok(Self(text))
    }

    /// The key itself, to be handed to whoever asks for it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without this key, also where it stands percent-encoded: for text from others, who may repeat what
    /// they were sent.
    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        let mut clean = text.replace(&self.0, REDACTED);
        for form in [encoded(&self.0, "%", false), encoded(&self.0, "%", true)] {
            if form != self.0 {
                clean = clean.replace(&form, REDACTED);
            }
        }
        clean
    }
}

/// Percent-encoded (RFC 3986, section 2.1) but for the unreserved characters.
fn encoded(text: &str, sign: &str, lower: bool) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        byte if lower => format!("{sign}{byte:02x}"),
        byte => format!("{sign}{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

/// The text of a file that holds secrets; `None` where there is no such file.
///
/// # Errors
/// If the file cannot be read, or, on Unix, if its group or all users can read or write it.
pub fn read_private_file(path: &Path) -> Result<Option<String>, SecretFileError> {
    let failed = |source| SecretFileError::Read { path: path.to_owned(), source };
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    check_private(&file, path)?;
    let mut text = String::new();
    file.take(LARGEST_FILE).read_to_string(&mut text).map_err(failed)?;
    Ok(Some(text))
}

/// Makes sure that nobody but its owner can read or write a file that is open: what is checked is what is read.
/// `path` is for the message alone.
///
/// # Errors
/// On Unix, if its group or all users can read or write it; and if its permissions cannot be told.
pub fn check_private(file: &File, path: &Path) -> Result<(), SecretFileError> {
    let metadata =
        file.metadata().map_err(|source| SecretFileError::Read { path: path.to_owned(), source })?;
    private(&metadata, path)
}

#[cfg(unix)]
fn private(metadata: &std::fs::Metadata, path: &Path) -> Result<(), SecretFileError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(SecretFileError::Exposed { path: path.to_owned(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn private(_: &std::fs::Metadata, _: &Path) -> Result<(), SecretFileError> {
    Ok(())
}

/// The keys among `names` in a file of lines `NAME=VALUE`, as `.env`. Of several lines of a name the first counts;
/// what has another name is passed over. No file is no keys.
///
/// # Errors
/// Those of [`read_private_file`], and if a line is none of that form, or if a value is no key.
pub fn read_env_file(path: &Path, names: &[&str]) -> Result<Vec<(String, Secret)>, SecretFileError> {
    let Some(text) = read_private_file(path)? else { return Ok(Vec::new()) };
    let mut found: Vec<(String, Secret)> = Vec::new();
    for (before, line) in text.lines().enumerate() {
        // One line at a time, so that a fault can be told by its number alone.
        for pair in dotenvy::from_read_iter(line.as_bytes()) {
            let Ok((name, value)) = pair else {
                return Err(SecretFileError::Line { path: path.to_owned(), line: before + 1 });
            };
            if value.is_empty()
                || !names.contains(&name.as_str())
                || found.iter().any(|(known, _)| *known == name)
            {
                continue;
            }
            match Secret::new(value) {
                Ok(secret) => found.push((name, secret)),
                Err(fault) => return Err(SecretFileError::Value { path: path.to_owned(), name, fault }),
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_shows_itself_to_nobody() {
        let secret = Secret::new("abc+123").unwrap();
        assert_eq!(
            format!("{secret} {secret:?} {:#?}", Some(&secret)),
            "[redacted] [redacted] Some(\n    [redacted],\n)"
        );
        assert_eq!(secret.expose(), "abc+123");
        let said = "no such key abc+123 in ?apiKey=abc%2B123 or abc%2b123";
        assert_eq!(secret.redact(said), "no such key [redacted] in ?apiKey=[redacted] or [redacted]");
    }

    #[test]
    fn what_is_no_key_is_refused_without_repeating_it() {
        let cases = [
            ("", "empty"),
            ("0123456789abcdef\n", "a line break at position 17"),
            ("0123 4567", "a space at position 5"),
            ("\tkey", "a tab at position 1"),
            ("sch\u{fc}ssel", "character 4"),
        ];
        for (text, words) in cases {
            let fault = Secret::new(text).unwrap_err().to_string();
            assert!(fault.contains(words), "{fault}");
            assert!(text.is_empty() || !fault.contains(text), "{fault}");
        }
        assert!(Secret::new("k".repeat(1025)).is_err());
    }

    #[cfg(unix)]
    fn file(text: &str, mode: u32) -> (tempfile::TempDir, PathBuf) {
        use std::os::unix::fs::PermissionsExt as _;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".env");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        (directory, path)
    }

    #[cfg(unix)]
    #[test]
    fn keys_are_read_from_a_file_of_lines() {
        let text = "# mine\nAPI_KEY='old'\nexport IPGEOLOCATION_API_KEY=\"new\"\nOTHER=thing\nAPI_KEY=twice\nEMPTY=\n";
        let (_directory, path) = file(text, 0o600);
        let found = read_env_file(&path, &["IPGEOLOCATION_API_KEY", "API_KEY", "EMPTY"]).unwrap();
        let shown: Vec<_> = found.iter().map(|(name, secret)| (name.as_str(), secret.expose())).collect();
        assert_eq!(shown, [("API_KEY", "old"), ("IPGEOLOCATION_API_KEY", "new")]);
        assert!(read_env_file(&path.with_file_name("none"), &["A"]).unwrap().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_is_refused() {
        for mode in [0o640, 0o644, 0o604, 0o660, 0o602] {
            let (_directory, path) = file("API_KEY=abc\n", mode);
            let error = read_env_file(&path, &["API_KEY"]).unwrap_err().to_string();
            assert!(error.contains("other users") && error.contains("chmod 600"), "{error}");
            assert!(!error.contains("abc"), "{error}");
        }
        let (_directory, path) = file("API_KEY=abc\n", 0o400);
        assert_eq!(read_env_file(&path, &["API_KEY"]).unwrap().len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_broken_line_is_told_by_its_number_and_not_by_its_text() {
        let (_directory, path) = file("A=1\nthis is secret\n", 0o600);
        let error = read_env_file(&path, &["A"]).unwrap_err().to_string();
        assert!(error.contains("line 2") && !error.contains("secret"), "{error}");
        let (_directory, path) = file("A='hush hush'\n", 0o600);
        let error = read_env_file(&path, &["A"]).unwrap_err().to_string();
        assert!(error.contains("A in") && error.contains("a space") && !error.contains("hush"), "{error}");
    }
}
