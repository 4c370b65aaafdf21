//! Records of other storeys (links, bookings, app passwords, settings of the store): JSON under a table and a key.
//!
//! The store knows that they are rows with versions and may be scanned in order; what they mean is their owner's.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::{EngineError, Version};
use crate::key::RowKey;
use crate::table::{json_row, read_json_row, tag};
use crate::{Change, Store};

/// A table of records: its name is its place in the key space and is never reused with another meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table(pub &'static str);

/// A key: parts, ordered octet-wise part by part. Up to four parts may have any length (order beyond 50 octets of one is
/// arbitrary but fixed); more must stay within [`KEY_OCTETS_MAX`](crate::engine::limit::KEY_OCTETS_MAX) together.
pub type Key<'a> = &'a [&'a str];

impl Change {
    /// Expects a record to be at version `seen` (0: not there) and writes it. A record that is no JSON has the whole
    /// change refused.
    pub fn put_record<T: Serialize>(&mut self, table: Table, key: Key<'_>, record: &T, seen: Version) {
        self.expect(key_of(table, key), seen);
        match json_row(key, record) {
            Ok(row) => self.put(key_of(table, key), row),
            Err(error) => self.refuse(error),
        }
    }

    /// Expects a record to be at version `seen` without writing it.
    pub fn expect_record(&mut self, table: Table, key: Key<'_>, seen: Version) {
        self.expect(key_of(table, key), seen);
    }

    /// Removes a record seen at version `seen`.
    pub fn remove_record(&mut self, table: Table, key: Key<'_>, seen: Version) {
        self.expect(key_of(table, key), seen);
        self.remove(key_of(table, key));
    }
}

impl Store {
    /// A record with its version.
    pub async fn record<T: DeserializeOwned>(
        &self,
        table: Table,
        key: Key<'_>,
    ) -> Result<Option<(T, Version)>, EngineError> {
        let Some(row) = self.engine.get(key_of(table, key).octets()).await? else { return Ok(None) };
        let (_, record) = read_json_row(&row.value, || format!("{} {}", table.0, key.join("/")))?;
        Ok(Some((record, row.version)))
    }

    /// Up to `limit` records whose key begins with the parts `prefix`, after the whole key `after` if given, in order.
    pub async fn records<T: DeserializeOwned>(
        &self,
        table: Table,
        prefix: Key<'_>,
        after: Option<Key<'_>>,
        limit: usize,
    ) -> Result<Vec<RecordRow<T>>, EngineError> {
        let begin = key_of(table, prefix);
        let from = after
            .map(|key| key_of(table, key).successor())
            .map_or_else(|| begin.octets().to_vec(), |from| from.max(begin.octets().to_vec()));
        let mut rows = Vec::new();
        for entry in self.engine.scan(&from, &begin.end(), limit).await? {
            let (key, record) = read_json_row(&entry.value, || format!("a record of {}", table.0))?;
            rows.push(RecordRow { key, record, version: entry.version });
        }
        Ok(rows)
    }
}

fn key_of(table: Table, key: Key<'_>) -> RowKey {
    key.iter().fold(RowKey::of(tag::RECORD).name(table.0), |row, part| row.name(part))
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
