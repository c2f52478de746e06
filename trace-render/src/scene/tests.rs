use trace_core::model::Verdict;

use super::*;
use routes::At::{self, City, Country, Judged, Nowhere, Private, Silent};

#[path = "../../tests/routes/mod.rs"]
mod routes;

const PARIS: At<'_> = City("Paris", "FR", 48.86, 2.35);
const ROMA: At<'_> = City("Roma", "IT", 41.89, 12.48);
const OSLO: At<'_> = City("Oslo", "NO", 59.91, 10.75);

fn scene(hops: &[At<'_>]) -> Scene {
    let (trace, atlas) = routes::route("example.com", Outcome::Reached, hops);
    Scene::new(&[(&trace, &atlas)])
}

fn legs(scene: &Scene) -> Vec<(usize, usize, LegKind)> {
    scene.legs.iter().map(|leg| (leg.from, leg.to, leg.kind)).collect()
}

fn numbers(scene: &Scene) -> Vec<String> {
    scene.marks.iter().map(|mark| Mark::numbers(&mark.stops[0])).collect()
}

#[test]
fn hops_in_one_place_share_a_mark() {
    let scene = scene(&[PARIS, PARIS, PARIS, ROMA, PARIS, OSLO, OSLO]);
    assert_eq!(numbers(&scene), ["1–3, 5", "4", "6, 7"]);
    // There and back again is one line.
    assert_eq!(legs(&scene), [(0, 1, LegKind::Direct), (0, 2, LegKind::Direct)]);
    assert!(scene.marks[2].is_target() && !scene.marks[0].is_target());
}

#[test]
fn quarters_of_one_city_are_one_place_and_towns_beside_each_other_are_not() {
    let scene = scene(&[PARIS, City("Paris", "FR", 48.90, 2.30), City("Saint-Denis", "FR", 48.94, 2.36)]);
    assert_eq!(numbers(&scene), ["1, 2", "3"]);
}

#[test]
fn what_has_no_place_has_no_mark_and_the_leg_says_so() {
    let scene = scene(&[Private, PARIS, Silent, Nowhere, Private, ROMA, OSLO]);
    assert_eq!(legs(&scene), [(0, 1, LegKind::Gap(3)), (1, 2, LegKind::Direct)]);
    let route = &scene.routes[0];
    assert_eq!((route.placed, route.silent, route.private, route.unlocated), (3, 1, 2, 1));
}

#[test]
fn a_leg_never_joins_two_routes() {
    let one = routes::route("one.example", Outcome::Reached, &[PARIS, ROMA]);
    let two = routes::route("two.example", Outcome::Reached, &[OSLO, PARIS]);
    let scene = Scene::new(&[(&one.0, &one.1), (&two.0, &two.1)]);
    assert_eq!(scene.marks.len(), 3);
    let by_route: Vec<_> = scene.legs.iter().map(|leg| (leg.route, leg.from, leg.to)).collect();
    assert_eq!(by_route, [(0, 0, 1), (1, 2, 0)]);
    assert_eq!(scene.marks[0].stops.len(), 2);
}

#[test]
fn scenes_join_to_what_their_traces_give_together() {
    let ways: [&[At<'_>]; 4] = [
        &[Private, PARIS, Silent, ROMA, PARIS, OSLO],
        &[OSLO, PARIS, City("Paris", "FR", 48.90, 2.30), Country("DE")],
        &[],
        &[Country("DE"), Nowhere, ROMA, PARIS, ROMA],
    ];
    let traces = ways.map(|hops| routes::route("example.com", Outcome::Reached, hops));
    let borrowed: Vec<_> = traces.iter().map(|(trace, atlas)| (trace, atlas)).collect();
    let together = Scene::new(&borrowed);
    assert!(together.marks.len() > 3 && together.legs.len() > 5);
    let each: Vec<_> = borrowed.iter().map(|trace| Scene::new(&[*trace])).collect();
    assert_eq!(Scene::joined(&each), together);
    // Also where scenes of several routes are joined.
    let halves = [Scene::new(&borrowed[..2]), Scene::new(&borrowed[2..])];
    assert_eq!(Scene::joined(&halves), together);
}

#[test]
fn nothing_leads_to_anycast_and_impossible_places() {
    let scene = scene(&[
        PARIS,
        Judged("Mountain View", "US", 37.39, -122.08, Verdict::Anycast),
        Judged("Sydney", "AU", -33.87, 151.21, Verdict::Impossible),
        ROMA,
    ]);
    assert_eq!(legs(&scene), [(0, 3, LegKind::Gap(2))]);
    assert_eq!(scene.marks[1].trust, Trust::Anycast);
    assert_eq!(scene.marks[2].trust, Trust::Impossible);
}

#[test]
fn no_country_is_filled_for_what_is_surely_not_just_there() {
    for verdict in [Verdict::Anycast, Verdict::Impossible] {
        let (trace, mut atlas) = routes::route("example.com", Outcome::Reached, &[Country("US"), PARIS]);
        let address = trace.hops[0].answerers()[0];
        atlas.places.get_mut(&address).unwrap().verdict = Some(verdict);
        let scene = Scene::new(&[(&trace, &atlas)]);
        assert_eq!((scene.marks.len(), scene.routes[0].unlocated), (1, 1));
    }
}

#[test]
fn a_country_is_an_area_even_where_a_database_gives_its_middle() {
    let scene = scene(&[
        Country("DE"),
        Judged("", "DE", 51.0, 9.0, Verdict::Area),
        Judged("", "EU", 50.0, 10.0, Verdict::Area),
        PARIS,
    ]);
    assert_eq!(numbers(&scene), ["1, 2", "4"]);
    assert_eq!(scene.marks[0].spot, Spot::Area(CountryCode::new("DE").unwrap()));
    assert_eq!(scene.marks[0].country.as_deref(), Some("Germany"));
    assert!(scene.touches_area(&scene.legs[0]));
    // EU is no country with a shape: nothing is drawn at its "middle".
    assert_eq!(scene.routes[0].unlocated, 1);
}

#[test]
fn a_route_starts_at_its_origin_and_private_hops_there_hide_nothing() {
    let (trace, atlas) =
        routes::from(routes::route("example.com", Outcome::Reached, &[Private, Private, ROMA]), 48.86, 2.35);
    let scene = Scene::new(&[(&trace, &atlas)]);
    assert!(scene.marks[0].is_origin() && scene.marks[0].stops[0].hops.is_empty());
    assert_eq!(legs(&scene), [(0, 1, LegKind::Direct)]);
    let (trace, atlas) =
        routes::from(routes::route("example.com", Outcome::Reached, &[Silent, ROMA]), 48.86, 2.35);
    assert_eq!(legs(&Scene::new(&[(&trace, &atlas)])), [(0, 1, LegKind::Gap(1))]);
}

#[test]
fn of_several_answerers_the_first_with_a_place_counts() {
    let (mut trace, mut atlas) = routes::route("example.com", Outcome::Exhausted, &[Nowhere, PARIS]);
    let moved = trace.hops[1].probes[0].clone();
    trace.hops[0].probes.push(moved);
    trace.hops.truncate(1);
    let scene = Scene::new(&[(&trace, &atlas)]);
    assert_eq!(scene.marks.len(), 1);
    assert_eq!(scene.marks[0].stops[0].hops[0].address, trace.hops[0].answerers()[1]);
    // A private address that somebody placed is drawn.
    let address = trace.hops[0].answerers()[1];
    atlas.places.get_mut(&address).unwrap().verdict = Some(Verdict::Private);
    assert_eq!(Scene::new(&[(&trace, &atlas)]).marks.len(), 1);
}

#[test]
fn an_empty_scene_is_empty() {
    assert_eq!(Scene::new(&[]), Scene::default());
    let (trace, atlas) = routes::route("", Outcome::Interrupted, &[]);
    let scene = Scene::new(&[(&trace, &atlas)]);
    assert!(scene.marks.is_empty() && scene.legs.is_empty() && scene.routes.len() == 1);
}
