use crate::clip::Pixel;
use crate::picture::{Pencil, Picture};
use crate::scene::LegKind;

use super::Map;

/// A leg shorter than this many units shows no direction.
const LONG_ENOUGH: f64 = 70.0;

impl Map<'_> {
    pub(super) fn draw_legs(&self, picture: &mut Picture) {
        let unit = self.unit;
        let palette = self.options.theme.palette();
        // All casings lie below all legs, so that crossings stay readable.
        for (leg, course) in self.scene.legs.iter().zip(&self.courses) {
            if !self.scene.touches_area(leg) {
                let width = if leg.kind == LegKind::Direct { 6.0 } else { 5.0 };
                picture.stroke(drawn(course), palette.casing.with_alpha(190), width * unit);
            }
        }
        for (leg, course) in self.scene.legs.iter().zip(&self.courses) {
            let color = self.options.theme.route(leg.route);
            match leg.kind {
                _ if self.scene.touches_area(leg) => {
                    picture.dashes(drawn(course), color.with_alpha(200), 2.4 * unit, [0.01, 6.5 * unit]);
                }
                LegKind::Direct => picture.stroke(drawn(course), color, 2.8 * unit),
                LegKind::Gap(_) => picture.dashes(drawn(course), color, 2.4 * unit, [9.0 * unit, 7.0 * unit]),
            }
            if let Some((tip, heading)) = middle(course, LONG_ENOUGH * unit) {
                let arrow = |size: f64| {
                    let (sin, cos) = heading;
                    let turn = |x: f64, y: f64| {
                        (tip.0 + (x * cos - y * sin) * size, tip.1 + (x * sin + y * cos) * size)
                    };
                    let mut pencil = Pencil::default();
                    pencil.polygon(&[turn(1.0, 0.0), turn(-0.8, 0.85), turn(-0.4, 0.0), turn(-0.8, -0.85)]);
                    pencil
                };
                picture.stroke(arrow(7.0 * unit), palette.casing.with_alpha(220), 2.6 * unit);
                picture.fill(arrow(7.0 * unit), color);
            }
        }
    }
}

fn drawn(course: &[Vec<Pixel>]) -> Pencil {
    let mut pencil = Pencil::default();
    for run in course {
        pencil.line(run);
    }
    pencil
}

/// The middle of a leg and the sine and cosine of its direction there; `None` for a short one.
fn middle(course: &[Vec<Pixel>], least: f64) -> Option<(Pixel, (f64, f64))> {
    let pairs = || course.iter().flat_map(|run| run.iter().zip(run.iter().skip(1)));
    let length = |(a, b): (&Pixel, &Pixel)| (b.0 - a.0).hypot(b.1 - a.1);
    let whole: f64 = pairs().map(length).sum();
    if whole < least {
        return None;
    }
    let mut left = whole / 2.0;
    for (a, b) in pairs() {
        let here = length((a, b));
        if here >= left && here > 0.0 {
            let t = left / here;
            let (dx, dy) = (b.0 - a.0, b.1 - a.1);
            return Some(((a.0 + dx * t, a.1 + dy * t), (dy / here, dx / here)));
        }
        left -= here;
    }
    None
}
