//! Values that files write as words.

use core::fmt;
use core::marker::PhantomData;
use core::ops::RangeInclusive;
use core::str::FromStr;
use core::time::Duration;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::engine::Rule;
use crate::model::{Protocol, ReplyKind};
use crate::sim::RateLimit;

/// Anything that is spelled as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Word<T>(pub(super) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Word<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map(Self).map_err(de::Error::custom)
    }
}

/// A rule of the engine by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RuleName(pub(super) Rule);

const RULES: [(&str, Rule); 14] = [
    ("window", Rule::Window),
    ("burst", Rule::Burst),
    ("patience", Rule::Patience),
    ("order", Rule::Order),
    ("last-end", Rule::LastEnd),
    ("refusal", Rule::Refusal),
    ("cycle", Rule::Cycle),
    ("syn-alone", Rule::SynAlone),
    ("repeat", Rule::Repeat),
    ("length", Rule::Length),
    ("spacing", Rule::Spacing),
    ("trim", Rule::Trim),
    ("share", Rule::Share),
    ("together", Rule::Together),
];

impl<'de> Deserialize<'de> for RuleName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let known = RULES.iter().find(|(name, _)| *name == text);
        known.map(|(_, rule)| Self(*rule)).ok_or_else(|| {
            let names: Vec<&str> = RULES.iter().map(|(name, _)| *name).collect();
            de::Error::custom(format!("{text:?} is no rule; known are: {}", names.join(" ")))
        })
    }
}

/// One value or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Several<T>(Vec<T>);

impl<T> Several<T> {
    pub(super) fn one(value: T) -> Self {
        Self(vec![value])
    }

    pub(super) fn get(&self) -> &[T] {
        &self.0
    }
}

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Several<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore<T>(PhantomData<T>);
        impl<'de, T: FromStr<Err: fmt::Display>> Visitor<'de> for OneOrMore<T> {
            type Value = Several<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word or a list of words")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map(Several::one).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(Word(value)) = words.next_element()? {
                    values.push(value);
                }
                match values.is_empty() {
                    true => Err(de::Error::custom("an empty list: name at least one")),
                    false => Ok(Several(values)),
                }
            }
        }
        deserializer.deserialize_any(OneOrMore(PhantomData))
    }
}

/// Protocols: `true` for all, `false` for none, a word or a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Chosen(pub(super) Vec<Protocol>);

impl<'de> Deserialize<'de> for Chosen {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Protocols;
        impl<'de> Visitor<'de> for Protocols {
            type Value = Chosen;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, a protocol or a list of protocols")
            }

            fn visit_bool<E: de::Error>(self, all: bool) -> Result<Self::Value, E> {
                Ok(Chosen(if all { Protocol::ALL.to_vec() } else { Vec::new() }))
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map(|protocol| Chosen(vec![protocol])).map_err(E::custom)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut words: A) -> Result<Self::Value, A::Error> {
                let mut protocols = Vec::new();
                while let Some(Word(protocol)) = words.next_element()? {
                    protocols.push(protocol);
                }
                Ok(Chosen(protocols))
            }
        }
        deserializer.deserialize_any(Protocols)
    }
}

/// A time: `"5ms"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Time(pub(super) Duration);

impl FromStr for Time {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no time: write a number and us, ms or s, as \"5ms\"");
        let unit = text.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '.');
        let number = text.strip_suffix(unit).unwrap_or(text);
        let seconds: f64 = match unit {
            "us" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            _ => return Err(wrong()),
        };
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let nanoseconds = Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())?;
        // What was written in decimal has no more digits than these.
        Ok(Self(Duration::from_micros(
            u64::try_from((nanoseconds + Duration::from_nanos(500)).as_micros()).map_err(|_| wrong())?,
        )))
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Word::deserialize(deserializer).map(|Word(time)| time)
    }
}

/// A range of times or numbers, or one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Within<T>(pub(super) RangeInclusive<T>);

impl<T: FromStr<Err: fmt::Display> + Copy + PartialOrd> FromStr for Within<T> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let value = |text: &str| text.trim().parse::<T>().map_err(|error| format!("{text:?}: {error}"));
        let (least, most) = match text.split_once('-') {
            Some((least, most)) => (value(least)?, value(most)?),
            None => (value(text)?, value(text)?),
        };
        match least <= most {
            true => Ok(Self(least..=most)),
            false => Err(format!("the range {text:?} ends before it begins")),
        }
    }
}

impl<'de, T: FromStr<Err: fmt::Display> + Copy + PartialOrd> Deserialize<'de> for Within<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Range<T>(PhantomData<T>);
        impl<T: FromStr<Err: fmt::Display> + Copy + PartialOrd> Visitor<'_> for Range<T> {
            type Value = Within<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a range as \"1-3\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Range(PhantomData))
    }
}

/// Numbers and ranges: `"1-4 7"`; as part of a key with an underscore for the space.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Numbers(pub(super) Vec<u16>);

impl FromStr for Numbers {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut numbers = Vec::new();
        for part in text.split([' ', '_', ',']).filter(|part| !part.is_empty()) {
            let range: Within<u16> =
                part.parse().map_err(|error| format!("{text:?} are no numbers as \"1-4 7\": {error}"))?;
            numbers.extend(range.0);
        }
        if numbers.is_empty() { Err("no number at all".to_owned()) } else { Ok(Self(numbers)) }
    }
}

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or numbers as \"1-4 7\"")
            }

            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
                self.visit_str(&number.to_string())
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Text)
    }
}

/// What a router refuses: a kind for all protocols, or a kind for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusals(pub(super) Vec<(Protocol, ReplyKind)>);

impl<'de> Deserialize<'de> for Refusals {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Kinds;
        impl<'de> Visitor<'de> for Kinds {
            type Value = Refusals;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a kind of reply as \"host-unreachable\", or one for each protocol")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                let kind = text.parse().map_err(E::custom)?;
                Ok(Refusals(Protocol::ALL.iter().map(|protocol| (*protocol, kind)).collect()))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut kinds: A) -> Result<Self::Value, A::Error> {
                let mut refusals = Vec::new();
                while let Some((Word(protocol), Word(kind))) = kinds.next_entry()? {
                    refusals.push((protocol, kind));
                }
                Ok(Refusals(refusals))
            }
        }
        deserializer.deserialize_any(Kinds)
    }
}

/// `"linux"`, or a bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    Linux,
    Fixed(RateLimit),
}

impl<'de> Deserialize<'de> for Limit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Bucket {
            burst: u32,
            every: Time,
        }
        struct Limits;
        impl<'de> Visitor<'de> for Limits {
            type Value = Limit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"linux\" or { burst = 1, every = \"1s\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "linux" => Ok(Limit::Linux),
                    _ => Err(E::custom(format!("{text:?} is no limit; known are: linux"))),
                }
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let Bucket { burst, every } =
                    Bucket::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(Limit::Fixed(RateLimit { burst, every: every.0 }))
            }
        }
        deserializer.deserialize_any(Limits)
    }
}
