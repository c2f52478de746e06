//! Writing the built-in table (feature `pack`).
//!
//! The sources are ranges with a value each, as the CSV files of ip-location-db have them. They overlap here
//! and there; **the narrowest range that holds an address wins**, as the longest prefix does in routing, and
//! of two equal ones the later.
//!
//! The file is little-endian throughout: magic `tracegeo`, version, CRC-32 of everything from the date on,
//! the date padded to 16 bytes, then offset and length of the five sections (countries IPv4 and IPv6, origins
//! IPv4 and IPv6, names), then the sections.
//!
//! A section of ranges: key width (4 or 16), number of blocks, number of common values; the common values;
//! the first key of each block; the offsets of the blocks; the blocks, each deflated alone (RFC 1951). Inside
//! a block: the number of rows; for each row but the last one byte for its length, which is an odd number
//! shifted left (bits 0 to 6 the shift, bit 7 set if the odd number is not 1); the odd numbers, halved, where
//! bit 7 was set; a code for each value, which is a position in the common values, or else the value plus
//! their number. All numbers inside a block are LEB128.
//!
//! The section of names: number of blocks, the first AS of each, offsets, blocks; inside a block the number
//! of names, the distance of each AS but the first from the one before it, and the names, a line each.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use super::layout::{HEADER, MAGIC, SECTIONS, VERSION};

/// Rows to a block: fewer make lookups quicker and the table larger.
const ROWS: usize = 1024;
/// Names to a block.
const NAMES: usize = 512;
/// Values that get a short code.
const COMMON: usize = 4096;

/// One range of a source, both ends inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    /// The first address, as a number.
    pub first: u128,
    /// The last address, as a number.
    pub last: u128,
    /// What the source says of them; never 0, which stands for nothing.
    pub value: u32,
}

/// Everything a table is made of.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Countries by IPv4 address; values by [`country_value`].
    pub countries4: Vec<Range>,
    /// Countries by IPv6 address.
    pub countries6: Vec<Range>,
    /// Origin AS numbers by IPv4 address.
    pub origins4: Vec<Range>,
    /// Origin AS numbers by IPv6 address.
    pub origins6: Vec<Range>,
    /// Names of ASes.
    pub names: BTreeMap<u32, String>,
}

/// What can be wrong with the sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// A range whose end lies before its begin, or beyond the family's last address, or with the value 0.
    #[error("range {0:?} is inverted, beyond the last address, or has no value")]
    Range(Range),
    /// The date is not of the form `2026-06-17`.
    #[error("the date {0:?} is not of the form 2026-06-17")]
    Date(String),
    /// More data than 32-bit offsets reach.
    #[error("the table grows past 4 GiB")]
    TooLarge,
}

/// The number a country code is packed as.
#[must_use]
pub fn country_value(code: trace_core::model::CountryCode) -> u32 {
    code.as_str().bytes().rev().fold(0, |value, letter| value << 8 | u32::from(letter))
}

/// The table of `sources`, built on the day `built`.
///
/// # Errors
/// [`PackError`] if a range, the date or the size makes no sense.
pub fn pack(sources: &Sources, built: &str) -> Result<Vec<u8>, PackError> {
    let digits = |text: &str, count| text.len() == count && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut parts = built.split('-');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day), None)
            if digits(year, 4) && digits(month, 2) && digits(day, 2) => {}
        _ => return Err(PackError::Date(built.to_owned())),
    }
    let v4 = u128::from(u32::MAX);
    let sections: [Vec<u8>; SECTIONS] = [
        pack_ranges(&flatten(&sources.countries4, v4)?, 4)?,
        pack_ranges(&flatten(&sources.countries6, u128::MAX)?, 16)?,
        pack_ranges(&flatten(&sources.origins4, v4)?, 4)?,
        pack_ranges(&flatten(&sources.origins6, u128::MAX)?, 16)?,
        pack_names(&sources.names)?,
    ];
    let mut body = Vec::new();
    body.extend_from_slice(built.as_bytes());
    body.resize(16, 0);
    let mut offset = HEADER + SECTIONS * 8;
    for section in &sections {
        push(&mut body, offset)?;
        push(&mut body, section.len())?;
        offset += section.len();
    }
    for section in &sections {
        body.extend_from_slice(section);
    }
    let mut table = MAGIC.to_vec();
    table.extend_from_slice(&VERSION.to_le_bytes());
    table.extend_from_slice(&crc32fast::hash(&body).to_le_bytes());
    table.extend_from_slice(&body);
    Ok(table)
}

/// The rows of a table: where each begins, and its value; each reaches to the next one's begin, the last to
/// `top`. Neighbours differ.
fn flatten(ranges: &[Range], top: u128) -> Result<Vec<(u128, u32)>, PackError> {
    let mut order: Vec<(usize, &Range)> = ranges.iter().enumerate().collect();
    order.sort_by_key(|(_, range)| range.first);
    let mut points = vec![0];
    for range in ranges {
        if range.first > range.last || range.last > top || range.value == 0 {
            return Err(PackError::Range(*range));
        }
        points.push(range.first);
        points.extend(range.last.checked_add(1).filter(|point| *point <= top));
    }
    points.sort_unstable();
    points.dedup();
    let mut coming = order.into_iter().peekable();
    // Of those that hold the point: the narrowest first, the later of equals first.
    let mut open = BinaryHeap::new();
    let mut rows: Vec<(u128, u32)> = Vec::new();
    for point in points {
        while let Some((index, range)) = coming.next_if(|(_, range)| range.first <= point) {
            open.push((Reverse(range.last - range.first), index, range.last, range.value));
        }
        while open.peek().is_some_and(|(_, _, last, _)| *last < point) {
            open.pop();
        }
        let value = open.peek().map_or(0, |(_, _, _, value)| *value);
        if rows.last().is_none_or(|(_, before)| *before != value) {
            rows.push((point, value));
        }
    }
    Ok(rows)
}

fn pack_ranges(rows: &[(u128, u32)], width: usize) -> Result<Vec<u8>, PackError> {
    let mut counts: HashMap<u32, usize> = HashMap::new();
    for (_, value) in rows {
        *counts.entry(*value).or_default() += 1;
    }
    let mut common: Vec<(Reverse<usize>, u32)> =
        counts.into_iter().map(|(value, count)| (Reverse(count), value)).collect();
    common.sort_unstable();
    common.truncate(COMMON);
    let codes: HashMap<u32, usize> =
        common.iter().enumerate().map(|(code, (_, value))| (*value, code)).collect();

    let mut section = Vec::new();
    push(&mut section, width)?;
    push(&mut section, rows.len().div_ceil(ROWS))?;
    push(&mut section, common.len())?;
    for (_, value) in &common {
        section.extend_from_slice(&value.to_le_bytes());
    }
    let mut blocks = Vec::new();
    for block in rows.chunks(ROWS) {
        if let Some((first, _)) = block.first() {
            section.extend(first.to_le_bytes().iter().take(width));
        }
        blocks.push(deflate(&rows_of(block, &codes, common.len())));
    }
    push_blocks(&mut section, &blocks)?;
    Ok(section)
}

fn rows_of(block: &[(u128, u32)], codes: &HashMap<u32, usize>, common: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    varint(&mut bytes, wide(block.len()));
    let mut odds = Vec::new();
    for ((start, _), (next, _)) in block.iter().zip(block.iter().skip(1)) {
        let length = next - start;
        let shift = length.trailing_zeros();
        let odd = length >> shift >> 1;
        let shift = u8::try_from(shift).unwrap_or(u8::MAX);
        if odd == 0 {
            bytes.push(shift);
        } else {
            bytes.push(shift | 0x80);
            varint(&mut odds, odd);
        }
    }
    bytes.extend(odds);
    for (_, value) in block {
        let code = codes.get(value).map_or_else(|| u128::from(*value) + wide(common), |code| wide(*code));
        varint(&mut bytes, code);
    }
    bytes
}

fn pack_names(names: &BTreeMap<u32, String>) -> Result<Vec<u8>, PackError> {
    let names: Vec<(u32, &str)> = names.iter().map(|(number, name)| (*number, name.as_str())).collect();
    let mut section = Vec::new();
    push(&mut section, names.len().div_ceil(NAMES))?;
    let mut blocks = Vec::new();
    for block in names.chunks(NAMES) {
        let mut bytes = Vec::new();
        varint(&mut bytes, wide(block.len()));
        if let Some((first, _)) = block.first() {
            section.extend_from_slice(&first.to_le_bytes());
        }
        for ((before, _), (number, _)) in block.iter().zip(block.iter().skip(1)) {
            varint(&mut bytes, u128::from(number - before));
        }
        for (_, name) in block {
            bytes.extend(name.replace(char::is_control, " ").trim().bytes());
            bytes.push(b'\n');
        }
        blocks.push(deflate(&bytes));
    }
    push_blocks(&mut section, &blocks)?;
    Ok(section)
}

/// One block (RFC 1951, no wrapper), as small as it gets.
fn deflate(block: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec(block, 10)
}

fn push_blocks(section: &mut Vec<u8>, blocks: &[Vec<u8>]) -> Result<(), PackError> {
    let mut offset = 0;
    push(section, offset)?;
    for block in blocks {
        offset += block.len();
        push(section, offset)?;
    }
    section.extend(blocks.iter().flatten());
    Ok(())
}

fn push(bytes: &mut Vec<u8>, number: usize) -> Result<(), PackError> {
    let number = u32::try_from(number).map_err(|_| PackError::TooLarge)?;
    bytes.extend_from_slice(&number.to_le_bytes());
    Ok(())
}

fn varint(bytes: &mut Vec<u8>, mut number: u128) {
    loop {
        let [seven, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            bytes.push(seven);
            return;
        }
        bytes.push(seven | 0x80);
    }
}

fn wide(number: usize) -> u128 {
    // No machine has a usize wider than this.
    u128::try_from(number).unwrap_or(u128::MAX)
}
