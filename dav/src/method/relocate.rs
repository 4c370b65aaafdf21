//! MOVE and COPY: an object goes, or comes a second time, to another place (RFC 4918 §9.8, §9.9; RFC 4791 §5.3.2.1).

use std::sync::Arc;

use calendar::collection::Privilege;
use calendar::refusal::Refusal;
use http::{HeaderMap, Response, StatusCode};

use crate::backend::{Extent, FileRelocation, Relocation, SourceFate, Stored, TargetFate};
use crate::body::{self, Body};
use crate::condition::{Failure, Payload};
use crate::exchange::Exchange;
use crate::headers::{self, Depth};
use crate::lock;
use crate::method::put::tell_schedule_tag;
use crate::path::{FileName, Resource};

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
    if let Resource::File(from) = &exchange.resource {
        return file(exchange, from, source).await;
    }
    let Resource::Object(from) = &exchange.resource else { return Err(Failure::not_found()) };
    let Resource::Object(to) = destination(exchange)? else {
        return Err(Failure::new(StatusCode::CONFLICT, "objects are kept in calendars, and nowhere else"));
    };
    if *from == to {
        return Err(Failure::new(StatusCode::FORBIDDEN, "it is there already"));
    }
    let target = overwrite(&exchange.headers)?;
    let relocation = Relocation { from: from.clone(), to, source, target };
    let precondition = headers::precondition(&exchange.headers);
    let relocated = exchange.backend.relocate(exchange.caller(), &relocation, &precondition).await;
    told(exchange, source, relocated).await
}

/// 201 or 204; what went takes no locks along, and what came has none of its own (RFC 4918 §7.6).
async fn told(
    exchange: &Exchange,
    source: SourceFate,
    relocated: Result<Stored, Refusal>,
) -> Result<Response<Body>, Failure> {
    let stored = relocated.map_err(|refusal| match refusal {
        Refusal::Exists => Failure::new(StatusCode::PRECONDITION_FAILED, refusal.to_string()),
        // What is lacking at the source is told of that, and what is lacking where it goes of that (RFC 3744 §7.1.1).
        Refusal::NotPermitted(lacking @ (Privilege::Bind | Privilege::WriteContent)) => {
            let to = destination(exchange).map(|to| to.href()).unwrap_or_default();
            Failure::from(refusal).with(Payload::PrivilegeOn(lacking, to))
        }
        other => other.into(),
    })?;
    if source == SourceFate::Leaves {
        lock::sweep(exchange, &exchange.resource).await?;
    }
    let status = if stored.created { StatusCode::CREATED } else { StatusCode::NO_CONTENT };
    let mut response = body::status(status);
    tell_schedule_tag(stored.schedule_tag.as_ref(), response.headers_mut());
    Ok(response)
}

/// A file, or a folder with what is in it.
async fn file(exchange: &Exchange, from: &FileName, source: SourceFate) -> Result<Response<Body>, Failure> {
    let forbidden = |reason: &str| Failure::new(StatusCode::FORBIDDEN, reason);
    let Resource::File(to) = destination(exchange)? else {
        return Err(forbidden("files are kept in the tree of files, and nowhere else"));
    };
    if to.is_within(from) || from.is_within(&to) {
        return Err(forbidden("it cannot go into itself, nor in the place of what it is in"));
    }
    let target = overwrite(&exchange.headers)?;
    let extent = match headers::depth(&exchange.headers)? {
        Some(Depth::Zero) if source == SourceFate::Stays => Extent::Itself,
        None | Some(Depth::Infinity) => Extent::Everything,
        Some(_) => return Err(Failure::bad_request("the Depth is infinity, or, of a COPY, 0")),
    };
    let relocation = FileRelocation { from: from.clone(), to, source, target, extent };
    let precondition = headers::precondition(&exchange.headers);
    let relocated = exchange.backend.relocate_file(exchange.caller(), &relocation, &precondition).await;
    told(exchange, source, relocated).await
}

/// The resource that `Destination` names. Its host is not looked at, as a proxy may have given another one.
fn destination(exchange: &Exchange) -> Result<Resource, Failure> {
    let missing = || Failure::bad_request("Destination names where it goes");
    let href = headers::destination(&exchange.headers).ok_or_else(missing)?;
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
