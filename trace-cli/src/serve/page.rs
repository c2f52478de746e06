//! The page and its assets, as they lie in the program.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use trace_render::page::{self, Asset};

use super::answer::takes;
use super::problem::Problem;
use crate::say::Voice;

/// It is another one under another name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// It may be kept, and is asked for again each time.
const ASK_AGAIN: &str = "no-cache";

/// A file of the page.
pub(super) fn asset(path: &str, headers: &HeaderMap) -> Response {
    match page::asset(path) {
        Some(asset) => file(asset, headers),
        None => Problem::missing("the page has no such file").into_response(),
    }
}

/// The document that every route of the page begins with.
pub(super) fn index(headers: &HeaderMap) -> Response {
    match page::index() {
        Some(asset) => file(asset, headers),
        None => Problem::missing("there is no page in this program").into_response(),
    }
}

fn file(asset: &'static Asset, headers: &HeaderMap) -> Response {
    let packed = asset.encoding.header().filter(|encoding| takes(headers, encoding));
    let body = match (packed, asset.encoding.header()) {
        (None, Some(_)) => Body::from(asset.plain().into_owned()),
        _ => Body::from(asset.bytes),
    };
    let mut response = (StatusCode::OK, body).into_response();
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    set.insert(header::ETAG, HeaderValue::from_static(asset.etag));
    set.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    let keep = if asset.immutable { FOR_EVER } else { ASK_AGAIN };
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    if let Some(encoding) = packed {
        set.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Opens a browser tab. It never waits, and it is no fault if there is no browser.
pub(super) fn open(url: &str, voice: Voice) {
    // Without a desktop a browser would take over the terminal.
    let desktop = ["DISPLAY", "WAYLAND_DISPLAY"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|set| !set.is_empty()));
    if cfg!(all(unix, not(target_os = "macos"))) && !desktop {
        voice.tell(|| "no desktop to open a browser on".to_owned());
        return;
    }
    if let Err(error) = open::that_detached(url) {
        voice.tell(|| format!("no browser could be opened: {error}"));
    }
}
