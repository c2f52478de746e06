//! Databases of the MaxMind form (the MaxMind DB File Format Specification, version 2.0), of any vendor.

pub(crate) mod record;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::Path;

use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use memmap2::Mmap;
use time::OffsetDateTime;
use trace_core::model::Evidence;

use self::record::Record;
use crate::{Error, Locate, SourceInfo};

/// Files up to this size are read into memory and checked to the last record; larger ones are mapped, and
/// checked where they begin.
const SMALL: u64 = 1 << 20;
/// The most that is read from what is no regular file and so cannot be mapped.
const STREAM: u64 = 1 << 28;
/// How large the metadata at the end of a file can be, and what they begin with (the specification, section
/// "Database Metadata").
const METADATA: usize = 128 << 10;
const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
/// How many networks of a large file are read when it is opened.
const SAMPLE: usize = 256;

/// A database of the MaxMind form, opened once.
pub struct Mmdb {
    info: SourceInfo,
    file: String,
    reader: Reader<Source>,
    /// Where the metadata begin, in bytes from the start.
    metadata_at: usize,
}

/// Where the bytes are.
enum Source {
    Memory(Vec<u8>),
    Mapped(Mmap),
}

impl AsRef<[u8]> for Source {
    fn as_ref(&self) -> &[u8] {
        match self {
            Self::Memory(bytes) => bytes,
            Self::Mapped(map) => map,
        }
    }
}

impl Mmdb {
    /// Opens a database file. The source is called `mmdb:` and the type in the file's metadata, and dated by
    /// the day in the metadata.
    ///
    /// A file larger than 1 MiB is mapped into memory, since reading a city database takes longer than
    /// tracing. Replace such a file by renaming a new one over it, as every updater does; cutting it short
    /// while it is mapped ends the program.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read, [`Error::Database`] if it is no such database or a damaged
    /// one.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::from_source(load(path)?, path.display().to_string())
    }

    /// A database from bytes; `file` is what errors call it.
    ///
    /// # Errors
    /// [`Error::Database`] if it is no such database or a damaged one.
    pub fn from_bytes(bytes: Vec<u8>, file: &str) -> Result<Self, Error> {
        Self::from_source(Source::Memory(bytes), file.to_owned())
    }

    fn from_source(source: Source, file: String) -> Result<Self, Error> {
        let small = u64::try_from(source.as_ref().len()).is_ok_and(|length| length <= SMALL);
        let opened = recognise(source.as_ref()).and_then(|metadata| {
            let reader = Reader::from_source(source).map_err(|error| with_offset(error, metadata))?;
            Ok((reader, metadata))
        });
        let (reader, metadata_at) = match opened {
            Ok(opened) => opened,
            Err(source) => return Err(Error::Database { file, source: Box::new(source) }),
        };
        let metadata = reader.metadata();
        let info = SourceInfo {
            name: source_name(&metadata.database_type).into(),
            built: i64::try_from(metadata.build_epoch)
                .ok()
                .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
                .map(|built| built.date().to_string().into()),
            attribution: attribution(&metadata.database_type).map(str::to_owned),
        };
        let database = Self { info, file, reader, metadata_at };
        database.read_through(if small { usize::MAX } else { SAMPLE })?;
        Ok(database)
    }

    /// Reads every record, which takes seconds for a large database.
    ///
    /// # Errors
    /// [`Error::Database`] at the first record that cannot be read.
    pub fn check(&self) -> Result<(), Error> {
        self.read_through(usize::MAX)
    }

    fn read_through(&self, networks: usize) -> Result<(), Error> {
        let damaged = |source| Error::Database {
            file: self.file.clone(),
            source: Box::new(with_offset(source, self.metadata_at)),
        };
        // A tree in circles must not be walked for ever: each node has two branches.
        let most = usize::try_from(self.reader.metadata().node_count).unwrap_or(usize::MAX).saturating_mul(2);
        let mut seen = 0_usize;
        for found in self.reader.networks(WithinOptions::default()).map_err(damaged)? {
            found.and_then(|found| found.decode::<Record<'_>>()).map_err(damaged)?;
            seen += 1;
            if seen > most {
                return Err(damaged(MaxMindDbError::invalid_database(
                    "the search tree goes round in circles",
                )));
            }
            if seen >= networks {
                break;
            }
        }
        Ok(())
    }
}

impl Locate for Mmdb {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// What the database says of `address`. An IPv6 address in a database of IPv4 alone is an absence, not an
    /// error.
    fn locate(&self, address: IpAddr) -> Result<Option<Evidence>, Error> {
        if address.is_ipv6() && self.reader.metadata().ip_version == 4 {
            return Ok(None);
        }
        let found = self.reader.lookup(address).and_then(|found| found.decode::<Record<'_>>());
        let found = found.map_err(|source| Error::Lookup {
            database: self.info.name.to_string(),
            address,
            source: Box::new(source),
        })?;
        let Some(record) = found else { return Ok(None) };
        let (place, remark) = record.into_place();
        if place.is_empty() && remark.is_none() {
            return Ok(None);
        }
        let mut evidence = self.info.evidence(place);
        evidence.reason = remark;
        Ok(Some(evidence))
    }
}

impl core::fmt::Debug for Mmdb {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Mmdb").field("file", &self.file).field("info", &self.info).finish_non_exhaustive()
    }
}

/// Where a file has its metadata, if that is where they belong. The reader would search all of it, and says less of what
/// is no database at all.
fn recognise(bytes: &[u8]) -> Result<usize, MaxMindDbError> {
    let start = bytes.len().saturating_sub(METADATA);
    let end = bytes.get(start..).unwrap_or_default();
    // The last one counts: the marker may occur in the data.
    if let Some(at) = end.windows(MARKER.len()).rposition(|window| window == MARKER) {
        return Ok(start + at);
    }
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    let found = if bytes.is_empty() {
        "it is empty"
    } else if starts(&[0x1f, 0x8b]) {
        "it is compressed by gzip: unpack it"
    } else if starts(b"PK\x03\x04") {
        "it is a zip archive: unpack it"
    } else if starts(b"SQLite format 3") {
        "it is an SQLite database"
    } else if starts(b"<") {
        "it is a page of the web: its download failed"
    } else if bytes.get(257..262) == Some(b"ustar") {
        "it is a tar archive: unpack it"
    } else if bytes.iter().take(4096).all(|&byte| byte == 0) {
        "it begins with nothing but zeros"
    } else {
        "it is cut short or of another form (IP2Location's BIN is one: its MMDB edition can be read)"
    };
    let message = format!("{found}; no metadata in its last {} bytes", bytes.len() - start);
    Err(MaxMindDbError::InvalidDatabase { message, offset: Some(start) })
}

/// What is wrong with the search tree as a whole the reader says without a place: it is the metadata that say how the
/// tree has to be.
fn with_offset(error: MaxMindDbError, metadata: usize) -> MaxMindDbError {
    match error {
        MaxMindDbError::InvalidDatabase { message, offset: None } => MaxMindDbError::InvalidDatabase {
            message: format!("{message}; the metadata that describe it stand there"),
            offset: Some(metadata),
        },
        other => other,
    }
}

fn load(path: &Path) -> Result<Source, Error> {
    let failed = |source| Error::Read { what: "MaxMind-format database", path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(failed(std::io::ErrorKind::IsADirectory.into()));
    }
    // What is no regular file (a pipe) tells no size and cannot be mapped; it may also have no end.
    if metadata.is_file() && metadata.len() > SMALL {
        Ok(Source::Mapped(map(&file).map_err(failed)?))
    } else {
        let mut bytes = Vec::new();
        file.take(STREAM).read_to_end(&mut bytes).map_err(failed)?;
        Ok(Source::Memory(bytes))
    }
}

/// `mmdb:GeoLite2-City`; the type comes from the file and may hold anything.
fn source_name(kind: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    let kind: String = kind.chars().take(64).map(|letter| if kept(letter) { letter } else { '-' }).collect();
    if kind.is_empty() { "mmdb".to_owned() } else { format!("mmdb:{kind}") }
}

/// What the vendors' free licences ask to be said.
fn attribution(kind: &str) -> Option<&'static str> {
    if kind.starts_with("GeoLite2") {
        Some("This product includes GeoLite2 data created by MaxMind, available from https://www.maxmind.com")
    } else if kind.starts_with("DBIP") {
        Some("IP Geolocation by DB-IP (https://db-ip.com), CC BY 4.0")
    } else if kind.starts_with("ipinfo") {
        Some("IP address data powered by IPinfo (https://ipinfo.io)")
    } else if kind.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("ip2")) {
        Some("This product includes IP2Location LITE data available from https://lite.ip2location.com")
    } else {
        None
    }
}

#[expect(unsafe_code, reason = "reading a city database whole takes 20 to 80 ms, mapping it 2")]
fn map(file: &File) -> std::io::Result<Mmap> {
    // SAFETY: the map is private to this reader and only ever read as bytes, every access to which is
    // bounds-checked by the reader. Another process that writes to the file meanwhile can make answers wrong,
    // which decoding survives; one that cuts it short ends this process by SIGBUS, which `Mmdb::open`
    // documents.
    unsafe { Mmap::map(file) }
}
