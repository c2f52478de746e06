use super::*;
use crate::basemap;
use crate::project::Projection;
use crate::sphere::great_circle;

const CANVAS: Rect = Rect { left: 0.0, top: 0.0, right: 1600.0, bottom: 900.0 };

fn view(projection: Projection, longitude: f64, latitude: f64) -> View {
    View { projection, longitude, latitude, scale: 250.0, x: 800.0, y: 450.0 }
}

/// No edge of a line may be longer than a small part of the map, whatever the centre.
#[test]
fn no_line_of_the_base_map_crosses_the_whole_map() {
    for longitude in [-180.0, -91.0, 0.0, 10.0, 139.7, 179.9, 180.0] {
        for projection in [Projection::NaturalEarth, Projection::Equirectangular] {
            let view = view(projection, longitude, 0.0);
            for arc in &basemap::detailed().arcs {
                for line in lines(&view, &arc.points, CANVAS) {
                    let longest = line
                        .windows(2)
                        .map(|pair| (pair[1].0 - pair[0].0).hypot(pair[1].1 - pair[0].1))
                        .fold(0.0, f64::max);
                    assert!(longest < 40.0, "{longest} at centre {longitude}");
                }
            }
        }
    }
}

fn filled(polygons: &[Vec<Pixel>]) -> f64 {
    let area = |polygon: &Vec<Pixel>| {
        let next = polygon.iter().cycle().skip(1);
        polygon.iter().zip(next).map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f64>() / 2.0
    };
    polygons.iter().map(area).sum::<f64>().abs()
}

/// However the map is turned, a country keeps the pixels it fills: nothing is lost or doubled at the cut.
#[test]
fn a_shape_keeps_its_size_when_the_map_is_turned() {
    for code in ["RU", "FJ", "AQ", "US", "NZ", "DE"] {
        let country = basemap::country(trace_core::model::CountryCode::new(code).unwrap()).unwrap();
        let size = |longitude: f64| {
            let view = view(Projection::Equirectangular, longitude, 0.0);
            country.rings.iter().map(|ring| filled(&polygons(&view, ring, CANVAS))).sum::<f64>()
        };
        let wanted = size(0.0);
        for longitude in [-180.0, -100.0, 37.0, 60.0, 100.0, 179.0, 180.0] {
            let found = size(longitude);
            assert!((found / wanted - 1.0).abs() < 0.03, "{code} at {longitude}: {found} is not {wanted}");
        }
    }
}

/// Antarctica has no edge at the pole in the data; the fill must reach the map's lower edge all along.
#[test]
fn antarctica_reaches_the_edge_of_the_map() {
    let view = view(Projection::Equirectangular, 37.0, 0.0);
    let antarctica = basemap::country(trace_core::model::CountryCode::new("AQ").unwrap()).unwrap();
    let ring = antarctica.rings.iter().find(|ring| ring.around_pole).unwrap();
    let bounds = Rect::around(polygons(&view, ring, CANVAS).concat()).unwrap();
    let pole = view.pixel_at(0.0, -90.0).unwrap().1;
    assert!((bounds.bottom - pole).abs() < 1.0, "{bounds:?}");
    let [left, right] = [-180.0, 180.0].map(|x| view.pixel_at(x, -80.0).unwrap().0);
    assert!((bounds.left - left).abs() < 1.0 && (bounds.right - right).abs() < 1.0, "{bounds:?}");
}

#[test]
fn a_leg_across_the_date_line_is_cut_in_two_or_whole_when_centred() {
    let (tokyo, angeles) = (Degrees { x: 139.69, y: 35.69 }, Degrees { x: -118.24, y: 34.05 });
    let way: Vec<Vec<Degrees>> = unwrapped(&great_circle(tokyo, angeles, 1.0));
    assert_eq!(way.len(), 1);
    let greenwich = view(Projection::NaturalEarth, 0.0, 0.0);
    let pieces = lines(&greenwich, &way[0], CANVAS);
    assert_eq!(pieces.len(), 2);
    let edge = greenwich.pixel_at(180.0, 45.0).unwrap().0;
    assert!(pieces.iter().flatten().any(|pixel| (pixel.0 - edge).abs() < 15.0), "the piece ends at the edge");
    let pacific = view(Projection::NaturalEarth, -170.0, 0.0);
    assert_eq!(lines(&pacific, &way[0], CANVAS).len(), 1);
}

#[test]
fn a_leg_over_the_pole_is_no_line_along_the_top() {
    let way = great_circle(Degrees { x: 10.0, y: 60.0 }, Degrees { x: -170.0, y: 70.0 }, 1.0);
    let view = view(Projection::NaturalEarth, 0.0, 0.0);
    for run in unwrapped(&way) {
        for line in lines(&view, &run, CANVAS) {
            assert!(line.windows(2).all(|pair| (pair[1].0 - pair[0].0).abs() < 60.0));
        }
    }
}

#[test]
fn azimuthal_shapes_stay_finite_wherever_the_centre_is() {
    for longitude in [-170.0, -60.0, 15.0, 105.0] {
        for latitude in [-89.0, -40.0, 0.0, 50.0, 89.0] {
            let view = view(Projection::Azimuthal, longitude, latitude);
            let globe = 4.0 * core::f64::consts::PI * view.scale * view.scale;
            let huge = Rect { left: -5e3, top: -5e3, right: 5e3, bottom: 5e3 };
            let mut land = 0.0;
            for ring in basemap::detailed().countries.iter().flat_map(|country| &country.rings) {
                land += filled(&polygons(&view, ring, huge));
            }
            // Land is 29% of the globe, and the map shows three quarters of the globe.
            assert!((0.08..0.32).contains(&(land / globe)), "{} at {longitude} {latitude}", land / globe);
        }
    }
}
