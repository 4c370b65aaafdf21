//! Writing a file anew in its place after a flush of it has failed.
//!
//! The operating system keeps showing what it could not put on disk, and after it has told of the failure once, no
//! later flush covers it. A store opened anew would read such pages, build on them and acknowledge what a power cut
//! then takes. Written again as they are seen they are the next flush's business, whether they had reached the disk or
//! not. A power cut meanwhile leaves what one before the flush would have left.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Octets read and written at once.
const CHUNK_OCTETS: usize = 256 * 1024;

/// Whether a flush may have failed, so that what is seen of the files may never reach the disk.
///
/// What the operating system shows outlives the process, and a mark beside the files does as well: it is not flushed,
/// for a power cut takes both.
#[derive(Debug, Default)]
pub(crate) struct Doubt {
    has_risen: AtomicBool,
    mark: Option<PathBuf>,
}

impl Doubt {
    /// One that is remembered by a file at `mark`.
    pub(crate) fn marked_by(mark: PathBuf) -> Self {
        Self { mark: Some(mark), ..Self::default() }
    }

    /// A flush may have failed.
    pub(crate) fn rise(&self) {
        self.has_risen.store(true, Ordering::Release);
        if let Some(mark) = &self.mark {
            // Where it cannot be made this process still knows.
            let _ = File::create(mark);
        }
    }

    pub(crate) fn is_risen(&self) -> bool {
        self.has_risen.load(Ordering::Acquire) || self.mark.as_ref().is_some_and(|mark| mark.exists())
    }

    /// All that is seen is on disk.
    pub(crate) fn settle(&self) {
        self.has_risen.store(false, Ordering::Release);
        if let Some(mark) = &self.mark {
            // One that stays has the files written anew once more.
            let _ = fs::remove_file(mark);
        }
    }
}

/// Writes all of the file at `path` again and flushes it, unless somebody has it locked, who may be writing what this
/// would undo ([`ErrorKind::WouldBlock`]); a file that is not there is no error.
pub(crate) fn rewrite(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    // Where files cannot be locked that is not guarded.
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        return Err(ErrorKind::WouldBlock.into());
    }
    rewrite_open(&file)
}

/// The same for a file that is open.
pub(crate) fn rewrite_open(file: &File) -> io::Result<()> {
    let mut chunk = vec![0; CHUNK_OCTETS];
    let mut offset = 0;
    loop {
        let count = match file.read_at(&mut chunk, offset) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        file.write_all_at(&chunk[..count], offset)?;
        offset += count as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        for octets in [0, 1, CHUNK_OCTETS, CHUNK_OCTETS * 2 + 17] {
            let content: Vec<u8> = (0..octets).map(|i| u8::try_from(i % 251).unwrap()).collect();
            fs::write(&path, &content).unwrap();
            rewrite(&path).unwrap();
            assert!(fs::read(&path).unwrap() == content);
        }
        rewrite(&folder.path().join("none")).unwrap();
        assert!(rewrite(folder.path()).is_err());
        let held = File::open(&path).unwrap();
        held.lock().unwrap();
        assert_eq!(rewrite(&path).unwrap_err().kind(), ErrorKind::WouldBlock);
    }

    #[test]
    fn a_doubt_outlives_the_process_until_it_is_settled() {
        let folder = tempfile::tempdir().unwrap();
        let doubt = || Doubt::marked_by(folder.path().join("doubt"));
        assert!(!doubt().is_risen());
        doubt().rise();
        assert!(doubt().is_risen());
        doubt().settle();
        assert!(!doubt().is_risen());
    }
}
