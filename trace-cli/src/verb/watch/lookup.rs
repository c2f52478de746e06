//! Addresses of hosts, looked up by a few threads.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::Context as _;

use super::notice::Notice;
use super::seat::Ticket;
use crate::host::{Host, Wish};

/// Names asked for at once. The system's resolver cannot be stopped, and may take half a minute where there is no network.
const AT_ONCE: usize = 8;

/// A host to be looked up.
type Question = (Ticket, Host, Option<Wish>);

/// Where hosts are looked up.
#[derive(Debug)]
pub(super) struct Lookup {
    questions: Sender<Question>,
}

impl Lookup {
    /// Starts the threads. What they find they tell as [`Notice::Found`].
    pub(super) fn start(notices: &Sender<Notice>) -> anyhow::Result<Self> {
        let (questions, asked) = channel();
        let asked = Arc::new(Mutex::new(asked));
        for number in 0..AT_ONCE {
            let (asked, notices) = (Arc::clone(&asked), notices.clone());
            let started = thread::Builder::new()
                .name(format!("resolver {number}"))
                .spawn(move || work(&asked, &notices));
            match started {
                Err(error) if number == 0 => return Err(error).context("could not start a thread"),
                // A machine that is out of threads looks up fewer names at once.
                Err(_) => break,
                Ok(_) => {}
            }
        }
        Ok(Self { questions })
    }

    /// Has a host looked up.
    pub(super) fn ask(&self, ticket: Ticket, host: Host, wish: Option<Wish>) {
        // The threads end with this sender, and not before.
        let _ = self.questions.send((ticket, host, wish));
    }
}

fn work(asked: &Mutex<Receiver<Question>>, notices: &Sender<Notice>) {
    loop {
        let next = asked.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((ticket, host, wish)) = next else { return };
        if notices.send(Notice::Found(ticket, host.resolve(wish.as_ref()))).is_err() {
            return;
        }
    }
}
