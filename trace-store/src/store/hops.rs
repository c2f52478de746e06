//! What was counted at each TTL, as a row of `measurement` holds it: for people who ask in SQL, and for whoever reads
//! thousands of traces and needs no single probe.

use core::fmt::Write as _;
use core::time::Duration;

use trace_core::model::{Statistics, Trace};

/// What was counted at one TTL. An RTT is to the microsecond.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) sent: u32,
    pub(super) lost: u32,
    /// Least and median RTT in microseconds.
    pub(super) rtt: Option<(u32, u32)>,
}

impl Count {
    fn of(statistics: &Statistics) -> Self {
        let rtt = statistics.min.map(microseconds).zip(statistics.median.map(microseconds));
        Self { sent: statistics.sent, lost: statistics.sent.saturating_sub(statistics.answered), rtt }
    }
}

/// The nearest microsecond; for people who ask in SQL, an hour and eleven minutes is long enough.
fn microseconds(span: Duration) -> u32 {
    u32::try_from((span.as_nanos() + 500) / 1000).unwrap_or(u32::MAX)
}

/// What was counted at each TTL of a trace, from the first on.
pub(super) fn counts(trace: &Trace) -> Vec<Count> {
    trace.statistics().iter().map(Count::of).collect()
}

/// The text of it: see `schema/3.sql`.
pub(super) fn text(counts: &[Count]) -> String {
    let mut text = String::with_capacity(2 + counts.len() * 16);
    text.push('[');
    for (index, count) in counts.iter().enumerate() {
        text.push_str(if index == 0 { "[" } else { ",[" });
        let over = count.rtt.map(|(least, median)| median.saturating_sub(least));
        let written = match count.rtt {
            Some((least, _)) => write!(text, "{least}"),
            None => text.write_str("null"),
        };
        let full = count.lost > 0;
        let sent = full || count.sent != 1;
        let more = [
            (sent || over.is_some_and(|over| over > 0), over),
            (sent, Some(count.sent)),
            (full, Some(count.lost)),
        ];
        let written = more.iter().take_while(|(wanted, _)| *wanted).fold(written, |written, (_, number)| {
            written?;
            match number {
                Some(number) => write!(text, ",{number}"),
                None => text.write_str(",null"),
            }
        });
        debug_assert!(written.is_ok(), "text grows");
        text.push(']');
    }
    text.push(']');
    text
}

/// Reads such a text; `None` if it is none.
pub(super) fn read(text: &str) -> Option<Vec<Count>> {
    let hops: Vec<Vec<Option<u32>>> = serde_json::from_str(text).ok()?;
    let count = |hop: Vec<Option<u32>>| {
        let at = |index: usize| hop.get(index).copied().flatten();
        let rtt = at(0).map(|least| (least, least.saturating_add(at(1).unwrap_or(0))));
        Count { sent: at(2).unwrap_or(1), lost: at(3).unwrap_or(0), rtt }
    };
    Some(hops.into_iter().map(count).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_read_back_and_what_is_usual_takes_no_space() {
        let count = |sent, lost, rtt| Count { sent, lost, rtt };
        let counts = [
            count(1, 0, Some((1234, 1234))),
            count(1, 1, None),
            count(3, 0, Some((1234, 1300))),
            count(3, 1, Some((1234, 1234))),
            count(0, 0, None),
            count(1, 0, Some((7, 9))),
            count(1, 0, None),
            count(u32::MAX, u32::MAX, Some((u32::MAX, u32::MAX))),
        ];
        let text = text(&counts);
        assert_eq!(
            text,
            "[[1234],[null,null,1,1],[1234,66,3],[1234,0,3,1],[null,null,0],[7,2],[null],[4294967295,0,4294967295,4294967295]]"
        );
        assert_eq!(read(&text).unwrap(), counts);
        assert_eq!(read("[]").unwrap(), []);
        for wrong in ["", "{}", "[1]", "[[-1]]", "[[1.5]]"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
