//! How long an instance lasts: DTEND exactly, DURATION by the clock (RFC 5545 §3.8.5.3, §3.3.6).

use crate::civil;
use crate::component::Component;
use crate::object::{CalendarObject, Kind};
use crate::recur::day::{self, DAY};
use crate::time::{DateOrTime, Duration, Instant};
use crate::zone::Zone;

/// The length of the instances that one component describes; may be negative, as it stands there.
#[derive(Clone, Debug)]
pub(super) enum Length {
    /// From date to date.
    Days(i64),
    /// The day of the start, written with DTEND on the same date: many feeds mean the day and write this.
    SameDay,
    /// From time to time: so many seconds, whatever the clocks do, ending in the manner of DTEND.
    Exact(i64, DateOrTime),
    /// DURATION: days by the clock, then seconds.
    Nominal(Duration),
    /// No end is given.
    Point,
}

/// The end of an instance.
pub(super) struct Ending {
    /// As it is meant.
    pub(super) end: DateOrTime,
    /// The instant; before the start where the length is negative.
    pub(super) at: Instant,
}

impl Length {
    /// The length that `component` gives to an instance starting at `start`, its own DTSTART.
    ///
    /// DTEND goes before DURATION where both stand there. An event on a date lasts that day where nothing else is
    /// said.
    pub(super) fn of(
        object: &CalendarObject,
        component: &Component,
        start: &DateOrTime,
        zone: &Zone,
    ) -> Self {
        let end_property = match object.kind() {
            Kind::Event => component.property("DTEND"),
            Kind::Todo => component.property("DUE"),
            Kind::Journal | Kind::FreeBusy | Kind::Availability => None,
        };
        if let Some(end) = end_property.and_then(|property| object.date_or_time(property)) {
            return match Self::between(start, &end, zone) {
                Self::Days(0) if object.kind() == Kind::Event => Self::SameDay,
                length => length,
            };
        }
        let duration = component.property("DURATION").filter(|_| object.kind() != Kind::Journal);
        if let Some(duration) = duration.and_then(|property| Duration::parse(&property.value)) {
            return Self::Nominal(duration);
        }
        match object.kind() {
            Kind::Event | Kind::Journal if start.is_date() => Self::Days(1),
            _ => Self::Point,
        }
    }

    /// The length from `start` to `end`.
    pub(super) fn between(start: &DateOrTime, end: &DateOrTime, zone: &Zone) -> Self {
        match (start, end) {
            (DateOrTime::Date(_), DateOrTime::Date(_)) => {
                Self::Days((day::seconds_of(end.local()) - day::seconds_of(start.local())) / DAY)
            }
            _ => Self::Exact(end.to_instant(zone).since(start.to_instant(zone)), end.clone()),
        }
    }

    /// The end of an instance that starts at `start`, which is the instant `begins`.
    pub(super) fn ending(&self, start: &DateOrTime, begins: Instant, zone: &Zone) -> Ending {
        let on_date = |days: i64| {
            let end = DateOrTime::Date(plus(start.local(), days.saturating_mul(DAY)).date());
            Ending { at: end.to_instant(zone), end }
        };
        match self {
            Self::Days(days) => on_date(*days),
            Self::SameDay => Ending { end: start.clone(), at: on_date(1).at },
            Self::Nominal(duration) if start.is_date() => {
                // Hours have no meaning on a date; a day begun is a day.
                on_date(duration.days.saturating_add(-(-duration.seconds).div_euclid(DAY)))
            }
            Self::Nominal(duration) => {
                let own = start.zone(zone);
                let at = match duration.days {
                    0 => begins,
                    days => own.instant_of(plus(start.local(), days.saturating_mul(DAY))),
                };
                let at = at.plus(duration.seconds);
                Ending { end: start.with_local(own.local_of(at)), at }
            }
            Self::Exact(seconds, manner) => {
                let at = begins.plus(*seconds);
                Ending { end: manner.with_local(manner.zone(zone).local_of(at)), at }
            }
            Self::Point => Ending { end: start.clone(), at: begins },
        }
    }

    /// Seconds that no instance of this length lasts longer than.
    pub(super) fn seconds_max(&self) -> i64 {
        // A day by the clock may have more than 24 hours.
        let of_days = |days: i64| if days > 0 { days.saturating_add(1).saturating_mul(DAY) } else { 0 };
        match self {
            Self::Days(days) => of_days(*days),
            Self::SameDay => of_days(1),
            Self::Exact(seconds, _) => (*seconds).max(0),
            Self::Nominal(duration) => {
                // On a date the seconds are rounded up to a day.
                let seconds = duration.seconds.max(0);
                let whole =
                    if duration.days == 0 && seconds < DAY { seconds } else { seconds.saturating_add(DAY) };
                of_days(duration.days).saturating_add(whole)
            }
            Self::Point => 0,
        }
    }
}

/// A reading moved by `seconds` on its clock, kept within the years that a calendar can write.
pub(super) fn plus(local: civil::DateTime, seconds: i64) -> civil::DateTime {
    let moved = day::seconds_of(local).saturating_add(seconds).clamp(day::FIRST, day::LAST);
    day::reading_of(moved).unwrap_or(local)
}
