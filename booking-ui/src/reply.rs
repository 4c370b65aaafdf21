//! Answers with the header fields that every page carries (specification 7.3): no inline code, no third party, no referrer.

use aggregator::reading::hex;
use askama::Template;
use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response, StatusCode};
use sha2::{Digest, Sha256};

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
                      connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

const PERMISSIONS: &str = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()";

/// Seconds after which it is worth trying again.
const RETRY_SECONDS: &str = "30";

/// How long an answer may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Not at all: it belongs to one booking.
    Never,
    /// By the visitor, if asked again each time.
    Asking,
    /// For ever: its address changes with it.
    ForEver,
}

/// An answer before it meets its request.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    media_type: &'static str,
    body: Bytes,
    keep: Keep,
    /// Further header fields.
    fields: Vec<(HeaderName, String)>,
}

impl Reply {
    /// A page.
    pub(crate) fn page(status: StatusCode, page: &impl Template) -> Self {
        match page.render() {
            Ok(text) => Self::new(status, "text/html; charset=utf-8", text),
            // Writing into memory does not fail; were it to, the visitor still gets a sentence.
            Err(_) => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "text/plain; charset=utf-8",
                "This page could not be drawn.".to_owned(),
            ),
        }
    }

    /// Anything that is text or octets.
    pub(crate) fn new(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self { status, media_type, body: body.into(), keep: Keep::Asking, fields: Vec::new() }
    }

    /// Elsewhere: 302 to look, 303 after a deed.
    pub(crate) fn redirect(status: StatusCode, location: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", Bytes::new()).with(header::LOCATION, location)
    }

    /// The same, kept so long.
    pub(crate) fn keep(self, keep: Keep) -> Self {
        Self { keep, ..self }
    }

    /// The same with one more header field.
    pub(crate) fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.fields.push((name, value.to_owned()));
        self
    }

    /// The response to a request of `method` with `headers`: 304 where the visitor has it already, no body for HEAD.
    pub(crate) fn into_response(self, method: &Method, headers: &HeaderMap) -> Response<Bytes> {
        let tag = self.entity_tag();
        let unchanged = tag.as_ref().is_some_and(|tag| has(headers, tag));
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = if unchanged { StatusCode::NOT_MODIFIED } else { self.status };
        let fields = response.headers_mut();
        fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(self.cache_control()));
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            fields.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_SECONDS));
        }
        if self.keep != Keep::ForEver {
            // Hours are written as where the visitor comes from.
            fields.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
        }
        for (name, value) in standing_fields() {
            fields.insert(name, HeaderValue::from_static(value));
        }
        for (name, value) in &self.fields {
            // A value from outside that is no field value (a control character) is left away.
            if let Ok(value) = HeaderValue::from_str(value) {
                fields.insert(name.clone(), value);
            }
        }
        if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag).ok()) {
            fields.insert(header::ETAG, tag);
        }
        if unchanged {
            return response;
        }
        fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.media_type));
        fields.insert(header::CONTENT_LENGTH, HeaderValue::from(self.body.len()));
        if method != Method::HEAD {
            *response.body_mut() = self.body;
        }
        response
    }

    /// Weak, because a proxy may compress.
    fn entity_tag(&self) -> Option<String> {
        let tagged = self.status == StatusCode::OK && self.keep != Keep::Never;
        tagged.then(|| {
            let mut hash = hex(&Sha256::digest(&self.body));
            hash.truncate(24);
            format!("W/\"{hash}\"")
        })
    }

    fn cache_control(&self) -> &'static str {
        match self.keep {
            Keep::Never => "no-store",
            Keep::Asking => "private, no-cache",
            Keep::ForEver => "public, max-age=31536000, immutable",
        }
    }
}

fn standing_fields() -> [(HeaderName, &'static str); 7] {
    [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (HeaderName::from_static("permissions-policy"), PERMISSIONS),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ]
}

/// Whether If-None-Match names `tag` (RFC 9110 §13.1.2, weak comparison).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let own = opaque(tag);
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|one| one.trim() == "*" || opaque(one) == own)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(body: &'static str) -> Reply {
        Reply::new(StatusCode::OK, "text/html; charset=utf-8", body)
    }

    #[test]
    fn a_page_that_is_known_is_not_sent_again() {
        let first = page("one").into_response(&Method::GET, &HeaderMap::new());
        let tag = first.headers()[header::ETAG].clone();
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_NONE_MATCH, tag);
        let again = page("one").into_response(&Method::GET, &headers);
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(again.body().is_empty());
        assert!(again.headers().contains_key(header::CONTENT_SECURITY_POLICY));
        let other = page("two").into_response(&Method::GET, &headers);
        assert_eq!(other.status(), StatusCode::OK);
    }

    #[test]
    fn head_says_how_long_the_body_would_be() {
        let response = page("hello").into_response(&Method::HEAD, &HeaderMap::new());
        assert!(response.body().is_empty());
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "5");
    }

    #[test]
    fn what_belongs_to_a_booking_is_not_kept() {
        let response = page("x").keep(Keep::Never).into_response(&Method::GET, &HeaderMap::new());
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(!response.headers().contains_key(header::ETAG));
    }

    #[test]
    fn a_field_cannot_be_split() {
        let reply = Reply::redirect(StatusCode::FOUND, "/a\r\nSet-Cookie: b=c");
        let response = reply.into_response(&Method::GET, &HeaderMap::new());
        assert!(!response.headers().contains_key(header::LOCATION));
        assert!(!response.headers().contains_key(header::SET_COOKIE));
    }
}
