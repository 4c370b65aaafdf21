//! Takes copies, one at a time, prunes what is too old, and knows how that goes.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aggregator::world::World;
use calendar::time::Instant;
use store::backup::{Archive, Keep, Pruned, SnapshotInfo, newest_at};
use tokio::time::Instant as Steady;

use super::schedule::{self, Calm, Known, Reading};
use super::{place, settings_copy};
use crate::config::settings::{Backup, Settings};

/// A copy that is overdue by so much is a fault of the service.
const LATE: Duration = Duration::from_secs(300);

/// Looks for the next second in one.
const SECOND_PARTS: u32 = 20;

/// The copies of a store: shared by whoever asks for one. Cheap to clone; lives as long as the store is open.
#[derive(Clone)]
pub struct Backups(Arc<Shared>);

struct Shared {
    started: Steady,
    /// Held while a copy is being taken.
    turn: tokio::sync::Mutex<()>,
    state: Mutex<State>,
}

/// How it goes, at one place.
#[derive(Clone, Debug, Default)]
struct State {
    /// The place that this is about; another one in the settings begins anew.
    place: Option<String>,
    /// The newest copy.
    newest: Option<SnapshotInfo>,
    success: Option<Steady>,
    tried: Option<Steady>,
    failures: u32,
    error: Option<String>,
    calm: Calm,
    /// When old copies were removed.
    pruned: Option<Steady>,
}

/// What is to happen to old copies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// They stay.
    Stay,
    /// They go when the settings say so.
    Go,
    /// The same, unless the clock has been set, or some were removed, lately.
    GoNowAndThen,
}

/// A copy that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Which.
    pub snapshot: SnapshotInfo,
    /// Where it lies, for people.
    pub place: String,
    /// What became of old ones; `Err`: they could not be removed, which the next time may mend.
    pub pruned: Result<Option<Pruned>, String>,
    /// Whether this is the first that succeeded after failures.
    pub recovered: bool,
    /// What of the settings was left out.
    pub left_out: Vec<String>,
}

impl Default for Backups {
    fn default() -> Self {
        Self(Arc::new(Shared {
            started: Steady::now(),
            turn: tokio::sync::Mutex::default(),
            state: Mutex::default(),
        }))
    }
}

impl Backups {
    /// Takes a copy now; waits for one that is being taken.
    ///
    /// # Errors
    /// Why there is none, for a person; it is noted for `/readyz` as well.
    pub async fn take(&self, settings: &Settings, world: &World, old: Old) -> Result<Taken, String> {
        let Some(backup) = &settings.backup else { return Err("no backup is configured".to_owned()) };
        let _turn = self.0.turn.lock().await;
        match self.try_take(settings, backup, world, old).await {
            Ok(taken) => Ok(taken),
            Err(error) => {
                let mut state = self.state();
                state.tried = Some(Steady::now());
                state.failures = state.failures.saturating_add(1);
                state.error = Some(error.clone());
                Err(error)
            }
        }
    }

    async fn try_take(
        &self,
        settings: &Settings,
        backup: &Backup,
        world: &World,
        old: Old,
    ) -> Result<Taken, String> {
        let (archive, place) = place::archive(backup, &world.clock)?;
        self.wait_for_another_second(world).await;
        let copied = settings_copy::of(settings.files.clone(), settings_copy::Secrets::of(backup)).await;
        let draw = || world.entropy.draw();
        let snapshot = archive
            .take(world.store.engine(), &copied.extras, world.now(), &draw)
            .await
            .map_err(|error| error.to_string())?;
        let recovered = self.note(&snapshot, &place);
        let pruned = self.prune(&archive, backup, world.now(), old).await;
        Ok(Taken { snapshot, place, pruned, recovered, left_out: copied.left_out })
    }

    /// Copies are told apart, and put in order, by the second in which they were taken.
    async fn wait_for_another_second(&self, world: &World) {
        let taken = self.state().newest.as_ref().map(|newest| newest.taken);
        for _ in 0..SECOND_PARTS {
            if taken != Some(world.now()) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1) / SECOND_PARTS).await;
        }
    }

    /// Notes a success; whether it ends a row of failures.
    fn note(&self, snapshot: &SnapshotInfo, place: &str) -> bool {
        let mut state = self.state();
        let recovered = state.failures > 0;
        let now = Steady::now();
        *state = State {
            place: Some(place.to_owned()),
            newest: Some(snapshot.clone()),
            success: Some(now),
            tried: Some(now),
            calm: state.calm,
            pruned: state.pruned,
            ..State::default()
        };
        recovered
    }

    async fn prune(
        &self,
        archive: &Archive,
        backup: &Backup,
        now: Instant,
        old: Old,
    ) -> Result<Option<Pruned>, String> {
        let every = every(backup);
        let reading = Reading { wall: now.as_unix(), steady: self.0.started.elapsed() };
        let (steady, lately) = {
            let mut state = self.state();
            let lately = state.pruned.is_some_and(|at| at.elapsed() < schedule::between_removals(every));
            (state.calm.note(reading, every), lately)
        };
        match old {
            Old::Stay => return Ok(None),
            Old::GoNowAndThen if !steady || lately => return Ok(None),
            _ => {}
        }
        let keep = Keep {
            all_for: backup.keep_seconds,
            daily_for: backup.keep_daily_seconds,
            monthly_for: backup.keep_monthly_seconds,
        };
        let pruned = archive.prune(keep, now).await.map_err(|error| error.to_string())?;
        if !pruned.deferred {
            self.state().pruned = Some(Steady::now());
        }
        Ok(Some(pruned))
    }

    /// How long to wait until the next copy. Looks at what lies there when it does not know.
    pub async fn wait(&self, backup: &Backup, world: &World) -> Duration {
        self.look(backup, world).await;
        let state = self.state();
        let known = Known {
            newest: state.newest.as_ref().map(|newest| newest.taken.as_unix()),
            up: self.0.started.elapsed(),
            since_success: state.success.map(|at| at.elapsed()),
            since_try: state.tried.map(|at| at.elapsed()),
            failures: state.failures,
        };
        schedule::wait(&known, world.now().as_unix(), every(backup))
    }

    /// Learns what the newest copy is, unless that is known. A place that does not answer is found out by taking one.
    async fn look(&self, backup: &Backup, world: &World) {
        let Ok((archive, place)) = place::archive(backup, &world.clock) else { return };
        if self.state().place.as_ref() == Some(&place) {
            return;
        }
        let found = archive.snapshots().await.unwrap_or_default();
        // One from the future was made by a clock that ran ahead; it counts if there is no other.
        let newest = newest_at(&found, world.now()).or_else(|| found.last()).cloned();
        let mut state = self.state();
        if state.place.as_ref() != Some(&place) {
            let calm = state.calm;
            *state = State { place: Some(place), newest, calm, ..State::default() };
        }
    }

    /// Whether it goes well, and how, for `/readyz`.
    pub fn health(&self, backup: &Backup, now: Instant) -> (bool, String) {
        let state = self.state();
        let age = match (&state.newest, state.success) {
            (_, Some(at)) => Some(at.elapsed()),
            (Some(newest), None) => {
                let seconds = now.as_unix().saturating_sub(newest.taken.as_unix());
                Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
            }
            (None, None) => None,
        };
        let told = match (&state.newest, age) {
            (Some(newest), Some(age)) => {
                format!("last good backup {} s ago, {} with {} rows", age.as_secs(), newest.name, newest.rows)
            }
            _ => "no backup yet".to_owned(),
        };
        // At the start an old one is about to be followed by another.
        let late = age.is_none_or(|age| age > every(backup) * 2 + LATE) && self.0.started.elapsed() > LATE;
        match &state.error {
            Some(error) => {
                (age.is_some_and(|age| age <= every(backup) * 2 + LATE), format!("{told}; {error}"))
            }
            None => (!late, told),
        }
    }

    /// Whether the last try failed.
    pub fn is_failing(&self) -> bool {
        self.state().failures > 0
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn every(backup: &Backup) -> Duration {
    Duration::from_secs(backup.every_seconds.unsigned_abs())
}
