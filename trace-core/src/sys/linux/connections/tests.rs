use std::net::{IpAddr, SocketAddr, TcpListener};

use super::super::tests::{TARGET, destination, hear, hear_nothing, loopbacks, probe};
use super::super::unprivileged::UnprivilegedLink;
use super::*;
use crate::carrier::Directory;
use crate::link::Link;
use crate::model::{Protocol, ReplyKind};

/// A link with this target, and what knows its answers.
fn aim(address: IpAddr, port: u16) -> (UnprivilegedLink, Directory) {
    let mut link = UnprivilegedLink::open().unwrap();
    let destination = destination(address, Protocol::Tcp, port);
    let attached = link.attach(TARGET, &destination).unwrap();
    assert!(attached.notes.iter().any(|note| note.contains("a port each")), "{:?}", attached.notes);
    let mut directory = Directory::new();
    directory.register(TARGET, &destination, &attached);
    (link, directory)
}

/// Somewhere nobody answers: a listener whose queue is full, so that the kernel drops what comes.
struct Deaf {
    listener: Socket,
    _waiting: Vec<Socket>,
}

impl Deaf {
    fn new(address: IpAddr) -> Self {
        let listener = socket::open(Family::of(address), Type::STREAM, Number::TCP).unwrap();
        listener.bind(&SocketAddr::new(address, 0).into()).unwrap();
        listener.listen(0).unwrap();
        let to = listener.local_addr().unwrap();
        let waiting = (0..4).map(|_| {
            let waiting = socket::open(Family::of(address), Type::STREAM, Number::TCP).unwrap();
            let _ = waiting.connect(&to);
            waiting
        });
        let _waiting = waiting.collect();
        Self { listener, _waiting }
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().as_socket().unwrap().port()
    }
}

#[test]
fn a_listener_accepts_and_a_closed_port_refuses() {
    for address in loopbacks() {
        let listener = TcpListener::bind((address, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        for kind in [ReplyKind::SynAck, ReplyKind::Rst] {
            let (mut link, directory) = aim(address, port);
            let mut sent = Vec::new();
            for (flow, id) in [(0, 1), (1, 1), (1, 512)] {
                sent.push((flow, id, link.send(&probe(Protocol::Tcp, flow, id)).unwrap()));
            }
            let heard = hear(&mut link, &directory, 3);
            assert_eq!(heard.len(), 3, "{heard:?}");
            for (flow, id, left) in sent {
                let is_it =
                    |heard: &&crate::engine::Heard| (heard.flow.0, heard.id.unwrap().get()) == (flow, id);
                let heard = heard.iter().find(is_it).unwrap();
                assert_eq!((heard.reply.kind, heard.reply.from), (Some(kind), address));
                assert!(heard.at >= left && heard.at.since(left) < Duration::from_secs(1));
            }
            hear_nothing(&mut link);
            if kind == ReplyKind::SynAck {
                // The next round finds it closed. What was accepted was reset, not left.
                listener.set_nonblocking(true).unwrap();
                for _ in 0..3 {
                    let (mut accepted, _) = listener.accept().unwrap();
                    let error = std::io::Read::read(&mut accepted, &mut [0]).unwrap_err();
                    assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
                }
                close(&listener);
            }
        }
    }
}

/// Stops listening while the port stays reserved.
fn close(listener: &TcpListener) {
    socket2::SockRef::from(listener).shutdown(std::net::Shutdown::Both).unwrap();
}

/// A second SYN would leave after a second, and its answer would be taken for one to the first.
#[test]
fn without_an_answer_it_is_given_up_before_the_kernel_repeats_it() {
    let address = IpAddr::from([127, 0, 0, 1]);
    let deaf = Deaf::new(address);
    let (mut link, _) = aim(address, deaf.port());
    let left = link.send(&probe(Protocol::Tcp, 0, 1)).unwrap();
    let until = left + Duration::from_secs(5);
    link.receive(until, &mut |incoming| panic!("{incoming:?}")).unwrap();
    let waited = link.now().since(left);
    assert!(waited >= PATIENCE && waited < Duration::from_secs(3), "{waited:?}");
    // Now that it is closed, nothing is left to wake for.
    let until = link.now() + Duration::from_millis(30);
    link.receive(until, &mut |incoming| panic!("{incoming:?}")).unwrap();
    assert!(link.now() >= until);
}

#[test]
fn their_number_is_bounded_and_detaching_closes_them() {
    let address = IpAddr::from([127, 0, 0, 1]);
    let deaf = Deaf::new(address);
    let (mut link, _) = aim(address, deaf.port());
    let started = link.now();
    let mut under_way = 0;
    let failure = loop {
        match link.send(&probe(Protocol::Tcp, 0, under_way % 512 + 1)) {
            Ok(_) => under_way += 1,
            Err(failure) => break failure,
        }
    };
    assert!(matches!(failure, SendFailure::Busy), "{failure:?}");
    if link.now().since(started) < PATIENCE {
        assert_eq!(usize::from(under_way), MOST);
    }
    link.attach(TARGET, &destination(address, Protocol::Tcp, deaf.port())).unwrap();
    link.send(&probe(Protocol::Tcp, 0, 1)).unwrap();
}
