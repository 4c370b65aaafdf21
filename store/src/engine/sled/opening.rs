//! Opening sled's files: under a lock of our own, past what would keep sled from opening, and synced.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sled::{Config, Db, Mode};

use super::super::committer::caught;
use super::super::failure::of_io;
use super::super::folder;
use super::super::format::{FORMAT, check_format};
use super::super::grouped::Failure;
use super::super::rewriting::{rewrite as rewrite_path, rewrite_open};
use super::{EngineError, Place, SledFiles, layout};

/// sled's threads may hold its lock for a moment after the last handle was dropped: how often to look again, and how
/// long to wait between.
const LOCK_ATTEMPTS_MAX: u32 = 500;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

/// Opens the files at `place`.
pub(super) fn open(place: &Place) -> Result<SledFiles, EngineError> {
    let folder = &place.folder;
    folder::make(folder)?;
    let lock = lock(folder)?;
    discard_unfinished_snapshots(folder).map_err(|error| of_io(&error))?;
    let db = open_past_obstacles(place)?;
    let files = sync_small_files(folder)
        .and_then(|()| OpenOptions::new().read(true).write(true).open(folder.join("db")))
        .map(|log| SledFiles { db, log, _lock: lock })
        .map_err(|error| of_io(&error))?;
    let format = layout::read_number(read(&files.db, layout::FORMAT)?.as_deref())?;
    if let Some(found) = format {
        check_format(found)?;
    } else {
        let mut batch = sled::Batch::default();
        batch.insert(layout::FORMAT, &FORMAT.to_be_bytes());
        files.write(batch).map_err(|failure| failure.error)?;
    }
    Ok(files)
}

/// Writes the log and the settings anew. sled's threads may still be at the log: its own lock says when they are done.
pub(super) fn rewrite(place: &Place) -> Result<(), EngineError> {
    let _lock = lock(&place.folder)?;
    let path = place.folder.join("db");
    let log = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .map_err(|error| folder::of_opening(&error, &path))?;
    for attempt in 0..=LOCK_ATTEMPTS_MAX {
        match log.try_lock() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if attempt < LOCK_ATTEMPTS_MAX => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::WouldBlock) => return Err(EngineError::InUse(path.display().to_string())),
            Err(TryLockError::Error(error)) => return Err(of_io(&error)),
        }
    }
    rewrite_open(&log).and_then(|()| rewrite_path(&place.folder.join("conf"))).map_err(|error| of_io(&error))
}

fn read(db: &Db, key: &[u8]) -> Result<Option<sled::IVec>, EngineError> {
    db.get(key).map_err(|error| Failure::from(error).error)
}

/// A lock beside the folder: sled's own comes too late to guard the tidying before it.
fn lock(folder: &Path) -> Result<File, EngineError> {
    let path = folder.with_extension("sled.lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| folder::of_opening(&error, &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(EngineError::InUse(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(of_io(&error)),
    }
}

/// Opens; where a snapshot or the settings file is damaged, puts it aside and tries again: sled makes both anew from
/// the log, which alone holds data.
fn open_past_obstacles(place: &Place) -> Result<Db, EngineError> {
    let first = match open_unlocked(place) {
        Err(error @ EngineError::Damaged(_)) => error,
        other => return other,
    };
    for obstacle in ["snap.", "conf"] {
        let moved = put_aside(&place.folder, obstacle).map_err(|error| of_io(&error))?;
        if moved {
            match open_unlocked(place) {
                Err(EngineError::Damaged(_)) => {}
                other => return other,
            }
        }
    }
    Err(first)
}

fn open_unlocked(place: &Place) -> Result<Db, EngineError> {
    let config = || {
        // sled holds about three times what it is asked to.
        let cache_octets = (place.cache_octets / 3).max(1024 * 1024);
        Config::new()
            .path(&place.folder)
            .mode(Mode::LowSpace)
            .cache_capacity(cache_octets as u64)
            .flush_every_ms(Some(500))
    };
    for _ in 0..LOCK_ATTEMPTS_MAX {
        match caught(|| config().open().map_err(of_opening)) {
            Err(EngineError::InUse(_)) => std::thread::sleep(LOCK_PAUSE),
            other => return other,
        }
    }
    Err(EngineError::InUse(place.folder.display().to_string()))
}

fn of_opening(error: sled::Error) -> EngineError {
    match error {
        // sled has no error of its own for this.
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            EngineError::InUse(error.to_string())
        }
        // Settings of another format are refused as unsupported; ours never change, so they are damaged.
        sled::Error::Unsupported(why) => EngineError::Damaged(why),
        other => Failure::from(other).error,
    }
}

fn files_of(folder: &Path, chosen: impl Fn(&str) -> bool) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for file in fs::read_dir(folder)? {
        let file = file?;
        if file.file_name().to_str().is_some_and(&chosen) {
            paths.push(file.path());
        }
    }
    Ok(paths)
}

/// A snapshot that was being written when the process ended keeps sled from opening.
fn discard_unfinished_snapshots(folder: &Path) -> io::Result<()> {
    for path in files_of(folder, |name| name.starts_with("snap.") && name.ends_with(".generating"))? {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Renames the files whose names begin with `beginning`, so that sled no longer sees them; whether there were any.
fn put_aside(folder: &Path, beginning: &str) -> io::Result<bool> {
    let paths = files_of(folder, |name| name.starts_with(beginning))?;
    for path in &paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut number = 0_u32;
        while folder.join(format!("aside.{number}.{name}")).exists() {
            number += 1;
        }
        fs::rename(path, folder.join(format!("aside.{number}.{name}")))?;
    }
    Ok(!paths.is_empty())
}

/// sled syncs neither its settings, nor the folder of large values (which stays empty here), nor the names of either.
fn sync_small_files(folder: &Path) -> io::Result<()> {
    let blobs = folder.join("blobs");
    for path in [folder.join("conf"), blobs.clone(), folder.to_owned()]
        .into_iter()
        .chain(folder.parent().map(Path::to_owned))
    {
        File::open(path)?.sync_all()?;
    }
    if fs::read_dir(blobs)?.next().is_some() {
        tracing::warn!(folder = %folder.display(), "sled has put a value into a file that it never syncs");
    }
    Ok(())
}
