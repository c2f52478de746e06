//! `geo lookup ADDR...` and `geo status`.

use std::net::IpAddr;

use trace_core::model::Located;

use crate::args::{LookupArguments, SourcesArguments};
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::{lookup, sources as report};
use crate::settings::may_be_named;
use crate::{names, sources};

/// Says where addresses are.
pub(crate) fn lookup(typed: LookupArguments, output: &mut Output) -> Result<Exit> {
    let chain = sources::open(&typed.sources.into())?;
    let mut places: Vec<(IpAddr, Located)> =
        typed.addresses.iter().map(|address| (*address, chain.locate(*address))).collect();
    if !typed.no_dns {
        let found = names::look_up(typed.addresses.iter().copied().filter(|address| may_be_named(*address)));
        for (address, located) in &mut places {
            located.hostname = found.get(address).cloned();
        }
    }
    let text = lookup::places(&places, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}

/// Says which sources there are.
pub(crate) fn status(typed: SourcesArguments, output: &mut Output) -> Result<Exit> {
    let chain = sources::open(&typed.sources.into())?;
    let infos: Vec<_> = chain.sources().collect();
    let text = report::sources(&infos, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}
