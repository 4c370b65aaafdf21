//! Invitations and notifications as the protocol asks for them, and what is kept of what is borrowed.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use calendar::collection::{CollectionName, ObjectName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use dav::backend::{
    Caller, DeadProperties, Invitations, InviteAnswer, Notification, PropertyChange, ShareChange, Sharing,
};
use store::collections::Role;

use super::seat::Seat;
use super::veil::Sight;
use super::{DavBackend, listing, object_properties, properties};
use crate::operation::collection;
use crate::sharing;
use crate::world::refusal_of;

impl DavBackend {
    /// Changes what whoever borrows a collection keeps of it; `false` where nothing is borrowed.
    pub(super) async fn change_borrowed(
        &self,
        caller: &Caller,
        name: &CollectionName,
        changes: &[PropertyChange],
    ) -> Result<bool, Refusal> {
        let Some(seat) = self.seat(caller, name).await? else { return Ok(false) };
        if seat.borrowed.is_none() {
            return Ok(false);
        }
        // It is kept in that home, whatever may be done with the calendar.
        self.enter_for(caller, &name.owner, Privilege::WriteProperties).await?;
        let own = changes.iter().all(|change| {
            matches!(
                change,
                PropertyChange::DisplayName(_)
                    | PropertyChange::Description(_)
                    | PropertyChange::Dead(..)
                    | PropertyChange::Opaque(false)
            )
        });
        if !own {
            return Err(Refusal::Protected("that is said by whoever lends the calendar"));
        }
        collection::change(&self.world, name, |record| properties::apply(record, changes)).await?;
        Ok(true)
    }

    /// What the objects of a home keep, with those that are borrowed there under the names that they have there; as far
    /// as the caller reads them whole.
    pub(super) async fn kept_by_objects(
        &self,
        caller: &Caller,
        home: &PrincipalId,
    ) -> Result<BTreeMap<ObjectName, DeadProperties>, Refusal> {
        let mut shown = BTreeMap::new();
        let kept = object_properties::all(&self.world, home).await?;
        if caller.principal == *home {
            shown = kept;
        } else {
            let names: BTreeSet<CollectionName> = kept.keys().map(|name| name.collection.clone()).collect();
            for name in names {
                if let Some(seat) = self.seat(caller, &name).await? {
                    self.keep_seen(&seat, (&name, &kept), &mut shown).await?;
                }
            }
        }
        for (name, record) in self.world.store.collections(home).await.map_err(refusal_of)? {
            if !matches!(record.role, Role::Shared { .. }) {
                continue;
            }
            if let Some(seat) = self.seat(caller, &name).await? {
                let kept = object_properties::all(&self.world, &seat.name.owner).await?;
                self.keep_seen(&seat, (&name, &kept), &mut shown).await?;
            }
        }
        Ok(shown)
    }

    /// Adds to `shown`, under `name`, what is kept by the objects of a collection that was entered.
    async fn keep_seen(
        &self,
        seat: &Seat,
        (name, kept): (&CollectionName, &BTreeMap<ObjectName, DeadProperties>),
        shown: &mut BTreeMap<ObjectName, DeadProperties>,
    ) -> Result<(), Refusal> {
        if !seat.privileges.contains(&Privilege::Read) {
            return Ok(());
        }
        for (object, properties) in kept.iter().filter(|(object, _)| object.collection == seat.name) {
            let whole = match seat.sight {
                Sight::Whole => true,
                Sight::Times => {
                    let found = listing::object(&self.world, object).await?;
                    found.is_some_and(|found| seat.sight.is_whole(&found.octets, &self.world.limits))
                }
            };
            if whole {
                let named = ObjectName { collection: name.clone(), member: object.member.clone() };
                shown.insert(named, properties.clone());
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Sharing for DavBackend {
    async fn invitations(&self, caller: &Caller, name: &CollectionName) -> Result<Invitations, Refusal> {
        let seat = self.seat(caller, name).await?.ok_or(Refusal::NotFound)?;
        let mut invitations = sharing::invitations(&self.world, &seat.name).await?;
        if !seat.privileges.contains(&Privilege::WriteAcl) {
            // Who else is invited is between them and the owner.
            let own = if seat.borrowed.is_some() { &name.owner } else { &caller.principal };
            invitations.invitees.retain(|invitee| invitee.principal == *own);
        }
        Ok(invitations)
    }

    async fn share(
        &self,
        caller: &Caller,
        name: &CollectionName,
        changes: &[ShareChange],
    ) -> Result<(), Refusal> {
        let seat = self.seat(caller, name).await?.ok_or(Refusal::NotFound)?;
        if !seat.privileges.contains(&Privilege::WriteAcl) {
            return Err(Refusal::NotPermitted(Privilege::WriteAcl));
        }
        if matches!(seat.record.role, Role::Inbox | Role::Outbox) {
            return Err(Refusal::Protected("only calendars are lent"));
        }
        sharing::share(&self.world, &seat.name, changes).await
    }

    async fn answer_invitation(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        answer: &InviteAnswer,
    ) -> Result<Option<CollectionName>, Refusal> {
        self.enter_for(caller, home, Privilege::Bind).await?;
        sharing::answer(&self.world, home, answer).await
    }

    async fn notifications(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Notification>, Refusal> {
        if caller.principal != *home || self.world.owner(home.as_str()).is_none() {
            return Err(Refusal::NotFound);
        }
        sharing::notifications(&self.world, home).await
    }

    async fn delete_notification(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        id: &str,
    ) -> Result<(), Refusal> {
        if caller.principal != *home {
            return Err(Refusal::NotFound);
        }
        sharing::delete_notification(&self.world, home, id).await
    }
}
