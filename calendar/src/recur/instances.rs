//! The recurrence set of an object: rules, RDATE, EXDATE, overrides, THISANDFUTURE.
//!
//! RFC 5545 §3.8.5, §3.8.4.4. DTSTART is the first instance whether its rule makes it or not; one instant is one
//! instance, however many properties name it; an override goes before EXDATE, which removes what rules made, and is
//! an instance even where the series has none at its RECURRENCE-ID. A reading that no clock shows is taken with the
//! offset before the gap, also where a rule makes it: no instance is skipped for that.

mod length;
mod originals;
mod series;

use crate::component::Property;
use crate::limits::Limits;
use crate::object::{CalendarObject, Kind};
use crate::time::{DateOrTime, Duration, Instant, Span};
use crate::zone::Zone;
use length::Length;
use originals::{Original, Stretch, originals};
use series::{Described, Override, Series, Shift};

/// One occurrence of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// When it takes place.
    pub span: Span,
    /// Its start as it is meant: date, floating, zoned or UTC.
    pub start: DateOrTime,
    /// Its end likewise (exclusive for dates), as it is written: before the start of an inverted event, and on the
    /// same date as the start of a day whose DTEND repeats DTSTART. What counts is the span.
    pub end: DateOrTime,
    /// The original start that names it within its series; `None` for an object that does not recur.
    pub recurrence_id: Option<Instant>,
    /// Which of [`CalendarObject::components`] describes it.
    pub component: usize,
}

/// Why an object could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpansionError {
    /// More instances or steps than the limit allows; nothing was cut off in silence.
    #[error("the rule {rule} passes the limit of {limit} {unit}")]
    TooMany {
        /// The rule as written.
        rule: String,
        /// The limit.
        limit: usize,
        /// `instances` or `steps`.
        unit: &'static str,
    },
}

/// Seconds by which a shift on the clock may differ from one in time.
const SHIFT_DRIFT_SECONDS: i64 = 26 * 3600;

/// The instances of `object` that share time with `window`, or, of no length, that start in it; by start.
///
/// Dates and floating times are read in `calendar_zone`. An instance that begins before the window and reaches into
/// it is there. Costs what the window holds, not what lies before it (rules with COUNT excepted).
///
/// # Errors
/// [`ExpansionError::TooMany`]; never a cut answer.
pub fn instances(
    object: &CalendarObject,
    calendar_zone: &Zone,
    window: Span,
    limits: &Limits,
) -> Result<Vec<Instance>, ExpansionError> {
    let series = Series::of(object, calendar_zone);
    let recurs = series.recurs();
    let name = |at: Instant| recurs.then_some(at);
    let mut found = Vec::new();
    if let Some(master) = &series.master {
        let ranges = ranges(&series);
        for original in originals(&series, stretch(master, &ranges, window), limits)? {
            if series.overrides.contains_key(&original.at) {
                continue;
            }
            let instance = instance_of(&original, master, &ranges, calendar_zone);
            found.push(Instance { recurrence_id: name(original.at), ..instance });
        }
    }
    found.extend(overrides(&series, calendar_zone, recurs));
    found.retain(|instance| shares(instance.span, window));
    found.sort_by_key(|instance| (instance.span, instance.recurrence_id));
    if found.len() > limits.instances_max {
        let rule = series.rules.first().map_or_else(|| "RDATE".to_owned(), |rule| rule.text.clone());
        return Err(ExpansionError::TooMany { rule, limit: limits.instances_max, unit: "instances" });
    }
    Ok(found)
}

/// The instances that overrides describe by themselves, wherever they are; costs what there is of them.
pub fn overridden(object: &CalendarObject, calendar_zone: &Zone) -> Vec<Instance> {
    let series = Series::of(object, calendar_zone);
    overrides(&series, calendar_zone, series.recurs()).collect()
}

fn overrides<'a>(
    series: &'a Series<'_>,
    calendar_zone: &'a Zone,
    recurs: bool,
) -> impl Iterator<Item = Instance> + 'a {
    series.overrides.iter().map(move |(at, replacement)| {
        let described = &replacement.described;
        let instance = instance(described.component, &described.start, &described.length, calendar_zone);
        Instance { recurrence_id: recurs.then_some(*at), ..instance }
    })
}

/// A span outside which the object has no instance: first start to last end, [`Instant::MAX`] for an endless rule.
/// Never too small; may be too large. `None` where it never takes place.
///
/// A VTODO takes place also when it was made and done, and always without any date (RFC 4791 §9.9); a VFREEBUSY in
/// its span and periods; a VAVAILABILITY always.
pub fn reach(object: &CalendarObject, calendar_zone: &Zone, limits: &Limits) -> Option<Span> {
    let series = Series::of(object, calendar_zone);
    let mut spans = Vec::new();
    for replacement in series.overrides.values() {
        let Described { component, start, length, .. } = &replacement.described;
        spans.push(instance(*component, start, length, calendar_zone).span);
    }
    if let Some(master) = &series.master {
        let ranges = ranges(&series);
        spans.push(instance(master.component, &master.start, &master.length, calendar_zone).span);
        for date in &series.dates {
            let length = date.length.as_ref().unwrap_or(&master.length);
            spans.push(instance(master.component, &date.start, length, calendar_zone).span);
        }
        if let Some(last) = originals::last_start(&series, limits) {
            let first = originals::first_start(&series, master);
            spans.push(Span { start: first, end: last.plus(master.length.seconds_max()) });
        }
        if !ranges.is_empty() {
            // THISANDFUTURE may move and lengthen whatever is there.
            let after = ahead(&ranges).saturating_add(longest(master, &ranges));
            let back = behind(&ranges).saturating_neg();
            let moved = |span: &Span| Span { start: span.start.plus(back), end: span.end.plus(after) };
            spans = spans.iter().map(moved).collect();
        }
    }
    spans.extend(besides(object, calendar_zone));
    let start = spans.iter().map(|span| span.start).min()?;
    let end = spans.iter().map(|span| span.end).max()?;
    // Of no length it would share time with nothing.
    Some(Span { start, end: end.max(start.plus(1)) })
}

/// When an object takes place besides its instances.
fn besides(object: &CalendarObject, zone: &Zone) -> Vec<Span> {
    let mut spans = Vec::new();
    let point = |value: DateOrTime| Span::new(value.to_instant(zone), value.to_instant(zone));
    for component in object.components() {
        let named = |names: &[&str]| {
            let values =
                component.properties.iter().filter(|property| names.contains(&property.name.as_str()));
            values.flat_map(|property| object.dates_or_times(property)).map(point).collect::<Vec<_>>()
        };
        match object.kind() {
            Kind::Event | Kind::Journal => {}
            Kind::Availability => spans.push(Span::ALWAYS),
            Kind::Todo if component.property("DTSTART").or_else(|| component.property("DUE")).is_none() => {
                spans.push(Span::ALWAYS);
            }
            Kind::Todo => spans.extend(named(&["DUE", "COMPLETED", "CREATED"])),
            Kind::FreeBusy => {
                spans.extend(named(&["DTSTART", "DTEND"]));
                for property in component.properties_named("FREEBUSY") {
                    spans.extend(periods(object, property, zone));
                }
            }
        }
    }
    spans
}

/// The periods `start/end` or `start/duration` of a property, as spans (RFC 5545 §3.3.9).
pub fn periods(object: &CalendarObject, property: &Property, zone: &Zone) -> Vec<Span> {
    let period = |text: &str| {
        let (from, to) = text.split_once('/')?;
        let from = object.date_or_time_of(property, from)?;
        let begins = from.to_instant(zone);
        let end = match Duration::parse(to) {
            Some(duration) => Length::Nominal(duration).ending(&from, begins, zone).at,
            None => object.date_or_time_of(property, to)?.to_instant(zone),
        };
        Some(Span::new(begins, end))
    };
    property.value.split(',').filter_map(period).collect()
}

/// The overrides with RANGE=THISANDFUTURE, by original start.
fn ranges<'a>(series: &'a Series<'_>) -> Vec<(Instant, &'a Described, &'a Shift)> {
    let ranging = |(at, replacement): (&Instant, &'a Override)| {
        Some((*at, &replacement.described, replacement.shift.as_ref()?))
    };
    series.overrides.iter().filter_map(ranging).collect()
}

type Ranges<'a> = [(Instant, &'a Described, &'a Shift)];

fn longest(master: &Described, ranges: &Ranges<'_>) -> i64 {
    let lengths = ranges.iter().map(|(_, described, _)| described.length.seconds_max());
    lengths.fold(master.length.seconds_max(), i64::max)
}

/// Seconds by which instances are moved later, at most.
fn ahead(ranges: &Ranges<'_>) -> i64 {
    let moved = ranges.iter().map(|(_, _, shift)| shift.seconds.saturating_add(SHIFT_DRIFT_SECONDS));
    moved.fold(0, i64::max)
}

/// Seconds by which instances are moved earlier, at most.
fn behind(ranges: &Ranges<'_>) -> i64 {
    let moved =
        ranges.iter().map(|(_, _, shift)| shift.seconds.saturating_neg().saturating_add(SHIFT_DRIFT_SECONDS));
    moved.fold(0, i64::max)
}

/// The original starts whose instances may share time with `window`.
fn stretch(master: &Described, ranges: &Ranges<'_>, window: Span) -> Stretch {
    let before = longest(master, ranges).saturating_add(ahead(ranges));
    Stretch {
        from: window.start.plus(before.saturating_neg()),
        // A window of no length still holds what starts at it, if only to be left out again.
        to: window.end.plus(behind(ranges)),
        counted_from: window.start,
    }
}

/// The instance that the series, or the override that ranges over it, makes of an original start.
fn instance_of(original: &Original, master: &Described, ranges: &Ranges<'_>, zone: &Zone) -> Instance {
    // They stand in order, and the last that has begun holds.
    let begun = ranges.partition_point(|(from, _, _)| *from <= original.at);
    if let Some((_, described, shift)) = begun.checked_sub(1).and_then(|last| ranges.get(last)) {
        let start = shift.applied_to(&master.start, &original.start, zone);
        return instance(described.component, &start, &described.length, zone);
    }
    let length = original.length.as_ref().unwrap_or(&master.length);
    instance(master.component, &original.start, length, zone)
}

fn instance(component: usize, start: &DateOrTime, length: &Length, zone: &Zone) -> Instance {
    let begins = start.to_instant(zone);
    let ending = length.ending(start, begins, zone);
    Instance {
        span: Span::new(begins, ending.at),
        start: start.clone(),
        end: ending.end,
        recurrence_id: None,
        component,
    }
}

fn shares(span: Span, window: Span) -> bool {
    if span.is_empty() { window.contains(span.start) } else { span.overlaps(window) }
}
