//! Colours, where there are any.

use anstyle::{AnsiColor, Style};

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// Not at all.
    Plain,
    /// With escape sequences.
    Colored,
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Nothing special.
    Normal,
    /// Headings.
    Heading,
    /// What matters less: silent hops, remarks.
    Faint,
    /// All is well.
    Good,
    /// Look here.
    Warning,
    /// Something failed.
    Bad,
}

impl Paint {
    /// `text` in the colour of `ink`.
    pub(crate) fn apply(self, ink: Ink, text: &str) -> String {
        if self == Self::Plain || ink == Ink::Normal || text.is_empty() {
            return text.to_owned();
        }
        let style = style(ink);
        format!("{style}{text}{style:#}")
    }
}

fn style(ink: Ink) -> Style {
    match ink {
        Ink::Normal => Style::new(),
        Ink::Heading => Style::new().bold(),
        Ink::Faint => Style::new().dimmed(),
        Ink::Good => AnsiColor::Green.on_default(),
        Ink::Warning => AnsiColor::Yellow.on_default(),
        Ink::Bad => AnsiColor::Red.on_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_stays_plain_and_coloured_text_is_reset() {
        assert_eq!(Paint::Plain.apply(Ink::Bad, "loss"), "loss");
        assert_eq!(Paint::Colored.apply(Ink::Bad, "loss"), "\u{1b}[31mloss\u{1b}[0m");
        assert_eq!(Paint::Colored.apply(Ink::Normal, "loss"), "loss");
        assert_eq!(Paint::Colored.apply(Ink::Bad, ""), "");
    }
}
