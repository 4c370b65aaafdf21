//! Collections: their properties and their heads.

use std::collections::BTreeMap;

use calendar::collection::{CollectionName, PrincipalId, Revision};
use serde::{Deserialize, Serialize};

use crate::engine::{EngineError, Version};
use crate::key::RowKey;
use crate::table::{RowWriter, damaged, json_row, read_json_row, read_row, record_key, tag};
use crate::{Change, Store};

/// Who made a collection and who may write to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// `personal`: the native calendar.
    Personal,
    /// `bookings`: what was booked.
    Bookings,
    /// The mirror of a source.
    Mirror {
        /// The source's id.
        source: String,
    },
    /// `unified`: everything, merged. Its members are references.
    Unified,
    /// Made by a client.
    Made,
    /// Another owner's collection, seen from this home; its members are there.
    Shared {
        /// Whose.
        owner: String,
        /// Which.
        calendar: String,
    },
    /// `inbox`.
    Inbox,
    /// `outbox`.
    Outbox,
}

/// What is kept of a collection besides its members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CollectionRecord {
    /// What it is.
    pub role: Role,
    /// DAV:displayname.
    pub display_name: String,
    /// CALDAV:calendar-description.
    #[serde(default)]
    pub description: Option<String>,
    /// The language of that, as it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description_language: Option<String>,
    /// CALDAV:calendar-timezone as it was set (iCalendar text).
    #[serde(default)]
    pub timezone: Option<String>,
    /// IANA name or TZID of the zone in force; `None`: the owner's.
    #[serde(default)]
    pub timezone_id: Option<String>,
    /// CALDAV:calendar-availability of an inbox as it was set (iCalendar text).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub availability: Option<String>,
    /// Component names it takes (`VEVENT` …).
    pub components: Vec<String>,
    /// Whether its events make the owner busy.
    pub counts_as_busy: bool,
    /// Whether its members show in the unified collection.
    pub in_unified: bool,
    /// Whether clients may change its members.
    pub writable: bool,
    /// Dead properties (and live ones that are only kept: colour, order …): `namespace␟name` → XML as it was set.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
    /// Drawn when it was made.
    pub epoch: u64,
    /// When it was made, UTC seconds.
    pub created: i64,
}

/// How far a collection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// Its revision.
    pub revision: Revision,
    /// The oldest revision from which the change log is whole.
    pub floor: Revision,
    /// The version of the row, to be expected by commits; 0: the collection does not exist.
    pub version: Version,
}

impl Store {
    /// The collection, with the version of its row.
    pub async fn collection(
        &self,
        name: &CollectionName,
    ) -> Result<Option<(CollectionRecord, Version)>, EngineError> {
        let Some(row) = self.engine.get(record_of(name).octets()).await? else { return Ok(None) };
        let (_, record) = read_json_row(&row.value, || format!("collection {name}"))?;
        Ok(Some((record, row.version)))
    }

    /// All collections of `owner`, by id.
    pub async fn collections(
        &self,
        owner: &PrincipalId,
    ) -> Result<Vec<(CollectionName, CollectionRecord)>, EngineError> {
        let begin = record_key(tag::COLLECTION, &[owner.as_str()]);
        let mut collections = Vec::new();
        for entry in self.engine.scan(begin.octets(), &begin.end(), usize::MAX).await? {
            let what = || format!("a collection of {owner}");
            let (parts, record) = read_json_row(&entry.value, what)?;
            let [owner, id] = parts.as_slice() else { return Err(damaged(what(), "its name is lost")) };
            collections.push((CollectionName::new(owner, id), record));
        }
        // Keys sort long ids by their beginnings only.
        collections.sort_by(|(a, _), (b, _)| a.cmp(b));
        Ok(collections)
    }

    /// How far the collection is; the default where it does not exist.
    pub async fn head(&self, name: &CollectionName) -> Result<Head, EngineError> {
        let Some(row) = self.engine.get(head_of(name).octets()).await? else { return Ok(Head::default()) };
        let (revision, floor) = read_row(
            &row.value,
            || format!("the head of {name}"),
            |reader| Some((Revision(reader.number()?), Revision(reader.number()?))),
        )?;
        Ok(Head { revision, floor, version: row.version })
    }
}

impl Change {
    /// Writes the collection's record; `seen`: the version it was seen at, 0 for a new one (which also gets its head).
    pub fn put_collection(&mut self, name: &CollectionName, record: &CollectionRecord, seen: Version) {
        self.expect(record_of(name), seen);
        match json_row(&[name.owner.as_str(), name.id.as_str()], record) {
            Ok(row) => self.put(record_of(name), row),
            Err(error) => self.refuse(error),
        }
        if seen == 0 {
            self.expect(head_of(name), 0);
            self.heads.push(name.clone());
        }
    }

    /// Expects the collection to be at `head`.
    pub fn expect_head(&mut self, name: &CollectionName, head: Head) {
        self.expect(head_of(name), head.version);
    }

    /// Expects the collection to be at `head` and moves its version, and nothing else: whoever thought upon the same head
    /// meanwhile thinks again.
    pub fn touch_head(&mut self, name: &CollectionName, head: Head) {
        self.expect_head(name, head);
        self.put_head(name, head.revision, head.floor);
    }

    /// Removes the collection's record and head (its members, log and index are removed by
    /// [`Store::remove_members`] before; a `head` seen before the last of those calls makes sure that none came since).
    pub fn remove_collection(&mut self, name: &CollectionName, seen: Version, head: Head) {
        self.expect(record_of(name), seen);
        self.expect_head(name, head);
        self.remove(record_of(name));
        self.remove(head_of(name));
    }

    pub(crate) fn put_head(&mut self, name: &CollectionName, revision: Revision, floor: Revision) {
        self.moved.insert(name.clone());
        self.put(head_of(name), RowWriter::new().number(revision.0).number(floor.0).finish());
    }
}

fn record_of(name: &CollectionName) -> RowKey {
    name.key(tag::COLLECTION)
}

fn head_of(name: &CollectionName) -> RowKey {
    name.key(tag::HEAD)
}

/// The beginning of the keys of what belongs to a collection.
pub(crate) trait CollectionKey {
    /// `(owner, collection)` in the table with this octet.
    fn key(&self, table: u8) -> RowKey;
}

impl CollectionKey for CollectionName {
    fn key(&self, table: u8) -> RowKey {
        record_key(table, &[self.owner.as_str(), self.id.as_str()])
    }
}
