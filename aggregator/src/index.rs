//! How far the busy index of a collection can be believed, and keeping it so.
//!
//! The index covers an extent of whole years around now; what lies outside is expanded live, so the answer is exact at
//! any date and fast where people look. An index built on another basis (zone, owner's addresses) is not believed
//! until it is built anew. Derived state only: it may be rebuilt from the objects at any time.

mod answer;
mod rebuild;

use calendar::civil;
use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use serde::{Deserialize, Serialize};
use store::Change;
use store::engine::Version;
use store::records::Table;

use crate::reading::Reading;
use crate::world::{World, refusal_of};

pub use answer::{Gathered, busy_within};
pub use rebuild::refresh;

/// Where the state of each index is kept: key owner, collection.
const TABLE: Table = Table("index");
/// Full years before the current one that are indexed.
const YEARS_BEFORE: i16 = 1;
/// Full years after the current one that are indexed.
const YEARS_AFTER: i16 = 1;

/// What an index holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexState {
    /// From when it is whole, UTC seconds.
    pub from: i64,
    /// Until when, UTC seconds.
    pub until: i64,
    /// The basis it was built on.
    pub basis: String,
    /// From when writers index.
    pub write_from: i64,
    /// Until when writers index.
    pub write_until: i64,
    /// Whether the members show in the unified collection, as it was last brought about; `None`: unknown.
    #[serde(default)]
    pub shown: Option<bool>,
}

impl IndexState {
    /// An index that holds everything within `extent`.
    fn whole(extent: Span, basis: String, shown: Option<bool>) -> Self {
        let (from, until) = (extent.start.as_unix(), extent.end.as_unix());
        Self { from, until, basis, write_from: from, write_until: until, shown }
    }

    /// This index while it is rebuilt to `done`: believed only where both hold everything.
    fn towards(&self, done: &Self) -> Self {
        let (from, until) = if self.basis == done.basis {
            (self.from.max(done.from), self.until.min(done.until))
        } else {
            (done.from, done.from)
        };
        Self { from, until: until.max(from), ..done.clone() }
    }

    /// The span over which the index answers for a reading; empty where it cannot be believed.
    pub fn extent(&self, reading: &Reading) -> Span {
        if self.basis == reading.basis() {
            Span::new(Instant::from_unix(self.from), Instant::from_unix(self.until))
        } else {
            Span::new(Instant::MIN, Instant::MIN)
        }
    }

    /// The span within which a writer indexes.
    pub fn writing(&self) -> Span {
        Span::new(Instant::from_unix(self.write_from), Instant::from_unix(self.write_until))
    }
}

/// The extent that an index should have at `now`: whole years, so that it moves once a year.
pub fn wanted_extent(now: Instant) -> Span {
    let year = now.to_utc().year();
    let first_of = |year: i16| {
        Instant::from_utc(
            civil::Date::new(year, 1, 1).unwrap_or_default().to_datetime(civil::Time::midnight()),
        )
    };
    Span::new(first_of(year.saturating_sub(YEARS_BEFORE)), first_of(year.saturating_add(YEARS_AFTER + 1)))
}

/// The state of the collection's index with its version; a fresh one is to be written by the first writer.
pub async fn state(
    world: &World,
    collection: &CollectionName,
) -> Result<Option<(IndexState, Version)>, Refusal> {
    world.store.record(TABLE, &[collection.owner.as_str(), collection.id.as_str()]).await.map_err(refusal_of)
}

/// Makes `change` depend on the state that its writer indexed by.
pub fn expect(change: &mut Change, collection: &CollectionName, version: Version) {
    change.expect_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], version);
}

/// Adds a new collection's index to `change`: whole, since the collection is empty.
pub fn begin(
    change: &mut Change,
    collection: &CollectionName,
    reading: &Reading,
    (now, in_unified): (Instant, bool),
) {
    let state = IndexState::whole(wanted_extent(now), reading.basis(), Some(in_unified));
    change.put_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], &state, 0);
}

/// Adds the end of a collection's index to `change`.
pub fn end(change: &mut Change, collection: &CollectionName, version: Version) {
    change.remove_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], version);
}
