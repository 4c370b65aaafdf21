//! Instances by their names: reading RECURRENCE-ID, describing one instance alone, taking some out of a series.

use super::ledger::About;
use super::property::{new, set, with_parameters};
use super::range::ranges;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::recur;
use crate::time::{DateOrTime, Instant, Span};
use crate::zone::Zone;

const HALF_A_DAY_SECONDS: i64 = 43_200;

/// What `component` of `object` speaks of, in a series that begins with `form`; `None` if it names what cannot be read.
///
/// A RECURRENCE-ID may be in another zone than DTSTART. A date names the instance of a timed series that begins on that
/// day by the rule's clock; a time names the day of an all-day series (in UTC form the nearest, for it was midnight
/// somewhere).
pub(super) fn about_of(
    object: &CalendarObject,
    component: &Component,
    form: Option<&DateOrTime>,
) -> Option<About> {
    let Some(id) = component.property("RECURRENCE-ID") else { return Some(About::Whole) };
    let value = object.date_or_time(id)?;
    let at = instance_name(&value, form);
    Some(if ranges(component) { About::From(at) } else { About::Instance(at) })
}

/// The name of the instance whose original start is given as `value`.
pub(super) fn instance_name(value: &DateOrTime, form: Option<&DateOrTime>) -> Instant {
    match (form, value) {
        (Some(DateOrTime::Date(_)), DateOrTime::Date(_)) | (None, _) => value.to_instant(Zone::utc()),
        (Some(DateOrTime::Date(_)), DateOrTime::Utc(instant)) => {
            midnight(instant.plus(HALF_A_DAY_SECONDS).to_utc().date())
        }
        (Some(DateOrTime::Date(_)), other) => midnight(other.local().date()),
        (Some(timed), DateOrTime::Date(date)) => {
            timed.with_local(date.to_datetime(timed.local().time())).to_instant(Zone::utc())
        }
        (Some(_), other) => other.to_instant(Zone::utc()),
    }
}

fn midnight(date: crate::civil::Date) -> Instant {
    DateOrTime::Date(date).to_instant(Zone::utc())
}

/// The value in the form of the series that names the instance at `at`.
pub(super) fn named_as(form: &DateOrTime, at: Instant) -> DateOrTime {
    form.with_local(form.zone(Zone::utc()).local_of(at))
}

/// A property `name` that holds `value` with the TZID or VALUE of `like` (DTSTART, usually).
pub(super) fn timed_property(name: &str, value: &DateOrTime, like: &Property) -> Property {
    let kept = ["TZID", "VALUE"];
    let parameters = like.parameters.iter().filter(|parameter| kept.contains(&parameter.name.as_str()));
    Property { parameters: parameters.cloned().collect(), ..new(name, &value.to_ical()) }
}

/// The instance of the master's rule called `at`, where there is one.
pub(super) fn instance_of(object: &CalendarObject, at: Instant, limits: &Limits) -> Option<recur::Instance> {
    let window = Span::new(Instant::MIN.max(at.plus(-1)), at.plus(1));
    let instances = recur::instances(object, Zone::utc(), window, limits).ok()?;
    instances.into_iter().find(|instance| instance.recurrence_id == Some(at))
}

/// Names that belong to a series, not to one of its instances.
const OF_SERIES: [&str; 4] = ["RRULE", "RDATE", "EXDATE", "EXRULE"];

/// The master's description of its instance at `at` alone; it stands at the times that `instance` says.
pub(super) fn described(
    master: &Component,
    origin: &CalendarObject,
    instance: &recur::Instance,
) -> Component {
    let mut component = super::parts::detached(master.clone());
    component.properties.retain(|property| !OF_SERIES.contains(&property.name.as_str()));
    let Some(start) = master.property("DTSTART").cloned() else { return component };
    for property in &mut component.properties {
        let instant = match property.name.as_str() {
            "DTSTART" => instance.span.start,
            "DTEND" | "DUE" => instance.span.end,
            _ => continue,
        };
        if let Some(value) = origin.date_or_time(property) {
            property.value = named_as(&value, instant).to_ical();
        }
    }
    let at = instance.recurrence_id.unwrap_or(instance.span.start);
    if let Some(form) = origin.date_or_time(&start) {
        let id = timed_property("RECURRENCE-ID", &named_as(&form, at), &start);
        let place = component.properties.iter().position(|property| property.name == "DTSTART");
        component.properties.insert(place.unwrap_or_default(), id);
    }
    // A PERIOD has a length of its own.
    let is_period = |property: &Property| property.name == "RDATE" && property.value.contains('/');
    if component.name == "VEVENT" && master.properties.iter().any(is_period) {
        let place = component.properties.iter().position(|each| each.name == "DURATION");
        let end = timed_property("DTEND", &named_as(&instance.start, instance.span.end), &start);
        if let Some(line) = place.and_then(|place| component.properties.get_mut(place)) {
            *line = end;
        }
    }
    if component.property("SEQUENCE").is_none() {
        set(&mut component, "SEQUENCE", "0");
    }
    component
}

/// Writes RECURRENCE-ID in the form of the series where it is of the other kind (a date for a time, or the reverse).
pub(super) fn normalise_id(
    component: &mut Component,
    origin: &CalendarObject,
    form: &DateOrTime,
    at: Instant,
) {
    let Some(id) = component.properties.iter_mut().find(|property| property.name == "RECURRENCE-ID") else {
        return;
    };
    let Some(value) = origin.date_or_time(id) else { return };
    if value.is_date() != form.is_date() {
        let range = id.parameters.iter().find(|parameter| parameter.name == "RANGE").cloned();
        let value = if form.is_date() { named_as(form, at) } else { DateOrTime::Utc(at) };
        *id = with_parameters(new("RECURRENCE-ID", &value.to_ical()), range);
        if form.is_date() {
            *id = with_parameters(id.clone(), Some(super::property::parameter("VALUE", "DATE")));
        }
    }
}

/// Ends the series before `at`: no rule and no RDATE names a later instance.
pub(super) fn cut_before(master: &mut Component, origin: &CalendarObject, at: Instant) {
    let Some(form) = master.property("DTSTART").and_then(|start| origin.date_or_time(start)) else { return };
    let last = match &form {
        DateOrTime::Date(_) => DateOrTime::Date(at.plus(-86_400).to_utc().date()),
        DateOrTime::Floating(_) => DateOrTime::Floating(at.plus(-1).to_utc()),
        DateOrTime::Zoned { .. } | DateOrTime::Utc(_) => DateOrTime::Utc(at.plus(-1)),
    };
    for property in master.properties.iter_mut().filter(|property| property.name == "RRULE") {
        if ends_before(&property.value, &form, at) {
            continue;
        }
        let kept = property.value.split(';').filter(|part| {
            let name = part.split('=').next().unwrap_or_default().trim().to_ascii_uppercase();
            !matches!(name.as_str(), "UNTIL" | "COUNT")
        });
        let value = format!("{};UNTIL={}", kept.collect::<Vec<_>>().join(";"), last.to_ical());
        *property = Property { value, octets: 0..0, ..property.clone() };
    }
    drop_dates(master, "RDATE", |property, text| {
        let first = text.split('/').next().unwrap_or(text);
        let value = origin.date_or_time_of(property, first);
        value.is_some_and(|value| instance_name(&value, Some(&form)) >= at)
    });
}

fn ends_before(rule: &str, form: &DateOrTime, at: Instant) -> bool {
    let until = rule.split(';').find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("UNTIL").then(|| DateOrTime::parse(value)).flatten()
    });
    until.is_some_and(|until| until.is_date() == form.is_date() && until.to_instant(Zone::utc()) < at)
}

/// Takes the instance at `at` out of the series with an EXDATE.
pub(super) fn except(master: &mut Component, origin: &CalendarObject, at: Instant) {
    if has_date(master, origin, "EXDATE", at) {
        return;
    }
    add_date(master, origin, "EXDATE", at);
}

/// Takes an EXDATE back.
pub(super) fn reinstate(master: &mut Component, origin: &CalendarObject, at: Instant) {
    let form = master.property("DTSTART").and_then(|start| origin.date_or_time(start));
    drop_dates(master, "EXDATE", |property, text| {
        let value = origin.date_or_time_of(property, text);
        value.is_some_and(|value| instance_name(&value, form.as_ref()) == at)
    });
}

/// Adds `at` to the values of RDATE or EXDATE in a property of its own.
pub(super) fn add_date(master: &mut Component, origin: &CalendarObject, name: &str, at: Instant) {
    let Some(start) = master.property("DTSTART").cloned() else { return };
    let Some(form) = origin.date_or_time(&start) else { return };
    let property = timed_property(name, &named_as(&form, at), &start);
    let last = master.properties.iter().rposition(|each| {
        matches!(each.name.as_str(), "DTSTART" | "DTEND" | "DURATION" | "RRULE" | "EXDATE" | "RDATE")
    });
    let place = last.map_or(master.properties.len(), |last| last + 1);
    master.properties.insert(place, property);
}

/// Whether one of the dates of property `name` names `at`.
pub(super) fn has_date(master: &Component, origin: &CalendarObject, name: &str, at: Instant) -> bool {
    let form = master.property("DTSTART").and_then(|start| origin.date_or_time(start));
    let mut values = master
        .properties_named(name)
        .flat_map(|property| origin.dates_or_times(property))
        .collect::<Vec<_>>();
    values.retain(|value| instance_name(value, form.as_ref()) == at);
    !values.is_empty()
}

/// The names of all dates of property `name`.
pub(super) fn dates_named(master: &Component, origin: &CalendarObject, name: &str) -> Vec<Instant> {
    let form = master.property("DTSTART").and_then(|start| origin.date_or_time(start));
    let values = master.properties_named(name).flat_map(|property| origin.dates_or_times(property));
    values.map(|value| instance_name(&value, form.as_ref())).collect()
}

/// Leaves out the values of `name` that `goes` says, and properties that have none left.
fn drop_dates(master: &mut Component, name: &str, goes: impl Fn(&Property, &str) -> bool) {
    master.properties.retain_mut(|property| {
        if property.name != name {
            return true;
        }
        let kept: Vec<&str> = property.value.split(',').filter(|text| !goes(property, text)).collect();
        if kept.len() == property.value.split(',').count() {
            return true;
        }
        let value = kept.join(",");
        let stays = !value.is_empty();
        *property = Property { value, octets: 0..0, ..property.clone() };
        stays
    });
}
