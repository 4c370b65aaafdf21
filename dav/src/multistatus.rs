//! 207: responses one after another, streamed where there are many (RFC 4918 §13).

use http::{Response, StatusCode};

use crate::body::{self, Body, Page, XML_TYPE};
use crate::condition::Failure;
use crate::property::response::write_status;
use crate::xml::Writer;
use crate::xml::name::{calendar_server, dav};

/// The beginning of a multistatus.
pub fn begin() -> Writer {
    Writer::document(dav("multistatus"))
}

/// Ends it.
pub fn end(out: &mut Writer) {
    out.close(dav("multistatus"));
}

/// The response of a resource that has a status instead of properties.
pub fn write_failed(href: &str, failure: &Failure, out: &mut Writer) {
    out.open(dav("response"));
    out.text_element(dav("href"), href);
    write_status(failure.status, out);
    if failure.condition.is_some() {
        out.open(dav("error"));
        failure.write_condition(out, href);
        out.close(dav("error"));
    }
    out.close(dav("response"));
}

/// The same of what has no address yet, told by its UID.
pub fn write_failed_with(href: &str, failure: &Failure, uid: &str, out: &mut Writer) {
    out.open(dav("response"));
    out.text_element(dav("href"), href);
    if !uid.is_empty() {
        out.text_element(calendar_server("uid"), uid);
    }
    write_status(failure.status, out);
    if failure.condition.is_some() {
        out.open(dav("error"));
        failure.write_condition(out, href);
        out.close(dav("error"));
    }
    out.text_element(dav("responsedescription"), &failure.description);
    out.close(dav("response"));
}

/// The response of a resource that is not there (RFC 4791 §7.9, RFC 6578 §3.5).
pub fn write_missing(href: &str, out: &mut Writer) {
    write_failed(href, &Failure::not_found(), out);
}

/// A whole multistatus.
pub fn whole(mut out: Writer) -> Response<Body> {
    end(&mut out);
    body::typed(StatusCode::MULTI_STATUS, XML_TYPE, body::full(out.finish()))
}

/// A multistatus made page by page; the pages hold its beginning and its end.
///
/// # Errors
/// The failure of the first page.
pub async fn paged<S, F, P>(first: S, make: F) -> Result<Response<Body>, Failure>
where
    S: Send + 'static,
    F: Fn(S) -> P + Send + 'static,
    P: Future<Output = Result<Page<S>, Failure>> + Send + 'static,
{
    let body = body::paged(first, make).await?;
    Ok(body::typed(StatusCode::MULTI_STATUS, XML_TYPE, body))
}
