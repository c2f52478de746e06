//! Who may ask: only pages of this server, by a name it goes by, no faster than it can answer, and with the token
//! where there is one.

mod pace;

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

pub(super) use self::pace::Pace;
use super::problem::Problem;
use super::settings::ServeSettings;
use super::token::Token;
use crate::exit::Result;

/// Requests a second in the long run, and at once.
const REQUESTS: (f64, f64) = (1000.0, 4000.0);
/// The same for tries to log in.
const TRIES: (f64, f64) = (1.0, 5.0);

/// The header that a page of this server sends with what changes something.
const CSRF: HeaderName = HeaderName::from_static("x-trace-token");
/// The cookie of who has logged in.
const COOKIE: &str = "trace-session";

/// What every answer says to the browser: nothing from elsewhere, nothing in frames, no guessing of types.
const HEADERS: [(HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
         font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    ),
];

/// Decides about requests.
#[derive(Debug)]
pub(crate) struct Guard {
    /// Only this machine can reach the server.
    local: bool,
    names: BTreeSet<String>,
    token: Option<Token>,
    /// What the cookie says: another word than the token, and another one after each start.
    session: Token,
    csrf: Token,
    requests: Pace,
    tries: Pace,
}

impl Guard {
    pub(crate) fn new(settings: &ServeSettings) -> Result<Arc<Self>> {
        let mut names: BTreeSet<String> =
            settings.host_names.iter().map(|name| name.trim_end_matches('.').to_ascii_lowercase()).collect();
        names.insert("localhost".to_owned());
        if !settings.is_local() {
            let machine = rustix::system::uname().nodename().to_string_lossy().to_ascii_lowercase();
            names.insert(format!("{machine}.local"));
            names.insert(machine);
        }
        Ok(Arc::new(Self {
            local: settings.is_local(),
            names,
            token: settings.token.clone(),
            session: Token::random()?,
            csrf: Token::random()?,
            requests: Pace::new(REQUESTS),
            tries: Pace::new(TRIES),
        }))
    }

    /// What a page has to send with what changes something.
    pub(crate) const fn csrf(&self) -> &Token {
        &self.csrf
    }

    fn check(&self, request: &Request) -> std::result::Result<(), Problem> {
        let refuse = |detail| Err(Problem::new(StatusCode::FORBIDDEN, detail));
        if !self.requests.may_pass() {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests; ask again in a moment",
            ));
        }
        let headers = request.headers();
        let Some(host) = host_of(request) else {
            return Err(Problem::senseless("the request does not say for which host it is"));
        };
        if !self.goes_by(host.host()) {
            return refuse("this server does not go by that name; --host-name NAME says that it does");
        }
        if !is_same_origin(headers, &host) {
            return refuse("pages of other servers may not ask this one");
        }
        let path = request.uri().path();
        let open = !(path.starts_with("/api/") || path == "/metrics");
        if !open && !self.is_known(headers) {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "log in with the token of this server first"));
        }
        let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
        let csrf = headers.get(&CSRF).is_some_and(|said| self.csrf.is(said.as_bytes()));
        if !reads && path != super::routes::LOGIN && !csrf {
            return refuse(
                "what changes something takes the header X-Trace-Token with the word that status tells",
            );
        }
        Ok(())
    }

    /// Whether a name or address in a request is one of ours. An address cannot be pointed elsewhere by anybody's name
    /// server.
    fn goes_by(&self, host: &str) -> bool {
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = bare.parse::<IpAddr>() {
            return !self.local || address.to_canonical().is_loopback();
        }
        self.names.contains(bare.trim_end_matches('.').to_ascii_lowercase().as_str())
    }

    /// Whether somebody has the token, or has shown it before.
    fn is_known(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let bearer = headers.get(header::AUTHORIZATION).and_then(|said| {
            let (scheme, word) = said.as_bytes().split_at_checked(7)?;
            scheme.eq_ignore_ascii_case(b"Bearer ").then_some(word)
        });
        if let Some(word) = bearer {
            return token.is(word);
        }
        cookies(headers).any(|(name, value)| name == COOKIE && self.session.is(value.as_bytes()))
    }

    /// The cookie for who shows the token. Tries are counted, so that nobody gets far with guessing.
    pub(crate) fn admit(&self, word: &str) -> std::result::Result<HeaderValue, Problem> {
        let Some(token) = &self.token else {
            return Err(Problem::missing("this server asks nobody for a token"));
        };
        if !self.tries.may_pass() {
            return Err(Problem::new(StatusCode::TOO_MANY_REQUESTS, "too many tries; wait a moment"));
        }
        if !token.is(word.as_bytes()) {
            return Err(Problem::new(StatusCode::UNAUTHORIZED, "that is not the token of this server"));
        }
        let cookie = format!("{COOKIE}={}; Path=/; HttpOnly; SameSite=Strict", self.session.secret());
        HeaderValue::try_from(cookie).map_err(|error| Problem::broken(error.to_string()))
    }
}

/// Whom a request is for: the authority of its target, else its one `Host` (RFC 9112, section 3.2).
fn host_of(request: &Request) -> Option<Authority> {
    if let Some(authority) = request.uri().authority() {
        return Some(authority.clone());
    }
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?.parse::<Authority>().ok()?;
    (hosts.next().is_none() && !host.as_str().contains('@')).then_some(host)
}

/// Whether a request comes from a page of this server, or from no page at all.
fn is_same_origin(headers: &HeaderMap, host: &Authority) -> bool {
    let foreign = |site: &HeaderValue| !matches!(site.as_bytes(), b"same-origin" | b"none");
    let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    if headers.get("sec-fetch-site").is_some_and(foreign) && !navigates {
        return false;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    origin.is_some_and(|(_, from)| from.eq_ignore_ascii_case(host.as_str()))
}

fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&str, &str)> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='))
}

/// Lets in who may come, and gives every answer the headers that protect it.
pub(crate) async fn protect(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    let mut response = match guard.check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

#[cfg(test)]
mod tests;
