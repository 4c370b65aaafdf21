//! Collections: their properties and their heads.

use std::collections::BTreeMap;

use calendar::collection::{CollectionName, PrincipalId, Revision};
use serde::{Deserialize, Serialize};

use crate::engine::{EngineError, Version};
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
    /// CALDAV:calendar-timezone as it was set (iCalendar text).
    #[serde(default)]
    pub timezone: Option<String>,
    /// IANA name or TZID of the zone in force; `None`: the owner's.
    #[serde(default)]
    pub timezone_id: Option<String>,
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
        let _ = name;
        todo!()
    }

    /// All collections of `owner`, by id.
    pub async fn collections(
        &self,
        owner: &PrincipalId,
    ) -> Result<Vec<(CollectionName, CollectionRecord)>, EngineError> {
        let _ = owner;
        todo!()
    }

    /// How far the collection is; the default where it does not exist.
    pub async fn head(&self, name: &CollectionName) -> Result<Head, EngineError> {
        let _ = name;
        todo!()
    }
}

impl Change {
    /// Writes the collection's record; `seen`: the version it was seen at, 0 for a new one (which also gets its head).
    pub fn put_collection(&mut self, name: &CollectionName, record: &CollectionRecord, seen: Version) {
        let _ = (name, record, seen);
        todo!()
    }

    /// Expects the collection to be at `head`.
    pub fn expect_head(&mut self, name: &CollectionName, head: Head) {
        let _ = (name, head);
        todo!()
    }

    /// Removes the collection's record and head (its members, log and index are removed by
    /// [`Store::remove_members`] before).
    pub fn remove_collection(&mut self, name: &CollectionName, seen: Version, head: Head) {
        let _ = (name, seen, head);
        todo!()
    }
}
