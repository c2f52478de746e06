use std::sync::Arc;

use super::{Evidence, Place, Verdict};

/// What is known of where one address is, and why.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Located {
    /// The place that was chosen; fields no source knew are `None`.
    pub place: Option<Place>,
    /// The source of that choice with its date, as `mmdb:GeoLite2-City 2026-11-01`.
    pub source: Option<Arc<str>>,
    /// The name of the address by reverse DNS. Text from the network: escape it before showing it.
    pub hostname: Option<String>,
    /// What the judge says; `None` when nobody judged.
    pub verdict: Option<Verdict>,
    /// How much speaks for the choice, 0 to 1.
    pub score: Option<f64>,
    /// A remark for a person, such as the name of a special-purpose range.
    pub note: Option<String>,
    /// Every candidate, in the order the sources were asked.
    pub candidates: Vec<Evidence>,
}

impl Located {
    /// The name of the exchange point on whose peering LAN the address is. A source of exchange points is called
    /// `ix` or `ix:name`, and its candidates have that name for the provider.
    #[must_use]
    pub fn exchange(&self) -> Option<&str> {
        let of_exchange =
            |candidate: &&Evidence| &*candidate.source == "ix" || candidate.source.starts_with("ix:");
        self.candidates.iter().find(of_exchange)?.place.isp.as_deref()
    }
}
