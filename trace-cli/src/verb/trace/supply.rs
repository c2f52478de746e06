//! Hosts and their addresses, while others are being traced already.

use std::io;
use std::net::IpAddr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::host::{Host, Wish};

/// Names asked for at once.
const AT_ONCE: usize = 16;
/// Hosts that wait to be traced; who looks them up waits when there are more.
const AHEAD: usize = 256;

/// A host with its addresses, best first, or why it has none.
pub(super) type Found = (Host, anyhow::Result<Vec<IpAddr>>);

/// The hosts of a run, each as soon as its addresses are known.
pub(super) struct Supply {
    found: Receiver<Found>,
}

/// What there is now.
pub(super) enum Next {
    /// A host.
    Host(Box<Found>),
    /// Names are still being looked up.
    Later,
    /// There are no more hosts.
    Never,
}

impl Supply {
    /// Looks the hosts up, several at once. The system's resolver cannot be stopped: threads that wait for it when
    /// this is dropped are left behind.
    ///
    /// # Errors
    ///
    /// No thread can be started.
    pub(super) fn of(
        hosts: impl Iterator<Item = Host> + Send + 'static,
        wish: Option<Wish>,
    ) -> io::Result<Self> {
        Self::with(hosts, move |host| host.resolve(wish.as_ref()))
    }

    fn with(
        hosts: impl Iterator<Item = Host> + Send + 'static,
        resolve: impl Fn(&Host) -> anyhow::Result<Vec<IpAddr>> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let (send, found) = sync_channel(AHEAD);
        let (hosts, resolve) = (Arc::new(Mutex::new(hosts)), Arc::new(resolve));
        for number in 0..AT_ONCE {
            let (hosts, resolve, send) = (Arc::clone(&hosts), Arc::clone(&resolve), send.clone());
            let worker = move || work(&hosts, &*resolve, &send);
            let started = thread::Builder::new().name(format!("resolver {number}")).spawn(worker);
            match started {
                Err(error) if number == 0 => return Err(error),
                // A machine that is out of threads looks up fewer names at once.
                Err(_) => break,
                Ok(_) => {}
            }
        }
        Ok(Self { found })
    }

    /// The next host, if there is one by now.
    pub(super) fn next(&self) -> Next {
        match self.found.try_recv() {
            Ok(found) => Next::Host(Box::new(found)),
            Err(TryRecvError::Empty) => Next::Later,
            Err(TryRecvError::Disconnected) => Next::Never,
        }
    }

    /// The next host; waited for so long.
    pub(super) fn wait(&self, limit: Duration) -> Next {
        match self.found.recv_timeout(limit) {
            Ok(found) => Next::Host(Box::new(found)),
            Err(RecvTimeoutError::Timeout) => Next::Later,
            Err(RecvTimeoutError::Disconnected) => Next::Never,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(
    hosts: &Mutex<impl Iterator<Item = Host>>,
    resolve: &dyn Fn(&Host) -> anyhow::Result<Vec<IpAddr>>,
    send: &SyncSender<Found>,
) {
    loop {
        let next = lock(hosts).next();
        let Some(host) = next else { return };
        let addresses = resolve(&host);
        if send.send((host, addresses)).is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    fn names(count: usize) -> impl Iterator<Item = Host> + Send + 'static {
        (0..count).map(|number| Host::read(&format!("host{number}.example"), None).unwrap())
    }

    fn all(supply: &Supply) -> Vec<String> {
        let mut found = Vec::new();
        loop {
            match supply.wait(Duration::from_secs(60)) {
                Next::Host(host) => found.push(host.0.name().unwrap().to_owned()),
                Next::Later => panic!("nothing came"),
                Next::Never => return found,
            }
        }
    }

    #[test]
    fn every_host_comes_once_also_those_without_an_address() {
        let supply = Supply::with(names(1000), |_| anyhow::bail!("no such name")).unwrap();
        let mut found = all(&supply);
        found.sort();
        found.dedup();
        assert_eq!(found.len(), 1000);
    }

    #[test]
    fn a_name_that_takes_long_holds_up_no_other() {
        let (go_on, waiting) = mpsc::channel::<()>();
        let waiting = Mutex::new(waiting);
        let supply = Supply::with(names(20), move |host| {
            if host.name() == Some("host0.example") {
                let _ = waiting.lock().unwrap().recv();
            }
            Ok(vec![IpAddr::from([192, 0, 2, 1])])
        })
        .unwrap();
        for _ in 1..20 {
            match supply.wait(Duration::from_secs(60)) {
                Next::Host(host) => assert_ne!(host.0.name(), Some("host0.example")),
                Next::Later | Next::Never => panic!("nothing came"),
            }
        }
        assert!(matches!(supply.next(), Next::Later));
        drop(go_on);
        assert_eq!(all(&supply), ["host0.example"]);
    }
}
