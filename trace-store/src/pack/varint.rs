use core::fmt;

/// Bytes that are not what they should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Malformed {
    what: &'static str,
    at: usize,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.what, self.at)
    }
}

/// Numbers near 0 of either sign as small numbers.
pub(super) const fn zigzag(number: i128) -> u128 {
    ((number << 1) ^ (number >> 127)).cast_unsigned()
}

/// The other way round.
pub(super) const fn unzigzag(number: u128) -> i128 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

/// Appends numbers, texts and bytes.
#[derive(Debug, Default)]
pub(super) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.bytes.push(byte);
    }

    pub(super) fn unsigned(&mut self, number: impl Into<u128>) {
        let mut number = number.into();
        loop {
            let [low, ..] = number.to_le_bytes();
            number >>= 7;
            if number == 0 {
                self.bytes.push(low & 0x7f);
                return;
            }
            self.bytes.push(low | 0x80);
        }
    }

    pub(super) fn length(&mut self, length: usize) {
        // Lossless wherever Rust runs.
        self.unsigned(length as u128);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn block(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.raw(bytes);
    }

    pub(super) fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Takes apart what a [`Writer`] wrote.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    whole: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, whole: bytes.len() }
    }

    pub(super) const fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.whole - self.rest.len() }
    }

    /// How many bytes are left: no list can be longer.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.rest.split_first().ok_or(self.malformed("it ends too early"))?;
        self.rest = rest;
        Ok(byte)
    }

    fn wide(&mut self) -> Result<u128, Malformed> {
        let mut number = 0_u128;
        for shift in (0..=126).step_by(7) {
            let byte = self.byte()?;
            let bits = u128::from(byte & 0x7f);
            if shift == 126 && bits > 3 {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.malformed("a number does not end"))
    }

    pub(super) fn unsigned<T: TryFrom<u128>>(&mut self) -> Result<T, Malformed> {
        T::try_from(self.wide()?).map_err(|_| self.malformed("a number is too large"))
    }

    /// The number of things that follow, of which each takes a byte at least.
    pub(super) fn count(&mut self) -> Result<usize, Malformed> {
        let count = self.unsigned()?;
        if count > self.left() {
            return Err(self.malformed("a list is longer than the rest"));
        }
        Ok(count)
    }

    pub(super) fn raw(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(self.malformed("it ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(self.malformed("it ends too early"))?;
        self.rest = rest;
        Ok(*taken)
    }

    pub(super) fn block(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.count()?;
        self.raw(length)
    }

    pub(super) fn text(&mut self) -> Result<String, Malformed> {
        let bytes = self.block()?.to_vec();
        String::from_utf8(bytes).map_err(|_| self.malformed("a text is not UTF-8"))
    }

    pub(super) fn version(&mut self, known: u8) -> Result<(), Malformed> {
        if self.byte()? == known { Ok(()) } else { Err(self.malformed("its version is not known")) }
    }

    pub(super) const fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.malformed("something follows its end")) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        let unsigned = [0, 1, 127, 128, 300, u128::from(u64::MAX), u128::MAX];
        let signed = [0, -1, 1, -64, 64, i128::MIN, i128::MAX];
        let mut writer = Writer::default();
        unsigned.iter().for_each(|number| writer.unsigned(*number));
        let bytes = writer.finish();
        let mut reader = Reader::new(&bytes);
        unsigned.iter().for_each(|number| assert_eq!(reader.unsigned(), Ok(*number)));
        signed.iter().for_each(|number| assert_eq!(unzigzag(zigzag(*number)), *number));
        assert_eq!([0, -1, 1, -2].map(zigzag), [0, 1, 2, 3]);
        assert_eq!(reader.end(), Ok(()));
    }

    #[test]
    fn small_numbers_are_short() {
        for (number, length) in [(0_u64, 1), (127, 1), (128, 2), (16_383, 2), (268_435_455, 4)] {
            let mut writer = Writer::default();
            writer.unsigned(number);
            assert_eq!(writer.finish().len(), length);
        }
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(Reader::new(&[0x80]).unsigned::<u8>().is_err());
        assert!(Reader::new(&[0xff; 30]).unsigned::<u128>().is_err());
        assert!(Reader::new(&[0x80, 0x02]).unsigned::<u8>().is_err());
        assert!(Reader::new(&[5, 1]).block().is_err());
        assert!(Reader::new(&[1, 0xff]).text().is_err());
        assert_eq!(Reader::new(&[0]).end().unwrap_err().to_string(), "something follows its end at byte 0");
    }
}
