use proptest::prelude::*;

use super::*;
use crate::carrier::smallest;
use crate::wire::checksum::Sum;

#[test]
fn golden_bytes() {
    let (ttl, id) = (Ttl::new(5).unwrap(), ProbeId::new(300).unwrap());
    let stamped = |protocol, family, size| {
        Payload::new(protocol, family, 0x8235, size).unwrap().stamp(ttl, id).to_vec()
    };
    let udp = [b't', b'r', 0x01, 0x2c, 5, 0, 0, 0];
    assert_eq!(stamped(Protocol::Udp, Family::V4, None), udp);
    assert_eq!(stamped(Protocol::Udp, Family::V6, None), udp);
    assert_eq!(stamped(Protocol::Icmp, Family::V4, None), [8, 0, 0, 0, 0x82, 0x35, 0x01, 0x2c, 0xfe, 0xd3]);
    assert_eq!(stamped(Protocol::Icmp, Family::V6, None), [128, 0, 0, 0, 0x82, 0x35, 0x01, 0x2c, 0xfe, 0xd3]);
    assert!(stamped(Protocol::Tcp, Family::V4, None).is_empty());
    // The size is that of the whole packet.
    assert_eq!(stamped(Protocol::Udp, Family::V4, Some(100)).len(), 72);
    assert_eq!(stamped(Protocol::Icmp, Family::V6, Some(100)).len(), 60);
}

#[test]
fn a_size_that_is_too_small_is_refused() {
    for family in Family::ALL {
        for protocol in Protocol::ALL {
            let smallest = smallest(*protocol, *family);
            assert!(Payload::new(*protocol, *family, 1, Some(smallest)).is_ok());
            assert!(matches!(
                Payload::new(*protocol, *family, 1, Some(smallest - 1)),
                Err(Error::ProbeSize { size, .. }) if size == smallest - 1
            ));
        }
    }
}

proptest! {
    /// The kernel sums what it is handed: the same for every probe of a flow.
    #[test]
    fn echo_requests_of_a_flow_sum_up_to_the_same(identity: u16, size in 60..200u16, one in 1..=512u16, other in 1..=512u16) {
        let mut payload = Payload::new(Protocol::Icmp, Family::V6, identity, Some(size)).unwrap();
        let sums = [one, other].map(|id| {
            Sum::ZERO.bytes(payload.stamp(Ttl::MIN, ProbeId::new(id).unwrap())).fold()
        });
        prop_assert_eq!(sums[0], sums[1]);
    }

    #[test]
    fn the_id_is_read_back(id in 1..=512u16, ttl in 1..=255u8, size in prop::option::of(36..200u16)) {
        let mut payload = Payload::new(Protocol::Udp, Family::V4, 1, size).unwrap();
        let id = ProbeId::new(id).unwrap();
        prop_assert_eq!(Payload::udp_id(payload.stamp(Ttl::new(ttl).unwrap(), id)), Some(id));
    }
}
