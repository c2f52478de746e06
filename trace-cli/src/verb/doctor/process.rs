//! What the kernel says of this process and of who may send echo requests.

use core::fmt;
use std::fs;

/// `CAP_NET_RAW` (capabilities(7)).
const NET_RAW: u32 = 13;

/// The effective capabilities of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Capabilities(u64);

impl Capabilities {
    /// Asks the kernel.
    pub(super) fn read() -> Option<Self> {
        Self::of(&fs::read_to_string("/proc/self/status").ok()?)
    }

    fn of(status: &str) -> Option<Self> {
        u64::from_str_radix(field(status, "CapEff")?, 16).ok().map(Self)
    }
}

impl fmt::Display for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let net_raw = if self.0 >> NET_RAW & 1 == 1 { "with" } else { "without" };
        write!(f, "effective capabilities {:x}, {net_raw} CAP_NET_RAW", self.0)
    }
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
        let capabilities = Capabilities::of(STATUS).unwrap();
        assert_eq!(capabilities.to_string(), "effective capabilities 2000, with CAP_NET_RAW");
        assert_eq!(Capabilities(0).to_string(), "effective capabilities 0, without CAP_NET_RAW");
        assert_eq!(Capabilities::of("Name:\tx\n"), None);
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
