//! Numbered commits in several lanes at once, straight into the engine, small and large.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use store::EngineError;
use store::engine::choice::EngineChoice;
use store::engine::{Commit, Committed, Engine, Version};
use tokio::task::JoinSet;

use crate::cuts::{Promises, Teller};

const LANES: u8 = 3;

/// Keys of a lane that each commit overwrites.
const SLOTS: u64 = 5;

fn number_of(octets: &[u8]) -> u64 {
    octets.first_chunk::<8>().map_or(u64::MAX, |octets| u64::from_be_bytes(*octets))
}

fn content(lane: u8, number: u64) -> Vec<u8> {
    let octets = match number {
        _ if lane == 0 && number % 16 == 7 => 300_000,
        _ if number.is_multiple_of(5) => 9_000 + number as usize * 977 % 21_000,
        _ => 40,
    };
    let mut content = number.to_be_bytes().to_vec();
    content.extend((0..octets).map(|i| (i as u64 * 13 + number + u64::from(lane)) as u8));
    content
}

pub(crate) fn group(lane: u8, number: u64, seen: Version) -> Commit {
    let slot = (number % SLOTS) as u8;
    let gone = ((number + 1) % SLOTS) as u8;
    Commit {
        expect: vec![(vec![b'n', lane], seen)],
        write: vec![
            (vec![b'n', lane], Some(number.to_be_bytes().to_vec())),
            (vec![b's', lane, slot], Some(content(lane, number))),
            (vec![b's', lane, gone], None),
            ([&[b'e', lane][..], &number.to_be_bytes()].concat(), Some(number.to_be_bytes().to_vec())),
        ],
    }
}

/// The number a lane has come to, and its version.
pub(crate) async fn come_to(engine: &Arc<dyn Engine>, lane: u8) -> Result<(u64, Version), EngineError> {
    Ok(engine.get(&[b'n', lane]).await?.map_or((0, 0), |row| (number_of(&row.value), row.version)))
}

async fn run_lane(engine: Arc<dyn Engine>, lane: u8, count: u64, teller: Arc<Teller>) {
    let (mut number, mut seen) = come_to(&engine, lane).await.unwrap();
    for _ in 0..count {
        number += 1;
        match engine.commit(group(lane, number, seen)).await.unwrap() {
            Committed::At(version) => seen = version,
            Committed::SeenHasMoved => panic!("a lane has one writer"),
        }
        teller.tell(lane, number);
    }
}

/// What a reader has seen is a promise too.
async fn look(engine: Arc<dyn Engine>, teller: Arc<Teller>) {
    let mut told = [0; LANES as usize];
    loop {
        for lane in 0..LANES {
            let number = come_to(&engine, lane).await.unwrap().0;
            if number > told[usize::from(lane)] {
                told[usize::from(lane)] = number;
                teller.tell(lane, number);
            }
        }
        tokio::time::sleep(Duration::from_micros(50)).await;
    }
}

/// Commits `count` times in each lane while a reader looks.
pub(crate) fn write(engine: &Arc<dyn Engine>, count: u64, teller: Teller) {
    let teller = Arc::new(teller);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap();
    runtime.block_on(async {
        let mut reader = JoinSet::new();
        reader.spawn(look(Arc::clone(engine), Arc::clone(&teller)));
        let mut lanes = JoinSet::new();
        for lane in 0..LANES {
            lanes.spawn(run_lane(Arc::clone(engine), lane, count, Arc::clone(&teller)));
        }
        while let Some(lane) = lanes.join_next().await {
            lane.unwrap();
        }
    });
}

async fn check_lane(engine: &Arc<dyn Engine>, lane: u8, promised: u64) -> Result<(), String> {
    let failed = |error: EngineError| format!("a read failed: {error}");
    let (number, version) = come_to(engine, lane).await.map_err(failed)?;
    if number < promised {
        return Err(format!("lost: lane {lane} was promised {promised}, {number} is there"));
    }
    let entries = engine.scan(&[b'e', lane], &[b'e', lane + 1], usize::MAX).await.map_err(failed)?;
    let whole = entries.iter().map(|entry| number_of(&entry.value)).eq(1..=number)
        && entries.is_sorted_by_key(|entry| entry.version)
        && entries.last().is_none_or(|entry| entry.version == version)
        && version <= *engine.watch().borrow();
    let slots = engine.scan(&[b's', lane], &[b's', lane + 1], usize::MAX).await.map_err(failed)?;
    let expected: BTreeMap<Vec<u8>, Vec<u8>> = (number.saturating_sub(SLOTS - 2).max(1)..=number)
        .map(|number| (vec![b's', lane, (number % SLOTS) as u8], content(lane, number)))
        .collect();
    let found: BTreeMap<Vec<u8>, Vec<u8>> = slots.into_iter().map(|slot| (slot.key, slot.value)).collect();
    if whole && found == expected { Ok(()) } else { Err(format!("half: lane {lane} at {number}")) }
}

async fn check_all(engine: &Arc<dyn Engine>, promises: &Promises) -> Result<(), String> {
    for lane in 0..LANES {
        check_lane(engine, lane, promises.get(&lane).copied().unwrap_or(0)).await?;
    }
    Ok(())
}

/// Whether the store in `folder` has all that was promised, nothing half, and takes more.
pub(crate) fn check(choice: EngineChoice, folder: &Path, promises: &Promises) -> Result<(), String> {
    let engine = crate::cuts::open(choice, folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        check_all(&engine, promises).await?;
        let mut more = promises.clone();
        for lane in 0..LANES {
            let (number, seen) = come_to(&engine, lane).await.map_err(|error| error.to_string())?;
            let committed = engine.commit(group(lane, number + 1, seen)).await;
            if !matches!(committed, Ok(Committed::At(_))) {
                return Err(format!("takes no commit: {committed:?}"));
            }
            more.insert(lane, number + 1);
        }
        check_all(&engine, &more).await
    })
}
