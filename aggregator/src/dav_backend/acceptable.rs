//! What a client may put into a calendar (RFC 4791 §4.1, §5.2, §5.3.2.1).

use std::sync::Arc;

use calendar::component::Component;
use calendar::object::CalendarObject;
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
    object.components().try_for_each(|component| within_dates(&object, component))
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
