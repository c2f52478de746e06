use super::*;

#[test]
fn the_ipv4_header_is_cut_off_with_its_options() {
    let mut packet = vec![0x45; 60];
    packet[8] = 61;
    assert_eq!(behind_ipv4_header(&packet), (&packet[20..], Some(61)));
    packet[0] = 0x4f;
    assert_eq!(behind_ipv4_header(&packet), (&packet[60..], Some(61)));
    // Less than a whole header, and less than the header says.
    assert_eq!(behind_ipv4_header(&packet[..19]), (&[][..], None));
    assert_eq!(behind_ipv4_header(&packet[..40]), (&[][..], Some(61)));
    assert_eq!(behind_ipv4_header(&[]), (&[][..], None));
}

/// Either it may be opened, or the error says what would help.
#[test]
fn opening_works_or_says_what_forbids_it() {
    match RawLink::open() {
        Ok(link) => assert_eq!(link.mode(), Mode::Raw),
        Err(error) => {
            assert!(matches!(error, Error::NotPermitted { .. }), "{error}");
            assert!(error.to_string().contains("setcap cap_net_raw+ep"), "{error}");
        }
    }
}
