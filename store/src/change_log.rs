//! The change log of a collection: one row a member, the newest (RFC 6578).
//!
//! Rows `(collection, revision, member)`. A member's row is found again by the revision in its facts, or, once it is
//! gone, by a row `(collection, member) → revision` of its tombstone.

use calendar::collection::{CollectionName, MemberName, ObjectName, Revision};

use crate::collections::CollectionKey;
use crate::engine::{Committed, EngineError};
use crate::key::RowKey;
use crate::objects::object_key;
use crate::table::{RowWriter, read_row, tag};
use crate::{Change, Store};

/// Rows that are read at a time when tombstones are looked for, and removed in one commit at most.
const PRUNED_ROWS_MAX: usize = 1_000;

/// How often pruning thinks again when the collection changes under it.
const ATTEMPTS_MAX: usize = 8;

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
        let Some(first) = since.0.checked_add(1) else { return Ok(Vec::new()) };
        if limit == 0 {
            return Ok(Vec::new());
        }
        let begin = collection.key(tag::LOG);
        let from = begin.clone().number(first);
        // One more than asked tells whether the last revision is whole.
        let mut rows =
            self.log_rows(collection, from.octets(), &begin.end(), limit.saturating_add(1)).await?;
        if rows.len() <= limit {
            return Ok(rows);
        }
        let cut = rows[limit].revision;
        rows.retain(|row| row.revision < cut);
        if rows.is_empty() {
            let whole = begin.number(cut.0);
            return self.log_rows(collection, whole.octets(), &whole.end(), usize::MAX).await;
        }
        Ok(rows)
    }

    /// Removes tombstones up to revision `upto` and raises the floor; how many there were.
    ///
    /// # Errors
    /// What the engine says; [`EngineError::Io`] if others kept changing the collection meanwhile.
    pub async fn prune_log(&self, collection: &CollectionName, upto: Revision) -> Result<usize, EngineError> {
        let mut pruned = 0;
        let mut attempts = 0;
        let mut from = collection.key(tag::LOG).into_octets();
        loop {
            let head = self.head(collection).await?;
            let upto = upto.min(head.revision);
            let to = collection.key(tag::LOG).number(upto.0).end();
            let rows = self.log_rows(collection, &from, &to, PRUNED_ROWS_MAX).await?;
            let gone: Vec<&LogRow> = rows.iter().filter(|row| row.removed).collect();
            if head.version != 0 && (!gone.is_empty() || head.floor < upto) {
                let mut change = Change::new();
                change.expect_head(collection, head);
                // The floor first: a token below it must be refused before a tombstone is missed. It also moves the
                // head, so that nobody makes a member again upon a tombstone that goes.
                change.put_head(collection, head.revision, head.floor.max(upto));
                for row in &gone {
                    change.forget_tombstone(collection, row);
                }
                if self.commit(change).await? == Committed::SeenHasMoved {
                    attempts += 1;
                    if attempts == ATTEMPTS_MAX {
                        return Err(EngineError::Io(format!(
                            "{collection} kept changing while its log was pruned"
                        )));
                    }
                    continue;
                }
            }
            pruned += gone.len();
            match rows.last() {
                Some(last) if rows.len() == PRUNED_ROWS_MAX => {
                    from = log_key(collection, last.revision, &last.member).successor();
                }
                _ => return Ok(pruned),
            }
        }
    }

    async fn log_rows(
        &self,
        collection: &CollectionName,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<LogRow>, EngineError> {
        let entries = self.engine.scan(from, to, limit).await?;
        entries
            .iter()
            .map(|entry| {
                read_row(
                    &entry.value,
                    || format!("the change log of {collection}"),
                    |reader| {
                        Some(LogRow {
                            revision: Revision(reader.number()?),
                            removed: reader.number()? != 0,
                            member: MemberName::new(reader.text()?),
                        })
                    },
                )
            })
            .collect()
    }
}

/// What became of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Changed,
    Removed,
}

impl Change {
    /// Writes the member's row, and where its tombstone will be found.
    pub(crate) fn log(&mut self, name: &ObjectName, revision: Revision, fate: Fate) {
        let row = RowWriter::new()
            .number(revision.0)
            .number(u64::from(fate == Fate::Removed))
            .text(name.member.as_str())
            .finish();
        self.put(log_key(&name.collection, revision, &name.member), row);
        if fate == Fate::Removed {
            self.put(object_key(tag::TOMBSTONE, name), RowWriter::new().number(revision.0).finish());
        }
    }

    fn forget_tombstone(&mut self, collection: &CollectionName, row: &LogRow) {
        let name = ObjectName { collection: collection.clone(), member: row.member.clone() };
        self.remove(log_key(collection, row.revision, &row.member));
        self.remove(object_key(tag::TOMBSTONE, &name));
    }
}

/// The key of a member's row.
pub(crate) fn log_key(collection: &CollectionName, revision: Revision, member: &MemberName) -> RowKey {
    collection.key(tag::LOG).number(revision.0).long_name(member.as_str())
}

/// The revision at which a member went away.
pub(crate) fn read_tombstone(row: &[u8], name: &ObjectName) -> Result<Revision, EngineError> {
    read_row(row, || format!("the tombstone of {name}"), |reader| reader.number().map(Revision))
}
