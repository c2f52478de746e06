//! When each probe left, and how long its answer took.
//!
//! ```text
//! version 1
//! lost     count, of each: probes since the one lost before it (counted over all hops)
//! probes   of each, as far as its shape announces it: departure in ns, as the difference from the one before;
//!          RTT in ns, as the difference from the one before in the same hop
//! ```

use core::time::Duration;
use std::collections::HashSet;

use trace_core::model::{Hop, ProbeResult};

use super::shape::{Outcome, Shape};
use super::varint::{Malformed, Reader, Writer};

const VERSION: u8 = 1;

pub(super) fn encode(hops: &[Hop], shape: &Shape) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.byte(VERSION);
    let probes = || hops.iter().flat_map(|hop| &hop.probes);
    let shapes = shape.hops.iter().flatten();
    let lost: Vec<usize> = probes()
        .zip(shapes)
        .enumerate()
        .filter(|(_, (probe, (_, result)))| {
            probe.result == ProbeResult::Silent && shape.result(*result) != Some(&Outcome::Silent)
        })
        .map(|(index, _)| index)
        .collect();
    writer.length(lost.len());
    let mut before = 0;
    for index in lost {
        writer.length(index - before);
        before = index;
    }
    let mut departure = 0;
    for hop in hops {
        let mut rtt = 0;
        for probe in &hop.probes {
            if let Some(sent) = probe.sent {
                writer.signed(difference(sent, &mut departure));
            }
            if let Some(took) = probe.reply().and_then(|reply| reply.rtt) {
                writer.signed(difference(took, &mut rtt));
            }
        }
    }
    writer.finish()
}

pub(super) fn decode(bytes: &[u8], shape: &Shape) -> Result<Vec<Hop>, Malformed> {
    let mut reader = Reader::new(bytes);
    reader.version(VERSION)?;
    let mut lost = HashSet::new();
    let mut index = 0_usize;
    for _ in 0..reader.count()? {
        index = index.saturating_add(reader.unsigned()?);
        lost.insert(index);
    }
    let mut hops = Vec::with_capacity(shape.hops.len());
    let mut index = 0_usize;
    let mut departure = 0;
    for (ttl, probes) in shape.ttls().zip(&shape.hops) {
        let mut hop = Hop { ttl, probes: Vec::with_capacity(probes.len()) };
        let mut rtt = 0;
        for (plan, result) in probes {
            let (Some(plan), Some(result)) = (shape.plan(*plan), shape.result(*result)) else {
                return Err(reader.malformed("a probe of no known plan or result"));
            };
            let sent = if plan.departs { Some(span(&mut reader, &mut departure)?) } else { None };
            let result = match result {
                Outcome::Silent => ProbeResult::Silent,
                Outcome::Unsent(error) => ProbeResult::Unsent { error: error.clone() },
                Outcome::Answered(_) if lost.contains(&index) => ProbeResult::Silent,
                Outcome::Answered(answer) => {
                    let rtt = if answer.timed { Some(span(&mut reader, &mut rtt)?) } else { None };
                    ProbeResult::Answered(Box::new(answer.reply(rtt)))
                }
            };
            hop.probes.push(plan.probe(sent, result));
            index += 1;
        }
        hops.push(hop);
    }
    reader.end()?;
    Ok(hops)
}

/// The nanoseconds from what was `before` to `span`, which is the next to be counted from.
fn difference(span: Duration, before: &mut i128) -> i128 {
    // The longest duration takes 95 bits.
    let now = span.as_nanos().cast_signed();
    let difference = now - *before;
    *before = now;
    difference
}

fn span(reader: &mut Reader<'_>, before: &mut i128) -> Result<Duration, Malformed> {
    let difference = reader.signed()?;
    let wrong = || reader.malformed("a time beyond all measure");
    let now = before.checked_add(difference).ok_or_else(wrong)?;
    *before = now;
    let seconds = u64::try_from(now.div_euclid(1_000_000_000)).map_err(|_| wrong())?;
    let part = u32::try_from(now.rem_euclid(1_000_000_000)).map_err(|_| wrong())?;
    Ok(Duration::new(seconds, part))
}
