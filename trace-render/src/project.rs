//! Projections: from degrees to the plane by published formulas.

use core::fmt;
use core::str::FromStr;

use trace_core::model::Coordinates;

use crate::Error;
use crate::sphere::{Degrees, wrap};

/// How the globe is laid flat. Angles below are in radians, λ is the longitude east of the centre meridian
/// brought into -π..π, φ the latitude; x runs east, y north.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Projection {
    /// Natural Earth I: pseudocylindrical, neither equal-area nor conformal, made to look right as a whole
    /// (B. Šavrič, B. Jenny, T. Patterson, D. Petrovič, L. Hurni, "A polynomial equation for the Natural Earth
    /// projection", Cartography and Geographic Information Science 38 (4), 2011, equation 4):
    ///
    /// ```text
    /// x = λ (0.8707   - 0.131979 φ²             - 0.013791 φ⁴ + 0.003971 φ¹⁰ - 0.001529 φ¹²)
    /// y = φ (1.007226 + 0.015085 φ² - 0.044475 φ⁶ + 0.028874 φ⁸ - 0.005916 φ¹⁰)
    /// ```
    NaturalEarth,
    /// Equirectangular with a standard parallel φ₁ (Snyder, "Map Projections: A Working Manual", USGS
    /// Professional Paper 1395, 1987, equations 12-1 and 12-2 with φ₁ as latitude of true scale):
    ///
    /// ```text
    /// x = λ cos φ₁
    /// y = φ
    /// ```
    Equirectangular,
    /// Lambert azimuthal equal-area around (λ₀, φ₀) (Snyder 1987, equations 22-4, 22-5 and 24-2):
    ///
    /// ```text
    /// k = √(2 / (1 + sin φ₀ sin φ + cos φ₀ cos φ cos λ))
    /// x = k cos φ sin λ
    /// y = k (cos φ₀ sin φ - sin φ₀ cos φ cos λ)
    /// ```
    Azimuthal,
}

/// How far from its centre an azimuthal map reaches, in degrees.
pub(crate) const AZIMUTHAL_REACH: f64 = 120.0;

impl Projection {
    /// Every value, in the order of its definition.
    pub const ALL: &'static [Self] = &[Self::NaturalEarth, Self::Equirectangular, Self::Azimuthal];

    /// The spelling used in flags.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NaturalEarth => "natural-earth",
            Self::Equirectangular => "equirectangular",
            Self::Azimuthal => "azimuthal",
        }
    }

    /// Whether the globe is cut along the meridian opposite the centre.
    pub(crate) const fn is_cut(self) -> bool {
        matches!(self, Self::NaturalEarth | Self::Equirectangular)
    }

    /// The plane point of `point` on a sphere of radius 1. The longitude may be given relative to the
    /// centre beyond 180 degrees; only the azimuthal projection minds whole turns.
    fn forward(self, centre: Degrees, relative: f64, latitude: f64) -> Option<(f64, f64)> {
        let (lambda, phi) = (relative.to_radians(), latitude.to_radians());
        match self {
            Self::NaturalEarth => {
                let p2 = phi * phi;
                let p4 = p2 * p2;
                let p6 = p2 * p4;
                let p10 = p4 * p6;
                let x =
                    lambda * (0.8707 - 0.131979 * p2 - 0.013791 * p4 + 0.003971 * p10 - 0.001529 * p6 * p6);
                let y =
                    phi * (1.007226 + 0.015085 * p2 - 0.044475 * p6 + 0.028874 * p4 * p4 - 0.005916 * p10);
                Some((x, y))
            }
            Self::Equirectangular => Some((lambda * centre.y.to_radians().cos(), phi)),
            Self::Azimuthal => {
                let (sin_0, cos_0) = centre.y.to_radians().sin_cos();
                let (sin, cos) = phi.sin_cos();
                let cos_c = sin_0 * sin + cos_0 * cos * lambda.cos();
                if cos_c < AZIMUTHAL_REACH.to_radians().cos() - 1e-9 {
                    return None;
                }
                let k = (2.0 / (1.0 + cos_c)).sqrt();
                Some((k * cos * lambda.sin(), k * (cos_0 * sin - sin_0 * cos * lambda.cos())))
            }
        }
    }

    /// Half the width and half the height of the whole globe in the plane.
    pub(crate) fn half_size(self, centre: Degrees) -> (f64, f64) {
        match self {
            Self::NaturalEarth | Self::Equirectangular => {
                let width = self.forward(centre, 180.0, 0.0).map_or(0.0, |(x, _)| x);
                let height = self.forward(centre, 0.0, 90.0).map_or(0.0, |(_, y)| y);
                (width, height)
            }
            Self::Azimuthal => {
                let radius = 2.0 * (AZIMUTHAL_REACH / 2.0).to_radians().sin();
                (radius, radius)
            }
        }
    }
}

impl fmt::Display for Projection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Projection {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|projection| projection.as_str() == text).ok_or_else(|| {
            Error::UnknownWord {
                what: "projection",
                word: text.to_owned(),
                known: Self::ALL.iter().map(|projection| projection.as_str()).collect::<Vec<_>>().join(" "),
            }
        })
    }
}

/// Where on the canvas a drawn map puts the globe.
///
/// A point at longitude λ and latitude φ lies at pixel `x = self.x + self.scale * X`,
/// `y = self.y - self.scale * Y`, where `(X, Y)` is what the formula of [`Projection`] gives. Pixels are counted
/// from the upper left corner of the canvas: the point (10.5, 20.5) is the centre of the pixel in column 10, row 20.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct View {
    /// The projection.
    pub projection: Projection,
    /// λ₀, the centre meridian, in degrees, -180 to 180.
    pub longitude: f64,
    /// φ₀ of the azimuthal projection, φ₁ of the equirectangular one, in degrees; 0 for Natural Earth.
    pub latitude: f64,
    /// Pixels per radian.
    pub scale: f64,
    /// The column of the projection's origin (λ₀ and the equator; the centre of an azimuthal map).
    pub x: f64,
    /// The row of the projection's origin.
    pub y: f64,
}

impl View {
    /// The pixel of a point; `None` where the projection does not reach it. The point may lie off the canvas.
    #[must_use]
    pub fn position(&self, point: Coordinates) -> Option<(f64, f64)> {
        self.pixel(point.into())
    }

    pub(crate) const fn centre(&self) -> Degrees {
        Degrees { x: self.longitude, y: self.latitude }
    }

    pub(crate) fn pixel(&self, point: Degrees) -> Option<(f64, f64)> {
        self.pixel_at(wrap(point.x - self.longitude), point.y)
    }

    /// The pixel of a point whose longitude is counted from the centre meridian and not brought into
    /// -180..180: on the map's edge it is told from which side.
    pub(crate) fn pixel_at(&self, relative: f64, latitude: f64) -> Option<(f64, f64)> {
        let (x, y) = self.projection.forward(self.centre(), relative, latitude)?;
        Some((self.x + self.scale * x, self.y - self.scale * y))
    }

    /// The point at the plane position (x, y) around the centre of an azimuthal map (Snyder 1987, equations
    /// 20-14, 20-15 and 24-16).
    pub(crate) fn azimuthal_inverse(centre: Degrees, x: f64, y: f64) -> Degrees {
        let rho = x.hypot(y);
        if rho < 1e-12 {
            return centre;
        }
        let (sin_c, cos_c) = (2.0 * (rho / 2.0).min(1.0).asin()).sin_cos();
        let (sin_0, cos_0) = centre.y.to_radians().sin_cos();
        let latitude = (cos_c * sin_0 + y * sin_c * cos_0 / rho).clamp(-1.0, 1.0).asin();
        let longitude = (x * sin_c).atan2(rho * cos_0 * cos_c - y * sin_0 * sin_c);
        Degrees { x: wrap(centre.x + longitude.to_degrees()), y: latitude.to_degrees() }
    }
}

#[cfg(test)]
mod tests;
