use super::{Extensions, Quote, word};
use crate::model::{Family, IcmpType, ReplyKind};

/// An ICMP or ICMPv6 message that may answer a probe.
///
/// The checksum of the message is not verified here: the kernel does it for ICMPv6, and what survives of a
/// damaged ICMP message must still name a probe that is in flight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// An echo reply (RFC 792, RFC 4443 section 4.2). Requests are nobody's answer: a raw socket on the
    /// loopback interface hears its own.
    EchoReply {
        /// The identifier of the request.
        identifier: u16,
        /// The sequence number of the request.
        sequence: u16,
    },
    /// An error message that quotes the packet that caused it.
    Error {
        /// Type and code.
        icmp: IcmpType,
        /// What they mean.
        kind: ReplyKind,
        /// The quoted packet.
        quote: Quote<'a>,
        /// The extension structure, where there is a valid one.
        extensions: Option<Extensions<'a>>,
    },
}

impl<'a> Message<'a> {
    /// Reads a message from its ICMP header on. `None` for kinds that answer no probe (requests, redirects,
    /// neighbour discovery), and for messages that are cut too short to tell.
    #[must_use]
    pub fn parse(family: Family, bytes: &'a [u8]) -> Option<Self> {
        let ([kind, code, _, _, fifth, sixth, _, _], body) = bytes.split_first_chunk()?;
        let icmp = IcmpType { kind: *kind, code: *code };
        if (family, icmp.kind) == (Family::V4, 0) || (family, icmp.kind) == (Family::V6, 129) {
            return Some(Self::EchoReply { identifier: word(bytes, 4)?, sequence: word(bytes, 6)? });
        }
        let kind = reply_kind(family, icmp)?;
        // RFC 4884, sections 4 and 5: the length of the quoted packet, in words of 32 or of 64 bits. In
        // other messages these bytes are a pointer or an MTU.
        let quoted = match (family, icmp.kind) {
            (Family::V4, 3 | 11 | 12) => Some(usize::from(*sixth) * 4),
            (Family::V6, 1 | 3) => Some(usize::from(*fifth) * 8),
            _ => None,
        };
        let (quote, extensions) = match quoted {
            Some(length) => split(body, length),
            None => (body, None),
        };
        Some(Self::Error { icmp, kind, quote: Quote::parse(family, quote)?, extensions })
    }
}

/// Parts the quoted packet from the extension structure behind it. Routers from before RFC 4884 append one
/// behind 128 bytes and set no length (section 5.5); a structure must be valid to be believed, and where it
/// is not, everything is the quoted packet.
fn split(body: &[u8], length: usize) -> (&[u8], Option<Extensions<'_>>) {
    const LEGACY: usize = 128;
    let length = if length == 0 { LEGACY } else { length };
    body.split_at_checked(length)
        .and_then(|(quote, rest)| Some((quote, Some(Extensions::parse(rest)?))))
        .unwrap_or((body, None))
}

/// What an error message of this type and code says; `None` for messages that are no answer to a probe.
#[must_use]
pub const fn reply_kind(family: Family, icmp: IcmpType) -> Option<ReplyKind> {
    use ReplyKind as Kind;
    Some(match (family, icmp.kind, icmp.code) {
        (Family::V4, 11, 0) | (Family::V6, 3, 0) => Kind::TimeExceeded,
        (Family::V4, 11, 1) | (Family::V6, 3, 1) => Kind::ReassemblyExceeded,
        (Family::V4, 3, 0) | (Family::V6, 1, 0) => Kind::NetUnreachable,
        (Family::V4, 3, 1) | (Family::V6, 1, 3) => Kind::HostUnreachable,
        (Family::V4, 3, 2) | (Family::V6, 4, 1) => Kind::ProtocolUnreachable,
        (Family::V4, 3, 3) | (Family::V6, 1, 4) => Kind::PortUnreachable,
        (Family::V4, 3, 4) | (Family::V6, 2, 0) => Kind::TooBig,
        (Family::V4, 3, 9 | 10 | 13) | (Family::V6, 1, 1 | 5 | 6) => Kind::AdminProhibited,
        (Family::V4, 3, _) | (Family::V6, 1, _) => Kind::Unreachable,
        (Family::V4, 12, _) | (Family::V6, 4, _) => Kind::ParameterProblem,
        _ => return None,
    })
}

/// The type and code that say this, the commonest where there are several; `None` for kinds that are not
/// said by an ICMP error message.
#[must_use]
pub const fn icmp_type(family: Family, kind: ReplyKind) -> Option<IcmpType> {
    use ReplyKind as Kind;
    let (kind, code) = match (family, kind) {
        (Family::V4, Kind::TimeExceeded) => (11, 0),
        (Family::V6, Kind::TimeExceeded) => (3, 0),
        (Family::V4, Kind::ReassemblyExceeded) => (11, 1),
        (Family::V6, Kind::ReassemblyExceeded) => (3, 1),
        (Family::V4, Kind::NetUnreachable) => (3, 0),
        (Family::V6, Kind::NetUnreachable) => (1, 0),
        (Family::V4, Kind::HostUnreachable) => (3, 1),
        (Family::V6, Kind::HostUnreachable) => (1, 3),
        (Family::V4, Kind::ProtocolUnreachable) => (3, 2),
        (Family::V6, Kind::ProtocolUnreachable) => (4, 1),
        (Family::V4, Kind::PortUnreachable) => (3, 3),
        (Family::V6, Kind::PortUnreachable) => (1, 4),
        (Family::V4, Kind::TooBig) => (3, 4),
        (Family::V6, Kind::TooBig) => (2, 0),
        (Family::V4, Kind::AdminProhibited) => (3, 13),
        (Family::V6, Kind::AdminProhibited) => (1, 1),
        // Source route failed; beyond the scope of the source address.
        (Family::V4, Kind::Unreachable) => (3, 5),
        (Family::V6, Kind::Unreachable) => (1, 2),
        (Family::V4, Kind::ParameterProblem) => (12, 0),
        (Family::V6, Kind::ParameterProblem) => (4, 0),
        (_, Kind::EchoReply | Kind::SynAck | Kind::Rst | Kind::Data) => return None,
    };
    Some(IcmpType { kind, code })
}

#[cfg(test)]
mod tests;
