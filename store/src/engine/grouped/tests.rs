//! What becomes of reads and writes when the files fail.

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
    type View = ();
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

    fn view(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn scan_view(&self, (): &(), _: &[u8], _: &[u8], _: usize) -> Result<Vec<Entry>, Failure> {
        self.get(b"x").map(|_| Vec::new())
    }

    fn format(&self) -> Result<u64, Failure> {
        Ok(format::FORMAT)
    }

    fn put_format(&self, _: u64) -> Result<(), Failure> {
        Ok(())
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
async fn a_store_that_lost_what_was_acknowledged_is_damaged() {
    let (engine, disk) = open(&[]);
    assert_eq!(commit(&engine).await, Ok(Committed::At(1)));
    disk.count.store(0, Ordering::SeqCst);
    disk.faults.lock().unwrap().push(Fault::ReadLost);
    for _ in 0..2 {
        let read = version(&engine).await;
        assert!(matches!(&read, Err(EngineError::Damaged(why)) if why.contains("commit 1 was")), "{read:?}");
    }
}

#[tokio::test]
async fn a_panic_is_damage_and_nobody_elses() {
    let (engine, disk) = open(&[Fault::ReadPanics, Fault::WritePanics]);
    assert!(matches!(version(&engine).await, Err(EngineError::Damaged(why)) if why.contains("a torn page")));
    assert_eq!(disk.openings.load(Ordering::SeqCst), 1);
    assert!(matches!(commit(&engine).await, Err(EngineError::Damaged(_))));
    assert_eq!(disk.openings.load(Ordering::SeqCst), 2, "what panicked while writing is not trusted further");
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
