//! Backups: snapshots of the whole store in a vault, incremental, sealed if there is a key, and their return.
//!
//! A snapshot's rows are cut, in the order of their keys, into chunks that are named by their content; a chunk that an
//! earlier snapshot has brought is not brought again. Names in a vault: `chunks/…` content, `snapshots/…` one manifest
//! a snapshot, written last, `takes/…` and `pruning` marks of work under way.

mod chunk;
mod key;
mod manifest;
mod mark;
mod prune;
mod reading;
mod restore;
mod seal;
mod take;
mod vault;

use std::sync::Arc;

use calendar::time::Instant;

use crate::engine::{Engine, EngineError};

use seal::Seal;

pub use key::BackupKey;
pub use restore::copy;
pub use vault::{FolderVault, Vault, VaultError};

/// Where chance comes from: 16 octets that nobody can guess, each time anew.
pub type Entropy<'a> = &'a (dyn Fn() -> [u8; 16] + Send + Sync);

/// Something that is kept beside the rows: the settings file.
#[derive(Clone, PartialEq, Eq)]
pub struct Extra {
    /// Its name, as it is to be found again.
    pub name: String,
    /// Its content.
    pub octets: Vec<u8>,
}

/// A snapshot in a vault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotInfo {
    /// Its name in the vault, `2026-11-21T120000Z-0123456789abcdef`; names sort as they were taken.
    pub name: String,
    /// When it was taken.
    pub taken: Instant,
    /// The identity of the store that it is of; `None`: the store had none yet (format 1).
    pub store: Option<String>,
    /// The program that took it, with its version.
    pub program: String,
    /// The store's format.
    pub format: u64,
    /// The engine that the store was kept in.
    pub engine: String,
    /// Rows.
    pub rows: u64,
    /// Octets of keys and values.
    pub octets: u64,
    /// Octets that it added to the vault, compressed.
    pub added_octets: u64,
    /// Chunks that its rows are in.
    pub chunks: u64,
    /// Whether it is sealed with a key.
    pub encrypted: bool,
}

/// What stands in a vault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// The snapshots, oldest first.
    pub snapshots: Vec<SnapshotInfo>,
    /// Manifests that cannot be believed.
    pub damaged: Vec<BackupError>,
    /// Manifests that are sealed with another key.
    pub of_other_keys: Vec<BackupError>,
}

/// What was read and found in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Chunks of rows, and pieces of extras.
    pub chunks: u64,
    /// Rows.
    pub rows: u64,
    /// Octets of keys and values.
    pub octets: u64,
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Rows.
    pub rows: u64,
    /// Octets of keys and values.
    pub octets: u64,
    /// Collections; each begins a new life, so that sync-tokens of before are unknown (RFC 6578 §3.2).
    pub collections: u64,
    /// What the check at the end says of the restored store.
    pub checked: crate::check::Checked,
}

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Rows.
    pub rows: u64,
    /// Octets of keys and values.
    pub octets: u64,
}

/// Which snapshots to keep. The newest is kept in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Seconds for which every snapshot is kept.
    pub all_for: i64,
    /// Seconds for which the newest of each day (UTC) is kept.
    pub daily_for: i64,
    /// Seconds for which the newest of each month (UTC) is kept.
    pub monthly_for: i64,
}

/// What pruning did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Snapshots that were removed.
    pub snapshots: u64,
    /// Snapshots that were kept.
    pub kept: u64,
    /// Chunks that were removed.
    pub chunks: u64,
    /// Whether the work was put off to the next time, because a snapshot is being taken or time ran out.
    pub deferred: bool,
}

/// Why a backup cannot be taken, believed or brought back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BackupError {
    /// The vault failed.
    #[error("the backups at {place}: {reason}")]
    Vault {
        /// The vault's place.
        place: String,
        /// What it says.
        reason: VaultError,
    },
    /// The store failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// It is sealed with another key, or not sealed where a key is given, or sealed where none is.
    #[error(
        "{name} is sealed with another key: name the key that was in force when it was made ({sealed_with})"
    )]
    WrongKey {
        /// Which blob.
        name: String,
        /// The mark of the key that it is sealed with; `no key`.
        sealed_with: String,
    },
    /// Something that the snapshot needs is not in the vault.
    #[error("{name} is missing from the backups")]
    Missing {
        /// Which blob.
        name: String,
    },
    /// Something is not as it was written.
    #[error("{name} is damaged: {why}")]
    Damaged {
        /// Which blob.
        name: String,
        /// What is wrong with it.
        why: String,
    },
    /// The store to restore into holds something.
    #[error("the store to restore into is not empty: name a new folder")]
    NotEmpty,
    /// It was made by a newer program.
    #[error("{name} was made by a newer program (format {format}): restore it with that one")]
    Newer {
        /// Which snapshot.
        name: String,
        /// The format it has.
        format: u64,
    },
    /// The store holds part of what was to be brought into it, because that did not end.
    #[error("the store holds only a part of {0}: remove its folder and begin again")]
    Unfinished(String),
    /// Somebody tidies the vault at this moment.
    #[error("the backups at {place} are being pruned: try again in some minutes")]
    Busy {
        /// The vault's place.
        place: String,
    },
}

/// Snapshots in a vault.
pub struct Archive {
    vault: Arc<dyn Vault>,
    seal: Seal,
    trusts_nothing: bool,
}

impl Archive {
    /// The snapshots in `vault`; with a key, those that are sealed with it, else those that are not sealed.
    pub fn new(vault: Arc<dyn Vault>, key: Option<BackupKey>) -> Self {
        Self { vault, seal: Seal::new(key), trusts_nothing: false }
    }

    /// The same, but snapshots are taken whole: nothing in the vault is trusted to be as it was written. For a vault in
    /// which damage was found.
    #[must_use]
    pub fn trusting_nothing(self) -> Self {
        Self { trusts_nothing: true, ..self }
    }

    /// Takes a snapshot of the store while it goes on working, with `extras` beside it. What the newest snapshots have
    /// brought is not brought again. It is there when this returns, else it is not.
    ///
    /// # Errors
    /// What the store or the vault says; [`BackupError::Busy`] if somebody prunes at this moment.
    pub async fn take(
        &self,
        engine: &Arc<dyn Engine>,
        extras: &[Extra],
        now: Instant,
        entropy: Entropy<'_>,
    ) -> Result<SnapshotInfo, BackupError> {
        let mark = self.begin_take(now, entropy).await?;
        let taking = async {
            let taken = self.take_marked(engine, extras, now, entropy).await?;
            // Whoever was asleep too long may have been taken for dead, and what was brought for garbage.
            self.renew(&mark).await?;
            self.put(&taken.blob_name, &taken.blob).await?;
            Ok(taken.info)
        };
        let taken = self.renewing(&mark, taking).await;
        self.end_take(&mark).await;
        taken
    }

    /// The snapshots, oldest first. Those that cannot be read are left out, see [`Archive::survey`].
    ///
    /// # Errors
    /// What the vault says; why none can be read, if there are some and none can.
    pub async fn snapshots(&self) -> Result<Vec<SnapshotInfo>, BackupError> {
        let survey = self.survey().await?;
        for error in &survey.damaged {
            tracing::warn!(%error, "a backup is left out");
        }
        if survey.snapshots.is_empty()
            && let Some(error) = survey.damaged.into_iter().chain(survey.of_other_keys).next_back()
        {
            return Err(error);
        }
        Ok(survey.snapshots)
    }

    async fn put(&self, name: &str, blob: &[u8]) -> Result<(), BackupError> {
        self.vault.put(name, blob).await.map_err(|reason| self.failed(reason))
    }

    async fn load(&self, name: &str) -> Result<Vec<u8>, BackupError> {
        let blob = self.vault.load(name).await.map_err(|reason| self.failed(reason))?;
        blob.ok_or_else(|| BackupError::Missing { name: name.into() })
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, BackupError> {
        self.vault.list(prefix).await.map_err(|reason| self.failed(reason))
    }

    async fn remove(&self, name: &str) -> Result<(), BackupError> {
        self.vault.remove(name).await.map_err(|reason| self.failed(reason))
    }

    fn failed(&self, reason: VaultError) -> BackupError {
        BackupError::Vault { place: self.vault.place(), reason }
    }
}

/// Runs what takes the processor for a while where it is in nobody's way.
async fn work<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(EngineError::Io(format!("the work was abandoned: {error}")).into()))
}

/// The newest of `snapshots` that was taken at `at` or before.
pub fn newest_at(snapshots: &[SnapshotInfo], at: Instant) -> Option<&SnapshotInfo> {
    let before = snapshots.iter().filter(|snapshot| snapshot.taken <= at);
    before.max_by(|a, b| (a.taken, &a.name).cmp(&(b.taken, &b.name)))
}
