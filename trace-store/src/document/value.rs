//! Values of a document that need a spelling of their own.

use core::fmt;
use core::str::FromStr;
use core::time::Duration;

use serde::de::{Error as _, Visitor};
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;

/// Anything that is written as a word: addresses, ids, and the model's enums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text<T>(pub(crate) T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Text<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Word<T>(core::marker::PhantomData<T>);

        impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for Word<T> {
            type Value = Text<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Text<T>, E> {
                word.parse().map(Text).map_err(|error: T::Err| {
                    let message = error.to_string();
                    // The model's own errors quote the word already.
                    if message.contains(word) && !word.is_empty() {
                        E::custom(message)
                    } else {
                        E::custom(format_args!("{word:?}: {message}"))
                    }
                })
            }
        }

        deserializer.deserialize_str(Word(core::marker::PhantomData))
    }
}

/// A span of time, written in milliseconds as a decimal number that keeps every nanosecond.
///
/// A double holds nanoseconds exactly for 26 days only; a trace whose rounds go on for ever lasts longer. So
/// the digits are written and read as they stand. What is longer than 292 years (2^63 ns) is refused:
/// two spans can then always be added, and a database can hold each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Milliseconds(pub(crate) Duration);

const NANOSECONDS_PER_MILLISECOND: u128 = 1_000_000;

/// In nanoseconds.
const LONGEST: u64 = i64::MAX.cast_unsigned();

impl Milliseconds {
    fn to_text(self) -> String {
        let nanoseconds = self.0.as_nanos();
        let whole = nanoseconds / NANOSECONDS_PER_MILLISECOND;
        let part = nanoseconds % NANOSECONDS_PER_MILLISECOND;
        if part == 0 {
            return whole.to_string();
        }
        let text = format!("{whole}.{part:06}");
        text.trim_end_matches('0').to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        if !text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            // Exponents, written by other programs: the nearest nanosecond of a double.
            let seconds = text.parse::<f64>().ok()? / 1e3;
            let span = Duration::try_from_secs_f64(seconds).ok()?;
            return (span <= Duration::from_nanos(LONGEST)).then_some(Self(span));
        }
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let mut nanoseconds = whole.parse::<u128>().ok()?.checked_mul(NANOSECONDS_PER_MILLISECOND)?;
        let (kept, cut) = part.split_at_checked(6).unwrap_or((part, ""));
        nanoseconds = nanoseconds.checked_add(format!("{kept:0<6}").parse().ok()?)?;
        if cut.starts_with(['5', '6', '7', '8', '9']) {
            nanoseconds = nanoseconds.checked_add(1)?;
        }
        let nanoseconds = u64::try_from(nanoseconds).ok()?;
        (nanoseconds <= LONGEST).then_some(Self(Duration::from_nanos(nanoseconds)))
    }
}

impl Serialize for Milliseconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        RawValue::from_string(self.to_text()).map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Milliseconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Self::from_text(raw.get()).ok_or_else(|| {
            D::Error::custom(format_args!("{}: not a number of milliseconds from 0", excerpt(raw.get())))
        })
    }
}

/// The beginning of a text that may be long.
fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short
}

/// An instant, nanoseconds since 1970 UTC, written as RFC 3339 in UTC with nine decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Instant(pub(crate) i64);

impl Instant {
    pub(crate) fn to_text(self) -> Option<String> {
        let instant = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0)).ok()?;
        let format =
            format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:9]Z");
        instant.format(format).ok()
    }
}

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.to_text().ok_or_else(|| S::Error::custom("an instant beyond the calendar"))?;
        serializer.serialize_str(&text)
    }
}

impl FromStr for Instant {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let instant = OffsetDateTime::parse(text, &Rfc3339)
            .map_err(|error| format!("not an instant as RFC 3339 writes it: {error}"))?;
        i64::try_from(instant.unix_timestamp_nanos())
            .map(Self)
            .map_err(|_| "outside the years 1677 to 2262".to_owned())
    }
}

impl<'de> Deserialize<'de> for Instant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::<Self>::deserialize(deserializer).map(|Text(instant)| instant)
    }
}

/// A number of rounds. Rounds that went on until somebody ended them ([`u32::MAX`] in the model) are the word
/// `"forever"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rounds(pub(crate) u32);

impl Rounds {
    const FOREVER: u32 = u32::MAX;
    const WORD: &str = "forever";
}

impl Serialize for Rounds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Self::FOREVER => serializer.serialize_str(Self::WORD),
            rounds => serializer.serialize_u32(rounds),
        }
    }
}

impl<'de> Deserialize<'de> for Rounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberOrWord;

        impl Visitor<'_> for NumberOrWord {
            type Value = Rounds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of rounds, or \"forever\"")
            }

            fn visit_u64<E: serde::de::Error>(self, rounds: u64) -> Result<Rounds, E> {
                let unexpected = serde::de::Unexpected::Unsigned(rounds);
                u32::try_from(rounds).map(Rounds).map_err(|_| E::invalid_value(unexpected, &self))
            }

            fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<Rounds, E> {
                if word == Rounds::WORD {
                    Ok(Rounds(Rounds::FOREVER))
                } else {
                    Err(E::invalid_value(serde::de::Unexpected::Str(word), &self))
                }
            }
        }

        deserializer.deserialize_any(NumberOrWord)
    }
}

/// Bytes, written as hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hex(pub(crate) Vec<u8>);

impl fmt::Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for Hex {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let wrong = "not an even number of hexadecimal digits";
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if !rest.is_empty() {
            return Err(wrong);
        }
        let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
        pairs.iter().map(byte).collect::<Option<_>>().map(Self).ok_or(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ns(text: &str) -> Option<u128> {
        Milliseconds::from_text(text).map(|Milliseconds(span)| span.as_nanos())
    }

    #[test]
    fn milliseconds_keep_every_nanosecond() {
        for span in [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_nanos(412_000),
            Duration::from_nanos(9_007_199_254_740_993),
            Duration::from_nanos(LONGEST),
        ] {
            assert_eq!(Milliseconds::from_text(&Milliseconds(span).to_text()), Some(Milliseconds(span)));
        }
        assert_eq!(Milliseconds(Duration::from_nanos(412_000)).to_text(), "0.412");
        assert_eq!(Milliseconds(Duration::from_secs(2)).to_text(), "2000");
    }

    #[test]
    fn milliseconds_of_other_writers() {
        assert_eq!(ns("0.4124"), Some(412_400));
        assert_eq!(ns("1e-3"), Some(1_000));
        assert_eq!(ns("0.41200000000000003"), Some(412_000));
        assert_eq!(ns("0.9999995"), Some(1_000_000));
        for wrong in [
            "-1",
            "null",
            "\"1\"",
            "[]",
            "1e400",
            "1e15",
            "9223372036855",
            "999999999999999999999999999999999999999999",
            ".",
        ] {
            assert_eq!(ns(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn instants_are_utc_with_nine_decimals() {
        let text = "2026-11-23T22:58:32.000000120Z";
        let instant: Instant = text.parse().unwrap();
        assert_eq!(instant.to_text().as_deref(), Some(text));
        assert_eq!("2026-11-23T23:58:32.00000012+01:00".parse(), Ok(instant));
        for instant in [i64::MIN, -1, 0, i64::MAX] {
            let text = Instant(instant).to_text().unwrap();
            assert_eq!(text.parse(), Ok(Instant(instant)), "{text}");
        }
        assert!("9999-01-01T00:00:00Z".parse::<Instant>().is_err());
    }

    #[test]
    fn hex_refuses_what_is_none() {
        assert_eq!("00fF".parse(), Ok(Hex(vec![0, 255])));
        assert!("0".parse::<Hex>().is_err());
        assert!("0g".parse::<Hex>().is_err());
        assert!("é".parse::<Hex>().is_err());
    }
}
