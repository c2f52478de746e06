//! What stands around the map: title, list of routes, source.

use crate::clip::{Pixel, Rect};
use crate::font::{Weight, fitted, width};
use crate::options::MapOptions;
use crate::picture::{Pencil, Picture, Text};
use crate::scene::Scene;

use super::Map;
use super::caption::{name, phrase, title};

/// Sizes in units.
pub(super) const SIDE: f64 = 30.0;
const TITLE: f64 = 27.0;
const SUBTITLE: f64 = 15.0;
const HEAD: f64 = 84.0;
const ROW: f64 = 26.0;
const FOOT: f64 = 42.0;
pub(super) const SMALL: f64 = 12.5;
/// The list of routes has at most this many rows.
const ROWS: usize = 3;
/// Smaller canvases, in pixels, show the map alone.
const LEAST: (u32, u32) = (320, 240);

/// What the map is drawn from; public domain, named by courtesy.
const SOURCE: &str = "Map data: Natural Earth";

/// The heights of what stands above and below the map.
pub(super) fn heights(scene: &Scene, options: &MapOptions, list: bool) -> (f64, f64) {
    if options.width < LEAST.0 || options.height < LEAST.1 {
        return (0.0, 0.0);
    }
    let unit = options.unit();
    let rows = if scene.routes.len() > 1 { rows(scene, options).len().min(ROWS) } else { 0 };
    let rows = f64::from(u32::try_from(rows).unwrap_or(0)) * ROW;
    ((HEAD + rows) * unit, (FOOT + if list { 22.0 } else { 0.0 }) * unit)
}

/// An entry of the list of routes: its place in the scene and its text.
type Entry = (usize, String);

/// The list of routes, set in rows.
fn rows(scene: &Scene, options: &MapOptions) -> Vec<Vec<Entry>> {
    let available = f64::from(options.width) / options.unit() - 2.0 * SIDE;
    let mut rows: Vec<Vec<Entry>> = Vec::new();
    let mut used = f64::MAX;
    for (index, route) in scene.routes.iter().enumerate() {
        let outcome = route.outcome.map(|outcome| format!(" · {}", phrase(outcome))).unwrap_or_default();
        let entry = format!("{}{outcome}", name(route));
        let entry = fitted(&entry, Weight::Regular, SUBTITLE, (available - 30.0).min(420.0));
        let wide = 46.0 + width(&entry, Weight::Regular, SUBTITLE, 0.0);
        if used + wide > available + 24.0 {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += wide;
        if let Some(row) = rows.last_mut() {
            row.push((index, entry));
        }
    }
    rows
}

impl Map<'_> {
    pub(super) fn draw_marginalia(&self, picture: &mut Picture) {
        if self.rect.top <= 0.0 {
            return;
        }
        let unit = self.unit;
        let palette = self.options.theme.palette();
        let wide = f64::from(self.options.width);
        let available = wide / unit - 2.0 * SIDE;
        let (title, subtitle) = title(self.scene);
        let title = fitted(&title, Weight::SemiBold, TITLE, available);
        picture.text(self.text(title, SIDE * unit, 40.0 * unit, TITLE * unit, Weight::SemiBold));
        let subtitle = fitted(&subtitle, Weight::Regular, SUBTITLE, available);
        let base = self.text(subtitle, SIDE * unit, 65.0 * unit, SUBTITLE * unit, Weight::Regular);
        picture.text(Text { color: palette.faint_ink, ..base });
        if self.scene.routes.len() > 1 {
            self.draw_routes(picture);
        }
        for y in [self.rect.top, self.rect.bottom] {
            let mut rule = Pencil::default();
            rule.line(&[(0.0, y), (wide, y)]);
            picture.stroke(rule, palette.rule, unit.max(1.0));
        }
        let source = width(SOURCE, Weight::Regular, SMALL, 0.0);
        let middle = self.rect.bottom + FOOT / 2.0 * unit;
        let right = if available > source + 80.0 {
            let x = wide - (SIDE + source) * unit;
            picture.text(self.small(SOURCE, (x, middle)));
            x - 30.0 * unit
        } else {
            wide - SIDE * unit
        };
        self.draw_legend(picture, middle, right);
        let missing = self.unlabelled();
        if !missing.is_empty() {
            let list = fitted(
                &format!("Not on the map: {}", missing.join("  ·  ")),
                Weight::Regular,
                SMALL,
                available,
            );
            picture.text(self.small(&list, (SIDE * unit, self.rect.bottom + (FOOT + 6.0) * unit)));
        }
    }

    /// Small text whose letters are centred on a line.
    pub(super) fn small(&self, content: &str, (x, middle): Pixel) -> Text {
        let y = middle + SMALL * 0.36 * self.unit;
        let base = self.text(content.to_owned(), x, y, SMALL * self.unit, Weight::Regular);
        Text { color: self.options.theme.palette().faint_ink, ..base }
    }

    fn draw_routes(&self, picture: &mut Picture) {
        let unit = self.unit;
        let rows = rows(self.scene, &self.options);
        let hidden: usize = rows.iter().skip(ROWS).map(Vec::len).sum();
        for (row, entries) in rows.iter().take(ROWS).enumerate() {
            let row_number = f64::from(u32::try_from(row).unwrap_or(0));
            let middle = (HEAD + row_number * ROW + 4.0) * unit;
            let mut x = SIDE * unit;
            for (index, entry) in entries {
                let color = self.options.theme.route(*index);
                let mut swatch = Pencil::default();
                swatch.rounded(
                    Rect {
                        left: x,
                        top: middle - 4.0 * unit,
                        right: x + 16.0 * unit,
                        bottom: middle + 4.0 * unit,
                    },
                    4.0 * unit,
                );
                picture.fill(swatch, color);
                let y = middle + SUBTITLE * 0.36 * unit;
                picture.text(self.text(entry.clone(), x + 22.0 * unit, y, SUBTITLE * unit, Weight::Regular));
                x += (46.0 + width(entry, Weight::Regular, SUBTITLE, 0.0)) * unit;
            }
            if row + 1 == ROWS && hidden > 0 {
                picture.text(self.small(&format!("and {hidden} more"), (x, middle)));
            }
        }
    }
}
