//! Recurrence sets and free-busy data within a range: expand, limit-recurrence-set, limit-freebusy-set
//! (RFC 4791 §9.6.5–9.6.7).

use calendar::component::{Component, Parameter, Property};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::{self, ExpansionError, Instance};
use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Zone;

use crate::filter::value;

/// What makes a component recur, and what names an instance.
const RECURRENCE: [&str; 5] = ["RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"];

/// The object as its instances within `window`: times in UTC, no rules, no zones. Floating times have no zone to be
/// converted from and stay floating; dates stay dates.
pub(super) fn expanded(
    object: &CalendarObject,
    zone: &Zone,
    window: Span,
    limits: &Limits,
) -> Result<Component, ExpansionError> {
    let instances = recur::instances(object, zone, window, limits)?;
    let components: Vec<&Component> = object.components().collect();
    let by_date = object
        .master()
        .and_then(|master| master.property("DTSTART"))
        .and_then(|start| object.date_or_time(start));
    let expansion = Expansion { object, zone, master_start: by_date };
    let mut calendar = shell(object);
    for instance in &instances {
        if let Some(component) = components.get(instance.component) {
            calendar.components.push(expansion.instance(component, instance));
        }
    }
    // A task without a start takes place at no time, and is still what was asked for.
    let undated = components.iter().filter(|component| component.property("DTSTART").is_none());
    if instances.is_empty() {
        calendar.components.extend(undated.map(|component| expansion.in_utc(component)));
    }
    Ok(calendar)
}

/// The VCALENDAR with its properties and nothing in it.
fn shell(object: &CalendarObject) -> Component {
    let calendar = object.calendar();
    Component {
        name: calendar.name.clone(),
        properties: calendar.properties.clone(),
        components: Vec::new(),
        ..Component::default()
    }
}

struct Expansion<'a> {
    object: &'a CalendarObject,
    zone: &'a Zone,
    /// DTSTART of the master: what kind of value names an instance.
    master_start: Option<DateOrTime>,
}

impl Expansion<'_> {
    fn instance(&self, component: &Component, instance: &Instance) -> Component {
        let mut one = self.in_utc(component);
        one.properties.retain(|property| !RECURRENCE.contains(&property.name.as_str()));
        for property in &mut one.properties {
            match property.name.as_str() {
                "DTSTART" => self.set(property, &instance.start),
                "DTEND" | "DUE" => self.set(property, &instance.end),
                _ => {}
            }
        }
        if let Some(at) = instance.recurrence_id {
            let value = match self.master_start.as_ref().unwrap_or(&instance.start) {
                DateOrTime::Date(_) => DateOrTime::Date(self.zone.local_of(at).date()),
                DateOrTime::Floating(_) => DateOrTime::Floating(self.zone.local_of(at)),
                DateOrTime::Zoned { .. } | DateOrTime::Utc(_) => DateOrTime::Utc(at),
            };
            let mut id = Property { name: "RECURRENCE-ID".to_owned(), ..Property::default() };
            self.set(&mut id, &value);
            let after_start = one.properties.iter().position(|property| property.name == "DTSTART");
            one.properties.insert(after_start.map_or(0, |at| at + 1), id);
        }
        one
    }

    /// The component with every time that names a zone in UTC.
    fn in_utc(&self, component: &Component) -> Component {
        let mut one = component.clone();
        for property in one.properties.iter_mut().filter(|p| p.parameter("TZID").is_some()) {
            let values = self.object.dates_or_times(property);
            if let [value] = values.as_slice() {
                self.set(property, value);
            }
        }
        one
    }

    fn set(&self, property: &mut Property, value: &DateOrTime) {
        property.parameters.retain(|parameter| !["TZID", "VALUE"].contains(&parameter.name.as_str()));
        let value = match value {
            DateOrTime::Zoned { .. } => &DateOrTime::Utc(value.to_instant(self.zone)),
            other => other,
        };
        if value.is_date() {
            let values = vec!["DATE".to_owned()];
            property.parameters.push(Parameter { name: "VALUE".to_owned(), values });
        }
        property.value = value.to_ical();
    }
}

/// The object with its master and only those overrides that matter in `window`: by where they take place, or by where
/// they would have.
pub(super) fn limited(object: &CalendarObject, zone: &Zone, window: Span) -> Component {
    let mut calendar = object.calendar().clone();
    let kind = object.kind().component_name();
    let read = |component: &Component, name| {
        let value = object.date_or_time(component.property(name)?)?;
        Some(value.to_instant(zone))
    };
    let lasts = |component: &Component| {
        let start = read(component, "DTSTART")?;
        let end = read(component, "DTEND").or_else(|| read(component, "DUE"));
        let by_duration =
            || component.property("DURATION").and_then(|duration| value::duration(&duration.value));
        let is_date = object.date_or_time(component.property("DTSTART")?)?.is_date();
        let unsaid = if is_date { 86_400 } else { 0 };
        Some(end.map_or_else(|| by_duration().unwrap_or(unsaid), |end| end.since(start)).max(0))
    };
    let master_lasts = object.master().and_then(lasts).unwrap_or(0);
    let meets = |start: Instant, seconds: i64| {
        start < window.end && (start.plus(seconds) > window.start || start >= window.start)
    };
    calendar.components.retain(|component| {
        let Some(id) = component.property("RECURRENCE-ID").filter(|_| component.name == kind) else {
            return true;
        };
        let original = object.date_or_time(id).map(|value| value.to_instant(zone));
        let following = id.parameter("RANGE").is_some();
        let by_original =
            original.is_none_or(|start| meets(start, master_lasts) || (following && start < window.end));
        let by_own =
            read(component, "DTSTART").is_some_and(|start| meets(start, lasts(component).unwrap_or(0)));
        by_original || by_own
    });
    calendar
}

/// Leaves those periods of free-busy data that share time with `window`.
pub(super) fn limit_free_busy(calendar: &mut Component, window: Span) {
    for component in calendar.components.iter_mut().filter(|component| component.name == "VFREEBUSY") {
        component.properties.retain_mut(|property| {
            if property.name != "FREEBUSY" {
                return true;
            }
            let kept: Vec<&str> = property
                .value
                .split(',')
                .filter(|text| value::period(text).is_none_or(|period| period.overlaps(window)))
                .collect();
            property.value = kept.join(",");
            !property.value.is_empty()
        });
    }
}
