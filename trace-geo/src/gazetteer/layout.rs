//! The packed gazetteer, read where it lies. Its layout stands in `pack.rs`.

use core::cmp::Ordering;

use trace_core::model::{Coordinates, CountryCode};

use super::City;

pub(super) const MAGIC: [u8; 8] = *b"tracegaz";
pub(super) const VERSION: u32 = 1;
pub(super) const HEADER: usize = 48;
/// Where the date stands in it.
pub(super) const BUILT: core::ops::Range<usize> = 16..26;
pub(super) const PLACE: usize = 16;
pub(super) const CODE: usize = 5;
pub(super) const KEY: usize = 6;

/// The number of a place.
pub(super) type Place = u16;

/// An opened table. The one without bytes knows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Table {
    places: &'static [u8],
    codes: &'static [u8],
    keys: &'static [u8],
    texts: &'static [u8],
}

impl Table {
    /// Opens a table; `None` if the bytes are none, or cut.
    pub(super) fn new(bytes: &'static [u8]) -> Option<Self> {
        let number = |at: usize| {
            let number = u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?);
            usize::try_from(number).ok()
        };
        if bytes.get(..8)? != MAGIC || number(8)? != usize::try_from(VERSION).ok()? {
            return None;
        }
        let (places, codes, keys, texts) = (number(32)?, number(36)?, number(40)?, number(44)?);
        let (places, rest) = bytes.get(HEADER..)?.split_at_checked(places.checked_mul(PLACE)?)?;
        let (codes, rest) = rest.split_at_checked(codes.checked_mul(CODE)?)?;
        let (keys, rest) = rest.split_at_checked(keys.checked_mul(KEY)?)?;
        (rest.len() == texts).then_some(Self { places, codes, keys, texts: rest })
    }

    pub(super) const fn codes(&self) -> usize {
        self.codes.len() / CODE
    }

    fn text(&self, at: usize, length: usize) -> Option<&'static str> {
        core::str::from_utf8(self.texts.get(at..at.checked_add(length)?)?).ok()
    }

    fn record(&self, place: usize) -> Option<&'static [u8; PLACE]> {
        self.places.get(place.checked_mul(PLACE)?..)?.first_chunk()
    }

    pub(super) fn city(&self, place: Place) -> Option<City> {
        let [a, b, c, d, n0, n1, r0, r1, p0, p1, length, t0, t1, t2, ..] =
            *self.record(usize::from(place))?;
        let degrees = |low, high| f64::from(i16::from_le_bytes([low, high])) / 100.0;
        let text = u32::from_le_bytes([t0, t1, t2, 0]);
        let (text, length) = (usize::try_from(text).ok()?, usize::from(length));
        Some(City {
            name: self.text(text, length)?,
            country_code: CountryCode::new(core::str::from_utf8(&[n0, n1]).ok()?)?,
            // Its two letters stand behind the name.
            region: if [r0, r1] == [0; 2] { None } else { self.text(text + length, 2) },
            coordinates: Coordinates::new(degrees(a, b), degrees(c, d))?,
            population: u32::from(u16::from_le_bytes([p0, p1])).saturating_mul(1000),
        })
    }

    /// The place with an IATA code, in capitals.
    pub(super) fn coded(&self, code: [u8; 3]) -> Option<Place> {
        let (codes, _) = self.codes.as_chunks::<CODE>();
        let index = codes.binary_search_by(|&[a, b, c, ..]| [a, b, c].cmp(&code)).ok()?;
        let [.., low, high] = *codes.get(index)?;
        Some(u16::from_le_bytes([low, high]))
    }

    /// The places with a squeezed name.
    pub(super) fn named(&self, key: &str) -> impl Iterator<Item = Place> {
        let (keys, _) = self.keys.as_chunks::<KEY>();
        let first = keys.partition_point(|entry| self.compare(entry, key) == Ordering::Less);
        let key = key.to_owned();
        let equal = keys.get(first..).unwrap_or_default();
        let equal = equal.iter().take_while(move |entry| self.compare(entry, &key) == Ordering::Equal);
        equal.map(|&[.., low, high]| u16::from_le_bytes([low, high]))
    }

    fn compare(&self, entry: &[u8; KEY], key: &str) -> Ordering {
        let [a, b, c, length, ..] = *entry;
        let at = usize::try_from(u32::from_le_bytes([a, b, c, 0])).unwrap_or(usize::MAX);
        self.text(at, usize::from(length)).unwrap_or_default().cmp(key)
    }

    /// The places of a country, and of one of its regions.
    pub(super) fn within(&self, country: CountryCode, region: Option<&str>) -> impl Iterator<Item = Place> {
        let region: Option<[u8; 2]> =
            region.and_then(|region| region.to_ascii_uppercase().as_bytes().try_into().ok());
        let country: [u8; 2] = country.as_str().as_bytes().try_into().unwrap_or_default();
        let (records, _) = self.places.as_chunks::<PLACE>();
        let letters = |record: &[u8; PLACE]| {
            let [_, _, _, _, n0, n1, r0, r1, ..] = *record;
            ([n0, n1], [r0, r1])
        };
        let in_front = |record: &[u8; PLACE]| match region {
            Some(region) => letters(record) < (country, region),
            None => letters(record).0 < country,
        };
        let first = records.partition_point(in_front);
        let inside = move |record: &&[u8; PLACE]| {
            let (of, part) = letters(record);
            of == country && region.is_none_or(|region| region == part)
        };
        let count = records.get(first..).unwrap_or_default().iter().take_while(inside).count();
        (first..first + count).filter_map(|place| Place::try_from(place).ok())
    }
}
