//! `watch` over some time: intervals, commands that fail, what is kept, what it may not do.

use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::lab::{Balance, Diamond, lab_test, nft};
use crate::run::{Home, Rights};
use crate::watching::{QUICK, Watch, await_that, read, short_chain, stored};

/// When the traces to a host began, in seconds.
fn begun(watch: &Watch, host: &str) -> Vec<f64> {
    let lines = watch.messages();
    let lines = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let lines = lines.filter(|line| line["message"] == "begun" && line["host"] == host);
    let time = |line: Value| {
        let text = line["time"].as_str().expect("a time").to_owned();
        let time = OffsetDateTime::parse(&text, &Rfc3339).unwrap_or_else(|error| panic!("{error}: {text}"));
        time.unix_timestamp_nanos() as f64 / 1e9
    };
    lines.map(time).collect()
}

#[expect(clippy::disallowed_methods, reason = "what is old is so against the clock of this machine")]
fn now() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn gaps(times: &[f64]) -> Vec<f64> {
    times.windows(2).map(|two| two[1] - two[0]).collect()
}

lab_test! {
    fn targets_have_intervals_of_their_own_and_one_whose_path_changed_is_traced_sooner() {
        let Some(diamond) = Diamond::build(Balance::Ports) else { return };
        let home = Home::new();
        diamond.lead(0);
        let target = diamond.target(4).to_string();
        let first = "127.0.0.1";
        let text = format!(
            "no-dns = true\nno-geo = true\nprotocol = \"icmp\"\nwait = \"500ms\"\n[[target]]\nhost = \"{target}\"\nevery = \"8s\"\n\
             [[target]]\nhost = \"{first}\"\nevery = \"1s\"\nsteady = true\n"
        );
        let config = home.write("config.toml", &text);
        let watch = Watch::start(&home, diamond.vantage(), &["--config", &config]);
        let says = |number: usize, host: &str| {
            await_that(
                || begun(&watch, host).len() >= number,
                || format!("{number} traces to {host}\n{}", watch.messages().join("\n")),
            );
        };
        says(3, &target);
        let calm = begun(&watch, &target);
        assert!(gaps(&calm).iter().skip(1).all(|gap| (7.0..9.5).contains(gap)), "{calm:?}");
        let often = begun(&watch, first);
        let median = {
            let mut gaps = gaps(&often);
            gaps.sort_by(f64::total_cmp);
            gaps[gaps.len() / 2]
        };
        assert!(often.len() >= 3 * calm.len() && (0.8..1.5).contains(&median), "{often:?}");
        diamond.lead(1);
        // The next one finds another router; the one after it does not wait for its slot.
        says(5, &target);
        let all = begun(&watch, &target);
        let least = gaps(&all).into_iter().skip(2).fold(f64::INFINITY, f64::min);
        assert!(least < 6.5, "{all:?}\n{}", watch.messages().join("\n"));
        watch.end();
    }

    fn a_command_that_fails_stops_nothing_and_a_change_that_nobody_is_there_to_tell_is_told_later() {
        let Some(diamond) = Diamond::build(Balance::Ports) else { return };
        let home = Home::new();
        diamond.lead(0);
        let target = diamond.target(4).to_string();
        let arguments = [&[target.as_str(), "--on-change", "cat >> told; exit 7"], &QUICK[..]].concat();
        let watch = Watch::start(&home, diamond.vantage(), &arguments);
        let changes = |number: usize| {
            let told = || read(&home, "told").matches("the path changed").count();
            await_that(|| told() >= number, || format!("{number} changes\n{}", watch.messages().join("\n")));
        };
        await_that(|| stored(&home) >= 8, || format!("8 traces\n{}", watch.messages().join("\n")));
        diamond.lead(1);
        changes(1);
        watch.await_lines(1, "the command failed: it ended with exit status: 7");
        let before = stored(&home);
        await_that(|| stored(&home) >= before + 8, || format!("further traces\n{}", watch.messages().join("\n")));
        // Whoever runs the commands dies, by a hand or for want of memory.
        let pid = watch.child.id();
        let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).expect("its children");
        let runner = children.split_whitespace().next().expect("a process that runs commands");
        kill(Pid::from_raw(runner.parse().expect("a process id")), Signal::SIGKILL).expect("end a process");
        diamond.lead(0);
        watch.await_lines(1, "the process that runs commands is gone, and this change is told at the next start");
        let before = stored(&home);
        await_that(|| stored(&home) >= before + 2, || format!("further traces\n{}", watch.messages().join("\n")));
        watch.end();
        assert_eq!(read(&home, "told").matches("the path changed").count(), 1);
        let again = Watch::start(&home, diamond.vantage(), &arguments);
        await_that(
            || read(&home, "told").matches("the path changed").count() == 2,
            || again.messages().join("\n"),
        );
        again.end();
    }

    fn what_is_older_than_is_to_be_kept_goes() {
        let lab = short_chain();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let trace = ["trace", target.as_str(), "-n", "--no-geo", "--protocol", "icmp", "--format", "json"];
        let made = home.run_in(&lab, Rights::Root, &trace).ends_with(0).document();
        home.run(&["db", "init", "--overwrite"]).ends_with(0);
        // The same trace hours ago, of which one is always kept for its path, and just now.
        for (number, hours) in [(1, 5), (2, 4), (3, 0)] {
            let started = now() - Duration::from_secs(3600 * hours);
            let mut document = made.clone();
            document["id"] = format!("0190a000-0000-7000-8000-00000000000{number}").into();
            document["started"] = started.format(&Rfc3339).expect("a time").into();
            let file = home.write("old.json", &document.to_string());
            home.run(&["import", &file]).ends_with(0);
        }
        assert_eq!(stored(&home), 3);
        let watch = Watch::start(&home, lab.vantage(), &[&[target.as_str(), "--keep", "1h"], &QUICK[..]].concat());
        watch.await_lines(1, "removed traces older than 1h");
        watch.await_lines(2, "\"message\":\"traced\"");
        watch.end();
        let list = home.run(&["list", "--format", "jsonl"]).ends_with(0).stdout;
        for (number, is_there) in [(1, false), (2, false), (3, true)] {
            assert_eq!(list.contains(&format!("-00000000000{number}\"")), is_there, "{number}: {list}");
        }
    }

    fn who_may_not_send_is_pointed_to_the_doctor_once() {
        let lab = short_chain();
        let home = Home::new();
        let target = lab.target(4).to_string();
        if !nft(lab.vantage(), &format!("table ip mute {{ chain out {{ type filter hook output priority 0; ip daddr {target} drop; }}; }}")) {
            return;
        }
        let watch = Watch::start(&home, lab.vantage(), &[&[target.as_str()], &QUICK[..]].concat());
        watch.await_lines(1, "`trace-cli doctor` tells what is permitted here");
        watch.await_lines(2, "ot permitted");
        let log = watch.end();
        assert_eq!(log.iter().filter(|line| line.contains("trace-cli doctor")).count(), 1, "{}", log.join("\n"));
    }
}
