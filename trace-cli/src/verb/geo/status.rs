//! `geo status`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use trace_geo::ipgeolocation::FRESH;
use trace_geo::update::Database;
use trace_geo::{AnswerStore, Builtin, Exchanges, Geofeed, Hints, IpGeolocation, Locate, Mmdb, SourceInfo};

use crate::args::SourcesArguments;
use crate::clock;
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::sources::{self as report, Row, State};
use crate::settings::Sources;
use crate::sources::{self, Keys};

/// What no source sends out that is a file on this machine.
const NOTHING: &str = "nothing";
const FREE: &str = "nothing";

/// Says which sources there are, in the order in which they are asked, and what could be there.
pub(super) fn run(typed: SourcesArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let wanted = Sources::from(typed.sources).beside(data_dir);
    let now = clock::now();
    let mut rows = Vec::new();
    for path in &wanted.places {
        let feed = Geofeed::open(path).blame(Exit::Senseless)?;
        rows.push(Row { path: shown(path), ..file(feed.info(), now) });
    }
    for path in &wanted.ix {
        let exchanges = Exchanges::open(path).blame(Exit::Senseless)?;
        let note = exchanges.remarks().pop();
        rows.push(Row { path: shown(path), note, ..file(exchanges.info(), now) });
    }
    let mut hints = Hints::builtin();
    for path in &wanted.hints {
        hints = hints.with(path).blame(Exit::Senseless)?;
    }
    let asks = "questions for the names of global addresses, to this system's resolver, unless --no-dns";
    rows.push(Row { sends: asks.to_owned(), ..file(hints.info(), now) });
    for path in &wanted.mmdb {
        let database = Mmdb::open(path).blame(Exit::Senseless)?;
        rows.push(Row { path: shown(path), ..file(database.info(), now) });
    }
    if let Some(data_dir) = &wanted.data_dir {
        rows.push(service(data_dir));
        for database in Database::ALL {
            rows.push(downloaded(database, data_dir, now));
        }
    }
    let builtin = Builtin::embedded().blame(Exit::CouldNotKeep)?;
    rows.push(file(builtin.info(), now));
    let format = typed.format.format;
    let text = report::sources(&rows, format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(format, &text)?;
    Ok(Exit::Done)
}

fn shown(path: &Path) -> Option<String> {
    Some(path.display().to_string())
}

/// A source that is a file here or lies in the program.
fn file(info: &SourceInfo, now: i64) -> Row {
    Row {
        source: info.name.to_string(),
        state: State::Used,
        note: None,
        age_days: info.built.as_deref().and_then(|day| clock::days_since(day, now)),
        built: info.built.as_deref().map(str::to_owned),
        sends: NOTHING.to_owned(),
        costs: FREE.to_owned(),
        attribution: info.attribution.clone(),
        path: None,
    }
}

/// A database that can be downloaded.
fn downloaded(database: Database, data_dir: &Path, now: i64) -> Row {
    let path = sources::directory(data_dir).join(database.file_name());
    let absent = |state, note: String| Row {
        source: format!("mmdb:{database}"),
        state,
        note: Some(note),
        built: None,
        age_days: None,
        sends: NOTHING.to_owned(),
        costs: if database.needs_account() { "an account at MaxMind, free" } else { FREE }.to_owned(),
        attribution: None,
        path: shown(&path),
    };
    if !path.exists() {
        let account = if database.needs_account() {
            ", with MAXMIND_ACCOUNT_ID and MAXMIND_LICENSE_KEY set"
        } else {
            ""
        };
        return absent(State::Absent, format!("`trace-cli geo update` fetches it{account}"));
    }
    match sources::read(database, &path) {
        Ok(found) => {
            let fetched = path.metadata().and_then(|metadata| metadata.modified()).ok();
            let row = file(found.info(), now);
            Row { path: shown(&path), age_days: row.age_days.or_else(|| age(fetched?, now)), ..row }
        }
        Err(cause) => absent(State::Broken, format!("{cause:#}")),
    }
}

fn age(since: SystemTime, now: i64) -> Option<i64> {
    let since = since.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(now.saturating_sub(i64::try_from(since.as_nanos()).ok()?) / clock::DAY)
}

/// The web service. Its key is never shown, only where it was found.
fn service(data_dir: &Path) -> Row {
    let fresh = FRESH.as_secs() / 86_400;
    let mut row = Row {
        source: "ipgeolocation".to_owned(),
        state: State::Absent,
        note: Some("no key: set IPGEOLOCATION_API_KEY (https://app.ipgeolocation.io)".to_owned()),
        built: None,
        age_days: None,
        sends: "nothing without a key".to_owned(),
        costs: format!("one request an address every {fresh} days, out of your plan's quota"),
        attribution: None,
        path: None,
    };
    if let Err(cause) = look_at_service(data_dir, &mut row) {
        row.state = State::Broken;
        row.note = Some(format!("{cause:#}"));
    }
    row
}

/// Nothing is asked and nothing is made.
fn look_at_service(data_dir: &Path, row: &mut Row) -> anyhow::Result<()> {
    let keys = Keys::read(data_dir)?;
    let (Some(key), Some(settings)) = (keys.ipgeolocation()?, keys.service()?) else { return Ok(()) };
    row.sends =
        format!("global addresses of hops and your key, to {}", key.secret.redact(&settings.base_url));
    row.note = Some(format!("key: {}", key.found));
    let path = sources::answers(data_dir);
    let answers = if path.exists() {
        row.path = shown(&path);
        AnswerStore::open(&path)?
    } else {
        AnswerStore::in_memory()?
    };
    let known = answers.count("ipgeolocation")?;
    let service = IpGeolocation::new(settings, answers, clock::now)?;
    row.state = State::Used;
    row.attribution.clone_from(&service.info().attribution);
    if let Some((until, why)) = service.rest() {
        row.state = State::Resting;
        row.note = Some(format!("{why}; it is not asked before {}", clock::instant(until)));
    } else if known > 0 {
        row.note = Some(format!("key: {}; {known} addresses known", key.found));
    }
    Ok(())
}
