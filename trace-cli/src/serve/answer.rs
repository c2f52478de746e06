//! Answers: bytes with a type, how long they may be kept, and a tag by which they are known again.

use core::hash::Hasher as _;
use std::hash::DefaultHasher;

use axum::body::Bytes;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::problem::Problem;

/// An answer to a question that changes nothing.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    bytes: Bytes,
    kind: &'static str,
    /// The file name to save it by.
    name: Option<String>,
}

/// It may be kept, and is asked for again each time.
const ASK_AGAIN: &str = "private, no-cache";

impl Answer {
    pub(crate) fn new(kind: &'static str, bytes: impl Into<Bytes>) -> Self {
        Self { bytes: bytes.into(), kind, name: None }
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

    pub(crate) fn length(&self) -> usize {
        self.bytes.len()
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut hasher = DefaultHasher::new();
        hasher.write(&self.bytes);
        // Weak: packed and unpacked it is the same answer.
        let tag = format!("W/\"{:016x}\"", hasher.finish());
        let mut response = self.bytes.into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.kind));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(ASK_AGAIN));
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
}
