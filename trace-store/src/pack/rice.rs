//! Rice codes (Rice and Plaunt 1971): numbers of about the same size without the bits that are always nought.
//!
//! A number `n` is written with a parameter `k` as `n >> k` ones, a nought, and the low `k` bits. Where there
//! would be 16 ones or more, 16 ones are followed by the length of the number in bits (7 bits) and the number.

use super::varint::{Malformed, Reader};

/// So many ones announce a number in full.
const ESCAPE: u32 = 16;

/// No number has a longer low part.
const MAX_PARAMETER: u8 = 63;

/// The parameter that makes `numbers` shortest.
pub(super) fn parameter(numbers: &[u128]) -> u8 {
    let bits = |k: u8| -> u64 {
        let length = |number: &u128| match u32::try_from(number >> k) {
            Ok(high) if high < ESCAPE => u64::from(high) + 1 + u64::from(k),
            _ => u64::from(ESCAPE) + 7 + u64::from(128 - number.leading_zeros()),
        };
        numbers.iter().map(length).sum()
    };
    // Numbers of the size of a nanosecond to a minute; what is longer is written in full.
    (0..40).min_by_key(|k| bits(*k)).unwrap_or(0)
}

/// Appends bits, the highest of a byte first.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits of the last byte that are used.
    used: u8,
}

impl BitWriter {
    fn bit(&mut self, bit: bool) {
        if self.used == 0 {
            self.bytes.push(0);
        }
        if let Some(last) = self.bytes.last_mut() {
            *last |= u8::from(bit) << (7 - self.used);
        }
        self.used = (self.used + 1) % 8;
    }

    fn bits(&mut self, number: u128, count: u32) {
        (0..count).rev().for_each(|place| self.bit(number >> place & 1 == 1));
    }

    pub(super) fn number(&mut self, number: u128, k: u8) {
        let k = k.min(MAX_PARAMETER);
        match u32::try_from(number >> k) {
            Ok(high) if high < ESCAPE => {
                (0..high).for_each(|_| self.bit(true));
                self.bit(false);
                self.bits(number, k.into());
            }
            _ => {
                (0..ESCAPE).for_each(|_| self.bit(true));
                // A number that is written in full has a bit, so the length less one fits 7 bits.
                let length = 128 - number.leading_zeros();
                self.bits(u128::from(length.saturating_sub(1)), 7);
                self.bits(number, length.max(1));
            }
        }
    }

    pub(super) fn finish(self) -> Vec<u8> {
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
        let numbers: Vec<u128> = (0..100).map(|number| 1_000_000 + number * 10_000).collect();
        let length = |k| {
            let mut writer = BitWriter::default();
            numbers.iter().for_each(|number| writer.number(*number, k));
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
