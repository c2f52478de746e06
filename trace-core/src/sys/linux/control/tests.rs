use super::*;

/// A control message as the kernel lays it out.
fn message(level: i32, kind: i32, data: &[u8]) -> Vec<u8> {
    let mut bytes = (HEADER + data.len()).to_ne_bytes().to_vec();
    bytes.extend(level.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(data);
    bytes.resize(aligned(bytes.len()), 0);
    bytes
}

fn timespec(seconds: i64, nanoseconds: i64) -> Vec<u8> {
    [seconds.to_ne_bytes(), nanoseconds.to_ne_bytes()].concat()
}

/// `struct sock_extended_err` with origin, type, code and the offset of the extensions.
fn extended_error(origin: u8, kind: u8, code: u8, extensions: u16) -> Vec<u8> {
    let mut bytes = 113_u32.to_ne_bytes().to_vec();
    bytes.extend([origin, kind, code, 0]);
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend(extensions.to_ne_bytes());
    bytes.extend([0, 0]);
    bytes
}

fn offender_v4(octets: [u8; 4]) -> Vec<u8> {
    let family = u16::try_from(libc::AF_INET).unwrap().to_ne_bytes();
    [&family[..], &[0, 0], &octets, &[0; 8]].concat()
}

fn offender_v6(address: Ipv6Addr) -> Vec<u8> {
    let family = u16::try_from(libc::AF_INET6).unwrap().to_ne_bytes();
    [&family[..], &[0; 6], &address.octets(), &[0; 4]].concat()
}

#[test]
fn everything_beside_an_ipv4_error_is_read() {
    let error = [extended_error(2, 11, 0, 100), offender_v4([192, 0, 2, 7])].concat();
    let bytes = [
        message(libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS, &timespec(1_790_000_000, 123_456_789)),
        message(libc::IPPROTO_IP, libc::IP_TTL, &61_i32.to_ne_bytes()),
        message(libc::IPPROTO_IP, libc::IP_RECVERR, &error),
    ]
    .concat();
    let queued = Queued {
        origin: 2,
        kind: 11,
        code: 0,
        extensions: Some(100),
        offender: Some(Ipv4Addr::new(192, 0, 2, 7).into()),
    };
    let expected = Told { stamp: Some(1_790_000_000_123_456_789), ttl: Some(61), error: Some(queued) };
    assert_eq!(Told::read(&bytes), expected);
}

#[test]
fn everything_beside_an_ipv6_error_is_read() {
    let router = "2001:db8::7".parse().unwrap();
    let error = [extended_error(3, 1, 4, 0), offender_v6(router)].concat();
    let bytes = [
        message(libc::IPPROTO_IPV6, libc::IPV6_RECVERR, &error),
        message(libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &255_i32.to_ne_bytes()),
    ]
    .concat();
    let queued = Queued { origin: 3, kind: 1, code: 4, extensions: None, offender: Some(IpAddr::V6(router)) };
    assert_eq!(Told::read(&bytes), Told { stamp: None, ttl: Some(255), error: Some(queued) });
}

#[test]
fn an_error_of_this_machine_has_no_offender() {
    // AF_UNSPEC: a datagram that was larger than the interface takes.
    let error = [extended_error(1, 0, 0, 0), vec![0; 16]].concat();
    let told = Told::read(&message(libc::IPPROTO_IP, libc::IP_RECVERR, &error));
    assert_eq!(told.error.unwrap().origin, 1);
    assert_eq!(told.error.unwrap().offender, None);
}

#[test]
fn stamps_of_either_width_are_read_and_none_is_none() {
    let narrow = [1_790_000_000_i32.to_ne_bytes(), 5_i32.to_ne_bytes()].concat();
    assert_eq!(stamp(&narrow), Some(1_790_000_000_000_000_005));
    assert_eq!(stamp(&timespec(0, 0)), None);
    assert_eq!(stamp(&timespec(-1, 0)), None);
    assert_eq!(stamp(&timespec(i64::MAX, 0)), None);
    assert_eq!(stamp(&[1, 2, 3]), None);
}

#[test]
fn what_was_cut_off_or_makes_no_sense_is_passed_over() {
    let error = [extended_error(2, 3, 3, 0), offender_v4([10, 0, 0, 1])].concat();
    let whole = [
        message(libc::IPPROTO_IP, libc::IP_TTL, &64_i32.to_ne_bytes()),
        message(libc::IPPROTO_IP, libc::IP_RECVERR, &error),
    ]
    .concat();
    for end in 0..whole.len() {
        let told = Told::read(&whole[..end]);
        assert!(told.ttl.is_none_or(|ttl| ttl == 64));
        assert!(told.error.is_none_or(|error| (error.kind, error.code) == (3, 3)));
    }
    for ttl in [-1, 256, i32::MAX] {
        assert_eq!(Told::read(&message(libc::IPPROTO_IP, libc::IP_TTL, &ttl.to_ne_bytes())).ttl, None);
    }
    // Lengths that are less than a header, or would run past every end.
    for length in [0, 1, HEADER - 1, usize::MAX, usize::MAX - 7] {
        let mut bytes = whole.clone();
        bytes[..LENGTH].copy_from_slice(&length.to_ne_bytes());
        assert_eq!(Told::read(&bytes), Told::default());
    }
}

#[test]
fn arbitrary_bytes_never_panic() {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    for round in 0..20_000_usize {
        let bytes: Vec<u8> = (0..round % 120)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_ne_bytes()[0] & if round % 2 == 0 { 0x1f } else { 0xff }
            })
            .collect();
        let _ = Told::read(&bytes);
    }
}

#[test]
fn orders_are_laid_out_as_the_kernel_reads_them() {
    let plain = Orders::NONE.hops(Family::V4, 7, 0);
    assert_eq!(plain.bytes(), message(libc::IPPROTO_IP, libc::IP_TTL, &7_i32.to_ne_bytes()));
    let marked = Orders::NONE.hops(Family::V6, 255, 0xb8);
    let expected = [
        message(libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &255_i32.to_ne_bytes()),
        message(libc::IPPROTO_IPV6, libc::IPV6_TCLASS, &0xb8_i32.to_ne_bytes()),
    ]
    .concat();
    assert_eq!(marked.bytes(), expected);
}

#[test]
fn orders_name_source_interface_and_mark() {
    assert_eq!(Orders::NONE.by(Family::V4, None, None).marked(None).bytes(), b"");
    let v4 =
        Orders::NONE.by(Family::V4, Some("192.0.2.1".parse().unwrap()), Some(7)).marked(Some(0x1234_5678));
    let information = [&7_u32.to_ne_bytes()[..], &[192, 0, 2, 1], &[0; 4]].concat();
    let mark = message(libc::SOL_SOCKET, libc::SO_MARK, &0x1234_5678_u32.to_ne_bytes());
    assert_eq!(v4.bytes(), [message(libc::IPPROTO_IP, libc::IP_PKTINFO, &information), mark].concat());

    let source: Ipv6Addr = "2001:db8::1".parse().unwrap();
    let most = Orders::NONE.by(Family::V6, Some(source.into()), None).marked(Some(1)).hops(Family::V6, 1, 4);
    let information = [&source.octets()[..], &[0; 4]].concat();
    let expected = [
        message(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &information),
        message(libc::SOL_SOCKET, libc::SO_MARK, &1_u32.to_ne_bytes()),
        message(libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT, &1_i32.to_ne_bytes()),
        message(libc::IPPROTO_IPV6, libc::IPV6_TCLASS, &4_i32.to_ne_bytes()),
    ]
    .concat();
    assert_eq!(most.bytes(), expected);
}
