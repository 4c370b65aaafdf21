//! Backups: taken while the store works, incremental, sealed, found damaged, pruned, and brought back whole.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../household/mod.rs"]
mod household;
mod keeping;
mod life;
mod moment;
mod trust;
mod vault;

use std::collections::BTreeSet;
use std::sync::Arc;

use household::{Cellar, House, MAY, at, chance, content, furnish, object, put, rows, work};
use store::backup::{Archive, BackupError, BackupKey, Extra, SnapshotInfo, Vault, copy};
use store::engine::choice::EngineChoice;
use store::engine::{Commit, Committed, Engine};
use store::{EngineError, identity, migration};

/// The key of this number.
fn key(number: u8) -> BackupKey {
    BackupKey::of([number; 32])
}

fn archive(vault: &Arc<Cellar>, key: Option<BackupKey>) -> Archive {
    Archive::new(Arc::clone(vault) as Arc<dyn Vault>, key)
}

fn extras() -> Vec<Extra> {
    vec![
        Extra { name: "kalends.toml".into(), octets: b"[server]\n".repeat(2_000) },
        Extra { name: "empty".into(), octets: vec![] },
    ]
}

async fn furnished(choice: EngineChoice) -> House {
    let house = House::new(choice);
    migration::run(&house.engine, &chance, |_| async { Ok(()) }).await.unwrap();
    furnish(&house.store()).await;
    house
}

async fn take(archive: &Archive, house: &House, seconds: i64) -> SnapshotInfo {
    archive.take(&house.engine, &[], at(seconds), &chance).await.unwrap()
}

async fn epochs(house: &House) -> BTreeSet<u64> {
    let all = house.store().collections(&work().owner).await.unwrap();
    all.into_iter().map(|(_, record)| record.epoch).collect()
}

#[tokio::test]
async fn what_is_restored_is_what_was_there_in_any_engine() {
    for (number, from) in EngineChoice::ALL.into_iter().enumerate() {
        let house = furnished(from).await;
        let vault = Arc::new(Cellar::default());
        let archive = archive(&vault, if number == 1 { None } else { Some(key(1)) });
        let taken = archive.take(&house.engine, &extras(), at(MAY), &chance).await.unwrap();
        let all = rows(&house.engine).await;
        assert_eq!(
            (taken.rows, taken.taken, taken.engine.as_str()),
            (all.len() as u64, at(MAY), from.name())
        );
        assert_eq!(taken.octets, all.iter().map(|row| (row.key.len() + row.value.len()) as u64).sum::<u64>());
        assert_eq!(taken.store, identity::identity(&house.engine).await.unwrap());
        assert_eq!(taken.encrypted, number != 1);
        assert_eq!(archive.snapshots().await.unwrap(), std::slice::from_ref(&taken));
        let verified = archive.verify(&taken).await.unwrap();
        assert_eq!((verified.rows, verified.octets), (taken.rows, taken.octets));
        assert_eq!(archive.extras(&taken).await.unwrap(), extras());
        for into in EngineChoice::ALL {
            let other = House::new(into);
            let restored = archive.restore(&taken, &other.engine, &chance).await.unwrap();
            assert_eq!((restored.rows, restored.collections), (taken.rows, 2));
            assert!(restored.checked.is_sound(), "{:?}", restored.checked.findings);
            assert_eq!(content(&other.engine).await, content(&house.engine).await);
            assert_eq!(migration::needed(&other.engine).await, Ok(None));
            // Tokens of the life before are unknown in this one (RFC 6578 §3.2).
            assert_eq!(epochs(&other).await.len(), 2);
            assert!(epochs(&other).await.is_disjoint(&epochs(&house).await));
        }
    }
}

#[tokio::test]
async fn a_store_restored_twice_lives_twice() {
    let house = furnished(EngineChoice::Memory).await;
    let archive = archive(&Arc::new(Cellar::default()), None);
    let taken = take(&archive, &house, MAY).await;
    let (one, two) = (House::new(EngineChoice::Memory), House::new(EngineChoice::Memory));
    archive.restore(&taken, &one.engine, &chance).await.unwrap();
    archive.restore(&taken, &two.engine, &chance).await.unwrap();
    assert!(epochs(&one).await.is_disjoint(&epochs(&two).await));
}

#[tokio::test]
async fn a_copy_is_the_same_store_in_another_engine() {
    let house = furnished(EngineChoice::Redb).await;
    for into in EngineChoice::ALL {
        let other = House::new(into);
        let copied = copy(&house.engine, &other.engine).await.unwrap();
        let plain = |all: Vec<store::engine::Entry>| -> Vec<_> {
            all.into_iter().map(|row| (row.key, row.value)).collect()
        };
        assert_eq!(plain(rows(&other.engine).await), plain(rows(&house.engine).await));
        assert_eq!(copied.rows, rows(&house.engine).await.len() as u64);
        assert_eq!(copy(&house.engine, &other.engine).await, Err(BackupError::NotEmpty));
    }
}

#[tokio::test]
async fn only_what_changed_is_brought_again() {
    let house = furnished(EngineChoice::Redb).await;
    let store = house.store();
    for number in 0..30 {
        let (member, text) = (format!("large-{number}"), format!("{number} ").repeat(20_000));
        put(&store, &work(), vec![(&member, Some(object(&member, &text, vec![])))]).await;
    }
    let vault = Arc::new(Cellar::default());
    for key in [None, Some(key(3))] {
        let archive = archive(&vault, key);
        let first = take(&archive, &house, MAY).await;
        assert!(first.chunks > 3 && first.added_octets > 10_000, "{first:?}");
        let same = take(&archive, &house, MAY + 60).await;
        assert_eq!(same.added_octets, 0);
        let member = "large-20";
        put(&store, &work(), vec![(member, Some(object(member, "short now", vec![])))]).await;
        let little = take(&archive, &house, MAY + 120).await;
        assert!(little.added_octets > 0 && little.added_octets < first.added_octets * 3 / 4, "{little:?}");
        archive.verify(&little).await.unwrap();
        let whole = take(&archive.trusting_nothing(), &house, MAY + 180).await;
        assert!(whole.added_octets > first.added_octets * 3 / 4);
        put(&store, &work(), vec![(member, Some(object(member, "longer again", vec![])))]).await;
    }
}

/// An extra of more than one piece.
#[tokio::test]
async fn a_large_extra_is_kept_in_pieces() {
    let house = House::new(EngineChoice::Memory);
    let archive = archive(&Arc::new(Cellar::default()), None);
    let large = vec![Extra { name: "large".into(), octets: vec![5; (4 << 20) + 3] }];
    let taken = archive.take(&house.engine, &large, at(MAY), &chance).await.unwrap();
    assert!(archive.extras(&taken).await.unwrap() == large);
    assert_eq!(archive.verify(&taken).await.unwrap().chunks, 2);
}

#[tokio::test]
async fn rows_of_any_size_are_kept() {
    let house = House::new(EngineChoice::Memory);
    for (number, octets) in [0, 1, (4 << 20) + 1, 5].into_iter().enumerate() {
        let write = vec![(format!("r{number}").into_bytes(), Some(vec![3; octets]))];
        house.engine.commit(Commit { expect: vec![], write }).await.unwrap();
    }
    let archive = archive(&Arc::new(Cellar::default()), Some(key(1)));
    let taken = take(&archive, &house, MAY).await;
    assert_eq!(archive.verify(&taken).await.unwrap().rows, 4);
    let other = House::new(EngineChoice::Redb);
    archive.restore(&taken, &other.engine, &chance).await.unwrap();
    assert!(content(&other.engine).await == content(&house.engine).await);
    // And none at all.
    let empty = take(&archive, &House::new(EngineChoice::Memory), MAY + 1).await;
    assert_eq!(archive.verify(&empty).await.unwrap(), store::backup::Verified::default());
    let other = House::new(EngineChoice::Sled);
    archive.restore(&empty, &other.engine, &chance).await.unwrap();
    assert!(rows(&other.engine).await.is_empty());
}

/// An engine error is told as what it is.
#[tokio::test]
async fn an_engine_without_snapshots_says_so() {
    struct Bare(store::engine::memory::MemoryEngine);
    #[async_trait::async_trait]
    impl Engine for Bare {
        fn name(&self) -> &'static str {
            "bare"
        }
        async fn get(&self, key: &[u8]) -> Result<Option<store::engine::Versioned>, EngineError> {
            self.0.get(key).await
        }
        async fn scan(
            &self,
            from: &[u8],
            to: &[u8],
            limit: usize,
        ) -> Result<Vec<store::engine::Entry>, EngineError> {
            self.0.scan(from, to, limit).await
        }
        async fn commit(&self, commit: Commit) -> Result<Committed, EngineError> {
            self.0.commit(commit).await
        }
        fn watch(&self) -> tokio::sync::watch::Receiver<u64> {
            self.0.watch()
        }
    }
    let engine: Arc<dyn Engine> = Arc::new(Bare(store::engine::memory::MemoryEngine::new()));
    let archive = archive(&Arc::new(Cellar::default()), None);
    let refused = archive.take(&engine, &[], at(MAY), &chance).await;
    assert!(matches!(refused, Err(BackupError::Engine(EngineError::Io(why))) if why.contains("bare")));
    assert_eq!(archive.snapshots().await, Ok(vec![]));
}
