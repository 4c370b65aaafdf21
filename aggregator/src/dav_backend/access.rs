//! Whether a caller may: every operation takes its seat here before it does anything.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use calendar::busy::BusySet;
use calendar::collection::{CollectionName, ObjectName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use dav::access_list::ACES_MAX;
use dav::backend::{Access, Ace, Caller, Collection, Delegation, Group, Verdict, Who};
use dav::lock::place_of;
use dav::path::Resource;
use dav::privilege;
use dav::property::Kinds;
use store::collections::{CollectionRecord, Head, Role};

use super::veil::Sight;
use super::{DavBackend, properties};
use crate::access::grants::{self, Grants, MEMBERS_MAX};
use crate::access::judge::{Law, Place, without_changes};
use crate::locks;
use crate::operation::availability::{Where, unavailable, with_availability};
use crate::operation::collection::counts_as_busy;
use crate::operation::free_busy;
use crate::owner::Owner;
use crate::sharing;
use crate::world::refusal_of;

pub(super) use super::seat::Seat;

/// A refusal in the words of whoever asked at `asked`, which may be a borrowed collection.
pub(super) fn told_at(refusal: Refusal, asked: &CollectionName) -> Refusal {
    match refusal {
        Refusal::UidConflict(other) => {
            Refusal::UidConflict(ObjectName { collection: asked.clone(), member: other.member })
        }
        other => other,
    }
}

/// The kind of a collection in this role.
pub(super) fn kind_of(role: &Role) -> Kinds {
    match role {
        Role::Inbox => Kinds::INBOX,
        Role::Outbox => Kinds::OUTBOX,
        _ => Kinds::CALENDAR,
    }
}

/// What the owner may do with a collection.
pub(super) fn of_owner(record: &CollectionRecord) -> Vec<Privilege> {
    let all: BTreeSet<Privilege> = privilege::all_on(kind_of(&record.role)).into_iter().collect();
    changeable(record, all)
}

/// What of the privileges held on a collection there is to hold: nobody changes what is read-only; what came into an
/// inbox may be deleted, and nothing put there by hand.
fn changeable(record: &CollectionRecord, held: BTreeSet<Privilege>) -> Vec<Privilege> {
    let by_hand = [Privilege::WriteContent, Privilege::Bind];
    match &record.role {
        // Of what is borrowed that is said where it is at home.
        Role::Shared { .. } => held.into_iter().collect(),
        _ if record.writable => held.into_iter().collect(),
        Role::Inbox => held.into_iter().filter(|privilege| !by_hand.contains(privilege)).collect(),
        _ => without_changes(held).into_iter().collect(),
    }
}

/// [`Refusal::NotPermitted`] where something is held, and not this; [`Refusal::NotFound`] where nothing is.
fn need(held: &[Privilege], privilege: Privilege) -> Result<(), Refusal> {
    if privilege::holds(held, privilege) {
        Ok(())
    } else if held.is_empty() {
        Err(Refusal::NotFound)
    } else {
        Err(Refusal::NotPermitted(privilege))
    }
}

impl DavBackend {
    /// The owner of a home in which the caller holds `privilege`; the owner holds all, and is not looked up.
    pub(super) async fn enter_for(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        privilege: Privilege,
    ) -> Result<Arc<Owner>, Refusal> {
        let owner = self.world.owner(home.as_str()).ok_or(Refusal::NotFound)?;
        if caller.principal != *home {
            need(&self.on_home(caller, home).await?, privilege)?;
        }
        Ok(owner)
    }

    /// The owner of a home in which something is granted to the caller, whatever it is.
    pub(super) async fn enter_at_all(
        &self,
        caller: &Caller,
        home: &PrincipalId,
    ) -> Result<Arc<Owner>, Refusal> {
        let owner = self.world.owner(home.as_str()).ok_or(Refusal::NotFound)?;
        if caller.principal == *home {
            return Ok(owner);
        }
        let grants = grants::of(&self.world, home).await?;
        let law = Law { owner: home, grants: &grants, rules: self.world.access_rules() };
        let mut places = vec![Place::Home];
        places.extend(grants.collections.keys().map(|id| Place::Collection(id, Kinds::CALENDAR)));
        let any = places.into_iter().any(|place| !law.privileges(&caller.principal, place).is_empty());
        if any { Ok(owner) } else { Err(Refusal::NotFound) }
    }

    /// The owner of a collection on which the caller holds `privilege`, and where its members are; of one's own, whether
    /// it is there is not asked.
    pub(super) async fn enter_collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
        privilege: Privilege,
    ) -> Result<(Arc<Owner>, CollectionName), Refusal> {
        if caller.principal == name.owner && !sharing::may_be_borrowed(name) {
            let owner = self.world.owner(name.owner.as_str()).ok_or(Refusal::NotFound)?;
            return Ok((owner, name.clone()));
        }
        let seat = self.seat(caller, name).await?.ok_or(Refusal::NotFound)?;
        need(&seat.privileges, privilege)?;
        Ok((seat.owner, seat.name))
    }

    /// Where the members of a collection are that the caller may read, and how much of them is seen.
    pub(super) async fn reading(
        &self,
        caller: &Caller,
        name: &CollectionName,
    ) -> Result<(CollectionName, Sight), Refusal> {
        if caller.principal == name.owner && !sharing::may_be_borrowed(name) {
            let (_, at) = self.enter_collection(caller, name, Privilege::Read).await?;
            return Ok((at, Sight::Whole));
        }
        let seat = self.seat(caller, name).await?.ok_or(Refusal::NotFound)?;
        need(&seat.privileges, Privilege::Read)?;
        Ok((seat.name, seat.sight))
    }

    /// The object where it is, for one that is perhaps borrowed.
    pub(super) async fn enter_object(
        &self,
        caller: &Caller,
        name: &ObjectName,
        privilege: Privilege,
    ) -> Result<ObjectName, Refusal> {
        let (_, collection) = self.enter_collection(caller, &name.collection, privilege).await?;
        Ok(ObjectName { collection, member: name.member.clone() })
    }

    /// Where an object goes that the caller wants to put, if it may be put there as far as is seen now; see
    /// [`Seat::may_put`] for the rest. Whoever may not read is not told whether there is one.
    pub(super) async fn receiving(&self, caller: &Caller, name: &ObjectName) -> Result<Seat, Refusal> {
        let seat = self.seat(caller, &name.collection).await?.ok_or(Refusal::NoParent)?;
        let both = [Privilege::Bind, Privilege::WriteContent];
        let lacking = both.into_iter().find(|privilege| !seat.privileges.contains(privilege));
        if let Some(lacking) = lacking {
            if !seat.privileges.contains(&Privilege::Read) {
                return Err(Refusal::NotPermitted(lacking));
            }
            let facts = self.world.store.facts(&seat.object(&name.member)).await.map_err(refusal_of)?;
            seat.may_put(facts.as_ref().map(|facts| &facts.tag))?;
        }
        self.unlocked(&seat, name).await?;
        Ok(seat)
    }

    /// Where the caller wants to take an object from.
    pub(super) async fn leaving(
        &self,
        caller: &Caller,
        name: &ObjectName,
        needed: &[Privilege],
    ) -> Result<Seat, Refusal> {
        let seat = self.seat(caller, &name.collection).await?.ok_or(Refusal::NotFound)?;
        if let Some(lacking) = needed.iter().find(|one| !seat.privileges.contains(one)) {
            return Err(Refusal::NotPermitted(*lacking));
        }
        if needed.contains(&Privilege::Unbind) {
            self.unlocked(&seat, name).await?;
        }
        Ok(seat)
    }

    /// What is borrowed is written to as far as nobody has locked it where it is at home.
    async fn unlocked(&self, seat: &Seat, asked: &ObjectName) -> Result<(), Refusal> {
        if seat.borrowed.is_none() {
            return Ok(());
        }
        let locks = locks::live(&self.world, &seat.name.owner).await?;
        let places = [Resource::Object(seat.object(&asked.member)), Resource::Collection(seat.name.clone())];
        let locked = places.iter().map(place_of).any(|place| locks.iter().any(|lock| lock.covers(&place)));
        if locked { Err(Refusal::Locked(place_of(&Resource::Object(asked.clone())))) } else { Ok(()) }
    }

    /// The collection with what the caller may do; `None` where there is none, or none of the caller's business.
    pub(super) async fn seat(&self, caller: &Caller, name: &CollectionName) -> Result<Option<Seat>, Refusal> {
        let Some(owner) = self.world.owner(name.owner.as_str()) else { return Ok(None) };
        let Some(record) = self.record(name).await? else { return Ok(None) };
        let (privileges, sight) = if caller.principal == name.owner {
            (of_owner(&record), Sight::Whole)
        } else {
            let grants = grants::of(&self.world, &name.owner).await?;
            let granted = self.granted(caller, (name, &record), &grants);
            let sight = Sight::of(&granted);
            (changeable(&record, granted), sight)
        };
        if let Role::Shared { owner, calendar } = &record.role {
            let host = CollectionName::new(owner, calendar);
            return self.borrowed(&host, name, (record, privileges, sight)).await;
        }
        let seat = Seat { owner, name: name.clone(), record, borrowed: None, privileges, sight };
        Ok((!seat.privileges.is_empty()).then_some(seat))
    }

    /// What is borrowed as `seen_at`: as far as the invitation goes, and as far as the caller goes in that home.
    async fn borrowed(
        &self,
        host: &CollectionName,
        seen_at: &CollectionName,
        (kept, held, sight): (CollectionRecord, Vec<Privilege>, Sight),
    ) -> Result<Option<Seat>, Refusal> {
        let Some(owner) = self.world.owner(host.owner.as_str()) else { return Ok(None) };
        let Some(record) = self.record(host).await? else { return Ok(None) };
        let lent = sharing::privileges(&self.world, host, seen_at).await?;
        let sight = sight.and(Sight::of(&lent));
        let lent = if record.writable { lent } else { without_changes(lent) };
        let privileges: Vec<Privilege> = lent.into_iter().filter(|one| held.contains(one)).collect();
        let seat = Seat { owner, name: host.clone(), record, borrowed: Some(kept), privileges, sight };
        Ok((!seat.privileges.is_empty()).then_some(seat))
    }

    /// The collection as the protocol sees it, at `asked`.
    pub(super) async fn shown(
        &self,
        asked: &CollectionName,
        seat: Seat,
        head: Head,
    ) -> Result<Collection, Refusal> {
        let Seat { owner, name, record, borrowed, privileges, .. } = seat;
        let shown = self.collection_of(&owner, (&name, &record), (head, privileges)).await?;
        let Some(kept) = borrowed else { return Ok(shown) };
        Ok(Collection {
            name: asked.clone(),
            borrowed: Some(name),
            description: properties::description_of(&kept),
            display_name: kept.display_name,
            opaque: false,
            dead_properties: properties::dead_of(&kept.properties),
            created: Instant::from_unix(kept.created),
            ..shown
        })
    }

    /// What the caller may do with a collection of another.
    pub(super) fn judged(
        &self,
        caller: &Caller,
        (name, record): (&CollectionName, &CollectionRecord),
        grants: &Grants,
    ) -> Vec<Privilege> {
        changeable(record, self.granted(caller, (name, record), grants))
    }

    /// What was granted to the caller, whether or not the collection can be changed.
    fn granted(
        &self,
        caller: &Caller,
        (name, record): (&CollectionName, &CollectionRecord),
        grants: &Grants,
    ) -> BTreeSet<Privilege> {
        let law = Law { owner: &name.owner, grants, rules: self.world.access_rules() };
        law.privileges(&caller.principal, Place::Collection(name.id.as_str(), kind_of(&record.role)))
    }

    /// What the caller may do with a home.
    async fn on_home(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Privilege>, Refusal> {
        if self.world.owner(home.as_str()).is_none() {
            return Ok(Vec::new());
        }
        if caller.principal == *home {
            return Ok(privilege::all_on(Kinds::HOME));
        }
        let grants = grants::of(&self.world, home).await?;
        let law = Law { owner: home, grants: &grants, rules: self.world.access_rules() };
        Ok(law.privileges(&caller.principal, Place::Home).into_iter().collect())
    }

    /// Busy time of an owner, as far as the caller may learn it; without what `except_uid` makes busy, where the caller
    /// may learn all of it.
    pub(super) async fn everything(
        &self,
        caller: &Caller,
        owner: &Owner,
        (window, except_uid): (Span, Option<&str>),
    ) -> Result<BusySet, Refusal> {
        let home = PrincipalId::new(owner.id.as_str());
        let grants = grants::of(&self.world, &home).await?;
        let law = Law { owner: &home, grants: &grants, rules: self.world.access_rules() };
        let is_whole =
            caller.principal == home || !law.withheld(&caller.principal).contains(&Privilege::ReadFreeBusy);
        if is_whole {
            let seen = free_busy::owner_busy(&self.world, owner, window, except_uid).await?;
            let busy = with_availability(&self.world, owner, (window, Where::Everywhere), &seen).await?;
            return Ok(busy.clipped(window));
        }
        let (mut busy, mut names) = (Vec::new(), Vec::new());
        for (name, record) in self.world.store.collections(&home).await.map_err(refusal_of)? {
            let held = self.judged(caller, (&name, &record), &grants);
            if held.contains(&Privilege::ReadFreeBusy) && counts_as_busy(owner, &record) {
                let of_one = free_busy::collection_busy(&self.world, owner, (&name, &record), window).await?;
                busy.extend(of_one.periods().iter().copied());
                names.push(name);
            }
        }
        let unavailable =
            unavailable(&self.world, owner, (window, Where::Everywhere), &names.iter().collect::<Vec<_>>())
                .await?;
        Ok(busy.into_iter().collect::<BusySet>().union(&unavailable))
    }

    /// The list of a home, a collection, or what is in one.
    async fn list(&self, resource: &Resource) -> Result<Vec<Ace>, Refusal> {
        let (owner, collection) = match resource {
            Resource::Home(owner) => (owner, None),
            Resource::Collection(name) => (&name.owner, Some(name)),
            Resource::Object(name) => (&name.collection.owner, Some(&name.collection)),
            _ => return Err(Refusal::NotFound),
        };
        let grants = grants::of(&self.world, owner).await?;
        let law = Law { owner, grants: &grants, rules: self.world.access_rules() };
        let Some(name) = collection else { return Ok(law.list(Place::Home)) };
        let record = self.record(name).await?.ok_or(Refusal::NotFound)?;
        if let Role::Shared { owner: lender, calendar } = &record.role {
            // What an invitation gives is said by whoever invited.
            let host = CollectionName::new(lender, calendar);
            let held = sharing::privileges(&self.world, &host, name).await?.into_iter().collect();
            let all = privilege::all_on(Kinds::CALENDAR);
            let granted = [(Who::Owner, all), (Who::Principal(name.owner.clone()), held)];
            let ace = |(who, privileges)| Ace {
                who,
                verdict: Verdict::Grant,
                privileges,
                protected: true,
                inherited: None,
            };
            return Ok(granted.into_iter().map(ace).collect());
        }
        let mut list = law.list(Place::Collection(name.id.as_str(), kind_of(&record.role)));
        if matches!(resource, Resource::Object(_)) {
            let above = Resource::Collection(name.clone());
            for ace in list.iter_mut().filter(|ace| ace.inherited.is_none() && !ace.protected) {
                ace.inherited = Some(above.clone());
            }
        }
        Ok(list)
    }

    async fn held(&self, caller: &Caller, resource: &Resource) -> Result<Vec<Privilege>, Refusal> {
        match resource {
            Resource::Home(owner) => self.on_home(caller, owner).await,
            Resource::Collection(name) => {
                Ok(self.seat(caller, name).await?.map(|seat| seat.privileges).unwrap_or_default())
            }
            Resource::Object(name) => {
                let seat = self.seat(caller, &name.collection).await?;
                Ok(seat.map(|seat| seat.privileges).unwrap_or_default())
            }
            _ => Ok(Vec::new()),
        }
    }
}

#[async_trait]
impl Access for DavBackend {
    async fn privileges(&self, caller: &Caller, resource: &Resource) -> Result<Vec<Privilege>, Refusal> {
        self.held(caller, resource).await
    }

    async fn access_list(&self, caller: &Caller, resource: &Resource) -> Result<Vec<Ace>, Refusal> {
        let held = self.held(caller, resource).await?;
        if !held.contains(&Privilege::WriteAcl) {
            need(&held, Privilege::ReadAcl)?;
        }
        self.list(resource).await
    }

    async fn change_access_list(
        &self,
        caller: &Caller,
        resource: &Resource,
        aces: &[Ace],
    ) -> Result<(), Refusal> {
        need(&self.held(caller, resource).await?, Privilege::WriteAcl)?;
        if aces.len() > ACES_MAX {
            return Err(Refusal::Full);
        }
        match resource {
            Resource::Home(owner) => {
                grants::change(&self.world, owner, |grants| {
                    grants.home = Some(aces.to_vec());
                    Ok(())
                })
                .await
            }
            Resource::Collection(name) => grants::set_collection(&self.world, name, aces).await,
            _ => Err(Refusal::NotFound),
        }
    }

    async fn group_members(&self, caller: &Caller, group: &Group) -> Result<Vec<PrincipalId>, Refusal> {
        let grants = grants::of(&self.world, &group.owner).await?;
        let members = grants.members(group.delegation);
        if caller.principal != group.owner && !members.contains(caller.principal.as_str()) {
            return Err(Refusal::NotPermitted(Privilege::Read));
        }
        let here = members.iter().filter(|id| self.world.owner(id).is_some());
        Ok(here.map(|id| PrincipalId::new(id.as_str())).collect())
    }

    async fn change_group(
        &self,
        caller: &Caller,
        group: &Group,
        members: &[PrincipalId],
    ) -> Result<(), Refusal> {
        if caller.principal != group.owner {
            return Err(Refusal::NotPermitted(Privilege::WriteProperties));
        }
        if members.iter().any(|id| self.world.owner(id.as_str()).is_none()) {
            return Err(Refusal::NotFound);
        }
        if members.len() > MEMBERS_MAX {
            return Err(Refusal::Full);
        }
        let ids: BTreeSet<String> =
            members.iter().filter(|id| **id != group.owner).map(|id| id.as_str().to_owned()).collect();
        grants::change(&self.world, &group.owner, |grants| {
            grants.members_mut(group.delegation).clone_from(&ids);
            Ok(())
        })
        .await
    }

    async fn memberships(&self, caller: &Caller, id: &PrincipalId) -> Result<Vec<Group>, Refusal> {
        let mut groups = grants::memberships(&self.world, id).await?;
        if caller.principal != *id {
            // For whom others act is told to those concerned.
            groups.retain(|group| group.owner == caller.principal);
        }
        // Whoever may write may read.
        let writes: Vec<PrincipalId> = groups
            .iter()
            .filter(|group| group.delegation == Delegation::Write)
            .map(|group| group.owner.clone())
            .collect();
        groups.retain(|group| group.delegation == Delegation::Write || !writes.contains(&group.owner));
        Ok(groups)
    }
}
