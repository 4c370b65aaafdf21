//! Taking a collection's members away, without a word in its log, because it goes away itself.

use calendar::collection::{CollectionName, ObjectName};

use super::{FactsRow, object_key, uid_key};
use crate::busy_index::bucket_key;
use crate::change_log::log_key;
use crate::collections::{CollectionKey, Head};
use crate::engine::{Committed, EngineError};
use crate::table::tag;
use crate::{Change, Store};

/// How often a removal thinks again when members change under it.
const ATTEMPTS_MAX: usize = 8;

impl Store {
    /// Removes up to `limit` members of a collection that is going away, without a change log; how many are left is
    /// unknown, so it is called until it returns 0. When no member is left it removes what remains of the log, and
    /// counts that.
    ///
    /// # Errors
    /// What the engine says; [`EngineError::Io`] if others kept changing the members meanwhile.
    pub async fn remove_members(
        &self,
        collection: &CollectionName,
        limit: usize,
    ) -> Result<usize, EngineError> {
        let limit = limit.max(1);
        for _ in 0..ATTEMPTS_MAX {
            let head = self.head(collection).await?;
            let rows = self.member_rows(collection, None, limit).await?;
            if rows.is_empty() {
                // Somebody made a member meanwhile; the next call finds it.
                return Ok(self.remove_remains(collection, head, limit).await?.unwrap_or(1));
            }
            let mut change = Change::new();
            for row in &rows {
                change.forget_object(collection, row);
            }
            if let Committed::At(_) = self.commit(change).await? {
                return Ok(rows.len());
            }
        }
        Err(EngineError::Io(format!("members of {collection} kept changing while they were removed")))
    }

    /// Removes up to `limit` rows of the log and index, which belong to no member as long as the collection is at
    /// `head`, at which it had none; how many, or `None` if the collection has moved on and nothing was removed.
    ///
    /// # Errors
    /// What the engine says.
    pub async fn remove_remains(
        &self,
        collection: &CollectionName,
        head: Head,
        limit: usize,
    ) -> Result<Option<usize>, EngineError> {
        let mut change = Change::new();
        change.expect_head(collection, head);
        let mut count = 0;
        for table in [tag::LOG, tag::TOMBSTONE, tag::BUSY, tag::BUSY_LONG, tag::BUSY_BEYOND, tag::OCTETS] {
            let begin = collection.key(table);
            for entry in self.engine.scan(begin.octets(), &begin.end(), limit - count).await? {
                change.forget_octets(entry.key, entry.version);
                count += 1;
            }
        }
        match self.commit(change).await? {
            Committed::At(_) => Ok(Some(count)),
            Committed::SeenHasMoved => Ok(None),
        }
    }
}

impl Change {
    fn forget_object(&mut self, collection: &CollectionName, row: &FactsRow) {
        let name = ObjectName { collection: collection.clone(), member: row.facts.member.clone() };
        self.expect(object_key(tag::FACTS, &name), row.facts.version);
        for table in [tag::FACTS, tag::OCTETS, tag::BUSY_LONG, tag::BUSY_BEYOND] {
            self.remove(object_key(table, &name));
        }
        for bucket in &row.placed.buckets {
            self.remove(bucket_key(&name, *bucket));
        }
        self.remove(uid_key(collection, &row.facts.uid));
        self.remove(log_key(collection, row.facts.revision, &name.member));
    }
}
