//! Bookings of one owner wait for one another within this process, first come, first served.
//!
//! Only a courtesy: what keeps two bookings apart is the commit. But fifty requests for one owner at once would
//! overtake each other's commits again and again, and the unluckiest would be told to try later; in line, each thinks
//! once. Nothing else is waited for while in line but the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// One queue an owner; owners are few and named by the settings.
static QUEUES: OnceLock<Mutex<HashMap<String, Arc<Queue<()>>>>> = OnceLock::new();

/// Waits for the turn of `owner`; dropping it is the next one's turn.
pub(crate) async fn of(owner: &str) -> OwnedMutexGuard<()> {
    let queue = {
        let mut queues = QUEUES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(owner.to_owned()).or_default())
    };
    queue.lock_owned().await
}
