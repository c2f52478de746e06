use super::*;
use insta::assert_snapshot;
use trace_core::model::Family;

const EXPAND: Rules<'static> = Rules { wish: None, interface: None, expand: true, yes: false };

fn list(text: &[u8], rules: Rules<'_>) -> Targets {
    let mut targets = Targets::default();
    targets.lines(text, "hosts.txt", rules).unwrap();
    targets.settle();
    targets
}

fn spelled(targets: Targets) -> Vec<String> {
    let hosts = targets.into_hosts().map(|host| match host {
        Host::Address(address) => address.to_string(),
        Host::OnLink { address, zone } => format!("{address}%{zone}"),
        Host::Name { typed, .. } => typed,
    });
    hosts.collect()
}

#[test]
fn comments_blank_lines_and_the_marks_of_other_systems_do_not_count() {
    let text = "\u{feff}192.0.2.1\r\n\r\n# all of them\n  example.com   # the web\n\t\n2001:db8::1\nfe80::1%eth0#mine\nb\u{fc}cher.example";
    let targets = list(text.as_bytes(), Rules::default());
    assert_eq!(targets.broken, [""; 0]);
    assert_eq!(
        spelled(targets),
        ["192.0.2.1", "example.com", "2001:db8::1", "fe80::1%eth0", "b\u{fc}cher.example"]
    );
}

#[test]
fn what_is_named_twice_is_traced_once() {
    let text = b"192.0.2.1\nexample.com\n192.0.2.1\nexample.com\n[192.0.2.1]\n::ffff:192.0.2.1\n";
    assert_eq!(spelled(list(text, Rules::default())), ["192.0.2.1", "example.com"]);
}

#[test]
fn networks_are_all_their_addresses_once() {
    let text =
        b"192.0.2.6\n192.0.2.4/30\n192.0.2.5\n198.51.100.1/32\n192.0.2.7\n203.0.113.8/31\n2001:db8::/127\n";
    let targets = list(text, EXPAND);
    assert_eq!(targets.count(), 8);
    let expected = [
        "192.0.2.5",
        "192.0.2.6",
        "198.51.100.1",
        "192.0.2.7",
        "203.0.113.8",
        "203.0.113.9",
        "2001:db8::",
        "2001:db8::1",
    ];
    assert_eq!(spelled(targets), expected);
    let nested = list(b"10.0.0.0/29\n10.0.0.0/30\n10.0.0.4/30\n10.0.0.0/29\n", EXPAND);
    assert_eq!(nested.count(), 6);
    assert_eq!(spelled(nested).len(), 6);
}

#[test]
fn lines_that_make_no_sense_are_told_with_their_number_and_the_rest_is_traced() {
    let mut text = b"192.0.2.1\ntwo words\n\xff\xfe\n192.0.2.0/24\n192.0.2.0/99\nhttp://a/\n224.0.0.1\n2001:db8::1\nfe80::1\n".to_vec();
    text.extend(vec![b'a'; 1001]);
    text.extend(b"\nexample.com\n");
    let v4 = Wish::new(Family::V4, "-4");
    let targets = list(&text, Rules { wish: Some(&v4), ..Rules::default() });
    assert_snapshot!(targets.broken.join("\n"), @r#"
    hosts.txt, line 2: "two words" is no host name: there is white space in it
    hosts.txt, line 3: it is no text in UTF-8
    hosts.txt, line 4: 192.0.2.0/24 is a network; --expand traces to all of its addresses
    hosts.txt, line 5: "192.0.2.0/99" is no network, as 192.0.2.0/24 or 2001:db8::/64 are
    hosts.txt, line 6: "http://a/" is the address of a page (http), not of a host; give the host name alone
    hosts.txt, line 7: 224.0.0.1 is a multicast address: there is no route to one host to trace
    hosts.txt, line 8: -4 was given, but 2001:db8::1 is an IPv6 address
    hosts.txt, line 9: -4 was given, but fe80::1 is an IPv6 address
    hosts.txt, line 10: 1002 bytes are too long for a host
    "#);
    assert_eq!(spelled(targets), ["192.0.2.1", "example.com"]);
}

#[test]
fn too_many_are_asked_about() {
    let read = |network: &str, yes| Targets::read(&[network.to_owned()], None, Rules { yes, ..EXPAND });
    assert_eq!(read("10.0.0.0/16", false).unwrap().count(), 65_534);
    assert_snapshot!(read("10.0.0.0/15", false).unwrap_err(), @"these are 131070 addresses, more than 65536; --yes traces to them all the same");
    assert_snapshot!(read("2001:db8::/64", false).unwrap_err(), @"these are 18446744073709551616 addresses, more than 65536; --yes traces to them all the same");
    // Nothing is taken apart before it is traced.
    let all = read("2000::/3", true).unwrap();
    assert_eq!(all.count(), 1 << 125);
    assert_eq!(all.into_hosts().nth(2), Some(Host::Address("2000::2".parse().unwrap())));
}

#[test]
fn nothing_to_trace_is_an_error() {
    let mut targets = Targets::default();
    let error = targets.lines(&b"# nobody\n\n"[..], "hosts.txt", Rules::default()).unwrap_err();
    assert_snapshot!(error, @"hosts.txt names no host at all");
    let missing = Targets::read(&[], Some(Path::new("/nowhere/hosts.txt")), Rules::default()).unwrap_err();
    assert_snapshot!(format!("{missing:#}"), @"cannot read --targets /nowhere/hosts.txt: No such file or directory (os error 2)");
}
