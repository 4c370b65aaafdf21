//! A collection's record as the protocol sees it, and back.

use std::collections::BTreeMap;

use calendar::collection::{CollectionName, Privilege, SyncToken};
use calendar::object::Kind;
use calendar::refusal::{Barred, Refusal};
use calendar::time::Instant;
use dav::backend::{Collection, CollectionKind, DeadProperties, Phrase, PropertyChange};
use store::collections::{CollectionRecord, Head, Role};

use crate::operation::collection::counts_as_busy;
use crate::owner::Owner;
use crate::reading::{PROPERTY_SEPARATOR, property_key, zone_of};
use crate::world::World;

/// Octets of all dead properties of a collection or home together: they are read with every request.
const DEAD_OCTETS_MAX: usize = 1024 * 1024;

const KINDS: [Kind; 5] = [Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy, Kind::Availability];

/// The collection as whoever holds `privileges` sees it.
pub(super) fn collection_of(
    world: &World,
    owner: &Owner,
    (name, record): (&CollectionName, &CollectionRecord),
    (head, privileges): (Head, Vec<Privilege>),
) -> Collection {
    let components =
        KINDS.into_iter().filter(|kind| record.components.iter().any(|taken| taken == kind.component_name()));
    Collection {
        name: name.clone(),
        kind: match record.role {
            Role::Inbox => CollectionKind::Inbox,
            Role::Outbox => CollectionKind::Outbox,
            _ => CollectionKind::Calendar,
        },
        display_name: record.display_name.clone(),
        description: description_of(record),
        timezone: record.timezone.clone(),
        availability: record.availability.clone(),
        zone: zone_of(owner, record, &world.limits),
        components: components.collect(),
        opaque: counts_as_busy(owner, record),
        default_calendar: None,
        privileges,
        borrowed: None,
        dead_properties: dead_of(&record.properties),
        token: SyncToken { epoch: record.epoch, revision: head.revision },
        created: Instant::from_unix(record.created),
    }
}

/// What a collection is about, in the language that was said.
pub(super) fn description_of(record: &CollectionRecord) -> Option<Phrase> {
    let text = record.description.clone()?;
    Some(Phrase { text, language: record.description_language.clone() })
}

/// Dead properties as the protocol names them.
pub(crate) fn dead_of(kept: &BTreeMap<String, String>) -> DeadProperties {
    let pair = |(key, xml): (&String, &String)| {
        let (namespace, local) = key.split_once(PROPERTY_SEPARATOR)?;
        Some(((namespace.to_owned(), local.to_owned()), xml.clone()))
    };
    kept.iter().filter_map(pair).collect()
}

/// Of dead properties those that say how a calendar looks, by namespace and name.
const APPEARANCE: [(&str, &str); 2] =
    [("http://apple.com/ns/ical/", "calendar-color"), ("http://apple.com/ns/ical/", "calendar-order")];

/// Those that say how a calendar looks.
pub(crate) fn appearance(kept: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let keys = APPEARANCE.map(|(namespace, local)| property_key(namespace, local));
    kept.iter().filter(|(key, _)| keys.contains(key)).map(|(key, xml)| (key.clone(), xml.clone())).collect()
}

/// Sets or removes a dead property.
pub(crate) fn keep(
    kept: &mut BTreeMap<String, String>,
    (namespace, local): &(String, String),
    value: Option<&String>,
) {
    let key = property_key(namespace, local);
    match value {
        Some(xml) => kept.insert(key, xml.clone()),
        None => kept.remove(&key),
    };
}

/// Whether there is room for all of them.
///
/// # Errors
/// [`Refusal::Full`].
pub(crate) fn check_room(kept: &BTreeMap<String, String>) -> Result<(), Refusal> {
    let octets: usize = kept.iter().map(|(key, xml)| key.len() + xml.len()).sum();
    if octets > DEAD_OCTETS_MAX { Err(Refusal::Full) } else { Ok(()) }
}

/// Applies property changes to a record.
///
/// # Errors
/// [`Refusal::Full`] for more dead properties than are kept.
pub(super) fn apply(record: &mut CollectionRecord, changes: &[PropertyChange]) -> Result<(), Refusal> {
    for change in changes {
        match change {
            PropertyChange::DisplayName(name) => record.display_name.clone_from(name),
            PropertyChange::Description(description) => {
                record.description = description.as_ref().map(|phrase| phrase.text.clone());
                record.description_language = description.as_ref().and_then(|phrase| phrase.language.clone());
            }
            PropertyChange::Timezone(timezone) => record.timezone.clone_from(timezone),
            PropertyChange::Availability(text) if record.role == Role::Inbox => {
                record.availability.clone_from(text);
            }
            PropertyChange::Availability(_) => {
                return Err(Refusal::Protected("only the inbox says when its owner can be asked for"));
            }
            PropertyChange::Components(kinds) => {
                record.components = kinds.iter().map(|kind| kind.component_name().to_owned()).collect();
            }
            PropertyChange::Opaque(opaque) => record.counts_as_busy = *opaque,
            PropertyChange::GroupMembers(_) => {
                return Err(Refusal::Protected("only groups have members that are set"));
            }
            PropertyChange::DefaultCalendar(_) => return Err(Refusal::Scheduling(Barred::NoDefaultCalendar)),
            PropertyChange::Dead(name, value) => keep(&mut record.properties, name, value.as_ref()),
        }
    }
    check_room(&record.properties)
}
