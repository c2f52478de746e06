//! Labels and names on the canvas.

use crate::basemap;
use crate::clip::{self, Pixel, Rect};
use crate::font::{CAP_HEIGHT, Weight, width};
use crate::label::{self, Item, Placed};
use crate::picture::{Pencil, Picture, Text};
use crate::scene::{Mark, Spot};
use crate::theme::Color;

use super::Map;
use super::tags::{BADGE, BADGE_HEIGHT, DETAIL, LINE, ROW_GAP, SPACE, Tag, badge_width, capitals};

/// Names of countries beside the way are set in this size, where a unit is at most this many degrees.
const COUNTRY: f64 = 11.5;
const COUNTRY_TRACKING: f64 = 0.14;
const COUNTRIES_UP_TO: f64 = 0.11;

impl Map<'_> {
    pub(super) fn draw_tags(&self, picture: &mut Picture) {
        let palette = self.options.theme.palette();
        let labels =
            || self.tags.iter().zip(&self.placed).filter_map(|(tag, placed)| Some((tag, (*placed)?)));
        for (_, placed) in labels() {
            if let Some((from, to)) = placed.leader {
                let line = || {
                    let mut pencil = Pencil::default();
                    pencil.line(&[from, to]);
                    pencil
                };
                picture.stroke(line(), palette.halo, 3.4 * self.unit);
                picture.stroke(line(), palette.faint_ink, 1.1 * self.unit);
            }
        }
        for (tag, placed) in labels() {
            self.draw_tag(picture, tag, &placed);
        }
    }

    fn draw_tag(&self, picture: &mut Picture, tag: &Tag, placed: &Placed) {
        let Some(form) = tag.forms.get(placed.form) else { return };
        let unit = self.unit;
        let palette = self.options.theme.palette();
        let Rect { left, top, right, .. } = placed.rect;
        let badges = form.badges_width() * unit;
        // Names begin behind the badges, or end before them.
        let words = |wide: f64| {
            if placed.left { right - badges - SPACE * unit - wide } else { left + badges + SPACE * unit }
        };
        let halo = Some((palette.halo, 3.6 * unit));
        let (size, tracking) = form.name_size();
        let mut y = top;
        for row in &form.rows {
            let own = row.badges_width() * unit;
            let mut x = if placed.left { right - badges } else { left + badges - own };
            for (label, color) in &row.badges {
                x = self.draw_badge(picture, label, *color, (x, y)) + 2.0 * unit;
            }
            if let Some(name) = &row.name {
                let wide = width(name, Weight::SemiBold, size, tracking) * unit;
                let base = y + (BADGE_HEIGHT + size * CAP_HEIGHT) / 2.0 * unit;
                let text = self.text(name.clone(), words(wide), base, size * unit, Weight::SemiBold);
                picture.text(Text { tracking, halo, ..text });
            }
            y += (BADGE_HEIGHT + ROW_GAP) * unit;
        }
        if let Some(detail) = &form.detail {
            let wide = width(detail, Weight::Regular, DETAIL, 0.0) * unit;
            let base = y + (LINE / 2.0 + DETAIL * CAP_HEIGHT / 2.0 - 1.0 - ROW_GAP) * unit;
            let text = self.text(detail.clone(), words(wide), base, DETAIL * unit, Weight::Regular);
            picture.text(Text { color: palette.faint_ink, halo, ..text });
        }
    }

    /// Names of countries the route does not touch, where they are in nobody's way: they tell where one is.
    pub(super) fn draw_countries(&self, picture: &mut Picture) {
        let unit = self.unit;
        if (1.0 / self.view.scale).to_degrees() * unit > COUNTRIES_UP_TO {
            return;
        }
        let items: Vec<Item> = self.tags.iter().map(|tag| tag.item.clone()).collect();
        let crowd = self.crowd();
        let mut written: Vec<Rect> = Vec::new();
        for country in &basemap::detailed().countries {
            let marked = |mark: &Mark| matches!(mark.spot, Spot::Area(code) if Some(code) == country.code);
            if country.code.is_none() || self.scene.marks.iter().any(marked) {
                continue;
            }
            let (Some((x, y)), Some(mainland)) = (self.view.pixel(country.label), country.mainland()) else {
                continue;
            };
            if !self.rect.holds((x, y)) {
                continue;
            }
            let shapes = clip::polygons(&self.view, mainland, self.rect);
            let name = capitals(&country.name);
            let wide = width(&name, Weight::Regular, COUNTRY, COUNTRY_TRACKING) * unit;
            let rect = Rect { left: x, top: y, right: x, bottom: y }.grown(wide / 2.0, COUNTRY * 0.5 * unit);
            let roomy = rect.grown(4.0 * unit, 4.0 * unit);
            // The whole name stands in its country.
            let ends = [(rect.left, y), (rect.right, y), (x, rect.top), (x, rect.bottom)];
            if !ends.iter().all(|&end| shapes.iter().any(|shape| clip::holds(shape, end)))
                || !label::is_vacant(roomy, &items, &self.placed, &crowd)
                || written.iter().any(|other| other.overlaps(roomy))
            {
                continue;
            }
            written.push(rect);
            let base = y + COUNTRY * CAP_HEIGHT / 2.0 * unit;
            let text = self.text(name, rect.left, base, COUNTRY * unit, Weight::Regular);
            let color = self.options.theme.palette().place;
            picture.text(Text { color, tracking: COUNTRY_TRACKING, ..text });
        }
    }

    /// A badge with its upper left corner at a pixel; gives its right edge.
    pub(super) fn draw_badge(&self, picture: &mut Picture, label: &str, color: Color, (x, y): Pixel) -> f64 {
        let unit = self.unit;
        let palette = self.options.theme.palette();
        let wide = badge_width(label) * unit;
        let height = BADGE_HEIGHT * unit;
        let rect = Rect { left: x, top: y, right: x + wide, bottom: y + height };
        let mut pill = Pencil::default();
        pill.rounded(rect.grown(1.2 * unit, 1.2 * unit), height);
        picture.fill(pill, palette.casing.with_alpha(230));
        let mut pill = Pencil::default();
        pill.rounded(rect, height);
        picture.fill(pill, color);
        let letters = width(label, Weight::SemiBold, BADGE, 0.0) * unit;
        let base = y + (BADGE_HEIGHT + BADGE * CAP_HEIGHT) / 2.0 * unit;
        let text =
            self.text(label.to_owned(), x + (wide - letters) / 2.0, base, BADGE * unit, Weight::SemiBold);
        picture.text(Text { color: palette.badge_ink, ..text });
        x + wide
    }
}
