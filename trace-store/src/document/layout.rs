use std::io::{self, Write};

use serde_json::ser::Formatter;

/// Lays a document out for people: one line a field, a hop or a place broken into its parts, one line a probe
/// or a candidate, everything smaller on the line it stands in.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Of every container that is open: whether its members stand on lines of their own, and whether it has
    /// any yet.
    open: Vec<(bool, bool)>,
    /// Whether a field name is being written.
    in_key: bool,
    /// The field name written last.
    key: String,
}

/// Fields whose members stand on lines of their own.
const LISTS: [&str; 4] = ["hops", "probes", "places", "candidates"];

impl Layout {
    fn begin(&mut self) {
        // The document itself, and each hop and each place within its list.
        let broken = matches!(self.open.len(), 0 | 2) || LISTS.contains(&self.key.as_str());
        self.open.push((broken, false));
        self.key.clear();
    }

    fn member<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        if !first {
            writer.write_all(b",")?;
        }
        let depth = self.open.len();
        match self.open.last_mut() {
            Some((broken, used)) => {
                *used = true;
                if *broken { new_line(writer, depth) } else { writer.write_all(b" ") }
            }
            None => Ok(()),
        }
    }

    fn end<W: ?Sized + Write>(&mut self, writer: &mut W, bracket: &[u8], space: bool) -> io::Result<()> {
        match self.open.pop() {
            Some((true, true)) => new_line(writer, self.open.len())?,
            Some((false, true)) if space => writer.write_all(b" ")?,
            _ => {}
        }
        writer.write_all(bracket)
    }
}

fn new_line<W: ?Sized + Write>(writer: &mut W, depth: usize) -> io::Result<()> {
    writer.write_all(b"\n")?;
    (0..depth).try_for_each(|_| writer.write_all(b"  "))
}

impl Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin();
        writer.write_all(b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"]", false)
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        let inline = self.open.last().is_some_and(|(broken, _)| !broken);
        if first && inline {
            return Ok(());
        }
        self.member(writer, first)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.begin();
        writer.write_all(b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.end(writer, b"}", true)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.member(writer, first)?;
        self.in_key = true;
        self.key.clear();
        Ok(())
    }

    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if self.in_key {
            self.key.push_str(text);
        }
        writer.write_all(text.as_bytes())
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.in_key = false;
        writer.write_all(b": ")
    }
}
