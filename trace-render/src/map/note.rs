use crate::clip::Rect;
use crate::font::{Weight, fitted, width};
use crate::picture::{Pencil, Picture, Text};
use crate::scene::Route;

use super::Map;

impl Map<'_> {
    /// Says on the map why there is nothing on it.
    pub(super) fn draw_note(&self, picture: &mut Picture) {
        let unit = self.unit;
        let palette = self.options.theme.palette();
        let available = self.rect.width() / unit - 40.0;
        let lines = if self.scene.routes.is_empty() {
            vec!["There is no route to draw".to_owned()]
        } else {
            let total: usize = self.scene.routes.iter().map(|route| route.hops).sum();
            let of = |part: fn(&Route) -> usize| self.scene.routes.iter().map(part).sum::<usize>();
            let reasons: Vec<String> = [
                (of(|route| route.private), "in private ranges"),
                (of(|route| route.silent), "silent"),
                (of(|route| route.unlocated), "not located"),
            ]
            .into_iter()
            .filter(|&(number, _)| number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
            vec![
                "No hop of this route has a known place".to_owned(),
                if total == 0 { "nothing was probed".to_owned() } else { reasons.join("  ·  ") },
            ]
        };
        let sizes = [(19.0, Weight::SemiBold), (14.5, Weight::Regular)];
        let lines: Vec<(String, f64, Weight)> = lines
            .into_iter()
            .zip(sizes)
            .map(|(line, (size, weight))| (fitted(&line, weight, size, available), size, weight))
            .filter(|(line, ..)| !line.is_empty())
            .collect();
        let widest =
            lines.iter().map(|(line, size, weight)| width(line, *weight, *size, 0.0)).fold(0.0, f64::max);
        let height = 30.0 + 27.0 * f64::from(u32::try_from(lines.len()).unwrap_or(0));
        let (x, y) = self.rect.centre();
        let card = Rect { left: x, top: y, right: x, bottom: y }
            .grown((widest / 2.0 + 30.0) * unit, height / 2.0 * unit);
        if widest <= 0.0 || !self.rect.covers(card) {
            return;
        }
        let draw = || {
            let mut pencil = Pencil::default();
            pencil.rounded(card, 10.0 * unit);
            pencil
        };
        picture.fill(draw(), palette.page.with_alpha(240));
        picture.stroke(draw(), palette.rule, 1.2 * unit);
        let mut base = card.top + 36.0 * unit;
        for (line, size, weight) in lines {
            let left = x - width(&line, weight, size, 0.0) / 2.0 * unit;
            let text = self.text(line, left, base, size * unit, weight);
            let color = if weight == Weight::SemiBold { palette.ink } else { palette.faint_ink };
            picture.text(Text { color, ..text });
            base += 27.0 * unit;
        }
    }
}
