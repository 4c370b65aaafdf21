//! DELETE: an object, or a calendar with everything in it (RFC 4918 §9.6).

use std::sync::Arc;

use http::{Response, StatusCode};

use crate::body::{self, Body};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::headers;
use crate::lock;
use crate::method::outcome;
use crate::path::Resource;

/// Answers the method: 204, also for a calendar, where DAVx5 takes a multistatus for a failure. An object that is not as
/// the client thought is shown to it where it would like that (RFC 8144 §3.2).
///
/// # Errors
/// 412, 404, DAV:need-privileges.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    match &exchange.resource {
        Resource::Object(name) => {
            let precondition = headers::precondition(&exchange.headers);
            let telling = headers::telling(&exchange.headers)?;
            let deleted =
                exchange.backend.delete_telling(exchange.caller(), name, &precondition, telling).await;
            if let Err(refusal) = deleted {
                return outcome::mismatched(&exchange, name, refusal.into()).await;
            }
        }
        Resource::File(name) => {
            let precondition = headers::precondition(&exchange.headers);
            exchange.backend.delete_file(exchange.caller(), name, &precondition).await?;
        }
        Resource::Collection(name) => {
            let telling = headers::telling(&exchange.headers)?;
            exchange.backend.delete_collection_telling(exchange.caller(), name, telling).await?;
        }
        Resource::Notification(owner, id) => {
            exchange.backend.delete_notification(exchange.caller(), owner, id).await?;
        }
        _ => return Err(Failure::not_found()),
    }
    lock::sweep(&exchange, &exchange.resource).await?;
    Ok(body::status(StatusCode::NO_CONTENT))
}
