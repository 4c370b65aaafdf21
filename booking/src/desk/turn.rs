//! Bookings of one owner wait for one another within a desk and its clones, first come, first served.
//!
//! Only a courtesy: what keeps two bookings apart is the commit. But fifty requests for one owner at once would
//! overtake each other's commits again and again, and the unluckiest would be told to try later; in line, each thinks
//! once. Nothing else is waited for while in line but the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

use crate::desk::Desk;

/// Which desk (by where its hosts stand in memory), and which owner.
type Place = (usize, String);

/// One queue a place; a process has one desk, and owners are few and named by the settings.
static QUEUES: OnceLock<Mutex<HashMap<Place, Arc<Queue<()>>>>> = OnceLock::new();

/// Waits for the turn of `owner`; dropping it is the next one's turn.
pub(crate) async fn of(desk: &Desk, owner: &str) -> OwnedMutexGuard<()> {
    let place = (Arc::as_ptr(&desk.hosts).addr(), owner.to_owned());
    let queue = {
        let mut queues = QUEUES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(queues.entry(place).or_default())
    };
    queue.lock_owned().await
}
