//! What a request says beside its path, read with words for what makes no sense.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::problem::Problem;
use crate::clock::{self, parse_since};

/// The parameters behind the question mark.
#[derive(Debug)]
pub(super) struct Asked<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Query(query) =
            Query::try_from_uri(&parts.uri).map_err(|rejection| Problem::senseless(rejection.body_text()))?;
        Ok(Self(query))
    }
}

/// What stands for a name in the path.
#[derive(Debug)]
pub(super) struct Named(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Path(name) = Path::from_request_parts(parts, state)
            .await
            .map_err(|rejection| Problem::missing(rejection.body_text()))?;
        Ok(Self(name))
    }
}

/// What a request brings along, as JSON.
#[derive(Debug)]
pub(super) struct Told<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Told<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let read = Json::from_request(request, state).await;
        let Json(told) =
            read.map_err(|rejection: JsonRejection| Problem::new(rejection.status(), rejection.body_text()))?;
        Ok(Self(told))
    }
}

/// How many rows are asked for: 1 to `most`.
pub(super) fn limit(typed: Option<&str>, usual: u32, most: u32) -> Result<u32, Problem> {
    let Some(typed) = typed else { return Ok(usual) };
    let limit = typed.parse().ok().filter(|limit| (1..=most).contains(limit));
    limit.ok_or_else(|| Problem::senseless(format!("limit is a whole number from 1 to {most}")))
}

/// An instant, or a span of time before now, in nanoseconds since 1970 UTC.
pub(super) fn instant(name: &str, typed: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(typed) = typed.filter(|typed| !typed.is_empty()) else { return Ok(None) };
    match parse_since(typed) {
        Ok(since) => Ok(Some(since.before(clock::now()))),
        Err(cause) => Err(Problem::senseless(format!("{name}: {cause:#}"))),
    }
}

/// A key of a target: 16 hexadecimal digits.
pub(super) fn key(text: &str) -> Option<u64> {
    let plain = text.len() == 16 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    u64::from_str_radix(text, 16).ok().filter(|_| plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_instants_are_checked() {
        assert_eq!(limit(None, 100, 500).unwrap(), 100);
        assert_eq!(limit(Some("500"), 100, 500).unwrap(), 500);
        for bad in ["0", "501", "-1", "", "many", "99999999999999999999"] {
            assert!(limit(Some(bad), 100, 500).is_err(), "{bad:?}");
        }
        assert_eq!(instant("since", Some("1970-01-02")).unwrap(), Some(86_400_000_000_000));
        assert_eq!(instant("since", None).unwrap(), None);
        assert!(instant("since", Some("soon")).unwrap_err().detail.starts_with("since: "));
    }

    #[test]
    fn a_key_has_sixteen_small_digits() {
        assert_eq!(key("00000000000000ff"), Some(255));
        for bad in ["ff", "00000000000000FF", "+000000000000000", "", "0000000000000000f"] {
            assert_eq!(key(bad), None, "{bad:?}");
        }
    }
}
