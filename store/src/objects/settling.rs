//! What a change of an object entails that only the store knows: rows of the busy index and the tombstone it replaces.
//!
//! It is read when the change is committed. The change expects the head and the object's facts as they were seen, so
//! what is read here is either what belongs to them or the commit is refused.

use std::collections::BTreeMap;

use calendar::busy::BusyPeriod;
use calendar::collection::ObjectName;
use calendar::time::Span;

use super::{ObjectChange, object_key};
use crate::busy_index::{BusyMove, BusyRows, Moving, Placement, bucket_key, periods_of_row, write_beyond};
use crate::change_log::{log_key, read_tombstone};
use crate::engine::{EngineError, Version};
use crate::table::tag;
use crate::{Change, Store};

/// An object that is being changed.
#[derive(Clone, Debug)]
pub(crate) struct PendingObject {
    name: ObjectName,
    /// The version of its facts as seen; 0: it was not there.
    seen: Version,
    /// Its periods from now on.
    after: Vec<BusyPeriod>,
    /// Where it may have others.
    beyond: Option<Span>,
}

impl PendingObject {
    pub(crate) fn new(change: &ObjectChange, seen: Version) -> Self {
        Self {
            name: change.name.clone(),
            seen,
            after: change.after.as_ref().map(|after| after.busy.clone()).unwrap_or_default(),
            beyond: change.after.as_ref().and_then(|after| after.beyond),
        }
    }

    /// An object that stays, with other periods.
    pub(crate) fn reindexed(
        name: ObjectName,
        seen: Version,
        (busy, beyond): (&[BusyPeriod], Option<Span>),
    ) -> Self {
        Self { name, seen, after: busy.to_vec(), beyond }
    }

    /// The rows that it is to have in the index, by key.
    fn rows(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        let rows = BusyRows::of(&self.name.member, &self.after);
        let buckets = rows.buckets.into_iter().map(|(bucket, row)| (bucket_key(&self.name, bucket), row));
        let long = rows.long.map(|row| (object_key(tag::BUSY_LONG, &self.name), row));
        let beyond = self.beyond.map(|span| write_beyond(&self.name.member, span));
        let beyond = beyond.map(|row| (object_key(tag::BUSY_BEYOND, &self.name), row));
        buckets.chain(long).chain(beyond).map(|(key, row)| (key.into_octets(), row)).collect()
    }
}

/// The keys of the rows that it has in the index; that of what is beyond comes last.
fn keys_of(name: &ObjectName, placed: &Placement) -> Vec<Vec<u8>> {
    let buckets = placed.buckets.iter().map(|bucket| bucket_key(name, *bucket));
    let long = placed.long.then(|| object_key(tag::BUSY_LONG, name));
    let beyond = placed.beyond.then(|| object_key(tag::BUSY_BEYOND, name));
    buckets.chain(long).chain(beyond).map(crate::key::RowKey::into_octets).collect()
}

impl Store {
    /// Adds what `object` entails to `change` and to `moving`; `false` if the object is no longer as it was seen.
    pub(crate) async fn settle_object(
        &self,
        change: &mut Change,
        object: PendingObject,
        moving: &mut Moving,
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
        let moved = self.settle_busy_rows(change, &object, &placed).await?;
        moving.member(&object.name.collection, moved);
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

    /// Writes the rows that are other than those that stand there: a recurring event that only changes its title
    /// touches none of the many pages its busy rows are on. What that does to its periods; `None` if a row that stood
    /// there could not be read.
    async fn settle_busy_rows(
        &self,
        change: &mut Change,
        object: &PendingObject,
        placed: &Placement,
    ) -> Result<Option<BusyMove>, EngineError> {
        let mut rows = object.rows();
        let keys = keys_of(&object.name, placed);
        let stands = self.engine.values(&keys).await?;
        let of_periods = keys.len() - usize::from(placed.beyond);
        let mut before = Some(Vec::new());
        for (place, (key, row)) in keys.into_iter().zip(stands).enumerate() {
            if place < of_periods {
                let periods = row.as_ref().and_then(|row| periods_of_row(&row.value));
                before = before.zip(periods).map(|(mut before, periods)| {
                    before.extend(periods);
                    before
                });
            }
            match rows.remove(&key) {
                None => change.remove_octets(key),
                Some(new) if row.is_some_and(|row| row.value == new) => {}
                Some(new) => change.put_octets(key, new),
            }
        }
        for (key, row) in rows {
            change.put_octets(key, row);
        }
        let beyond = placed.beyond || object.beyond.is_some();
        Ok(before.map(|before| moved(before, &object.after, beyond)))
    }
}

/// What makes the periods of one object `after` out of `before`.
fn moved(before: Vec<BusyPeriod>, after: &[BusyPeriod], beyond: bool) -> BusyMove {
    let mut gone = ascending(before);
    let mut come = ascending(after.to_vec());
    let both: Vec<BusyPeriod> =
        gone.iter().filter(|period| come.binary_search(period).is_ok()).copied().collect();
    for periods in [&mut gone, &mut come] {
        periods.retain(|period| both.binary_search(period).is_err());
    }
    BusyMove { gone, come, beyond }
}

/// Each once: a period stands in every bucket that it touches.
fn ascending(mut periods: Vec<BusyPeriod>) -> Vec<BusyPeriod> {
    periods.retain(|period| !period.span.is_empty());
    periods.sort_unstable();
    periods.dedup();
    periods
}
