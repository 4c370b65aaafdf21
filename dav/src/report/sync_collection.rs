//! sync-collection: what changed since a token (RFC 6578 §3.2).

use std::sync::Arc;

use calendar::collection::{ObjectName, SyncToken};
use http::Response;

use crate::backend::{Collection, CollectionKind, Member, Notification};
use crate::body::{Body, PAGE_OCTETS, Page};
use crate::condition::{
    Failure, NUMBER_OF_MATCHES, SUPPORTED_REPORT, SYNC_TRAVERSAL_SUPPORTED, VALID_SYNC_TOKEN,
};
use crate::exchange::Exchange;
use crate::headers::{self, Depth};
use crate::multistatus;
use crate::path::{Resource, member_href};
use crate::property::response::{self, Wanted};
use crate::property::{Facets, Kinds, View};
use crate::report::calendar_query::wanted;
use crate::report::sync_tree;
use crate::tree_token::{Level, TreeToken};
use crate::xml::name::dav;
use crate::xml::{Element, Writer};

/// Members of one answer where the client sets no limit.
const MEMBERS_MAX: usize = 100_000;
/// Members written at once, and those whose octets are read for it.
const PAGE_MEMBERS: usize = 500;
const PAGE_OBJECTS: usize = 64;

/// Something that is told.
pub(super) enum Item {
    /// What has this address is there no more, or no more the caller's to read.
    Gone(String),
    /// A collection is new or has changed, or what is in it has.
    Collection(Arc<Collection>),
    /// A member of a collection is new or has changed.
    Member(Arc<Collection>, Member),
    /// A notification is new or has changed.
    Notification(Notification),
}

/// All that is told.
pub(super) struct Told {
    pub(super) items: Vec<Item>,
    pub(super) token: String,
    /// Whether there is more (507 in the multistatus).
    pub(super) truncated: bool,
}

struct Cursor {
    exchange: Arc<Exchange>,
    wanted: Arc<Wanted>,
    own: View,
    out: Writer,
    items: std::vec::IntoIter<Item>,
    token: String,
    truncated: bool,
}

/// Answers the report. `Depth` 0, 1 (Thunderbird, Apple) or none at all (tsdav, libdav) is the same.
///
/// # Errors
/// DAV:valid-sync-token, DAV:sync-traversal-supported, 400, 404.
pub async fn answer(exchange: Arc<Exchange>, body: Element) -> Result<Response<Body>, Failure> {
    let level = level(&exchange, &body)?;
    let since = body.first(dav("sync-token")).map(Element::trimmed).unwrap_or_default();
    let limit = limit(&body)?;
    let wanted = Arc::new(wanted(&body)?);
    let is_tree = exchange.kind().meets(Kinds::HOME.or(Kinds::NOTIFICATIONS));
    let needs = if is_tree { wanted.needs().or(Facets::TREE) } else { wanted.needs() };
    let own = exchange.own_view(needs).await?;
    let told = match own.kind {
        Kinds::HOME => {
            let since = tree_token(&since, level)?;
            sync_tree::of_home(&exchange, &own, (since, level), limit).await?
        }
        _ if level == Level::Infinite => {
            return Err(Failure::of(SYNC_TRAVERSAL_SUPPORTED, "there is one level here"));
        }
        Kinds::NOTIFICATIONS => sync_tree::of_notifications(&own, tree_token(&since, level)?, limit),
        _ => of_collection(&exchange, &own, token(&since)?, limit).await?,
    };
    let Told { items, token, truncated } = told;
    let (items, out) = (items.into_iter(), multistatus::begin());
    multistatus::paged(Cursor { exchange, wanted, own, out, items, token, truncated }, page).await
}

/// The refusal of a token.
pub(super) fn unknown_token() -> Failure {
    Failure::of(VALID_SYNC_TOKEN, "the sync-token is none of this server")
}

/// How far below is asked for; older Apple systems leave it out and say it with `Depth`.
fn level(exchange: &Exchange, body: &Element) -> Result<Level, Failure> {
    let depth = headers::depth(&exchange.headers)?;
    let level = body.first(dav("sync-level")).map(Element::trimmed);
    match level.as_deref() {
        Some("1" | "0" | "") => Ok(Level::One),
        Some("infinite" | "infinity") => Ok(Level::Infinite),
        Some(other) => Err(Failure::bad_request(format!("the sync-level {other} is neither 1 nor infinite"))),
        None if depth == Some(Depth::Infinity) => Ok(Level::Infinite),
        None => Ok(Level::One),
    }
}

/// The token, `None` for the empty one.
fn token(text: &str) -> Result<Option<SyncToken>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    SyncToken::parse(text).map(Some).ok_or_else(unknown_token)
}

fn tree_token(text: &str, level: Level) -> Result<Option<TreeToken>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    TreeToken::parse(text, level).map(Some).ok_or_else(unknown_token)
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

/// What changed in a collection.
async fn of_collection(
    exchange: &Exchange,
    own: &View,
    since: Option<SyncToken>,
    limit: usize,
) -> Result<Told, Failure> {
    let collection = own.collection.as_ref().ok_or_else(Failure::not_found)?;
    if collection.kind == CollectionKind::Outbox {
        return Err(Failure::of(SUPPORTED_REPORT, "the outbox does not change"));
    }
    let changes = exchange.backend.changes(exchange.caller(), &collection.name, since, limit).await?;
    // A client that begins has nothing that could be gone.
    let removed = since.map(|_| changes.removed).unwrap_or_default();
    let gone = removed.iter().map(|member| Item::Gone(member_href(&collection.name, member)));
    let changed = changes.changed.into_iter().map(|member| Item::Member(Arc::clone(collection), member));
    let items = gone.chain(changed).collect();
    Ok(Told { items, token: changes.token.to_uri(), truncated: changes.truncated })
}

async fn page(mut cursor: Cursor) -> Result<Page<Cursor>, Failure> {
    let needs = cursor.wanted.needs();
    let size = if needs.has(Facets::OCTETS) { PAGE_OBJECTS } else { PAGE_MEMBERS };
    for _ in 0..size {
        let Some(item) = cursor.items.next() else { break };
        cursor.write(item, needs).await?;
        if cursor.out.len() > PAGE_OCTETS {
            break;
        }
    }
    if cursor.items.len() > 0 {
        let text = std::mem::take(&mut cursor.out).finish();
        return Ok(Page { text, next: Some(cursor) });
    }
    let mut out = cursor.out;
    if cursor.truncated {
        let failure = Failure::of(NUMBER_OF_MATCHES, "there is more; ask again with this token");
        multistatus::write_failed(&cursor.own.href(), &failure, &mut out);
    }
    out.text_element(dav("sync-token"), &cursor.token);
    multistatus::end(&mut out);
    Ok(Page { text: out.finish(), next: None })
}

impl Cursor {
    /// Writes the response of what is told; what went away meanwhile is told as removed.
    async fn write(&mut self, item: Item, needs: Facets) -> Result<(), Failure> {
        let exchange = &self.exchange;
        let view = match item {
            Item::Gone(href) => {
                multistatus::write_missing(&href, &mut self.out);
                return Ok(());
            }
            Item::Collection(collection) => {
                let mut view = View::of_collection(&collection, &exchange.setting);
                view.home = self.own.home.clone().filter(|_| view.kind == Kinds::INBOX);
                view
            }
            Item::Member(collection, member) if needs.has(Facets::OCTETS) => {
                let name = ObjectName { collection: collection.name.clone(), member: member.member };
                match exchange.object(&collection, &name, needs).await {
                    Ok(view) => view,
                    Err(failure) if failure.status == http::StatusCode::NOT_FOUND => {
                        multistatus::write_missing(&Resource::Object(name).href(), &mut self.out);
                        return Ok(());
                    }
                    Err(failure) => return Err(failure),
                }
            }
            Item::Member(collection, member) => View::of_member(&collection, member, &exchange.setting),
            Item::Notification(notification) => {
                let owner = self.own.resource.owner().ok_or_else(Failure::not_found)?;
                View::of_notification(owner, notification, &exchange.setting)
            }
        };
        let view = exchange.with_access(view, needs).await?;
        response::write(&view, &self.wanted, exchange.preferences.detail, &mut self.out);
        Ok(())
    }
}
