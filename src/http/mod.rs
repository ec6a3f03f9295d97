//! Requests to services over HTTP: tried again after failures that may pass, held to a rate, signed.
//!
//! The only home of the HTTP client. What is sent and what is made of an answer is the caller's
//! affair; nothing here ever shows a body, a header or a token.

mod answer;
mod client;
mod limits;
mod sign;

pub use client::{Answer, Client, Failure, Tries};
pub use limits::Limits;

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

/// A service, and how it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where requests go.
    pub url: String,
    /// The method.
    pub method: Method,
    /// Headers beside those of the protocol.
    pub headers: Vec<(String, Secret)>,
    /// Who asks.
    pub credentials: Credentials,
    /// Requests at the same time.
    pub concurrency: usize,
    /// How many requests may start in a time.
    pub rate: Option<(NonZeroU32, Duration)>,
    /// How long one request may take, with its answer.
    pub timeout: Duration,
    /// How often a request is tried in all.
    pub attempts: usize,
    /// The first wait before a request is tried again.
    pub backoff: Duration,
}

/// The method of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names of HTTP")]
pub enum Method {
    Post,
    Put,
    Patch,
}

impl Method {
    /// As HTTP spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
        }
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// Nobody, or a header says so.
    None,
    /// The bearer of a token.
    Bearer(Secret),
    /// The owner of AWS credentials, who signs each request.
    Aws {
        /// The service's signing name.
        service: String,
        /// The region.
        region: String,
        /// The access key id.
        access_key: Secret,
        /// The secret access key.
        secret_key: Secret,
        /// The token of temporary credentials.
        session_token: Option<Secret>,
    },
}

/// What must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Why a header can't be sent, if it can't.
pub fn header_problem(name: &str, value: &str) -> Option<&'static str> {
    if reqwest::header::HeaderName::from_bytes(name.as_bytes()).is_err() {
        return Some("not the name of a header");
    }
    if reqwest::header::HeaderValue::from_str(value).is_err() {
        return Some("a header holds no line breaks and no other control characters");
    }
    let own = ["host", "content-length", "transfer-encoding", "connection"];
    own.contains(&name.to_ascii_lowercase().as_str()).then_some("this header is the client's own")
}

/// Why requests can't go to a URL, if they can't.
pub fn url_problem(url: &str) -> Option<&'static str> {
    match url::Url::parse(url) {
        Ok(url) if !matches!(url.scheme(), "http" | "https") => Some("expected http: or https:"),
        Ok(url) if url.host_str().is_none() => Some("has no host"),
        Ok(_) => None,
        Err(_) => Some("not a URL"),
    }
}
