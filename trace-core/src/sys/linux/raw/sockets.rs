//! The raw sockets of a family, each for one duty.

use std::io;

use socket2::{Protocol as Number, Socket, Type};

use crate::Error;
use crate::model::Family;
use crate::sys::linux::filter;
use crate::sys::linux::identities::Reserved;
use crate::sys::linux::socket::{self, Fragmentation, Queue, SocketOption};

/// The raw sockets of one family, as far as they are open.
#[derive(Debug)]
pub(in crate::sys::linux) struct Sockets {
    pub(in crate::sys::linux) family: Family,
    /// Whole packets leave by it.
    pub(super) sender: Option<Socket>,
    /// Hears ICMP.
    pub(super) listener: Option<Socket>,
    /// Hears TCP once a target is probed with it.
    pub(super) segments: Option<Socket>,
}

impl Sockets {
    /// None of them.
    pub(in crate::sys::linux) const fn none(family: Family) -> Self {
        Self { family, sender: None, listener: None, segments: None }
    }

    /// All of them, deaf until somebody says what there is to hear.
    pub(in crate::sys::linux) fn all(family: Family) -> Result<Self, Error> {
        let mut sockets = Self::none(family);
        sockets.open_sender()?;
        sockets.open_listener()?;
        sockets.open_segments()?;
        sockets.hear_only(&[]);
        Ok(sockets)
    }

    pub(super) fn open_sender(&mut self) -> Result<(), Error> {
        if self.sender.is_some() {
            return Ok(());
        }
        let sender = open_raw(self.family, Number::from(libc::IPPROTO_RAW))?;
        let attempt = "send whole IP packets";
        let system = |source| Error::System { attempt, source };
        match self.family {
            Family::V4 => sender.set_header_included_v4(true).map_err(system)?,
            Family::V6 => sender.set_header_included_v6(true).map_err(system)?,
        }
        // Makes the kernel say so when a packet finds no room in the queue of an interface, instead of
        // dropping it in silence. ICMP errors do not come here: no packet of this protocol is ever sent.
        SocketOption::errors(self.family).set(&sender, 1).map_err(system)?;
        // Or the kernel would cut, or refuse, what is larger than a path it has learnt of takes. The flag that
        // forbids routers to cut stands in the packet itself.
        Fragmentation::Forbidden.tell(&sender, self.family).map_err(system)?;
        self.sender = Some(sender);
        Ok(())
    }

    pub(super) fn open_listener(&mut self) -> Result<(), Error> {
        if self.listener.is_some() {
            return Ok(());
        }
        let listener = open_raw(self.family, socket::icmp(self.family))?;
        // Echo reply, unreachable, too big, time exceeded, parameter problem (RFC 792, RFC 4443).
        let types: &[u8] = match self.family {
            Family::V4 => &[0, 3, 11, 12],
            Family::V6 => &[1, 2, 3, 4, 129],
        };
        socket::hear_only(&listener, self.family, types)
            .map_err(|source| Error::System { attempt: "filter ICMP messages", source })?;
        socket::prepare_to_hear(&listener, self.family);
        self.listener = Some(listener);
        Ok(())
    }

    pub(super) fn open_segments(&mut self) -> Result<(), Error> {
        if self.segments.is_some() {
            return Ok(());
        }
        let segments = open_raw(self.family, Number::TCP)?;
        // Nothing until there are numbers to listen for: this socket would hear all TCP of this machine.
        let _ = filter::hear_only_segments_to(&segments, self.family, &[]);
        socket::prepare_to_hear(&segments, self.family);
        self.segments = Some(segments);
        Ok(())
    }

    /// Keeps other programs' answers out. If that fails they are read and not recognised.
    pub(in crate::sys::linux) fn hear_only(&self, identities: &[Reserved]) {
        if let Some(listener) = &self.listener {
            let _ = filter::hear_only_about(listener, self.family, identities);
        }
        if let Some(segments) = &self.segments {
            let _ = filter::hear_only_segments_to(segments, self.family, identities);
        }
    }

    /// Throws away what was heard and not read.
    pub(in crate::sys::linux) fn empty(&self) {
        let mut buffer = [0; 64];
        for socket in [&self.sender, &self.listener, &self.segments].into_iter().flatten() {
            for queue in [Queue::Data, Queue::Errors] {
                super::super::read_all(|| socket::receive(socket, queue, &mut buffer).map(|_| ()));
            }
        }
    }
}

/// Whether a socket could not be opened as this machine does not have its family.
pub(in crate::sys::linux) fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAFNOSUPPORT | libc::EPROTONOSUPPORT))
}

fn open_raw(family: Family, protocol: Number) -> Result<Socket, Error> {
    socket::open(family, Type::RAW, protocol).map_err(|source| match source.kind() {
        io::ErrorKind::PermissionDenied => Error::NotPermitted {
            attempt: "open a raw socket",
            remedy: "give the program the right with `sudo setcap cap_net_raw+p \"$(command -v trace-cli)\"`, \
                     or do without it: `--mode unprivileged`",
        },
        _ => Error::System { attempt: "open a raw socket", source },
    })
}
