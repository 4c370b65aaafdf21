//! What the protocol asks of whoever publishes calendars by addresses that cannot be guessed.

use async_trait::async_trait;
use calendar::collection::CollectionName;
use calendar::detail::Detail;
use calendar::refusal::Refusal;

/// Whoever publishes calendars. Whoever publishes none need say nothing.
#[async_trait]
pub trait Published: Send + Sync + 'static {
    /// The calendar that is published under `secret`, and how much of it is shown.
    async fn published(&self, _secret: &str) -> Result<Option<(CollectionName, Detail)>, Refusal> {
        Ok(None)
    }
}
