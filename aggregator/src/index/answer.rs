//! Answers from the index where it can be believed, and from the objects elsewhere.

use calendar::busy::{BusyPeriod, BusySet};
use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use calendar::time::Span;

use super::state;
use crate::reading::Reading;
use crate::world::{World, refusal_of};

/// Members looked at in one step of a live expansion.
const PAGE: usize = 200;
/// How often a question looks at an index that is being rebuilt before it is answered live.
const LOOKS_MAX: usize = 4;
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

/// Adds the busy periods of a collection within `window`, from the index where it can be believed, live elsewhere;
/// without those of the members in `except`. They are not clipped.
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
        let (extent, version) = match state(world, collection).await? {
            Some((state, version)) => (state.extent(reading), version),
            None => break,
        };
        let Some(indexed) = window.intersection(extent) else { break };
        let rows = world.store.busy_in(collection, indexed).await.map_err(refusal_of)?;
        // A rebuild that began between the two reads may have taken rows away.
        if state(world, collection).await?.is_none_or(|(_, now)| now != version) {
            continue;
        }
        gathered.add(rows.into_iter().filter(|row| !except.contains(&row.member)).map(|row| row.period))?;
        let outside = [Span::new(window.start, indexed.start), Span::new(indexed.end, window.end)];
        for span in outside.into_iter().filter(|span| !span.is_empty()) {
            expand_live(world, collection, (reading, span), except, gathered).await?;
        }
        return Ok(());
    }
    expand_live(world, collection, (reading, window), except, gathered).await
}

async fn expand_live(
    world: &World,
    collection: &CollectionName,
    (reading, window): (&Reading, Span),
    except: &[MemberName],
    gathered: &mut Gathered,
) -> Result<(), Refusal> {
    let owner = collection.owner.as_str();
    let mut after = None;
    loop {
        let page = world.store.members(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.member.clone());
        for facts in page {
            if except.contains(&facts.member) {
                continue;
            }
            let name = ObjectName { collection: collection.clone(), member: facts.member };
            // Where it reaches was found by the zone of the last writing; read in any other it is within two days.
            let near = |reach: Span| {
                Span::new(reach.start.plus(-ZONES_SECONDS), reach.end.plus(ZONES_SECONDS)).overlaps(window)
            };
            if !facts.reach.is_some_and(near) {
                continue;
            }
            let Some(stored) = world.store.object(&name).await.map_err(refusal_of)? else { continue };
            let Ok(object) = CalendarObject::read(stored.octets, &world.limits) else { continue };
            gathered.add(reading.busy_of_kept(world, owner, (&object, window)).await?)?;
        }
    }
}
