//! Collections: the ones every owner has, the ones clients make, change and delete.

use std::collections::BTreeMap;

use calendar::collection::{CollectionName, PrincipalId};
use calendar::refusal::Refusal;
use store::collections::{CollectionRecord, Role};
use store::engine::Version;
use store::records::Table;
use store::{Change, Committed};

use crate::gate::{self, ATTEMPTS_MAX, Edit};
use crate::index;
use crate::owner::Owner;
use crate::reading::Reading;
use crate::unified;
use crate::world::{World, refusal_of};

/// Counts the comings and goings of an owner's collections: key owner. Whoever looked at all of them expects it.
pub const HOMES: Table = Table("homes");

/// Ids that the server keeps for itself: no source and no client may take them.
pub const RESERVED: &[&str] = &["personal", "bookings", unified::ID, "hours", "inbox", "outbox"];

/// Members changed in one commit when a whole collection is gone through.
const PAGE: usize = 100;

/// Makes the collections that every owner has and that are not there yet.
pub async fn ensure_home(world: &World, owner: &Owner) -> Result<(), Refusal> {
    let all = ["VEVENT", "VTODO", "VJOURNAL"];
    // The unified collection first: what is written afterwards shows in it.
    let wanted = [
        (unified::ID, Role::Unified, "Everything", &all[..], false),
        ("personal", Role::Personal, "Personal", &all[..], true),
        ("bookings", Role::Bookings, "Bookings", &all[..1], false),
    ];
    for (id, role, display_name, components, writable) in wanted {
        let name = CollectionName::new(&owner.id, id);
        let counts = role != Role::Unified;
        let record = CollectionRecord {
            counts_as_busy: counts,
            in_unified: counts,
            writable,
            ..blank(world, role, display_name, components)
        };
        match make(world, owner, &name, &record).await {
            Ok(()) | Err(Refusal::Exists) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

/// A record with nothing set, opaque and shown, for a collection made now.
pub fn blank(world: &World, role: Role, display_name: &str, components: &[&str]) -> CollectionRecord {
    CollectionRecord {
        role,
        display_name: display_name.to_owned(),
        description: None,
        timezone: None,
        timezone_id: None,
        components: components.iter().map(|&component| component.to_owned()).collect(),
        counts_as_busy: true,
        in_unified: true,
        writable: false,
        properties: BTreeMap::new(),
        // The upper half is chance, so that a token of an earlier life of the collection is unknown.
        epoch: world.draw_number(),
        created: world.now().as_unix(),
    }
}

/// Makes a collection.
///
/// # Errors
/// [`Refusal::Exists`] if there is one of that name.
pub async fn make(
    world: &World,
    owner: &Owner,
    name: &CollectionName,
    record: &CollectionRecord,
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        if world.store.collection(name).await.map_err(refusal_of)?.is_some() {
            return Err(Refusal::Exists);
        }
        let mut change = Change::new();
        touch_home(world, &mut change, &name.owner).await?;
        change.put_collection(name, record, 0);
        index::begin(&mut change, name, &Reading::new(owner, record, &world.limits), world.now());
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Changes a collection's record by `edit`, and brings the index in step where its reading has changed.
///
/// # Errors
/// [`Refusal::NotFound`]; what `edit` says.
pub async fn change(
    world: &World,
    name: &CollectionName,
    edit: impl Fn(&mut CollectionRecord) -> Result<(), Refusal> + Send + Sync,
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let (mut record, version) =
            world.store.collection(name).await.map_err(refusal_of)?.ok_or(Refusal::NotFound)?;
        let before = record.clone();
        edit(&mut record)?;
        if record == before {
            return Ok(());
        }
        let mut change = Change::new();
        touch_home(world, &mut change, &name.owner).await?;
        change.put_collection(name, &record, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            // Until it is done questions are answered live; if it is cut short, the next start does it.
            index::refresh(world, name).await?;
            if record.in_unified != before.in_unified {
                restage(world, name).await?;
            }
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Deletes a collection with its members.
pub async fn delete(world: &World, name: &CollectionName) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        empty(world, name).await?;
        // Tombstones and whatever else is left under the name.
        while world.store.remove_members(name, PAGE).await.map_err(refusal_of)? > 0 {}
        let head = world.store.head(name).await.map_err(refusal_of)?;
        let Some((_, version)) = world.store.collection(name).await.map_err(refusal_of)? else {
            return Err(Refusal::NotFound);
        };
        if !world.store.members(name, None, 1).await.map_err(refusal_of)?.is_empty() {
            continue;
        }
        let mut change = Change::new();
        touch_home(world, &mut change, &name.owner).await?;
        if let Some((_, index_version)) = index::state(world, name).await? {
            index::end(&mut change, name, index_version);
        }
        change.remove_collection(name, version, head);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Deletes all members through the gate, so that the unified collection follows.
async fn empty(world: &World, name: &CollectionName) -> Result<(), Refusal> {
    loop {
        let page = world.store.members(name, None, PAGE).await.map_err(refusal_of)?;
        if page.is_empty() {
            return Ok(());
        }
        let edits: Vec<Edit> = page
            .into_iter()
            .map(|facts| Edit { name: member_of(name, facts.member), octets: None })
            .collect();
        gate::change(world, &edits, |_| Ok(())).await?;
    }
}

/// Puts all members through the gate again as they are, so that what is derived from them is made anew.
async fn restage(world: &World, name: &CollectionName) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = world.store.members(name, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.member.clone());
        let mut edits = Vec::with_capacity(page.len());
        for facts in page {
            let member = member_of(name, facts.member);
            if let Some(stored) = world.store.object(&member).await.map_err(refusal_of)? {
                edits.push(Edit { name: member, octets: Some(stored.octets) });
            }
        }
        gate::change(world, &edits, |_| Ok(())).await?;
    }
}

fn member_of(
    name: &CollectionName,
    member: calendar::collection::MemberName,
) -> calendar::collection::ObjectName {
    calendar::collection::ObjectName { collection: name.clone(), member }
}

async fn touch_home(world: &World, change: &mut Change, owner: &PrincipalId) -> Result<(), Refusal> {
    let seen = world.store.record::<u64>(HOMES, &[owner.as_str()]).await.map_err(refusal_of)?;
    let (count, version): (u64, Version) = seen.unwrap_or((0, 0));
    change.put_record(HOMES, &[owner.as_str()], &(count + 1), version);
    Ok(())
}
