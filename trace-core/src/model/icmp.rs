use super::InterfaceInformation;

/// Type and code of an ICMP message, as they stood in the packet. Which family they belong to follows from
/// the address of who sent it (RFC 792, RFC 4443).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IcmpType {
    /// The type field.
    pub kind: u8,
    /// The code field.
    pub code: u8,
}

/// One entry of an MPLS label stack that a router reported (RFC 4950, RFC 3032).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Label {
    /// The label, 20 bits.
    pub label: u32,
    /// The traffic class, 3 bits (RFC 5462).
    pub traffic_class: u8,
    /// Whether this is the bottom of the stack.
    pub bottom: bool,
    /// The TTL of this entry.
    pub ttl: u8,
}

/// An object of an ICMP extension structure (RFC 4884) that is not an MPLS stack, kept as its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Extension {
    /// The class number.
    pub class: u8,
    /// The C-Type within the class.
    pub c_type: u8,
    /// The object's payload.
    pub bytes: Vec<u8>,
}

impl Extension {
    /// The class number of interface information (RFC 5837, section 4).
    pub const INTERFACE: u8 = 2;

    /// What the object says of an interface (RFC 5837); `None` if it is another kind of object, or not as the RFC
    /// has it.
    #[must_use]
    pub fn interface(&self) -> Option<InterfaceInformation> {
        (self.class == Self::INTERFACE).then(|| InterfaceInformation::parse(self.c_type, &self.bytes))?
    }
}
