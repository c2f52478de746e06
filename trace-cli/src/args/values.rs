//! Values that are typed, and how they are read.

use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use trace_core::model::{Mode, OriginSource, Outcome, Protocols, Ttl};
use trace_geo::origin::{self, OriginFault, Stated};
use trace_render::{Extent, Projection, Theme};

/// A choice that may be left to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked<T> {
    /// `auto`.
    Auto,
    /// This and nothing else.
    Exactly(T),
}

/// Reads `--protocol`.
pub(super) fn protocol() -> impl TypedValueParser<Value = Asked<Protocols>> {
    PossibleValuesParser::new(["auto", "icmp", "udp", "tcp", "all"]).try_map(|word| match word.as_str() {
        "auto" => Ok(Asked::Auto),
        word => word.parse::<Protocols>().map(Asked::Exactly),
    })
}

/// Reads the protocols of traces that are kept.
pub(super) fn protocols() -> impl TypedValueParser<Value = Protocols> {
    PossibleValuesParser::new(["icmp", "udp", "tcp", "all"]).try_map(|word| word.parse::<Protocols>())
}

/// Reads how a trace ended.
pub(super) fn outcome() -> impl TypedValueParser<Value = Outcome> {
    PossibleValuesParser::new(Outcome::ALL.iter().map(|outcome| outcome.as_str()))
        .try_map(|word| word.parse::<Outcome>())
}

/// How often everything is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rounds {
    /// So often.
    Number(u32),
    /// Until somebody ends it.
    Forever,
}

/// Reads `--rounds`.
pub(super) fn rounds(text: &str) -> Result<Rounds, String> {
    match text.parse() {
        _ if text == "forever" => Ok(Rounds::Forever),
        Ok(number) if (1..u32::MAX).contains(&number) => Ok(Rounds::Number(number)),
        _ => Err("a whole number from 1 on is needed, or the word forever".to_owned()),
    }
}

/// Reads a number with or without `0x` before it.
pub(super) fn number(text: &str) -> Result<u32, String> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => text.parse(),
    };
    number.map_err(|_| "a whole number from 0 to 4294967295 is needed, as 7 or 0x7".to_owned())
}

/// Reads an IPv6 flow label: 20 bits (RFC 6437).
pub(super) fn flow_label(text: &str) -> Result<u32, String> {
    let label = number(text).ok().filter(|label| *label < 1 << 20);
    label.ok_or_else(|| "a flow label is a whole number from 0 to 1048575 (0xfffff)".to_owned())
}

/// Reads the name of an interface: up to 15 bytes (IFNAMSIZ), without / and white space (Linux, `dev_valid_name`).
pub(crate) fn interface(text: &str) -> Result<String, String> {
    let strange = |character: char| character == '/' || character.is_whitespace() || character.is_control();
    if text.is_empty() || text.len() > 15 || text == "." || text == ".." || text.contains(strange) {
        return Err("an interface has a name of 1 to 15 letters, as eth0".to_owned());
    }
    Ok(text.to_owned())
}

/// Reads `--mode`.
pub(super) fn mode() -> impl TypedValueParser<Value = Asked<Mode>> {
    PossibleValuesParser::new(["auto", "raw", "unprivileged"]).try_map(|word| match word.as_str() {
        "auto" => Ok(Asked::Auto),
        word => word.parse::<Mode>().map(Asked::Exactly),
    })
}

/// Reads `--theme`.
pub(super) fn theme() -> impl TypedValueParser<Value = Theme> {
    PossibleValuesParser::new(Theme::ALL.iter().map(|theme| theme.as_str()))
        .try_map(|word| word.parse::<Theme>())
}

/// Reads `--extent`.
pub(super) fn extent() -> impl TypedValueParser<Value = Extent> {
    PossibleValuesParser::new(Extent::ALL.iter().map(|extent| extent.as_str()))
        .try_map(|word| word.parse::<Extent>())
}

/// Reads `--projection`.
pub(super) fn projection() -> impl TypedValueParser<Value = Projection> {
    PossibleValuesParser::new(Projection::ALL.iter().map(|projection| projection.as_str()))
        .try_map(|word| word.parse::<Projection>())
}

/// Reads a TTL.
pub(super) fn ttl(text: &str) -> Result<Ttl, String> {
    text.parse().ok().and_then(Ttl::new).ok_or_else(|| "a TTL is a whole number from 1 to 255".to_owned())
}

/// Reads `LAT,LON` or the name of a city.
pub(super) fn origin(text: &str) -> Result<Stated, OriginFault> {
    origin::parse(text, OriginSource::Flag)
}

/// The size of a map in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Canvas {
    pub(crate) width: u32,
    pub(crate) height: u32,
}

impl FromStr for Canvas {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.split_once(['x', 'X'])
            .and_then(|(width, height)| {
                Some(Self { width: width.trim().parse().ok()?, height: height.trim().parse().ok()? })
            })
            .ok_or_else(|| "width and height in pixels are needed, as 1600x900".to_owned())
    }
}
