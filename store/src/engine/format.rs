//! The format of a store, so that an older program does not misread what a newer one wrote.

use super::EngineError;

/// The format of keys and rows that this program writes. Raised when an older program could not read a store; each
/// raise has its step in [`migration`](crate::migration).
pub const FORMAT: u64 = 2;

/// The oldest format that this program brings up to its own.
pub(crate) const OLDEST: u64 = 1;

/// Refuses a store that a newer program has written.
pub(crate) fn check_format(found: u64) -> Result<(), EngineError> {
    if found > FORMAT {
        return Err(EngineError::Io(format!(
            "the store was written by a newer program (format {found}, this one knows {FORMAT}): start that one, or \
             restore the backup made before the upgrade"
        )));
    }
    if found < OLDEST {
        return Err(EngineError::Damaged(format!("the store has format {found}, which never was")));
    }
    Ok(())
}
