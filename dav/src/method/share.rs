//! POST of an invitation to a calendar, and of the answer to one (calendarserver.org caldav-sharing §5).

use std::collections::BTreeSet;
use std::sync::Arc;

use calendar::collection::PrincipalId;
use http::{Response, StatusCode};

use crate::backend::{InviteAnswer, Principal, ShareAccess, ShareChange};
use crate::body::{self, Body, XML_TYPE};
use crate::condition::Failure;
use crate::exchange::Exchange;
use crate::path::Resource;
use crate::xml::name::{calendar_server, dav};
use crate::xml::{Element, Writer};

/// People that one request may be about.
const CHANGES_MAX: usize = 200;
/// Octets of a name that an owner gives.
const NAME_OCTETS_MAX: usize = 1024;

/// Answers `CS:share` on a calendar with 200.
///
/// # Errors
/// 400; 403 for somebody who is nobody here; DAV:need-privileges; 404.
pub async fn answer(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Collection(name) = &exchange.resource else { return Err(Failure::not_found()) };
    let body = exchange.xml()?.ok_or_else(|| Failure::bad_request("what is shared is said in the body"))?;
    let asked: Vec<&Element> = body.elements().collect();
    if asked.is_empty() || asked.len() > CHANGES_MAX {
        return Err(Failure::bad_request(format!("from 1 to {CHANGES_MAX} people are invited at once")));
    }
    let principals = exchange.backend.principals(exchange.caller()).await?;
    let changes: Vec<ShareChange> =
        asked.into_iter().map(|element| change(element, &principals)).collect::<Result<_, _>>()?;
    let who: BTreeSet<&PrincipalId> = changes.iter().map(of).collect();
    if who.len() < changes.len() {
        return Err(Failure::bad_request("each of them is named once"));
    }
    exchange.backend.share(exchange.caller(), name, &changes).await?;
    Ok(body::status(StatusCode::OK))
}

/// Whom a change is about.
fn of(change: &ShareChange) -> &PrincipalId {
    match change {
        ShareChange::Set { principal, .. } | ShareChange::Remove(principal) => principal,
    }
}

fn change(element: &Element, principals: &[Principal]) -> Result<ShareChange, Failure> {
    let href = element.first(dav("href")).map(Element::trimmed);
    let address = href.ok_or_else(|| Failure::bad_request("whoever is invited is named by a href"))?;
    let principal = whose(&address, principals)
        .ok_or_else(|| Failure::new(StatusCode::FORBIDDEN, format!("{address} is nobody here")))?;
    if element.is(calendar_server("remove")) {
        return Ok(ShareChange::Remove(principal));
    }
    if !element.is(calendar_server("set")) {
        return Err(Failure::bad_request("people are set or removed"));
    }
    // A client that knows no third says one of the two; the one that does more must be said.
    let writes = element.first(calendar_server("read-write")).is_some();
    let access = if writes { ShareAccess::ReadWrite } else { ShareAccess::Read };
    Ok(ShareChange::Set {
        principal,
        address,
        common_name: named(element, "common-name")?,
        summary: named(element, "summary")?,
        access,
    })
}

fn named(element: &Element, name: &'static str) -> Result<Option<String>, Failure> {
    let text = element.first(calendar_server(name)).map(Element::trimmed).filter(|text| !text.is_empty());
    match text {
        Some(text) if text.len() > NAME_OCTETS_MAX => {
            Err(Failure::bad_request(format!("a name has at most {NAME_OCTETS_MAX} octets")))
        }
        text => Ok(text),
    }
}

/// The principal with this address: one of their own, or that of their principal resource.
fn whose(address: &str, principals: &[Principal]) -> Option<PrincipalId> {
    if let Some(Resource::Principal(id)) = Resource::of_href(address, &Resource::Root) {
        return principals.iter().find(|principal| principal.id == id).map(|principal| principal.id.clone());
    }
    let known = calendar::address::Address::parse(address);
    let found = principals.iter().find(|principal| {
        principal
            .addresses
            .iter()
            .any(|own| own == &known || own.mail().is_some_and(|mail| Some(mail) == known.mail()))
    });
    found.map(|principal| principal.id.clone())
}

/// Answers `CS:invite-reply` on a home: where it is accepted, with the address at which the calendar is seen.
///
/// # Errors
/// 400; 403 where there is no such invitation; DAV:need-privileges; 404.
pub async fn answer_reply(exchange: Arc<Exchange>) -> Result<Response<Body>, Failure> {
    let Resource::Home(home) = &exchange.resource else { return Err(Failure::not_found()) };
    let body = exchange.xml()?.ok_or_else(|| Failure::bad_request("the answer is said in the body"))?;
    let accepts = match (
        body.first(calendar_server("invite-accepted")),
        body.first(calendar_server("invite-declined")),
    ) {
        (Some(_), None) => true,
        (None, Some(_)) => false,
        _ => return Err(Failure::bad_request("an invitation is accepted or declined")),
    };
    let hosturl = body.first(calendar_server("hosturl")).and_then(|host| host.first(dav("href")));
    let host = hosturl.and_then(|href| Resource::of_href(&href.trimmed(), &Resource::Root));
    let Some(Resource::Collection(host)) = host else {
        return Err(Failure::bad_request("the hosturl names the calendar"));
    };
    let answer =
        InviteAnswer { host, uid: named(&body, "in-reply-to")?, accepts, summary: named(&body, "summary")? };
    let seen_at = exchange.backend.answer_invitation(exchange.caller(), home, &answer).await?;
    let Some(seen_at) = seen_at else { return Ok(body::status(StatusCode::NO_CONTENT)) };
    let root = calendar_server("shared-as");
    let mut out = Writer::document(root);
    out.text_element(dav("href"), &Resource::Collection(seen_at).href());
    out.close(root);
    Ok(body::typed(StatusCode::OK, XML_TYPE, body::full(out.finish())))
}
