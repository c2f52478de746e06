//! One file out of an archive. Names in it are read, never followed.

use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, Write};
use std::path::{Component, Path};

use flate2::read::MultiGzDecoder;
use tar::Archive;

use super::{UpdateFault, write_fault};

/// Names in an archive that are looked at; a database comes with three or four.
const MOST_ENTRIES: usize = 64;

/// What went wrong while unpacking.
pub(super) enum Trouble {
    /// With what came.
    Fault(UpdateFault),
    /// With where it is written.
    Write(io::Error),
}

impl Trouble {
    pub(super) fn at(self, directory: &Path) -> UpdateFault {
        match self {
            Self::Fault(fault) => fault,
            Self::Write(source) => write_fault(directory, source),
        }
    }
}

/// Unpacks a file that is deflated alone.
pub(super) fn gzip(packed: &File, fresh: &mut File, limit: u64) -> Result<(), Trouble> {
    copy(&mut open(packed)?, fresh, limit)
}

/// Unpacks the file called `wanted`, whatever directory of the archive it is in.
pub(super) fn tar(packed: &File, wanted: &str, fresh: &mut File, limit: u64) -> Result<(), Trouble> {
    let mut archive = Archive::new(open(packed)?);
    let mut found = false;
    for entry in archive.entries().map_err(damaged)?.take(MOST_ENTRIES) {
        let mut entry = entry.map_err(damaged)?;
        let path = entry.path().map_err(damaged)?.into_owned();
        let inside = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        if !path.components().all(inside) {
            return Err(Trouble::Fault(UpdateFault::Outside { name: path.display().to_string() }));
        }
        let is_wanted = path.file_name().is_some_and(|name| name == wanted);
        if is_wanted && entry.header().entry_type().is_file() && !found {
            copy(&mut entry, fresh, limit)?;
            found = true;
        }
    }
    if found { Ok(()) } else { Err(Trouble::Fault(UpdateFault::Missing { file: wanted.to_owned() })) }
}

/// What was packed, and an error that says what came instead.
fn open(mut packed: &File) -> Result<MultiGzDecoder<BufReader<&File>>, Trouble> {
    packed.rewind().map_err(Trouble::Write)?;
    let mut begin = Vec::new();
    packed.take(64).read_to_end(&mut begin).map_err(Trouble::Write)?;
    // RFC 1952, section 2.3.1: ID1 and ID2.
    if !begin.starts_with(&[0x1f, 0x8b]) {
        let shown: String = String::from_utf8_lossy(&begin).chars().take(40).collect();
        let cause = if begin.is_empty() {
            "it is empty".to_owned()
        } else {
            format!("it begins with {shown:?}; is there a page to log in to this network?")
        };
        return Err(Trouble::Fault(UpdateFault::Archive { cause }));
    }
    packed.rewind().map_err(Trouble::Write)?;
    Ok(MultiGzDecoder::new(BufReader::new(packed)))
}

fn copy(from: &mut impl Read, to: &mut File, limit: u64) -> Result<(), Trouble> {
    let mut piece = vec![0_u8; 1 << 16];
    let mut copied = 0_u64;
    loop {
        let length = match from.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(damaged(error)),
        };
        copied = copied.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if copied > limit {
            return Err(Trouble::Fault(UpdateFault::Large { limit }));
        }
        to.write_all(piece.get(..length).unwrap_or_default()).map_err(Trouble::Write)?;
    }
}

fn damaged(error: io::Error) -> Trouble {
    let cause = match error.kind() {
        io::ErrorKind::UnexpectedEof => "it ends too early".to_owned(),
        _ => error.to_string(),
    };
    Trouble::Fault(UpdateFault::Archive { cause })
}
