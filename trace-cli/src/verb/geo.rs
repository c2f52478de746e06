//! `geo lookup ADDR...`, `geo status` and `geo update`.

mod status;
mod update;

use std::net::IpAddr;
use std::path::PathBuf;

use trace_core::model::Located;

use crate::args::{GeoVerb, LookupArguments};
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::lookup;
use crate::say::Voice;
use crate::settings::Sources;
use crate::{names, sources};

pub(crate) fn run(
    verb: GeoVerb,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    match verb {
        GeoVerb::Lookup(typed) => look_up(typed, data_dir, voice, output),
        GeoVerb::Status(typed) => status::run(typed, data_dir, output),
        GeoVerb::Update(typed) => update::run(&typed, data_dir, voice, output),
    }
}

/// Says where addresses are.
fn look_up(
    typed: LookupArguments,
    data_dir: Option<PathBuf>,
    voice: Voice,
    output: &mut Output,
) -> Result<Exit> {
    let from = Sources::from(typed.sources).beside(data_dir);
    let chain = sources::open(&from, voice)?;
    from.walls().stand(voice);
    let atlas = chain.atlas(typed.addresses.iter().copied());
    let mut places: Vec<(IpAddr, Located)> = typed
        .addresses
        .iter()
        .map(|address| (*address, atlas.places.get(address).cloned().unwrap_or_default()))
        .collect();
    if !typed.no_dns {
        let found = names::look_up(typed.addresses.iter().copied());
        for (address, located) in &mut places {
            if let Some(name) = found.get(address) {
                chain.name(*address, located, name);
            }
        }
    }
    let text = lookup::places(&places, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    sources::tell(&chain, voice);
    Ok(Exit::Done)
}
