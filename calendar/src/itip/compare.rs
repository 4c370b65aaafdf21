//! What differs between two descriptions of a component, and whether others must hear (RFC 5546 §2.1.4, RFC 6638 §3.2.8).

use std::collections::BTreeSet;

use super::instance::dates_named;
use super::property::address_of;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::recur::reach;
use crate::time::{DateOrTime, Duration, Instant};
use crate::zone::Zone;

/// How much differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Instances take place at other times, or new ones do: answers are void (RFC 6638 §3.2.8).
    pub(super) rescheduled: bool,
    /// Properties differ for which SEQUENCE is raised (RFC 5546 §2.1.4).
    pub(super) revised: bool,
    /// Something that attendees see differs, taken-out instances aside.
    pub(super) noticed: bool,
}

/// What may differ without anybody hearing of it: bookkeeping, and what each keeps for themselves.
const UNNOTICED: [&str; 12] = [
    "DTSTAMP",
    "LAST-MODIFIED",
    "CREATED",
    "SEQUENCE",
    "TRANSP",
    "ACKNOWLEDGED",
    "REQUEST-STATUS",
    "EXDATE",
    "COMPLETED",
    "PERCENT-COMPLETE",
    "ATTENDEE",
    "UID",
];

/// How each files and paints what they have: the organizer's, unless an attendee says otherwise for themselves.
pub(super) const OF_EACH: [&str; 2] = ["CATEGORIES", "COLOR"];

/// Parameters that say how a person stands to an invitation, not that they are invited.
const OF_ANSWERS: [&str; 6] =
    ["PARTSTAT", "RSVP", "SCHEDULE-AGENT", "SCHEDULE-STATUS", "SCHEDULE-FORCE-SEND", super::ANSWERS_SINCE];

/// A component with the object that gives its TZIDs their meaning.
pub(super) type Of<'a> = (&'a Component, &'a CalendarObject);

/// What differs from `before` to `after`.
pub(super) fn difference(before: Of<'_>, after: Of<'_>) -> Difference {
    let times = !same_times(before, after);
    let rules = rules_differ(before, after);
    let (excepted, reinstated) = exceptions(before, after);
    let value = |of: Of<'_>, name: &str| {
        of.0.property(name).map(|property| property.value.trim().to_ascii_uppercase())
    };
    let status = value(before, "STATUS") != value(after, "STATUS");
    Difference {
        rescheduled: times || rules == Some(Reach::Further) || reinstated,
        revised: times || rules.is_some() || excepted || reinstated || status,
        noticed: times
            || rules.is_some()
            || reinstated
            || seen(before.0) != seen(after.0)
            || people(before.0) != people(after.0),
    }
}

/// The first property that belongs to the organizer (RFC 6638 §3.2.2.1) and differs; instances taken out aside.
pub(super) fn organizers_difference(before: Of<'_>, after: Of<'_>) -> Option<String> {
    if !same_times(before, after) {
        return Some("DTSTART".to_owned());
    }
    if rules_differ(before, after).is_some() {
        return Some("RRULE".to_owned());
    }
    if exceptions(before, after).1 {
        return Some("EXDATE".to_owned());
    }
    let sequence = |(component, _): Of<'_>| crate::object::revision(component).0;
    if sequence(before) != sequence(after) {
        return Some("SEQUENCE".to_owned());
    }
    let is_task = before.0.name == "VTODO";
    let theirs = |of: Of<'_>| -> BTreeSet<(String, String)> {
        let own = |name: &str| OF_EACH.contains(&name) || is_task && name == "STATUS";
        let seen = seen(of.0).into_iter().filter(|(name, _)| !own(name));
        seen.map(|(name, value)| (name.to_owned(), value)).collect()
    };
    let (old, new) = (theirs(before), theirs(after));
    old.symmetric_difference(&new).next().map(|(name, _)| name.clone())
}

/// Whether the two begin and end alike, by whatever properties.
pub(super) fn same_times(before: Of<'_>, after: Of<'_>) -> bool {
    let start = |(component, object): Of<'_>| {
        component.property("DTSTART").and_then(|property| object.date_or_time(property))
    };
    let (start_before, start_after) = (start(before), start(after));
    let same_start = match (&start_before, &start_after) {
        (Some(one), Some(other)) => same_time(one, other, last(before)),
        (None, None) => true,
        _ => false,
    };
    same_start && end(before, start_before.as_ref()) == end(after, start_after.as_ref())
}

/// Until when the clocks of a component matter: where it does not recur, no longer than it starts.
fn last((component, object): Of<'_>) -> Instant {
    let recurs = ["RRULE", "RDATE"].iter().any(|name| component.property(name).is_some());
    let reach = recurs.then(|| reach(object, Zone::utc(), &Limits::default())).flatten();
    reach.map_or(Instant::MIN, |reach| reach.end)
}

/// Whether two values are the same moment, on clocks that run alike from then until `last`: what a VTIMEZONE says of
/// other times is nothing to the component, and writers say as much of them as they like.
fn same_time(one: &DateOrTime, other: &DateOrTime, last: Instant) -> bool {
    const STEP_SECONDS: i64 = 30 * 86_400;
    const STEPS: i64 = 13;
    let (utc, floats) = (Zone::utc(), |value: &DateOrTime| matches!(value, DateOrTime::Floating(_)));
    let instant = one.to_instant(utc);
    if instant != other.to_instant(utc) || one.is_date() != other.is_date() || floats(one) != floats(other) {
        return false;
    }
    let (one, other) = (one.zone(utc), other.zone(utc));
    let within = (1..=STEPS).map(|step| instant.plus(step * STEP_SECONDS)).filter(|at| *at < last);
    std::iter::once(instant).chain(within).all(|at| one.offset_at(at) == other.offset_at(at))
}

/// When it ends, as an instant; without DTEND, DUE and DURATION what the default is.
fn end((component, object): Of<'_>, start: Option<&DateOrTime>) -> Option<Instant> {
    let utc = Zone::utc();
    let property = component.property("DTEND").or_else(|| component.property("DUE"));
    if let Some(value) = property.and_then(|property| object.date_or_time(property)) {
        return Some(value.to_instant(utc));
    }
    let start = start?;
    let length = component.property("DURATION").and_then(|length| Duration::parse(&length.value));
    let length = match (length, start.is_date()) {
        (Some(length), _) => length.nominal_seconds(),
        (None, true) if component.name == "VEVENT" => 86_400,
        (None, _) => 0,
    };
    Some(start.to_instant(utc).plus(length))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The same instances, but fewer.
    Shorter,
    /// Other instances, or more.
    Further,
}

/// How RRULE, EXRULE and RDATE differ.
fn rules_differ(before: Of<'_>, after: Of<'_>) -> Option<Reach> {
    let rules = |(component, _): Of<'_>, name: &str| {
        let rules = component.properties_named(name).map(|property| RuleText::of(&property.value));
        rules.collect::<Vec<_>>()
    };
    let (old, new) = (rules(before, "RRULE"), rules(after, "RRULE"));
    let dates = |of: Of<'_>| -> BTreeSet<String> {
        let said = |property: &Property, value: &str| {
            let (start, rest) = value.trim().split_once('/').unwrap_or((value.trim(), ""));
            let start = of.1.date_or_time_of(property, start)?.to_instant(Zone::utc());
            Some(format!("{}/{rest}", start.to_ical()))
        };
        let values = of.0.properties_named("RDATE").flat_map(|property| {
            let values = property.value.split(',');
            values.map(|value| said(property, value).unwrap_or_else(|| value.to_owned())).collect::<Vec<_>>()
        });
        values.collect()
    };
    let (old_dates, new_dates) = (dates(before), dates(after));
    let exrules = rules(before, "EXRULE") == rules(after, "EXRULE");
    if old == new && old_dates == new_dates && exrules {
        return None;
    }
    let shorter = old.len() == new.len() && old.iter().zip(&new).all(|(old, new)| new.is_within(old));
    Some(if shorter && exrules && new_dates.is_subset(&old_dates) { Reach::Shorter } else { Reach::Further })
}

/// A rule as its parts, and how far it goes.
#[derive(PartialEq, Eq)]
struct RuleText {
    parts: BTreeSet<String>,
    until: Option<Instant>,
    count: Option<u64>,
}

impl RuleText {
    fn of(rule: &str) -> Self {
        let mut text = Self { parts: BTreeSet::new(), until: None, count: None };
        for part in rule.split(';').map(|part| part.trim().to_ascii_uppercase()) {
            match part.split_once('=') {
                Some(("UNTIL", value)) => {
                    text.until = DateOrTime::parse(value).map(|until| until.to_instant(Zone::utc()));
                }
                Some(("COUNT", value)) => text.count = value.trim().parse().ok(),
                Some(("INTERVAL", "1")) | None => {}
                Some(_) => {
                    text.parts.insert(part);
                }
            }
        }
        text
    }

    /// Whether every instance of this rule is one of `other`.
    fn is_within(&self, other: &Self) -> bool {
        let ends = match (self.until, other.until, self.count, other.count) {
            (until, other_until, count, other_count) if until == other_until && count == other_count => true,
            (_, None, _, None) => true,
            (Some(until), Some(other), None, None) => until <= other,
            (None, None, Some(count), Some(other)) => count <= other,
            _ => false,
        };
        self.parts == other.parts && ends
    }
}

/// Whether EXDATE takes more instances out, and whether it gives some back.
fn exceptions(before: Of<'_>, after: Of<'_>) -> (bool, bool) {
    let dates = |(component, object): Of<'_>| -> BTreeSet<Instant> {
        dates_named(component, object, "EXDATE").into_iter().collect()
    };
    let (old, new) = (dates(before), dates(after));
    (!new.is_subset(&old), !old.is_subset(&new))
}

/// What attendees see of a component besides its times and people.
fn seen(component: &Component) -> Vec<(&str, String)> {
    const COMPARED_APART: [&str; 8] =
        ["DTSTART", "DTEND", "DUE", "DURATION", "RRULE", "EXRULE", "RDATE", "RECURRENCE-ID"];
    let shown = |property: &&Property| {
        let name = property.name.as_str();
        !name.starts_with("X-") && !UNNOTICED.contains(&name) && !COMPARED_APART.contains(&name)
    };
    let mut seen: Vec<_> =
        component.properties.iter().filter(shown).map(|each| (each.name.as_str(), value_of(each))).collect();
    seen.sort_unstable();
    // Defaults that some clients write and others leave out.
    seen.retain(|(name, value)| {
        !matches!((*name, value.as_str()), ("PRIORITY", "0") | ("CLASS", "PUBLIC") | (_, ""))
    });
    seen
}

/// A property's value, with its parameters where these are not about answers.
fn value_of(property: &Property) -> String {
    if property.name == "ORGANIZER" {
        return address_of(property).as_str().to_owned();
    }
    let value = property.text().trim().to_owned();
    let parameters = property.parameters.iter().filter(|each| !OF_ANSWERS.contains(&each.name.as_str()));
    let mut parameters: Vec<String> =
        parameters.map(|each| format!("{}={}", each.name, each.values.join(","))).collect();
    parameters.sort_unstable();
    parameters.insert(0, value);
    parameters.join(";")
}

/// Who is invited, and in which role.
fn people(component: &Component) -> BTreeSet<(String, String)> {
    let role = |attendee: &Property| {
        let role = attendee.parameter("ROLE").unwrap_or("REQ-PARTICIPANT");
        (address_of(attendee).as_str().to_owned(), role.trim().to_ascii_uppercase())
    };
    component.properties_named("ATTENDEE").map(role).collect()
}
