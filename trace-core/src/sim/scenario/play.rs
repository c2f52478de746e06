//! Runs a scenario.

use super::{Run, build, compare, schema};
use crate::Error;
use crate::engine::{Rule, TargetIndex};
use crate::model::{Family, Mode, Protocols, Target, Trace, Ttl, Uuid};
use crate::sim::{SimulatedLink, target};
use crate::tracer::{Event, Job, Tracer};

pub(super) fn play(
    file: &schema::File,
    family: Family,
    protocols: Protocols,
    mode: Mode,
    without: Option<Rule>,
) -> Result<Run, Error> {
    // What a file says was checked when it was read.
    let mut network = build::network(file, family).map_err(|wrong| wrong.within(""))?;
    network.make_routers();
    let link = SimulatedLink::new(network.clone(), file.seed, mode);
    let journal = link.journal();
    let mut tracer = Tracer::new(link);
    if let Some(rate) = file.trace.rate {
        tracer = tracer.with_rate(rate);
    }
    if let Some(rule) = without {
        tracer = tracer.without(rule);
    }
    let mut targets: Vec<(TargetIndex, Option<Trace>)> = Vec::new();
    for number in (1_u16..).take(file.target.len()) {
        let host = Target { name: None, address: target(family, number) };
        let expected = file.trace.expected_length.as_ref().and_then(|length| Ttl::new(*length.get_ref()));
        let index = tracer.add(Job {
            settings: build::settings(&file.trace),
            otherwise: file.trace.otherwise.iter().map(|protocol| protocol.0).collect(),
            share: file.trace.share,
            expected_length: expected,
            ..Job::new(Uuid::from_u128(number.into()), host, protocols, 0)
        })?;
        targets.push((index, None));
    }
    while let Some(event) = tracer.next_event(&|| false)? {
        if let Event::Finished { target, trace } = event
            && let Some((_, place)) = targets.iter_mut().find(|(index, _)| *index == target)
        {
            *place = Some(*trace);
        }
    }
    let traces: Option<Vec<Trace>> = targets.into_iter().map(|(_, trace)| trace).collect();
    let mut run = Run {
        family,
        protocols,
        mode,
        traces: traces.ok_or(Error::Unfinished)?,
        probes: journal.sent(),
        withheld: network.routers.keys().map(|number| journal.router(*number).limited).sum(),
        deviations: Vec::new(),
    };
    run.deviations = compare::deviations(file, &network, &run);
    Ok(run)
}
