use std::net::{IpAddr, UdpSocket};

use super::super::identities::Needs;
use super::super::tests::{TARGET, closed_port, destination, hear, hear_nothing, loopbacks, probe};
use super::*;
use crate::carrier::Directory;
use crate::model::ReplyKind;

#[test]
fn a_closed_port_answers() {
    for address in loopbacks() {
        let mut link = UnprivilegedLink::open().unwrap();
        let destination = destination(address, Protocol::Udp, closed_port(address));
        let attached = link.attach(TARGET, &destination).unwrap();
        assert_eq!((attached.source, attached.identities.len()), (address, 2));
        let mut directory = Directory::new();
        directory.register(TARGET, &destination, &attached);
        let left = link.send(&probe(Protocol::Udp, 1, 300)).unwrap();
        let heard = hear(&mut link, &directory, 1);
        let [heard] = heard.as_slice() else { panic!("{heard:?}") };
        assert_eq!((heard.flow.0, heard.id.unwrap().get()), (1, 300));
        assert_eq!(heard.reply.from, address);
        assert_eq!(heard.reply.kind, Some(ReplyKind::PortUnreachable));
        assert_eq!(heard.reply.reply_ttl, Some(64));
        assert!(heard.at >= left && heard.at.since(left) < Duration::from_secs(1), "{left:?} {:?}", heard.at);
        hear_nothing(&mut link);
    }
}

/// An error that is pending fails the next send; the probe must go out all the same, and the error must not
/// be lost.
#[test]
fn pending_errors_cost_no_probe() {
    for address in loopbacks() {
        let mut link = UnprivilegedLink::open().unwrap();
        let destination = destination(address, Protocol::Udp, closed_port(address));
        let attached = link.attach(TARGET, &destination).unwrap();
        let mut directory = Directory::new();
        directory.register(TARGET, &destination, &attached);
        // The loopback interface brings the error before `send` returns, so each of these but the first
        // meets one that is pending.
        for id in 1..=100 {
            link.send(&probe(Protocol::Udp, 0, id)).unwrap();
        }
        let heard = hear(&mut link, &directory, 100);
        let ids: Vec<u16> = heard.iter().map(|heard| heard.id.unwrap().get()).collect();
        assert_eq!(ids, (1..=100).collect::<Vec<_>>());
        let mut moments: Vec<Moment> = heard.iter().map(|heard| heard.at).collect();
        let close = Duration::from_millis(1);
        assert!(moments.is_sorted_by(|earlier, later| *earlier <= *later + close), "{moments:?}");
        moments.dedup();
        assert!(moments.len() > 90, "errors must keep the time they came at, not when they were read");
    }
}

/// The kernel does behave that way, or the test above shows nothing.
#[test]
fn the_kernel_fails_a_send_for_an_earlier_error() {
    for address in loopbacks() {
        let family = Family::of(address);
        let mut identities = Identities::new(family, Mode::Unprivileged);
        let claimed = identities
            .claim(Wanted { address, flows: 1, first: None, needs: Needs::default() }, Moment::ZERO)
            .unwrap();
        let socket = &identities.get(claimed[0]).unwrap().udp;
        let to = SocketAddr::new(address, closed_port(address)).into();
        socket.send_to(b"first", &to).unwrap();
        let error = socket.send_to(b"second", &to).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        let mut buffer = [0; 100];
        let received = socket::receive(socket, Queue::Errors, &mut buffer).unwrap();
        assert_eq!(received.bytes, b"first");
        let nothing = socket::receive(socket, Queue::Errors, &mut buffer).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock, "the second was never sent");
    }
}

#[test]
fn a_service_that_answers_is_heard_as_data() {
    for address in loopbacks() {
        let service = UdpSocket::bind((address, 0)).unwrap();
        let mut link = UnprivilegedLink::open().unwrap();
        let port = service.local_addr().unwrap().port();
        let destination = destination(address, Protocol::Udp, port);
        let attached = link.attach(TARGET, &destination).unwrap();
        link.send(&probe(Protocol::Udp, 0, 5)).unwrap();
        let (_, client) = service.recv_from(&mut [0; 100]).unwrap();
        assert_eq!(client, SocketAddr::new(address, attached.identities[0].number));
        service.send_to(b"hello", client).unwrap();
        let mut data = 0;
        link.receive(link.now() + Duration::from_secs(2), &mut |incoming| match incoming {
            Incoming::Data { from, identity, reply_ttl, .. } => {
                assert_eq!((from, identity), (SocketAddr::new(address, port), client.port()));
                assert_eq!(reply_ttl, Some(64));
                data += 1;
            }
            other => panic!("{other:?}"),
        })
        .unwrap();
        assert_eq!(data, 1);
    }
}

#[test]
fn a_probe_that_leaves_its_flow_has_a_port_of_its_own() {
    for address in loopbacks() {
        let service = UdpSocket::bind((address, 0)).unwrap();
        let port = service.local_addr().unwrap().port();
        let off_flow = probe(Protocol::Udp, 0, 7);
        // The flow whose probe 7 leaves it for the port of the service.
        let flow_port =
            (1..=u16::MAX).find(|flow| carrier::off_flow_port(*flow, off_flow.id) == port).unwrap();
        let mut link = UnprivilegedLink::open().unwrap();
        link.attach(TARGET, &destination(address, Protocol::Udp, flow_port)).unwrap();
        link.send(&Probe { off_flow: true, ..off_flow }).unwrap();
        let (length, _) = service.recv_from(&mut [0; 100]).unwrap();
        assert_eq!(length, 8);
    }
}

#[test]
fn the_largest_packet_goes_out() {
    let address = IpAddr::from([127, 0, 0, 1]);
    let service = UdpSocket::bind((address, 0)).unwrap();
    let port = service.local_addr().unwrap().port();
    let mut link = UnprivilegedLink::open().unwrap();
    let large = Destination { size: Some(u16::MAX), ..destination(address, Protocol::Udp, port) };
    link.attach(TARGET, &large).unwrap();
    // 65,535 bytes is the most that an IP packet can have.
    link.send(&probe(Protocol::Udp, 0, 1)).unwrap();
    let (length, _) = service.recv_from(&mut [0; 70_000]).unwrap();
    assert_eq!(length, 65_535 - 28);
}

#[test]
fn what_it_cannot_do_is_refused_with_a_reason() {
    let mut link = UnprivilegedLink::open().unwrap();
    for nobody in ["0.0.0.0", "::", "::ffff:127.0.0.1"] {
        let nobody = destination(nobody.parse().unwrap(), Protocol::Udp, 33434);
        let error = link.attach(TARGET, &nobody).unwrap_err();
        assert!(matches!(error, Error::NoRoute { .. }), "{nobody:?}: {error}");
    }
    let neighbour = destination("fe80::1".parse().unwrap(), Protocol::Udp, 33434);
    assert!(matches!(link.attach(TARGET, &neighbour), Err(Error::Unsupported { .. })));
    let sent = link.send(&probe(Protocol::Udp, 0, 1));
    assert!(matches!(sent, Err(SendFailure::Refused(_))), "nothing is attached: {sent:?}");
}

/// From then on the kernel wants each flow label to be asked for, and refuses a packet that just has one.
#[test]
fn a_flow_label_that_somebody_keeps_for_himself_costs_no_probe() {
    for address in loopbacks().into_iter().filter(IpAddr::is_ipv6) {
        let mut link = UnprivilegedLink::open().unwrap();
        let destination = destination(address, Protocol::Udp, closed_port(address));
        let attached = link.attach(TARGET, &destination).unwrap();
        let mut directory = Directory::new();
        directory.register(TARGET, &destination, &attached);
        let somebody = socket::open(Family::V6, Type::DGRAM, socket2::Protocol::UDP).unwrap();
        socket::take_flow_label(&somebody).unwrap();
        for id in 1..=3 {
            link.send(&probe(Protocol::Udp, 0, id)).unwrap();
        }
        assert_eq!(hear(&mut link, &directory, 3).len(), 3);
        let labels: Vec<u32> = link.targets[&TARGET].lanes.iter().map(|lane| lane.label).collect();
        assert!(
            labels[0] == 0 && labels[1] != 0,
            "the label of the flow that was sent is given up: {labels:?}"
        );
        // One that was asked for is not.
        link.attach(TARGET, &Destination { flow_label: Some(7), ..destination }).unwrap();
        let sent = link.send(&probe(Protocol::Udp, 0, 1));
        assert!(
            matches!(&sent, Err(SendFailure::Refused(error)) if error.to_string().contains("flow label asked for")),
            "{sent:?}"
        );
    }
}

/// Ping sockets are permitted to some groups only: either they work, or the error names the sysctl.
#[test]
fn an_echo_is_answered_or_the_error_says_what_forbids_it() {
    for address in loopbacks() {
        let mut link = UnprivilegedLink::open().unwrap();
        let destination = destination(address, Protocol::Icmp, 0);
        match link.attach(TARGET, &destination) {
            Ok(attached) => {
                assert!(can_ping(Family::of(address)));
                let mut directory = Directory::new();
                directory.register(TARGET, &destination, &attached);
                link.send(&probe(Protocol::Icmp, 1, 512)).unwrap();
                let heard = hear(&mut link, &directory, 1);
                assert_eq!((heard[0].flow.0, heard[0].id.unwrap().get()), (1, 512));
                assert_eq!(heard[0].reply.kind, Some(ReplyKind::EchoReply));
                assert_eq!(heard[0].reply.reply_ttl, Some(64));
            }
            Err(error) => {
                assert!(!can_ping(Family::of(address)));
                assert!(error.to_string().contains("net.ipv4.ping_group_range"), "{error}");
            }
        }
    }
}

#[test]
fn receive_waits_until_the_deadline_and_no_longer() {
    let address = IpAddr::from([127, 0, 0, 1]);
    let mut link = UnprivilegedLink::open().unwrap();
    link.attach(TARGET, &destination(address, Protocol::Udp, 33434)).unwrap();
    let until = link.now() + Duration::from_millis(20);
    link.receive(until, &mut |incoming| panic!("{incoming:?}")).unwrap();
    let late = link.now().since(until);
    assert!(link.now() >= until && late < Duration::from_secs(1), "{late:?}");
    hear_nothing(&mut link);
}

/// As Ctrl-C must: whoever waits for answers gets to ask whether to go on.
#[test]
#[expect(unsafe_code, reason = "nothing safe raises a signal in one thread")]
fn a_signal_ends_the_waiting() {
    extern "C" fn pass_over(_: libc::c_int) {}
    // SAFETY: the handler does nothing, and no other test uses this signal.
    unsafe { libc::signal(libc::SIGUSR2, pass_over as *const () as libc::sighandler_t) };
    let mut link = UnprivilegedLink::open().unwrap();
    link.attach(TARGET, &destination(IpAddr::from([127, 0, 0, 1]), Protocol::Udp, 33434)).unwrap();
    let far = link.now() + Duration::from_secs(60);
    // SAFETY: always possible.
    let waiting = unsafe { libc::pthread_self() };
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            // Again and again: the first may come before the waiting begins.
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                // SAFETY: the thread lives until it has set `over` and left the scope.
                unsafe { libc::pthread_kill(waiting, libc::SIGUSR2) };
                std::thread::park_timeout(Duration::from_millis(5));
            }
        });
        link.receive(far, &mut |incoming| panic!("{incoming:?}")).unwrap();
        over.store(true, std::sync::atomic::Ordering::SeqCst);
    });
    assert!(link.now() < far);
}
