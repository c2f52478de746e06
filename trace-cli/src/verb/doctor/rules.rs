//! The rules of the firewall, as far as they eat the ICMP errors that a trace is made of.
//!
//! Only who may change them may read them, so root has them read before it gives up that right, by the program that shows
//! them (nft(8), section "JSON"). Rules of `iptables` stand among them where it is made of nftables, as it is by default.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Where the program is, by its full name: this is root, and what a path of the environment leads to is not asked.
const PROGRAMS: [&str; 4] = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/run/current-system/sw/bin/nft"];
/// The ICMP types that a trace is made of, as nft(8) calls them.
const ERRORS: [&str; 3] = ["destination-unreachable", "time-exceeded", "packet-too-big"];
/// Where a packet for this machine comes past.
const INCOMING: [&str; 3] = ["ingress", "prerouting", "input"];

static READ: OnceLock<String> = OnceLock::new();

/// Reads the rules, if they can be read. Called while this process may still do so.
pub(crate) fn read_first() {
    let program = PROGRAMS.into_iter().find(|program| std::fs::metadata(program).is_ok());
    let Some(program) = program else { return };
    let shown = Command::new(program)
        .args(["-j", "list", "ruleset"])
        .env_clear()
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    if let Ok(shown) = shown
        && shown.status.success()
        && let Ok(text) = String::from_utf8(shown.stdout)
    {
        let _ = READ.set(text);
    }
}

/// What was read, if anything could be.
pub(super) fn rules() -> Option<Rules> {
    READ.get().and_then(|text| Rules::of(text))
}

/// A chain: its family, its table and its name.
type Name = (String, String, String);

/// What the rules do to ICMP errors that come in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Rules {
    /// How many rules there are.
    pub(super) count: usize,
    /// Rules that drop or reject them: `inet filter input handle 4`.
    pub(super) eating: Vec<String>,
    /// Chains that let through only what a rule accepts, and no rule accepts them.
    pub(super) closed: Vec<String>,
}

impl Rules {
    /// Reads what `nft -j list ruleset` shows; `None` where it makes no sense.
    fn of(text: &str) -> Option<Self> {
        let document: Value = serde_json::from_str(text).ok()?;
        let items = document.get("nftables")?.as_array()?;
        let mut chains: BTreeMap<Name, Chain> = BTreeMap::new();
        for item in items {
            if let Some(chain) = item.get("chain") {
                let found = chains.entry(name(chain, "name")?).or_default();
                found.incoming = INCOMING.contains(&word(chain, "hook"));
                found.closed = word(chain, "policy") == "drop";
            } else if let Some(rule) = item.get("rule") {
                chains.entry(name(rule, "chain")?).or_default().rules.push(Rule::of(rule)?);
            }
        }
        let mut rules =
            Self { count: chains.values().map(|chain| chain.rules.len()).sum(), ..Self::default() };
        for (base, chain) in chains.iter().filter(|(_, chain)| chain.incoming) {
            let mut left = Errors::of_table(&base.0);
            for (name, rule) in reached(&chains, base) {
                let taken = left.and(rule.takes);
                match rule.deed {
                    Deed::Accept => left = left.without(taken),
                    Deed::Drop if taken != Errors::NONE => {
                        let (family, table, chain) = &name;
                        rules.eating.push(format!("{family} {table} {chain} handle {}", rule.handle));
                    }
                    Deed::Drop | Deed::Other => {}
                }
            }
            if chain.closed && left != Errors::NONE {
                rules.closed.push([&base.0, &base.1, &base.2].map(String::as_str).join(" "));
            }
        }
        rules.eating.dedup();
        Some(rules)
    }
}

#[derive(Debug, Default)]
struct Chain {
    incoming: bool,
    closed: bool,
    rules: Vec<Rule>,
}

/// Errors of which family a rule takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Errors {
    v4: bool,
    v6: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Accept,
    Drop,
    Other,
}

#[derive(Debug)]
struct Rule {
    handle: u64,
    /// None if errors are not what it is about, or only under a condition that is not understood here.
    takes: Errors,
    deed: Deed,
    /// Another chain of the table that it goes to.
    to: Option<String>,
}

impl Rule {
    fn of(rule: &Value) -> Option<Self> {
        let statements = rule.get("expr")?.as_array()?;
        let has = |name: &str| statements.iter().any(|statement| statement.get(name).is_some());
        let deed = match () {
            () if has("accept") => Deed::Accept,
            () if has("drop") || has("reject") => Deed::Drop,
            () => Deed::Other,
        };
        let to = statements.iter().find_map(|statement| {
            let verdict = statement.get("jump").or_else(|| statement.get("goto"))?;
            Some(word(verdict, "target").to_owned())
        });
        // What is over a limit is no firewall, and what an extension of iptables looks at is not told.
        let mut takes = if has("limit") || has("xt") { Errors::NONE } else { Errors::ALL };
        for matched in statements.iter().filter_map(|statement| statement.get("match")) {
            takes = takes.and(Errors::matched(matched));
        }
        Some(Self { handle: rule.get("handle")?.as_u64()?, takes, deed, to })
    }
}

impl Errors {
    const NONE: Self = Self { v4: false, v6: false };
    const ALL: Self = Self { v4: true, v6: true };
    const V4: Self = Self { v4: true, v6: false };
    const V6: Self = Self { v4: false, v6: true };

    fn of_table(family: &str) -> Self {
        match family {
            "ip" => Self::V4,
            "ip6" => Self::V6,
            "inet" | "netdev" => Self::ALL,
            // Frames of a bridge and of ARP are for others.
            _ => Self::NONE,
        }
    }

    const fn and(self, other: Self) -> Self {
        Self { v4: self.v4 && other.v4, v6: self.v6 && other.v6 }
    }

    const fn without(self, other: Self) -> Self {
        Self { v4: self.v4 && !other.v4, v6: self.v6 && !other.v6 }
    }

    /// Those that meet a condition, as far as it is understood.
    fn matched(matched: &Value) -> Self {
        let (Some(left), Some(right)) = (matched.get("left"), matched.get("right")) else {
            return Self::NONE;
        };
        let key = |object: &str| left.get(object).map_or("", |left| word(left, "key"));
        // Errors come in over any interface but that of the machine itself.
        if matches!(key("meta"), "iif" | "iifname") {
            let elsewhere = names(right, &["lo"]) == (word(matched, "op") == "!=");
            return if elsewhere { Self::ALL } else { Self::NONE };
        }
        if !matches!(word(matched, "op"), "==" | "in") {
            return Self::NONE;
        }
        let payload = left.get("payload").map(|payload| (word(payload, "protocol"), word(payload, "field")));
        let of = |v4: &str, v6: &str| Self { v4: names(right, &[v4]), v6: names(right, &[v6]) };
        match (payload, key("meta"), key("ct")) {
            (Some(("icmp", "type")), ..) if names(right, &ERRORS) => Self::V4,
            (Some(("icmpv6", "type")), ..) if names(right, &ERRORS) => Self::V6,
            (Some(("ip", "protocol")), ..) if names(right, &["icmp"]) => Self::V4,
            (Some(("ip6", "nexthdr")), ..) if names(right, &["ipv6-icmp"]) => Self::V6,
            (None, "l4proto", _) => of("icmp", "ipv6-icmp"),
            (None, "nfproto", _) => of("ipv4", "ipv6"),
            (None, "protocol", _) => of("ip", "ip6"),
            // They belong to packets that left.
            (None, _, "state") if names(right, &["related"]) => Self::ALL,
            _ => Self::NONE,
        }
    }
}

/// The rules that a packet meets from this chain on, in their order, each with the chain it stands in.
fn reached<'a>(chains: &'a BTreeMap<Name, Chain>, base: &Name) -> Vec<(Name, &'a Rule)> {
    let mut met = Vec::new();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![(base.clone(), 0_usize)];
    while let Some((name, from)) = waiting.pop() {
        if from == 0 && !seen.insert(name.clone()) {
            continue;
        }
        let rules = chains.get(&name).map(|chain| chain.rules.as_slice()).unwrap_or_default();
        for (place, rule) in rules.iter().enumerate().skip(from) {
            met.push((name.clone(), rule));
            if let Some(to) = &rule.to {
                waiting.push((name.clone(), place + 1));
                waiting.push(((name.0, name.1, to.clone()), 0));
                break;
            }
        }
    }
    met
}

fn name(object: &Value, chain: &str) -> Option<Name> {
    let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::to_owned);
    Some((text("family")?, text("table")?, text(chain)?))
}

fn word<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Whether one of these words is meant, alone, in a list or in a set.
fn names(right: &Value, words: &[&str]) -> bool {
    match right {
        Value::String(text) => words.contains(&text.as_str()),
        Value::Array(list) => list.iter().any(|value| names(value, words)),
        Value::Object(set) => set.get("set").is_some_and(|set| names(set, words)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
