//! What is forbidden, tried by a process that a file's capabilities were given to. A library cannot be loaded into one of those:
//! its system calls are made others while it traces, as a debugger makes them, who may since it is root's.

use std::process::Child;

use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::lab::{Chain, lab_test};
use crate::rights::{become_a_plain_user, behind_walls, with_file_capabilities};
use crate::run::Home;

/// A process that is traced, stopped before a system call of its own.
struct Puppet {
    child: Child,
    pid: Pid,
}

impl Puppet {
    fn new(child: Child) -> Self {
        let pid = Pid::from_raw(child.id().try_into().expect("a process id"));
        ptrace::seize(pid, ptrace::Options::PTRACE_O_TRACESYSGOOD).expect("trace the program");
        ptrace::interrupt(pid).expect("stop the program");
        waitpid(pid, None).expect("wait for it to stop");
        let puppet = Self { child, pid };
        puppet.next_stop();
        puppet
    }

    /// Lets it run to the next system call, or to the end of one.
    fn next_stop(&self) {
        loop {
            ptrace::syscall(self.pid, None).expect("let it run");
            match waitpid(self.pid, None).expect("wait for it to stop") {
                WaitStatus::PtraceSyscall(_) => return,
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => panic!("it ended"),
                _ => {}
            }
        }
    }

    /// Has it make this call in the place of its own, which it makes afterwards all the same.
    fn call(&self, number: i64, arguments: [i64; 3]) -> i64 {
        let own = ptrace::getregs(self.pid).expect("read its registers");
        let [first, second, third] = arguments.map(i64::cast_unsigned);
        let other = libc::user_regs_struct {
            orig_rax: number.cast_unsigned(),
            rdi: first,
            rsi: second,
            rdx: third,
            r10: 0,
            r8: 0,
            ..own
        };
        ptrace::setregs(self.pid, other).expect("set its registers");
        self.next_stop();
        let result = ptrace::getregs(self.pid).expect("read its registers").rax.cast_signed();
        // Back before the instruction that calls, which has two bytes.
        let again = libc::user_regs_struct { rax: own.orig_rax, rip: own.rip - 2, ..own };
        ptrace::setregs(self.pid, again).expect("set its registers");
        self.next_stop();
        result
    }

    /// Puts a text where nothing lies, below its stack, and says where.
    fn text(&self, text: &str) -> i64 {
        let place = (ptrace::getregs(self.pid).expect("read its registers").rsp - 4096) & !7;
        let mut bytes = text.as_bytes().to_vec();
        bytes.resize(bytes.len() / 8 * 8 + 8, 0);
        for (number, word) in (0..).zip(bytes.chunks_exact(8)) {
            let word = i64::from_ne_bytes(word.try_into().expect("eight bytes"));
            let place = std::ptr::with_exposed_provenance_mut::<std::ffi::c_void>(
                usize::try_from(place + number * 8).expect("an address"),
            );
            ptrace::write(self.pid, place, word).expect("write into its memory");
        }
        place.cast_signed()
    }
}

impl Drop for Puppet {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

lab_test! {
    fn what_no_tracer_needs_is_refused_where_a_file_has_capabilities() {
        let lab = Chain::of(1).without_limits().build();
        let home = Home::new();
        let Some(program) = with_file_capabilities(&home, "+p") else { return };
        // Outside of the directories for temporary files, which may be read.
        let elsewhere = tempfile::tempdir_in(std::env::home_dir().expect("a home")).expect("make a directory");
        let secret = elsewhere.path().join("id_ed25519");
        std::fs::write(&secret, "secret").expect("write a file");
        let target = lab.target(4).to_string();
        let arguments = ["trace", &target, "-n", "--no-geo", "--rounds", "forever", "--interval", "1s", "--format", "jsonl"];
        let child = lab.vantage().enter(|| {
            become_a_plain_user();
            behind_walls(&mut home.command_of(&program, &arguments))
        });
        let puppet = Puppet::new(child);
        let refused = |what: &str, errno: i32, number: i64, arguments: [i64; 3]| {
            assert_eq!(puppet.call(number, arguments), -i64::from(errno), "{what}");
        };
        // What it may do shows that calls are made at all, and as they are meant.
        assert_eq!(puppet.call(libc::SYS_getpid, [0; 3]), i64::from(puppet.pid.as_raw()));
        let here = i64::from(libc::AT_FDCWD);
        let hosts = puppet.call(libc::SYS_openat, [here, puppet.text("/etc/hosts"), 0]);
        assert!(hosts >= 0, "{hosts}");
        assert_eq!(puppet.call(libc::SYS_close, [hosts, 0, 0]), 0);

        let path = puppet.text(secret.to_str().expect("a path in UTF-8"));
        refused("read a secret", libc::EACCES, libc::SYS_openat, [here, path, 0]);
        refused("write to a secret", libc::EACCES, libc::SYS_openat, [here, path, i64::from(libc::O_WRONLY)]);
        let path = puppet.text("/");
        refused("list the root", libc::EACCES, libc::SYS_openat, [here, path, i64::from(libc::O_DIRECTORY)]);
        let path = puppet.text("/bin/true");
        refused("start a program", libc::EPERM, libc::SYS_execve, [path, 0, 0]);
        let raw = i64::from(libc::SOCK_RAW);
        refused("open a packet socket", libc::EPERM, libc::SYS_socket, [libc::AF_PACKET.into(), raw, 0]);
        refused("open a raw socket", libc::EPERM, libc::SYS_socket, [libc::AF_INET.into(), raw, libc::IPPROTO_ICMP.into()]);
        refused("enter a namespace", libc::EPERM, libc::SYS_unshare, [libc::CLONE_NEWUSER.into(), 0, 0]);
        refused("load a kernel program", libc::EPERM, libc::SYS_bpf, [0; 3]);
        refused("get a right back", libc::EPERM, libc::SYS_prctl, [libc::PR_CAP_AMBIENT.into(), libc::PR_CAP_AMBIENT_RAISE.into(), 13]);
        refused("change its root", libc::EPERM, libc::SYS_chroot, [puppet.text("/"), 0, 0]);
    }
}
