//! The busy index: for each collection, the busy periods of its objects, by bucket of time.
//!
//! Rows `(collection, bucket, member) → periods`, a bucket being 32 days; a period stands in every bucket that it
//! touches. So a question about `[a, b)` reads the buckets between, however many events lie elsewhere. A period that
//! touches more than [`BUCKETS_MAX`] stands in a row `(collection, member)` of its own, which every question reads.
//! Members that may be busy at other times than the index says (endless series) are listed besides.

mod beyond;
mod moves;
mod rows;

use calendar::busy::BusyPeriod;
use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::time::{Instant, Span};

use crate::Store;
use crate::collections::CollectionKey;
use crate::engine::EngineError;
use crate::key::RowKey;
use crate::objects::object_key;
use crate::table::{read_row, tag};

pub(crate) use beyond::write_beyond;
pub use moves::BusyMove;
pub(crate) use moves::{Moves, Moving};
pub(crate) use rows::{BusyRow, BusyRows, Placement, periods_of_row};

/// Seconds of one bucket.
pub const BUCKET_SECONDS: i64 = 32 * 86_400;

/// Buckets that a period may stand in; a longer one, of five and a half years, is rare and kept apart.
pub const BUCKETS_MAX: i64 = 64;

/// A busy period and the member that makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexedPeriod {
    /// Which member.
    pub member: MemberName,
    /// When and how.
    pub period: BusyPeriod,
}

/// Where a piece of an answer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageEnd(Vec<u8>);

impl Store {
    /// The indexed busy periods that share time with `window`, each once, by start.
    pub async fn busy_in(
        &self,
        collection: &CollectionName,
        window: Span,
    ) -> Result<Vec<IndexedPeriod>, EngineError> {
        let (mut found, _) = self.busy_page(collection, window, None, usize::MAX).await?;
        found.sort_by(|a, b| (a.period, &a.member).cmp(&(b.period, &b.member)));
        Ok(found)
    }

    /// The same in pieces, in no order: those of up to `limit` rows after `after`, and after what to go on, `None` at
    /// the end. Those that touch too many buckets come with the last piece.
    pub async fn busy_page(
        &self,
        collection: &CollectionName,
        window: Span,
        after: Option<PageEnd>,
        limit: usize,
    ) -> Result<(Vec<IndexedPeriod>, Option<PageEnd>), EngineError> {
        let Some((first, last)) = buckets_of(window) else { return Ok((Vec::new(), None)) };
        let mut found = Vec::new();
        let begin = collection.key(tag::BUSY);
        let from = after.map_or_else(|| begin.clone().signed(first).into_octets(), |PageEnd(key)| key);
        let to = begin.signed(last + 1);
        let mut entries = self.engine.scan(&from, to.octets(), limit.max(1)).await?;
        for entry in &entries {
            let row = BusyRow::read(&entry.value, || format!("the busy index of {collection}"))?;
            // Of the buckets that were read, the first that the period touches tells it.
            found.extend(row.within(window, |period| first.max(bucket_of(period.span.start)) == row.bucket));
        }
        if entries.len() >= limit.max(1) {
            let mut end = entries.pop().map(|entry| entry.key).unwrap_or_default();
            end.push(0);
            return Ok((found, Some(PageEnd(end))));
        }
        let begin = collection.key(tag::BUSY_LONG);
        for entry in self.engine.scan(begin.octets(), &begin.end(), usize::MAX).await? {
            let row = BusyRow::read(&entry.value, || format!("the busy index of {collection}"))?;
            found.extend(row.within(window, |_| true));
        }
        Ok((found, None))
    }

    /// The periods that stand in one bucket, whole, in no order; a period of two members is there twice.
    pub async fn busy_bucket(
        &self,
        collection: &CollectionName,
        bucket: i64,
    ) -> Result<Vec<BusyPeriod>, EngineError> {
        let begin = collection.key(tag::BUSY).signed(bucket);
        self.busy_rows(collection, begin).await
    }

    /// The periods that touch too many buckets to stand in them, whole, in no order.
    pub async fn busy_long(&self, collection: &CollectionName) -> Result<Vec<BusyPeriod>, EngineError> {
        self.busy_rows(collection, collection.key(tag::BUSY_LONG)).await
    }

    async fn busy_rows(
        &self,
        collection: &CollectionName,
        begin: RowKey,
    ) -> Result<Vec<BusyPeriod>, EngineError> {
        let entries = self.engine.scan(begin.octets(), &begin.end(), usize::MAX).await?;
        let mut periods = Vec::with_capacity(entries.len());
        for entry in entries {
            let what = || format!("the busy index of {collection}");
            let (.., of_row) = read_row(&entry.value, what, rows::read_parts)?;
            periods.extend(of_row);
        }
        Ok(periods)
    }

    /// The indexed busy periods of one member within `reach`, whole and by start.
    pub async fn busy_of(
        &self,
        collection: &CollectionName,
        member: &MemberName,
        reach: Span,
    ) -> Result<Vec<BusyPeriod>, EngineError> {
        let name = ObjectName { collection: collection.clone(), member: member.clone() };
        let Some(facts) = self.facts_row(&name).await? else { return Ok(Vec::new()) };
        let Some((first, last)) = buckets_of(reach) else { return Ok(Vec::new()) };
        let buckets = facts.placed.buckets.iter().filter(|bucket| (first..=last).contains(*bucket));
        let mut keys: Vec<RowKey> = buckets.map(|bucket| bucket_key(&name, *bucket)).collect();
        if facts.placed.long {
            keys.push(object_key(tag::BUSY_LONG, &name));
        }
        let mut found = Vec::new();
        for key in keys {
            if let Some(there) = self.engine.get(key.octets()).await? {
                let row = BusyRow::read(&there.value, || format!("the busy index of {name}"))?;
                found.extend(row.within(reach, |_| true).map(|indexed| indexed.period));
            }
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// The key of the row of `name` in `bucket`.
pub(crate) fn bucket_key(name: &ObjectName, bucket: i64) -> RowKey {
    name.collection.key(tag::BUSY).signed(bucket).long_name(name.member.as_str())
}

/// The bucket in which `instant` lies.
pub fn bucket_of(instant: Instant) -> i64 {
    instant.as_unix().div_euclid(BUCKET_SECONDS)
}

/// When a bucket is.
pub fn span_of(bucket: i64) -> Span {
    let start = bucket.saturating_mul(BUCKET_SECONDS);
    Span::new(Instant::from_unix(start), Instant::from_unix(start.saturating_add(BUCKET_SECONDS)))
}

/// The first and last bucket that `span` touches; none if it holds no instant.
pub fn buckets_of(span: Span) -> Option<(i64, i64)> {
    (!span.is_empty()).then(|| (bucket_of(span.start), bucket_of(span.end.plus(-1))))
}
