//! Why a question about zones has no answer, as JSON (RFC 7808 §4.1.7; RFC 7807 §3).

use http::header::{CONTENT_LANGUAGE, HeaderValue};
use http::{Response, StatusCode};
use serde_json::json;

use crate::body::{self, Body};

/// What the names of problems begin with.
const URN: &str = "urn:ietf:params:tzdist:error:";

/// A problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) name: &'static str,
    pub(super) status: StatusCode,
    title: &'static str,
}

impl Problem {
    const fn new(name: &'static str, status: StatusCode, title: &'static str) -> Self {
        Self { name, status, title }
    }

    pub(super) const fn no_zone() -> Self {
        Self::new("tzid-not-found", StatusCode::NOT_FOUND, "There is no time zone of this name here")
    }

    pub(super) const fn format() -> Self {
        let title = "Time zones are given as text/calendar and application/calendar+json";
        Self::new("invalid-format", StatusCode::NOT_ACCEPTABLE, title)
    }

    pub(super) const fn start() -> Self {
        let title = "start is one UTC time such as 2026-01-01T00:00:00Z";
        Self::new("invalid-start", StatusCode::BAD_REQUEST, title)
    }

    pub(super) const fn end() -> Self {
        let title = "end is one UTC time such as 2027-01-01T00:00:00Z, after start";
        Self::new("invalid-end", StatusCode::BAD_REQUEST, title)
    }

    pub(super) const fn pattern() -> Self {
        let title = "pattern is one text with * at its ends at most; \\* and \\\\ stand for themselves";
        Self::new("invalid-pattern", StatusCode::BAD_REQUEST, title)
    }

    pub(super) const fn changed_since() -> Self {
        let title = "changedsince is given once, and not along with pattern";
        Self::new("invalid-changedsince", StatusCode::BAD_REQUEST, title)
    }

    pub(super) const fn action() -> Self {
        Self::new("invalid-action", StatusCode::NOT_FOUND, "There is no such action")
    }

    pub(super) const fn method() -> Self {
        Self::new("invalid-action", StatusCode::METHOD_NOT_ALLOWED, "Time zones are only read here")
    }

    pub(super) const fn precondition() -> Self {
        Self::new(
            "invalid-action",
            StatusCode::PRECONDITION_FAILED,
            "It is not in the state that was asked for",
        )
    }

    /// The answer.
    pub(super) fn response(self) -> Response<Body> {
        let told = json!({
            "type": format!("{URN}{}", self.name),
            "title": self.title,
            "status": self.status.as_u16(),
        });
        let media_type = HeaderValue::from_static("application/problem+json; charset=utf-8");
        let mut response = body::typed(self.status, media_type, body::full(told.to_string()));
        response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static("en"));
        response
    }
}
