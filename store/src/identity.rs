//! The store's identity, drawn once, and the mark of a store that does not hold all that it is to hold.

use std::sync::Arc;

use crate::backup::Entropy;
use crate::engine::{Commit, Committed, Engine, EngineError};
use crate::table::{damaged, json_row, read_json_row, tag};

/// The key of the row with the identity.
pub(crate) const IDENTITY: &[u8] = &[tag::IDENTITY];

/// The key of the row that says what is being brought into the store.
pub(crate) const UNFINISHED: &[u8] = &[tag::UNFINISHED];

/// The store's identity, 32 hexadecimal digits: the same over restores and copies, so that backups tell stores apart.
/// `None`: it has none yet (format 1).
pub async fn identity(engine: &Arc<dyn Engine>) -> Result<Option<String>, EngineError> {
    engine.get(IDENTITY).await?.map(|row| read_identity(&row.value)).transpose()
}

/// Reads the row with the identity.
pub(crate) fn read_identity(row: &[u8]) -> Result<String, EngineError> {
    let what = || "the store's identity".to_owned();
    let (_, id) = read_json_row::<String>(row, what)?;
    if id.len() == 32 && id.bytes().all(|octet| octet.is_ascii_hexdigit()) {
        Ok(id)
    } else {
        Err(damaged(what(), "it is not 32 hexadecimal digits"))
    }
}

/// The store's identity; draws one if it has none.
pub(crate) async fn ensure(engine: &Arc<dyn Engine>, entropy: Entropy<'_>) -> Result<String, EngineError> {
    loop {
        if let Some(id) = identity(engine).await? {
            return Ok(id);
        }
        let row = json_row(&[], &format!("{:032x}", u128::from_be_bytes(entropy())))?;
        let commit = Commit { expect: vec![(IDENTITY.into(), 0)], write: vec![(IDENTITY.into(), Some(row))] };
        // Where somebody else was faster, theirs is found with the next look.
        let _: Committed = engine.commit(commit).await?;
    }
}

/// What is being brought into the store and has not all come; then the store must not be used.
pub async fn unfinished(engine: &Arc<dyn Engine>) -> Result<Option<String>, EngineError> {
    engine.get(UNFINISHED).await?.map(|row| read_unfinished(&row.value)).transpose()
}

/// Reads the row that says what is being brought into the store.
pub(crate) fn read_unfinished(row: &[u8]) -> Result<String, EngineError> {
    Ok(read_json_row::<String>(row, || "the mark of a restore".to_owned())?.1)
}
