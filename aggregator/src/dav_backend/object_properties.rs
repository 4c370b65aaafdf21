//! What clients have objects keep: dead properties (RFC 4918 §4.3).
//!
//! A record names the moment at which its object was made, so that one that is made anew does not inherit it.

use std::collections::BTreeMap;

use calendar::collection::{CollectionName, ObjectName, PrincipalId};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use dav::backend::{DeadProperties, PropertyChange, SourceFate};
use dav::property::storage::id_of_object;
use serde::{Deserialize, Serialize};
use store::engine::Version;
use store::records::Table;
use store::{Change, Committed};

use crate::dav_backend::properties;
use crate::gate::ATTEMPTS_MAX;
use crate::world::{World, refusal_of};

/// Key: owner, collection, member.
const TABLE: Table = Table("object-properties");

/// Octets that all objects of a home keep together: they are in memory at once.
const HOME_OCTETS_MAX: usize = 8 * 1024 * 1024;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// When the object was made, UTC seconds.
    created: i64,
    properties: BTreeMap<String, String>,
    /// DAV:resource-id, of an object that was moved.
    #[serde(default)]
    resource_id: Option<String>,
}

impl Kept {
    fn octets(&self) -> usize {
        self.properties.iter().map(|(name, xml)| name.len() + xml.len()).sum()
    }
}

/// What goes with an object that is relocated.
struct Carried {
    properties: BTreeMap<String, String>,
    resource_id: Option<String>,
}

fn key(name: &ObjectName) -> [&str; 3] {
    [name.collection.owner.as_str(), name.collection.id.as_str(), name.member.as_str()]
}

/// Those of all objects of `home` that have any.
pub(super) async fn all(
    world: &World,
    home: &PrincipalId,
) -> Result<BTreeMap<ObjectName, DeadProperties>, Refusal> {
    let mut found = BTreeMap::new();
    for row in
        world.store.records::<Kept>(TABLE, &[home.as_str()], None, usize::MAX).await.map_err(refusal_of)?
    {
        let [owner, id, member] = row.key.as_slice() else { continue };
        let name = ObjectName::new(&CollectionName::new(owner, id), member);
        let facts = world.store.facts(&name).await.map_err(refusal_of)?;
        if facts.is_some_and(|facts| facts.created == row.record.created) {
            found.insert(name, properties::dead_of(&row.record.properties));
        }
    }
    Ok(found)
}

async fn kept(world: &World, name: &ObjectName, created: i64) -> Result<(Kept, Version), Refusal> {
    let seen = world.store.record::<Kept>(TABLE, &key(name)).await.map_err(refusal_of)?;
    let (kept, version) = seen.unwrap_or_default();
    if kept.created == created {
        Ok((kept, version))
    } else {
        Ok((Kept { created, ..Kept::default() }, version))
    }
}

/// Sets and removes some of one object, all or none.
pub(super) async fn change(
    world: &World,
    name: &ObjectName,
    changes: &[PropertyChange],
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let facts = world.store.facts(name).await.map_err(refusal_of)?.ok_or(Refusal::NotFound)?;
        let (mut kept, version) = kept(world, name, facts.created).await?;
        let had = kept.octets();
        for change in changes {
            let PropertyChange::Dead(name, value) = change else {
                return Err(Refusal::Protected("an object keeps only what the server does not know"));
            };
            properties::keep(&mut kept.properties, name, value.as_ref());
        }
        properties::check_room(&kept.properties)?;
        if kept.octets() > had {
            room(world, &name.collection.owner, kept.octets() - had).await?;
        }
        if write(world, name, &kept, version).await? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Whether the objects of `home` may keep so many octets more.
async fn room(world: &World, home: &PrincipalId, more: usize) -> Result<(), Refusal> {
    let rows = world.store.records::<Kept>(TABLE, &[home.as_str()], None, usize::MAX).await;
    let kept: usize = rows.map_err(refusal_of)?.iter().map(|row| row.record.octets()).sum();
    if kept.saturating_add(more) > HOME_OCTETS_MAX { Err(Refusal::Full) } else { Ok(()) }
}

async fn write(world: &World, name: &ObjectName, kept: &Kept, version: Version) -> Result<bool, Refusal> {
    let mut change = Change::new();
    change.put_record(TABLE, &key(name), kept, version);
    Ok(matches!(world.store.commit(change).await.map_err(refusal_of)?, Committed::At(_)))
}

/// Forgets those of an object that has gone, or was just made.
pub(super) async fn forget(world: &World, name: &ObjectName) -> Result<(), Refusal> {
    if let Some((_, version)) = world.store.record::<Kept>(TABLE, &key(name)).await.map_err(refusal_of)? {
        let mut change = Change::new();
        change.remove_record(TABLE, &key(name), version);
        // If it has moved meanwhile, somebody else is at it.
        world.store.commit(change).await.map_err(refusal_of)?;
    }
    Ok(())
}

/// What an object keeps that is about to be relocated.
async fn of(world: &World, name: &ObjectName) -> Result<Carried, Refusal> {
    let nothing = Carried { properties: BTreeMap::new(), resource_id: None };
    let Some(facts) = world.store.facts(name).await.map_err(refusal_of)? else { return Ok(nothing) };
    let kept = kept(world, name, facts.created).await?.0;
    let resource_id = match (kept.resource_id, world.store.collection(&name.collection).await) {
        (Some(id), _) => Some(id),
        (None, Ok(Some((record, _)))) => {
            let made = (name.member.as_str(), Instant::from_unix(facts.created));
            Some(id_of_object(&name.collection, record.epoch, made))
        }
        (None, _) => None,
    };
    Ok(Carried { properties: kept.properties, resource_id })
}

/// The names that moved objects of `home` had before.
pub(super) async fn resource_ids(
    world: &World,
    home: &PrincipalId,
) -> Result<BTreeMap<ObjectName, String>, Refusal> {
    let mut found = BTreeMap::new();
    let rows = world.store.records::<Kept>(TABLE, &[home.as_str()], None, usize::MAX).await;
    for row in rows.map_err(refusal_of)? {
        let ([_, id, member], Some(resource_id)) = (row.key.as_slice(), row.record.resource_id) else {
            continue;
        };
        let name = ObjectName::new(&CollectionName::new(home.as_str(), id), member);
        let facts = world.store.facts(&name).await.map_err(refusal_of)?;
        if facts.is_some_and(|facts| facts.created == row.record.created) {
            found.insert(name, resource_id);
        }
    }
    Ok(found)
}

/// Adds to `change` that the relocated object keeps what it kept where it came from (RFC 4918 §9.8.2, §9.9.1);
/// `created`: when the object at the destination was made, UTC seconds.
///
/// # Errors
/// [`Refusal::Full`] for a copy that there is no room for.
pub(super) async fn carry(
    world: &World,
    change: &mut Change,
    (from, to): (&ObjectName, &ObjectName),
    (source, created): (SourceFate, i64),
) -> Result<(), Refusal> {
    let carried = of(world, from).await?;
    if source == SourceFate::Leaves {
        let here = world.store.record::<Kept>(TABLE, &key(from)).await.map_err(refusal_of)?;
        if let Some((_, version)) = here {
            change.remove_record(TABLE, &key(from), version);
        }
    }
    // A copy is another resource (RFC 5842 §3.1).
    let resource_id = carried.resource_id.filter(|_| source == SourceFate::Leaves);
    let (_, version) = kept(world, to, created).await?;
    let kept = Kept { created, properties: carried.properties, resource_id };
    if version == 0 && kept.properties.is_empty() && kept.resource_id.is_none() {
        return Ok(());
    }
    let is_moved_at_home = source == SourceFate::Leaves && from.collection.owner == to.collection.owner;
    if !is_moved_at_home && !kept.properties.is_empty() {
        room(world, &to.collection.owner, kept.octets()).await?;
    }
    change.put_record(TABLE, &key(to), &kept, version);
    Ok(())
}
