use core::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Extension;
use super::words::words;

words! {
    /// What an interface has to do with the packet that an ICMP message is about (RFC 5837, section 4.1).
    InterfaceRole, "role of an interface" {
        /// The IP interface the packet came in by.
        Incoming = "incoming",
        /// A part of the interface the packet came in by, below IP: the member of a bundle, as a rule.
        IncomingPart = "incoming-part",
        /// The IP interface the packet would have left by.
        Outgoing = "outgoing",
        /// The address of the next hop.
        NextHop = "next-hop",
    }
}

/// What a router says of one of its interfaces beside an ICMP error (RFC 5837). Every part may be missing.
///
/// The name is text from the network: escape it before it reaches a terminal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InterfaceInformation {
    /// Which interface is meant.
    pub role: InterfaceRole,
    /// Its number in the router's table of interfaces (RFC 2863).
    pub index: Option<u32>,
    /// Its address, which may be of the other family than the packet.
    pub address: Option<IpAddr>,
    /// Its name, 63 bytes at most; what is no UTF-8 in it is replaced.
    pub name: Option<String>,
    /// Its MTU in bytes.
    pub mtu: Option<u32>,
}

/// Which parts there are, as bits of the C-Type; the two highest bits are the role.
const INDEX: u8 = 0b1000;
const ADDRESS: u8 = 0b0100;
const NAME: u8 = 0b0010;
const MTU: u8 = 0b0001;
/// Address family numbers (RFC 5837, section 4.2).
const AFI_V4: [u8; 2] = [0, 1];
const AFI_V6: [u8; 2] = [0, 2];
/// The length of a name with its length byte.
const LONGEST_NAME: usize = 64;

impl InterfaceInformation {
    /// Information without any part.
    #[must_use]
    pub const fn new(role: InterfaceRole) -> Self {
        Self { role, index: None, address: None, name: None, mtu: None }
    }

    /// Reads the payload of an object with this C-Type. Its parts stand in the order of the bits and fill it; anything else
    /// is not believed.
    pub(super) fn parse(c_type: u8, payload: &[u8]) -> Option<Self> {
        let mut rest = Rest(payload);
        let has = |bit| c_type & bit != 0;
        let role = match c_type >> 6 {
            0 => InterfaceRole::Incoming,
            1 => InterfaceRole::IncomingPart,
            2 => InterfaceRole::Outgoing,
            _ => InterfaceRole::NextHop,
        };
        let mut found = Self::new(role);
        if has(INDEX) {
            found.index = Some(u32::from_be_bytes(rest.take()?));
        }
        if has(ADDRESS) {
            found.address = Some(rest.address()?);
        }
        if has(NAME) {
            found.name = rest.name()?;
        }
        if has(MTU) {
            found.mtu = Some(u32::from_be_bytes(rest.take()?));
        }
        rest.0.is_empty().then_some(found)
    }

    /// The object that says this. A name is cut at 63 bytes, between characters.
    #[must_use]
    pub fn to_extension(&self) -> Extension {
        let role: u8 = match self.role {
            InterfaceRole::Incoming => 0,
            InterfaceRole::IncomingPart => 1,
            InterfaceRole::Outgoing => 2,
            InterfaceRole::NextHop => 3,
        };
        let (mut c_type, mut bytes) = (role << 6, Vec::new());
        if let Some(index) = self.index {
            c_type |= INDEX;
            bytes.extend(index.to_be_bytes());
        }
        if let Some(address) = self.address {
            c_type |= ADDRESS;
            match address {
                IpAddr::V4(address) => {
                    bytes.extend(AFI_V4);
                    bytes.extend([0, 0]);
                    bytes.extend(address.octets());
                }
                IpAddr::V6(address) => {
                    bytes.extend(AFI_V6);
                    bytes.extend([0, 0]);
                    bytes.extend(address.octets());
                }
            }
        }
        if let Some(name) = &self.name {
            c_type |= NAME;
            let name = name.get(..name.floor_char_boundary(LONGEST_NAME - 1)).unwrap_or_default().as_bytes();
            let length = (name.len() + 1).next_multiple_of(4);
            bytes.push(u8::try_from(length).unwrap_or(0));
            bytes.extend(name);
            bytes.extend(core::iter::repeat_n(0, length - 1 - name.len()));
        }
        if let Some(mtu) = self.mtu {
            c_type |= MTU;
            bytes.extend(mtu.to_be_bytes());
        }
        Extension { class: Extension::INTERFACE, c_type, bytes }
    }
}

/// `incoming interface ge-0/0/1 (index 3, 192.0.2.1, MTU 1500)`.
impl fmt::Display for InterfaceInformation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.role {
            InterfaceRole::Incoming => f.write_str("incoming interface")?,
            InterfaceRole::IncomingPart => f.write_str("part of incoming interface")?,
            InterfaceRole::Outgoing => f.write_str("outgoing interface")?,
            InterfaceRole::NextHop => f.write_str("next hop")?,
        }
        if let Some(name) = &self.name {
            write!(f, " {name}")?;
        }
        let index = self.index.map(|index| format!("index {index}"));
        let address = self.address.map(|address| address.to_string());
        let mtu = self.mtu.map(|mtu| format!("MTU {mtu}"));
        let details: Vec<String> = [index, address, mtu].into_iter().flatten().collect();
        if details.is_empty() { Ok(()) } else { write!(f, " ({})", details.join(", ")) }
    }
}

/// What has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    /// Family, two reserved bytes, and the address.
    fn address(&mut self) -> Option<IpAddr> {
        let [high, low, _, _] = self.take()?;
        match [high, low] {
            AFI_V4 => self.take::<4>().map(|octets| Ipv4Addr::from(octets).into()),
            AFI_V6 => self.take::<16>().map(|octets| Ipv6Addr::from(octets).into()),
            _ => None,
        }
    }

    /// A length byte that counts itself, the name, and zeros up to a multiple of four. A name of nothing is no
    /// name.
    fn name(&mut self) -> Option<Option<String>> {
        let length = self.0.first().copied().map(usize::from)?;
        if length == 0 || length % 4 != 0 || length > LONGEST_NAME {
            return None;
        }
        let (object, rest): (&'a [u8], _) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let text = object.get(1..)?;
        let end = text.iter().position(|byte| *byte == 0).unwrap_or(text.len());
        let name = String::from_utf8_lossy(text.get(..end)?).into_owned();
        Some((!name.is_empty()).then_some(name))
    }
}

#[cfg(test)]
mod tests;
