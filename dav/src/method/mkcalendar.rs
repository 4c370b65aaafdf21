//! MKCALENDAR and extended MKCOL: a calendar is made (RFC 4791 §5.3.1, RFC 5689 §3).

use std::sync::Arc;

use calendar::refusal::Refusal;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, StatusCode};

use crate::backend::PropertyChange;
use crate::body::{self, Body, XML_TYPE};
use crate::condition::{
    CALENDAR_COLLECTION_LOCATION_OK, CANNOT_MODIFY_PROTECTED_PROPERTY, Condition, Failure,
    VALID_RESOURCETYPE, VALID_TIMEZONE,
};
use crate::exchange::Exchange;
use crate::headers::Representation;
use crate::method::outcome::APPLIED;
use crate::path::{FileName, Resource};
use crate::property::change::{self, Instruction, Moment};
use crate::property::response::{write_propstat, write_status};
use crate::xml::name::{caldav, calendar_server, dav};
use crate::xml::{Element, Name, Writer};

/// What is only said to be left out: DAVx5, Apple Calendar and others set what they know, and a calendar without one of
/// these is better than none.
const PASSED_OVER: &[&Condition] = &[CANNOT_MODIFY_PROTECTED_PROPERTY, VALID_TIMEZONE];

/// Answers MKCALENDAR; DAVx5 names the resource type in its body, which is no news.
///
/// # Errors
/// DAV:resource-must-be-null, CALDAV:valid-calendar-data and others; 400.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let body = exchange.xml()?;
    let wanted = match &body {
        Some(body) => changes(body, caldav("mkcalendar")).map_err(|(_, failure)| failure)?,
        None => Wanted::default(),
    };
    make(&exchange, &wanted, caldav("mkcalendar-response")).await
}

/// Answers MKCOL, which makes a calendar where its body says so.
///
/// # Errors
/// DAV:valid-resourcetype for any other collection; those of MKCALENDAR.
pub async fn answer_mkcol(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    if let Resource::File(name) = &exchange.resource {
        return folder(&exchange, name).await;
    }
    let other = || Failure::of(VALID_RESOURCETYPE, "only calendars are made here");
    let Some(body) = exchange.xml().map_err(|failure| unread(failure, &exchange.headers))? else {
        return Err(match &exchange.resource {
            // A MKCOL of 1999 on what is there (RFC 4918 §9.3.1).
            Resource::Collection(name) if exchange.collection(name).await.is_ok() => {
                Failure { status: StatusCode::METHOD_NOT_ALLOWED, ..Failure::from(Refusal::Exists) }
            }
            _ => other(),
        });
    };
    let kind = set(&body).find(|element| element.is(dav("resourcetype"))).ok_or_else(other)?;
    let made = [caldav("calendar"), calendar_server("subscribed")];
    let is_made = made.iter().any(|name| kind.first(*name).is_some());
    let known = |part: &Element| part.is(dav("collection")) || made.contains(&part.name());
    if !is_made || !kind.elements().all(known) {
        return Ok(not_made(&body, kind.name(), &other()));
    }
    match changes(&body, dav("mkcol")) {
        Ok(wanted) => make(&exchange, &wanted, dav("mkcol-response")).await,
        Err((Some(property), failure)) => Ok(not_made(&body, property, &failure)),
        Err((None, failure)) => Err(failure),
    }
}

/// A folder in the tree of files, perhaps with properties.
async fn folder(exchange: &Exchange, name: &FileName) -> Result<Response<Body>, Failure> {
    let body = exchange.xml().map_err(|_| {
        Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "the body of a MKCOL is a DAV:mkcol, or nothing")
    })?;
    let changes = match &body {
        None => Vec::new(),
        Some(body) if !body.is(dav("mkcol")) => {
            return Err(Failure::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body of a MKCOL is a DAV:mkcol",
            ));
        }
        Some(body) => {
            let kind = set(body).find(|element| element.is(dav("resourcetype")));
            if let Some(kind) = kind.filter(|kind| !kind.elements().all(|part| part.is(dav("collection")))) {
                let failure = Failure::of(VALID_RESOURCETYPE, "only plain collections are made here");
                return Ok(not_made(body, kind.name(), &failure));
            }
            match changes(body, dav("mkcol")) {
                Ok(wanted) => wanted.changes,
                Err((Some(property), failure)) => return Ok(not_made(body, property, &failure)),
                Err((None, failure)) => return Err(failure),
            }
        }
    };
    let made = exchange.backend.make_folder(exchange.caller(), name, &changes).await;
    made.map_err(|refusal| match refusal {
        Refusal::Exists => Failure { status: StatusCode::METHOD_NOT_ALLOWED, ..Failure::from(refusal) },
        other => other.into(),
    })?;
    Ok(body::status(StatusCode::CREATED))
}

/// 415 for a body that says itself that it is no XML (RFC 4918 §9.3).
fn unread(failure: Failure, headers: &HeaderMap) -> Failure {
    let other = headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| !String::from_utf8_lossy(kind.as_bytes()).to_ascii_lowercase().contains("xml"));
    if other { Failure { status: StatusCode::UNSUPPORTED_MEDIA_TYPE, ..failure } } else { failure }
}

/// The properties that the body sets.
fn set(body: &Element) -> impl Iterator<Item = &Element> {
    body.all(dav("set")).flat_map(|set| set.all(dav("prop"))).flat_map(Element::elements)
}

/// The answer to a MKCOL one of whose properties cannot be set: nothing is made (RFC 5689 §3, §5.2).
fn not_made(body: &Element, property: Name<'_>, failure: &Failure) -> Response<Body> {
    let mut out = Writer::document(dav("mkcol-response"));
    for element in set(body) {
        let own = element.is(property);
        out.open(dav("propstat"));
        out.open(dav("prop"));
        out.empty(element.name());
        out.close(dav("prop"));
        write_status(if own { failure.status } else { StatusCode::FAILED_DEPENDENCY }, &mut out);
        if own {
            if failure.condition.is_some() {
                out.open(dav("error"));
                failure.write_condition(&mut out, "");
                out.close(dav("error"));
            }
            out.text_element(dav("responsedescription"), &failure.description);
        }
        out.close(dav("propstat"));
    }
    out.close(dav("mkcol-response"));
    body::typed(failure.status, XML_TYPE, body::full(out.finish()))
}

/// What a body asks for: the changes, and what becomes of each property that it names.
#[derive(Default)]
struct Wanted {
    changes: Vec<PropertyChange>,
    outcomes: Vec<(Element, StatusCode)>,
}

/// What the body asks for; otherwise why not, and because of which property if it is one.
fn changes<'a>(body: &'a Element, root: Name<'_>) -> Result<Wanted, (Option<Name<'a>>, Failure)> {
    if !body.is(root) {
        return Err((None, Failure::bad_request(format!("the body is a {}", root.local))));
    }
    let mut wanted = Wanted::default();
    for element in set(body) {
        let mut status = StatusCode::OK;
        // A calendar that clients fetch themselves from its CS:source says so in its type; it is kept like a property.
        let kind = element.is(dav("resourcetype"));
        let set = if kind { element.first(calendar_server("subscribed")) } else { Some(element) };
        if let Some(set) = set {
            match change::of(set, Instruction::Set, Moment::Creation) {
                Ok(change) => wanted.changes.push(change),
                Err(failure) if failure.condition.is_some_and(is_passed_over) => status = failure.status,
                Err(failure) => return Err((Some(element.name()), failure)),
            }
        }
        wanted.outcomes.push((Element::named(element.name()), status));
    }
    Ok(wanted)
}

fn is_passed_over(condition: &Condition) -> bool {
    PASSED_OVER.iter().any(|known| known.name == condition.name)
}

async fn make(exchange: &Exchange, wanted: &Wanted, root: Name<'static>) -> Result<Response<Body>, Failure> {
    let Resource::Collection(name) = &exchange.resource else { return Err(Failure::not_found()) };
    let made = exchange.backend.make_collection(exchange.caller(), name, &wanted.changes).await;
    made.map_err(|refusal| match refusal {
        Refusal::Protected(reason) => Failure::of(CALENDAR_COLLECTION_LOCATION_OK, reason),
        other => other.into(),
    })?;
    let mut response = body::status(StatusCode::CREATED);
    if exchange.preferences.representation == Representation::Wanted && !wanted.outcomes.is_empty() {
        response = body::typed(StatusCode::CREATED, XML_TYPE, body::full(told(&wanted.outcomes, root)));
        let applied = HeaderValue::from_static("return=representation");
        response.headers_mut().insert(APPLIED, applied);
    }
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

/// What became of each property (RFC 5689 §3, §5.2; RFC 4791 §9.3), for who asks; DAVx5 takes a body for a failure.
fn told(outcomes: &[(Element, StatusCode)], root: Name<'static>) -> String {
    let mut out = Writer::document(root);
    let mut statuses: Vec<StatusCode> = outcomes.iter().map(|(_, status)| *status).collect();
    statuses.sort_unstable();
    statuses.dedup();
    for status in statuses {
        let mut names = Writer::fragment();
        for (element, _) in outcomes.iter().filter(|(_, own)| *own == status) {
            names.empty(element.name());
        }
        write_propstat(status, &names.finish(), &mut out);
    }
    out.close(root);
    out.finish()
}
