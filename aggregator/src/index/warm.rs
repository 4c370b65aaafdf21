//! The index through what is kept of it in memory: buckets that are there are moved along, the others are read.

use std::collections::BTreeMap;

use calendar::busy::BusyPeriod;
use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use calendar::time::Span;
use store::busy_index::{buckets_of, span_of};
use store::collections::Head;

use super::answer::{LOOKS_MAX, expand_beyond, outside};
use super::{IndexState, state};
use crate::hot::{HotBucket, Read, Stand, Tally};
use crate::index::Gathered;
use crate::reading::Reading;
use crate::world::{World, refusal_of};

/// Buckets that are kept for one question at most: five and a half years.
pub const BUCKETS_HOT_MAX: i64 = 64;

/// Busy time of a collection by bucket.
pub(crate) struct Warm {
    /// Where the collection was.
    pub(crate) head: Head,
    /// One for each bucket that was asked for, in their order.
    pub(crate) buckets: Vec<HotBucket>,
}

/// The busy time of a collection in the buckets from `first` to `last`; `None` where the index cannot be believed, is
/// under way to another extent, or does not stand still.
///
/// # Errors
/// What the store says.
pub(crate) async fn buckets_within(
    world: &World,
    (collection, reading): (&CollectionName, &Reading),
    asked: (i64, i64),
) -> Result<Option<Warm>, Refusal> {
    let basis = reading.basis();
    let newest = || *world.store.engine().watch().borrow();
    let kept = |newest| world.hot.at_newest((collection, &basis), newest, asked);
    if let Some((head, buckets)) = kept(newest()) {
        return Ok(Some(Warm { head, buckets }));
    }
    let line = world.hot.reader(collection);
    let _turn = line.lock().await;
    for _ in 0..LOOKS_MAX {
        // The number first: what is committed after this moment makes it be looked at again.
        let newest = newest();
        if let Some((head, buckets)) = kept(newest) {
            return Ok(Some(Warm { head, buckets }));
        }
        let head = world.store.head(collection).await.map_err(refusal_of)?;
        let Some((state, index)) = state(world, collection).await? else { return Ok(None) };
        if !state.is_believed(reading) || !state.is_settled() {
            return Ok(None);
        }
        let stand = Stand { basis: basis.clone(), index, head };
        let moves = |from| world.store.busy_moves(collection, from, head.version);
        let found = world.hot.advance(collection, (&stand, newest), moves, asked);
        let missing: Vec<i64> =
            (asked.0..).zip(&found).filter(|(_, kept)| kept.is_none()).map(|(bucket, _)| bucket).collect();
        if missing.is_empty() {
            return Ok(Some(Warm { head, buckets: found.into_iter().flatten().collect() }));
        }
        let Some(read) = read(world, (collection, reading), &missing, (&state, &stand)).await? else {
            continue;
        };
        let mut sets = world.hot.put(collection, &stand, read).into_iter();
        let buckets: Option<Vec<HotBucket>> =
            found.into_iter().map(|kept| kept.or_else(|| sets.next().flatten())).collect();
        return Ok(buckets.map(|buckets| Warm { head, buckets }));
    }
    Ok(None)
}

/// Reads buckets of a collection, ascending; `None` if it has moved on meanwhile.
async fn read(
    world: &World,
    (collection, reading): (&CollectionName, &Reading),
    missing: &[i64],
    (index, stand): (&IndexState, &Stand),
) -> Result<Option<Vec<Read>>, Refusal> {
    let extent = index.extent(reading);
    let long = world.store.busy_long(collection).await.map_err(refusal_of)?;
    let beyond = beyond(world, (collection, reading), missing, extent).await?;
    let mut read = Vec::with_capacity(missing.len());
    for bucket in missing {
        let span = span_of(*bucket);
        let rows = world.store.busy_bucket(collection, *bucket).await.map_err(refusal_of)?;
        let expanded = beyond.get(bucket);
        let periods =
            rows.into_iter().chain(long.iter().copied()).chain(expanded.into_iter().flatten().copied());
        read.push(Read {
            bucket: *bucket,
            tally: Tally::new(span, periods),
            is_expanded: expanded.is_some(),
        });
    }
    let stands = |head: Head, index| head.version == stand.head.version && index == Some(stand.index);
    let head = world.store.head(collection).await.map_err(refusal_of)?;
    let index = state(world, collection).await?.map(|(_, version)| version);
    Ok(stands(head, index).then_some(read))
}

/// What members that are busy beyond the index make of those buckets that do not lie within its extent.
async fn beyond(
    world: &World,
    (collection, reading): (&CollectionName, &Reading),
    missing: &[i64],
    extent: Span,
) -> Result<BTreeMap<i64, Vec<BusyPeriod>>, Refusal> {
    let is_outside = |bucket: &i64| span_of(*bucket).intersection(extent) != Some(span_of(*bucket));
    let mut found: BTreeMap<i64, Vec<BusyPeriod>> =
        missing.iter().copied().filter(is_outside).map(|bucket| (bucket, Vec::new())).collect();
    let (Some(first), Some(last)) = (found.first_key_value(), found.last_key_value()) else {
        return Ok(found);
    };
    let window = Span::new(span_of(*first.0).start, span_of(*last.0).end);
    let mut gathered = Gathered::default();
    for span in outside(window, extent) {
        expand_beyond(world, collection, (reading, span), &[], &mut gathered).await?;
    }
    for period in gathered.into_set().periods() {
        let Some((first, last)) = buckets_of(period.span) else { continue };
        for (_, periods) in found.range_mut(first..=last) {
            periods.push(*period);
        }
    }
    Ok(found)
}

/// The buckets that a window of a question touches, if they are not too many to be kept.
pub(crate) fn hot_buckets(window: Span) -> Option<(i64, i64)> {
    buckets_of(window).filter(|(first, last)| last - first < BUCKETS_HOT_MAX)
}
