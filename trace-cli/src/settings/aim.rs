use trace_core::model::{Mode, Origin, Settings};

use super::{Choice, probing};
use crate::args::{Asked, Probing};
use crate::exit::Result;
use crate::host::Wish;

/// How a host is probed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Aim {
    /// Every address of a name is traced to.
    pub(crate) all_addresses: bool,
    /// The family that is wanted, where only one is.
    pub(crate) wish: Option<Wish>,
    pub(crate) choice: Choice,
    /// `None`: raw where it is permitted, else unprivileged.
    pub(crate) mode: Option<Mode>,
    pub(crate) probing: Settings,
    /// Traces take first hops over from one another.
    pub(crate) share: bool,
    pub(crate) vantage: Option<String>,
    pub(crate) origin: Option<Origin>,
    /// It is one of a list: further protocols are tried only if that was asked for.
    pub(crate) is_list: bool,
}

impl Aim {
    /// What the flags say, for a host that is one of a list.
    pub(super) fn of_list(typed: &Probing, all_addresses: bool) -> Result<Self> {
        Ok(Self {
            all_addresses,
            wish: probing::wish(typed)?,
            choice: probing::choice(typed)?,
            mode: match typed.mode {
                Asked::Auto => None,
                Asked::Exactly(mode) => Some(mode),
            },
            probing: probing::settings(typed)?,
            share: !typed.no_share,
            vantage: None,
            origin: None,
            is_list: true,
        })
    }
}
