//! The rules of a VTIMEZONE (RFC 5545 §3.6.5).
//!
//! An observance holds from its onset (read with TZOFFSETFROM) until the next one of any observance. Before the first
//! onset, the offset that it changes from holds. Changes are reckoned by blocks of 64 years, when they are first asked
//! for, and kept: a question costs a search among the changes of its block, in whatever century it lies. Of far
//! centuries only so many are kept; beyond, the years around a question are reckoned for it alone.

mod read;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use super::onsets::OnsetRule;
use super::{Change, Zone};
use crate::time::Instant;

/// Seconds of a block, and how many there are from the year 1 to the year 9999.
const BLOCK_SECONDS: i64 = 64 * 31_556_952;
const BLOCKS: usize = 157;

/// The blocks that are always kept, years 1600 to 2400.
const NEAR_BLOCKS: std::ops::RangeInclusive<usize> = 24..=37;
/// Changes that are kept in all other blocks; a usual zone has 130 in each.
const FAR_KEPT_MAX: usize = 8000;

/// Seconds that are reckoned on both sides of what is asked for.
const MARGIN_SECONDS: i64 = 366 * 86_400;

/// Seconds by which an offset from UTC may differ at most: a day and an hour.
const OFFSET_SECONDS_MAX: i64 = 25 * 3600;

/// What a VTIMEZONE says.
#[derive(Debug)]
pub(super) struct Definition {
    observances: Vec<Observance>,
    /// DTSTARTs and RDATEs, sorted, each with the number of its observance.
    onsets: Vec<(Instant, usize)>,
    /// The last year in which a rule may have an onset.
    rules_until: i16,
    /// The changes of each block, of the years beside it, and the last one before.
    blocks: Box<[OnceLock<Vec<Step>>]>,
    /// The number of changes in those that are far.
    far_kept: AtomicUsize,
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.observances == other.observances && self.onsets == other.onsets
    }
}

/// A change of the offset, which may change nothing.
#[derive(Clone, Copy, Debug)]
struct Step {
    at: Instant,
    before: i32,
    after: i32,
    observance: usize,
}

#[derive(Debug, PartialEq)]
struct Observance {
    daylight: bool,
    from: i32,
    to: i32,
    abbreviation: Option<Arc<str>>,
    rules: Vec<OnsetRule>,
}

impl Definition {
    fn new(mut observances: Vec<Observance>, mut onsets: Vec<(Instant, usize)>) -> Self {
        // Where all lead to one offset nothing changes after the first.
        if observances.windows(2).all(|pair| pair[0].to == pair[1].to) {
            for observance in &mut observances {
                observance.rules.clear();
            }
        }
        onsets.sort_unstable();
        onsets.dedup();
        let rules = observances.iter().flat_map(|observance| &observance.rules);
        let rules_until = rules.map(OnsetRule::last_year).max().unwrap_or(i16::MIN);
        let blocks = std::iter::repeat_with(OnceLock::new).take(BLOCKS).collect();
        Self { observances, onsets, rules_until, blocks, far_kept: AtomicUsize::new(0) }
    }

    /// Whether `zone` has the same offsets from 1970 to 2037.
    pub(super) fn equals(&self, zone: &Zone) -> bool {
        let end = Instant::from_unix(2_145_916_800);
        let mut at = Instant::from_unix(0);
        if self.offset_at(at) != zone.offset_at(at) {
            return false;
        }
        loop {
            let ours = self.next_change(at).filter(|change| change.at < end);
            let theirs = zone.next_change(at).filter(|change| change.at < end);
            match (ours, theirs) {
                (None, None) => return true,
                (Some(ours), Some(theirs)) if ours.at == theirs.at && ours.after == theirs.after => {
                    at = ours.at;
                }
                _ => return false,
            }
        }
    }

    pub(super) fn offset_at(&self, instant: Instant) -> i32 {
        self.around(instant, |changes| offset_among(changes, instant))
    }

    /// The instant at which clocks show what UTC clocks show at `as_utc`.
    pub(super) fn instant_of(&self, as_utc: Instant) -> Instant {
        let at = |offset: i32| as_utc.plus(-i64::from(offset));
        self.around(as_utc, |changes| {
            if let Some(first) = instants_among(changes, as_utc).first() {
                return *first;
            }
            // Within a gap the offset before it counts.
            let near = changes_near(changes, as_utc);
            let gap =
                near.iter().find(|change| at(change.before) >= change.at && at(change.after) < change.at);
            gap.map_or_else(|| at(offset_among(changes, as_utc)), |gap| at(gap.before))
        })
    }

    pub(super) fn instants_of(&self, as_utc: Instant) -> Vec<Instant> {
        self.around(as_utc, |changes| instants_among(changes, as_utc))
    }

    pub(super) fn next_change(&self, instant: Instant) -> Option<Change> {
        let (first_onset, last_onset) = (self.onsets.first()?.0, self.onsets.last()?.0);
        // Nothing changes before the first onset.
        for block in block_of(instant.max(first_onset))..BLOCKS {
            let (start, end) = bounds_of(block);
            // What a block builds on, and what follows it, is told right only by the block in which it lies.
            let next = |changes: &[Step]| {
                let later = &changes[changes.partition_point(|change| change.at <= instant)..];
                let mut within = later.iter().filter(|change| change.at >= start && change.at <= end);
                within.find(|change| change.before != change.after).copied()
            };
            if let Some(step) = self.within(block, next) {
                return self.change(step);
            }
            // What the next block may add lies behind the end of this one.
            if last_onset < end && self.rules_until < end.to_utc().year() {
                break;
            }
        }
        None
    }

    pub(super) fn last_change(&self, instant: Instant) -> Option<Change> {
        let first_onset = self.onsets.first()?.0;
        for block in (0..=block_of(instant)).rev() {
            let (start, _) = bounds_of(block);
            let last = |changes: &[Step]| {
                let earlier = &changes[..changes.partition_point(|change| change.at <= instant)];
                earlier.iter().rfind(|change| change.at >= start && change.before != change.after).copied()
            };
            if let Some(step) = self.within(block, last) {
                return self.change(step);
            }
            if start <= first_onset {
                break;
            }
        }
        None
    }

    /// Asks the changes around `instant`, the last one before it included.
    fn around<T>(&self, instant: Instant, ask: impl FnOnce(&[Step]) -> T) -> T {
        let block = block_of(instant);
        let is_kept = NEAR_BLOCKS.contains(&block)
            || self.known(block).is_some()
            || self.far_kept.load(Ordering::Relaxed) < FAR_KEPT_MAX;
        if is_kept { self.within(block, ask) } else { ask(&self.reckon(instant, instant)) }
    }

    /// Asks the changes of a block and of a year on both sides, and the last one before these.
    fn within<T>(&self, block: usize, ask: impl FnOnce(&[Step]) -> T) -> T {
        if let Some(known) = self.known(block) {
            return ask(known);
        }
        let (start, end) = bounds_of(block);
        let changes = self.reckon(start, end);
        let has_room = || self.far_kept.fetch_add(changes.len(), Ordering::Relaxed) < FAR_KEPT_MAX;
        match self.blocks.get(block) {
            Some(place) if NEAR_BLOCKS.contains(&block) || has_room() => ask(place.get_or_init(|| changes)),
            _ => ask(&changes),
        }
    }

    fn known(&self, block: usize) -> Option<&Vec<Step>> {
        self.blocks.get(block)?.get()
    }

    /// All onsets from a year before `start` to a year after `end`, and what these build on, as changes; some change
    /// nothing.
    fn reckon(&self, start: Instant, end: Instant) -> Vec<Step> {
        let (start, end) = (start.plus(-MARGIN_SECONDS), end.plus(MARGIN_SECONDS));
        let first = self.onsets.partition_point(|(at, _)| *at <= start).saturating_sub(1);
        let last = self.onsets.partition_point(|(at, _)| *at <= end);
        let mut onsets: Vec<(Instant, usize)> = self.onsets.get(first..last).unwrap_or_default().to_vec();
        for (number, observance) in self.observances.iter().enumerate() {
            // A reading may lie in another year than its instant.
            let years = (
                start.plus(-OFFSET_SECONDS_MAX).to_utc().year(),
                end.plus(OFFSET_SECONDS_MAX).to_utc().year(),
            );
            let locals = observance.rules.iter().flat_map(|rule| rule.onsets(years.0, years.1));
            onsets.extend(
                locals.map(|local| (Instant::from_utc(local).plus(-i64::from(observance.from)), number)),
            );
        }
        if !onsets.iter().any(|(at, _)| *at <= start) {
            // The first of all says what holds before it, and the last of those at that instant what holds from it on.
            let first = self.onsets.first().map(|(at, _)| *at);
            onsets.extend(self.onsets.iter().take_while(|(at, _)| Some(*at) == first));
        }
        onsets.sort_unstable();
        let mut changes: Vec<Step> = Vec::with_capacity(onsets.len());
        for (at, number) in onsets {
            let Some(observance) = self.observances.get(number) else { continue };
            let before = changes.last().map_or(observance.from, |last| last.after);
            // Of two onsets at one instant the one that stands later holds.
            let same = changes.pop_if(|last| last.at == at);
            let before = same.map_or(before, |same| same.before);
            changes.push(Step { at, before, after: observance.to, observance: number });
        }
        changes
    }

    fn change(&self, step: Step) -> Option<Change> {
        let observance = self.observances.get(step.observance)?;
        Some(Change {
            at: step.at,
            before: step.before,
            after: step.after,
            daylight: observance.daylight,
            abbreviation: observance.abbreviation.clone(),
        })
    }
}

/// The block in which `instant` lies.
fn block_of(instant: Instant) -> usize {
    usize::try_from(instant.since(Instant::MIN) / BLOCK_SECONDS).map_or(0, |block| block.min(BLOCKS - 1))
}

/// Where a block begins and ends.
fn bounds_of(block: usize) -> (Instant, Instant) {
    let start = i64::try_from(block).map_or(Instant::MAX, |block| Instant::MIN.plus(block * BLOCK_SECONDS));
    (start, start.plus(BLOCK_SECONDS))
}

/// The offset at `instant`, of all `changes` around it.
fn offset_among(changes: &[Step], instant: Instant) -> i32 {
    match changes.partition_point(|change| change.at <= instant) {
        0 => changes.first().map_or(0, |first| first.before),
        after => changes[after - 1].after,
    }
}

/// The changes whose offsets may hold where UTC clocks would show what is shown at `as_utc`.
fn changes_near(changes: &[Step], as_utc: Instant) -> &[Step] {
    let from = changes.partition_point(|change| change.at < as_utc.plus(-OFFSET_SECONDS_MAX));
    let to = changes.partition_point(|change| change.at <= as_utc.plus(OFFSET_SECONDS_MAX));
    changes.get(from..to).unwrap_or_default()
}

fn instants_among(changes: &[Step], as_utc: Instant) -> Vec<Instant> {
    let near = changes_near(changes, as_utc);
    let mut offsets = vec![offset_among(changes, as_utc.plus(-OFFSET_SECONDS_MAX))];
    offsets.extend(near.iter().map(|change| change.after));
    offsets.sort_unstable();
    offsets.dedup();
    // The greater the offset, the earlier the instant.
    let instants = offsets.into_iter().rev().map(|offset| (as_utc.plus(-i64::from(offset)), offset));
    let mut instants: Vec<Instant> = instants
        .filter(|(instant, offset)| offset_among(changes, *instant) == *offset)
        .map(|(instant, _)| instant)
        .collect();
    instants.dedup();
    instants
}
