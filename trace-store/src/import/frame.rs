//! Where one document ends and the next begins: in a list, or one after the other.

use std::io::{self, BufRead};

/// A document longer than this is none: memory is bounded.
const LONGEST: usize = 256 << 20;

/// The text of a document, and where it begins.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) line: u64,
    /// The bytes before it on its line.
    pub(super) column: u64,
    pub(super) text: Vec<u8>,
}

/// Something between documents that is none, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stray {
    pub(super) line: u64,
    pub(super) cause: String,
}

/// Cuts what is read into the documents in it. What is inside of one is not looked at, but for where it ends.
#[derive(Debug)]
pub(super) struct Frames<R> {
    reader: R,
    line: u64,
    column: u64,
    /// Inside of a list, and what may follow there.
    list: Option<List>,
    ended: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    /// Just opened.
    Empty,
    /// After a document.
    Filled,
    /// After a comma.
    Waiting,
}

impl<R: BufRead> Frames<R> {
    pub(super) const fn new(reader: R) -> Self {
        Self { reader, line: 1, column: 0, list: None, ended: false }
    }

    fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            match self.reader.fill_buf() {
                Ok(bytes) => return Ok(bytes.first().copied()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn take(&mut self) -> io::Result<Option<u8>> {
        let byte = self.peek()?;
        if let Some(byte) = byte {
            self.reader.consume(1);
            if byte == b'\n' {
                (self.line, self.column) = (self.line + 1, 0);
            } else {
                self.column += 1;
            }
        }
        Ok(byte)
    }

    fn stray(&mut self, cause: impl Into<String>) -> io::Result<Option<Result<Frame, Stray>>> {
        self.ended = true;
        Ok(Some(Err(Stray { line: self.line, cause: cause.into() })))
    }

    /// The next document; `None` at the end. After something stray nothing follows.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<Frame, Stray>>> {
        while !self.ended {
            let Some(byte) = self.peek()? else {
                self.ended = true;
                return match self.list {
                    Some(_) => self.stray("the list of documents does not end: the file is cut off"),
                    None => Ok(None),
                };
            };
            match (byte, self.list) {
                (b' ' | b'\t' | b'\r' | b'\n' | 0x1e, _) | (0xef | 0xbb | 0xbf, None) => {
                    self.take()?;
                }
                (b'{', None | Some(List::Empty | List::Waiting)) => {
                    self.list = self.list.map(|_| List::Filled);
                    return self.document();
                }
                (b'[', None) => {
                    self.take()?;
                    self.list = Some(List::Empty);
                }
                (b',', Some(List::Filled)) => {
                    self.take()?;
                    self.list = Some(List::Waiting);
                }
                (b']', Some(List::Empty | List::Filled)) => {
                    self.take()?;
                    self.list = None;
                }
                (byte, _) => {
                    let found = char::from(byte).escape_default();
                    return self.stray(format!("a document begins with {{, and here is {found}"));
                }
            }
        }
        Ok(None)
    }

    fn document(&mut self) -> io::Result<Option<Result<Frame, Stray>>> {
        let (line, column) = (self.line, self.column);
        let mut text = Vec::new();
        let mut depth = 0_u32;
        let (mut quoted, mut escaped) = (false, false);
        while let Some(byte) = self.take()? {
            text.push(byte);
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b'{' | b'[' if !quoted => depth += 1,
                b'}' | b']' if !quoted => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(Some(Ok(Frame { line, column, text })));
                    }
                }
                // In a document a line feed within quotes is none of JSON: whoever forgot to close them is told where.
                b'\n' if quoted => return self.stray("the quotes are not closed on this line"),
                _ => {}
            }
            if text.len() > LONGEST {
                return self.stray("a document of more than 256 MB is none");
            }
        }
        self.line = line;
        self.stray("this document does not end: the file is cut off")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found = Result<(u64, u64, String), (u64, String)>;

    fn frames(text: &str) -> Vec<Found> {
        let mut frames = Frames::new(text.as_bytes());
        std::iter::from_fn(|| frames.next().unwrap())
            .map(|found| match found {
                Ok(frame) => Ok((frame.line, frame.column, String::from_utf8(frame.text).unwrap())),
                Err(stray) => Err((stray.line, stray.cause)),
            })
            .collect()
    }

    #[test]
    fn documents_come_alone_in_lines_and_in_lists() {
        let of = |line, column, text: &str| Ok((line, column, text.to_owned()));
        assert_eq!(frames(""), []);
        assert_eq!(frames("\u{feff} {}\n"), [of(1, 4, "{}")]);
        assert_eq!(
            frames("{\"a\": \"}\\\"{\"}\n\n{\"b\": [{}]}"),
            [of(1, 0, "{\"a\": \"}\\\"{\"}"), of(3, 0, "{\"b\": [{}]}")]
        );
        assert_eq!(frames("[]\n[\n{},\n {}]\n{}"), [of(3, 0, "{}"), of(4, 1, "{}"), of(5, 0, "{}")]);
    }

    #[test]
    fn what_is_no_document_is_told_with_its_line() {
        for (text, line) in [
            ("{}\nx", 2),
            ("[{} {}]", 1),
            ("[{},]", 1),
            ("[,{}]", 1),
            ("[{}\n", 2),
            ("\n{\"a\": [\n", 2),
            ("{}\n{\"a\n\": 1}", 3),
            ("[[{}]]", 1),
        ] {
            let found = frames(text);
            let Some(Err((at, _))) = found.last() else { panic!("{text:?} gave {found:?}") };
            assert_eq!(*at, line, "{text:?}: {found:?}");
        }
    }
}
