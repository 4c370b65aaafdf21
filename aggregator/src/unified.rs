//! The unified collection: every event of an owner once, whatever number of calendars it is seen through.
//!
//! A member stands for a UID and shows the copy that wins: the one with the most rights (native before mirror), then
//! with the most detail (the longer text), then from the source that stands first in the settings, then by name. It is
//! kept by the gate in the commit that changes a copy, so its cost is that of the change. What is served is the copy's
//! text with X-KALENDS-SOURCE naming the calendar it comes from.

use std::collections::BTreeMap;
use std::sync::Arc;

use calendar::collection::{CollectionName, ObjectName};
use calendar::refusal::Refusal;
use sha2::{Digest, Sha256};
use store::collections::{CollectionRecord, Head, Role};
use store::objects::{NewObject, ObjectChange, ObjectFacts};
use store::{Change, Committed};

use crate::gate::ATTEMPTS_MAX;
use crate::home;
use crate::owner::Owner;
use crate::reading::{hex, tag_of};
use crate::world::{World, refusal_of};
use crate::zones;

/// The id of the unified collection.
pub const ID: &str = "unified";

/// Members that are decided anew in one commit.
const PAGE: usize = 100;

/// The unified collection of an owner as one thought sees it.
pub struct Seen {
    name: CollectionName,
    head: Head,
    collections: BTreeMap<CollectionName, CollectionRecord>,
}

/// What the edits of one change do to copies: by UID, the copies that change.
#[derive(Default)]
pub struct Touched {
    by_uid: BTreeMap<String, Vec<(ObjectName, Option<Copy>)>>,
}

/// A copy of an event, as far as it matters who wins.
#[derive(Clone, Debug)]
struct Copy {
    name: ObjectName,
    octets: usize,
    text: Option<Arc<[u8]>>,
    facts: CopyFacts,
}

#[derive(Clone, Debug)]
struct CopyFacts {
    kind: calendar::object::Kind,
    created: i64,
    reach: Option<calendar::time::Span>,
}

impl Touched {
    /// Takes note of one changed object.
    pub(crate) fn add(&mut self, change: &ObjectChange, octets: Option<Arc<[u8]>>) {
        if let Some(before) = &change.before {
            let same = change.after.as_ref().is_some_and(|after| after.uid == before.uid);
            if !same {
                self.by_uid.entry(before.uid.clone()).or_default().push((change.name.clone(), None));
            }
        }
        if let Some(after) = &change.after {
            let copy = Copy {
                name: change.name.clone(),
                octets: after.octets.len(),
                text: octets,
                facts: CopyFacts { kind: after.kind, created: after.created, reach: after.reach },
            };
            self.by_uid.entry(after.uid.clone()).or_default().push((change.name.clone(), Some(copy)));
        }
    }
}

/// The unified collection of `owner`, if it was made.
pub async fn see(world: &World, owner: &Owner) -> Result<Option<Seen>, Refusal> {
    let name = CollectionName::new(&owner.id, ID);
    let head = world.store.head(&name).await.map_err(refusal_of)?;
    if head.version == 0 {
        return Ok(None);
    }
    let collections = world.store.collections(&name.owner).await.map_err(refusal_of)?.into_iter().collect();
    Ok(Some(Seen { name, head, collections }))
}

/// The member of the unified collection that stands for `uid`.
pub fn member_for(unified: &CollectionName, uid: &str) -> ObjectName {
    ObjectName::new(unified, &format!("{}.ics", hex(&Sha256::digest(uid.as_bytes())[..16])))
}

/// What a member shows: the copy's text with the calendar it comes from.
pub fn shown(world: &World, octets: &Arc<[u8]>, source: &str) -> Arc<[u8]> {
    match zones::read_object(Arc::clone(octets), &world.limits) {
        Ok(object) => object.with_property("X-KALENDS-SOURCE", source),
        // It was readable when it was written; should the limits have shrunk since, it is shown as it is.
        Err(_) => Arc::clone(octets),
    }
}

/// Adds to `change` what the touched copies make of the unified collection.
pub(crate) async fn stage(
    world: &World,
    change: &mut Change,
    (owner, seen): (&Owner, &Seen),
    touched: &Touched,
) -> Result<(), Refusal> {
    let mut changes = Vec::new();
    for (uid, edits) in &touched.by_uid {
        let member = member_for(&seen.name, uid);
        let before = world.store.facts(&member).await.map_err(refusal_of)?;
        let copies = copies(world, (owner, seen), uid, edits).await?;
        let after = match winner(owner, seen, &copies) {
            Some(copy) => {
                let after = new_member(world, uid, copy, before.as_ref()).await?;
                if after.is_none() {
                    // It went away between two reads.
                    change.outdated();
                }
                after
            }
            None => None,
        };
        let unchanged = match (&before, &after) {
            (None, None) => true,
            (Some(before), Some(after)) => {
                before.tag == after.tag && before.shows == after.shows && before.reach == after.reach
            }
            _ => false,
        };
        if !unchanged {
            let modified = world.now().as_unix();
            changes.push(ObjectChange { name: member, before, after, modified });
        }
    }
    if changes.is_empty() {
        // Who wins was decided by what this head stood for, and others decide by the copies that change here: two that
        // each leave the winner as it is could together have unseated it.
        change.touch_head(&seen.name, seen.head);
    } else {
        change.change_objects(&seen.name, seen.head, &changes);
    }
    Ok(())
}

/// Decides anew who wins for the members of `collection`, whose place in the unified collection has changed.
pub(crate) async fn restage(world: &World, collection: &CollectionName) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = world.store.members(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.member.clone());
        restage_page(world, collection, &page).await?;
    }
}

async fn restage_page(
    world: &World,
    collection: &CollectionName,
    page: &[ObjectFacts],
) -> Result<(), Refusal> {
    let owner = world.owner(collection.owner.as_str()).ok_or(Refusal::NotFound)?;
    let mut touched = Touched::default();
    for facts in page {
        touched.by_uid.entry(facts.uid.clone()).or_default();
    }
    for _ in 0..ATTEMPTS_MAX {
        let _turn = world.turns.of(&owner.id).await;
        let mut change = Change::new();
        home::expect(world, &mut change, &collection.owner).await?;
        let Some(seen) = see(world, &owner).await? else { return Ok(()) };
        stage(world, &mut change, (&owner, &seen), &touched).await?;
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// All copies of `uid` in collections that show in the unified one, as they will be after the edits.
async fn copies(
    world: &World,
    (owner, seen): (&Owner, &Seen),
    uid: &str,
    edits: &[(ObjectName, Option<Copy>)],
) -> Result<Vec<Copy>, Refusal> {
    let shows = |collection: &CollectionName| {
        *collection != seen.name && seen.collections.get(collection).is_some_and(|record| record.in_unified)
    };
    let mut copies: Vec<Copy> =
        edits.iter().filter_map(|(name, copy)| copy.clone().filter(|_| shows(&name.collection))).collect();
    let owner_id = calendar::collection::PrincipalId::new(owner.id.as_str());
    for name in world.store.copies_of(&owner_id, uid).await.map_err(refusal_of)? {
        if !shows(&name.collection) || edits.iter().any(|(edited, _)| *edited == name) {
            continue;
        }
        if let Some(facts) = world.store.facts(&name).await.map_err(refusal_of)? {
            copies.push(Copy {
                name,
                octets: facts.octets,
                text: None,
                facts: CopyFacts { kind: facts.kind, created: facts.created, reach: facts.reach },
            });
        }
    }
    Ok(copies)
}

fn winner<'a>(owner: &Owner, seen: &Seen, copies: &'a [Copy]) -> Option<&'a Copy> {
    copies.iter().min_by_key(|copy| {
        let role = seen.collections.get(&copy.name.collection).map(|record| &record.role);
        let (rights, place) = match role {
            Some(Role::Bookings) => (0, 0),
            Some(Role::Personal) => (1, 0),
            Some(Role::Mirror { source }) => {
                let place = owner.sources.iter().position(|settings| settings.id == *source);
                (3, place.unwrap_or(usize::MAX))
            }
            _ => (2, 0),
        };
        (rights, std::cmp::Reverse(copy.octets), place, copy.name.clone())
    })
}

async fn new_member(
    world: &World,
    uid: &str,
    copy: &Copy,
    before: Option<&ObjectFacts>,
) -> Result<Option<NewObject>, Refusal> {
    let text = match &copy.text {
        Some(text) => Arc::clone(text),
        None => match world.store.object(&copy.name).await.map_err(refusal_of)? {
            Some(stored) => stored.octets,
            None => return Ok(None),
        },
    };
    let shown = shown(world, &text, copy.name.collection.id.as_str());
    Ok(Some(NewObject {
        tag: tag_of(&shown),
        uid: uid.to_owned(),
        kind: copy.facts.kind,
        octets: Arc::from([]),
        length: shown.len(),
        created: before.map_or(copy.facts.created, |facts| facts.created),
        reach: copy.facts.reach,
        shows: Some(copy.name.clone()),
        busy: Vec::new(),
        beyond: None,
    }))
}
