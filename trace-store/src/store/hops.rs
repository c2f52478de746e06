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

/// The least RTT of each hop in microseconds.
pub(super) fn least(counts: &[Count]) -> Vec<Option<u32>> {
    counts.iter().map(|count| count.rtt.map(|(least, _)| least)).collect()
}

/// The text of it: see `schema/5.sql`, or `schema/3.sql` where a number is too large for a letter.
pub(super) fn text(counts: &[Count]) -> String {
    letters(counts).unwrap_or_else(|| json(counts))
}

/// Stands where nobody answered.
const MISSING: char = '\u{1}';

/// The codes from here on are no characters, so many of them.
const SURROGATES: (u32, u32) = (0xd800, 0x800);

/// The letter of a number.
fn letter(number: u32) -> Option<char> {
    let code = number.checked_add(2)?;
    char::from_u32(if code < SURROGATES.0 { code } else { code.checked_add(SURROGATES.1)? })
}

/// The number of a letter; `None` where nobody answered.
fn number(letter: char) -> Option<u32> {
    let code = u32::from(letter);
    if code < SURROGATES.0 { code.checked_sub(2) } else { code.checked_sub(2 + SURROGATES.1) }
}

impl Count {
    /// By how much the median is longer than the least.
    fn over(&self) -> u32 {
        self.rtt.map_or(0, |(least, median)| median.saturating_sub(least))
    }

    /// Probes lost, if nothing tells.
    const fn usually_lost(rtt: Option<u32>, sent: u32) -> u32 {
        if rtt.is_some() { 0 } else { sent }
    }

    /// How many letters it needs where most TTLs were sent so many probes.
    fn width(&self, usual: u32) -> u8 {
        if self.sent != usual {
            4
        } else if self.lost != Self::usually_lost(self.rtt.map(|(least, _)| least), self.sent) {
            3
        } else if self.over() > 0 {
            2
        } else {
            1
        }
    }
}

/// How many probes most TTLs were sent.
fn usual(counts: &[Count]) -> u32 {
    let as_many = |sent: u32| counts.iter().filter(|count| count.sent == sent).count();
    let mut usual = counts.first().map_or(0, |count| count.sent);
    let mut most = as_many(usual);
    for count in counts {
        if count.sent != usual && most * 2 < counts.len() && as_many(count.sent) > most {
            (usual, most) = (count.sent, as_many(count.sent));
        }
    }
    usual
}

fn letters(counts: &[Count]) -> Option<String> {
    let usual = usual(counts);
    let width = counts.iter().map(|count| count.width(usual)).max().unwrap_or(1);
    let mut text = String::with_capacity(8 + counts.len() * 4 * usize::from(width));
    text.push(char::from(b'0' + width));
    text.push(letter(usual)?);
    for count in counts {
        text.push(count.rtt.map_or(Some(MISSING), |(least, _)| letter(least))?);
        for number in [count.over(), count.lost, count.sent].into_iter().take(usize::from(width - 1)) {
            text.push(letter(number)?);
        }
    }
    Some(text)
}

/// The same with every number in full.
fn json(counts: &[Count]) -> String {
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
    if text.starts_with('[') { read_json(text) } else { read_letters(text) }
}

fn read_letters(text: &str) -> Option<Vec<Count>> {
    let mut letters = text.chars();
    let width = letters.next()?.to_digit(10).filter(|width| (1..=4).contains(width))?;
    let usual = number(letters.next()?)?;
    let mut counts = Vec::new();
    while let Some(least) = letters.next() {
        let least = if least == MISSING { None } else { Some(number(least)?) };
        let mut next = |place: u32| -> Option<Option<u32>> {
            if width > place { letters.next().map(|letter| number(letter).map(Some))? } else { Some(None) }
        };
        let (over, lost, sent) = (next(1)?, next(2)?, next(3)?);
        let sent = sent.unwrap_or(usual);
        counts.push(Count {
            sent,
            lost: lost.unwrap_or(Count::usually_lost(least, sent)),
            rtt: least.map(|least| (least, least.saturating_add(over.unwrap_or(0)))),
        });
    }
    Some(counts)
}

fn read_json(text: &str) -> Option<Vec<Count>> {
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

    const fn count(sent: u32, lost: u32, rtt: Option<(u32, u32)>) -> Count {
        Count { sent, lost, rtt }
    }

    #[test]
    fn counts_read_back_and_what_is_usual_takes_no_space() {
        let one = [count(1, 0, Some((1234, 1234))), count(1, 1, None), count(1, 0, Some((0, 0)))];
        assert_eq!(text(&one), "1\u{3}\u{4d4}\u{1}\u{2}");
        let three = [count(3, 0, Some((1234, 1300))), count(3, 3, None), count(3, 0, Some((55_294, 55_294)))];
        assert_eq!(text(&three), "2\u{5}\u{4d4}\u{44}\u{1}\u{2}\u{e000}\u{2}");
        let lossy = [count(3, 1, Some((7, 7))), count(3, 0, None)];
        assert_eq!(text(&lossy), "3\u{5}\u{9}\u{2}\u{3}\u{1}\u{2}\u{2}");
        let uneven = [count(2, 0, Some((7, 9))), count(1, 1, None), count(1, 0, None)];
        assert_eq!(text(&uneven), "4\u{3}\u{9}\u{4}\u{2}\u{4}\u{1}\u{2}\u{3}\u{3}\u{1}\u{2}\u{2}\u{3}");
        let largest = [count(1, 0, Some((0x10_ffff - 2050, 0x10_ffff - 2050)))];
        assert_eq!(text(&largest), "1\u{3}\u{10ffff}");
        for counts in [&one[..], &three, &lossy, &uneven, &largest, &[]] {
            assert_eq!(read(&text(counts)).unwrap(), counts);
        }
    }

    #[test]
    fn what_no_letter_holds_stands_in_full() {
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
        assert_eq!(super::text(&[count(1, 0, Some((0x10_ffff - 2049, 0x10_ffff - 2049)))]), "[[1112062]]");
        assert_eq!(read("[]").unwrap(), []);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            "",
            "{}",
            "[1]",
            "[[-1]]",
            "[[1.5]]",
            "1",
            "0\u{3}",
            "5\u{3}",
            "2\u{3}a",
            "1\u{1}",
            "1\u{3}\u{0}",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}
