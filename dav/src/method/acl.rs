//! ACL: who may do what from now on (RFC 3744 §8.1).

use std::sync::Arc;

use calendar::collection::Privilege;
use calendar::refusal::Refusal;
use http::{Response, StatusCode};

use crate::access_list::{self, Subject};
use crate::backend::{Ace, Who};
use crate::body::{self, Body};
use crate::condition::{Failure, RECOGNIZED_PRINCIPAL};
use crate::exchange::Exchange;
use crate::path::Resource;
use crate::property::Kinds;
use crate::xml::name::dav;

/// Answers the method with 200.
///
/// # Errors
/// The preconditions of RFC 3744 §8.1.1; DAV:need-privileges; 400, 404.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let held = exchange.backend.privileges(exchange.caller(), &exchange.resource).await?;
    if held.is_empty() {
        return Err(Failure::not_found());
    }
    if !held.contains(&Privilege::WriteAcl) {
        return Err(Refusal::NotPermitted(Privilege::WriteAcl).into());
    }
    let body = exchange.xml()?.filter(|body| body.is(dav("acl")));
    let body = body.ok_or_else(|| Failure::bad_request("the body of an ACL is a DAV:acl"))?;
    let owner = exchange.resource.owner().ok_or_else(Failure::not_found)?;
    let kind = match &exchange.resource {
        Resource::Collection(name) => {
            let found = exchange.backend.collection(exchange.caller(), name).await?;
            Kinds::from(found.ok_or_else(Failure::not_found)?.kind)
        }
        _ => exchange.kind(),
    };
    let current = exchange.backend.access_list(exchange.caller(), &exchange.resource).await?;
    let aces = access_list::read(&body, Subject { kind, owner }, &current)?;
    for ace in &aces {
        check_known(&exchange, ace).await?;
    }
    exchange.backend.change_access_list(exchange.caller(), &exchange.resource, &aces).await?;
    Ok(body::status(StatusCode::OK))
}

/// Whoever is named must be somebody here.
async fn check_known(exchange: &Exchange, ace: &Ace) -> Result<(), Failure> {
    let id = match &ace.who {
        Who::Principal(id) => id,
        Who::Group(group) => &group.owner,
        Who::Owner | Who::Authenticated => return Ok(()),
    };
    match exchange.backend.principal(exchange.caller(), id).await? {
        Some(_) => Ok(()),
        None => Err(Failure::of(RECOGNIZED_PRINCIPAL, format!("{id} is nobody here"))),
    }
}
