//! sync-collection: what changed since a token (RFC 6578 §3.2).

use std::sync::Arc;

use calendar::collection::{MemberName, ObjectName, SyncToken};
use http::Response;

use crate::backend::{Collection, CollectionKind, Member};
use crate::body::{Body, PAGE_OCTETS, Page};
use crate::condition::{
    Failure, NUMBER_OF_MATCHES, SUPPORTED_REPORT, SYNC_TRAVERSAL_SUPPORTED, VALID_SYNC_TOKEN,
};
use crate::exchange::Exchange;
use crate::headers::{self, Depth};
use crate::multistatus;
use crate::path::{Resource, member_href};
use crate::property::response::{self, Wanted};
use crate::property::{Facets, View};
use crate::report::calendar_query::wanted;
use crate::xml::name::dav;
use crate::xml::{Element, Writer};

/// Members of one answer where the client sets no limit.
const MEMBERS_MAX: usize = 100_000;
/// Members written at once, and those whose octets are read for it.
const PAGE_MEMBERS: usize = 500;
const PAGE_OBJECTS: usize = 64;

struct Cursor {
    exchange: Arc<Exchange>,
    wanted: Arc<Wanted>,
    collection: Arc<Collection>,
    out: Writer,
    changed: std::vec::IntoIter<Member>,
    token: SyncToken,
    truncated: bool,
}

/// Answers the report. `Depth` 0, 1 (Thunderbird, Apple) or none at all (tsdav, libdav) is the same.
///
/// # Errors
/// DAV:valid-sync-token, DAV:sync-traversal-supported, 400, 404.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    check_level(&exchange, &body)?;
    let since = since(&body)?;
    let limit = limit(&body)?;
    let wanted = Arc::new(wanted(&body)?);
    let collection = exchange.own_collection().await?;
    if collection.kind == CollectionKind::Outbox {
        return Err(Failure::of(SUPPORTED_REPORT, "the outbox does not change"));
    }
    exchange.load_shared(&exchange.resource, wanted.needs()).await?;
    let changes = exchange.backend.changes(exchange.caller(), &collection.name, since, limit).await?;
    let mut out = multistatus::begin();
    // A client that begins has nothing that could be gone.
    let removed = since.map(|_| changes.removed).unwrap_or_default();
    write_removed(&collection, &removed, &mut out);
    let cursor = Cursor {
        exchange,
        wanted,
        collection,
        out,
        changed: changes.changed.into_iter(),
        token: changes.token,
        truncated: changes.truncated,
    };
    multistatus::paged(cursor, page).await
}

/// Level 1 is answered; older Apple systems leave it out and say it with `Depth`.
fn check_level(exchange: &Exchange, body: &Element) -> Result<(), Failure> {
    let depth = headers::depth(&exchange.headers)?;
    let level = body.first(dav("sync-level")).map(Element::trimmed);
    match level.as_deref() {
        Some("1" | "0" | "") => Ok(()),
        Some("infinite" | "infinity") => {
            Err(Failure::of(SYNC_TRAVERSAL_SUPPORTED, "a calendar has one level"))
        }
        Some(other) => Err(Failure::bad_request(format!("the sync-level {other} is neither 1 nor infinite"))),
        None if depth == Some(Depth::Infinity) => {
            Err(Failure::of(SYNC_TRAVERSAL_SUPPORTED, "a calendar has one level"))
        }
        None => Ok(()),
    }
}

/// The token, `None` for the empty one.
fn since(body: &Element) -> Result<Option<SyncToken>, Failure> {
    let text = body.first(dav("sync-token")).map(Element::trimmed).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    SyncToken::parse(&text)
        .map(Some)
        .ok_or_else(|| Failure::of(VALID_SYNC_TOKEN, "the sync-token is none of this server"))
}

fn limit(body: &Element) -> Result<usize, Failure> {
    let Some(limit) = body.first(dav("limit")).and_then(|limit| limit.first(dav("nresults"))) else {
        return Ok(MEMBERS_MAX);
    };
    match limit.trimmed().parse::<usize>() {
        Ok(limit) if limit > 0 => Ok(limit.min(MEMBERS_MAX)),
        _ => Err(Failure::bad_request("nresults is a number from 1")),
    }
}

fn write_removed(collection: &Collection, removed: &[MemberName], out: &mut Writer) {
    for member in removed {
        multistatus::write_missing(&member_href(&collection.name, member), out);
    }
}

async fn page(mut cursor: Cursor) -> Result<Page<Cursor>, Failure> {
    let needs = cursor.wanted.needs();
    let size = if needs.has(Facets::OCTETS) { PAGE_OBJECTS } else { PAGE_MEMBERS };
    for _ in 0..size {
        let Some(member) = cursor.changed.next() else { break };
        cursor.write(member, needs).await?;
        if cursor.out.len() > PAGE_OCTETS {
            break;
        }
    }
    if cursor.changed.len() > 0 {
        let text = std::mem::take(&mut cursor.out).finish();
        return Ok(Page { text, next: Some(cursor) });
    }
    let mut out = cursor.out;
    if cursor.truncated {
        let failure = Failure::of(NUMBER_OF_MATCHES, "there is more; ask again with this token");
        let href = Resource::Collection(cursor.collection.name.clone()).href();
        multistatus::write_failed(&href, &failure, &mut out);
    }
    out.text_element(dav("sync-token"), &cursor.token.to_uri());
    multistatus::end(&mut out);
    Ok(Page { text: out.finish(), next: None })
}

impl Cursor {
    /// Writes the response of a changed member; one that went away meanwhile is told as removed.
    async fn write(&mut self, member: Member, needs: Facets) -> Result<(), Failure> {
        let exchange = &self.exchange;
        let name = ObjectName { collection: self.collection.name.clone(), member: member.member.clone() };
        let view = if needs.has(Facets::OCTETS) {
            exchange.object(&self.collection, &name, needs).await
        } else {
            Ok(View::of_member(&self.collection, member, &exchange.setting))
        };
        match view {
            Ok(view) => {
                response::write(&view, &self.wanted, exchange.preferences.detail, &mut self.out);
                Ok(())
            }
            Err(failure) if failure.status == http::StatusCode::NOT_FOUND => {
                multistatus::write_missing(&Resource::Object(name).href(), &mut self.out);
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}
