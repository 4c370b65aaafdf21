//! An object moved or copied: two edits, one commit, so that no reader finds it twice or nowhere.
//!
//! Nobody hears that a scheduling object moves; of one that is replaced, others hear as if it had been deleted.

use std::sync::Arc;

use calendar::collection::{PrincipalId, Privilege};
use calendar::refusal::Refusal;
use dav::backend::{Caller, Object, Precondition, Relocation, SourceFate, Stored, TargetFate, Telling};
use store::objects::{ObjectFacts, StoredObject};
use store::outbox::Letter;
use store::{Change, Committed};

use crate::dav_backend::acceptable::acceptable;
use crate::dav_backend::access::Seat;
use crate::dav_backend::veil::Sight;
use crate::dav_backend::{listing, met, object_properties};
use crate::gate::{self, ATTEMPTS_MAX, Edit, Staged};
use crate::owner::Owner;
use crate::scheduling::rules::{self, Invitation};
use crate::scheduling::write::{self, Plan, Thought};
use crate::scheduling::{courier, people, place, rows};
use crate::world::{World, refusal_of};

/// Relocates an object into the collection `target`, into which the caller may put it.
pub(super) async fn relocate(
    world: &World,
    caller: &Caller,
    (relocation, target, sight): (&Relocation, &Seat, Sight),
    precondition: &Precondition,
) -> Result<Stored, Refusal> {
    let owner = world.owner(relocation.to.collection.owner.as_str()).ok_or(Refusal::NotFound)?;
    let going =
        Going { world, caller: &caller.principal, owner: &owner, relocation, target, sight, precondition };
    let (stored, letters) = {
        let _turn = world.turns.of(&owner.id).await;
        going.committed().await?
    };
    courier::carry_out(world, &letters).await;
    Ok(stored)
}

struct Going<'a> {
    world: &'a World,
    caller: &'a PrincipalId,
    owner: &'a Owner,
    relocation: &'a Relocation,
    target: &'a Seat,
    /// How much the caller sees where it comes from.
    sight: Sight,
    precondition: &'a Precondition,
}

impl Going<'_> {
    async fn committed(&self) -> Result<(Stored, Vec<Letter>), Refusal> {
        let Relocation { from, to, source, target } = self.relocation;
        for _ in 0..ATTEMPTS_MAX {
            let found = listing::object(self.world, from).await?.ok_or(Refusal::NotFound)?;
            met(self.precondition, Some(&found.facts.tag))?;
            if !self.sight.is_whole(&found.octets, &self.world.limits) {
                return Err(Refusal::NotPermitted(Privilege::Read));
            }
            let current = (self.precondition, Some(&found.facts.tag));
            write::schedule_tag_met(self.world, from, current).await?;
            acceptable(self.world, &self.target.record, &found.octets)?;
            let there = self.world.store.object(to).await.map_err(refusal_of)?;
            let plan = self.plan(&found, there.as_ref()).await?;
            let mut change = Change::new();
            let staged = gate::stage(self.world, &mut change, &edits(self.relocation, &found)).await?;
            let before = |position: usize| staged.get(position).and_then(|staged| staged.before.as_ref());
            self.target.may_put(before(0).map(|facts| &facts.tag))?;
            if *target == TargetFate::Stays && before(0).is_some() {
                return Err(Refusal::Exists);
            }
            if *source == SourceFate::Leaves && before(1).map(|facts| &facts.tag) != Some(&found.facts.tag) {
                // The source is another one by now: what was read of it may not be written.
                continue;
            }
            let version = |facts: Option<&ObjectFacts>| facts.map(|facts| facts.version);
            if version(before(0)) != version(there.as_ref().map(|there| &there.facts)) {
                continue;
            }
            let tag = staged.first().and_then(|staged| staged.tag.clone());
            let schedule_tag = found.facts.schedule_tag.filter(|_| place::schedules(&self.target.record));
            let tags = schedule_tag.as_ref().zip(tag.as_ref());
            rows::put_schedule_tag(self.world, &mut change, to, tags).await?;
            if *source == SourceFate::Leaves {
                rows::put_schedule_tag(self.world, &mut change, from, None).await?;
            }
            let made = staged.first().and_then(|staged| staged.created).unwrap_or_default();
            object_properties::carry(self.world, &mut change, (from, to), (*source, made)).await?;
            plan.keep(&mut change, &self.owner.id);
            if let Committed::At(_) = self.world.store.commit(change).await.map_err(refusal_of)? {
                let created = created(&staged);
                return Ok((Stored { tag, created, schedule_tag }, plan.letters));
            }
        }
        Err(Refusal::Contended)
    }

    /// Whether the object may come to its destination, and what others hear of what it replaces there.
    async fn plan(&self, found: &Object, there: Option<&StoredObject>) -> Result<Plan, Refusal> {
        let nothing = Plan::plain(None);
        let Relocation { from, to, source, .. } = self.relocation;
        let addresses = people::addresses_of(self.owner);
        let arriving = Invitation::of(people::read(self.world, &found.octets), &addresses);
        if !place::schedules(&self.target.record) {
            return Ok(nothing);
        }
        if let Some(arriving) = &arriving {
            let leaves = (*source == SourceFate::Leaves).then_some(from);
            rules::only_one(self.world, to, arriving.object.uid(), leaves).await?;
        }
        let Some(there) = there else { return Ok(nothing) };
        let replaced = Invitation::of(people::read(self.world, &there.octets), &addresses);
        let is_same =
            |one: &Invitation| arriving.as_ref().is_some_and(|other| other.object.uid() == one.object.uid());
        let Some(replaced) = replaced.filter(|one| !is_same(one)) else { return Ok(nothing) };
        let (world, caller, owner) = (self.world, self.caller, self.owner);
        let thought = Thought { world, caller, owner, addresses: &addresses, telling: Telling::Organizer };
        thought.plan(Some(&replaced), None).await
    }
}

fn created(staged: &[Staged]) -> bool {
    staged.first().is_some_and(|staged| staged.before.is_none())
}

/// The destination first.
fn edits(relocation: &Relocation, found: &Object) -> Vec<Edit> {
    let arrives = Edit { name: relocation.to.clone(), octets: Some(Arc::clone(&found.octets)) };
    let leaves = Edit { name: relocation.from.clone(), octets: None };
    match relocation.source {
        SourceFate::Leaves => vec![arrives, leaves],
        SourceFate::Stays => vec![arrives],
    }
}
