//! The Internet checksum (RFC 1071) and its incremental update (RFC 1624).

use std::net::IpAddr;

/// A ones' complement sum of 16-bit words in network order, not folded yet (RFC 1071, section 2): the parts
/// may be added in any order, and what never changes can be summed once and kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum(u64);

impl Sum {
    /// The sum of nothing.
    pub const ZERO: Self = Self(0);

    /// Adds one word.
    #[must_use]
    #[inline]
    pub const fn word(self, word: u16) -> Self {
        Self(self.0.wrapping_add(word as u64))
    }

    /// Adds two words.
    #[must_use]
    pub const fn double_word(self, words: u32) -> Self {
        Self(self.0.wrapping_add((words >> 16) as u64).wrapping_add((words & 0xffff) as u64))
    }

    /// Adds bytes; an odd last one counts as if a zero followed it.
    #[must_use]
    pub fn bytes(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<2>();
        let sum = words.iter().fold(self, |sum, word| sum.word(u16::from_be_bytes(*word)));
        rest.iter().fold(sum, |sum, byte| sum.word(u16::from(*byte) << 8))
    }

    /// Adds the address.
    #[must_use]
    pub fn address(self, address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => self.bytes(&address.octets()),
            IpAddr::V6(address) => self.bytes(&address.octets()),
        }
    }

    /// Adds the pseudo header of UDP and TCP over both families and of ICMPv6 (RFC 9293, section 3.1;
    /// RFC 8200, section 8.1), but for the length of the transport packet.
    #[must_use]
    pub fn pseudo_header(self, source: IpAddr, destination: IpAddr, protocol: u8) -> Self {
        self.address(source).address(destination).word(u16::from(protocol))
    }

    /// The sum folded into 16 bits.
    #[must_use]
    #[inline]
    pub const fn fold(self) -> u16 {
        // A carry is added back at once: after an overflow there is room for it.
        let [a, b, c, d, e, f, g, h] = self.0.to_be_bytes();
        let (sum, carry) = u32::from_be_bytes([a, b, c, d]).overflowing_add(u32::from_be_bytes([e, f, g, h]));
        let [a, b, c, d] = sum.wrapping_add(carry as u32).to_be_bytes();
        let (sum, carry) = u16::from_be_bytes([a, b]).overflowing_add(u16::from_be_bytes([c, d]));
        sum.wrapping_add(carry as u16)
    }

    /// The checksum: the complement of the folded sum. 0 for bytes that already carry a valid checksum.
    #[must_use]
    #[inline]
    pub const fn checksum(self) -> u16 {
        !self.fold()
    }
}

/// The checksum of a packet in which the word `old` became `new` (RFC 1624, equation 3), without summing the
/// packet again.
#[must_use]
pub const fn update(checksum: u16, old: u16, new: u16) -> u16 {
    Sum::ZERO.word(!checksum).word(!old).word(new).checksum()
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;

    /// The sum of RFC 1071, section 4.1, as it stands there.
    pub(in crate::wire) fn naive(bytes: &[u8]) -> u16 {
        let mut sum = 0u32;
        for pair in bytes.chunks(2) {
            sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
        }
        while sum >> 16 != 0 {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        u16::try_from(!sum & 0xffff).unwrap()
    }

    #[test]
    fn the_example_of_rfc_1071() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(Sum::ZERO.bytes(&bytes).fold(), 0xddf2);
    }

    #[test]
    fn the_example_of_rfc_1624() {
        // Section 4: equation 3 gives 0x0000 where the older one gave 0xffff.
        assert_eq!(update(0xdd2f, 0x5555, 0x3285), 0x0000);
    }

    proptest! {
        #[test]
        fn equals_the_naive_sum(bytes: Vec<u8>) {
            prop_assert_eq!(Sum::ZERO.bytes(&bytes).checksum(), naive(&bytes));
        }

        #[test]
        fn an_update_equals_summing_again(mut words in vec(any::<u16>(), 1..40), place: Index, new: u16) {
            // Never all zero, so that there is one zero only.
            let sum = |words: &[u16]| words.iter().fold(Sum::ZERO.word(1), |sum, word| sum.word(*word));
            let before = sum(&words).checksum();
            let place = place.index(words.len());
            let old = core::mem::replace(&mut words[place], new);
            prop_assert_eq!(update(before, old, new), sum(&words).checksum());
        }

        #[test]
        fn folding_is_the_remainder(sum: u64) {
            let folded = u64::from(Sum(sum).fold());
            prop_assert_eq!(folded % 0xffff, sum % 0xffff);
            prop_assert_eq!(folded == 0, sum == 0);
        }
    }
}
