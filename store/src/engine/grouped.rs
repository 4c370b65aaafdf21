//! An engine over files: reads beside one committing thread, and opening anew after an input or output error.
//!
//! Neither kind of file survives a failed write as an open handle (redb refuses all further work, sled stops), so the
//! committing thread closes and opens it anew; reads wait for that and then go on. What runs where: a read of one key
//! or of few entries is a walk through pages that are nearly always cached, some microseconds, and stays on the
//! reactor, where a hop to another thread would cost more than the read; a longer scan goes to the blocking pool.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{RwLock, watch};

use super::committer::{Committer, GroupWriter, Outcomes, caught};
use super::reserve::with_reserve;
use super::{Commit, Committed, Engine, EngineError, Entry, Version, Versioned, limit};

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

    /// The engine's name.
    const NAME: &'static str;

    /// Whether reads see a snapshot, so that they may run beside a group being written.
    const READS_ARE_SNAPSHOTS: bool;

    /// The folder in which it lies, for the reserve beside it; `None`: no reserve.
    fn folder(place: &Self::Place) -> Option<&Path>;

    /// Opens the files, making them if there are none.
    fn open(place: &Self::Place) -> Result<Self, EngineError>;

    /// The newest version.
    fn newest(&self) -> Result<Version, Failure>;

    /// See [`Engine::get`].
    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, Failure>;

    /// See [`Engine::scan`]; `from` lies before `to`.
    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, Failure>;

    /// See [`GroupWriter::apply`].
    fn apply(&self, group: &[Commit]) -> Result<Outcomes, GroupFailure>;
}

enum Slot<B> {
    Open(B),
    Closed(EngineError),
}

struct Opening<B> {
    slot: Slot<B>,
    /// How often the file was opened, so that two readers that find it unusable have it opened anew once.
    number: u64,
}

impl<B: Backing> Opening<B> {
    fn read<T>(&self, read: impl Fn(&B) -> Result<T, Failure>) -> Result<T, Failure> {
        match &self.slot {
            Slot::Open(backing) => caught(|| read(backing)),
            Slot::Closed(error) => Err(Failure::lost(error.clone())),
        }
    }
}

struct Shared<B: Backing> {
    place: B::Place,
    opening: Arc<RwLock<Opening<B>>>,
    newest: watch::Sender<Version>,
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
        let shared = Arc::new(Shared {
            place,
            opening: Arc::new(RwLock::new(Opening { slot: Slot::Open(backing), number: 1 })),
            newest: watch::Sender::new(newest),
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

fn open_backing<B: Backing>(place: &B::Place) -> Result<B, EngineError> {
    with_reserve(B::folder(place), || caught(|| B::open(place)))
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
        self.read(pool, move |backing| keys.iter().map(|key| backing.get(key)).collect()).await
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
            Slot::Closed(error) => Err((Failure::lost(error.clone()).into(), opening.number)),
        };
        if B::READS_ARE_SNAPSHOTS {
            attempt(&self.0.opening.blocking_read())
        } else {
            attempt(&self.0.opening.blocking_write())
        }
    }

    fn newest(&self) -> Result<Version, EngineError> {
        match &self.0.opening.blocking_read().slot {
            Slot::Open(backing) => caught(|| backing.newest()).map_err(|failure| failure.error),
            Slot::Closed(error) => Err(error.clone()),
        }
    }

    fn told(&self, outcomes: Outcomes) -> Outcomes {
        self.0
            .newest
            .send_if_modified(|newest| std::mem::replace(newest, outcomes.newest) != outcomes.newest);
        outcomes
    }
}

impl<B: Backing> GroupWriter for Writer<B> {
    fn apply(&mut self, group: &[Commit]) -> Result<Outcomes, EngineError> {
        // Closed by an earlier failure: try to open before giving up on this group.
        let closed = {
            let opening = self.0.opening.blocking_read();
            matches!(opening.slot, Slot::Closed(_)).then_some(opening.number)
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
        // Closed before it is opened again: the file is locked by whoever holds it. A failure counts as an opening too,
        // so that all who wait for this attempt hear of it instead of each making its own.
        opening.slot = Slot::Closed(EngineError::Io("the store is being opened anew".into()));
        opening.number += 1;
        let opened = open_backing::<B>(&self.0.place);
        let result = opened.as_ref().map(|_| ()).map_err(Clone::clone);
        opening.slot = opened.map_or_else(Slot::Closed, Slot::Open);
        // A group may have reached the disk although its writing failed: whoever keeps something beside the number of
        // the newest commit must look again.
        if let Slot::Open(backing) = &opening.slot
            && let Ok(newest) = caught(|| backing.newest())
        {
            self.0.newest.send_if_modified(|told| std::mem::replace(told, newest) != newest);
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    /// What is to go wrong next.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Fault {
        ReadLost,
        ReadPanics,
        WriteLost,
        WriteLostButThere,
        WritePanics,
        OpenFails,
        OpenDamaged,
    }

    /// A disk that holds one number: how many commits there were.
    #[derive(Default)]
    struct Disk {
        count: AtomicUsize,
        openings: AtomicUsize,
        faults: Mutex<Vec<Fault>>,
    }

    impl Disk {
        fn meets(&self, fault: Fault) -> bool {
            let mut faults = self.faults.lock().unwrap();
            let found = faults.iter().position(|waiting| *waiting == fault);
            found.map(|at| faults.remove(at)).is_some()
        }
    }

    struct OnDisk(Arc<Disk>);

    fn lost() -> Failure {
        Failure::lost(EngineError::Full)
    }

    impl Backing for OnDisk {
        type Place = Arc<Disk>;
        const NAME: &'static str = "faulty";
        const READS_ARE_SNAPSHOTS: bool = true;

        fn folder(_: &Arc<Disk>) -> Option<&Path> {
            None
        }

        fn open(place: &Arc<Disk>) -> Result<Self, EngineError> {
            if place.meets(Fault::OpenFails) {
                return Err(EngineError::Full);
            }
            if place.meets(Fault::OpenDamaged) {
                return Err(EngineError::Damaged("torn".into()));
            }
            place.openings.fetch_add(1, Ordering::SeqCst);
            Ok(Self(Arc::clone(place)))
        }

        fn newest(&self) -> Result<Version, Failure> {
            Ok(self.0.count.load(Ordering::SeqCst) as Version)
        }

        fn get(&self, _: &[u8]) -> Result<Option<Versioned>, Failure> {
            assert!(!self.0.meets(Fault::ReadPanics), "a torn page");
            if self.0.meets(Fault::ReadLost) {
                return Err(lost());
            }
            Ok(Some(Versioned { value: vec![], version: self.newest()? }))
        }

        fn scan(&self, _: &[u8], _: &[u8], _: usize) -> Result<Vec<Entry>, Failure> {
            self.get(b"x").map(|_| Vec::new())
        }

        fn apply(&self, group: &[Commit]) -> Result<Outcomes, GroupFailure> {
            assert!(!self.0.meets(Fault::WritePanics), "a torn page");
            if self.0.meets(Fault::WriteLost) {
                let newest = self.newest()? + 1;
                let intended = Some(Outcomes { each: vec![Committed::At(newest)], newest });
                return Err(GroupFailure { failure: lost(), intended });
            }
            let newest = self.0.count.fetch_add(group.len(), Ordering::SeqCst) + group.len();
            let each =
                (0..group.len()).map(|i| Committed::At((newest - group.len() + i + 1) as Version)).collect();
            let outcomes = Outcomes { each, newest: newest as Version };
            if self.0.meets(Fault::WriteLostButThere) {
                return Err(GroupFailure { failure: lost(), intended: Some(outcomes) });
            }
            Ok(outcomes)
        }
    }

    fn open(faults: &[Fault]) -> (Grouped<OnDisk>, Arc<Disk>) {
        let disk = Arc::new(Disk::default());
        let engine = Grouped::open_at(Arc::clone(&disk)).unwrap();
        *disk.faults.lock().unwrap() = faults.to_vec();
        (engine, disk)
    }

    async fn version(engine: &Grouped<OnDisk>) -> Result<Version, EngineError> {
        engine.get(b"x").await.map(|row| row.unwrap().version)
    }

    async fn commit(engine: &Grouped<OnDisk>) -> Result<Committed, EngineError> {
        engine.commit(Commit::default()).await
    }

    #[tokio::test]
    async fn a_read_that_lost_its_file_opens_it_anew_and_goes_on() {
        let (engine, disk) = open(&[Fault::ReadLost]);
        assert_eq!(version(&engine).await, Ok(0));
        assert_eq!(disk.openings.load(Ordering::SeqCst), 2);
        disk.faults.lock().unwrap().push(Fault::ReadLost);
        assert_eq!(engine.scan(b"a", b"b", usize::MAX).await, Ok(vec![]));
        disk.faults.lock().unwrap().extend([Fault::ReadLost, Fault::ReadLost]);
        assert_eq!(version(&engine).await, Err(EngineError::Full), "twice in a row is told");
        assert_eq!(version(&engine).await, Ok(0));
    }

    #[tokio::test]
    async fn a_write_is_what_the_store_says_after_opening_it_anew() {
        let (engine, _) = open(&[Fault::WriteLost]);
        assert_eq!(commit(&engine).await, Err(EngineError::Full));
        assert_eq!(version(&engine).await, Ok(0));
        assert_eq!(commit(&engine).await, Ok(Committed::At(1)));
        let (engine, _) = open(&[Fault::WriteLostButThere]);
        assert_eq!(commit(&engine).await, Ok(Committed::At(1)));
        assert_eq!(*engine.watch().borrow(), 1);
    }

    #[tokio::test]
    async fn a_store_that_cannot_be_opened_now_may_be_later() {
        let (engine, _) = open(&[Fault::WriteLost, Fault::OpenFails, Fault::OpenFails]);
        assert_eq!(commit(&engine).await, Err(EngineError::Full));
        assert_eq!(version(&engine).await, Err(EngineError::Full));
        assert_eq!(version(&engine).await, Ok(0));
        assert_eq!(commit(&engine).await, Ok(Committed::At(1)));
    }

    #[tokio::test]
    async fn a_damaged_store_stays_closed() {
        let (engine, disk) = open(&[Fault::WriteLost, Fault::OpenDamaged]);
        for _ in 0..3 {
            assert!(matches!(commit(&engine).await, Err(EngineError::Damaged(_))));
            assert!(matches!(version(&engine).await, Err(EngineError::Damaged(_))));
        }
        assert_eq!(disk.openings.load(Ordering::SeqCst), 1);
    }

    #[tokio::test]
    async fn a_panic_is_damage_and_nobody_elses() {
        let (engine, disk) = open(&[Fault::ReadPanics, Fault::WritePanics]);
        assert!(
            matches!(version(&engine).await, Err(EngineError::Damaged(why)) if why.contains("a torn page"))
        );
        assert_eq!(disk.openings.load(Ordering::SeqCst), 1);
        assert!(matches!(commit(&engine).await, Err(EngineError::Damaged(_))));
        assert_eq!(
            disk.openings.load(Ordering::SeqCst),
            2,
            "what panicked while writing is not trusted further"
        );
        assert_eq!(commit(&engine).await, Ok(Committed::At(1)));
    }

    #[tokio::test]
    async fn what_waits_when_the_engine_closes_is_finished() {
        let (engine, disk) = open(&[]);
        let mut waiting = Vec::new();
        for _ in 0..40 {
            let mut future = Box::pin(engine.commit(Commit::default()));
            // Polled once: it stands in the queue, and its caller goes away.
            let polled =
                std::future::poll_fn(|context| std::task::Poll::Ready(future.as_mut().poll(context))).await;
            waiting.push(polled);
        }
        drop(engine);
        assert_eq!(disk.count.load(Ordering::SeqCst), 40);
    }
}
