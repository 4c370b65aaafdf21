//! What a key and a value may measure, the same for every engine.

use super::{Commit, EngineError};

/// Octets of a key. sled keeps 256 keys in one inner page, which must stay below a quarter of its segment.
pub const KEY_OCTETS_MAX: usize = 256;

/// Octets of a value.
pub const VALUE_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// Refuses a key that no engine would take.
pub(crate) fn check_key(key: &[u8]) -> Result<(), EngineError> {
    if key.is_empty() || key.len() > KEY_OCTETS_MAX {
        return Err(EngineError::Io(format!(
            "a key has {} octets, allowed are 1 to {KEY_OCTETS_MAX}",
            key.len()
        )));
    }
    Ok(())
}

/// Refuses a commit with a key or value that no engine would take, before it joins others in a group.
pub(crate) fn check_commit(commit: &Commit) -> Result<(), EngineError> {
    for (key, _) in &commit.expect {
        check_key(key)?;
    }
    for (key, value) in &commit.write {
        check_key(key)?;
        let octets = value.as_ref().map_or(0, Vec::len);
        if octets > VALUE_OCTETS_MAX {
            return Err(EngineError::Io(format!(
                "a value has {octets} octets, allowed are {VALUE_OCTETS_MAX}"
            )));
        }
    }
    Ok(())
}
