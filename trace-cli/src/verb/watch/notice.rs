//! What the loop is told by the other threads.

use std::net::IpAddr;
use std::sync::mpsc::Sender;
use std::thread;

use anyhow::Context as _;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::seat::Ticket;

/// Something the loop has to know.
#[derive(Debug)]
pub(super) enum Notice {
    /// SIGTERM or SIGINT.
    End,
    /// SIGHUP.
    Reload,
    /// The addresses of a host, best first, or why it has none.
    Found(Ticket, anyhow::Result<Vec<IpAddr>>),
    /// A trace is kept; whether it shows a change, or may.
    Judged(Ticket, bool),
    /// Everything is kept, or saved where the message said; or it is lost.
    Kept { all: bool },
}

/// Has a thread of its own listen for signals. Whoever starts a program with `nohup` wants it to outlive the terminal, and
/// whoever ends one wants it to end in order, however often it is told.
pub(super) fn listen(notices: Sender<Notice>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT, SIGHUP]).context("could not listen for signals")?;
    let work = move || {
        for signal in signals.forever() {
            let notice = if signal == SIGHUP { Notice::Reload } else { Notice::End };
            if notices.send(notice).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("signals".to_owned()).spawn(work).context("could not start a thread")?;
    Ok(())
}
