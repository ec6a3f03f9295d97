//! A client of one service.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use chrono::Utc;
use governor::DefaultDirectRateLimiter;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::sync::Semaphore;

use super::answer::{Verdict, describe, retry_after, verdict};
use super::{Credentials, Limits, Service, sign};

/// The longest answer that is taken.
const MOST_BYTES: usize = 64 << 20;

/// The longest wait before a request is tried again, unless the service asks for a longer one.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// How often a request is throttled before the service is taken for closed. Being throttled is no
/// fault of the request, so this does not count as an attempt.
const MOST_THROTTLED: usize = 60;

/// A client of one service. Clones share connections and limits.
#[derive(Clone, Debug)]
pub struct Client {
    inner: reqwest::Client,
    service: Arc<Service>,
    headers: HeaderMap,
    permits: Arc<Semaphore>,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
}

/// What a service answered.
pub type Answer = Vec<u8>;

/// Why there is no answer. A sentence each, without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The service does not take this request.
    Refused(String),
    /// It was tried as often as it may be.
    Exhausted(String),
    /// The service would take no request.
    Closed(String),
}

/// What an answer took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tries {
    /// Requests that were sent.
    pub calls: u64,
    /// Answers 429 among them.
    pub throttled: u64,
    /// Other failures among them.
    pub failed: u64,
}

impl Tries {
    /// Adds others to these.
    pub fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.throttled += other.throttled;
        self.failed += other.failed;
    }
}

/// What became of one request.
enum Once {
    Answer(Answer),
    Throttled(Option<Duration>),
    Trouble(String, Option<Duration>),
    /// The service is not there.
    Away(String),
    Refused(String),
    Closed(String),
}

impl Client {
    /// A client of a service. Others of the same service share its rate in `limits`.
    ///
    /// # Errors
    /// When the service is not described rightly; the checker finds this before a run.
    pub fn new(service: &Service, limits: &Limits) -> Result<Self, String> {
        // One provider of cryptography serves for the databases too.
        if rustls::crypto::CryptoProvider::get_default().is_none() {
            // Another thread may have been faster, with the same.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let inner = reqwest::Client::builder()
            .timeout(service.timeout)
            // A signature and a token are for this address and no other.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("mapper/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| "the HTTP client can't be set up".to_owned())?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        for (name, value) in &service.headers {
            let wrong = |_| format!("`{name}` can't be sent as a header");
            let name = HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| format!("`{name}` is no header"))?;
            let mut value = HeaderValue::from_str(&value.0).map_err(wrong)?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        if let Credentials::Bearer(token) = &service.credentials {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.0))
                .map_err(|_| "the token can't be sent in a header".to_owned())?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(Self {
            inner,
            headers,
            permits: Arc::new(Semaphore::new(service.concurrency.max(1))),
            limiter: service.rate.and_then(|rate| limits.limiter(&service.url, rate)),
            service: Arc::new(service.clone()),
        })
    }

    /// Sends a body until there is an answer, or an end of patience.
    pub async fn ask(&self, body: String) -> (Result<Answer, Failure>, Tries) {
        let mut tries = Tries::default();
        let mut backoff = self.backoff(self.service.attempts.saturating_sub(1));
        let mut patience = self.backoff(MOST_THROTTLED);
        let answer = loop {
            let once = {
                let Ok(_permit) = self.permits.acquire().await else {
                    break Err(Failure::Closed("the client is closed".to_owned()));
                };
                if let Some(limiter) = &self.limiter {
                    limiter.until_ready().await;
                }
                tries.calls += 1;
                self.once(body.clone()).await
            };
            let wait = match once {
                Once::Answer(answer) => break Ok(answer),
                Once::Refused(what) => {
                    tries.failed += 1;
                    break Err(Failure::Refused(what));
                }
                Once::Closed(what) => {
                    tries.failed += 1;
                    break Err(Failure::Closed(what));
                }
                Once::Throttled(asked) => {
                    tries.throttled += 1;
                    match patience.next() {
                        Some(own) => asked.map_or(own, |asked| asked.max(own)),
                        None => {
                            break Err(Failure::Closed(format!(
                                "the service answered 429 Too Many Requests {} times",
                                tries.throttled
                            )));
                        }
                    }
                }
                Once::Trouble(what, asked) => {
                    tries.failed += 1;
                    match backoff.next() {
                        Some(own) => asked.map_or(own, |asked| asked.max(own)),
                        None => break Err(Failure::Exhausted(self.after_attempts(&what))),
                    }
                }
                Once::Away(what) => {
                    tries.failed += 1;
                    match backoff.next() {
                        Some(own) => own,
                        None => break Err(Failure::Closed(self.after_attempts(&what))),
                    }
                }
            };
            tokio::time::sleep(wait).await;
        };
        (answer, tries)
    }

    fn backoff(&self, times: usize) -> ExponentialBackoff {
        ExponentialBuilder::new()
            .with_min_delay(self.service.backoff)
            .with_max_delay(LONGEST_BACKOFF.max(self.service.backoff))
            .with_factor(2.0)
            .with_max_times(times)
            .with_jitter()
            .build()
    }

    fn after_attempts(&self, what: &str) -> String {
        match self.service.attempts {
            0 | 1 => what.to_owned(),
            attempts => format!("{what}, after {attempts} attempts"),
        }
    }

    /// Sends one request.
    async fn once(&self, body: String) -> Once {
        let service = &*self.service;
        let method = match service.method {
            super::Method::Post => reqwest::Method::POST,
            super::Method::Put => reqwest::Method::PUT,
            super::Method::Patch => reqwest::Method::PATCH,
        };
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let signature = sign::headers(
            &service.credentials,
            (method.as_str(), &service.url),
            content_type,
            body.as_bytes(),
            SystemTime::now(),
        );
        let Some(signature) = signature else {
            return Once::Closed("the request can't be signed with these credentials".to_owned());
        };
        let request = self
            .inner
            .request(method, &service.url)
            .headers(self.headers.clone())
            .headers(signature)
            .body(body);
        // An error may quote the address with what stands in it, so only its kind is told.
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) if error.is_timeout() => return self.too_slow(),
            Err(error) if error.is_connect() => {
                return Once::Away("the service can't be reached".to_owned());
            }
            Err(error) if error.is_builder() => {
                return Once::Closed("the request can't be made".to_owned());
            }
            Err(_) => return Once::Trouble("the connection broke off".to_owned(), None),
        };
        let (status, wait) = (response.status(), retry_after(response.headers(), Utc::now()));
        let told = || format!("the service answers {}", describe(status, response.headers()));
        match verdict(status) {
            Verdict::Good => {}
            Verdict::Throttled => return Once::Throttled(wait),
            Verdict::Trouble => return Once::Trouble(told(), wait),
            Verdict::Refused => return Once::Refused(told()),
            Verdict::RefusesAll => return Once::Closed(told()),
        }
        let mut answer = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(part)) if answer.len() + part.len() > MOST_BYTES => {
                    return Once::Refused(format!("the answer is longer than {MOST_BYTES} bytes"));
                }
                Ok(Some(part)) => answer.extend_from_slice(&part),
                Ok(None) => return Once::Answer(answer),
                Err(error) if error.is_timeout() => return self.too_slow(),
                Err(_) => return Once::Trouble("the answer broke off".to_owned(), None),
            }
        }
    }

    fn too_slow(&self) -> Once {
        let limit = humantime::format_duration(self.service.timeout);
        Once::Trouble(format!("there was no answer within {limit}"), None)
    }
}
