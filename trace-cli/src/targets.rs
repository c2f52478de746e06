//! Whom to trace to: hosts that were typed, and lists of them.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::IpAddr;
use std::path::Path;

use anyhow::{Context as _, anyhow, bail, ensure};
use ipnetwork::IpNetwork;

use crate::host::{Host, Wish};

/// More addresses than this are traced when they were really meant.
const MANY: u128 = 65_536;
/// A line that is longer names no host.
const LONGEST_LINE: usize = 1000;

/// What holds for every target.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rules<'a> {
    pub(crate) wish: Option<&'a Wish>,
    pub(crate) interface: Option<&'a str>,
    /// Networks stand for all their addresses.
    pub(crate) expand: bool,
    /// More than [`MANY`] addresses are meant.
    pub(crate) yes: bool,
}

/// A host, or a network all of whose addresses are traced to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Entry {
    Host(Host),
    Network(IpNetwork),
}

/// Whom to trace to, each once, in the order they were named.
#[derive(Debug, Clone, Default)]
pub(crate) struct Targets {
    entries: Vec<Entry>,
    /// What is wrong with lines of a list, each with its number.
    pub(crate) broken: Vec<String>,
    /// Whether a list was read, or networks expanded.
    pub(crate) is_list: bool,
}

impl Targets {
    /// The hosts that were typed and those of a list (`-` is standard input).
    ///
    /// # Errors
    ///
    /// A host that was typed makes no sense, the list cannot be read, nothing is left to trace, or it is more than
    /// was meant. A line of a list that makes no sense is no error: it is told in `broken`.
    pub(crate) fn read(typed: &[String], list: Option<&Path>, rules: Rules<'_>) -> anyhow::Result<Self> {
        let mut targets = Self { is_list: list.is_some(), ..Self::default() };
        for host in typed {
            let entry = Entry::read(host, rules)?;
            targets.is_list |= matches!(entry, Entry::Network(_));
            targets.entries.push(entry);
        }
        match list {
            None => {}
            Some(path) if path == Path::new("-") => {
                targets.lines(io::stdin().lock(), "standard input", rules)?
            }
            Some(path) => {
                let name = path.display().to_string();
                let file = File::open(path).with_context(|| format!("cannot read --targets {name}"))?;
                targets.lines(BufReader::new(file), &name, rules)?;
            }
        }
        targets.settle();
        let count = targets.count();
        ensure!(
            count <= MANY || !rules.expand || rules.yes,
            "these are {count} addresses, more than {MANY}; --yes traces to them all the same"
        );
        Ok(targets)
    }

    /// Reads a list: one host a line; blank lines and what stands behind a `#` do not count.
    fn lines(&mut self, mut list: impl BufRead, name: &str, rules: Rules<'_>) -> anyhow::Result<()> {
        let (before, mut line, mut number) = (self.entries.len(), Vec::new(), 0_u64);
        loop {
            line.clear();
            let length = list.read_until(b'\n', &mut line).with_context(|| format!("cannot read {name}"))?;
            if length == 0 {
                break;
            }
            number += 1;
            match entry_of_line(&line, number == 1, rules) {
                Ok(entry) => self.entries.extend(entry),
                Err(error) => self.broken.push(format!("{name}, line {number}: {error:#}")),
            }
        }
        if self.entries.is_empty() && before == 0 && self.broken.is_empty() {
            bail!("{name} names no host at all");
        }
        Ok(())
    }

    /// Leaves each target once: hosts named before, and what lies in a network that is named too.
    fn settle(&mut self) {
        let mut networks: Vec<IpNetwork> = self.entries.iter().filter_map(Entry::network).collect();
        // A network stands behind those it lies in.
        networks.sort_unstable_by_key(|network| (network.network(), network.prefix()));
        let mut widest: Vec<IpNetwork> = Vec::new();
        for network in networks {
            if widest.last().is_none_or(|wide| !wide.contains(network.network())) {
                widest.push(network);
            }
        }
        let holds = |address: IpAddr| {
            let behind = widest.partition_point(|network| network.network() <= address);
            widest.get(..behind).and_then(<[_]>::last).is_some_and(|network| is_expanded(*network, address))
        };
        let mut seen = HashSet::new();
        self.entries.retain(|entry| {
            let wanted = match entry {
                Entry::Network(network) => widest.binary_search_by_key(&key(network), key).is_ok(),
                Entry::Host(Host::Address(address)) => !holds(*address),
                Entry::Host(_) => true,
            };
            wanted && seen.insert(entry.clone())
        });
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u128 {
        self.entries
            .iter()
            .fold(0, |count: u128, entry| count.saturating_add(entry.network().map_or(1, size)))
    }

    /// Each of them; networks are taken apart on the way.
    pub(crate) fn into_hosts(self) -> impl Iterator<Item = Host> + Send + 'static {
        self.entries.into_iter().flat_map(|entry| {
            let (host, network) = match entry {
                Entry::Host(host) => (Some(host), None),
                Entry::Network(network) => (None, Some(network)),
            };
            let addresses = network.into_iter().flat_map(|network| {
                network.iter().filter(move |address| is_expanded(network, *address)).map(Host::Address)
            });
            host.into_iter().chain(addresses)
        })
    }
}

impl Entry {
    fn read(text: &str, rules: Rules<'_>) -> anyhow::Result<Self> {
        if let Some(network) = network(text)? {
            ensure!(rules.expand, "{network} is a network; --expand traces to all of its addresses");
            // Its first address tells as well as any whether the family is wanted, and whom it is.
            Host::read(&first_host(network).to_string(), rules.wish)?.check_interface(rules.interface)?;
            return Ok(Self::Network(network));
        }
        let host = Host::read(text, rules.wish)?;
        host.check_interface(rules.interface)?;
        Ok(Self::Host(host))
    }

    const fn network(&self) -> Option<IpNetwork> {
        match self {
            Self::Network(network) => Some(*network),
            Self::Host(_) => None,
        }
    }
}

/// The host of a line, if there is one.
fn entry_of_line(line: &[u8], first: bool, rules: Rules<'_>) -> anyhow::Result<Option<Entry>> {
    ensure!(line.len() <= LONGEST_LINE, "{} bytes are too long for a host", line.len());
    let text = std::str::from_utf8(line).map_err(|_| anyhow!("it is no text in UTF-8"))?;
    let text = if first { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text };
    let text = text.split('#').next().unwrap_or_default().trim();
    if text.is_empty() { Ok(None) } else { Entry::read(text, rules).map(Some) }
}

/// A network, if the text is an address with a prefix length behind it.
fn network(text: &str) -> anyhow::Result<Option<IpNetwork>> {
    let text = text.trim();
    let Some((address, _)) = text.split_once('/') else { return Ok(None) };
    if address.parse::<IpAddr>().is_err() {
        return Ok(None);
    }
    let network: IpNetwork =
        text.parse().map_err(|_| anyhow!("{text:?} is no network, as 192.0.2.0/24 or 2001:db8::/64 are"))?;
    Ok(Some(IpNetwork::new(network.network(), network.prefix())?))
}

fn key(network: &IpNetwork) -> (IpAddr, u8) {
    (network.network(), network.prefix())
}

/// Whether the first and the last address of a network mean no host (RFC 919, RFC 3021).
fn has_edges(network: IpNetwork) -> bool {
    network.is_ipv4() && network.prefix() < 31
}

fn is_expanded(network: IpNetwork, address: IpAddr) -> bool {
    let edge = has_edges(network) && (address == network.network() || address == network.broadcast());
    network.contains(address) && !edge
}

fn first_host(network: IpNetwork) -> IpAddr {
    network.iter().find(|address| is_expanded(network, *address)).unwrap_or_else(|| network.network())
}

fn size(network: IpNetwork) -> u128 {
    let bits = if network.is_ipv4() { 32 } else { 128 };
    let all = 1_u128.checked_shl(bits - u32::from(network.prefix())).unwrap_or(u128::MAX);
    if has_edges(network) { all - 2 } else { all }
}

#[cfg(test)]
mod tests;
