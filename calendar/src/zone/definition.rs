//! The rules of a VTIMEZONE (RFC 5545 §3.6.5).
//!
//! An observance holds from its onset (read with TZOFFSETFROM) until the next one of any observance. Before the first
//! onset, the offset that it changes from holds.

use std::sync::OnceLock;

use super::rule::YearRule;
use super::{Change, Zone};
use crate::civil::DateTime;
use crate::component::{Component, Property};
use crate::time::{DateOrTime, Instant};

/// STANDARD and DAYLIGHT in one VTIMEZONE at most, and onsets given one by one in all of them. The longest history of
/// the database has about 300; a definition beyond is not read.
const OBSERVANCES_MAX: usize = 500;
const ONSETS_MAX: usize = 2000;
/// RRULEs of one observance at most; one is usual.
const RULES_MAX: usize = 4;

/// The years whose changes are kept once they were computed; others are computed each time.
const TABLE_YEARS: (i16, i16) = (1969, 2041);

/// Seconds by which an offset from UTC may differ at most: a day and an hour.
const OFFSET_SECONDS_MAX: i64 = 25 * 3600;

/// What a VTIMEZONE says.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    observances: Vec<Observance>,
    /// The last year in which a rule may have an onset.
    rules_until: i16,
    table: OnceLock<Vec<Change>>,
}

impl PartialEq for Definition {
    fn eq(&self, other: &Self) -> bool {
        self.observances == other.observances
    }
}

#[derive(Clone, Debug, PartialEq)]
struct Observance {
    daylight: bool,
    from: i32,
    to: i32,
    abbreviation: Option<String>,
    /// DTSTART and RDATEs.
    onsets: Vec<DateTime>,
    rules: Vec<YearRule>,
}

impl Definition {
    /// Reads STANDARD and DAYLIGHT; `None` where not one of them can be read.
    pub(super) fn read(vtimezone: &Component) -> Option<Self> {
        let parts =
            vtimezone.components.iter().filter(|part| matches!(part.name.as_str(), "STANDARD" | "DAYLIGHT"));
        let observances: Vec<Observance> =
            parts.take(OBSERVANCES_MAX + 1).filter_map(Observance::read).collect();
        let onsets: usize = observances.iter().map(|observance| observance.onsets.len()).sum();
        if observances.len() > OBSERVANCES_MAX || onsets > ONSETS_MAX {
            return None;
        }
        let rules = observances.iter().flat_map(|observance| &observance.rules);
        let rules_until = rules.map(YearRule::last_year).max().unwrap_or(i16::MIN);
        (!observances.is_empty()).then(|| Self { observances, rules_until, table: OnceLock::new() })
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
        self.with_changes(instant, |changes| offset_among(changes, instant))
    }

    /// The instant at which clocks show what UTC clocks show at `as_utc`.
    pub(super) fn instant_of(&self, as_utc: Instant) -> Instant {
        let at = |offset: i32| as_utc.plus(-i64::from(offset));
        self.with_changes(as_utc, |changes| {
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
        self.with_changes(as_utc, |changes| instants_among(changes, as_utc))
    }

    pub(super) fn next_change(&self, instant: Instant) -> Option<Change> {
        let next = |changes: &[Change]| {
            let later = &changes[changes.partition_point(|change| change.at <= instant)..];
            later.iter().find(|change| change.before != change.after).cloned()
        };
        let year = instant.to_utc().year();
        let (_, last) = self.window(year);
        let found = self.with_changes(instant, next);
        // Beyond the window a rule may have an onset that was not computed.
        if self.rules_until <= last || found.as_ref().is_some_and(|change| change.at.to_utc().year() <= last)
        {
            return found;
        }
        next(&self.changes(year.saturating_sub(1), year.saturating_add(100)))
    }

    pub(super) fn last_change(&self, instant: Instant) -> Option<Change> {
        self.with_changes(instant, |changes| {
            let earlier = &changes[..changes.partition_point(|change| change.at <= instant)];
            earlier.iter().rfind(|change| change.before != change.after).cloned()
        })
    }

    /// Asks the changes around `instant`, the last one before it included.
    fn with_changes<T>(&self, instant: Instant, ask: impl FnOnce(&[Change]) -> T) -> T {
        let (from, to) = self.window(instant.to_utc().year());
        if (from, to) == TABLE_YEARS {
            ask(self.table.get_or_init(|| self.changes(from, to)))
        } else {
            ask(&self.changes(from, to))
        }
    }

    /// The years whose changes answer questions about `year`: one before to one after it.
    fn window(&self, year: i16) -> (i16, i16) {
        let (first, last) = TABLE_YEARS;
        // Without rules the table holds every change there is.
        if self.rules_until == i16::MIN || (first < year && year < last) {
            TABLE_YEARS
        } else {
            (year.saturating_sub(1), year.saturating_add(1))
        }
    }

    /// All onsets in the years `from` to `to`, and those before that these build on, as changes; some change nothing.
    fn changes(&self, from: i16, to: i16) -> Vec<Change> {
        let mut onsets: Vec<(Instant, &Observance)> = Vec::new();
        for observance in &self.observances {
            let of_rules = observance.rules.iter().flat_map(|rule| rule.onsets(from, to));
            let locals = observance.onsets.iter().copied().chain(of_rules);
            onsets.extend(
                locals.map(|local| (Instant::from_utc(local).plus(-i64::from(observance.from)), observance)),
            );
        }
        onsets.sort_by_key(|(at, _)| *at);
        let mut changes: Vec<Change> = Vec::with_capacity(onsets.len());
        for (at, observance) in onsets {
            let before = changes.last().map_or(observance.from, |last| last.after);
            // Of two onsets at one instant the one that stands later holds.
            let same = changes.pop_if(|last| last.at == at);
            changes.push(observance.change(at, same.map_or(before, |same| same.before)));
        }
        changes
    }
}

/// The offset at `instant`, of all `changes` around it.
fn offset_among(changes: &[Change], instant: Instant) -> i32 {
    match changes.partition_point(|change| change.at <= instant) {
        0 => changes.first().map_or(0, |first| first.before),
        after => changes[after - 1].after,
    }
}

/// The changes whose offsets may hold where UTC clocks would show what is shown at `as_utc`.
fn changes_near(changes: &[Change], as_utc: Instant) -> &[Change] {
    let from = changes.partition_point(|change| change.at < as_utc.plus(-OFFSET_SECONDS_MAX));
    let to = changes.partition_point(|change| change.at <= as_utc.plus(OFFSET_SECONDS_MAX));
    changes.get(from..to).unwrap_or_default()
}

fn instants_among(changes: &[Change], as_utc: Instant) -> Vec<Instant> {
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

impl Observance {
    fn read(part: &Component) -> Option<Self> {
        let first = local(part.property("DTSTART")?.value.as_str())?;
        let to = offset(&part.property("TZOFFSETTO")?.value)?;
        let from = part.property("TZOFFSETFROM").and_then(|property| offset(&property.value)).unwrap_or(to);
        let rdates = part.properties_named("RDATE").flat_map(rdates);
        let onsets = std::iter::once(first).chain(rdates).take(ONSETS_MAX + 1).collect();
        let rules =
            part.properties_named("RRULE").filter_map(|rule| YearRule::read(&rule.value, first, from));
        Some(Self {
            daylight: part.name == "DAYLIGHT",
            from,
            to,
            abbreviation: part.text("TZNAME").filter(|name| !name.trim().is_empty()),
            onsets,
            rules: rules.take(RULES_MAX).collect(),
        })
    }

    fn change(&self, at: Instant, before: i32) -> Change {
        Change {
            at,
            before,
            after: self.to,
            daylight: self.daylight,
            abbreviation: self.abbreviation.clone(),
        }
    }
}

fn rdates(property: &Property) -> Vec<DateTime> {
    // A period begins where its first half says.
    property.value.split(',').filter_map(|each| local(each.split('/').next()?)).collect()
}

fn local(value: &str) -> Option<DateTime> {
    Some(DateOrTime::parse(value)?.local())
}

/// `+0100`, `-053000`, leniently `+1:00` and `0100`.
fn offset(value: &str) -> Option<i32> {
    let value = value.trim();
    let (sign, digits) = match value.as_bytes().first()? {
        b'+' => (1, &value[1..]),
        b'-' => (-1, &value[1..]),
        _ => (1, value),
    };
    let digits: String = digits.chars().filter(|character| *character != ':').collect();
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let digits = if digits.len() % 2 == 1 { format!("0{digits}") } else { digits };
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<i32>().ok());
    let (hours, minutes, seconds) = (part(0)?, part(2)?, part(4)?);
    (!digits.is_empty() && digits.len() <= 6 && hours <= 24 && minutes < 60 && seconds < 60)
        .then(|| sign * (hours * 3600 + minutes * 60 + seconds))
}
