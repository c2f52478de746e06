//! `watch` in a laboratory: what it does on changes, signals, locks, and where there is nobody to ask.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::os::unix::net::UnixDatagram;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use rusqlite::Connection;

use crate::lab::{Balance, Chain, Diamond, Fault, Names, Refusal, lab_test, nft, skip};
use crate::rights::preloadable;
use crate::run::{Home, Rights};
use crate::watching::{QUICK, Watch, await_that, now, read, short_chain, stored};

lab_test! {
    fn a_change_of_the_path_is_told_to_the_command_once_and_one_that_hangs_stops_nothing() {
        let Some(diamond) = Diamond::build(Balance::Ports) else { return };
        let home = Home::new();
        diamond.lead(0);
        let target = diamond.target(4).to_string();
        let told = "cat >> told; echo $TRACE_KIND $TRACE_ADDRESS $TRACE_AFTER >> words; sleep 600";
        let watch = Watch::start(&home, diamond.vantage(), &[&[target.as_str(), "--on-change", told], &QUICK[..]].concat());
        await_that(|| stored(&home) >= 8, || format!("8 traces\n{}", watch.messages().join("\n")));
        diamond.lead(1);
        await_that(|| !read(&home, "words").is_empty(), || watch.messages().join("\n"));
        let before = stored(&home);
        await_that(|| stored(&home) >= before + 4, || format!("further traces\n{}", watch.messages().join("\n")));
        let log = watch.end();
        let text = read(&home, "told");
        let ways = diamond.ways(4);
        assert_eq!(text.matches("the path changed at TTL 2").count(), 1, "{text}");
        assert!(text.contains(&format!("{target}, icmp: the path changed")), "{text}");
        assert!(text.contains(&ways[0].to_string()) && text.contains(&ways[1].to_string()), "both paths: {text}");
        let words = read(&home, "words");
        let words: Vec<&str> = words.split_whitespace().collect();
        assert_eq!(words[..2], ["path", target.as_str()]);
        // The id it was told is that of a trace over the new way.
        let shown = home.run(&["show", words[2], "--format", "json"]).ends_with(0).stdout;
        assert!(shown.contains(&ways[1].to_string()), "{shown}");
        assert!(log.iter().any(|line| line.contains("it was ended with the program")), "{}", log.join("\n"));
    }

    fn balanced_paths_never_count_as_a_change() {
        let Some(diamond) = Diamond::build(Balance::Chance) else { return };
        let home = Home::new();
        let target = diamond.target(4).to_string();
        let watch = Watch::start(&home, diamond.vantage(), &[&[target.as_str(), "--on-change", "cat >> told"], &QUICK[..]].concat());
        await_that(|| stored(&home) >= 20, || format!("20 traces\n{}", watch.messages().join("\n")));
        watch.end();
        assert!(!read(&home, "told").contains("the path changed"), "{}", read(&home, "told"));
    }

    fn a_config_that_makes_sense_is_taken_over_and_one_that_does_not_leaves_all_as_it_was() {
        let lab = short_chain();
        let home = Home::new();
        let target = |ttl: u8| format!("[[target]]\nhost = \"{}\"\n", lab.hop(ttl, 4));
        let head = "no-dns = true\nno-geo = true\nprotocol = \"icmp\"\n[watch]\nevery = \"1s\"\nsteady = true\n";
        let config = home.write("config.toml", &format!("{head}{}", target(1)));
        let watch = Watch::start(&home, lab.vantage(), &["--config", &config]);
        watch.await_lines(2, "\"message\":\"traced\"");
        home.write("config.toml", &format!("{head}{}{}", target(1), target(2)));
        watch.signal(Signal::SIGHUP);
        watch.await_lines(1, "\"reloaded\"");
        let second = format!("\"host\":\"{}\"", lab.hop(2, 4));
        watch.await_lines(2, &second);
        home.write("config.toml", &format!("{head}evry = 3\n{}", target(1)));
        watch.signal(Signal::SIGHUP);
        watch.await_lines(1, "not reloaded, what runs goes on");
        watch.await_lines(1, "config.toml:7:1: [watch] has no option \\\"evry\\\"; did you mean \\\"every\\\"?");
        let before = watch.count(&second);
        watch.await_lines(before + 2, &second);
        watch.end();
    }

    fn a_trace_that_is_under_way_at_the_end_is_kept_and_marked() {
        let lab = Chain::of(3).fault(2, Fault::Refuse(Refusal::Blackhole)).without_limits().build();
        let home = Home::new();
        let arguments = [&lab.target(4).to_string(), "-n", "--no-geo", "--wait", "30s", "--every", "1h", "--protocol", "icmp"];
        let watch = Watch::start(&home, lab.vantage(), &arguments);
        watch.await_lines(1, "\"message\":\"begun\"");
        // The first router has answered by then.
        std::thread::park_timeout(Duration::from_millis(500));
        let log = watch.end();
        let list = home.run(&["list", "--format", "json"]).ends_with(0).document();
        assert_eq!(list[0]["outcome"], "interrupted", "{list}\n{}", log.join("\n"));
        assert!(log.last().expect("a line").contains("\"slots\":1,"), "{}", log.join("\n"));
    }

    fn a_locked_database_holds_up_nothing_and_loses_nothing() {
        let lab = short_chain();
        let home = Home::new();
        let target = lab.target(4).to_string();
        home.run(&["db", "init"]).ends_with(0);
        let locker = Connection::open(home.database()).expect("open the database");
        locker.execute_batch("BEGIN EXCLUSIVE").expect("lock the database");
        // It is locked before it starts, and let go while it runs.
        let watch = Watch::start(&home, lab.vantage(), &[&[target.as_str()], &QUICK[..]].concat());
        watch.await_lines(3, "\"message\":\"traced\"");
        watch.await_lines(1, "traces wait for the database");
        locker.execute_batch("ROLLBACK").expect("let go");
        watch.await_lines(1, "the database takes traces again");
        watch.await_lines(5, "\"message\":\"traced\"");
        let log = watch.end();
        let traced = log.iter().filter(|line| line.contains("\"message\":\"traced\"")).count();
        assert_eq!(usize::try_from(stored(&home)), Ok(traced), "{}", log.join("\n"));

        // It is locked until it has ended: a file holds what was measured, and the next start brings it back.
        let watch = Watch::start(&home, lab.vantage(), &[&[target.as_str()], &QUICK[..]].concat());
        watch.await_lines(1, "\"watching\"");
        locker.execute_batch("BEGIN EXCLUSIVE").expect("lock the database");
        watch.await_lines(3, "\"message\":\"traced\"");
        let log = watch.end();
        locker.execute_batch("ROLLBACK").expect("let go");
        assert!(log.iter().any(|line| line.contains("traces are saved in")), "{}", log.join("\n"));
        let traced = traced + log.iter().filter(|line| line.contains("\"message\":\"traced\"")).count();
        let watch = Watch::start(&home, lab.vantage(), &[target.as_str(), "--every", "1h", "-n", "--no-geo"]);
        watch.await_lines(1, "saved traces are in the database now");
        let log = watch.end();
        let traced = traced + log.iter().filter(|line| line.contains("\"message\":\"traced\"")).count();
        assert_eq!(usize::try_from(stored(&home)), Ok(traced), "{}", log.join("\n"));
        home.run(&["db", "check"]).ends_with(0);
    }

    fn the_service_manager_hears_that_it_is_ready_alive_and_ending() {
        let lab = short_chain();
        let home = Home::new();
        let path = home.path().join("notify");
        let socket = UnixDatagram::bind(&path).expect("bind a socket");
        socket.set_read_timeout(Some(Duration::from_secs(30))).expect("limit the wait");
        let mut command = home.command(&[&["watch", "-v", "--log-format", "json", &lab.target(4).to_string()], &QUICK[..]].concat());
        command.env("NOTIFY_SOCKET", &path).env("WATCHDOG_USEC", "1000000");
        let watch = Watch::of(lab.vantage(), command);
        let mut heard = String::new();
        let mut until = |words: &str| {
            let mut buffer = [0; 4096];
            while !heard.contains(words) {
                let length = socket.recv(&mut buffer).unwrap_or_else(|error| panic!("{error}: no {words:?} in {heard}"));
                heard.push_str(&String::from_utf8_lossy(&buffer[..length]));
            }
            std::mem::take(&mut heard)
        };
        let first = until("READY=1");
        assert!(first.contains("STATUS=1 targets"), "{first}");
        until("WATCHDOG=1");
        until("WATCHDOG=1");
        watch.signal(Signal::SIGHUP);
        let reload = until("READY=1");
        assert!(reload.contains("RELOADING=1") && reload.contains("MONOTONIC_USEC="), "{reload}");
        watch.signal(Signal::SIGTERM);
        until("STOPPING=1");
        watch.end();
    }

    fn loss_that_begins_and_a_level_of_rtt_that_rises_are_told_to_the_command() {
        let target = 3;
        let late = Fault::Late(Duration::from_millis(40));
        let lab = Chain::of(2).fault(target, late).without_limits().build();
        // The target's answers take the short way until they are made to take the long one.
        lab.node(target).ip("rule del priority 5\n");
        let home = Home::new();
        let address = lab.target(4).to_string();
        let how = ["-n", "--no-geo", "--protocol", "icmp", "--wait", "500ms"];
        // What was measured before counts: a change is one against that.
        for _ in 0..60 {
            home.run_in(&lab, Rights::Root, &[&["trace", address.as_str()], &how[..]].concat()).ends_with(0);
        }
        let command = "cat >> told; echo $TRACE_KIND $TRACE_ADDRESS \"$TRACE_TEXT\" >> words";
        let watch = [&[address.as_str(), "--every", "1s", "--steady", "--on-change", command], &how[..]].concat();
        let watch = Watch::start(&home, lab.vantage(), &watch);
        watch.await_lines(1, "\"message\":\"traced\"");
        lab.node(target).ip("rule add iif lo priority 5 lookup 100\n");
        await_that(
            || read(&home, "words").contains("rtt"),
            || home.run(&["show", "latest"]).stdout,
        );
        // By chance: a target that answers the first request of each trace and no other limits its answers, and loses none.
        let rules = "table inet loss { chain in { type filter hook input priority 0; \
                     icmp type echo-request numgen random mod 10 < 6 drop; }; }";
        if nft(lab.node(target), rules) {
            await_that(|| read(&home, "words").contains("loss"), || watch.messages().join("\n"));
        }
        watch.end();
        let (words, told) = (read(&home, "words"), read(&home, "told"));
        let lines: Vec<&str> = words.lines().collect();
        assert!(lines[0].starts_with(&format!("rtt {address} the RTT rose from ")), "{words}");
        assert!(told.contains(&format!("{address}, icmp: the RTT rose from ")), "{told}");
        if let Some(loss) = lines.get(1) {
            assert!(loss.starts_with(&format!("loss {address} loss rose from 0% to ")), "{words}");
            assert!(told.contains(&format!("{address}, icmp: loss rose from 0% to ")), "{told}");
        }
        assert!(lines.len() <= 2, "each is told once: {words}");
    }

    fn what_waits_for_its_command_at_the_end_is_told_by_the_next_start() {
        let Some(diamond) = Diamond::build(Balance::Ports) else { return };
        let home = Home::new();
        diamond.lead(0);
        let target = diamond.target(4).to_string();
        let arguments = [&[target.as_str(), "--on-change", "cat >> told"], &QUICK[..]].concat();
        let watch = Watch::start(&home, diamond.vantage(), &arguments);
        await_that(|| stored(&home) >= 6, || format!("6 traces\n{}", watch.messages().join("\n")));
        watch.end();
        // A change whose command did not begin when the program ended, and one that nobody configured.
        let call = |command: &str, text: &str| {
            serde_json::json!({ "Call": { "command": command, "text": text, "variables": [["TRACE_KIND", "path"]] } }).to_string()
        };
        let lines = [call("cat >> told", "it waited\n"), call("touch forbidden", ""), "nonsense".to_owned()];
        std::fs::write(home.data().join("untold.jsonl"), lines.join("\n")).expect("write a file");
        let watch = Watch::start(&home, diamond.vantage(), &arguments);
        await_that(|| read(&home, "told").contains("it waited"), || watch.messages().join("\n"));
        watch.await_lines(1, "nobody configured this command");
        let log = watch.end();
        assert!(!home.path().join("forbidden").exists(), "{}", log.join("\n"));
        assert!(!home.data().join("untold.jsonl").exists());
    }

    fn it_is_confined_and_still_reads_anew_and_runs_commands() {
        let lab = short_chain();
        let home = Home::new();
        let directory = |name: &str| {
            let path = home.path().join(name);
            std::fs::create_dir(&path).expect("make a directory");
            path
        };
        let (settings, elsewhere) = (directory("settings"), directory("elsewhere"));
        let config = settings.join("config.toml");
        let list = elsewhere.join("list");
        std::fs::write(&list, lab.hop(1, 4).to_string()).expect("write a list");
        let text = format!("no-dns = true\nno-geo = true\nprotocol = \"icmp\"\n[watch]\nevery = \"1s\"\n[[target]]\nhost = \"{}\"\n", lab.target(4));
        std::fs::write(&config, &text).expect("write a config");
        let mut command = home.command(&["watch", "-v", "--log-format", "json", "--config", config.to_str().expect("a path")]);
        // The home of a test is a directory for temporary files, which may be read and written.
        command.env("TMPDIR", directory("temporary"));
        let watch = Watch::of(lab.vantage(), command);
        watch.await_lines(1, "\"message\":\"traced\"");
        if watch.count("system calls (seccomp) confined") > 0 {
            // Every thread of it.
            let tasks = std::fs::read_dir(format!("/proc/{}/task", watch.child.id())).expect("its threads");
            for task in tasks {
                let status = std::fs::read_to_string(task.expect("a thread").path().join("status")).expect("its status");
                assert!(status.contains("Seccomp:\t2") && status.contains("NoNewPrivs:\t1"), "{status}");
            }
        } else {
            skip("this kernel filters no system calls");
        }
        if watch.count("files (Landlock) confined") > 0 {
            // This user may read the list, and this process may not.
            let other = text.replace("[watch]", &format!("[watch]\ntargets = {list:?}"));
            std::fs::write(&config, &other).expect("write a config");
            watch.signal(Signal::SIGHUP);
            watch.await_lines(1, "not reloaded, what runs goes on");
            watch.await_lines(1, "ermission denied");
        } else {
            skip("this kernel has no Landlock");
        }
        // Another file takes the place of the first one, as editors do it, and a command comes that there was not.
        let draft = settings.join("draft");
        std::fs::write(&draft, text.replace("[watch]", "[watch]\non-change = \"true\"")).expect("write a config");
        std::fs::rename(&draft, &config).expect("replace the config");
        watch.signal(Signal::SIGHUP);
        watch.await_lines(1, "\"reloaded\"");
        watch.end();
    }

    fn the_journal_gets_a_priority_and_no_time() {
        use std::os::unix::fs::MetadataExt as _;
        let lab = short_chain();
        let home = Home::new();
        for is_journal in [true, false] {
            let file = std::fs::File::create(home.path().join("journal")).expect("make a file");
            let metadata = file.metadata().expect("its metadata");
            let inode = metadata.ino() + u64::from(!is_journal);
            let targets = [lab.unroutable(4).to_string(), lab.target(4).to_string()];
            let mut command = home.command(&[&["watch", &targets[0], &targets[1]], &QUICK[..]].concat());
            command.env("JOURNAL_STREAM", format!("{}:{inode}", metadata.dev())).stdout(Stdio::null()).stderr(file);
            let mut child = lab.vantage().enter(|| command.spawn().expect("start the program"));
            let said = || read(&home, "journal");
            await_that(|| said().contains("tried again"), said);
            kill(Pid::from_raw(child.id().try_into().expect("a process id")), Signal::SIGTERM).expect("send a signal");
            assert_eq!(child.wait().expect("wait for the program").code(), Some(0), "{}", said());
            let said = said();
            let line = |words: &str| said.lines().find(|line| line.contains(words)).unwrap_or_default().to_owned();
            let (begins, warns) = (line("watching"), line("tried again"));
            assert_eq!(begins.starts_with("<6>watching targets=2"), is_journal, "{said}");
            assert_eq!(warns.starts_with("<4>not traced"), is_journal, "{said}");
            assert_eq!(begins.contains("INFO"), !is_journal, "{said}");
        }
    }

    fn a_name_that_nobody_knows_at_first_is_asked_for_again() {
        let lab = short_chain();
        let home = Home::new();
        Names::default().host("other.example", lab.hop(1, 4)).install(lab.vantage(), home.path());
        let arguments = [&["late.example", "other.example"], &QUICK[..]].concat();
        let watch = Watch::start(&home, lab.vantage(), &arguments);
        watch.await_lines(1, "not traced, and tried again");
        watch.await_lines(3, "\"host\":\"other.example\"");
        home.write("hosts", &format!("{} other.example\n{} late.example\n", lab.hop(1, 4), lab.target(4)));
        await_that(
            || home.run(&["list", "--target", "late.example", "--format", "json"]).stdout.contains("reached"),
            || watch.messages().join("\n"),
        );
        watch.end();
    }

    fn a_network_that_goes_and_comes_is_lived_through() {
        let lab = short_chain();
        let home = Home::new();
        let watch = Watch::start(&home, lab.vantage(), &[&[lab.target(4).to_string().as_str()], &QUICK[..]].concat());
        watch.await_lines(2, "\"outcome\":\"reached\"");
        lab.vantage().ip("link set right down\n");
        watch.await_lines(1, "not traced, and tried again");
        lab.vantage().ip(&format!("link set right up\nroute replace 10.7.0.0/16 via {}\n", lab.hop(1, 4)));
        let before = watch.count("\"outcome\":\"reached\"");
        watch.await_lines(before + 2, "\"outcome\":\"reached\"");
        let log = watch.end();
        assert!(log.last().expect("a line").contains("\"failed\":"), "{}", log.join("\n"));
    }

    /// The clock is that of the program alone: a library that is loaded before all others adds to it what a file says.
    fn a_clock_that_is_set_back_and_forward_is_lived_through() {
        let lab = short_chain();
        let home = Home::new();
        let Some(library) = preloadable(home.path(), "clock", CLOCK) else { return };
        let offset = home.path().join("offset");
        std::fs::write(&offset, 0_i64.to_ne_bytes()).expect("write a file");
        let file = OpenOptions::new().write(true).open(&offset).expect("open the file");
        let set = |seconds: i64| file.write_all_at(&seconds.to_ne_bytes(), 0).expect("set the clock");
        let target = lab.target(4).to_string();
        let arguments = [&["watch", "-v", "--log-format", "json", &target], &QUICK[..]].concat();
        let mut command = home.command(&arguments);
        command.env("LD_PRELOAD", &library).env("CLOCK_OFFSET", &offset);
        let watch = Watch::of(lab.vantage(), command);
        let reached = || watch.count("\"outcome\":\"reached\"");
        watch.await_lines(3, "\"outcome\":\"reached\"");
        for (seconds, told) in [(-3600, "the clock was set back by "), (7200, "the clock was set forward by ")] {
            set(seconds);
            watch.await_lines(1, told);
            // It goes on in the rhythm that it had: neither does it wait for an hour to come again, nor make up for one.
            let (before, began) = (reached(), now());
            watch.await_lines(before + 4, "\"outcome\":\"reached\"");
            let took = began.elapsed();
            assert!((Duration::from_millis(2_500)..Duration::from_secs(20)).contains(&took), "{took:?}");
        }
        let log = watch.end();
        let made = log.iter().filter(|line| line.contains("\"message\":\"traced")).count();
        assert_eq!(stored(&home) as usize, made, "{}", log.join("\n"));
        let last: serde_json::Value = serde_json::from_str(log.last().expect("a line")).expect("JSON");
        let number = |name: &str| last[name].as_u64().unwrap_or_else(|| panic!("no {name} in {last}"));
        let parts = ["traced", "quiet", "busy", "failed", "asleep", "late", "full"];
        assert_eq!(number("slots"), parts.iter().map(|name| number(name)).sum::<u64>(), "{last}");
        assert_eq!((number("failed"), number("asleep"), number("full")), (0, 0, 0), "{last}");
        home.run(&["db", "check"]).ends_with(0);
        // The times are those that the clock told.
        let listed = home.run(&["list", "--format", "json"]).ends_with(0).document();
        let hours: std::collections::BTreeSet<_> = listed
            .as_array()
            .expect("a list")
            .iter()
            .map(|trace| trace["started"].as_str().expect("a time")[..13].to_owned())
            .collect();
        assert!(hours.len() >= 3, "{hours:?}");
    }
}

/// Adds to the wall clock the seconds that stand in the file `CLOCK_OFFSET`.
const CLOCK: &str = r#"
    #define _GNU_SOURCE
    #include <dlfcn.h>
    #include <fcntl.h>
    #include <stdlib.h>
    #include <sys/mman.h>
    #include <time.h>
    #include <unistd.h>
    static volatile long long *offset;
    __attribute__((constructor)) static void look(void) {
        int file = open(getenv("CLOCK_OFFSET"), O_RDONLY);
        offset = mmap(NULL, sizeof *offset, PROT_READ, MAP_SHARED, file, 0);
        close(file);
    }
    int clock_gettime(clockid_t clock, struct timespec *time) {
        static int (*real)(clockid_t, struct timespec *);
        if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
        int result = real(clock, time);
        if (result == 0 && clock == CLOCK_REALTIME) time->tv_sec += *offset;
        return result;
    }
"#;
