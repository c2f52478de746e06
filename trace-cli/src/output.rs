//! The one writer of results: standard output, in one piece, with a quiet end when nobody reads on.

use std::io::{self, BufWriter, IsTerminal as _, Stdout, Write as _};

use crate::args::{ColorChoice, Format};
use crate::escape::escape;
use crate::exit::{Blame as _, Exit, Failure, Result};
use crate::paint::Paint;

/// Standard output.
pub(crate) struct Output {
    writer: BufWriter<Stdout>,
    terminal: bool,
    paint: Paint,
    closed: bool,
    /// Written before whatever comes next.
    before_next: String,
}

impl Output {
    /// Standard output, coloured as `color` says: `auto` colours a terminal unless `NO_COLOR` is set
    /// (<https://no-color.org>) or the terminal is `dumb`.
    pub(crate) fn new(color: ColorChoice) -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let wanted = match color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && environment_allows_color(),
        };
        Self {
            writer: BufWriter::with_capacity(1 << 16, stdout),
            terminal,
            paint: if wanted { Paint::Colored } else { Paint::Plain },
            closed: false,
            before_next: String::new(),
        }
    }

    /// Whether a person may be looking.
    pub(crate) const fn is_terminal(&self) -> bool {
        self.terminal
    }

    /// The columns and lines of the terminal, if there is one.
    pub(crate) fn size(&self) -> Option<(usize, usize)> {
        let (width, height) = self.terminal.then(terminal_size::terminal_size)??;
        Some((usize::from(width.0), usize::from(height.0)))
    }

    /// How text is to be coloured.
    pub(crate) const fn paint(&self) -> Paint {
        self.paint
    }

    /// Whether the reader has gone.
    pub(crate) const fn is_closed(&self) -> bool {
        self.closed
    }

    /// Has `text` written right before whatever is printed next: what it clears away stays until there is
    /// something better to see.
    pub(crate) fn before_next(&mut self, text: String) {
        self.before_next = text;
    }

    /// Writes results and hands them over at once.
    pub(crate) fn print(&mut self, text: &str) -> Result<()> {
        self.print_bytes(text.as_bytes())
    }

    /// Writes results for programs (JSON, CSV), whose text nobody has escaped yet: a terminal that gets them
    /// all the same must not be steered by them.
    pub(crate) fn print_data(&mut self, text: &str) -> Result<()> {
        if !self.terminal {
            return self.print(text);
        }
        let lines: Vec<String> = text.lines().map(escape).collect();
        self.print(&(lines.join("\n") + "\n"))
    }

    /// Prints a report: a table as it is, other forms as data.
    pub(crate) fn print_form(&mut self, format: Format, text: &str) -> Result<()> {
        if format == Format::Table { self.print(text) } else { self.print_data(text) }
    }

    /// Writes results that are not text.
    pub(crate) fn print_bytes(&mut self, bytes: &[u8]) -> Result<()> {
        if self.closed {
            return Err(Failure::nobody_listens());
        }
        let before = std::mem::take(&mut self.before_next);
        let written = self.writer.write_all(before.as_bytes()).and_then(|()| self.writer.write_all(bytes));
        match written.and_then(|()| self.writer.flush()) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                self.closed = true;
                Err(Failure::nobody_listens())
            }
            written => {
                written.blame_on(Exit::CouldNotKeep, || "could not write to standard output".to_owned())
            }
        }
    }
}

fn environment_allows_color() -> bool {
    let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    !no_color && !dumb
}
