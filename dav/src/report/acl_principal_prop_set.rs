//! acl-principal-prop-set: properties of those whom an access list names (RFC 3744 §9.2).

use std::sync::Arc;

use calendar::collection::Privilege;
use calendar::refusal::Refusal;
use http::Response;

use crate::access_list;
use crate::body::Body;
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::multistatus;
use crate::path::Resource;
use crate::property::response::{self, Asker, Wanted};
use crate::property::{Facets, Kinds};
use crate::xml::Element;
use crate::xml::name::dav;

/// Answers the report: each principal once, in the order of the list. One that is not here any more is a 404 response.
///
/// # Errors
/// DAV:need-privileges where the list may not be read; 400, 404.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let prop = body.first(dav("prop"));
    let wanted = match prop {
        Some(prop) => Wanted::named(prop, Asker::Report)?,
        None => Wanted::all(None)?,
    };
    let own = exchange.view(&exchange.resource, Facets::ACCESS).await?;
    let lists = Kinds::HOME.or(Kinds::COLLECTION).or(Kinds::OBJECT);
    let mut named: Vec<Resource> = Vec::new();
    if let Some(owner) = own.resource.owner() {
        let aces = match (&own.access, own.kind.meets(lists)) {
            (Some(aces), _) => aces.to_vec(),
            (None, true) => return Err(Refusal::NotPermitted(Privilege::ReadAcl).into()),
            (None, false) => Vec::new(),
        };
        for principal in aces.iter().filter_map(|ace| access_list::address(&ace.who, owner)) {
            if !named.contains(&principal) {
                named.push(principal);
            }
        }
    }
    let mut out = multistatus::begin();
    for principal in named {
        match exchange.view(&principal, wanted.needs()).await {
            Ok(view) => response::write(&view, &wanted, exchange.preferences.detail, &mut out),
            Err(failure) => multistatus::write_failed(&principal.href(), &failure, &mut out),
        }
    }
    Ok(multistatus::whole(out))
}
