//! free-busy-query: when a calendar, or everything of an owner, is busy (RFC 4791 §7.10).

use std::sync::Arc;

use calendar::busy::reply::vfreebusy;
use calendar::collection::Privilege;
use calendar::time::Span;
use http::header::HeaderValue;
use http::{Response, StatusCode};

use crate::backend::{BusyScope, CollectionKind};
use crate::body::{self, Body};
use crate::condition::{Failure, NUMBER_OF_MATCHES};
use crate::exchange::Exchange;
use crate::filter::TimeRange;
use crate::path::Resource;
use crate::xml::Element;
use crate::xml::name::caldav;

/// Years that one question may be about: a series without end makes its owner busy in each.
const YEARS_MAX: i64 = 100;

/// Whether a question is about no longer a time than is answered at once.
///
/// # Errors
/// DAV:number-of-matches-within-limits (RFC 4791 §7.10).
pub(crate) fn check_width(window: Span) -> Result<(), Failure> {
    if window.seconds() <= YEARS_MAX * 366 * 86_400 {
        return Ok(());
    }
    let failure = Failure::of(NUMBER_OF_MATCHES, format!("busy time is told for {YEARS_MAX} years at once"));
    Err(Failure { status: StatusCode::FORBIDDEN, ..failure })
}

/// The collection that is everything of an owner together.
const UNIFIED: &str = "unified";

/// Answers the report; `Depth` does not matter.
///
/// # Errors
/// 400 without a time-range that has both ends; DAV:number-of-matches-within-limits; 404; those of the backend.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let window = window(&body)?;
    check_width(window)?;
    let scope = scope(&exchange).await?;
    let busy = exchange.backend.busy(exchange.caller(), &scope, window).await?;
    let now = exchange.backend.now();
    // Asking the same at the same moment has the same answer, so it may have the same UID.
    let whose = match &scope {
        BusyScope::Collection(name) => name.to_string().replace('/', "-"),
        BusyScope::Everything(owner) => owner.to_string(),
    };
    let uid =
        format!("freebusy-{whose}-{}-{}-{}", window.start.as_unix(), window.end.as_unix(), now.as_unix());
    let text = vfreebusy(&busy, window, now, &uid);
    let media_type = HeaderValue::from_static("text/calendar; charset=utf-8; component=vfreebusy");
    Ok(body::typed(StatusCode::OK, media_type, body::full(text)))
}

fn window(body: &Element) -> Result<Span, Failure> {
    let range = body
        .first(caldav("time-range"))
        .ok_or_else(|| Failure::bad_request("a free-busy-query has a time-range"))?;
    let range = TimeRange::read(range).map_err(|failure| Failure::bad_request(failure.description))?;
    match (range.start, range.end) {
        (Some(start), Some(end)) => Ok(Span::new(start, end)),
        _ => Err(Failure::bad_request("the time-range of a free-busy-query has a start and an end")),
    }
}

/// On the principal, the home, the inbox and the unified calendar the question is about everything.
async fn scope(exchange: &Exchange) -> Result<BusyScope, Failure> {
    if let Resource::Home(owner) | Resource::Principal(owner) = &exchange.resource {
        return Ok(BusyScope::Everything(owner.clone()));
    }
    let Resource::Collection(name) = &exchange.resource else { return Err(Failure::not_found()) };
    let collection = exchange.collection_for(name, Privilege::ReadFreeBusy).await?;
    let name = collection.name.clone();
    if collection.kind == CollectionKind::Inbox || name.id.as_str() == UNIFIED {
        return Ok(BusyScope::Everything(name.owner));
    }
    Ok(BusyScope::Collection(name))
}
