use proptest::prelude::*;

use super::*;
use crate::carrier::off_flow_port;
use crate::wire::template::tests::any_headers;

proptest! {
    /// The heart of it: whatever is sent, over whatever carrier, family and size, and however little of it
    /// is quoted, the answer names the probe.
    #[test]
    fn what_is_quoted_is_what_was_sent(
        headers in any_headers(),
        id in 1..=ProbeId::COUNT,
        off_flow: bool,
        cut in prop::option::of(8..64usize),
        with_extension_headers: bool,
    ) {
        let family = Family::of(headers.destination);
        let mut packet = probe(&headers, id, off_flow);
        packet.truncate(cut.map_or(usize::MAX, |bytes| usize::from(ip_header(family)) + bytes));
        if with_extension_headers {
            match family {
                Family::V4 => {
                    packet[0] = 0x46;
                    packet.splice(20..20, [0x94, 4, 0, 0]);
                }
                Family::V6 => {
                    let next = core::mem::replace(&mut packet[6], 60);
                    packet.splice(40..40, [next, 0, 1, 4, 0, 0, 0, 0]);
                }
            }
        }
        let heard = quoted(&directory(&headers), &packet).expect("nobody's");
        prop_assert_eq!(heard.id, ProbeId::new(id));
        prop_assert_eq!((heard.target, heard.flow, heard.protocol), (TARGET, FLOW, headers.protocol));
        prop_assert_eq!(heard.off_flow, off_flow && headers.protocol == Protocol::Udp);
        prop_assert_eq!(heard.at, Moment::from_nanos(77));
        prop_assert_eq!(heard.reply.from, router(family));
        prop_assert_eq!(heard.reply.kind, Some(ReplyKind::TimeExceeded));
        prop_assert_eq!(heard.reply.reply_ttl, Some(60));
        prop_assert_eq!(heard.reply.quoted, Some(Quoted { ttl: 1, tos: headers.tos, nat: false }));
    }

    /// Seven bytes behind the IP header are not enough for anybody.
    #[test]
    fn a_quote_that_is_too_short_is_nobodys(headers in any_headers(), id in 1..=ProbeId::COUNT, cut in 0..8usize) {
        let mut packet = probe(&headers, id, false);
        packet.truncate(usize::from(ip_header(Family::of(headers.destination))) + cut);
        prop_assert_eq!(quoted(&directory(&headers), &packet), None);
    }

    #[test]
    fn arbitrary_bytes_are_nobodys(bytes: Vec<u8>, protocol in prop::sample::select(Protocol::ALL), headers in any_headers()) {
        let directory = directory(&headers);
        for family in Family::ALL {
            prop_assert_eq!(hear(&directory, router(*family), protocol, &bytes), None);
        }
        // From the target itself only the right ports or identifier would do, and 16 random bits rarely are.
        let _ = hear(&directory, headers.destination, protocol, &bytes);
    }

    /// One damaged byte of a quoted header never names another flow or an id that was not sent, but for the
    /// one field where the id stands.
    #[test]
    fn a_changed_address_identity_or_port_is_nobodys(headers in any_headers(), id in 1..=ProbeId::COUNT, flip in 1..=255u8) {
        let packet = probe(&headers, id, false);
        let family = Family::of(headers.destination);
        let (transport, destination, protocol) = match family {
            Family::V4 => (20, 16..20, 9),
            Family::V6 => (40, 24..40, 6),
        };
        let identity = match headers.protocol {
            Protocol::Icmp => transport + 4..transport + 6,
            _ => transport..transport + 2,
        };
        let directory = directory(&headers);
        for place in destination.chain(identity).chain([protocol]) {
            let mut changed = packet.clone();
            changed[place] ^= flip;
            // Not even if it becomes a fragment header or the like.
            prop_assert_eq!(quoted(&directory, &changed), None, "byte {}", place);
        }
    }

    /// Error queues hand over what follows the UDP header, or an echo request from its header on: of 8 quoted bytes
    /// nothing or all that is needed.
    #[test]
    fn what_an_error_queue_hands_over_names_the_probe(
        headers in any_headers(),
        id in 1..=ProbeId::COUNT,
        off_flow: bool,
        cut in 0..64usize,
    ) {
        let Headers { protocol, identity, destination_port, size, .. } = headers;
        let sent = ProbeId::new(id).unwrap();
        let off_flow = off_flow && protocol == Protocol::Udp;
        let mut payload = Payload::new(protocol, Family::of(headers.destination), identity, size).unwrap();
        let bytes = match protocol {
            Protocol::Tcp => sequence_of(&headers, id),
            Protocol::Icmp | Protocol::Udp => payload.stamp(Ttl::new(9).unwrap(), sent).to_vec(),
        };
        let handed = &bytes[..cut.min(bytes.len())];
        let port = match protocol {
            Protocol::Udp if off_flow => off_flow_port(destination_port, sent),
            _ => destination_port,
        };
        let heard = queued(&headers, port, handed, &[]).unwrap();
        let needed = if protocol == Protocol::Udp { 4 } else { 8 };
        prop_assert_eq!(heard.id, (off_flow || cut >= needed).then_some(sent));
        prop_assert_eq!((heard.target, heard.flow, heard.off_flow), (TARGET, FLOW, off_flow));
    }

    /// What targets say themselves: echo replies repeat identifier and sequence number, and TCP acknowledges.
    #[test]
    fn what_a_target_answers_names_the_probe(headers in any_headers(), id in 1..=ProbeId::COUNT, accepted: bool) {
        let family = Family::of(headers.destination);
        let packet = probe(&headers, id, false);
        let transport = &packet[usize::from(ip_header(family))..];
        let answer = match headers.protocol {
            Protocol::Icmp => {
                let kind = if family == Family::V4 { 0 } else { 129 };
                [&[kind, 0, 0, 0], &transport[4..]].concat()
            }
            Protocol::Tcp => {
                let data = if accepted { 0 } else { u32::try_from(transport.len()).unwrap() - 20 };
                let sequence = double_word(transport, 4).unwrap();
                segment(&headers, if accepted { 0x12 } else { 0x14 }, sequence.wrapping_add(1 + data))
            }
            // Data name no probe.
            Protocol::Udp => return Ok(()),
        };
        let heard = hear(&directory(&headers), headers.destination, headers.protocol, &answer).unwrap();
        prop_assert_eq!(heard.id, ProbeId::new(id));
        prop_assert_eq!((heard.target, heard.flow), (TARGET, FLOW));
    }
}
