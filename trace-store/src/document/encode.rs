//! From the model to the shape of a document.

use std::net::IpAddr;
use std::sync::Arc;

use trace_core::model::{self, Atlas, ProbeRecord, Reply, Trace};

use super::schema::{
    Candidate, Document, Extension, Hop, Label, Located, Origin, PathChange, Place, Probe, ProbeResult,
    Quoted, Settings, Statistics, Target,
};
use super::value::{Hex, Instant, Milliseconds, Rounds, Text};

pub(super) fn document(trace: &Trace, atlas: &Atlas) -> Document {
    let mut observations = trace.observations();
    let mut hops = Vec::with_capacity(trace.hops.len());
    for (hop, statistics) in trace.hops.iter().zip(trace.statistics()) {
        let here: Vec<_> = observations.extract_if(.., |observation| observation.ttl == hop.ttl).collect();
        hops.push(self::hop(hop, &statistics, here));
    }
    Document {
        schema: super::SCHEMA,
        id: Text(trace.id),
        kind: Text(trace.kind),
        vantage: trace.vantage.clone(),
        target: trace.target.as_ref().map(target),
        source: trace.source.map(Text),
        origin: trace.origin.map(origin),
        protocol: trace.protocol.map(Text),
        mode: trace.mode.map(Text),
        settings: trace.settings.as_ref().map(settings),
        started: Instant(trace.started),
        duration_ms: trace.duration.map(Milliseconds),
        outcome: trace.outcome.map(Text),
        outcome_detail: trace.outcome_detail.clone(),
        hops,
        path_changes: trace.path_changes().into_iter().map(path_change).collect(),
        as_path: atlas.as_path(trace).into_iter().map(model::Asn::get).collect(),
        consistency: atlas.consistency,
        places: atlas.places.iter().map(|(address, known)| (Text(*address), located(known))).collect(),
    }
}

pub(super) fn target(target: &model::Target) -> Target {
    Target { name: target.name.clone(), address: Text(target.address) }
}

pub(super) fn origin(origin: model::Origin) -> Origin {
    Origin {
        latitude: origin.coordinates.latitude(),
        longitude: origin.coordinates.longitude(),
        radius_km: origin.radius_km,
        from: Text(origin.from),
    }
}

pub(super) fn settings(settings: &model::Settings) -> Settings {
    Settings {
        queries: settings.queries,
        first_ttl: settings.first_ttl.get(),
        max_ttl: settings.max_ttl.get(),
        flows: settings.flows,
        rounds: Rounds(settings.rounds),
        interval_ms: Milliseconds(settings.interval),
        wait_ms: Milliseconds(settings.wait),
        gap: settings.gap,
        port: settings.port,
        size: settings.size,
        tos: settings.tos,
        source: settings.source.map(Text),
        interface: settings.interface.clone(),
        source_port: settings.source_port,
        flow_label: settings.flow_label,
        dont_fragment: settings.dont_fragment,
        mark: settings.mark,
    }
}

/// What a document of this schema leaves out was measured with the defaults.
impl Default for Settings {
    fn default() -> Self {
        settings(&model::Settings::default())
    }
}

fn hop(hop: &model::Hop, statistics: &model::Statistics, observations: Vec<model::Observation>) -> Hop {
    Hop {
        ttl: hop.ttl.get(),
        probes: hop.probes.iter().map(probe).collect(),
        statistics: Statistics {
            sent: statistics.sent,
            answered: statistics.answered,
            min_ms: statistics.min.map(Milliseconds),
            median_ms: statistics.median.map(Milliseconds),
            p95_ms: statistics.p95.map(Milliseconds),
            max_ms: statistics.max.map(Milliseconds),
            jitter_ms: statistics.jitter.map(Milliseconds),
        },
        findings: observations.iter().map(|observation| Text(observation.finding)).collect(),
        explanations: observations.into_iter().map(|observation| observation.explanation).collect(),
    }
}

fn path_change(change: model::PathChange) -> PathChange {
    let addresses = |side: Vec<Option<IpAddr>>| side.into_iter().map(|address| address.map(Text)).collect();
    PathChange {
        at_ms: Milliseconds(change.at),
        round: change.round,
        protocol: change.protocol.map(Text),
        flow: change.flow.0,
        first_ttl: change.first_ttl.get(),
        last_ttl: change.last_ttl.get(),
        before: addresses(change.before),
        after: addresses(change.after),
        length_before: change.length_before.map(model::Ttl::get),
        length_after: change.length_after.map(model::Ttl::get),
    }
}

fn probe(probe: &ProbeRecord) -> Probe {
    let mut written = Probe {
        result: ProbeResult::Silent,
        error: None,
        protocol: probe.protocol.map(Text),
        flow: probe.flow.0,
        round: probe.round,
        off_flow: probe.off_flow,
        sent_ms: probe.sent.map(Milliseconds),
        from: None,
        rtt_ms: None,
        kind: None,
        icmp: None,
        reply_ttl: None,
        quoted: None,
        mpls: None,
        extensions: None,
        inherited_from: None,
    };
    match &probe.result {
        model::ProbeResult::Answered(reply) => answer(&mut written, reply),
        model::ProbeResult::Silent => {}
        model::ProbeResult::Unsent { error } => {
            written.result = ProbeResult::Unsent;
            written.error = Some(error.clone());
        }
    }
    written
}

fn answer(written: &mut Probe, reply: &Reply) {
    written.result = ProbeResult::Answered;
    written.from = Some(Text(reply.from));
    written.rtt_ms = Some(reply.rtt.map(Milliseconds));
    written.kind = Some(reply.kind.map(Text));
    written.icmp = Some(reply.icmp.map(|icmp| [icmp.kind, icmp.code]));
    written.reply_ttl = Some(reply.reply_ttl);
    written.quoted =
        Some(reply.quoted.map(|quoted| Quoted { ttl: quoted.ttl, tos: quoted.tos, nat: quoted.nat }));
    let label = |label: &model::Label| Label {
        label: label.label,
        tc: label.traffic_class,
        bottom: label.bottom,
        ttl: label.ttl,
    };
    written.mpls = Some(reply.mpls.iter().map(label).collect());
    let extension = |extension: &model::Extension| Extension {
        class: extension.class,
        c_type: extension.c_type,
        bytes: Text(Hex(extension.bytes.clone())),
    };
    written.extensions = Some(reply.extensions.iter().map(extension).collect());
    written.inherited_from = Some(reply.inherited_from.map(Text));
}

fn place(place: &model::Place) -> Place {
    Place {
        country_code: place.country_code.map(Text),
        country: owned(place.country.as_ref()),
        city: owned(place.city.as_ref()),
        region: owned(place.region.as_ref()),
        isp: owned(place.isp.as_ref()),
        asn: place.asn.map(model::Asn::get),
        latitude: place.coordinates.map(model::Coordinates::latitude),
        longitude: place.coordinates.map(model::Coordinates::longitude),
        radius_km: place.radius_km,
    }
}

pub(super) fn located(located: &model::Located) -> Located {
    Located {
        place: located.place.as_ref().map(place).unwrap_or_default(),
        chosen: located.place.as_ref().is_some_and(model::Place::is_empty),
        hostname: located.hostname.clone(),
        source: owned(located.source.as_ref()),
        verdict: located.verdict.map(Text),
        score: located.score,
        note: located.note.clone(),
        candidates: located.candidates.iter().map(candidate).collect(),
    }
}

fn candidate(evidence: &model::Evidence) -> Candidate {
    Candidate {
        source: evidence.source.to_string(),
        built: owned(evidence.built.as_ref()),
        place: place(&evidence.place),
        verdict: evidence.verdict.map(Text),
        reason: evidence.reason.clone(),
    }
}

fn owned(text: Option<&Arc<str>>) -> Option<String> {
    text.map(|text| text.to_string())
}
