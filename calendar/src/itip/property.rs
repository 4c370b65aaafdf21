//! Small changes of properties and what they say of people: setting values and parameters, reading attendees.

use super::ANSWERS_SINCE;
use crate::address::Address;
use crate::component::{Component, Parameter, Property};
use crate::object::revision;

/// A property without parameters.
pub(super) fn new(name: &str, value: &str) -> Property {
    Property { name: name.to_owned(), value: value.to_owned(), ..Property::default() }
}

/// A parameter with one value.
pub(super) fn parameter(name: &str, value: &str) -> Parameter {
    Parameter { name: name.to_owned(), values: vec![value.to_owned()] }
}

/// The property with further parameters.
pub(super) fn with_parameters(
    mut property: Property,
    parameters: impl IntoIterator<Item = Parameter>,
) -> Property {
    property.parameters.extend(parameters);
    property
}

/// Puts `value` in place of the first property `name`, or at the end; others of that name go. Nothing where it says so.
pub(super) fn set(component: &mut Component, name: &str, value: &str) {
    let mut first = true;
    component.properties.retain(|property| property.name != name || std::mem::take(&mut first));
    match component.properties.iter_mut().find(|property| property.name == name) {
        Some(property) if property.value == value && property.parameters.is_empty() => {}
        Some(property) => *property = new(name, value),
        None => component.properties.push(new(name, value)),
    }
}

/// Puts `value` in place of what parameter `name` says, or at its end; `None` takes it away.
pub(super) fn set_parameter(property: &mut Property, name: &str, value: Option<&str>) {
    if property.parameter(name) == value {
        return;
    }
    property.octets = 0..0;
    let Some(value) = value else {
        return property.parameters.retain(|parameter| parameter.name != name);
    };
    match property.parameters.iter_mut().find(|parameter| parameter.name == name) {
        Some(parameter) => parameter.values = vec![value.to_owned()],
        None => property.parameters.push(parameter(name, value)),
    }
}

/// The address that a property holds.
pub(super) fn address_of(property: &Property) -> Address {
    Address::parse(&property.value)
}

/// The addresses that a parameter holds (DELEGATED-TO, SENT-BY …).
pub(super) fn addresses_in(property: &Property, name: &str) -> Vec<Address> {
    let parameters = property.parameters.iter().filter(|parameter| parameter.name == name);
    parameters.flat_map(|parameter| &parameter.values).map(|value| Address::parse(value)).collect()
}

/// ORGANIZER of a component.
pub(super) fn organizer_of(component: &Component) -> Option<Address> {
    component.property("ORGANIZER").map(address_of)
}

/// The ATTENDEE that is one of `people`.
pub(super) fn attendee_among<'a>(component: &'a Component, people: &[Address]) -> Option<&'a Property> {
    component.properties_named("ATTENDEE").find(|each| people.contains(&address_of(each)))
}

/// The ATTENDEE with this address, to be changed.
pub(super) fn attendee_mut<'a>(component: &'a mut Component, who: &Address) -> Option<&'a mut Property> {
    component.properties.iter_mut().find(|each| each.name == "ATTENDEE" && address_of(each) == *who)
}

/// `accepted` as `ACCEPTED`, with nothing in it that a parameter value cannot hold.
pub(super) fn partstat_token(partstat: &str) -> String {
    let is_token = |each: &char| each.is_ascii_alphanumeric() || *each == '-';
    let token: String = partstat.chars().filter(is_token).collect();
    if token.is_empty() { "NEEDS-ACTION".to_owned() } else { token.to_ascii_uppercase() }
}

/// PARTSTAT of an ATTENDEE; NEEDS-ACTION is the default (RFC 5545 §3.2.12).
pub(super) fn partstat_of(attendee: &Property) -> String {
    partstat_token(attendee.parameter("PARTSTAT").unwrap_or("NEEDS-ACTION"))
}

/// From which SEQUENCE on answers to `component` count.
pub(super) fn answers_since(component: &Component) -> u32 {
    let (sequence, _) = revision(component);
    let since = component.property("SEQUENCE").and_then(|property| property.parameter(ANSWERS_SINCE));
    since.and_then(|since| since.trim().parse().ok()).map_or(sequence, |since: u32| since.min(sequence))
}

/// Whether a component's STATUS is CANCELLED.
pub(super) fn is_cancelled(component: &Component) -> bool {
    component.property("STATUS").is_some_and(|status| status.value.trim().eq_ignore_ascii_case("CANCELLED"))
}

/// Whether a VALUE such as SCHEDULE-AGENT leaves scheduling to the server (RFC 6638 §7.1).
pub(super) fn server_schedules(property: &Property) -> bool {
    property.parameter("SCHEDULE-AGENT").is_none_or(|agent| agent.trim().eq_ignore_ascii_case("SERVER"))
}
