//! What the program may still do while it traces: its rights are gone, raw sockets work all the same, and what no tracer
//! needs is refused.

use std::fs::OpenOptions;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use rustix::thread::{
    CapabilitiesSecureBits, CapabilitySet, CapabilitySets, clear_ambient_capability_set, set_capabilities,
    set_capabilities_secure_bits,
};

use crate::lab::{Chain, Lab, can_open_raw_socket, lab_test, skip, tool};
use crate::run::{Home, Rights, Run};

/// A line of `/proc/PID/status`.
fn field<'a>(status: &'a str, name: &str) -> &'a str {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    value.unwrap_or_else(|| panic!("no {name} in\n{status}")).trim()
}

/// A running program as soon as it says that its walls stand.
pub(crate) fn behind_walls(command: &mut Command) -> Child {
    let mut child =
        command.arg("-v").stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("start the program");
    let told = BufReader::new(child.stderr.take().expect("its standard error"));
    let mut told = told.lines().map(|line| line.expect("read what it says"));
    let line = told.find(|line| line.contains("(seccomp)")).expect("it says what holds");
    assert!(!line.contains("not confined"), "{line}");
    child
}

/// The status of a running program as soon as its walls stand.
fn status_behind_walls(command: &mut Command) -> String {
    let mut child = behind_walls(command);
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("read its status");
    child.kill().expect("end the program");
    child.wait().expect("wait for the program");
    status
}

/// Nothing is left: no capability in any set but the bounding one, no way to get any, and a filter.
fn is_powerless(status: &str) {
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(field(status, set), "0000000000000000", "{set} in\n{status}");
    }
    assert_eq!(field(status, "NoNewPrivs"), "1", "{status}");
    assert_eq!(field(status, "Seccomp"), "2", "{status}");
}

/// Makes this thread that of a user without rights, for whom the rights of a file count: a user namespace of one user has
/// nobody else who could try.
pub(crate) fn become_a_plain_user() {
    let bits = CapabilitiesSecureBits::NO_ROOT | CapabilitiesSecureBits::NO_ROOT_LOCKED;
    set_capabilities_secure_bits(bits).expect("make root nobody special");
    clear_ambient_capability_set().expect("clear the ambient capabilities");
    let nothing = CapabilitySet::empty();
    set_capabilities(None, CapabilitySets { effective: nothing, permitted: nothing, inheritable: nothing })
        .expect("drop capabilities");
    assert!(!can_open_raw_socket(), "a raw socket could be opened without any capability");
}

/// A copy of the program whose file has `CAP_NET_RAW` (`+p`: permitted, `+ep`: effective, too); `None`, and a word on stderr, where that cannot be had.
pub(crate) fn with_file_capabilities(home: &Home, how: &str) -> Option<String> {
    let copy = home.path().join(format!("trace-cli{how}"));
    std::fs::copy(env!("CARGO_BIN_EXE_trace-cli"), &copy).expect("copy the program");
    match tool("setcap").arg(format!("cap_net_raw{how}")).arg(&copy).output() {
        Ok(output) if output.status.success() => Some(copy.to_str().expect("a path in UTF-8").to_owned()),
        Ok(output) => {
            skip(format_args!("no file capabilities: {}", String::from_utf8_lossy(&output.stderr)));
            None
        }
        Err(_) => {
            skip("no program setcap: apt-get install libcap2-bin");
            None
        }
    }
}

/// Traces with every protocol, over both families, and to a list, with raw sockets.
fn traces_raw(home: &Home, lab: &Lab, program: &str) {
    for family in [4, 6] {
        let target = lab.target(family).to_string();
        for protocol in ["icmp", "udp", "tcp", "all"] {
            let arguments = ["trace", &target, "--protocol", protocol, "-n", "--format", "json"];
            let run = Run::of(&mut home.command_of(program, &arguments)).ends_with(0);
            let document = run.document();
            assert_eq!(document["mode"], "raw", "{protocol} {family}: {document}");
            assert_eq!(document["hops"].as_array().map(Vec::len), Some(3), "{protocol} {family}: {document}");
        }
    }
    let targets = [1, 2, 3].map(|ttl| [lab.hop(ttl, 4), lab.hop(ttl, 6)]).concat();
    let list: String = targets.iter().map(|address| format!("{address}\n")).collect();
    let list = home.write("hosts.txt", &list);
    let arguments = ["trace", "--targets", &list, "-n", "--protocol", "all", "--format", "jsonl"];
    let run = Run::of(&mut home.command_of(program, &arguments)).ends_with(0);
    assert_eq!(run.stdout.lines().count(), 6, "{}", run.stdout);
    for line in run.stdout.lines() {
        assert!(line.contains("\"mode\":\"raw\"") && line.contains("\"outcome\":\"reached\""), "{line}");
    }
}

lab_test! {
    /// Root opens raw sockets, and has no right left when the first probe leaves, not even to get one back.
    fn root_keeps_no_right_while_it_traces() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let arguments = ["trace", &target, "-n", "--rounds", "forever", "--interval", "1s", "--format", "jsonl"];
        lab.vantage().enter(|| {
            let status = status_behind_walls(&mut home.command(&arguments));
            is_powerless(&status);
            assert_eq!(field(&status, "CapBnd"), "0000000000000000", "{status}");
            traces_raw(&home, &lab, env!("CARGO_BIN_EXE_trace-cli"));
        });
    }

    /// Root reads what a service has kept as another user, and cannot while it probes.
    fn root_reads_files_of_others_only_while_it_hears_nobody() {
        let lab = Chain::of(1).build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        home.run_in(&lab, Rights::Root, &["trace", &target, "-n"]).ends_with(0);
        let locked = std::os::unix::fs::PermissionsExt::from_mode(0o000);
        std::fs::set_permissions(home.database(), locked).expect("take every permission from a file");
        home.run(&["list"]).ends_with(0);
        home.run_in(&lab, Rights::None, &["list"]).complains(4, &["doctor"]);
        let run = home.run_in(&lab, Rights::Root, &["trace", &target, "-n"]).ends_with(4);
        assert!(run.stderr.contains("trace-cli doctor"), "{}", run.stderr);
    }

    /// A plain user who starts a file with CAP_NET_RAW traces with raw sockets of every kind, and the process has no
    /// right left; the same file without it traces unprivileged.
    fn a_plain_user_traces_raw_by_the_rights_of_the_file() {
        let lab = Chain::of(2).without_limits().build();
        let home = Home::new();
        let Some(program) = with_file_capabilities(&home, "+p") else { return };
        let Some(effective) = with_file_capabilities(&home, "+ep") else { return };
        let target = lab.target(4).to_string();
        lab.vantage().enter(|| {
            become_a_plain_user();
            let arguments = ["trace", &target, "-n", "--rounds", "forever", "--interval", "1s", "--format", "jsonl"];
            is_powerless(&status_behind_walls(&mut home.command_of(&program, &arguments)));
            traces_raw(&home, &lab, &program);
            is_powerless(&status_behind_walls(&mut home.command_of(&effective, &arguments)));
            let plain = Run::of(&mut home.command(&["trace", &target, "-n", "--format", "json"])).ends_with(0);
            assert_eq!(plain.document()["mode"], "unprivileged");
            // A mark needs the right when each packet leaves: it is kept, alone, for who types one.
            let marked = ["trace", &target, "-n", "--mark", "7", "--format", "json"];
            let run = Run::of(&mut home.command_of(&program, &marked)).ends_with(0);
            assert_eq!(run.document()["mode"], "raw");
            let marked = [&marked[..], &["--rounds", "forever", "--interval", "1s"]].concat();
            let status = status_behind_walls(&mut home.command_of(&program, &marked));
            assert_eq!(field(&status, "CapEff"), "0000000000002000", "{status}");
            assert_eq!(field(&status, "CapPrm"), "0000000000002000", "{status}");
        });
    }

    /// Whoever makes the program read something of his meets no right: they are gone when it opens the first file.
    fn rights_are_gone_before_a_config_is_read() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let Some(program) = with_file_capabilities(&home, "+ep") else { return };
        let config = home.path().join("config.toml");
        rustix::fs::mknodat(rustix::fs::CWD, &config, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("make a pipe");
        let target = lab.target(4).to_string();
        for is_root in [true, false] {
            lab.vantage().enter(|| {
                if !is_root {
                    become_a_plain_user();
                }
                let mut command = home.command_of(&program, &["trace", &target, "-n", "--no-geo"]);
                command.env("TRACE_CONFIG", &config).stdout(Stdio::null());
                let mut child = command.spawn().expect("start the program");
                // It can be opened for writing as soon as somebody reads it.
                let mut writer = OpenOptions::new();
                writer.write(true).custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
                let mut tries = 0;
                let pipe = loop {
                    match writer.open(&config) {
                        Ok(pipe) => break pipe,
                        Err(error) => {
                            assert!(tries < 3000 && child.try_wait().expect("look at the program").is_none(), "{error}");
                            tries += 1;
                            std::thread::park_timeout(std::time::Duration::from_millis(10));
                        }
                    }
                };
                let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("read its status");
                for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                    assert_eq!(field(&status, set), "0000000000000000", "{set} in\n{status}");
                }
                assert_eq!(field(&status, "NoNewPrivs"), "1", "{status}");
                drop(pipe);
                assert_eq!(child.wait().expect("wait for the program").code(), Some(0));
            });
        }
    }

    /// The server lives behind walls, too.
    #[cfg(feature = "serve")]
    fn the_server_has_no_right_and_a_filter() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        lab.vantage().enter(|| {
            let arguments = ["serve", "--no-open", "--listen", "127.0.0.1:0", "--allow-trace"];
            is_powerless(&status_behind_walls(&mut home.command(&arguments)));
        });
    }

    /// So do those who read what strangers wrote without probing.
    fn who_reads_files_of_others_and_answers_of_services_is_confined() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let target = lab.target(4).to_string();
        let trace = home.run_in(&lab, Rights::None, &["trace", &target, "-n", "--format", "json"]).ends_with(0).stdout;
        let file = home.write("trace.json", &trace);
        for arguments in [&["import", file.as_str()][..], &["relocate", "latest"], &["geo", "lookup", "-n", "192.0.2.1"]] {
            let run = home.run_in(&lab, Rights::None, &[arguments, &["-v"]].concat()).ends_with(0);
            assert!(run.stderr.contains("files (Landlock)") && run.stderr.contains("(seccomp) confined"), "{}", run.stderr);
        }
    }

    /// In the middle of a trace, from within the process itself, everything is tried that a tracer does not need.
    fn what_no_tracer_needs_is_refused() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        // Outside of the directories for temporary files, which may be written.
        let elsewhere = tempfile::tempdir_in(std::env::home_dir().expect("a home")).expect("make a directory");
        let secret = elsewhere.path().join("id_ed25519");
        std::fs::write(&secret, "secret").expect("write a file");
        let Some(library) = intruder(elsewhere.path()) else { return };
        let report = elsewhere.path().join("report");
        for (rights, preloaded) in [(Rights::Root, true), (Rights::None, true), (Rights::Root, false)] {
            let target = lab.target(4).to_string();
            let mut command = home.command(&["trace", &target, "-n", "--format", "json"]);
            command.env("REPORT", &report).env("SECRET", &secret);
            if preloaded {
                command.env("LD_PRELOAD", &library);
            }
            let _ = std::fs::remove_file(&report);
            let run = || Run::of(&mut command);
            let run = match rights {
                Rights::Root => lab.vantage().enter(run),
                Rights::None => lab.vantage().enter_unprivileged(run),
            };
            // The trace itself is none the worse for it.
            assert_eq!(run.ends_with(0).document()["outcome"], "reached");
            if !preloaded {
                assert!(!report.exists(), "nobody else writes the report");
                continue;
            }
            let told = std::fs::read_to_string(&report).expect("read the report");
            let expected = "\
                read a secret: 13\n\
                write to a secret: 13\n\
                make a file beside it: 13\n\
                list the root: 13\n\
                start a program: 1\n\
                open a packet socket: 1\n\
                open a raw socket: 1\n\
                enter a namespace: 1\n\
                trace a process: 1\n\
                load a kernel program: 1\n\
                signal the parent: 1\n\
                read the hosts: 0\n";
            assert_eq!(told, expected, "{rights:?}");
        }
    }
}

/// A library that, loaded into the program, tries what is forbidden when the first packet is sent, and reports each error
/// number by a descriptor opened before anything else. `None`, and a word on stderr, where there is no compiler.
fn intruder(directory: &Path) -> Option<PathBuf> {
    const SOURCE: &str = r#"
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <sched.h>
        #include <signal.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/ptrace.h>
        #include <sys/socket.h>
        #include <sys/syscall.h>
        #include <sys/wait.h>
        #include <unistd.h>

        static FILE *report;
        static char secret[256], beside[300];

        __attribute__((constructor)) static void enter(void) {
            char *path = getenv("REPORT");
            report = path ? fopen(path, "we") : NULL;
            snprintf(secret, sizeof secret, "%s", getenv("SECRET") ? getenv("SECRET") : "");
            snprintf(beside, sizeof beside, "%s.new", secret);
        }

        static void told(const char *what, long result) {
            fprintf(report, "%s: %d\n", what, result < 0 ? errno : 0);
        }

        static long start(void) {
            int status;
            char *const words[] = { "true", NULL };
            pid_t child = fork();
            if (child == 0) {
                execv("/bin/true", words);
                _exit(errno);
            }
            waitpid(child, &status, 0);
            errno = WEXITSTATUS(status);
            return errno ? -1 : 0;
        }

        ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
            ssize_t (*real)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
            if (report) {
                told("read a secret", open(secret, O_RDONLY));
                told("write to a secret", open(secret, O_WRONLY));
                told("make a file beside it", open(beside, O_WRONLY | O_CREAT, 0600));
                told("list the root", open("/", O_RDONLY | O_DIRECTORY));
                told("start a program", start());
                told("open a packet socket", socket(AF_PACKET, SOCK_RAW, 0));
                told("open a raw socket", socket(AF_INET, SOCK_RAW, 1));
                told("enter a namespace", unshare(CLONE_NEWUSER));
                told("trace a process", ptrace(PTRACE_TRACEME, 0, 0, 0));
                told("load a kernel program", syscall(SYS_bpf, 0, 0, 0));
                told("signal the parent", kill(getppid(), 0));
                told("read the hosts", open("/etc/hosts", O_RDONLY));
                fclose(report);
                report = NULL;
            }
            return real(fd, message, flags);
        }
    "#;
    preloadable(directory, "intruder", SOURCE)
}

/// A library that is loaded before all others, made of its source; `None`, and told, where nothing compiles it.
pub(crate) fn preloadable(directory: &Path, name: &str, source: &str) -> Option<PathBuf> {
    let library = directory.join(format!("{name}.so"));
    let file = directory.join(format!("{name}.c"));
    std::fs::write(&file, source).expect("write a file");
    let output = tool("cc").args(["-shared", "-fPIC", "-o"]).args([&library, &file]).output();
    match output {
        Ok(output) => {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            Some(library)
        }
        Err(_) => {
            skip("no program cc: apt-get install gcc");
            None
        }
    }
}
