//! Text in columns.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::paint::{Ink, Paint};

/// Which side the text of a column stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// One piece of text in a grid, already escaped.
#[derive(Debug, Clone)]
pub(crate) struct Cell {
    text: String,
    ink: Ink,
}

impl Cell {
    /// A cell without colour.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ink: Ink::Normal }
    }

    /// A cell in the colour of `ink`.
    pub(crate) fn inked(ink: Ink, text: impl Into<String>) -> Self {
        Self { text: text.into(), ink }
    }

    /// A cell without anything.
    pub(crate) fn empty() -> Self {
        Self::new("")
    }
}

/// Rows in columns as wide as their widest cell, two spaces apart. A column without any text is left out.
#[derive(Debug)]
pub(crate) struct Grid {
    heads: Vec<(&'static str, Side)>,
    rows: Vec<Vec<Cell>>,
}

impl Grid {
    /// A grid with these headings.
    pub(crate) fn new(heads: impl IntoIterator<Item = (&'static str, Side)>) -> Self {
        Self { heads: heads.into_iter().collect(), rows: Vec::new() }
    }

    /// Adds a row; it has as many cells as there are headings.
    pub(crate) fn push(&mut self, row: impl IntoIterator<Item = Cell>) {
        self.rows.push(row.into_iter().collect());
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines: headings, then rows; none where there is no row. With `width`, lines are cut there.
    pub(crate) fn lines(&self, paint: Paint, width: Option<usize>) -> Vec<String> {
        if self.rows.is_empty() {
            return Vec::new();
        }
        let widths: Vec<usize> = (0..self.heads.len()).map(|column| self.width_of(column)).collect();
        let heads = self.heads.iter().map(|(head, _)| Cell::inked(Ink::Heading, *head)).collect();
        std::iter::once(&heads).chain(&self.rows).map(|row| self.line(row, &widths, paint, width)).collect()
    }

    /// The lines as one text.
    pub(crate) fn render(&self, paint: Paint) -> String {
        self.lines(paint, None).iter().flat_map(|line| [line.as_str(), "\n"]).collect()
    }

    /// How wide the widest line can get, the last column left out.
    pub(crate) fn width(&self) -> usize {
        let columns = 0..self.heads.len().saturating_sub(1);
        let widths = columns.map(|column| self.width_of(column)).filter(|width| *width > 0);
        widths.map(|width| width + 2).sum::<usize>().saturating_sub(2)
    }

    /// 0 for a column that nothing stands in.
    fn width_of(&self, column: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let widest = cells.map(|cell| cell.text.width()).max().unwrap_or(0);
        let head = self.heads.get(column).map_or(0, |(head, _)| head.width());
        if widest == 0 { 0 } else { widest.max(head) }
    }

    fn line(&self, row: &[Cell], widths: &[usize], paint: Paint, limit: Option<usize>) -> String {
        let limit = limit.unwrap_or(usize::MAX);
        let mut line = String::new();
        let mut used = 0;
        // Spaces are written once something stands behind them, so that no line ends in one.
        let mut owed = 0;
        let columns = row.iter().zip(&self.heads).zip(widths).filter(|(_, width)| **width > 0);
        for ((cell, (_, side)), &width) in columns {
            let text_width = cell.text.width();
            let padding = width.saturating_sub(text_width);
            if *side == Side::Right {
                owed += padding;
            }
            if text_width > 0 {
                let room = limit.saturating_sub(used + owed);
                let text = cut(&cell.text, room);
                if text.is_empty() {
                    break;
                }
                line.extend(std::iter::repeat_n(' ', owed));
                line.push_str(&paint.apply(cell.ink, text));
                used += owed + text_width;
                owed = 0;
            }
            if *side == Side::Left {
                owed += padding;
            }
            owed += 2;
        }
        line
    }
}

/// As much of the beginning of `text` as fits into `width` columns.
pub(crate) fn cut(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (index, character) in text.char_indices() {
        used += character.width().unwrap_or(0);
        if used > width {
            return text.get(..index).unwrap_or_default();
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use insta::assert_snapshot;

    fn sample() -> Grid {
        let mut grid =
            Grid::new([("TTL", Side::Right), ("Host", Side::Left), ("AS", Side::Left), ("ms", Side::Right)]);
        grid.push(["1", "192.0.2.1", "", "0.4"].map(Cell::new));
        grid.push(["10", "東京.example", "", "110.25"].map(Cell::new));
        grid.push(["11", "*", "", ""].map(Cell::new));
        grid
    }

    #[test]
    fn columns_are_as_wide_as_what_stands_in_them() {
        assert_snapshot!(sample().render(Paint::Plain), @r#"
        TTL  Host              ms
          1  192.0.2.1        0.4
         10  東京.example  110.25
         11  *
        "#);
    }

    #[test]
    fn a_narrow_terminal_cuts_lines() {
        assert_snapshot!(sample().lines(Paint::Plain, Some(12)).join("\n"), @r#"
        TTL  Host
          1  192.0.2
         10  東京.ex
         11  *
        "#);
    }

    #[test]
    fn cutting_never_splits_a_wide_character() {
        assert_eq!(cut("東京", 3), "東");
        assert_eq!(cut("abc", 3), "abc");
        assert_eq!(cut("abc", 0), "");
    }
}
