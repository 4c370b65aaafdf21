//! The unified calendar as a [`dav::backend::Backend`]: protocol nouns in, operations out.

mod acceptable;
mod access;
mod asking;
mod extensions;
mod files;
mod home;
mod listing;
mod object_properties;
pub(crate) mod properties;
mod publication;
mod push;
mod relocation;
mod scheduling;
mod seat;
mod sharing_door;
mod veil;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use calendar::busy::BusySet;
use calendar::collection::{
    CollectionName, EntityTag, MemberName, ObjectName, PrincipalId, Privilege, SyncToken,
};
use calendar::object::Kind;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use dav::backend::{
    Backend, BusyScope, Caller, Changes, Collection, Credentials, DeadProperties, Limits, Member, MemberPage,
    Object, Precondition, Principal, PropertyChange, Relocation, Scheduling, SignIn, SourceFate, Stored,
    Telling,
};
use store::collections::{CollectionRecord, Role};
use store::objects::ObjectFacts;

use crate::access::grants;
use crate::attachments;
use crate::dav_backend::acceptable::{DATES, acceptable};
use crate::dav_backend::access::Seat;
use crate::dav_backend::veil::Sight;
use crate::gate::Staged;
use crate::operation::availability::{Where, unavailable};
use crate::operation::{collection, free_busy, sign_in};
use crate::owner::Owner;
use crate::push::channel::PushSettings;
use crate::push::crypt::Identity;
use crate::scheduling::write::{self, Wish};
use crate::scheduling::{place, rows};
use crate::sharing;
use crate::unified;
use crate::usage::Counts;
use crate::world::{World, refusal_of};

/// The calendars of this server as the protocol sees them.
pub struct DavBackend {
    world: World,
    /// Who tells devices of changes, and how; `None`: nobody does.
    push: Option<(Arc<Identity>, PushSettings)>,
    counts: Counts,
}

impl DavBackend {
    /// The backend over `world`.
    pub fn new(world: World) -> Self {
        Self { world, counts: Counts::default(), push: None }
    }

    /// The same, with devices that are told of changes by a server of this identity.
    #[must_use]
    pub fn with_push(self, identity: Arc<Identity>, settings: PushSettings) -> Self {
        Self { push: Some((identity, settings)), ..self }
    }

    async fn record(&self, name: &CollectionName) -> Result<Option<CollectionRecord>, Refusal> {
        Ok(self.world.store.collection(name).await.map_err(refusal_of)?.map(|(record, _)| record))
    }

    /// Whether there is room for an object of `octets` in place of what is there.
    async fn room(&self, name: &ObjectName, octets: usize) -> Result<(), Refusal> {
        let before = self.world.store.facts(name).await.map_err(refusal_of)?;
        let more = octets.saturating_sub(before.map_or(0, |facts| facts.octets));
        self.counts.admit(&self.world, &name.collection.owner, more as u64).await
    }
}

#[async_trait]
impl Backend for DavBackend {
    async fn sign_in(&self, credentials: &Credentials) -> Result<SignIn, Refusal> {
        let pair = (credentials.user.as_str(), credentials.password.as_str());
        let (answer, device) = sign_in::check_from(&self.world, pair, credentials.from).await?;
        Ok(match answer {
            sign_in::Answer::Owner(owner) => {
                SignIn::As(Caller { device, ..Caller::of(PrincipalId::new(owner)) })
            }
            sign_in::Answer::Wrong => SignIn::Refused,
            sign_in::Answer::Wait(retry_after_seconds) => SignIn::TooMany { retry_after_seconds },
        })
    }

    fn now(&self) -> Instant {
        self.world.now()
    }

    fn limits(&self) -> Limits {
        Limits {
            object_octets_max: self.world.limits.object_octets_max,
            instances_max: self.world.limits.instances_max,
            attendees_max: self.world.limits.attendees_max,
            range: DATES,
        }
    }

    async fn principal(&self, _: &Caller, id: &PrincipalId) -> Result<Option<Principal>, Refusal> {
        Ok(self.world.owner(id.as_str()).map(|owner| principal_of(&owner)))
    }

    async fn principals(&self, _: &Caller) -> Result<Vec<Principal>, Refusal> {
        Ok(self.world.owners().iter().map(|owner| principal_of(owner)).collect())
    }

    async fn collections(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Collection>, Refusal> {
        let owner = self.enter_for(caller, home, Privilege::Read).await?;
        let grants = grants::of(&self.world, home).await?;
        let records = self.world.store.collections(home).await.map_err(refusal_of)?;
        let mut collections = Vec::with_capacity(records.len());
        for (name, record) in records {
            let seat = if matches!(record.role, Role::Shared { .. }) {
                self.seat(caller, &name).await?
            } else {
                let privileges = if caller.principal == *home {
                    access::of_owner(&record)
                } else {
                    self.judged(caller, (&name, &record), &grants)
                };
                let owner = Arc::clone(&owner);
                let (name, sight) = (name.clone(), Sight::Whole);
                Some(Seat { owner, name, record, borrowed: None, privileges, sight })
            };
            let Some(seat) = seat.filter(|seat| seat.privileges.contains(&Privilege::Read)) else { continue };
            let head = self.world.store.head(&seat.name).await.map_err(refusal_of)?;
            collections.push(self.shown(&name, seat, head).await?);
        }
        Ok(collections)
    }

    async fn home_properties(&self, caller: &Caller, home: &PrincipalId) -> Result<DeadProperties, Refusal> {
        self.enter_for(caller, home, Privilege::Read).await?;
        home::properties_of(&self.world, home).await
    }

    async fn change_home(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        self.enter_for(caller, home, Privilege::WriteProperties).await?;
        home::change(&self.world, home, changes).await
    }

    async fn collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
    ) -> Result<Option<Collection>, Refusal> {
        // The head first: a change that slips in between is told twice, never lost.
        let mut head = self.world.store.head(name).await.map_err(refusal_of)?;
        let Some(mut seat) = self.seat(caller, name).await? else { return Ok(None) };
        if seat.name != *name {
            head = self.world.store.head(&seat.name).await.map_err(refusal_of)?;
            let Some(again) = self.seat(caller, name).await? else { return Ok(None) };
            seat = again;
        }
        self.shown(name, seat, head).await.map(Some)
    }

    async fn make_collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
        properties: &[PropertyChange],
    ) -> Result<(), Refusal> {
        let owner = self.enter_for(caller, &name.owner, Privilege::Bind).await?;
        let id = name.id.as_str();
        let taken = owner.sources.iter().any(|source| source.id == id) || collection::RESERVED.contains(&id);
        if self.record(name).await?.is_some() {
            return Err(Refusal::Exists);
        }
        if taken {
            return Err(Refusal::Protected("this name is kept for a calendar of the server or of a source"));
        }
        if self.world.store.collections(&name.owner).await.map_err(refusal_of)?.len()
            >= collection::COLLECTIONS_MAX
        {
            return Err(Refusal::Protected(
                "there are as many calendars as an owner may have; delete one first",
            ));
        }
        let components = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"];
        let mut record = collection::blank(&self.world, Role::Made, id, &components);
        record.writable = true;
        properties::apply(&mut record, properties)?;
        collection::make(&self.world, &owner, name, &record).await
    }

    async fn change_collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        if sharing::may_be_borrowed(name) && self.change_borrowed(caller, name, changes).await? {
            return Ok(());
        }
        let (owner, _) = self.enter_collection(caller, name, Privilege::WriteProperties).await?;
        let Some(changes) = self.choose_default(name, changes).await? else { return Ok(()) };
        let changes = &changes[..];
        collection::change(&self.world, name, |record| {
            let counted = collection::counts_as_busy(&owner, record);
            properties::apply(record, changes)?;
            let mirrors = |source: &str| owner.sources.iter().any(|settings| settings.id == source);
            let opaque = changes
                .iter()
                .any(|change| matches!(change, PropertyChange::Opaque(opaque) if *opaque != counted));
            match &record.role {
                Role::Mirror { source } if opaque && mirrors(source) => Err(Refusal::Protected(
                    "whether the calendar of a source counts as busy is said by the settings",
                )),
                _ => Ok(()),
            }
        })
        .await
    }

    async fn delete_collection(&self, caller: &Caller, name: &CollectionName) -> Result<(), Refusal> {
        self.delete_collection_telling(caller, name, Telling::Organizer).await
    }

    async fn members(
        &self,
        caller: &Caller,
        name: &CollectionName,
        from: Option<&MemberName>,
    ) -> Result<MemberPage, Refusal> {
        let (at, sight) = self.reading(caller, name).await?;
        listing::page(&self.world, &at, from, |_| true).await.map(|page| seen_with(sight, page))
    }

    async fn members_within(
        &self,
        caller: &Caller,
        name: &CollectionName,
        window: Span,
        kind: Option<Kind>,
        from: Option<&MemberName>,
    ) -> Result<MemberPage, Refusal> {
        let (at, sight) = self.reading(caller, name).await?;
        let page = listing::page(&self.world, &at, from, |facts| {
            let may_be_inside = match facts.kind {
                // What reaches nowhere may still match: a VTODO without dates always does (RFC 4791 §9.9).
                Kind::Event => facts.reach.is_some_and(|reach| touches(reach, window)),
                _ => true,
            };
            may_be_inside && kind.is_none_or(|kind| kind == facts.kind)
        });
        page.await.map(|page| seen_with(sight, page))
    }

    async fn member(&self, caller: &Caller, name: &ObjectName) -> Result<Option<Member>, Refusal> {
        let (at, sight) = self.reading(caller, &name.collection).await?;
        let at = ObjectName { collection: at, member: name.member.clone() };
        let facts = self.world.store.facts(&at).await.map_err(refusal_of)?;
        let Some(mut member) = facts.map(member_of) else { return Ok(None) };
        member.schedule_tag = rows::schedule_tag(&self.world, &at, &member.tag).await?;
        Ok(Some(sight.member(member)))
    }

    async fn object(&self, caller: &Caller, name: &ObjectName) -> Result<Option<Object>, Refusal> {
        let (at, sight) = self.reading(caller, &name.collection).await?;
        let at = ObjectName { collection: at, member: name.member.clone() };
        let found = listing::object(&self.world, &at).await?;
        Ok(found.and_then(|object| sight.object(object, &self.world.limits)))
    }

    async fn put(
        &self,
        caller: &Caller,
        name: &ObjectName,
        octets: Arc<[u8]>,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        let seat = self.receiving(caller, name).await?;
        if octets.len() > self.world.limits.object_octets_max {
            return Err(Refusal::TooLarge { limit: self.world.limits.object_octets_max });
        }
        acceptable(&self.world, &seat.record, &octets)?;
        let at = seat.object(&name.member);
        attachments::check(&self.world, &at, &octets).await?;
        self.room(&at, octets.len()).await?;
        let precondition = &seat.guarding(precondition);
        let stored = if place::schedules(&seat.record) {
            let (caller, telling) = (&caller.principal, Telling::Organizer);
            let wish = Wish { caller, name: &at, octets: Some(octets), precondition, telling };
            write::write(&self.world, &wish).await
        } else {
            self.put_plain(&at, octets, precondition).await
        };
        let stored = stored.map_err(|refusal| access::told_at(refusal, &name.collection))?;
        if stored.created {
            object_properties::forget(&self.world, &at).await?;
        }
        Ok(stored)
    }

    async fn delete(
        &self,
        caller: &Caller,
        name: &ObjectName,
        precondition: &Precondition,
    ) -> Result<(), Refusal> {
        self.delete_telling(caller, name, precondition, Telling::Organizer).await
    }

    async fn relocate(
        &self,
        caller: &Caller,
        relocation: &Relocation,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        let needed = match relocation.source {
            SourceFate::Leaves => &[Privilege::Read, Privilege::Unbind][..],
            SourceFate::Stays => &[Privilege::Read],
        };
        let source = self.leaving(caller, &relocation.from, needed).await?;
        let (from, sight) = (source.object(&relocation.from.member), source.sight);
        let target = self.receiving(caller, &relocation.to).await?;
        let to = target.object(&relocation.to.member);
        if from == to {
            return Err(Refusal::Protected("it is there already, seen from elsewhere"));
        }
        let real = Relocation { from, to, ..relocation.clone() };
        let Relocation { from, to, source, .. } = &real;
        if *source == SourceFate::Stays || from.collection.owner != to.collection.owner {
            let octets =
                self.world.store.facts(from).await.map_err(refusal_of)?.map_or(0, |facts| facts.octets);
            self.room(to, octets).await?;
        }
        let precondition = &sight.condition(precondition);
        let stored = relocation::relocate(&self.world, caller, (&real, &target, sight), precondition).await;
        stored.map_err(|refusal| access::told_at(refusal, &relocation.to.collection))
    }

    async fn changes(
        &self,
        caller: &Caller,
        name: &CollectionName,
        since: Option<SyncToken>,
        limit: usize,
    ) -> Result<Changes, Refusal> {
        let (at, sight) = self.reading(caller, name).await?;
        let record = self.record(&at).await?.ok_or(Refusal::NotFound)?;
        let mut changes = listing::changes(&self.world, (&at, &record), since, limit).await?;
        changes.changed = changes.changed.into_iter().map(|member| sight.member(member)).collect();
        Ok(changes)
    }

    async fn busy(&self, caller: &Caller, scope: &BusyScope, window: Span) -> Result<BusySet, Refusal> {
        let name = match scope {
            BusyScope::Everything(home) => {
                let owner = self.enter_for(caller, home, Privilege::ReadFreeBusy).await?;
                return self.everything(caller, &owner, (window, None)).await;
            }
            BusyScope::Collection(name) => name,
        };
        let (owner, at) = self.enter_collection(caller, name, Privilege::ReadFreeBusy).await?;
        if at.id.as_str() == unified::ID {
            return self.everything(caller, &owner, (window, None)).await;
        }
        let record = self.record(&at).await?.ok_or(Refusal::NotFound)?;
        let busy = free_busy::collection_busy(&self.world, &owner, (&at, &record), window).await?;
        let unavailable = unavailable(&self.world, &owner, (window, Where::Calendars), &[&at]).await?;
        Ok(busy.union(&unavailable))
    }

    async fn object_properties(
        &self,
        caller: &Caller,
        home: &PrincipalId,
    ) -> Result<BTreeMap<ObjectName, DeadProperties>, Refusal> {
        self.enter_at_all(caller, home).await?;
        self.kept_by_objects(caller, home).await
    }

    async fn change_object(
        &self,
        caller: &Caller,
        name: &ObjectName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        let at = self.enter_object(caller, name, Privilege::WriteProperties).await?;
        object_properties::change(&self.world, &at, changes).await
    }
}

/// A page as it is told to whoever sees that much.
fn seen_with(sight: Sight, page: MemberPage) -> MemberPage {
    MemberPage { members: page.members.into_iter().map(|member| sight.member(member)).collect(), ..page }
}

fn principal_of(owner: &Owner) -> Principal {
    Principal {
        id: PrincipalId::new(owner.id.as_str()),
        display_name: owner.name.clone(),
        addresses: owner.addresses.clone(),
        user_type: owner.manner.user_type,
    }
}

fn member_of(facts: ObjectFacts) -> Member {
    Member {
        member: facts.member,
        tag: facts.tag,
        kind: facts.kind,
        octets: facts.octets,
        modified: Instant::from_unix(facts.modified),
        created: Instant::from_unix(facts.created),
        schedule_tag: None,
    }
}

/// An event of no length at the very start of the window is inside it (RFC 4791 §9.9).
fn touches(reach: Span, window: Span) -> bool {
    reach.start < window.end && reach.end >= window.start
}

/// The tag of what the first edit met.
fn seen(staged: &[Staged]) -> Option<&EntityTag> {
    staged.first().and_then(|staged| staged.before.as_ref()).map(|facts| &facts.tag)
}

/// Whether the precondition holds for what was seen (RFC 9110 §13.1.1, §13.1.2).
pub(crate) fn met(precondition: &Precondition, current: Option<&EntityTag>) -> Result<(), Refusal> {
    let named = |tags: &[EntityTag]| current.is_some_and(|tag| tags.is_empty() || tags.contains(tag));
    let matches = precondition.matches.as_deref().is_none_or(named);
    let none_matches = !precondition.none_matches.as_deref().is_some_and(named);
    if matches && none_matches { Ok(()) } else { Err(Refusal::TagMismatch) }
}
