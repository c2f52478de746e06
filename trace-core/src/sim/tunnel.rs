/// An MPLS tunnel: label switching routers between its beginning and its end (RFC 3031, RFC 3443).
///
/// The routers follow one another on paths; the router before them is the beginning, whatever comes behind them
/// is the end. They pop the label one hop before the end, as is usual. What a trace sees depends on two choices (Donnet
/// et al., "Revealing MPLS tunnels obscured from traceroute", CCR 42(2), 2012):
///
/// | | labels reported | not reported |
/// |---|---|---|
/// | TTL propagated | explicit: every router answers, with its label | implicit: every router answers, and the TTLs quoted rise |
/// | not propagated | opaque: the last router alone answers, with a label whose TTL counts those before it | invisible: none answers, and ways back from behind are longer |
///
/// Where the TTL is propagated, a router in the tunnel sends its answer on to the end, from where it comes back: the RTT is that of
/// the end.
///
/// ```
/// use trace_core::sim::{Network, Tunnel};
///
/// let mut network = Network::new();
/// network.tunnel(Tunnel::through(3..=5));
/// network.tunnel(Tunnel::through([8, 9]).without_propagation().without_labels());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tunnel {
    pub(super) routers: Vec<u16>,
    pub(super) propagates: bool,
    pub(super) reports: bool,
}

impl Tunnel {
    /// A tunnel through these routers, explicit.
    #[must_use]
    pub fn through(routers: impl IntoIterator<Item = u16>) -> Self {
        Self { routers: routers.into_iter().collect(), propagates: true, reports: true }
    }

    /// Does not copy the TTL of packets into their labels.
    #[must_use]
    pub const fn without_propagation(mut self) -> Self {
        self.propagates = false;
        self
    }

    /// Routers in it do not report their labels.
    #[must_use]
    pub const fn without_labels(mut self) -> Self {
        self.reports = false;
        self
    }

    /// The label that the router at this place receives: made from its number, so that each has its own.
    pub(super) fn label(&self, place: usize) -> u32 {
        const FIRST: u32 = 24_000;
        FIRST + self.routers.get(place).copied().map_or(0, u32::from)
    }
}
