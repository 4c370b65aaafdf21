//! Calendar objects: a row of facts and a row with the octets, apart, so that a listing reads no body.
//!
//! The row with the octets begins with a checksum, so that what a disk has changed is never served, and names the
//! revision and entity tag that it belongs to, so that the two rows are known to be of one moment.

mod reindex;
mod removal;
mod rows;
mod settling;

use std::sync::Arc;

use calendar::busy::BusyPeriod;
use calendar::collection::{CollectionName, EntityTag, MemberName, ObjectName, PrincipalId, Revision};
use calendar::object::Kind;
use calendar::time::Span;

use crate::busy_index::Placement;
use crate::collections::{CollectionKey, Head};
use crate::engine::{EngineError, Version, Versioned};
use crate::key::RowKey;
use crate::table::{damaged, tag};
use crate::{Change, Store, change_log};

pub(crate) use rows::{FactsRow, OctetsRow, read_uid};
pub(crate) use settling::PendingObject;

/// The facts of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct ObjectFacts {
    /// Its name in the collection.
    pub member: MemberName,
    /// Its entity tag: of the octets.
    pub tag: EntityTag,
    /// Its UID.
    pub uid: String,
    /// What it is about.
    pub kind: Kind,
    /// Octets of its text as it is served.
    pub octets: usize,
    /// The revision of the collection at which it last changed.
    pub revision: Revision,
    /// When it last changed, UTC seconds.
    pub modified: i64,
    /// When it was made, UTC seconds.
    pub created: i64,
    /// Outside this span it has no instance; `None`: it never takes place.
    pub reach: Option<Span>,
    /// For a member of the unified collection: whose octets it shows.
    pub shows: Option<ObjectName>,
    /// The version of this row.
    pub version: Version,
}

/// An object whole.
#[derive(Clone, Debug)]
pub struct StoredObject {
    /// Its facts.
    pub facts: ObjectFacts,
    /// Its octets; empty for a member of the unified collection (follow `shows`).
    pub octets: Arc<[u8]>,
}

/// What an object is to become.
#[derive(Clone, Debug)]
pub struct NewObject {
    /// Its entity tag.
    pub tag: EntityTag,
    /// Its UID.
    pub uid: String,
    /// What it is about.
    pub kind: Kind,
    /// Its octets; empty with `shows`.
    pub octets: Arc<[u8]>,
    /// Octets of its text as it is served: of `octets`, or of what is shown.
    pub length: usize,
    /// When it was made, UTC seconds.
    pub created: i64,
    /// See [`ObjectFacts::reach`].
    pub reach: Option<Span>,
    /// See [`ObjectFacts::shows`].
    pub shows: Option<ObjectName>,
    /// Its busy periods: all of them, or those within the span that the index covers.
    pub busy: Vec<BusyPeriod>,
    /// Outside this span it has no others; `None`: it has no others at all (see [`Store::busy_beyond`]).
    pub beyond: Option<Span>,
}

/// A change of one object with all that belongs to it: facts, octets, UID row, busy rows, change-log row.
#[derive(Clone, Debug)]
pub struct ObjectChange {
    /// Which object.
    pub name: ObjectName,
    /// What was seen there.
    pub before: Option<ObjectFacts>,
    /// What it is to become; `None`: deleted.
    pub after: Option<NewObject>,
    /// UTC seconds of the change.
    pub modified: i64,
}

impl Change {
    /// Adds changes of objects of one collection, seen at `head`: expects the head and every object as seen, advances
    /// the revision by one for all of them together, and returns the new one. A member stands in `changes` at most
    /// once. A UID that comes in new must be nobody else's in the collection, unless it leaves in the same change.
    pub fn change_objects(
        &mut self,
        collection: &CollectionName,
        head: Head,
        changes: &[ObjectChange],
    ) -> Revision {
        let revision = Revision(head.revision.0 + 1);
        self.expect_head(collection, head);
        self.put_head(collection, revision, head.floor);
        // UIDs leave before others come in, so that one may pass from member to member.
        for change in changes {
            if let Some(before) = &change.before
                && change.after.as_ref().is_none_or(|after| after.uid != before.uid)
            {
                self.remove(uid_key(collection, &before.uid));
            }
        }
        for change in changes {
            self.change_object(change, revision);
        }
        revision
    }

    fn change_object(&mut self, change: &ObjectChange, revision: Revision) {
        let ObjectName { collection, member } = &change.name;
        let seen = change.before.as_ref().map_or(0, |before| before.version);
        self.expect(object_key(tag::FACTS, &change.name), seen);
        if let Some(before) = &change.before {
            self.remove(change_log::log_key(collection, before.revision, member));
        }
        match &change.after {
            Some(after) => {
                if change.before.as_ref().is_none_or(|before| before.uid != after.uid) {
                    self.claim_uid(&change.name, &after.uid);
                }
                let placed = Placement::of(&after.busy, after.beyond);
                let row = FactsRow::new(member, after, revision, change.modified, placed);
                self.put(object_key(tag::FACTS, &change.name), row.write());
                match row.write_octets(&after.octets) {
                    Some(object) => self.put(object_key(tag::OCTETS, &change.name), object),
                    None => self.remove(object_key(tag::OCTETS, &change.name)),
                }
                self.log(&change.name, revision, change_log::Fate::Changed);
            }
            None if change.before.is_none() => return,
            None => {
                self.remove(object_key(tag::FACTS, &change.name));
                self.remove(object_key(tag::OCTETS, &change.name));
                self.log(&change.name, revision, change_log::Fate::Removed);
            }
        }
        self.objects.push(PendingObject::new(change, seen));
    }

    fn claim_uid(&mut self, name: &ObjectName, uid: &str) {
        let key = uid_key(&name.collection, uid);
        // A row that leaves in this change is pinned by its member's facts; any other may not be there.
        if !self.writes(&key) {
            self.expect(key.clone(), 0);
        }
        self.put(key, rows::write_uid(&name.collection, &name.member));
    }
}

impl Store {
    /// The facts of an object.
    pub async fn facts(&self, name: &ObjectName) -> Result<Option<ObjectFacts>, EngineError> {
        Ok(self.facts_row(name).await?.map(|row| row.facts))
    }

    /// The facts of members of one collection, in their order, read together.
    pub async fn facts_of(
        &self,
        collection: &CollectionName,
        members: &[MemberName],
    ) -> Result<Vec<Option<ObjectFacts>>, EngineError> {
        let begin = collection.key(tag::FACTS);
        let key = |member: &MemberName| begin.clone().long_name(member.as_str()).into_octets();
        let keys: Vec<Vec<u8>> = members.iter().map(key).collect();
        let what = || format!("facts in {collection}");
        let read = |row: Versioned| Ok(FactsRow::read(&row.value, row.version, &what)?.facts);
        self.engine.values(&keys).await?.into_iter().map(|row| row.map(read).transpose()).collect()
    }

    pub(crate) async fn facts_row(&self, name: &ObjectName) -> Result<Option<FactsRow>, EngineError> {
        let Some(row) = self.engine.get(object_key(tag::FACTS, name).octets()).await? else {
            return Ok(None);
        };
        FactsRow::read(&row.value, row.version, &|| format!("the facts of {name}")).map(Some)
    }

    /// The object whole.
    ///
    /// # Errors
    /// [`EngineError::Damaged`] if the octets are not those that were stored.
    pub async fn object(&self, name: &ObjectName) -> Result<Option<StoredObject>, EngineError> {
        let keys = [tag::FACTS, tag::OCTETS].map(|table| object_key(table, name).into_octets());
        // Not every engine reads the two at one moment; finding the same two rows again is no coincidence.
        let mut found = None;
        loop {
            let mut rows = self.engine.values(&keys).await?.into_iter();
            let (Some(Some(row)), row_of_octets) = (rows.next(), rows.next().flatten()) else {
                return Ok(None);
            };
            let FactsRow { facts, .. } =
                FactsRow::read(&row.value, row.version, &|| format!("the facts of {name}"))?;
            if facts.shows.is_some() || facts.octets == 0 {
                return Ok(Some(StoredObject { facts, octets: Arc::default() }));
            }
            let row = row_of_octets;
            let versions = (facts.version, row.as_ref().map(|row| row.version));
            if let Some(row) = row {
                let row = OctetsRow::read(&row.value, &|| format!("the object {name}"))?;
                if row.belongs_to(&facts) {
                    return Ok(Some(StoredObject { facts, octets: row.octets }));
                }
            }
            if found.replace(versions) == Some(versions) {
                return Err(damaged(format!("the object {name}"), "its octets are not those of its facts"));
            }
        }
    }

    /// Up to `limit` members after `after` (from the beginning if `None`), by name (beyond 138 octets of it, in an
    /// order that is arbitrary but fixed).
    pub async fn members(
        &self,
        collection: &CollectionName,
        after: Option<&MemberName>,
        limit: usize,
    ) -> Result<Vec<ObjectFacts>, EngineError> {
        Ok(self.member_rows(collection, after, limit).await?.into_iter().map(|row| row.facts).collect())
    }

    pub(crate) async fn member_rows(
        &self,
        collection: &CollectionName,
        after: Option<&MemberName>,
        limit: usize,
    ) -> Result<Vec<FactsRow>, EngineError> {
        let begin = collection.key(tag::FACTS);
        let from = after.map_or_else(
            || begin.octets().to_vec(),
            |member| begin.clone().long_name(member.as_str()).successor(),
        );
        let entries = self.engine.scan(&from, &begin.end(), limit).await?;
        entries
            .iter()
            .map(|entry| FactsRow::read(&entry.value, entry.version, &|| format!("facts in {collection}")))
            .collect()
    }

    /// The member with this UID in the collection.
    pub async fn by_uid(
        &self,
        collection: &CollectionName,
        uid: &str,
    ) -> Result<Option<MemberName>, EngineError> {
        let Some(row) = self.engine.get(uid_key(collection, uid).octets()).await? else { return Ok(None) };
        rows::read_uid(&row.value, uid).map(|(_, member)| Some(member))
    }

    /// All objects of `owner` with this UID, in any collection.
    pub async fn copies_of(&self, owner: &PrincipalId, uid: &str) -> Result<Vec<ObjectName>, EngineError> {
        let begin = RowKey::of(tag::UID).name(owner.as_str()).long_name(uid);
        let entries = self.engine.scan(begin.octets(), &begin.end(), usize::MAX).await?;
        entries
            .iter()
            .map(|entry| {
                let (collection, member) = rows::read_uid(&entry.value, uid)?;
                Ok(ObjectName { collection: CollectionName { owner: owner.clone(), id: collection }, member })
            })
            .collect()
    }
}

/// The key of an object's row in the table with this octet.
pub(crate) fn object_key(table: u8, name: &ObjectName) -> RowKey {
    name.collection.key(table).long_name(name.member.as_str())
}

/// The key of a UID's row: by owner and UID first, so that all copies of an event lie together.
pub(crate) fn uid_key(collection: &CollectionName, uid: &str) -> RowKey {
    RowKey::of(tag::UID).name(collection.owner.as_str()).long_name(uid).name(collection.id.as_str())
}
