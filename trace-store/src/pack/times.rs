//! When each probe left, and how long its answer took.
//!
//! ```text
//! version 1
//! lost        count, of each: probes since the one lost before it (counted over all hops)
//! parameters  three bytes: the Rice parameters of departures, of first RTTs and of further RTTs
//! probes      Rice codes, of each probe as far as its shape announces it: departure in ns, as the difference
//!             from the one before (zigzag coded); RTT in ns, of the first of a hop itself, of a further one as
//!             the difference from the one before (zigzag coded). The last byte is filled up with noughts.
//! ```

use core::time::Duration;
use std::collections::HashSet;

use trace_core::model::{Hop, ProbeResult};

use super::rice::{self, BitReader, BitWriter};
use super::shape::{Outcome, Shape};
use super::varint::{Malformed, Reader, Writer, unzigzag, zigzag};

const VERSION: u8 = 1;

/// Numbers that are of about the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Departure,
    First,
    Next,
}

struct Parameters {
    departure: u8,
    first: u8,
    next: u8,
}

impl Parameters {
    const fn of(&self, class: Class) -> u8 {
        match class {
            Class::Departure => self.departure,
            Class::First => self.first,
            Class::Next => self.next,
        }
    }
}

/// What is to be written, in its order.
#[derive(Default)]
struct Numbers {
    in_order: Vec<(Class, u128)>,
}

impl Numbers {
    fn of(hops: &[Hop]) -> Self {
        let mut numbers = Self::default();
        let mut departure = 0;
        for hop in hops {
            let mut before = None;
            for probe in &hop.probes {
                if let Some(sent) = probe.sent {
                    let sent = nanoseconds(sent);
                    numbers.in_order.push((Class::Departure, zigzag(sent - departure)));
                    departure = sent;
                }
                if let Some(rtt) = probe.reply().and_then(|reply| reply.rtt) {
                    let rtt = nanoseconds(rtt);
                    numbers.in_order.push(match before {
                        None => (Class::First, rtt.cast_unsigned()),
                        Some(before) => (Class::Next, zigzag(rtt - before)),
                    });
                    before = Some(rtt);
                }
            }
        }
        numbers
    }

    fn parameters(&self) -> Parameters {
        let of = |class| {
            let numbers = self.in_order.iter().filter(|(of, _)| *of == class);
            rice::parameter(&numbers.map(|(_, number)| *number).collect::<Vec<_>>())
        };
        Parameters { departure: of(Class::Departure), first: of(Class::First), next: of(Class::Next) }
    }
}

/// The longest duration takes 95 bits.
const fn nanoseconds(span: Duration) -> i128 {
    span.as_nanos().cast_signed()
}

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
    let numbers = Numbers::of(hops);
    let parameters = numbers.parameters();
    writer.raw(&[parameters.departure, parameters.first, parameters.next]);
    let mut bits = BitWriter::default();
    for (class, number) in &numbers.in_order {
        bits.number(*number, parameters.of(*class));
    }
    writer.raw(&bits.finish());
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
    let [departure, first, next] = reader.array()?;
    let parameters = Parameters { departure, first, next };
    let mut bits = BitReader::new(&mut reader);
    let mut hops = Vec::with_capacity(shape.hops.len());
    let mut index = 0_usize;
    let mut departure = 0;
    for (ttl, probes) in shape.ttls().zip(&shape.hops) {
        let mut hop = Hop { ttl, probes: Vec::with_capacity(probes.len()) };
        let mut before = None;
        for (plan, result) in probes {
            let (Some(plan), Some(result)) = (shape.plan(*plan), shape.result(*result)) else {
                return Err(bits.malformed("a probe of no known plan or result"));
            };
            let mut sent = None;
            if plan.departs {
                let difference = unzigzag(bits.number(parameters.of(Class::Departure))?);
                departure = later(&bits, departure, difference)?;
                sent = Some(span(&bits, departure)?);
            }
            let result = match result {
                Outcome::Silent => ProbeResult::Silent,
                Outcome::Unsent(error) => ProbeResult::Unsent { error: error.clone() },
                Outcome::Answered(_) if lost.contains(&index) => ProbeResult::Silent,
                Outcome::Answered(answer) => {
                    let mut rtt = None;
                    if answer.timed {
                        let now = match before {
                            None => bits.number(parameters.of(Class::First))?.cast_signed(),
                            Some(before) => {
                                let difference = unzigzag(bits.number(parameters.of(Class::Next))?);
                                later(&bits, before, difference)?
                            }
                        };
                        before = Some(now);
                        rtt = Some(span(&bits, now)?);
                    }
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

fn later(bits: &BitReader<'_, '_>, before: i128, difference: i128) -> Result<i128, Malformed> {
    before.checked_add(difference).ok_or(bits.malformed("a time beyond all measure"))
}

fn span(bits: &BitReader<'_, '_>, nanoseconds: i128) -> Result<Duration, Malformed> {
    let wrong = || bits.malformed("a time beyond all measure");
    let seconds = u64::try_from(nanoseconds.div_euclid(1_000_000_000)).map_err(|_| wrong())?;
    let part = u32::try_from(nanoseconds.rem_euclid(1_000_000_000)).map_err(|_| wrong())?;
    Ok(Duration::new(seconds, part))
}
