//! Networks and what a trace must find in them, in a small file.
//!
//! For whoever wants to see how a trace behaves on a network that is hard to build, to keep a case that once went wrong,
//! or to test another engine against the same cases. A scenario says what the network is like, how it is traced, and what
//! is expected; it runs in virtual time, and the same file gives the same traces to the nanosecond.
//!
//! ```
//! use trace_core::sim::Scenario;
//!
//! let scenario = Scenario::parse(r#"
//! title = "A router that never answers, and one that is slow to"
//!
//! [network]
//! delay = "5ms"            # of every line, each way
//!
//! [router.3]
//! silent = true
//!
//! [router.4]
//! slow = "200ms"
//!
//! [[target]]
//! path = "1-6"
//!
//! [trace]
//! family = ["ipv4", "ipv6"]  # each with each: six runs
//! protocol = ["icmp", "udp", "tcp"]
//!
//! [expect]
//! outcome = "reached"
//! hops = "1 2 * 4-6 target"
//! findings = { 3 = "silent" }
//! rtt = { 4 = "240ms-241ms" }
//! "#)?;
//! let runs = scenario.run()?;
//! assert_eq!(runs.len(), 6);
//! for run in &runs {
//!     assert_eq!(run.deviations, Vec::<String>::new());
//! }
//!
//! // Errors have a place, and a suggestion where something known is near.
//! let error = Scenario::parse("title = \"\"\n[router.1]\nsilnt = true").unwrap_err();
//! let said = error.to_string();
//! assert!(said.starts_with("scenario, line 3, column 1: unknown field `silnt`"), "{said}");
//! assert!(said.ends_with("did you mean `silent`?"), "{said}");
//! # Ok::<(), trace_core::Error>(())
//! ```
//!
//! # The file
//!
//! TOML. Times are written `"5ms"` (`us`, `ms`, `s`), routers by their numbers, and several of them as `"1-4 7"`. Protocols are
//! `true` (all), a word or a list of words. What is not described is as [`Router`](super::Router) and
//! [`Host`](super::Host) have it; everything is optional but the title, a target and its path.
//!
//! | table | keys |
//! |---|---|
//! | (top) | `title`; `seed` (1); `needs`: the [rules](crate::engine::Rule) without which it comes out otherwise, as `"last-end"` |
//! | `[network]` | `delay` (1 ms), `jitter`, `loss` (0 to 1) of every line; `busy_every`: each so many sends fails at first |
//! | `[router.NUMBERS]` | line: `delay`, `delay_back`, `jitter`, `loss`. Answers: `silent` (protocols), `slow`, `rate_limit` (`"linux"` or `{ burst = 1, every = "1s" }`), `quotes` (bytes), `reply_ttl`, `longer_way_back`, `labels` (`[{ label = 16, ttl = 1 }]`), `interface` (`{ role = "incoming", index = 1, name = "eth0", address = "..", mtu = 1500 }`), `legacy_extensions`. Forwarding: `refuses` (a kind, or `{ udp = "admin-prohibited" }`), `drops` (protocols), `tos`, `zero_ttl`, `nat`. Of two tables for one router that for fewer routers counts |
//! | `[[tunnel]]` | `routers`, `propagates` (true), `labels` (true): [`Tunnel`](super::Tunnel) |
//! | `[[target]]` | `path`; `changes` (`[{ at = "1s", path = ".." }]`); `unreachable` (kind), `serves` (protocols), `challenges` (a second SYN of the same ports), and what routers have for line and answers; `expect`, as below, in place of the general one |
//! | `[trace]` | `family`, `protocol` (`icmp`, `udp`, `tcp` or `all`), `mode`: a word or a list, all combinations are run (ipv4, icmp, raw). `otherwise` (protocols), `share`, `rate`, and as [`Settings`](crate::model::Settings): `queries`, `first_ttl`, `max_ttl`, `flows`, `rounds`, `interval`, `wait`, `gap`, `port`, `size`, `tos`. `expected_length` |
//! | `[expect]` | what is not named is not compared, see below |
//!
//! A path is a list of routers in which `flow(2 | 3 4)` and `packet(2 | 3 4)` balance load over branches and `round(5 6)`, at the
//! end, goes on for ever: `"1 flow(2 | 3 | 4 5) 6-8"`. Targets have the addresses [`target`](super::target) 1, 2 and so on.
//!
//! # Expectations
//!
//! | key | |
//! |---|---|
//! | `outcome`, `detail`, `protocol` | the outcome, a part of its sentence, the protocol that was kept |
//! | `hops` | who answers at each TTL: a router, `target`, `*` (nobody), `?` (anybody), `2\|3` (both and no other); `-` makes ranges |
//! | `answered`, `routers_back` | for each TTL a number, a range or `?` |
//! | `findings` | for each TTL a word or a list; TTLs that are not named have none |
//! | `explained` | for a TTL a part of an explanation |
//! | `loss` | for a TTL per cent, a number or a range |
//! | `rtt` | for a TTL the range of the least RTT |
//! | `interfaces` | for a TTL the name of an interface that is reported |
//! | `changes` | every path change: `{ ttls = "2-4", round = 1, flow = 0, lengths = "5-7" }`, of which only `ttls` must be there |
//! | `inherited` | the TTLs that were taken over from another trace, all of them |
//! | `duration` | a range of times |
//! | `side_by_side` | the time within which the first probes of all protocols and flows to a TTL leave |
//! | `probes`, `withheld` | over all targets: how many probes were sent, how many answers routers kept back because of limits (only in `[expect]`) |

mod at;
mod build;
mod compare;
mod play;
mod route;
mod schema;
mod values;

use crate::Error;
use crate::engine::Rule;
use crate::model::{Family, Mode, Protocols, Trace};

/// A network, how it is traced, and what must be found: what a scenario file says.
#[derive(Debug, Clone)]
pub struct Scenario {
    file: schema::File,
}

/// A scenario that was run with one family, protocol and mode.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// The family of all addresses.
    pub family: Family,
    /// The protocols that were asked for.
    pub protocols: Protocols,
    /// The mode of the link.
    pub mode: Mode,
    /// The traces, in the order of the targets.
    pub traces: Vec<Trace>,
    /// How many probes were sent to all targets.
    pub probes: usize,
    /// How many answers routers kept back because of their limits.
    pub withheld: u64,
    /// What is not as it was expected, a sentence each. Empty if all is.
    pub deviations: Vec<String>,
}

impl Scenario {
    /// Reads a scenario file.
    ///
    /// # Errors
    ///
    /// [`Error::Scenario`] with line, column and cause: no TOML, an unknown key or word (with the nearest known one), a value of
    /// the wrong type or out of its range, values that contradict each other.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let file: schema::File = toml::from_str(text).map_err(|error| at::reading(text, &error))?;
        build::check(&file).map_err(|wrong| wrong.within(text))?;
        Ok(Self { file })
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.file.title
    }

    /// The rules of the engine without which it comes out otherwise.
    #[must_use]
    pub fn needs(&self) -> Vec<Rule> {
        self.file.needs.iter().map(|rule| rule.0).collect()
    }

    /// Runs it in every combination of family, protocol and mode, and compares.
    ///
    /// # Errors
    ///
    /// What cannot be traced at all, as a size that is too small for the protocol. That something else is found
    /// than was expected is no error: it is in [`Run::deviations`].
    pub fn run(&self) -> Result<Vec<Run>, Error> {
        self.run_with(None)
    }

    /// The same with a rule of the engine switched off.
    ///
    /// # Errors
    ///
    /// As [`Scenario::run`].
    pub fn run_without(&self, rule: Rule) -> Result<Vec<Run>, Error> {
        self.run_with(Some(rule))
    }

    fn run_with(&self, without: Option<Rule>) -> Result<Vec<Run>, Error> {
        let trace = &self.file.trace;
        let mut runs = Vec::new();
        for &family in trace.family.get() {
            for &protocols in trace.protocol.get() {
                for &mode in trace.mode.get() {
                    runs.push(play::play(&self.file, family, protocols, mode, without)?);
                }
            }
        }
        Ok(runs)
    }
}

#[cfg(test)]
mod tests;
