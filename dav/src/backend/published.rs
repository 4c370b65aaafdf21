//! What the protocol asks of whoever publishes calendars by addresses that cannot be guessed.

use async_trait::async_trait;
use calendar::collection::CollectionName;
use calendar::detail::Detail;
use calendar::refusal::Refusal;

use super::Caller;

/// How a calendar stands to the public, as its owner is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Publication {
    /// Below which address calendars are published, absolute.
    pub below: String,
    /// The address of this one, absolute, and how much of it is shown; `None`: it is not published.
    pub open: Option<(String, Detail)>,
}

/// What an owner decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicationChange {
    /// Whoever knows its address may read it, in this detail; with `None` in that which it has, at first all.
    Open(Option<Detail>),
    /// Nobody may any more; the address will never be that of anything again.
    Close,
}

/// Whoever publishes calendars. Whoever publishes none need say nothing.
#[async_trait]
pub trait Published: Send + Sync + 'static {
    /// The calendar that is published under `secret`, and how much of it is shown.
    async fn published(&self, _secret: &str) -> Result<Option<(CollectionName, Detail)>, Refusal> {
        Ok(None)
    }

    /// How a calendar stands to the public; told to its owner alone. `origin` is the scheme and host by which this server
    /// is called.
    async fn publication(
        &self,
        _caller: &Caller,
        _name: &CollectionName,
        _origin: &str,
    ) -> Result<Publication, Refusal> {
        Err(Refusal::NotFound)
    }

    /// Publishes a calendar, or ends that; its owner alone may.
    async fn change_publication(
        &self,
        _caller: &Caller,
        _name: &CollectionName,
        _change: PublicationChange,
    ) -> Result<(), Refusal> {
        Err(Refusal::Protected("nothing is published here"))
    }
}
