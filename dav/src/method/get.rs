//! GET and HEAD: an object as it was stored, a calendar merged into one (RFC 9110 §9.3, §13; RFC 4791 §5.3.4).

use std::collections::BTreeSet;
use std::sync::Arc;

use calendar::collection::{EntityTag, MemberName, ObjectName};
use calendar::object::CalendarObject;
use calendar::text::{escape, fold};
use calendar::time::Instant;
use calendar::write::PRODID;
use http::header::{
    CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};

use crate::backend::{Collection, CollectionKind, Member, ctag};
use crate::body::{self, Body, PAGE_OCTETS, Page};
use crate::calendar_data::write;
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::headers;
use crate::path::{FileName, Resource};
use crate::property::Facets;
use crate::property::webdav::{CALENDAR_TYPE, content_type, http_date, instant_of_http_date};

/// What a person finds who opens an address of this server in a browser.
const NOTE: &str = "This is a CalDAV address. Enter it in a calendar program.\n";

/// Answers GET.
///
/// # Errors
/// 404, 412.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    match &exchange.resource {
        Resource::Object(name) => object(&exchange, name).await,
        Resource::File(name) => file(&exchange, name).await,
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
    let mut answer = HeaderMap::new();
    put(&mut answer, ETAG, &found.facts.tag.quoted());
    put(&mut answer, LAST_MODIFIED, &http_date(found.facts.modified));
    let state = State { tag: &found.facts.tag, modified: Some(found.facts.modified) };
    if state.is_known_to(&exchange.headers)? {
        return Ok(not_modified(answer));
    }
    put(&mut answer, CONTENT_TYPE, &content_type(found.facts.kind));
    put(&mut answer, CONTENT_LENGTH, &found.octets.len().to_string());
    let mut response = Response::new(body::full(found.octets.to_vec()));
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

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn not_modified(headers: HeaderMap) -> Response<Body> {
    let mut response = body::status(StatusCode::NOT_MODIFIED);
    *response.headers_mut() = headers;
    response
}

/// What a condition of a reading request is about (RFC 9110 §13.2.2).
struct State<'a> {
    tag: &'a EntityTag,
    modified: Option<Instant>,
}

impl State<'_> {
    /// Whether the client has it already.
    ///
    /// # Errors
    /// 412 where it wants another one.
    fn is_known_to(&self, headers: &HeaderMap) -> Result<bool, Failure> {
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

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<Instant> {
    instant_of_http_date(headers.get(name)?.to_str().ok()?)
}

/// A calendar as one stream of iCalendar text, made page by page.
struct Merging {
    exchange: Arc<Exchange>,
    collection: Arc<Collection>,
    text: String,
    /// The zones that stand in it already.
    zones: BTreeSet<String>,
    members: std::vec::IntoIter<Member>,
    from: Option<MemberName>,
}

async fn calendar(exchange: &Arc<Exchange>, collection: Arc<Collection>) -> Result<Response<Body>, Failure> {
    // Weak: the name of the calendar stands in the text and is no part of the tag.
    let tag = EntityTag(ctag(collection.token));
    let mut answer = HeaderMap::new();
    put(&mut answer, ETAG, &format!("W/{}", tag.quoted()));
    if (State { tag: &tag, modified: None }).is_known_to(&exchange.headers)? {
        return Ok(not_modified(answer));
    }
    put(&mut answer, CONTENT_TYPE, CALENDAR_TYPE);
    let mut text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODID}\r\n");
    if !collection.display_name.is_empty() {
        text.push_str(&fold(&format!("X-WR-CALNAME:{}", escape(&collection.display_name))));
    }
    let exchange = Arc::clone(exchange);
    let members = Vec::new().into_iter();
    let first = Merging { exchange, collection, text, zones: BTreeSet::new(), members, from: None };
    let mut response = Response::new(body::paged(first, merged).await?);
    *response.headers_mut() = answer;
    Ok(response)
}

async fn merged(mut merging: Merging) -> Result<Page<Merging>, Failure> {
    let exchange = Arc::clone(&merging.exchange);
    let collection = Arc::clone(&merging.collection);
    if merging.members.len() == 0 {
        let from = merging.from.as_ref();
        let page = exchange.backend.members(exchange.caller(), &collection.name, from).await?;
        merging.members = page.members.into_iter();
        merging.from = page.next;
    }
    while merging.text.len() < PAGE_OCTETS {
        let Some(member) = merging.members.next() else { break };
        let name = ObjectName { collection: collection.name.clone(), member: member.member };
        if let Some(object) = exchange.backend.object(exchange.caller(), &name).await? {
            // One that cannot be read has no place in a stream that others must read.
            let limits = exchange.setting.core_limits();
            if let Ok(object) = CalendarObject::read(object.octets, &limits) {
                merging.push(&object);
            }
        }
    }
    let mut text = std::mem::take(&mut merging.text);
    if merging.members.len() > 0 || merging.from.is_some() {
        return Ok(Page { text, next: Some(merging) });
    }
    text.push_str("END:VCALENDAR\r\n");
    Ok(Page { text, next: None })
}

impl Merging {
    fn push(&mut self, object: &CalendarObject) {
        for component in &object.calendar().components {
            if component.name == "VTIMEZONE" {
                let name = component.property("TZID").map(|tzid| tzid.value.clone()).unwrap_or_default();
                if !self.zones.insert(name) {
                    continue;
                }
            }
            write::push(&mut self.text, component);
        }
    }
}
