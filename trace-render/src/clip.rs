//! Lines and shapes of the globe as lines and shapes of the canvas: cut where the map is cut, bent where its
//! meridians bend, and ended where the canvas ends.

use crate::basemap::Ring;
use crate::project::{AZIMUTHAL_REACH, View};
use crate::sphere::{Degrees, Vector};

/// A point of the canvas in pixels.
pub(crate) type Pixel = (f64, f64);

/// An upright rectangle of the canvas in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Rect {
    pub(crate) left: f64,
    pub(crate) top: f64,
    pub(crate) right: f64,
    pub(crate) bottom: f64,
}

impl Rect {
    pub(crate) fn width(self) -> f64 {
        self.right - self.left
    }

    pub(crate) fn height(self) -> f64 {
        self.bottom - self.top
    }

    pub(crate) fn centre(self) -> Pixel {
        ((self.left + self.right) / 2.0, (self.top + self.bottom) / 2.0)
    }

    /// The rectangle with `x` and `y` more on each side; negative numbers make it smaller.
    pub(crate) fn grown(self, x: f64, y: f64) -> Self {
        Self { left: self.left - x, top: self.top - y, right: self.right + x, bottom: self.bottom + y }
    }

    pub(crate) fn holds(self, (x, y): Pixel) -> bool {
        (self.left..=self.right).contains(&x) && (self.top..=self.bottom).contains(&y)
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        self.left <= other.left
            && self.top <= other.top
            && self.right >= other.right
            && self.bottom >= other.bottom
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }

    /// The smallest rectangle around some points; `None` without any.
    pub(crate) fn around(points: impl IntoIterator<Item = Pixel>) -> Option<Self> {
        points.into_iter().fold(None, |rect: Option<Self>, (x, y)| {
            Some(rect.map_or(Self { left: x, top: y, right: x, bottom: y }, |rect| Self {
                left: rect.left.min(x),
                top: rect.top.min(y),
                right: rect.right.max(x),
                bottom: rect.bottom.max(y),
            }))
        })
    }
}

/// Points nearer than this to the one before are left out.
const TOLERANCE: f64 = 0.45;
/// Edges longer than this, in degrees, are bent.
const LONGEST_EDGE: f64 = 2.0;

/// The shapes that a ring of the globe fills on the canvas. What lies outside of `rect` is cut off.
pub(crate) fn polygons(view: &View, ring: &Ring, rect: Rect) -> Vec<Vec<Pixel>> {
    let mut polygons = Vec::new();
    if view.projection.is_cut() {
        let mut points = ring.points.clone();
        if let (true, Some(&first), Some(&last)) = (ring.around_pole, points.first(), points.last()) {
            // The pole is a line on such a map: the shape ends there.
            let pole = if first.y < 0.0 { -90.0 } else { 90.0 };
            points.push(Degrees { x: last.x, y: pole });
            points.push(Degrees { x: first.x, y: pole });
        }
        let [west, _, east, _] = ring.bounds;
        for shift in copies(view, west, east) {
            let relative = points.iter().map(|point| Degrees { x: point.x + shift, y: point.y });
            let inside = if west + shift >= -180.0 && east + shift <= 180.0 {
                relative.collect()
            } else {
                let cut: Vec<Degrees> = cut_polygon(relative.collect(), |p| p.x + 180.0, crossing);
                cut_polygon(cut, |p| 180.0 - p.x, crossing)
            };
            polygons.push(bend(&inside, true).filter_map(|p| view.pixel_at(p.x, p.y)).collect());
        }
    } else {
        polygons.push(
            azimuthal_cap(view, ring).into_iter().filter_map(|point| view.pixel(point.degrees())).collect(),
        );
    }
    polygons.into_iter().filter_map(|polygon| on_canvas(polygon, rect)).collect()
}

/// The lines that a line of the globe is on the canvas. What lies far outside of `rect` is left out.
pub(crate) fn lines(view: &View, points: &[Degrees], rect: Rect) -> Vec<Vec<Pixel>> {
    let mut runs: Vec<Vec<Pixel>> = Vec::new();
    if view.projection.is_cut() {
        let [west, _, east, _] = crate::basemap::bounds(points);
        for shift in copies(view, west, east) {
            let mut run = Vec::new();
            let mut before: Option<Degrees> = None;
            for point in bend(points, false) {
                let point = Degrees { x: point.x + shift, y: point.y };
                if let Some(before) = before {
                    match within(before, point) {
                        Some((from, to)) => {
                            if from != before || run.is_empty() {
                                runs.push(core::mem::take(&mut run));
                                run.extend(view.pixel_at(from.x, from.y));
                            }
                            run.extend(view.pixel_at(to.x, to.y));
                            if to != point {
                                runs.push(core::mem::take(&mut run));
                            }
                        }
                        None => runs.push(core::mem::take(&mut run)),
                    }
                }
                before = Some(point);
            }
            runs.push(run);
        }
    } else {
        let mut run = Vec::new();
        for point in bend(points, false) {
            match view.pixel(point) {
                Some(pixel) => run.push(pixel),
                None => runs.push(core::mem::take(&mut run)),
            }
        }
        runs.push(run);
    }
    runs.into_iter().flat_map(|run| near_canvas(&run, rect)).collect()
}

/// Whether a pixel lies in a polygon, by counting crossings of its row.
pub(crate) fn holds(polygon: &[Pixel], (x, y): Pixel) -> bool {
    let next = polygon.iter().cycle().skip(1);
    let crossed = polygon
        .iter()
        .zip(next)
        .filter(|(a, b)| (a.1 > y) != (b.1 > y) && x < (b.0 - a.0) * (y - a.1) / (b.1 - a.1) + a.0);
    crossed.count() % 2 == 1
}

/// A line whose longitudes jump by whole turns, as lines that run on beyond 180 degrees. A line over a pole is
/// split there: on a map whose poles are lines it leaves at one meridian and comes back at another.
pub(crate) fn unwrapped(points: &[Degrees]) -> Vec<Vec<Degrees>> {
    let mut runs = vec![];
    let mut run: Vec<Degrees> = Vec::new();
    for &point in points {
        let Some(&before) = run.last() else {
            run.push(point);
            continue;
        };
        let x = point.x + 360.0 * ((before.x - point.x) / 360.0).round();
        if (x - before.x).abs() > 90.0 && before.y.abs().max(point.y.abs()) > 60.0 {
            let pole = 90f64.copysign(before.y);
            run.push(Degrees { x: before.x, y: pole });
            runs.push(core::mem::take(&mut run));
            run.push(Degrees { x: point.x, y: pole });
            run.push(point);
        } else {
            run.push(Degrees { x, y: point.y });
        }
    }
    runs.push(run);
    runs
}

/// The shifts, in degrees, that bring longitudes between `west` and `east` into the map's -180..180 around
/// its centre meridian, once for each copy that shows.
fn copies(view: &View, west: f64, east: f64) -> impl Iterator<Item = f64> + use<> {
    let (west, east, centre) = (west, east, view.longitude);
    (-3..=3).map(move |turn| f64::from(turn) * 360.0 - centre).filter(move |shift| {
        // A shape that only touches the cut from outside has nothing to show.
        east + shift > -180.0 && west + shift < 180.0 || (east == west && (west + shift).abs() <= 180.0)
    })
}

/// The part of a segment between -180 and 180 degrees.
fn within(from: Degrees, to: Degrees) -> Option<(Degrees, Degrees)> {
    let (mut start, mut end) = (0.0_f64, 1.0_f64);
    let dx = to.x - from.x;
    for (inside_from, step) in [(from.x + 180.0, dx), (180.0 - from.x, -dx)] {
        if step == 0.0 {
            if inside_from < 0.0 {
                return None;
            }
        } else if step > 0.0 {
            start = start.max(-inside_from / step);
        } else {
            end = end.min(-inside_from / step);
        }
    }
    let at = |t: f64| Degrees { x: from.x + dx * t, y: from.y + (to.y - from.y) * t };
    let start_point = if start <= 0.0 { from } else { at(start) };
    let end_point = if end >= 1.0 { to } else { at(end) };
    (start <= end).then_some((start_point, end_point))
}

/// Points between those of a line, or of a ring, so that no edge is longer than [`LONGEST_EDGE`].
fn bend(points: &[Degrees], closed: bool) -> impl Iterator<Item = Degrees> + '_ {
    let next =
        points.iter().skip(1).copied().map(Some).chain([if closed { points.first().copied() } else { None }]);
    points.iter().zip(next).flat_map(|(&from, to)| {
        let to = to.unwrap_or(from);
        let pieces =
            ((to.x - from.x).abs().max((to.y - from.y).abs()) / LONGEST_EDGE).ceil().clamp(1.0, 400.0);
        let mut piece = 0.0;
        core::iter::from_fn(move || {
            let t = piece / pieces;
            piece += 1.0;
            (t < 1.0).then_some(crossing(from, to, t))
        })
    })
}

/// Sutherland and Hodgman ("Reentrant polygon clipping", CACM 17, 1974) against one edge: what has an `inside` of
/// at least 0 stays.
fn cut_polygon<P: Copy>(
    points: Vec<P>,
    inside: impl Fn(P) -> f64,
    between: impl Fn(P, P, f64) -> P,
) -> Vec<P> {
    let mut kept = Vec::with_capacity(points.len());
    let Some(&last) = points.last() else { return kept };
    let mut before = last;
    for point in points {
        let (a, b) = (inside(before), inside(point));
        if (a >= 0.0) != (b >= 0.0) {
            kept.push(between(before, point, a / (a - b)));
        }
        if b >= 0.0 {
            kept.push(point);
        }
        before = point;
    }
    kept
}

fn crossing(a: Degrees, b: Degrees, t: f64) -> Degrees {
    Degrees { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }
}

/// The part of a ring within reach of an azimuthal map. Where the ring leaves the cap it is led along the cap's
/// edge the shorter way round.
fn azimuthal_cap(view: &View, ring: &Ring) -> Vec<Vector> {
    let centre = Vector::of(view.centre());
    let edge = AZIMUTHAL_REACH.to_radians().cos();
    let points: Vec<(Vector, bool)> =
        bend(&ring.points, !ring.around_pole).map(|point| (Vector::of(point), false)).collect();
    let nearest = points.iter().map(|(point, _)| point.dot(centre)).fold(f64::MIN, f64::max);
    let farthest = points.iter().map(|(point, _)| point.dot(centre)).fold(f64::MAX, f64::min);
    if nearest < edge {
        return Vec::new();
    }
    if farthest >= edge {
        return points.into_iter().map(|(point, _)| point).collect();
    }
    let cut = cut_polygon(
        points,
        |(point, _)| point.dot(centre) - edge,
        |(a, _), (b, _), t| (a.blend(1.0 - t, b, t).unit().unwrap_or(a), true),
    );
    let mut whole = Vec::with_capacity(cut.len());
    let mut before = cut.last().copied();
    for (point, on_edge) in cut {
        if let (Some((from, true)), true) = (before, on_edge) {
            // Both on the cap's edge: go round it in small steps; a blend of two near points stays near it.
            let steps = (from.angle(point).to_degrees() / 3.0).ceil().clamp(1.0, 120.0);
            let mut step = 1.0;
            while step < steps {
                let t = step / steps;
                let chord = from.blend(1.0 - t, point, t);
                let aside = chord.blend(1.0, centre, -chord.dot(centre)).unit();
                if let Some(aside) = aside {
                    // A hair inside, so that the projection still reaches it.
                    whole.push(centre.blend(edge + 1e-9, aside, (1.0 - edge * edge).sqrt()));
                }
                step += 1.0;
            }
        }
        whole.push(point);
        before = Some((point, on_edge));
    }
    whole
}

/// A polygon without needless points, cut to the canvas; `None` where nothing of it shows.
fn on_canvas(polygon: Vec<Pixel>, rect: Rect) -> Option<Vec<Pixel>> {
    let bounds = Rect::around(polygon.iter().copied())?;
    if !bounds.overlaps(rect) {
        return None;
    }
    let mut polygon = thinned(&polygon, TOLERANCE);
    if !rect.covers(bounds) {
        let between = |a: Pixel, b: Pixel, t: f64| (a.0 + (b.0 - a.0) * t, a.1 + (b.1 - a.1) * t);
        polygon = cut_polygon(polygon, |p| p.0 - rect.left, between);
        polygon = cut_polygon(polygon, |p| rect.right - p.0, between);
        polygon = cut_polygon(polygon, |p| p.1 - rect.top, between);
        polygon = cut_polygon(polygon, |p| rect.bottom - p.1, between);
    }
    (polygon.len() > 2).then_some(polygon)
}

/// The pieces of a line that come near the canvas.
fn near_canvas(line: &[Pixel], rect: Rect) -> Vec<Vec<Pixel>> {
    let mut pieces = Vec::new();
    let mut piece: Vec<Pixel> = Vec::new();
    let line = thinned(line, TOLERANCE);
    for (&a, &b) in line.iter().zip(line.iter().skip(1)) {
        let beside = a.0.max(b.0) < rect.left
            || a.0.min(b.0) > rect.right
            || a.1.max(b.1) < rect.top
            || a.1.min(b.1) > rect.bottom;
        if beside {
            if !piece.is_empty() {
                pieces.push(core::mem::take(&mut piece));
            }
        } else {
            if piece.is_empty() {
                piece.push(a);
            }
            piece.push(b);
        }
    }
    if !piece.is_empty() {
        pieces.push(piece);
    }
    pieces
}

/// A line without points that lie within `tolerance` of the one before; both ends stay.
pub(crate) fn thinned(line: &[Pixel], tolerance: f64) -> Vec<Pixel> {
    let mut kept: Vec<Pixel> = Vec::with_capacity(line.len());
    for (index, &point) in line.iter().enumerate() {
        let near = kept.last().is_some_and(|before| {
            (point.0 - before.0).abs() < tolerance && (point.1 - before.1).abs() < tolerance
        });
        if !near {
            kept.push(point);
        } else if index + 1 == line.len() && kept.len() > 1 {
            kept.pop();
            kept.push(point);
        }
    }
    kept
}

#[cfg(test)]
mod tests;
