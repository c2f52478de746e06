//! The shape of a document. The model never derives serde; these types do, and nobody outside sees them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use trace_core::model::{
    CountryCode, Finding, Mode, OriginSource, Outcome, Protocol, Protocols, ReplyKind, TraceKind, Uuid,
    Verdict,
};

use super::value::{Hex, Instant, Milliseconds, Rounds, Text};

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Document {
    pub(super) schema: u64,
    pub(super) id: Text<Uuid>,
    pub(super) kind: Text<TraceKind>,
    pub(super) vantage: Option<String>,
    pub(super) target: Option<Target>,
    pub(super) source: Option<Text<IpAddr>>,
    pub(super) origin: Option<Origin>,
    pub(super) protocol: Option<Text<Protocols>>,
    pub(super) mode: Option<Text<Mode>>,
    pub(super) settings: Option<Settings>,
    pub(super) started: Instant,
    pub(super) duration_ms: Option<Milliseconds>,
    pub(super) outcome: Option<Text<Outcome>>,
    pub(super) outcome_detail: Option<String>,
    pub(super) hops: Vec<Hop>,
    /// Derived; ignored when reading.
    #[serde(skip_deserializing)]
    pub(super) path_changes: Vec<PathChange>,
    /// Derived; ignored when reading.
    #[serde(skip_deserializing)]
    pub(super) as_path: Vec<u32>,
    pub(super) consistency: Option<f64>,
    #[serde(default)]
    pub(super) places: BTreeMap<Text<IpAddr>, Located>,
}

/// The part of a document that tells whether the rest can be understood.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    pub(super) schema: Option<u64>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Target {
    pub(super) name: Option<String>,
    pub(super) address: Text<IpAddr>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) latitude: f64,
    pub(super) longitude: f64,
    pub(super) radius_km: Option<f64>,
    pub(super) from: Text<OriginSource>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Settings {
    pub(super) queries: u8,
    pub(super) first_ttl: u8,
    pub(super) max_ttl: u8,
    pub(super) flows: u16,
    pub(super) rounds: Rounds,
    pub(super) interval_ms: Milliseconds,
    pub(super) wait_ms: Milliseconds,
    pub(super) gap: u8,
    pub(super) port: Option<u16>,
    pub(super) size: Option<u16>,
    pub(super) tos: u8,
    pub(super) source: Option<Text<IpAddr>>,
    pub(super) interface: Option<String>,
    pub(super) source_port: Option<u16>,
    pub(super) flow_label: Option<u32>,
    pub(super) dont_fragment: bool,
    pub(super) mark: Option<u32>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Hop {
    pub(super) ttl: u8,
    pub(super) probes: Vec<Probe>,
    /// Derived; ignored when reading.
    #[serde(skip_deserializing)]
    pub(super) statistics: Statistics,
    /// Derived; ignored when reading.
    #[serde(skip_deserializing)]
    pub(super) findings: Vec<Text<Finding>>,
    /// Derived; ignored when reading. The evidence for each finding, in a sentence.
    #[serde(skip_deserializing)]
    pub(super) explanations: Vec<String>,
}

/// Derived, never read.
#[derive(Debug, Serialize)]
pub(super) struct PathChange {
    pub(super) at_ms: Milliseconds,
    pub(super) round: u32,
    pub(super) protocol: Option<Text<Protocol>>,
    pub(super) flow: u16,
    pub(super) first_ttl: u8,
    pub(super) last_ttl: u8,
    pub(super) before: Vec<Option<Text<IpAddr>>>,
    pub(super) after: Vec<Option<Text<IpAddr>>>,
    pub(super) length_before: Option<u8>,
    pub(super) length_after: Option<u8>,
}

#[derive(Debug, Default, Serialize)]
pub(super) struct Statistics {
    pub(super) sent: u32,
    pub(super) answered: u32,
    pub(super) min_ms: Option<Milliseconds>,
    pub(super) median_ms: Option<Milliseconds>,
    pub(super) p95_ms: Option<Milliseconds>,
    pub(super) max_ms: Option<Milliseconds>,
    pub(super) jitter_ms: Option<Milliseconds>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum ProbeResult {
    Answered,
    Silent,
    Unsent,
}

/// A probe with the fields of every result. What an answer alone has is absent from other results: the outer
/// `Option` says whether a field is written, the inner one whether it is null.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Probe {
    pub(super) result: ProbeResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) error: Option<String>,
    pub(super) protocol: Option<Text<Protocol>>,
    #[serde(default)]
    pub(super) flow: u16,
    #[serde(default)]
    pub(super) round: u32,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) off_flow: bool,
    pub(super) sent_ms: Option<Milliseconds>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Text<IpAddr>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rtt_ms: Option<Option<Milliseconds>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<Option<Text<ReplyKind>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) icmp: Option<Option<[u8; 2]>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply_ttl: Option<Option<u8>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) quoted: Option<Option<Quoted>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mpls: Option<Vec<Label>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extensions: Option<Vec<Extension>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) inherited_from: Option<Option<Text<Uuid>>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Quoted {
    pub(super) ttl: u8,
    pub(super) tos: u8,
    pub(super) nat: bool,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Label {
    pub(super) label: u32,
    pub(super) tc: u8,
    pub(super) bottom: bool,
    pub(super) ttl: u8,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Extension {
    pub(super) class: u8,
    pub(super) c_type: u8,
    pub(super) bytes: Text<Hex>,
}

/// What a source says of a place; its fields stand flat in whatever carries it.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Place {
    pub(super) country_code: Option<Text<CountryCode>>,
    pub(super) country: Option<String>,
    pub(super) city: Option<String>,
    pub(super) region: Option<String>,
    pub(super) isp: Option<String>,
    pub(super) asn: Option<u32>,
    pub(super) latitude: Option<f64>,
    pub(super) longitude: Option<f64>,
    pub(super) radius_km: Option<f64>,
}

/// What is known of an address.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Located {
    #[serde(flatten)]
    pub(super) place: Place,
    /// Written only where a place was chosen of which nothing is known: all its fields are null, and yet it
    /// is not the same as none chosen.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(super) chosen: bool,
    pub(super) hostname: Option<String>,
    pub(super) source: Option<String>,
    pub(super) verdict: Option<Text<Verdict>>,
    pub(super) score: Option<f64>,
    pub(super) note: Option<String>,
    #[serde(default)]
    pub(super) candidates: Vec<Candidate>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Candidate {
    pub(super) source: String,
    pub(super) built: Option<String>,
    #[serde(flatten)]
    pub(super) place: Place,
    pub(super) verdict: Option<Text<Verdict>>,
    pub(super) reason: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
