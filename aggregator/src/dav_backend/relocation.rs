//! An object moved or copied: two edits, one commit, so that no reader finds it twice or nowhere.
//!
//! Nobody hears that a scheduling object moves between calendars of one owner; of one that is replaced, others hear as if
//! it had been deleted, and of one that is new to an owner's calendars as if it had been put there.

use std::sync::Arc;

use calendar::collection::{ObjectName, PrincipalId, Privilege};
use calendar::itip::changes;
use calendar::refusal::{Barred, Refusal};
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
use crate::scheduling::people::Role;
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
            let besides = self.plan(&found, there.as_ref()).await?;
            let mut change = Change::new();
            let staged =
                gate::stage(self.world, &mut change, &edits(self.relocation, &besides.octets)).await?;
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
            let schedule_tag = if besides.arrives.is_some() {
                Some(write::new_tag(self.world))
            } else {
                found.facts.schedule_tag.filter(|_| place::schedules(&self.target.record))
            };
            let tags = schedule_tag.as_ref().zip(tag.as_ref());
            rows::put_schedule_tag(self.world, &mut change, to, tags).await?;
            if *source == SourceFate::Leaves {
                rows::put_schedule_tag(self.world, &mut change, from, None).await?;
            }
            let made = staged.first().and_then(|staged| staged.created).unwrap_or_default();
            object_properties::carry(self.world, &mut change, (from, to), (*source, made)).await?;
            besides.plans().for_each(|plan| plan.keep(&mut change, &self.owner.id));
            if let Committed::At(_) = self.world.store.commit(change).await.map_err(refusal_of)? {
                let created = created(&staged);
                let letters = besides.plans().flat_map(|plan| plan.letters.clone()).collect();
                return Ok((Stored { tag, created, schedule_tag }, letters));
            }
        }
        Err(Refusal::Contended)
    }

    /// Whether the object may come to its destination, and what others hear of it.
    async fn plan(&self, found: &Object, there: Option<&StoredObject>) -> Result<Besides, Refusal> {
        let mut besides = Besides { octets: Arc::clone(&found.octets), arrives: None, replaced: None };
        let Relocation { from, to, source, .. } = self.relocation;
        let is_known = self.is_scheduled_for(from).await?;
        if is_known {
            self.may_leave(found)?;
        }
        if !place::schedules(&self.target.record) {
            return Ok(besides);
        }
        let addresses = people::addresses_of(self.owner);
        let invitation = |octets: &Arc<[u8]>| Invitation::of(people::read(self.world, octets), &addresses);
        let arriving = invitation(&found.octets);
        if let Some(arriving) = &arriving {
            let leaves = (*source == SourceFate::Leaves).then_some(from);
            rules::only_one(self.world, to, arriving.object.uid(), leaves).await?;
        }
        let replaced = there.and_then(|there| invitation(&there.octets));
        let is_same =
            |one: &Invitation| arriving.as_ref().is_some_and(|other| other.object.uid() == one.object.uid());
        let (same, other) = match replaced {
            Some(replaced) if is_same(&replaced) => (Some(replaced), None),
            other => (None, other),
        };
        let (world, caller, owner) = (self.world, self.caller, self.owner);
        let thought = Thought { world, caller, owner, addresses: &addresses, telling: Telling::Organizer };
        if let Some(other) = &other {
            besides.replaced = Some(thought.plan(Some(other), None).await?);
        }
        let is_other_owners = from.collection.owner != to.collection.owner;
        if let Some(arriving) = arriving.filter(|_| !is_known || is_other_owners) {
            // New to this owner's calendars: as if it had been put there (RFC 6638 §3.2.1.1).
            let object = Some(&arriving.object);
            rules::may_change(same.as_ref(), Some(&arriving), object, &addresses)?;
            let plan = thought.plan(same.as_ref(), Some(arriving)).await?;
            besides.octets = plan.octets.clone().unwrap_or(besides.octets);
            besides.arrives = Some(plan);
        }
        Ok(besides)
    }

    /// Whether the server schedules for what is in the collection of `name`.
    async fn is_scheduled_for(&self, name: &ObjectName) -> Result<bool, Refusal> {
        let found = self.world.store.collection(&name.collection).await.map_err(refusal_of)?;
        Ok(found.is_some_and(|(record, _)| place::schedules(&record)))
    }

    /// Whether an object may leave its owner's calendars for another's: not if others would have to hear of it. Neither
    /// is it called off, nor does anybody else become its organizer.
    fn may_leave(&self, found: &Object) -> Result<(), Refusal> {
        let Relocation { from, to, source, .. } = self.relocation;
        if *source == SourceFate::Stays || from.collection.owner == to.collection.owner {
            return Ok(());
        }
        let owner = self.world.owner(from.collection.owner.as_str()).ok_or(Refusal::NotFound)?;
        let addresses = people::addresses_of(&owner);
        let leaving = Invitation::of(people::read(self.world, &found.octets), &addresses);
        let Some(leaving) = leaving else { return Ok(()) };
        if changes(Some(&leaving.object), None, &addresses, self.world.now()).send.is_empty() {
            return Ok(());
        }
        Err(Refusal::Scheduling(match leaving.role {
            Role::Organizer => Barred::OrganizerChange { property: "the owner".to_owned() },
            Role::Attendee => {
                Barred::AttendeeChange { property: "in whose calendars an invitation is".to_owned() }
            }
        }))
    }
}

/// What a relocation makes besides itself.
struct Besides {
    /// What arrives, with what scheduling adds.
    octets: Arc<[u8]>,
    /// What others hear of its coming.
    arrives: Option<Plan>,
    /// What others hear of the end of what it replaces.
    replaced: Option<Plan>,
}

impl Besides {
    fn plans(&self) -> impl Iterator<Item = &Plan> {
        self.replaced.iter().chain(&self.arrives)
    }
}

fn created(staged: &[Staged]) -> bool {
    staged.first().is_some_and(|staged| staged.before.is_none())
}

/// The destination first.
fn edits(relocation: &Relocation, octets: &Arc<[u8]>) -> Vec<Edit> {
    let arrives = Edit { name: relocation.to.clone(), octets: Some(Arc::clone(octets)) };
    let leaves = Edit { name: relocation.from.clone(), octets: None };
    match relocation.source {
        SourceFate::Leaves => vec![arrives, leaves],
        SourceFate::Stays => vec![arrives],
    }
}
