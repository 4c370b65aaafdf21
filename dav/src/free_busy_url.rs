//! The free-busy URL: `/freebusy/{owner}.ifb`, which clients fetch without signing in where an owner lets them.
//!
//! `start` and `end` are instants in UTC or dates (`20260504T080000Z`, `2026-05-04`); without them it tells of the next
//! [`DAYS_USUAL`] days. What is asked for too widely is cut to [`DAYS_MAX`] days from its start.

use std::sync::Arc;

use calendar::busy::reply::vfreebusy;
use calendar::collection::PrincipalId;
use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Zone;
use http::header::{CACHE_CONTROL, HeaderValue};
use http::{Method, Response, StatusCode};
use percent_encoding::percent_decode_str;

use crate::backend::Backend;
use crate::body::{self, Body};
use crate::condition::Failure;
use crate::method::post::parameters;
use crate::open::allowing;

/// Days that are told of where nothing else is asked for.
pub const DAYS_USUAL: i64 = 60;
/// Days that are told of at once.
pub const DAYS_MAX: i64 = 366;

/// The owner whose free-busy URL has this path.
pub fn owner_of(path: &str) -> Option<PrincipalId> {
    let name = path.strip_prefix("/freebusy/")?;
    let name = name.strip_suffix(".ifb").or_else(|| name.strip_suffix(".vfb")).unwrap_or(name);
    let name = percent_decode_str(name).decode_utf8().ok()?;
    (!name.is_empty() && !name.contains('/')).then(|| PrincipalId::new(name.into_owned()))
}

/// Answers a request for the free-busy URL of `owner`.
///
/// # Errors
/// 404 where there is none, or the key is wrong; 400 for times that cannot be read.
pub async fn answer(
    backend: &Arc<dyn Backend>,
    owner: &PrincipalId,
    (method, query): (&Method, &str),
) -> Result<Response<Body>, Failure> {
    match *method {
        Method::GET | Method::HEAD => {}
        Method::OPTIONS => return Ok(allowing(body::status(StatusCode::OK))),
        _ => return Ok(allowing(body::status(StatusCode::METHOD_NOT_ALLOWED))),
    }
    let parameters = parameters(query);
    let given = |name: &str| {
        parameters.iter().find(|(given, _)| given.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    };
    let now = backend.now();
    let window = window(given("start"), given("end"), now)?;
    let busy = backend.published_busy(owner, given("key"), window).await?.ok_or_else(Failure::not_found)?;
    let uid = format!("freebusy-{owner}-{}-{}", window.start.as_unix(), window.end.as_unix());
    let text = vfreebusy(&busy, window, now, &uid);
    let body = if *method == Method::HEAD { body::empty() } else { body::full(text) };
    let media_type = HeaderValue::from_static("text/calendar; charset=utf-8; component=vfreebusy");
    let mut response = body::typed(StatusCode::OK, media_type, body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=60"));
    Ok(response)
}

fn window(start: Option<&str>, end: Option<&str>, now: Instant) -> Result<Span, Failure> {
    let start = start.map(instant).transpose()?.unwrap_or(now);
    let end = end.map(instant).transpose()?.unwrap_or_else(|| start.plus(DAYS_USUAL * 86_400));
    if start < end {
        Ok(Span::new(start, end.min(start.plus(DAYS_MAX * 86_400))))
    } else {
        Err(Failure::bad_request("the end is not after the start"))
    }
}

fn instant(text: &str) -> Result<Instant, Failure> {
    let value = DateOrTime::parse(&text.trim().replace(['-', ':'], ""));
    let value = value.ok_or_else(|| Failure::bad_request(format!("`{text}` is no time")))?;
    Ok(value.to_instant(Zone::utc()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_owners() {
        for (path, owner) in [
            ("/freebusy/ada.ifb", Some("ada")),
            ("/freebusy/ada", Some("ada")),
            ("/freebusy/a%64a.vfb", Some("ada")),
            ("/freebusy/", None),
            ("/freebusy/.ifb", None),
            ("/freebusy/a%2Fb.ifb", None),
            ("/freebusy/ada/x.ifb", None),
            ("/freebusys/ada.ifb", None),
        ] {
            assert_eq!(owner_of(path).as_ref().map(PrincipalId::as_str), owner, "{path}");
        }
    }

    #[test]
    fn windows_are_bounded() {
        let now = Instant::from_unix(1_777_881_600);
        assert_eq!(window(None, None, now).unwrap(), Span::new(now, now.plus(60 * 86_400)));
        let day = window(Some("2026-05-04"), Some("2026-05-05T00:00:00Z"), now).unwrap();
        assert_eq!(day.seconds(), 86_400);
        let long = window(Some("20260504T000000Z"), Some("99991231T000000Z"), now).unwrap();
        assert_eq!(long.seconds(), 366 * 86_400);
        for (start, end) in [("20260505", "20260504"), ("yesterday", "20260504"), ("20260504", "")] {
            assert!(window(Some(start), Some(end), now).is_err(), "{start} {end}");
        }
    }
}
