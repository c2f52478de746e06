use super::random::{Random, mix};

/// How a balancer chooses among its branches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Balance {
    /// By a hash over addresses, protocol, the first four bytes behind the IP header (ports; type, code and
    /// checksum of ICMP) and the IPv6 flow label, so that one flow stays on one branch.
    PerFlow,
    /// Anew for each packet.
    PerPacket,
}

/// The routers that a packet passes on its way to a host, by their numbers.
///
/// ```
/// use trace_core::sim::{Balance, Path};
///
/// // 1, then 2 or 3 and 4, then 5.
/// let path = Path::through([1]).balanced(Balance::PerFlow, [vec![2], vec![3, 4]]).then([5]);
/// // 1 and 2, then 3 and 2 for ever.
/// let circle = Path::through([1, 2]).round([3, 2]);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Path {
    steps: Vec<Step>,
    circle: Vec<u16>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Routers(Vec<u16>),
    Balanced(Balance, Vec<Vec<u16>>),
}

impl Path {
    /// A path through these routers.
    #[must_use]
    pub fn through(routers: impl IntoIterator<Item = u16>) -> Self {
        Self::default().then(routers)
    }

    /// Adds routers at the end.
    #[must_use]
    pub fn then(mut self, routers: impl IntoIterator<Item = u16>) -> Self {
        self.steps.push(Step::Routers(routers.into_iter().collect()));
        self
    }

    /// Adds branches at the end, of which each packet takes one.
    #[must_use]
    pub fn balanced(mut self, balance: Balance, branches: impl IntoIterator<Item = Vec<u16>>) -> Self {
        self.steps.push(Step::Balanced(balance, branches.into_iter().collect()));
        self
    }

    /// Lets packets that come to the end go round these routers for ever: the host is never reached.
    #[must_use]
    pub fn round(mut self, routers: impl IntoIterator<Item = u16>) -> Self {
        self.circle = routers.into_iter().collect();
        self
    }

    /// The numbers of all routers on it.
    pub(super) fn routers(&self) -> impl Iterator<Item = u16> {
        let steps = self.steps.iter().flat_map(|step| match step {
            Step::Routers(routers) => core::slice::from_ref(routers),
            Step::Balanced(_, branches) => branches.as_slice(),
        });
        steps.flatten().chain(&self.circle).copied()
    }

    /// The routers that a packet with this flow hash passes; without end if there is a circle.
    pub(super) fn walk<'a>(&'a self, flow: u64, random: &mut Random) -> impl Iterator<Item = u16> + use<'a> {
        // One number a packet decides all balancers per packet; it is drawn only if there is one.
        let per_packet = |step: &Step| matches!(step, Step::Balanced(Balance::PerPacket, _));
        let packet = if self.steps.iter().any(per_packet) { random.next() } else { 0 };
        let steps = (0..).zip(&self.steps).flat_map(move |(place, step)| match step {
            Step::Routers(routers) => routers.as_slice(),
            Step::Balanced(balance, branches) => {
                let number = match balance {
                    Balance::PerFlow => flow,
                    Balance::PerPacket => packet,
                };
                choose(branches, mix(number ^ mix(place)))
            }
        });
        steps.chain(self.circle.iter().cycle()).copied()
    }
}

fn choose(branches: &[Vec<u16>], number: u64) -> &[u16] {
    let choice = u64::try_from(branches.len()).ok().and_then(|count| number.checked_rem(count));
    let branch = choice.and_then(|choice| branches.get(usize::try_from(choice).ok()?));
    branch.map(Vec::as_slice).unwrap_or_default()
}
