//! Bringing what is derived from a collection in step with what it is derived from.

use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::refusal::Refusal;
use calendar::time::Span;
use store::collections::Role;
use store::engine::Version;
use store::{Change, Committed};

use super::{IndexState, Indexed, Standing, TABLE, expect, indexed, state, wanted_extent};
use crate::gate::ATTEMPTS_MAX;
use crate::reading::Reading;
use crate::unified;
use crate::world::{World, refusal_of};
use crate::zones;

/// Members reindexed in one commit.
const STEP: usize = 50;

/// Brings what is derived from a collection in step: its index to the extent wanted now and the basis in force, its
/// place in the unified collection to what its record says. Whether there was anything to do.
///
/// Members are reindexed in steps; writers in between index by the new extent and basis, so that nothing is missed.
/// Until the last step questions are answered live where not both the old and the new index hold everything.
///
/// # Errors
/// [`Refusal::Contended`] if another refresh came in between; it, or the next one, does the rest.
pub async fn refresh(world: &World, collection: &CollectionName) -> Result<bool, Refusal> {
    let rebuilt = rebuild(world, collection).await?;
    Ok(reshow(world, collection).await? || rebuilt)
}

async fn rebuild(world: &World, collection: &CollectionName) -> Result<bool, Refusal> {
    // The state before what its basis is made from: whoever rebuilds on a newer basis moves it.
    let Some((before, version)) = state(world, collection).await? else { return Ok(false) };
    let Some(owner) = world.owner(collection.owner.as_str()) else { return Ok(false) };
    let Some((record, _)) = world.store.collection(collection).await.map_err(refusal_of)? else {
        return Ok(false);
    };
    let reading = Reading::new(&owner, &record, &world.limits);
    let (extent, basis) = (wanted_extent(world.now()), reading.basis());
    let done = IndexState::whole(extent, basis, before.shown);
    if before == done {
        return Ok(false);
    }
    let version = put_state(world, collection, &before.towards(&done), version).await?;
    let rebuild = Rebuild { world, collection, version, reading, extent };
    rebuild.run().await?;
    put_state(world, collection, &done, version).await?;
    Ok(true)
}

async fn reshow(world: &World, collection: &CollectionName) -> Result<bool, Refusal> {
    let mut restaged = false;
    loop {
        let Some((before, version)) = state(world, collection).await? else { return Ok(restaged) };
        let Some((record, _)) = world.store.collection(collection).await.map_err(refusal_of)? else {
            return Ok(restaged);
        };
        if record.role == Role::Unified || before.shown == Some(record.in_unified) {
            return Ok(restaged);
        }
        unified::restage(world, collection).await?;
        let after = IndexState { shown: Some(record.in_unified), ..before };
        put_state(world, collection, &after, version).await?;
        restaged = true;
    }
}

async fn put_state(
    world: &World,
    collection: &CollectionName,
    state: &IndexState,
    seen: Version,
) -> Result<Version, Refusal> {
    let mut change = Change::new();
    change.put_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], state, seen);
    match world.store.commit(change).await.map_err(refusal_of)? {
        Committed::At(version) => Ok(version),
        Committed::SeenHasMoved => Err(Refusal::Contended),
    }
}

/// A rebuild under way.
struct Rebuild<'a> {
    world: &'a World,
    collection: &'a CollectionName,
    /// The version of the state that began it; it goes on only as long as nobody else moves it.
    version: Version,
    reading: Reading,
    extent: Span,
}

impl Rebuild<'_> {
    async fn run(&self) -> Result<(), Refusal> {
        let mut after = None;
        loop {
            let page =
                self.world.store.members(self.collection, after.as_ref(), STEP).await.map_err(refusal_of)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.member.clone());
            let members: Vec<MemberName> =
                page.into_iter().filter(|facts| facts.shows.is_none()).map(|facts| facts.member).collect();
            if !members.is_empty() {
                self.step(&members).await?;
            }
        }
    }

    async fn step(&self, members: &[MemberName]) -> Result<(), Refusal> {
        for _ in 0..ATTEMPTS_MAX {
            let mut change = Change::new();
            expect(&mut change, self.collection, self.version);
            let shown = CollectionName::new(self.collection.owner.as_str(), unified::ID);
            let head = self.world.store.head(&shown).await.map_err(refusal_of)?;
            let mut moved = false;
            for member in members {
                moved |= self.reindex(&mut change, member).await?;
            }
            if moved && head.version != 0 {
                // Whoever makes one of these the winner meanwhile read where it reached before.
                change.touch_head(&shown, head);
            }
            if let Committed::At(_) = self.world.store.commit(change).await.map_err(refusal_of)? {
                return Ok(());
            }
            let now = state(self.world, self.collection).await?;
            if now.is_none_or(|(_, version)| version != self.version) {
                break;
            }
        }
        Err(Refusal::Contended)
    }

    /// Whether the member reaches elsewhere than before.
    async fn reindex(&self, change: &mut Change, member: &MemberName) -> Result<bool, Refusal> {
        let world = self.world;
        let name = ObjectName { collection: self.collection.clone(), member: member.clone() };
        let Some(stored) = world.store.object(&name).await.map_err(refusal_of)? else { return Ok(false) };
        let Ok(object) = zones::read_object(stored.octets, &world.limits) else { return Ok(false) };
        let owner = self.collection.owner.as_str();
        let Indexed { reach, periods, beyond } =
            indexed(world, (owner, &self.reading), (&object, Standing::Kept), self.extent).await?;
        change.reindex(self.collection, &stored.facts, reach, (&periods, beyond));
        // What shows it in the unified collection reaches as far.
        let shown = unified::member_for(&CollectionName::new(owner, unified::ID), object.uid());
        if let Some(facts) = world.store.facts(&shown).await.map_err(refusal_of)?
            && facts.shows.as_ref() == Some(&name)
            && facts.reach != reach
        {
            change.reindex(&shown.collection, &facts, reach, (&[], None));
        }
        Ok(reach != stored.facts.reach)
    }
}
