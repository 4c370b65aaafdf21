//! How facts, objects and UID rows are written and read.

use std::sync::Arc;

use calendar::collection::{CollectionId, CollectionName, EntityTag, MemberName, ObjectName, Revision};
use calendar::object::Kind;
use calendar::time::{Instant, Span};

use super::{NewObject, ObjectFacts};
use crate::busy_index::Placement;
use crate::engine::{EngineError, Version};
use crate::key::digest;
use crate::table::{RowReader, RowWriter, damaged, read_row};

/// The facts of an object with what only the store needs of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FactsRow {
    pub(crate) facts: ObjectFacts,
    /// Where its busy periods stand.
    pub(crate) placed: Placement,
}

impl FactsRow {
    pub(crate) fn new(
        member: &MemberName,
        object: &NewObject,
        revision: Revision,
        modified: i64,
        placed: Placement,
    ) -> Self {
        let facts = ObjectFacts {
            member: member.clone(),
            tag: object.tag.clone(),
            uid: object.uid.clone(),
            kind: object.kind,
            // Of a reference nobody here knows the length; of an object it is what is stored.
            octets: if object.shows.is_some() { object.length } else { object.octets.len() },
            revision,
            modified,
            created: object.created,
            reach: object.reach,
            shows: object.shows.clone(),
            version: 0,
        };
        Self { facts, placed }
    }

    /// The row of facts.
    pub(crate) fn write(&self) -> Vec<u8> {
        let facts = &self.facts;
        let mut row = RowWriter::new();
        row.text(facts.member.as_str()).text(&facts.tag.0).text(&facts.uid).number(octet_of(facts.kind));
        row.number(facts.octets as u64).number(facts.revision.0).signed(facts.modified).signed(facts.created);
        match facts.reach {
            None => row.number(0),
            Some(span) => row.number(1).signed(span.start.as_unix()).signed(span.end.as_unix()),
        };
        match &facts.shows {
            None => row.number(0),
            Some(ObjectName { collection, member }) => row
                .number(1)
                .text(collection.owner.as_str())
                .text(collection.id.as_str())
                .text(member.as_str()),
        };
        self.placed.write(&mut row);
        row.finish()
    }

    /// The row with the octets; none where there are none (a member of the unified collection).
    pub(crate) fn write_octets(&self, octets: &[u8]) -> Option<Vec<u8>> {
        if octets.is_empty() {
            return None;
        }
        let content =
            RowWriter::new().number(self.facts.revision.0).text(&self.facts.tag.0).raw(octets).finish();
        Some(RowWriter::new().raw(&digest(&content)).raw(&content).finish())
    }

    /// Reads a row of facts.
    pub(crate) fn read(row: &[u8], version: Version, what: &dyn Fn() -> String) -> Result<Self, EngineError> {
        let (mut facts, placed) =
            read_row(row, what, |reader| Some((read_facts(reader)?, Placement::read(reader)?)))?;
        facts.version = version;
        Ok(Self { facts, placed })
    }
}

/// The octets of an object and the state of it that they are.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OctetsRow {
    pub(crate) revision: Revision,
    pub(crate) tag: EntityTag,
    pub(crate) octets: Arc<[u8]>,
}

impl OctetsRow {
    /// Reads a row with octets, and believes it only if its checksum is right.
    pub(crate) fn read(row: &[u8], what: &dyn Fn() -> String) -> Result<Self, EngineError> {
        let (checksum, content) =
            read_row(row, what, |reader| Some((reader.raw(digest(b"").len())?, reader.rest())))?;
        if digest(content) != checksum {
            return Err(damaged(what(), "its octets are not those that were stored"));
        }
        read_row(content, what, |reader| {
            Some(Self {
                revision: Revision(reader.number()?),
                tag: EntityTag(reader.text()?.to_owned()),
                octets: Arc::from(reader.rest()),
            })
        })
    }

    /// Whether these are the octets that `facts` are about.
    pub(crate) fn belongs_to(&self, facts: &ObjectFacts) -> bool {
        self.revision == facts.revision && self.tag == facts.tag && self.octets.len() == facts.octets
    }
}

fn read_facts(row: &mut RowReader<'_>) -> Option<ObjectFacts> {
    Some(ObjectFacts {
        member: MemberName::new(row.text()?),
        tag: EntityTag(row.text()?.to_owned()),
        uid: row.text()?.to_owned(),
        kind: kind_of(row.number()?)?,
        octets: usize::try_from(row.number()?).ok()?,
        revision: Revision(row.number()?),
        modified: row.signed()?,
        created: row.signed()?,
        reach: match row.number()? {
            0 => None,
            1 => Some(Span {
                start: Instant::from_unix(row.signed()?),
                end: Instant::from_unix(row.signed()?),
            }),
            _ => return None,
        },
        shows: match row.number()? {
            0 => None,
            1 => Some(ObjectName::new(&CollectionName::new(row.text()?, row.text()?), row.text()?)),
            _ => return None,
        },
        version: 0,
    })
}

/// Kinds as they are written; a number that was given once keeps its meaning.
const KINDS: [(Kind, u64); 5] =
    [(Kind::Event, 0), (Kind::Todo, 1), (Kind::Journal, 2), (Kind::FreeBusy, 3), (Kind::Availability, 4)];

const fn octet_of(kind: Kind) -> u64 {
    match kind {
        Kind::Event => 0,
        Kind::Todo => 1,
        Kind::Journal => 2,
        Kind::FreeBusy => 3,
        Kind::Availability => 4,
    }
}

fn kind_of(number: u64) -> Option<Kind> {
    KINDS.iter().find(|(_, written)| *written == number).map(|(kind, _)| *kind)
}

/// The row of a UID: the collection's id, which the key may hold shortened, and the member.
pub(crate) fn write_uid(collection: &CollectionName, member: &MemberName) -> Vec<u8> {
    RowWriter::new().text(collection.id.as_str()).text(member.as_str()).finish()
}

pub(crate) fn read_uid(row: &[u8], uid: &str) -> Result<(CollectionId, MemberName), EngineError> {
    read_row(
        row,
        || format!("the row of UID {uid}"),
        |reader| Some((CollectionId::new(reader.text()?), MemberName::new(reader.text()?))),
    )
}
