//! GET and HEAD: an object as it was stored, a calendar merged into one (RFC 9110 §9.3, §13; RFC 4791 §5.3.4).

use std::sync::Arc;

use calendar::collection::{EntityTag, ObjectName};
use calendar::time::Instant;
use http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, VARY, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use crate::backend::{Collection, CollectionKind, Object};
use crate::body::{self, Body};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::feed::{self, Feed};
use crate::headers;
use crate::media::{self, Format};
use crate::method::put::tell_schedule_tag;
use crate::path::{FileName, Resource};
use crate::property::Facets;
use crate::property::webdav::{http_date, instant_of_http_date};

/// What a person finds who opens an address of this server in a browser.
const NOTE: &str = "This is a CalDAV address. Enter it in a calendar program.\n";

/// What the octets of calendar data depend on besides its state (RFC 9110 §12.5.5).
pub(crate) const VARIES: &str = "Accept, CalDAV-Timezones";

/// Answers GET.
///
/// # Errors
/// 404, 412.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    match &exchange.resource {
        Resource::Object(name) => object(&exchange, name).await,
        Resource::File(name) => file(&exchange, name).await,
        Resource::Notification(..) => notification(&exchange).await,
        Resource::Collection(name) => {
            let collection = exchange.collection(name).await?;
            if collection.kind == CollectionKind::Calendar {
                return calendar(&exchange, collection).await;
            }
            Ok(note())
        }
        _ => {
            exchange.own_view(Facets::NONE).await?;
            Ok(note())
        }
    }
}

/// Answers HEAD: the same without the body.
///
/// # Errors
/// Those of GET.
pub async fn answer_head(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    Ok(answer(exchange).await?.map(|_| body::empty()))
}

fn note() -> Response<Body> {
    let media_type = HeaderValue::from_static("text/plain; charset=utf-8");
    body::typed(StatusCode::OK, media_type, body::full(NOTE))
}

async fn object(exchange: &Exchange, name: &ObjectName) -> Result<Response<Body>, Failure> {
    let found = exchange.backend.object(exchange.caller(), name).await?.ok_or_else(Failure::not_found)?;
    let format = Format::accepted(&exchange.headers, Format::Text);
    let mut answer = representation_headers(&found);
    let state = State { tag: &found.facts.tag, modified: Some(found.facts.modified) };
    if state.is_known_to(&exchange.headers)? {
        return Ok(not_modified(answer));
    }
    let octets = representation(exchange, &found, format, &mut answer);
    let mut response = Response::new(body::full(octets));
    *response.headers_mut() = answer;
    Ok(response)
}

/// What is said of an object with every representation of it. The tag is that of the object: in text and in JSON, with
/// its VTIMEZONEs and without standard ones alike, so that whoever read one of them can say which state it changes, and
/// finds the tag that listings have. Octets that differ under one tag are told apart by `Vary`; there are no ranges.
pub(crate) fn representation_headers(found: &Object) -> HeaderMap {
    let mut headers = HeaderMap::new();
    put(&mut headers, ETAG, &found.facts.tag.quoted());
    put(&mut headers, LAST_MODIFIED, &http_date(found.facts.modified));
    put(&mut headers, VARY, VARIES);
    tell_schedule_tag(found.facts.schedule_tag.as_ref(), &mut headers);
    headers
}

/// An object in a format and with the VTIMEZONEs that the request asks for, with its type and length in `headers`; in
/// JSON only what can be read.
pub(crate) fn representation(
    exchange: &Exchange,
    found: &Object,
    format: Format,
    headers: &mut HeaderMap,
) -> Vec<u8> {
    let limits = exchange.setting.core_limits();
    let text = exchange.setting.vtimezones.text(&found.octets, &limits);
    let json = match format {
        Format::Json => media::json_of(&text, &limits),
        Format::Text => None,
    };
    let format = if json.is_some() { Format::Json } else { Format::Text };
    let octets = json.map_or_else(|| text.into_owned(), String::into_bytes);
    put(headers, CONTENT_TYPE, &format.content_type(found.facts.kind));
    put(headers, CONTENT_LENGTH, &octets.len().to_string());
    octets
}

/// A calendar whole.
async fn calendar(exchange: &Exchange, collection: Arc<Collection>) -> Result<Response<Body>, Failure> {
    let feed = Feed {
        backend: Arc::clone(&exchange.backend),
        caller: exchange.caller().clone(),
        collection,
        detail: None,
        limits: exchange.setting.core_limits(),
        now: exchange.setting.now,
        vtimezones: exchange.setting.vtimezones,
        seen: Arc::clone(&exchange.setting.feeds),
    };
    feed::answer(feed, &exchange.headers).await
}

/// A notification.
async fn notification(exchange: &Exchange) -> Result<Response<Body>, Failure> {
    let view = exchange.own_view(Facets::NONE).await?;
    let found = view.notification.as_ref().ok_or_else(Failure::not_found)?;
    let mut answer = HeaderMap::new();
    put(&mut answer, ETAG, &found.tag.quoted());
    let state = State { tag: &found.tag, modified: Some(found.at) };
    if state.is_known_to(&exchange.headers)? {
        return Ok(not_modified(answer));
    }
    put(&mut answer, CONTENT_TYPE, crate::notification::MEDIA_TYPE);
    let mut response = Response::new(body::full(crate::notification::text(found)));
    *response.headers_mut() = answer;
    Ok(response)
}

/// A file as it was stored; its type is not guessed at, and no browser is to run it here (RFC 9110 §8.3).
async fn file(exchange: &Exchange, name: &FileName) -> Result<Response<Body>, Failure> {
    let Some((node, octets)) = exchange.backend.file_content(exchange.caller(), name).await? else {
        exchange.own_view(Facets::NONE).await?;
        return Ok(note());
    };
    let facts = node.file.as_ref().ok_or_else(Failure::not_found)?;
    let mut answer = HeaderMap::new();
    put(&mut answer, ETAG, &facts.tag.quoted());
    put(&mut answer, LAST_MODIFIED, &http_date(node.modified));
    let state = State { tag: &facts.tag, modified: Some(node.modified) };
    if state.is_known_to(&exchange.headers)? {
        return Ok(not_modified(answer));
    }
    put(&mut answer, CONTENT_TYPE, &facts.media_type);
    put(&mut answer, CONTENT_LENGTH, &octets.len().to_string());
    put(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
    put(&mut answer, CONTENT_SECURITY_POLICY, "sandbox");
    let mut response = Response::new(body::full(octets));
    *response.headers_mut() = answer;
    Ok(response)
}

pub(crate) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

pub(crate) fn not_modified(headers: HeaderMap) -> Response<Body> {
    let mut response = body::status(StatusCode::NOT_MODIFIED);
    *response.headers_mut() = headers;
    response
}

/// What a condition of a reading request is about (RFC 9110 §13.2.2).
pub(crate) struct State<'a> {
    pub(crate) tag: &'a EntityTag,
    pub(crate) modified: Option<Instant>,
}

impl State<'_> {
    /// Whether the client has it already.
    ///
    /// # Errors
    /// 412 where it wants another one.
    pub(crate) fn is_known_to(&self, headers: &HeaderMap) -> Result<bool, Failure> {
        let condition = headers::precondition(headers);
        let mismatch = || Failure::from(calendar::refusal::Refusal::TagMismatch);
        let is_among = |tags: &[EntityTag]| tags.is_empty() || tags.contains(self.tag);
        match &condition.matches {
            Some(tags) if !is_among(tags) => return Err(mismatch()),
            Some(_) => {}
            None => {
                let unmodified = date(headers, &IF_UNMODIFIED_SINCE);
                if let (Some(since), Some(modified)) = (unmodified, self.modified)
                    && modified > since
                {
                    return Err(mismatch());
                }
            }
        }
        Ok(match (&condition.none_matches, date(headers, &IF_MODIFIED_SINCE), self.modified) {
            (Some(tags), _, _) => is_among(tags),
            (None, Some(since), Some(modified)) => modified <= since,
            _ => false,
        })
    }
}

/// The date of a header, if it is there and can be read.
pub(crate) fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Instant> {
    instant_of_http_date(headers.get(name)?.to_str().ok()?)
}
