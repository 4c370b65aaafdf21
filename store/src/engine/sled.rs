//! The map in the files of sled 0.34, behind the guards that make its acknowledgements true.
//!
//! Left alone, sled's `flush` leaves the data in the operating system's hands (it asks for `sync_file_range`, which
//! promises nothing after a power cut). So, numbered as in the measurements that led to them: after each flush the log
//! file is synced through a descriptor of our own (1); small files and the folder are synced after opening (2); no value
//! is larger than 4 KiB, longer ones are cut in pieces, because sled never syncs the files it puts large ones in (3);
//! one thread commits (4); snapshot and settings files that would keep it from opening are put aside (5); readers wait
//! while a group is written, because sled's scans are no snapshots (7). What remains: a damaged log file loses what
//! stands behind the damage, which only the witness (`witness.rs`) reports; after a failed flush sled may stand still, or
//! lose commits in a power cut that follows. It is why redb is the default.

mod layout;
mod opening;

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use sled::{Batch, Db, IVec};

use super::committer::{Outcomes, caught};
use super::failure::of_io;
use super::grouped::{Backing, Failure, GroupFailure, Grouped};
use super::rewriting::Doubt;
use super::snapshot::page;
use super::{Commit, Committed, Engine, EngineError, Entry, Version, Versioned};
use layout::Row;

/// The name of its folder in the store's folder.
pub const FOLDER: &str = "kalends.sled";

/// Opens `kalends.sled` in `folder`; `cache_octets`: memory to keep pages in. Blocks.
///
/// # Errors
/// [`EngineError::InUse`] if another process has it open, [`EngineError::Damaged`] if it must be restored.
pub fn open(folder: &Path, cache_octets: usize) -> Result<impl Engine + use<>, EngineError> {
    Grouped::<SledFiles>::open_at(Place {
        folder: folder.join(FOLDER),
        cache_octets,
        doubt: Doubt::default(),
    })
}

pub(crate) struct Place {
    folder: PathBuf,
    cache_octets: usize,
    /// See [`Backing::doubt`].
    doubt: Doubt,
}

pub(crate) struct SledFiles {
    db: Db,
    /// The log file, to be synced by us.
    log: File,
    /// Locked as long as this lives. Dropped last.
    _lock: File,
}

impl Backing for SledFiles {
    type Place = Place;
    /// It has none; see [`snapshot`](super::snapshot).
    type View = ();

    const NAME: &'static str = "sled";
    const READS_ARE_SNAPSHOTS: bool = false;

    fn folder(place: &Place) -> Option<&Path> {
        place.folder.parent()
    }

    fn open(place: &Place) -> Result<Self, EngineError> {
        let opened = opening::open(place);
        // sled flushes in threads of its own and does not say what has failed: whatever makes it be opened anew may
        // have been a flush.
        place.doubt.rise();
        opened
    }

    fn files(place: &Place) -> Vec<PathBuf> {
        vec![place.folder.join("db"), place.folder.join("conf")]
    }

    fn rewrite(place: &Place) -> Result<(), EngineError> {
        opening::rewrite(place)
    }

    fn doubt(place: &Place) -> Option<&Doubt> {
        Some(&place.doubt)
    }

    fn newest(&self) -> Result<Version, Failure> {
        Ok(layout::read_number(self.db.get(layout::NEWEST)?.as_deref())?.unwrap_or(0))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, Failure> {
        match self.db.get(layout::row_key(key))? {
            Some(octets) => Ok(Some(self.whole(&octets)?)),
            None => Ok(None),
        }
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, Failure> {
        self.entries(from, to).take(limit).collect()
    }

    fn view(&self) -> Result<(), Failure> {
        Ok(())
    }

    fn scan_view(&self, (): &(), from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, Failure> {
        page(self.entries(from, to), limit)
    }

    fn format(&self) -> Result<u64, Failure> {
        let found = layout::read_number(self.db.get(layout::FORMAT)?.as_deref())?;
        Ok(found.ok_or_else(|| layout::damaged("the store does not say its format"))?)
    }

    fn put_format(&self, format: u64) -> Result<(), Failure> {
        let mut batch = Batch::default();
        batch.insert(layout::FORMAT, &format.to_be_bytes());
        self.write(batch)
    }

    fn apply(&self, group: &[Commit]) -> Result<Outcomes, GroupFailure> {
        let before = self.newest()?;
        let mut pending =
            Pending { files: self, newest: before, batch: Batch::default(), rows: HashMap::new() };
        let mut each = Vec::with_capacity(group.len());
        for commit in group {
            each.push(pending.apply(commit)?);
        }
        let Pending { newest, mut batch, .. } = pending;
        let outcomes = Outcomes { each, newest };
        if newest != before {
            batch.insert(layout::NEWEST, &newest.to_be_bytes());
            // sled panics where one of its own flushes fails.
            caught(|| self.write(batch))
                .map_err(|failure| GroupFailure { failure, intended: Some(outcomes.clone()) })?;
        }
        Ok(outcomes)
    }
}

impl SledFiles {
    /// The rows with `from <= key < to`, whole.
    fn entries(&self, from: &[u8], to: &[u8]) -> impl Iterator<Item = Result<Entry, Failure>> {
        self.db.range(layout::row_key(from)..layout::row_key(to)).map(|item| {
            let (key, octets) = item?;
            let Versioned { value, version } = self.whole(&octets)?;
            Ok(Entry { key: layout::key_of_row(&key).to_vec(), value, version })
        })
    }

    /// One batch is one sealed entry of the log: whole or not at all after a crash.
    fn write(&self, batch: Batch) -> Result<(), Failure> {
        self.db.apply_batch(batch)?;
        self.db.flush()?;
        self.log.sync_data().map_err(|error| Failure::lost(of_io(&error)))
    }

    /// The value of a row with its pieces.
    fn whole(&self, octets: &[u8]) -> Result<Versioned, Failure> {
        let (row, first) = Row::read(octets)?;
        let mut value = Vec::with_capacity(row.octets);
        value.extend_from_slice(first);
        for key in row.piece_keys() {
            let piece = self.db.get(key)?.ok_or_else(|| layout::damaged("a piece of a value is missing"))?;
            value.extend_from_slice(&piece);
        }
        if value.len() != row.octets {
            return Err(layout::damaged("a value has not the length it had").into());
        }
        Ok(Versioned { value, version: row.version })
    }
}

/// A group on its way: what is in the files, and over it what the group's earlier commits have written.
struct Pending<'a> {
    files: &'a SledFiles,
    newest: Version,
    batch: Batch,
    rows: HashMap<Vec<u8>, Option<Row>>,
}

impl Pending<'_> {
    fn row(&self, key: &[u8]) -> Result<Option<Row>, Failure> {
        if let Some(row) = self.rows.get(key) {
            return Ok(*row);
        }
        match self.files.db.get(layout::row_key(key))? {
            Some(octets) => Ok(Some(Row::read(&octets)?.0)),
            None => Ok(None),
        }
    }

    fn apply(&mut self, commit: &Commit) -> Result<Committed, Failure> {
        for (key, seen) in &commit.expect {
            if self.row(key)?.map_or(0, |row| row.version) != *seen {
                return Ok(Committed::SeenHasMoved);
            }
        }
        if commit.write.is_empty() {
            return Ok(Committed::At(self.newest));
        }
        self.newest += 1;
        for (ordinal, (key, value)) in (0_u32..).zip(&commit.write) {
            if let Some(old) = self.row(key)? {
                for piece in old.piece_keys() {
                    self.batch.remove(IVec::from(&piece));
                }
            }
            let row = value.as_ref().map(|value| Row { version: self.newest, ordinal, octets: value.len() });
            match (&row, value) {
                (Some(row), Some(value)) => {
                    self.batch.insert(layout::row_key(key), row.write(value));
                    for (key, piece) in row.piece_keys().zip(layout::pieces(value)) {
                        self.batch.insert(IVec::from(&key), piece);
                    }
                }
                _ => self.batch.remove(layout::row_key(key)),
            }
            self.rows.insert(key.clone(), row);
        }
        Ok(Committed::At(self.newest))
    }
}

impl From<sled::Error> for Failure {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => Self::lost(of_io(&error)),
            error @ (sled::Error::Corruption { .. } | sled::Error::ReportableBug(_)) => {
                EngineError::Damaged(error.to_string()).into()
            }
            other => EngineError::Io(other.to_string()).into(),
        }
    }
}
