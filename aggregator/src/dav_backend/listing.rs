//! Members by page, objects whole, and what has changed.

use std::sync::Arc;

use calendar::collection::{CollectionName, MemberName, ObjectName, Revision, SyncToken};
use calendar::refusal::Refusal;
use dav::backend::{Changes, Member, MemberPage, Object};
use sha2::{Digest, Sha256};
use store::collections::CollectionRecord;
use store::objects::{ObjectFacts, StoredObject};

use crate::dav_backend::member_of;
use crate::dav_backend::scheduling::tagged;
use crate::scheduling::rows;
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
    let members = rows.into_iter().filter(keep).map(member_of).collect();
    Ok(MemberPage { members: tagged(world, name, members).await?, next })
}

/// An object whole; a member of the unified collection with the text of the copy it shows.
pub(super) async fn object(world: &World, name: &ObjectName) -> Result<Option<Object>, Refusal> {
    let Some(StoredObject { facts, octets }) = world.store.object(name).await.map_err(refusal_of)? else {
        return Ok(None);
    };
    let Some(copy) = facts.shows.clone() else {
        let mut facts = member_of(facts);
        facts.schedule_tag = rows::schedule_tag(world, name, &facts.tag).await?;
        return Ok(Some(Object { facts, octets }));
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
    let at = |revision| SyncToken { epoch: record.epoch, revision };
    let from = match since {
        None => {
            if let Some(changed) = all(world, name, limit).await? {
                let (removed, token) = (Vec::new(), at(head.revision));
                return Ok(Changes { changed, removed, token, truncated: false });
            }
            Revision(0)
        }
        Some(token) => {
            let of_this_life = token.epoch == record.epoch && token.revision >= head.floor;
            let of_this_listing = token.epoch == listing_epoch(record.epoch, head.floor);
            if !(of_this_life || of_this_listing) || token.revision > head.revision {
                return Err(Refusal::SyncTokenExpired);
            }
            token.revision
        }
    };
    let rows = world.store.changes_since(name, from, limit).await.map_err(refusal_of)?;
    let last = rows.last().map_or(from, |row| row.revision);
    let truncated = !world.store.changes_since(name, last, 1).await.map_err(refusal_of)?.is_empty();
    let floor = world.store.head(name).await.map_err(refusal_of)?.floor;
    if since.is_some() && floor != head.floor && from < floor {
        // Tombstones were pruned while the log was read.
        return Err(Refusal::SyncTokenExpired);
    }
    let members: Vec<MemberName> = rows.into_iter().map(|row| row.member).collect();
    let (mut changed, mut removed) = (Vec::with_capacity(members.len()), Vec::new());
    for page in members.chunks(PAGE) {
        let facts = world.store.facts_of(name, page).await.map_err(refusal_of)?;
        for (member, facts) in page.iter().zip(facts) {
            match facts {
                Some(facts) => changed.push(member_of(facts)),
                None if since.is_some() => removed.push(member.clone()),
                None => {}
            }
        }
    }
    let revision = if truncated { last } else { head.revision.max(last) };
    let token = if truncated && revision < head.floor {
        SyncToken { epoch: listing_epoch(record.epoch, head.floor), revision }
    } else {
        at(revision)
    };
    let changed = tagged(world, name, changed).await?;
    Ok(Changes { changed, removed, token, truncated })
}

/// All members, if there are no more than `limit`; they are read as they lie, without their log.
async fn all(world: &World, name: &CollectionName, limit: usize) -> Result<Option<Vec<Member>>, Refusal> {
    let mut members: Vec<Member> = Vec::new();
    loop {
        let after = members.last().map(|member| &member.member);
        let page = world.store.members(name, after, PAGE).await.map_err(refusal_of)?;
        let is_last = page.len() < PAGE;
        let page = page.into_iter().map(member_of).collect();
        members.extend(tagged(world, name, page).await?);
        if members.len() > limit {
            return Ok(None);
        }
        if is_last {
            return Ok(Some(members));
        }
    }
}

/// The epoch of tokens of a first listing that is under way and has not reached the log's floor: below it all rows are
/// of members that are there. Should the floor rise before the listing is done, members may have gone without a trace,
/// and the token is known no more.
fn listing_epoch(epoch: u64, floor: Revision) -> u64 {
    let mut hash = Sha256::new();
    hash.update(epoch.to_be_bytes());
    hash.update(floor.0.to_be_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}
