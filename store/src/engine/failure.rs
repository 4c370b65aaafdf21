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
