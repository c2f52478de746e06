//! Where labels go: near their marks, over no other label and no mark, inside the map, and rather beside the legs than on
//! them. What finds no room near its mark moves away on a leader line; what finds none at all is handed back.
//!
//! Greedy, in a fixed order over fixed candidates: the same scene always gives the same map.

use crate::clip::{Pixel, Rect};

/// Something that wants a label.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The place that is labelled.
    pub(crate) anchor: Pixel,
    /// How far the symbol there reaches.
    pub(crate) radius: f64,
    /// Whether the label may lie on the place itself: an area has no symbol to cover.
    pub(crate) centred: bool,
    /// Width and height of each form of the label, the fullest first.
    pub(crate) forms: Vec<(f64, f64)>,
    /// Higher is placed earlier.
    pub(crate) priority: u32,
    /// The symbols it stands for, as rectangles; none for an area without one.
    pub(crate) symbols: Vec<Rect>,
    /// Whether leader lines of others keep off the symbols too; they may cross the ring around a small country.
    pub(crate) solid: bool,
}

/// A label that found its place.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    /// Where it lies.
    pub(crate) rect: Rect,
    /// Which of the forms.
    pub(crate) form: usize,
    /// Whether it lies mostly to the left of its place, so that its right end is the near one.
    pub(crate) left: bool,
    /// From the symbol's edge to the label, where they are apart.
    pub(crate) leader: Option<(Pixel, Pixel)>,
}

/// How far labels keep from each other and from marks, in units.
const GAP: f64 = 3.0;
/// How far a label lies from its symbol, in units.
const NEAR: f64 = 5.0;
/// Distances at which a leader line is tried, in units.
const RINGS: [f64; 9] = [16.0, 28.0, 44.0, 64.0, 90.0, 122.0, 160.0, 210.0, 270.0];
/// With more labels than this there is one round, and no hope of finding room far away.
const MANY: usize = 120;
/// How many of the rings are tried then.
const FEW_RINGS: usize = 3;
/// Directions tried on each ring.
const DIRECTIONS: u8 = 24;
/// What it costs to use the next smaller form of a label.
const SMALLER: f64 = 70.0;
/// What it costs to lie on the place of another label: its leader line would have to come from under this one.
const ON_ANCHOR: f64 = 60.0;
/// What it costs to cover a leg, for each cell of it.
const ON_LEG: f64 = 3.0;

/// Where legs run, counted in cells and summed up, so that any rectangle is counted at once (F. Crow, "Summed-area
/// tables for texture mapping", SIGGRAPH 1984).
pub(crate) struct Crowd {
    columns: usize,
    rows: usize,
    bounds: Rect,
    cell: f64,
    sums: Vec<u32>,
}

impl Crowd {
    pub(crate) fn new(bounds: Rect, cell: f64, lines: &[Vec<Pixel>]) -> Self {
        let columns = whole(bounds.width() / cell) + 1;
        let rows = whole(bounds.height() / cell) + 1;
        let mut crowd = Self { columns, rows, bounds, cell, sums: vec![0; (columns + 1) * (rows + 1)] };
        for line in lines {
            for (a, b) in line.iter().zip(line.iter().skip(1)) {
                let steps = ((b.0 - a.0).hypot(b.1 - a.1) / cell).ceil().clamp(1.0, 4096.0);
                let mut step = 0.0;
                while step < steps {
                    let t = step / steps;
                    let at = (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
                    if bounds.holds(at) {
                        let (column, row) = crowd.cell_of(at);
                        let index = (row + 1) * (columns + 1) + column + 1;
                        if let Some(count) = crowd.sums.get_mut(index) {
                            // A cell is covered or not.
                            *count = 1;
                        }
                    }
                    step += 1.0;
                }
            }
        }
        for row in 1..=rows {
            let mut along = 0;
            for column in 1..=columns {
                let above = crowd.sum(column, row - 1);
                if let Some(count) = crowd.sums.get_mut(row * (columns + 1) + column) {
                    along += *count;
                    *count = along + above;
                }
            }
        }
        crowd
    }

    fn sum(&self, column: usize, row: usize) -> u32 {
        self.sums.get(row * (self.columns + 1) + column).copied().unwrap_or(0)
    }

    fn cell_of(&self, (x, y): Pixel) -> (usize, usize) {
        let column = whole((x - self.bounds.left) / self.cell).min(self.columns - 1);
        let row = whole((y - self.bounds.top) / self.cell).min(self.rows - 1);
        (column, row)
    }

    /// How many cells under a rectangle have a leg in them.
    fn under(&self, rect: Rect) -> f64 {
        let (left, top) = self.cell_of((rect.left, rect.top));
        let (right, bottom) = self.cell_of((rect.right, rect.bottom));
        let covered = (self.sum(right + 1, bottom + 1) + self.sum(left, top))
            .saturating_sub(self.sum(left, bottom + 1) + self.sum(right + 1, top));
        f64::from(covered)
    }
}

/// The whole part of a number that is not negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to what a canvas can hold before"
)]
fn whole(value: f64) -> usize {
    value.clamp(0.0, 100_000.0) as usize
}

/// Whether a rectangle is free of labels, symbols, leader lines and legs.
pub(crate) fn is_vacant(rect: Rect, items: &[Item], placed: &[Option<Placed>], crowd: &Crowd) -> bool {
    crowd.bounds.covers(rect)
        && crowd.under(rect) == 0.0
        && !items.iter().flat_map(|item| &item.symbols).any(|symbol| symbol.overlaps(rect))
        && !placed
            .iter()
            .flatten()
            .any(|label| label.rect.overlaps(rect) || label.leader.is_some_and(|leader| meets(leader, rect)))
}

/// Places labels; `None` where one found no room. `unit` scales every distance.
///
/// Where not all find room, the round is repeated: those that found none go first, and all begin with smaller
/// forms. The first of the best rounds counts.
pub(crate) fn place(items: &[Item], bounds: Rect, crowd: &Crowd, unit: f64) -> Vec<Option<Placed>> {
    let mut lost = vec![0_u32; items.len()];
    let mut best: Vec<Option<Placed>> = Vec::new();
    let count = |placed: &[Option<Placed>]| placed.iter().flatten().count();
    for (round, &first_form) in [0, 0, 1, 1, 2, 2].iter().enumerate() {
        let placed = place_once(items, &lost, first_form, bounds, crowd, unit);
        for (lost, placed) in lost.iter_mut().zip(&placed) {
            *lost += u32::from(placed.is_none());
        }
        if round == 0 || count(&placed) > count(&best) {
            best = placed;
        }
        if count(&best) == items.len() || items.len() > MANY {
            break;
        }
    }
    best
}

fn place_once(
    items: &[Item],
    lost: &[u32],
    first_form: usize,
    bounds: Rect,
    crowd: &Crowd,
    unit: f64,
) -> Vec<Option<Placed>> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by_key(|&index| {
        (core::cmp::Reverse((lost.get(index), items.get(index).map(|item| item.priority))), index)
    });
    let symbols = items.iter().flat_map(|item| item.symbols.iter().copied()).collect();
    let anchors = items.iter().map(|item| item.anchor).collect();
    let solid =
        items.iter().filter(|item| item.solid).flat_map(|item| item.symbols.iter().copied()).collect();
    let mut desk = Desk {
        bounds,
        crowd,
        unit,
        first_form,
        anchors,
        symbols,
        solid,
        labels: Vec::new(),
        leaders: Vec::new(),
    };
    let mut placed = vec![None; items.len()];
    for index in order {
        let (Some(item), Some(slot)) = (items.get(index), placed.get_mut(index)) else { continue };
        *slot = desk.best(item);
        if let Some(label) = slot {
            desk.labels.push(label.rect);
            desk.leaders.extend(label.leader);
        }
    }
    placed
}

/// What already lies on the map.
struct Desk<'a> {
    bounds: Rect,
    crowd: &'a Crowd,
    unit: f64,
    /// The fullest form that may be used.
    first_form: usize,
    anchors: Vec<Pixel>,
    symbols: Vec<Rect>,
    solid: Vec<Rect>,
    labels: Vec<Rect>,
    leaders: Vec<(Pixel, Pixel)>,
}

impl Desk<'_> {
    fn best(&self, item: &Item) -> Option<Placed> {
        let mut best: Option<(f64, Placed)> = None;
        let mut loss = 0.0;
        let first = self.first_form.min(item.forms.len().saturating_sub(1));
        for (form, &size) in item.forms.iter().enumerate().skip(first) {
            for (cost, rect) in self.candidates(item, size) {
                let cost = cost + loss;
                // Candidates of one form are not sorted; cheap tests come first.
                if best.is_some_and(|(least, _)| least <= cost) || !self.is_free(item, rect) {
                    continue;
                }
                let cost =
                    cost + ON_LEG * self.crowd.under(rect) + ON_ANCHOR * self.anchors_under(item, rect);
                if best.is_some_and(|(least, _)| least <= cost) {
                    continue;
                }
                let Some(leader) = self.leader(item, rect) else { continue };
                let left = rect.centre().0 < item.anchor.0 - rect.width() * 0.3;
                best = Some((cost, Placed { rect, form, left, leader }));
            }
            loss += SMALLER;
        }
        best.map(|(_, placed)| placed)
    }

    fn candidates(&self, item: &Item, (width, height): (f64, f64)) -> Vec<(f64, Rect)> {
        let (x, y) = item.anchor;
        let near = item.radius + NEAR * self.unit;
        let diagonal = near * 0.75;
        let (half_width, half_height) = (width / 2.0, height / 2.0);
        let mut centres = Vec::with_capacity(16 + RINGS.len() * usize::from(DIRECTIONS));
        if item.centred {
            let shift = height * 0.6;
            centres.extend([
                (0.0, x, y),
                (6.0, x, y + shift),
                (6.0, x, y - shift),
                (10.0, x + half_width * 0.5, y),
                (10.0, x - half_width * 0.5, y),
                (14.0, x, y + 2.0 * shift),
                (14.0, x, y - 2.0 * shift),
            ]);
        }
        // Right before left, above before below (Imhof, "Positioning names on maps", 1975).
        let base = if item.centred { 16.0 } else { 0.0 };
        centres.extend([
            (base, x + near + half_width, y),
            (base + 2.0, x + diagonal + half_width, y - diagonal - half_height * 0.6),
            (base + 3.0, x + diagonal + half_width, y + diagonal + half_height * 0.6),
            (base + 4.0, x - near - half_width, y),
            (base + 6.0, x - diagonal - half_width, y - diagonal - half_height * 0.6),
            (base + 7.0, x - diagonal - half_width, y + diagonal + half_height * 0.6),
            (base + 8.0, x, y - near - half_height),
            (base + 9.0, x, y + near + half_height),
        ]);
        let rings = if self.anchors.len() > MANY { FEW_RINGS } else { RINGS.len() };
        for ring in RINGS.into_iter().take(rings) {
            let distance = ring * self.unit + item.radius;
            for direction in 0..DIRECTIONS {
                let (sin, cos) =
                    (core::f64::consts::TAU * f64::from(direction) / f64::from(DIRECTIONS)).sin_cos();
                // The label's near edge, not its middle, lies on the ring.
                let centre_x = x + cos * (distance + half_width);
                let centre_y = y + sin * (distance + half_height);
                centres.push((base + 24.0 + ring * 0.55, centre_x, centre_y));
            }
        }
        centres
            .into_iter()
            .map(|(cost, x, y)| {
                let rect = Rect {
                    left: x - half_width,
                    top: y - half_height,
                    right: x + half_width,
                    bottom: y + half_height,
                };
                (cost, rect)
            })
            .collect()
    }

    fn is_free(&self, item: &Item, rect: Rect) -> bool {
        let gap = GAP * self.unit;
        let roomy = rect.grown(gap, gap);
        self.bounds.covers(rect)
            && !self.symbols.iter().any(|&symbol| symbol.overlaps(roomy))
            && !self.labels.iter().any(|&label| label.overlaps(roomy))
            && !self.leaders.iter().any(|&leader| meets(leader, rect))
            && (item.centred || !rect.holds(item.anchor))
    }

    fn anchors_under(&self, item: &Item, rect: Rect) -> f64 {
        let gap = GAP * self.unit;
        let roomy = rect.grown(gap, gap);
        let covered =
            self.anchors.iter().filter(|&&anchor| anchor != item.anchor && roomy.holds(anchor)).count();
        f64::from(u32::try_from(covered).unwrap_or(u32::MAX))
    }

    /// The line from symbol to label, `Some(None)` where they are near enough without, `None` where it would
    /// run over something.
    fn leader(&self, item: &Item, rect: Rect) -> Option<Option<(Pixel, Pixel)>> {
        let (x, y) = item.anchor;
        let end = (x.clamp(rect.left, rect.right), y.clamp(rect.top, rect.bottom));
        let distance = (end.0 - x).hypot(end.1 - y);
        if distance <= item.radius + 1.7 * NEAR * self.unit {
            return Some(None);
        }
        let t = item.radius / distance;
        let start = (x + (end.0 - x) * t, y + (end.1 - y) * t);
        let line = (start, end);
        let blocked = self.labels.iter().any(|&label| meets(line, label))
            || self.solid.iter().any(|&symbol| !item.symbols.contains(&symbol) && meets(line, symbol))
            || self.leaders.iter().any(|&other| cross(line, other));
        (!blocked).then_some(Some(line))
    }
}

/// Whether a line passes through a rectangle.
fn meets((from, to): (Pixel, Pixel), rect: Rect) -> bool {
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    for (room, step) in [
        (from.0 - rect.left, dx),
        (rect.right - from.0, -dx),
        (from.1 - rect.top, dy),
        (rect.bottom - from.1, -dy),
    ] {
        if step == 0.0 {
            if room < 0.0 {
                return false;
            }
        } else if step > 0.0 {
            start = start.max(-room / step);
        } else {
            end = end.min(-room / step);
        }
    }
    start <= end
}

/// Whether two lines cross.
fn cross(a: (Pixel, Pixel), b: (Pixel, Pixel)) -> bool {
    let side = |(p, q): (Pixel, Pixel), r: Pixel| (q.0 - p.0) * (r.1 - p.1) - (q.1 - p.1) * (r.0 - p.0) > 0.0;
    side(a, b.0) != side(a, b.1) && side(b, a.0) != side(b, a.1)
}

#[cfg(test)]
mod tests;
