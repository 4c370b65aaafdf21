//! One atomic change in terms of what is kept: what it saw and what it writes.

use crate::Store;
use crate::engine::{Commit, Committed, EngineError};

/// Collects the expectations and writes of one decision; several decisions may share one.
///
/// Adding the same expectation twice is one; two different ones for a key can never be met. A later write to a key
/// replaces an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Change {
    pub(crate) commit: Commit,
}

impl Change {
    /// An empty change.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store {
    /// Applies `change` whole or not at all.
    pub async fn commit(&self, change: Change) -> Result<Committed, EngineError> {
        self.engine.commit(change.commit).await
    }
}
