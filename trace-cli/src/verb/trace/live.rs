//! Hops on a terminal while they are being heard: a picture that is drawn over itself.

use std::time::{Duration, Instant};

use trace_core::model::{Atlas, Trace};
use unicode_width::UnicodeWidthStr as _;

use crate::output::Output;
use crate::paint::Paint;
use crate::report::columns::Display;
use crate::report::hops::Hops;
use crate::report::table;
use crate::report::tally::Tallies;

/// The least time between two pictures. More often nobody sees.
const PAUSE: Duration = Duration::from_millis(25);

/// What stands on the terminal now.
pub(super) struct Picture {
    /// The columns each line took, from where the picture begins.
    lines: Vec<usize>,
    last: Option<Instant>,
    pause: Duration,
}

impl Picture {
    /// A picture that is drawn again after so long at the earliest.
    pub(super) const fn new(pause: Duration) -> Self {
        Self { lines: Vec::new(), last: None, pause }
    }

    /// Whether it is time for another picture.
    pub(super) fn is_due(&self) -> bool {
        self.last.is_none_or(|last| now().duration_since(last) >= self.pause)
    }

    /// Draws heading, hops and what stands beneath them over what was drawn before; of the hops the last ones, where
    /// not all fit. Whoever has gone will be noticed when the results are printed.
    pub(super) fn draw(&mut self, heading: &str, hops: &[String], beneath: &[String], output: &mut Output) {
        let Some((width, height)) = output.size() else { return };
        let picture = fitting(heading.lines(), hops, beneath, width, height.saturating_sub(1));
        let mut text = back_to_top(&self.lines, width);
        self.lines.clear();
        // Line by line: clearing everything first makes some terminals keep each picture in their memory.
        for line in picture {
            text.push_str(line);
            text.push_str("\u{1b}[K\n");
            self.lines.push(visible_width(line));
        }
        text.push_str("\u{1b}[J");
        let _ = output.print(&text);
        self.last = Some(now());
    }

    /// Has the picture taken away as soon as there is a table in its place.
    pub(super) fn give_way(&mut self, output: &mut Output) {
        if let Some((width, _)) = output.size().filter(|_| !self.lines.is_empty()) {
            output.before_next(back_to_top(&self.lines, width) + "\u{1b}[J");
        }
        self.lines.clear();
    }

    /// Leaves what stands there, and draws the next picture beneath it.
    pub(super) fn leave(&mut self) {
        self.lines.clear();
        self.last = None;
    }
}

/// A trace of one round.
pub(super) struct Live {
    paint: Paint,
    picture: Picture,
}

impl Live {
    pub(super) const fn new(paint: Paint) -> Self {
        Self { paint, picture: Picture::new(PAUSE) }
    }

    /// Whether it is time for another picture.
    pub(super) fn is_due(&self) -> bool {
        self.picture.is_due()
    }

    /// Draws the trace as it is now.
    pub(super) fn draw(&mut self, trace: &Trace, remarks: &[String], output: &mut Output) {
        let Some((width, _)) = output.size() else { return };
        let atlas = Atlas::default();
        // Of the hops that nobody has answered for yet the first is enough.
        let heard = trace.hops.iter().rposition(trace_core::model::Hop::answered).map_or(0, |last| last + 1);
        let shown = trace.hops.get(..(heard + 1).min(trace.hops.len())).unwrap_or_default();
        let tallies = Tallies::default();
        let hops = Hops {
            hops: shown,
            findings: &[],
            statistics: &[],
            atlas: &atlas,
            target: trace.target.as_ref(),
            verdicts: false,
            columns: Hops::columns_for(trace.protocol, trace.settings.as_ref(), &tallies, Display::default()),
            names: false,
        };
        let heading = table::heading(trace, remarks, self.paint);
        self.picture.draw(&heading, &hops.cut_lines(self.paint, width), &[], output);
    }

    /// Has the picture taken away as soon as there is a table in its place.
    pub(super) fn give_way(&mut self, output: &mut Output) {
        self.picture.give_way(output);
    }
}

/// The heading, what stands beneath, and as many of the last hops as fit between them into `height` rows of a terminal.
fn fitting<'a>(
    heading: impl Iterator<Item = &'a str>,
    hops: &'a [String],
    beneath: &'a [String],
    width: usize,
    height: usize,
) -> Vec<&'a str> {
    let tall = |lines: &[&str]| lines.iter().map(|line| rows(visible_width(line), width)).sum::<usize>();
    let mut picture: Vec<&str> = heading.collect();
    // What scrolls out at the top cannot be drawn over: better no heading than two.
    while tall(&picture) > height {
        picture.pop();
    }
    // Hops matter more than what stands beneath them: at least half of the room is theirs.
    let mut beneath: Vec<&str> = beneath.iter().map(String::as_str).collect();
    let room = height.saturating_sub(tall(&picture));
    let wanted = hops.len().min(room.div_ceil(2));
    while tall(&beneath) + wanted > room {
        if beneath.pop().is_none() {
            break;
        }
    }
    let room = room.saturating_sub(tall(&beneath));
    let first = hops.len().saturating_sub(room);
    // The headings of the columns stay while hops go.
    let heads = hops.first().filter(|_| first > 0 && room > 0);
    picture.extend(heads.map(String::as_str));
    let rest = hops.get(if heads.is_some() { first + 1 } else { first }..).unwrap_or_default();
    picture.extend(rest.iter().map(String::as_str));
    picture.extend(beneath);
    picture
}

/// Brings the cursor to the beginning of lines that were drawn, on a terminal that has `width` columns by now.
fn back_to_top(lines: &[usize], width: usize) -> String {
    let rows: usize = lines.iter().map(|line| rows(*line, width)).sum();
    match rows {
        0 => "\r".to_owned(),
        rows => format!("\r\u{1b}[{rows}A"),
    }
}

/// The rows that a line of so many columns takes.
const fn rows(columns: usize, width: usize) -> usize {
    if columns == 0 || width == 0 { 1 } else { columns.div_ceil(width) }
}

/// The columns of a line, colours left out.
fn visible_width(line: &str) -> usize {
    let mut pieces = line.split('\u{1b}');
    let first = pieces.next().unwrap_or_default().width();
    let rest = pieces.map(|piece| piece.split_once('m').map_or(0, |(_, text)| text.width()));
    first + rest.sum::<usize>()
}

#[expect(
    clippy::disallowed_methods,
    reason = "how often a terminal is drawn on is no matter of the measurement"
)]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paint::Ink;

    #[test]
    fn colours_take_no_columns() {
        let line = format!("{} 東京", Paint::Colored.apply(Ink::Bad, "100%"));
        assert_eq!(visible_width(&line), 9);
        assert_eq!(visible_width(""), 0);
    }

    #[test]
    fn a_terminal_that_got_narrower_has_more_rows_to_go_back() {
        assert_eq!(back_to_top(&[80, 40, 0], 80), "\r\u{1b}[3A");
        assert_eq!(back_to_top(&[80, 40, 0], 40), "\r\u{1b}[4A");
        assert_eq!(back_to_top(&[], 40), "\r");
    }

    #[test]
    fn a_low_terminal_shows_the_last_hops_under_their_headings() {
        let hops: Vec<String> = ["TTL", "1", "2", "3", "4"].map(str::to_owned).into();
        assert_eq!(
            fitting(["target"].into_iter(), &hops, &[], 80, 10),
            ["target", "TTL", "1", "2", "3", "4"]
        );
        assert_eq!(fitting(["target"].into_iter(), &hops, &[], 80, 4), ["target", "TTL", "3", "4"]);
        assert_eq!(fitting(["target"].into_iter(), &hops, &[], 80, 1), ["target"]);
        assert_eq!(fitting(["target"].into_iter(), &hops, &[], 80, 0), [""; 0]);
        assert_eq!(fitting(["target"].into_iter(), &hops, &[], 3, 4), ["target", "TTL", "4"]);
        let keys = ["? help".to_owned(), "changed".to_owned()];
        assert_eq!(
            fitting(["target"].into_iter(), &hops, &keys, 80, 5),
            ["target", "TTL", "4", "? help", "changed"]
        );
        assert_eq!(fitting(["target"].into_iter(), &hops, &keys, 80, 1), ["target"]);
    }
}
