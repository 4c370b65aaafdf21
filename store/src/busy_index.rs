//! The busy index: for each collection, the busy periods of its objects, by bucket of time.
//!
//! Rows `(collection, bucket, member) → periods`, a bucket being 32 days; a period stands in every bucket that it
//! touches. So a question about `[a, b)` reads the buckets between, however many events lie elsewhere.

use calendar::busy::BusyPeriod;
use calendar::collection::{CollectionName, MemberName};
use calendar::time::Span;

use crate::Store;
use crate::engine::EngineError;

/// Seconds of one bucket.
pub const BUCKET_SECONDS: i64 = 32 * 86_400;

/// A busy period and the member that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedPeriod {
    /// Which member.
    pub member: MemberName,
    /// When and how.
    pub period: BusyPeriod,
}

impl Store {
    /// The indexed busy periods that share time with `window`, each once, by start.
    pub async fn busy_in(
        &self,
        collection: &CollectionName,
        window: Span,
    ) -> Result<Vec<IndexedPeriod>, EngineError> {
        let _ = (collection, window);
        todo!()
    }

    /// The indexed busy periods of one member within `reach`.
    pub async fn busy_of(
        &self,
        collection: &CollectionName,
        member: &MemberName,
        reach: Span,
    ) -> Result<Vec<BusyPeriod>, EngineError> {
        let _ = (collection, member, reach);
        todo!()
    }
}
