//! Members that may be busy at other times than the index says: endless series, and those of too many periods.
//!
//! Rows `(collection, member) → span`. A question about a time that the index does not cover looks at these alone.

use calendar::collection::{CollectionName, MemberName};
use calendar::time::{Instant, Span};

use crate::Store;
use crate::collections::CollectionKey;
use crate::engine::EngineError;
use crate::key::RowKey;
use crate::table::{RowWriter, read_row, tag};

impl Store {
    /// Up to `limit` members after `after` (from the beginning if `None`) of which not all busy periods are indexed,
    /// with the span outside which they have none.
    pub async fn busy_beyond(
        &self,
        collection: &CollectionName,
        after: Option<&MemberName>,
        limit: usize,
    ) -> Result<Vec<(MemberName, Span)>, EngineError> {
        let begin = collection.key(tag::BUSY_BEYOND);
        let from = after.map_or_else(
            || begin.octets().to_vec(),
            |member| begin.clone().long_name(member.as_str()).successor(),
        );
        let entries = self.engine.scan(&from, &RowKey::end(&begin), limit).await?;
        let what = || format!("what is busy beyond the index of {collection}");
        entries
            .iter()
            .map(|entry| {
                read_row(&entry.value, what, |row| {
                    let member = MemberName::new(row.text()?);
                    let start = Instant::from_unix(row.signed()?);
                    Some((member, Span { start, end: Instant::from_unix(row.signed()?) }))
                })
            })
            .collect()
    }
}

/// The row of a member.
pub(crate) fn write_beyond(member: &MemberName, span: Span) -> Vec<u8> {
    let mut row = RowWriter::new();
    row.text(member.as_str()).signed(span.start.as_unix()).signed(span.end.as_unix()).finish()
}
