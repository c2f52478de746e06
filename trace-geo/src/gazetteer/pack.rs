//! Writing the gazetteer (feature `pack`).
//!
//! The file is little-endian throughout: magic `tracegaz`, version, CRC-32 of everything from the date on, the
//! date padded to 16 bytes, the numbers of places, codes and keys, the length of the texts; then these four, deflated
//! together where it lies in the binary.
//!
//! A place takes 16 bytes: latitude and longitude in hundredths of a degree (two signed bytes each), the country's
//! two letters, those of the state or two zeros, people in thousands (2), the length of the name (1), where it
//! begins among the texts (3; the letters of the state stand behind it), two zeros. Places are sorted by country,
//! state, and people, most first. A code takes 5: three capitals and the number of a place. A key takes 6: where
//! a squeezed name begins among the texts (3), its length (1), the number of a place (2), sorted by name.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::layout::{HEADER, MAGIC, VERSION};

/// The letters of a name without case and accents, as names are compared.
#[must_use]
pub fn squeeze(name: &str) -> String {
    super::fold::squeeze(name)
}

/// A city or an airport of the sources.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// Two letters of ISO 3166-1.
    pub country: [u8; 2],
    /// Two letters of the state, where there are such.
    pub region: Option<[u8; 2]>,
    /// Degrees north.
    pub latitude: f64,
    /// Degrees east.
    pub longitude: f64,
    /// People.
    pub population: u32,
    /// Further names it is found by.
    pub aliases: BTreeSet<String>,
    /// The IATA codes that lead to it.
    pub codes: BTreeSet<[u8; 3]>,
}

/// What can be wrong with the sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// More than the layout can number.
    #[error("{0} places or {0} bytes of names are more than the layout can number")]
    TooLarge(usize),
    /// One code leads to two places.
    #[error("the code {0} leads to two places")]
    Twice(String),
}

/// A table as it lies in the binary: deflated (RFC 1951) behind its header.
#[must_use]
pub fn deflate(table: &[u8]) -> Vec<u8> {
    let (header, body) = table.split_at_checked(HEADER).unwrap_or((table, &[]));
    [header, &miniz_oxide::deflate::compress_to_vec(body, 10)].concat()
}

/// The table of `entries`, whose date is `built` (as `2026-09-05`, ten bytes).
///
/// # Errors
/// [`PackError`] if there is too much, or a code is ambiguous.
pub fn pack(entries: &[Entry], built: [u8; 10]) -> Result<Vec<u8>, PackError> {
    let mut order: Vec<&Entry> = entries.iter().collect();
    order.sort_by(|a, b| {
        let head = |entry: &Entry| (entry.country, entry.region.unwrap_or_default());
        (head(a).cmp(&head(b))).then(b.population.cmp(&a.population)).then(a.name.cmp(&b.name))
    });
    let mut texts = Texts::default();
    let (mut places, mut codes, mut keys) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
    for (number, entry) in order.iter().enumerate() {
        let number = u16::try_from(number).map_err(|_| PackError::TooLarge(order.len()))?;
        let region = entry.region.map(|letters| letters.map(char::from).iter().collect::<String>());
        let at = texts.add(&format!("{}{}", entry.name, region.unwrap_or_default()))?;
        places.extend(hundredths(entry.latitude));
        places.extend(hundredths(entry.longitude));
        places.extend(entry.country);
        places.extend(entry.region.unwrap_or_default());
        places.extend(u16::try_from(entry.population / 1000).unwrap_or(u16::MAX).to_le_bytes());
        places.push(u8::try_from(entry.name.len()).map_err(|_| PackError::TooLarge(entry.name.len()))?);
        places.extend(at);
        places.extend([0, 0]);
        for code in &entry.codes {
            if codes.insert(*code, number).is_some() {
                return Err(PackError::Twice(code.map(char::from).iter().collect()));
            }
        }
        for name in std::iter::once(&entry.name).chain(&entry.aliases) {
            keys.insert((squeeze(name), number));
        }
    }
    keys.retain(|(key, _)| !key.is_empty());
    let codes: Vec<u8> =
        codes.iter().flat_map(|(code, number)| [code.as_slice(), &number.to_le_bytes()].concat()).collect();
    let mut sorted = Vec::new();
    for (key, number) in &keys {
        sorted.extend(texts.add(key)?);
        sorted.push(u8::try_from(key.len()).map_err(|_| PackError::TooLarge(key.len()))?);
        sorted.extend(number.to_le_bytes());
    }
    let mut body = built.to_vec();
    body.resize(16, 0);
    for count in [order.len(), codes.len() / super::layout::CODE, keys.len(), texts.text.len()] {
        body.extend(u32::try_from(count).map_err(|_| PackError::TooLarge(count))?.to_le_bytes());
    }
    for part in [&places, &codes, &sorted, &texts.text.into_bytes()] {
        body.extend(part);
    }
    let mut table = MAGIC.to_vec();
    table.extend(VERSION.to_le_bytes());
    table.extend(crc32fast::hash(&body).to_le_bytes());
    table.extend(body);
    debug_assert!(table.len() >= HEADER);
    Ok(table)
}

#[expect(clippy::cast_possible_truncation, reason = "hundredths of degrees on the globe fit")]
fn hundredths(degrees: f64) -> [u8; 2] {
    ((degrees * 100.0).round() as i16).to_le_bytes()
}

/// Texts one behind the other, each once.
#[derive(Default)]
struct Texts {
    text: String,
    known: HashMap<String, usize>,
}

impl Texts {
    fn add(&mut self, text: &str) -> Result<[u8; 3], PackError> {
        let at = *self.known.entry(text.to_owned()).or_insert_with(|| {
            self.text.push_str(text);
            self.text.len() - text.len()
        });
        match u32::try_from(at).map(u32::to_le_bytes) {
            Ok([a, b, c, 0]) => Ok([a, b, c]),
            _ => Err(PackError::TooLarge(at)),
        }
    }
}
