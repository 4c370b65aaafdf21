//! What a client may put into a calendar (RFC 4791 §4.1, §5.2, §5.3.2.1).

use std::sync::Arc;

use calendar::component::Component;
use calendar::object::{CalendarObject, Kind};
use calendar::recur::rule::{Rule, RuleError};
use calendar::refusal::Refusal;
use calendar::text::TextError;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use store::collections::CollectionRecord;

use crate::gate;
use crate::world::World;

/// The times that are kept, the last one included: 0001-01-03 to 9999-12-29, a day less at either end than instants
/// reach, so that what lies outside can be told from what lies at the edge.
pub(super) const DATES: Span = Span { start: Instant::MIN.plus(86_400), end: Instant::MAX.plus(-86_400) };

/// The properties that say when something is; what programs write of themselves (CREATED, UNTIL) is left alone.
const TIMES: [&str; 5] = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "RDATE"];

/// Whether a collection with that record takes the object.
pub(super) fn acceptable(
    world: &World,
    record: &CollectionRecord,
    octets: &Arc<[u8]>,
) -> Result<(), Refusal> {
    let limit = world.limits.attendees_max;
    let object =
        CalendarObject::read(Arc::clone(octets), &world.limits).map_err(|error| unread(error, limit))?;
    let component = object.kind().component_name();
    if !record.components.iter().any(|taken| taken == component) {
        return Err(Refusal::UnsupportedComponent(component.to_owned()));
    }
    if let Some(scale) = other_scale(object.calendar()) {
        return Err(Refusal::UnsupportedScale(scale));
    }
    if let Some(method) = object.calendar().property("METHOD") {
        return Err(Refusal::NotValidObject {
            line: method.line,
            property: "METHOD".to_owned(),
            reason: "a calendar object resource has no METHOD; that is for messages".to_owned(),
        });
    }
    object.components().try_for_each(|component| {
        has_start(&object, component)?;
        within_dates(&object, component)
    })
}

/// What says when a component is can be read, and of an event it is there (RFC 5545 §3.6.1): one that is kept and shows
/// nowhere would look like time that is free.
fn has_start(object: &CalendarObject, component: &Component) -> Result<(), Refusal> {
    let fault = |line, property: &str, reason: &str| {
        Err(Refusal::NotValidObject { line, property: property.to_owned(), reason: reason.to_owned() })
    };
    let of_instances = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID"];
    for property in of_instances.iter().filter_map(|name| component.property(name)) {
        let is_empty = property.value.trim().is_empty();
        if object.date_or_time(property).is_none() && (!is_empty || property.name == "DTSTART") {
            return fault(property.line, &property.name, "neither a date nor a time");
        }
    }
    let is_changed_instance = component.property("RECURRENCE-ID").is_some();
    if object.kind() == Kind::Event && !is_changed_instance && component.property("DTSTART").is_none() {
        return fault(component.line, "DTSTART", "an event has a start");
    }
    Ok(())
}

/// The calendar that a rule of the object counts in, if it is not the Gregorian one (RFC 7529 §4.1).
fn other_scale(calendar: &Component) -> Option<String> {
    let properties = calendar.components.iter().flat_map(|component| &component.properties);
    let mut rules = properties.filter(|property| matches!(property.name.as_str(), "RRULE" | "EXRULE"));
    rules.find_map(|rule| match Rule::read(&rule.value) {
        Err(RuleError::Scale(scale)) => Some(scale),
        _ => None,
    })
}

/// Reading stops at a component with too many attendees, which is a condition of its own.
fn unread(error: TextError, limit: usize) -> Refusal {
    match error.property.as_str() {
        "ATTENDEE" => Refusal::TooManyAttendees { limit },
        _ => gate::not_valid(error),
    }
}

fn within_dates(object: &CalendarObject, component: &Component) -> Result<(), Refusal> {
    for property in TIMES.iter().flat_map(|name| component.properties_named(name)) {
        for value in object.dates_or_times(property) {
            let instant = value.to_instant(Zone::utc());
            if instant < DATES.start {
                return Err(Refusal::TooEarly(DATES.start));
            }
            if instant > DATES.end {
                return Err(Refusal::TooLate(DATES.end));
            }
        }
    }
    Ok(())
}
