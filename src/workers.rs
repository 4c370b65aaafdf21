//! The background work: each loop is supervised, restarts with back-off when it panics, and stops when it is told to.

pub mod backup;
pub mod certificates;
pub mod tend;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::house::{House, Houses};
use crate::systemd;

/// The longest a loop sleeps without looking again: clocks jump, and a hint may be missed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// After a panic a loop waits this long at first, and twice as long each time, up to the limit.
const BACK_OFF_MIN: Duration = Duration::from_secs(1);
const BACK_OFF_MAX: Duration = Duration::from_secs(60);

/// A key that nothing is kept under: asking for it shows that the store answers.
pub const PROBE: &[u8] = b"\0probe";

/// How the loops fare, for `/readyz`.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<BTreeMap<&'static str, Fare>>>);

/// How one loop fares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fare {
    /// How often it had to be restarted.
    pub restarts: u32,
    /// Whether it waits to be restarted.
    pub down: bool,
}

impl Ledger {
    /// All loops by name.
    pub fn fares(&self) -> BTreeMap<&'static str, Fare> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note(&self, name: &'static str, change: impl FnOnce(&mut Fare)) {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(name).or_default());
    }
}

/// All loops, running.
pub struct Workers {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Workers {
    /// Starts every loop over whatever house is in force.
    pub fn start(houses: &Houses) -> Self {
        let workers = Self { tasks: TaskTracker::new(), stop: CancellationToken::new() };
        workers.supervise("sync", houses, sync);
        workers.supervise("deliver", houses, deliver);
        workers.supervise("tend", houses, tend::run);
        workers.supervise("backup", houses, backup::run);
        if !houses.current().certificates.is_empty() {
            workers.supervise("certificates", houses, certificates::run);
        }
        if let Some(period) = systemd::watchdog_period() {
            workers.supervise("watchdog", houses, move |watch| watchdog(watch, period));
        }
        workers.tasks.close();
        workers
    }

    /// Lets every loop end what it is doing, for at most `patience`; what is cut is done again at the next start.
    pub async fn stop(self, patience: Duration) {
        self.stop.cancel();
        let _ = tokio::time::timeout(patience, self.tasks.wait()).await;
    }

    fn supervise<F, W>(&self, name: &'static str, houses: &Houses, work: W)
    where
        W: Fn(Watch) -> F + Send + Sync + 'static,
        F: Future<Output = ()> + Send + 'static,
    {
        let (houses, stop, ledger) = (houses.clone(), self.stop.clone(), houses.current().workers.clone());
        ledger.note(name, |_| {});
        let lives = TaskTracker::new();
        self.tasks.spawn(async move {
            let mut pause = BACK_OFF_MIN;
            loop {
                let began = tokio::time::Instant::now();
                let life = lives.spawn(work(Watch { houses: houses.clone(), stop: stop.clone() })).await;
                if stop.is_cancelled() {
                    return;
                }
                let fault = life.err().map_or_else(|| "it ended".to_owned(), |fault| fault.to_string());
                tracing::error!(worker = name, fault, "a background loop broke off and is started again");
                // A loop that ran for a while has recovered from what broke it before.
                pause =
                    if began.elapsed() > BACK_OFF_MAX { BACK_OFF_MIN } else { (pause * 2).min(BACK_OFF_MAX) };
                ledger.note(name, |fare| {
                    fare.restarts += 1;
                    fare.down = true;
                });
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(pause) => ledger.note(name, |fare| fare.down = false),
                }
            }
        });
    }
}

/// What a loop works with.
pub struct Watch {
    houses: Houses,
    stop: CancellationToken,
}

impl Watch {
    /// The house in force.
    pub fn house(&self) -> Arc<House> {
        self.houses.current()
    }

    /// Waits for `wait`, or until another house is in force; whether to go on.
    pub async fn rest(&mut self, wait: Duration) -> bool {
        tokio::select! {
            () = self.stop.cancelled() => false,
            () = tokio::time::sleep(wait) => true,
            () = self.houses.changed() => true,
        }
    }
}

/// Asks sources when their time has come.
async fn sync(mut watch: Watch) {
    loop {
        let house = watch.house();
        let next = house.puller.run_due().await;
        let wait =
            seconds_until(next, house.world.now().as_unix()).clamp(Duration::from_millis(500), LOOK_AGAIN);
        if !watch.rest(wait).await {
            return;
        }
    }
}

/// Delivers letters when they are written, and again when they fall due.
async fn deliver(mut watch: Watch) {
    loop {
        let house = watch.house();
        // The hint is taken before the work, so that a letter written meanwhile wakes us again.
        let mut committed = house.world.store.engine().watch();
        committed.mark_unchanged();
        let wait = match house.courier.deliver_due().await {
            Ok(_) => match house.courier.next_due().await {
                Ok(Some(due)) => seconds_until(due, house.world.now().as_unix()),
                Ok(None) => LOOK_AGAIN,
                Err(_) => Duration::from_secs(5),
            },
            Err(error) => {
                tracing::error!(%error, "letters cannot be delivered just now");
                Duration::from_secs(5)
            }
        };
        // One that is due and was not delivered is another worker's, or behind one that waits: no busy loop for it.
        let wait = wait.clamp(Duration::from_millis(200), LOOK_AGAIN);
        let go_on = tokio::select! {
            go_on = watch.rest(wait) => go_on,
            // A moment's rest gathers what is written at once.
            _ = committed.changed() => watch.rest(Duration::from_millis(20)).await,
        };
        if !go_on {
            return;
        }
    }
}

/// Tells systemd that we are alive as long as the store answers.
async fn watchdog(mut watch: Watch, period: Duration) {
    loop {
        if watch.house().world.store.engine().get(PROBE).await.is_ok() {
            systemd::alive();
        }
        if !watch.rest(period).await {
            return;
        }
    }
}

fn seconds_until(due: i64, now: i64) -> Duration {
    Duration::from_secs(u64::try_from(due.saturating_sub(now)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ledger_counts_restarts() {
        let ledger = Ledger::default();
        ledger.note("sync", |fare| fare.restarts += 1);
        ledger.note("sync", |fare| fare.down = true);
        assert_eq!(ledger.fares()["sync"], Fare { restarts: 1, down: true });
    }

    #[test]
    fn what_is_overdue_is_due_now() {
        assert_eq!(seconds_until(5, 10), Duration::ZERO);
        assert_eq!(seconds_until(15, 10), Duration::from_secs(5));
    }
}
