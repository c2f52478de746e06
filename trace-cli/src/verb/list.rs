//! `list`: the traces that are kept.

use std::path::PathBuf;

use trace_store::{Error, Filter, Match, Store, Summary};

use crate::args::ListArguments;
use crate::clock;
use crate::exit::{Blame as _, Exit, Result};
use crate::output::Output;
use crate::report::list;
use crate::settings;

pub(crate) fn run(typed: ListArguments, data_dir: Option<PathBuf>, output: &mut Output) -> Result<Exit> {
    let directory = settings::data_dir(data_dir)?;
    let now = clock::now();
    let filter = Filter {
        limit: Some(typed.limit),
        since: typed.since.map(|since| since.before(now)),
        until: typed.until.map(|until| until.before(now)),
        outcome: typed.outcome.map_or(Match::Any, Match::Is),
        protocol: typed.protocol.map_or(Match::Any, Match::Is),
        vantage: typed.vantage.map_or(Match::Any, Match::Is),
        ..Filter::default()
    };
    let of = |target| Filter { target, ..filter.clone() };
    let filters: Vec<Filter> = forms(typed.target).into_iter().map(of).collect();
    let mut traces = match Store::open_read_only(&directory) {
        // Nothing has been traced yet: an empty list.
        Err(Error::Missing { .. }) => Vec::new(),
        store => store.and_then(|store| listed(&store, &filters)).blame(Exit::CouldNotKeep)?,
    };
    traces.sort_by_key(|trace| std::cmp::Reverse((trace.started, trace.id)));
    traces.truncate(usize::try_from(typed.limit).unwrap_or(usize::MAX));
    let text = list::summaries(&traces, typed.format.format, output.paint()).blame(Exit::CouldNotKeep)?;
    output.print_form(typed.format.format, &text)?;
    Ok(Exit::Done)
}

fn listed(store: &Store, filters: &[Filter]) -> std::result::Result<Vec<Summary>, Error> {
    let mut traces = Vec::new();
    for filter in filters {
        traces.extend(store.list(filter)?);
    }
    Ok(traces)
}

/// A target as it may have been typed when it was traced: an international name also in ASCII (RFC 5891), and the
/// other way round.
pub(super) fn forms(target: Option<String>) -> Vec<Option<String>> {
    let Some(target) = target else { return vec![None] };
    let ascii = idna::domain_to_ascii(&target).ok();
    let (unicode, read) = idna::domain_to_unicode(&target);
    let mut forms = vec![target];
    for form in ascii.into_iter().chain(read.is_ok().then_some(unicode)) {
        if !form.is_empty() && !forms.iter().any(|known| known.eq_ignore_ascii_case(&form)) {
            forms.push(form);
        }
    }
    forms.into_iter().map(Some).collect()
}

#[cfg(test)]
mod tests {
    use super::forms;

    #[test]
    fn international_names_are_found_in_both_forms() {
        let of = |name: &str| forms(Some(name.to_owned())).into_iter().flatten().collect::<Vec<_>>();
        assert_eq!(of("bücher.example"), ["bücher.example", "xn--bcher-kva.example"]);
        assert_eq!(of("xn--bcher-kva.example"), ["xn--bcher-kva.example", "bücher.example"]);
        assert_eq!(of("Example.COM"), ["Example.COM"]);
        assert_eq!(of("192.0.2.1"), ["192.0.2.1"]);
        assert_eq!(forms(None), [None]);
    }
}
