//! Places the user wrote down: geofeeds (RFC 8805), with coordinates behind them where wanted.
//!
//! One row to a prefix, columns separated by commas:
//!
//! ```csv
//! # prefix, country, region, city, postal code, latitude, longitude
//! 192.0.2.0/24,AR,AR-H,Barranqueras,,-27.48,-58.94
//! 10.20.0.0/16,DE,,Frankfurt
//! 2001:db8:7::/48,DE
//! 198.51.100.7,ZZ
//! ```
//!
//! Everything behind the prefix may be empty or missing, and columns behind the longitude are ignored. A bare
//! address is a prefix of its full length. A row with the country `ZZ`, or with nothing but its prefix, says
//! that the prefix is in no place that may be told (RFC 8805 section 2.1.2). The longest prefix that holds an
//! address counts.

mod fault;
mod row;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use ipnetwork::IpNetwork;
use time::OffsetDateTime;
use trace_core::model::{Evidence, Place};

pub use self::fault::{Column, RowFault};
use crate::{Error, Locate, SourceInfo};

/// No row is longer than this many bytes.
const MAX_LINE: u64 = 1 << 16;

/// A geofeed, read and ready to be asked.
#[derive(Debug, Clone)]
pub struct Geofeed {
    info: SourceInfo,
    /// The prefixes of each family (IPv4, IPv6) by their length, longest first.
    families: [Vec<Length>; 2],
    rows: usize,
}

/// All prefixes of one length.
#[derive(Debug, Clone)]
struct Length {
    length: u8,
    prefixes: HashMap<u128, Entered>,
}

/// One row, and where it stood.
#[derive(Debug, Clone)]
struct Entered {
    place: Place,
    line: u64,
}

impl Geofeed {
    /// Reads a geofeed from a file. It is dated by the day the file was last changed.
    ///
    /// # Errors
    /// [`Error::Read`] if the file cannot be read, [`Error::Geofeed`] if any of its rows makes no sense.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Read { what: "geofeed", path: path.to_owned(), source };
        let file = File::open(path).map_err(failed)?;
        let metadata = file.metadata().map_err(failed)?;
        if metadata.is_dir() {
            return Err(failed(std::io::ErrorKind::IsADirectory.into()));
        }
        let built = metadata.modified().ok().map(|changed| OffsetDateTime::from(changed).date().to_string());
        let name = path.file_name().map_or_else(|| path.to_string_lossy(), |name| name.to_string_lossy());
        match Self::from_reader(file, &name, built) {
            // The whole path leads to the file better than its name.
            Err(Error::Geofeed { line, row, fault, .. }) => {
                Err(Error::Geofeed { file: path.display().to_string(), line, row, fault })
            }
            other => other,
        }
    }

    /// Reads a geofeed called `name`, built on the day `built` (as `2026-11-01`).
    ///
    /// # Errors
    /// [`Error::Geofeed`] if any row makes no sense, or reading fails.
    pub fn from_reader(reader: impl Read, name: &str, built: Option<String>) -> Result<Self, Error> {
        let mut feed = Self {
            info: SourceInfo {
                name: format!("geofeed:{name}").into(),
                built: built.map(Arc::from),
                attribution: None,
            },
            families: [Vec::new(), Vec::new()],
            rows: 0,
        };
        let mut reader = BufReader::new(reader);
        let mut text = Vec::new();
        for line in 1.. {
            let row = u64::try_from(feed.rows).unwrap_or(u64::MAX).saturating_add(1);
            let failed = |fault| Error::Geofeed { file: name.to_owned(), line, row, fault };
            text.clear();
            (&mut reader)
                .take(MAX_LINE)
                .read_until(b'\n', &mut text)
                .map_err(|error| failed(RowFault::Unreadable(error)))?;
            match text.last() {
                None => break,
                Some(b'\n') => {}
                Some(_) if u64::try_from(text.len()).is_ok_and(|length| length < MAX_LINE) => {}
                Some(_) => return Err(failed(RowFault::TooLong)),
            }
            let Some(record) = row::split(&text).map_err(failed)? else { continue };
            let (prefix, place) = row::parse(&record).map_err(failed)?;
            feed.rows += 1;
            feed.enter(prefix, Entered { place, line }).map_err(failed)?;
        }
        for lengths in &mut feed.families {
            lengths.sort_unstable_by_key(|length| core::cmp::Reverse(length.length));
        }
        Ok(feed)
    }

    /// How many rows it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    fn enter(&mut self, prefix: IpNetwork, entered: Entered) -> Result<(), RowFault> {
        let (family, bits) = key(prefix.network());
        let Some(lengths) = self.families.get_mut(family) else { return Ok(()) };
        let position = lengths.iter().position(|known| known.length == prefix.prefix());
        let prefixes = match position.and_then(|position| lengths.get_mut(position)) {
            Some(known) => &mut known.prefixes,
            None => {
                let length = Length { length: prefix.prefix(), prefixes: HashMap::new() };
                &mut lengths.push_mut(length).prefixes
            }
        };
        match prefixes.entry(bits) {
            Entry::Vacant(free) => {
                free.insert(entered);
                Ok(())
            }
            Entry::Occupied(taken) if taken.get().place == entered.place => Ok(()),
            Entry::Occupied(taken) => Err(RowFault::Contradiction { prefix, line: taken.get().line }),
        }
    }

    fn find(&self, address: IpAddr) -> Option<(u8, &Entered)> {
        let (family, bits) = key(address);
        let width = if family == 0 { 32_u32 } else { 128 };
        self.families.get(family)?.iter().find_map(|length| {
            let host_bits = width - u32::from(length.length);
            let network =
                bits.checked_shr(host_bits).and_then(|bits| bits.checked_shl(host_bits)).unwrap_or(0);
            length.prefixes.get(&network).map(|entered| (length.length, entered))
        })
    }
}

impl Locate for Geofeed {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    /// The row of the longest prefix that holds `address`. Where the row says that the prefix has no place
    /// that may be told, the place is empty.
    fn locate(&self, address: IpAddr) -> Result<Option<Evidence>, Error> {
        Ok(self.find(address).map(|(length, entered)| {
            let withheld = if entered.place.is_empty() { ", which says that it has no place" } else { "" };
            let mut evidence = self.info.evidence(entered.place.clone());
            evidence.reason = Some(format!("line {}, a /{length}{withheld}", entered.line));
            evidence
        }))
    }
}

/// Which family, and the address as a number.
fn key(address: IpAddr) -> (usize, u128) {
    match address {
        IpAddr::V4(address) => (0, u128::from(u32::from(address))),
        IpAddr::V6(address) => (1, u128::from(address)),
    }
}
