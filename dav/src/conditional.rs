//! Conditions of requests that change something (RFC 9110 §13.1, §13.2), as far as they are not judged where it is written.
//!
//! Tags of objects and files are judged by the backend, in the commit that writes them. Dates, and tags where properties,
//! locks, access lists or whole collections are changed, are judged here before anything is done.

use calendar::refusal::Refusal;
use http::header::{IF_MATCH, IF_NONE_MATCH, IF_UNMODIFIED_SINCE};

use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::headers;
use crate::lock;
use crate::method::get::date;
use crate::path::Resource;
use crate::property::View;

/// Whether the conditions of a request hold for the resource as it is.
///
/// # Errors
/// 412; those of loading the resource.
pub async fn permit(exchange: &Exchange, method: &str) -> Result<(), Failure> {
    let headers = &exchange.headers;
    let has_tags = headers.contains_key(IF_MATCH) || headers.contains_key(IF_NONE_MATCH);
    let judges_tags = has_tags && !is_judged_where_written(method, &exchange.resource);
    // A tag says more than a date (§13.2.2).
    let since = date(headers, &IF_UNMODIFIED_SINCE).filter(|_| !headers.contains_key(IF_MATCH));
    if !judges_tags && since.is_none() {
        return Ok(());
    }
    let found = lock::existing(exchange, &exchange.resource).await?;
    let modified = found.as_ref().and_then(View::modified);
    let is_too_new = since.zip(modified).is_some_and(|(since, modified)| modified > since);
    if is_too_new || (judges_tags && !tags_hold(exchange, found.as_ref())) {
        return Err(Refusal::TagMismatch.into());
    }
    Ok(())
}

fn is_judged_where_written(method: &str, resource: &Resource) -> bool {
    match resource {
        Resource::Object(_) => matches!(method, "PUT" | "DELETE" | "COPY" | "MOVE" | "POST"),
        Resource::File(_) => matches!(method, "PUT" | "DELETE" | "COPY" | "MOVE"),
        _ => false,
    }
}

fn tags_hold(exchange: &Exchange, found: Option<&View>) -> bool {
    let condition = headers::precondition(&exchange.headers);
    let is_named = |tags: &[calendar::collection::EntityTag]| {
        let tag = found.and_then(View::tag);
        found.is_some() && (tags.is_empty() || tag.is_some_and(|tag| tags.contains(tag)))
    };
    condition.matches.as_deref().is_none_or(is_named)
        && !condition.none_matches.as_deref().is_some_and(is_named)
}
