use std::io;
use std::path::PathBuf;

use crate::BaseUrlFault;

/// Why a database was not brought up to date.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpdateFault {
    /// MaxMind gives its databases to those who have an account.
    #[error(
        "MaxMind asks for an account id and a licence key, which cost nothing (https://www.maxmind.com/en/geolite2/signup): \
         set MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY"
    )]
    NoAccount,
    /// 401 or 403.
    #[error(
        "the server refuses the account id or licence key ({status}); see https://www.maxmind.com/en/accounts/current"
    )]
    Refused {
        /// The status.
        status: u16,
    },
    /// 429: too many downloads.
    #[error("the server has given enough for today (429{after}); try again tomorrow")]
    Quota {
        /// What the server says of when, as `, again after 3600 s`; empty where it says nothing.
        after: String,
    },
    /// 404.
    #[error("the server has no such database (404)")]
    NotFound,
    /// Any other status that brings nothing.
    #[error("the server answers with status {status}; try again later")]
    Status {
        /// The status.
        status: u16,
    },
    /// No connection, or one that broke.
    #[error("the download failed: {cause}")]
    Unreachable {
        /// The cause.
        cause: String,
    },
    /// More bytes than any database has.
    #[error("what comes is larger than {limit} bytes, which no such database is")]
    Large {
        /// The most bytes that are taken.
        limit: u64,
    },
    /// The server's list of hashes is none.
    #[error("the server does not say what the SHA-256 of its file is, but {found:?}")]
    NoHash {
        /// The beginning of what came.
        found: String,
    },
    /// Not what the server meant to send.
    #[error("what came has the SHA-256 {found}, and {expected} was announced; try again later")]
    Hash {
        /// What was announced.
        expected: String,
        /// What came.
        found: String,
    },
    /// No archive, or a damaged one.
    #[error("what came is no usable archive: {cause}")]
    Archive {
        /// What is wrong.
        cause: String,
    },
    /// An archive that reaches for other directories.
    #[error("the archive holds {name:?}, which would lie outside of it; nothing of it is used")]
    Outside {
        /// The name in the archive.
        name: String,
    },
    /// An archive without the database.
    #[error("there is no {file} in the archive")]
    Missing {
        /// What was looked for.
        file: String,
    },
    /// The database that came cannot be used.
    #[error("the database that came is not used: {0}")]
    Database(Box<crate::Error>),
    /// Another database.
    #[error("what came is {found}")]
    Kind {
        /// What the file calls itself.
        found: String,
    },
    /// It could not be written.
    #[error("cannot write {path}: {source}", path = path.display())]
    Write {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process updates the same directory.
    #[error("another process is updating {path}; wait until it has finished", path = path.display())]
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// The address of the server is none.
    #[error("the address of the server makes no sense: {0}")]
    BaseUrl(#[from] BaseUrlFault),
}
