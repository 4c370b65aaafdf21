//! DELETE: an object, or a calendar with everything in it (RFC 4918 §9.6).

use std::sync::Arc;

use http::{Response, StatusCode};

use crate::body::{self, Body};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::headers;
use crate::lock;
use crate::method::put::check_schedule_tag;
use crate::path::Resource;

/// Answers the method: 204, also for a calendar, where DAVx5 takes a multistatus for a failure.
///
/// # Errors
/// 412, 404, DAV:need-privileges.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    match &exchange.resource {
        Resource::Object(name) => {
            check_schedule_tag(&exchange.headers)?;
            let precondition = headers::precondition(&exchange.headers);
            exchange.backend.delete(exchange.caller(), name, &precondition).await?;
        }
        Resource::File(name) => {
            let precondition = headers::precondition(&exchange.headers);
            exchange.backend.delete_file(exchange.caller(), name, &precondition).await?;
        }
        Resource::Collection(name) => {
            exchange.backend.delete_collection(exchange.caller(), name).await?;
        }
        _ => return Err(Failure::not_found()),
    }
    lock::sweep(&exchange, &exchange.resource).await?;
    Ok(body::status(StatusCode::NO_CONTENT))
}
