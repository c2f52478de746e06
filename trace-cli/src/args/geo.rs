//! What is typed behind `geo update`.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use trace_geo::update::Database;

use super::FormatArguments;

/// Where accounts come from, and where the files go.
pub(super) const UPDATE_NOTES: &str = "\
Without a name everything is fetched that may be: DB-IP City Lite, which needs no account, and, where MAXMIND_ACCOUNT_ID and
MAXMIND_LICENSE_KEY are set (in the environment or in a file .env in the data directory that only you can read), the three of
MaxMind. An account costs nothing: https://www.maxmind.com/en/geolite2/signup

The databases lie in geo/ in the data directory and are used from then on. One that is up to date is not fetched again. Whatever
goes wrong, the database that was there stays.";

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
