//! Reads the packed files; their form is told in `pack/basemap.py`.

use trace_core::model::CountryCode;

use super::{Arc, Country, Degrees, Ring, World, unwrap, without_seams};

/// What a packed number counts: hundredths of a degree.
const UNITS_PER_DEGREE: f64 = 100.0;

/// No file is larger than this when unpacked.
const LARGEST: usize = 1 << 22;

/// Takes varints from the front of some bytes.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl Reader<'_> {
    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (front, rest) = self.bytes.split_at_checked(length)?;
        self.bytes = rest;
        Some(front)
    }

    fn number(&mut self) -> Option<u32> {
        let mut value = 0_u32;
        for shift in [0, 7, 14, 21, 28] {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            value |= u32::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    fn count(&mut self) -> Option<usize> {
        // Nothing has more elements than the file has bytes left.
        usize::try_from(self.number()?).ok().filter(|&count| count <= self.bytes.len())
    }

    fn signed(&mut self) -> Option<i32> {
        let value = self.number()?;
        let half = i32::try_from(value >> 1).ok()?;
        Some(if value & 1 == 0 { half } else { -half - 1 })
    }

    fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        Some(core::str::from_utf8(self.take(length)?).ok()?.to_owned())
    }

    fn code(&mut self) -> Option<Option<CountryCode>> {
        Some(CountryCode::new(core::str::from_utf8(self.take(2)?).ok()?))
    }

    fn degrees(&mut self) -> Option<Degrees> {
        let (x, y) = (self.signed()?, self.signed()?);
        Some(Degrees { x: f64::from(x) / UNITS_PER_DEGREE, y: f64::from(y) / UNITS_PER_DEGREE })
    }

    fn line(&mut self) -> Option<Vec<Degrees>> {
        let count = self.count()?;
        let (mut x, mut y) = (0_i32, 0_i32);
        let mut points = Vec::with_capacity(count);
        for _ in 0..count {
            x = x.checked_add(self.signed()?)?;
            y = y.checked_add(self.signed()?)?;
            points.push(Degrees { x: f64::from(x) / UNITS_PER_DEGREE, y: f64::from(y) / UNITS_PER_DEGREE });
        }
        Some(points)
    }
}

fn inflate(packed: &[u8]) -> Option<Vec<u8>> {
    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, LARGEST).ok()
}

/// One scale of countries; `None` where the file is damaged.
pub(super) fn world(packed: &[u8]) -> Option<World> {
    let bytes = inflate(packed)?;
    let mut reader = Reader { bytes: &bytes };
    let count = reader.count()?;
    let mut lines = Vec::with_capacity(count);
    for _ in 0..count {
        lines.push(reader.line()?);
    }
    let mut uses = vec![0_u8; lines.len()];
    let count = reader.count()?;
    let mut countries = Vec::with_capacity(count);
    for _ in 0..count {
        let (code, name, label) = (reader.code()?, reader.text()?, reader.degrees()?);
        let mut used_here: Vec<usize> = Vec::new();
        let rings = reader.count()?;
        let mut outlines = Vec::with_capacity(rings);
        for _ in 0..rings {
            let mut points: Vec<Degrees> = Vec::new();
            for _ in 0..reader.count()? {
                let reference = reader.signed()?;
                let index = usize::try_from(if reference < 0 { !reference } else { reference }).ok()?;
                let line = lines.get(index)?;
                let skip = usize::from(!points.is_empty());
                if reference < 0 {
                    points.extend(line.iter().rev().skip(skip));
                } else {
                    points.extend(line.iter().skip(skip));
                }
                used_here.push(index);
            }
            outlines.push(Ring::new(points));
        }
        // A line between two shapes of one country is no border of it.
        for index in used_here {
            if let Some(uses) = uses.get_mut(index) {
                *uses = uses.saturating_add(1);
            }
        }
        countries.push(Country { code, name, label, rings: outlines, radius_km: None });
    }
    for _ in 0..reader.count()? {
        let (code, name, label) = (reader.code()?, reader.text()?, reader.degrees()?);
        let radius_km = Some(f64::from(reader.number()?));
        countries.push(Country { code, name, label, rings: Vec::new(), radius_km });
    }
    let arcs = lines
        .into_iter()
        .zip(uses)
        .flat_map(|(points, uses)| {
            let pieces = without_seams(unwrap(points)).into_iter();
            pieces.map(move |points| Arc { points, border: uses > 1 })
        })
        .collect();
    reader.bytes.is_empty().then_some(World { arcs, countries })
}

/// The lakes; `None` where the file is damaged.
pub(super) fn lakes(packed: &[u8]) -> Option<Vec<Ring>> {
    let bytes = inflate(packed)?;
    let mut reader = Reader { bytes: &bytes };
    let count = reader.count()?;
    let mut rings = Vec::with_capacity(count);
    for _ in 0..count {
        rings.push(Ring::new(reader.line()?));
    }
    reader.bytes.is_empty().then_some(rings)
}
