//! What an answer means, by its status and headers.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Nobody waits longer than this because an answer says so.
const LONGEST_WAIT: Duration = Duration::from_hours(1);

/// What is to be done about an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is one.
    Good,
    /// Too many requests: later.
    Throttled,
    /// The service has trouble: again.
    Trouble,
    /// It does not take this request.
    Refused,
    /// It would take no request.
    RefusesAll,
}

/// What an answer of this status means.
pub(super) fn verdict(status: StatusCode) -> Verdict {
    match status.as_u16() {
        200..=299 => Verdict::Good,
        429 => Verdict::Throttled,
        408 | 425 | 500..=599 => Verdict::Trouble,
        400 | 406 | 409..=418 | 422 => Verdict::Refused,
        // Of who asks, where, and how, the next request is no different.
        _ => Verdict::RefusesAll,
    }
}

/// How long to wait before the next request, where the answer says so.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let at = DateTime::parse_from_rfc2822(text).ok()?;
            (at.with_timezone(&Utc) - now).to_std().unwrap_or_default()
        }
    };
    Some(wait.min(LONGEST_WAIT))
}

/// `401 Unauthorized`, and the name that AWS gives to the error.
pub(super) fn describe(status: StatusCode, headers: &HeaderMap) -> String {
    let reason = status.canonical_reason().map(|reason| format!(" {reason}")).unwrap_or_default();
    let name = headers
        .get("x-amzn-errortype")
        .and_then(|value| value.to_str().ok())
        .map(|name| name.split(':').next().unwrap_or_default())
        .filter(|name| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric()))
        .map(|name| format!(" ({name})"))
        .unwrap_or_default();
    format!("{}{reason}{name}", status.as_u16())
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn statuses_mean_what_their_names_say() {
        let of = |status: u16| verdict(StatusCode::from_u16(status).unwrap());
        assert_eq!(of(201), Verdict::Good);
        assert_eq!(of(429), Verdict::Throttled);
        for status in [408, 500, 502, 503, 504] {
            assert_eq!(of(status), Verdict::Trouble, "{status}");
        }
        for status in [400, 413, 422] {
            assert_eq!(of(status), Verdict::Refused, "{status}");
        }
        for status in [301, 401, 402, 403, 404, 405] {
            assert_eq!(of(status), Verdict::RefusesAll, "{status}");
        }
    }

    #[test]
    fn a_wait_is_in_seconds_or_until_a_moment() {
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        let of = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(of("7"), Some(7));
        assert_eq!(of("Thu, 01 Jan 2026 00:01:30 GMT"), Some(90));
        assert_eq!(of("Wed, 31 Dec 2025 00:00:00 GMT"), Some(0));
        assert_eq!(of("999999"), Some(3600));
        assert_eq!(of("soon"), None);
    }

    #[test]
    fn only_a_plain_name_is_told_of_an_error() {
        let mut headers = HeaderMap::new();
        headers.insert("x-amzn-errortype", HeaderValue::from_static("AccessDeniedException:http"));
        assert_eq!(
            describe(StatusCode::FORBIDDEN, &headers),
            "403 Forbidden (AccessDeniedException)"
        );
        headers.insert("x-amzn-errortype", HeaderValue::from_static("no such user: Ann"));
        assert_eq!(describe(StatusCode::FORBIDDEN, &headers), "403 Forbidden");
    }
}
