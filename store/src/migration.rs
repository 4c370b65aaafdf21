//! Bringing a store of an older format to the one that this program writes.
//!
//! Steps lead from each format to the next. A step works in commits of bounded size and may be begun again after a crash
//! in the middle; only when it has ended is the store's format raised, which keeps older programs away from it.

use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

use calendar::time::Instant;

use crate::backup::{Archive, BackupError, Entropy, FolderVault};
use crate::engine::{Engine, EngineError, FORMAT};
use crate::identity;

/// What a step does.
type Work<'a> = Pin<Box<dyn Future<Output = Result<(), EngineError>> + Send + 'a>>;

/// From a format to the next one.
struct Step {
    from: u64,
    work: for<'a> fn(&'a Arc<dyn Engine>, Entropy<'a>) -> Work<'a>,
}

/// All steps, ascending.
const STEPS: [Step; 1] = [Step { from: 1, work: with_identity }];

/// Format 2: the store has an identity.
fn with_identity<'a>(engine: &'a Arc<dyn Engine>, entropy: Entropy<'a>) -> Work<'a> {
    Box::pin(async move { identity::ensure(engine, entropy).await.map(|_| ()) })
}

/// From which format to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The store's format.
    pub from: u64,
    /// The format that this program writes.
    pub to: u64,
}

/// Why a store cannot be used yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MigrationError {
    /// The store failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The backup that comes before a migration failed; nothing was changed.
    #[error("the store was not migrated, because the backup before it failed: {0}")]
    Backup(#[from] BackupError),
    /// A restore or copy into it did not end.
    #[error("the store holds only a part of {0}: remove its folder and begin again")]
    Unfinished(String),
}

/// Whether the store must be migrated before it is used.
///
/// # Errors
/// [`MigrationError::Unfinished`] if a restore or copy into it did not end; then it must not be used at all.
pub async fn needed(engine: &Arc<dyn Engine>) -> Result<Option<Needed>, MigrationError> {
    if let Some(what) = identity::unfinished(engine).await? {
        return Err(MigrationError::Unfinished(what));
    }
    let from = engine.format().await?;
    Ok((from < FORMAT).then_some(Needed { from, to: FORMAT }))
}

/// Makes the store ready for use: to be called whenever a store is opened to be worked with. Migrates it if need be;
/// `before` is called before the first step and must have kept the store when it returns. Gives a new store its
/// identity. What was migrated, if anything.
///
/// # Errors
/// [`MigrationError::Unfinished`] if a restore or copy into it did not end; [`MigrationError::Backup`] if `before`
/// fails, and nothing is changed then.
pub async fn run<F, B>(
    engine: &Arc<dyn Engine>,
    entropy: Entropy<'_>,
    before: F,
) -> Result<Option<Needed>, MigrationError>
where
    F: FnOnce(Needed) -> B + Send,
    B: Future<Output = Result<(), BackupError>> + Send,
{
    let needed = needed(engine).await?;
    if let Some(needed) = needed {
        before(needed).await?;
        for step in STEPS.iter().filter(|step| step.from >= needed.from) {
            (step.work)(engine, entropy).await?;
            engine.put_format(step.from + 1).await?;
            tracing::info!(from = step.from, to = step.from + 1, "the store was migrated");
        }
    }
    identity::ensure(engine, entropy).await?;
    Ok(needed)
}

/// [`run`] with a backup in `folder`/`before-format-N`, N being the format to come. It is not sealed, as the store
/// beside it is not, and nobody removes it but the operator.
///
/// # Errors
/// As [`run`].
pub async fn run_in(
    engine: &Arc<dyn Engine>,
    folder: &Path,
    now: Instant,
    entropy: Entropy<'_>,
) -> Result<Option<Needed>, MigrationError> {
    run(engine, entropy, |needed| async move {
        let vault = FolderVault::new(folder.join(format!("before-format-{}", needed.to)));
        let archive = Archive::new(Arc::new(vault), None);
        let snapshot = archive.take(engine, &[], now, entropy).await?;
        // It is the way back: it must be one.
        archive.verify(&snapshot).await.map(|_| ())
    })
    .await
}
