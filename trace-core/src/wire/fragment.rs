use super::checksum::Sum;
use super::ip_header;
use crate::model::Family;

/// Bytes of an IPv6 fragment header (RFC 8200, section 4.5).
const HEADER: usize = 8;
const FRAGMENT: u8 = 44;
/// Offsets count in these.
const UNIT: usize = 8;

/// Cuts a packet of ours into pieces that a link of `mtu` bytes takes: IPv4 as RFC 791, section 3.2 has it, IPv6 by
/// its source as RFC 8200, section 4.5 has it. The first piece holds the transport header, so that it is the one that
/// routers quote.
///
/// `identification` tells the pieces of one packet from those of another; IPv4 has room for its lower half. A packet that fits is one piece. `None` if it is no packet of ours, or the link takes no piece worth sending.
#[must_use]
pub fn fragments(family: Family, packet: &[u8], mtu: usize, identification: u32) -> Option<Vec<Vec<u8>>> {
    if packet.len() <= mtu {
        return Some(vec![packet.to_vec()]);
    }
    let (header, behind) = packet.split_at_checked(usize::from(ip_header(family)))?;
    let extra = match family {
        Family::V4 => 0,
        Family::V6 => HEADER,
    };
    let room = mtu.checked_sub(header.len() + extra)? / UNIT * UNIT;
    // The longest transport header must stay in one piece.
    if room < 3 * UNIT {
        return None;
    }
    let pieces = behind.len().div_ceil(room);
    behind
        .chunks(room)
        .enumerate()
        .map(|(index, piece)| {
            let offset = u16::try_from(index * room).ok()?;
            let more = index + 1 < pieces;
            match family {
                Family::V4 => piece_v4(header.first_chunk()?, piece, offset, more, identification),
                Family::V6 => piece_v6(header.first_chunk()?, piece, offset, more, identification),
            }
        })
        .collect()
}

fn piece_v4(
    header: &[u8; 20],
    piece: &[u8],
    offset: u16,
    more: bool,
    identification: u32,
) -> Option<Vec<u8>> {
    const MORE: u16 = 0x2000;
    let mut header = *header;
    let [_, _, length_0, length_1, id_0, id_1, place_0, place_1, _, _, sum_0, sum_1, ..] = &mut header;
    // Not 0, for which the kernel would find another.
    let [_, _, high, low] = identification.to_be_bytes();
    [*id_0, *id_1] = u16::from_be_bytes([high, low]).max(1).to_be_bytes();
    [*length_0, *length_1] = u16::try_from(20 + piece.len()).ok()?.to_be_bytes();
    [*place_0, *place_1] = ((offset / 8) | if more { MORE } else { 0 }).to_be_bytes();
    (*sum_0, *sum_1) = (0, 0);
    let [high, low] = Sum::ZERO.bytes(&header).checksum().to_be_bytes();
    let [_, _, _, _, _, _, _, _, _, _, sum_0, sum_1, ..] = &mut header;
    (*sum_0, *sum_1) = (high, low);
    Some([&header, piece].concat())
}

fn piece_v6(
    header: &[u8; 40],
    piece: &[u8],
    offset: u16,
    more: bool,
    identification: u32,
) -> Option<Vec<u8>> {
    let mut header = *header;
    let [_, _, _, _, length_0, length_1, next, ..] = &mut header;
    [*length_0, *length_1] = u16::try_from(HEADER + piece.len()).ok()?.to_be_bytes();
    let protocol = core::mem::replace(next, FRAGMENT);
    let [place_0, place_1] = (offset | u16::from(more)).to_be_bytes();
    let fragment = [protocol, 0, place_0, place_1];
    Some([&header[..], &fragment, &identification.to_be_bytes(), piece].concat())
}

#[cfg(test)]
mod tests {
    use pnet_packet::Packet;
    use pnet_packet::ipv4::{self, Ipv4Packet};
    use pnet_packet::ipv6::Ipv6Packet;
    use proptest::prelude::*;

    use super::*;
    use crate::engine::ProbeId;
    use crate::model::Ttl;
    use crate::wire::template::tests::any_headers;
    use crate::wire::{Headers, Quote, Template};

    proptest! {
        /// Put together again the pieces are the packet, and the first is quoted like the whole.
        #[test]
        fn pieces_make_the_packet(headers in any_headers(), size in 100..9000u16, mtu in 100..1600usize, id in 1..=512u16) {
            let headers = Headers { size: Some(size), dont_fragment: false, ..headers };
            let family = Family::of(headers.destination);
            let mut template = Template::new(&headers).unwrap();
            let packet = template.stamp(Ttl::MIN, ProbeId::new(id).unwrap(), false).to_vec();
            let pieces = fragments(family, &packet, mtu, 0x1234_5678).unwrap();
            let transport = usize::from(ip_header(family));
            let mut whole: Vec<u8> = Vec::new();
            for (index, piece) in pieces.iter().enumerate() {
                prop_assert!(piece.len() <= mtu);
                let more = index + 1 < pieces.len();
                match family {
                    Family::V4 => {
                        let header = Ipv4Packet::new(piece).unwrap();
                        prop_assert_eq!(usize::from(header.get_total_length()), piece.len());
                        prop_assert_eq!(header.get_checksum(), ipv4::checksum(&header));
                        prop_assert_eq!(header.get_flags(), u8::from(more));
                        prop_assert_eq!(usize::from(header.get_fragment_offset()) * 8, whole.len());
                        prop_assert_eq!(header.get_identification(), if pieces.len() == 1 { id } else { 0x5678 });
                        whole.extend(header.payload());
                    }
                    Family::V6 if pieces.len() == 1 => whole.extend(&piece[40..]),
                    Family::V6 => {
                        let header = Ipv6Packet::new(piece).unwrap();
                        prop_assert_eq!(usize::from(header.get_payload_length()) + 40, piece.len());
                        prop_assert_eq!(header.get_next_header().0, 44);
                        prop_assert_eq!(piece[40], packet[6]);
                        let place = u16::from_be_bytes([piece[42], piece[43]]);
                        prop_assert_eq!((usize::from(place & 0xfff8), place & 7), (whole.len(), u16::from(more)));
                        prop_assert_eq!(&piece[44..48], &[0x12, 0x34, 0x56, 0x78]);
                        whole.extend(&piece[48..]);
                    }
                }
            }
            prop_assert_eq!(&whole, &packet[transport..]);
            let (first, quoted) = (Quote::parse(family, &pieces[0]).unwrap(), Quote::parse(family, &packet).unwrap());
            prop_assert!(quoted.transport.starts_with(first.transport));
            let rest = |quote| Quote { transport: &[], identification: None, ..quote };
            prop_assert_eq!(rest(first), rest(quoted));
            for piece in pieces.iter().skip(1) {
                prop_assert_eq!(Quote::parse(family, piece), None, "only the first names the probe");
            }
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>, mtu in 0..100usize) {
            for family in Family::ALL {
                let _ = fragments(*family, &bytes, mtu, 7);
            }
        }
    }
}
