//! Busy time of collections by bucket of the index, kept in memory and moved along with each change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use calendar::busy::BusySet;
use calendar::collection::CollectionName;
use store::busy_index::{BusyMove, buckets_of};
use store::collections::Head;
use store::engine::Version;

use super::tally::{EDGE_OCTETS, Tally};

/// Octets that all buckets together may take; those that were not asked for longest go first.
pub const BUCKETS_OCTETS_MAX: usize = 12 * 1024 * 1024;
/// Collections from which on those of which nothing is kept are forgotten.
const SHELVES_MAX: usize = 1_024;
/// A bucket with more edges than this is not kept.
pub(crate) const EDGES_MAX: usize = 65_536;

/// What the buckets of a collection were read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stand {
    /// How its objects are read.
    pub(crate) basis: String,
    /// The version of the state of its index.
    pub(crate) index: Version,
    /// Its head.
    pub(crate) head: Head,
}

/// The busy time of a collection within a bucket.
#[derive(Clone, Debug)]
pub(crate) struct HotBucket {
    /// Merged, clipped to the bucket.
    pub(crate) busy: Arc<BusySet>,
    /// Another number, another set.
    pub(crate) number: u64,
}

struct Kept {
    hot: HotBucket,
    tally: Tally,
    /// Whether members that are busy beyond the index were expanded for it.
    is_expanded: bool,
    used: u64,
}

impl Kept {
    fn octets(&self) -> usize {
        self.tally.edges() * EDGE_OCTETS + self.hot.busy.periods().len() * 24 + size_of::<Self>()
    }
}

struct Shelf {
    stand: Stand,
    /// The number of the newest commit when it was last found to stand there.
    newest: Version,
    buckets: BTreeMap<i64, Kept>,
}

/// A bucket that was read.
pub(crate) struct Read {
    pub(crate) bucket: i64,
    pub(crate) tally: Tally,
    /// See [`Kept::is_expanded`].
    pub(crate) is_expanded: bool,
}

/// Buckets by collection.
#[derive(Default)]
pub(super) struct Shelves {
    all: HashMap<CollectionName, Shelf>,
    /// Octets of all buckets.
    octets: usize,
    /// Counts questions.
    turn: u64,
    /// Counts sets.
    number: u64,
}

impl Shelves {
    /// The buckets from `first` to `last` if all are here and nothing was committed since they were found to be true.
    pub(super) fn at_newest(
        &mut self,
        (collection, basis): (&CollectionName, &str),
        newest: Version,
        (first, last): (i64, i64),
    ) -> Option<(Head, Vec<HotBucket>)> {
        let shelf = self.all.get(collection)?;
        if shelf.newest != newest || shelf.stand.basis != basis {
            return None;
        }
        let head = shelf.stand.head;
        let found: Option<Vec<HotBucket>> = self.take(collection, (first, last)).into_iter().collect();
        Some((head, found?))
    }

    /// Moves what is kept of `collection` to where it `stands` now, by what `moves` tells of the way there from a
    /// version of its head; the buckets from `first` to `last`, those that are here.
    pub(super) fn advance(
        &mut self,
        collection: &CollectionName,
        (stands, newest): (&Stand, Version),
        moves: impl FnOnce(Version) -> Option<Vec<Arc<BusyMove>>>,
        (first, last): (i64, i64),
    ) -> Vec<Option<HotBucket>> {
        if let Some(shelf) = self.all.get_mut(collection) {
            let before = octets_of(shelf);
            let same = shelf.stand.basis == stands.basis && shelf.stand.index == stands.index;
            let way = if same { moves(shelf.stand.head.version) } else { None };
            match way {
                Some(way) => way.iter().for_each(|what| shelf.follow(what, &mut self.number)),
                None => shelf.buckets.clear(),
            }
            shelf.stand = stands.clone();
            shelf.newest = newest;
            self.octets = self.octets - before + octets_of(shelf);
        } else {
            // Collections come and go, and some have nothing that is kept.
            if self.all.len() >= SHELVES_MAX {
                self.all.retain(|_, shelf| !shelf.buckets.is_empty());
            }
            let shelf = Shelf { stand: stands.clone(), newest, buckets: BTreeMap::new() };
            self.all.insert(collection.clone(), shelf);
        }
        self.take(collection, (first, last))
    }

    /// Keeps buckets that were read where `collection` `stands`; their sets, `None` for one that cannot be kept.
    pub(super) fn put(
        &mut self,
        collection: &CollectionName,
        stands: &Stand,
        read: Vec<Read>,
    ) -> Vec<Option<HotBucket>> {
        self.turn += 1;
        let mut sets = Vec::with_capacity(read.len());
        for Read { bucket, tally, is_expanded } in read {
            let Some(busy) = tally.busy().filter(|_| tally.edges() <= EDGES_MAX) else {
                sets.push(None);
                continue;
            };
            self.number += 1;
            let hot = HotBucket { busy: Arc::new(busy), number: self.number };
            sets.push(Some(hot.clone()));
            // It may have been forgotten meanwhile.
            if let Some(shelf) = self.all.get_mut(collection).filter(|shelf| shelf.stand == *stands) {
                let kept = Kept { hot, tally, is_expanded, used: self.turn };
                self.octets += kept.octets();
                let replaced = shelf.buckets.insert(bucket, kept);
                self.octets -= replaced.map_or(0, |old| old.octets());
            }
        }
        self.make_room();
        sets
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.octets = 0;
    }

    fn take(&mut self, collection: &CollectionName, (first, last): (i64, i64)) -> Vec<Option<HotBucket>> {
        self.turn += 1;
        let turn = self.turn;
        let mut buckets = self.all.get_mut(collection).map(|shelf| &mut shelf.buckets);
        let mut one = |bucket: i64| {
            let kept = buckets.as_mut()?.get_mut(&bucket)?;
            kept.used = turn;
            Some(kept.hot.clone())
        };
        (first..=last).map(&mut one).collect()
    }

    fn make_room(&mut self) {
        while self.octets > BUCKETS_OCTETS_MAX {
            let all = self.all.iter().flat_map(|(collection, shelf)| {
                shelf.buckets.iter().map(move |(bucket, kept)| (kept.used, collection, *bucket))
            });
            let Some((_, collection, bucket)) = all.min() else { return };
            let collection = collection.clone();
            if let Some(shelf) = self.all.get_mut(&collection) {
                self.octets -= shelf.buckets.remove(&bucket).map_or(0, |kept| kept.octets());
                if shelf.buckets.is_empty() {
                    self.all.remove(&collection);
                }
            }
        }
    }
}

fn octets_of(shelf: &Shelf) -> usize {
    shelf.buckets.values().map(Kept::octets).sum()
}

impl Shelf {
    /// Does what a commit did.
    fn follow(&mut self, what: &BusyMove, number: &mut u64) {
        if what.beyond {
            self.buckets.retain(|_, kept| !kept.is_expanded);
        }
        let mut touched = std::collections::BTreeSet::new();
        for (periods, step) in [(&what.come, 1), (&what.gone, -1)] {
            for period in periods {
                let Some((first, last)) = buckets_of(period.span) else { continue };
                for (bucket, kept) in self.buckets.range_mut(first..=last) {
                    if kept.tally.step(*period, step) {
                        touched.insert(*bucket);
                    }
                }
            }
        }
        for bucket in touched {
            let Some(kept) = self.buckets.get_mut(&bucket) else { continue };
            match kept.tally.busy() {
                Some(busy) if kept.tally.edges() <= EDGES_MAX => {
                    // Most changes inside busy time change nothing of it.
                    if busy != *kept.hot.busy {
                        *number += 1;
                        kept.hot = HotBucket { busy: Arc::new(busy), number: *number };
                    }
                }
                // It was not what the index held; it is read again.
                _ => {
                    self.buckets.remove(&bucket);
                }
            }
        }
    }
}
