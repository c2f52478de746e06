use std::net::IpAddr;
use std::sync::Arc;

use trace_core::model::{Evidence, Place};

use crate::Error;

/// What is known of a source itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceInfo {
    /// Who it is, as `kind` or `kind:name`: `builtin`, `mmdb:GeoLite2-City`, `geofeed:office.csv`.
    pub name: Arc<str>,
    /// The day it was built, as `2026-11-01`; of a file that does not tell, the day it was last changed.
    pub built: Option<Arc<str>>,
    /// Whose data it is, where the licence asks for saying so.
    pub attribution: Option<String>,
}

impl SourceInfo {
    /// The word of this source on a place, not judged yet.
    #[must_use]
    pub fn evidence(&self, place: Place) -> Evidence {
        Evidence { source: self.name.clone(), built: self.built.clone(), place, verdict: None, reason: None }
    }
}

/// `mmdb:GeoLite2-City 2026-11-01`.
impl core::fmt::Display for SourceInfo {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.name)?;
        match &self.built {
            Some(built) => write!(f, " {built}"),
            None => Ok(()),
        }
    }
}

/// A source of places: it can be asked where an address is.
pub trait Locate: Send + Sync {
    /// Name, date and origin of the source.
    fn info(&self) -> &SourceInfo;

    /// What the source says of `address`; `None` when it says nothing.
    ///
    /// # Errors
    /// When the source could not be asked or its answer could not be read. Other sources may still answer.
    fn locate(&self, address: IpAddr) -> Result<Option<Evidence>, Error>;

    /// Tells the source which addresses it is about to be asked for, so that one that answers many at once as fast as
    /// one can do so. Returns within a time that the source states. Most sources need not know.
    fn prepare(&self, _addresses: &[IpAddr]) {}

    /// What the user should be told of the source, once: a quota that is used up, a key that is refused.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }

    /// Whether the source gives the same answer when it is asked for the same address again, so that its answer may
    /// be remembered while the program runs.
    fn is_steady(&self) -> bool {
        true
    }
}
