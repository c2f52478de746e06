//! What the kernel says of this process and of who may send echo requests.

use core::fmt;
use std::fs;

/// `CAP_NET_RAW` (capabilities(7)).
const NET_RAW: u32 = 13;

/// Whether this process, or one that it is started by, may ever get `CAP_NET_RAW`: its bounding set.
pub(super) fn may_have_net_raw() -> Option<bool> {
    has_net_raw(&fs::read_to_string("/proc/self/status").ok()?, "CapBnd")
}

fn has_net_raw(status: &str, set: &str) -> Option<bool> {
    let set = u64::from_str_radix(field(status, set)?, 16).ok()?;
    Some(set >> NET_RAW & 1 == 1)
}

/// Whether a file's attribute `security.capability` permits `CAP_NET_RAW`: `struct vfs_cap_data` of linux/capability.h, a
/// number of little-endian words, of which the second holds the first 32 permitted capabilities.
pub(super) fn file_has_net_raw(attribute: &[u8]) -> bool {
    let permitted = attribute.get(4..8).and_then(|word| word.try_into().ok()).map(u32::from_le_bytes);
    permitted.is_some_and(|permitted| permitted >> NET_RAW & 1 == 1)
}

/// ICMP errors that this machine has heard over IPv4 so far: time exceeded, and unreachable (`/proc/net/snmp`).
pub(super) fn errors_heard() -> Option<(u64, u64)> {
    errors_in(&fs::read_to_string("/proc/net/snmp").ok()?)
}

/// Two lines begin with `Icmp:`, one with names and one with numbers.
fn errors_in(snmp: &str) -> Option<(u64, u64)> {
    let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Icmp: "));
    let (names, numbers) = (lines.next()?.split(' '), lines.next()?.split(' '));
    let of = |wanted: &str| {
        let mut both = names.clone().zip(numbers.clone());
        both.find_map(|(name, number)| (name == wanted).then(|| number.parse().ok())?)
    };
    Some((of("InTimeExcds")?, of("InDestUnreachs")?))
}

/// The groups of this process: the effective one and the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Groups(Vec<u32>);

impl Groups {
    /// Asks the kernel.
    pub(super) fn read() -> Option<Self> {
        Self::of(&fs::read_to_string("/proc/self/status").ok()?)
    }

    /// `Gid:` tells the real, effective, saved and file system group.
    fn of(status: &str) -> Option<Self> {
        let effective = field(status, "Gid")?.split_whitespace().nth(1)?;
        let others = field(status, "Groups").unwrap_or_default().split_whitespace();
        let mut groups = Vec::new();
        for group in std::iter::once(effective).chain(others).filter_map(|group| group.parse().ok()) {
            if !groups.contains(&group) {
                groups.push(group);
            }
        }
        Some(Self(groups))
    }

    /// The first group that is inside the range.
    pub(super) fn first_inside(&self, range: &PingRange) -> Option<u32> {
        self.0.iter().copied().find(|group| (range.first..=range.last).contains(group))
    }
}

impl fmt::Display for Groups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let groups: Vec<_> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&groups.join(" "))
    }
}

/// The groups whose members may send echo requests (icmp(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PingRange {
    first: u32,
    last: u32,
}

impl PingRange {
    /// Asks the kernel.
    pub(super) fn read() -> Option<Self> {
        Self::of(&fs::read_to_string("/proc/sys/net/ipv4/ping_group_range").ok()?)
    }

    fn of(text: &str) -> Option<Self> {
        let mut numbers = text.split_whitespace().map(str::parse);
        Some(Self { first: numbers.next()?.ok()?, last: numbers.next()?.ok()? })
    }
}

impl fmt::Display for PingRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.first, self.last)
    }
}

/// Whether the loopback interface is up: the lowest bit of its flags is `IFF_UP` (netdevice(7)).
pub(super) fn loopback_is_up() -> Option<bool> {
    let flags = fs::read_to_string("/sys/class/net/lo/flags").ok()?;
    let flags = u32::from_str_radix(flags.trim().strip_prefix("0x")?, 16).ok()?;
    Some(flags & 1 == 1)
}

fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUS: &str =
        "Name:\ttrace-cli\nGid:\t1000\t100\t1000\t1000\nGroups:\t4 24 100 \nCapEff:\t0000000000002000\n";

    #[test]
    fn the_status_is_read() {
        assert_eq!(Groups::of(STATUS), Some(Groups(vec![100, 4, 24])));
        assert_eq!(has_net_raw(STATUS, "CapEff"), Some(true));
        assert_eq!(has_net_raw(&STATUS.replace("2000", "1fff"), "CapEff"), Some(false));
        assert_eq!(has_net_raw(STATUS, "CapBnd"), None);
    }

    /// As `setcap cap_net_raw+ep` and `setcap cap_net_admin+p` write them.
    #[test]
    fn rights_of_files_are_read() {
        let raw = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(file_has_net_raw(&raw));
        let admin = [0, 0, 0, 2, 0, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        assert!(!file_has_net_raw(&admin));
        assert!(!file_has_net_raw(&[]));
    }

    #[test]
    fn errors_that_were_heard_are_counted() {
        let snmp = "Ip: Forwarding\nIp: 1\nIcmp: InMsgs InErrors InDestUnreachs InTimeExcds\nIcmp: 9 1 5 3\n";
        assert_eq!(errors_in(snmp), Some((3, 5)));
        assert_eq!(errors_in("Icmp: InMsgs\nIcmp: 9\n"), None);
        assert_eq!(errors_in(""), None);
    }

    #[test]
    fn a_range_that_ends_before_it_begins_holds_nobody() {
        let nobody = PingRange::of("1\t0\n").unwrap();
        assert_eq!(nobody.to_string(), "1 0");
        assert_eq!(Groups(vec![0, 1]).first_inside(&nobody), None);
        let everybody = PingRange::of("0\t2147483647\n").unwrap();
        assert_eq!(Groups(vec![7]).first_inside(&everybody), Some(7));
        assert_eq!(PingRange::of("x"), None);
    }
}
