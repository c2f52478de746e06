//! Which hop stands beside which.
//!
//! The alignment with the greatest sum of [`weight`]s over its pairs (Needleman and Wunsch, J. Mol. Biol. 48, 1970), where a
//! hop without a partner costs nothing. Tools that compare lines need lines that are equal or not; two hops are alike if
//! any router answered at both, which is no equivalence, and a hop that was silent once may stand beside any.

use std::net::IpAddr;

use trace_core::model::{Hop, Ttl};

/// A hop as it is aligned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) ttl: Ttl,
    pub(super) answerers: Vec<IpAddr>,
}

impl Token {
    pub(super) fn of(hop: &Hop) -> Self {
        Self { ttl: hop.ttl, answerers: hop.answerers() }
    }

    /// Whether a router answered at both.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.answerers.iter().any(|from| other.answerers.contains(from))
    }

    pub(super) fn is_silent(&self) -> bool {
        self.answerers.is_empty()
    }
}

/// What it is worth to have two hops side by side. One router that both met is worth more than any number of others, and
/// of those that say nothing the ones with equal TTLs belong together.
fn weight(a: &Token, b: &Token) -> u64 {
    let level = u64::from(a.ttl == b.ttl);
    if a.meets(b) {
        return 1_000_000 + level;
    }
    level
        + match (a.is_silent(), b.is_silent()) {
            (true, true) => 30,
            (true, false) | (false, true) => 20,
            (false, false) => 10,
        }
}

/// Pairs of indices in the order of the paths; `None` where a hop has no partner.
pub(super) fn align(a: &[Token], b: &[Token]) -> Vec<(Option<usize>, Option<usize>)> {
    // best[i][j] is the worth of the best alignment of what follows i and j.
    let width = b.len() + 1;
    let mut best = vec![0_u64; (a.len() + 1) * width];
    let at = |best: &[u64], i: usize, j: usize| best.get(i * width + j).copied().unwrap_or(0);
    for (i, one) in a.iter().enumerate().rev() {
        for (j, other) in b.iter().enumerate().rev() {
            let paired = at(&best, i + 1, j + 1) + weight(one, other);
            let worth = paired.max(at(&best, i + 1, j)).max(at(&best, i, j + 1));
            if let Some(cell) = best.get_mut(i * width + j) {
                *cell = worth;
            }
        }
    }
    let mut pairs = Vec::with_capacity(a.len().max(b.len()));
    let (mut i, mut j) = (0, 0);
    loop {
        match (a.get(i), b.get(j)) {
            (Some(one), Some(other)) => {
                if at(&best, i, j) == at(&best, i + 1, j + 1) + weight(one, other) {
                    pairs.push((Some(i), Some(j)));
                    i += 1;
                    j += 1;
                } else if at(&best, i, j) == at(&best, i + 1, j) {
                    pairs.push((Some(i), None));
                    i += 1;
                } else {
                    pairs.push((None, Some(j)));
                    j += 1;
                }
            }
            (Some(_), None) => {
                pairs.push((Some(i), None));
                i += 1;
            }
            (None, Some(_)) => {
                pairs.push((None, Some(j)));
                j += 1;
            }
            (None, None) => return pairs,
        }
    }
}
