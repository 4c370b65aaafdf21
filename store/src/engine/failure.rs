//! What the operating system's errors mean for a store.

use std::io::{Error, ErrorKind};

use super::EngineError;

/// The error by its remedy.
pub(crate) fn of_io(error: &Error) -> EngineError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => EngineError::Full,
        ErrorKind::InvalidData | ErrorKind::UnexpectedEof => EngineError::Damaged(error.to_string()),
        _ => EngineError::Io(error.to_string()),
    }
}

/// The format of keys and rows that this program writes. Raised when an older program could not read a store.
pub(crate) const FORMAT: u64 = 1;

/// Refuses a store that a newer program has written.
pub(crate) fn check_format(found: u64) -> Result<(), EngineError> {
    if found > FORMAT {
        return Err(EngineError::Io(format!(
            "the store was written by a newer program (format {found}, this one knows {FORMAT}): start that one, or \
             restore the backup made before the upgrade"
        )));
    }
    if found < FORMAT {
        return Err(EngineError::Damaged(format!("the store has format {found}, which never was")));
    }
    Ok(())
}
