use trace_core::model::Place;

use super::*;

fn parsed(text: &str) -> Result<Stated, OriginFault> {
    parse(text, OriginSource::Config)
}

fn city_of(text: &str) -> String {
    parsed(text).unwrap().city.unwrap()
}

#[test]
fn coordinates_are_taken_as_they_are() {
    for (text, latitude, longitude) in [
        ("-34.6,-58.4", -34.6, -58.4),
        (" 50 , 8.27 ", 50.0, 8.27),
        ("0,0", 0.0, 0.0),
        ("90,-180", 90.0, -180.0),
    ] {
        let coordinates = Coordinates::new(latitude, longitude).unwrap();
        let origin = Origin { coordinates, radius_km: None, from: OriginSource::Config };
        assert_eq!(parsed(text), Ok(Stated { origin, city: None }));
    }
    for text in ["91,0", "0,181", "nan,0", "0,inf", "-90.01,0"] {
        assert_eq!(parsed(text), Err(OriginFault::OffTheGlobe { text: text.to_owned() }));
    }
}

#[test]
fn cities_are_found_by_name_country_state_and_airport() {
    assert_eq!(city_of("Sao Paulo"), "São Paulo, BR");
    assert!(city_of("portland,or").starts_with("Portland, OR"));
    assert!(city_of("Portland, ME, US").starts_with("Portland, ME"));
    assert!(city_of("valencia,es").ends_with("ES"));
    assert!(city_of("SIN").ends_with("SG"));
    let sydney = parsed("Sydney").unwrap().origin;
    assert!((sydney.coordinates.latitude() + 33.87).abs() < 0.1 && sydney.radius_km == Some(25.0));
}

#[test]
fn what_is_not_known_or_not_clear_is_refused_with_the_cause() {
    for text in ["", "  "] {
        assert_eq!(parsed(text), Err(OriginFault::Empty));
    }
    for text in ["Nowhere-upon-Sea", ",", "Berlin,FR", "12", "1,2,3", "Berlin,", "a\u{0}b"] {
        assert_eq!(parsed(text), Err(OriginFault::Unknown { text: text.trim().to_owned() }), "{text}");
    }
    let refused = parsed("Valencia").unwrap_err();
    let message = refused.to_string();
    assert!(message.contains("Valencia, VE") && message.contains("Valencia, ES"), "{message}");
    // What a refusal names can be typed.
    let OriginFault::Ambiguous { choices, .. } = refused else { panic!("{refused}") };
    for choice in choices {
        assert!(parsed(&choice).is_ok(), "{choice}");
    }
}

#[test]
fn a_database_tells_a_point_or_nothing() {
    let coordinates = Coordinates::new(50.0, 8.27);
    let place = Place { coordinates, radius_km: Some(20.0), ..Place::default() };
    let located = |place| Located { place: Some(place), ..Located::default() };
    let origin = looked_up(&located(place)).unwrap();
    assert_eq!((origin.from, origin.radius_km), (OriginSource::Database, Some(20.0)));
    assert_eq!(looked_up(&located(Place { country_code: CountryCode::new("DE"), ..Place::default() })), None);
    assert_eq!(looked_up(&Located::default()), None);
}
