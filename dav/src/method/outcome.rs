//! What a client is told after it wrote an object, or could not (RFC 7240 §4.2, RFC 8144 §3).

use calendar::collection::ObjectName;
use http::header::{CONTENT_LOCATION, ETAG, HeaderMap, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};

use crate::backend::{Object, Stored};
use crate::body::{self, Body};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::headers::Representation;
use crate::media::Format;
use crate::method::get::{put, representation, representation_headers};
use crate::method::put::tell_schedule_tag;
use crate::path::Resource;

/// What was applied of the preferences.
pub const APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// 201 or 204 with the tag of what is kept octet for octet; with the object as it is now where the client would like
/// that, in the format that it accepts, or `sent`.
///
/// # Errors
/// Those of the backend.
pub async fn told(
    exchange: &Exchange,
    name: &ObjectName,
    stored: Stored,
    sent: Format,
) -> Result<Response<Body>, Failure> {
    // It is written already: whoever may not read it, or cannot just now, is told that alone.
    if exchange.preferences.representation == Representation::Wanted
        && let Ok(Some(found)) = exchange.backend.object(exchange.caller(), name).await
    {
        let status = if stored.created { StatusCode::CREATED } else { StatusCode::OK };
        return Ok(shown(exchange, name, &found, (status, sent)));
    }
    let status = if stored.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    let mut response = body::status(status);
    let tag = stored.tag.filter(|_| sent == Format::Text);
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag.quoted()).ok()) {
        response.headers_mut().insert(ETAG, tag);
    }
    tell_schedule_tag(stored.schedule_tag.as_ref(), response.headers_mut());
    Ok(response)
}

/// The answer to what changed an object in the server's own words: `status`, and the object for who would like it.
///
/// # Errors
/// Those of the backend.
pub async fn after(
    exchange: &Exchange,
    name: &ObjectName,
    status: StatusCode,
) -> Result<Response<Body>, Failure> {
    if exchange.preferences.representation == Representation::Wanted
        && let Ok(Some(found)) = exchange.backend.object(exchange.caller(), name).await
    {
        let status = if status == StatusCode::NO_CONTENT { StatusCode::OK } else { status };
        return Ok(shown(exchange, name, &found, (status, Format::Text)));
    }
    Ok(body::status(status))
}

/// Where the object is that a POST made (RFC 5995 §3.2.1).
pub fn locate(response: &mut Response<Body>, name: &ObjectName) {
    if let Ok(location) = HeaderValue::from_str(&Resource::Object(name.clone()).href()) {
        response.headers_mut().insert(LOCATION, location);
    }
}

/// 412 with the object as it is now, where the client would like that (RFC 8144 §3.2), so that it need not ask again.
///
/// # Errors
/// The failure itself everywhere else.
pub async fn mismatched(
    exchange: &Exchange,
    name: &ObjectName,
    failure: Failure,
) -> Result<Response<Body>, Failure> {
    let wanted = exchange.preferences.representation == Representation::Wanted;
    if !wanted || failure.status != StatusCode::PRECONDITION_FAILED {
        return Err(failure);
    }
    // What the caller may not read it is not shown here either.
    let Ok(Some(found)) = exchange.backend.object(exchange.caller(), name).await else {
        return Err(failure);
    };
    Ok(shown(exchange, name, &found, (StatusCode::PRECONDITION_FAILED, Format::Text)))
}

fn shown(
    exchange: &Exchange,
    name: &ObjectName,
    found: &Object,
    (status, usual): (StatusCode, Format),
) -> Response<Body> {
    let mut headers: HeaderMap = representation_headers(found);
    let format = Format::accepted(&exchange.headers, usual);
    let octets = representation(exchange, found, format, &mut headers);
    put(&mut headers, CONTENT_LOCATION, &Resource::Object(name.clone()).href());
    put(&mut headers, APPLIED, "return=representation");
    let mut response = body::status(status).map(|_| body::full(octets));
    *response.headers_mut() = headers;
    response
}
