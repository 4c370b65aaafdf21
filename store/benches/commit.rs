//! What a commit, a scan and an opening cost on each engine. Commits of redb and sled are on the disk when they return.

#![allow(clippy::unwrap_used, clippy::cast_possible_truncation, reason = "a bench that cannot go on stops")]

use std::sync::Arc;

use divan::Bencher;
use store::engine::choice::{CACHE_OCTETS, EngineChoice};
use store::engine::{Commit, Engine};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const ENGINES: [EngineChoice; 3] = EngineChoice::ALL;

/// Rows like those of a change of an object: facts, octets, log, head and two of the busy index.
const ROWS: u32 = 6;
/// Clients at once.
const CLIENTS: usize = 64;
/// Commits of each.
const COMMITS: usize = 8;

fn main() {
    divan::main();
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap()
}

fn commit(number: u32) -> Commit {
    let row = |i: u32| {
        let key =
            [&[b'k', i as u8][..], &(number.wrapping_mul(2_654_435_761) % 100_000).to_be_bytes()].concat();
        (key, Some(vec![number as u8; if i == 0 { 1_500 } else { 120 }]))
    };
    Commit { expect: vec![], write: (0..ROWS).map(row).collect() }
}

async fn fill(engine: &Arc<dyn Engine>, rows: u32) {
    for first in (0..rows).step_by(500) {
        let write =
            (first..rows.min(first + 500)).map(|n| (n.to_be_bytes().to_vec(), Some(vec![7; 200]))).collect();
        engine.commit(Commit { expect: vec![], write }).await.unwrap();
    }
}

/// One commit after another.
#[divan::bench(args = ENGINES, sample_count = 200, sample_size = 1)]
fn single(bencher: Bencher, choice: EngineChoice) {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let engine = choice.open(folder.path(), CACHE_OCTETS).unwrap();
    let mut number = 0;
    bencher.bench_local(|| {
        number += 1;
        runtime.block_on(engine.commit(commit(number))).unwrap()
    });
}

/// Sixteen at once, until all are acknowledged.
#[divan::bench(args = ENGINES, sample_count = 100, sample_size = 1)]
fn sixteen(bencher: Bencher, choice: EngineChoice) {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let engine = choice.open(folder.path(), CACHE_OCTETS).unwrap();
    let mut number = 0;
    bencher.counter(divan::counter::ItemsCount::new(16_usize)).bench_local(|| {
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..16 {
                number += 1;
                let (engine, commit) = (Arc::clone(&engine), commit(number));
                tasks.spawn(async move { engine.commit(commit).await.unwrap() });
            }
            tasks.join_all().await
        })
    });
}

/// Sixty-four clients, each of which makes one commit after another: what sharing a flush is worth.
#[divan::bench(args = ENGINES, sample_count = 20, sample_size = 1)]
fn sixty_four_clients(bencher: Bencher, choice: EngineChoice) {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let engine = choice.open(folder.path(), CACHE_OCTETS).unwrap();
    let mut number = 0;
    bencher.counter(divan::counter::ItemsCount::new(CLIENTS * COMMITS)).bench_local(|| {
        runtime.block_on(async {
            let mut tasks = JoinSet::new();
            for _ in 0..CLIENTS {
                let (engine, first) = (Arc::clone(&engine), number);
                number += COMMITS as u32;
                tasks.spawn(async move {
                    for number in first..first + COMMITS as u32 {
                        engine.commit(commit(number)).await.unwrap();
                    }
                });
            }
            tasks.join_all().await
        })
    });
}

/// A listing of ten thousand.
#[divan::bench(args = ENGINES, sample_count = 30, sample_size = 1)]
fn scan_ten_thousand(bencher: Bencher, choice: EngineChoice) {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let engine = choice.open(folder.path(), CACHE_OCTETS).unwrap();
    runtime.block_on(fill(&engine, 10_000));
    bencher.bench_local(|| {
        let entries = runtime.block_on(engine.scan(&[0], &[1], usize::MAX)).unwrap();
        assert_eq!(entries.len(), 10_000);
        entries
    });
}

/// One key of ten thousand.
#[divan::bench(args = ENGINES, sample_count = 2_000)]
fn get(bencher: Bencher, choice: EngineChoice) {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    let engine = choice.open(folder.path(), CACHE_OCTETS).unwrap();
    runtime.block_on(fill(&engine, 10_000));
    let mut number = 0_u32;
    bencher.bench_local(|| {
        number = number.wrapping_add(7_919) % 10_000;
        runtime.block_on(engine.get(&number.to_be_bytes())).unwrap().unwrap()
    });
}

/// Opening a store of ten thousand that was closed properly.
#[divan::bench(args = [EngineChoice::Redb, EngineChoice::Sled], sample_count = 20, sample_size = 1)]
fn open(bencher: Bencher, choice: EngineChoice) {
    let (folder, runtime) = (tempfile::tempdir().unwrap(), runtime());
    runtime.block_on(fill(&choice.open(folder.path(), CACHE_OCTETS).unwrap(), 10_000));
    bencher.bench_local(|| choice.open(folder.path(), CACHE_OCTETS).unwrap());
}
