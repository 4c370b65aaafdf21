//! Files that are not as they were left: refused or whole, never wrong in silence (specification 7.4).

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_possible_truncation,
    reason = "a test that cannot go on fails"
)]

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::EngineError;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::engine::{Commit, Committed, Engine, FORMAT};

const ROWS: u32 = 300;

/// Rows of one commit.
const GROUP: usize = 25;

fn value(number: u32) -> Vec<u8> {
    (0..200 + number * 7).map(|i| (i * 31 + number) as u8).collect()
}

async fn fill(engine: &Arc<dyn Engine>, rows: Range<u32>) {
    for first in rows.step_by(GROUP) {
        let write =
            (first..first + GROUP as u32).map(|n| (n.to_be_bytes().to_vec(), Some(value(n)))).collect();
        let committed = engine.commit(Commit { expect: vec![], write }).await.unwrap();
        assert!(matches!(committed, Committed::At(_)));
    }
}

async fn everything(engine: &Arc<dyn Engine>) -> Result<(), EngineError> {
    assert_eq!(look(engine).await?, Found::Rows(ROWS as usize));
    Ok(())
}

/// What a store holds.
#[derive(Debug, PartialEq)]
enum Found {
    /// So many rows from the first on, each as it was written.
    Rows(usize),
    /// Something that nobody wrote, or not all of what was written together.
    Wrong,
}

async fn look(engine: &Arc<dyn Engine>) -> Result<Found, EngineError> {
    let entries = engine.scan(&[0], &[1], usize::MAX).await?;
    let count = entries.len();
    let right = (0_u32..).zip(entries).all(|(number, entry)| {
        (entry.key, entry.value) == (number.to_be_bytes().to_vec(), value(number))
            && entry.version == u64::from(number) / GROUP as u64 + 1
    });
    Ok(if right && count.is_multiple_of(GROUP) { Found::Rows(count) } else { Found::Wrong })
}

fn open(choice: EngineChoice, folder: &Path) -> Result<Arc<dyn Engine>, EngineError> {
    choice.open(folder, CACHE_OCTETS)
}

/// The kinds of damage that a torn write or a bad disk does. `stale`: the file at an earlier moment.
fn damaged(file: &[u8], stale: &[u8], kind: usize, at: usize) -> Vec<u8> {
    let mut octets = file.to_vec();
    let from = at % octets.len();
    let (block, blocks) = (from / BLOCK * BLOCK, octets.len() / BLOCK);
    match kind {
        0 => octets.truncate(octets.len() - 1 - from % 65_536),
        1 => octets[from..].fill(0),
        2 => octets[block..].iter_mut().take(BLOCK).for_each(|octet| *octet = 0),
        3 => octets[from] ^= 1 << (at % 8),
        4 => {
            let other = at / 7 % blocks * BLOCK;
            let kept = octets[other..other + BLOCK].to_vec();
            octets.copy_within(block..(block + BLOCK).min(file.len()), other);
            octets[block..].iter_mut().zip(kept).for_each(|(octet, kept)| *octet = kept);
        }
        5 => octets[block..]
            .iter_mut()
            .zip(stale[block.min(stale.len())..].iter().take(BLOCK))
            .for_each(|(octet, stale)| *octet = *stale),
        // Of a block that was being written, half.
        6 => octets[block + (at / 3 % 7 + 1) * 512..].iter_mut().take(BLOCK / 2).for_each(|octet| *octet = 0),
        // The file's beginning, where what decides about the rest lies.
        _ => octets[at % 4096] ^= 0x55,
    }
    octets
}

const KINDS: usize = 8;
const BLOCK: usize = 4096;

/// Damages of each kind; `KALENDS_DAMAGES` sets another number.
fn damages() -> usize {
    std::env::var_os("KALENDS_DAMAGES").map_or(20, |count| count.to_str().unwrap().parse().unwrap())
}

/// What became of the damages.
#[derive(Debug, Default)]
struct Tally {
    whole: usize,
    refused: usize,
    /// Refused because the witness missed a commit.
    missed: usize,
    read_error: usize,
    lost: usize,
    wrong: usize,
}

/// All files below `folder` by their paths.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.clone(), fs::read(path).unwrap()));
        }
    }
    found
}

/// Puts `kept` back below `folder`, in place: what is written over stays the same file.
fn put_back(folder: &Path, kept: &[(PathBuf, Vec<u8>)]) {
    for (path, _) in files(folder) {
        if !kept.iter().any(|(other, _)| *other == path) {
            fs::remove_file(path).unwrap();
        }
    }
    for (path, octets) in kept {
        fs::write(path, octets).unwrap();
    }
}

/// Damages `file` of a store that was copied while it was open, as a crash would leave it.
async fn damage(choice: EngineChoice, file: &str) -> Tally {
    let house = tempfile::tempdir().unwrap();
    let path = house.path().join(file);
    let engine = open(choice, house.path()).unwrap();
    fill(&engine, 0..ROWS / 2 / GROUP as u32 * GROUP as u32).await;
    let stale = fs::read(&path).unwrap();
    fill(&engine, ROWS / 2 / GROUP as u32 * GROUP as u32..ROWS).await;
    let kept = files(house.path());
    drop(engine);
    let octets = &kept.iter().find(|(other, _)| *other == path).unwrap().1;
    put_back(house.path(), &kept);
    assert_eq!(look(&open(choice, house.path()).unwrap()).await, Ok(Found::Rows(ROWS as usize)), "undamaged");
    let mut tally = Tally::default();
    for case in 0..KINDS * damages() {
        put_back(house.path(), &kept);
        let damaged = damaged(octets, &stale, case % KINDS, case * 104_729 + case / KINDS * 7_919);
        fs::write(&path, damaged).unwrap();
        let opened = open(choice, house.path());
        match &opened {
            Err(EngineError::Damaged(why)) if why.contains("acknowledged") => tally.missed += 1,
            Err(EngineError::Damaged(_)) => tally.refused += 1,
            Err(other) => panic!("case {case}: {other:?}"),
            Ok(engine) => match look(engine).await {
                Ok(Found::Rows(count)) if count == ROWS as usize => tally.whole += 1,
                Ok(Found::Rows(_)) => tally.lost += 1,
                Ok(Found::Wrong) => tally.wrong += 1,
                Err(_) => tally.read_error += 1,
            },
        }
    }
    println!("{choice}: {tally:?}");
    tally
}

#[tokio::test]
async fn a_torn_redb_file_is_refused_or_whole() {
    let tally = damage(EngineChoice::Redb, "kalends.redb").await;
    assert_eq!((tally.read_error, tally.lost, tally.wrong), (0, 0, 0), "{tally:?}");
    assert!(tally.whole > 0 && tally.refused > 10 && tally.missed > 0, "{tally:?}");
}

/// sled has no checksum over the whole of its file: what its log still holds it serves.
#[tokio::test]
async fn a_torn_sled_log_is_mostly_refused_or_whole() {
    let tally = damage(EngineChoice::Sled, "kalends.sled/db").await;
    let all = KINDS * damages();
    assert!(
        tally.whole > 0 && tally.whole + tally.refused + tally.missed + tally.read_error > all * 9 / 10,
        "{tally:?}"
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
    fill(&engine, 0..ROWS).await;
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
        transaction.open_table(table).unwrap().insert("format", FORMAT + 1).unwrap();
        transaction.commit().unwrap();
    }
    drop(open(EngineChoice::Sled, house.path()).unwrap());
    {
        let db = sled::open(house.path().join("kalends.sled")).unwrap();
        db.insert(b"\0format", &(FORMAT + 1).to_be_bytes()).unwrap();
        db.flush().unwrap();
    }
    for choice in [EngineChoice::Redb, EngineChoice::Sled] {
        match open(choice, house.path()) {
            Err(EngineError::Io(why)) => assert!(why.contains("newer program"), "{why}"),
            other => panic!("{choice}: {:?}", other.err()),
        }
    }
}
