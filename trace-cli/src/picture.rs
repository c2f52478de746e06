//! Maps as files.

use std::io::Write as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use trace_core::model::{Atlas, Trace};
use trace_render::{MapOptions, Scene, geojson, html, png, svg};

/// The forms of a map.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Picture {
    Png,
    Svg,
    Html,
    GeoJson,
}

impl Picture {
    /// The form that the ending of a file's name stands for; `-`, standard output, gets PNG.
    pub(crate) fn of(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self::Png);
        }
        let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
        match ending.as_deref() {
            Some("png") => Ok(Self::Png),
            Some("svg") => Ok(Self::Svg),
            Some("html" | "htm") => Ok(Self::Html),
            Some("geojson") => Ok(Self::GeoJson),
            Some(other) => {
                bail!(
                    "a map cannot be a .{other} file ({}); use .png, .svg, .html or .geojson",
                    path.display()
                )
            }
            None => {
                bail!(
                    "{} does not end in .png, .svg, .html or .geojson, one of which a map must be",
                    path.display()
                )
            }
        }
    }

    /// The map of `traces`.
    pub(crate) fn draw(self, traces: &[(&Trace, &Atlas)], options: &MapOptions) -> anyhow::Result<Vec<u8>> {
        let scene = Scene::new(traces);
        Ok(match self {
            Self::Png => png(&scene, options)?,
            Self::Svg => svg(&scene, options)?.into_bytes(),
            Self::Html => html(&scene).into_bytes(),
            Self::GeoJson => geojson(&scene).into_bytes(),
        })
    }
}

/// Writes a file whole or not at all: whoever looks at it meanwhile sees the old one.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let attempt = || format!("could not write the map {}", path.display());
    let name = path.file_name().with_context(attempt)?;
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(format!(".{}", std::process::id()));
    let temporary = path.with_file_name(temporary);
    // A device or a pipe cannot be replaced by a file.
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        return std::fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|mut file| file.write_all(bytes))
            .with_context(attempt);
    }
    std::fs::write(&temporary, bytes)
        .and_then(|()| std::fs::rename(&temporary, path))
        .inspect_err(|_| drop(std::fs::remove_file(&temporary)))
        .with_context(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_decides_the_form() {
        for (path, picture) in [
            ("map.png", Picture::Png),
            ("a/B.SVG", Picture::Svg),
            ("map.html", Picture::Html),
            ("x.y.geojson", Picture::GeoJson),
            ("-", Picture::Png),
        ] {
            assert_eq!(Picture::of(Path::new(path)).unwrap(), picture);
        }
        let refusal = |path| Picture::of(Path::new(path)).unwrap_err().to_string();
        insta::assert_snapshot!(refusal("map.pdf"), @"a map cannot be a .pdf file (map.pdf); use .png, .svg, .html or .geojson");
        insta::assert_snapshot!(refusal("map"), @"map does not end in .png, .svg, .html or .geojson, one of which a map must be");
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_behind() {
        let error = write(Path::new("/proc/self/map.png"), b"picture").unwrap_err();
        assert!(format!("{error:#}").starts_with("could not write the map /proc/self/map.png: "));
    }
}
