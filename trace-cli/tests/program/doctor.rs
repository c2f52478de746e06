//! `doctor` in places where this or that is missing.

use std::time::{Duration, SystemTime};

use mmdb_writer::{IpVersion, Writer};
use serde_json::Value;

use crate::lab::{Chain, Fault, Lab, Names, lab_test, nft, skip, tool};
use crate::run::{Home, Rights, Run};

/// The check called so: its state, what was found, and what mends it.
fn check(run: &Run, name: &str) -> (String, String, String) {
    let document = run.document();
    let all = document.as_array().expect("a list of checks");
    let check = all.iter().find(|check| check["name"] == name);
    let check = check.unwrap_or_else(|| panic!("no {name} in {document}"));
    let text = |field: &Value| field.as_str().unwrap_or_default().to_owned();
    (text(&check["state"]), text(&check["found"]), text(&check["remedy"]))
}

fn doctor(home: &Home, lab: &Lab, rights: Rights, arguments: &[&str]) -> Run {
    home.run_in(lab, rights, &[&["doctor", "--format", "json"], arguments].concat())
}

lab_test! {
    fn what_is_forbidden_is_told_with_the_line_that_permits_it() {
        let lab = Chain::of(1).without_ping_sockets().build();
        let home = Home::new();
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        let (state, found, remedy) = check(&run, "unprivileged ICMP");
        assert_eq!((state.as_str(), remedy.as_str()), ("limited", "sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\""));
        assert!(found.starts_with("net.ipv4.ping_group_range is") && found.contains("none of this user's groups"), "{found}");
        let (state, found, remedy) = check(&run, "raw sockets");
        assert_eq!(state, "limited", "{found}");
        assert!(remedy.starts_with("sudo setcap cap_net_raw+p /") && remedy.ends_with("/trace-cli"), "{remedy}");
        for name in ["unprivileged probing, IPv4", "unprivileged probing, IPv6", "data directory", "database", "keys", "disk", "config file", "places"] {
            let (state, found, _) = check(&run, name);
            assert_eq!(state, "works", "{name}: {found}");
        }
        let (state, found, _) = check(&run, "firewall");
        assert_eq!(state, "unknown", "{found}");
        assert!(found.starts_with("its rules cannot be read: only root may"), "{found}");
        let run = doctor(&home, &lab, Rights::Root, &[]).ends_with(0);
        let (state, found, _) = check(&run, "raw sockets");
        assert_eq!(state, "works", "{found}");
        // Where the range holds the group.
        lab.vantage().sysctl("ipv4/ping_group_range", "0 0");
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        assert_eq!(check(&run, "unprivileged ICMP").0, "works");
    }

    fn a_firewall_that_eats_errors_is_found_by_what_does_not_come_back() {
        let lab = Chain::of(1).build();
        let home = Home::new();
        let rules = "table inet eats { chain incoming { type filter hook input priority 0; \
            icmp type { destination-unreachable, time-exceeded } drop; \
            icmpv6 type { destination-unreachable, time-exceeded } drop; }; }";
        let target = lab.target(4).to_string();
        let probing = ["--probe", target.as_str()];
        let run = doctor(&home, &lab, Rights::None, &probing).ends_with(0);
        let (state, found, _) = check(&run, "first hop");
        assert_eq!(state, "works", "{found}");
        assert!(found.starts_with(&lab.hop(1, 4).to_string()), "{found}");
        if !nft(lab.vantage(), rules) {
            return;
        }
        let run = doctor(&home, &lab, Rights::None, &probing).ends_with(3);
        for name in ["unprivileged probing, IPv4", "unprivileged probing, IPv6", "first hop"] {
            let (state, found, remedy) = check(&run, name);
            assert_eq!(state, "fails", "{name}: {found}");
            assert!(found.contains("firewall") && remedy.contains("nft list ruleset"), "{found} {remedy}");
        }
        let run = doctor(&home, &lab, Rights::Root, &[]).ends_with(3);
        let (state, found, remedy) = check(&run, "firewall");
        assert_eq!(state, "limited", "{found}");
        assert!(found.starts_with("ICMP errors are dropped by inet eats incoming handle "), "{found}");
        assert_eq!(found.matches("inet eats incoming handle ").count(), 2, "one for each family: {found}");
        assert!(remedy.starts_with("sudo nft delete rule inet eats incoming handle "), "{remedy}");
    }

    /// Nothing on the machine itself shows what happens to packets of others: the rules are read, or a probe is sent.
    fn a_firewall_on_one_interface_is_found_in_its_rules() {
        let lab = Chain::of(1).build();
        let home = Home::new();
        let rules = "table ip eats { chain closed { icmp type time-exceeded drop; }; \
            chain incoming { type filter hook input priority 0; iifname \"right\" jump closed; }; }";
        if !nft(lab.vantage(), rules) {
            return;
        }
        for rights in [Rights::None, Rights::Root] {
            let run = doctor(&home, &lab, rights, &[]).ends_with(0);
            let (state, found, _) = check(&run, "unprivileged probing, IPv4");
            assert_eq!(state, "works", "{found}");
        }
        let run = doctor(&home, &lab, Rights::Root, &[]).ends_with(0);
        let (state, found, _) = check(&run, "firewall");
        assert_eq!(state, "limited", "{found}");
        assert!(found.contains("ip eats closed handle"), "{found}");
        let run = doctor(&home, &lab, Rights::None, &["--probe", &lab.target(4).to_string()]).ends_with(3);
        assert_eq!(check(&run, "first hop").0, "fails");
    }

    fn a_first_hop_that_keeps_silent_and_a_missing_way_are_told() {
        let lab = Chain::of(1).fault(1, Fault::Silent).build();
        let home = Home::new();
        let sent = lab.vantage().packets_sent("right");
        doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        assert_eq!(lab.vantage().packets_sent("right"), sent, "nothing is sent unless it is asked for");
        let target = lab.target(6).to_string();
        let run = doctor(&home, &lab, Rights::None, &["--probe", &target]).ends_with(3);
        let (state, found, _) = check(&run, "first hop");
        assert_eq!(state, "fails", "{found}");
        assert!(found.contains("keeps silent"), "{found}");
        assert_eq!(lab.vantage().packets_sent("right"), sent + 3);
        let nowhere = lab.unroutable(4).to_string();
        let run = doctor(&home, &lab, Rights::None, &["--probe", &nowhere]).ends_with(3);
        assert!(check(&run, "first hop").1.contains("no route"));
    }

    fn a_machine_without_ipv6_and_without_names_is_told_so() {
        let lab = Chain::of(1).build();
        let home = Home::new();
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        let (state, found, _) = check(&run, "IPv6");
        assert!(state == "limited" && found.starts_with("there is no route"), "{state}: {found}");
        lab.vantage().ip(&format!("route add 2001:db8::/32 via {}\n", lab.hop(1, 6)));
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        let (state, found, _) = check(&run, "IPv6");
        assert!(state == "works" && found.starts_with("there is a route, from "), "{state}: {found}");
        lab.vantage().sysctl("ipv6/conf/all/disable_ipv6", "1");
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        let (state, found, remedy) = check(&run, "unprivileged probing, IPv6");
        assert!(state == "limited" && found.contains("IPv6 is switched off"), "{state}: {found}");
        assert_eq!(remedy, "sudo sysctl -w net.ipv6.conf.all.disable_ipv6=0");

        // The files of the laboratory take the place of those of this machine.
        Names::default().install(lab.vantage(), home.path());
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        let (state, found, _) = check(&run, "names");
        assert_eq!((state.as_str(), found.as_str()), ("works", "127.0.0.1 is asked for them"));
        home.write("resolv.conf", "");
        home.write("hosts", "");
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        let (state, found, remedy) = check(&run, "names");
        assert_eq!(state, "limited", "{found}");
        assert!(remedy.contains("resolv.conf") || remedy.contains("/etc/hosts"), "{remedy}");
    }

    fn what_is_configured_and_kept_is_looked_at() {
        let lab = Chain::of(1).build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        home.run_in(&lab, Rights::None, &["trace", &target, "-n"]).ends_with(0);
        let env = home.data().join(".env");
        std::fs::write(&env, "IPGEOLOCATION_API_KEY=0123456789abcdef\n").expect("write a file");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&env, private).expect("make a file private");
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(0);
        let (_, found, _) = check(&run, "database");
        assert!(found.ends_with("holds 1 traces and is sound"), "{found}");
        let (_, found, _) = check(&run, "keys");
        assert!(found.contains("IPGEOLOCATION_API_KEY in "), "{found}");
        assert!(!run.stdout.contains("0123456789abcdef"), "{}", run.stdout);

        let config = home.write("config.toml", "[trace]\nqueires = 3\n");
        let run = doctor(&home, &lab, Rights::None, &["--config", &config]).ends_with(2);
        let (state, found, remedy) = check(&run, "config file");
        assert_eq!(state, "fails", "{found}");
        assert!(remedy.ends_with("config check"), "{remedy}");

        std::fs::write(home.database(), "this is no database, but long enough to be looked at as one").expect("write a file");
        let run = doctor(&home, &lab, Rights::None, &[]).ends_with(4);
        assert_eq!(check(&run, "database").0, "fails");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the databases are as old as the test says")]
fn databases_of_places_tell_their_age() {
    let home = Home::new();
    let geo = home.data().join("geo");
    std::fs::create_dir_all(&geo).expect("make a directory");
    let write = |name: &str, days: u64| {
        let built = SystemTime::now() - Duration::from_secs(days * 86_400);
        let writer = Writer::builder(name).ip_version(IpVersion::V6).build_epoch(built).build();
        let bytes = writer.to_bytes().expect("a database");
        std::fs::write(geo.join(format!("{name}.mmdb")), bytes).expect("write a file");
    };
    let places = || check(&home.run(&["doctor", "--format", "json"]), "places");
    write("DBIP-City-Lite", 20);
    assert_eq!(places(), ("works".into(), "DBIP-City-Lite is 20 days old".into(), String::new()));
    write("GeoLite2-City", 61);
    let (state, found, remedy) = places();
    assert_eq!(state, "limited");
    for words in ["DBIP-City-Lite is 20 days old", "GeoLite2-City is 61 days old"] {
        assert!(found.contains(words), "{found}");
    }
    assert!(remedy.starts_with("trace-cli --data-dir ") && remedy.ends_with(" geo update"), "{remedy}");
    // One that cannot be read is named, and the other still told.
    std::fs::write(geo.join("GeoLite2-City.mmdb"), "no database").expect("write a file");
    let (state, found, remedy) = places();
    assert_eq!(state, "limited");
    assert!(
        found.contains("GeoLite2-City.mmdb") && found.contains("DBIP-City-Lite is 20 days old"),
        "{found}"
    );
    assert!(remedy.ends_with(" geo update"), "{remedy}");
}

#[test]
fn a_disk_with_little_room_or_none_or_that_is_read_only_is_told() {
    let home = Home::new();
    let disk = home.path().join("disk");
    std::fs::create_dir(&disk).expect("make a directory");
    let disk = disk.to_str().expect("a path");
    let program = env!("CARGO_BIN_EXE_trace-cli");
    for (options, state, words) in [
        ("size=100m", "limited", "MB are free at "),
        ("size=3m", "fails", "3 MB are free at "),
        ("size=100m,ro", "fails", " is mounted read-only"),
    ] {
        // In a namespace of its own.
        let script =
            "mount -t tmpfs -o \"$1\" disk \"$2\" || exit 99; \"$3\" --data-dir \"$2\" doctor --format json";
        let mut unshare = tool("unshare");
        unshare.args(["-Urm", "sh", "-c", script, "sh", options, disk, program]).env("HOME", home.path());
        let run = Run::of(&mut unshare);
        if run.status == 99 || run.stdout.is_empty() {
            return skip(format_args!("no file system of our own: {}", run.stderr));
        }
        let (told, found, remedy) = check(&run, "disk");
        assert_eq!(told, state, "{options}: {found}");
        assert!(found.contains(words), "{options}: {found}");
        assert_eq!(remedy.contains("db prune --older-than"), !options.contains("ro"), "{options}: {remedy}");
        if state == "fails" {
            assert_eq!(run.status, 4, "{options}: {}", run.stderr);
        }
    }
}
