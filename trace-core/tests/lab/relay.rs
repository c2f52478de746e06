//! Cables that take time: frames read from one end of a cable by `AF_PACKET` sockets leave at the other a
//! fixed time later. This kernel need not have netem.
#![expect(clippy::disallowed_methods, reason = "a cable of a given length measures time")]

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::os::fd::{AsFd as _, AsRawFd as _, OwnedFd};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::prctl::set_timerslack;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, recv, send, socket,
};

use super::Node;

/// A cable between two nodes.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    /// The node nearer to the source, and its interface.
    pub(super) near: (u8, String),
    /// The other node, and its interface.
    pub(super) far: (u8, String),
    /// The number of the link, which its addresses carry.
    pub(super) number: u8,
    /// How long a frame takes; `None` for a plain veth.
    pub(super) delay: Option<Duration>,
}

impl Wire {
    /// The relay's ends of a delayed cable.
    pub(super) fn plugs(&self) -> (String, String) {
        (format!("near{}", self.number), format!("far{}", self.number))
    }
}

/// One thread carries the frames of all delayed cables of a laboratory.
#[derive(Debug)]
pub(super) struct Relay {
    thread: Option<JoinHandle<()>>,
    // Closing it ends the thread.
    stop: Option<OwnedFd>,
}

impl Relay {
    pub(super) fn start(cables: &Node, wires: &[&Wire]) -> Self {
        let mut names = Vec::new();
        let mut delays = Vec::new();
        for wire in wires {
            let (near, far) = wire.plugs();
            names.extend([near, far]);
            delays.push(wire.delay.expect("only delayed cables have a relay"));
        }
        cables.ip(&names.iter().map(|name| format!("link set {name} up\n")).collect::<String>());
        let sockets = cables.enter(|| open(&names));
        let (stopped, stop) = nix::unistd::pipe().expect("make a pipe");
        let (ready, standing) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            // The default of 50 microseconds would add up over a chain.
            set_timerslack(1).expect("ask for exact timers");
            ready.send(()).expect("tell that the relay stands");
            carry(&sockets, &delays, &stopped);
        });
        standing.recv().expect("the relay stands");
        Self { thread: Some(thread), stop: Some(stop) }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(Err(panic)) = self.thread.take().map(JoinHandle::join)
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

/// A packet socket for each interface. `getifaddrs` knows the link-layer addresses to bind to.
pub(super) fn open(names: &[String]) -> Vec<OwnedFd> {
    let links: HashMap<String, SockaddrStorage> = getifaddrs()
        .expect("list the interfaces")
        .filter_map(|interface| Some((interface.interface_name, interface.address?)))
        .filter(|(_, address)| address.as_link_addr().is_some())
        .collect();
    names
        .iter()
        .map(|name| {
            let descriptor = socket(
                AddressFamily::Packet,
                SockType::Raw,
                SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC,
                SockProtocol::EthAll,
            )
            .expect("open a packet socket");
            bind(descriptor.as_raw_fd(), &links[name]).expect("bind a packet socket");
            descriptor
        })
        .collect()
}

/// Carries frames until `stopped` is closed at its other end. Sockets 2n and 2n + 1 are the ends of cable n.
fn carry(sockets: &[OwnedFd], delays: &[Duration], stopped: &OwnedFd) {
    // Frames that take equally long stay in order, so each delay has a queue.
    let mut queues: BTreeMap<Duration, VecDeque<(Instant, usize, Vec<u8>)>> = BTreeMap::new();
    let mut buffer = [0u8; 2048];
    loop {
        let now = Instant::now();
        for queue in queues.values_mut() {
            while queue.front().is_some_and(|(due, ..)| *due <= now) {
                let Some((_, to, frame)) = queue.pop_front() else { break };
                // A full or vanished interface loses frames, as a cable may.
                let _ = send(sockets[to].as_raw_fd(), &frame, MsgFlags::empty());
            }
        }
        let next = queues.values().filter_map(|queue| queue.front().map(|(due, ..)| *due)).min();
        let wait = next.map(|due| due.saturating_duration_since(Instant::now()).into());
        let mut polled: Vec<PollFd<'_>> =
            sockets.iter().map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN)).collect();
        polled.push(PollFd::new(stopped.as_fd(), PollFlags::POLLIN));
        match ppoll(&mut polled, wait, None) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => panic!("poll the cables: {error}"),
        }
        let readable: Vec<bool> = polled.iter().map(|entry| entry.any().unwrap_or(true)).collect();
        if readable.last() == Some(&true) {
            return;
        }
        for (from, socket) in sockets.iter().enumerate().filter(|(from, _)| readable[*from]) {
            while let Ok(length) = recv(socket.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
                let delay = delays[from / 2];
                let frame = (Instant::now() + delay, from ^ 1, buffer[..length].to_vec());
                queues.entry(delay).or_default().push_back(frame);
            }
        }
    }
}
