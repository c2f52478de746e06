//! What is typed behind `geo`.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use trace_geo::update::Database;

use super::FormatArguments;

/// Where accounts come from, and where the files go.
const UPDATE_NOTES: &str = "\
Without a name everything is fetched that may be: DB-IP City Lite, which needs no account, and, where MAXMIND_ACCOUNT_ID and
MAXMIND_LICENSE_KEY are set (in the environment or in a file .env in the data directory that only you can read), the three of
MaxMind. An account costs nothing: https://www.maxmind.com/en/geolite2/signup

The databases lie in geo/ in the data directory and are used from then on. One that is up to date is not fetched again. Whatever
goes wrong, the database that was there stays.";

#[derive(Debug, Subcommand)]
pub(crate) enum GeoVerb {
    /// Say where addresses are
    ///
    /// Nothing is sent but questions for host names to the system's resolver, and those only for global
    /// addresses and not with --no-dns, and, where you have set a key for ipgeolocation.io, global addresses that it
    /// was not asked for before. Private and other special addresses are named, never looked up.
    Lookup(LookupArguments),
    /// Say which sources of places there are, how old, whose, and what they cost or send out
    Status(SourcesArguments),
    /// Download databases of places, or bring them up to date
    #[command(after_long_help = UPDATE_NOTES)]
    Update(UpdateArguments),
}

#[derive(Debug, Args)]
pub(crate) struct LookupArguments {
    /// The addresses
    #[arg(value_name = "ADDR", required = true)]
    pub(crate) addresses: Vec<std::net::IpAddr>,
    /// Do not look up host names
    #[arg(short = 'n', long)]
    pub(crate) no_dns: bool,
    #[command(flatten)]
    pub(crate) sources: SourceFiles,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

#[derive(Debug, Args)]
pub(crate) struct SourcesArguments {
    #[command(flatten)]
    pub(crate) sources: SourceFiles,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

/// The files places are looked up in.
#[derive(Debug, Args)]
pub(crate) struct SourceFiles {
    /// Geofeed of your own networks; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) places: Vec<PathBuf>,
    /// MaxMind-format database; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) mmdb: Vec<PathBuf>,
    /// Exchange points, as PeeringDB's dump; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) ix: Vec<PathBuf>,
    /// Patterns of host names beside those built in; repeatable
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub(crate) hints: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct UpdateArguments {
    /// Which: geolite2-city, geolite2-asn, geolite2-country, dbip-city-lite [default: all that may be]
    #[arg(value_name = "DATABASE", value_parser = database(), hide_possible_values = true)]
    pub(crate) databases: Vec<Database>,
    #[command(flatten)]
    pub(crate) format: FormatArguments,
}

fn database() -> impl TypedValueParser<Value = Database> {
    let names = Database::ALL.map(|database| PossibleValue::new(word(database)));
    PossibleValuesParser::new(names).map(|typed| {
        // The parser takes no other word.
        Database::ALL.into_iter().find(|database| word(*database) == typed).unwrap_or(Database::DbIpCityLite)
    })
}

/// How a database is typed.
const fn word(database: Database) -> &'static str {
    match database {
        Database::GeoLite2City => "geolite2-city",
        Database::GeoLite2Asn => "geolite2-asn",
        Database::GeoLite2Country => "geolite2-country",
        _ => "dbip-city-lite",
    }
}
