//! When an owner cannot be asked for at all: `calendar-availability` of the inbox, and the VAVAILABILITYs of calendars
//! (RFC 7953).
//!
//! They are judged together, by PRIORITY, wherever they are kept, and count beside what calendars make busy. That they
//! were read and expanded is remembered: they change seldom and are asked often.

use std::sync::Arc;

use calendar::busy::availability::{hours_of, read};
use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::collection::CollectionName;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use calendar::time::Span;
use calendar::zone::Zone;

use crate::index;
use crate::operation::free_busy::SeenBusy;
use crate::owner::Owner;
use crate::reading::zone_of;
use crate::scheduling::place::INBOX;
use crate::world::{World, refusal_of};
use crate::zones::{self, Remembered};

/// A longer window is expanded in pieces of this, or of a 256th of it if that is longer; seconds.
const PIECE_SECONDS: i64 = 366 * 86_400;
/// Pieces of a window at most.
const PIECES_MAX: i64 = 256;
/// Periods of all pieces; after them all is unavailable.
const PERIODS_MAX: usize = 100_000;

/// Where availability is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Where {
    /// In calendars.
    Calendars,
    /// In calendars, and at the inbox.
    Everywhere,
}

/// Availability as it is kept.
#[derive(Clone, PartialEq)]
enum Kept {
    /// The text of `calendar-availability`.
    Inbox(String),
    /// An object.
    Object(Arc<[u8]>),
}

/// What an answer depends on.
#[derive(Clone, PartialEq)]
struct Key {
    said: Vec<(Kept, Zone)>,
    window: Span,
}

/// All that makes `owner` busy within `window`: what was seen of the collections, and when they cannot be asked for.
///
/// # Errors
/// If the store cannot be read.
pub async fn with_availability(
    world: &World,
    owner: &Owner,
    (window, place): (Span, Where),
    seen: &SeenBusy,
) -> Result<Arc<BusySet>, Refusal> {
    let collections: Vec<&CollectionName> = seen.heads.iter().map(|(name, _)| name).collect();
    let unavailable = unavailable(world, owner, (window, place), &collections).await?;
    if unavailable.periods().is_empty() {
        return Ok(Arc::clone(&seen.busy));
    }
    Ok(Arc::new(seen.busy.clipped(window).union(&unavailable)))
}

/// When `owner` cannot be asked for within `window`, by what `collections` of theirs say, and perhaps the inbox.
///
/// # Errors
/// If the store cannot be read.
pub async fn unavailable(
    world: &World,
    owner: &Owner,
    (window, place): (Span, Where),
    collections: &[&CollectionName],
) -> Result<Arc<BusySet>, Refusal> {
    static EXPANDED: Remembered<Key, Arc<BusySet>> = Remembered::new();
    let mut said = Vec::new();
    for name in collections {
        let objects = index::availabilities(world, owner, name).await?;
        if objects.is_empty() {
            continue;
        }
        let record = world.store.collection(name).await.map_err(refusal_of)?;
        let Some((record, _)) = record else { continue };
        let zone = zone_of(owner, &record, &world.limits);
        said.extend(objects.iter().map(|octets| (Kept::Object(Arc::clone(octets)), zone.clone())));
    }
    if place == Where::Everywhere {
        let inbox = CollectionName::new(&owner.id, INBOX);
        let record = world.store.collection(&inbox).await.map_err(refusal_of)?;
        if let Some((mut record, _)) = record
            && let Some(text) = record.availability.take()
        {
            said.push((Kept::Inbox(text), zone_of(owner, &record, &world.limits)));
        }
    }
    if said.is_empty() {
        return Ok(Arc::default());
    }
    let asked = Key { said, window };
    let is_it = |key: &Key| *key == asked;
    Ok(EXPANDED.or_else(is_it, || (asked.clone(), Arc::new(expanded(&asked, &world.limits)))))
}

/// The objects that are kept so; an object that cannot be read says nothing, the inbox then says never.
fn objects(kept: &Kept, limits: &Limits) -> Option<Vec<CalendarObject>> {
    match kept {
        Kept::Inbox(text) => read(text, limits).ok(),
        Kept::Object(octets) => {
            Some(zones::read_object(Arc::clone(octets), limits).ok().into_iter().collect())
        }
    }
}

/// What cannot be computed must not look free.
fn expanded(Key { said, window }: &Key, limits: &Limits) -> BusySet {
    let never = |span: Span| BusyPeriod { span, kind: BusyType::Unavailable };
    let mut all = Vec::new();
    for (kept, zone) in said {
        let Some(objects) = objects(kept, limits) else { return [never(*window)].into_iter().collect() };
        all.extend(objects.into_iter().map(|object| (object, zone)));
    }
    let length = (window.seconds() / PIECES_MAX).max(PIECE_SECONDS);
    let mut periods = Vec::new();
    let mut from = window.start;
    while from < window.end {
        let piece = Span::new(from, from.plus(length).min(window.end));
        match hours_of(all.iter().map(|(object, zone)| (object, *zone)), limits, piece) {
            Ok(hours) if periods.len() <= PERIODS_MAX => periods.extend(hours.busy.periods()),
            Ok(_) => {
                periods.push(never(Span::new(from, window.end)));
                break;
            }
            Err(_) => periods.push(never(piece)),
        }
        from = piece.end;
    }
    periods.into_iter().collect()
}
