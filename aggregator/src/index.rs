//! How far the busy index of a collection can be believed, and keeping it so.
//!
//! The index covers an extent of whole years around now; what lies outside is expanded live, so the answer is exact at
//! any date and fast where people look. An index built on another basis (zone, owner's addresses) is not believed
//! until it is built anew. Derived state only: it may be rebuilt from the objects at any time.

use calendar::busy::BusyPeriod;
use calendar::civil;
use calendar::collection::CollectionName;
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use serde::{Deserialize, Serialize};
use store::engine::Version;
use store::objects::ObjectFacts;
use store::records::Table;
use store::{Change, Committed};

use crate::reading::Reading;
use crate::world::{World, refusal_of};

/// Where the state of each index is kept: key owner, collection.
const TABLE: Table = Table("index");
/// Members looked at in one step of a rebuild or a live expansion.
const PAGE: usize = 200;
/// Full years before the current one that are indexed.
const YEARS_BEFORE: i16 = 1;
/// Full years after the current one that are indexed.
const YEARS_AFTER: i16 = 1;

/// What an index holds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexState {
    /// From when it is whole, UTC seconds.
    pub from: i64,
    /// Until when, UTC seconds.
    pub until: i64,
    /// The basis it was built on.
    pub basis: String,
    /// From when writers index: at least `from` reaches back; further while an extension is under way.
    pub write_from: i64,
    /// Until when writers index.
    pub write_until: i64,
}

impl IndexState {
    /// The span over which the index answers for a reading; empty where it cannot be believed.
    pub fn extent(&self, reading: &Reading) -> Span {
        if self.basis == reading.basis() {
            Span::new(Instant::from_unix(self.from), Instant::from_unix(self.until))
        } else {
            Span::new(Instant::MIN, Instant::MIN)
        }
    }

    /// The span within which a writer indexes.
    pub fn writing(&self) -> Span {
        Span::new(Instant::from_unix(self.write_from), Instant::from_unix(self.write_until))
    }
}

/// The extent that an index should have at `now`: whole years, so that it moves once a year.
pub fn wanted_extent(now: Instant) -> Span {
    let year = now.to_utc().year();
    let first_of = |year: i16| {
        Instant::from_utc(
            civil::Date::new(year, 1, 1).unwrap_or_default().to_datetime(civil::Time::midnight()),
        )
    };
    Span::new(first_of(year.saturating_sub(YEARS_BEFORE)), first_of(year.saturating_add(YEARS_AFTER + 1)))
}

/// The state of the collection's index with its version; a fresh one is to be written by the first writer.
pub async fn state(
    world: &World,
    collection: &CollectionName,
) -> Result<Option<(IndexState, Version)>, Refusal> {
    world.store.record(TABLE, &[collection.owner.as_str(), collection.id.as_str()]).await.map_err(refusal_of)
}

/// Makes `change` depend on the state that its writer indexed by.
pub fn expect(change: &mut Change, collection: &CollectionName, version: Version) {
    change.expect_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], version);
}

/// Adds a new collection's index to `change`: whole, since the collection is empty.
pub fn begin(change: &mut Change, collection: &CollectionName, reading: &Reading, now: Instant) {
    let extent = wanted_extent(now);
    let state = IndexState {
        from: extent.start.as_unix(),
        until: extent.end.as_unix(),
        basis: reading.basis(),
        write_from: extent.start.as_unix(),
        write_until: extent.end.as_unix(),
    };
    change.put_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], &state, 0);
}

/// Adds the end of a collection's index to `change`.
pub fn end(change: &mut Change, collection: &CollectionName, version: Version) {
    change.remove_record(TABLE, &[collection.owner.as_str(), collection.id.as_str()], version);
}

/// Brings the index of a collection to the extent wanted now and to the basis in force, if it is not there yet.
///
/// Members are reindexed in steps; writers in between index by the wider extent and the new basis, so that nothing
/// is missed. Until the last step questions are answered live where the old index does not reach.
pub async fn refresh(world: &World, collection: &CollectionName) -> Result<bool, Refusal> {
    let Some(owner) = world.owner(collection.owner.as_str()) else { return Ok(false) };
    let Some((record, _)) = world.store.collection(collection).await.map_err(refusal_of)? else {
        return Ok(false);
    };
    let Some((before, version)) = state(world, collection).await? else { return Ok(false) };
    let reading = Reading::new(&owner, &record, &world.limits);
    let extent = wanted_extent(world.now());
    let basis = reading.basis();
    let whole = before.from <= extent.start.as_unix() && before.until >= extent.end.as_unix();
    if whole && before.basis == basis {
        return Ok(false);
    }
    let key = [collection.owner.as_str(), collection.id.as_str()];
    let widened = IndexState {
        write_from: before.write_from.min(extent.start.as_unix()),
        write_until: before.write_until.max(extent.end.as_unix()),
        ..before.clone()
    };
    let mut change = Change::new();
    change.put_record(TABLE, &key, &widened, version);
    let Committed::At(version) = world.store.commit(change).await.map_err(refusal_of)? else {
        return Err(Refusal::Contended);
    };
    reindex_members(world, collection, &reading, widened.writing()).await?;
    let done = IndexState { from: widened.write_from, until: widened.write_until, basis, ..widened };
    let mut change = Change::new();
    change.put_record(TABLE, &key, &done, version);
    match world.store.commit(change).await.map_err(refusal_of)? {
        Committed::At(_) => Ok(true),
        Committed::SeenHasMoved => Err(Refusal::Contended),
    }
}

async fn reindex_members(
    world: &World,
    collection: &CollectionName,
    reading: &Reading,
    extent: Span,
) -> Result<(), Refusal> {
    let mut after = None;
    loop {
        let page = world.store.members(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.member.clone());
        for facts in page.iter().filter(|facts| facts.shows.is_none()) {
            reindex_member(world, collection, facts, (reading, extent)).await?;
        }
    }
}

async fn reindex_member(
    world: &World,
    collection: &CollectionName,
    facts: &ObjectFacts,
    (reading, extent): (&Reading, Span),
) -> Result<(), Refusal> {
    let name =
        calendar::collection::ObjectName { collection: collection.clone(), member: facts.member.clone() };
    let Some(stored) = world.store.object(&name).await.map_err(refusal_of)? else { return Ok(()) };
    let Ok(object) = CalendarObject::read(stored.octets, &world.limits) else { return Ok(()) };
    let reach = calendar::recur::reach(&object, &reading.zone, &world.limits);
    let busy = reading.busy_of_kept(world, collection.owner.as_str(), (&object, extent)).await?;
    let mut change = Change::new();
    change.reindex(collection, facts, reach, &busy);
    // A member that moved meanwhile was indexed by whoever moved it.
    world.store.commit(change).await.map_err(refusal_of)?;
    Ok(())
}

/// The busy periods of a collection within `window`, from the index where it can be believed, live elsewhere; without
/// those of the members in `except`. Not merged, not clipped.
pub async fn busy_within(
    world: &World,
    collection: &CollectionName,
    (reading, window): (&Reading, Span),
    except: &[calendar::collection::MemberName],
) -> Result<Vec<BusyPeriod>, Refusal> {
    let extent = match state(world, collection).await? {
        Some((state, _)) => state.extent(reading),
        None => Span::new(Instant::MIN, Instant::MIN),
    };
    let mut periods = Vec::new();
    if let Some(indexed) = window.intersection(extent) {
        let rows = world.store.busy_in(collection, indexed).await.map_err(refusal_of)?;
        periods.extend(rows.into_iter().filter(|row| !except.contains(&row.member)).map(|row| row.period));
    }
    let outside = [
        Span::new(window.start, window.end.min(extent.start.max(window.start))),
        Span::new(window.start.max(extent.end.min(window.end)), window.end),
    ];
    let outside: Vec<Span> = if window.intersection(extent).is_none() {
        vec![window]
    } else {
        outside.into_iter().filter(|span| !span.is_empty()).collect()
    };
    for span in outside {
        periods.extend(expand_live(world, collection, (reading, span), except).await?);
    }
    Ok(periods)
}

async fn expand_live(
    world: &World,
    collection: &CollectionName,
    (reading, window): (&Reading, Span),
    except: &[calendar::collection::MemberName],
) -> Result<Vec<BusyPeriod>, Refusal> {
    let mut periods = Vec::new();
    let mut after = None;
    loop {
        let page = world.store.members(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some(last) = page.last() else { return Ok(periods) };
        after = Some(last.member.clone());
        for facts in page {
            if except.contains(&facts.member) || !facts.reach.is_some_and(|reach| reach.overlaps(window)) {
                continue;
            }
            let name =
                calendar::collection::ObjectName { collection: collection.clone(), member: facts.member };
            let Some(stored) = world.store.object(&name).await.map_err(refusal_of)? else { continue };
            let Ok(object) = CalendarObject::read(stored.octets, &world.limits) else { continue };
            let owner = collection.owner.as_str();
            periods.extend(reading.busy_of_kept(world, owner, (&object, window)).await?);
        }
    }
}
