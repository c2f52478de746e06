//! What is done with a measurement: locate, print, keep, draw. Whatever fails, the measurement stays.

use std::collections::BTreeMap;
use std::net::IpAddr;

use trace_core::model::{Atlas, Outcome, Trace};
use trace_geo::Chain;
use trace_store::document;

use super::keep::Keep;
use crate::args::Format;
use crate::exit::{Blame as _, Exit, Result};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::report::{sheet, short_id, table};
use crate::say::Voice;
use crate::settings::TraceSettings;
use crate::{names, places, sources};

pub(super) use crate::places::addresses;

/// Everything that is needed once a trace is measured, opened before the first probe.
pub(super) struct Finish<'a> {
    settings: &'a TraceSettings,
    interrupt: &'a Interrupt,
    voice: Voice,
    chain: Option<Chain>,
    /// What the files of places that could not be used mean for the exit status.
    sources: Exit,
    keep: Option<Keep<'a>>,
    printed: usize,
    /// What the map will show.
    to_draw: Vec<(Trace, Atlas)>,
}

impl<'a> Finish<'a> {
    /// Opens sources and store.
    pub(super) fn prepare(
        settings: &'a TraceSettings,
        interrupt: &'a Interrupt,
        voice: Voice,
    ) -> Result<Self> {
        let sources = settings.sources.as_ref().map(|from| sources::open_usable(from, voice)).transpose()?;
        let (chain, sources) = sources.map_or((None, Exit::Done), |(chain, told)| (Some(chain), told));
        let open = |directory| Keep::open(directory, settings.documents, interrupt, voice);
        let keep = settings.data_dir.as_deref().map(open).transpose()?;
        if let Some(map) = &settings.map {
            map.check_directory()?;
        }
        if let Some(city) = &settings.origin_city {
            voice.warn(&places::origin_words(city));
        }
        Ok(Self { settings, interrupt, voice, chain, sources, keep, printed: 0, to_draw: Vec::new() })
    }

    /// Does everything with one trace but drawing it. It is printed before it is kept: nobody who reads it waits for a
    /// disk, and what was printed is no worse for not being kept.
    pub(super) fn trace(&mut self, mut trace: Trace, remarks: &[String], output: &mut Output) -> Exit {
        let names = if self.settings.names && !self.interrupt.is_asked() {
            names::look_up(addresses(&trace))
        } else {
            BTreeMap::new()
        };
        let atlas = self.locate(&mut trace, &names);
        let printed = self.print(&trace, &atlas, remarks, self.keep.is_some(), output);
        let (kept, in_database, told) = self
            .keep
            .as_mut()
            .map_or_else(|| (Exit::Done, false, Vec::new()), |keep| keep.one(&trace, &atlas));
        let ended = self.end_line(&trace, in_database, output);
        for text in told {
            self.voice.warn(&text);
        }
        let outcome = self.outcome(&trace, output);
        self.will_draw(trace, atlas);
        outcome.max(kept).max(self.told(printed)).max(self.told(ended))
    }

    /// What the end of a trace means for the exit status.
    pub(super) fn outcome(&self, trace: &Trace, output: &Output) -> Exit {
        match trace.outcome {
            Some(Outcome::Reached) => Exit::Done,
            // Rounds that go on until somebody ends them have ended as they should.
            Some(Outcome::Interrupted) if self.settings.is_endless() => Exit::Done,
            Some(Outcome::Interrupted) if output.is_closed() && !self.interrupt.is_asked() => Exit::Done,
            Some(Outcome::Interrupted) => Exit::Interrupted,
            _ => Exit::NotReached,
        }
    }

    /// Remembers a trace for the map, if there is to be one.
    pub(super) fn will_draw(&mut self, trace: Trace, atlas: Atlas) {
        if self.settings.map.is_some() {
            self.to_draw.push((trace, atlas));
        }
    }

    /// The sources of places, if there are any.
    pub(super) const fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The store, if there is one.
    pub(super) const fn keep(&mut self) -> Option<&mut Keep<'a>> {
        self.keep.as_mut()
    }

    /// Writes what has to stand behind the last trace, and draws the map.
    pub(super) fn end(&mut self, output: &mut Output) -> Exit {
        let closed = match self.settings.format {
            Format::Json if self.is_array() => output.print(if self.printed == 0 { "[]\n" } else { "]\n" }),
            _ => Ok(()),
        };
        let drawn = self.draw(output);
        self.told(closed).max(self.told(drawn)).max(self.sources)
    }

    fn is_array(&self) -> bool {
        !self.settings.is_single()
    }

    /// The exit status of a failure that is told here.
    pub(super) fn told(&self, result: Result<()>) -> Exit {
        let Err(failure) = result else { return Exit::Done };
        if failure.cause.is_some() {
            self.voice.warn(&failure.to_string());
        }
        failure.exit
    }

    /// Where the addresses of a trace are, as far as its round-trip times and their host names allow that.
    ///
    /// Where it starts is told by the sources as well, if nobody said it.
    pub(super) fn locate(&self, trace: &mut Trace, names: &BTreeMap<IpAddr, String>) -> Atlas {
        trace.origin = self.chain.as_ref().map_or(trace.origin, |chain| places::origin(chain, trace));
        let atlas = places::locate(self.chain.as_ref(), trace, names);
        if let Some(chain) = &self.chain {
            sources::tell(chain, self.voice);
        }
        atlas
    }

    /// Prints a trace. The last line of a table stays open for what [`Finish::end_line`] adds, if it `goes_on`.
    pub(super) fn print(
        &mut self,
        trace: &Trace,
        atlas: &Atlas,
        remarks: &[String],
        goes_on: bool,
        output: &mut Output,
    ) -> Result<()> {
        let first = self.printed == 0;
        self.printed += 1;
        let text = match self.settings.format {
            Format::Table => {
                let (paint, width) = (output.paint(), output.size().map(|(width, _)| width));
                let wide = self.settings.wide;
                let style = table::Style { paint, width, verdicts: false, wide, remarks };
                let separator = if first { "" } else { "\n" };
                let mut text = format!("{separator}{}", table::trace(trace, atlas, style));
                if goes_on && text.ends_with('\n') {
                    text.pop();
                }
                text
            }
            Format::Json if self.is_array() => {
                let separator = if first { "[\n" } else { ",\n" };
                format!("{separator}{}", document::write(trace, atlas))
            }
            Format::Json => document::write(trace, atlas),
            Format::Jsonl => document::write_line(trace, atlas),
            Format::Csv => sheet::traces(&[(trace, atlas)], first).blame(Exit::CouldNotKeep)?,
        };
        output.print_form(self.settings.format, &text)
    }

    /// Ends the last line of a table with where the trace is kept.
    fn end_line(&self, trace: &Trace, in_database: bool, output: &mut Output) -> Result<()> {
        match self.settings.format {
            Format::Table if in_database => output.print(&format!(", kept as {}\n", short_id(trace.id))),
            Format::Table if self.keep.is_some() => output.print("\n"),
            _ => Ok(()),
        }
    }

    fn draw(&self, output: &mut Output) -> Result<()> {
        let Some(map) = self.settings.map.as_ref().filter(|_| !self.to_draw.is_empty()) else {
            return Ok(());
        };
        let traces: Vec<_> = self.to_draw.iter().map(|(trace, atlas)| (trace, atlas)).collect();
        map.draw(&traces, output)?;
        self.voice.tell(|| format!("drew {}", map.path.display()));
        Ok(())
    }
}
