//! What the protocol asks of whoever counts what a home holds, and gives names that stay (RFC 4331, RFC 5842).

use std::collections::BTreeMap;

use async_trait::async_trait;
use calendar::collection::{ObjectName, PrincipalId};
use calendar::refusal::Refusal;

use super::Caller;

/// How much of a home is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Octets of all objects, files and attachments that clients keep there.
    pub used: u64,
    /// Octets that may still come.
    pub available: u64,
}

/// Whoever counts. Whoever does not need say nothing.
#[async_trait]
pub trait Storage: Send + Sync + 'static {
    /// How much of a home is taken; `None` where it is not counted.
    async fn usage(&self, _caller: &Caller, _home: &PrincipalId) -> Result<Option<Usage>, Refusal> {
        Ok(None)
    }

    /// The names that objects of `home` had before they were moved, by what they are called now.
    async fn resource_ids(
        &self,
        _caller: &Caller,
        _home: &PrincipalId,
    ) -> Result<BTreeMap<ObjectName, String>, Refusal> {
        Ok(BTreeMap::new())
    }
}
