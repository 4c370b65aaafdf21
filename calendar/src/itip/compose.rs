//! Whole calendars out: METHOD, the components, and a VTIMEZONE for every TZID they use.

use super::property::set;
use super::{Method, Outgoing};
use crate::address::Address;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{CalendarObject, Definitions};
use crate::text::{self, serialise};
use crate::time::{Instant, Span};
use crate::write::PRODID;
use crate::{recur, zone::Zone};

/// Parameters that are between a client and its server (RFC 6638 §7), or ours alone.
const OWN_PARAMETERS: [&str; 4] =
    ["SCHEDULE-AGENT", "SCHEDULE-FORCE-SEND", "SCHEDULE-STATUS", super::ANSWERS_SINCE];
/// Properties by which somebody's own software remembers things.
const OWN_PROPERTIES: [&str; 4] = ["X-KALENDS-", "X-MOZ-", "X-EVOLUTION-", "X-CALENDARSERVER-"];

/// Whether the property is of no concern to others.
pub(super) fn is_own_property(name: &str) -> bool {
    OWN_PROPERTIES.iter().any(|own| name.starts_with(own))
}

/// The component as others may see it: without VALARM, what is ours alone, and with DTSTAMP `now`.
pub(super) fn outward(component: &Component, now: Instant) -> Component {
    let mut component = component.clone();
    set(&mut component, "DTSTAMP", &now.to_ical());
    without_alarms(&mut component);
    component.properties.retain(|property| !is_own_property(&property.name));
    component.properties.iter_mut().for_each(without_own_parameters);
    component
}

/// Leaves out every VALARM, however deep.
pub(super) fn without_alarms(component: &mut Component) {
    component.components.retain(|inner| !is_alarm(inner));
    component.components.iter_mut().for_each(without_alarms);
}

/// Whether it is written as a VALARM, whatever else is in its name now.
fn is_alarm(component: &Component) -> bool {
    text::written_name(&component.name) == "VALARM"
}

/// Leaves out the parameters that are of no concern to others.
pub(super) fn without_own_parameters(property: &mut Property) {
    property.parameters.retain(|parameter| !OWN_PARAMETERS.contains(&parameter.name.as_str()));
}

/// A message with `components` of `origin` (each [`outward`] already).
pub(super) fn message(
    origin: &CalendarObject,
    method: Method,
    to: Vec<Address>,
    components: Vec<Component>,
) -> Outgoing {
    let calendar = calendar(origin, Some(method), components);
    Outgoing { method, to, octets: serialise(&calendar).into_bytes().into() }
}

/// A VCALENDAR with `components`, whose TZIDs mean what they mean in `origin`, and the VTIMEZONEs that they use.
pub(super) fn calendar(
    origin: &CalendarObject,
    method: Option<Method>,
    components: Vec<Component>,
) -> Component {
    let mut calendar = Component { name: "VCALENDAR".to_owned(), ..Component::default() };
    set(&mut calendar, "VERSION", "2.0");
    set(&mut calendar, "PRODID", PRODID);
    if let Some(scale) = origin.calendar().property("CALSCALE") {
        set(&mut calendar, "CALSCALE", scale.value.trim());
    }
    if let Some(method) = method {
        set(&mut calendar, "METHOD", method.name());
    }
    let mut names: Vec<String> = Vec::new();
    for component in &components {
        tzids(component, &mut names);
    }
    calendar.components.extend(names.iter().filter_map(|tzid| definition(origin, tzid)));
    calendar.components.extend(components);
    calendar
}

/// The TZIDs that `component` and what is inside it use, each once.
fn tzids(component: &Component, names: &mut Vec<String>) {
    for tzid in component.properties.iter().filter_map(|property| property.parameter("TZID")) {
        if !names.iter().any(|name| name == tzid) {
            names.push(tzid.to_owned());
        }
    }
    for inner in &component.components {
        tzids(inner, names);
    }
}

/// The VTIMEZONE of `origin` for `tzid`, else one written from the zone that the name means.
fn definition(origin: &CalendarObject, tzid: &str) -> Option<Component> {
    if let Some(found) = Definitions::of(origin.calendar()).find(tzid) {
        let mut found = found.clone();
        // Whatever else stands in it is nobody's concern.
        found.components.retain(|inner| matches!(inner.name.as_str(), "STANDARD" | "DAYLIGHT"));
        found.components.iter_mut().for_each(|observance| observance.components.clear());
        set_tzid(&mut found, tzid);
        return Some(found);
    }
    let zone = origin.zone(tzid)?;
    let reach = recur::reach(origin, Zone::utc(), &Limits::default()).unwrap_or(Span::ALWAYS);
    let earliest = Instant::from_unix(0);
    let text = zone.to_vtimezone(reach.start.max(earliest), reach.end.max(earliest));
    let parsed = text::parse(text.as_bytes(), &Limits::default()).ok()?;
    let mut written = parsed.calendars.first()?.components.first()?.clone();
    set_tzid(&mut written, tzid);
    Some(written)
}

fn set_tzid(vtimezone: &mut Component, tzid: &str) {
    if vtimezone.text("TZID").as_deref() != Some(tzid) {
        set(vtimezone, "TZID", &text::escape(tzid));
    }
}

/// `tzid` of `origin` as it must be called in `base`, where that name may mean other rules.
fn name_in(tzid: &str, origin: &CalendarObject, base: &CalendarObject) -> String {
    let means = |object: &CalendarObject| definition(object, tzid).as_ref().and_then(Zone::of_vtimezone);
    let defines = |object: &CalendarObject| Definitions::of(object.calendar()).find(tzid).is_some();
    if !defines(base) || !defines(origin) || means(base) == means(origin) {
        tzid.to_owned()
    } else {
        format!("{tzid}-as-sent")
    }
}

/// The component with TZIDs that mean in `base` what they meant in `origin`.
pub(super) fn renamed_zones(
    component: &Component,
    origin: &CalendarObject,
    base: &CalendarObject,
) -> Component {
    let mut component = component.clone();
    let mut open = vec![&mut component];
    while let Some(each) = open.pop() {
        let parameters = each.properties.iter_mut().flat_map(|property| &mut property.parameters);
        for parameter in parameters.filter(|parameter| parameter.name == "TZID") {
            parameter.values =
                parameter.values.iter().take(1).map(|tzid| name_in(tzid, origin, base)).collect();
        }
        open.extend(each.components.iter_mut());
    }
    component
}

/// The VTIMEZONEs that `component` of `origin` needs and `base` lacks.
pub(super) fn missing_zones(
    component: &Component,
    origin: &CalendarObject,
    base: &CalendarObject,
) -> Vec<Component> {
    let mut names = Vec::new();
    tzids(component, &mut names);
    let known = Definitions::of(base.calendar());
    let missing = |tzid: &String| {
        let name = name_in(tzid, origin, base);
        let mut zone = if known.find(&name).is_none() { definition(origin, tzid)? } else { return None };
        set_tzid(&mut zone, &name);
        Some(zone)
    };
    names.iter().filter_map(missing).collect()
}
