use super::*;
use crate::args::{Arguments, Verb};
use crate::host::Host;
use clap::Parser as _;
use insta::assert_snapshot;
use trace_core::model::{Family, Protocol, Protocols};

fn settings(line: &str) -> Result<TraceSettings> {
    let typed = Arguments::try_parse_from(["trace-cli", "trace"].into_iter().chain(line.split(' '))).unwrap();
    match typed.verb {
        Verb::Trace(typed) => TraceSettings::of(*typed, Some(PathBuf::from("data"))),
        other => panic!("{other:?}"),
    }
}

fn refusal(line: &str) -> String {
    let failure = settings(line).unwrap_err();
    assert_eq!(failure.exit, Exit::Senseless);
    failure.to_string()
}

#[test]
fn what_is_typed_is_what_is_done() {
    let settings = settings("--no-store --no-geo -n --gap 3 --tos 184 --vantage home 192.0.2.1").unwrap();
    assert!(settings.is_single());
    let hosts: Vec<Host> = settings.targets.into_hosts().collect();
    assert_eq!(hosts, [Host::Address(IpAddr::from([192, 0, 2, 1]))]);
    assert_eq!((settings.data_dir, settings.sources, settings.names), (None, None, false));
    assert_eq!((settings.probing.gap, settings.probing.tos), (3, 184));
    assert_eq!(settings.vantage.as_deref(), Some("home"));
    assert_eq!(settings.choice, Choice::Furthest { ports: false, typed: false });
    assert_eq!((settings.mode, settings.wish, settings.rate, settings.share), (None, None, 0, true));
}

#[test]
fn a_map_looks_as_typed_and_otherwise_as_the_renderer_likes() {
    let options = |line| settings(line).unwrap().map.unwrap().options;
    assert_eq!(options("--map a.svg a"), MapOptions::default());
    let dark =
        options("--map a.png --theme dark --canvas 800x600 --extent world --projection natural-earth a");
    assert_eq!((dark.width, dark.height, dark.theme), (800, 600, trace_render::Theme::Dark));
    assert_eq!(dark.extent, trace_render::Extent::World);
    assert_eq!(dark.projection, Some(trace_render::Projection::NaturalEarth));
    assert!(settings("a").unwrap().map.is_none());
}

#[test]
fn a_port_means_anything_but_icmp() {
    let choice = |line| settings(line).unwrap().choice;
    let exactly = |protocol| Choice::Exactly(Protocols::One(protocol));
    assert_eq!(choice("--port 53 a"), Choice::Furthest { ports: true, typed: false });
    assert_eq!(choice("--source-port 53 --protocol auto a"), Choice::Furthest { ports: true, typed: true });
    assert_eq!(choice("--port 443 --protocol tcp a"), exactly(Protocol::Tcp));
    assert_eq!(choice("--protocol icmp a"), exactly(Protocol::Icmp));
    assert_eq!(choice("--protocol all --port 443 a"), Choice::Exactly(Protocols::All));
}

#[test]
fn rounds_are_of_one_probe_and_may_go_on_for_ever() {
    let probing = |line| settings(line).unwrap().probing;
    assert_eq!((probing("a").queries, probing("a").rounds), (3, 1));
    assert_eq!((probing("--rounds 5 a").queries, probing("--rounds 5 a").rounds), (1, 5));
    assert_eq!(probing("--rounds 5 -q 2 --interval 100ms a").queries, 2);
    assert!(settings("--rounds forever a").unwrap().is_endless());
}

#[test]
fn what_leaves_which_way_is_handed_on() {
    let probing = settings(
        "--source 192.0.2.7 --interface eth0 --source-port 33000 --flows 4 --mark 0x10 --dont-fragment a",
    )
    .unwrap()
    .probing;
    assert_eq!(probing.source, Some(IpAddr::from([192, 0, 2, 7])));
    assert_eq!((probing.interface.as_deref(), probing.source_port), (Some("eth0"), Some(33000)));
    assert_eq!((probing.flows, probing.mark, probing.dont_fragment), (4, Some(16), true));
    // Who names an address or a flow label names a family.
    assert_eq!(
        settings("--source 192.0.2.7 a").unwrap().wish,
        Some(Wish::new(Family::V4, "--source 192.0.2.7"))
    );
    assert_eq!(settings("--flow-label 7 a").unwrap().wish, Some(Wish::new(Family::V6, "--flow-label 7")));
    assert_eq!(settings("-6 --flow-label 7 --source ::1 a").unwrap().wish, Some(Wish::new(Family::V6, "-6")));
}

#[test]
fn many_targets_are_paced_and_get_no_documents() {
    let many = |line| settings(line).unwrap();
    let one = many("a");
    assert_eq!((one.rate, one.documents), (0, Documents::Write));
    let two = many("a b");
    assert_eq!((two.rate, two.documents), (1000, Documents::Write));
    let eleven = many("a b c d e f g h i j k");
    assert_eq!((eleven.rate, eleven.documents), (1000, Documents::Skip));
    let documented = many("--expand --documents --rate 0 192.0.2.0/24");
    assert_eq!((documented.rate, documented.documents), (0, Documents::Write));
    assert!(!many("--expand 192.0.2.1/32").is_single());
}

#[test]
fn flags_that_contradict_each_other_are_both_named() {
    assert_snapshot!(refusal("--port 53 --protocol icmp a"), @"--port 53 and --protocol icmp contradict each other: ICMP has no ports");
    assert_snapshot!(refusal("--source-port 53 --protocol icmp a"), @"--source-port 53 and --protocol icmp contradict each other: ICMP has no ports");
    assert_snapshot!(refusal("--source 192.0.2.1 -6 a"), @"-6 and --source 192.0.2.1 contradict each other: the one is IPv6, the other IPv4");
    assert_snapshot!(refusal("--source 2001:db8::1 192.0.2.1"), @"--source 2001:db8::1 was given, but 192.0.2.1 is an IPv4 address");
    assert_snapshot!(refusal("--source 192.0.2.1 --flow-label 7 a"), @"--source 192.0.2.1 and --flow-label 7 contradict each other: the one is IPv4, the other IPv6");
    assert_snapshot!(refusal("--flow-label 7 -4 a"), @"-4 and --flow-label 7 contradict each other: the one is IPv4, the other IPv6");
    assert_snapshot!(refusal("--flow-label 7 192.0.2.1"), @"--flow-label 7 was given, but 192.0.2.1 is an IPv4 address");
    assert_snapshot!(refusal("--flow-label 0xfffff --flows 2 a"), @"--flow-label 1048575 and --flows 2 contradict each other: each flow has the next number, and 1048575 is the last one");
    assert_snapshot!(refusal("--source-port 65535 --flows 16 a"), @"--source-port 65535 and --flows 16 contradict each other: each flow has the next number, and 65535 is the last one");
    assert_snapshot!(refusal("--dont-fragment -6 a"), @"--dont-fragment and -6 contradict each other: over IPv6 no router fragments, always");
    assert_snapshot!(refusal("--interface eth1 fe80::1%eth0"), @"fe80::1%eth0 and --interface eth1 contradict each other: they name two interfaces");
    assert_snapshot!(refusal("--rounds forever --targets hosts.txt"), @"--rounds forever and --targets hosts.txt contradict each other: nothing would ever be printed");
    assert_snapshot!(refusal("--rounds forever a b"), @"--rounds forever and 2 hosts contradict each other: nothing would ever be printed; name one host, or how many rounds");
    assert_snapshot!(refusal("--rounds forever --expand 192.0.2.0/30"), @"--rounds forever and 2 hosts contradict each other: nothing would ever be printed; name one host, or how many rounds");
    assert_snapshot!(refusal("--rounds forever --all-addresses a"), @"--rounds forever and --all-addresses contradict each other: nothing would ever be printed; name one host, or how many rounds");
    assert_snapshot!(refusal("192.0.2.0/24"), @"192.0.2.0/24 is a network; --expand traces to all of its addresses");
    assert_snapshot!(refusal("--source 224.0.0.1 a"), @"--source 224.0.0.1 is a multicast address: no host has it; name one of this machine's");
    assert_snapshot!(refusal("--rounds 2 --interval 1ms a"), @"--interval is 10ms at least: routers limit how often they answer, and would look lossy");
}

#[test]
fn nonsense_is_refused_with_its_reason() {
    assert_snapshot!(refusal("--first-ttl 9 --max-ttl 5 a"), @"--first-ttl 9 lies behind --max-ttl 5: there is no TTL to probe; raise --max-ttl");
    assert_snapshot!(refusal("--first-ttl 31 a"), @"--first-ttl 31 lies behind --max-ttl 30: there is no TTL to probe; raise --max-ttl");
    assert_snapshot!(refusal("-6 192.0.2.1"), @"-6 was given, but 192.0.2.1 is an IPv4 address");
    assert_snapshot!(refusal("--wait 0 a"), @"--wait 0: no answer can be that quick");
    assert_snapshot!(refusal("--wait 99999999999d a"), @"--wait is an hour at most: no answer comes later");
    assert_snapshot!(refusal("--map map.pdf a"), @"a map cannot be a .pdf file (map.pdf); use .png, .svg, .html or .geojson");
    assert_snapshot!(refusal("--map - a"), @"the hops are printed to standard output already; name a file for --map");
    assert_snapshot!(refusal("--theme dark a"), @"--theme means nothing without --map FILE");
    assert_snapshot!(refusal("--map map.png --canvas 1x1 a"), @"--canvas: a canvas of 1 x 1 pixels cannot be drawn: each side must lie within 64 and 16384, and the whole within 67108864 pixels");
}

#[test]
fn the_data_directory_is_typed_or_set_or_known() {
    let system = || Some(PathBuf::from("/home/me/.local/share"));
    let typed = Some(PathBuf::from("typed"));
    let set = Some(OsString::from("set"));
    assert_eq!(data_dir_from(typed, set.clone(), system).unwrap(), Path::new("typed"));
    assert_eq!(data_dir_from(None, set, system).unwrap(), Path::new("set"));
    let known = Path::new("/home/me/.local/share/trace");
    assert_eq!(data_dir_from(None, None, system).unwrap(), known);
    assert_eq!(data_dir_from(None, Some(OsString::new()), system).unwrap(), known);
    assert!(data_dir_from(None, None, || None).unwrap_err().to_string().contains("--data-dir"));
    assert!(data_dir_from(Some(PathBuf::new()), None, system).is_err());
}
