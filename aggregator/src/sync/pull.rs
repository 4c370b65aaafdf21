//! The shell of syncing: ask a source, think, write; once, for all that are due, or on demand.

use std::sync::{Arc, Mutex};

use calendar::refusal::Refusal;
use calendar::time::Instant;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::flight::{Flights, Key};
use super::job::Job;
use super::{LinkState, apply, schedule};
use crate::source::SourceError;
use crate::source::http::Fetcher;
use crate::world::World;

/// Sources asked at the same time by plan.
const PLANNED_MAX: usize = 4;
/// Sources asked at the same time because somebody waits.
const ON_DEMAND_MAX: usize = 16;
/// When nothing is linked the next look is so many seconds away.
const IDLE_SECONDS: i64 = 3600;
/// A round that could not even note its failures is followed by another after so many seconds at the earliest.
const ROUND_SECONDS_MIN: i64 = 5;

/// What a pull changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PullReport {
    /// Objects that are new in the mirror.
    pub added: usize,
    /// Objects that are other than before.
    pub changed: usize,
    /// Objects that are gone from it.
    pub removed: usize,
    /// Objects in it now.
    pub events: usize,
    /// What was read around or skipped.
    pub warnings: usize,
    /// Why something that is missing at the source stays for now.
    pub held: Option<String>,
}

/// Why a pull brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PullError {
    /// There is no such owner or source in the settings.
    #[error("there is no such source")]
    NotConfigured,
    /// The source gave no answer that can be used.
    #[error("{0}")]
    Source(#[from] SourceError),
    /// What it said could not be kept.
    #[error("it could not be kept: {0}")]
    Refused(#[from] Refusal),
}

impl PullError {
    /// What has to happen, for a person.
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::NotConfigured => "name a source of the settings",
            Self::Source(error) => error.remedy(),
            Self::Refused(_) => "it will be tried again; look at the disk and at the log if it stays",
        }
    }
}

/// Why a source is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// Its time has come, or a person asked for it.
    Plainly,
    /// Somebody looks at the calendar.
    OnDemand,
}

/// Keeps mirrors as their sources are. Cheap to clone; clones share the fetches under way.
#[derive(Clone)]
pub struct Puller {
    pub(super) world: World,
    pub(super) http: Fetcher,
    pub(super) shared: Arc<Shared>,
}

/// What the clones of a puller share.
pub(super) struct Shared {
    flights: Flights<Result<PullReport, PullError>>,
    /// Fetches that somebody waits for; they go on when the waiting ends.
    pub(super) on_demand: Mutex<JoinSet<()>>,
    pub(super) on_demand_places: Arc<Semaphore>,
    planned_places: Arc<Semaphore>,
}

impl Puller {
    /// A puller for the sources of the world's owners.
    pub fn new(world: World, http: Fetcher) -> Self {
        let shared = Shared {
            flights: Flights::new(),
            on_demand: Mutex::default(),
            on_demand_places: Arc::new(Semaphore::new(ON_DEMAND_MAX)),
            planned_places: Arc::new(Semaphore::new(PLANNED_MAX)),
        };
        Self { world, http, shared: Arc::new(shared) }
    }

    /// Asks a source now and makes its mirror equal to the answer. Whoever asks while another does gets its answer.
    ///
    /// A source that wants to be left alone is left alone.
    ///
    /// # Errors
    /// Named by remedy; the mirror stays as it was, and the failure stands in the link's state.
    pub async fn pull(&self, owner: &str, source: &str) -> Result<PullReport, PullError> {
        self.pull_as((owner.to_owned(), source.to_owned()), Asked::Plainly).await
    }

    pub(super) async fn pull_as(&self, key: Key, asked: Asked) -> Result<PullReport, PullError> {
        self.shared.flights.share(key.clone(), || async { Job::find(self, key)?.run(asked).await }).await
    }

    /// Asks all sources whose time has come, a few at once, and tells when the next falls due (UTC seconds).
    ///
    /// A failure, even a panic, of one source is that source's own.
    pub async fn run_due(&self) -> i64 {
        let mut pulls = JoinSet::new();
        let mut names = std::collections::HashMap::new();
        for key in self.configured() {
            if !self.is_due(&key).await {
                continue;
            }
            let (puller, place) = (self.clone(), Arc::clone(&self.shared.planned_places));
            let pulled = key.clone();
            let task = pulls.spawn(async move {
                let _place = place.acquire_owned().await;
                puller.pull_as(pulled, Asked::Plainly).await
            });
            names.insert(task.id(), key);
        }
        let mut unnoted = false;
        while let Some(ended) = pulls.join_next_with_id().await {
            match ended {
                Ok((_, Ok(_) | Err(PullError::Source(_)))) => {}
                Ok((_, Err(_))) => unnoted = true,
                Err(fault) => {
                    let Some(key) = names.get(&fault.id()) else { continue };
                    let error = SourceError::NotACalendar("an internal fault met while reading it".into());
                    let noted = match Job::find(self, key.clone()) {
                        Ok(job) => job.note_failure(&error).await.is_ok(),
                        Err(_) => true,
                    };
                    unnoted |= !noted;
                }
            }
        }
        let next = self.next_due().await;
        if unnoted { next.max(self.world.now().as_unix() + ROUND_SECONDS_MIN) } else { next }
    }

    /// When the next source falls due, UTC seconds.
    pub async fn next_due(&self) -> i64 {
        let now = self.world.now();
        let mut next = now.as_unix() + IDLE_SECONDS;
        for key in self.configured() {
            let due = match apply::link(&self.world, &key).await {
                Ok((state, _)) if self.may_be_asked(&key, &state, now) => now.as_unix(),
                Ok((state, _)) => state.due,
                Err(_) => now.as_unix() + ROUND_SECONDS_MIN,
            };
            next = next.min(due);
        }
        next
    }

    async fn is_due(&self, key: &Key) -> bool {
        match apply::link(&self.world, key).await {
            Ok((state, _)) => self.may_be_asked(key, &state, self.world.now()),
            // It fails again below, and is told there.
            Err(_) => true,
        }
    }

    fn may_be_asked(&self, key: &Key, state: &LinkState, now: Instant) -> bool {
        schedule::is_due(state, now)
            || Job::find(self, key.clone()).is_ok_and(|job| job.fingerprint() != state.settings)
    }

    /// The sources of all owners.
    fn configured(&self) -> Vec<Key> {
        let owners = self.world.owners();
        owners
            .iter()
            .flat_map(|owner| owner.sources.iter().map(|source| (owner.id.clone(), source.id.clone())))
            .collect()
    }
}
