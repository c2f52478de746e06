//! The dashboard page: the files that a browser loads, as they are sent.
//!
//! They are built from `trace-render/web` by `npm ci && npm run build` and committed, so that `cargo build` needs no
//! node. The page has routes of its own (`/target/...`, `/trace/...`): whoever serves it answers those with [`index`].

use std::borrow::Cow;

/// One file of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asset {
    /// The path it is asked for: `/` or `/assets/NAME.DIGEST.EXT`.
    pub path: &'static str,
    /// Its media type, with the charset of texts.
    pub content_type: &'static str,
    /// A strong validator (RFC 9110, section 8.8.3) in its quotes: a digest of the content before encoding.
    pub etag: &'static str,
    /// Whether the path changes with the content, so that it may be kept for ever (RFC 8246).
    pub immutable: bool,
    /// How [`Asset::bytes`] are packed.
    pub encoding: Encoding,
    /// The length in bytes before encoding.
    pub length: usize,
    /// What is sent to a client that accepts the encoding.
    pub bytes: &'static [u8],
}

/// How an asset is packed (RFC 9110, section 8.4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is; packed by nature.
    Identity,
    /// `gzip`.
    Gzip,
}

impl Encoding {
    /// The value of `Content-Encoding`; none for what stands as it is.
    #[must_use]
    pub const fn header(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
        }
    }
}

static ASSETS: &[Asset] = include!("../web/dist/assets.rs");

/// Every file of the page, each path once.
#[must_use]
pub fn assets() -> &'static [Asset] {
    ASSETS
}

/// The file at a path of this page, which begins with a slash and has no query.
#[must_use]
pub fn asset(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.path == path)
}

/// The document that every route of the page begins with.
#[must_use]
pub fn index() -> Option<&'static Asset> {
    asset("/")
}

impl Asset {
    /// The content for a client that accepts no encoding.
    #[must_use]
    pub fn plain(&self) -> Cow<'static, [u8]> {
        match self.encoding {
            Encoding::Identity => Cow::Borrowed(self.bytes),
            Encoding::Gzip => Cow::Owned(unpack(self.bytes, self.length)),
        }
    }
}

/// The bytes of a gzip member (RFC 1952) without optional header fields, as the build writes them.
pub(crate) fn unpack(gzip: &[u8], length: usize) -> Vec<u8> {
    let deflated = gzip.get(10..gzip.len().saturating_sub(8)).unwrap_or_default();
    miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, length).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the whole first load may weigh: everything but the finer map, which comes later.
    const FIRST_LOAD: usize = 250_000;

    fn text(asset: &Asset) -> String {
        String::from_utf8(asset.plain().into_owned()).unwrap()
    }

    /// Paths of assets named in a text.
    fn named(text: &str) -> Vec<String> {
        text.match_indices("/assets/")
            .map(|(at, _)| {
                text[at..].split(|letter| "\"')".contains(letter)).next().unwrap_or_default().to_owned()
            })
            .collect()
    }

    #[test]
    fn every_file_is_whole() {
        for asset in assets() {
            assert_eq!(asset.plain().len(), asset.length, "{}", asset.path);
            assert!(asset.etag.starts_with('"') && asset.etag.len() == 26, "{}", asset.path);
            assert_eq!(asset.immutable, asset.path.starts_with("/assets/"), "{}", asset.path);
            assert_eq!(super::asset(asset.path), Some(asset));
        }
    }

    #[test]
    fn the_document_names_only_files_that_exist() {
        let page = text(index().unwrap());
        let names = named(&page);
        assert!(names.len() >= 5, "{names:?}");
        for name in &names {
            assert!(asset(name).is_some(), "{name}");
        }
        for asset in assets().iter().filter(|asset| asset.path != "/" && !asset.path.contains("600")) {
            assert!(names.iter().any(|name| name == asset.path), "nobody asks for {}", asset.path);
        }
        let style = assets().iter().find(|asset| asset.path.contains(".css")).unwrap();
        let fonts = text(style);
        for face in fonts.split("url(\"").skip(1).filter(|rest| !rest.starts_with("data:")) {
            let name = face.split('"').next().unwrap();
            assert!(asset(&format!("/assets/{name}")).is_some(), "{name}");
        }
    }

    #[test]
    fn the_document_holds_to_its_policy() {
        let page = text(index().unwrap());
        for forbidden in ["<style", " style=", "onload=", "onclick=", "javascript:", "http://", "https://"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.matches("<script").count() == 1 && page.contains("<script src="));
    }

    #[test]
    fn the_first_load_is_small() {
        let sum: usize = assets()
            .iter()
            .filter(|asset| !asset.path.contains("countries-50m"))
            .map(|asset| asset.bytes.len())
            .sum();
        assert!(sum < FIRST_LOAD, "{sum}");
    }

    #[test]
    fn what_is_not_there_is_not_there() {
        for path in ["", "/assets/", "/index.html", "/assets/../Cargo.toml", "/target/x"] {
            assert_eq!(asset(path), None);
        }
    }
}
