//! Any life of a store: every snapshot of it that is kept comes back.

use std::sync::Arc;

use calendar::collection::CollectionName;
use proptest::prelude::*;
use store::backup::{Archive, BackupKey, Keep, SnapshotInfo};
use store::check::check;
use store::engine::choice::EngineChoice;
use store::migration;

use super::household::{
    Cellar, DAY, House, MAY, at, chance, content, make_collections, object, period, put, unified, work,
};
use super::{key, take};

/// A few members, written, deleted, backed up and pruned in any order.
#[derive(Clone, Debug)]
enum Step {
    Put(bool, u8, u16),
    Delete(u8),
    Take,
    Prune,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (any::<bool>(), 0_u8..12, 0_u16..100).prop_map(|(other, member, octets)| Step::Put(other, member, octets)),
        2 => (0_u8..12).prop_map(Step::Delete),
        3 => Just(Step::Take),
        1 => Just(Step::Prune),
    ]
}

type Content = Vec<(Vec<u8>, Vec<u8>)>;

async fn live(steps: Vec<Step>, from: EngineChoice, key: Option<BackupKey>) {
    let house = House::new(from);
    migration::run(&house.engine, &chance, |_| async { Ok(()) }).await.unwrap();
    let store = house.store();
    make_collections(&store).await;
    let archive = Archive::new(Arc::new(Cellar::default()), key);
    let mut now = MAY;
    let mut taken: Vec<(SnapshotInfo, Content)> = Vec::new();
    for step in steps {
        now += DAY / 3;
        match step {
            Step::Put(other, member, octets) => {
                let collection: CollectionName = if other { unified() } else { work() };
                let (name, uid) = (format!("m{member}"), format!("u{member}"));
                let text = format!("{now}{}", "x".repeat(usize::from(octets)));
                let busy = vec![period(now, i64::from(octets) * 36_000)];
                put(&store, &collection, vec![(&name, Some(object(&uid, &text, busy)))]).await;
            }
            Step::Delete(member) => put(&store, &work(), vec![(&format!("m{member}"), None)]).await,
            Step::Take => {
                taken.push((take(&archive, &house, now).await, content(&house.engine).await));
            }
            Step::Prune => {
                let keep = Keep { all_for: DAY, daily_for: 3 * DAY, monthly_for: 0 };
                let infos: Vec<SnapshotInfo> = taken.iter().map(|(info, _)| info.clone()).collect();
                let kept = keep.kept(&infos, at(now));
                archive.prune(keep, at(now)).await.unwrap();
                taken.retain(|(info, _)| kept.contains(&info.name));
            }
        }
    }
    assert!(check(&house.engine).await.unwrap().is_sound());
    let listed = archive.snapshots().await.unwrap();
    assert_eq!(listed, taken.iter().map(|(info, _)| info.clone()).collect::<Vec<_>>());
    for (number, (snapshot, expected)) in taken.iter().enumerate().rev().take(3) {
        archive.verify(snapshot).await.unwrap();
        let into = House::new(match number + snapshot.name.len() + usize::try_from(snapshot.rows).unwrap() {
            lot if lot % 24 == 0 => EngineChoice::Sled,
            lot if lot % 24 == 1 => EngineChoice::Redb,
            _ => EngineChoice::Memory,
        });
        let restored = archive.restore(snapshot, &into.engine, &chance).await.unwrap();
        assert!(restored.checked.is_sound(), "{:?}", restored.checked.findings);
        assert!(content(&into.engine).await == *expected, "{}", snapshot.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn every_snapshot_of_any_life_comes_back(steps in proptest::collection::vec(step(), 1..30), sealed: bool, from in 0_u8..24) {
        let from = match from {
            0 => EngineChoice::Redb,
            1 => EngineChoice::Sled,
            _ => EngineChoice::Memory,
        };
        let key = if sealed { Some(key(9)) } else { None };
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(live(steps, from, key));
    }
}
