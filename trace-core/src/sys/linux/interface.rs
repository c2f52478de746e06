//! The network interfaces of this machine.

use std::ffi::{CStr, CString};

use socket2::Socket;

use super::socket::SocketOption;
use crate::Error;
use crate::model::Family;

/// An interface as the kernel knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interface {
    name: String,
    index: u32,
}

impl Interface {
    /// Finds the interface with this name, or, as in `fe80::1%2`, with this number.
    pub(super) fn named(name: &str) -> Result<Self, Error> {
        let all = all();
        let number = name.parse().ok();
        let is_it = |known: &&Self| known.name == name || Some(known.index) == number;
        match all.iter().find(is_it) {
            Some(found) => Ok(found.clone()),
            None => {
                let known = all.into_iter().map(|interface| interface.name).collect();
                Err(Error::NoInterface { name: name.to_owned(), known })
            }
        }
    }

    pub(super) const fn index(&self) -> u32 {
        self.index
    }

    /// Makes a socket send and hear by this interface alone. Before Linux 5.7 that needs `CAP_NET_RAW`; there, it
    /// only sends by it.
    pub(super) fn hold(&self, socket: &Socket, family: Family) -> std::io::Result<()> {
        socket
            .bind_device(Some(self.name.as_bytes()))
            .or_else(|_| SocketOption::leaving_by(family).set(socket, self.index.to_be().cast_signed()))
    }
}

/// Every interface there is; none where the kernel does not tell.
#[expect(unsafe_code, reason = "neither std nor socket2 list interfaces")]
fn all() -> Vec<Interface> {
    let mut found = Vec::new();
    // SAFETY: it takes nothing and gives an array of its own, or null.
    let first = unsafe { libc::if_nameindex() };
    if first.is_null() {
        return found;
    }
    let mut entry = first;
    loop {
        // SAFETY: the array ends with an entry whose index is 0 and whose name is null; until then `entry` has
        // not passed it.
        let libc::if_nameindex { if_index, if_name } = unsafe { entry.read() };
        if if_index == 0 || if_name.is_null() {
            break;
        }
        // SAFETY: the name of an entry is a text that ends with a zero and lives as long as the array.
        let name: CString = unsafe { CStr::from_ptr(if_name) }.to_owned();
        found.push(Interface { name: name.to_string_lossy().into_owned(), index: if_index });
        // SAFETY: there is another entry behind every one that is not the last.
        entry = unsafe { entry.add(1) };
    }
    // SAFETY: `first` came from `if_nameindex`, was not freed yet, and nothing borrows from it any more.
    unsafe { libc::if_freenameindex(first) };
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_number_finds_it_and_an_error_lists_what_is_there() {
        let lo = Interface::named("lo").unwrap();
        assert_eq!(Interface::named(&lo.index.to_string()).unwrap(), lo);
        for nothing in ["", "lo0", "0", "4294967295", "a name that is far too long", "lo\0"] {
            let error = Interface::named(nothing).unwrap_err();
            assert!(matches!(&error, Error::NoInterface { known, .. } if known.contains(&"lo".to_owned())));
            assert!(
                error.to_string().starts_with(&format!("there is no interface {nothing:?}; there are: "))
            );
        }
    }
}
