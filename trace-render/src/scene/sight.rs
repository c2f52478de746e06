//! What of a hop can be drawn.

use std::net::IpAddr;

use trace_core::model::{Atlas, Hop, Located, Place, Verdict};

use super::{Spot, Trust};
use crate::basemap;

/// What can be seen of a hop.
pub(super) enum Sight {
    Placed { address: IpAddr, spot: Spot, trust: Trust, place: Place },
    Private,
    Silent,
    Unlocated,
}

impl Sight {
    pub(super) fn of(hop: &Hop, atlas: &Atlas) -> Self {
        let answerers = hop.answerers();
        let placed = answerers.iter().find_map(|&address| {
            let located = atlas.get(address)?;
            let (spot, trust) = spot(located)?;
            let place = located.place.clone().unwrap_or_default();
            Some(Self::Placed { address, spot, trust, place })
        });
        let private = |address: &IpAddr| {
            atlas.get(*address).is_some_and(|located| located.verdict == Some(Verdict::Private))
        };
        placed.unwrap_or_else(|| {
            if answerers.is_empty() {
                Self::Silent
            } else if answerers.iter().all(private) {
                Self::Private
            } else {
                Self::Unlocated
            }
        })
    }
}

/// The names of a place: the city, else the region, and the country.
pub(super) fn names(place: &Place) -> (Option<String>, Option<String>) {
    let city = place.city.as_ref().or(place.region.as_ref()).map(ToString::to_string);
    let country = place.country.as_deref().map(str::to_owned).or_else(|| {
        let code = place.country_code?;
        Some(basemap::country(code).map_or_else(|| code.to_string(), |known| known.name.clone()))
    });
    (city, country)
}

/// Where an address is drawn, if anywhere. A private address has a place where somebody who knows gave it one.
fn spot(located: &Located) -> Option<(Spot, Trust)> {
    let place = located.place.as_ref()?;
    let area = || place.country_code.filter(|&code| basemap::country(code).is_some()).map(Spot::Area);
    let point = place.coordinates.map(Spot::Point);
    match located.verdict {
        Some(Verdict::Unlocated) => None,
        // The coordinates of an area are its middle and mean nothing.
        Some(Verdict::Area) => Some((area()?, Trust::Sound)),
        // A country is filled to say that the hop is in there: of these two nobody says so.
        Some(Verdict::Anycast) => Some((point?, Trust::Anycast)),
        Some(Verdict::Impossible) => Some((point?, Trust::Impossible)),
        Some(Verdict::Suspect) => Some((point.or_else(area)?, Trust::Suspect)),
        Some(Verdict::Plausible | Verdict::Private) | None => Some((point.or_else(area)?, Trust::Sound)),
    }
}
