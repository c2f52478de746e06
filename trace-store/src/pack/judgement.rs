//! What physics said of the places of one trace: what varies with its round-trip times, kept apart from what
//! the sources say, which does not.
//!
//! ```text
//! version 2
//! reasons    count, of each: its number in the table of reasons
//! of each address in order: verdict (0 none) + 16 if a score follows as text, 32 if as eight bytes, 48 if as it was made
//!     (others times 16 + agreeing, + 8 if a quarter); the score;
//!     of each candidate: verdict (0 none) + 16 if a reason follows as its place in the list of reasons, 32 if as text
//! ```
//!
//! Version 1 has no list: reasons follow as text with 16, and no score as it was made.

use std::collections::HashMap;
use std::net::IpAddr;

use trace_core::model::{Atlas, Hop, Verdict};

use super::reason::{self, Floor, Score};
use super::varint::{Malformed, Reader, Writer};

const VERSION: u8 = 2;
const BEFORE: u8 = 1;
const SCORE_TEXT: u8 = 16;
const SCORE_BITS: u8 = 32;
const SCORE_MADE: u8 = 48;
const QUARTER: u8 = 8;
const REASON: u8 = 16;
const REASON_TEXT: u8 = 32;

/// A judgement whose reasons have no numbers yet.
#[derive(Debug)]
pub(crate) struct Judgement {
    /// Without the times of the trace, each once.
    pub(crate) reasons: Vec<String>,
    body: Vec<u8>,
}

impl Judgement {
    /// The judgement in the `atlas` of a trace with these hops, or `None` where nothing was judged.
    pub(crate) fn of(atlas: &Atlas, hops: &[Hop]) -> Option<Self> {
        let judged = atlas.places.values().any(|located| {
            located.verdict.is_some()
                || located.score.is_some()
                || located
                    .candidates
                    .iter()
                    .any(|candidate| candidate.verdict.is_some() || candidate.reason.is_some())
        });
        if !judged {
            return None;
        }
        let floor = &Floor::of(hops);
        let mut writer = Writer::default();
        let mut reasons = Vec::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for (address, located) in &atlas.places {
            write_score(&mut writer, located.verdict, located.score, *address, floor);
            for candidate in &located.candidates {
                let verdict = candidate.verdict.map_or(0, verdict_code);
                let Some(text) = &candidate.reason else {
                    writer.byte(verdict);
                    continue;
                };
                let Some(short) = reason::shorten(text, *address, floor) else {
                    writer.byte(verdict | REASON_TEXT);
                    writer.block(text.as_bytes());
                    continue;
                };
                let number = *numbers.entry(short).or_insert_with_key(|short| {
                    reasons.push(short.clone());
                    reasons.len() - 1
                });
                writer.byte(verdict | REASON);
                writer.length(number);
            }
        }
        Some(Self { reasons, body: writer.finish() })
    }

    /// The bytes of it, once every reason has its number in the table.
    pub(crate) fn encode(&self, numbers: &[i64]) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.byte(VERSION);
        writer.length(numbers.len());
        numbers.iter().for_each(|number| writer.unsigned(number.cast_unsigned()));
        writer.raw(&self.body);
        writer.finish()
    }
}

fn write_score(
    writer: &mut Writer,
    verdict: Option<Verdict>,
    score: Option<f64>,
    address: IpAddr,
    floor: &Floor,
) {
    let verdict = verdict.map_or(0, verdict_code);
    let Some(score) = score else { return writer.byte(verdict) };
    if let Some(made) = Score::of(score, address, floor) {
        writer.byte(verdict | SCORE_MADE);
        return writer.byte(made.others << 4 | made.agreeing | if made.quarter { QUARTER } else { 0 });
    }
    // Scores with two or three digits are shorter as text; both forms keep every bit.
    let text = score.to_string();
    if text.len() < 8 && text.parse() == Ok(score) {
        writer.byte(verdict | SCORE_TEXT);
        writer.block(text.as_bytes());
    } else {
        writer.byte(verdict | SCORE_BITS);
        writer.raw(&score.to_bits().to_le_bytes());
    }
}

/// The numbers of the reasons that a judgement points to.
pub(crate) fn reasons(bytes: &[u8]) -> Result<Vec<i64>, Malformed> {
    let mut reader = Reader::new(bytes);
    if reader.byte()? == BEFORE { Ok(Vec::new()) } else { numbers(&mut reader) }
}

fn numbers(reader: &mut Reader<'_>) -> Result<Vec<i64>, Malformed> {
    (0..reader.count()?).map(|_| Ok(reader.unsigned::<u64>()?.cast_signed())).collect()
}

/// Puts a judgement back into the atlas it was taken from; `table` has the reasons by their numbers.
pub(crate) fn apply(
    bytes: &[u8],
    atlas: &mut Atlas,
    floor: &Floor,
    table: impl Fn(i64) -> Option<String>,
) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    let version = reader.byte()?;
    let texts: Vec<String> = match version {
        BEFORE => Vec::new(),
        VERSION => {
            let numbers = numbers(&mut reader)?;
            let unknown = reader.malformed("a reason that the table does not have");
            numbers
                .into_iter()
                .map(|number| table(number).ok_or_else(|| unknown.clone()))
                .collect::<Result<_, _>>()?
        }
        _ => return Err(reader.malformed("its version is not known")),
    };
    for (address, located) in &mut atlas.places {
        let flags = reader.byte()?;
        located.verdict = verdict(flags & 15, &reader)?;
        located.score = match flags & !15 {
            0 => None,
            SCORE_TEXT => {
                let text = reader.text()?;
                Some(text.parse().map_err(|_| reader.malformed("a score that is no number"))?)
            }
            SCORE_BITS => Some(f64::from_bits(u64::from_le_bytes(reader.array()?))),
            SCORE_MADE if version == VERSION => {
                let made = reader.byte()?;
                let made = Score { others: made >> 4, agreeing: made & 7, quarter: made & QUARTER != 0 };
                let value = made.value(*address, floor);
                Some(value.ok_or(reader.malformed("a score of an address that never answered"))?)
            }
            _ => return Err(reader.malformed("flags of no known meaning")),
        };
        for candidate in &mut located.candidates {
            let flags = reader.byte()?;
            candidate.verdict = verdict(flags & 15, &reader)?;
            candidate.reason = match (flags & !15, version) {
                (0, _) => None,
                (REASON, BEFORE) | (REASON_TEXT, VERSION) => Some(reader.text()?),
                (REASON, VERSION) => {
                    let number: usize = reader.unsigned()?;
                    let text = texts.get(number).and_then(|short| reason::lengthen(short, *address, floor));
                    Some(text.ok_or(reader.malformed("a reason that makes no sense"))?)
                }
                _ => return Err(reader.malformed("flags of no known meaning")),
            };
        }
    }
    reader.end()
}

const fn verdict_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Plausible => 1,
        Verdict::Suspect => 2,
        Verdict::Impossible => 3,
        Verdict::Area => 4,
        Verdict::Anycast => 5,
        Verdict::Private => 6,
        Verdict::Unlocated => 7,
    }
}

fn verdict(code: u8, reader: &Reader<'_>) -> Result<Option<Verdict>, Malformed> {
    if code == 0 {
        return Ok(None);
    }
    let known = Verdict::ALL.iter().copied().find(|verdict| verdict_code(*verdict) == code);
    known.map(Some).ok_or(reader.malformed("a verdict of no known kind"))
}
