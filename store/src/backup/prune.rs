//! Letting old snapshots go, and what only they needed.
//!
//! Whoever takes a snapshot and whoever prunes may not know of each other. Each sets up a mark and then looks for the
//! other's: so at least one of the two sees the other, and stops. A mark of somebody who crashed runs out.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use calendar::time::Instant;

use super::manifest::{blob_of_chunk, blob_of_snapshot, chunks_of};
use super::seal::hexadecimal;
use super::{Archive, BackupError, Entropy, Keep, Pruned, SnapshotInfo};

/// How the marks of those who take snapshots begin, and seconds for which they count: a first snapshot of a large store
/// over a slow line takes hours.
const TAKES: &str = "takes/";
const TAKES_SECONDS: i64 = 86_400;

/// How the marks of those who prune begin, and seconds for which they count. Pruning stops well before.
const PRUNING: &str = "pruning/";
const PRUNING_SECONDS: i64 = 1_200;
const PRUNING_TIME_MAX: Duration = Duration::from_secs(600);

impl Keep {
    /// The names of those of `snapshots` that are kept at `now`. The newest of each store is in any case.
    pub fn kept(self, snapshots: &[SnapshotInfo], now: Instant) -> BTreeSet<String> {
        let mut stores: BTreeMap<&Option<String>, Vec<&SnapshotInfo>> = BTreeMap::new();
        for snapshot in snapshots {
            stores.entry(&snapshot.store).or_default().push(snapshot);
        }
        let mut kept = BTreeSet::new();
        for mut of_store in stores.into_values() {
            of_store.sort_by(|a, b| (b.taken, &b.name).cmp(&(a.taken, &a.name)));
            let (mut days, mut months) = (BTreeSet::new(), BTreeSet::new());
            for (place, snapshot) in of_store.into_iter().enumerate() {
                let date = snapshot.taken.to_utc().date();
                // Newest first: the first that is seen of a day is the newest of it.
                let of_day = days.insert(date);
                let of_month = months.insert((date.year(), date.month()));
                let age = now.since(snapshot.taken);
                if place == 0
                    || age <= self.all_for
                    || of_day && age <= self.daily_for
                    || of_month && age <= self.monthly_for
                {
                    kept.insert(snapshot.name.clone());
                }
            }
        }
        kept
    }
}

impl Archive {
    /// Removes the snapshots that `keep` does not keep, and what no snapshot needs any more. Snapshots of other keys
    /// stay as they are. If a snapshot is being taken at this moment nothing is removed.
    ///
    /// # Errors
    /// What the vault says; [`BackupError::Damaged`] if a manifest cannot be read, since nobody knows what it needs: that
    /// manifest is then to be removed by hand.
    pub async fn prune(&self, keep: Keep, now: Instant) -> Result<Pruned, BackupError> {
        static PRUNED: AtomicU64 = AtomicU64::new(0);
        let number = PRUNED.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{PRUNING}{}-{}-{number}", now.as_unix(), std::process::id());
        self.put(&mark, b"").await?;
        let mut pruned = Pruned::default();
        let pruning = self.prune_marked(keep, now, &mut pruned);
        let done = tokio::time::timeout(PRUNING_TIME_MAX, pruning).await;
        // Where the time ran out, the next one goes on.
        pruned.deferred |= done.is_err();
        let done = done.unwrap_or(Ok(()));
        let removed = self.remove(&mark).await;
        done.and(removed).map(|()| pruned)
    }

    /// May be given up at any moment: a snapshot is whole as long as its manifest is there, which goes first.
    async fn prune_marked(&self, keep: Keep, now: Instant, pruned: &mut Pruned) -> Result<(), BackupError> {
        if self.is_marked(TAKES, now, TAKES_SECONDS).await? {
            pruned.deferred = true;
            return Ok(());
        }
        let survey = self.survey().await?;
        if let Some(error) = survey.damaged.into_iter().next() {
            return Err(error);
        }
        let kept = keep.kept(&survey.snapshots, now);
        pruned.kept = kept.len() as u64;
        let mut needed = HashSet::new();
        for name in &kept {
            let chunks = self.needed_by(&self.manifest(name).await?).await?;
            needed.extend(chunks.iter().map(|chunk| blob_of_chunk(&self.seal, chunk)));
        }
        for snapshot in survey.snapshots.iter().filter(|snapshot| !kept.contains(&snapshot.name)) {
            self.remove(&blob_of_snapshot(&snapshot.name)).await?;
            pruned.snapshots += 1;
        }
        self.sweep(&needed, &mut pruned.chunks).await
    }

    async fn sweep(&self, needed: &HashSet<String>, count: &mut u64) -> Result<(), BackupError> {
        for blob in self.list(&chunks_of(&self.seal)).await? {
            if !needed.contains(&blob) {
                self.remove(&blob).await?;
                *count += 1;
            }
        }
        Ok(())
    }

    /// Sets up the mark of a snapshot that is being taken.
    pub(super) async fn begin_take(&self, now: Instant, entropy: Entropy<'_>) -> Result<String, BackupError> {
        let mark = format!("{TAKES}{}-{}", now.as_unix(), hexadecimal(&entropy()));
        self.put(&mark, b"").await?;
        match self.is_marked(PRUNING, now, PRUNING_SECONDS).await {
            Ok(false) => Ok(mark),
            other => {
                self.end_take(&mark).await;
                other.and(Err(BackupError::Busy { place: self.vault.place() }))
            }
        }
    }

    /// Takes the mark away. One that stays only puts pruning off.
    pub(super) async fn end_take(&self, mark: &str) {
        if let Err(error) = self.remove(mark).await {
            tracing::warn!(%error, "the mark of a backup stays, so that nothing is pruned for a day");
        }
    }

    /// Whether somebody has set up a mark that counts; others are cleared away.
    async fn is_marked(&self, prefix: &str, now: Instant, seconds: i64) -> Result<bool, BackupError> {
        let mut is_marked = false;
        for mark in self.list(prefix).await? {
            let since = mark.strip_prefix(prefix).and_then(|rest| rest.split('-').next()?.parse().ok());
            // Clocks of two machines may differ, either way.
            let counts = since.is_some_and(|since| now.since(Instant::from_unix(since)).abs() <= seconds);
            if counts {
                is_marked = true;
            } else {
                self.remove(&mark).await?;
            }
        }
        Ok(is_marked)
    }
}
