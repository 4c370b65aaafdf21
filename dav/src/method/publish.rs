//! POST that publishes a calendar, or ends that (calendarserver.org caldav-publish).

use std::sync::Arc;

use calendar::detail::Detail;
use http::{Response, StatusCode};

use crate::backend::PublicationChange;
use crate::body::{self, Body};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::path::Resource;
use crate::xml::Element;
use crate::xml::name::kalends;

/// Answers `CS:publish-calendar` with 202, which is what Apple Calendar knows. A `K:publish-detail` in it says how much is
/// shown: `busy`, `title` or `full`.
///
/// # Errors
/// 400; DAV:need-privileges for all but the owner; 404.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let said = exchange.xml()?.and_then(|body| body.first(kalends("publish-detail")).map(Element::trimmed));
    let detail = said.map(|word| Detail::of_word(&word).ok_or(word)).transpose();
    let detail =
        detail.map_err(|word| Failure::bad_request(format!("{word} is neither busy nor title nor full")))?;
    change(&exchange, PublicationChange::Open(detail)).await?;
    Ok(body::status(StatusCode::ACCEPTED))
}

/// Answers `CS:unpublish-calendar` with 200.
///
/// # Errors
/// DAV:need-privileges for all but the owner; 404.
pub async fn answer_end(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    change(&exchange, PublicationChange::Close).await?;
    Ok(body::status(StatusCode::OK))
}

async fn change(exchange: &Exchange, change: PublicationChange) -> Result<(), Failure> {
    let Resource::Collection(name) = &exchange.resource else { return Err(Failure::not_found()) };
    Ok(exchange.backend.change_publication(exchange.caller(), name, change).await?)
}
