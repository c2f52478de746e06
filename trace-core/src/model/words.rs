//! One macro for the enums that are words: their spelling in documents, flags and tables stands once.

/// Defines an enum whose every value has one spelling, with `as_str`, `Display`, `FromStr` and `ALL`.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident, $what:literal { $($(#[$doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl $name {
            /// Every value, in the order of its definition.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The spelling used in documents, flags and tables.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl core::str::FromStr for $name {
            type Err = crate::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(crate::Error::UnknownWord {
                        what: $what,
                        word: text.to_owned(),
                        known: concat!($($word, " "),+).trim_end(),
                    }),
                }
            }
        }
    };
}

pub(crate) use words;

#[cfg(test)]
mod tests {
    use core::str::FromStr;

    use crate::model::{Mode, Outcome, Protocols, ReplyKind};

    #[test]
    fn every_word_reads_back() {
        for &kind in ReplyKind::ALL {
            assert_eq!(kind.as_str().parse::<ReplyKind>().unwrap(), kind);
        }
        for &outcome in Outcome::ALL {
            assert_eq!(outcome.to_string().parse::<Outcome>().unwrap(), outcome);
        }
        assert_eq!(Protocols::from_str("all").unwrap(), Protocols::All);
    }

    #[test]
    fn an_unknown_word_is_told_with_those_known() {
        let error = "cooked".parse::<Mode>().unwrap_err();
        assert_eq!(error.to_string(), r#""cooked" is no mode; known are: raw unprivileged"#);
    }
}
