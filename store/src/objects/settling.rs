//! What a change of an object entails that only the store knows: rows of the busy index and the tombstone it replaces.
//!
//! It is read when the change is committed. The change expects the head and the object's facts as they were seen, so
//! what is read here is either what belongs to them or the commit is refused.

use std::collections::BTreeSet;

use calendar::busy::BusyPeriod;
use calendar::collection::ObjectName;

use super::{ObjectChange, object_key};
use crate::busy_index::{BusyRows, Placement, bucket_key};
use crate::change_log::{log_key, read_tombstone};
use crate::engine::{EngineError, Version};
use crate::key::RowKey;
use crate::table::tag;
use crate::{Change, Store};

/// An object that is being changed.
#[derive(Clone, Debug)]
pub(crate) struct PendingObject {
    name: ObjectName,
    /// The version of its facts as seen; 0: it was not there.
    seen: Version,
    /// Where the caller says that its periods stood.
    before: Placement,
    /// Its periods from now on.
    after: Vec<BusyPeriod>,
}

impl PendingObject {
    pub(crate) fn new(change: &ObjectChange, seen: Version) -> Self {
        Self {
            name: change.name.clone(),
            seen,
            before: Placement::of(&change.busy_before),
            after: change.after.as_ref().map(|after| after.busy.clone()).unwrap_or_default(),
        }
    }

    /// An object that stays, with other periods.
    pub(crate) fn reindexed(name: ObjectName, seen: Version, busy: &[BusyPeriod]) -> Self {
        Self { name, seen, before: Placement::default(), after: busy.to_vec() }
    }
}

impl Store {
    /// Adds what `object` entails to `change`; `false` if the object is no longer as it was seen.
    pub(crate) async fn settle_object(
        &self,
        change: &mut Change,
        object: PendingObject,
    ) -> Result<bool, EngineError> {
        let placed = if object.seen == 0 {
            self.replace_tombstone(change, &object.name).await?;
            Placement::default()
        } else {
            match self.facts_row(&object.name).await? {
                Some(row) if row.facts.version == object.seen => row.placed,
                _ => return Ok(false),
            }
        };
        self.settle_busy_rows(change, &object, &placed).await?;
        Ok(true)
    }

    /// A member that is made again has one row in the log, not one more.
    async fn replace_tombstone(&self, change: &mut Change, name: &ObjectName) -> Result<(), EngineError> {
        let key = object_key(tag::TOMBSTONE, name);
        if let Some(row) = self.engine.get(key.octets()).await? {
            let revision = read_tombstone(&row.value, name)?;
            change.remove(log_key(&name.collection, revision, &name.member));
            change.remove(key);
        }
        Ok(())
    }

    async fn settle_busy_rows(
        &self,
        change: &mut Change,
        object: &PendingObject,
        placed: &Placement,
    ) -> Result<(), EngineError> {
        let rows = BusyRows::of(&object.name.member, &object.after);
        let old: BTreeSet<i64> = placed.buckets.iter().chain(&object.before.buckets).copied().collect();
        for bucket in old.iter().filter(|bucket| !rows.buckets.contains_key(bucket)) {
            change.remove(bucket_key(&object.name, *bucket));
        }
        for (bucket, row) in rows.buckets {
            let key = bucket_key(&object.name, bucket);
            self.put_if_new(change, key, row, old.contains(&bucket)).await?;
        }
        let key = object_key(tag::BUSY_LONG, &object.name);
        match rows.long {
            Some(row) => self.put_if_new(change, key, row, placed.long).await?,
            None if placed.long || object.before.long => change.remove(key),
            None => {}
        }
        Ok(())
    }

    /// Writes a row unless it stands there already: a recurring event that only changes its title touches none of
    /// the many pages its busy rows are on.
    async fn put_if_new(
        &self,
        change: &mut Change,
        key: RowKey,
        row: Vec<u8>,
        may_stand: bool,
    ) -> Result<(), EngineError> {
        let stands =
            may_stand && self.engine.get(key.octets()).await?.is_some_and(|there| there.value == row);
        if !stands {
            change.put(key, row);
        }
        Ok(())
    }
}
