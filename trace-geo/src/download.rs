//! Talking HTTP: bounded in time and size, and never telling a secret.

use std::time::Duration;

use ureq::config::{Config, RedirectAuthHeaders};
use ureq::http::Uri;
use ureq::{Agent, Timeout};

/// Who is asking.
const USER_AGENT: &str = concat!("trace/", env!("CARGO_PKG_VERSION"));

/// Why an address of a service is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BaseUrlFault {
    /// Not of the form of an address.
    #[error("it is no address of a service; one looks like https://api.example.com/v3")]
    Form,
    /// A password would be shown wherever the address is.
    #[error("it has a user name or password in it; they do not belong there")]
    Password,
    /// Anybody on the way could read the key.
    #[error("it begins with http://, so that anybody on the way could read the key; use https://")]
    Unencrypted,
}

/// The address of a service, to which a path is added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BaseUrl {
    text: String,
    local: bool,
    encrypted: bool,
}

impl BaseUrl {
    /// Without encryption a service is only talked to on this machine.
    pub(crate) fn new(text: &str) -> Result<Self, BaseUrlFault> {
        let text = text.trim().trim_end_matches('/');
        let uri: Uri = text.parse().map_err(|_| BaseUrlFault::Form)?;
        let authority = uri.authority().ok_or(BaseUrlFault::Form)?;
        let encrypted = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(BaseUrlFault::Form),
        };
        if authority.as_str().contains('@') {
            return Err(BaseUrlFault::Password);
        }
        if uri.query().is_some() || authority.host().is_empty() {
            return Err(BaseUrlFault::Form);
        }
        let host = authority.host().trim_matches(['[', ']']);
        let local = host == "localhost"
            || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
        if !encrypted && !local {
            return Err(BaseUrlFault::Unencrypted);
        }
        Ok(Self { text: text.to_owned(), local, encrypted })
    }

    pub(crate) fn join(&self, path: &str) -> String {
        format!("{}{path}", self.text)
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The configuration of an agent for this service: answers of any status are answers, what authorises is never
    /// handed on to whom a redirect leads to, and an encrypted conversation stays encrypted.
    pub(crate) fn agent(&self, redirects: u32, waits: Waits) -> Agent {
        let config = Config::builder()
            .user_agent(USER_AGENT)
            .http_status_as_error(false)
            .https_only(self.encrypted)
            .max_redirects(redirects)
            .max_redirects_will_error(redirects > 0)
            .redirect_auth_headers(RedirectAuthHeaders::Never)
            .timeout_connect(Some(waits.connect))
            .timeout_recv_response(Some(waits.response))
            .timeout_per_read(Some(waits.response))
            .timeout_global(Some(waits.all));
        // No proxy stands between this machine and itself.
        let config = if self.local { config.proxy(None) } else { config };
        config.build().new_agent()
    }
}

/// How long each part of a conversation may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waits {
    pub(crate) connect: Duration,
    pub(crate) response: Duration,
    pub(crate) all: Duration,
}

/// What went wrong, without the address that was asked for: a key may be part of it.
pub(crate) fn cause(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(Timeout::Resolve) => {
            "looking up its name took too long; is there a network?".to_owned()
        }
        ureq::Error::Timeout(Timeout::Connect) => {
            "there was no connection in time; is there a network?".to_owned()
        }
        ureq::Error::Timeout(_) => "it did not answer in time".to_owned(),
        ureq::Error::HostNotFound => {
            "the name of its host could not be looked up; is there a network?".to_owned()
        }
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            "it did not answer in time".to_owned()
        }
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "the connection ended in the middle of the answer".to_owned()
        }
        ureq::Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>())
        {
            Some(inner) => cause(inner),
            None => error.to_string(),
        },
        ureq::Error::TooManyRedirects => "it redirects without end".to_owned(),
        ureq::Error::RequireHttpsOnly(_) => "it redirects to an unencrypted connection".to_owned(),
        ureq::Error::BodyExceedsLimit(limit) => format!("its answer is longer than {limit} bytes"),
        ureq::Error::Protocol(error) => format!("its answer is no proper HTTP: {error}"),
        ureq::Error::Tls(error) => format!("no encrypted connection: {error}"),
        ureq::Error::Rustls(error) => format!("no encrypted connection: {error}"),
        ureq::Error::ConnectionFailed => "there was no connection; is there a network?".to_owned(),
        ureq::Error::InvalidProxyUrl => "the proxy in the environment makes no sense".to_owned(),
        _ => "the request failed".to_owned(),
    }
}

/// What reading a body ended with.
pub(crate) fn read_cause(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
        Some(inner) => cause(inner),
        None => match error.kind() {
            std::io::ErrorKind::UnexpectedEof => {
                "the connection ended in the middle of the answer".to_owned()
            }
            std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => {
                "it did not answer in time".to_owned()
            }
            _ => error.to_string(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_elsewhere_is_only_talked_to_encrypted() {
        let base = BaseUrl::new("https://api.example.com/v3/").unwrap();
        assert_eq!(base.join("/ipgeo"), "https://api.example.com/v3/ipgeo");
        for here in ["http://127.0.0.1:8080", "http://[::1]:80/v3", "http://localhost"] {
            assert!(BaseUrl::new(here).unwrap().local, "{here}");
        }
        assert_eq!(BaseUrl::new("http://api.example.com"), Err(BaseUrlFault::Unencrypted));
        assert_eq!(BaseUrl::new("http://127.0.0.1.example.com"), Err(BaseUrlFault::Unencrypted));
        assert_eq!(BaseUrl::new("https://me:pass@api.example.com"), Err(BaseUrlFault::Password));
        for nonsense in
            ["", "api.example.com", "ftp://api.example.com", "https://", "https://a/?key=1", "a b"]
        {
            assert_eq!(BaseUrl::new(nonsense), Err(BaseUrlFault::Form), "{nonsense}");
        }
    }

    #[test]
    fn an_error_never_repeats_the_address() {
        let error = ureq::Error::BadUri("https://a/?apiKey=secret".to_owned());
        assert!(!cause(&error).contains("secret"));
        let error = ureq::Error::RequireHttpsOnly("http://a/?apiKey=secret".to_owned());
        assert!(!cause(&error).contains("secret"));
    }
}
