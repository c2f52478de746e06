//! From the shape of a document to the model. What the shape cannot rule out is refused here, with the field.

use core::fmt::Display;
use std::sync::Arc;

use trace_core::model::{
    self, Asn, Atlas, Coordinates, Extension, Flow, IcmpType, Label, ProbeRecord, Quoted, Reply, Trace, Ttl,
};

use super::schema::{Candidate, Document, Hop, Located, Origin, Place, Probe, ProbeResult, Settings, Target};
use super::value::{Hex, Instant, Milliseconds, Text};

/// A field whose value makes no sense, and why.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) field: String,
    pub(super) message: String,
}

impl Wrong {
    fn at(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { field: field.into(), message: message.into() }
    }

    fn under(mut self, parent: impl Display) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }
}

pub(super) fn document(document: Document) -> Result<(Trace, Atlas), Wrong> {
    let mut hops: Vec<model::Hop> = Vec::with_capacity(document.hops.len());
    for (index, written) in document.hops.into_iter().enumerate() {
        let place = format_args!("hops[{index}]").to_string();
        let hop = hop(written).map_err(|wrong| wrong.under(&place))?;
        if let Some(before) = hops.last()
            && hop.ttl.get().checked_sub(1) != Some(before.ttl.get())
        {
            let message = format!("{} follows {}: hops run without gaps or repeats", hop.ttl, before.ttl);
            return Err(Wrong::at("ttl", message).under(&place));
        }
        hops.push(hop);
    }
    let mut atlas = Atlas { consistency: document.consistency, ..Atlas::default() };
    for (Text(address), known) in document.places {
        let known = located(known).map_err(|wrong| wrong.under(address).under("places"))?;
        atlas.places.insert(address, known);
    }
    let Instant(started) = document.started;
    let trace = Trace {
        id: document.id.0,
        kind: document.kind.0,
        vantage: document.vantage,
        target: document.target.map(target),
        source: document.source.map(|Text(source)| source),
        origin: document.origin.map(origin).transpose().map_err(|wrong| wrong.under("origin"))?,
        protocol: document.protocol.map(|Text(protocol)| protocol),
        mode: document.mode.map(|Text(mode)| mode),
        settings: document.settings.map(settings).transpose().map_err(|wrong| wrong.under("settings"))?,
        started,
        duration: document.duration_ms.map(|Milliseconds(duration)| duration),
        outcome: document.outcome.map(|Text(outcome)| outcome),
        outcome_detail: document.outcome_detail,
        hops,
    };
    Ok((trace, atlas))
}

pub(super) fn target(target: Target) -> model::Target {
    model::Target { name: target.name, address: target.address.0 }
}

pub(super) fn origin(origin: Origin) -> Result<model::Origin, Wrong> {
    Ok(model::Origin {
        coordinates: coordinates(origin.latitude, origin.longitude)?,
        radius_km: origin.radius_km,
        from: origin.from.0,
    })
}

fn coordinates(latitude: f64, longitude: f64) -> Result<Coordinates, Wrong> {
    Coordinates::new(latitude, longitude).ok_or_else(|| {
        let (field, message) = if (-90.0..=90.0).contains(&latitude) {
            ("longitude", format!("{longitude} is not within -180 to 180"))
        } else {
            ("latitude", format!("{latitude} is not within -90 to 90"))
        };
        Wrong::at(field, message)
    })
}

fn ttl(field: &str, ttl: u8) -> Result<Ttl, Wrong> {
    Ttl::new(ttl).ok_or_else(|| Wrong::at(field, "0 is no TTL; they run from 1 to 255"))
}

/// RFC 8200, section 3: 20 bits.
fn flow_label(label: u32) -> Result<u32, Wrong> {
    if label < 1 << 20 {
        Ok(label)
    } else {
        Err(Wrong::at("flow_label", format!("{label} has more than 20 bits")))
    }
}

pub(super) fn settings(settings: Settings) -> Result<model::Settings, Wrong> {
    Ok(model::Settings {
        queries: settings.queries,
        first_ttl: ttl("first_ttl", settings.first_ttl)?,
        max_ttl: ttl("max_ttl", settings.max_ttl)?,
        flows: settings.flows,
        rounds: settings.rounds.0,
        interval: settings.interval_ms.0,
        wait: settings.wait_ms.0,
        gap: settings.gap,
        port: settings.port,
        size: settings.size,
        tos: settings.tos,
        source: settings.source.map(|Text(source)| source),
        interface: settings.interface,
        source_port: settings.source_port,
        flow_label: settings.flow_label.map(flow_label).transpose()?,
        dont_fragment: settings.dont_fragment,
        mark: settings.mark,
    })
}

fn hop(hop: Hop) -> Result<model::Hop, Wrong> {
    let ttl = ttl("ttl", hop.ttl)?;
    let mut probes = Vec::with_capacity(hop.probes.len());
    for (index, written) in hop.probes.into_iter().enumerate() {
        probes.push(probe(written).map_err(|wrong| wrong.under(format_args!("probes[{index}]")))?);
    }
    Ok(model::Hop { ttl, probes })
}

fn probe(mut probe: Probe) -> Result<ProbeRecord, Wrong> {
    let result = match probe.result {
        ProbeResult::Answered => model::ProbeResult::Answered(Box::new(reply(&mut probe)?)),
        ProbeResult::Silent => model::ProbeResult::Silent,
        ProbeResult::Unsent => {
            let missing = || Wrong::at("error", "missing; a probe that was not sent says why");
            model::ProbeResult::Unsent { error: probe.error.take().ok_or_else(missing)? }
        }
    };
    Ok(ProbeRecord {
        protocol: probe.protocol.map(|Text(protocol)| protocol),
        flow: Flow(probe.flow),
        round: probe.round,
        sent: probe.sent_ms.map(|Milliseconds(sent)| sent),
        off_flow: probe.off_flow,
        result,
    })
}

fn reply(probe: &mut Probe) -> Result<Reply, Wrong> {
    let missing = || Wrong::at("from", "missing; an answered probe says who answered");
    let Text(from) = probe.from.ok_or_else(missing)?;
    let label = |label: super::schema::Label| Label {
        label: label.label,
        traffic_class: label.tc,
        bottom: label.bottom,
        ttl: label.ttl,
    };
    let extension = |extension: super::schema::Extension| {
        let Text(Hex(bytes)) = extension.bytes;
        Extension { class: extension.class, c_type: extension.c_type, bytes }
    };
    Ok(Reply {
        from,
        rtt: probe.rtt_ms.flatten().map(|Milliseconds(rtt)| rtt),
        kind: probe.kind.flatten().map(|Text(kind)| kind),
        icmp: probe.icmp.flatten().map(|[kind, code]| IcmpType { kind, code }),
        reply_ttl: probe.reply_ttl.flatten(),
        quoted: probe.quoted.take().flatten().map(|quoted| Quoted {
            ttl: quoted.ttl,
            tos: quoted.tos,
            nat: quoted.nat,
        }),
        mpls: probe.mpls.take().unwrap_or_default().into_iter().map(label).collect(),
        extensions: probe.extensions.take().unwrap_or_default().into_iter().map(extension).collect(),
        inherited_from: probe.inherited_from.flatten().map(|Text(id)| id),
    })
}

fn place(place: Place) -> Result<model::Place, Wrong> {
    let coordinates = match (place.latitude, place.longitude) {
        (Some(latitude), Some(longitude)) => Some(coordinates(latitude, longitude)?),
        (None, None) => None,
        (Some(_), None) => return Err(Wrong::at("longitude", "missing beside a latitude")),
        (None, Some(_)) => return Err(Wrong::at("latitude", "missing beside a longitude")),
    };
    let number = |number| Asn::new(number).ok_or_else(|| Wrong::at("asn", "0 is no AS (RFC 7607)"));
    Ok(model::Place {
        country_code: place.country_code.map(|Text(code)| code),
        country: place.country.map(Arc::from),
        city: place.city.map(Arc::from),
        region: place.region.map(Arc::from),
        isp: place.isp.map(Arc::from),
        asn: place.asn.map(number).transpose()?,
        coordinates,
        radius_km: place.radius_km,
    })
}

pub(super) fn located(located: Located) -> Result<model::Located, Wrong> {
    let place = place(located.place)?;
    let mut candidates = Vec::with_capacity(located.candidates.len());
    for (index, written) in located.candidates.into_iter().enumerate() {
        candidates
            .push(candidate(written).map_err(|wrong| wrong.under(format_args!("candidates[{index}]")))?);
    }
    Ok(model::Located {
        place: (located.chosen || !place.is_empty()).then_some(place),
        source: located.source.map(Arc::from),
        hostname: located.hostname,
        verdict: located.verdict.map(|Text(verdict)| verdict),
        score: located.score,
        note: located.note,
        candidates,
    })
}

fn candidate(candidate: Candidate) -> Result<model::Evidence, Wrong> {
    Ok(model::Evidence {
        source: candidate.source.into(),
        built: candidate.built.map(Arc::from),
        place: place(candidate.place)?,
        verdict: candidate.verdict.map(|Text(verdict)| verdict),
        reason: candidate.reason,
    })
}
