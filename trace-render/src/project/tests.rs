use super::*;
use crate::sphere::Vector;
use proptest::prelude::*;

fn view(projection: Projection, longitude: f64, latitude: f64) -> View {
    View { projection, longitude, latitude, scale: 1.0, x: 0.0, y: 0.0 }
}

fn at(view: &View, longitude: f64, latitude: f64) -> (f64, f64) {
    let (x, y) = view.position(Coordinates::new(latitude, longitude).unwrap()).unwrap();
    (x, -y)
}

fn close(found: (f64, f64), wanted: (f64, f64), by: f64) {
    assert!(
        (found.0 - wanted.0).abs() < by && (found.1 - wanted.1).abs() < by,
        "{found:?} is not {wanted:?}"
    );
}

/// The regression values of PROJ (test/gie/builtins.gie, `natearth` and `laea` on a sphere of 6,400,000 m): 2 degrees
/// east, 1 degree north.
#[test]
fn formulas_agree_with_proj() {
    let radius = 6_400_000.0;
    for (projection, x, y) in [
        (Projection::NaturalEarth, 194_507.265_257_889, 112_508.737_358_295),
        (Projection::Azimuthal, 223_365.281_370_125, 111_716.668_072_916),
    ] {
        let (east, north) = at(&view(projection, 0.0, 0.0), 2.0, 1.0);
        close((east * radius, north * radius), (x, y), 1e-3);
    }
}

/// The authors' design: the globe is 0.52 times as high as wide.
#[test]
fn natural_earth_has_its_proportions() {
    let view = view(Projection::NaturalEarth, 0.0, 0.0);
    let (width, height) = (at(&view, 179.999_999, 0.0).0, at(&view, 0.0, 90.0).1);
    assert!((height / width - 0.52).abs() < 0.001, "{}", height / width);
}

#[test]
fn azimuthal_keeps_areas_and_ends_at_its_reach() {
    let equatorial = view(Projection::Azimuthal, 0.0, 0.0);
    // A hemisphere of 2π has a radius of √2.
    close(at(&equatorial, 0.0, 90.0), (0.0, 2f64.sqrt()), 1e-9);
    close(at(&equatorial, 90.0, 0.0), (2f64.sqrt(), 0.0), 1e-9);
    assert_eq!(equatorial.position(Coordinates::new(0.0, 130.0).unwrap()), None);
    let oblique = view(Projection::Azimuthal, -100.0, 40.0);
    let (x, y) = at(&oblique, -70.0, 10.0);
    let angle = Vector::of(Degrees { x: -100.0, y: 40.0 }).angle(Vector::of(Degrees { x: -70.0, y: 10.0 }));
    assert!((x.hypot(y) - 2.0 * (angle / 2.0).sin()).abs() < 1e-12 && x > 0.0 && y < 0.0);
}

#[test]
fn equirectangular_is_true_to_scale_on_its_parallel() {
    let view = view(Projection::Equirectangular, 10.0, 60.0);
    close(at(&view, 11.0, 60.0), (0.5f64.to_radians(), 60f64.to_radians()), 1e-12);
}

#[test]
fn both_sides_of_the_date_line_lie_beside_each_other() {
    for &projection in Projection::ALL {
        let view = view(projection, 180.0, 0.0);
        let (west, east) = (at(&view, 179.0, 10.0), at(&view, -179.0, 10.0));
        assert!((east.0 - west.0).abs() < 0.05 && east.0 > west.0, "{projection}: {west:?} {east:?}");
    }
}

#[test]
fn words_are_read_back() {
    for &projection in Projection::ALL {
        assert_eq!(projection.to_string().parse::<Projection>().unwrap(), projection);
    }
    let error = "mercator".parse::<Projection>().unwrap_err().to_string();
    assert!(error.contains("mercator") && error.contains("natural-earth"), "{error}");
}

proptest! {
    #[test]
    fn azimuthal_goes_there_and_back(lon0 in -180.0..180.0f64, lat0 in -89.0..89.0f64, lon in -180.0..180.0f64, lat in -89.9..89.9f64) {
        let view = view(Projection::Azimuthal, lon0, lat0);
        let point = Degrees { x: lon, y: lat };
        if Vector::of(view.centre()).angle(Vector::of(point)).to_degrees() < 119.0 {
            let (x, y) = view.pixel(point).unwrap();
            let back = View::azimuthal_inverse(view.centre(), x, -y);
            prop_assert!(Vector::of(back).angle(Vector::of(point)) < 1e-7);
        }
    }

    #[test]
    fn every_point_is_finite(lon0 in -180.0..=180.0f64, lat0 in -90.0..=90.0f64, lon in -180.0..=180.0f64, lat in -90.0..=90.0f64) {
        for &projection in Projection::ALL {
            if let Some((x, y)) = view(projection, lon0, lat0).position(Coordinates::new(lat, lon).unwrap()) {
                prop_assert!(x.is_finite() && y.is_finite());
            }
        }
    }
}
