//! A backend in memory: what the protocol needs, and nothing of how it is kept.

mod access;
mod files;
mod free_busy;
mod push;
mod scheduling;

use std::collections::BTreeMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use calendar::address::{Address, UserType};
use calendar::busy::{BusyReading, BusySet, of_object};
use calendar::collection::{
    CollectionName, EntityTag, MemberName, ObjectName, PrincipalId, Privilege, Revision, SyncToken,
};
use calendar::limits::Limits as CoreLimits;
use calendar::object::{CalendarObject, Kind};
use calendar::recur::instances;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use dav::backend::*;

/// What the owner may do with what is theirs.
pub const ALL: [Privilege; 9] = [
    Privilege::Read,
    Privilege::ReadFreeBusy,
    Privilege::ReadAcl,
    Privilege::WriteContent,
    Privilege::WriteProperties,
    Privilege::Bind,
    Privilege::Unbind,
    Privilege::WriteAcl,
    Privilege::Unlock,
];

/// A collection with its members and its log.
pub struct Kept {
    pub collection: Collection,
    objects: BTreeMap<MemberName, Object>,
    /// Member → the revision of its last change, and whether it is gone.
    log: BTreeMap<MemberName, (u64, bool)>,
}

pub struct Memory {
    pub kept: Mutex<BTreeMap<CollectionName, Kept>>,
    /// What Ada's home keeps.
    pub home: Mutex<DeadProperties>,
    /// Members a page, and how many pages were asked for.
    pub page_members: usize,
    pub pages: AtomicUsize,
    /// Whether reading members fails from the second page on.
    pub fails_late: bool,
    /// Locks and files.
    pub besides: files::Besides,
    pub subscriptions: Mutex<Vec<(SubscriptionName, WebPush)>>,
    pub muted: Mutex<Vec<String>>,
    /// What objects keep.
    pub object_properties: Mutex<BTreeMap<ObjectName, DeadProperties>>,
}

/// 2026-05-04T08:00:00Z, a Monday.
pub const NOW: i64 = 1_777_881_600;

impl Memory {
    /// Ada with `work` and a read-only `holidays`; Bob with `home`.
    pub fn new() -> Self {
        let memory = Self {
            kept: Mutex::default(),
            home: Mutex::default(),
            page_members: 100,
            pages: AtomicUsize::new(0),
            fails_late: false,
            besides: files::Besides::default(),
            subscriptions: Mutex::default(),
            muted: Mutex::default(),
            object_properties: Mutex::default(),
        };
        for (owner, id) in [("ada", "work"), ("ada", "holidays"), ("ada", "unified"), ("bob", "home")] {
            memory.add(&CollectionName::new(owner, id));
        }
        let holidays = CollectionName::new("ada", "holidays");
        memory.kept.lock().unwrap().get_mut(&holidays).unwrap().collection.privileges = vec![Privilege::Read];
        memory
    }

    pub fn add(&self, name: &CollectionName) {
        let collection = Collection {
            name: name.clone(),
            kind: CollectionKind::Calendar,
            display_name: name.id.to_string(),
            description: None,
            timezone: None,
            availability: None,
            zone: Zone::utc().clone(),
            components: vec![Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy],
            opaque: true,
            privileges: ALL.to_vec(),
            borrowed: None,
            dead_properties: BTreeMap::new(),
            default_calendar: None,
            token: SyncToken { epoch: 0xcafe, revision: Revision(1) },
            created: Instant::from_unix(NOW),
        };
        let kept = Kept { collection, objects: BTreeMap::new(), log: BTreeMap::new() };
        self.kept.lock().unwrap().insert(name.clone(), kept);
    }

    /// Puts an object in without asking anything.
    pub fn insert(&self, collection: &str, member: &str, text: &str) {
        let (owner, id) = collection.split_once('/').unwrap();
        let mut kept = self.kept.lock().unwrap();
        kept.get_mut(&CollectionName::new(owner, id))
            .unwrap()
            .set(MemberName::new(member), text.as_bytes().into());
    }

    fn with<T>(
        &self,
        caller: &Caller,
        name: &CollectionName,
        needs: Privilege,
        then: impl FnOnce(&mut Kept) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        let mut kept = self.kept.lock().unwrap();
        let found = kept.get_mut(name).filter(|_| name.owner == caller.principal);
        let found = found.ok_or(Refusal::NotFound)?;
        if !found.collection.privileges.contains(&needs) {
            return Err(Refusal::NotPermitted(needs));
        }
        then(found)
    }

    fn page(&self, members: Vec<Member>, from: Option<&MemberName>) -> Result<MemberPage, Refusal> {
        self.pages.fetch_add(1, Ordering::SeqCst);
        if self.fails_late && from.is_some() {
            return Err(Refusal::Unavailable("the disk is gone".to_owned()));
        }
        let mut rest: Vec<Member> =
            members.into_iter().filter(|member| from.is_none_or(|from| member.member >= *from)).collect();
        let next = rest.get(self.page_members).map(|member| member.member.clone());
        rest.truncate(self.page_members);
        Ok(MemberPage { members: rest, next })
    }
}

impl Kept {
    fn bump(&mut self) -> u64 {
        self.collection.token.revision.0 += 1;
        self.collection.token.revision.0
    }

    fn set(&mut self, member: MemberName, octets: Arc<[u8]>) -> EntityTag {
        let mut hasher = DefaultHasher::new();
        octets.hash(&mut hasher);
        let tag = EntityTag(format!("{:016x}", hasher.finish()));
        let kind = CalendarObject::read(Arc::clone(&octets), &CoreLimits::default())
            .map_or(Kind::Event, |object| object.kind());
        let facts = Member {
            member: member.clone(),
            tag: tag.clone(),
            kind,
            octets: octets.len(),
            modified: Instant::from_unix(NOW),
            created: Instant::from_unix(NOW),
            schedule_tag: scheduling::tag_of(&octets),
        };
        let revision = self.bump();
        self.log.insert(member.clone(), (revision, false));
        self.objects.insert(member, Object { facts, octets });
        tag
    }

    fn change(&mut self, changes: &[PropertyChange]) {
        let collection = &mut self.collection;
        for change in changes {
            match change.clone() {
                PropertyChange::DisplayName(name) => collection.display_name = name,
                PropertyChange::Description(text) => collection.description = text,
                PropertyChange::Timezone(text) => {
                    let zone = text.as_deref().and_then(dav::timezone::of_icalendar);
                    collection.zone = zone.unwrap_or_else(|| Zone::utc().clone());
                    collection.timezone = text;
                }
                PropertyChange::Availability(text) => collection.availability = text,
                PropertyChange::Components(kinds) => collection.components = kinds,
                PropertyChange::Opaque(opaque) => collection.opaque = opaque,
                PropertyChange::GroupMembers(_) => panic!("a collection has no members that are set"),
                PropertyChange::DefaultCalendar(name) => collection.default_calendar = Some(name),
                PropertyChange::Dead(name, Some(xml)) => {
                    collection.dead_properties.insert(name, xml);
                }
                PropertyChange::Dead(name, None) => {
                    collection.dead_properties.remove(&name);
                }
            }
        }
    }
}

fn holds(precondition: &Precondition, tag: Option<&EntityTag>) -> Result<(), Refusal> {
    let among = |tags: &Vec<EntityTag>| tag.is_some_and(|tag| tags.is_empty() || tags.contains(tag));
    let matches = precondition.matches.as_ref().is_none_or(among);
    let none_matches = !precondition.none_matches.as_ref().is_some_and(among);
    if matches && none_matches { Ok(()) } else { Err(Refusal::TagMismatch) }
}

#[async_trait]
impl Backend for Memory {
    async fn sign_in(&self, credentials: &Credentials) -> Result<SignIn, Refusal> {
        Ok(match (credentials.user.as_str(), credentials.password.as_str()) {
            ("ada" | "bob", "pässword") => {
                SignIn::As(Caller::of(PrincipalId::new(credentials.user.as_str())))
            }
            ("eve", _) => SignIn::TooMany { retry_after_seconds: 60 },
            _ => SignIn::Refused,
        })
    }

    fn now(&self) -> Instant {
        Instant::from_unix(NOW)
    }

    fn limits(&self) -> Limits {
        Limits { object_octets_max: 100_000, instances_max: 1_000, attendees_max: 100, range: Span::ALWAYS }
    }

    async fn principal(&self, _: &Caller, id: &PrincipalId) -> Result<Option<Principal>, Refusal> {
        let name = match id.as_str() {
            "ada" => "Ada Lovelace",
            "bob" => "Bob",
            _ => return Ok(None),
        };
        let addresses = vec![
            Address::parse(&format!("/dav/principals/{id}/")),
            Address::parse(&format!("{id}@example.org")),
        ];
        Ok(Some(Principal {
            id: id.clone(),
            display_name: name.to_owned(),
            addresses,
            user_type: UserType::default(),
        }))
    }

    async fn principals(&self, caller: &Caller) -> Result<Vec<Principal>, Refusal> {
        let mut all = Vec::new();
        for id in ["ada", "bob"] {
            all.extend(self.principal(caller, &PrincipalId::new(id)).await?);
        }
        Ok(all)
    }

    async fn collections(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Collection>, Refusal> {
        if *home != caller.principal {
            return Err(Refusal::NotPermitted(Privilege::Read));
        }
        let kept = self.kept.lock().unwrap();
        Ok(kept.values().map(|kept| &kept.collection).filter(|c| c.name.owner == *home).cloned().collect())
    }

    async fn home_properties(&self, _: &Caller, home: &PrincipalId) -> Result<DeadProperties, Refusal> {
        Ok(if home.as_str() == "ada" { self.home.lock().unwrap().clone() } else { DeadProperties::new() })
    }

    async fn change_home(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        if *home != caller.principal {
            return Err(Refusal::NotPermitted(Privilege::WriteProperties));
        }
        for change in changes {
            match change.clone() {
                PropertyChange::Dead(name, Some(xml)) => self.home.lock().unwrap().insert(name, xml),
                PropertyChange::Dead(name, None) => self.home.lock().unwrap().remove(&name),
                _ => return Err(Refusal::Protected("only dead properties are kept here")),
            };
        }
        Ok(())
    }

    async fn collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
    ) -> Result<Option<Collection>, Refusal> {
        let kept = self.kept.lock().unwrap();
        Ok(kept.get(name).filter(|_| name.owner == caller.principal).map(|kept| kept.collection.clone()))
    }

    async fn make_collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
        properties: &[PropertyChange],
    ) -> Result<(), Refusal> {
        if name.owner != caller.principal {
            return Err(Refusal::NoParent);
        }
        if name.id.as_str() == "inbox" {
            return Err(Refusal::Protected("the inbox is no calendar"));
        }
        if self.kept.lock().unwrap().contains_key(name) {
            return Err(Refusal::Exists);
        }
        self.add(name);
        self.with(caller, name, Privilege::Bind, |kept| {
            kept.change(properties);
            Ok(())
        })
    }

    async fn change_collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        self.with(caller, name, Privilege::WriteProperties, |kept| {
            kept.change(changes);
            Ok(())
        })
    }

    async fn delete_collection(&self, caller: &Caller, name: &CollectionName) -> Result<(), Refusal> {
        self.with(caller, name, Privilege::Unbind, |_| Ok(()))?;
        self.kept.lock().unwrap().remove(name);
        Ok(())
    }

    async fn members(
        &self,
        caller: &Caller,
        name: &CollectionName,
        from: Option<&MemberName>,
    ) -> Result<MemberPage, Refusal> {
        let all = self.with(caller, name, Privilege::Read, |kept| {
            Ok(kept.objects.values().map(|object| object.facts.clone()).collect())
        })?;
        self.page(all, from)
    }

    async fn members_within(
        &self,
        caller: &Caller,
        name: &CollectionName,
        window: Span,
        kind: Option<Kind>,
        from: Option<&MemberName>,
    ) -> Result<MemberPage, Refusal> {
        let some = self.with(caller, name, Privilege::Read, |kept| {
            let zone = kept.collection.zone.clone();
            let meets = |object: &&Object| {
                let limits = CoreLimits { instances_max: 2_000, ..CoreLimits::default() };
                let read = CalendarObject::read(Arc::clone(&object.octets), &limits);
                read.is_ok_and(|read| {
                    kind.is_none_or(|kind| kind == read.kind())
                        && instances(&read, &zone, window, &limits).map_or(true, |found| !found.is_empty())
                })
            };
            Ok(kept.objects.values().filter(meets).map(|object| object.facts.clone()).collect())
        })?;
        self.page(some, from)
    }

    async fn member(&self, caller: &Caller, name: &ObjectName) -> Result<Option<Member>, Refusal> {
        Ok(self.object(caller, name).await?.map(|object| object.facts))
    }

    async fn object(&self, caller: &Caller, name: &ObjectName) -> Result<Option<Object>, Refusal> {
        self.with(caller, &name.collection, Privilege::Read, |kept| {
            Ok(kept.objects.get(&name.member).cloned())
        })
    }

    async fn put(
        &self,
        caller: &Caller,
        name: &ObjectName,
        octets: Arc<[u8]>,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        let read = CalendarObject::read(Arc::clone(&octets), &CoreLimits::default());
        let write = self.with(caller, &name.collection, Privilege::WriteContent, |kept| {
            let object = read.map_err(|error| Refusal::NotValidObject {
                line: error.line,
                property: error.property,
                reason: error.reason,
            })?;
            if !kept.collection.components.contains(&object.kind()) {
                return Err(Refusal::UnsupportedComponent(object.kind().component_name().to_owned()));
            }
            holds(precondition, kept.objects.get(&name.member).map(|object| &object.facts.tag))?;
            scheduling::holds(precondition, kept.objects.get(&name.member))?;
            for (member, other) in &kept.objects {
                let other = CalendarObject::read(Arc::clone(&other.octets), &CoreLimits::default());
                if *member != name.member && other.is_ok_and(|other| other.uid() == object.uid()) {
                    return Err(Refusal::UidConflict(ObjectName::new(&name.collection, member.as_str())));
                }
            }
            let created = !kept.objects.contains_key(&name.member);
            let changed = object.uid().contains("rewritten");
            let tag = kept.set(name.member.clone(), Arc::clone(&octets));
            let schedule_tag = scheduling::tag_of(&octets);
            Ok(Stored { tag: (!changed).then_some(tag), created, schedule_tag })
        });
        write.map_err(|refusal| match refusal {
            Refusal::NotFound => Refusal::NoParent,
            other => other,
        })
    }

    async fn delete(
        &self,
        caller: &Caller,
        name: &ObjectName,
        precondition: &Precondition,
    ) -> Result<(), Refusal> {
        self.with(caller, &name.collection, Privilege::Unbind, |kept| {
            let found = kept.objects.get(&name.member);
            if found.is_none() && precondition.matches.is_none() {
                return Err(Refusal::NotFound);
            }
            holds(precondition, found.map(|object| &object.facts.tag))?;
            scheduling::holds(precondition, found)?;
            kept.objects.remove(&name.member);
            let revision = kept.bump();
            kept.log.insert(name.member.clone(), (revision, true));
            Ok(())
        })
    }

    async fn relocate(
        &self,
        caller: &Caller,
        relocation: &Relocation,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal> {
        let Relocation { from, to, source, target } = relocation;
        let found = self.object(caller, from).await?.ok_or(Refusal::NotFound)?;
        holds(precondition, Some(&found.facts.tag))?;
        scheduling::holds(precondition, Some(&found))?;
        if *source == SourceFate::Leaves {
            self.with(caller, &from.collection, Privilege::Unbind, |_| Ok(()))?;
        }
        if *target == TargetFate::Stays && self.object(caller, to).await.is_ok_and(|there| there.is_some()) {
            return Err(Refusal::Exists);
        }
        let stored = self.put(caller, to, Arc::clone(&found.octets), &Precondition::default()).await;
        let own_uid = |holder: &ObjectName| *source == SourceFate::Leaves && holder == from;
        let stored = match stored {
            Err(Refusal::UidConflict(holder)) if own_uid(&holder) => {
                self.delete(caller, from, &Precondition::default()).await?;
                return self.put(caller, to, found.octets, &Precondition::default()).await;
            }
            other => other?,
        };
        if *source == SourceFate::Leaves {
            self.delete(caller, from, &Precondition::default()).await?;
        }
        Ok(stored)
    }

    async fn changes(
        &self,
        caller: &Caller,
        name: &CollectionName,
        since: Option<SyncToken>,
        limit: usize,
    ) -> Result<Changes, Refusal> {
        self.with(caller, name, Privilege::Read, |kept| {
            let head = kept.collection.token;
            let since_revision = since.map_or(0, |token| token.revision.0);
            if since.is_some_and(|token| token.epoch != head.epoch) || since_revision > head.revision.0 {
                return Err(Refusal::SyncTokenExpired);
            }
            let mut rows: Vec<_> =
                kept.log.iter().filter(|(_, (revision, _))| *revision > since_revision).collect();
            rows.sort_by_key(|(_, (revision, _))| *revision);
            let truncated = rows.len() > limit;
            rows.truncate(limit);
            let mut changes = Changes { changed: vec![], removed: vec![], token: head, truncated };
            for (member, (revision, gone)) in rows {
                if truncated {
                    changes.token.revision = Revision(*revision);
                }
                match kept.objects.get(member) {
                    Some(object) if !gone => changes.changed.push(object.facts.clone()),
                    _ => changes.removed.push(member.clone()),
                }
            }
            Ok(changes)
        })
    }

    async fn object_properties(
        &self,
        caller: &Caller,
        home: &PrincipalId,
    ) -> Result<BTreeMap<ObjectName, DeadProperties>, Refusal> {
        if caller.principal != *home {
            return Err(Refusal::NotFound);
        }
        Ok(self.object_properties.lock().unwrap().clone())
    }

    async fn change_object(
        &self,
        caller: &Caller,
        name: &ObjectName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal> {
        self.member(caller, name).await?.ok_or(Refusal::NotFound)?;
        let mut all = self.object_properties.lock().unwrap();
        let kept = all.entry(name.clone()).or_default();
        for change in changes {
            match change.clone() {
                PropertyChange::Dead(name, Some(xml)) => drop(kept.insert(name, xml)),
                PropertyChange::Dead(name, None) => drop(kept.remove(&name)),
                _ => return Err(Refusal::Protected("of calendars")),
            }
        }
        Ok(())
    }

    async fn busy(&self, caller: &Caller, scope: &BusyScope, window: Span) -> Result<BusySet, Refusal> {
        let kept = self.kept.lock().unwrap();
        let asked = |name: &CollectionName| match scope {
            BusyScope::Collection(one) => name == one,
            BusyScope::Everything(owner) => name.owner == *owner,
        };
        let mut periods = Vec::new();
        for (name, kept) in kept.iter().filter(|(name, _)| asked(name) && name.owner == caller.principal) {
            let limits = CoreLimits::default();
            let owner = [Address::parse(&format!("{}@example.org", name.owner))];
            let reading = BusyReading { zone: &kept.collection.zone, owner: &owner, limits: &limits };
            for object in kept.objects.values() {
                if let Ok(object) = CalendarObject::read(Arc::clone(&object.octets), &limits) {
                    periods.extend(of_object(&object, &reading, window).unwrap());
                }
            }
        }
        Ok(periods.into_iter().collect::<BusySet>().clipped(window))
    }
}
