//! An engine over files: reads beside one committing thread, and opening anew after an input or output error.
//!
//! Neither kind of file survives a failed write as an open handle (redb refuses all further work, sled stops), so the
//! committing thread closes and opens it anew; reads wait for that and then go on. What runs where: a read of one key
//! or of few entries is a walk through pages that are nearly always cached, some microseconds, and stays on the
//! reactor, where a hop to another thread would cost more than the read; a longer scan goes to the blocking pool.

mod reviving;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{RwLock, watch};

use super::committer::{Committer, GroupWriter, Outcomes, caught};
use super::rewriting::Doubt;
use super::snapshot::{GroupedSnapshot, Watchers};
use super::witness::Witness;
use super::{
    Commit, Committed, Engine, EngineError, EngineSnapshot, Entry, Version, Versioned, format, limit,
};
use reviving::open_backing;

/// Entries up to which a scan stays on the reactor.
const INLINE_ENTRIES_MAX: usize = 32;

/// How a read or write of the file failed.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What to tell.
    pub(crate) error: EngineError,
    /// Whether the handle is of no more use and the file must be opened anew.
    pub(crate) lost: bool,
}

impl Failure {
    pub(crate) fn lost(error: EngineError) -> Self {
        Self { error, lost: true }
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self { error, lost: false }
    }
}

/// A group that failed, and what would have become of it: the write may have reached the disk all the same.
#[derive(Debug)]
pub(crate) struct GroupFailure {
    pub(crate) failure: Failure,
    pub(crate) intended: Option<Outcomes>,
}

impl<F: Into<Failure>> From<F> for GroupFailure {
    fn from(failure: F) -> Self {
        Self { failure: failure.into(), intended: None }
    }
}

/// What an engine over files does; all of it blocks.
pub(crate) trait Backing: Sized + Send + Sync + 'static {
    /// Where it lies and how it is opened.
    type Place: Send + Sync + 'static;

    /// One moment, held.
    type View: Send + Sync + 'static;

    /// The engine's name.
    const NAME: &'static str;

    /// Whether reads see a snapshot, so that they may run beside a group being written.
    const READS_ARE_SNAPSHOTS: bool;

    /// The folder in which it lies, for the reserve beside it; `None`: no reserve.
    fn folder(place: &Self::Place) -> Option<&Path>;

    /// Opens the files, making them if there are none.
    fn open(place: &Self::Place) -> Result<Self, EngineError>;

    /// Opens the files without writing to them, if that can be done.
    fn open_for_reading(_: &Self::Place) -> Result<Self, EngineError> {
        Err(EngineError::Io(format!("{} cannot be opened without writing", Self::NAME)))
    }

    /// The files with the data, the one that is never another first; empty: none that anybody else should touch.
    fn files(_: &Self::Place) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Writes the files anew as they are seen, and flushes them, after a flush has failed (see
    /// [`rewriting`](super::rewriting)). They are closed.
    fn rewrite(_: &Self::Place) -> Result<(), EngineError> {
        Ok(())
    }

    /// Whether a flush may have failed.
    fn doubt(_: &Self::Place) -> Option<&Doubt> {
        None
    }

    /// The newest version.
    fn newest(&self) -> Result<Version, Failure>;

    /// See [`Engine::get`].
    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, Failure>;

    /// See [`Engine::values`].
    fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Versioned>>, Failure> {
        keys.iter().map(|key| self.get(key)).collect()
    }

    /// See [`Engine::scan`]; `from` lies before `to`.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, Failure>;

    /// See [`GroupWriter::apply`].
    fn apply(&self, group: &[Commit]) -> Result<Outcomes, GroupFailure>;

    /// This moment, held; where reads are no snapshots it says nothing, and what is overwritten is kept instead.
    fn view(&self) -> Result<Self::View, Failure>;

    /// See [`EngineSnapshot::scan`]; `from` lies before `to`.
    fn scan_view(
        &self,
        view: &Self::View,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<Entry>, Failure>;

    /// See [`Engine::format`].
    fn format(&self) -> Result<u64, Failure>;

    /// See [`Engine::put_format`]. Nobody reads or writes meanwhile.
    fn put_format(&self, format: u64) -> Result<(), Failure>;
}

enum Slot<B> {
    Open(B),
    /// Opened for reading because it could not be opened for writing, and why.
    Reading(B, EngineError),
    Closed(EngineError),
}

pub(crate) struct Opening<B> {
    slot: Slot<B>,
    /// How often the file was opened, so that two readers that find it unusable have it opened anew once.
    pub(crate) number: u64,
}

impl<B: Backing> Opening<B> {
    pub(crate) fn read<T>(&self, read: impl Fn(&B) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.slot {
            Slot::Open(backing) | Slot::Reading(backing, _) => caught(|| read(backing)),
            Slot::Closed(error) => Err(Failure::lost(error.clone())),
        }
    }

    fn write<T>(&self, write: impl Fn(&B) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.slot {
            Slot::Open(backing) => caught(|| write(backing)),
            Slot::Reading(_, error) | Slot::Closed(error) => Err(Failure::lost(error.clone())),
        }
    }
}

pub(crate) struct Shared<B: Backing> {
    place: B::Place,
    pub(crate) opening: Arc<RwLock<Opening<B>>>,
    newest: watch::Sender<Version>,
    pub(crate) watchers: Watchers,
    witness: Option<Witness>,
}

/// An engine over files.
pub(crate) struct Grouped<B: Backing> {
    // Dropped first: the thread finishes what waits before the file closes.
    committer: Committer,
    shared: Arc<Shared<B>>,
}

impl<B: Backing> Grouped<B> {
    /// Opens the files at `place`, making them if there are none. Blocks.
    pub(crate) fn open_at(place: B::Place) -> Result<Self, EngineError> {
        let backing = open_backing::<B>(&place)?;
        let newest = backing.newest().map_err(|failure| failure.error)?;
        let witness = B::folder(&place)
            .zip(B::files(&place).first())
            .and_then(|(folder, file)| Witness::open(folder, B::NAME, file));
        if let Some(witness) = &witness {
            witness.check(newest)?;
        }
        let shared = Arc::new(Shared {
            place,
            witness,
            opening: Arc::new(RwLock::new(Opening { slot: Slot::Open(backing), number: 1 })),
            newest: watch::Sender::new(newest),
            watchers: Watchers::default(),
        });
        let committer = Committer::start(B::NAME, Writer(Arc::clone(&shared)))?;
        Ok(Self { committer, shared })
    }

    /// Runs `read`, once more after the file was opened anew if the handle had been lost.
    async fn read<T, R>(&self, pool: Pool, read: R) -> Result<T, EngineError>
    where
        T: Send + 'static,
        R: Fn(&B) -> Result<T, Failure> + Clone + Send + 'static,
    {
        let (number, first) = self.read_once(pool, read.clone()).await;
        match first {
            Err(failure) if failure.lost => {
                self.committer.revive(number).await?;
                self.read_once(pool, read).await.1
            }
            other => other,
        }
        .map_err(|failure| failure.error)
    }

    /// Runs `read` and tells under which opening. Opening anew waits for it, so it holds nothing when it returns.
    async fn read_once<T, R>(&self, pool: Pool, read: R) -> (u64, Result<T, Failure>)
    where
        T: Send + 'static,
        R: Fn(&B) -> Result<T, Failure> + Send + 'static,
    {
        let opening = Arc::clone(&self.shared.opening).read_owned().await;
        let number = opening.number;
        let result = match pool {
            Pool::Reactor => opening.read(read),
            Pool::Blocking => {
                tokio::task::spawn_blocking(move || opening.read(read)).await.unwrap_or_else(|error| {
                    Err(EngineError::Io(format!("a read was abandoned: {error}")).into())
                })
            }
        };
        (number, result)
    }
}

#[derive(Clone, Copy)]
enum Pool {
    Reactor,
    Blocking,
}

#[async_trait]
impl<B: Backing> Engine for Grouped<B> {
    fn name(&self) -> &'static str {
        B::NAME
    }

    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError> {
        limit::check_key(key)?;
        let key = key.to_vec();
        self.read(Pool::Reactor, move |backing| backing.get(&key)).await
    }

    async fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Versioned>>, EngineError> {
        keys.iter().try_for_each(|key| limit::check_key(key))?;
        let pool = if keys.len() <= INLINE_ENTRIES_MAX { Pool::Reactor } else { Pool::Blocking };
        let keys: Arc<[Vec<u8>]> = keys.into();
        self.read(pool, move |backing| backing.values(&keys)).await
    }

    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError> {
        if from >= to || limit == 0 {
            return Ok(Vec::new());
        }
        let (from, to) = (from.to_vec(), to.to_vec());
        let pool = if limit <= INLINE_ENTRIES_MAX { Pool::Reactor } else { Pool::Blocking };
        self.read(pool, move |backing| backing.scan(&from, &to, limit)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
        limit::check_commit(&commit)?;
        self.committer.commit(commit).await
    }

    fn watch(&self) -> watch::Receiver<Version> {
        self.shared.newest.subscribe()
    }

    async fn snapshot(&self) -> Result<Arc<dyn EngineSnapshot>, EngineError> {
        let taken = GroupedSnapshot::take(&self.shared).await;
        Ok(Arc::new(taken.map_err(|failure| failure.error)?))
    }

    async fn format(&self) -> Result<u64, EngineError> {
        self.read(Pool::Reactor, Backing::format).await
    }

    async fn put_format(&self, number: u64) -> Result<(), EngineError> {
        format::check_format(number)?;
        let opening = Arc::clone(&self.shared.opening).write_owned().await;
        let written =
            tokio::task::spawn_blocking(move || opening.write(|backing| backing.put_format(number))).await;
        written
            .unwrap_or_else(|error| Err(EngineError::Io(format!("a write was abandoned: {error}")).into()))
            .map_err(|failure| failure.error)
    }
}

struct Writer<B: Backing>(Arc<Shared<B>>);

impl<B: Backing> Writer<B> {
    /// Writes the group and says under which opening. Where reads are no snapshots they wait until it is durable: what
    /// a reader has seen may not be gone after a power cut.
    fn write(&self, group: &[Commit]) -> Result<Outcomes, (GroupFailure, u64)> {
        let attempt = |opening: &Opening<B>| match &opening.slot {
            Slot::Open(backing) => caught(|| backing.apply(group)).map_err(|mut failed: GroupFailure| {
                // Whatever found damage while writing, a panic included, leaves the handle in no known state.
                failed.failure.lost |= matches!(failed.failure.error, EngineError::Damaged(_));
                (failed, opening.number)
            }),
            Slot::Closed(error) | Slot::Reading(_, error) => {
                Err((Failure::lost(error.clone()).into(), opening.number))
            }
        };
        if B::READS_ARE_SNAPSHOTS {
            attempt(&self.0.opening.blocking_read())
        } else {
            let opening = self.0.opening.blocking_write();
            if let Slot::Open(backing) = &opening.slot {
                self.0.watchers.keep(backing, group);
            }
            attempt(&opening)
        }
    }

    fn newest(&self) -> Result<Version, EngineError> {
        match &self.0.opening.blocking_read().slot {
            Slot::Open(backing) => caught(|| backing.newest()).map_err(|failure| failure.error),
            Slot::Closed(error) | Slot::Reading(_, error) => Err(error.clone()),
        }
    }

    fn told(&self, outcomes: Outcomes) -> Outcomes {
        let moved = self
            .0
            .newest
            .send_if_modified(|newest| std::mem::replace(newest, outcomes.newest) != outcomes.newest);
        if moved && let Some(witness) = &self.0.witness {
            witness.tell(outcomes.newest);
        }
        outcomes
    }
}

impl<B: Backing> GroupWriter for Writer<B> {
    fn apply(&mut self, group: &[Commit]) -> Result<Outcomes, EngineError> {
        // Closed by an earlier failure: try to open before giving up on this group.
        let closed = {
            let opening = self.0.opening.blocking_read();
            (!matches!(opening.slot, Slot::Open(_))).then_some(opening.number)
        };
        if let Some(number) = closed {
            self.revive(number)?;
        }
        let (failed, number) = match self.write(group) {
            Ok(outcomes) => return Ok(self.told(outcomes)),
            Err(failed) => failed,
        };
        if failed.failure.lost {
            self.revive(number)?;
            // The write may have reached the disk although it was reported as failed: the store itself says.
            if let Some(intended) = failed.intended
                && self.newest()? == intended.newest
            {
                return Ok(self.told(intended));
            }
        }
        Err(failed.failure.error)
    }

    fn revive(&mut self, seen: u64) -> Result<(), EngineError> {
        let mut opening = self.0.opening.blocking_write();
        if opening.number != seen {
            return Ok(());
        }
        if let Slot::Closed(error @ EngineError::Damaged(_)) = &opening.slot {
            return Err(error.clone());
        }
        self.0.reopen(&mut opening)
    }
}
