//! Where backups are kept: named blobs, and the vault that is a folder.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;

/// Why a vault did not do as it was told.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// No room.
    #[error("there is no room left")]
    Full,
    /// It does not let us.
    #[error("no permission: {0}")]
    Refused(String),
    /// Anything else; it may be otherwise the next time.
    #[error("{0}")]
    Unreachable(String),
}

/// Named blobs. Names are parts of `[A-Za-z0-9._-]`, none of them `.` or `..`, divided by `/`.
#[async_trait]
pub trait Vault: Send + Sync + 'static {
    /// Where it is, for people: a folder, `s3://bucket/prefix`.
    fn place(&self) -> String;

    /// Keeps `octets` under `name`, in place of what was there; durable and whole on return.
    async fn put(&self, name: &str, octets: &[u8]) -> Result<(), VaultError>;

    /// What is kept under `name`.
    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError>;

    /// The names that begin with `prefix`, ascending.
    async fn list(&self, prefix: &str) -> Result<Vec<String>, VaultError>;

    /// Removes what is kept under `name`; nothing there is no error.
    async fn remove(&self, name: &str) -> Result<(), VaultError>;
}

/// Where files are that are being written.
const UNFINISHED: &str = ".unfinished";

/// A folder: a file a blob, written apart, synced, renamed, and the folder synced. What a crash has left half written is
/// cleared away before the first blob that is put.
#[derive(Debug)]
pub struct FolderVault {
    folder: PathBuf,
    is_cleared: Arc<AtomicBool>,
}

impl FolderVault {
    /// The vault in `folder`, which is made with the first blob.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), is_cleared: Arc::default() }
    }

    fn path(&self, name: &str) -> Result<PathBuf, VaultError> {
        let is_plain = |part: &str| {
            !part.is_empty()
                && !part.starts_with('.')
                && part.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"._-".contains(&octet))
        };
        if !name.split('/').all(is_plain) {
            return Err(VaultError::Refused(format!("`{name}` is no name of a blob")));
        }
        Ok(self.folder.join(name))
    }
}

#[async_trait]
impl Vault for FolderVault {
    fn place(&self) -> String {
        self.folder.display().to_string()
    }

    async fn put(&self, name: &str, octets: &[u8]) -> Result<(), VaultError> {
        let (root, path, octets) = (self.folder.clone(), self.path(name)?, octets.to_vec());
        let is_cleared = Arc::clone(&self.is_cleared);
        blocking(move || {
            let apart = root.join(UNFINISHED);
            make_folders(&root, &apart)?;
            if !is_cleared.swap(true, Ordering::Relaxed) {
                clear(&apart)?;
            }
            write(&root, &path, &octets)
        })
        .await
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        let path = self.path(name)?;
        blocking(move || absent_is_none(fs::read(path))).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        let (root, prefix) = (self.folder.clone(), prefix.to_owned());
        blocking(move || {
            let mut names = Vec::new();
            collect(&root, "", &prefix, &mut names)?;
            names.sort_unstable();
            Ok(names)
        })
        .await
    }

    async fn remove(&self, name: &str) -> Result<(), VaultError> {
        let path = self.path(name)?;
        blocking(move || {
            if absent_is_none(fs::remove_file(&path))?.is_some() {
                sync_folder(path.parent())?;
            }
            Ok(())
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, VaultError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done.map_err(|error| of_io(&error)),
        Err(error) => Err(VaultError::Unreachable(format!("the work was abandoned: {error}"))),
    }
}

fn of_io(error: &io::Error) -> VaultError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => VaultError::Full,
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => VaultError::Refused(error.to_string()),
        _ => VaultError::Unreachable(error.to_string()),
    }
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn sync_folder(folder: Option<&Path>) -> io::Result<()> {
    folder.map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Makes `folder` and those between it and `root`, with names that survive a power cut.
fn make_folders(root: &Path, folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    make_private(folder)?;
    folder
        .ancestors()
        .take_while(|made| made.starts_with(root))
        .try_for_each(|made| sync_folder(made.parent()))
}

/// Removes what nobody writes any more: whoever writes a file has it locked, where that can be done.
fn clear(apart: &Path) -> io::Result<()> {
    for file in fs::read_dir(apart)? {
        let path = file?.path();
        let is_left = File::open(&path).is_ok_and(|file| file.try_lock().is_ok());
        if is_left {
            absent_is_none(fs::remove_file(&path))?;
        }
    }
    Ok(())
}

fn write(root: &Path, path: &Path, octets: &[u8]) -> io::Result<()> {
    static WRITTEN: AtomicU64 = AtomicU64::new(0);
    let Some(folder) = path.parent() else { return Err(ErrorKind::InvalidInput.into()) };
    make_folders(root, folder)?;
    // Two that write the same blob, here or in another process, do not write the same file.
    let number = WRITTEN.fetch_add(1, Ordering::Relaxed);
    let apart = root.join(UNFINISHED).join(format!("{}-{number}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .open(&apart)
        .and_then(|mut file| {
            // Against being cleared away meanwhile; where files cannot be locked nothing is.
            let _ = file.lock();
            file.write_all(octets)?;
            file.sync_all()?;
            fs::rename(&apart, path)
        })
        .and_then(|()| sync_folder(Some(folder)));
    if written.is_err() {
        // What is left of it is in nobody's way; the error is what counts.
        let _ = fs::remove_file(&apart);
    }
    written
}

/// A backup tells as much as the store: others have no business in it.
fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.recursive(true).create(folder)
}

fn collect(folder: &Path, at: &str, prefix: &str, names: &mut Vec<String>) -> io::Result<()> {
    let Some(entries) = absent_is_none(fs::read_dir(folder))? else { return Ok(()) };
    for entry in entries {
        let entry = entry?;
        let Ok(part) = entry.file_name().into_string() else { continue };
        let name = format!("{at}{part}");
        if part.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            let inner = format!("{name}/");
            // Only where names with the prefix can be.
            if inner.starts_with(prefix) || prefix.starts_with(&inner) {
                collect(&entry.path(), &inner, prefix, names)?;
            }
        } else if name.starts_with(prefix) {
            names.push(name);
        }
    }
    Ok(())
}
