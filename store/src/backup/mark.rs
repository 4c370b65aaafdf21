//! Marks of work under way in a vault.
//!
//! Whoever takes a snapshot and whoever prunes may not know of each other. Each sets up a mark and then looks for the
//! other's: so at least one of the two sees the other, and stops. A mark holds the time at which it was last renewed; that
//! of somebody who crashed runs out some minutes later, before the next snapshot is due. Whoever finds that the own mark
//! was cleared away has been taken for dead and stops.

use std::pin::pin;
use std::time::Duration;

use calendar::time::Instant;
use tokio::time::Instant as Steady;

use super::seal::hexadecimal;
use super::{Archive, BackupError, Entropy};

/// How the marks of those who take snapshots begin.
pub(super) const TAKES: &str = "takes/";

/// How the marks of those who prune begin.
pub(super) const PRUNING: &str = "pruning/";

/// Seconds for which a mark counts after it was renewed: the clocks of two machines may differ by so much.
const TERM_SECONDS: i64 = 300;

/// How often a mark is renewed.
const RENEWAL: Duration = Duration::from_secs(30);

/// A mark that was set up.
pub(super) struct Mark {
    name: String,
    since: Instant,
    steady: Steady,
}

impl Mark {
    /// The time by which it is renewed now, UTC seconds.
    fn content(&self) -> String {
        let elapsed = i64::try_from(self.steady.elapsed().as_secs()).unwrap_or(i64::MAX);
        self.since.as_unix().saturating_add(elapsed).to_string()
    }
}

impl Archive {
    /// Sets up a mark.
    pub(super) async fn set_up(&self, name: String, now: Instant) -> Result<Mark, BackupError> {
        let mark = Mark { name, since: now, steady: Steady::now() };
        self.put(&mark.name, mark.content().as_bytes()).await?;
        Ok(mark)
    }

    /// Sets up the mark of a snapshot that is being taken.
    pub(super) async fn begin_take(&self, now: Instant, entropy: Entropy<'_>) -> Result<Mark, BackupError> {
        let mark = self.set_up(format!("{TAKES}{}", hexadecimal(&entropy())), now).await?;
        match self.is_marked(PRUNING, now).await {
            Ok(false) => Ok(mark),
            other => {
                self.end_take(&mark).await;
                other.and(Err(self.busy()))
            }
        }
    }

    /// Takes the mark away. One that stays only puts pruning off.
    pub(super) async fn end_take(&self, mark: &Mark) {
        if let Err(error) = self.take_down(mark).await {
            tracing::warn!(%error, "the mark of a backup stays, so that nothing is pruned for some minutes");
        }
    }

    /// Takes a mark away.
    pub(super) async fn take_down(&self, mark: &Mark) -> Result<(), BackupError> {
        self.remove(&mark.name).await
    }

    /// Does `work` and renews the mark as long as that takes.
    pub(super) async fn renewing<T>(
        &self,
        mark: &Mark,
        work: impl Future<Output = Result<T, BackupError>> + Send,
    ) -> Result<T, BackupError> {
        let mut work = pin!(work);
        loop {
            match tokio::time::timeout(RENEWAL, work.as_mut()).await {
                Ok(done) => return done,
                Err(_) => self.renew(mark).await?,
            }
        }
    }

    /// Renews a mark, unless somebody has cleared it away.
    pub(super) async fn renew(&self, mark: &Mark) -> Result<(), BackupError> {
        match self.vault.load(&mark.name).await.map_err(|reason| self.failed(reason))? {
            Some(_) => self.put(&mark.name, mark.content().as_bytes()).await,
            None => Err(self.busy()),
        }
    }

    /// Whether somebody has set up a mark that counts; others are cleared away.
    pub(super) async fn is_marked(&self, prefix: &str, now: Instant) -> Result<bool, BackupError> {
        let mut is_marked = false;
        for mark in self.list(prefix).await? {
            let content = self.vault.load(&mark).await.map_err(|reason| self.failed(reason))?;
            // Taken away since it was listed.
            let Some(content) = content else { continue };
            let renewed = std::str::from_utf8(&content).ok().and_then(|text| text.parse().ok());
            // Clocks of two machines may differ, either way.
            let counts = renewed.is_some_and(|at| {
                now.since(Instant::from_unix(at)).unsigned_abs() <= TERM_SECONDS.unsigned_abs()
            });
            if counts {
                is_marked = true;
            } else {
                self.remove(&mark).await?;
            }
        }
        Ok(is_marked)
    }

    fn busy(&self) -> BackupError {
        BackupError::Busy { place: self.vault.place() }
    }
}
