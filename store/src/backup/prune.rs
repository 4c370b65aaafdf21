//! Letting old snapshots go, and what only they needed.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use calendar::time::Instant;

use super::manifest::{blob_of_chunk, blob_of_snapshot, chunks_of};
use super::mark::{PRUNING, TAKES};
use super::reading::Listed;
use super::{Archive, BackupError, Keep, Pruned, SnapshotInfo};

/// Snapshots cannot be taken meanwhile, so this is well below the time between two.
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
        let name = format!("{PRUNING}{}-{}-{number}", now.as_unix(), std::process::id());
        let mark = self.set_up(name, now).await?;
        let mut pruned = Pruned::default();
        let pruning = self.renewing(&mark, self.prune_marked(keep, now, &mut pruned));
        let done = tokio::time::timeout(PRUNING_TIME_MAX, pruning).await;
        // Where the time ran out, the next one goes on.
        pruned.deferred |= done.is_err();
        let done = done.unwrap_or(Ok(()));
        let removed = self.take_down(&mark).await;
        done.and(removed).map(|()| pruned)
    }

    /// May be given up at any moment: a snapshot is whole as long as its manifest is there, which goes first.
    async fn prune_marked(&self, keep: Keep, now: Instant, pruned: &mut Pruned) -> Result<(), BackupError> {
        if self.is_marked(TAKES, now).await? {
            pruned.deferred = true;
            return Ok(());
        }
        let mut found = self.listed().await?;
        if let Some(error) = found.survey.damaged.pop() {
            return Err(unpruned(error));
        }
        if found.has_gaps {
            // Another who prunes, or a vault that does not answer as it should: what the rest needs is not all.
            pruned.deferred = true;
            return Ok(());
        }
        let kept = keep.kept(&found.survey.snapshots, now);
        pruned.kept = kept.len() as u64;
        let needed = self.needed_by_all(&kept, &found).await?;
        for snapshot in found.survey.snapshots.iter().filter(|snapshot| !kept.contains(&snapshot.name)) {
            self.remove(&blob_of_snapshot(&snapshot.name)).await?;
            pruned.snapshots += 1;
        }
        self.sweep(&needed, &mut pruned.chunks).await
    }

    /// The blobs of all content that the snapshots need. Those between which nothing has changed have the same list.
    async fn needed_by_all(
        &self,
        kept: &BTreeSet<String>,
        found: &Listed,
    ) -> Result<HashSet<String>, BackupError> {
        let (mut names, mut lists) = (HashSet::new(), HashSet::new());
        for manifest in kept.iter().filter_map(|name| found.manifests.get(name)) {
            if lists.insert(&manifest.list.name) {
                names.extend(self.needed_by(manifest).await?);
            } else {
                names.extend(manifest.pieces());
            }
        }
        Ok(names.iter().map(|name| blob_of_chunk(&self.seal, name)).collect())
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
}

/// A manifest that cannot be read keeps all from being pruned: with the remedy.
fn unpruned(error: BackupError) -> BackupError {
    match error {
        BackupError::Damaged { name, why } => {
            let why = format!("{why}; nothing is pruned until that file or object is removed by hand");
            BackupError::Damaged { name, why }
        }
        other => other,
    }
}
