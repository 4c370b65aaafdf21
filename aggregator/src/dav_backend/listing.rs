//! Members by page, objects whole, and what has changed.

use std::sync::Arc;

use calendar::collection::{CollectionName, MemberName, ObjectName, Revision, SyncToken};
use calendar::refusal::Refusal;
use dav::backend::{Changes, MemberPage, Object};
use store::collections::CollectionRecord;
use store::objects::{ObjectFacts, StoredObject};

use crate::dav_backend::member_of;
use crate::unified;
use crate::world::{World, refusal_of};

/// Members of one page.
const PAGE: usize = 500;

/// The next page of members that `keep` keeps, after the member `after`.
pub(super) async fn page(
    world: &World,
    name: &CollectionName,
    after: Option<&MemberName>,
    keep: impl Fn(&ObjectFacts) -> bool,
) -> Result<MemberPage, Refusal> {
    let rows = world.store.members(name, after, PAGE).await.map_err(refusal_of)?;
    let next = if rows.len() == PAGE { rows.last().map(|facts| facts.member.clone()) } else { None };
    Ok(MemberPage { members: rows.into_iter().filter(keep).map(member_of).collect(), next })
}

/// An object whole; a member of the unified collection with the text of the copy it shows.
pub(super) async fn object(world: &World, name: &ObjectName) -> Result<Option<Object>, Refusal> {
    let Some(StoredObject { facts, octets }) = world.store.object(name).await.map_err(refusal_of)? else {
        return Ok(None);
    };
    let Some(copy) = facts.shows.clone() else {
        return Ok(Some(Object { facts: member_of(facts), octets }));
    };
    let Some(original) = world.store.object(&copy).await.map_err(refusal_of)? else {
        // The copy went away after the member was read; with the next look the member shows another or is gone.
        return Ok(None);
    };
    let octets = unified::shown(world, &original.octets, copy.collection.id.as_str());
    let mut facts = facts;
    facts.tag = crate::reading::tag_of(&octets);
    Ok(Some(Object { facts: member_of(facts), octets: Arc::clone(&octets) }))
}

/// What has changed since a token; all members if there is none.
pub(super) async fn changes(
    world: &World,
    (name, record): (&CollectionName, &CollectionRecord),
    since: Option<SyncToken>,
    limit: usize,
) -> Result<Changes, Refusal> {
    // The head first: a change that slips in between is told twice, never lost.
    let head = world.store.head(name).await.map_err(refusal_of)?;
    let from = match since {
        None => Revision(0),
        Some(token) => {
            let known = token.epoch == record.epoch
                && token.revision <= head.revision
                && token.revision >= head.floor;
            if !known {
                return Err(Refusal::SyncTokenExpired);
            }
            token.revision
        }
    };
    let rows = world.store.changes_since(name, from, limit).await.map_err(refusal_of)?;
    let last = rows.last().map_or(from, |row| row.revision);
    let truncated = !world.store.changes_since(name, last, 1).await.map_err(refusal_of)?.is_empty();
    let mut changed = Vec::new();
    let mut removed = Vec::new();
    for row in rows {
        let member = ObjectName { collection: name.clone(), member: row.member };
        match world.store.facts(&member).await.map_err(refusal_of)? {
            Some(facts) => changed.push(member_of(facts)),
            None if since.is_some() => removed.push(member.member),
            None => {}
        }
    }
    let revision = if truncated { last } else { head.revision.max(last) };
    Ok(Changes { changed, removed, token: SyncToken { epoch: record.epoch, revision }, truncated })
}
