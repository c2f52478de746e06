//! Text from the network on its way to a terminal.

use core::fmt::Write as _;

/// `text` with everything that could steer a terminal or turn its text around made visible: control
/// characters (C0, DEL, C1), line and paragraph separators, bidirectional controls (Unicode TR 36 section
/// 2.6) and other invisible format characters become `\u{..}`.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        if steers(character) {
            // Writing to a String cannot fail.
            let _ = write!(out, "\\u{{{:x}}}", u32::from(character));
        } else {
            out.push(character);
        }
    }
    out
}

fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn ordinary_text_stays() {
        for text in ["São Paulo", "東京", "core1.fra.example.net", "Łódź \\ 50%", ""] {
            assert_eq!(escape(text), text);
        }
    }

    #[test]
    fn what_steers_a_terminal_becomes_visible() {
        assert_eq!(escape("\u{1b}[2Jgone\r\n"), r"\u{1b}[2Jgone\u{d}\u{a}");
        assert_eq!(escape("a\u{202e}gnp.exe"), r"a\u{202e}gnp.exe");
        assert_eq!(escape("\u{9b}31m\u{7f}\u{2028}\u{feff}"), r"\u{9b}31m\u{7f}\u{2028}\u{feff}");
    }
}
