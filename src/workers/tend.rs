//! Tending: the busy index keeps its extent, tombstones and settled letters do not pile up.

use std::time::Duration;

use aggregator::index;
use calendar::collection::{CollectionName, PrincipalId, Revision};
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use store::outbox::LetterState;
use store::records::Table;
use store::{Change, EngineError};

use super::Watch;
use crate::house::House;

/// How far each collection was, day by day: key owner, collection.
const MARKS: Table = Table("change-log-marks");
/// A client that has not asked for so long has to begin anew.
const TOMBSTONES_KEPT_SECONDS: i64 = 90 * DAY;
/// Letters that arrived, or never will, are kept for so long.
const LETTERS_KEPT_SECONDS: i64 = 90 * DAY;
const DAY: i64 = 86_400;
/// Letters forgotten in one round.
const LETTERS_AT_ONCE: usize = 500;

/// Where a collection's change log was at a time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Marks {
    /// UTC seconds and revision, oldest first, at most one a day.
    days: Vec<(i64, u64)>,
}

impl Marks {
    /// Notes `revision` at `now` and takes out what is so old that its tombstones may go: the revision up to which.
    fn advance(&mut self, now: i64, revision: u64) -> Option<u64> {
        // A collection of the same name that was made anew counts from the beginning.
        self.days.retain(|(_, then)| *then <= revision);
        if self.days.last().is_none_or(|(at, _)| *at <= now - DAY || *at > now) {
            self.days.retain(|(at, _)| *at <= now);
            self.days.push((now, revision));
        }
        let old = self.days.iter().take_while(|(at, _)| *at <= now - TOMBSTONES_KEPT_SECONDS).count();
        // The newest of the old ones stays until the next one is old, so that nothing is pruned twice.
        if old < 2 {
            return None;
        }
        self.days.drain(..old - 1);
        self.days.first().map(|(_, revision)| *revision)
    }
}

/// Tends everything once an hour.
pub async fn run(mut watch: Watch) {
    loop {
        round(&watch.house()).await;
        if !watch.rest(Duration::from_secs(3600)).await {
            return;
        }
    }
}

async fn round(house: &House) {
    match house.puller.retire().await {
        Ok(0) => {}
        Ok(count) => {
            tracing::info!(count, "mirrors of sources that are not in the settings any more were retired");
        }
        Err(refusal) => tell("mirrors cannot be retired", &refusal.to_string()),
    }
    for host in &house.settings.hosts {
        let owner = PrincipalId::new(&host.owner.id);
        let collections = match house.world.store.collections(&owner).await {
            Ok(collections) => collections,
            Err(error) => return tell("collections cannot be listed", &error.to_string()),
        };
        for (name, _) in collections {
            if let Err(refusal) = index::refresh(&house.world, &name).await
                && refusal != Refusal::Contended
            {
                tell("a busy index cannot be brought up to date", &refusal.to_string());
            }
            if let Err(error) = prune(house, &name).await {
                tell("a change log cannot be pruned", &error.to_string());
            }
        }
    }
    let before = house.world.now().as_unix() - LETTERS_KEPT_SECONDS;
    for state in [LetterState::Delivered, LetterState::Dead] {
        if let Err(error) = house.world.store.forget_letters(state, before, LETTERS_AT_ONCE).await {
            tell("old letters cannot be forgotten", &error.to_string());
        }
    }
}

async fn prune(house: &House, name: &CollectionName) -> Result<(), EngineError> {
    let store = &house.world.store;
    let key = [name.owner.as_str(), name.id.as_str()];
    let (before, version) = store.record::<Marks>(MARKS, &key).await?.unwrap_or_default();
    let Revision(revision) = store.head(name).await?.revision;
    let mut marks = before.clone();
    let upto = marks.advance(house.world.now().as_unix(), revision);
    if let Some(upto) = upto {
        store.prune_log(name, Revision(upto)).await?;
    }
    if marks != before {
        let mut change = Change::new();
        change.put_record(MARKS, &key, &marks, version);
        // If somebody else noted the same, nothing is lost.
        store.commit(change).await?;
    }
    Ok(())
}

fn tell(what: &str, error: &str) {
    tracing::warn!(error, "{what}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collection_made_anew_is_not_pruned_by_the_marks_of_the_old_one() {
        let mut marks = Marks::default();
        for day in 0..95_i64 {
            marks.advance(day * DAY, 500 + day.unsigned_abs());
        }
        for day in 95..300_i64 {
            let upto = marks.advance(day * DAY, day.unsigned_abs() - 94);
            assert!(upto.is_none_or(|upto| upto <= day.unsigned_abs() - 94), "{upto:?}");
        }
    }

    #[test]
    fn marks_are_daily_and_prune_after_ninety_days() {
        let mut marks = Marks::default();
        let mut pruned = Vec::new();
        for hour in 0..24 * 100_i64 {
            let revision = u64::try_from(hour).unwrap();
            if let Some(upto) = marks.advance(hour * 3600, revision) {
                pruned.push((hour, upto));
            }
        }
        assert_eq!(marks.days.len(), 91);
        let (hour, upto) = pruned[0];
        assert_eq!((hour, upto), (24 * 91, 24));
        assert!(pruned.windows(2).all(|pair| pair[0].1 < pair[1].1));
    }

    #[test]
    fn a_clock_that_jumped_back_is_survived() {
        let mut marks = Marks { days: vec![(1_000 * DAY, 5)] };
        assert_eq!(marks.advance(10 * DAY, 6), None);
        assert_eq!(marks.days, [(10 * DAY, 6)]);
    }
}
