//! The program in front of a terminal: what it draws there, and keys that are pressed.

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

use crate::lab::{Node, tool};
use crate::run::Home;

/// The program on a terminal of its own.
pub(crate) struct Terminal {
    program: Child,
    keys: File,
    pub(crate) slave: OwnedFd,
    written: Arc<Mutex<String>>,
    /// How much of what was written has been looked at.
    seen: usize,
}

impl Terminal {
    /// Starts the program in a namespace, in front of a terminal with so many columns and rows.
    pub(crate) fn start(vantage: &Node, home: &Home, size: (u16, u16), arguments: &[&str]) -> Self {
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
        let program = vantage.enter(|| command.spawn().expect("start the program"));
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

    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("press keys");
    }

    /// Waits until something is written that was not looked at before, and returns what was written up to there.
    #[track_caller]
    pub(crate) fn await_text(&mut self, wanted: &str) -> String {
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

    pub(crate) fn shows_keys(&self) -> bool {
        tcgetattr(&self.slave)
            .expect("the terminal")
            .local_flags
            .contains(LocalFlags::ECHO | LocalFlags::ICANON)
    }

    /// Waits for the end; returns the exit status and everything written.
    pub(crate) fn end(mut self) -> (Option<i32>, String) {
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
