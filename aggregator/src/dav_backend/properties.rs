//! A collection's record as the protocol sees it, and back.

use calendar::collection::{CollectionName, Privilege, SyncToken};
use calendar::object::Kind;
use calendar::time::Instant;
use dav::backend::{Collection, CollectionKind, PropertyChange};
use store::collections::{CollectionRecord, Head, Role};

use crate::owner::Owner;
use crate::reading::zone_of;
use crate::world::World;

/// Between namespace and name in the key of a dead property.
const SEPARATOR: char = '\u{1f}';

const KINDS: [Kind; 5] = [Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy, Kind::Availability];

/// The collection as its owner sees it.
pub(super) fn collection_of(
    world: &World,
    owner: &Owner,
    (name, record): (&CollectionName, &CollectionRecord),
    head: Head,
) -> Collection {
    let components =
        KINDS.into_iter().filter(|kind| record.components.iter().any(|taken| taken == kind.component_name()));
    let dead_properties = record.properties.iter().filter_map(|(key, xml)| {
        let (namespace, local) = key.split_once(SEPARATOR)?;
        Some(((namespace.to_owned(), local.to_owned()), xml.clone()))
    });
    Collection {
        name: name.clone(),
        kind: match record.role {
            Role::Inbox => CollectionKind::Inbox,
            Role::Outbox => CollectionKind::Outbox,
            _ => CollectionKind::Calendar,
        },
        display_name: record.display_name.clone(),
        description: record.description.clone(),
        timezone: record.timezone.clone(),
        zone: zone_of(owner, record, &world.limits),
        components: components.collect(),
        opaque: record.counts_as_busy,
        privileges: privileges(record),
        dead_properties: dead_properties.collect(),
        token: SyncToken { epoch: record.epoch, revision: head.revision },
        created: Instant::from_unix(record.created),
    }
}

/// What the owner may do. Read-only calendars do not announce write-properties, although a colour may be set: clients
/// (Thunderbird 153) take any of the write privileges for leave to write events.
fn privileges(record: &CollectionRecord) -> Vec<Privilege> {
    let mut privileges = vec![Privilege::Read, Privilege::ReadFreeBusy];
    if record.writable {
        privileges.extend([
            Privilege::WriteContent,
            Privilege::WriteProperties,
            Privilege::Bind,
            Privilege::Unbind,
        ]);
    }
    privileges
}

/// Applies property changes to a record.
pub(super) fn apply(record: &mut CollectionRecord, changes: &[PropertyChange]) {
    for change in changes {
        match change {
            PropertyChange::DisplayName(name) => record.display_name.clone_from(name),
            PropertyChange::Description(description) => record.description.clone_from(description),
            PropertyChange::Timezone(timezone) => record.timezone.clone_from(timezone),
            PropertyChange::Components(kinds) => {
                record.components = kinds.iter().map(|kind| kind.component_name().to_owned()).collect();
            }
            PropertyChange::Opaque(opaque) => record.counts_as_busy = *opaque,
            PropertyChange::Dead((namespace, local), value) => {
                let key = format!("{namespace}{SEPARATOR}{local}");
                match value {
                    Some(xml) => record.properties.insert(key, xml.clone()),
                    None => record.properties.remove(&key),
                };
            }
        }
    }
}
