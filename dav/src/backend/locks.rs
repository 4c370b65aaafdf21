//! What the protocol asks of whoever keeps locks (RFC 4918 §6).

use async_trait::async_trait;
use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;

use super::Caller;
use crate::lock::{Lock, LockChange};

/// Whoever keeps locks.
#[async_trait]
pub trait Locks: Send + Sync + 'static {
    /// The locks on what belongs to `home` that have not ended.
    async fn locks(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Lock>, Refusal>;

    /// Changes the locks of `home` as [`crate::lock::apply`] says; the lock that it was about, if there is one then.
    async fn change_locks(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        change: &LockChange,
    ) -> Result<Option<Lock>, Refusal>;
}
