//! Derived facts made anew: where an object reaches and when it is busy, without a change of the object.

use calendar::busy::BusyPeriod;
use calendar::collection::{CollectionName, ObjectName};
use calendar::time::Span;

use super::object_key;
use super::rows::FactsRow;
use super::settling::PendingObject;
use crate::Change;
use crate::busy_index::Placement;
use crate::objects::ObjectFacts;
use crate::table::tag;

impl Change {
    /// Writes what is derived from an object anew, expecting it to be as in `facts`: its reach, its busy rows and where
    /// it is busy beyond them ([`NewObject::beyond`](super::NewObject::beyond)). The object itself, its tag, its revision
    /// and the change log stay as they are; the version of its facts moves.
    pub fn reindex(
        &mut self,
        collection: &CollectionName,
        facts: &ObjectFacts,
        reach: Option<Span>,
        (busy, beyond): (&[BusyPeriod], Option<Span>),
    ) {
        let name = ObjectName { collection: collection.clone(), member: facts.member.clone() };
        let row =
            FactsRow { facts: ObjectFacts { reach, ..facts.clone() }, placed: Placement::of(busy, beyond) };
        let key = object_key(tag::FACTS, &name);
        self.expect(key.clone(), facts.version);
        self.put(key, row.write());
        self.objects.push(PendingObject::reindexed(name, facts.version, (busy, beyond)));
    }
}
