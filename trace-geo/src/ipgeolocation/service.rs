//! Requests to ipgeolocation.io, and what its statuses mean.
//!
//! Source: <https://ipgeolocation.io/documentation/ip-geolocation-api.html>, sections "Single IP Geolocation Lookup
//! API", "Bulk IP Geolocation Lookup API" and "Error Codes"; the same table of statuses stands in the vendor's own
//! libraries (github.com/IPGeolocation/ip-geolocation-api-java-sdk, docs/IPGeolocationAPI.md). A 400 is also what a
//! bulk request of more than 50,000 addresses or none gets, a 401 what one with the key of a free plan gets.

use std::io::Read as _;
use std::net::IpAddr;

use serde_json::{Value, json};
use ureq::Agent;
use ureq::http::Response;

use super::answer::{self, Said};
use crate::Secret;
use crate::download::{BaseUrl, cause, read_cause};

/// The most bytes of one answer; a real one has about two thousand for each address.
const LARGEST: u64 = 1 << 16;

/// Why the service said nothing usable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// 401: the key is wrong, expired or has no right to this.
    Refused(String),
    /// 429: the quota is used up.
    Quota(String),
    /// 413: too many addresses at once.
    TooMany,
    /// Nobody answered.
    Unreachable(String),
    /// An answer that is none: a failure of the service, or not its own words.
    Broken(String),
}

pub(super) struct Service {
    pub(super) agent: Agent,
    pub(super) base: BaseUrl,
    pub(super) key: Secret,
}

impl Service {
    /// Asks about one address.
    pub(super) fn one(&self, address: IpAddr) -> Result<Said, Fault> {
        let request = self
            .agent
            .get(self.base.join("/ipgeo"))
            .query("apiKey", self.key.expose())
            .query("ip", address.to_string());
        let response = request.call().map_err(|error| self.unreachable(&cause(&error)))?;
        let (status, body) = self.body(response, LARGEST)?;
        match status {
            200 => {
                let said = parse(&body).and_then(|answer| answer::read(&answer, address, &self.key));
                said.ok_or_else(|| broken(status, "what came is no answer of this service"))
            }
            // 400: to this service it is no address; 404: it is in none of its databases; 423: it is a special one.
            // Asking again would change nothing.
            400 | 404 | 423 => {
                let said = parse(&body).and_then(|answer| answer::message(&answer, &self.key));
                // A page of somebody else's with such a status says nothing about the address.
                let said = said.ok_or_else(|| broken(status, "what came is no answer of this service"))?;
                Ok(Said { place: None, remark: Some(said) })
            }
            _ => Err(self.fault(status, &body)),
        }
    }

    /// Asks about many addresses in one request, for plans that are paid for. The answers come in the order of the
    /// questions; one that could not be answered is an object with nothing but a message, which does not name its
    /// address, so position is all that tells.
    pub(super) fn many(&self, addresses: &[IpAddr]) -> Result<Vec<Option<Said>>, Fault> {
        let names: Vec<String> = addresses.iter().map(IpAddr::to_string).collect();
        let request = self
            .agent
            .post(self.base.join("/ipgeo-bulk"))
            .query("apiKey", self.key.expose())
            .header("Content-Type", "application/json");
        let body = json!({ "ips": names }).to_string();
        let response = request.send(body).map_err(|error| self.unreachable(&cause(&error)))?;
        let count = u64::try_from(addresses.len()).unwrap_or(u64::MAX);
        let (status, body) = self.body(response, LARGEST.saturating_mul(count.max(1)))?;
        if status != 200 {
            return Err(self.fault(status, &body));
        }
        let Some(Value::Array(answers)) = parse(&body) else {
            return Err(broken(status, "what came is no answer of this service"));
        };
        if answers.len() != addresses.len() {
            let (came, asked) = (answers.len(), addresses.len());
            return Err(broken(status, &format!("{came} answers came to {asked} questions")));
        }
        let read = |(answer, address): (&Value, &IpAddr)| match answer::message(answer, &self.key) {
            Some(message) if answer.as_object().is_some_and(|fields| fields.len() == 1) => {
                Some(Said { place: None, remark: Some(message) })
            }
            _ => answer::read(answer, *address, &self.key),
        };
        Ok(answers.iter().zip(addresses).map(read).collect())
    }

    fn body(&self, mut response: Response<ureq::Body>, limit: u64) -> Result<(u16, Vec<u8>), Fault> {
        let status = response.status().as_u16();
        let mut body = Vec::new();
        let reader = response.body_mut().as_reader();
        match reader.take(limit + 1).read_to_end(&mut body) {
            Ok(_) if u64::try_from(body.len()).is_ok_and(|length| length > limit) => {
                Err(broken(status, &format!("its answer is longer than {limit} bytes")))
            }
            Ok(_) => Ok((status, body)),
            Err(error) => Err(self.unreachable(&read_cause(&error))),
        }
    }

    fn fault(&self, status: u16, body: &[u8]) -> Fault {
        let said = parse(body).and_then(|answer| answer::message(&answer, &self.key));
        let said = said.unwrap_or_else(|| "without a word why".to_owned());
        match status {
            401 => Fault::Refused(said),
            429 => Fault::Quota(said),
            413 => Fault::TooMany,
            300..=399 => broken(status, "it redirects, and a key is not carried to somebody else"),
            _ => broken(status, &said),
        }
    }

    fn unreachable(&self, cause: &str) -> Fault {
        Fault::Unreachable(self.key.redact(cause))
    }
}

fn broken(status: u16, said: &str) -> Fault {
    Fault::Broken(format!("status {status}, {said}"))
}

fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body).ok()
}
