//! What a person may choose of a map.

use core::fmt;
use core::str::FromStr;

use crate::{Error, Projection, Theme};

/// How a map is to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapOptions {
    /// The width in pixels, 64 to 16,384.
    pub width: u32,
    /// The height in pixels, 64 to 16,384; width times height is at most 67,108,864.
    pub height: u32,
    /// Bright or dark.
    pub theme: Theme,
    /// How much of the globe is shown.
    pub extent: Extent,
    /// The projection; `None` takes what suits the extent: Lambert azimuthal for a route that fits a continent or
    /// an ocean, Natural Earth for anything larger.
    pub projection: Option<Projection>,
    /// Whether meridians and parallels are drawn.
    pub graticule: bool,
}

/// How much of the globe a map shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Extent {
    /// All of it, turned so that the route lies in the middle.
    World,
    /// The route with some country around it, never less than [`crate::LEAST_KM`] across.
    #[default]
    Fit,
}

impl Extent {
    /// Every value, in the order of its definition.
    pub const ALL: &'static [Self] = &[Self::World, Self::Fit];

    /// The spelling used in flags.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::World => "world",
            Self::Fit => "fit",
        }
    }
}

impl fmt::Display for Extent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Extent {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|extent| extent.as_str() == text).ok_or_else(|| Error::UnknownWord {
            what: "extent",
            word: text.to_owned(),
            known: "world fit".to_owned(),
        })
    }
}

/// 1600 x 900, light, fitted to the route, with a graticule.
impl Default for MapOptions {
    fn default() -> Self {
        Self {
            width: 1600,
            height: 900,
            theme: Theme::Light,
            extent: Extent::Fit,
            projection: None,
            graticule: true,
        }
    }
}

/// The shortest and the longest side of a canvas, in pixels.
const SIDES: core::ops::RangeInclusive<u32> = 64..=16_384;
/// The greatest area of a canvas: 256 MiB while it is painted.
const BUDGET: u64 = 64 << 20;

impl MapOptions {
    /// Checks the size of the canvas.
    ///
    /// # Errors
    /// [`Error::Canvas`] where a side or the whole is too small or too large.
    pub fn check(&self) -> Result<(), Error> {
        let area = u64::from(self.width) * u64::from(self.height);
        if SIDES.contains(&self.width) && SIDES.contains(&self.height) && area <= BUDGET {
            return Ok(());
        }
        Err(Error::Canvas {
            width: self.width,
            height: self.height,
            min: *SIDES.start(),
            max: *SIDES.end(),
            budget: BUDGET,
        })
    }

    /// Pixels per unit of length: 1 on a canvas of 1600 x 900; on small ones letters stay readable.
    pub(crate) fn unit(&self) -> f64 {
        (f64::from(self.width) / 1600.0).min(f64::from(self.height) / 900.0).max(0.7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_canvas_has_limits() {
        let size = |width, height| MapOptions { width, height, ..MapOptions::default() }.check();
        assert!(size(64, 64).is_ok() && size(1600, 900).is_ok() && size(16_384, 4_096).is_ok());
        for (width, height) in
            [(0, 0), (63, 900), (900, 63), (16_385, 100), (16_384, 16_384), (u32::MAX, u32::MAX)]
        {
            let message = size(width, height).unwrap_err().to_string();
            assert!(message.contains(&width.to_string()) && message.contains("16384"), "{message}");
        }
    }
}
