//! Rounds: the table that grows on a terminal with its keys, and the report where there is none.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, tcgetattr};
use nix::unistd::Pid;

use crate::lab::{Chain, Lab, lab_test, tool};
use crate::run::{Home, Rights};

/// The program on a terminal of its own.
struct Terminal {
    program: Child,
    keys: File,
    slave: OwnedFd,
    written: Arc<Mutex<String>>,
    /// How much of what was written has been looked at.
    seen: usize,
}

impl Terminal {
    /// Starts the program at the vantage point, in front of a terminal with so many columns and rows.
    fn start(lab: &Lab, home: &Home, size: (u16, u16), arguments: &[&str]) -> Self {
        let size = Winsize { ws_col: size.0, ws_row: size.1, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = openpty(&size, None).expect("open a terminal");
        let program = home.command(arguments);
        // Makes the terminal that of a session of its own.
        let mut command: Command = tool("setsid");
        command.args(["--ctty", "--wait"]).arg(program.get_program()).args(program.get_args());
        command
            .env_clear()
            .env("HOME", home.path())
            .env("PATH", "/usr/bin:/bin")
            .env("TERM", "xterm")
            .env("NO_COLOR", "1");
        command.current_dir(home.path());
        let slave = || pty.slave.try_clone().expect("share the terminal");
        command.stdin(slave()).stdout(slave()).stderr(slave());
        let program = lab.vantage().enter(|| command.spawn().expect("start the program"));
        let written = Arc::new(Mutex::new(String::new()));
        let mut master = File::from(pty.master.try_clone().expect("share the terminal"));
        let writing = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut piece = [0; 4096];
            while let Ok(length @ 1..) = master.read(&mut piece) {
                writing.lock().expect("the text").push_str(&String::from_utf8_lossy(&piece[..length]));
            }
        });
        Self { program, keys: File::from(pty.master), slave: pty.slave, written, seen: 0 }
    }

    fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("press keys");
    }

    /// Waits until something is written that was not looked at before, and returns what was written up to there.
    #[track_caller]
    fn await_text(&mut self, wanted: &str) -> String {
        for _ in 0..6000 {
            let text = self.written.lock().expect("the text")[self.seen..].to_owned();
            if let Some(at) = text.find(wanted) {
                self.seen += at + wanted.len();
                return text[..at + wanted.len()].to_owned();
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        panic!("{wanted:?} was never written:\n{}", self.written.lock().expect("the text"));
    }

    fn shows_keys(&self) -> bool {
        tcgetattr(&self.slave)
            .expect("the terminal")
            .local_flags
            .contains(LocalFlags::ECHO | LocalFlags::ICANON)
    }

    /// Waits for the end; returns the exit status and everything written.
    fn end(mut self) -> (Option<i32>, String) {
        let status = self.program.wait().expect("wait for the program");
        assert!(self.shows_keys(), "the terminal is not as it was");
        self.await_text("kept as");
        let text = self.written.lock().expect("the text").clone();
        (status.code(), text)
    }
}

impl Drop for Terminal {
    /// A failed test leaves nobody behind: the program is the only child of the one that gave it its session.
    fn drop(&mut self) {
        let children = format!("/proc/{0}/task/{0}/children", self.program.id());
        for child in std::fs::read_to_string(children).unwrap_or_default().split_whitespace() {
            if let Ok(number) = child.parse() {
                let _ = kill(Pid::from_raw(number), Signal::SIGKILL);
            }
        }
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

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
            Terminal::start(&lab, &home, (110, 30), &["trace", &target, "-n", "--rounds", "forever", "--interval", "100ms"]);
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
        let mut terminal = Terminal::start(&lab, &home, (130, 30), &words);
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
            Terminal::start(&lab, &home, (100, 30), &["trace", &target, "-n", "--rounds", "1000", "--interval", "50ms"]);
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
            Terminal::start(&lab, &home, (30, 5), &["trace", &target, "-n", "--rounds", "1000", "--interval", "100ms"]);
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
