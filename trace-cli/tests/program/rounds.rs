//! Rounds: the table that grows on a terminal with its keys, and the report where there is none.

use std::fs::File;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::lab::{Chain, lab_test, tool};
use crate::run::{Home, Rights};
use crate::terminal::Terminal;

fn rounds_of(document: &serde_json::Value) -> usize {
    let hops = document["hops"].as_array().expect("hops");
    let probes = hops.iter().flat_map(|hop| hop["probes"].as_array().expect("probes"));
    probes
        .filter_map(|probe| probe["round"].as_u64())
        .max()
        .map_or(0, |last| usize::try_from(last).expect("a number") + 1)
}

lab_test! {
    /// Where there is no terminal the whole is printed at the end, and kept.
    fn rounds_without_a_terminal() {
        let lab = Chain::of(3).without_limits().build();
        for (rights, family) in [(Rights::Root, 4), (Rights::None, 6)] {
            let home = Home::new();
            let target = lab.target(family).to_string();
            let arguments = ["trace", &target, "-n", "--rounds", "5", "--interval", "50ms"];
            let run = home.run_in(&lab, rights, &arguments).ends_with(0);
            for word in ["StDev", "Worst", "5 rounds", "Reached at TTL 4"] {
                assert!(run.stdout.contains(word), "{word:?} is missing in\n{}", run.stdout);
            }
            assert!(!run.stdout.contains('\u{1b}'), "{}", run.stdout);
            let document = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
            assert_eq!(rounds_of(&document), 5);
            assert_eq!(document["hops"][3]["statistics"]["sent"], 5);
        }
    }

    /// Rounds without end are ended by a signal, and that is well.
    fn rounds_without_end_are_ended_by_a_signal() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let mut command = home.command(&["trace", &target, "-n", "--rounds", "forever", "--interval", "20ms", "--format", "json", "-v"]);
        let output = File::create(home.path().join("stdout")).expect("make a file");
        let before = lab.vantage().packets_sent("right");
        let mut child = lab.vantage().enter(|| command.stdout(output).spawn().expect("start the program"));
        while lab.vantage().packets_sent("right") < before + 20 {
            std::thread::park_timeout(Duration::from_millis(10));
            assert!(child.try_wait().expect("ask for the program").is_none(), "it ended by itself");
        }
        kill(Pid::from_raw(child.id().try_into().expect("a process id")), Signal::SIGTERM).expect("send a signal");
        assert_eq!(child.wait().expect("wait for the program").code(), Some(0));
        let printed = std::fs::read_to_string(home.path().join("stdout")).expect("read what was printed");
        let document: serde_json::Value = serde_json::from_str(&printed).expect("a document");
        assert_eq!((document["outcome"].as_str(), document["settings"]["rounds"].as_str()), (Some("interrupted"), Some("forever")));
        assert!(rounds_of(&document) >= 2, "{document}");
        let shown = home.run(&["show", "latest"]).ends_with(0).stdout;
        assert!(shown.contains("rounds without end") && shown.contains("Ended after"), "{shown}");
    }

    /// Every key, on a terminal: the table grows, is steered, and gives way to the report.
    fn keys_steer_the_table() {
        let lab = Chain::of(3).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let mut terminal =
            Terminal::start(lab.vantage(), &home, (110, 30), &["trace", &target, "-n", "--rounds", "forever", "--interval", "100ms"]);
        // Not every round is drawn: any will do.
        terminal.await_text("round ");
        assert!(!terminal.shows_keys(), "keys are taken over");
        terminal.await_text("StDev");
        terminal.press("d");
        terminal.await_text("Jitter");
        terminal.press("d");
        terminal.await_text("Last probes");
        terminal.press("?");
        terminal.await_text("Ctrl-C   as q,");
        terminal.press("x");
        terminal.press("d");
        terminal.await_text("StDev");
        terminal.press("p");
        terminal.await_text(", paused");
        let sent = lab.vantage().packets_sent("right");
        terminal.press("r");
        terminal.await_text(", counted from ");
        terminal.press("n");
        terminal.await_text(", paused");
        assert!(lab.vantage().packets_sent("right") <= sent + 4, "nothing leaves while it is paused");
        terminal.press(" ");
        terminal.await_text("q quit");
        while lab.vantage().packets_sent("right") <= sent + 8 {
            std::thread::park_timeout(Duration::from_millis(10));
        }
        terminal.press("q");
        let (status, text) = terminal.end();
        assert_eq!(status, Some(0), "{text}");
        let report = text.rsplit("\u{1b}[J").next().expect("the report");
        assert!(report.contains("Ended after") && report.contains("StDev"), "{report:?}");
        // Resetting is for the eye: everything is kept.
        let document = home.run(&["show", "latest", "--format", "json"]).ends_with(0).document();
        assert_eq!(document["hops"][0]["probes"][0]["round"], 0);
    }

    /// All protocols side by side, round after round: each has its loss and its time, as it grows and in the report.
    fn rounds_of_all_protocols_have_columns_for_each() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let words = ["trace", &target, "-n", "--protocol", "all", "--rounds", "forever", "--interval", "100ms"];
        let mut terminal = Terminal::start(lab.vantage(), &home, (130, 30), &words);
        terminal.await_text("UDP loss");
        terminal.await_text("round 3");
        terminal.press("d");
        terminal.await_text("Median");
        terminal.press("q");
        let (status, text) = terminal.end();
        assert_eq!(status, Some(0), "{text}");
        let report = text.rsplit("\u{1b}[J").next().expect("the report");
        let router = report.lines().find(|line| line.contains(&lab.hop(1, 4).to_string())).expect("the first router");
        assert!(report.contains("TCP loss") && router.matches("0%").count() == 3, "{report}");
    }
}

lab_test! {
    /// Who leaves rounds that have a number before they are over has had enough: no failure.
    fn rounds_may_be_left_early() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let mut terminal =
            Terminal::start(lab.vantage(), &home, (100, 30), &["trace", &target, "-n", "--rounds", "1000", "--interval", "50ms"]);
        terminal.await_text(" of 1000");
        terminal.press("q");
        let (status, text) = terminal.end();
        assert_eq!(status, Some(0), "{text}");
    }

    /// Ctrl-C in the middle of a pause, a small terminal, and one that changes its size.
    fn the_terminal_is_as_it_was_after_ctrl_c() {
        let lab = Chain::of(4).without_limits().build();
        let home = Home::new();
        let target = lab.target(6).to_string();
        let mut terminal =
            Terminal::start(lab.vantage(), &home, (30, 5), &["trace", &target, "-n", "--rounds", "1000", "--interval", "100ms"]);
        terminal.await_text("TTL");
        terminal.press("p");
        std::thread::park_timeout(Duration::from_millis(200));
        // stty says what a terminal emulator says when its window changes.
        let slave = terminal.slave.try_clone().expect("share the terminal");
        let resized = tool("stty").args(["cols", "100", "rows", "40"]).stdin(slave).status().expect("start stty");
        assert!(resized.success());
        terminal.press("d");
        terminal.await_text("paused");
        terminal.press("\u{3}");
        let (status, text) = terminal.end();
        assert_eq!(status, Some(130), "{text}");
        assert!(text.contains("Interrupted"), "{text}");
    }
}
