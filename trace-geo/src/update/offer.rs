//! Where databases are offered, and the requests for them.

use std::io::Read as _;
use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use time::OffsetDateTime;
use ureq::http::Response;
use ureq::{Agent, Body};

use super::{Database, Settings, UpdateFault};
use crate::download::{BaseUrl, cause, read_cause};

/// Where a database is, and how it is packed.
pub(super) struct Offer {
    pub(super) base: BaseUrl,
    /// Path and query, the newest first; the next one is tried where there is none.
    paths: Vec<String>,
    /// Path and query of the hash.
    hash: Option<String>,
    authorization: Option<String>,
    pub(super) packing: Packing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    TarGzip,
}

impl Offer {
    pub(super) fn of(database: Database, settings: &Settings, now: i64) -> Result<Self, UpdateFault> {
        if database == Database::DbIpCityLite {
            let file = |(year, month)| format!("/free/dbip-city-lite-{year:04}-{month:02}.mmdb.gz");
            return Ok(Self {
                base: BaseUrl::new(&settings.dbip_url)?,
                paths: months(now).map(file).to_vec(),
                hash: None,
                authorization: None,
                packing: Packing::Gzip,
            });
        }
        let account = settings.account.as_ref().ok_or(UpdateFault::NoAccount)?;
        let credentials = format!("{}:{}", account.id.expose(), account.key.expose());
        let path = format!("/geoip/databases/{database}/download?suffix=tar.gz");
        Ok(Self {
            base: BaseUrl::new(&settings.maxmind_url)?,
            hash: Some(format!("{path}.sha256")),
            paths: vec![path],
            authorization: Some(format!("Basic {}", BASE64.encode(credentials))),
            packing: Packing::TarGzip,
        })
    }

    /// When the server's file was last changed. Asking costs nothing of a quota. `None` where the server does not tell,
    /// or does not like the question.
    pub(super) fn changed(&self, agent: &Agent) -> Result<Option<SystemTime>, UpdateFault> {
        for path in &self.paths {
            let request = agent.head(self.base.join(path));
            let request = match &self.authorization {
                Some(authorization) => request.header("Authorization", authorization),
                None => request,
            };
            let response = request.call().map_err(|error| unreachable(&error))?;
            match response.status().as_u16() {
                200 => return Ok(last_modified(&response)),
                404 => {}
                401 | 403 | 429 => return Err(status_fault(&response)),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The SHA-256 of the file, in hexadecimal digits; `None` where there is none to be had.
    pub(super) fn announced_hash(&self, agent: &Agent) -> Result<Option<String>, UpdateFault> {
        let Some(path) = &self.hash else { return Ok(None) };
        let mut response = self.get(agent, path)?;
        if response.status().as_u16() != 200 {
            return Err(status_fault(&response));
        }
        let mut text = Vec::new();
        let reader = response.body_mut().as_reader();
        reader
            .take(1024)
            .read_to_end(&mut text)
            .map_err(|error| UpdateFault::Unreachable { cause: read_cause(&error) })?;
        let text = String::from_utf8_lossy(&text);
        let hash = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();
        if hash.len() != 64 || !hash.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(UpdateFault::NoHash { found: text.chars().take(40).collect() });
        }
        Ok(Some(hash))
    }

    /// The beginning of the download.
    pub(super) fn download(&self, agent: &Agent) -> Result<Response<Body>, UpdateFault> {
        for path in &self.paths {
            let response = self.get(agent, path)?;
            match response.status().as_u16() {
                200 => return Ok(response),
                404 => {}
                _ => return Err(status_fault(&response)),
            }
        }
        Err(UpdateFault::NotFound)
    }

    fn get(&self, agent: &Agent, path: &str) -> Result<Response<Body>, UpdateFault> {
        let request = agent.get(self.base.join(path));
        let request = match &self.authorization {
            Some(authorization) => request.header("Authorization", authorization),
            None => request,
        };
        request.call().map_err(|error| unreachable(&error))
    }
}

/// This month and the one before, in UTC.
pub(super) fn months(now: i64) -> [(i32, u8); 2] {
    let date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(now))
        .unwrap_or(OffsetDateTime::UNIX_EPOCH)
        .date();
    let (year, month) = (date.year(), date.month());
    let before = month.previous();
    let year_before = if before == time::Month::December { year - 1 } else { year };
    [(year, u8::from(month)), (year_before, u8::from(before))]
}

fn unreachable(error: &ureq::Error) -> UpdateFault {
    UpdateFault::Unreachable { cause: cause(error) }
}

fn status_fault(response: &Response<Body>) -> UpdateFault {
    let after = || {
        let seconds = response.headers().get("retry-after")?.to_str().ok()?.parse::<u64>().ok()?;
        Some(format!(", again after {seconds} s"))
    };
    match response.status().as_u16() {
        status @ (401 | 403) => UpdateFault::Refused { status },
        404 => UpdateFault::NotFound,
        429 => UpdateFault::Quota { after: after().unwrap_or_default() },
        status => UpdateFault::Status { status },
    }
}

pub(super) fn last_modified(response: &Response<Body>) -> Option<SystemTime> {
    httpdate::parse_http_date(response.headers().get("last-modified")?.to_str().ok()?).ok()
}
