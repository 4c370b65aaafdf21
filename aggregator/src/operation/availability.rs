//! When an owner cannot be asked for at all: `calendar-availability` of the inbox (RFC 7953).
//!
//! It counts wherever everything of an owner is asked for, beside what calendars make busy. That it was read and
//! expanded is remembered: it changes seldom and is asked often.

use std::sync::Arc;

use calendar::busy::availability::read;
use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, hours};
use calendar::collection::CollectionName;
use calendar::limits::Limits;
use calendar::refusal::Refusal;
use calendar::time::Span;
use calendar::zone::Zone;

use crate::owner::Owner;
use crate::reading::zone_of;
use crate::world::{World, refusal_of};
use crate::zones::Remembered;

/// A longer window is expanded in pieces of this, or of a 256th of it if that is longer; seconds.
const PIECE_SECONDS: i64 = 366 * 86_400;
/// Pieces of a window at most.
const PIECES_MAX: i64 = 256;
/// Periods of all pieces; after them all is unavailable.
const PERIODS_MAX: usize = 100_000;

/// What an answer depends on.
#[derive(PartialEq)]
struct Key {
    text: String,
    zone: Zone,
    window: Span,
}

/// `busy` together with the time at which `owner` cannot be asked for, within `window`.
///
/// # Errors
/// If the store cannot be read.
pub async fn with_availability(
    world: &World,
    owner: &Owner,
    window: Span,
    busy: &BusySet,
) -> Result<BusySet, Refusal> {
    let unavailable = unavailable(world, owner, window).await?;
    Ok(busy.clipped(window).union(&unavailable))
}

/// When `owner` cannot be asked for, within `window`.
///
/// # Errors
/// If the store cannot be read.
pub async fn unavailable(world: &World, owner: &Owner, window: Span) -> Result<Arc<BusySet>, Refusal> {
    static EXPANDED: Remembered<Key, Arc<BusySet>> = Remembered::new();
    let inbox = CollectionName::new(&owner.id, "inbox");
    let record = world.store.collection(&inbox).await.map_err(refusal_of)?;
    let Some((mut record, _)) = record else { return Ok(Arc::default()) };
    let Some(text) = record.availability.take() else { return Ok(Arc::default()) };
    let zone = zone_of(owner, &record, &world.limits);
    let is_it = |key: &Key| key.text == text && key.zone == zone && key.window == window;
    Ok(EXPANDED.or_else(is_it, || {
        let busy = Arc::new(expanded(&text, &zone, window, &world.limits));
        (Key { text: text.clone(), zone: zone.clone(), window }, busy)
    }))
}

/// What cannot be computed must not look free.
fn expanded(text: &str, zone: &Zone, window: Span, limits: &Limits) -> BusySet {
    let never = |span: Span| BusyPeriod { span, kind: BusyType::Unavailable };
    let Ok(objects) = read(text, limits) else { return [never(window)].into_iter().collect() };
    let reading = BusyReading { zone, owner: &[], limits };
    let length = (window.seconds() / PIECES_MAX).max(PIECE_SECONDS);
    let mut periods = Vec::new();
    let mut from = window.start;
    while from < window.end {
        let piece = Span::new(from, from.plus(length).min(window.end));
        match hours(&objects, &reading, piece) {
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
