//! What is done with a measurement: locate, keep, print, draw. Whatever fails, the measurement stays.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use trace_core::model::{Atlas, Outcome, Protocol, Trace, Ttl};
use trace_geo::Chain;
use trace_store::{Document, Documents, Store, document, rescue};

use crate::args::Format;
use crate::exit::{Blame as _, Exit, Result};
use crate::interrupt::Interrupt;
use crate::output::Output;
use crate::report::{sheet, short_id, table};
use crate::say::Voice;
use crate::settings::{TraceSettings, may_be_named};
use crate::{names, sources};

/// Everything that is needed once a trace is measured, opened before the first probe.
pub(super) struct Finish<'a> {
    settings: &'a TraceSettings,
    interrupt: &'a Interrupt,
    voice: Voice,
    chain: Option<Chain>,
    store: Option<Store>,
    printed: usize,
    /// Said once the trace is printed: on a terminal a picture still stands where the table will be.
    to_say: Vec<String>,
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
        let chain = settings.sources.as_ref().map(sources::open).transpose()?;
        let store = settings.data_dir.as_deref().map(|directory| open_store(directory, voice)).transpose()?;
        if let Some(map) = &settings.map {
            map.check_directory()?;
        }
        Ok(Self {
            settings,
            interrupt,
            voice,
            chain,
            store,
            printed: 0,
            to_say: Vec::new(),
            to_draw: Vec::new(),
        })
    }

    /// How long the path to an address was when it was last reached.
    pub(super) fn expected_length(&self, address: IpAddr, protocol: Protocol) -> Result<Option<Ttl>> {
        match &self.store {
            Some(store) => store.expected_length(address, protocol).blame(Exit::CouldNotKeep),
            None => Ok(None),
        }
    }

    /// Does everything with one trace but drawing it.
    pub(super) fn trace(&mut self, trace: Trace, remarks: &[String], output: &mut Output) -> Exit {
        let atlas = self.locate(&trace);
        let (kept, kept_as) = self.keep(&trace, &atlas);
        let printed = self.print(&trace, &atlas, remarks, kept_as.as_deref(), output);
        for text in self.to_say.drain(..) {
            self.voice.warn(&text);
        }
        let outcome = match trace.outcome {
            Some(Outcome::Reached) => Exit::Done,
            Some(Outcome::Interrupted) if output.is_closed() && !self.interrupt.is_asked() => Exit::Done,
            Some(Outcome::Interrupted) => Exit::Interrupted,
            _ => Exit::NotReached,
        };
        if self.settings.map.is_some() {
            self.to_draw.push((trace, atlas));
        }
        outcome.max(kept).max(self.told(printed))
    }

    /// Writes what has to stand behind the last trace, and draws the map.
    pub(super) fn end(&mut self, output: &mut Output) -> Exit {
        let closed = match self.settings.format {
            Format::Json if self.is_array() => output.print(if self.printed == 0 { "[]\n" } else { "]\n" }),
            _ => Ok(()),
        };
        let drawn = self.draw(output);
        self.told(closed).max(self.told(drawn))
    }

    fn is_array(&self) -> bool {
        self.settings.hosts.len() > 1
    }

    fn told(&self, result: Result<()>) -> Exit {
        let Err(failure) = result else { return Exit::Done };
        if failure.cause.is_some() {
            self.voice.warn(&failure.to_string());
        }
        failure.exit
    }

    fn locate(&self, trace: &Trace) -> Atlas {
        let addresses: BTreeSet<IpAddr> = trace
            .hops
            .iter()
            .flat_map(trace_core::model::Hop::answerers)
            .chain(trace.target.as_ref().map(|target| target.address))
            .collect();
        let mut atlas = match &self.chain {
            Some(chain) => chain.atlas(addresses.iter().copied()),
            None => Atlas::default(),
        };
        if self.settings.names && !self.interrupt.is_asked() {
            let global = addresses.into_iter().filter(|address| may_be_named(*address));
            for (address, name) in names::look_up(global) {
                atlas.places.entry(address).or_default().hostname = Some(name);
            }
        }
        atlas
    }

    /// Keeps a trace in the database, with its document; what the database cannot take goes into a file of its
    /// own. Also says in a few words where it is.
    fn keep(&mut self, trace: &Trace, atlas: &Atlas) -> (Exit, Option<String>) {
        let Some(store) = &mut self.store else { return (Exit::Done, None) };
        let kept_as = Some(format!("kept as {}", short_id(trace.id)));
        let stored = match store.put(trace, atlas, Documents::Write) {
            Ok(stored) => stored,
            Err(error) => {
                let saved = match save(trace, atlas, self.settings.data_dir.as_deref()) {
                    Ok(path) => format!("the trace is saved in {}", path.display()),
                    Err(also) => format!("nor could the trace be saved to a file: {also}"),
                };
                self.to_say.push(format!("{error}; {saved}"));
                return (Exit::CouldNotKeep, None);
            }
        };
        match stored.document {
            Document::Pending { cause: Some(cause) } => {
                self.to_say.push(format!(
                    "the trace {} is in the database, but its document is not written: {cause}; it will be when the \
                     store is next opened",
                    trace.id
                ));
                (Exit::CouldNotKeep, kept_as)
            }
            // Another process holds the lock: it or the next one writes the document.
            Document::Pending { cause: None } | Document::Skipped => (Exit::Done, kept_as),
            Document::Written(path) => {
                if self.voice.is_verbose() {
                    self.to_say.push(format!("wrote {}", path.display()));
                }
                (Exit::Done, kept_as)
            }
        }
    }

    fn print(
        &mut self,
        trace: &Trace,
        atlas: &Atlas,
        remarks: &[String],
        kept_as: Option<&str>,
        output: &mut Output,
    ) -> Result<()> {
        let first = self.printed == 0;
        self.printed += 1;
        let text = match self.settings.format {
            Format::Table => {
                let (paint, width) = (output.paint(), output.size().map(|(width, _)| width));
                let style = table::Style { paint, width, verdicts: false, remarks, kept_as };
                let separator = if first { "" } else { "\n" };
                format!("{separator}{}", table::trace(trace, atlas, style))
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

/// Opens the store, and makes sure that it will take what is measured.
fn open_store(directory: &Path, voice: Voice) -> Result<Store> {
    let store = Store::open(directory).blame_on(Exit::CouldNotKeep, || {
        "nothing is traced (--no-store traces without keeping)".to_owned()
    })?;
    voice.tell(|| format!("traces are kept in {}", store.path().display()));
    Ok(store)
}

/// The first place that takes a file for a trace: beside the others, where we are, or where temporary files go.
fn save(
    trace: &Trace,
    atlas: &Atlas,
    data_dir: Option<&Path>,
) -> std::result::Result<PathBuf, trace_store::Error> {
    let temporary = std::env::temp_dir();
    let here = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."));
    let first = rescue(trace, atlas, data_dir.unwrap_or(&here));
    first.or_else(|_| rescue(trace, atlas, &here)).or_else(|_| rescue(trace, atlas, &temporary))
}
