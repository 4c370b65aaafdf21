//! PUT: an object is made or replaced (RFC 4791 §5.3.2, §5.3.4).

use std::sync::Arc;

use calendar::collection::EntityTag;
use calendar::limits::Limits;
use calendar::refusal::Refusal;
use calendar::text;
use http::header::{CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::backend::{FileContent, Stored};
use crate::body::{self, Body};
use crate::condition::{Failure, VALID_CALENDAR_OBJECT_RESOURCE};
use crate::exchange::Exchange;
use crate::headers;
use crate::media::{self, Sent};
use crate::method::outcome;
use crate::path::{FileName, Resource};

/// Answers the method: 201 or 204, with an entity tag only where the octets are kept as they came.
///
/// # Errors
/// 412, 409, the preconditions of RFC 4791 §5.3.2.1.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let name = match &exchange.resource {
        Resource::Object(name) => name,
        Resource::File(name) => return file(&exchange, name).await,
        _ => return Err(Failure::not_found()),
    };
    let Sent { octets, format } = sent(&exchange)?;
    let precondition = headers::precondition(&exchange.headers);
    let put = exchange.backend.put(exchange.caller(), name, Arc::clone(&octets), &precondition).await;
    match put.map_err(|refusal| refused(refusal, &octets)) {
        Ok(stored) => outcome::told(&exchange, name, stored, format).await,
        Err(failure) => outcome::mismatched(&exchange, name, failure).await,
    }
}

/// The calendar data of the request, no larger than it may be.
///
/// # Errors
/// CALDAV:max-resource-size; those of [`media::sent`].
pub fn sent(exchange: &Exchange) -> Result<Sent, Failure> {
    let limit = exchange.setting.limits.object_octets_max;
    if exchange.body.len() > limit {
        return Err(Refusal::TooLarge { limit }.into());
    }
    let sent = media::sent(&exchange.headers, &exchange.body)?;
    if sent.octets.len() > limit { Err(Refusal::TooLarge { limit }.into()) } else { Ok(sent) }
}

/// 201 or 204, with the tag of what is kept octet for octet.
fn told(stored: Stored) -> Response<Body> {
    let status = if stored.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    let mut response = body::status(status);
    let tag = stored.tag.and_then(|tag| HeaderValue::from_str(&tag.quoted()).ok());
    if let Some(tag) = tag {
        response.headers_mut().insert(ETAG, tag);
    }
    response
}

/// `Schedule-Tag` (RFC 6638 §8.2).
pub fn tell_schedule_tag(tag: Option<&EntityTag>, headers: &mut HeaderMap) {
    if let Some(tag) = tag.and_then(|tag| HeaderValue::from_str(&tag.quoted()).ok()) {
        headers.insert(HeaderName::from_static("schedule-tag"), tag);
    }
}

/// A file: any octets, with the media type that was said.
async fn file(exchange: &Exchange, name: &FileName) -> Result<Response<Body>, Failure> {
    if exchange.headers.contains_key(CONTENT_RANGE) {
        return Err(Failure::bad_request("only whole files are put"));
    }
    let limit = exchange.setting.limits.object_octets_max;
    if exchange.body.len() > limit {
        return Err(Refusal::TooLarge { limit }.into());
    }
    let media_type = exchange.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = media_type.unwrap_or("application/octet-stream").to_owned();
    let content = FileContent { media_type, octets: exchange.body.to_vec() };
    let precondition = headers::precondition(&exchange.headers);
    let put = exchange.backend.put_file(exchange.caller(), name, content, &precondition).await;
    put.map(told).map_err(|refusal| match refusal {
        Refusal::Exists => Failure::new(StatusCode::METHOD_NOT_ALLOWED, "there is a folder"),
        other => other.into(),
    })
}

/// Properties whose values are data that cannot be read, rather than something out of place.
const VALUES: [&str; 4] = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID"];

/// The failure of a refusal. What can be read as iCalendar and is still no calendar object breaks another condition
/// than what cannot be read.
pub fn refused(refusal: Refusal, octets: &[u8]) -> Failure {
    if let Refusal::NotValidObject { property, .. } = &refusal {
        let readable = text::parse(octets, &Limits::default()).is_ok_and(|parsed| parsed.complete);
        if readable && !VALUES.contains(&property.as_str()) {
            return Failure::of(VALID_CALENDAR_OBJECT_RESOURCE, refusal.to_string());
        }
    }
    refusal.into()
}
