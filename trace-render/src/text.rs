//! Text from the network, made fit to be drawn.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, decompose_canonical};

use crate::font::Font;

/// No text is longer than this, in characters, before it is measured.
const LONGEST: usize = 120;

/// Text as it can be drawn: one line, no control characters, nothing that turns the direction of writing, composed
/// (NFC), and only letters the typeface has; accents are dropped from letters it lacks, and what is left is a
/// replacement sign. `None` where nothing readable remains.
pub(crate) fn drawable(text: &str) -> Option<String> {
    let mut drawn = String::new();
    let mut readable = 0;
    let mut lost = 0;
    for letter in text.chars().take(4 * LONGEST).filter(|&letter| !is_invisible(letter)).nfc().take(LONGEST) {
        if letter.is_whitespace() || letter.is_control() {
            if !drawn.is_empty() && !drawn.ends_with(' ') {
                drawn.push(' ');
            }
        } else if Font::has(letter) {
            drawn.push(letter);
            readable += 1;
        } else if canonical_combining_class(letter) != 0 {
            // A mark that composed with nothing.
        } else {
            let mut base = None;
            decompose_canonical(letter, |part| base = base.or(Some(part)));
            match base.filter(|&base| Font::has(base)) {
                Some(base) => {
                    drawn.push(base);
                    readable += 1;
                }
                None => {
                    lost += 1;
                    if !drawn.ends_with('…') {
                        drawn.push('…');
                    }
                }
            }
        }
    }
    drawn.truncate(drawn.trim_end().len());
    (readable > lost).then_some(drawn)
}

/// Whether a character shows nothing itself, yet changes how others show: control characters other than white
/// space, bidirectional controls, joiners, variation selectors, tags (Unicode 16, general categories Cc and Cf).
fn is_invisible(letter: char) -> bool {
    matches!(u32::from(letter),
        0x00..=0x08 | 0x0e..=0x1f | 0x7f..=0x84 | 0x86..=0x9f | 0xad | 0x34f | 0x600..=0x605 | 0x61c | 0x6dd | 0x70f
        | 0x8e2 | 0x115f | 0x1160 | 0x17b4 | 0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x202a..=0x202e
        | 0x2060..=0x206f | 0x3164 | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xfffb | 0x1d173..=0x1d17a
        | 0xe0000..=0xe0fff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_world_stay_or_lose_what_cannot_be_drawn() {
        for name in ["São Paulo", "Đà Nẵng", "Łódź", "Reykjavík", "Ḩudaydah", "L'Aquila", "İzmir", "Iași"]
        {
            assert_eq!(drawable(name).as_deref(), Some(name));
        }
        assert_eq!(drawable("Sa\u{303}o Paulo").as_deref(), Some("São Paulo"));
        // The typeface has no c with circumflex and dot: what is left is the letter.
        assert_eq!(drawable("o\u{1ed9}\u{31b}x\u{489}").map(|text| text.is_empty()), Some(false));
        assert_eq!(drawable("東京"), None);
        assert_eq!(drawable("Tokyo 東京").as_deref(), Some("Tokyo …"));
        assert_eq!(drawable(""), None);
        assert_eq!(drawable("   "), None);
    }

    #[test]
    fn hostile_text_is_harmless() {
        assert_eq!(drawable("Ber\u{202e}lin\u{200b}\0\u{7}").as_deref(), Some("Berlin"));
        assert_eq!(drawable("a\r\n\tb\u{85}c").as_deref(), Some("a b c"));
        assert_eq!(drawable(&"x".repeat(1_000_000)).map(|text| text.len()), Some(LONGEST));
        assert_eq!(drawable(&format!("e{}", "\u{301}".repeat(100_000))).as_deref(), Some("é"));
        assert_eq!(drawable("\u{e0041}\u{fe0f}"), None);
    }
}
