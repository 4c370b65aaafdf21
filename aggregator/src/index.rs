//! How far the busy index of a collection can be believed, and keeping it so.
//!
//! An object that ends is indexed whole, wherever it lies. Of the others (endless series, and those of very many
//! periods) the index holds what lies in an extent of whole years around now, and a list by which a question about
//! another time finds and expands just them: the answer is exact at any date and costs what is there. An index built on
//! another basis (zone, owner's addresses) is not believed until it is built anew. Derived state only: it may be rebuilt
//! from the objects at any time.

mod answer;
mod availabilities;
mod indexed;
mod rebuild;
mod warm;

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
pub(crate) use availabilities::availabilities;
pub(crate) use indexed::{Indexed, Standing, indexed};
pub use rebuild::refresh;
pub use warm::BUCKETS_HOT_MAX;
pub(crate) use warm::{buckets_within, hot_buckets};

/// Where the state of each index is kept: key owner, collection.
const TABLE: Table = Table("index");
/// Full years before the current one that are indexed.
const YEARS_BEFORE: i16 = 1;
/// Full years after the current one that are indexed.
const YEARS_AFTER: i16 = 1;
/// Moved on whenever something else of an object is indexed: what was indexed before is then built anew.
const SCHEME: u8 = 2;
/// The scheme of an index while it is built on another basis: of some objects it holds what the old one made of them.
const MIXED: u8 = 0;

/// What an index holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexState {
    /// From when it is whole, UTC seconds.
    pub from: i64,
    /// Until when, UTC seconds.
    pub until: i64,
    /// The basis it was built on.
    pub basis: String,
    /// What of an object it holds.
    #[serde(default)]
    pub scheme: u8,
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
        Self { from, until, basis, scheme: SCHEME, write_from: from, write_until: until, shown }
    }

    /// This index while it is rebuilt to `done`: believed only where both hold everything.
    fn towards(&self, done: &Self) -> Self {
        if (&self.basis, self.scheme) == (&done.basis, done.scheme) {
            let (from, until) = (self.from.max(done.from), self.until.min(done.until));
            Self { from, until: until.max(from), ..done.clone() }
        } else {
            Self { from: done.from, until: done.from, scheme: MIXED, ..done.clone() }
        }
    }

    /// Whether the index holds what a reading makes of the objects.
    pub fn is_believed(&self, reading: &Reading) -> bool {
        self.scheme == SCHEME && self.basis == reading.basis()
    }

    /// Whether it is not being rebuilt.
    pub fn is_settled(&self) -> bool {
        (self.from, self.until) == (self.write_from, self.write_until)
    }

    /// The span over which the index holds all that a reading makes busy; empty where it cannot be believed.
    pub fn extent(&self, reading: &Reading) -> Span {
        if self.is_believed(reading) {
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

/// Makes `change`, whose writer indexes by `reading`, depend on the state that it saw. Read otherwise than the index was
/// built, an index is of two minds from then on: it is believed by neither reading until it is built anew, and whoever
/// builds it by another begins again. (Settings may change and change back before anybody has built anything.)
pub fn expect_reading(
    change: &mut Change,
    collection: &CollectionName,
    (seen, version): (&IndexState, Version),
    reading: &Reading,
) {
    if seen.basis == reading.basis() {
        expect(change, collection, version);
        return;
    }
    let mixed = IndexState { scheme: MIXED, ..seen.clone() };
    change.put_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], &mixed, version);
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
