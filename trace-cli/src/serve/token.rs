//! What somebody has to know to be let in, and what is drawn by lot at start.

use core::fmt;
use std::path::Path;

use anyhow::{Context as _, anyhow, ensure};
use subtle::ConstantTimeEq as _;

use crate::exit::{Blame as _, Exit, Result};

/// A shorter one could be tried out.
const SHORTEST: usize = 16;
/// No token is longer.
const LONGEST: u64 = 4096;

/// A word that is compared in constant time and never shown.
#[derive(Clone)]
pub(crate) struct Token(String);

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

impl Token {
    /// The token in a file that nobody else can read.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let attempt = || format!("--token-file {}", path.display());
        read(path).blame_on(Exit::Senseless, attempt)
    }

    /// A new one of 32 hexadecimal digits.
    pub(crate) fn random() -> Result<Self> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes)
            .map_err(|error| anyhow!("the system gives no random numbers: {error}"))
            .blame(Exit::CouldNotProbe)?;
        Ok(Self(format!("{:032x}", u128::from_be_bytes(bytes))))
    }

    /// Whether this is it. How long that takes tells nothing but the length.
    pub(crate) fn is(&self, said: &[u8]) -> bool {
        self.0.as_bytes().ct_eq(said).into()
    }

    /// The word itself, for whoever is to say it.
    pub(crate) fn secret(&self) -> &str {
        &self.0
    }
}

fn read(path: &Path) -> anyhow::Result<Token> {
    let metadata = std::fs::metadata(path).context("cannot be read")?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;

        let mode = metadata.permissions().mode();
        ensure!(mode & 0o077 == 0, "others can read it (mode {:03o}); chmod 600 mends that", mode & 0o777);
    }
    ensure!(metadata.len() <= LONGEST, "is too long for a token");
    let text = std::fs::read_to_string(path).context("cannot be read")?;
    let token = text.trim();
    ensure!(
        token.len() >= SHORTEST,
        "has a token of less than {SHORTEST} characters, which could be tried out"
    );
    ensure!(
        token.bytes().all(|byte| byte.is_ascii_graphic()),
        "has a token that is more than one line of visible ASCII characters"
    );
    Ok(Token(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_equal_to_itself_and_never_shown() {
        let token = Token("0123456789abcdef".to_owned());
        assert!(token.is(b"0123456789abcdef"));
        assert!(!token.is(b"0123456789abcdeF") && !token.is(b"0123456789abcde") && !token.is(b""));
        assert_eq!(format!("{token:?}"), "[redacted]");
        assert_ne!(Token::random().unwrap().secret(), Token::random().unwrap().secret());
    }
}
