//! Keeping mirrors as their sources are: what to do (pure), when next (pure), and the shell that does it.

mod apply;
pub mod doubt;
mod flight;
mod freshen;
mod job;
pub mod pull;
pub mod reconcile;
pub mod schedule;
mod shape;
pub mod status;
mod warnings;

use calendar::collection::CollectionName;
use serde::{Deserialize, Serialize};
use store::records::Table;

pub use pull::{PullError, PullReport, Puller};

/// Where the state of each link is kept: key owner, source.
pub const LINKS: Table = Table("links");

/// What is known of a link, kept in the store (table `links`, key owner, source) and shown as its status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LinkState {
    /// The provider's cursor.
    pub cursor: Option<String>,
    /// Last time an answer came and was applied, UTC seconds.
    pub last_good: Option<i64>,
    /// Last try, UTC seconds.
    pub last_try: Option<i64>,
    /// When it is due next, UTC seconds.
    pub due: i64,
    /// Failures in a row.
    pub failures: u32,
    /// Why the last try failed, for a person, with the remedy; `None` if it did not.
    pub error: Option<String>,
    /// Events in the mirror.
    pub events: usize,
    /// Changes of the last sync that changed anything: added, changed, removed.
    pub last_changes: (usize, usize, usize),
    /// What was read around: name of the warning, line, detail.
    pub warnings: Vec<String>,
    /// A listing that shrank too much and waits for a second equal answer: the fingerprint of what is missing.
    pub suspect: Option<String>,
    /// When it was first seen so, UTC seconds.
    pub suspect_since: Option<i64>,
    /// The zone that the feed names.
    pub zone: Option<String>,
    /// How many warnings there were; only the first are kept.
    pub warnings_total: usize,
    /// How often the provider wants to be asked at most, in seconds.
    pub refresh_seconds: Option<i64>,
    /// Last time the provider listed everything, UTC seconds.
    pub last_full: Option<i64>,
    /// The provider wants to be left alone until then, UTC seconds.
    pub not_before: Option<i64>,
    /// The name that the mirror was given last; a client may have given it another one since.
    pub named: Option<String>,
    /// A short hash of the settings that the state was made with; others are tried at once.
    pub settings: String,
}

/// The mirror of a source.
pub fn mirror_of(owner: &str, source: &str) -> CollectionName {
    CollectionName::new(owner, source)
}

/// Whoever can make an owner's mirrors fresh on demand (the puller; a test's stand-in).
#[async_trait::async_trait]
pub trait Freshen: Send + Sync {
    /// Asks the owner's sources whose last good answer is older than `max_age_seconds`, all at once, sharing fetches
    /// under way, and returns when they have answered or `deadline` has passed, whichever comes first.
    async fn freshen(&self, owner: &str, max_age_seconds: i64, deadline: std::time::Duration);
}
