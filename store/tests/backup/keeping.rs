//! Which snapshots are kept, and that pruning takes nothing else away.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use store::backup::{Archive, BackupError, Keep, SnapshotInfo, Vault, VaultError, newest_at};
use store::engine::choice::EngineChoice;

use super::household::{Cellar, DAY, MAY, at, chance, object, put, work};
use super::{archive, extras, furnished, key, take};

fn info(taken: i64, store: &str) -> SnapshotInfo {
    SnapshotInfo {
        name: format!("{taken}"),
        taken: at(taken),
        store: Some(store.into()),
        program: String::new(),
        format: 2,
        engine: String::new(),
        rows: 0,
        octets: 0,
        added_octets: 0,
        chunks: 0,
        encrypted: false,
    }
}

#[test]
fn days_and_months_keep_their_newest() {
    // Every six hours for a year, up to 2026-05-28T20:26:40Z.
    let all: Vec<SnapshotInfo> = (0..1460).map(|n| info(MAY - n * DAY / 4, "a")).collect();
    let keep = Keep { all_for: 2 * DAY, daily_for: 10 * DAY, monthly_for: 100 * DAY };
    let kept = keep.kept(&all, at(MAY));
    let ages: Vec<i64> =
        all.iter().filter(|one| kept.contains(&one.name)).map(|one| MAY - one.taken.as_unix()).collect();
    let quarter = DAY / 4;
    let dense: Vec<i64> = (0..=8).map(|n| n * quarter).collect();
    // Then the last of each day, which is the one at 20:26, and the last of April, March and February.
    let daily: Vec<i64> = (3..=10).map(|n| n * DAY).collect();
    let monthly = [28, 58, 89].map(|days| days * DAY);
    assert_eq!(ages, [dense, daily, monthly.to_vec()].concat());
    // The newest of each store is kept for ever.
    let keep = Keep { all_for: 0, daily_for: 0, monthly_for: 0 };
    let two = [info(5, "a"), info(9, "a"), info(3, "b"), info(2, "b")];
    assert_eq!(keep.kept(&two, at(MAY)), BTreeSet::from(["9".into(), "3".into()]));
    assert_eq!(keep.kept(&[], at(MAY)), BTreeSet::new());
    // A clock that was ahead.
    assert_eq!(keep.kept(&[info(MAY + DAY, "a"), info(MAY, "a")], at(MAY)).len(), 2);
}

#[test]
fn the_newest_at_a_moment() {
    let all = [info(5, "a"), info(9, "a"), info(7, "a")];
    let at = |seconds| newest_at(&all, at(seconds)).map(|snapshot| snapshot.taken.as_unix());
    assert_eq!([at(4), at(5), at(8), at(100)], [None, Some(5), Some(7), Some(9)]);
}

#[tokio::test]
async fn pruning_removes_what_nobody_needs_and_nothing_else() {
    let house = furnished(EngineChoice::Memory).await;
    let vault = Arc::new(Cellar::default());
    let archive = archive(&vault, Some(key(1)));
    for day in 0..6 {
        put(&house.store(), &work(), vec![("new", Some(object("new", &format!("{day}"), vec![])))]).await;
        archive.take(&house.engine, &extras(), at(MAY + day * DAY), &chance).await.unwrap();
    }
    let keep = Keep { all_for: 2 * DAY, daily_for: 0, monthly_for: 0 };
    let pruned = archive.prune(keep, at(MAY + 5 * DAY)).await.unwrap();
    assert_eq!((pruned.snapshots, pruned.kept, pruned.deferred), (3, 3, false));
    assert!(pruned.chunks > 0);
    for snapshot in archive.snapshots().await.unwrap() {
        archive.verify(&snapshot).await.unwrap();
    }
    let again = archive.prune(keep, at(MAY + 5 * DAY)).await.unwrap();
    assert_eq!((again.snapshots, again.chunks), (0, 0));
    assert_eq!(vault.names("pruning/"), Vec::<String>::new());
    assert_eq!(vault.names("takes/"), Vec::<String>::new());
}

#[tokio::test]
async fn pruning_and_taking_keep_out_of_each_others_way() {
    let house = furnished(EngineChoice::Memory).await;
    let vault = Arc::new(Cellar::default());
    let archive = archive(&vault, None);
    let keep = Keep { all_for: 0, daily_for: 0, monthly_for: 0 };
    take(&archive, &house, MAY).await;
    let orphan = "chunks/plain/00/00";
    let mark = |name: &str, renewed: i64| {
        vault.blobs.lock().unwrap().insert(name.into(), renewed.to_string().into_bytes());
    };
    mark(orphan, 0);
    // Somebody takes a snapshot: what looks unneeded may be theirs.
    mark("takes/1", MAY - 200);
    let pruned = archive.prune(keep, at(MAY)).await.unwrap();
    assert_eq!((pruned.deferred, pruned.chunks), (true, 0));
    // They crashed: soon their mark is void, and so is what they left.
    let pruned = archive.prune(keep, at(MAY + 300)).await.unwrap();
    assert_eq!((pruned.deferred, pruned.chunks), (false, 1));
    assert_eq!(vault.names("takes/"), Vec::<String>::new());
    // Somebody prunes: what looks present may be about to go.
    mark("pruning/1", MAY);
    let busy = archive.take(&house.engine, &[], at(MAY + 60), &chance).await;
    assert!(matches!(busy, Err(BackupError::Busy { .. })), "{busy:?}");
    assert_eq!(vault.names("takes/"), Vec::<String>::new());
    // They crashed: the next snapshot that is due is taken.
    take(&archive, &house, MAY + 900).await;
    assert_eq!(vault.names("pruning/"), Vec::<String>::new());
}

/// A vault in which a first snapshot takes hours, by a clock that the test holds.
#[tokio::test(start_paused = true)]
async fn a_mark_counts_as_long_as_the_work_goes_on() {
    let house = furnished(EngineChoice::Memory).await;
    let cellar = Arc::new(Cellar::default());
    let slow = Arc::new(Slow(Arc::clone(&cellar), Duration::from_secs(7200)));
    let slow = Archive::new(slow, None);
    let keep = Keep { all_for: 0, daily_for: 0, monthly_for: 0 };
    let (engine, none) = (Arc::clone(&house.engine), []);
    let taking = slow.take(&engine, &none, at(MAY), &chance);
    let pruning = async {
        for minutes in (10..110).step_by(10) {
            tokio::time::sleep(Duration::from_secs(600)).await;
            let pruned = archive(&cellar, None).prune(keep, at(MAY + minutes * 60)).await.unwrap();
            assert!(pruned.deferred, "after {minutes} minutes");
        }
    };
    let (taken, ()) = tokio::join!(taking, pruning);
    archive(&cellar, None).verify(&taken.unwrap()).await.unwrap();
    // Whoever finds the own mark cleared away lists no snapshot: what it brought may be gone.
    let taking = slow.take(&engine, &none, at(MAY + DAY), &chance);
    let clearing = async {
        tokio::time::sleep(Duration::from_secs(600)).await;
        cellar.blobs.lock().unwrap().retain(|name, _| !name.starts_with("takes/"));
    };
    let (taken, ()) = tokio::join!(taking, clearing);
    assert!(matches!(taken, Err(BackupError::Busy { .. })), "{taken:?}");
    assert_eq!(archive(&cellar, None).snapshots().await.unwrap().len(), 1);
}

/// A vault that takes its time for chunks.
struct Slow(Arc<Cellar>, Duration);

#[async_trait::async_trait]
impl Vault for Slow {
    fn place(&self) -> String {
        self.0.place()
    }

    async fn put(&self, name: &str, octets: &[u8]) -> Result<(), VaultError> {
        if name.starts_with("chunks/") {
            tokio::time::sleep(self.1).await;
        }
        self.0.put(name, octets).await
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        self.0.load(name).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        if prefix == "chunks/plain/" {
            tokio::time::sleep(self.1).await;
        }
        self.0.list(prefix).await
    }

    async fn remove(&self, name: &str) -> Result<(), VaultError> {
        self.0.remove(name).await
    }
}

#[tokio::test]
async fn what_somebody_removed_from_a_vault_is_brought_again() {
    let house = furnished(EngineChoice::Memory).await;
    let vault = Arc::new(Cellar::default());
    let archive = archive(&vault, None);
    let first = take(&archive, &house, MAY).await;
    for name in vault.names("chunks/") {
        let blob = vault.blobs.lock().unwrap().remove(&name);
        assert!(archive.verify(&first).await.is_err());
        let next = take(&archive, &house, MAY + 900).await;
        archive.verify(&next).await.unwrap();
        vault.blobs.lock().unwrap().remove(&format!("snapshots/{}", next.name));
        vault.blobs.lock().unwrap().insert(name, blob.unwrap());
    }
}
