//! Busy time kept in memory: slots and free-busy are asked thousands of times for each change.
//!
//! A merged set stands beside what it was made from; a question compares (one look at the number of the newest commit,
//! or a few small reads) and answers from the set by binary search. Bounded, may be dropped at any moment, and never
//! believed for a commit: a commit expects the heads themselves.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use calendar::address::Address;
use calendar::time::{Instant, Span};
use store::engine::Version;

use crate::operation::free_busy::SeenBusy;
use crate::owner::{Owner, SourceSettings, Unreachable};

/// Sets that are kept at most.
const ENTRIES_MAX: usize = 512;

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
}

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

/// Merged busy sets by owner and window.
#[derive(Default)]
pub struct HotBusy {
    entries: Mutex<HashMap<(String, Span), (u64, HotEntry)>>,
}

impl HotBusy {
    /// What is kept for `owner` over `window`.
    pub fn entry(&self, owner: &str, window: Span) -> Option<HotEntry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&(owner.to_owned(), window)).map(|(_, entry)| entry.clone())
    }

    /// Keeps `entry`; the one that was kept longest without being confirmed goes if there are too many.
    pub fn keep(&self, owner: &str, window: Span, entry: HotEntry) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = entries.values().map(|(turn, _)| *turn).max().unwrap_or(0) + 1;
        entries.insert((owner.to_owned(), window), (turn, entry));
        if entries.len() > ENTRIES_MAX {
            let oldest = entries.iter().min_by_key(|(_, (turn, _))| *turn).map(|(key, _)| key.clone());
            if let Some(oldest) = oldest {
                entries.remove(&oldest);
            }
        }
    }

    /// Drops everything (the settings have changed).
    pub fn forget_all(&self) {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
