use std::net::{Ipv4Addr, Ipv6Addr};

use pnet_packet::Packet;
use pnet_packet::icmp::{self as icmp_v4, IcmpPacket};
use pnet_packet::icmpv6::{self as icmp_v6, Icmpv6Packet};
use pnet_packet::ipv4::{self, Ipv4Packet};
use pnet_packet::ipv6::Ipv6Packet;
use pnet_packet::tcp::{self, TcpPacket};
use pnet_packet::udp::{self, UdpPacket};
use proptest::prelude::*;

use super::*;
use crate::wire::checksum::tests::naive;

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn headers(family: Family, protocol: Protocol) -> Headers {
    let (source, destination) = match family {
        Family::V4 => ("192.0.2.1", "198.51.100.80"),
        Family::V6 => ("2001:db8::1", "2001:db8:2::80"),
    };
    Headers {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
        protocol,
        identity: 0x8235,
        destination_port: if protocol == Protocol::Udp { 33434 } else { 80 },
        size: None,
        tos: 0x48,
        flow_label: 0x28235,
        dont_fragment: false,
    }
}

/// Made by a script of its own from RFC 791, 792, 768, 8200, 4443 and 9293 with a naive sum (the balance of
/// UDP by trying all), and found without fault, checksums included, by tshark 4.
#[test]
fn golden_bytes() {
    let golden = [
        (Family::V4, Protocol::Icmp, "4548001e000700000501c90bc0000201c6336450080075ca82350007fff8"),
        (
            Family::V4,
            Protocol::Udp,
            "4548002b000700000511c8eec0000201c63364508235829a0017000774720007050094ea00000000000000",
        ),
        (
            Family::V4,
            Protocol::Tcp,
            "45480028000700000506c8fcc0000201c63364508235005082350007000000005002ffffbe9b0000",
        ),
        (
            Family::V6,
            Protocol::Icmp,
            "64828235000a3a0520010db800000000000000000000000120010db80002000000000000000000808000a19082350007fff8",
        ),
        (
            Family::V6,
            Protocol::Udp,
            "648282350017110520010db800000000000000000000000120010db80002000000000000000000808235829a0017000774720007\
             0500257b00000000000000",
        ),
        (
            Family::V6,
            Protocol::Tcp,
            "648282350014060520010db800000000000000000000000120010db80002000000000000000000808235005082350007\
             000000005002ffff4f2c0000",
        ),
    ];
    for (family, protocol, expected) in golden {
        let mut template = Template::new(&headers(family, protocol)).unwrap();
        let packet = template.stamp(Ttl::new(5).unwrap(), ProbeId::new(7).unwrap(), false);
        assert_eq!(hexadecimal(packet), expected, "{protocol} over {family}");
    }
}

/// What the user chooses beside the defaults: do-not-fragment, flow label, source port. Written by hand from the
/// bytes above: the flag 0x4000 takes as much from the header's checksum; the label is in no checksum; the port is,
/// and in the upper half of TCP's sequence number, which tells identities apart, once more.
#[test]
fn golden_bytes_of_what_is_chosen() {
    let golden = [
        (Family::V4, Protocol::Icmp, "4548001e00074000050189 0bc0000201c6336450 0800ecca0b350007fff8"),
        (
            Family::V4,
            Protocol::Udp,
            "4548002b000740000511 88eec0000201c6336450 0b35829a00170007 747200070500 0beb 00000000000000",
        ),
        (
            Family::V4,
            Protocol::Tcp,
            "4548002800074000050688fcc0000201c6336450 0b350050 0b350007 00000000 5002ffff ac9c 0000",
        ),
        (
            Family::V6,
            Protocol::Icmp,
            "648fffff000a3a0520010db800000000000000000000000120010db80002000000000000000000808000 1891 0b350007fff8",
        ),
        (
            Family::V6,
            Protocol::Udp,
            "648fffff0017110520010db800000000000000000000000120010db80002000000000000000000800b35829a00170007747200070500
             9c7b 00000000000000",
        ),
        (
            Family::V6,
            Protocol::Tcp,
            "648fffff0014060520010db800000000000000000000000120010db80002000000000000000000800b3500500b350007
             000000005002ffff 3d2d 0000",
        ),
    ];
    for (family, protocol, expected) in golden {
        let chosen = Headers {
            identity: 2869,
            flow_label: 0xf_ffff,
            dont_fragment: true,
            ..headers(family, protocol)
        };
        let mut template = Template::new(&chosen).unwrap();
        let packet = template.stamp(Ttl::new(5).unwrap(), ProbeId::new(7).unwrap(), false);
        let expected: String = expected.split_whitespace().collect();
        assert_eq!(hexadecimal(packet), expected, "{protocol} over {family}");
    }
}

#[test]
fn an_off_flow_datagram_has_a_port_of_its_own() {
    for family in Family::ALL {
        let mut template = Template::new(&headers(*family, Protocol::Udp)).unwrap();
        let id = ProbeId::new(7).unwrap();
        let whole = template.stamp(Ttl::MIN, id, true).to_vec();
        let datagram = UdpPacket::new(&whole[usize::from(ip_header(*family))..]).unwrap();
        assert_eq!((datagram.get_source(), datagram.get_destination()), (0x8235, 33441));
        assert_valid(&whole);
        let back = template.stamp(Ttl::MIN, id, false);
        assert_eq!(
            UdpPacket::new(&back[usize::from(ip_header(*family))..]).unwrap().get_destination(),
            33434
        );
    }
}

#[test]
fn a_size_that_is_too_small_names_the_smallest() {
    let small = Headers { size: Some(35), ..headers(Family::V4, Protocol::Udp) };
    assert_eq!(
        Template::new(&small).unwrap_err().to_string(),
        "a probe by udp over ipv4 cannot have 35 bytes; the smallest has 36"
    );
    let mixed = Headers { source: "192.0.2.1".parse().unwrap(), ..headers(Family::V6, Protocol::Icmp) };
    assert!(matches!(Template::new(&mixed), Err(Error::MixedFamilies { .. })));
}

/// Checks every checksum twice: by a naive sum over the pseudo header, and by `pnet_packet`.
fn assert_valid(whole: &[u8]) {
    let (transport, protocol, pseudo, addresses) = match whole[0] >> 4 {
        4 => {
            let header = Ipv4Packet::new(whole).unwrap();
            assert_eq!(usize::from(header.get_total_length()), whole.len());
            assert_eq!(naive(&whole[..20]), 0);
            assert_eq!(header.get_checksum(), ipv4::checksum(&header));
            assert_ne!(header.get_identification(), 0);
            let mut pseudo = whole[12..20].to_vec();
            pseudo.extend([0, whole[9]]);
            pseudo.extend(u16::try_from(whole.len() - 20).unwrap().to_be_bytes());
            let (source, destination) = (header.get_source(), header.get_destination());
            (&whole[20..], whole[9], pseudo, (source.into(), destination.into()))
        }
        6 => {
            let header = Ipv6Packet::new(whole).unwrap();
            assert_eq!(usize::from(header.get_payload_length()) + 40, whole.len());
            let mut pseudo = whole[8..40].to_vec();
            pseudo.extend(u32::from(header.get_payload_length()).to_be_bytes());
            pseudo.extend([0, 0, 0, whole[6]]);
            let (source, destination) = (header.get_source(), header.get_destination());
            (&whole[40..], whole[6], pseudo, (IpAddr::V6(source), IpAddr::V6(destination)))
        }
        version => panic!("version {version}"),
    };
    let with_pseudo = [pseudo.as_slice(), transport].concat();
    assert_eq!(naive(if protocol == 1 { transport } else { &with_pseudo }), 0, "protocol {protocol}");
    match (protocol, addresses) {
        (1, _) => {
            let packet = IcmpPacket::new(transport).unwrap();
            assert_eq!(packet.get_checksum(), icmp_v4::checksum(&packet));
        }
        (58, (IpAddr::V6(source), IpAddr::V6(destination))) => {
            let packet = Icmpv6Packet::new(transport).unwrap();
            assert_eq!(packet.get_checksum(), icmp_v6::checksum(&packet, &source, &destination));
        }
        (17, (source, destination)) => {
            let packet = UdpPacket::new(transport).unwrap();
            assert_ne!(packet.get_checksum(), 0);
            assert_eq!(usize::from(packet.get_length()), packet.packet().len());
            let expected = match (source, destination) {
                (IpAddr::V4(source), IpAddr::V4(destination)) => {
                    udp::ipv4_checksum(&packet, &source, &destination)
                }
                (IpAddr::V6(source), IpAddr::V6(destination)) => {
                    udp::ipv6_checksum(&packet, &source, &destination)
                }
                _ => panic!("mixed families"),
            };
            assert_eq!(packet.get_checksum(), expected);
        }
        (6, (source, destination)) => {
            let packet = TcpPacket::new(transport).unwrap();
            let expected = match (source, destination) {
                (IpAddr::V4(source), IpAddr::V4(destination)) => {
                    tcp::ipv4_checksum(&packet, &source, &destination)
                }
                (IpAddr::V6(source), IpAddr::V6(destination)) => {
                    tcp::ipv6_checksum(&packet, &source, &destination)
                }
                _ => panic!("mixed families"),
            };
            assert_eq!(packet.get_checksum(), expected);
        }
        other => panic!("{other:?}"),
    }
}

/// Any template there can be.
pub(crate) fn any_headers() -> impl Strategy<Value = Headers> {
    let addresses = prop_oneof![
        (any::<Ipv4Addr>(), any::<Ipv4Addr>())
            .prop_map(|(source, destination)| (IpAddr::V4(source), IpAddr::V4(destination))),
        (any::<Ipv6Addr>(), any::<Ipv6Addr>())
            .prop_map(|(source, destination)| (IpAddr::V6(source), IpAddr::V6(destination))),
    ];
    let protocol = prop::sample::select(Protocol::ALL);
    let fields = any::<(u16, u16, u8, u32, bool)>();
    (addresses, protocol, fields, prop::option::of(68..1500u16)).prop_map(
        |((source, destination), protocol, fields, size)| {
            let (identity, destination_port, tos, flow_label, dont_fragment) = fields;
            Headers {
                source,
                destination,
                protocol,
                identity,
                destination_port,
                size,
                tos,
                flow_label,
                dont_fragment,
            }
        },
    )
}

proptest! {
    #[test]
    fn checksums_are_valid_whatever_is_stamped(
        headers in any_headers(),
        stamps in prop::collection::vec((1..=255u8, 1..=ProbeId::COUNT, any::<bool>()), 1..20),
    ) {
        let mut template = Template::new(&headers).unwrap();
        for (ttl, id, off_flow) in stamps {
            let (ttl, id) = (Ttl::new(ttl).unwrap(), ProbeId::new(id).unwrap());
            let whole = template.stamp(ttl, id, off_flow).to_vec();
            assert_valid(&whole);
            if let Some(size) = headers.size {
                prop_assert_eq!(whole.len(), usize::from(size));
            }
        }
    }

    /// What load balancers look at is the same for all probes of a flow: addresses, protocol, the first four
    /// bytes behind the IP header, type of service, flow label.
    #[test]
    fn a_flow_stays_a_flow(headers in any_headers(), one in 1..=ProbeId::COUNT, other in 1..=ProbeId::COUNT) {
        let mut template = Template::new(&headers).unwrap();
        let family = Family::of(headers.destination);
        let mut seen = [(one, 1), (other, 200)].map(|(id, ttl)| {
            let (ttl, id) = (Ttl::new(ttl).unwrap(), ProbeId::new(id).unwrap());
            let whole = template.stamp(ttl, id, false);
            let transport = usize::from(ip_header(family));
            let ip = match family {
                Family::V4 => [&whole[..2], &whole[9..10], &whole[12..20]].concat(),
                Family::V6 => [&whole[..4], &whole[6..7], &whole[8..40]].concat(),
            };
            (ip, whole[transport..transport + 4].to_vec())
        });
        let [one, other] = &mut seen;
        prop_assert_eq!(one, other);
    }
}
