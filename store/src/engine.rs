//! The port below everything: an ordered map from octets to octets with one writing primitive.

use std::sync::Arc;

use async_trait::async_trait;

pub mod choice;
pub mod limit;
pub mod memory;
pub mod redb;
pub mod sled;

mod committer;
mod failure;
mod folder;
mod format;
mod grouped;
mod reserve;
mod rewriting;
mod snapshot;
mod witness;

pub use format::FORMAT;

/// The commit in which a key was last written; 0 for a key that is not there.
pub type Version = u64;

/// A value and the commit that wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The value.
    pub value: Vec<u8>,
    /// Its version, never 0.
    pub version: Version,
}

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// Its version.
    pub version: Version,
}

/// One atomic change: applied whole if everything that was seen is as it was, else not at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commit {
    /// Keys with the version seen; 0: was not there.
    pub expect: Vec<(Vec<u8>, Version)>,
    /// Keys with their new value; `None`: removed. A key stands here at most once.
    pub write: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// Applied and durable; the version of all that it wrote.
    At(Version),
    /// Something that was seen has moved; nothing was written.
    SeenHasMoved,
}

/// The world failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// No room on the disk; nothing was written.
    #[error("there is no room left on the disk")]
    Full,
    /// The store is damaged: stop, and restore.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// Another program has it open.
    #[error("the store is in use by another process: {0}")]
    InUse(String),
    /// Anything else of the operating system or the network.
    #[error("{0}")]
    Io(String),
}

/// An ordered map with conditional commits.
///
/// A key has 1 to [`limit::KEY_OCTETS_MAX`] octets, a value at most [`limit::VALUE_OCTETS_MAX`]; anything else is refused
/// with [`EngineError::Io`]. The bounds of a scan may be longer.
#[async_trait]
pub trait Engine: Send + Sync + 'static {
    /// `redb`, `sled`, `memory` …
    fn name(&self) -> &'static str;

    /// The value of `key`.
    async fn get(&self, key: &[u8]) -> Result<Option<Versioned>, EngineError>;

    /// The values of `keys`, in their order; each of its own moment.
    async fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Versioned>>, EngineError> {
        let mut values = Vec::with_capacity(keys.len());
        for key in keys {
            values.push(self.get(key).await?);
        }
        Ok(values)
    }

    /// Up to `limit` entries with `from <= key < to`, in order of their keys (octet-wise). One consistent moment.
    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError>;

    /// Applies `commit` whole or not at all; durable when it returns `At`.
    async fn commit(&self, commit: Commit) -> Result<Committed, EngineError>;

    /// A hint that something was committed: the number of the newest commit. Never a promise.
    fn watch(&self) -> tokio::sync::watch::Receiver<Version>;

    /// The whole map as it is now, to be read while commits go on. It keeps the store open as long as it lives.
    async fn snapshot(&self) -> Result<Arc<dyn EngineSnapshot>, EngineError> {
        Err(EngineError::Io(format!("the engine {} has no snapshots", self.name())))
    }

    /// The format of keys and rows that the store is in.
    async fn format(&self) -> Result<u64, EngineError> {
        Ok(FORMAT)
    }

    /// Writes down that the store is in `format` from now on; durable when it returns. For migrations, and for an empty
    /// store into which something is restored.
    async fn put_format(&self, format: u64) -> Result<(), EngineError> {
        format::check_format(format)?;
        match self.format().await? {
            found if found == format => Ok(()),
            found => Err(EngineError::Io(format!("the engine {} stays in format {found}", self.name()))),
        }
    }
}

/// The map as it was at one moment.
#[async_trait]
pub trait EngineSnapshot: Send + Sync + 'static {
    /// At most `limit` entries with `from <= key < to`, in order of their keys; fewer where they are large. None is the
    /// end.
    async fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, EngineError>;

    /// The values of `keys`, in their order.
    async fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Versioned>>, EngineError>;
}
