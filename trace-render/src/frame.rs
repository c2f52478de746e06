//! Which part of the globe is shown, and at what size.

use crate::Error;
use crate::clip::{Pixel, Rect};
use crate::options::{Extent, MapOptions};
use crate::project::{AZIMUTHAL_REACH, Projection, View};
use crate::sphere::{Degrees, EARTH_RADIUS_KM, Vector, middle_longitude, wrap};

/// The least width and height of country that a fitted map shows along its longer side, in kilometres: enough to
/// recognise where it is, and what the base map's detail is good for.
pub const LEAST_KM: f64 = 1800.0;

/// A fitted map whose corners would lie farther from its centre than this, in degrees, is a part of a world map
/// instead: countries would stand askew at its edges.
const CORNER: f64 = 48.0;
/// The same for a route that stays beyond [`POLAR`] degrees of latitude: world maps tear apart what lies around the pole.
const POLAR_CORNER: f64 = 85.0;
/// Where that begins.
const POLAR: f64 = 50.0;
/// The centre of a world map is a multiple of this many degrees.
const CENTRE_STEP: f64 = 5.0;
/// A route that can be shown less than this much larger than on a world map is shown on a world map.
const WORTH_A_CROP: f64 = 1.25;

/// The parts of a canvas that a map may use.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Room {
    /// What shows the map.
    pub(crate) rect: Rect,
    /// What a whole globe may take of it.
    pub(crate) page: Rect,
    /// Where the places of a fitted map lie.
    pub(crate) inner: Rect,
}

/// Lays the globe out so that all of `points` can be seen.
pub(crate) fn view(options: &MapOptions, room: &Room, points: &[Degrees]) -> Result<View, Error> {
    let &Room { rect, page, inner } = room;
    let cap = Cap::around(points);
    match (options.projection, options.extent, cap) {
        (Some(Projection::Azimuthal), extent, cap) => {
            let cap = cap.unwrap_or(Cap { centre: Degrees { x: 0.0, y: 0.0 }, radius: 0.0 });
            // The outermost places must not lie on the very edge of the map.
            if cap.radius > AZIMUTHAL_REACH - 2.0 {
                return Err(Error::Projection {
                    projection: Projection::Azimuthal,
                    degrees: whole_degrees(cap.radius),
                    limit: whole_degrees(AZIMUTHAL_REACH - 2.0),
                });
            }
            let world = azimuthal_world(cap.centre, page);
            Ok(match extent {
                Extent::Fit if !points.is_empty() => {
                    let fitted = azimuthal(cap.centre, rect, inner, points);
                    if fitted.scale < world.scale { world } else { fitted }
                }
                _ => world,
            })
        }
        (None, Extent::Fit, Some(cap)) => {
            let polar =
                points.iter().all(|point| point.y > POLAR) || points.iter().all(|point| point.y < -POLAR);
            let limit = if polar { POLAR_CORNER } else { CORNER };
            if cap.radius < limit {
                let view = azimuthal(cap.centre, rect, inner, points);
                if corners(&view, rect) <= limit {
                    return Ok(view);
                }
            }
            Ok(cut(Projection::NaturalEarth, Extent::Fit, room, points, WORTH_A_CROP))
        }
        (projection, extent, _) => {
            let worth = if projection.is_some() { 1.0 } else { WORTH_A_CROP };
            Ok(cut(projection.unwrap_or(Projection::NaturalEarth), extent, room, points, worth))
        }
    }
}

/// The smallest angle as a number of degrees that can be printed.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an angle lies within 0 to 180")]
fn whole_degrees(angle: f64) -> u32 {
    angle.clamp(0.0, 180.0).round() as u32
}

/// A circle on the globe around some points, in degrees.
#[derive(Debug, Clone, Copy)]
struct Cap {
    centre: Degrees,
    radius: f64,
}

impl Cap {
    fn around(points: &[Degrees]) -> Option<Self> {
        let mut centre = points
            .iter()
            .map(|&point| Vector::of(point))
            .reduce(|sum, point| sum.blend(1.0, point, 1.0))
            .and_then(Vector::unit)
            .map(Vector::degrees)
            .or_else(|| points.first().copied())?;
        // The middle of what is drawn, rather than where most points lie: move there a few times.
        for _ in 0..6 {
            let around = View {
                projection: Projection::Azimuthal,
                scale: 1.0,
                x: 0.0,
                y: 0.0,
                longitude: centre.x,
                latitude: centre.y,
            };
            let Some(bounds) = Rect::around(points.iter().filter_map(|&point| around.pixel(point))) else {
                break;
            };
            let (x, y) = bounds.centre();
            centre = View::azimuthal_inverse(centre, x, -y);
        }
        let middle = Vector::of(centre);
        let radius =
            points.iter().map(|&point| middle.angle(Vector::of(point)).to_degrees()).fold(0.0, f64::max);
        Some(Self { centre, radius })
    }
}

/// The greatest scale: no map shows less than [`LEAST_KM`].
fn closest(rect: Rect) -> f64 {
    rect.width().max(rect.height()) * EARTH_RADIUS_KM / LEAST_KM
}

fn azimuthal_world(centre: Degrees, rect: Rect) -> View {
    let (x, y) = rect.centre();
    let (radius, _) = Projection::Azimuthal.half_size(centre);
    let scale = rect.width().min(rect.height()) / 2.0 / radius;
    View { projection: Projection::Azimuthal, longitude: centre.x, latitude: centre.y, scale, x, y }
}

fn azimuthal(centre: Degrees, rect: Rect, inner: Rect, points: &[Degrees]) -> View {
    let flat = View {
        projection: Projection::Azimuthal,
        longitude: centre.x,
        latitude: centre.y,
        scale: 1.0,
        x: 0.0,
        y: 0.0,
    };
    let bounds = Rect::around(points.iter().filter_map(|&point| flat.pixel(point)));
    let scale = bounds.map_or(f64::MAX, |bounds| {
        (inner.width() / bounds.width().max(1e-9)).min(inner.height() / bounds.height().max(1e-9))
    });
    let scale = scale.min(closest(rect));
    // The centre of the projection need not be quite the middle of what is drawn.
    let (middle_x, middle_y) = bounds.map_or((0.0, 0.0), |bounds| bounds.centre());
    let (x, y) = inner.centre();
    View { scale, x: x - scale * middle_x, y: y - scale * middle_y, ..flat }
}

/// The angle from an azimuthal map's centre to the farthest corner of the canvas, in degrees.
fn corners(view: &View, rect: Rect) -> f64 {
    let x = (rect.left - view.x).abs().max((rect.right - view.x).abs());
    let y = (rect.top - view.y).abs().max((rect.bottom - view.y).abs());
    let chord = x.hypot(y) / view.scale / 2.0;
    if chord >= 1.0 { 180.0 } else { (2.0 * chord.asin()).to_degrees() }
}

/// A map that is cut along one meridian: the whole globe, or a part of it.
fn cut(projection: Projection, extent: Extent, room: &Room, points: &[Degrees], worth: f64) -> View {
    let &Room { rect, page, inner } = room;
    let longitudes: Vec<f64> = points.iter().map(|point| point.x).collect();
    let (middle, _) = middle_longitude(&longitudes).unwrap_or((0.0, 0.0));
    let rounded = wrap((middle / CENTRE_STEP).round() * CENTRE_STEP);
    // Points are seen to beside the cut: with it between two of them, their rounded middle may pass them by.
    let (x, y) = page.centre();
    let whole = |latitude: f64| {
        let centre = Degrees { x: rounded, y: latitude };
        let (half_width, half_height) = projection.half_size(centre);
        let scale = (page.width() / 2.0 / half_width).min(page.height() / 2.0 / half_height);
        View { projection, longitude: rounded, latitude, scale, x, y }
    };
    let world = whole(0.0);
    let Some(bounds) = (extent == Extent::Fit)
        .then(|| Rect::around(points.iter().map(|point| (wrap(point.x - rounded), point.y))))
        .flatten()
    else {
        return world;
    };
    // The equirectangular projection is true to scale in the middle of the route.
    let latitude = match projection {
        Projection::Equirectangular => ((bounds.top + bounds.bottom) / 2.0).clamp(-65.0, 65.0),
        Projection::NaturalEarth | Projection::Azimuthal => 0.0,
    };
    let flat = View { scale: 1.0, x: 0.0, y: 0.0, latitude, ..world };
    let Some(bounds) = Rect::around(points.iter().filter_map(|&point| flat.pixel(point))) else {
        return world;
    };
    let wanted = (inner.width() / bounds.width().max(1e-9)).min(inner.height() / bounds.height().max(1e-9));
    let least = whole(latitude).scale;
    if wanted < least * worth {
        return world;
    }
    let scale = wanted.min(closest(rect));
    let (half_width, half_height) = projection.half_size(flat.centre());
    let (centre_x, centre_y) = bounds.centre();
    let axis = |inner: (f64, f64), outer: (f64, f64), centre: f64, half: f64| {
        let wished = (inner.0 + inner.1) / 2.0 - scale * centre;
        if 2.0 * half * scale <= outer.1 - outer.0 {
            return (outer.0 + outer.1) / 2.0;
        }
        // Not beyond the edge of the world.
        wished.clamp(outer.1 - half * scale, outer.0 + half * scale)
    };
    View {
        scale,
        x: axis((inner.left, inner.right), (rect.left, rect.right), centre_x, half_width),
        y: axis((inner.top, inner.bottom), (rect.top, rect.bottom), centre_y, half_height),
        ..flat
    }
}

/// The outline of the whole globe on the canvas: a polygon, not cut to the canvas.
pub(crate) fn outline(view: &View) -> Vec<Pixel> {
    let step = |n: i32| f64::from(n);
    if view.projection.is_cut() {
        let east = (-90..=90).filter_map(|n| view.pixel_at(180.0, step(n)));
        let west = (-90..=90).rev().filter_map(|n| view.pixel_at(-180.0, step(n)));
        east.chain(west).collect()
    } else {
        let (radius, _) = view.projection.half_size(view.centre());
        (0..360)
            .map(|n| {
                let (sin, cos) = step(n).to_radians().sin_cos();
                (view.x + cos * radius * view.scale, view.y + sin * radius * view.scale)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RECT: Rect = Rect { left: 0.0, top: 90.0, right: 1600.0, bottom: 860.0 };

    const ROOM: Room =
        Room { rect: RECT, page: RECT, inner: Rect { left: 80.0, top: 150.0, right: 1520.0, bottom: 800.0 } };

    fn options(extent: Extent, projection: Option<Projection>) -> MapOptions {
        MapOptions { extent, projection, ..MapOptions::default() }
    }

    fn points(list: &[(f64, f64)]) -> Vec<Degrees> {
        list.iter().map(|&(y, x)| Degrees { x, y }).collect()
    }

    #[test]
    fn a_short_route_is_shown_with_some_country_around() {
        let view = view(&options(Extent::Fit, None), &ROOM, &points(&[(52.5, 13.4), (48.1, 11.6)])).unwrap();
        assert_eq!(view.projection, Projection::Azimuthal);
        let km = RECT.width() / view.scale * EARTH_RADIUS_KM;
        assert!((LEAST_KM - 1.0..LEAST_KM * 1.5).contains(&km), "{km}");
    }

    #[test]
    fn a_route_over_the_pacific_is_centred_there() {
        let route = points(&[(35.7, 139.7), (34.0, -118.2), (48.0, -170.0)]);
        for extent in [Extent::World, Extent::Fit] {
            let view = view(&options(extent, Some(Projection::NaturalEarth)), &ROOM, &route).unwrap();
            assert!(view.longitude.abs() > 160.0, "{view:?}");
            let (tokyo, angeles) = (view.pixel(route[0]).unwrap(), view.pixel(route[1]).unwrap());
            assert!(tokyo.0 < angeles.0);
        }
    }

    #[test]
    fn a_route_too_wide_for_the_azimuthal_map_is_told() {
        let route = points(&[(0.0, 0.0), (0.0, 120.0), (0.0, -120.0)]);
        let error = view(&options(Extent::Fit, Some(Projection::Azimuthal)), &ROOM, &route).unwrap_err();
        assert!(error.to_string().contains("natural-earth"), "{error}");
    }

    #[test]
    fn a_route_that_is_not_centred_on_its_middle_is_seen_whole() {
        let route = points(&[(0.0, -36.3), (77.0, -9.0), (2.6, -172.6), (0.0, 84.1)]);
        let view = view(&options(Extent::Fit, Some(Projection::Azimuthal)), &ROOM, &route).unwrap();
        for point in route {
            assert!(RECT.holds(view.pixel(point).unwrap()), "{point:?} {view:?}");
        }
    }

    proptest! {
        /// Whatever is chosen, every place of the route is on the map.
        #[test]
        fn every_place_is_seen(
            route in prop::collection::vec((-90.0..=90.0f64, -180.0..=180.0f64), 0..12),
            extent in 0..2usize,
            projection in 0..4usize,
        ) {
            let projection = Projection::ALL.get(projection).copied();
            let route = points(&route);
            let Ok(view) = view(&options(Extent::ALL[extent], projection), &ROOM, &route) else {
                prop_assert_eq!(projection, Some(Projection::Azimuthal));
                return Ok(());
            };
            for &point in &route {
                let pixel = view.pixel(point).unwrap();
                prop_assert!(RECT.grown(0.01, 0.01).holds(pixel), "{:?} {:?} {:?}", point, pixel, view);
            }
        }
    }
}
