//! Explains the symbols.

use crate::clip::Rect;
use crate::font::{Weight, width};
use crate::picture::{Pencil, Picture};
use crate::scene::{LegKind, Mark, Spot, Trust};

use super::Map;
use super::marginalia::{SIDE, SMALL};

/// What a legend can explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entry {
    Number,
    Area,
    Start,
    Hop,
    Target,
    Doubt,
    Impossible,
    Gap,
    Roughly,
}

impl Entry {
    const fn text(self) -> &'static str {
        match self {
            Self::Number => "hops",
            Self::Area => "somewhere in this country",
            Self::Start => "start",
            Self::Hop => "place",
            Self::Target => "target",
            Self::Doubt => "place in doubt or anycast",
            Self::Impossible => "impossible place",
            Self::Gap => "hops without a place between",
            Self::Roughly => "course unknown",
        }
    }

    /// The width of its symbol, in units.
    const fn symbol(self) -> f64 {
        match self {
            Self::Gap | Self::Roughly => 36.0,
            Self::Number => 44.0,
            Self::Target => 38.0,
            Self::Area => 27.0,
            Self::Start | Self::Hop | Self::Doubt | Self::Impossible => 24.0,
        }
    }
}

impl Map<'_> {
    /// Explains the symbols that are on this map, and no others.
    pub(super) fn draw_legend(&self, picture: &mut Picture, middle: f64, right: f64) {
        let unit = self.unit;
        // With several routes the symbols stand for all of them.
        let one = self.scene.routes.len() == 1;
        let ink = self.options.theme.palette().faint_ink;
        let color = if one { self.options.theme.route(0) } else { ink };
        let mut x = SIDE * unit;
        for entry in self.legend() {
            let letters = width(entry.text(), Weight::Regular, SMALL, 0.0) * unit;
            let symbol = entry.symbol() * unit;
            if x + symbol + letters > right {
                continue;
            }
            let centre = (x + (symbol - 6.0 * unit) / 2.0, middle);
            let line = || {
                let mut pencil = Pencil::default();
                pencil.line(&[(x, middle), (x + 27.0 * unit, middle)]);
                pencil
            };
            match entry {
                Entry::Number => {
                    self.draw_badge(picture, "3–5", color, (x, middle - 9.5 * unit));
                }
                Entry::Start => self.draw_symbol(picture, centre, &[color], Trust::Sound, true, false),
                Entry::Hop => self.draw_symbol(picture, centre, &[color], Trust::Sound, false, false),
                Entry::Target => self.draw_symbol(picture, centre, &[color], Trust::Sound, false, true),
                Entry::Doubt => self.draw_symbol(picture, centre, &[color], Trust::Suspect, false, false),
                Entry::Impossible => {
                    self.draw_symbol(picture, centre, &[color], Trust::Impossible, false, false)
                }
                Entry::Area => {
                    let rect = Rect {
                        left: x,
                        top: middle - 6.5 * unit,
                        right: x + 19.0 * unit,
                        bottom: middle + 6.5 * unit,
                    };
                    let draw = || {
                        let mut pencil = Pencil::default();
                        pencil.rounded(rect, 3.0 * unit);
                        pencil
                    };
                    picture.fill(draw(), color.with_alpha(self.options.theme.palette().area));
                    picture.stroke(draw(), color.with_alpha(210), 1.5 * unit);
                }
                Entry::Gap => picture.dashes(line(), color, 2.4 * unit, [9.0 * unit, 7.0 * unit]),
                Entry::Roughly => {
                    picture.dashes(line(), color.with_alpha(200), 2.4 * unit, [0.01, 6.5 * unit]);
                }
            }
            picture.text(self.small(entry.text(), (x + symbol, middle)));
            x += symbol + letters + 26.0 * unit;
        }
    }

    fn legend(&self) -> Vec<Entry> {
        let marks: Vec<&Mark> = self
            .scene
            .marks
            .iter()
            .zip(&self.pixels)
            .filter(|(_, pixel)| pixel.is_some())
            .map(|(mark, _)| mark)
            .collect();
        let legs = &self.scene.legs;
        let area = |leg| self.scene.touches_area(leg);
        let points = || marks.iter().copied().filter(|mark| matches!(mark.spot, Spot::Point(_)));
        let present = [
            (Entry::Number, !marks.is_empty()),
            (Entry::Area, marks.iter().any(|mark| matches!(mark.spot, Spot::Area(_)))),
            (Entry::Start, points().any(Mark::is_origin)),
            (
                Entry::Hop,
                points().any(|mark| mark.trust == Trust::Sound && !mark.is_origin() && !mark.is_target()),
            ),
            (Entry::Target, points().any(Mark::is_target)),
            (Entry::Doubt, points().any(|mark| matches!(mark.trust, Trust::Suspect | Trust::Anycast))),
            (Entry::Impossible, points().any(|mark| mark.trust == Trust::Impossible)),
            (Entry::Gap, legs.iter().any(|leg| !area(leg) && matches!(leg.kind, LegKind::Gap(_)))),
            (Entry::Roughly, legs.iter().any(area)),
        ];
        present.into_iter().filter(|&(_, is)| is).map(|(entry, _)| entry).collect()
    }
}
