//! Values that are typed, and how they are read.

use std::str::FromStr;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use trace_core::model::{Coordinates, Mode, Protocol, Ttl};
use trace_render::{Extent, Projection, Theme};

/// A choice that may be left to the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked<T> {
    /// `auto`.
    Auto,
    /// This and nothing else.
    Exactly(T),
}

/// Reads `--protocol`. What a later release will bring is known by name.
pub(super) fn protocol() -> impl TypedValueParser<Value = Asked<Protocol>> {
    let known = ["auto", "icmp", "udp", "tcp"].map(PossibleValue::new);
    let later = PossibleValue::new("all").hide(true);
    PossibleValuesParser::new(known.into_iter().chain([later])).try_map(|word| match word.as_str() {
        "auto" => Ok(Asked::Auto),
        word => word
            .parse()
            .map(Asked::Exactly)
            .map_err(|_| "several protocols side by side are not offered yet; use auto, icmp, udp or tcp"),
    })
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

/// Reads `LAT,LON`.
pub(super) fn coordinates(text: &str) -> Result<Coordinates, String> {
    text.split_once(',')
        .and_then(|(latitude, longitude)| {
            Coordinates::new(latitude.trim().parse().ok()?, longitude.trim().parse().ok()?)
        })
        .ok_or_else(|| {
            "two numbers are needed: latitude (-90 to 90) and longitude (-180 to 180), as -34.6,-58.4"
                .to_owned()
        })
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
