//! Bringing a snapshot, or another engine's store, into an empty store.
//!
//! A mark is written first and removed last: with it a store says that it does not hold all that it is to hold, and
//! nobody works upon it.

use std::sync::Arc;

use calendar::time::Instant;
use serde_json::Value;

use super::take::END;
use super::{Archive, BackupError, Copied, Entropy, Restored, SnapshotInfo};
use crate::check::check;
use crate::engine::{Commit, Committed, Engine, EngineError, FORMAT};
use crate::identity::{UNFINISHED, unfinished};
use crate::table::{json_row, read_json_row, tag};

/// Rows and octets after which a commit takes no further row.
const COMMIT_ROWS_MAX: usize = 1_000;
const COMMIT_OCTETS_MAX: usize = 1024 * 1024;

/// Rows read at a time when a store is copied.
const PAGE_ROWS_MAX: usize = 1_000;

/// An empty store on its way to being full.
struct Filling<'a> {
    into: &'a Arc<dyn Engine>,
    commit: Commit,
    waiting_octets: usize,
    rows: u64,
    octets: u64,
}

impl<'a> Filling<'a> {
    /// Marks the store, which must be empty, as not finished, and sets its format.
    async fn begin(into: &'a Arc<dyn Engine>, format: u64, what: &str) -> Result<Self, BackupError> {
        if let Some(what) = unfinished(into).await? {
            return Err(BackupError::Unfinished(what));
        }
        if !into.scan(&[], &END, 1).await?.is_empty() {
            return Err(BackupError::NotEmpty);
        }
        into.put_format(format).await?;
        let row = json_row(&[], &what)?;
        let mark =
            Commit { expect: vec![(UNFINISHED.into(), 0)], write: vec![(UNFINISHED.into(), Some(row))] };
        match into.commit(mark).await? {
            Committed::At(_) => {
                Ok(Self { into, commit: Commit::default(), waiting_octets: 0, rows: 0, octets: 0 })
            }
            Committed::SeenHasMoved => Err(BackupError::NotEmpty),
        }
    }

    async fn row(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), BackupError> {
        let octets = key.len() + value.len();
        self.rows += 1;
        self.octets += octets as u64;
        self.waiting_octets += octets;
        self.commit.write.push((key, Some(value)));
        if self.commit.write.len() >= COMMIT_ROWS_MAX || self.waiting_octets >= COMMIT_OCTETS_MAX {
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), BackupError> {
        self.waiting_octets = 0;
        let commit = std::mem::take(&mut self.commit);
        if !commit.write.is_empty() {
            // It expects nothing, so that it cannot be refused.
            let _: Committed = self.into.commit(commit).await?;
        }
        Ok(())
    }

    /// Removes the mark: all is there.
    async fn end(mut self) -> Result<(), BackupError> {
        self.commit.write.push((UNFINISHED.into(), None));
        self.flush().await
    }
}

impl Archive {
    /// Brings the snapshot back into an empty store of any engine. Every collection begins a new life there, so that
    /// sync-tokens that were given before are unknown (RFC 6578 §3.2); the store's identity and format are those of
    /// the snapshot. If it does not end, the store says so to whoever opens it; it is then to be removed.
    ///
    /// # Errors
    /// [`BackupError::NotEmpty`], or what the vault or the store says.
    pub async fn restore(
        &self,
        snapshot: &SnapshotInfo,
        into: &Arc<dyn Engine>,
        entropy: Entropy<'_>,
    ) -> Result<Restored, BackupError> {
        let manifest = self.manifest(&snapshot.name).await?;
        if manifest.format > FORMAT {
            return Err(BackupError::Newer { name: snapshot.name.clone(), format: manifest.format });
        }
        let mut reading = self.rows(&snapshot.name, &manifest).await?;
        let what = format!("the backup of {}", Instant::from_unix(manifest.taken));
        let mut filling = Filling::begin(into, manifest.format, &what).await?;
        let mut collections = 0;
        while let Some(rows) = reading.next(self).await? {
            for (key, mut value) in rows {
                if key.first() == Some(&tag::COLLECTION) {
                    value = with_new_epoch(&value, entropy)?;
                    collections += 1;
                }
                filling.row(key, value).await?;
            }
        }
        filling.flush().await?;
        // The mark still stands, and the check knows that it is ours.
        let mut checked = check(into).await?;
        checked.forget_mark();
        let (rows, octets) = (filling.rows, filling.octets);
        filling.end().await?;
        Ok(Restored { rows, octets, collections, checked })
    }
}

/// The row of a collection with another epoch.
fn with_new_epoch(row: &[u8], entropy: Entropy<'_>) -> Result<Vec<u8>, EngineError> {
    let what = || "a collection in the backup".to_owned();
    let Ok((parts, mut record)) = read_json_row::<Value>(row, what) else {
        // The check at the end names it; there is no token of a collection that cannot be read.
        return Ok(row.to_vec());
    };
    let drawn = entropy();
    let epoch = u64::from_be_bytes(*drawn.first_chunk().unwrap_or(&[0; 8]));
    if let Some(fields) = record.as_object_mut() {
        fields.insert("epoch".into(), epoch.into());
    }
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    json_row(&parts, &record)
}

/// Copies a store into an empty one of any engine, as it is at one moment. Its life goes on there: sync-tokens stay
/// valid, so only one of the two may be worked with afterwards.
///
/// # Errors
/// [`BackupError::NotEmpty`], or what the stores say.
pub async fn copy(from: &Arc<dyn Engine>, into: &Arc<dyn Engine>) -> Result<Copied, BackupError> {
    if let Some(what) = unfinished(from).await? {
        return Err(BackupError::Unfinished(what));
    }
    let snapshot = from.snapshot().await?;
    let mut filling =
        Filling::begin(into, from.format().await?, &format!("the store of {}", from.name())).await?;
    let mut at = Vec::new();
    loop {
        let page = snapshot.scan(&at, &END, PAGE_ROWS_MAX).await?;
        let Some(last) = page.last() else { break };
        at.clone_from(&last.key);
        at.push(0);
        for entry in page {
            filling.row(entry.key, entry.value).await?;
        }
    }
    let copied = Copied { rows: filling.rows, octets: filling.octets };
    filling.end().await?;
    Ok(copied)
}
