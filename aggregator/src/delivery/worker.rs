//! The shell of delivery: lease a letter, deliver it, settle it.
//!
//! At least once: a crash between delivery and settling leaves a lease that runs out, and the letter goes again as the
//! same message. A letter waits until the earlier open ones of its lane are settled.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use store::engine::Version;
use store::outbox::{Letter, LetterState};
use store::{Committed, EngineError};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::route::{self, Fate, Lane};
use super::{Channel, Delivered, Ended};
use crate::scheduling::settled;
use crate::world::World;

/// A letter is a worker's for so many seconds.
const LEASE_SECONDS: i64 = 120;
/// A delivery that takes longer has failed; shorter than the lease, so that nobody else begins meanwhile.
const DELIVERY_SECONDS: u64 = 100;
/// Deliveries under way at the same time.
const AT_ONCE_MAX: usize = 8;
/// Letters looked at in one round.
const ROUND_MAX: usize = 256;
/// Letters looked at when the clock has gone back.
const PLANNED_ANEW_MAX: usize = 100_000;
/// Letters of an error's text that are kept.
const ERROR_MAX: usize = 500;

/// Delivers what is due. Cheap to clone.
#[derive(Clone)]
pub struct Courier {
    /// Store, clock, chance.
    world: World,
    /// The ways out, by name.
    channels: Arc<HashMap<String, Arc<dyn Channel>>>,
    /// When letters were looked at last: by the clock, UTC seconds, and by one that cannot be set.
    looked: Arc<Mutex<Option<(i64, Instant)>>>,
}

impl Courier {
    /// A courier with these ways out, by the name that letters carry (`mail` …).
    pub fn new(world: World, channels: HashMap<String, Arc<dyn Channel>>) -> Self {
        Self { world, channels: Arc::new(channels), looked: Arc::default() }
    }

    /// Delivers letters that are due, a few at once, and tells how many arrived.
    ///
    /// # Errors
    /// If the store cannot answer; letters that were leased by then go again when their lease has run out.
    pub async fn deliver_due(&self) -> Result<usize, EngineError> {
        if self.has_gone_back() {
            self.plan_anew().await?;
        }
        let due = self.world.store.letters_due(self.world.now().as_unix(), ROUND_MAX).await?;
        let places = Arc::new(Semaphore::new(AT_ONCE_MAX));
        let mut lanes = HashSet::new();
        let mut deliveries = JoinSet::new();
        for (letter, version) in due {
            let lane = Lane::of(&letter);
            if lane.as_ref().is_some_and(|lane| !lanes.insert(lane.clone())) {
                continue;
            }
            let (courier, places) = (self.clone(), Arc::clone(&places));
            deliveries.spawn(async move {
                let _place = places.acquire_owned().await;
                match lane {
                    Some(lane) => courier.walk(&lane).await,
                    None => courier
                        .deliver(letter, version)
                        .await
                        .map(|ended| usize::from(ended == Some(Ended::Arrived))),
                }
            });
        }
        let (mut arrived, mut failed) = (0, None);
        while let Some(ended) = deliveries.join_next().await {
            match ended {
                Ok(Ok(count)) => arrived += count,
                Ok(Err(error)) => failed = Some(error),
                // A panic of a channel: its letter is leased, counted as tried, and goes again.
                Err(fault) => tracing::error!(%fault, "a delivery met an internal fault"),
            }
        }
        failed.map_or(Ok(arrived), Err)
    }

    /// Whether the clock has been set back since the last look; at the first look nobody knows.
    fn has_gone_back(&self) -> bool {
        let (now, steady) = (self.world.now().as_unix(), Instant::now());
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = looked.replace((now, steady));
        before.is_none_or(|(then, at)| {
            let passed = i64::try_from(steady.duration_since(at).as_secs()).unwrap_or(i64::MAX);
            now.saturating_sub(then) < passed.saturating_sub(route::STEP_SECONDS)
        })
    }

    /// Makes the letters due that a clock which ran ahead has put off; those of before keep their order.
    async fn plan_anew(&self) -> Result<(), EngineError> {
        let now = self.world.now().as_unix();
        for (letter, version) in self.world.store.letters_due(i64::MAX - 1, PLANNED_ANEW_MAX).await? {
            if route::waits_too_long(&letter, now, LEASE_SECONDS) {
                // One of a delivery under way is settled as before, or goes again as the same message.
                let anew = Letter { due: now, leased_until: 0, ..letter };
                self.world.store.replace_letter(&anew, version).await?;
            }
        }
        Ok(())
    }

    /// When the next letter falls due, UTC seconds.
    ///
    /// # Errors
    /// If the store cannot answer.
    pub async fn next_due(&self) -> Result<Option<i64>, EngineError> {
        self.world.store.next_letter_due().await
    }

    /// Delivers the letters of a lane one after the other, until one has to wait.
    pub(crate) async fn walk(&self, lane: &Lane) -> Result<usize, EngineError> {
        let mut arrived = 0;
        // The first must be due; those behind it wait for it and for nothing else.
        let mut released = false;
        loop {
            let place = (lane.channel.as_str(), lane.destination.as_str());
            let topic = self.world.store.letters_open(&lane.topic, place).await?;
            let now = self.world.now().as_unix();
            let open = lane.open(&topic);
            let Some(((first, version), behind)) = open.split_first() else { return Ok(arrived) };
            let held = first.leased_until > now;
            if held || (first.due > now && !(released && first.attempts == 0)) {
                let until = first.due.max(first.leased_until);
                for (letter, version) in behind.iter().filter(|(letter, _)| letter.due < until) {
                    self.defer(letter, *version, until).await?;
                }
                return Ok(arrived);
            }
            match self.deliver(first.clone(), *version).await? {
                Some(Ended::Arrived) => arrived += 1,
                Some(Ended::Refused | Ended::GivenUp) => {}
                Some(Ended::Waits) => {
                    // Once more around the loop only to put the others behind it.
                    released = false;
                    continue;
                }
                None => return Ok(arrived),
            }
            released = true;
        }
    }

    /// Puts a letter behind the one it waits for, so that it is not looked at again and again.
    async fn defer(&self, letter: &Letter, version: Version, until: i64) -> Result<(), EngineError> {
        let mut later = letter.clone();
        later.due = until;
        // If it moved meanwhile, whoever moved it knows better.
        self.world.store.replace_letter(&later, version).await.map(|_| ())
    }

    /// Leases, delivers and settles one letter; `None` where another worker has it.
    async fn deliver(&self, letter: Letter, seen: Version) -> Result<Option<Ended>, EngineError> {
        let mut leased = letter;
        let now = self.world.now().as_unix();
        leased.attempts = leased.attempts.saturating_add(1);
        leased.leased_until = now + LEASE_SECONDS;
        // Should we not come back, it is due when the lease has run out.
        leased.due = leased.leased_until;
        let Committed::At(version) = self.world.store.replace_letter(&leased, seen).await? else {
            return Ok(None);
        };
        let delivered = match self.channels.get(&leased.channel) {
            None => Delivered::Later(format!("no way of delivery called \"{}\" is set up", leased.channel)),
            Some(channel) => {
                let limit = Duration::from_secs(DELIVERY_SECONDS);
                match tokio::time::timeout(limit, channel.deliver(&leased)).await {
                    Ok(delivered) => delivered,
                    Err(_) => Delivered::Later(format!("no end after {DELIVERY_SECONDS} s")),
                }
            }
        };
        self.settle(leased, version, delivered).await
    }

    async fn settle(
        &self,
        leased: Letter,
        seen: Version,
        delivered: Delivered,
    ) -> Result<Option<Ended>, EngineError> {
        let mut letter = leased.clone();
        let now = self.world.now().as_unix();
        letter.leased_until = 0;
        letter.due = now;
        let ended = match delivered {
            Delivered::Yes => {
                letter.state = LetterState::Delivered;
                letter.last_error = None;
                Ended::Arrived
            }
            Delivered::Never(reason) => {
                letter.state = LetterState::Dead;
                letter.last_error = Some(shortened(&reason));
                Ended::Refused
            }
            Delivered::Later(reason) => {
                letter.last_error = Some(shortened(&reason));
                match route::after_failure(&letter, now, self.world.draw_number()) {
                    Fate::Again(due) => {
                        letter.due = due;
                        Ended::Waits
                    }
                    Fate::Dead => {
                        letter.state = LetterState::Dead;
                        Ended::GivenUp
                    }
                }
            }
        };
        // What became of a scheduling message is written where its sender sees it, in the same commit.
        let told = settled::settle(&self.world, (&leased, &letter), (seen, ended)).await;
        let told = told.unwrap_or_else(|reason| {
            tracing::warn!(letter = letter.id.0, %reason, "the status of a message cannot be written");
            None
        });
        let committed = match told {
            Some(committed) => committed,
            None => self.world.store.replace_letter(&letter, seen).await?,
        };
        match committed {
            Committed::At(_) => Ok(Some(ended)),
            // The lease ran out and another worker has it.
            Committed::SeenHasMoved => Ok(None),
        }
    }
}

fn shortened(reason: &str) -> String {
    reason.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(ERROR_MAX).collect()
}
