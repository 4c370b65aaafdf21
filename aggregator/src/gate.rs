//! The one way a calendar object changes: the object, its busy periods, its change-log row and its place in the
//! unified collection, in one commit with whatever the caller adds (letters, bookings, agreements).
//!
//! Read, think, write: [`stage`] reads what the edits touch and adds to a [`Change`] what follows from them, with the
//! expectation that nothing seen has moved. Nothing is written until the change is committed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use calendar::collection::{CollectionName, EntityTag, MemberName, ObjectName, PrincipalId};
use calendar::refusal::Refusal;
use calendar::text::TextError;
use store::collections::{Head, Role};
use store::engine::Version;
use store::objects::{NewObject, ObjectChange, ObjectFacts};
use store::{Change, Committed};

use crate::attachments;
use crate::home;
use crate::index::{self, IndexState, Indexed, Standing};
use crate::push;
use crate::reading::{Reading, tag_of};
use crate::unified;
use crate::world::{World, refusal_of};
use crate::zones;

/// How often an operation thinks again when what it saw has moved.
pub const ATTEMPTS_MAX: usize = 32;

/// What an object is to become.
#[derive(Clone, Debug)]
pub struct Edit {
    /// Which object.
    pub name: ObjectName,
    /// Its new octets; `None`: deleted.
    pub octets: Option<Arc<[u8]>>,
}

/// What an edit met and what it makes.
#[derive(Clone, Debug)]
pub struct Staged {
    /// What was there.
    pub before: Option<ObjectFacts>,
    /// The tag of what will be there.
    pub tag: Option<EntityTag>,
    /// When what will be there was made, UTC seconds.
    pub created: Option<i64>,
}

/// A collection as one thought sees it.
struct SeenCollection {
    head: Head,
    index: IndexState,
    index_version: Version,
    reading: Reading,
    /// In an inbox several messages may be about one UID: there each goes by its own name.
    is_inbox: bool,
}

/// Adds everything that belongs to the edits to `change`; in the order of the edits, what was seen. Edits of several
/// owners' calendars are one change all the same: an object that goes from one to another is never twice or nowhere.
///
/// # Errors
/// [`Refusal::NotFound`] for a collection or owner that is not there; [`Refusal::NotValidObject`],
/// [`Refusal::UidConflict`], [`Refusal::TooManyInstances`] for octets that cannot be kept; never half a change.
pub async fn stage(world: &World, change: &mut Change, edits: &[Edit]) -> Result<Vec<Staged>, Refusal> {
    let owners: BTreeSet<&PrincipalId> = edits.iter().map(|edit| &edit.name.collection.owner).collect();
    if owners.len() < 2 {
        return stage_in_home(world, change, edits).await;
    }
    let mut staged: Vec<Option<Staged>> = vec![None; edits.len()];
    for owner in owners {
        let of_owner = |edit: &Edit| edit.name.collection.owner == *owner;
        let some: Vec<Edit> = edits.iter().filter(|edit| of_owner(edit)).cloned().collect();
        let seen = stage_in_home(world, change, &some).await?;
        let places = edits.iter().enumerate().filter(|(_, edit)| of_owner(edit)).map(|(place, _)| place);
        for (place, one) in places.zip(seen) {
            staged[place] = Some(one);
        }
    }
    Ok(staged.into_iter().flatten().collect())
}

/// The same for edits that are all of one owner.
async fn stage_in_home(world: &World, change: &mut Change, edits: &[Edit]) -> Result<Vec<Staged>, Refusal> {
    let Some(first) = edits.first() else { return Ok(Vec::new()) };
    let owner = world.owner(first.name.collection.owner.as_str()).ok_or(Refusal::NotFound)?;
    // Zones, and what shows in the unified collection, are as they were seen only as long as no collection's record
    // has changed.
    home::expect(world, change, &first.name.collection.owner).await?;
    let mut claimed = BTreeMap::new();
    let mut by_collection: BTreeMap<CollectionName, Vec<usize>> = BTreeMap::new();
    for (position, edit) in edits.iter().enumerate() {
        by_collection.entry(edit.name.collection.clone()).or_default().push(position);
    }
    let mut staged: Vec<Option<Staged>> = vec![None; edits.len()];
    let mut touched = unified::Touched::default();
    // The unified head first: whatever changes after this moment makes the commit think again.
    let unified = unified::see(world, &owner).await?;
    let mut changed: Vec<CollectionName> = by_collection.keys().cloned().collect();
    changed.extend(unified.is_some().then(|| CollectionName::new(owner.id.as_str(), unified::ID)));
    push::stage(world, change, &changed).await?;
    for (collection, positions) in by_collection {
        let seen = see(world, &collection).await?;
        let mut changes = Vec::with_capacity(positions.len());
        for position in positions {
            let edit = &edits[position];
            let object = decide(world, &seen, edit, edits).await?;
            if let Some(after) = &object.after
                && let Some(other) =
                    claimed.insert((collection.clone(), after.uid.clone()), edit.name.clone())
                && other != edit.name
            {
                return Err(Refusal::UidConflict(other));
            }
            staged[position] = Some(Staged {
                before: object.before.clone(),
                tag: object.after.as_ref().map(|after| after.tag.clone()),
                created: object.after.as_ref().map(|after| after.created),
            });
            touched.add(&object, edit.octets.clone());
            changes.push(object);
        }
        // Removals first, so that a UID may move from one member to another in one change.
        changes.sort_by_key(|object| object.after.is_some());
        index::expect_reading(change, &collection, (&seen.index, seen.index_version), &seen.reading);
        change.change_objects(&collection, seen.head, &changes);
    }
    attachments::stage(world, change, edits).await?;
    if let Some(unified) = unified {
        unified::stage(world, change, (&owner, &unified), &touched).await?;
    }
    Ok(staged.into_iter().flatten().collect())
}

/// Stages `edits`, lets `check` look at what was seen, and commits; thinks again as often as it takes, up to
/// [`ATTEMPTS_MAX`] times.
///
/// # Errors
/// What [`stage`] and `check` say; [`Refusal::Contended`] after the last attempt.
pub async fn change(
    world: &World,
    edits: &[Edit],
    check: impl Fn(&[Staged]) -> Result<(), Refusal> + Send + Sync,
) -> Result<Vec<Staged>, Refusal> {
    let Some(first) = edits.first() else { return Ok(Vec::new()) };
    let _turn = world.turns.of(first.name.collection.owner.as_str()).await;
    for _ in 0..ATTEMPTS_MAX {
        let mut change = Change::new();
        let staged = stage(world, &mut change, edits).await?;
        check(&staged)?;
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(staged);
        }
    }
    Err(Refusal::Contended)
}

async fn see(world: &World, collection: &CollectionName) -> Result<SeenCollection, Refusal> {
    let head = world.store.head(collection).await.map_err(refusal_of)?;
    // The state of the index before what its basis is made from: a rebuild that begins later moves the state, and one
    // that began earlier read no newer basis than this.
    let (index, index_version) = index::state(world, collection).await?.ok_or(Refusal::NoParent)?;
    let owner = world.owner(collection.owner.as_str()).ok_or(Refusal::NotFound)?;
    let (record, _) =
        world.store.collection(collection).await.map_err(refusal_of)?.ok_or(Refusal::NoParent)?;
    let reading = Reading::new(&owner, &record, &world.limits);
    Ok(SeenCollection { head, index, index_version, reading, is_inbox: record.role == Role::Inbox })
}

/// What one edit makes of one object.
async fn decide(
    world: &World,
    seen: &SeenCollection,
    edit: &Edit,
    edits: &[Edit],
) -> Result<ObjectChange, Refusal> {
    let before = world.store.facts(&edit.name).await.map_err(refusal_of)?;
    let now = world.now();
    let after = match &edit.octets {
        Some(octets) => Some(new_object(world, seen, (edit, octets), before.as_ref(), edits).await?),
        None => None,
    };
    Ok(ObjectChange { name: edit.name.clone(), before, after, modified: now.as_unix() })
}

async fn new_object(
    world: &World,
    seen: &SeenCollection,
    (edit, octets): (&Edit, &Arc<[u8]>),
    before: Option<&ObjectFacts>,
    edits: &[Edit],
) -> Result<NewObject, Refusal> {
    if octets.len() > world.limits.object_octets_max {
        return Err(Refusal::TooLarge { limit: world.limits.object_octets_max });
    }
    let object = zones::read_object(Arc::clone(octets), &world.limits).map_err(not_valid)?;
    let uid = if seen.is_inbox { edit.name.member.as_str() } else { object.uid() };
    one_uid(world, edit, uid, edits).await?;
    let owner = edit.name.collection.owner.as_str();
    let Indexed { reach, periods, beyond } =
        index::indexed(world, (owner, &seen.reading), (&object, Standing::New), seen.index.writing()).await?;
    Ok(NewObject {
        tag: tag_of(octets),
        uid: uid.to_owned(),
        kind: object.kind(),
        octets: Arc::clone(octets),
        length: octets.len(),
        created: before.map_or_else(|| world.now().as_unix(), |facts| facts.created),
        reach,
        shows: None,
        busy: periods,
        beyond,
    })
}

/// RFC 4791 §5.3.2.1, CALDAV:no-uid-conflict.
async fn one_uid(world: &World, edit: &Edit, uid: &str, edits: &[Edit]) -> Result<(), Refusal> {
    let holder: Option<MemberName> =
        world.store.by_uid(&edit.name.collection, uid).await.map_err(refusal_of)?;
    let Some(holder) = holder.filter(|holder| *holder != edit.name.member) else { return Ok(()) };
    let holder = ObjectName { collection: edit.name.collection.clone(), member: holder };
    let goes_away = edits.iter().any(|other| other.name == holder && other.octets.is_none());
    if goes_away { Ok(()) } else { Err(Refusal::UidConflict(holder)) }
}

/// A fault of the text in the words of a refusal.
pub fn not_valid(error: TextError) -> Refusal {
    Refusal::NotValidObject { line: error.line, property: error.property, reason: error.reason }
}
