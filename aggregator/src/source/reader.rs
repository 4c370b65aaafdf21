//! The reader: one thread that reads feeds, one after another.
//!
//! Reading a feed takes long to compute, so it does not belong on the reactor; and while it is read it takes many times
//! its own memory, so two at once would cost a small machine what it does not have. One thread also gives that memory
//! back to itself: what the first feed took, the next one takes again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};

use tokio::sync::oneshot;

use crate::source::SourceError;

type Work = Box<dyn FnOnce() + Send>;

/// The thread's queue; it lives as long as the process.
static QUEUE: OnceLock<Option<Sender<Work>>> = OnceLock::new();

/// Runs `work` when its turn comes; a fault in it is its answer's, not the program's.
///
/// # Errors
/// If `work` broke off.
pub(crate) async fn read<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SourceError> {
    let (answer, answered) = oneshot::channel();
    let work: Work = Box::new(move || {
        if let Ok(done) = catch_unwind(AssertUnwindSafe(work)) {
            // Whoever asked may have given up waiting.
            let _ = answer.send(done);
        }
    });
    let queue = QUEUE.get_or_init(begin).as_ref().ok_or_else(fault)?;
    queue.send(work).map_err(|_| fault())?;
    answered.await.map_err(|_| fault())
}

/// Runs `work` that waits for a disk, which may be a dead one: on a thread of its own, so that it costs nobody else.
///
/// # Errors
/// If `work` broke off.
pub(crate) async fn fetch<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, SourceError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| fault())
}

fn fault() -> SourceError {
    SourceError::NotACalendar("the answer could not be read: an internal fault".into())
}

/// Starts the thread; `None` where the system gives no more threads.
fn begin() -> Option<Sender<Work>> {
    let (sender, receiver) = channel::<Work>();
    let thread = std::thread::Builder::new().name("feeds".into());
    let started = thread.spawn(move || {
        for work in receiver {
            work();
        }
    });
    started.ok().map(|_| sender)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)] // a test may fail where it stands

    use super::*;

    #[tokio::test]
    async fn a_fault_costs_one_answer() {
        assert!(read(|| panic!("as told")).await.map(|(): ()| ()).is_err());
        assert_eq!(read(|| 7).await.unwrap(), 7);
    }
}
