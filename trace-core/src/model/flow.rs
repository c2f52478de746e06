use core::fmt;

/// The number of a flow within a trace, from 0. Probes of one flow carry the same values wherever a load
/// balancer looks, and so take the same path (Augustin et al., "Avoiding traceroute anomalies with Paris
/// traceroute", IMC 2006).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Flow(pub u16);

impl fmt::Display for Flow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
