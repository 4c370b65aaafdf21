//! The original starts of a series in a stretch of time: rules and RDATE, less EXRULE and EXDATE, overrides aside.

use std::collections::HashSet;

use super::ExpansionError;
use super::length::{Length, plus};
use super::series::{Described, Limit, Series, SeriesRule};
use crate::civil;
use crate::limits::Limits;
use crate::recur::day;
use crate::recur::expand::{Bounds, End, First, expand};
use crate::time::{DateOrTime, Instant};
use crate::zone::Zone;

/// One instance as the series has it.
#[derive(Clone, Debug)]
pub(super) struct Original {
    pub(super) at: Instant,
    pub(super) start: DateOrTime,
    /// The length of its own that a PERIOD has.
    pub(super) length: Option<Length>,
}

/// The stretch of original starts that is looked at, `[from, to)`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) from: Instant,
    pub(super) to: Instant,
    /// Instances from here on count towards the limit; earlier ones may reach into the window, or not.
    pub(super) counted_from: Instant,
}

/// Seconds that two clocks of one zone may differ within, around a change: a day and two hours to be sure.
const AROUND_SECONDS: i64 = 26 * 3600;

/// The original starts of `series` that its rules make in `stretch`, with DTSTART and all of RDATE; by time, each once.
pub(super) fn originals(
    series: &Series<'_>,
    stretch: Stretch,
    limits: &Limits,
) -> Result<Vec<Original>, ExpansionError> {
    let Some(master) = &series.master else { return Ok(Vec::new()) };
    let mut found = vec![Original { at: master.begins, start: master.start.clone(), length: None }];
    for date in &series.dates {
        found.push(Original {
            at: date.start.to_instant(series.zone),
            start: date.start.clone(),
            length: date.length.clone(),
        });
    }
    let mut counted = 0;
    for rule in &series.rules {
        readings(series, master, rule, (stretch, First::Counts), limits, |at, start| {
            counted += usize::from(at >= stretch.counted_from);
            found.push(Original { at, start, length: None });
            counted <= limits.instances_max
        })?;
    }
    let mut excluded = HashSet::new();
    for rule in &series.exclusion_rules {
        readings(series, master, rule, (stretch, First::AsRuled), limits, |at, _| {
            excluded.insert(at);
            excluded.len() <= limits.steps_max
        })?;
    }
    let clock = master.start.zone(series.zone);
    found.retain(|original| {
        !excluded.contains(&original.at)
            && !series.excluded.contains(&original.at)
            && (series.excluded_days.is_empty()
                || !series.excluded_days.contains(&clock.local_of(original.at).date()))
    });
    // A PERIOD says more than a rule that makes the same start.
    found.sort_by_key(|original| (original.at, original.length.is_none()));
    found.dedup_by_key(|original| original.at);
    Ok(found)
}

/// Hands the starts that `rule` makes in a stretch to `take`, until it has had enough.
fn readings(
    series: &Series<'_>,
    master: &Described,
    rule: &SeriesRule,
    (stretch, first): (Stretch, First),
    limits: &Limits,
    mut take: impl FnMut(Instant, DateOrTime) -> bool,
) -> Result<(), ExpansionError> {
    let too_many = |limit, unit| Err(ExpansionError::TooMany { rule: rule.text.clone(), limit, unit });
    let clock = master.start.zone(series.zone);
    let (from, mut to) = (earliest(clock, stretch.from), latest(clock, stretch.to));
    let mut last = Instant::MAX;
    match rule.until {
        Some(Limit::Local(local)) => to = to.min(local),
        Some(Limit::Instant(instant)) => {
            to = to.min(latest(clock, instant));
            last = instant;
        }
        None => {}
    }
    let bounds = Bounds { from, to, steps_max: limits.steps_max, first };
    let mut expansion = expand(&rule.rule, master.start.local(), &bounds);
    for local in expansion.by_ref() {
        let start = master.start.with_local(local);
        let at = start.to_instant(series.zone);
        if at <= last && at >= stretch.from && at < stretch.to && !take(at, start) {
            return too_many(limits.instances_max, "instances");
        }
    }
    if expansion.end() == Some(End::Steps) {
        return too_many(limits.steps_max, "steps");
    }
    Ok(())
}

/// A reading that no instant from `instant` on falls before.
pub(super) fn earliest(clock: &Zone, instant: Instant) -> civil::DateTime {
    plus(clock.local_of(instant), -drift(clock, instant))
}

/// A reading that no instant up to `instant` falls behind.
pub(super) fn latest(clock: &Zone, instant: Instant) -> civil::DateTime {
    plus(clock.local_of(instant), drift(clock, instant))
}

/// By how many seconds the clock is set around an instant: mostly none.
fn drift(clock: &Zone, instant: Instant) -> i64 {
    let offsets = [-AROUND_SECONDS, 0, AROUND_SECONDS].map(|around| clock.offset_at(instant.plus(around)));
    let spread = offsets.iter().max().zip(offsets.iter().min()).map_or(0, |(most, least)| most - least);
    i64::from(spread)
}

/// The first original start that the rules of `series` make, or an earlier one.
///
/// A DTSTART that no clock shows is read with the offset before the gap; the readings that follow it behind the gap
/// are earlier instants.
pub(super) fn first_start(series: &Series<'_>, master: &Described) -> Instant {
    let clock = master.start.zone(series.zone);
    let is_shown = !clock.instants_of(master.start.local()).is_empty();
    if is_shown { master.begins } else { master.begins.plus(-drift(clock, master.begins)) }
}

/// The last original start that the rules of `series` make, or a later one; [`Instant::MAX`] for an endless rule.
pub(super) fn last_start(series: &Series<'_>, limits: &Limits) -> Option<Instant> {
    let master = series.master.as_ref()?;
    let clock = master.start.zone(series.zone);
    series
        .rules
        .iter()
        .map(|rule| {
            let until = rule.until.map(|until| match until {
                Limit::Local(local) => clock.instant_of(local).plus(AROUND_SECONDS),
                Limit::Instant(instant) => instant,
            });
            let counted = rule.rule.count.map(|_| {
                let bounds = Bounds {
                    from: master.start.local(),
                    to: day::reading_of(day::LAST).unwrap_or_default(),
                    steps_max: limits.steps_max,
                    first: First::Counts,
                };
                let mut expansion = expand(&rule.rule, master.start.local(), &bounds);
                let last = expansion.by_ref().last();
                match (expansion.end(), last) {
                    (Some(End::Count | End::Years | End::Bound), Some(last)) => {
                        clock.instant_of(last).plus(AROUND_SECONDS)
                    }
                    (Some(End::Steps) | None, _) | (_, None) => Instant::MAX,
                }
            });
            until.unwrap_or(Instant::MAX).min(counted.unwrap_or(Instant::MAX))
        })
        .max()
}
