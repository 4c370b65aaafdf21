//! One atomic change in terms of what is kept: what it saw and what it writes.

use std::collections::{BTreeMap, BTreeSet};

use calendar::collection::{CollectionName, Revision};

use crate::Store;
use crate::busy_index::Moving;
use crate::collections::CollectionKey;
use crate::engine::{Commit, Committed, EngineError, Version};
use crate::key::RowKey;
use crate::objects::PendingObject;
use crate::outbox::Letter;
use crate::table::tag;

/// Collects the expectations and writes of one decision; several decisions may share one.
///
/// Adding the same expectation twice is one; two different ones for a key can never be met. A later write to a key
/// replaces an earlier one.
#[derive(Clone, Debug, Default)]
pub struct Change {
    expect: BTreeMap<Vec<u8>, Version>,
    write: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
    /// Two expectations contradict each other.
    contradictory: bool,
    /// A part that could not be written down; the whole is refused with it.
    refused: Option<EngineError>,
    /// New collections: each gets a head unless its first members, here or in what is absorbed, give it one.
    pub(crate) heads: Vec<CollectionName>,
    /// Collections whose heads are written.
    pub(crate) moved: BTreeSet<CollectionName>,
    /// Objects whose busy rows and tombstone are settled when it is committed, by what is then there.
    pub(crate) objects: Vec<PendingObject>,
    /// Letters to be posted unless their ids are taken.
    pub(crate) letters: Vec<Letter>,
}

impl Change {
    /// An empty change.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether it neither expects nor writes anything.
    pub fn is_empty(&self) -> bool {
        self.expect.is_empty()
            && self.write.is_empty()
            && self.objects.is_empty()
            && self.letters.is_empty()
            && !self.contradictory
            && self.refused.is_none()
    }

    /// Adds all of `other`, as if it had been collected here after what is here.
    pub fn absorb(&mut self, other: Self) {
        for (key, seen) in other.expect {
            self.expect_octets(key, seen);
        }
        self.write.extend(other.write);
        self.contradictory |= other.contradictory;
        self.refused = self.refused.take().or(other.refused);
        self.heads.extend(other.heads);
        self.moved.extend(other.moved);
        self.objects.extend(other.objects);
        self.letters.extend(other.letters);
    }

    /// Takes note that what was read does not fit together (something moved between two reads): this change can never
    /// apply, and whoever commits it thinks again.
    pub fn outdated(&mut self) {
        self.contradictory = true;
    }

    pub(crate) fn expect(&mut self, key: RowKey, seen: Version) {
        self.expect_octets(key.into_octets(), seen);
    }

    fn expect_octets(&mut self, key: Vec<u8>, seen: Version) {
        let expected = *self.expect.entry(key).or_insert(seen);
        self.contradictory |= expected != seen;
    }

    pub(crate) fn put(&mut self, key: RowKey, row: Vec<u8>) {
        self.put_octets(key.into_octets(), row);
    }

    pub(crate) fn put_octets(&mut self, key: Vec<u8>, row: Vec<u8>) {
        self.write.insert(key, Some(row));
    }

    pub(crate) fn remove(&mut self, key: RowKey) {
        self.remove_octets(key.into_octets());
    }

    pub(crate) fn remove_octets(&mut self, key: Vec<u8>) {
        self.write.insert(key, None);
    }

    /// Expects a row at the version it was read at and removes it.
    pub(crate) fn forget_octets(&mut self, key: Vec<u8>, seen: Version) {
        self.expect_octets(key.clone(), seen);
        self.write.insert(key, None);
    }

    pub(crate) fn writes(&self, key: &RowKey) -> bool {
        self.write.contains_key(key.octets())
    }

    /// The heads that it moves, with the versions that it saw.
    fn moving(&self) -> Moving {
        let mut moving = Moving::default();
        for name in &self.moved {
            if let Some(seen) = self.expect.get(name.key(tag::HEAD).octets()) {
                moving.head(name.clone(), *seen);
            }
        }
        moving
    }

    pub(crate) fn refuse(&mut self, error: EngineError) {
        self.refused.get_or_insert(error);
    }
}

impl Store {
    /// Applies `change` whole or not at all.
    ///
    /// # Errors
    /// What the engine says; also if a part of the change could not be written down, or is too large for a row.
    pub async fn commit(&self, mut change: Change) -> Result<Committed, EngineError> {
        if let Some(error) = change.refused {
            return Err(error);
        }
        if change.contradictory {
            return Ok(Committed::SeenHasMoved);
        }
        for name in std::mem::take(&mut change.heads) {
            if !change.writes(&name.key(tag::HEAD)) {
                change.put_head(&name, Revision::default(), Revision::default());
            }
        }
        let mut moving = change.moving();
        for object in std::mem::take(&mut change.objects) {
            if !self.settle_object(&mut change, object, &mut moving).await? {
                return Ok(Committed::SeenHasMoved);
            }
        }
        for letter in std::mem::take(&mut change.letters) {
            self.settle_letter(&mut change, &letter).await?;
        }
        let commit =
            Commit { expect: change.expect.into_iter().collect(), write: change.write.into_iter().collect() };
        let committed = self.engine.commit(commit).await?;
        if let Committed::At(version) = committed {
            self.moves.keep(moving, version);
        }
        Ok(committed)
    }
}
