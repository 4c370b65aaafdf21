//! Collections: the ones every owner has, the ones clients make, change and delete.

use std::collections::BTreeMap;

use calendar::collection::{CollectionName, Revision};
use calendar::refusal::Refusal;
use dav::xml::name::APPLE;
use store::collections::{CollectionRecord, Head, Role};
use store::{Change, Committed};

use crate::access::grants;
use crate::gate::{self, ATTEMPTS_MAX, Edit};
use crate::home;
use crate::index;
use crate::owner::Owner;
use crate::reading::{Reading, property_key};
use crate::sharing;
use crate::unified;
use crate::world::{World, refusal_of};

/// Ids that the server keeps for itself: no source and no client may take them.
pub const RESERVED: &[&str] = &["personal", "bookings", unified::ID, "hours", "inbox", "outbox"];

/// Collections of one owner beyond which clients make no more: every change looks at all of them.
pub const COLLECTIONS_MAX: usize = 250;

/// Members changed in one commit when a whole collection is gone through.
const PAGE: usize = 100;

/// Makes the collections that every owner has and that are not there yet.
pub async fn ensure_home(world: &World, owner: &Owner) -> Result<(), Refusal> {
    let all = ["VEVENT", "VTODO", "VJOURNAL"];
    let messages = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"];
    // The unified collection first: what is written afterwards shows in it.
    let wanted = [
        (unified::ID, Role::Unified, "Everything", &all[..], false),
        ("personal", Role::Personal, "Personal", &all[..], true),
        ("bookings", Role::Bookings, "Bookings", &all[..1], false),
        ("inbox", Role::Inbox, "Inbox", &messages[..], false),
        ("outbox", Role::Outbox, "Outbox", &[], false),
    ];
    for (id, role, display_name, components, writable) in wanted {
        let name = CollectionName::new(&owner.id, id);
        let counts = !matches!(role, Role::Unified | Role::Inbox | Role::Outbox);
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
        display_name: display_name.to_owned(),
        description: None,
        description_language: None,
        timezone: None,
        timezone_id: None,
        availability: None,
        components: components.iter().map(|&component| component.to_owned()).collect(),
        counts_as_busy: true,
        in_unified: true,
        writable: false,
        properties: look(&role),
        role,
        // The upper half is chance, so that a token of an earlier life of the collection is unknown.
        epoch: world.draw_number(),
        created: world.now().as_unix(),
    }
}

/// Colours of mirrors, by turns of their names.
const COLOURS: [&str; 6] = ["#1E88E5FF", "#F4511EFF", "#8E24AAFF", "#00897BFF", "#FDD835FF", "#6D4C41FF"];

/// The colour and the place in lists that a calendar of the server has until somebody sets others; clients that find
/// none draw a new one each time they are set up.
fn look(role: &Role) -> BTreeMap<String, String> {
    let (colour, order) = match role {
        Role::Personal => ("#43A047FF", 1),
        Role::Bookings => ("#D81B60FF", 2),
        Role::Unified => ("#546E7AFF", 3),
        Role::Mirror { source } => {
            let turn =
                source.bytes().fold(0_usize, |sum, octet| sum.wrapping_mul(31).wrapping_add(octet.into()));
            (COLOURS[turn % COLOURS.len()], 4)
        }
        _ => return BTreeMap::new(),
    };
    let property = |local: &str, text: &str| {
        (property_key(APPLE, local), format!("<{local} xmlns=\"{APPLE}\">{text}</{local}>"))
    };
    BTreeMap::from([property("calendar-color", colour), property("calendar-order", &order.to_string())])
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
        home::touch(world, &mut change, &name.owner).await?;
        change.put_collection(name, record, 0);
        index::begin(
            &mut change,
            name,
            &Reading::new(owner, record, &world.limits),
            (world.now(), record.in_unified),
        );
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
        home::touch(world, &mut change, &name.owner).await?;
        change.put_collection(name, &record, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            // What is derived follows. Until then questions are answered live; if it is cut short, or another is at it,
            // the next refresh does the rest.
            return match index::refresh(world, name).await {
                Ok(_) | Err(Refusal::Contended) => Ok(()),
                Err(refusal) => Err(refusal),
            };
        }
    }
    Err(Refusal::Contended)
}

/// Deletes a collection with its members.
pub async fn delete(world: &World, name: &CollectionName) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        empty(world, name).await?;
        // Also raises the floor: a client that asks now begins anew instead of missing what is gone.
        world.store.prune_log(name, Revision(u64::MAX)).await.map_err(refusal_of)?;
        let head = world.store.head(name).await.map_err(refusal_of)?;
        let Some((_, version)) = world.store.collection(name).await.map_err(refusal_of)? else {
            return Err(Refusal::NotFound);
        };
        // Members go through the gate only; one that came meanwhile is met by the next attempt.
        if !world.store.members(name, None, 1).await.map_err(refusal_of)?.is_empty()
            || !is_swept(world, name, head).await?
        {
            continue;
        }
        let mut change = Change::new();
        home::touch(world, &mut change, &name.owner).await?;
        if let Some((_, index_version)) = index::state(world, name).await? {
            index::end(&mut change, name, index_version);
        }
        grants::forget(world, &mut change, name).await?;
        sharing::end_all(world, &mut change, name).await?;
        change.remove_collection(name, version, head);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Removes whatever is left under the name; `false` if the collection has moved on from `head`.
async fn is_swept(world: &World, name: &CollectionName, head: Head) -> Result<bool, Refusal> {
    loop {
        match world.store.remove_remains(name, head, PAGE).await.map_err(refusal_of)? {
            None => return Ok(false),
            Some(0) => return Ok(true),
            Some(_) => {}
        }
    }
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

fn member_of(
    name: &CollectionName,
    member: calendar::collection::MemberName,
) -> calendar::collection::ObjectName {
    calendar::collection::ObjectName { collection: name.clone(), member }
}

/// Whether a collection makes its owner busy: the mirror of a linked source as the settings say at this moment, any
/// other as its record says.
pub fn counts_as_busy(owner: &Owner, record: &CollectionRecord) -> bool {
    match &record.role {
        Role::Unified | Role::Inbox | Role::Outbox | Role::Shared { .. } => false,
        Role::Mirror { source } => owner
            .sources
            .iter()
            .find(|settings| settings.id == *source)
            .map_or(record.counts_as_busy, |settings| settings.counts_as_busy),
        _ => record.counts_as_busy,
    }
}
