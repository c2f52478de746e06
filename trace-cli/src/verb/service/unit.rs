//! The files of the services, and what stands in their places.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::stamp::{Author, author, stamped};

/// Where a package puts the program, and what the units start therefore.
pub(super) const PROGRAM: &str = "/usr/bin/trace-cli";
/// Where an administrator's units are, below the root.
const OWN: &str = "etc/systemd/system";
/// Where those of packages are.
const PACKAGED: [&str; 2] = ["usr/lib/systemd/system", "lib/systemd/system"];

const UNITS: [(&str, &str); 5] = [
    ("tracer.service", include_str!("../../../systemd/tracer.service")),
    ("tracer@.service", include_str!("../../../systemd/tracer@.service")),
    ("tracer.timer", include_str!("../../../systemd/tracer.timer")),
    ("tracer-watch.service", include_str!("../../../systemd/tracer-watch.service")),
    ("tracer-serve.service", include_str!("../../../systemd/tracer-serve.service")),
];
/// The services that trace.
const TRACING: [&str; 3] = ["tracer.service", "tracer@.service", "tracer-watch.service"];
const RAW: &str = include_str!("../../../systemd/raw.conf");
const SETTINGS: (&str, &str) = ("etc/trace/tracer.env", include_str!("../../../systemd/tracer.env"));

/// A file of the services.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Of the unit, or the file's own.
    name: &'static str,
    /// Below the root.
    path: PathBuf,
    text: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unit,
    DropIn,
    Settings,
}

/// What stands in the place of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Absent,
    /// Ours, as this program would write it.
    Current,
    /// Ours, of another version or for another program.
    Older,
    /// Ours, and changed since.
    Edited,
    /// Somebody else's.
    Foreign,
    /// A package has it.
    Packaged,
}

impl Condition {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Current => "installed",
            Self::Older => "other version",
            Self::Edited => "changed",
            Self::Foreign => "not ours",
            Self::Packaged => "packaged",
        }
    }
}

/// All files, for units that start `program`.
pub(super) fn files(program: &Path, raw: bool) -> Vec<File> {
    let program = program.to_string_lossy();
    let unit = |(name, text): (&'static str, &str)| File {
        name,
        path: Path::new(OWN).join(name),
        text: stamped(&text.replace(PROGRAM, &program)),
        kind: Kind::Unit,
    };
    let drop_in = |name: &'static str| File {
        name,
        path: Path::new(OWN).join(format!("{name}.d/raw.conf")),
        text: stamped(RAW),
        kind: Kind::DropIn,
    };
    let (name, text) = SETTINGS;
    let settings = File { name, path: PathBuf::from(name), text: stamped(text), kind: Kind::Settings };
    let raw = TRACING.into_iter().filter(|_| raw).map(drop_in);
    UNITS.into_iter().map(unit).chain(raw).chain([settings]).collect()
}

impl File {
    pub(super) const fn name(&self) -> &'static str {
        self.name
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn path(&self, root: &Path) -> PathBuf {
        root.join(&self.path)
    }

    /// Whether it is there to be changed.
    pub(super) fn is_settings(&self) -> bool {
        self.kind == Kind::Settings
    }

    /// What stands in its place.
    pub(super) fn condition(&self, root: &Path) -> io::Result<Condition> {
        match fs::read(self.path(root)) {
            Ok(there) => {
                let there = String::from_utf8_lossy(&there);
                Ok(match author(&there) {
                    Author::Us if there == self.text => Condition::Current,
                    Author::Us => Condition::Older,
                    Author::UsAndAnother => Condition::Edited,
                    Author::Another => Condition::Foreign,
                })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let packaged = |place: &&str| root.join(place).join(self.name).exists();
                let packaged = self.kind == Kind::Unit && PACKAGED.iter().any(packaged);
                Ok(if packaged { Condition::Packaged } else { Condition::Absent })
            }
            Err(error) => Err(error),
        }
    }

    /// Writes it whole or not at all.
    pub(super) fn write(&self, root: &Path) -> io::Result<()> {
        let path = self.path(root);
        let directory = path.parent().unwrap_or(root);
        fs::create_dir_all(directory)?;
        let draft = path.with_extension("new");
        let mut file = fs::File::create(&draft)?;
        file.write_all(self.text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    }

    /// The links by which systemd starts it (`systemctl enable`).
    pub(super) fn enabled(&self, root: &Path) -> io::Result<Vec<PathBuf>> {
        let directory = root.join(OWN);
        if self.kind != Kind::Unit || !directory.is_dir() {
            return Ok(Vec::new());
        }
        let mut links = Vec::new();
        // Of a template, its instances: `tracer@example.org.service`.
        let (stem, kind) = self.name.split_once('.').unwrap_or((self.name, ""));
        for wants in fs::read_dir(directory)? {
            let wants = wants?.path();
            if wants.extension().is_none_or(|extension| extension != "wants") {
                continue;
            }
            for link in fs::read_dir(wants)? {
                let link = link?;
                let name = link.file_name();
                let name = name.to_string_lossy();
                let instance = stem.ends_with('@') && name.starts_with(stem) && name.ends_with(kind);
                if name == self.name || instance {
                    links.push(link.path());
                }
            }
        }
        links.sort();
        Ok(links)
    }

    /// Removes it with its links, and the directory that was made for it if nothing else is in there; tells the links.
    pub(super) fn remove(&self, root: &Path) -> io::Result<Vec<PathBuf>> {
        let links = self.enabled(root)?;
        for link in &links {
            fs::remove_file(link)?;
        }
        let path = self.path(root);
        fs::remove_file(&path)?;
        if self.kind != Kind::Unit
            && let Some(directory) = path.parent()
        {
            // Somebody else's files keep it.
            let _ = fs::remove_dir(directory);
        }
        Ok(links)
    }

    /// What systemd says of it, where it runs: `active`, `inactive`, `failed`.
    pub(super) fn active(&self, root: &Path) -> Option<String> {
        let runs = root == Path::new("/") && Path::new("/run/systemd/system").is_dir();
        if self.kind != Kind::Unit || self.name.contains('@') || !runs {
            return None;
        }
        let output =
            Command::new("systemctl").args(["is-active", self.name]).stdin(Stdio::null()).output().ok()?;
        let word = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        (!word.is_empty()).then_some(word)
    }
}
