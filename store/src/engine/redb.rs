//! The map in one file of redb, the default: snapshot reads, one flush a group, damage reported and never served.
//!
//! Quick repair is off. It would make every commit flush twice, on the card of a small machine the dearest thing there
//! is, to open faster after a crash; and the full check that opening then does (about a second for 200 MB) is what
//! tells a damaged store from a sound one.

mod overlay;
mod watched;

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use redb::{
    AccessGuard, Builder, CommitError, Database, DatabaseError, ReadOnlyTable, ReadableDatabase,
    ReadableTable, StorageError, Table, TableDefinition, TableError, TransactionError,
};

use super::committer::Outcomes;
use super::failure::of_io;
use super::folder;
use super::format::{FORMAT, check_format};
use super::grouped::{Backing, Failure, GroupFailure, Grouped};
use super::rewriting::{Doubt, rewrite};
use super::snapshot::page;
use super::{Commit, Committed, Engine, EngineError, Entry, Version, Versioned};
use overlay::Overlay;
use watched::Watched;

/// Key → version (8 octets, big-endian) and value.
const ROWS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("rows");

/// `format` and `version`: the newest commit.
const STORE: TableDefinition<'_, &str, u64> = TableDefinition::new("store");

/// The file's name in the store's folder.
pub const FILE: &str = "kalends.redb";

/// What says that a flush of it has failed.
const DOUBT: &str = "kalends.redb.doubt";

/// Opens `kalends.redb` in `folder`; `cache_octets`: memory to keep pages in. Blocks, after a crash for as long as
/// reading the whole file takes.
///
/// # Errors
/// [`EngineError::InUse`] if another process has it open, [`EngineError::Damaged`] if it must be restored.
pub fn open(folder: &Path, cache_octets: usize) -> Result<impl Engine + use<>, EngineError> {
    let doubt = Arc::new(Doubt::marked_by(folder.join(DOUBT)));
    Grouped::<RedbFile>::open_at(Place { folder: folder.to_owned(), cache_octets, doubt })
}

pub(crate) struct Place {
    folder: PathBuf,
    cache_octets: usize,
    /// See [`Backing::doubt`].
    doubt: Arc<Doubt>,
}

type Rows = ReadOnlyTable<&'static [u8], &'static [u8]>;

pub(crate) struct RedbFile {
    /// The rows as they were after the newest commit: to begin a read and open the table takes longer than to find a
    /// row. Dropped before the file closes.
    rows: RwLock<Option<Arc<Rows>>>,
    database: Database,
}

impl Backing for RedbFile {
    type Place = Place;
    type View = Arc<Rows>;

    const NAME: &'static str = "redb";
    const READS_ARE_SNAPSHOTS: bool = true;

    fn folder(place: &Place) -> Option<&Path> {
        Some(&place.folder)
    }

    fn open(place: &Place) -> Result<Self, EngineError> {
        folder::make(&place.folder)?;
        let path = place.folder.join(FILE);
        if !path.exists() {
            make(place, &path)?;
        }
        let file = open_file(place, &path)?;
        // The name must survive a power cut as surely as the file's content.
        folder::sync(&place.folder).map_err(|error| folder::of_opening(&error, &place.folder))?;
        Ok(file)
    }

    fn open_for_reading(place: &Place) -> Result<Self, EngineError> {
        let path = place.folder.join(FILE);
        let overlay = Overlay::open(&path).map_err(|error| folder::of_opening(&error, &path))?;
        let database = Builder::new()
            .set_cache_size(place.cache_octets)
            .create_with_backend(overlay)
            .map_err(|error| of_opening(error, &path))?;
        Ok(Self::of(database))
    }

    fn files(place: &Place) -> Vec<PathBuf> {
        vec![place.folder.join(FILE)]
    }

    fn rewrite(place: &Place) -> Result<(), EngineError> {
        let path = place.folder.join(FILE);
        rewrite(&path).map_err(|error| match error.kind() {
            ErrorKind::WouldBlock => EngineError::InUse(path.display().to_string()),
            _ => folder::of_opening(&error, &path),
        })
    }

    fn doubt(place: &Place) -> Option<&Doubt> {
        Some(&place.doubt)
    }

    fn newest(&self) -> Result<Version, Failure> {
        let store = self.database.begin_read()?.open_table(STORE)?;
        Ok(store.get("version")?.map_or(0, |row| row.value()))
    }

    fn get(&self, key: &[u8]) -> Result<Option<Versioned>, Failure> {
        row(&*self.rows()?, key)
    }

    fn values(&self, keys: &[Vec<u8>]) -> Result<Vec<Option<Versioned>>, Failure> {
        let rows = self.rows()?;
        keys.iter().map(|key| row(&rows, key)).collect()
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, Failure> {
        self.rows()?.range(from..to)?.take(limit).map(|row| entry(row?)).collect()
    }

    fn view(&self) -> Result<Self::View, Failure> {
        self.rows()
    }

    fn scan_view(
        &self,
        view: &Self::View,
        from: &[u8],
        to: &[u8],
        limit: usize,
    ) -> Result<Vec<Entry>, Failure> {
        page(view.range(from..to)?.map(|row| entry(row?)), limit)
    }

    fn format(&self) -> Result<u64, Failure> {
        let store = self.database.begin_read()?.open_table(STORE)?;
        let found = store.get("format")?.map(|row| row.value());
        Ok(found.ok_or_else(|| EngineError::Damaged("the store does not say its format".into()))?)
    }

    fn put_format(&self, format: u64) -> Result<(), Failure> {
        let transaction = self.database.begin_write()?;
        transaction.open_table(STORE)?.insert("format", format)?;
        Ok(transaction.commit()?)
    }

    fn apply(&self, group: &[Commit]) -> Result<Outcomes, GroupFailure> {
        // Pages that a snapshot may still show are not used again: one that nobody reads would have the file grow.
        self.hold(None);
        // Durable when committed: that is redb's default (`Durability::Immediate`).
        let transaction = self.database.begin_write()?;
        let (outcomes, wrote) = {
            let mut store = transaction.open_table(STORE)?;
            let mut rows = transaction.open_table(ROWS)?;
            let before = store.get("version")?.map_or(0, |row| row.value());
            let mut newest = before;
            let mut each = Vec::with_capacity(group.len());
            for commit in group {
                each.push(apply_one(&mut rows, commit, &mut newest)?);
            }
            if newest != before {
                store.insert("version", newest)?;
            }
            (Outcomes { each, newest }, newest != before)
        };
        if wrote {
            transaction
                .commit()
                .map_err(|error| GroupFailure { failure: error.into(), intended: Some(outcomes.clone()) })?;
            // Before anybody is told, so that whoever was told reads what they wrote.
            self.hold(None);
        } else {
            transaction.abort()?;
        }
        Ok(outcomes)
    }
}

/// Makes the file under another name first: what a power cut leaves of one that is half made is no store, and would be
/// refused.
fn make(place: &Place, path: &Path) -> Result<(), EngineError> {
    let failed = |error: std::io::Error| folder::of_opening(&error, &place.folder);
    let house = File::open(&place.folder).map_err(failed)?;
    // Two processes may begin at once. Where folders cannot be locked that is not guarded.
    if let Err(TryLockError::WouldBlock) = house.try_lock() {
        return Err(EngineError::InUse(path.display().to_string()));
    }
    if path.exists() {
        return Ok(());
    }
    let new = path.with_extension("redb.new");
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(folder::of_opening(&error, &new)),
        _ => {}
    }
    // Closed, and with that synced, before it gets its name.
    drop(open_file(place, &new)?);
    fs::rename(&new, path).map_err(|error| folder::of_opening(&error, path))
}

fn open_file(place: &Place, path: &Path) -> Result<RedbFile, EngineError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| folder::of_opening(&error, path))?;
    let database = Watched::new(file, Arc::clone(&place.doubt))
        .and_then(|watched| Builder::new().set_cache_size(place.cache_octets).create_with_backend(watched))
        .map_err(|error| of_opening(error, path))?;
    let file = RedbFile::of(database);
    file.check_format().map_err(|failure| failure.error)?;
    Ok(file)
}

impl RedbFile {
    fn of(database: Database) -> Self {
        Self { rows: RwLock::default(), database }
    }

    fn hold(&self, rows: Option<Arc<Rows>>) {
        *self.rows.write().unwrap_or_else(PoisonError::into_inner) = rows;
    }

    /// The rows after the newest commit.
    fn rows(&self) -> Result<Arc<Rows>, Failure> {
        if let Some(rows) = self.rows.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return Ok(Arc::clone(rows));
        }
        // With the lock: what was opened before a commit must not be held after it.
        let mut held = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(rows) = held.as_ref() {
            return Ok(Arc::clone(rows));
        }
        let rows = Arc::new(self.database.begin_read()?.open_table(ROWS)?);
        *held = Some(Arc::clone(&rows));
        Ok(rows)
    }

    fn check_format(&self) -> Result<(), Failure> {
        let transaction = self.database.begin_write()?;
        let found = {
            let mut store = transaction.open_table(STORE)?;
            let found = store.get("format")?.map(|row| row.value());
            if found.is_none() {
                store.insert("format", FORMAT)?;
                transaction.open_table(ROWS)?;
            }
            found
        };
        match found {
            Some(found) => {
                transaction.abort()?;
                Ok(check_format(found)?)
            }
            None => Ok(transaction.commit()?),
        }
    }
}

fn row(rows: &Rows, key: &[u8]) -> Result<Option<Versioned>, Failure> {
    let Some(row) = rows.get(key)? else { return Ok(None) };
    let (version, value) = split(row.value())?;
    Ok(Some(Versioned { value: value.to_vec(), version }))
}

fn apply_one(
    rows: &mut Table<'_, &'static [u8], &'static [u8]>,
    commit: &Commit,
    newest: &mut Version,
) -> Result<Committed, Failure> {
    for (key, seen) in &commit.expect {
        let found = match rows.get(key.as_slice())? {
            Some(row) => split(row.value())?.0,
            None => 0,
        };
        if found != *seen {
            return Ok(Committed::SeenHasMoved);
        }
    }
    if commit.write.is_empty() {
        return Ok(Committed::At(*newest));
    }
    *newest += 1;
    for (key, value) in &commit.write {
        match value {
            Some(value) => {
                let mut row = rows.insert_reserve(key.as_slice(), 8 + value.len())?;
                let (version, place) = row.as_mut().split_at_mut(8);
                version.copy_from_slice(&newest.to_be_bytes());
                place.copy_from_slice(value);
            }
            None => {
                rows.remove(key.as_slice())?;
            }
        }
    }
    Ok(Committed::At(*newest))
}

fn entry((key, row): (AccessGuard<'_, &[u8]>, AccessGuard<'_, &[u8]>)) -> Result<Entry, Failure> {
    let (version, value) = split(row.value())?;
    Ok(Entry { key: key.value().to_vec(), value: value.to_vec(), version })
}

/// Version and value of a row.
fn split(row: &[u8]) -> Result<(Version, &[u8]), EngineError> {
    let (version, value) = row
        .split_first_chunk::<8>()
        .ok_or_else(|| EngineError::Damaged("a row is shorter than its version".into()))?;
    Ok((Version::from_be_bytes(*version), value))
}

fn of_opening(error: DatabaseError, path: &Path) -> EngineError {
    match error {
        DatabaseError::DatabaseAlreadyOpen => EngineError::InUse(path.display().to_string()),
        DatabaseError::RepairAborted => {
            EngineError::Damaged(format!("{} could not be repaired", path.display()))
        }
        DatabaseError::Storage(StorageError::Io(error)) => folder::of_opening(&error, path),
        DatabaseError::Storage(error) => Failure::from(error).error,
        other => EngineError::Io(format!("{}: {other}", path.display())),
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Corrupted(what) => EngineError::Damaged(what).into(),
            StorageError::Io(error) => Self::lost(of_io(&error)),
            error @ (StorageError::PreviousIo
            | StorageError::DatabaseClosed
            | StorageError::LockPoisoned(_)) => Self::lost(EngineError::Io(error.to_string())),
            other => EngineError::Io(other.to_string()).into(),
        }
    }
}

impl From<TransactionError> for Failure {
    fn from(error: TransactionError) -> Self {
        match error {
            TransactionError::Storage(error) => error.into(),
            other => EngineError::Io(other.to_string()).into(),
        }
    }
}

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        match error {
            TableError::Storage(error) => error.into(),
            other => EngineError::Damaged(other.to_string()).into(),
        }
    }
}

impl From<CommitError> for Failure {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Storage(error) => error.into(),
            other => EngineError::Io(other.to_string()).into(),
        }
    }
}
