//! The backend of scheduling: deletions that others hear of, the default calendar, members with their schedule tags.

use std::sync::Arc;

use async_trait::async_trait;
use calendar::collection::{CollectionName, MemberName, ObjectName, Privilege};
use calendar::refusal::{Barred, Refusal};
use dav::backend::{Caller, Collection, Member, Precondition, PropertyChange, Scheduling, Stored, Telling};
use store::collections::{CollectionRecord, Head, Role};
use store::{Change, Committed};

use super::access::Seat;
use super::{DavBackend, met, object_properties, properties, seen};
use crate::attachments;
use crate::gate::{self, ATTEMPTS_MAX, Edit};
use crate::operation::collection;
use crate::owner::Owner;
use crate::scheduling::write::{self, Wish};
use crate::scheduling::{people, place, rows};
use crate::sharing;
use crate::world::{World, refusal_of};

/// Members looked at in one page when a calendar is deleted.
const PAGE: usize = 200;

#[async_trait]
impl Scheduling for DavBackend {
    fn reaches_others(&self) -> bool {
        self.world.mail_sender().is_some() || self.world.owners().len() > 1
    }

    async fn delete_telling(
        &self,
        caller: &Caller,
        name: &ObjectName,
        precondition: &Precondition,
        telling: Telling,
    ) -> Result<(), Refusal> {
        let seat = self.leaving(caller, name, &[Privilege::Unbind]).await?;
        let (name, precondition) = (&seat.object(&name.member), &seat.sight.condition(precondition));
        if place::schedules(&seat.record) {
            let wish = Wish { caller: &caller.principal, name, octets: None, precondition, telling };
            write::write(&self.world, &wish).await?;
        } else {
            self.delete_plain(name, precondition).await?;
        }
        object_properties::forget(&self.world, name).await
    }

    async fn delete_collection_telling(
        &self,
        caller: &Caller,
        name: &CollectionName,
        telling: Telling,
    ) -> Result<(), Refusal> {
        let Seat { record, borrowed, .. } = self.seat(caller, name).await?.ok_or(Refusal::NotFound)?;
        let owner = self.enter_for(caller, &name.owner, Privilege::Unbind).await?;
        if borrowed.is_some() {
            return sharing::leave(&self.world, name).await;
        }
        if place::schedules(&record) && place::default_calendar(&self.world, &owner.id).await? == *name {
            return Err(Refusal::Scheduling(Barred::DefaultCalendarNeeded));
        }
        match &record.role {
            Role::Made => {}
            Role::Mirror { source } if owner.sources.iter().all(|settings| settings.id != *source) => {}
            Role::Mirror { .. } => {
                return Err(Refusal::Protected(
                    "it mirrors a source; remove the source from the settings first",
                ));
            }
            _ => return Err(Refusal::Protected("every owner has it")),
        }
        if place::schedules(&record) {
            self.take_back(caller, name, telling).await?;
        }
        collection::delete(&self.world, name).await
    }
}

impl DavBackend {
    /// The collection as the caller sees it, with the head and privileges that were seen.
    pub(super) async fn collection_of(
        &self,
        owner: &Owner,
        (name, record): (&CollectionName, &CollectionRecord),
        seen: (Head, Vec<Privilege>),
    ) -> Result<Collection, Refusal> {
        let mut collection = properties::collection_of(&self.world, owner, (name, record), seen);
        if record.role == Role::Inbox {
            collection.default_calendar = Some(place::default_calendar(&self.world, &owner.id).await?);
        }
        Ok(collection)
    }

    /// Obeys the choice of a default calendar, which is all or nothing: what is left to be changed, `None` for nothing.
    pub(super) async fn choose_default(
        &self,
        name: &CollectionName,
        changes: &[PropertyChange],
    ) -> Result<Option<Vec<PropertyChange>>, Refusal> {
        let chosen = changes.iter().find_map(|change| match change {
            PropertyChange::DefaultCalendar(calendar) => Some(calendar),
            _ => None,
        });
        let Some(chosen) = chosen else { return Ok(Some(changes.to_vec())) };
        let record = self.record(name).await?.ok_or(Refusal::NotFound)?;
        if record.role != Role::Inbox {
            return Err(Refusal::Scheduling(Barred::NoDefaultCalendar));
        }
        let is_other = |change: &&PropertyChange| !matches!(change, PropertyChange::DefaultCalendar(_));
        let others: Vec<PropertyChange> = changes.iter().filter(is_other).cloned().collect();
        // What else is wanted must be possible, before the choice is kept.
        properties::apply(&mut record.clone(), &others)?;
        place::choose_default(&self.world, &name.owner, chosen).await?;
        Ok((!others.is_empty()).then_some(others))
    }

    /// Takes back, or declines, whatever is scheduled in a calendar that is about to go.
    async fn take_back(
        &self,
        caller: &Caller,
        name: &CollectionName,
        telling: Telling,
    ) -> Result<(), Refusal> {
        let mut after: Option<MemberName> = None;
        loop {
            let page = self.world.store.members(name, after.as_ref(), PAGE).await.map_err(refusal_of)?;
            let Some(last) = page.last() else { return Ok(()) };
            after = Some(last.member.clone());
            for facts in page {
                let object = ObjectName { collection: name.clone(), member: facts.member };
                // Also what was written before there were tags.
                let stored = self.world.store.object(&object).await.map_err(refusal_of)?;
                if stored.is_none_or(|stored| people::read(&self.world, &stored.octets).is_none()) {
                    continue;
                }
                let (caller, precondition) = (&caller.principal, &Precondition::default());
                let wish = Wish { caller, name: &object, octets: None, precondition, telling };
                match write::write(&self.world, &wish).await {
                    Ok(_) | Err(Refusal::NotFound) => {}
                    Err(refusal) => return Err(refusal),
                }
            }
        }
    }

    /// Writes an object for which the server does not schedule.
    pub(super) async fn put_plain(
        &self,
        name: &ObjectName,
        octets: Arc<[u8]>,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        no_schedule_tag(precondition)?;
        let edits = [Edit { name: name.clone(), octets: Some(Arc::clone(&octets)) }];
        let _turn = self.world.turns.of(name.collection.owner.as_str()).await;
        for _ in 0..ATTEMPTS_MAX {
            let mut change = Change::new();
            let staged = gate::stage(&self.world, &mut change, &edits).await?;
            met(precondition, seen(&staged))?;
            attachments::check(&self.world, name, &octets).await?;
            if let Committed::At(_) = self.world.store.commit(change).await.map_err(refusal_of)? {
                let created = staged.first().is_some_and(|staged| staged.before.is_none());
                let tag = staged.into_iter().next().and_then(|staged| staged.tag);
                return Ok(Stored { tag, created, schedule_tag: None });
            }
        }
        Err(Refusal::Contended)
    }

    async fn delete_plain(&self, name: &ObjectName, precondition: &Precondition) -> Result<(), Refusal> {
        no_schedule_tag(precondition)?;
        let edits = [Edit { name: name.clone(), octets: None }];
        gate::change(&self.world, &edits, |staged| {
            // The condition first: a tag that is named is no tag of what is not there (RFC 9110 §13.1.1).
            met(precondition, seen(staged))?;
            if staged.iter().all(|staged| staged.before.is_none()) {
                return Err(Refusal::NotFound);
            }
            Ok(())
        })
        .await
        .map(|_| ())
    }
}

/// What the server does not schedule for has no schedule tag.
fn no_schedule_tag(precondition: &Precondition) -> Result<(), Refusal> {
    if precondition.schedule_tag.is_some() { Err(Refusal::TagMismatch) } else { Ok(()) }
}

/// Members with their schedule tags.
pub(super) async fn tagged(
    world: &World,
    collection: &CollectionName,
    mut members: Vec<Member>,
) -> Result<Vec<Member>, Refusal> {
    let pairs: Vec<_> = members.iter().map(|member| (member.member.as_str(), &member.tag)).collect();
    let mut tags = rows::schedule_tags(world, collection, &pairs).await?;
    for member in &mut members {
        member.schedule_tag = tags.remove(member.member.as_str());
    }
    Ok(members)
}
