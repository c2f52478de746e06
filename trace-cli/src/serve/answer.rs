//! Answers: bytes with a type, how long they may be kept, and a tag by which they are known again.

use core::hash::Hasher as _;
use std::hash::DefaultHasher;
use std::io::Read as _;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::read::{GzDecoder, GzEncoder};
use serde::Serialize;

use super::problem::Problem;

/// An answer to a question that changes nothing.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    bytes: Bytes,
    /// What stands for the bytes as they were before they were packed, if they are.
    packed: Option<u64>,
    kind: &'static str,
    /// The file name to save it by.
    name: Option<String>,
}

const GZIP: &str = "gzip";
/// From so many bytes on an answer that is kept is packed once, and not for everybody who asks.
const LARGE: usize = 4 << 10;
/// It may be kept, and is asked for again each time.
const ASK_AGAIN: &str = "private, no-cache";

impl Answer {
    pub(crate) fn new(kind: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), packed: None, kind, name: None }
    }

    /// A value as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, Problem> {
        let bytes = serde_json::to_vec(value).map_err(|error| Problem::broken(error.to_string()))?;
        Ok(Self::new("application/json", bytes))
    }

    /// It is to be saved and not shown.
    pub(crate) fn attached(mut self, name: String) -> Self {
        self.name = Some(name);
        self
    }

    /// The same, packed if it is large: what is kept takes less room then.
    pub(super) fn packed(self) -> Self {
        if self.bytes.len() < LARGE || self.packed.is_some() {
            return self;
        }
        let mut packed = Vec::new();
        let mut packer = GzEncoder::new(self.bytes.as_ref(), Compression::fast());
        match packer.read_to_end(&mut packed) {
            Ok(_) => {
                packed.shrink_to_fit();
                Self { packed: Some(digest(&self.bytes)), bytes: packed.into(), ..self }
            }
            Err(_) => self,
        }
    }

    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        // Weak: packed and unpacked it is the same answer.
        let tag = format!("W/\"{:016x}\"", self.packed.unwrap_or_else(|| digest(&self.bytes)));
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(ASK_AGAIN));
        if self.packed.is_some() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(GZIP));
            headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
        }
        if let Ok(tag) = HeaderValue::from_str(&tag) {
            headers.insert(header::ETAG, tag);
        }
        let saved = self.name.map(|name| HeaderValue::try_from(format!("attachment; filename=\"{name}\"")));
        if let Some(Ok(saved)) = saved {
            headers.insert(header::CONTENT_DISPOSITION, saved);
        }
        response
    }
}

fn digest(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Who takes nothing packed gets what was packed as it was before (RFC 9110, section 12.5.3).
pub(super) async fn unpacked(request: Request, next: Next) -> Response {
    let taken = takes(request.headers(), GZIP);
    let response = next.run(request).await;
    let packed = response.headers().get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding == GZIP);
    if taken || !packed {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(packed) = axum::body::to_bytes(body, usize::MAX).await else {
        return Problem::broken("an answer could not be unpacked").into_response();
    };
    // It was packed here and had room then: none is cut.
    let mut plain = Vec::new();
    if GzDecoder::new(packed.as_ref()).read_to_end(&mut plain).is_err() {
        return Problem::broken("an answer could not be unpacked").into_response();
    }
    parts.headers.remove(header::CONTENT_ENCODING);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, plain.into())
}

/// Whether a client takes something packed so (RFC 9110, section 12.5.3).
pub(super) fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|choice| {
        let (name, weight) = choice.split_once(';').unwrap_or((choice, ""));
        let named = [encoding, "*"].iter().any(|known| name.trim().eq_ignore_ascii_case(known));
        let refused =
            weight.trim().strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0));
        named && !refused
    })
}

/// Who has an answer already gets none (RFC 9110, sections 13.1.2 and 15.4.5).
pub(super) async fn conditional(request: Request, next: Next) -> Response {
    let asked = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = request.headers().get(header::IF_NONE_MATCH).filter(|_| asked).cloned();
    let response = next.run(request).await;
    match known {
        Some(known) if response.status() == StatusCode::OK && matches(&known, response.headers()) => {
            unchanged(&response)
        }
        _ => response,
    }
}

fn matches(known: &HeaderValue, headers: &HeaderMap) -> bool {
    let Some(tag) = headers.get(header::ETAG).and_then(|tag| tag.to_str().ok()) else { return false };
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let tag = opaque(tag);
    known
        .to_str()
        .is_ok_and(|known| known.trim() == "*" || known.split(',').any(|known| opaque(known) == tag))
}

fn unchanged(response: &Response) -> Response {
    let mut answer = StatusCode::NOT_MODIFIED.into_response();
    for name in [header::ETAG, header::CACHE_CONTROL, header::VARY] {
        if let Some(value) = response.headers().get(&name) {
            answer.headers_mut().insert(name, value.clone());
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_compared_weakly() {
        let response = Answer::new("text/plain", "hello").into_response();
        let tag = response.headers()[header::ETAG].to_str().unwrap().to_owned();
        let is = |known: &str| matches(&HeaderValue::from_str(known).unwrap(), response.headers());
        assert!(is(&tag) && is(tag.trim_start_matches("W/")) && is("*") && is(&format!("\"a\", {tag}")));
        assert!(!is("\"a\"") && !is(""));
    }

    #[test]
    fn large_answers_are_packed_and_are_known_by_what_they_say() {
        let text = "all the same ".repeat(1000);
        let plain = Answer::new("text/plain", text.clone());
        let packed = plain.clone().packed();
        assert!(packed.length() < plain.length() / 10);
        assert_eq!(packed.clone().packed().length(), packed.length());
        let (plain, packed) = (plain.into_response(), packed.into_response());
        assert_eq!(plain.headers()[header::ETAG], packed.headers()[header::ETAG]);
        assert_eq!(packed.headers()[header::CONTENT_ENCODING], GZIP);
        assert_eq!(Answer::new("text/plain", "small").packed().length(), 5);
    }

    #[test]
    fn encodings_that_are_taken() {
        for (said, expected) in [
            ("gzip", true),
            ("br, GZIP;q=0.5", true),
            ("*", true),
            ("gzip;q=0", false),
            ("br", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(said));
            assert_eq!(takes(&headers, "gzip"), expected, "{said:?}");
        }
        assert!(!takes(&HeaderMap::new(), "gzip"));
    }
}
