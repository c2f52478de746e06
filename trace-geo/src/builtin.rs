//! The table inside the binary: country and origin AS of every routed address.
//!
//! It is the fallback that needs no account and no download. It was built on a fixed day (see
//! [`Builtin::built`]) and only grows older, so its date is part of every answer.
//!
//! Nothing is parsed when the table is opened. Rows lie in blocks that are deflated alone; a lookup searches
//! the blocks' first addresses where they lie, inflates one block and keeps it.

mod layout;
mod names;
#[cfg(any(test, feature = "pack"))]
pub mod pack;
mod ranges;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use trace_core::model::{Asn, CountryCode, Evidence, Place};

use self::layout::{Bytes, HEADER, MAGIC, SECTIONS, VERSION, u32_at};
use self::names::Names;
use self::ranges::Ranges;
use crate::country::shared_country_name;
use crate::{Error, Locate, SourceInfo, TableFault};

/// The packed table; `examples/pack-table.rs` writes it.
static TABLE: &[u8] = include_bytes!("../data/builtin.table");

/// Whose data the built-in table is made of, as its licences (CC BY 4.0) ask for. Show it with `--version`
/// and wherever the sources are listed.
pub const ATTRIBUTION: &str = "country and AS data by the Number Resource Organization (nro.net), Route Views \
    (routeviews.org) and DB-IP (https://db-ip.com), merged by ip-location-db, repacked; CC BY 4.0 \
    (https://creativecommons.org/licenses/by/4.0/)";

/// A table of countries and origin ASes.
pub struct Builtin {
    info: SourceInfo,
    countries: [Ranges; 2],
    origins: [Ranges; 2],
    names: Names,
}

/// What the table says of an address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Registration<'a> {
    /// The country where the address is registered or said to be used.
    pub country: Option<CountryCode>,
    /// The AS that announced the address when the table was built.
    pub asn: Option<Asn>,
    /// The name of the organisation behind that AS.
    pub as_name: Option<&'a str>,
}

impl Builtin {
    /// The table inside the binary.
    ///
    /// # Errors
    /// [`Error::Table`] if the binary was built around a damaged table.
    pub fn embedded() -> Result<Self, Error> {
        Self::open(&Cow::Borrowed(TABLE))
    }

    /// A table from elsewhere, such as a fresher one; its checksum is compared.
    ///
    /// # Errors
    /// [`Error::Table`] if the bytes are no table, of another version, cut or changed.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, Error> {
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(Error::Table(TableFault::NoTable));
        }
        if u32_at(&bytes, 3) != Some(crc32fast::hash(bytes.get(16..).unwrap_or_default())) {
            return Err(Error::Table(TableFault::Checksum));
        }
        Self::open(&Cow::Owned(bytes))
    }

    fn open(bytes: &Bytes) -> Result<Self, Error> {
        if bytes.get(..8) != Some(&MAGIC) {
            return Err(Error::Table(TableFault::NoTable));
        }
        match u32_at(bytes, 2) {
            Some(VERSION) => {}
            other => return Err(Error::Table(TableFault::Version { found: other.unwrap_or(0) })),
        }
        let built = bytes.get(16..26).and_then(|date| core::str::from_utf8(date).ok());
        let cut = Error::Table(TableFault::Cut);
        let (Some(built), Some([countries4, countries6, origins4, origins6, names])) =
            (built, sections(bytes))
        else {
            return Err(cut);
        };
        let ranges = |bytes| Ranges::new(bytes).ok_or(Error::Table(TableFault::Cut));
        Ok(Self {
            info: SourceInfo {
                name: "builtin".into(),
                built: Some(built.into()),
                attribution: Some(ATTRIBUTION.to_owned()),
            },
            countries: [ranges(countries4)?, ranges(countries6)?],
            origins: [ranges(origins4)?, ranges(origins6)?],
            names: Names::new(names).ok_or(cut)?,
        })
    }

    /// The day the data were built, as `2026-06-17`.
    #[must_use]
    pub fn built(&self) -> &str {
        self.info.built.as_deref().unwrap_or_default()
    }

    /// Country and origin AS of `address`. Special-purpose ranges are not treated apart here: ask
    /// [`crate::special`] first.
    ///
    /// # Errors
    /// [`Error::Table`] if the block that would tell is damaged.
    pub fn lookup(&self, address: IpAddr) -> Result<Registration<'_>, Error> {
        let (family, key) = match address {
            IpAddr::V4(address) => (0, u128::from(u32::from(address))),
            IpAddr::V6(address) => (1, u128::from(address)),
        };
        let find = |section: &'static str, tables: &[Ranges; 2]| match tables.get(family) {
            Some(ranges) => {
                ranges.find(key).map_err(|block| Error::Table(TableFault::Block { section, block }))
            }
            None => Ok(0),
        };
        let asn = Asn::new(find("origin", &self.origins)?);
        let as_name = match asn {
            Some(asn) => self.as_name(asn)?,
            None => None,
        };
        Ok(Registration { country: code_of(find("country", &self.countries)?), asn, as_name })
    }

    /// The name of the organisation behind an AS.
    ///
    /// # Errors
    /// [`Error::Table`] if the block that would tell is damaged.
    pub fn as_name(&self, asn: Asn) -> Result<Option<&str>, Error> {
        self.names
            .find(asn.get())
            .map_err(|block| Error::Table(TableFault::Block { section: "names", block }))
    }
}

impl Locate for Builtin {
    fn info(&self) -> &SourceInfo {
        &self.info
    }

    fn locate(&self, address: IpAddr) -> Result<Option<Evidence>, Error> {
        let found = self.lookup(address)?;
        if found == Registration::default() {
            return Ok(None);
        }
        Ok(Some(self.info.evidence(Place {
            country_code: found.country,
            country: found.country.and_then(shared_country_name),
            isp: found.as_name.map(Arc::from),
            asn: found.asn,
            ..Place::default()
        })))
    }
}

impl core::fmt::Debug for Builtin {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Builtin").field("built", &self.built()).finish_non_exhaustive()
    }
}

/// The country whose letters the table packed into a number.
fn code_of(packed: u32) -> Option<CountryCode> {
    let [first, second, ..] = packed.to_le_bytes();
    CountryCode::new(core::str::from_utf8(&[first, second]).ok()?)
}

fn sections(bytes: &Bytes) -> Option<[Bytes; SECTIONS]> {
    let mut sections: [Bytes; SECTIONS] = Default::default();
    for (index, section) in sections.iter_mut().enumerate() {
        let word = HEADER / 4 + index * 2;
        let start = usize::try_from(u32_at(bytes, word)?).ok()?;
        let end = start.checked_add(usize::try_from(u32_at(bytes, word + 1)?).ok()?)?;
        *section = match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(bytes.get(start..end)?),
            Cow::Owned(bytes) => Cow::Owned(bytes.get(start..end)?.to_vec()),
        };
    }
    Some(sections)
}
