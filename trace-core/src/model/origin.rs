use super::Coordinates;
use super::words::words;

words! {
    /// Who said where the traces start.
    OriginSource, "origin source" {
        /// Typed on the command line.
        Flag = "flag",
        /// Written in the config file.
        Config = "config",
        /// Looked up in a database: itself only a candidate.
        Database = "database",
    }
}

/// Where the source of a trace stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Origin {
    /// The point.
    pub coordinates: Coordinates,
    /// How far from the point it may be, in kilometres.
    pub radius_km: Option<f64>,
    /// Who said so.
    pub from: OriginSource,
}
