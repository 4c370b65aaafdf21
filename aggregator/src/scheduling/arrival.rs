//! A scheduling message reaches an owner of this server: their copy follows it and their inbox gets it, in one commit
//! (RFC 6638 §4.1, §4.2).
//!
//! A letter that is delivered twice changes nothing the second time: the talk about its event knows it.

use std::sync::Arc;

use calendar::address::Address;
use calendar::collection::{EntityTag, ObjectName};
use calendar::itip::{
    Change as Heard, Delivery, Held, Message, Method, NotApplied, Outgoing, Received, Then, changes,
    differ_in_answers_alone, latest_for, receive,
};
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use store::engine::Version;
use store::objects::StoredObject;
use store::outbox::Letter;
use store::{Change, Committed};

use crate::directory;
use crate::gate::{self, ATTEMPTS_MAX, Edit};
use crate::owner::Owner;
use crate::scheduling::people::{self, Role};
use crate::scheduling::place;
use crate::scheduling::post::{Handed, Notice, Posting};
use crate::scheduling::resource;
use crate::scheduling::rows::{self, Talk};
use crate::scheduling::vouch;
use crate::scheduling::write::{new_tag, parsed};
use crate::world::{World, refusal_of};

/// How a letter was met.
#[derive(Debug)]
pub(crate) enum Met {
    /// It was heard; these letters come of it: what the owner answers at once, and others must hear of it.
    Heard(Vec<Letter>),
    /// What the owner holds forbids it.
    Refused(NotApplied),
}

/// Delivers a letter to the owner that it goes to.
///
/// # Errors
/// [`Refusal::NotFound`] where there is no such owner; what the gate says.
pub(crate) async fn arrive(world: &World, letter: &Letter, handed: &Handed) -> Result<Met, Refusal> {
    let owner = world.owner(&letter.destination).ok_or(Refusal::NotFound)?;
    let octets: Arc<[u8]> = Arc::from(handed.calendar.as_bytes());
    let message = Message::read(octets, &world.limits).map_err(gate::not_valid)?;
    let arrival = Arrival {
        world,
        owner: &owner,
        addresses: people::addresses_of(&owner),
        letter,
        message,
        sender: Address::parse(&handed.sender),
        notice: if handed.silent { Notice::Silent } else { Notice::Inbox },
    };
    if !vouch::is_vouched_for(world, &owner, (&arrival.message, &arrival.sender)).await? {
        let claimed = arrival.message.organizer.clone().unwrap_or_else(|| arrival.sender.clone());
        return Ok(Met::Refused(NotApplied::NotTheSender { claimed, sender: arrival.sender }));
    }
    let _turn = world.turns.of(&owner.id).await;
    for _ in 0..ATTEMPTS_MAX {
        if let Some(met) = arrival.attempt().await? {
            return Ok(met);
        }
    }
    Err(Refusal::Contended)
}

struct Arrival<'a> {
    world: &'a World,
    owner: &'a Owner,
    addresses: Vec<Address>,
    letter: &'a Letter,
    message: Message,
    sender: Address,
    notice: Notice,
}

/// What is held of an event.
struct Kept {
    name: ObjectName,
    stored: StoredObject,
    object: CalendarObject,
}

impl Arrival<'_> {
    fn uid(&self) -> &str {
        self.message.object.uid()
    }

    async fn kept(&self) -> Result<Option<Kept>, Refusal> {
        let Some(name) = place::held(self.world, &self.owner.id, self.uid()).await? else { return Ok(None) };
        let Some(stored) = self.world.store.object(&name).await.map_err(refusal_of)? else { return Ok(None) };
        let object = parsed(self.world, Arc::clone(&stored.octets))?;
        Ok(Some(Kept { name, stored, object }))
    }

    /// Thinks and commits once; `None` if what was seen has moved.
    async fn attempt(&self) -> Result<Option<Met>, Refusal> {
        let (mut talk, seen) = rows::talk(self.world, &self.owner.id, self.uid()).await?;
        if talk.has_delivered(&self.letter.id.0) {
            return Ok(Some(Met::Heard(Vec::new())));
        }
        talk.deliver(&self.letter.id.0);
        let kept = self.kept().await?;
        if kept.is_none() && self.notice == Notice::Silent {
            // Who has deleted their copy is not given another because somebody else has answered.
            return Ok(Some(Met::Heard(Vec::new())));
        }
        let stamp = talk.stamp(self.world.now());
        let ledger = talk.ledger();
        let held = Held { object: kept.as_ref().map(|kept| &kept.object), ledger: &ledger };
        let limits = &self.world.limits;
        let delivery =
            Delivery { recipient: &self.addresses, sender: Some(&self.sender), now: stamp, limits };
        let received = match receive(held, &self.message, &delivery) {
            Ok(received) => received,
            // It has arrived, and a later word counts already.
            Err(NotApplied::Outdated) => return Ok(Some(Met::Heard(Vec::new()))),
            // Nobody waits for what becomes of it.
            Err(_) if self.notice == Notice::Silent => return Ok(Some(Met::Heard(Vec::new()))),
            Err(reason) => return Ok(Some(Met::Refused(reason))),
        };
        talk.keep_ledger(&received.ledger);
        let letters = self.commit(kept, &received, (talk, seen, stamp)).await?;
        Ok(letters.map(Met::Heard))
    }

    async fn commit(
        &self,
        kept: Option<Kept>,
        received: &Received,
        (mut talk, seen, stamp): (Talk, Version, Instant),
    ) -> Result<Option<Vec<Letter>>, Refusal> {
        let mut change = Change::new();
        let mut edits = Vec::new();
        let mut after = self.after(&received.then, kept.as_ref())?;
        let mut answers = Vec::new();
        if let Some((answered, sent)) = self.answered(after.as_ref(), received, (&mut change, stamp)).await? {
            after = Some(answered);
            answers = sent;
        }
        let posting = Posting::new(self.world, self.owner, &mut talk);
        let said = received.send.iter().chain(&answers);
        let letters = self.post(posting, (said, received, stamp), &mut after).await?;
        let name = match (&received.then, &kept) {
            (Then::Unchanged, _) | (Then::Gone, None) => None,
            (_, Some(kept)) => Some(kept.name.clone()),
            (Then::Object(_), None) => {
                let component = self.message.object.kind().component_name();
                Some(place::new_place(self.world, &self.owner.id, (self.uid(), component)).await?)
            }
        };
        if let Some(name) = &name {
            let octets = after.as_ref().map(|after| Arc::clone(after.octets()));
            edits.push(Edit { name: name.clone(), octets });
        }
        if self.notice == Notice::Inbox && is_news(received) {
            let octets = Arc::clone(self.message.object.octets());
            edits.extend(place::into_inbox(self.world, &self.owner.id, (&self.letter.id.0, octets)).await?);
        }
        let staged = gate::stage(self.world, &mut change, &edits).await?;
        if let (Some(name), Some(staged)) = (&name, staged.first()) {
            let seen = kept.as_ref().map(|kept| kept.stored.facts.version);
            if staged.before.as_ref().map(|facts| facts.version) != seen {
                return Ok(None);
            }
            let schedule_tag = self.schedule_tag(kept.as_ref(), after.as_ref()).await?;
            let tags = schedule_tag.as_ref().zip(staged.tag.as_ref());
            rows::put_schedule_tag(self.world, &mut change, name, tags).await?;
        }
        rows::put_talk(&mut change, (&self.owner.id, self.uid()), (&talk, seen));
        for letter in &letters {
            change.post(letter);
        }
        let committed = self.world.store.commit(change).await.map_err(refusal_of)?;
        Ok(matches!(committed, Committed::At(_)).then_some(letters))
    }

    /// The letters of what is `said`, whose statuses the object has `after`, and of what others hear of.
    async fn post(
        &self,
        mut posting: Posting<'_>,
        (said, received, stamp): (impl Iterator<Item = &Outgoing>, &Received, Instant),
        after: &mut Option<CalendarObject>,
    ) -> Result<Vec<Letter>, Refusal> {
        for outgoing in said {
            posting.send(outgoing, Notice::Inbox).await?;
        }
        if let Some(marked) = after.as_ref().and_then(|after| posting.mark(after)) {
            *after = Some(parsed(self.world, marked)?);
        }
        for outgoing in self.news(after.as_ref(), received, stamp) {
            match posting.send(&outgoing, Notice::Silent).await {
                // Too many to be told at once: they hear of it with the next change.
                Err(Refusal::TooLarge { .. }) => break,
                sent => sent?,
            }
        }
        Ok(posting.letters)
    }

    /// The object with the answer of an owner who answers by themselves, and what others hear of it; `change` expects
    /// that nothing has moved of what was looked at for it.
    async fn answered(
        &self,
        after: Option<&CalendarObject>,
        received: &Received,
        (change, stamp): (&mut Change, Instant),
    ) -> Result<Option<(CalendarObject, Vec<Outgoing>)>, Refusal> {
        let (Some(object), Then::Object(_)) = (after, &received.then) else { return Ok(None) };
        let invitation = (object, self.message.method);
        let answered = resource::answer(self.world, self.owner, &self.addresses, invitation).await?;
        let Some(answered) = answered else { return Ok(None) };
        if let Some(seen) = &answered.seen {
            seen.expect(change);
        }
        let scheduled = changes(Some(object), Some(&answered.object), &self.addresses, stamp);
        let stored = match scheduled.object {
            Some(octets) => parsed(self.world, octets)?,
            None => answered.object,
        };
        Ok(Some((stored, scheduled.send)))
    }

    /// The object then.
    fn after(&self, then: &Then, kept: Option<&Kept>) -> Result<Option<CalendarObject>, Refusal> {
        match then {
            Then::Object(octets) => parsed(self.world, Arc::clone(octets)).map(Some),
            Then::Unchanged => Ok(kept.map(|kept| kept.object.clone())),
            Then::Gone => Ok(None),
        }
    }

    /// The schedule tag then: the one it had, where answers alone have changed (RFC 6638 §3.2.10).
    async fn schedule_tag(
        &self,
        kept: Option<&Kept>,
        after: Option<&CalendarObject>,
    ) -> Result<Option<EntityTag>, Refusal> {
        let Some(after) = after else { return Ok(None) };
        if let Some(kept) = kept {
            let is_answer = matches!(self.message.method, Method::Reply);
            if is_answer || differ_in_answers_alone(&kept.object, after) {
                let known = rows::schedule_tag(self.world, &kept.name, &kept.stored.facts.tag).await?;
                if known.is_some() {
                    return Ok(known);
                }
            }
        }
        Ok(Some(new_tag(self.world)))
    }

    /// What the other attendees of this server hear of an answer: the organizer's copy as it is then. Nobody elsewhere
    /// gets a mail for it.
    fn news(&self, after: Option<&CalendarObject>, received: &Received, stamp: Instant) -> Vec<Outgoing> {
        let is_answer = |change: &Heard| matches!(change, Heard::Answered { .. } | Heard::Delegated { .. });
        let organizes =
            |object: &CalendarObject| people::role(object, &self.addresses) == Some(Role::Organizer);
        let Some(after) = after.filter(|after| organizes(after)) else { return Vec::new() };
        if !received.changed.iter().any(is_answer) {
            return Vec::new();
        }
        let others = people::attendees(after).into_iter().filter(|who| *who != self.sender);
        let others =
            others.filter(|who| directory::owner_of(self.world, who).is_some() && server_tells(after, who));
        others.filter_map(|who| latest_for(after, &who, stamp)).collect()
    }
}

/// Whether the server speaks to an attendee for the organizer.
fn server_tells(object: &CalendarObject, who: &Address) -> bool {
    let lines = object.components().flat_map(|component| component.properties_named("ATTENDEE"));
    let mut own = lines.filter(|line| Address::parse(&line.value) == *who);
    own.all(|line| {
        line.parameter("SCHEDULE-AGENT").is_none_or(|agent| agent.trim().eq_ignore_ascii_case("SERVER"))
    })
}

/// Whether a message says something that its recipient did not know.
fn is_news(received: &Received) -> bool {
    received.then != Then::Unchanged || !received.changed.is_empty() || !received.ask.is_empty()
}
