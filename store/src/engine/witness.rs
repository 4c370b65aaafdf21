//! A witness of the newest commit beside the store, so that one that has vanished is missed.
//!
//! Damage to the pages of the newest commit alone looks to redb like a commit that never ended, and to sled like the end
//! of its log: either opens without it. So after each group the number of the newest commit is written to a small file.
//! It is not synced, for a second flush would double the price of a commit: after a power cut it may be some seconds
//! old, and then tells less, but never too much, for it is written only once the group is on disk. It names the
//! store's file by inode and time of birth and says nothing about another one, such as one restored from a backup.

use std::fs::{File, Metadata, OpenOptions};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use sha2::{Digest, Sha256};

use super::{EngineError, Version};

/// Version, inode and time of birth, and 8 octets of their digest.
const OCTETS: usize = 32;

/// The file, open.
pub(crate) struct Witness {
    path: PathBuf,
    file: File,
    store: [u8; 16],
}

impl Witness {
    /// The witness of the engine `name` in `folder`, whose data are in `store`; `None` if there can be none.
    pub(crate) fn open(folder: &Path, name: &str, store: &Path) -> Option<Self> {
        let path = folder.join(format!("kalends.{name}.newest"));
        let store = identity(&std::fs::metadata(store).ok()?);
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).ok()?;
        Some(Self { path, file, store })
    }

    /// Refuses a store whose newest commit, `found`, is older than the newest that was acknowledged.
    pub(crate) fn check(&self, found: Version) -> Result<(), EngineError> {
        match self.newest() {
            Some(newest) if newest > found => Err(EngineError::Damaged(format!(
                "its newest commit is {found}, but commit {newest} was acknowledged: the file was damaged or rolled back; \
                 restore the last backup, or remove {} to go on without what is missing",
                self.path.display()
            ))),
            _ => Ok(()),
        }
    }

    /// Writes down that `newest` is on disk. Failing is no reason not to acknowledge it.
    pub(crate) fn tell(&self, newest: Version) {
        let _ = self.file.write_all_at(&self.row(newest), 0);
    }

    fn newest(&self) -> Option<Version> {
        let mut row = [0; OCTETS];
        self.file.read_exact_at(&mut row, 0).ok()?;
        let newest = Version::from_be_bytes(*row.first_chunk::<8>()?);
        (row == self.row(newest)).then_some(newest)
    }

    fn row(&self, newest: Version) -> [u8; OCTETS] {
        let mut row = [0; OCTETS];
        row[..8].copy_from_slice(&newest.to_be_bytes());
        row[8..24].copy_from_slice(&self.store);
        let digest = Sha256::digest(&row[..24]);
        row[24..].copy_from_slice(&digest[..8]);
        row
    }
}

/// What stays the same of a file that is written in place, and is another in a copy of it.
fn identity(file: &Metadata) -> [u8; 16] {
    let born = file.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
    let born = born.and_then(|born| u64::try_from(born.as_nanos()).ok()).unwrap_or(0);
    let mut identity = [0; 16];
    identity[..8].copy_from_slice(&file.ino().to_be_bytes());
    identity[8..].copy_from_slice(&born.to_be_bytes());
    identity
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn witness(folder: &Path) -> Witness {
        Witness::open(folder, "test", &folder.join("data")).unwrap()
    }

    #[test]
    fn a_commit_that_vanished_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("data"), "").unwrap();
        let told = witness(folder.path());
        assert_eq!(told.check(0), Ok(()), "nothing was told");
        told.tell(7);
        for found in [7, 8] {
            assert_eq!(witness(folder.path()).check(found), Ok(()));
        }
        let Err(EngineError::Damaged(why)) = witness(folder.path()).check(6) else { panic!("not missed") };
        assert!(why.contains("commit 7 was acknowledged") && why.contains("kalends.test.newest"), "{why}");
    }

    #[test]
    fn a_torn_or_foreign_witness_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("data"), "").unwrap();
        witness(folder.path()).tell(7);
        // Restored from a backup: another file of the same name.
        fs::write(folder.path().join("other"), "").unwrap();
        fs::rename(folder.path().join("other"), folder.path().join("data")).unwrap();
        assert_eq!(witness(folder.path()).check(3), Ok(()));
        witness(folder.path()).tell(7);
        let path = folder.path().join("kalends.test.newest");
        let mut row = fs::read(&path).unwrap();
        row[7] = 200;
        fs::write(&path, &row).unwrap();
        assert_eq!(witness(folder.path()).check(3), Ok(()));
        fs::write(&path, &row[..9]).unwrap();
        assert_eq!(witness(folder.path()).check(3), Ok(()));
    }
}
