//! Records of other storeys (links, bookings, app passwords, settings of the store): JSON under a table and a key.
//!
//! The store knows that they are rows with versions and may be scanned in order; what they mean is their owner's.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::{EngineError, Version};
use crate::{Change, Store};

/// A table of records: its name is its place in the key space and is never reused with another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(pub &'static str);

/// A key: parts, ordered octet-wise part by part.
pub type Key<'a> = &'a [&'a str];

impl Change {
    /// Expects a record to be at version `seen` (0: not there) and writes it.
    pub fn put_record<T: Serialize>(&mut self, table: Table, key: Key<'_>, record: &T, seen: Version) {
        let _ = (table, key, record, seen);
        todo!()
    }

    /// Expects a record to be at version `seen` without writing it.
    pub fn expect_record(&mut self, table: Table, key: Key<'_>, seen: Version) {
        let _ = (table, key, seen);
        todo!()
    }

    /// Removes a record seen at version `seen`.
    pub fn remove_record(&mut self, table: Table, key: Key<'_>, seen: Version) {
        let _ = (table, key, seen);
        todo!()
    }
}

impl Store {
    /// A record with its version.
    pub async fn record<T: DeserializeOwned>(
        &self,
        table: Table,
        key: Key<'_>,
    ) -> Result<Option<(T, Version)>, EngineError> {
        let _ = (table, key);
        todo!()
    }

    /// Up to `limit` records whose key begins with the parts `prefix`, after the whole key `after` if given, in order.
    pub async fn records<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: Key<'_>,
        after: Option<Key<'_>>,
        limit: usize,
    ) -> Result<Vec<RecordRow<T>>, EngineError> {
        let _ = (table, prefix, after, limit);
        todo!()
    }
}

/// A record with its key and version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordRow<T> {
    /// The parts of its key.
    pub key: Vec<String>,
    /// The record.
    pub record: T,
    /// Its version.
    pub version: Version,
}
