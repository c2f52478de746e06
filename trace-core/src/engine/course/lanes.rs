use core::slice;

use crate::engine::lane::Lane;
use crate::model::{Flow, Protocol, Protocols};

/// The lanes of a trace: one for each flow and protocol, the protocols of a flow side by side.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "the usual lane lies where its trace does: one way to memory less"
)]
pub(super) enum Lanes {
    /// The usual one, in the place where the trace lies.
    One(Lane),
    /// None, or several.
    Many(Box<[Lane]>),
}

impl Lanes {
    pub(super) fn of(mut lanes: impl Iterator<Item = Lane>) -> Self {
        match (lanes.next(), lanes.next()) {
            (Some(only), None) => Self::One(only),
            (first, second) => Self::Many(first.into_iter().chain(second).chain(lanes).collect()),
        }
    }

    pub(super) const fn all(&self) -> &[Lane] {
        match self {
            Self::One(lane) => slice::from_ref(lane),
            Self::Many(lanes) => lanes,
        }
    }

    pub(super) const fn all_mut(&mut self) -> &mut [Lane] {
        match self {
            Self::One(lane) => slice::from_mut(lane),
            Self::Many(lanes) => lanes,
        }
    }

    /// The lane of a protocol and flow, where these protocols are probed.
    pub(super) fn get_mut(&mut self, probed: Protocols, protocol: Protocol, flow: Flow) -> Option<&mut Lane> {
        match self {
            Self::One(lane) => (lane.protocol == protocol && lane.flow == flow).then_some(lane),
            Self::Many(lanes) => {
                let protocols = probed.list();
                let place = protocols.iter().position(|known| *known == protocol)?;
                lanes.get_mut(usize::from(flow.0) * protocols.len() + place)
            }
        }
    }
}
