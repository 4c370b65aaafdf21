//! Merged busy sets of owners by window, each with what it was made from.

use std::collections::HashMap;
use std::sync::Arc;

use calendar::busy::BusySet;
use calendar::time::{Instant, Span};
use store::engine::Version;

use super::Eyes;
use crate::operation::free_busy::SeenBusy;

/// Sets that are kept at most.
pub const ANSWERS_MAX: usize = 256;
/// Octets that they may take together; those that were not asked for longest go first.
pub const ANSWERS_OCTETS_MAX: usize = 6 * 1024 * 1024;

/// A set with what it was made from.
#[derive(Clone, Debug)]
pub struct HotEntry {
    /// The number of the newest commit when it was last found to be true.
    pub newest: Version,
    /// When it was last found to be true: a clock that is set back makes it be looked at again.
    pub from: Instant,
    /// Until when, at the latest, it is true without any commit (a source may grow too old).
    pub until: Instant,
    /// By which settings of its owner it was read.
    pub eyes: Eyes,
    /// The set.
    pub seen: SeenBusy,
    /// The buckets that it was put together from.
    pub columns: Arc<[Column]>,
}

/// The busy time of an owner within a bucket of the index, and the sets of its collections that it was made from.
#[derive(Clone, Debug)]
pub struct Column {
    /// The numbers of those sets.
    pub numbers: Vec<u64>,
    /// Merged.
    pub busy: Arc<BusySet>,
}

impl HotEntry {
    fn octets(&self) -> usize {
        let columns: usize = self.columns.iter().map(|column| column.busy.periods().len()).sum();
        (self.seen.busy.periods().len() + columns) * 24 + size_of::<Self>()
    }
}

/// Sets by owner and window.
#[derive(Default)]
pub(super) struct Answers {
    entries: HashMap<(String, Span), (u64, HotEntry)>,
    octets: usize,
    turn: u64,
}

impl Answers {
    pub(super) fn entry(&mut self, owner: &str, window: Span) -> Option<HotEntry> {
        self.turn += 1;
        let (used, entry) = self.entries.get_mut(&(owner.to_owned(), window))?;
        *used = self.turn;
        Some(entry.clone())
    }

    pub(super) fn keep(&mut self, owner: &str, window: Span, entry: HotEntry) {
        self.turn += 1;
        self.octets += entry.octets();
        let replaced = self.entries.insert((owner.to_owned(), window), (self.turn, entry));
        self.octets -= replaced.map_or(0, |(_, old)| old.octets());
        while self.entries.len() > ANSWERS_MAX || self.octets > ANSWERS_OCTETS_MAX {
            let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used).map(|(key, _)| key.clone());
            let Some((_, gone)) = oldest.and_then(|key| self.entries.remove(&key)) else { return };
            self.octets -= gone.octets();
        }
    }

    pub(super) fn clear(&mut self) {
        self.entries.clear();
        self.octets = 0;
    }
}
