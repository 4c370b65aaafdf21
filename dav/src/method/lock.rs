//! LOCK and UNLOCK (RFC 4918 §9.10, §9.11).

use std::sync::Arc;

use calendar::refusal::Refusal;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Response, StatusCode};

use crate::backend::{FileContent, Precondition};
use crate::body::{self, Body, XML_TYPE};
use crate::condition::{Failure, LOCK_TOKEN_MATCHES_REQUEST_URI, NO_CONFLICTING_LOCK, Payload};
use crate::exchange::Exchange;
use crate::headers::{self, Depth};
use crate::lock::{self, If, Lock, LockChange, OWNER_OCTETS_MAX, Reach, SECONDS_DEFAULT, SECONDS_MAX, Scope};
use crate::path::Resource;
use crate::property::{Facets, lock::write_active};
use crate::xml::name::dav;
use crate::xml::{Element, Writer};

/// The token of a lock (RFC 4918 §10.5).
const LOCK_TOKEN: HeaderName = HeaderName::from_static("lock-token");

/// Answers LOCK: a new lock with a body, one that lasts longer without.
///
/// A file that is not there is made, empty; of an object the name alone is locked, as no calendar object is empty.
///
/// # Errors
/// DAV:no-conflicting-lock, DAV:lock-token-submitted, 412 for a lock that is not there, 409 without a parent.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    match exchange.xml()? {
        Some(body) => take(&exchange, &body).await,
        None => refresh(&exchange).await,
    }
}

async fn take(exchange: &Exchange, body: &Element) -> Result<Response<Body>, Failure> {
    let owner = exchange.resource.owner().ok_or_else(Failure::not_found)?;
    let expires = exchange.setting.now.as_unix() + seconds(&exchange.headers);
    let new = wanted(exchange, body, expires)?;
    // Before anything is made for it.
    let mut locks = exchange.locks(owner).await?;
    let by = (&exchange.caller().principal, exchange.setting.now.as_unix());
    lock::apply(&mut locks, &LockChange::Take(new.clone()), by).map_err(conflicting)?;
    let is_new = make_what_is_not_there(exchange).await?;
    let taken = exchange.backend.change_locks(exchange.caller(), owner, &LockChange::Take(new)).await;
    let lock = taken.map_err(conflicting)?.ok_or_else(Failure::not_found)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = told(exchange, status, &lock);
    if let Ok(token) = HeaderValue::from_str(&format!("<{}>", lock.token)) {
        response.headers_mut().insert(LOCK_TOKEN, token);
    }
    Ok(response)
}

fn conflicting(refusal: Refusal) -> Failure {
    match refusal {
        Refusal::Locked(place) => Failure::of(NO_CONFLICTING_LOCK, format!("{place} is locked"))
            .with(Payload::Href(lock::href_of(&place))),
        other => other.into(),
    }
}

/// The lock that a `DAV:lockinfo` asks for, still without a token.
fn wanted(exchange: &Exchange, body: &Element, expires: i64) -> Result<Lock, Failure> {
    let bad = || Failure::bad_request("the body of a LOCK is a DAV:lockinfo with scope and type");
    if !body.is(dav("lockinfo"))
        || body.first(dav("locktype")).and_then(|kind| kind.first(dav("write"))).is_none()
    {
        return Err(bad());
    }
    let asked = body.first(dav("lockscope")).ok_or_else(bad)?;
    let scope = match (asked.first(dav("exclusive")), asked.first(dav("shared"))) {
        (Some(_), None) => Scope::Exclusive,
        (None, Some(_)) => Scope::Shared,
        _ => return Err(bad()),
    };
    let reach = match headers::depth(&exchange.headers)? {
        Some(Depth::Zero) => Reach::Itself,
        None | Some(Depth::Infinity) => Reach::Below,
        Some(Depth::One) => return Err(Failure::bad_request("the Depth of a LOCK is 0 or infinity")),
    };
    let owner = body.first(dav("owner"));
    if owner.is_some_and(|owner| owner.octets_min() > OWNER_OCTETS_MAX) {
        return Err(Failure::bad_request(format!(
            "the owner of a lock has at most {OWNER_OCTETS_MAX} octets"
        )));
    }
    Ok(Lock {
        token: String::new(),
        root: lock::place_of(&exchange.resource),
        reach,
        scope,
        owner: owner.map(Element::standing_alone),
        principal: exchange.caller().principal.to_string(),
        expires,
    })
}

/// Whether something was made for the lock (RFC 4918 §7.3).
async fn make_what_is_not_there(exchange: &Exchange) -> Result<bool, Failure> {
    match exchange.own_view(Facets::NONE).await {
        Ok(_) => return Ok(false),
        Err(failure) if failure.status != StatusCode::NOT_FOUND => return Err(failure),
        Err(_) => {}
    }
    match &exchange.resource {
        Resource::File(name) => {
            let empty = FileContent { media_type: "application/octet-stream".to_owned(), octets: Vec::new() };
            let nothing_there = Precondition { none_matches: Some(Vec::new()), ..Precondition::default() };
            exchange.backend.put_file(exchange.caller(), name, empty, &nothing_there).await?;
            Ok(true)
        }
        Resource::Object(name) => {
            exchange.collection(&name.collection).await.map_err(|_| Failure::from(Refusal::NoParent))?;
            Ok(true)
        }
        _ => Err(Failure::from(Refusal::NoParent)),
    }
}

async fn refresh(exchange: &Exchange) -> Result<Response<Body>, Failure> {
    let owner = exchange.resource.owner().ok_or_else(Failure::not_found)?;
    let condition = If::of(&exchange.headers)?
        .ok_or_else(|| Failure::bad_request("a LOCK has a body, or an If header with the lock to refresh"))?;
    let place = lock::place_of(&exchange.resource);
    let locks = exchange.locks(owner).await?;
    let known = condition
        .tokens()
        .find_map(|token| locks.iter().find(|lock| lock.token == token && lock.covers(&place)));
    let token = known.ok_or_else(|| Failure::from(Refusal::TagMismatch))?.token.clone();
    let until = exchange.setting.now.as_unix() + seconds(&exchange.headers);
    let change = LockChange::Refresh(token, until);
    let lock = exchange.backend.change_locks(exchange.caller(), owner, &change).await?;
    Ok(told(exchange, StatusCode::OK, &lock.ok_or_else(Failure::not_found)?))
}

fn told(exchange: &Exchange, status: StatusCode, lock: &Lock) -> Response<Body> {
    let mut out = Writer::document(dav("prop"));
    out.open(dav("lockdiscovery"));
    write_active(lock, exchange.setting.now.as_unix(), &mut out);
    out.close(dav("lockdiscovery"));
    out.close(dav("prop"));
    body::typed(status, XML_TYPE, body::full(out.finish()))
}

/// `Timeout` (RFC 4918 §10.7): the first that is understood, within bounds.
fn seconds(headers: &HeaderMap) -> i64 {
    let value = headers.get("timeout").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let asked = value.split(',').map(str::trim).find_map(|each| {
        if each.eq_ignore_ascii_case("infinite") {
            return Some(SECONDS_MAX);
        }
        let seconds = each.get(..7).filter(|word| word.eq_ignore_ascii_case("second-"))?.len();
        Some(each[seconds..].parse::<i64>().unwrap_or(SECONDS_MAX))
    });
    asked.unwrap_or(SECONDS_DEFAULT).clamp(1, SECONDS_MAX)
}

/// Answers UNLOCK: 204.
///
/// # Errors
/// DAV:lock-token-matches-request-uri; 400 without a token; DAV:need-privileges for another's.
pub async fn answer_unlock(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let owner = exchange.resource.owner().ok_or_else(Failure::not_found)?;
    let value = exchange.headers.get(LOCK_TOKEN).and_then(|value| value.to_str().ok()).map(str::trim);
    let token = value.and_then(|value| value.strip_prefix('<')?.strip_suffix('>'));
    let token = token.ok_or_else(|| Failure::bad_request("Lock-Token names the lock that is to end"))?;
    let place = lock::place_of(&exchange.resource);
    let locks = exchange.locks(owner).await?;
    let other = || Failure::of(LOCK_TOKEN_MATCHES_REQUEST_URI, "no lock with this token covers it");
    locks.iter().find(|lock| lock.token == token && lock.covers(&place)).ok_or_else(other)?;
    let change = LockChange::Release(token.to_owned());
    exchange.backend.change_locks(exchange.caller(), owner, &change).await?;
    Ok(body::status(StatusCode::NO_CONTENT))
}
