//! Room kept for opening a store on a full disk.
//!
//! Opening writes: sled a snapshot, redb a repair. Where the disk is full that fails, and with it the reads that should
//! go on. So a file of zeros stands beside the store; it makes way when opening needs its room, and takes what is left
//! of it again before the next commit can.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::EngineError;

/// Octets that are kept.
const RESERVE_OCTETS: u64 = 1024 * 1024;

/// Octets written at once.
const CHUNK_OCTETS: usize = 16 * 1024;

/// The file's name in the store's folder.
const FILE: &str = "kalends.reserve";

/// What `open` gives; if there is no room for it, what it gives with the reserve's room.
pub(crate) fn with_reserve<T>(
    folder: Option<&Path>,
    open: impl Fn() -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let Some(path) = folder.map(|folder| folder.join(FILE)) else { return open() };
    let opened = match open() {
        Err(EngineError::Full) if release(&path) => open(),
        other => other,
    }?;
    // As much as there is room for: less is no reason not to open.
    let _ = refill(&path);
    Ok(opened)
}

/// Whether there was any.
fn release(path: &PathBuf) -> bool {
    fs::remove_file(path).is_ok()
}

fn refill(path: &PathBuf) -> io::Result<()> {
    let mut file: File = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
    let mut octets = file.seek(SeekFrom::End(0))?;
    let zeros = [0; CHUNK_OCTETS];
    while octets < RESERVE_OCTETS {
        octets += file.write(&zeros)? as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn a_full_disk_is_opened_with_the_reserve() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE);
        let length = || fs::metadata(&path).map(|file| file.len()).ok();
        assert_eq!(with_reserve(Some(folder.path()), || Ok(1)), Ok(1));
        assert_eq!(length(), Some(RESERVE_OCTETS));
        let there = Cell::new(Vec::new());
        let opened = with_reserve(Some(folder.path()), || {
            there.set([there.take(), vec![length().is_some()]].concat());
            if length().is_some() { Err(EngineError::Full) } else { Ok(2) }
        });
        assert_eq!((opened, there.take()), (Ok(2), vec![true, false]));
        assert_eq!(length(), Some(RESERVE_OCTETS), "it is taken again");
        let damaged: Result<(), _> =
            with_reserve(Some(folder.path()), || Err(EngineError::Damaged("torn".into())));
        assert!(damaged.is_err());
        assert_eq!(length(), Some(RESERVE_OCTETS), "nothing else needs its room");
    }
}
