//! Numbers out of bytes that are searched where they lie. Little-endian; out of range is `None`, never a
//! panic.

use std::borrow::Cow;

/// A stretch of a table: borrowed from the binary, or owned when the table was read from elsewhere.
pub(super) type Bytes = Cow<'static, [u8]>;

/// The begin of a table file.
pub(super) const MAGIC: [u8; 8] = *b"tracegeo";
/// The version of the layout.
pub(super) const VERSION: u32 = 1;
/// Magic, version, checksum of all that follows, and the date padded to 16 bytes.
pub(super) const HEADER: usize = 32;
/// Sections: country and origin AS for each family, and the names of the ASes.
pub(super) const SECTIONS: usize = 5;

pub(super) fn u32_at(bytes: &[u8], index: usize) -> Option<u32> {
    let at = index.checked_mul(4)?;
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_le_bytes(four.try_into().ok()?))
}

/// The number `index` of those that take `width` bytes each; 4 and 16 are known.
pub(super) fn key_at(bytes: &[u8], index: usize, width: usize) -> Option<u128> {
    if width == 4 {
        return u32_at(bytes, index).map(u128::from);
    }
    let at = index.checked_mul(16)?;
    let sixteen = bytes.get(at..at.checked_add(16)?)?;
    Some(u128::from_le_bytes(sixteen.try_into().ok()?))
}

/// How many of the `count` ascending numbers in `bytes` are at most `key`.
pub(super) fn at_most(bytes: &[u8], count: usize, width: usize, key: u128) -> usize {
    let (mut low, mut high) = (0, count);
    while low < high {
        let middle = low.midpoint(high);
        match key_at(bytes, middle, width) {
            Some(number) if number <= key => low = middle + 1,
            _ => high = middle,
        }
    }
    low
}

/// Cuts `count` numbers of `width` bytes off the front of `rest`.
pub(super) fn take(rest: &mut Bytes, count: usize, width: usize) -> Option<Bytes> {
    let length = count.checked_mul(width)?;
    if length > rest.len() {
        return None;
    }
    Some(match rest {
        Cow::Borrowed(bytes) => {
            let (front, back) = bytes.split_at_checked(length)?;
            *bytes = back;
            Cow::Borrowed(front)
        }
        Cow::Owned(bytes) => {
            let back = bytes.split_off(length);
            Cow::Owned(core::mem::replace(bytes, back))
        }
    })
}

/// The block `index` of `blob`, inflated; at most `limit` bytes.
pub(super) fn inflate(offsets: &[u8], blob: &[u8], index: usize, limit: usize) -> Option<Vec<u8>> {
    let start = usize::try_from(u32_at(offsets, index)?).ok()?;
    let end = usize::try_from(u32_at(offsets, index.checked_add(1)?)?).ok()?;
    let packed = blob.get(start..end)?;
    miniz_oxide::inflate::decompress_to_vec_with_limit(packed, limit).ok()
}

/// Reads numbers of seven bits a byte, the lowest first (LEB128).
pub(super) struct Varints<'a>(pub(super) &'a [u8]);

impl<'a> Varints<'a> {
    pub(super) fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (front, back) = self.0.split_at_checked(count)?;
        self.0 = back;
        Some(front)
    }

    pub(super) fn next(&mut self) -> Option<u128> {
        let mut value = 0_u128;
        let mut shift = 0_u32;
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            let seven = u128::from(byte & 0x7f);
            let shifted = seven.checked_shl(shift)?;
            if shifted >> shift != seven {
                return None;
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return Some(value);
            }
            shift += 7;
        }
    }

    pub(super) fn next_u32(&mut self) -> Option<u32> {
        self.next().and_then(|value| u32::try_from(value).ok())
    }

    pub(super) fn next_usize(&mut self) -> Option<usize> {
        self.next().and_then(|value| usize::try_from(value).ok())
    }
}
