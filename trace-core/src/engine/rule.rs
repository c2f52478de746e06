use core::fmt;

/// A rule by which the engine decides. Each can be switched off with feature `sim`
/// ([`crate::engine::Engine::without`]), so that a scenario can show what it is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// TTLs open a few at a time, and more with the answers. Without it all are probed at once.
    Window,
    /// At most three probes to one TTL are under way. Without it any number is.
    Burst,
    /// A silent hop is given up soon after its neighbours answered. Without it every hop is waited for in full.
    Patience,
    /// The nearest TTL goes first. Without it the farthest does.
    Order,
    /// An end counts only behind the last router whose TTL ran out. Without it the first one heard of counts.
    LastEnd,
    /// A refusal that nothing comes back from behind of ends the path. Without it the path is probed further.
    Refusal,
    /// A cycle seen three times ends the path. Without it the path is probed to the last TTL.
    Cycle,
    /// Of the SYNs of a flow one at a time is under way to a known target. Without it several are.
    SynAlone,
    /// What answered without telling which probe it answers is probed again off the flow. Without it nothing is.
    Repeat,
    /// The length that an earlier round or trace found opens the window. Without it each round begins anew.
    Length,
    /// Rounds start no sooner than limited routers can answer them, and of one round's probes those beyond six to a
    /// router wait as well. Without it rounds start at the interval, and nothing waits.
    Spacing,
    /// Probes beyond the end of the path in their round are no loss there. Without it they count.
    Trim,
    /// What traces to many targets have in common is probed once. Without it each probes everything.
    Share,
    /// Protocols and flows open each TTL together. Without it each opens its own window.
    Together,
}

/// The rules that hold.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Rules(u32);

impl Rules {
    #[cfg(feature = "sim")]
    pub(super) const fn without(self, rule: Rule) -> Self {
        Self(self.0 & !(1 << rule as u32))
    }

    pub(super) const fn hold(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u32) != 0
    }
}

/// All of them.
impl Default for Rules {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Rules({:b})", self.0)
    }
}
