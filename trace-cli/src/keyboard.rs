//! Keys of the terminal, each as it is pressed.

use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{
    LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcgetpgrp, tcsetattr,
};
use signal_hook::consts::SIGTSTP;
use signal_hook::{SigId, flag, low_level};

/// What stands for no key (`_POSIX_VDISABLE`, termios(3)).
const DISABLED: u8 = 0;

/// A terminal that hands over every key at once and does not show it, until this is dropped: also when the program
/// panics. Ctrl-C and Ctrl-Z stay what they are; Ctrl-\, which would end the program where it stands and leave the
/// terminal so, is a key like any other.
#[derive(Debug)]
struct Cbreak<F: AsFd> {
    terminal: F,
    before: Termios,
}

impl<F: AsFd> Cbreak<F> {
    fn enter(terminal: F) -> io::Result<Self> {
        let before = tcgetattr(&terminal)?;
        let this = Self { terminal, before };
        this.set()?;
        Ok(this)
    }

    fn set(&self) -> io::Result<()> {
        let mut now = self.before.clone();
        now.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        now.special_codes[SpecialCodeIndex::VQUIT] = DISABLED;
        Ok(tcsetattr(&self.terminal, OptionalActions::Now, &now)?)
    }

    fn leave(&self) {
        // Nobody is left to be told.
        let _ = tcsetattr(&self.terminal, OptionalActions::Now, &self.before);
    }

    /// A key that was pressed and not read yet.
    fn key(&self) -> Option<u8> {
        let mut ready = [PollFd::new(&self.terminal, PollFlags::IN)];
        let count = poll(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })).unwrap_or(0);
        let mut key = [0];
        (count > 0 && rustix::io::read(&self.terminal, &mut key) == Ok(1)).then_some(key[0])
    }
}

impl<F: AsFd> Drop for Cbreak<F> {
    fn drop(&mut self) {
        self.leave();
    }
}

/// The keys of the terminal this program was started from.
#[derive(Debug)]
pub(crate) struct Keyboard {
    terminal: Cbreak<BorrowedFd<'static>>,
    /// Ctrl-Z was pressed.
    stop: Arc<AtomicBool>,
    handler: Option<SigId>,
}

impl Keyboard {
    /// Takes the keys over; `None` where standard input is no terminal, or that of a program in front of this one.
    pub(crate) fn take() -> Option<Self> {
        let terminal = rustix::stdio::stdin();
        if !io::stdin().is_terminal() || !is_ours(terminal) {
            return None;
        }
        let terminal = Cbreak::enter(terminal).ok()?;
        let stop = Arc::new(AtomicBool::new(false));
        let handler = flag::register(SIGTSTP, Arc::clone(&stop)).ok();
        Some(Self { terminal, stop, handler })
    }

    /// The next key, if one was pressed.
    pub(crate) fn key(&self) -> Option<u8> {
        is_ours(self.terminal.terminal).then(|| self.terminal.key())?
    }

    /// Stops the program if Ctrl-Z was pressed, the terminal as it was before; says whether it did, once the program goes
    /// on.
    pub(crate) fn stop_if_asked(&self) -> bool {
        if !self.stop.swap(false, Ordering::Relaxed) {
            return false;
        }
        self.terminal.leave();
        // Where it cannot be stopped it goes on.
        let _ = low_level::emulate_default_handler(SIGTSTP);
        if is_ours(self.terminal.terminal) {
            let _ = self.terminal.set();
        }
        true
    }
}

impl Drop for Keyboard {
    fn drop(&mut self) {
        if let Some(handler) = self.handler.take() {
            low_level::unregister(handler);
        }
        if !is_ours(self.terminal.terminal) {
            // In the background it is another's terminal; whoever set it for that one will set it again.
            self.terminal.before =
                tcgetattr(self.terminal.terminal).unwrap_or_else(|_| self.terminal.before.clone());
        }
    }
}

/// Whether this program is in the foreground of the terminal.
fn is_ours(terminal: BorrowedFd<'_>) -> bool {
    tcgetpgrp(terminal).is_ok_and(|foreground| foreground == rustix::process::getpgrp())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::pty::openpty;
    use std::io::Write as _;

    fn modes(terminal: impl AsFd) -> LocalModes {
        tcgetattr(terminal).unwrap().local_modes
    }

    #[test]
    fn a_key_comes_without_a_new_line_and_unseen() {
        let pty = openpty(None, None).unwrap();
        let before = modes(&pty.slave);
        let terminal = Cbreak::enter(pty.slave.try_clone().unwrap()).unwrap();
        assert!(!modes(&pty.slave).intersects(LocalModes::ICANON | LocalModes::ECHO));
        // Ctrl-C goes on being a signal.
        assert!(modes(&pty.slave).contains(LocalModes::ISIG));
        assert_eq!(terminal.key(), None);
        std::fs::File::from(pty.master.try_clone().unwrap()).write_all(b"q?\x1c").unwrap();
        assert_eq!([terminal.key(), terminal.key(), terminal.key()], [Some(b'q'), Some(b'?'), Some(0x1c)]);
        assert_eq!(terminal.key(), None);
        drop(terminal);
        assert_eq!(modes(&pty.slave), before);
    }

    #[test]
    fn a_panic_leaves_the_terminal_as_it_was() {
        let pty = openpty(None, None).unwrap();
        let before = modes(&pty.slave);
        let slave = pty.slave.try_clone().unwrap();
        let fell = std::panic::catch_unwind(move || {
            let terminal = Cbreak::enter(slave).unwrap();
            assert!(terminal.key().is_some(), "nobody presses a key");
        });
        assert!(fell.is_err());
        assert_eq!(modes(&pty.slave), before);
    }
}
