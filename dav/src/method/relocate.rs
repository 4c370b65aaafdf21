//! MOVE and COPY: an object goes, or comes a second time, to another place (RFC 4918 §9.8, §9.9; RFC 4791 §5.3.2.1).

use std::sync::Arc;

use calendar::refusal::Refusal;
use http::{HeaderMap, Response, StatusCode};

use crate::backend::{Relocation, SourceFate, TargetFate};
use crate::body::{self, Body};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::headers;
use crate::method::put::check_schedule_tag;
use crate::path::Resource;

/// Answers MOVE, with which iOS carries an event from calendar to calendar.
///
/// # Errors
/// Those of PUT; 400 without a destination, 403 onto itself, 409 where no calendar is, 412.
pub async fn answer_move(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    answer(&exchange, SourceFate::Leaves).await
}

/// Answers COPY.
///
/// # Errors
/// Those of MOVE.
pub async fn answer_copy(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    answer(&exchange, SourceFate::Stays).await
}

async fn answer(exchange: &Exchange, source: SourceFate) -> Result<Response<Body>, Failure> {
    let Resource::Object(from) = &exchange.resource else { return Err(Failure::not_found()) };
    let Resource::Object(to) = destination(exchange)? else {
        return Err(Failure::new(StatusCode::CONFLICT, "objects are kept in calendars, and nowhere else"));
    };
    if *from == to {
        return Err(Failure::new(StatusCode::FORBIDDEN, "it is there already"));
    }
    check_schedule_tag(&exchange.headers)?;
    let target = overwrite(&exchange.headers)?;
    let relocation = Relocation { from: from.clone(), to, source, target };
    let precondition = headers::precondition(&exchange.headers);
    let relocated = exchange.backend.relocate(exchange.caller(), &relocation, &precondition).await;
    let stored = relocated.map_err(|refusal| match refusal {
        Refusal::Exists => Failure::new(StatusCode::PRECONDITION_FAILED, refusal.to_string()),
        other => other.into(),
    })?;
    Ok(body::status(if stored.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT }))
}

/// The resource that `Destination` names. Its host is not looked at, as a proxy may have given another one.
fn destination(exchange: &Exchange) -> Result<Resource, Failure> {
    let missing = || Failure::bad_request("Destination names where it goes");
    let value = exchange.headers.get("destination").ok_or_else(missing)?;
    let href = value.to_str().map_err(|_| missing())?;
    Resource::of_href(href, &exchange.resource)
        .ok_or_else(|| Failure::new(StatusCode::CONFLICT, "there is no calendar at the destination"))
}

/// `Overwrite` (RFC 4918 §10.6).
fn overwrite(headers: &HeaderMap) -> Result<TargetFate, Failure> {
    match headers.get("overwrite").map(|value| value.as_bytes().trim_ascii()) {
        None | Some(b"T" | b"t") => Ok(TargetFate::IsReplaced),
        Some(b"F" | b"f") => Ok(TargetFate::Stays),
        Some(_) => Err(Failure::bad_request("Overwrite is T or F")),
    }
}
