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
    pub const fn fold(self) -> u16 {
        // 64 bits become at most 34, then 18 or fewer, then 17, then 16.
        let sum = (self.0 >> 32) + (self.0 & 0xffff_ffff);
        let sum = (sum >> 16) + (sum & 0xffff);
        let sum = (sum >> 16) + (sum & 0xffff);
        let [.., high, low] = ((sum >> 16) + (sum & 0xffff)).to_be_bytes();
        u16::from_be_bytes([high, low])
    }

    /// The checksum: the complement of the folded sum. 0 for bytes that already carry a valid checksum.
    #[must_use]
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
