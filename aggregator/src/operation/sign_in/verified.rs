//! What was found right or wrong a short while ago, and whose turn it is to compute.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use calendar::refusal::Refusal;
use calendar::time::Instant;
use tokio::sync::{Semaphore, SemaphorePermit};

/// Seconds for which a credential that was found right is not computed again.
const REMEMBER_SECONDS: i64 = 300;
/// Wrong passwords for one name before it has to wait.
const FAILURES_MAX: u32 = 10;
/// Seconds after which a wrong password is forgotten.
const FAILURE_SECONDS: i64 = 60;
/// Names and credentials remembered at most.
const REMEMBERED_MAX: usize = 10_000;

/// Credentials that were found right or wrong a short while ago.
pub struct Verified {
    right: Mutex<Right>,
    wrong: Mutex<HashMap<String, (u32, Instant)>>,
    computing: Semaphore,
}

/// What was found right, and how often everything was forgotten: what was computed from passwords read before that
/// must not be remembered after it.
#[derive(Default)]
struct Right {
    forgotten: u64,
    known: HashMap<[u8; 32], (Found, Instant)>,
}

/// Whose a credential is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// The owner's id.
    pub(super) owner: String,
    /// The id of the device's own password, if it is one.
    pub(super) device: Option<String>,
}

impl Default for Verified {
    fn default() -> Self {
        Self { right: Mutex::default(), wrong: Mutex::default(), computing: Semaphore::new(2) }
    }
}

impl Verified {
    /// A turn to compute a password's hash.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.computing.acquire().await.map_err(|_| Refusal::Contended)
    }

    /// Forgets every credential (one was revoked, or the settings have changed).
    pub fn forget_all(&self) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right.forgotten += 1;
        right.known.clear();
    }

    /// How often everything was forgotten.
    pub(super) fn forgotten(&self) -> u64 {
        self.right.lock().unwrap_or_else(PoisonError::into_inner).forgotten
    }

    /// Whose the credential was that was found right a short while ago.
    pub(super) fn remembered(&self, key: &[u8; 32], now: Instant) -> Option<Found> {
        let right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        right
            .known
            .get(key)
            .filter(|(_, until)| is_ahead(*until, now, REMEMBER_SECONDS))
            .map(|(found, _)| found.clone())
    }

    /// Remembers whose a credential is, unless everything was forgotten since it was read.
    pub(super) fn remember(&self, key: [u8; 32], found: &Found, (now, forgotten): (Instant, u64)) {
        let mut right = self.right.lock().unwrap_or_else(PoisonError::into_inner);
        if right.forgotten != forgotten {
            return;
        }
        if right.known.len() >= REMEMBERED_MAX {
            right.known.retain(|_, (_, until)| is_ahead(*until, now, REMEMBER_SECONDS));
        }
        if right.known.len() < REMEMBERED_MAX {
            right.known.insert(key, (found.clone(), now.plus(REMEMBER_SECONDS)));
        }
    }

    /// Seconds that `user` has to wait, if there were too many wrong passwords.
    pub(super) fn wait(&self, user: &str, now: Instant) -> Option<u64> {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let (count, until) = wrong.get(user)?;
        let left = until.since(now);
        (*count >= FAILURES_MAX && is_ahead(*until, now, FAILURE_SECONDS))
            .then(|| u64::try_from(left).unwrap_or(1))
    }

    /// Counts a wrong password for `user`.
    pub(super) fn failed(&self, user: &str, now: Instant) {
        let mut wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        if wrong.len() >= REMEMBERED_MAX {
            wrong.retain(|_, (_, until)| is_ahead(*until, now, FAILURE_SECONDS));
        }
        let entry = wrong.entry(user.to_owned()).or_insert((0, now));
        let count = if is_ahead(entry.1, now, FAILURE_SECONDS) { entry.0 + 1 } else { 1 };
        *entry = (count, now.plus(FAILURE_SECONDS));
    }
}

/// Whether `until` is still to come; one further ahead than anything is set was set by a clock that ran ahead.
fn is_ahead(until: Instant, now: Instant, seconds_max: i64) -> bool {
    (1..=seconds_max).contains(&until.since(now))
}
