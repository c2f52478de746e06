//! What a hop lost, as a cell of its row.

use trace_core::model::Finding;

use crate::grid::Cell;
use crate::paint::Ink;

/// Loss and number of probes of a whole hop. What a router merely does not answer is no loss to warn of: where hops
/// behind it answer, there is none. So a hop that limits its answers has no share of loss that a reader could take for
/// one; how many it left out stands in the evidence and in the document.
pub(super) fn loss_and_sent(loss: Option<f64>, sent: Option<u64>, findings: &[Finding]) -> [Cell; 2] {
    let Some((loss, sent)) = loss.zip(sent) else { return [Cell::empty(), Cell::empty()] };
    let harmless = findings
        .iter()
        .any(|finding| matches!(finding, Finding::RateLimited | Finding::Silent | Finding::Selective));
    let loss = match loss {
        0.0 => Cell::new(percent(loss)),
        _ if loss < 1.0 && findings.contains(&Finding::RateLimited) => Cell::inked(Ink::Faint, "limit"),
        _ if harmless => Cell::inked(Ink::Faint, percent(loss)),
        _ => Cell::inked(Ink::Bad, percent(loss)),
    };
    [loss, Cell::new(sent.to_string())]
}

/// A share in percent; what is not nothing never looks like it.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.5 { "<1%".to_owned() } else { format!("{percent:.0}%") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_nothing_never_looks_like_it() {
        assert_eq!([0.0, 0.001, 0.25, 1.0].map(percent), ["0%", "<1%", "25%", "100%"]);
    }
}
