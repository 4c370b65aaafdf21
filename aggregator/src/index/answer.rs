//! Answers from the index where it can be believed, and from the objects that reach beyond it elsewhere.

use calendar::busy::{BusyPeriod, BusySet};
use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::object::Kind;
use calendar::refusal::Refusal;
use calendar::time::Span;

use super::state;
use crate::reading::Reading;
use crate::world::{World, refusal_of};
use crate::zones;

/// Members looked at in one step of a live expansion.
const PAGE: usize = 200;
/// Rows of the index read in one step.
const ROWS: usize = 4_000;
/// How often a question looks at an index that does not stand still.
pub(super) const LOOKS_MAX: usize = 4;
/// Separate stretches of busy time in one answer, at most.
const GATHERED_MAX: usize = 400_000;
/// No two readings of a date lie further apart.
const ZONES_SECONDS: i64 = 2 * 86_400;

/// Busy periods on their way into a set: merged now and then, so that they take no more room than what they cover.
#[derive(Default)]
pub struct Gathered {
    periods: Vec<BusyPeriod>,
    /// How many there were after the last merging.
    merged: usize,
}

impl Gathered {
    /// Adds some.
    ///
    /// # Errors
    /// [`Refusal::TooManyInstances`] if they cover too many separate stretches of time.
    pub fn add(&mut self, periods: impl IntoIterator<Item = BusyPeriod>) -> Result<(), Refusal> {
        self.periods.extend(periods);
        if self.periods.len() > self.merged + GATHERED_MAX / 4 {
            let set: BusySet = std::mem::take(&mut self.periods).into_iter().collect();
            self.periods = set.periods().to_vec();
            self.merged = self.periods.len();
            if self.merged > GATHERED_MAX {
                return Err(Refusal::TooManyInstances { limit: GATHERED_MAX });
            }
        }
        Ok(())
    }

    /// All of them as a set.
    pub fn into_set(self) -> BusySet {
        self.periods.into_iter().collect()
    }
}

/// Adds the busy periods of a collection within `window`: from the index what it holds, and of the members that are
/// busy beyond it what lies outside its extent; all live where it cannot be believed. Without those of the members in
/// `except`. They are not clipped.
///
/// # Errors
/// See [`Gathered::add`]; what the store says.
pub async fn busy_within(
    world: &World,
    collection: &CollectionName,
    (reading, window): (&Reading, Span),
    except: &[MemberName],
    gathered: &mut Gathered,
) -> Result<(), Refusal> {
    for _ in 0..LOOKS_MAX {
        let head = world.store.head(collection).await.map_err(refusal_of)?;
        let Some((state, version)) = state(world, collection).await? else { break };
        if !state.is_believed(reading) {
            break;
        }
        let mut found = Gathered::default();
        indexed_rows(world, collection, window, except, &mut found).await?;
        for span in outside(window, state.extent(reading)) {
            expand_beyond(world, collection, (reading, span), except, &mut found).await?;
        }
        // A rebuild that began between the reads may have taken rows away, and a member may have come to be indexed in
        // another way after the one was read and before the other: then it stands in neither. Where that goes on and on,
        // the members themselves are asked, each of which is read in one piece.
        let now = super::state(world, collection).await?.map(|(_, version)| version);
        let moved = world.store.head(collection).await.map_err(refusal_of)?.version != head.version;
        if now == Some(version) && !moved {
            return gathered.add(found.periods);
        }
    }
    expand_live(world, collection, (reading, window), except, gathered).await
}

/// The parts of `window` that `extent` does not hold.
pub(super) fn outside(window: Span, extent: Span) -> impl Iterator<Item = Span> {
    let parts = match window.intersection(extent) {
        Some(held) => [Span::new(window.start, held.start), Span::new(held.end, window.end)],
        None => [window, Span::new(window.end, window.end)],
    };
    parts.into_iter().filter(|span| !span.is_empty())
}

async fn indexed_rows(
    world: &World,
    collection: &CollectionName,
    window: Span,
    except: &[MemberName],
    gathered: &mut Gathered,
) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let (rows, next) =
            world.store.busy_page(collection, window, after.take(), ROWS).await.map_err(refusal_of)?;
        gathered.add(rows.into_iter().filter(|row| !except.contains(&row.member)).map(|row| row.period))?;
        match next {
            Some(next) => after = Some(next),
            None => return Ok(()),
        }
    }
}

/// Adds what the members that are busy beyond the index make of `window`, which lies outside its extent.
pub(super) async fn expand_beyond(
    world: &World,
    collection: &CollectionName,
    (reading, window): (&Reading, Span),
    except: &[MemberName],
    gathered: &mut Gathered,
) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = world.store.busy_beyond(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some((last, _)) = page.last() else { return Ok(()) };
        after = Some(last.clone());
        for (member, reach) in page {
            if !except.contains(&member) && is_near(reach, window) {
                expand(world, (collection, member), (reading, window), gathered).await?;
            }
        }
    }
}

async fn expand_live(
    world: &World,
    collection: &CollectionName,
    (reading, window): (&Reading, Span),
    except: &[MemberName],
    gathered: &mut Gathered,
) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = world.store.members(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.member.clone());
        for facts in page {
            let is_near = facts.reach.is_some_and(|reach| is_near(reach, window));
            if is_near && !except.contains(&facts.member) {
                expand(world, (collection, facts.member), (reading, window), gathered).await?;
            }
        }
    }
}

/// Where a member reaches was found by the zone of the last writing; read in any other it is within two days.
fn is_near(reach: Span, window: Span) -> bool {
    Span::new(reach.start.plus(-ZONES_SECONDS), reach.end.plus(ZONES_SECONDS)).overlaps(window)
}

async fn expand(
    world: &World,
    (collection, member): (&CollectionName, MemberName),
    (reading, window): (&Reading, Span),
    gathered: &mut Gathered,
) -> Result<(), Refusal> {
    let name = ObjectName { collection: collection.clone(), member };
    let Some(stored) = world.store.object(&name).await.map_err(refusal_of)? else { return Ok(()) };
    if stored.facts.kind == Kind::Availability {
        return Ok(());
    }
    let Ok(object) = zones::read_object(stored.octets, &world.limits) else { return Ok(()) };
    gathered.add(reading.busy_of_kept(world, collection.owner.as_str(), (&object, window)).await?)
}
