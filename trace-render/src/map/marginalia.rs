//! What stands around the map: title, legend, source.

use time::OffsetDateTime;
use trace_core::model::{Outcome, Target};

use crate::clip::{Pixel, Rect};
use crate::font::{Weight, fitted, width};
use crate::options::MapOptions;
use crate::picture::{Pencil, Picture, Text};
use crate::scene::{LegKind, Route, Scene, Spot, Trust};
use crate::text;

use super::Map;
use super::tags::milliseconds;

/// Sizes in units.
const SIDE: f64 = 30.0;
const TITLE: f64 = 27.0;
const SUBTITLE: f64 = 15.0;
const HEAD: f64 = 84.0;
const ROW: f64 = 26.0;
const FOOT: f64 = 42.0;
const SMALL: f64 = 12.5;
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

/// What a route is called.
fn name(route: &Route) -> String {
    let Some(target) = &route.target else { return "a route without a target".to_owned() };
    target.name.as_deref().and_then(text::drawable).unwrap_or_else(|| target.address.to_string())
}

/// The end of a route in a word or two.
const fn phrase(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Reached => "reached",
        Outcome::Unreachable => "unreachable",
        Outcome::Loop => "ends in a loop",
        Outcome::Exhausted => "not reached",
        Outcome::Interrupted => "interrupted",
    }
}

/// An instant as `2026-11-23 22:55:08 UTC`; empty for one no calendar holds.
fn calendar(nanoseconds: i64) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(nanoseconds)) else {
        return String::new();
    };
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

/// A number of things, `1 hop` or `12 hops`.
fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Title and the line below it.
pub(crate) fn title(scene: &Scene) -> (String, String) {
    match scene.routes.as_slice() {
        [] => ("No route".to_owned(), String::new()),
        [route] => (name(route), summary(route)),
        [first, ..] => {
            let started = scene.routes.iter().map(|route| route.started);
            let (from, to) =
                started.fold((first.started, first.started), |(from, to), at| (from.min(at), to.max(at)));
            let span =
                if from == to { calendar(from) } else { format!("{} – {}", calendar(from), calendar(to)) };
            (count(scene.routes.len(), "route", "routes"), span)
        }
    }
}

fn summary(route: &Route) -> String {
    let mut parts = Vec::new();
    let named = |target: &&Target| target.name.as_deref().and_then(text::drawable).is_some();
    parts.extend(route.target.as_ref().filter(named).map(|target| target.address.to_string()));
    if let Some(vantage) = route.vantage.as_deref().and_then(text::drawable) {
        parts.push(format!("from {vantage}"));
    }
    parts.push(calendar(route.started));
    parts.extend(route.protocol.map(|protocol| protocol.as_str().to_uppercase()));
    parts.push(match (route.outcome, route.rtt) {
        (Some(Outcome::Reached), Some(rtt)) => format!("reached in {}", milliseconds(rtt)),
        (Some(outcome), _) => phrase(outcome).to_owned(),
        (None, _) => String::new(),
    });
    let mut hops = count(route.hops, "hop", "hops");
    let without: Vec<String> =
        [(route.silent, "silent"), (route.private, "private"), (route.unlocated, "not located")]
            .into_iter()
            .filter(|&(number, _)| number > 0)
            .map(|(number, what)| format!("{number} {what}"))
            .collect();
    if !without.is_empty() {
        hops = format!("{hops}, {}", without.join(", "));
    }
    parts.push(hops);
    parts.retain(|part| !part.is_empty());
    parts.join("  ·  ")
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
    fn small(&self, content: &str, (x, middle): Pixel) -> Text {
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

    /// Explains the symbols that are on this map, and no others.
    fn draw_legend(&self, picture: &mut Picture, middle: f64, right: f64) {
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
                Entries::Number => {
                    self.draw_badge(picture, "3–5", color, (x, middle - 9.5 * unit));
                }
                Entries::Start => self.draw_symbol(picture, centre, &[color], Trust::Sound, true, false),
                Entries::Hop => self.draw_symbol(picture, centre, &[color], Trust::Sound, false, false),
                Entries::Target => self.draw_symbol(picture, centre, &[color], Trust::Sound, false, true),
                Entries::Doubt => self.draw_symbol(picture, centre, &[color], Trust::Suspect, false, false),
                Entries::Impossible => {
                    self.draw_symbol(picture, centre, &[color], Trust::Impossible, false, false)
                }
                Entries::Area => {
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
                Entries::Gap => picture.dashes(line(), color, 2.4 * unit, [9.0 * unit, 7.0 * unit]),
                Entries::Roughly => {
                    picture.dashes(line(), color.with_alpha(200), 2.4 * unit, [0.01, 6.5 * unit]);
                }
            }
            picture.text(self.small(entry.text(), (x + symbol, middle)));
            x += symbol + letters + 26.0 * unit;
        }
    }

    fn legend(&self) -> Vec<Entries> {
        let marks: Vec<&crate::Mark> = self
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
            (Entries::Number, !marks.is_empty()),
            (Entries::Area, marks.iter().any(|mark| matches!(mark.spot, Spot::Area(_)))),
            (Entries::Start, points().any(crate::Mark::is_origin)),
            (
                Entries::Hop,
                points().any(|mark| mark.trust == Trust::Sound && !mark.is_origin() && !mark.is_target()),
            ),
            (Entries::Target, points().any(crate::Mark::is_target)),
            (Entries::Doubt, points().any(|mark| matches!(mark.trust, Trust::Suspect | Trust::Anycast))),
            (Entries::Impossible, points().any(|mark| mark.trust == Trust::Impossible)),
            (Entries::Gap, legs.iter().any(|leg| !area(leg) && matches!(leg.kind, LegKind::Gap(_)))),
            (Entries::Roughly, legs.iter().any(area)),
        ];
        present.into_iter().filter(|&(_, is)| is).map(|(entry, _)| entry).collect()
    }

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

/// What a legend can explain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Entries {
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

impl Entries {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_in_utc() {
        assert_eq!(calendar(0), "1970-01-01 00:00:00 UTC");
        assert_eq!(calendar(1_795_474_508_123_456_789), "2026-11-23 22:55:08 UTC");
        assert!(calendar(i64::MIN).starts_with("1677-") && calendar(i64::MAX).starts_with("2262-"));
    }
}
