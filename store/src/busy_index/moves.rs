//! What the newest commits of this process did to busy periods, so that who keeps sums of them need not read anew.
//!
//! In memory, bounded, and only a convenience: a link leads from the version of a collection's head that a commit saw to
//! the one that it made, and says which periods went and came between. Where a link is missing (another process
//! committed, a caller went away, too much has happened since) the rows themselves tell.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use calendar::busy::BusyPeriod;
use calendar::collection::CollectionName;

use crate::Store;
use crate::engine::Version;

/// Links that are kept.
const MOVES_MAX: usize = 4_096;
/// Periods in them together: about two megabytes.
const PERIODS_MAX: usize = 65_536;

/// What one commit did to the busy periods of a collection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BusyMove {
    /// Periods that stand in the index no more; one of two members is there twice.
    pub gone: Vec<BusyPeriod>,
    /// Periods that stand in it now.
    pub come: Vec<BusyPeriod>,
    /// Whether a member came, went or changed that is listed by [`Store::busy_beyond`].
    pub beyond: bool,
}

impl BusyMove {
    /// Both, one after the other.
    fn and(&mut self, then: Self) {
        self.gone.extend(then.gone);
        self.come.extend(then.come);
        self.beyond |= then.beyond;
    }

    fn periods(&self) -> usize {
        self.gone.len() + self.come.len()
    }
}

/// What a commit is about to do, by collection.
#[derive(Debug, Default)]
pub(crate) struct Moving(BTreeMap<CollectionName, (Version, Option<BusyMove>)>);

impl Moving {
    /// The commit moves the head of `collection`, which was seen at `from`.
    pub(crate) fn head(&mut self, collection: CollectionName, from: Version) {
        self.0.insert(collection, (from, Some(BusyMove::default())));
    }

    /// It does this to a member of `collection`; `None`: nobody knows what.
    pub(crate) fn member(&mut self, collection: &CollectionName, what: Option<BusyMove>) {
        // Where the head stays, nobody's sums are of it.
        let Some((_, all)) = self.0.get_mut(collection) else { return };
        match (all.as_mut(), what) {
            (Some(all), Some(what)) => all.and(what),
            _ => *all = None,
        }
    }
}

/// The links, by the version that they lead to.
#[derive(Debug, Default)]
pub(crate) struct Moves(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    links: BTreeMap<(Version, CollectionName), (Version, Arc<BusyMove>)>,
    periods: usize,
}

impl Moves {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what a commit did that made version `to`.
    pub(crate) fn keep(&self, moving: Moving, to: Version) {
        let mut kept = self.kept();
        for (collection, (from, what)) in moving.0 {
            let Some(what) = what else { continue };
            kept.periods += what.periods();
            kept.links.insert((to, collection), (from, Arc::new(what)));
        }
        while kept.links.len() > MOVES_MAX || kept.periods > PERIODS_MAX {
            let Some((_, (_, oldest))) = kept.links.pop_first() else { break };
            kept.periods -= oldest.periods();
        }
    }
}

impl Store {
    /// What was done to the busy periods of `collection` between two versions of its head, the oldest first; `None`
    /// where not all of it is known.
    pub fn busy_moves(
        &self,
        collection: &CollectionName,
        from: Version,
        to: Version,
    ) -> Option<Vec<Arc<BusyMove>>> {
        let kept = self.moves.kept();
        let mut found = Vec::new();
        let mut key = (to, collection.clone());
        while key.0 > from {
            let (before, what) = kept.links.get(&key)?;
            found.push(Arc::clone(what));
            key.0 = *before;
        }
        found.reverse();
        (key.0 == from).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::memory::MemoryEngine;

    #[test]
    fn chains_are_whole_or_unknown_and_bounded() {
        let store = Store::new(Arc::new(MemoryEngine::new()));
        let (work, home) = (CollectionName::new("ada", "work"), CollectionName::new("ada", "home"));
        let keep = |collection: &CollectionName, from, to| {
            let mut moving = Moving::default();
            moving.head(collection.clone(), from);
            store.moves.keep(moving, to);
        };
        let count = |from, to| store.busy_moves(&work, from, to).map(|moves| moves.len());
        keep(&work, 1, 2);
        keep(&home, 2, 3);
        keep(&work, 4, 6);
        keep(&work, 2, 4);
        assert_eq!([count(1, 6), count(2, 6), count(6, 6)], [Some(3), Some(2), Some(0)]);
        assert_eq!([count(3, 6), count(0, 6), count(1, 5), count(6, 4)], [None; 4]);
        let mut unknown = Moving::default();
        unknown.head(work.clone(), 6);
        unknown.member(&work, Some(BusyMove::default()));
        unknown.member(&work, None);
        unknown.member(&work, Some(BusyMove::default()));
        store.moves.keep(unknown, 7);
        assert_eq!(count(6, 7), None);
        for version in 7..20_000 {
            keep(&work, version, version + 1);
        }
        assert_eq!(store.moves.kept().links.len(), MOVES_MAX);
        assert_eq!([count(19_000, 20_000), count(7, 20_000)], [Some(1_000), None]);
    }
}
