//! A snapshot is one moment, and commits go on meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use store::engine::choice::EngineChoice;
use store::engine::{Commit, Committed, Engine};

use super::household::{Cellar, House, MAY, chance, rows};
use super::{archive, furnished, take};

/// Ten accounts among which writers move money: in every moment there is as much as before.
const ACCOUNTS: u64 = 10;
const MONEY: u64 = 1_000;

fn account(number: u64) -> Vec<u8> {
    // Spread over the whole of the map, among many other rows.
    format!("r{number}-account").into_bytes()
}

async fn money(engine: &Arc<dyn Engine>, number: u64) -> (u64, u64) {
    let row = engine.get(&account(number)).await.unwrap().unwrap();
    (u64::from_be_bytes(row.value[..8].try_into().unwrap()), row.version)
}

fn padded(money: u64) -> Vec<u8> {
    [&money.to_be_bytes()[..], &[7; 5_000]].concat()
}

async fn move_money(engine: &Arc<dyn Engine>, from: u64, to: u64, round: u64) -> bool {
    let (here, seen) = money(engine, from).await;
    let (there, seen_there) = money(engine, to).await;
    if here == 0 || from == to {
        return false;
    }
    let coming = format!("r{from}-{round}").into_bytes();
    let commit = Commit {
        expect: vec![(account(from), seen), (account(to), seen_there)],
        write: vec![
            (account(from), Some(padded(here - 1))),
            (account(to), Some(padded(there + 1))),
            // Rows come and go in pairs, too.
            (coming, Some(b"pair".to_vec())),
            (format!("r{to}-{round}-other").into_bytes(), Some(b"pair".to_vec())),
        ],
    };
    matches!(engine.commit(commit).await.unwrap(), Committed::At(_))
}

async fn as_much_as_before(engine: &Arc<dyn Engine>) {
    let mut sum = 0;
    for number in 0..ACCOUNTS {
        sum += money(engine, number).await.0;
    }
    assert_eq!(sum, ACCOUNTS * MONEY);
    let pairs = rows(engine).await.iter().filter(|row| row.value == b"pair").count();
    assert_eq!(pairs % 2, 0, "a pair was torn");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_one_moment_while_commits_go_on() {
    for choice in EngineChoice::ALL {
        let house = House::new(choice);
        let engine = &house.engine;
        for number in 0..ACCOUNTS {
            let filler = (0..60).map(|n| (format!("r{number}-filler-{n}").into_bytes(), Some(vec![1; 500])));
            let write = filler.chain([(account(number), Some(padded(MONEY)))]).collect();
            engine.commit(Commit { expect: vec![], write }).await.unwrap();
        }
        let done = AtomicBool::new(false);
        let commits = AtomicU64::new(0);
        let writer = |seed: u64| {
            let (done, commits) = (&done, &commits);
            async move {
                let mut round = seed;
                while !done.load(Ordering::Relaxed) {
                    round += 10;
                    if move_money(engine, round / 7 % ACCOUNTS, round / 3 % ACCOUNTS, round).await {
                        commits.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::task::yield_now().await;
                }
            }
        };
        let vault = Arc::new(Cellar::default());
        let archive = archive(&vault, None);
        let taking = async {
            let mut meanwhile = 0;
            // Where the disk is slow a snapshot may be taken between two commits.
            for number in 0..40 {
                let before = commits.load(Ordering::Relaxed);
                take(&archive, &house, MAY + number).await;
                meanwhile += commits.load(Ordering::Relaxed) - before;
                if number > 2 && meanwhile > 0 {
                    break;
                }
            }
            done.store(true, Ordering::Relaxed);
            meanwhile
        };
        let (meanwhile, ..) = tokio::join!(taking, writer(1), writer(2), writer(3));
        assert!(meanwhile > 0, "{choice}: nobody could write while a snapshot was taken");
        for snapshot in archive.snapshots().await.unwrap() {
            let other = House::new(EngineChoice::Memory);
            archive.restore(&snapshot, &other.engine, &chance).await.unwrap();
            as_much_as_before(&other.engine).await;
        }
    }
}

/// What is in the engine when the snapshot is taken is what it shows, whatever happens afterwards.
#[tokio::test]
async fn a_snapshot_does_not_move() {
    for choice in EngineChoice::ALL {
        let house = furnished(choice).await;
        let before = rows(&house.engine).await;
        let snapshot = house.engine.snapshot().await.unwrap();
        for row in &before {
            let value = (row.key[0] != b'f').then(|| vec![9; 5_000]);
            let added = [row.key.as_slice(), b"-new"].concat();
            let write = vec![(row.key.clone(), value), (added, Some(vec![1]))];
            house.engine.commit(Commit { expect: vec![], write }).await.unwrap();
        }
        for limit in [1, 7, 1_000] {
            let (mut seen, mut from) = (Vec::new(), Vec::new());
            loop {
                let page = snapshot.scan(&from, &[u8::MAX; 257], limit).await.unwrap();
                assert!(page.len() <= limit);
                let Some(last) = page.last() else { break };
                from = [last.key.as_slice(), &[0]].concat();
                seen.extend(page);
            }
            assert!(seen == before, "{choice}, {limit}");
        }
        let keys: Vec<Vec<u8>> = before.iter().map(|row| row.key.clone()).chain([b"none".to_vec()]).collect();
        let values = snapshot.values(&keys).await.unwrap();
        for (row, value) in before.iter().zip(&values) {
            assert_eq!(Some(&row.value), value.as_ref().map(|value| &value.value));
        }
        assert_eq!(values.last(), Some(&None));
    }
}
