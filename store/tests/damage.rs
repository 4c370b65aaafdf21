//! Files that are not as they were left: refused or whole, never wrong in silence (specification 7.4).

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::sync::Arc;

use store::EngineError;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::engine::{Commit, Committed, Engine};

const ROWS: u32 = 300;

/// Rows of one commit.
const GROUP: usize = 25;

fn value(number: u32) -> Vec<u8> {
    (0..200 + number * 7).map(|i| (i * 31 + number) as u8).collect()
}

async fn fill(engine: &Arc<dyn Engine>) {
    for first in (0..ROWS).step_by(GROUP) {
        let write =
            (first..first + GROUP as u32).map(|n| (n.to_be_bytes().to_vec(), Some(value(n)))).collect();
        let committed = engine.commit(Commit { expect: vec![], write }).await.unwrap();
        assert!(matches!(committed, Committed::At(_)));
    }
}

async fn everything(engine: &Arc<dyn Engine>) -> Result<(), EngineError> {
    let count = whole_rows(engine).await?;
    assert_eq!(count, ROWS as usize);
    Ok(())
}

/// How many of the rows there are, from the first; each as it was written.
async fn whole_rows(engine: &Arc<dyn Engine>) -> Result<usize, EngineError> {
    let entries = engine.scan(&[0], &[1], usize::MAX).await?;
    let count = entries.len();
    for (number, entry) in (0_u32..).zip(entries) {
        assert_eq!((entry.key, entry.value), (number.to_be_bytes().to_vec(), value(number)));
    }
    Ok(count)
}

fn open(choice: EngineChoice, folder: &Path) -> Result<Arc<dyn Engine>, EngineError> {
    choice.open(folder, CACHE_OCTETS)
}

/// The kinds of damage that a torn write or a bad disk does.
fn damaged(file: &[u8], kind: usize, at: usize) -> Vec<u8> {
    let mut octets = file.to_vec();
    let from = at % octets.len();
    match kind {
        0 => octets.truncate(octets.len() - 1 - from % 65_536),
        1 => octets[from..].fill(0),
        2 => octets.iter_mut().skip(from / 4096 * 4096).take(4096).for_each(|octet| *octet = 0),
        3 => octets[from] ^= 1 << (at % 8),
        _ => {
            let (one, two) = (from / 4096 * 4096, octets.len() / 8192 * 4096);
            octets.copy_within(one..(one + 4096).min(file.len()), two);
        }
    }
    octets
}

/// The newest commit alone may go unmissed: damage to nothing but its pages looks like a commit that never ended.
#[tokio::test]
async fn a_torn_redb_file_is_refused_or_whole() {
    let house = tempfile::tempdir().unwrap();
    let engine = open(EngineChoice::Redb, house.path()).unwrap();
    fill(&engine).await;
    // As a power cut would leave it: copied while it is open.
    let file = fs::read(house.path().join("kalends.redb")).unwrap();
    drop(engine);
    let (mut whole, mut refused, mut shorter) = (0, 0, 0);
    for case in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let octets = damaged(&file, case % 5, case * 104_729);
        fs::write(folder.path().join("kalends.redb"), octets).unwrap();
        let result = match open(EngineChoice::Redb, folder.path()) {
            Ok(engine) => whole_rows(&engine).await,
            Err(error) => Err(error),
        };
        match result {
            Ok(count) if count == ROWS as usize => whole += 1,
            Ok(count) if count == ROWS as usize - GROUP => shorter += 1,
            Ok(count) => panic!("case {case}: {count} rows"),
            Err(EngineError::Damaged(_)) => refused += 1,
            Err(other) => panic!("case {case}: {other:?}"),
        }
    }
    assert!(
        whole > 0 && refused > 10,
        "{whole} whole, {refused} refused, {shorter} without the newest commit"
    );
}

#[tokio::test]
async fn what_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("kalends.redb"), "BEGIN:VCALENDAR".repeat(1_000)).unwrap();
    let refusal = open(EngineChoice::Redb, folder.path()).err();
    assert!(matches!(refusal, Some(EngineError::Damaged(_))), "{refusal:?}");
}

fn snapshots(folder: &Path) -> Vec<std::path::PathBuf> {
    let paths = fs::read_dir(folder.join("kalends.sled")).unwrap().map(|file| file.unwrap().path());
    paths.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).collect()
}

#[tokio::test]
async fn sled_opens_past_files_that_are_in_its_way() {
    let house = tempfile::tempdir().unwrap();
    let engine = open(EngineChoice::Sled, house.path()).unwrap();
    fill(&engine).await;
    drop(engine);
    let sled = house.path().join("kalends.sled");
    for case in 0..6 {
        drop(open(EngineChoice::Sled, house.path()).unwrap());
        let snapshots = snapshots(house.path());
        assert!(!snapshots.is_empty());
        match case {
            0 => fs::write(sled.join("snap.00000000000FFFFF.generating"), "half").unwrap(),
            1 | 2 => {
                let mut octets = fs::read(&snapshots[0]).unwrap();
                let middle = octets.len() / 2;
                if case == 1 {
                    octets[middle] ^= 1;
                } else {
                    octets.truncate(middle);
                }
                fs::write(&snapshots[0], octets).unwrap();
            }
            3 => fs::write(&snapshots[0], "").unwrap(),
            4 => fs::write(sled.join("conf"), vec![0; fs::read(sled.join("conf")).unwrap().len()]).unwrap(),
            _ => fs::remove_file(sled.join("conf")).unwrap(),
        }
        let engine =
            open(EngineChoice::Sled, house.path()).unwrap_or_else(|error| panic!("case {case}: {error}"));
        everything(&engine).await.unwrap();
        assert!(!sled.join("snap.00000000000FFFFF.generating").exists());
    }
}

#[tokio::test]
async fn sled_puts_no_value_where_it_never_syncs() {
    let house = tempfile::tempdir().unwrap();
    let engine = open(EngineChoice::Sled, house.path()).unwrap();
    let write = |octets: usize| Commit {
        expect: vec![],
        write: (0..20_u8).map(|key| (vec![key; 255], Some(vec![key; octets]))).collect(),
    };
    for octets in [4_000, 4_080, 4_081, 8_200, 100_000] {
        engine.commit(write(octets)).await.unwrap();
    }
    drop(engine);
    assert_eq!(fs::read_dir(house.path().join("kalends.sled/blobs")).unwrap().count(), 0);
}

#[test]
fn a_newer_store_is_refused() {
    let house = tempfile::tempdir().unwrap();
    drop(open(EngineChoice::Redb, house.path()).unwrap());
    {
        let file = redb::Database::open(house.path().join("kalends.redb")).unwrap();
        let transaction = file.begin_write().unwrap();
        let table = redb::TableDefinition::<&str, u64>::new("store");
        transaction.open_table(table).unwrap().insert("format", 2).unwrap();
        transaction.commit().unwrap();
    }
    drop(open(EngineChoice::Sled, house.path()).unwrap());
    {
        let db = sled::open(house.path().join("kalends.sled")).unwrap();
        db.insert(b"\0format", &2_u64.to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    for choice in [EngineChoice::Redb, EngineChoice::Sled] {
        match open(choice, house.path()) {
            Err(EngineError::Io(why)) => assert!(why.contains("newer program"), "{why}"),
            other => panic!("{choice}: {:?}", other.err()),
        }
    }
}
