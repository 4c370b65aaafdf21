//! The map in memory: the model that the other engines must equal.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::watch;

use super::format::{FORMAT, check_format};
use super::snapshot::page;
use super::{Commit, Committed, Engine, EngineError, EngineSnapshot, Entry, Version, Versioned, limit};

/// An engine that forgets when it is dropped.
#[derive(Debug)]
pub struct MemoryEngine {
    state: Mutex<State>,
    newest: watch::Sender<Version>,
}

type Rows = BTreeMap<Vec<u8>, Versioned>;

#[derive(Debug)]
struct State {
    rows: Rows,
    newest: Version,
    format: u64,
}

impl MemoryEngine {
    /// An empty map.
    pub fn new() -> Self {
        let state = State { rows: Rows::new(), newest: 0, format: FORMAT };
        Self { state: Mutex::new(state), newest: watch::Sender::new(0) }
    }

    /// The state. A panic while it was held cannot have left half a commit: nothing in between can panic.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryEngine {
    fn default() -> Self {
        Self::new()
    }
}

impl State {
    fn version_of(&self, key: &[u8]) -> Version {
        self.rows.get(key).map_or(0, |row| row.version)
    }

    fn apply(&mut self, commit: Commit) -> Committed {
        if commit.expect.iter().any(|(key, seen)| self.version_of(key) != *seen) {
            return Committed::SeenHasMoved;
        }
        if commit.write.is_empty() {
            return Committed::At(self.newest);
        }
        self.newest += 1;
        let version = self.newest;
        for (key, value) in commit.write {
            match value {
                Some(value) => self.rows.insert(key, Versioned { value, version }),
                None => self.rows.remove(&key),
            };
        }
        Committed::At(version)
    }
}

#[async_trait]
impl Engine for MemoryEngine {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError> {
        limit::check_key(key)?;
        Ok(self.state().rows.get(key).cloned())
    }

    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        if from >= to {
            return Ok(Vec::new());
        }
        Ok(entries(&self.state().rows, from, to).take(limit).collect())
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
        limit::check_commit(&commit)?;
        let mut state = self.state();
        let committed = state.apply(commit);
        self.newest.send_if_modified(|seen| std::mem::replace(seen, state.newest) != state.newest);
        Ok(committed)
    }

    fn watch(&self) -> watch::Receiver<Version> {
        self.newest.subscribe()
    }

    async fn snapshot(&self) -> Result<Arc<dyn EngineSnapshot>, EngineError> {
        Ok(Arc::new(Copied(self.state().rows.clone())))
    }

    async fn format(&self) -> Result<u64, EngineError> {
        Ok(self.state().format)
    }

    async fn put_format(&self, format: u64) -> Result<(), EngineError> {
        check_format(format)?;
        self.state().format = format;
        Ok(())
    }
}

/// The entries with `from <= key < to`; `from` lies before `to`.
fn entries(rows: &Rows, from: &[u8], to: &[u8]) -> impl Iterator<Item = Entry> {
    rows.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to))).map(|(key, row)| Entry {
        key: key.clone(),
        value: row.value.clone(),
        version: row.version,
    })
}

/// A snapshot: the map once more.
struct Copied(Rows);

#[async_trait]
impl EngineSnapshot for Copied {
    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        if from >= to {
            return Ok(Vec::new());
        }
        page(entries(&self.0, from, to).map(Ok), limit)
    }

    async fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Versioned>>, EngineError> {
        Ok(keys.iter().map(|key| self.0.get(key).cloned()).collect())
    }
}
