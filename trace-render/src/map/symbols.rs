use crate::clip::Pixel;
use crate::picture::{Pencil, Picture};
use crate::scene::{Mark, Spot, Trust};
use crate::theme::{Color, MARK_CASING};

use super::Map;

/// The radius of the ring around a target, in radii of a mark.
const TARGET_RING: f64 = 1.95;

impl Map<'_> {
    pub(super) fn draw_marks(&self, picture: &mut Picture) {
        for (mark, pixel) in self.scene.marks.iter().zip(&self.pixels) {
            if let (Spot::Point(_), Some(pixel)) = (mark.spot, pixel) {
                self.draw_mark(picture, mark, *pixel);
            }
        }
    }

    fn draw_mark(&self, picture: &mut Picture, mark: &Mark, at: Pixel) {
        let colors: Vec<Color> = mark.stops.iter().map(|stop| self.options.theme.route(stop.route)).collect();
        self.draw_symbol(picture, at, &colors, mark.trust, mark.is_origin(), mark.is_target());
    }

    /// A mark's symbol; the legend shows the same ones.
    pub(super) fn draw_symbol(
        &self,
        picture: &mut Picture,
        at: Pixel,
        colors: &[Color],
        trust: Trust,
        origin: bool,
        target: bool,
    ) {
        let palette = self.options.theme.palette();
        let radius = self.mark_radius();
        let casing = MARK_CASING * self.unit;
        let first = colors.first().copied().unwrap_or(palette.ink);
        let circle = |radius: f64| {
            let mut pencil = Pencil::default();
            pencil.circle(at, radius);
            pencil
        };
        let square = |half: f64| {
            let (x, y) = at;
            let mut pencil = Pencil::default();
            pencil.polygon(&[(x, y - half), (x + half, y), (x, y + half), (x - half, y)]);
            pencil
        };
        if target {
            picture.stroke(circle(radius * TARGET_RING), palette.casing, 5.0 * self.unit);
            picture.stroke(circle(radius * TARGET_RING), first, 2.4 * self.unit);
        }
        if trust != Trust::Sound {
            picture.fill(circle(radius + casing), palette.casing);
            picture.stroke(circle(radius - 0.4 * self.unit), first, 2.4 * self.unit);
            if trust == Trust::Impossible {
                let arm = radius * 0.5;
                let (x, y) = at;
                let mut pencil = Pencil::default();
                pencil.line(&[(x - arm, y - arm), (x + arm, y + arm)]);
                pencil.line(&[(x - arm, y + arm), (x + arm, y - arm)]);
                picture.stroke(pencil, first, 1.8 * self.unit);
            }
            return;
        }
        if origin {
            // A diamond as wide as the disc is, and a little more.
            picture.fill(square(radius * 1.45 + casing * 1.5), palette.casing);
            picture.fill(square(radius * 1.45), first);
        } else {
            picture.fill(circle(radius + casing), palette.casing);
            picture.fill(circle(radius), first);
        }
        if colors.len() > 1 {
            let mut from = 0.0;
            let share = core::f64::consts::TAU / f64::from(u32::try_from(colors.len()).unwrap_or(u32::MAX));
            for &color in colors {
                let mut wedge = vec![at];
                let mut step = 0.0;
                while step <= 16.0 {
                    let (sin, cos) = (from + share * step / 16.0).sin_cos();
                    wedge.push((at.0 + sin * radius, at.1 - cos * radius));
                    step += 1.0;
                }
                let mut pencil = Pencil::default();
                pencil.polygon(&wedge);
                picture.fill(pencil, color);
                from += share;
            }
        }
    }
}
