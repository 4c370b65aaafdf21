//! A file that is only read, and what was to be written to it in memory.
//!
//! After an unclean end redb repairs its file before it reads. On a file system that has become read-only it may do
//! that here, and the reads go on.

use std::collections::BTreeMap;
use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::StorageBackend;

const PAGE_OCTETS: usize = 4096;

#[derive(Debug)]
pub(super) struct Overlay {
    file: File,
    /// Octets of the file below; the rest is zero.
    below: u64,
    above: Mutex<Above>,
}

#[derive(Debug)]
struct Above {
    octets: u64,
    pages: BTreeMap<u64, Vec<u8>>,
}

impl Overlay {
    /// Opens the file at `path`, which nobody may have open for writing.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        match file.try_lock_shared() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        let below = file.metadata()?.len();
        Ok(Self { file, below, above: Mutex::new(Above { octets: below, pages: BTreeMap::new() }) })
    }

    fn above(&self) -> MutexGuard<'_, Above> {
        self.above.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The content of a page, to be changed and put back.
    fn taken(&self, above: &mut Above, page: u64) -> io::Result<Vec<u8>> {
        if let Some(content) = above.pages.remove(&page) {
            return Ok(content);
        }
        let mut content = vec![0; PAGE_OCTETS];
        self.read_below(page * PAGE_OCTETS as u64, &mut content)?;
        Ok(content)
    }

    /// What lies below, zero where nothing does.
    fn read_below(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let there = usize::try_from(self.below.saturating_sub(offset)).unwrap_or(usize::MAX).min(out.len());
        let (from_file, beyond) = out.split_at_mut(there);
        beyond.fill(0);
        self.file.read_exact_at(from_file, offset)
    }
}

/// The parts of `length` octets from `offset` on: page, place in the page, place in what is read or written.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let from = usize::try_from(at % PAGE_OCTETS as u64).unwrap_or(0);
        let count = (PAGE_OCTETS - from).min(length - done);
        let part = done..done + count;
        done += count;
        (count > 0).then_some((at / PAGE_OCTETS as u64, from, part))
    })
}

impl StorageBackend for Overlay {
    fn len(&self) -> io::Result<u64> {
        Ok(self.above().octets)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let above = self.above();
        if offset.saturating_add(out.len() as u64) > above.octets {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        if above.pages.is_empty() {
            drop(above);
            return self.read_below(offset, out);
        }
        for (page, from, part) in parts(offset, out.len()) {
            let out = &mut out[part];
            match above.pages.get(&page) {
                Some(content) => out.copy_from_slice(&content[from..from + out.len()]),
                None => self.read_below(page * PAGE_OCTETS as u64 + from as u64, out)?,
            }
        }
        Ok(())
    }

    fn set_len(&self, octets: u64) -> io::Result<()> {
        let above = &mut *self.above();
        // What is cut off must be zero if the file grows again.
        if octets < above.octets {
            for page in octets / PAGE_OCTETS as u64..above.octets.div_ceil(PAGE_OCTETS as u64) {
                let start = page * PAGE_OCTETS as u64;
                let kept =
                    usize::try_from(octets.saturating_sub(start)).unwrap_or(PAGE_OCTETS).min(PAGE_OCTETS);
                let mut content = self.taken(above, page)?;
                content[kept..].fill(0);
                above.pages.insert(page, content);
            }
        }
        above.octets = octets;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let above = &mut *self.above();
        for (page, from, part) in parts(offset, data.len()) {
            let mut content = self.taken(above, page)?;
            content[from..from + part.len()].copy_from_slice(&data[part]);
            above.pages.insert(page, content);
        }
        above.octets = above.octets.max(offset + data.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn it_is_a_file_and_leaves_the_one_below_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let below: Vec<u8> = (0..20_000_u32).map(|i| u8::try_from(i % 251).unwrap()).collect();
        fs::write(&path, &below).unwrap();
        let overlay = Overlay::open(&path).unwrap();
        let mut model = below.clone();
        let steps: &[(usize, usize)] =
            &[(4_000, 200), (0, 9_000), (19_990, 30), (25_000, 4_096), (8_192, 4_096)];
        for (nth, (offset, length)) in steps.iter().enumerate() {
            let data = vec![u8::try_from(nth).unwrap() + 1; *length];
            overlay.write(*offset as u64, &data).unwrap();
            model.resize(model.len().max(offset + length), 0);
            model[*offset..offset + length].copy_from_slice(&data);
            let mut seen = vec![0; model.len()];
            overlay.read(0, &mut seen).unwrap();
            assert!(seen == model);
            assert_eq!(overlay.len().unwrap(), model.len() as u64);
        }
        for size in [18_001, 5_000, 12_288, 30_000] {
            overlay.set_len(size).unwrap();
            model.resize(usize::try_from(size).unwrap(), 0);
            let mut seen = vec![9; model.len() - 3];
            overlay.read(3, &mut seen).unwrap();
            assert!(seen == model[3..], "{size}");
        }
        assert!(overlay.read(29_999, &mut [0; 2]).is_err());
        assert!(fs::read(&path).unwrap() == below);
    }
}
