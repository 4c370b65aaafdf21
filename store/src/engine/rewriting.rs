//! Writing a file anew in its place after a flush of it has failed.
//!
//! The operating system keeps showing what it could not put on disk, and after it has told of the failure once, no
//! later flush covers it. A store opened anew would read such pages, build on them and acknowledge what a power cut
//! then takes. Written again as they are seen they are the next flush's business, whether they had reached the disk or
//! not. A power cut meanwhile leaves what one before the flush would have left.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Octets read and written at once.
const CHUNK_OCTETS: usize = 256 * 1024;

/// Writes all of the file at `path` again and flushes it; a file that is not there is no error.
pub(crate) fn rewrite(path: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().read(true).write(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
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
    }
}
