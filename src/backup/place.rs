//! From settings to an archive: the vault that they name and the key that they give.

use std::sync::Arc;

use aggregator::ports::Clock;
use store::backup::{Archive, BackupKey, FolderVault, Vault};

use super::s3::S3Vault;
use crate::config::settings::{Backup, BackupPlace};
use crate::config::value::secret::Secret;

/// The vault at `place`.
///
/// # Errors
/// What is of no use in the settings.
pub fn vault(place: &BackupPlace, clock: &Arc<dyn Clock>) -> Result<Arc<dyn Vault>, String> {
    Ok(match place {
        BackupPlace::Folder(folder) => Arc::new(FolderVault::new(folder)),
        BackupPlace::S3(bucket) => Arc::new(S3Vault::new(bucket.clone(), Arc::clone(clock))?),
    })
}

/// The key that `secret` is.
///
/// # Errors
/// How it is written.
pub fn key(secret: Option<&Secret>) -> Result<Option<BackupKey>, String> {
    let read = |secret: &Secret| {
        BackupKey::parse(secret.reveal())
            .ok_or_else(|| "the key is not 32 octets in base64 or hexadecimal digits".to_owned())
    };
    secret.map(read).transpose()
}

/// The archive that the settings name, with its place for people.
///
/// # Errors
/// What is of no use in the settings.
pub fn archive(backup: &Backup, clock: &Arc<dyn Clock>) -> Result<(Archive, String), String> {
    let vault = vault(&backup.place, clock)?;
    let place = vault.place();
    Ok((Archive::new(vault, key(backup.key.as_ref())?), place))
}
