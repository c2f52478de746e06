use std::sync::Arc;

use super::{Place, Verdict};

/// One source's word on where an address is: a candidate, kept whether it was taken or struck.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// Who says so, as `kind` or `kind:name`: `builtin`, `mmdb:GeoLite2-City`, `geofeed:office.csv`.
    pub source: Arc<str>,
    /// The day the source was built or fetched, as `2026-11-01`.
    pub built: Option<Arc<str>>,
    /// What it says.
    pub place: Place,
    /// What became of it; `None` while nobody has judged it.
    pub verdict: Option<Verdict>,
    /// Why, in a sentence for a person.
    pub reason: Option<String>,
}
