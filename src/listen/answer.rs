//! Answers of the door itself: short, kind pages for what no surface answers.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};

/// The body of every response.
pub type Body = BoxBody<Bytes, std::convert::Infallible>;

/// `octets` as a body.
pub fn whole(octets: impl Into<Bytes>) -> Body {
    Full::new(octets.into()).boxed()
}

/// A short page: a heading and a sentence.
pub fn page(status: StatusCode, heading: &str, sentence: &str) -> Response<Body> {
    let text = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{heading}</title>\n<h1>{heading}</h1>\n<p>{sentence}</p>\n</html>\n"
    );
    let mut response = Response::new(whole(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert("x-content-type-options", HeaderValue::from_static("nosniff"));
    headers.insert("referrer-policy", HeaderValue::from_static("no-referrer"));
    response
}

/// A plain text.
pub fn text(status: StatusCode, text: impl Into<Bytes>, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(whole(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// 404.
pub fn not_here() -> Response<Body> {
    page(
        StatusCode::NOT_FOUND,
        "Not found",
        "There is nothing at this address. It may have been mistyped, or be gone.",
    )
}

/// 403 for a password that would travel in the open.
pub fn not_in_the_open() -> Response<Body> {
    page(
        StatusCode::FORBIDDEN,
        "Only over HTTPS",
        "Calendars are asked for with a password, and this connection is not encrypted. Use the https address of this \
         server. For its operator: plain HTTP is taken from this machine itself, and from proxies that \
         server.trusted_proxies lists.",
    )
}

/// 429.
pub fn too_often(seconds: u64) -> Response<Body> {
    let sentence =
        format!("There were too many requests from your network. Please try again in {seconds} seconds.");
    let mut response = page(StatusCode::TOO_MANY_REQUESTS, "Too many requests", &sentence);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    response.headers_mut().insert("ratelimit", HeaderValue::from_static("limit;r=0"));
    response
}

/// 500.
pub fn our_fault(id: &str) -> Response<Body> {
    let sentence = format!("This is our fault, not yours. It is in the log as request {id}.");
    page(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", &sentence)
}

/// 503.
pub fn not_now(sentence: &str) -> Response<Body> {
    let mut response = page(StatusCode::SERVICE_UNAVAILABLE, "Not just now", sentence);
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
}

/// The answer after which the connection is closed: the rest of the request was not read.
pub fn and_close(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}
