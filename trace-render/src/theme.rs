//! Colours and sizes, in one place.

use core::fmt;
use core::str::FromStr;

use crate::Error;

/// A colour with red, green, blue and opacity, 0 to 255 each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
    /// Opacity, 255 for opaque.
    pub alpha: u8,
}

impl Color {
    const fn opaque(rgb: u32) -> Self {
        let [_, red, green, blue] = rgb.to_be_bytes();
        Self { red, green, blue, alpha: 255 }
    }

    /// The same colour with another opacity.
    #[must_use]
    pub const fn with_alpha(self, alpha: u8) -> Self {
        Self { alpha, ..self }
    }
}

/// Whether the map is drawn on a bright or a dark ground.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Theme {
    /// For paper and bright pages.
    #[default]
    Light,
    /// For dark pages and screens on a wall.
    Dark,
}

/// The radius of a mark's disc in pixels, on a canvas of 1600 x 900; other canvases scale it by [`crate::Map::unit`].
pub const MARK_RADIUS: f64 = 6.5;

/// The width of the bright or dark ring around a mark's disc, in the same unit.
pub const MARK_CASING: f64 = 2.0;

/// The colours of routes, told apart with any kind of colour vision: after Okabe and Ito ("Color universal
/// design", 2008), darkened so that white text on them keeps a contrast of 4.5 to 1.
const LIGHT_ROUTES: [Color; 6] = [
    Color::opaque(0xc2_3b_06),
    Color::opaque(0x00_5f_a8),
    Color::opaque(0x00_73_54),
    Color::opaque(0x94_3a_7c),
    Color::opaque(0x7d_5a_00),
    Color::opaque(0x3d_4a_57),
];

/// The same, brightened for a dark ground and dark text.
const DARK_ROUTES: [Color; 6] = [
    Color::opaque(0xff_8b_4a),
    Color::opaque(0x62_b8_f5),
    Color::opaque(0x3f_cf_a0),
    Color::opaque(0xe0_98_cc),
    Color::opaque(0xf0_c9_3c),
    Color::opaque(0xd5_dd_e3),
];

impl Theme {
    /// Every value, in the order of its definition.
    pub const ALL: &'static [Self] = &[Self::Light, Self::Dark];

    /// The spelling used in flags.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// The colour of a route's marks and legs, by its place in [`crate::Scene::routes`]. A seventh route begins again with
    /// the first colour. The disc of a mark that belongs to one route is filled with exactly this colour.
    #[must_use]
    pub fn route(self, index: usize) -> Color {
        let colors = match self {
            Self::Light => &LIGHT_ROUTES,
            Self::Dark => &DARK_ROUTES,
        };
        colors.iter().cycle().nth(index % colors.len()).copied().unwrap_or(Color::opaque(0))
    }

    pub(crate) const fn palette(self) -> Palette {
        match self {
            Self::Light => Palette {
                page: Color::opaque(0xfb_fa_f7),
                ocean: Color::opaque(0xd9_e6_ec),
                shore: Color::opaque(0xc8_da_e3),
                shore_far: Color::opaque(0xd1_e0_e8),
                graticule: Color::opaque(0xc6_d7_df),
                land: Color::opaque(0xf6_f3_ec),
                border: Color::opaque(0xcf_c8_ba),
                coast: Color::opaque(0x9d_b3_bf),
                ink: Color::opaque(0x1d_26_2d),
                faint_ink: Color::opaque(0x55_61_6b),
                place: Color::opaque(0xa3_9c_8c),
                rule: Color::opaque(0xdd_d9_d0),
                halo: Color::opaque(0xfb_fa_f7).with_alpha(225),
                casing: Color::opaque(0xff_ff_ff),
                badge_ink: Color::opaque(0xff_ff_ff),
                area: 52,
            },
            Self::Dark => Palette {
                page: Color::opaque(0x0d_14_1b),
                ocean: Color::opaque(0x12_1d_28),
                shore: Color::opaque(0x19_29_37),
                shore_far: Color::opaque(0x15_23_2f),
                graticule: Color::opaque(0x1e_2c_39),
                land: Color::opaque(0x27_34_40),
                border: Color::opaque(0x43_52_5f),
                coast: Color::opaque(0x4c_63_74),
                ink: Color::opaque(0xee_f2_f5),
                faint_ink: Color::opaque(0x9f_ad_b9),
                place: Color::opaque(0x6c_7b_88),
                rule: Color::opaque(0x25_31_3c),
                halo: Color::opaque(0x0d_14_1b).with_alpha(215),
                casing: Color::opaque(0x0d_14_1b),
                badge_ink: Color::opaque(0x10_18_20),
                area: 64,
            },
        }
    }
}

/// The colours of everything that is not a route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Palette {
    pub(crate) page: Color,
    pub(crate) ocean: Color,
    /// A band of water along the coast.
    pub(crate) shore: Color,
    /// The same, farther out.
    pub(crate) shore_far: Color,
    pub(crate) graticule: Color,
    pub(crate) land: Color,
    pub(crate) border: Color,
    pub(crate) coast: Color,
    pub(crate) ink: Color,
    pub(crate) faint_ink: Color,
    /// Names of countries the route does not touch.
    pub(crate) place: Color,
    pub(crate) rule: Color,
    pub(crate) halo: Color,
    pub(crate) casing: Color,
    /// Text on a route's colour.
    pub(crate) badge_ink: Color,
    /// The opacity of a country's fill.
    pub(crate) area: u8,
}

impl fmt::Display for Theme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Theme {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::ALL.iter().copied().find(|theme| theme.as_str() == text).ok_or_else(|| Error::UnknownWord {
            what: "theme",
            word: text.to_owned(),
            known: "light dark".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance and contrast as WCAG 2.2 defines them.
    fn contrast(a: Color, b: Color) -> f64 {
        let luminance = |color: Color| {
            let [red, green, blue] = [color.red, color.green, color.blue].map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * red + 0.7152 * green + 0.0722 * blue
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_on_every_ground() {
        for &theme in Theme::ALL {
            let palette = theme.palette();
            for ground in [palette.page, palette.ocean, palette.land] {
                assert!(contrast(palette.ink, ground) > 7.0);
                assert!(contrast(palette.faint_ink, ground) > 4.5, "{theme} {ground:?}");
            }
            for index in 0..LIGHT_ROUTES.len() {
                let color = theme.route(index);
                assert!(contrast(color, palette.badge_ink) > 4.5, "{theme} route {index}");
                for ground in [palette.ocean, palette.land] {
                    assert!(contrast(color, ground) > 3.0, "{theme} route {index}");
                }
            }
        }
    }

    #[test]
    fn colours_repeat_and_words_are_read_back() {
        assert_eq!(Theme::Light.route(6), Theme::Light.route(0));
        assert_ne!(Theme::Light.route(1), Theme::Light.route(0));
        for &theme in Theme::ALL {
            assert_eq!(theme.to_string().parse::<Theme>().unwrap(), theme);
        }
        assert!("pink".parse::<Theme>().is_err());
    }
}
