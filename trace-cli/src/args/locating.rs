//! Whom to ask for places, and where the traces were measured.

use std::path::PathBuf;

use clap::Args;
use trace_geo::origin::Stated;

use super::values;

/// Whom to ask for places.
#[derive(Debug, Args)]
pub(crate) struct Locating {
    /// Geofeed of your own networks; repeatable
    ///
    /// A geofeed: prefix,country,region,city,postal code, and behind them latitude and longitude if you like.
    /// It is asked first and may place private addresses too.
    #[arg(long, value_name = "FILE")]
    pub(crate) places: Vec<PathBuf>,
    /// MaxMind-format database; repeatable
    ///
    /// Asked in the order given, before the built-in table of countries and origin ASes.
    #[arg(long, value_name = "FILE")]
    pub(crate) mmdb: Vec<PathBuf>,
    /// Exchange points, as PeeringDB's dump; repeatable
    ///
    /// A JSON file with the tables ix, ixlan and ixpfx, and ixfac and fac for coordinates: it tells addresses on
    /// the peering LANs of exchange points, which count as no AS of the path.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) ix: Vec<PathBuf>,
    /// Patterns of host names beside those built in; repeatable
    ///
    /// How further operators name their routers, as CSV: domains,kind,country,pattern,codes. They are tried
    /// before the patterns built in.
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) hints: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) origin: OriginArguments,
}

/// Where the traces were measured.
#[derive(Debug, Args)]
pub(crate) struct OriginArguments {
    /// Where you are: LAT,LON in degrees, or a city
    ///
    /// Places are held against the round-trip times from there. A city may need its country, as Portland,US; one that
    /// is much larger than others of its name does not. Nobody is asked where you are.
    #[arg(long, value_name = "LAT,LON|CITY", value_parser = values::origin, allow_hyphen_values = true)]
    pub(crate) origin: Option<Stated>,
}
