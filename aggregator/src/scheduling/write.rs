//! A client writes: the object with what scheduling adds, its schedule tag, and the letters, in one commit
//! (RFC 6638 §3.2.1, §3.2.2).

use std::sync::Arc;

use calendar::address::Address;
use calendar::collection::{EntityTag, ObjectName, PrincipalId};
use calendar::itip::{
    Ledger, changes, differ_in_answers_alone, octets_told, with_answers, with_sequences_of,
};
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use dav::backend::{Precondition, Stored, Telling};
use store::engine::Version;
use store::objects::StoredObject;
use store::outbox::Letter;
use store::{Change, Committed};

use crate::attachments;
use crate::dav_backend::met;
use crate::gate::{self, ATTEMPTS_MAX, Edit};
use crate::owner::Owner;
use crate::reading::hex;
use crate::scheduling::people::{self, Role};
use crate::scheduling::post::{Notice, Posting};
use crate::scheduling::rows::{self, Talk};
use crate::scheduling::rules::{self, Invitation};
use crate::scheduling::{courier, permission};
use crate::world::{World, refusal_of};
use crate::zones;

/// Octets of the different messages that an event may make: where each of many is invited to other instances, there are
/// as many messages.
const TOLD_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// What a client wants.
pub(crate) struct Wish<'a> {
    /// Who asks; they speak for the owner of the calendar.
    pub(crate) caller: &'a PrincipalId,
    pub(crate) name: &'a ObjectName,
    /// The new octets; `None`: deleted.
    pub(crate) octets: Option<Arc<[u8]>>,
    pub(crate) precondition: &'a Precondition,
    /// Whether the organizer hears of a deletion.
    pub(crate) telling: Telling,
}

/// What comes of a wish.
pub(crate) struct Plan {
    /// What is stored.
    pub(crate) octets: Option<Arc<[u8]>>,
    /// Whether the server schedules for it.
    pub(crate) schedules: bool,
    /// UID, the talk then, and the version it was seen at.
    pub(crate) talk: Option<(String, Talk, Version)>,
    pub(crate) letters: Vec<Letter>,
}

/// Does what a client wants with an object of a calendar for which the server schedules.
///
/// # Errors
/// [`Refusal::TagMismatch`], [`Refusal::NotFound`] for a deletion; what the gate says; [`Refusal::Scheduling`].
pub(crate) async fn write(world: &World, wish: &Wish<'_>) -> Result<Stored, Refusal> {
    let owner = world.owner(wish.name.collection.owner.as_str()).ok_or(Refusal::NotFound)?;
    let (stored, letters) = {
        let _turn = world.turns.of(&owner.id).await;
        committed(world, &owner, wish).await?
    };
    courier::carry_out(world, &letters).await;
    Ok(stored)
}

async fn committed(world: &World, owner: &Owner, wish: &Wish<'_>) -> Result<(Stored, Vec<Letter>), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let before = world.store.object(wish.name).await.map_err(refusal_of)?;
        permitted(world, wish, before.as_ref()).await?;
        let plan = plan(world, owner, wish, before.as_ref()).await?;
        let mut change = Change::new();
        let edits = [Edit { name: wish.name.clone(), octets: plan.octets.clone() }];
        let staged = gate::stage(world, &mut change, &edits).await?;
        let Some(staged) = staged.into_iter().next() else { return Err(Refusal::NotFound) };
        if let Some(octets) = &wish.octets {
            // After the gate has seen what it speaks of: what went before that is missed here, what goes later there.
            attachments::check(world, wish.name, octets).await?;
        }
        let version = |facts: Option<&store::objects::ObjectFacts>| facts.map(|facts| facts.version);
        if version(staged.before.as_ref()) != version(before.as_ref().map(|stored| &stored.facts)) {
            continue;
        }
        let schedule_tag = tag_after(world, wish.name, before.as_ref(), &plan).await?;
        let tags = schedule_tag.as_ref().zip(staged.tag.as_ref());
        rows::put_schedule_tag(world, &mut change, wish.name, tags).await?;
        plan.keep(&mut change, &owner.id);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            let is_as_sent = plan.octets == wish.octets;
            let stored =
                Stored { tag: staged.tag.filter(|_| is_as_sent), created: before.is_none(), schedule_tag };
            return Ok((stored, plan.letters));
        }
    }
    Err(Refusal::Contended)
}

/// The schedule tag then: the one it had, where answers alone have changed (RFC 6638 §3.2.10); none where the server does
/// not schedule.
async fn tag_after(
    world: &World,
    name: &ObjectName,
    before: Option<&StoredObject>,
    plan: &Plan,
) -> Result<Option<EntityTag>, Refusal> {
    let Some(octets) = plan.octets.as_ref().filter(|_| plan.schedules) else { return Ok(None) };
    if let Some(before) = before
        && let (Some(old), Some(new)) = (people::read(world, &before.octets), people::read(world, octets))
        && differ_in_answers_alone(&old, &new)
        && let Some(known) = rows::schedule_tag(world, name, &before.facts.tag).await?
    {
        return Ok(Some(known));
    }
    Ok(Some(new_tag(world)))
}

/// A schedule tag that no object has had.
pub(crate) fn new_tag(world: &World) -> EntityTag {
    EntityTag(hex(&world.entropy.draw()))
}

/// Whether the conditions of the request hold.
async fn permitted(world: &World, wish: &Wish<'_>, before: Option<&StoredObject>) -> Result<(), Refusal> {
    let facts = before.map(|stored| &stored.facts);
    met(wish.precondition, facts.map(|facts| &facts.tag))?;
    schedule_tag_met(world, wish.name, (wish.precondition, facts.map(|facts| &facts.tag))).await?;
    if before.is_none() && wish.octets.is_none() {
        return Err(Refusal::NotFound);
    }
    Ok(())
}

/// Whether If-Schedule-Tag-Match holds for the object with the entity tag `current` (RFC 6638 §8.3).
///
/// # Errors
/// [`Refusal::TagMismatch`].
pub(crate) async fn schedule_tag_met(
    world: &World,
    name: &ObjectName,
    (precondition, current): (&Precondition, Option<&EntityTag>),
) -> Result<(), Refusal> {
    let Some(wanted) = &precondition.schedule_tag else { return Ok(()) };
    let current = current.ok_or(Refusal::TagMismatch)?;
    if rows::schedule_tag(world, name, current).await?.as_ref() == Some(wanted) {
        Ok(())
    } else {
        Err(Refusal::TagMismatch)
    }
}

impl Plan {
    /// Nothing but the object itself.
    pub(crate) fn plain(octets: Option<Arc<[u8]>>) -> Self {
        Self { octets, schedules: false, talk: None, letters: Vec::new() }
    }

    /// Adds what is remembered and sent to `change`.
    pub(crate) fn keep(&self, change: &mut Change, owner: &str) {
        if let Some((uid, talk, seen)) = &self.talk {
            rows::put_talk(change, (owner, uid), (talk, *seen));
        }
        for letter in &self.letters {
            change.post(letter);
        }
    }
}

async fn plan(
    world: &World,
    owner: &Owner,
    wish: &Wish<'_>,
    before: Option<&StoredObject>,
) -> Result<Plan, Refusal> {
    let addresses = people::addresses_of(owner);
    let old = before.and_then(|stored| people::read(world, &stored.octets));
    let old = Invitation::of(old, &addresses);
    let new = match &wish.octets {
        Some(octets) => people::read(world, octets).map(|object| renamed(world, object)).transpose()?,
        None => None,
    };
    let new = match (&old, new) {
        (Some(old), Some(new)) if old.role == Role::Attendee => {
            let counted = with_sequences_of(&old.object, &new);
            Some(counted.map_or(Ok(new), |octets| parsed(world, octets))?)
        }
        (_, new) => new,
    };
    let whole = match (&new, &wish.octets, &old) {
        (Some(object), ..) => Some(object.clone()),
        (None, Some(octets), Some(_)) => Some(parsed(world, Arc::clone(octets))?),
        _ => None,
    };
    let new = Invitation::of(new, &addresses);
    if old.is_none() && new.is_none() {
        return Ok(Plan::plain(wish.octets.clone()));
    }
    rules::may_change(old.as_ref(), new.as_ref(), whole.as_ref(), &addresses)?;
    if let Some(new) = &new {
        rules::only_one(world, wish.name, new.object.uid(), None).await?;
    }
    let (caller, telling) = (wish.caller, wish.telling);
    let thought = Thought { world, caller, owner, addresses: &addresses, telling };
    let mut plan = thought.plan(old.as_ref(), new).await?;
    if plan.octets.is_none() {
        // No scheduling object any more, but an object still.
        plan.octets.clone_from(&wish.octets);
    }
    Ok(plan)
}

/// The object with mail addresses instead of principals' paths.
fn renamed(world: &World, object: CalendarObject) -> Result<CalendarObject, Refusal> {
    match people::with_mail_addresses(world, &object) {
        Some(octets) => parsed(world, octets),
        None => Ok(object),
    }
}

pub(crate) fn parsed(world: &World, octets: Arc<[u8]>) -> Result<CalendarObject, Refusal> {
    zones::read_object(octets, &world.limits).map_err(gate::not_valid)
}

/// One change of a scheduling object, allowed as it is, while it is thought through.
pub(crate) struct Thought<'a> {
    pub(crate) world: &'a World,
    pub(crate) caller: &'a PrincipalId,
    pub(crate) owner: &'a Owner,
    pub(crate) addresses: &'a [Address],
    pub(crate) telling: Telling,
}

impl Thought<'_> {
    /// What is stored, remembered and sent when `old` becomes `new`; `None` is no scheduling object.
    pub(crate) async fn plan(
        &self,
        old: Option<&Invitation>,
        new: Option<Invitation>,
    ) -> Result<Plan, Refusal> {
        let Some(uid) = new.as_ref().or(old).map(|one| one.object.uid().to_owned()) else {
            return Ok(Plan::plain(None));
        };
        let (mut talk, seen) = rows::talk(self.world, &self.owner.id, &uid).await?;
        let new = new.map(|new| self.prepared(old, new, &mut talk)).transpose()?;
        let object = |one: Option<&Invitation>| one.map(|one| one.object.clone());
        let (before, after) = (object(old), object(new.as_ref()));
        if let Some(new) = new.as_ref().filter(|new| new.role == Role::Organizer)
            && octets_told(&new.object) > TOLD_OCTETS_MAX
        {
            return Err(Refusal::TooLarge { limit: TOLD_OCTETS_MAX });
        }
        let stamp = talk.stamp(self.world.now());
        let scheduled = changes(before.as_ref(), after.as_ref(), self.addresses, stamp);
        let is_quiet = self.telling == Telling::Nobody
            && after.is_none()
            && old.is_some_and(|old| old.role == Role::Attendee);
        if let Some(one) = new.as_ref().or(old).filter(|_| !is_quiet && !scheduled.send.is_empty()) {
            permission::may_send(self.world, (self.caller, self.owner), one.role).await?;
        }
        let mut posting = Posting::new(self.world, self.owner, &mut talk);
        for outgoing in scheduled.send.iter().filter(|_| !is_quiet) {
            posting.send(outgoing, Notice::Inbox).await?;
        }
        let stored = match (scheduled.object, after) {
            (Some(octets), _) => Some(parsed(self.world, octets)?),
            (None, after) => after,
        };
        let octets =
            stored.map(|stored| posting.mark(&stored).unwrap_or_else(|| Arc::clone(stored.octets())));
        let letters = posting.letters;
        if new.is_none() && old.is_some_and(|old| old.role == Role::Organizer) {
            // Whoever is invited to the same event again must hear of it as of something later.
            let known = old.map(|old| people::sequence(&old.object)).unwrap_or_default();
            talk.taken_back = Some(known.saturating_add(1).max(talk.taken_back.unwrap_or_default()));
        }
        Ok(Plan { octets, schedules: new.is_some(), talk: Some((uid, talk, seen)), letters })
    }

    /// What the organizer writes, with what they may not have known of.
    fn prepared(
        &self,
        old: Option<&Invitation>,
        new: Invitation,
        talk: &mut Talk,
    ) -> Result<Invitation, Refusal> {
        if new.role != Role::Organizer {
            return Ok(new);
        }
        let octets = if let Some(old) = old {
            with_answers(&old.object, &new.object, self.addresses)
        } else {
            // A new event: what was answered to another of this UID is not about it.
            talk.keep_ledger(&Ledger::default());
            let least = talk.taken_back.take().filter(|least| people::sequence(&new.object) <= *least);
            least.map(|least| new.object.with_property("SEQUENCE", &least.saturating_add(1).to_string()))
        };
        match octets {
            Some(octets) => Ok(Invitation { object: parsed(self.world, octets)?, role: new.role }),
            None => Ok(new),
        }
    }
}
