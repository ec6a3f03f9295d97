//! Signatures for AWS (Signature Version 4).

use std::time::SystemTime;

use aws_credential_types::Credentials as Owner;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::Credentials;

/// The headers that sign a request; `None` when it can't be signed.
pub(super) fn headers(
    credentials: &Credentials,
    (method, url): (&str, &str),
    content_type: Option<&str>,
    body: &[u8],
    now: SystemTime,
) -> Option<HeaderMap> {
    let Credentials::Aws { service, region, access_key, secret_key, session_token } = credentials
    else {
        return Some(HeaderMap::new());
    };
    let token = session_token.as_ref().map(|token| token.0.clone());
    let identity = Owner::new(&access_key.0, &secret_key.0, token, None, "spec").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(now)
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let signed = content_type.map(|value| ("content-type", value));
    let request =
        SignableRequest::new(method, url, signed.into_iter(), SignableBody::Bytes(body)).ok()?;
    let (instructions, _) = sign(request, &parameters).ok()?.into_parts();
    let mut headers = HeaderMap::new();
    for (name, value) in instructions.headers() {
        let mut value = HeaderValue::from_str(value).ok()?;
        value.set_sensitive(true);
        headers.insert(HeaderName::from_bytes(name.as_bytes()).ok()?, value);
    }
    Some(headers)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Secret;

    /// AWS's own example (`post-vanilla` of the test suite of Signature Version 4).
    #[test]
    fn the_signature_is_that_of_the_test_suite() {
        let credentials = Credentials::Aws {
            service: "service".into(),
            region: "us-east-1".into(),
            access_key: Secret("AKIDEXAMPLE".into()),
            secret_key: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into()),
            session_token: None,
        };
        let now = chrono::DateTime::parse_from_rfc3339("2015-08-30T12:36:00Z").unwrap().into();
        let request = ("POST", "https://example.amazonaws.com/");
        let headers = headers(&credentials, request, None, b"", now).unwrap();
        assert_eq!(
            headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders=host;x-amz-date, \
             Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"
        );
        assert!(headers["authorization"].is_sensitive());
    }
}
