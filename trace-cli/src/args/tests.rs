use super::*;
use std::time::Duration;

use clap::CommandFactory as _;
use clap::error::ErrorKind;

fn parse(line: &str) -> Result<Arguments, clap::Error> {
    Arguments::try_parse_from(std::iter::once("trace-cli").chain(line.split(' ')))
}

fn trace(line: &str) -> TraceArguments {
    match parse(line).unwrap().verb {
        Verb::Trace(typed) => *typed,
        other => panic!("{other:?}"),
    }
}

/// The first line of what is said to nonsense, and its status.
fn refusal(line: &str) -> String {
    let error = parse(line).unwrap_err();
    assert_eq!(error.exit_code(), 2, "{error}");
    error.to_string().lines().next().unwrap_or_default().to_owned()
}

#[test]
fn the_definition_is_sound() {
    Arguments::command().debug_assert();
}

#[test]
fn defaults_are_those_of_the_model() {
    let typed = trace("trace example.com");
    let defaults = trace_core::model::Settings::default();
    let probing = &typed.probing;
    assert_eq!(typed.targets.hosts, ["example.com"]);
    assert_eq!(
        (probing.flows, probing.first_ttl, probing.max_ttl, probing.wait, probing.gap, probing.tos),
        (defaults.flows, defaults.first_ttl, defaults.max_ttl, defaults.wait, defaults.gap, defaults.tos)
    );
    assert_eq!(
        (probing.queries, probing.port, probing.size, probing.protocol, probing.mode),
        (None, None, None, None, Asked::Auto)
    );
}

#[test]
fn flags_are_understood_wherever_they_stand() {
    let typed = trace(
        "trace -n -q 1 -6 --wait 500ms a b --protocol udp --origin -34.6,-58.4 --port 53 --format jsonl",
    );
    assert_eq!(typed.targets.hosts, ["a", "b"]);
    assert!(typed.no_dns && typed.probing.ipv6 && !typed.probing.ipv4);
    assert_eq!(typed.probing.queries, Some(1));
    assert_eq!(typed.probing.wait, Duration::from_millis(500));
    assert_eq!(typed.probing.port, Some(53));
    let origin = typed.locating.origin.origin.unwrap().origin.coordinates;
    assert_eq!((origin.latitude(), origin.longitude()), (-34.6, -58.4));
    assert_eq!(typed.format.format, Format::Jsonl);
    let global = parse("list --data-dir /tmp/x -v --color never").unwrap().global;
    assert_eq!(global.data_dir, Some(PathBuf::from("/tmp/x")));
    assert_eq!((global.verbose, global.color), (true, ColorChoice::Never));
}

#[test]
fn nonsense_is_refused_with_its_reason() {
    use insta::assert_snapshot;
    assert_snapshot!(refusal("trace --first-ttl 0 a"), @"error: invalid value '0' for '--first-ttl <TTL>': a TTL is a whole number from 1 to 255");
    assert_snapshot!(refusal("trace --max-ttl 300 a"), @"error: invalid value '300' for '--max-ttl <TTL>': a TTL is a whole number from 1 to 255");
    assert_snapshot!(refusal("trace -q 0 a"), @"error: invalid value '0' for '--queries <N>': 0 is not in 1..=255");
    assert_snapshot!(refusal("trace --port 70000 a"), @"error: invalid value '70000' for '--port <PORT>': 70000 is not in 1..=65535");
    assert_snapshot!(refusal("trace --port 0 a"), @"error: invalid value '0' for '--port <PORT>': 0 is not in 1..=65535");
    assert_snapshot!(refusal("trace -4 -6 a"), @"error: the argument '-4' cannot be used with '-6'");
    assert_snapshot!(refusal("trace --rounds 0 a"), @"error: invalid value '0' for '--rounds <N>': a whole number from 1 on is needed, or the word forever");
    assert_snapshot!(refusal("trace --rounds never a"), @"error: invalid value 'never' for '--rounds <N>': a whole number from 1 on is needed, or the word forever");
    assert_snapshot!(refusal("trace --interval 1s a"), @"error: the following required arguments were not provided:");
    assert_snapshot!(refusal("trace --flows 0 a"), @"error: invalid value '0' for '--flows <N>': 0 is not in 1..=256");
    assert_snapshot!(refusal("trace --flow-label 0x100000 a"), @"error: invalid value '0x100000' for '--flow-label <LABEL>': a flow label is a whole number from 0 to 1048575 (0xfffff)");
    assert_snapshot!(refusal("trace --mark -1 a"), @"error: unexpected argument '-1' found");
    assert_snapshot!(refusal("trace --interface a/b a"), @"error: invalid value 'a/b' for '--interface <NAME>': an interface has a name of 1 to 15 letters, as eth0");
    assert_snapshot!(refusal("trace --source example.com a"), @"error: invalid value 'example.com' for '--source <ADDR>': invalid IP address syntax");
    assert_snapshot!(refusal("trace --yes a"), @"error: the following required arguments were not provided:");
    assert_snapshot!(refusal("trace --documents --no-store a"), @"error: the argument '--documents' cannot be used with '--no-store'");
    assert_snapshot!(refusal("trace --protocol sctp a"), @"error: invalid value 'sctp' for '--protocol <PROTOCOL>'");
    assert_snapshot!(refusal("trace --mode root a"), @"error: invalid value 'root' for '--mode <MODE>'");
    assert_snapshot!(refusal("trace --wait soon a"), @r#"error: invalid value 'soon' for '--wait <TIME>': "soon" is no span of time; examples: 500ms, 2s, 1m 30s, 7d"#);
    assert_snapshot!(refusal("trace --origin 91,0 a"), @"error: invalid value '91,0' for '--origin <LAT,LON|CITY>': '91,0' is no point on the globe: latitude is -90 to 90, longitude -180 to 180, as -34.6,-58.4");
    assert_snapshot!(refusal("trace --canvas huge a"), @"error: invalid value 'huge' for '--canvas <WxH>': width and height in pixels are needed, as 1600x900");
    assert_snapshot!(refusal("trace --no-geo --mmdb x a"), @"error: the argument '--no-geo' cannot be used with '--mmdb <FILE>'");
    assert_snapshot!(refusal("trace"), @"error: the following required arguments were not provided:");
    assert_snapshot!(refusal("geo lookup example.com"), @"error: invalid value 'example.com' for '<ADDR>...': invalid IP address syntax");
    assert_snapshot!(refusal("list --since yesterday"), @r#"error: invalid value 'yesterday' for '--since <TIME>': "yesterday" is neither a span of time (7d, 12h) nor a date (2026-11-01, 2026-11-01T12:00:00Z)"#);
    assert_snapshot!(refusal("tarce a"), @"error: unrecognized subcommand 'tarce'");
}

#[test]
fn the_short_help_fits_a_screen() {
    let mut command = Arguments::command().term_width(80);
    command.build();
    let mut all = vec![command.clone()];
    all.extend(command.get_subcommands().cloned());
    for mut verb in all {
        let help = verb.render_help().to_string();
        let lines = help.lines().count();
        assert!(lines <= 40, "{} has {lines} lines:\n{help}", verb.get_name());
    }
}

#[test]
fn help_is_no_error() {
    for line in ["--help", "trace -h", "trace --help", "db init -h"] {
        assert_eq!(parse(line).unwrap_err().kind(), ErrorKind::DisplayHelp);
    }
    let version = parse("--version").unwrap_err();
    assert!(version.to_string().contains("CC BY 4.0"), "{version}");
}
