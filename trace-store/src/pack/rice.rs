//! Rice codes (Rice and Plaunt 1971): numbers of about the same size without the bits that are always nought.
//!
//! A number `n` is written with a parameter `k` as `n >> k` ones, a nought, and the low `k` bits. Where there
//! would be 16 ones or more, 16 ones are followed by the length of the number in bits (7 bits) and the number.

use super::varint::{Malformed, Reader};

/// So many ones announce a number in full.
const ESCAPE: u32 = 16;

/// No number has a longer low part.
const MAX_PARAMETER: u8 = 63;

/// The parameter that makes `numbers` shortest, of those near the size of most of them.
pub(super) fn parameter(numbers: &[u64]) -> u8 {
    let bits = |k: u8| -> u64 {
        let length = |number: &u64| match number >> k {
            high if high < u64::from(ESCAPE) => high + 1 + u64::from(k),
            _ => u64::from(ESCAPE) + 7 + u64::from(u64::BITS - number.leading_zeros()),
        };
        numbers.iter().map(length).sum()
    };
    // The best is about that of the mean; a few that are far larger make the mean too large. Numbers are of the size of a
    // nanosecond to a minute; what is longer is written in full.
    let sizes = numbers.iter().map(|number| u64::BITS - number.leading_zeros());
    let largest = sizes.clone().max().unwrap_or(0).min(MOST.into());
    let smallest = sizes.min().unwrap_or(0).saturating_sub(2).min(largest);
    let near = u8::try_from(smallest).unwrap_or(0)..=u8::try_from(largest).unwrap_or(MOST);
    near.min_by_key(|k| bits(*k)).unwrap_or(0)
}

/// Of this size are numbers that are not written in full.
const MOST: u8 = 39;

/// The low half of a number and the high one.
const fn halves(number: u128) -> [u64; 2] {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = number.to_le_bytes();
    [u64::from_le_bytes([a, b, c, d, e, f, g, h]), u64::from_le_bytes([i, j, k, l, m, n, o, p])]
}

/// Appends bits, the highest of a byte first.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that are no whole byte yet, the last one lowest.
    rest: u64,
    /// How many there are.
    used: u32,
}

impl BitWriter {
    /// So many of the low bits of a number, the highest first.
    fn bits(&mut self, number: u128, count: u32) {
        let mut count = count;
        while count > 0 {
            let part = count.min(32);
            count -= part;
            let [low, _] = halves(number >> count);
            self.push(low & ((1 << part) - 1), part);
        }
    }

    /// So many bits, no more than 56; a number has no others.
    fn push(&mut self, number: u64, count: u32) {
        self.rest = self.rest << count | number;
        self.used += count;
        while self.used >= 8 {
            self.used -= 8;
            let [byte, ..] = (self.rest >> self.used).to_le_bytes();
            self.bytes.push(byte);
        }
    }

    pub(super) fn number(&mut self, number: u128, k: u8) {
        let k = k.min(MAX_PARAMETER);
        if let [low, 0] = halves(number)
            && k <= MOST
            && let high = low >> k
            && high < ESCAPE.into()
        {
            // All of it at once: no more than 55 bits.
            let ones = 1_u64 << (high + 1);
            let [count, ..] = high.to_le_bytes();
            self.push((ones - 2) << k | low & ((1 << k) - 1), u32::from(count) + 1 + u32::from(k));
            return;
        }
        match u32::try_from(number >> k) {
            Ok(high) if high < ESCAPE => {
                self.bits((1 << (high + 1)) - 2, high + 1);
                self.bits(number, k.into());
            }
            _ => {
                self.bits((1 << ESCAPE) - 1, ESCAPE);
                // A number that is written in full has a bit, so the length less one fits 7 bits.
                let length = 128 - number.leading_zeros();
                self.bits(u128::from(length.saturating_sub(1)), 7);
                self.bits(number, length.max(1));
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<u8> {
        if self.used > 0 {
            self.bits(0, 8 - self.used);
        }
        self.bytes
    }
}

/// Takes apart what a [`BitWriter`] wrote.
#[derive(Debug)]
pub(super) struct BitReader<'a, 'b> {
    bytes: &'b mut Reader<'a>,
    byte: u8,
    left: u8,
}

impl<'a, 'b> BitReader<'a, 'b> {
    pub(super) const fn new(bytes: &'b mut Reader<'a>) -> Self {
        Self { bytes, byte: 0, left: 0 }
    }

    fn bit(&mut self) -> Result<bool, Malformed> {
        if self.left == 0 {
            self.byte = self.bytes.byte()?;
            self.left = 8;
        }
        self.left -= 1;
        Ok(self.byte >> self.left & 1 == 1)
    }

    fn bits(&mut self, count: u32) -> Result<u128, Malformed> {
        (0..count).try_fold(0, |number: u128, _| Ok(number << 1 | u128::from(self.bit()?)))
    }

    pub(super) fn number(&mut self, k: u8) -> Result<u128, Malformed> {
        let mut high = 0_u32;
        while high < ESCAPE {
            if !self.bit()? {
                let low = self.bits(k.min(MAX_PARAMETER).into())?;
                return Ok(u128::from(high) << k.min(MAX_PARAMETER) | low);
            }
            high += 1;
        }
        let length = u32::try_from(self.bits(7)?).unwrap_or(0) + 1;
        self.bits(length)
    }

    pub(super) fn malformed(&self, what: &'static str) -> Malformed {
        self.bytes.malformed(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back_whatever_the_parameter() {
        let numbers = [0, 1, 2, 15, 16, 17, 1_300_000, 1 << 40, u128::from(u64::MAX), u128::MAX];
        for k in [0, 1, 7, 20, 39, 63, 200] {
            let mut writer = BitWriter::default();
            numbers.iter().for_each(|number| writer.number(*number, k));
            let bytes = writer.finish();
            let mut bytes = Reader::new(&bytes);
            let mut reader = BitReader::new(&mut bytes);
            numbers.iter().for_each(|number| assert_eq!(reader.number(k), Ok(*number), "{k}"));
            assert!(bytes.end().is_ok(), "{k}");
        }
    }

    #[test]
    fn the_parameter_is_that_of_the_shortest_form() {
        let numbers: Vec<u64> = (0..100).map(|number| 1_000_000 + number * 10_000).collect();
        let length = |k| {
            let mut writer = BitWriter::default();
            numbers.iter().for_each(|number| writer.number((*number).into(), k));
            writer.finish().len()
        };
        let best = parameter(&numbers);
        assert!((0..40).all(|k| length(best) <= length(k)));
        // Two varints would take six bytes.
        assert!(length(best) < 100 * 3);
        assert_eq!(parameter(&[]), 0);
    }

    #[test]
    fn too_few_bits_are_an_error() {
        assert!(BitReader::new(&mut Reader::new(&[0xff])).number(3).is_err());
        assert!(BitReader::new(&mut Reader::new(&[0x80])).number(30).is_err());
        assert!(BitReader::new(&mut Reader::new(&[])).number(0).is_err());
    }
}
