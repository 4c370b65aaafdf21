//! OPTIONS: what is spoken here (RFC 4918 §10.1, RFC 4791 §5.1, RFC 3744 §7.2, RFC 5689 §3.1, RFC 7809 §3.1.1).

use http::header::{ALLOW, CONTENT_LENGTH, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::body::{self, Body};

/// The compliance classes.
pub const DAV: &str = "1, 2, 3, access-control, calendar-access, extended-mkcol, calendar-auto-schedule, \
     calendar-proxy, calendarserver-sharing, calendarserver-home-sync, calendar-managed-attachments, \
     calendar-availability, calendar-no-timezone";

/// The class that says that the server schedules (RFC 6638 §2).
pub const AUTO_SCHEDULE: &str = "calendar-auto-schedule";

/// Answers the method; it says nothing about whether a resource is there, and needs no sign-in.
pub fn answer(allowed: &str) -> Response<Body> {
    let mut response = body::status(StatusCode::OK);
    let headers = response.headers_mut();
    headers.insert(HeaderName::from_static("dav"), HeaderValue::from_static(DAV));
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        headers.insert(ALLOW, allowed);
    }
    headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    response
}
