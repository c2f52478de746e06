//! What physics said of the places of one trace: what varies with its round-trip times, kept apart from what
//! the sources say, which does not.
//!
//! ```text
//! version 1
//! of each address in order: verdict (0 none) + 16 if a score follows as text, 32 if as eight bytes; the score;
//!     of each candidate: verdict (0 none) + 16 if a reason follows; the reason
//! ```

use trace_core::model::{Atlas, Verdict};

use super::varint::{Malformed, Reader, Writer};

const VERSION: u8 = 1;
const SCORE_TEXT: u8 = 16;
const SCORE_BITS: u8 = 32;
const REASON: u8 = 16;

/// The judgement in `atlas`, or `None` where nothing was judged.
pub(crate) fn encode(atlas: &Atlas) -> Option<Vec<u8>> {
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
    let mut writer = Writer::default();
    writer.byte(VERSION);
    for located in atlas.places.values() {
        let verdict = located.verdict.map_or(0, verdict_code);
        match located.score {
            None => writer.byte(verdict),
            Some(score) => {
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
        }
        for candidate in &located.candidates {
            let verdict = candidate.verdict.map_or(0, verdict_code);
            match &candidate.reason {
                None => writer.byte(verdict),
                Some(reason) => {
                    writer.byte(verdict | REASON);
                    writer.block(reason.as_bytes());
                }
            }
        }
    }
    Some(writer.finish())
}

/// Puts a judgement back into the atlas it was taken from.
pub(crate) fn apply(bytes: &[u8], atlas: &mut Atlas) -> Result<(), Malformed> {
    let mut reader = Reader::new(bytes);
    reader.version(VERSION)?;
    for located in atlas.places.values_mut() {
        let flags = reader.byte()?;
        located.verdict = verdict(flags & 15, &reader)?;
        located.score = match flags & !15 {
            0 => None,
            SCORE_TEXT => {
                let text = reader.text()?;
                Some(text.parse().map_err(|_| reader.malformed("a score that is no number"))?)
            }
            SCORE_BITS => Some(f64::from_bits(u64::from_le_bytes(reader.array()?))),
            _ => return Err(reader.malformed("flags of no known meaning")),
        };
        for candidate in &mut located.candidates {
            let flags = reader.byte()?;
            candidate.verdict = verdict(flags & 15, &reader)?;
            candidate.reason = match flags & !15 {
                0 => None,
                REASON => Some(reader.text()?),
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
