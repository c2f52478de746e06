//! Reasons without what follows from the measurement.
//!
//! Whoever judges places by round-trip times says so in sentences such as `8739 km from hop 4 (192.0.2.1); 115.272 ms allow
//! 12334 km in fibre`. Of such a sentence everything but the times is the same from trace to trace, and the times are the
//! least RTT at the last of the hops it speaks of or behind it, and what light does in that. They are left out and worked
//! out again when reading. Nothing is guessed: what would not come out the same, letter by letter and bit by bit, is kept as
//! it is.

use core::fmt::Write as _;
use std::collections::HashMap;
use std::net::IpAddr;

use trace_core::model::{Hop, ProbeRecord, ReplyKind, Ttl};

/// Kilometres that light covers in fibre, and in vacuum, in a millisecond there and back, as sentences count.
const FIBRE: f64 = 107.0;
const VACUUM: f64 = 149.9;

/// Half the way round the world, as scores count.
const FURTHEST: f64 = 20_004.0;

/// Stands in a sentence where something was left out, before the number of its form.
const LEFT_OUT: char = '\u{1}';

/// The least RTTs of a trace, in milliseconds.
#[derive(Debug, Default)]
pub(crate) struct Floor {
    first: u8,
    /// The least RTT at each hop or behind it; infinite where nobody answered any more.
    least: Vec<f64>,
    /// Where each address answered first.
    stops: HashMap<IpAddr, u8>,
}

impl Floor {
    pub(crate) fn of(hops: &[Hop]) -> Self {
        let mut floor = Self { first: hops.first().map_or(1, |hop| hop.ttl.get()), ..Self::default() };
        for hop in hops {
            let mut least = f64::INFINITY;
            for probe in &hop.probes {
                if let Some((from, rtt)) = usable(probe) {
                    floor.stops.entry(from).or_insert(hop.ttl.get());
                    least = least.min(rtt);
                }
            }
            floor.least.push(least);
        }
        let mut behind = f64::INFINITY;
        for least in floor.least.iter_mut().rev() {
            behind = behind.min(*least);
            *least = behind;
        }
        floor
    }

    /// The least RTT at a TTL or behind it.
    fn at(&self, ttl: u8) -> Option<f64> {
        let index = usize::from(ttl.checked_sub(self.first)?);
        self.least.get(index).copied().filter(|rtt| rtt.is_finite())
    }

    /// The least RTT at an address or behind it.
    fn to(&self, address: IpAddr) -> Option<f64> {
        self.at(*self.stops.get(&address)?)
    }
}

/// What a judge may use: an answer of ICMP with a time of its own.
fn usable(probe: &ProbeRecord) -> Option<(IpAddr, f64)> {
    let reply = probe.reply().filter(|reply| !probe.off_flow && reply.inherited_from.is_none())?;
    if matches!(reply.kind?, ReplyKind::SynAck | ReplyKind::Rst | ReplyKind::Data) {
        return None;
    }
    let rtt = reply.rtt?.as_secs_f64() * 1e3;
    (rtt > 0.0).then_some((reply.from, rtt))
}

/// The part of a sentence that follows from an RTT, in the form of this number.
fn phrase(form: u8, rtt: f64) -> Option<String> {
    let times = if form < WHOLE_WAY { 1.0 } else { 2.0 };
    let (fibre, vacuum) = (times * FIBRE * rtt, times * VACUUM * rtt);
    let mut phrase = format!("{rtt:.3}{ALLOW}{fibre:.0}{IN_FIBRE}");
    let written = match form % WHOLE_WAY {
        0 => write!(phrase, "{AND}{vacuum:.0} km in vacuum"),
        1 => write!(phrase, "{IN_VACUUM}{vacuum:.0} km)"),
        _ => Ok(()),
    };
    (form < FORMS && written.is_ok()).then_some(phrase)
}

const ALLOW: &str = " ms allow ";
const IN_FIBRE: &str = " km in fibre";
const AND: &str = " and ";
const IN_VACUUM: &str = " (in vacuum ";

/// Three forms speak of the way to a hop, and three of the way there and back.
const FORMS: u8 = 6;
const WHOLE_WAY: u8 = 3;

/// The form that the end of a sentence has, from its RTT on, and the part of the sentence that would be in that form.
fn form(end: &str, rtt: f64) -> Option<(u8, String)> {
    let (numbers, behind) = end.split_once(IN_FIBRE)?;
    let fibre: f64 = numbers.split_once(ALLOW)?.1.parse().ok()?;
    let whole = if (fibre - FIBRE * rtt).abs() < (fibre - 2.0 * FIBRE * rtt).abs() { 0 } else { WHOLE_WAY };
    let longer = [AND, IN_VACUUM].iter().position(|word| behind.starts_with(word));
    // What only begins like a longer form is in the short one.
    let forms = [longer.and_then(|form| u8::try_from(form).ok()), Some(2)].into_iter().flatten();
    forms.map(|form| whole + form).find_map(|form| {
        let phrase = phrase(form, rtt)?;
        end.starts_with(&phrase).then_some((form, phrase))
    })
}

/// The RTT that a sentence about `address` speaks of: at the last of the hops that it names, and of its own.
fn spoken_of(sentence: &str, address: IpAddr, floor: &Floor) -> Option<f64> {
    let own = floor.stops.get(&address).copied();
    let named = sentence.split("hop ").skip(1).filter_map(|rest| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        Ttl::new(rest.get(..digits)?.parse().ok()?).map(Ttl::get)
    });
    floor.at(named.chain(own).max()?)
}

/// A reason without what follows from the RTTs; `None` if it cannot be written so.
pub(super) fn shorten(reason: &str, address: IpAddr, floor: &Floor) -> Option<String> {
    if reason.contains(LEFT_OUT) {
        return None;
    }
    let Some(at) = reason.find(ALLOW) else { return Some(reason.to_owned()) };
    let (before, _) = reason.split_at(at);
    let number = before.bytes().rev().take_while(|byte| byte.is_ascii_digit() || *byte == b'.').count();
    let (before, end) = reason.split_at(at - number);
    let short = spoken_of(reason, address, floor).and_then(|rtt| {
        let (form, phrase) = form(end, rtt)?;
        let short = format!("{before}{LEFT_OUT}{form}{}", end.get(phrase.len()..)?);
        // It comes back if the rest still speaks of the same RTT.
        let same = spoken_of(&short, address, floor).is_some_and(|spoken| spoken.to_bits() == rtt.to_bits());
        same.then_some(short)
    });
    // What does not come back is kept as it is.
    Some(short.unwrap_or_else(|| reason.to_owned()))
}

/// The other way round; `None` if it makes no sense.
pub(super) fn lengthen(short: &str, address: IpAddr, floor: &Floor) -> Option<String> {
    let Some((before, rest)) = short.split_once(LEFT_OUT) else { return Some(short.to_owned()) };
    let form = rest.bytes().next()?.checked_sub(b'0')?;
    let phrase = phrase(form, spoken_of(short, address, floor)?)?;
    Some(format!("{before}{phrase}{}", rest.get(1..)?))
}

/// A score as it is made of an RTT: of how many others so many agree (none if there is no other), a quarter if suspect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Score {
    pub(super) agreeing: u8,
    pub(super) others: u8,
    pub(super) quarter: bool,
}

/// More other candidates than this have no place.
const OTHERS: u8 = 6;

impl Score {
    /// How this score was made; `None` if some other way.
    pub(super) fn of(score: f64, address: IpAddr, floor: &Floor) -> Option<Self> {
        let rtt = floor.to(address)?;
        let all = (0..=OTHERS).flat_map(|others| (0..=others).map(move |agreeing| (agreeing, others)));
        let mut both = all
            .flat_map(|(agreeing, others)| [false, true].map(|quarter| Self { agreeing, others, quarter }));
        both.find(|made| made.with(rtt).to_bits() == score.to_bits())
    }

    pub(super) fn value(self, address: IpAddr, floor: &Floor) -> Option<f64> {
        Some(self.with(floor.to(address)?))
    }

    fn with(self, rtt: f64) -> f64 {
        let mut score = 0.5 + 0.2 * (1.0 - FIBRE * rtt / FURTHEST).max(0.0);
        if self.others > 0 {
            score += 0.3 * (f64::from(self.agreeing) / f64::from(self.others));
        }
        if self.quarter {
            score /= 4.0;
        }
        score
    }
}
