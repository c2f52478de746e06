//! Events as a browser takes them (server-sent events, HTML Standard section 9.2).

use core::convert::Infallible;
use core::fmt::Write as _;
use core::time::Duration;
use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use http_body_util::channel::{Channel, Sender};

use super::Run;

/// How often something is sent while nothing happens, so that a peer that is gone is noticed.
const BREATH: Duration = Duration::from_secs(10);
/// Pieces that wait to be sent.
const PIECES: usize = 8;

/// The number of the last event that a client has: what it says when it comes again.
pub(crate) fn last_seen(headers: &HeaderMap) -> usize {
    let last = headers.get("last-event-id").and_then(|last| last.to_str().ok());
    last.and_then(|last| last.trim().parse().ok()).unwrap_or(0)
}

/// The events of a trace behind those that the client has, until the last one.
pub(crate) fn stream(run: Arc<Run>, headers: &HeaderMap) -> Response {
    let from = last_seen(headers);
    let (sender, body) = Channel::<Bytes, Infallible>::new(PIECES);
    tokio::spawn(send(run, from, sender));
    let mut response = Body::new(body).into_response();
    let set = response.headers_mut();
    set.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // A proxy that collects answers would hold everything back until the end.
    set.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

async fn send(run: Arc<Run>, mut from: usize, mut sender: Sender<Bytes>) {
    let mut news = run.news();
    loop {
        let (events, over) = run.events(from);
        let mut text = String::new();
        for event in events {
            from += 1;
            let written = write!(text, "id: {from}\nevent: {}\ndata: {}\n\n", event.kind, event.data);
            debug_assert!(written.is_ok(), "text grows");
        }
        if !text.is_empty() && sender.send_data(text.into()).await.is_err() {
            return;
        }
        if over {
            return;
        }
        let nothing = tokio::time::timeout(BREATH, news.changed()).await.is_err();
        if nothing && sender.send_data(Bytes::from_static(b": still here\n\n")).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_says_what_it_has() {
        let seen = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("last-event-id", HeaderValue::from_static(value));
            last_seen(&headers)
        };
        assert_eq!((seen("7"), seen(" 3 "), seen("-1"), seen("x"), seen("")), (7, 3, 0, 0, 0));
        assert_eq!(last_seen(&HeaderMap::new()), 0);
    }
}
