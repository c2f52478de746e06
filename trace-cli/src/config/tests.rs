use std::ffi::OsStr;

use insta::assert_snapshot;

use super::known::{KEYS, Known};
use super::*;
use crate::args::{Verb, WatchArguments};

const EXAMPLE: &str = include_str!("../../../examples/config.toml");

fn read(text: &str) -> Checked {
    read::read(text, Path::new("/etc/trace/config.toml"), None)
}

fn sound(text: &str) -> Config {
    let checked = read(text);
    assert_eq!(checked.mistakes, [], "{text}");
    checked.config
}

/// What is wrong, as `config check` prints it.
fn wrong(text: &str) -> String {
    read(text).mistakes.iter().map(Mistake::render).collect::<Vec<_>>().join("\n")
}

fn given(line: &str, config: &str) -> Given {
    let words = std::iter::once("trace-cli").chain(line.split(' '));
    Given { typed: Typed::read(words.map(OsString::from)).unwrap(), config: sound(config) }
}

fn watch(line: &str, config: &str) -> WatchArguments {
    match given(line, config).arguments().unwrap().verb {
        Verb::Watch(typed) => *typed,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_a_suggestion() {
    assert_snapshot!(wrong("orign = \"Lima\"\nmax_ttl = 3\n[wach]\n[watch]\nevry = \"1h\"\n"), @r#"
    /etc/trace/config.toml:1:1: the first part of the file has no option "orign"
        1 | orign = "Lima"
          | ^^^^^ did you mean "origin"?

    /etc/trace/config.toml:2:1: the first part of the file has no option "max_ttl"
        2 | max_ttl = 3
          | ^^^^^^^ did you mean "max-ttl"?

    /etc/trace/config.toml:3:2: there is no table [wach]
        3 | [wach]
          |  ^^^^ did you mean [watch]?

    /etc/trace/config.toml:5:1: [watch] has no option "evry"
        5 | evry = "1h"
          | ^^^^ did you mean "every"?
    "#);
    assert_snapshot!(wrong("wait = \"5 parsecs\"\nprotocol = \"ucmp\"\nno-dns = \"yes\"\nqueries = 0\n"), @r#"
    /etc/trace/config.toml:1:8: wait: "5 parsecs" is no span of time; examples: 500ms, 2s, 1m 30s, 7d
        1 | wait = "5 parsecs"
          |        ^^^^^^^^^^^ without the line it is 2s

    /etc/trace/config.toml:2:12: "ucmp" is no protocol; there are auto, icmp, udp, tcp, all
        2 | protocol = "ucmp"
          |            ^^^^^^ did you mean "icmp"?

    /etc/trace/config.toml:3:10: no-dns is either true or false
        3 | no-dns = "yes"
          |          ^^^^^ write it as no-dns = true

    /etc/trace/config.toml:4:11: queries: 0 is not in 1..=255
        4 | queries = 0
          |           ^ write a number from 1 to 255
    "#);
    assert_snapshot!(wrong("every = \"1h\"\nipgeolocation-api-key = \"x\"\nplaces = [\"a.csv\", 3]\nport = [1, 2]\n"), @r#"
    /etc/trace/config.toml:1:1: the first part of the file has no option "every"
        1 | every = "1h"
          | ^^^^^ it belongs into [watch]

    /etc/trace/config.toml:2:1: the first part of the file has no option "ipgeolocation-api-key"
          it belongs into [keys]

    /etc/trace/config.toml:3:20: places is a text in quotation marks
        3 | places = ["a.csv", 3]
          |                    ^ write it as "3"

    /etc/trace/config.toml:4:8: port is one port, not a list
        4 | port = [1, 2]
          |        ^^^^^^ write it as port = 1
    "#);
    assert_snapshot!(wrong("[[target]]\nhost = \"https://example.com\"\n[[target]]\nevery = \"1h\"\n[[target]]\nhost = \"a\"\nmode = \"raw\"\n"), @r#"
    /etc/trace/config.toml:2:8: "https://example.com" is the address of a page (https), not of a host; give the host name alone
        2 | host = "https://example.com"
          |        ^^^^^^^^^^^^^^^^^^^^^ as host = "example.com"

    /etc/trace/config.toml:3:1: this target has no host
        3 | [[target]]
          | ^^^^^^^^^^ say which: host = "example.com"

    /etc/trace/config.toml:7:1: [[target]] has no option "mode"
        7 | mode = "raw"
          | ^^^^ it belongs into [trace] or [watch]
    "#);
}

/// Whatever is wrong, there is a word on what to write instead.
#[test]
fn no_mistake_is_without_a_suggestion() {
    let lines = [
        "no-dns = \"off\"",
        "no-dns = [true]",
        "queries = 300",
        "queries = 2.5",
        "queries = true",
        "queries = 1979-05-27",
        "gap = []",
        "gap = {}",
        "wait = \"\"",
        "protocol = \"x\"",
        "max-ttl = -1",
        "port = 70000",
        "source = 3",
        "places = 7",
        "tos = \"a\"",
        "zzz = 1",
        "[zzz]",
        "[[zzz]]",
        "[keys]\nzzz = 1",
        "[keys]\nmaxmind-license-key = []",
        "[keys]\nmaxmind-license-key = \"a b\"",
        "target = 1",
        "target = [1]",
        "[[target]]\nhost = 1",
        "[[target]]\nhost = \"\"",
        "[[target]]\nhost = \"a\"\nmode = \"raw\"",
        "x",
        "= 1",
        "x = ",
        "x = \"",
        "x = [1",
        "[x",
        "x = 1 2",
        "no-dns = true\nno-dns = true",
        "ipv4 = true\nipv6 = true",
        "every = \"1h\"",
        "\u{0}",
    ];
    for line in lines {
        let mistakes = read::read(line, Path::new("c"), None).mistakes;
        assert!(!mistakes.is_empty(), "{line:?}");
        for mistake in mistakes {
            assert!(mistake.suggestion.is_some(), "{line:?}: {mistake:?}");
        }
    }
}

#[test]
fn broken_lines_do_not_hide_others() {
    assert_snapshot!(wrong("theme = \"dark\norign = \"x\"\n[watch\nevery = \"soon\"\nevery = \"1h\"\n"), @r#"
    /etc/trace/config.toml:1:14: invalid basic string, expected `"`
        1 | theme = "dark
          |              ^ write `"` there

    /etc/trace/config.toml:2:1: the first part of the file has no option "orign"
        2 | orign = "x"
          | ^^^^^ did you mean "origin"?

    /etc/trace/config.toml:3:7: unclosed table, expected `]`
        3 | [watch
          |       ^ write `]` there

    /etc/trace/config.toml:5:1: there is no table [every]
        5 | every = "1h"
          | ^^^^^ a table is called as a verb, [watch] for one, or [keys] or [[target]]
    "#);
}

#[test]
fn options_that_exclude_one_another_are_told() {
    assert_snapshot!(wrong("ipv4 = true\nipv6 = true\n[watch]\nno-geo = true\nmmdb = [\"a.mmdb\"]\n"), @r#"
    /etc/trace/config.toml:2:8: ipv6 and ipv4 in line 1 contradict each other
        2 | ipv6 = true
          |        ^ leave one of them out

    /etc/trace/config.toml:5:8: mmdb and no-geo in line 4 contradict each other
        5 | mmdb = ["a.mmdb"]
          |        ^ leave one of them out
    "#);
    assert_eq!(wrong("ipv4 = true\nipv6 = false\n"), "");
    // What is said of one verb goes before what is said of all.
    let typed = watch("watch a", "mmdb = [\"/a.mmdb\"]\n[watch]\nno-geo = true\n");
    assert!(typed.no_geo && typed.locating.mmdb.is_empty(), "{typed:?}");
}

#[test]
fn a_key_never_shows() {
    let said = wrong("[keys]\nipgeolocation-api-key = \"hush hush\"\nmaxmind_license_key = \"hush\"\n");
    assert!(!said.contains("hush"), "{said}");
    assert_snapshot!(said, @r#"
    /etc/trace/config.toml:2:25: ipgeolocation-api-key is no key: there is a space at position 5; a key is one word: copy it again, without what stands around it
          as ipgeolocation-api-key = "..."

    /etc/trace/config.toml:3:1: [keys] has no option "maxmind_license_key"
          did you mean "maxmind-license-key"?
    "#);
    let config = sound("[keys]\nmaxmind-account-id = 123\nmaxmind-license-key = \"hush\"\n");
    assert!(!format!("{config:?}").contains("hush"));
    assert_eq!(config.keys.len(), 2);
}

#[test]
fn keys_that_others_can_read_are_left_out_and_the_rest_holds() {
    let exposed = Some("others can read it".to_owned());
    let checked =
        read::read("max-ttl = 9\n[keys]\nmaxmind-account-id = 1\n", Path::new("c"), exposed.clone());
    assert!(checked.config.keys.is_empty());
    assert_eq!((checked.config.exposed.as_deref(), checked.mistakes.len()), (Some("others can read it"), 1));
    assert!(checked.sound().unwrap().shared.contains_key("max-ttl"));
    // Without keys nobody cares.
    assert_eq!(read::read("max-ttl = 9\n", Path::new("c"), exposed).mistakes, []);
}

#[test]
fn flags_go_before_the_file_and_that_before_defaults() {
    let config = "max-ttl = 9\nqueries = 5\nno-dns = true\n[watch]\nqueries = 2\nevery = \"5m\"\non-change = \"true\"\n";
    let typed = watch("watch a --max-ttl 12", config);
    assert_eq!((typed.probing.max_ttl.get(), typed.probing.queries), (12, Some(2)));
    assert_eq!(typed.every.as_secs(), 300);
    assert_eq!((typed.no_dns, typed.probing.gap), (true, 8));
    assert!(!watch("watch a --no-dns=false", config).no_dns);
    assert!(watch("watch a --no-dns=true", "").no_dns);
    let relative = watch("watch a", "places = [\"mine.csv\", \"/abs.csv\"]\n").locating.places;
    assert_eq!(relative, [Path::new("/etc/trace/mine.csv"), Path::new("/abs.csv")]);
}

#[test]
fn what_was_typed_is_not_contradicted_by_the_file() {
    let typed = watch("watch a -6", "ipv4 = true\nsource = \"192.0.2.1\"\ndont-fragment = true\n");
    assert!(typed.probing.ipv6 && !typed.probing.ipv4 && !typed.probing.dont_fragment);
    assert_eq!(typed.probing.source, None);
    let typed = watch("watch a --protocol icmp", "protocol = \"tcp\"\nport = 443\n");
    assert_eq!(typed.probing.port, None);
    let typed = watch("watch a --port 443", "protocol = \"icmp\"\n");
    assert_eq!(typed.probing.protocol, None);
    let typed = watch("watch a --no-geo", "mmdb = [\"a.mmdb\"]\n");
    assert!(typed.no_geo && typed.locating.mmdb.is_empty());
    let typed = watch("watch a --first-ttl 12", "max-ttl = 9\n");
    assert_eq!((typed.probing.first_ttl.get(), typed.probing.max_ttl.get()), (12, 30));
    // The time between rounds means nothing without rounds.
    assert_eq!(watch("watch a", "interval = \"5s\"\n").probing.interval, None);
}

#[test]
fn what_stands_behind_two_dashes_is_a_host() {
    let typed = watch("watch -n -- a --no-dns=false", "max-ttl = 9\n");
    assert_eq!(typed.hosts, ["a", "--no-dns=false"]);
    assert!(typed.no_dns);
    assert_eq!(typed.probing.max_ttl.get(), 9);
}

#[test]
fn the_file_may_name_what_has_to_be_traced() {
    let given = given("trace", "[trace]\ntargets = \"/hosts.txt\"\n");
    let Verb::Trace(typed) = given.arguments().unwrap().verb else { panic!() };
    assert_eq!(typed.targets.targets.as_deref(), Some(Path::new("/hosts.txt")));
}

/// How to probe is no choice among what was probed.
#[test]
fn verbs_that_choose_have_choices_of_their_own() {
    let config =
        "protocol = \"tcp\"\nvantage = \"home\"\ncolor = \"never\"\n[list]\nlimit = 3\nformat = \"jsonl\"\n";
    let given = given("list", config);
    let arguments = given.arguments().unwrap();
    assert_eq!(format!("{:?}", arguments.global.color), "Never");
    let Verb::List(typed) = arguments.verb else { panic!() };
    let shown = format!("{typed:?}");
    assert!(shown.contains("protocol: None") && shown.contains("vantage: None"), "{shown}");
    assert!(shown.contains("3") && shown.contains("Jsonl"), "{shown}");
}

#[test]
fn targets_have_settings_of_their_own() {
    let config = "queries = 5\n[watch]\nevery = \"5m\"\n[[target]]\nhost = \"a\"\nevery = \"1m\"\n[[target]]\nhost = \"b\"\nqueries = 1\n";
    let given = given("watch", config);
    let of = |number: usize| {
        let arguments = given.arguments_for(&given.config.targets[number]).unwrap();
        let Verb::Watch(typed) = arguments.verb else { panic!() };
        (typed.every.as_secs(), typed.probing.queries)
    };
    assert_eq!((of(0), of(1)), ((60, Some(5)), (300, Some(1))));
}

#[test]
fn a_message_is_led_back_to_its_line() {
    let given = given("watch a", "max-ttl = 9\n\n[watch]\nfirst-ttl = 12\n");
    let message = "--first-ttl 12 lies behind --max-ttl 9: there is no TTL to probe";
    assert_eq!(given.place_of(message), (4, 13));
    assert_snapshot!(given.whence(message).unwrap(), @"first-ttl is set in /etc/trace/config.toml:4, max-ttl is set in /etc/trace/config.toml:1");
}

#[test]
fn every_setting_says_where_it_comes_from() {
    let given = given("watch a --max-ttl 12 -n", "max-ttl = 9\n[watch]\nevery = \"5m\"\nsteady = true\n");
    let shown: Vec<String> = settings(&given)
        .into_iter()
        .filter(|setting| {
            ["every", "gap", "max-ttl", "no-dns", "port", "steady"].contains(&setting.option.as_str())
        })
        .map(|setting| {
            format!("{} {:?} {:?} {:?}", setting.option, setting.value, setting.from, setting.place)
        })
        .collect();
    assert_snapshot!(shown.join("\n"), @r#"
    every Some("5m") Config Some("/etc/trace/config.toml:3")
    gap Some("8") Default None
    max-ttl Some("12") Flag None
    no-dns Some("true") Flag None
    port None Default None
    steady Some("true") Config Some("/etc/trace/config.toml:4")
    "#);
}

#[test]
fn the_example_is_sound_and_names_every_option() {
    assert_eq!(read(EXAMPLE).mistakes, []);
    let known = Known::new();
    let mut section = String::new();
    let mut named = Vec::new();
    for line in EXAMPLE.lines() {
        // Prose has a space behind the #.
        let code = line
            .strip_prefix('#')
            .filter(|rest| rest.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '['));
        let code = code.unwrap_or(line);
        if code.starts_with('[') {
            section = format!("{code}\n");
        } else if !code.is_empty() && !code.starts_with('#') {
            let host = if section.contains("[[target]]") && !code.starts_with("host") {
                "host = \"a\"\n"
            } else {
                ""
            };
            sound(&format!("{section}{host}{code}\n"));
            named.push((section.trim().to_owned(), code.split(' ').next().unwrap().to_owned()));
        }
    }
    let has =
        |section: &str, name: &str| named.iter().any(|(place, other)| place == section && other == name);
    for (name, _) in known.shared() {
        assert!(has("", name), "the example does not name {name}");
    }
    for verb in VERBS {
        for (name, _) in known.of_verb(verb) {
            assert!(
                has("", name) || has(&format!("[{verb}]"), name),
                "the example does not name {name} of [{verb}]"
            );
        }
    }
    for (name, _) in KEYS {
        assert!(has("[keys]", name), "the example does not name {name}");
    }
    // Every option is one that the example shows, and every flag of `trace` and `watch` is an option.
    for verb in ["trace", "watch"] {
        let flags = known.verb(verb).unwrap().get_arguments().filter(|arg| !arg.is_positional());
        let left_out: Vec<&str> = flags
            .filter_map(known::name)
            .filter(|name| !known.of_verb(verb).iter().any(|(known, _)| known == name))
            .collect();
        assert_eq!(
            left_out.iter().filter(|name| !["help", "version", "config", "yes"].contains(name)).count(),
            0,
            "{left_out:?}"
        );
    }
}

#[test]
fn defaults_in_the_example_are_the_defaults() {
    let command = Known::new();
    for line in EXAMPLE.lines() {
        let Some((name, value)) = line.strip_prefix('#').and_then(|line| line.split_once(" = ")) else {
            continue;
        };
        let arg = command.of_verb("watch").into_iter().find(|(other, _)| *other == name).map(|(_, arg)| arg);
        let Some(default) = arg.and_then(|arg| arg.get_default_values().first()) else { continue };
        if ["every", "protocol", "ipv4", "ipv6"].contains(&name) && value != format!("{default:?}") {
            // Those of a target, and those that mean nothing unless they are on.
            continue;
        }
        let value = value.trim_matches('"');
        assert!(default.as_os_str() == OsStr::new(value), "{name}: {value}, and the default is {default:?}");
    }
}
