//! Who is who in a scheduling object: owners of this server by their addresses, organizer and attendee.

use std::sync::Arc;

use calendar::address::Address;
use calendar::collection::PrincipalId;
use calendar::itip::with_addresses;
use calendar::object::{CalendarObject, Kind};
use dav::path::Resource;

use crate::owner::Owner;
use crate::world::World;
use crate::zones;

/// What an owner is to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// They have called others.
    Organizer,
    /// They were called by another.
    Attendee,
}

/// All addresses by which an owner is known: their own, and the path of their principal.
pub(crate) fn addresses_of(owner: &Owner) -> Vec<Address> {
    let path = Resource::Principal(PrincipalId::new(owner.id.as_str())).href();
    owner.addresses.iter().cloned().chain([Address::parse(&path)]).collect()
}

/// The owner whose principal has this path, or this address on this server, or who signs in by this name.
fn by_path(world: &World, address: &Address) -> Option<Arc<Owner>> {
    let rules = world.house_rules();
    let public = rules.public_url.trim_end_matches('/');
    let path = Some(address.as_str()).filter(|_| !public.is_empty());
    let path = path.and_then(|address| address.strip_prefix(public)).unwrap_or(address.as_str());
    // Evolution writes the name by which somebody signs in, where it knows no mail address.
    if let Some(name) = address.mail().filter(|mail| !mail.contains('@')) {
        return world.owner(name);
    }
    match Resource::of_path(path)? {
        Resource::Principal(id) => world.owner(id.as_str()),
        _ => None,
    }
}

/// The octets with mail addresses in the place of principals' paths, by which iOS and macOS name owners: others know
/// nothing of paths.
pub(crate) fn with_mail_addresses(world: &World, object: &CalendarObject) -> Option<Arc<[u8]>> {
    with_addresses(object, |address| {
        let owner = by_path(world, address)?;
        owner.addresses.iter().find(|address| address.mail().is_some()).cloned()
    })
}

/// An object that names an organizer, read; `None` for any other.
pub(crate) fn read(world: &World, octets: &Arc<[u8]>) -> Option<CalendarObject> {
    // Most objects name none, and need not be read for it.
    let names = |window: &[u8]| window.eq_ignore_ascii_case(b"ORGANIZER");
    if !octets.windows(9).any(names) {
        return None;
    }
    let object = zones::read_object(Arc::clone(octets), &world.limits).ok()?;
    let is_organized = organizers(&object).next().is_some();
    is_organized.then_some(object)
}

/// The organizers that the components name.
pub(crate) fn organizers(object: &CalendarObject) -> impl Iterator<Item = Address> {
    object
        .components()
        .filter_map(|component| component.property("ORGANIZER"))
        .map(|line| Address::parse(&line.value))
}

/// The attendees, each once.
pub(crate) fn attendees(object: &CalendarObject) -> Vec<Address> {
    let lines = object.components().flat_map(|component| component.properties_named("ATTENDEE"));
    let mut people: Vec<Address> = lines.map(|line| Address::parse(&line.value)).collect();
    people.sort();
    people.dedup();
    people
}

/// What somebody with these addresses is to an object; `None` where the server does not schedule for them.
pub(crate) fn role(object: &CalendarObject, addresses: &[Address]) -> Option<Role> {
    if !matches!(object.kind(), Kind::Event | Kind::Todo) {
        return None;
    }
    if organizers(object).any(|organizer| addresses.contains(&organizer)) {
        return Some(Role::Organizer);
    }
    let is_invited = attendees(object).iter().any(|who| addresses.contains(who));
    (is_invited && organizers(object).next().is_some()).then_some(Role::Attendee)
}

/// Whether the server speaks to the organizer for an attendee (RFC 6638 §7.1).
pub(crate) fn server_answers(object: &CalendarObject) -> bool {
    let mut lines = object.components().filter_map(|component| component.property("ORGANIZER"));
    lines.all(|line| {
        line.parameter("SCHEDULE-AGENT").is_none_or(|agent| agent.trim().eq_ignore_ascii_case("SERVER"))
    })
}

/// The highest SEQUENCE of an object's components.
pub(crate) fn sequence(object: &CalendarObject) -> u32 {
    let values = object.components().filter_map(|component| component.property("SEQUENCE"));
    values.filter_map(|property| property.value.trim().parse().ok()).max().unwrap_or(0)
}
