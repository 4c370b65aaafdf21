//! Writers of one owner's calendars wait for one another within a process, first come, first served.
//!
//! Only a courtesy: what keeps two changes apart is the commit. But many writers at once would overtake each other's
//! commits again and again, and the unluckiest would be told to try later; in line, each thinks once. Nothing else is
//! waited for while in line but the store.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Mutex as Queue, OwnedMutexGuard};

/// One queue an owner; owners are few and named by the settings.
#[derive(Default)]
pub struct Turns(Mutex<HashMap<String, Arc<Queue<()>>>>);

impl Turns {
    /// Waits for a turn with `owner`'s calendars; dropping it makes it the next one's turn.
    pub async fn of(&self, owner: &str) -> OwnedMutexGuard<()> {
        let queue = {
            let mut queues = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(queues.entry(owner.to_owned()).or_default())
        };
        queue.lock_owned().await
    }
}
