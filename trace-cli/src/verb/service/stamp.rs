//! The first line of every file that `service install` writes: who wrote it, and a checksum of the rest, by which a file
//! that was changed since is known.

const BEGINNING: &str = "# Written by `trace-cli service install`; ";

/// A text below its stamp.
pub(super) fn stamped(text: &str) -> String {
    format!(
        "{BEGINNING}what is changed here is not replaced. Checksum {:08x}\n{text}",
        crc32fast::hash(text.as_bytes())
    )
}

/// Whose a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// Ours, as it was written.
    Us,
    /// Ours, and changed since.
    UsAndAnother,
    /// Somebody else's.
    Another,
}

/// Who wrote a text.
pub(super) fn author(text: &str) -> Author {
    let Some((stamp, rest)) = text.split_once('\n') else { return Author::Another };
    if !stamp.starts_with(BEGINNING) {
        return Author::Another;
    }
    let sum = stamp.rsplit(' ').next().and_then(|sum| u32::from_str_radix(sum, 16).ok());
    if sum == Some(crc32fast::hash(rest.as_bytes())) { Author::Us } else { Author::UsAndAnother }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows() {
        let text = stamped("[Unit]\n");
        assert_eq!(author(&text), Author::Us);
        assert_eq!(author(&text.replace("Unit", "Unix")), Author::UsAndAnother);
        assert_eq!(author(&format!("{text}\n")), Author::UsAndAnother);
        for foreign in ["", "[Unit]\n", "# mine\n[Unit]\n", BEGINNING] {
            assert_eq!(author(foreign), Author::Another, "{foreign:?}");
        }
    }
}
