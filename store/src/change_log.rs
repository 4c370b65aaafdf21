//! The change log of a collection: one row a member, the newest (RFC 6578).

use calendar::collection::{CollectionName, MemberName, Revision};

use crate::Store;
use crate::engine::EngineError;

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// At which revision.
    pub revision: Revision,
    /// Which member.
    pub member: MemberName,
    /// Whether it is gone.
    pub removed: bool,
}

impl Store {
    /// Up to `limit` rows after revision `since`, by revision and name. Rows of one revision are never split over two
    /// answers unless one revision alone has more than `limit`; then they all come.
    pub async fn changes_since(
        &self,
        collection: &CollectionName,
        since: Revision,
        limit: usize,
    ) -> Result<Vec<LogRow>, EngineError> {
        let _ = (collection, since, limit);
        todo!()
    }

    /// Removes tombstones up to revision `upto` and raises the floor.
    pub async fn prune_log(&self, collection: &CollectionName, upto: Revision) -> Result<usize, EngineError> {
        let _ = (collection, upto);
        todo!()
    }
}
