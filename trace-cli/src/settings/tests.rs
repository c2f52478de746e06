use super::*;
use crate::args::{Arguments, Verb};
use clap::Parser as _;
use insta::assert_snapshot;

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
    assert_eq!(settings.hosts, [Host::Address(IpAddr::from([192, 0, 2, 1]))]);
    assert_eq!((settings.data_dir, settings.sources, settings.names), (None, None, false));
    assert_eq!((settings.probing.gap, settings.probing.tos), (3, 184));
    assert_eq!(settings.vantage.as_deref(), Some("home"));
    assert_eq!((settings.protocol, settings.mode, settings.family), (None, None, None));
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
fn a_port_means_udp() {
    assert_eq!(settings("--port 53 a").unwrap().protocol, Some(Protocol::Udp));
    assert_eq!(settings("--port 443 --protocol tcp a").unwrap().protocol, Some(Protocol::Tcp));
    assert_eq!(settings("--protocol icmp a").unwrap().protocol, Some(Protocol::Icmp));
}

#[test]
fn nonsense_is_refused_with_its_reason() {
    assert_snapshot!(refusal("--first-ttl 9 --max-ttl 5 a"), @"--first-ttl 9 lies behind --max-ttl 5: there is no TTL to probe; raise --max-ttl");
    assert_snapshot!(refusal("--first-ttl 31 a"), @"--first-ttl 31 lies behind --max-ttl 30: there is no TTL to probe; raise --max-ttl");
    assert_snapshot!(refusal("--port 53 --protocol icmp a"), @"--port 53 and --protocol icmp contradict each other: ICMP has no ports");
    assert_snapshot!(refusal("-6 192.0.2.1"), @"-6 was given, but 192.0.2.1 is an IPv4 address");
    assert_snapshot!(refusal("--wait 0 a"), @"--wait 0: no answer can be that quick");
    assert_snapshot!(refusal("--wait 99999999999d a"), @"--wait is an hour at most: no answer comes later");
    assert_snapshot!(refusal("--map map.pdf a"), @"a map cannot be a .pdf file (map.pdf); use .png, .svg or .geojson");
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
