//! What an owner is told about a source besides errors: what was read around, skipped, or held back.

use std::sync::Arc;

use calendar::busy::{self, BusyReading};
use calendar::object::CalendarObject;
use calendar::time::Instant;
use calendar::warning::{Warning, WarningKind};

use super::LinkState;
use crate::index;
use crate::owner::{Owner, SourceSettings};
use crate::source::{Snapshot, shortened};
use crate::world::World;

/// Lines kept with a link.
const KEPT_MAX: usize = 100;
/// Rules looked at for limits in one listing.
const RULES_MAX: usize = 100;
/// How the line about what is held back begins.
pub(super) const HELD: &str = "held back: ";

/// What a listing gives to tell.
pub(super) fn told(
    world: &World,
    owner: &Owner,
    (settings, snapshot): (&SourceSettings, &Snapshot),
    now: Instant,
) -> Vec<String> {
    let skipped = snapshot.skipped.iter().map(|what| format!("skipped: {what}"));
    let read_around = snapshot.warnings.iter().map(line);
    let zone = snapshot.zone.as_ref().or(settings.zone.as_ref()).unwrap_or(&owner.zone);
    let reading = BusyReading { zone, owner: &owner.addresses, limits: &world.limits };
    let extent = index::wanted_extent(now);
    // Only what repeats within a day can pass a limit; the others need no second look.
    let limits = snapshot
        .objects
        .iter()
        .filter(|remote| may_repeat_within_a_day(&remote.octets))
        .filter_map(|remote| CalendarObject::read(Arc::clone(&remote.octets), &world.limits).ok())
        .filter(repeats_within_a_day)
        .take(RULES_MAX)
        .filter(|object| busy::of_object(object, &reading, extent).is_err())
        .map(|object| {
            line(&Warning {
                kind: WarningKind::ExpansionLimit,
                line: object.components().next().map_or(0, |component| component.line),
                detail: shortened(object.uid()),
            })
        });
    skipped.chain(limits).chain(read_around).collect()
}

/// Writes what is to be told into the state: at most [`KEPT_MAX`] lines, the weightiest first, and their number.
pub(super) fn keep(state: &mut LinkState, held: Option<&str>, refused: &[String], told: &[String]) {
    let held = held.map(|sentence| format!("{HELD}{sentence}"));
    let refused = refused.iter().map(|what| format!("skipped: {what}"));
    state.warnings_total = usize::from(held.is_some()) + refused.len() + told.len();
    state.warnings = held.into_iter().chain(refused).chain(told.iter().cloned()).take(KEPT_MAX).collect();
}

/// `inverted, line 12: 20260101T… (The end lies before the start; …)`.
fn line(warning: &Warning) -> String {
    let (name, meaning) = (warning.kind.name(), warning.kind.meaning().trim());
    format!("{name}, line {}: {} ({meaning})", warning.line, shortened(&warning.detail))
}

/// What a rule that repeats within a day holds.
const FINE: &[&str] = &["SECONDLY", "MINUTELY", "HOURLY", "BYSECOND", "BYMINUTE", "BYHOUR"];

/// The same of a text, without reading it: `true` for all that do, and for some that do not.
fn may_repeat_within_a_day(octets: &[u8]) -> bool {
    // A long rule may be folded anywhere; one that is not folded holds the word as it is.
    let folded = || octets.windows(2).any(|two| two == b"\n " || two == b"\n\t");
    let holds =
        |word: &str| octets.windows(word.len()).any(|part| part.eq_ignore_ascii_case(word.as_bytes()));
    holds("RRULE") && (FINE.iter().any(|word| holds(word)) || folded())
}

fn repeats_within_a_day(object: &CalendarObject) -> bool {
    object.components().flat_map(|component| component.properties_named("RRULE")).any(|rule| {
        let rule = rule.value.to_ascii_uppercase();
        FINE.iter().any(|part| rule.contains(part))
    })
}
