//! Calendar objects: a row of facts and the octets, apart, so that a listing reads no body.

use std::sync::Arc;

use calendar::busy::BusyPeriod;
use calendar::collection::{CollectionName, EntityTag, MemberName, ObjectName, PrincipalId, Revision};
use calendar::object::Kind;
use calendar::time::Span;

use crate::collections::Head;
use crate::engine::{EngineError, Version};
use crate::{Change, Store};

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
    /// Octets of its text.
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
    /// When it was made, UTC seconds.
    pub created: i64,
    /// See [`ObjectFacts::reach`].
    pub reach: Option<Span>,
    /// See [`ObjectFacts::shows`].
    pub shows: Option<ObjectName>,
    /// Its busy periods within the span the index covers.
    pub busy: Vec<BusyPeriod>,
}

/// A change of one object with all that belongs to it: facts, octets, UID row, busy rows, change-log row.
#[derive(Clone, Debug)]
pub struct ObjectChange {
    /// Which object.
    pub name: ObjectName,
    /// What was seen there.
    pub before: Option<ObjectFacts>,
    /// The busy periods that were indexed for `before` (see [`Store::busy_of`]).
    pub busy_before: Vec<BusyPeriod>,
    /// What it is to become; `None`: deleted.
    pub after: Option<NewObject>,
    /// UTC seconds of the change.
    pub modified: i64,
}

impl Change {
    /// Adds changes of objects of one collection, seen at `head`: expects the head and every object as seen, advances
    /// the revision by one for all of them together, and returns the new one.
    pub fn change_objects(
        &mut self,
        collection: &CollectionName,
        head: Head,
        changes: &[ObjectChange],
    ) -> Revision {
        let _ = (collection, head, changes);
        todo!()
    }
}

impl Store {
    /// The facts of an object.
    pub async fn facts(&self, name: &ObjectName) -> Result<Option<ObjectFacts>, EngineError> {
        let _ = name;
        todo!()
    }

    /// The object whole.
    pub async fn object(&self, name: &ObjectName) -> Result<Option<StoredObject>, EngineError> {
        let _ = name;
        todo!()
    }

    /// Up to `limit` members after `after` (from the beginning if `None`), by name.
    pub async fn members(
        &self,
        collection: &CollectionName,
        after: Option<&MemberName>,
        limit: usize,
    ) -> Result<Vec<ObjectFacts>, EngineError> {
        let _ = (collection, after, limit);
        todo!()
    }

    /// The member with this UID in the collection.
    pub async fn by_uid(
        &self,
        collection: &CollectionName,
        uid: &str,
    ) -> Result<Option<MemberName>, EngineError> {
        let _ = (collection, uid);
        todo!()
    }

    /// All objects of `owner` with this UID, in any collection.
    pub async fn copies_of(&self, owner: &PrincipalId, uid: &str) -> Result<Vec<ObjectName>, EngineError> {
        let _ = (owner, uid);
        todo!()
    }

    /// Removes up to `limit` members of a collection that is going away, without a change log; how many are left is
    /// unknown, so it is called until it returns 0.
    pub async fn remove_members(
        &self,
        collection: &CollectionName,
        limit: usize,
    ) -> Result<usize, EngineError> {
        let _ = (collection, limit);
        todo!()
    }
}
