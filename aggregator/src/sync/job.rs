//! One pull of one source: ask, compare, doubt, write, note.

use std::collections::BTreeMap;
use std::sync::Arc;

use calendar::collection::{CollectionName, ObjectName};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use calendar::zone::Zone;
use sha2::{Digest, Sha256};

use super::flight::Key;
use super::pull::{Asked, PullError, PullReport, Puller};
use super::reconcile::{self, Mirror, Mirrored, Plan};
use super::{LinkState, apply, doubt, mirror_of, schedule, shape, warnings};
use crate::gate::Edit;
use crate::owner::{Owner, SourceSettings};
use crate::reading::hex;
use crate::source::{Cursor, Snapshot, SourceError, Step, stamp, table};
use crate::world::{World, refusal_of};

/// Members read at once.
const PAGE: usize = 500;
/// A second equal answer to somebody who looks counts after so many seconds; two visitors in one moment are one.
const CONFIRM_SECONDS: i64 = 60;

/// A source to be pulled.
pub(super) struct Job<'a> {
    puller: &'a Puller,
    key: Key,
    owner: Arc<Owner>,
    settings: SourceSettings,
    mirror: CollectionName,
    now: Instant,
}

impl<'a> Job<'a> {
    /// The source called `key`, as the settings have it now.
    pub(super) fn find(puller: &'a Puller, key: Key) -> Result<Self, PullError> {
        let owner = puller.world.owner(&key.0).ok_or(PullError::NotConfigured)?;
        let settings = owner
            .sources
            .iter()
            .find(|source| source.id == key.1)
            .cloned()
            .ok_or(PullError::NotConfigured)?;
        let mirror = mirror_of(&key.0, &key.1);
        Ok(Self { puller, key, owner, settings, mirror, now: puller.world.now() })
    }

    /// A short hash of what decides whether an old failure still says anything.
    pub(super) fn fingerprint(&self) -> String {
        let text = format!("{}\0{}", table::wording(&self.settings.kind), self.settings.poll_seconds);
        hex(&Sha256::digest(text.as_bytes())[..4])
    }

    fn world(&self) -> &World {
        &self.puller.world
    }

    pub(super) async fn run(&self, asked: Asked) -> Result<PullReport, PullError> {
        let (state, _) = apply::link(self.world(), &self.key).await?;
        let left_alone = state.not_before.unwrap_or(0) - self.now.as_unix();
        if (1..=schedule::POLL_SECONDS_MAX).contains(&left_alone)
            && state.settings == self.fingerprint()
            && !schedule::was_tried_ahead(&state, self.now)
        {
            return Err(SourceError::Throttled(left_alone.unsigned_abs()).into());
        }
        let known = shape::exists(self.world(), &self.mirror, &self.settings.id).await;
        let known = match known {
            Ok(known) => known,
            Err(PullError::Source(error)) => return self.fail(&error).await,
            Err(error) => return Err(error),
        };
        if known {
            shape::follow(self.world(), &self.mirror, &self.settings).await?;
        }
        let full = !known || schedule::is_full_due(&state, self.now);
        let cursor = state.cursor.clone().filter(|_| !full).map(Cursor);
        let opening =
            table::Opening { http: self.puller.http.clone(), now: self.now, limits: self.world().limits };
        let source = table::open(&self.settings.kind, opening);
        let taken = match source.changes(cursor.as_ref()).await {
            Ok(Step::Unchanged) => self.unchanged(state).await,
            Ok(Step::Snapshot(snapshot)) => self.take(state, &snapshot, asked).await,
            Err(error) => return self.fail(&error).await,
        };
        if let Err(error @ PullError::Refused(_)) = &taken {
            // Noting it may fail for the same reason; the caller is told in any case.
            let told = format!("{error}; {}", error.remedy());
            let _ = self.note(told, &SourceError::Unreachable(String::new())).await;
        }
        taken
    }

    /// Nothing has changed there; the settings may have changed here.
    async fn unchanged(&self, state: LinkState) -> Result<PullReport, PullError> {
        let zone = state.zone.as_deref().and_then(Zone::named);
        let named = shape::shape(self.world(), (&self.owner, &self.settings), zone.as_ref(), &state).await?;
        let mut next = self.good(state);
        next.named = Some(named);
        if next.suspect.take().is_some() {
            next.suspect_since = None;
            next.warnings.retain(|line| !line.starts_with(warnings::HELD));
        }
        let report =
            PullReport { events: next.events, warnings: next.warnings_total, ..PullReport::default() };
        apply::apply(self.world(), &self.key, &[], |_| next.clone()).await?;
        Ok(report)
    }

    /// Everything there is came: makes the mirror equal to it, as far as it is believed.
    async fn take(
        &self,
        state: LinkState,
        snapshot: &Snapshot,
        asked: Asked,
    ) -> Result<PullReport, PullError> {
        let zone = snapshot.zone.as_ref();
        let named = shape::shape(self.world(), (&self.owner, &self.settings), zone, &state).await?;
        let mirror = self.mirrored().await?;
        let mut plan = reconcile::plan(&mirror, snapshot);
        self.leave_restamped(&mut plan).await?;
        let held =
            doubt::doubt(&mirror, &plan, self.now).filter(|doubt| !self.confirms(&state, doubt, asked));
        if held.is_some() {
            plan.removed.clear();
        }
        let told = warnings::told(self.world(), &self.owner, (&self.settings, snapshot), self.now);
        let mut next = self.good(state.clone());
        next.named = Some(named);
        next.zone = zone.map(|zone| zone.name().to_owned());
        next.refresh_seconds = snapshot.refresh_seconds;
        next.last_full = Some(self.now.as_unix());
        // The old cursor is kept while there is doubt, so that the same question is asked a second time.
        if held.is_none() {
            next.cursor = Some(snapshot.cursor.0.clone());
        }
        next.suspect_since = held.as_ref().map(|doubt| match state.suspect_since {
            Some(since) if state.suspect.as_ref() == Some(&doubt.fingerprint) => since,
            _ => self.now.as_unix(),
        });
        next.suspect = held.as_ref().map(|doubt| doubt.fingerprint.clone());
        next.due = self.due(&next);
        let state_of = |applied: &apply::Applied| {
            let mut next = next.clone();
            next.events = mirror.len() + applied.added - applied.removed.min(mirror.len());
            if applied.added + applied.changed + applied.removed > 0 {
                next.last_changes = (applied.added, applied.changed, applied.removed);
            }
            let held = held.as_ref().map(|doubt| doubt.sentence.as_str());
            warnings::keep(&mut next, held, &applied.refused, &told);
            next
        };
        let applied = apply::apply(self.world(), &self.key, &self.edits(plan), state_of).await?;
        let state = state_of(&applied);
        Ok(PullReport {
            added: applied.added,
            changed: applied.changed,
            removed: applied.removed,
            events: state.events,
            warnings: state.warnings_total,
            held: held.map(|doubt| doubt.sentence),
        })
    }

    /// New and changed objects first: what moved to another name is busy twice for a moment, never free.
    fn edits(&self, plan: Plan) -> Vec<Edit> {
        let put = plan.added.into_iter().chain(plan.changed).map(|(name, octets)| (name, Some(octets)));
        let removed = plan.removed.into_iter().map(|name| (name, None));
        put.chain(removed)
            .map(|(member, octets)| Edit {
                name: ObjectName { collection: self.mirror.clone(), member },
                octets,
            })
            .collect()
    }

    async fn mirrored(&self) -> Result<Mirror, Refusal> {
        let mut mirror = BTreeMap::new();
        let mut after = None;
        loop {
            let page =
                self.world().store.members(&self.mirror, after.as_ref(), PAGE).await.map_err(refusal_of)?;
            let Some(last) = page.last() else { return Ok(mirror) };
            after = Some(last.member.clone());
            mirror.extend(page.into_iter().map(|facts| {
                let until = facts.reach.map(|reach| reach.end);
                (facts.member, Mirrored { version: facts.tag.0, until })
            }));
        }
    }

    /// Takes out of the plan what differs in nothing but its DTSTAMP.
    async fn leave_restamped(&self, plan: &mut Plan) -> Result<(), Refusal> {
        let mut changed = Vec::with_capacity(plan.changed.len());
        for (member, octets) in plan.changed.drain(..) {
            let name = ObjectName { collection: self.mirror.clone(), member };
            let held = self.world().store.object(&name).await.map_err(refusal_of)?;
            if !held.is_some_and(|held| stamp::same_but_stamp(&held.octets, &octets)) {
                changed.push((name.member, octets));
            }
        }
        plan.changed = changed;
        Ok(())
    }

    /// Whether this answer is the second that says the same.
    fn confirms(&self, state: &LinkState, doubt: &doubt::Doubt, asked: Asked) -> bool {
        let waited = self.now.as_unix() - state.suspect_since.unwrap_or(self.now.as_unix());
        state.suspect.as_ref() == Some(&doubt.fingerprint)
            && (asked == Asked::Plainly || waited >= CONFIRM_SECONDS)
    }

    /// The state after an answer.
    fn good(&self, mut state: LinkState) -> LinkState {
        state.last_good = Some(self.now.as_unix());
        state.last_try = state.last_good;
        state.failures = 0;
        state.error = None;
        state.not_before = None;
        state.settings = self.fingerprint();
        state.due = self.due(&state);
        state
    }

    fn due(&self, state: &LinkState) -> i64 {
        let chance = self.world().draw_number();
        schedule::after_success(self.now, self.settings.poll_seconds, state.refresh_seconds, chance)
    }

    /// Notes a failure and passes it on; the mirror stays as it is.
    async fn fail(&self, error: &SourceError) -> Result<PullReport, PullError> {
        self.note_failure(error).await?;
        Err(error.clone().into())
    }

    pub(super) async fn note_failure(&self, error: &SourceError) -> Result<(), Refusal> {
        self.note(format!("{error}; {}", error.remedy()), error).await
    }

    /// Notes what is to be told, and plans the next try as after `error`.
    async fn note(&self, told: String, error: &SourceError) -> Result<(), Refusal> {
        let (mut state, _) = apply::link(self.world(), &self.key).await?;
        state.last_try = Some(self.now.as_unix());
        state.failures = state.failures.saturating_add(1);
        state.error = Some(told);
        state.settings = self.fingerprint();
        let chance = self.world().draw_number();
        let plan = (self.settings.poll_seconds, state.failures);
        state.due = schedule::after_failure(self.now, error, plan, chance);
        state.not_before = matches!(error, SourceError::Throttled(_)).then_some(state.due);
        apply::apply(self.world(), &self.key, &[], |_| state.clone()).await?;
        Ok(())
    }
}
