//! REPORT: which one is meant (RFC 3253 §3.6).

use std::sync::Arc;

use http::Response;

use crate::body::Body;
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::report::table;

/// Answers the method.
///
/// # Errors
/// 400 without a body, DAV:supported-report, and those of the report.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let body = exchange.xml()?.ok_or_else(|| Failure::bad_request("a REPORT has a body"))?;
    let report = table::find(body.name(), exchange.kind())?;
    (report.answer)(exchange, body).await
}
