//! Busy time kept in memory: slots and free-busy are asked thousands of times for each change.
//!
//! For each collection that was asked for, the sums of its busy rows stand by bucket of the index; a commit of this
//! process is followed period by period, after anything else the bucket is read anew. From these are put together the
//! merged sets of owners, kept by window: a question compares (one look at the number of the newest commit, or a few
//! small reads) and answers from the set by binary search. Bounded, may be dropped at any moment, and never believed
//! for a commit: a commit expects the heads themselves.

mod answers;
mod availabilities;
mod shelf;
mod tally;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use calendar::address::Address;
use calendar::collection::CollectionName;
use calendar::time::Span;
use store::busy_index::BusyMove;
use store::collections::Head;
use store::engine::Version;
use tokio::sync::Mutex as Queue;

use crate::owner::{Owner, SourceSettings, Unreachable};

pub use answers::{ANSWERS_MAX, ANSWERS_OCTETS_MAX, Column, HotEntry};
pub use shelf::BUCKETS_OCTETS_MAX;
pub(crate) use shelf::{HotBucket, Read, Stand};
pub(crate) use tally::Tally;

/// What busy time depends on besides what is kept: an owner's settings. A question that was under way when they
/// changed must not leave its answer to those that come after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Eyes {
    zone: String,
    addresses: Vec<Address>,
    sources: Vec<(String, bool, Unreachable)>,
}

impl Eyes {
    /// Those of `owner`.
    pub fn of(owner: &Owner) -> Self {
        let source = |source: &SourceSettings| (source.id.clone(), source.counts_as_busy, source.unreachable);
        Self {
            zone: owner.zone.name().to_owned(),
            addresses: owner.addresses.clone(),
            sources: owner.sources.iter().map(source).collect(),
        }
    }
}

/// Buckets of collections and sets of owners.
#[derive(Default)]
pub struct HotBusy {
    shelves: Mutex<shelf::Shelves>,
    answers: Mutex<answers::Answers>,
    availabilities: Mutex<availabilities::Availabilities>,
    /// Who reads a collection's buckets: the others wait for what one finds.
    readers: Mutex<HashMap<CollectionName, Weak<Queue<()>>>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl HotBusy {
    /// What is kept for `owner` over `window`.
    pub fn entry(&self, owner: &str, window: Span) -> Option<HotEntry> {
        locked(&self.answers).entry(owner, window)
    }

    /// Keeps `entry`; those that were not asked for longest go if there are too many.
    pub fn keep(&self, owner: &str, window: Span, entry: HotEntry) {
        locked(&self.answers).keep(owner, window, entry);
    }

    /// Drops everything (the settings have changed).
    pub fn forget_all(&self) {
        locked(&self.answers).clear();
        locked(&self.shelves).clear();
        locked(&self.availabilities).clear();
    }

    /// The VAVAILABILITYs of `collection` if they were found to be these when `newest` was the newest commit, or are
    /// still because it stands at the version `head`.
    pub(crate) fn availabilities(
        &self,
        collection: &CollectionName,
        newest: Version,
        head: Option<Version>,
    ) -> Option<Arc<[Arc<[u8]>]>> {
        locked(&self.availabilities).at(collection, newest, head)
    }

    /// Keeps the VAVAILABILITYs of `collection` as they were at the newest commit and the version of its head.
    pub(crate) fn keep_availabilities(
        &self,
        collection: &CollectionName,
        at: (Version, Version),
        octets: Arc<[Arc<[u8]>]>,
    ) {
        locked(&self.availabilities).keep(collection, at, octets);
    }

    /// In which line those wait who want to read buckets of `collection`.
    pub(crate) fn reader(&self, collection: &CollectionName) -> Arc<Queue<()>> {
        let mut readers = locked(&self.readers);
        if let Some(queue) = readers.get(collection).and_then(Weak::upgrade) {
            return queue;
        }
        readers.retain(|_, queue| queue.strong_count() > 0);
        let queue = Arc::default();
        readers.insert(collection.clone(), Arc::downgrade(&queue));
        queue
    }

    /// The buckets of a collection from one to another if all are here and nothing was committed since they were found
    /// to be true.
    pub(crate) fn at_newest(
        &self,
        collection: (&CollectionName, &str),
        newest: Version,
        buckets: (i64, i64),
    ) -> Option<(Head, Vec<HotBucket>)> {
        locked(&self.shelves).at_newest(collection, newest, buckets)
    }

    /// Moves what is kept of `collection` to where it stands now (found when `newest` was the newest commit), by what
    /// `moves` tells of the way there from a version of its head; the buckets from one to another, those that are here.
    pub(crate) fn advance(
        &self,
        collection: &CollectionName,
        stands: (&Stand, Version),
        moves: impl FnOnce(Version) -> Option<Vec<Arc<BusyMove>>>,
        buckets: (i64, i64),
    ) -> Vec<Option<HotBucket>> {
        locked(&self.shelves).advance(collection, stands, moves, buckets)
    }

    /// Keeps buckets that were read where `collection` `stands`; their sets, `None` for one that is too large.
    pub(crate) fn put(
        &self,
        collection: &CollectionName,
        stands: &Stand,
        read: Vec<Read>,
    ) -> Vec<Option<HotBucket>> {
        locked(&self.shelves).put(collection, stands, read)
    }
}
