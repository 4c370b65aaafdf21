//! An object read as a series: its master, what repeats and excludes it, and its overrides.

use std::collections::{BTreeMap, HashSet};

use super::length::{Length, plus};
use crate::civil;
use crate::component::{Component, Property};
use crate::object::{CalendarObject, Kind, revision};
use crate::recur::day;
use crate::recur::rule::{Rule, Until};
use crate::time::{DateOrTime, Duration, Instant};
use crate::zone::Zone;

/// An object read as a series, dates and floating times in the calendar's zone.
pub(super) struct Series<'a> {
    pub(super) zone: &'a Zone,
    /// The component without RECURRENCE-ID, if it has a start.
    pub(super) master: Option<Described>,
    /// RRULE.
    pub(super) rules: Vec<SeriesRule>,
    /// EXRULE.
    pub(super) exclusion_rules: Vec<SeriesRule>,
    /// RDATE.
    pub(super) dates: Vec<AddedDate>,
    /// EXDATE.
    pub(super) excluded: HashSet<Instant>,
    /// EXDATE as DATE in a timed series.
    pub(super) excluded_days: HashSet<civil::Date>,
    /// The overrides by the original start that each stands for.
    pub(super) overrides: BTreeMap<Instant, Override>,
}

/// A component with its start and length.
pub(super) struct Described {
    /// Its number among the object's components.
    pub(super) component: usize,
    /// DTSTART.
    pub(super) start: DateOrTime,
    /// DTSTART as an instant.
    pub(super) begins: Instant,
    /// How long it lasts.
    pub(super) length: Length,
}

/// A component with RECURRENCE-ID.
pub(super) struct Override {
    pub(super) described: Described,
    /// What it does to all later instances, if RANGE=THISANDFUTURE.
    pub(super) shift: Option<Shift>,
    /// SEQUENCE, then DTSTAMP.
    revision: (u32, Option<Instant>),
}

/// By how much THISANDFUTURE moves an instance, on the clock of the series (RFC 5545 §3.2.13, §3.8.4.4).
pub(super) struct Shift {
    /// Seconds on the clock.
    pub(super) seconds: i64,
    /// The kind of value that the moved start is.
    pub(super) manner: DateOrTime,
}

/// A rule with its text, for error messages.
pub(super) struct SeriesRule {
    pub(super) rule: Rule,
    pub(super) text: String,
    pub(super) until: Option<Limit>,
}

/// UNTIL, made comparable.
#[derive(Clone, Copy, Debug)]
pub(super) enum Limit {
    /// The last reading of DTSTART's clock.
    Local(civil::DateTime),
    /// The last instant.
    Instant(Instant),
}

/// One value of RDATE.
pub(super) struct AddedDate {
    pub(super) start: DateOrTime,
    /// The length of its own that a PERIOD has.
    pub(super) length: Option<Length>,
}

impl<'a> Series<'a> {
    pub(super) fn of(object: &CalendarObject, zone: &'a Zone) -> Self {
        let mut series = Self {
            zone,
            master: None,
            rules: Vec::new(),
            exclusion_rules: Vec::new(),
            dates: Vec::new(),
            excluded: HashSet::new(),
            excluded_days: HashSet::new(),
            overrides: BTreeMap::new(),
        };
        if matches!(object.kind(), Kind::FreeBusy | Kind::Availability) {
            return series;
        }
        let master = object.master().and_then(|master| {
            let component = object.components().position(|component| std::ptr::eq(component, master))?;
            Some((master, described(object, master, component, zone)?))
        });
        if let Some((component, described)) = master {
            series.read_recurrence(object, component, &described.start);
            series.master = Some(described);
        }
        series.read_overrides(object);
        series
    }

    /// Whether it is more than one event.
    pub(super) fn recurs(&self) -> bool {
        !self.rules.is_empty() || !self.dates.is_empty() || !self.overrides.is_empty()
    }

    fn read_recurrence(&mut self, object: &CalendarObject, component: &Component, start: &DateOrTime) {
        for property in &component.properties {
            match property.name.as_str() {
                "RRULE" => self.rules.extend(rule(property, start, self.zone)),
                "EXRULE" => self.exclusion_rules.extend(rule(property, start, self.zone)),
                "RDATE" => self.dates.extend(added_dates(object, property, start, self.zone)),
                "EXDATE" => {
                    for date in object.dates_or_times(property) {
                        match date {
                            DateOrTime::Date(day) if !start.is_date() => {
                                self.excluded_days.insert(day);
                            }
                            date => {
                                self.excluded.insert(as_in(start, date, self.zone).to_instant(self.zone));
                            }
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn read_overrides(&mut self, object: &CalendarObject) {
        for (index, component) in object.components().enumerate() {
            let Some(property) = component.property("RECURRENCE-ID") else { continue };
            let Some(original) = object.date_or_time(property) else { continue };
            let original = match &self.master {
                Some(master) => as_in(&master.start, original, self.zone),
                None => original,
            };
            let at = original.to_instant(self.zone);
            // Without a start of its own it stays where it was and makes nothing busy.
            let described = described(object, component, index, self.zone).unwrap_or_else(|| Described {
                component: index,
                start: original.clone(),
                begins: at,
                length: Length::Point,
            });
            let ranges =
                property.parameter("RANGE").is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
            let shift = self
                .master
                .as_ref()
                .filter(|_| ranges)
                .map(|master| shift(&master.start, &original, &described.start, self.zone));
            let found = Override { described, shift, revision: revision(component) };
            // Of several for one instance the newest is read, as with masters.
            if self.overrides.get(&at).is_none_or(|other| other.revision <= found.revision) {
                self.overrides.insert(at, found);
            }
        }
    }
}

/// `component` with its start and length; `None` without a start.
fn described(object: &CalendarObject, component: &Component, index: usize, zone: &Zone) -> Option<Described> {
    let read = |name: &str| component.property(name).and_then(|property| object.date_or_time(property));
    let (start, length) = match (read("DTSTART"), object.kind()) {
        (Some(start), _) => {
            let length = Length::of(object, component, &start, zone);
            (start, length)
        }
        (None, Kind::Todo) => (read("DUE")?, Length::Point),
        (None, _) => return None,
    };
    Some(Described { component: index, begins: start.to_instant(zone), start, length })
}

/// A value that names an instance of a series starting at `start`, made the kind of value that `start` is.
///
/// They must agree (RFC 5545 §3.8.4.4); where they do not, a date means the instance of that local day, a floating
/// time the clock of DTSTART, a time the day on which it falls.
fn as_in(start: &DateOrTime, value: DateOrTime, zone: &Zone) -> DateOrTime {
    match (start, value) {
        (DateOrTime::Date(_), value) => DateOrTime::Date(date_of(&value, zone)),
        (start, DateOrTime::Date(date)) => start.with_local(date.to_datetime(start.local().time())),
        (DateOrTime::Zoned { .. } | DateOrTime::Utc(_), DateOrTime::Floating(local)) => {
            start.with_local(local)
        }
        (_, value) => value,
    }
}

/// The day that a value means in a series of days. Midnight in UTC is how some write a date.
fn date_of(value: &DateOrTime, zone: &Zone) -> civil::Date {
    match value {
        DateOrTime::Utc(instant) if instant.to_utc().time() != civil::Time::midnight() => {
            zone.local_of(*instant).date()
        }
        value => value.local().date(),
    }
}

/// The rule that `property` holds. One that cannot be read makes no instance beyond DTSTART.
fn rule(property: &Property, start: &DateOrTime, zone: &Zone) -> Option<SeriesRule> {
    const TEXT_CHARACTERS_MAX: usize = 200;
    let mut rule = Rule::read(&property.value).ok()?.rule;
    if start.is_date() {
        // §3.3.10: these parts must be ignored on a date.
        rule.by_hour.clear();
        rule.by_minute.clear();
        rule.by_second.clear();
    }
    let until = rule.until.map(|until| limit(until, start, zone));
    Some(SeriesRule { rule, text: property.value.chars().take(TEXT_CHARACTERS_MAX).collect(), until })
}

/// UNTIL as DATE is a whole local day; as a local time it is a reading of DTSTART's clock (invalid, but frequent).
fn limit(until: Until, start: &DateOrTime, zone: &Zone) -> Limit {
    let last_second = civil::time(23, 59, 59, 0);
    match (until, start) {
        (Until::Date(date), _) => Limit::Local(date.to_datetime(last_second)),
        (Until::Local(local), DateOrTime::Date(_)) => Limit::Local(local.date().to_datetime(last_second)),
        (Until::Local(local), _) => Limit::Local(local),
        (Until::Utc(instant), DateOrTime::Date(_)) => {
            Limit::Local(date_of(&DateOrTime::Utc(instant), zone).to_datetime(last_second))
        }
        (Until::Utc(instant), _) => Limit::Instant(instant),
    }
}

/// The values of one RDATE: dates, times, and periods `start/end` or `start/duration` (RFC 5545 §3.8.5.2).
fn added_dates(
    object: &CalendarObject,
    property: &Property,
    start: &DateOrTime,
    zone: &Zone,
) -> Vec<AddedDate> {
    let read = |text: &str| object.date_or_time_of(property, text).map(|value| as_in(start, value, zone));
    let values = property.value.split(',').filter_map(|value| match value.split_once('/') {
        None => Some(AddedDate { start: read(value)?, length: None }),
        Some((from, to)) => {
            let from = read(from)?;
            let length = match Duration::parse(to) {
                Some(duration) => Length::Nominal(duration),
                None => Length::between(&from, &read(to)?, zone),
            };
            Some(AddedDate { start: from, length: Some(length) })
        }
    });
    values.collect()
}

/// What an override at `original` that begins at `moved` does to later instances of a series starting at `start`.
fn shift(start: &DateOrTime, original: &DateOrTime, moved: &DateOrTime, zone: &Zone) -> Shift {
    let difference = |from: civil::DateTime, to: civil::DateTime| day::seconds_of(to) - day::seconds_of(from);
    let midnight = |local: civil::DateTime| local.date().to_datetime(civil::Time::midnight());
    if start.is_date() == moved.is_date() {
        // Both on the clock of the series, whatever zones they are written in.
        let clock = start.zone(zone);
        let reading = |value: &DateOrTime| clock.local_of(value.to_instant(zone));
        let seconds = if start.is_date() {
            difference(original.local(), moved.local())
        } else {
            difference(reading(original), reading(moved))
        };
        return Shift { seconds, manner: start.clone() };
    }
    let seconds = if moved.is_date() {
        difference(midnight(original.local()), moved.local())
    } else {
        difference(original.local(), moved.local())
    };
    Shift { seconds, manner: moved.clone() }
}

impl Shift {
    /// Where an instance of a series starting at `series` goes whose original start is `original`.
    pub(super) fn applied_to(&self, series: &DateOrTime, original: &DateOrTime, zone: &Zone) -> DateOrTime {
        // RDATE may be written on another clock than that of the series.
        let same_clock = match (series, original) {
            (DateOrTime::Zoned { zone: one, .. }, DateOrTime::Zoned { zone: other, .. }) => one == other,
            (one, other) => std::mem::discriminant(one) == std::mem::discriminant(other),
        };
        let local =
            if same_clock { original.local() } else { series.zone(zone).local_of(original.to_instant(zone)) };
        self.manner.with_local(plus(local, self.seconds))
    }
}
