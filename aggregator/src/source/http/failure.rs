//! What redirects, statuses and failures of a request mean: by remedy, without addresses and bodies.

use calendar::time::Instant;
use reqwest::header::{self, HeaderMap};
use reqwest::{Response, StatusCode, Url};

use super::guard::NotAllowed;
use super::headers;
use crate::source::SourceError;

/// Where a redirect leads; `None`: it is none.
pub(super) fn next_hop(url: &Url, response: &Response) -> Result<Option<Url>, SourceError> {
    let status = response.status();
    if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let nowhere = || SourceError::NotACalendar(format!("redirects ({status}) to no address"));
    let target = headers::text(response.headers(), &header::LOCATION).ok_or_else(nowhere)?;
    let mut next = url.join(&target).map_err(|_| nowhere())?;
    if next.scheme() == "webcal" || next.scheme() == "webcals" {
        next = Url::parse(&format!("https:{}", &next.as_str()[next.scheme().len() + 1..]))
            .map_err(|_| nowhere())?;
    }
    Ok(Some(next))
}

/// A status other than 200 and 304, by remedy.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, now: Instant) -> SourceError {
    let wait = headers::retry_after(headers, now);
    match (status.as_u16(), wait) {
        (429, wait) => SourceError::Throttled(wait.unwrap_or(0)),
        (503, Some(seconds)) => SourceError::Throttled(seconds),
        (401 | 407, _) => SourceError::Unauthorized(format!("status {status}")),
        (404 | 410, _) => SourceError::Gone(format!("status {status}")),
        // Forbidding passes more often than it stays: many hosts answer so while they are overloaded.
        (403 | 408 | 423 | 425 | 500..=599, _) => SourceError::Unreachable(format!("status {status}")),
        _ => SourceError::NotACalendar(format!("answers with status {status}")),
    }
}

/// A failed request, by remedy; without its address.
pub(super) fn failure(host: &str, error: &reqwest::Error) -> SourceError {
    let mut inner: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(current) = inner {
        if let Some(refused) = current.downcast_ref::<NotAllowed>() {
            return SourceError::Forbidden(refused.to_string());
        }
        inner = current.source();
    }
    let class = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        innermost(error)
    } else if error.is_builder() {
        return SourceError::Misconfigured("the request cannot be made of these settings".into());
    } else {
        format!("the answer broke off ({})", innermost(error))
    };
    SourceError::Unreachable(format!("{host}: {class}"))
}

/// The text of the first cause, which knows of no address.
pub(super) fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut cause = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    if cause.is::<reqwest::Error>() { "the connection failed".into() } else { cause.to_string() }
}
