//! Raw sockets that were opened while it was permitted, for links that are made when it no longer is.
//!
//! Rights belong to the process, and so does what was opened with them: the reserve is one for all.

use std::sync::{Mutex, PoisonError};

use super::raw::sockets::{Sockets, is_unsupported};
use crate::Error;
use crate::model::Family;

/// `None` as long as nobody has opened anything first.
static RESERVE: Mutex<Option<Vec<[Sockets; 2]>>> = Mutex::new(None);

/// Opens every raw socket that `links` raw links need at a time: ICMP and TCP, both families.
///
/// They are kept for [`super::RawLink::open`], which takes its sockets from here as long as there are some; a link that
/// is dropped gives them back. So a program opens them before anything else, gives up its rights for good, and still
/// traces with raw sockets. They hear nothing while no link has them.
///
/// What still needs rights afterwards: marks (`SO_MARK`) and source ports below 1024.
///
/// # Errors
///
/// [`Error::NotPermitted`] without `CAP_NET_RAW`, [`Error::System`] when it fails for another reason. A family that this
/// machine does not have is no error.
pub fn open_first(links: usize) -> Result<(), Error> {
    let sets = (0..links).map(|_| set()).collect::<Result<Vec<_>, _>>()?;
    lock().get_or_insert_default().extend(sets);
    Ok(())
}

fn set() -> Result<[Sockets; 2], Error> {
    let open = |family| match Sockets::all(family) {
        Err(Error::System { source, .. }) if is_unsupported(&source) => Ok(Sockets::none(family)),
        opened => opened,
    };
    Ok([open(Family::V4)?, open(Family::V6)?])
}

/// The sockets of a link, of IPv4 and IPv6, if there are some left.
pub(super) fn take() -> Option<[Sockets; 2]> {
    let set = lock().as_mut()?.pop()?;
    for sockets in &set {
        sockets.empty();
    }
    Some(set)
}

/// For the next link.
pub(super) fn give_back(set: [Sockets; 2]) {
    for sockets in &set {
        sockets.hear_only(&[]);
    }
    lock().get_or_insert_default().push(set);
}

/// Whether all that was opened first is in use, so that what is refused was not refused for want of rights alone.
pub(super) fn is_lent_out() -> bool {
    lock().as_ref().is_some_and(Vec::is_empty)
}

fn lock() -> std::sync::MutexGuard<'static, Option<Vec<[Sockets; 2]>>> {
    RESERVE.lock().unwrap_or_else(PoisonError::into_inner)
}
