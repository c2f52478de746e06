//! The packed form of what repeats too often to stand in rows.
//!
//! A trace's probes are split in two. The *shape* ([`shape`]) is everything but time: which probes were sent
//! with which protocol, flow and round, who answered, what the answers said. It repeats from trace to trace
//! and is stored once. The *times* ([`times`]) are what never repeats: when each probe left and how long its
//! answer took, to the nanosecond, and which single probes were lost of a hop that otherwise answers. The
//! *judgement* ([`judgement`]) is what physics said of each place at the time, without the times that it speaks of
//! ([`reason`]).
//!
//! Each form begins with its version. Whole numbers are LEB128 varints of up to 128 bits, times are Rice codes;
//! texts and bytes carry their length in front. Reading never panics and never takes memory out of
//! proportion to its input.

mod answer;
pub(crate) mod judgement;
pub(crate) mod path;
mod reason;
mod rice;
mod shape;
#[cfg(test)]
mod tests;
mod times;
mod varint;

use trace_core::model::Hop;

pub(crate) use judgement::Judgement;
pub(crate) use reason::Floor;
pub(crate) use shape::Shape;
pub(crate) use varint::Malformed;

/// The times of `hops`, which are of this shape but for lost packets; `least` is the least RTT of each hop in microseconds,
/// as far as it is known otherwise.
pub(crate) fn times(hops: &[Hop], shape: &Shape, least: &[Option<u32>]) -> Vec<u8> {
    times::encode(hops, shape, least)
}

/// The hops whose shape and times these are, and whose least RTTs.
pub(crate) fn unpack(shape: &[u8], times: &[u8], least: &[Option<u32>]) -> Result<Vec<Hop>, Malformed> {
    times::decode(times, &Shape::decode(shape)?, least)
}

/// A hash that never changes between releases: FNV-1a with 64 bits (draft-eastlake-fnv). It only finds
/// candidates; what is found is compared byte by byte.
pub(crate) fn hash(bytes: &[u8]) -> i64 {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash.cast_signed()
}
