//! When each probe left, and how long its answer took.
//!
//! ```text
//! version 2
//! lost        count, of each: probes since the one lost before it (counted over all hops)
//! parameters  three bytes: the Rice parameters of departures (+ 128 if each is later than the one before), of least RTTs
//!             and of other RTTs
//! probes      Rice codes, of each hop as far as its shape announces it: of each probe its departure in ns, as the
//!             difference from the one before (zigzag coded, unless all are later); which of the RTTs is the least, if there
//!             are several (parameter 0); that RTT in ns, as the difference from the microseconds that the row counts
//!             (zigzag coded); each other as the difference from it. The last byte is filled up with noughts.
//! ```
//!
//! Version 1 knows nothing of the counts of the row: of each probe it has the departure (zigzag coded) and then the RTT in ns,
//! of the first of a hop itself, of a further one as the difference from the one before (zigzag coded).

use core::time::Duration;
use std::collections::HashSet;

use trace_core::model::{Hop, ProbeResult};

use super::rice::{self, BitReader, BitWriter};
use super::shape::{Outcome, Shape};
use super::varint::{Malformed, Reader, Writer, unzigzag, zigzag};

const VERSION: u8 = 2;
const BEFORE: u8 = 1;

/// Departures are in their order.
const ASCENDING: u8 = 128;

/// Numbers that are of about the same size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Departure,
    First,
    Next,
    /// Which of a few.
    Which,
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
            Class::Which => 0,
        }
    }
}

/// What is to be written, in its order.
#[derive(Default)]
struct Numbers {
    in_order: Vec<(Class, u128)>,
    /// Those of each class: what is longer is written in full whatever the parameter.
    departures: Vec<u64>,
    firsts: Vec<u64>,
    nexts: Vec<u64>,
    ascending: bool,
}

impl Numbers {
    fn of(hops: &[Hop], least: &[Option<u32>]) -> Self {
        let probes = || hops.iter().flat_map(|hop| &hop.probes);
        let count = probes().count();
        let mut numbers = Self {
            in_order: Vec::with_capacity(3 * count),
            departures: Vec::with_capacity(count),
            firsts: Vec::with_capacity(hops.len()),
            nexts: Vec::with_capacity(count.saturating_sub(hops.len())),
            ascending: probes().filter_map(|probe| probe.sent).is_sorted(),
        };
        let mut departure = 0;
        let counted = least.iter().copied().chain(core::iter::repeat(None));
        for (hop, counted) in hops.iter().zip(counted) {
            for sent in hop.probes.iter().filter_map(|probe| probe.sent) {
                let sent = nanoseconds(sent);
                let difference = sent - departure;
                let number = if numbers.ascending { difference.cast_unsigned() } else { zigzag(difference) };
                numbers.push(Class::Departure, number);
                departure = sent;
            }
            let rtts =
                || hop.probes.iter().filter_map(|probe| probe.reply()?.rtt).map(nanoseconds).enumerate();
            let Some((which, least)) = rtts().min_by_key(|(_, rtt)| *rtt) else { continue };
            if rtts().nth(1).is_some() {
                // Fewer probes than numbers.
                numbers.push(Class::Which, which as u128);
            }
            numbers.push(Class::First, zigzag(least - known(counted)));
            for (_, rtt) in rtts().filter(|(place, _)| *place != which) {
                numbers.push(Class::Next, (rtt - least).cast_unsigned());
            }
        }
        numbers
    }

    fn push(&mut self, class: Class, number: u128) {
        let of_class = match class {
            Class::Departure => Some(&mut self.departures),
            Class::First => Some(&mut self.firsts),
            Class::Next => Some(&mut self.nexts),
            Class::Which => None,
        };
        if let Some(of_class) = of_class {
            of_class.push(u64::try_from(number).unwrap_or(u64::MAX));
        }
        self.in_order.push((class, number));
    }

    fn parameters(&self) -> Parameters {
        Parameters {
            departure: rice::parameter(&self.departures),
            first: rice::parameter(&self.firsts),
            next: rice::parameter(&self.nexts),
        }
    }
}

/// The nanoseconds that a hop's least RTT takes about, as the row counts it.
fn known(least: Option<u32>) -> i128 {
    i128::from(least.unwrap_or(0)) * 1000
}

/// The longest duration takes 95 bits.
const fn nanoseconds(span: Duration) -> i128 {
    span.as_nanos().cast_signed()
}

pub(super) fn encode(hops: &[Hop], shape: &Shape, least: &[Option<u32>]) -> Vec<u8> {
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
    let numbers = Numbers::of(hops, least);
    let parameters = numbers.parameters();
    let order = if numbers.ascending { ASCENDING } else { 0 };
    writer.raw(&[parameters.departure | order, parameters.first, parameters.next]);
    let mut bits = BitWriter::default();
    for (class, number) in &numbers.in_order {
        bits.number(*number, parameters.of(*class));
    }
    writer.raw(&bits.finish());
    writer.finish()
}

pub(super) fn decode(bytes: &[u8], shape: &Shape, least: &[Option<u32>]) -> Result<Vec<Hop>, Malformed> {
    let mut reader = Reader::new(bytes);
    let version = reader.byte()?;
    if ![BEFORE, VERSION].contains(&version) {
        return Err(reader.malformed("its version is not known"));
    }
    let mut lost = HashSet::new();
    let mut index = 0_usize;
    for _ in 0..reader.count()? {
        index = index.saturating_add(reader.unsigned()?);
        lost.insert(index);
    }
    let [departure, first, next] = reader.array()?;
    let ascending = version == VERSION && departure & ASCENDING != 0;
    let departure = if version == VERSION { departure & !ASCENDING } else { departure };
    let parameters = Parameters { departure, first, next };
    let mut bits = BitReader::new(&mut reader);
    let mut hops = Vec::with_capacity(shape.hops.len());
    let mut index = 0_usize;
    let mut departure = 0;
    let counted = least.iter().copied().chain(core::iter::repeat(None));
    for ((ttl, probes), counted) in shape.ttls().zip(&shape.hops).zip(counted) {
        let mut hop = Hop { ttl, probes: Vec::with_capacity(probes.len()) };
        // Where the times of answers go that come behind the departures.
        let mut timed: Vec<usize> = Vec::new();
        let mut before = None;
        for (plan, result) in probes {
            let (Some(plan), Some(result)) = (shape.plan(*plan), shape.result(*result)) else {
                return Err(bits.malformed("a probe of no known plan or result"));
            };
            let mut sent = None;
            if plan.departs {
                let number = bits.number(parameters.of(Class::Departure))?;
                let difference = if ascending { number.cast_signed() } else { unzigzag(number) };
                departure = later(&bits, departure, difference)?;
                sent = Some(span(&bits, departure)?);
            }
            let result = match result {
                Outcome::Silent => ProbeResult::Silent,
                Outcome::Unsent(error) => ProbeResult::Unsent { error: error.clone() },
                Outcome::Answered(_) if lost.contains(&index) => ProbeResult::Silent,
                Outcome::Answered(answer) => {
                    let mut rtt = None;
                    if answer.timed && version == VERSION {
                        timed.push(hop.probes.len());
                    } else if answer.timed {
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
        read_rtts(&mut bits, &parameters, &timed, known(counted), &mut hop)?;
        hops.push(hop);
    }
    reader.end()?;
    Ok(hops)
}

/// The RTTs of those probes of a hop.
fn read_rtts(
    bits: &mut BitReader<'_, '_>,
    parameters: &Parameters,
    timed: &[usize],
    known: i128,
    hop: &mut Hop,
) -> Result<(), Malformed> {
    if timed.is_empty() {
        return Ok(());
    }
    let which = if timed.len() > 1 { bits.number(parameters.of(Class::Which))? } else { 0 };
    let least = unzigzag(bits.number(parameters.of(Class::First))?);
    let least = later(bits, known, least)?;
    for (place, probe) in (0_u128..).zip(timed) {
        let rtt = if place == which {
            least
        } else {
            let difference = bits.number(parameters.of(Class::Next))?.cast_signed();
            later(bits, least, difference)?
        };
        let rtt = span(bits, rtt)?;
        if let Some(ProbeResult::Answered(reply)) = hop.probes.get_mut(*probe).map(|probe| &mut probe.result)
        {
            reply.rtt = Some(rtt);
        }
    }
    Ok(())
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
