//! Where there is no Linux there are no links yet.

use crate::Error;
use crate::engine::{Moment, Probe, TargetIndex};
use crate::link::{Attached, Destination, Incoming, Link, SendFailure};
use crate::model::{Family, Mode};

/// Whether an ordinary process may send echo requests: not here.
#[must_use]
pub fn can_ping(_family: Family) -> bool {
    false
}

/// Opens raw sockets for later links: not here.
///
/// # Errors
///
/// [`Error::Unsupported`], always.
pub fn open_first(_links: usize) -> Result<(), Error> {
    Err(Error::Unsupported {
        mode: Mode::Raw,
        what: "work on this operating system",
        remedy: "run the measurement on Linux; everything else works here",
    })
}

macro_rules! absent {
    ($(#[$doc:meta])* $name:ident, $mode:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(core::convert::Infallible);

        impl $name {
            /// Opens the link.
            ///
            /// # Errors
            ///
            /// [`Error::Unsupported`], always: this system has no such link.
            pub fn open() -> Result<Self, Error> {
                Err(Error::Unsupported {
                    mode: $mode,
                    what: "work on this operating system",
                    remedy: "run the measurement on Linux; everything else works here",
                })
            }
        }

        impl Link for $name {
            fn mode(&self) -> Mode {
                match self.0 {}
            }

            fn now(&self) -> Moment {
                match self.0 {}
            }

            fn attach(&mut self, _: TargetIndex, _: &Destination) -> Result<Attached, Error> {
                match self.0 {}
            }

            fn detach(&mut self, _: TargetIndex) {
                match self.0 {}
            }

            fn send(&mut self, _: &Probe) -> Result<Moment, SendFailure> {
                match self.0 {}
            }

            fn receive(&mut self, _: Moment, _: &mut dyn FnMut(Incoming<'_>)) -> Result<(), Error> {
                match self.0 {}
            }
        }
    };
}

absent! {
    /// Raw sockets, which exist on Linux only. There is no value of this type.
    RawLink, Mode::Raw
}
absent! {
    /// Unprivileged sockets, which exist on Linux only. There is no value of this type.
    UnprivilegedLink, Mode::Unprivileged
}
