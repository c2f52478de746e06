//! What this kernel is too old for.

use crate::Error;
use crate::model::Mode;

/// Whether ICMPv6 ping sockets heed control messages, by which one packet leaves another
/// way than the next: since Linux 5.18. Before, they pass over them without a word.
pub(super) fn heeds_orders_for_echo_requests() -> Result<(), Error> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").ok();
    match release.as_deref().and_then(version) {
        Some(version) if version < (5, 18) => Err(Error::Unsupported {
            mode: Mode::Unprivileged,
            what: "choose interface or mark of ICMPv6 probes before Linux 5.18",
            remedy: "probe with UDP or TCP, or with `--mode raw`",
        }),
        _ => Ok(()),
    }
}

/// The first two numbers of a release such as `6.18.44-generic`.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|character: char| !character.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_as_far_as_needed() {
        assert_eq!(version("6.18.44-generic\n"), Some((6, 18)));
        assert_eq!(version("5.4-rc1"), Some((5, 4)));
        assert!(version("5.17.0").unwrap() < (5, 18));
        assert_eq!(version("unknown"), None);
        assert_eq!(version(""), None);
    }
}
