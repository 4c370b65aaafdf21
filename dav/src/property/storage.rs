//! Live properties of what is stored: quota (RFC 4331 §3, §4), names that stay (RFC 5842 §3.1), attachments (RFC 8607 §6).

use calendar::collection::CollectionName;
use calendar::time::Instant;
use sha2::{Digest, Sha256};

use crate::path::Resource;
use crate::property::{Facets, Kinds, LiveProperty, View};
use crate::xml::name::{caldav, dav};

/// Where a quota is told: it is that of the home, of everything in it together.
const QUOTED: Kinds = Kinds::HOME.or(Kinds::COLLECTION).or(Kinds::FOLDER);

/// The rows.
pub const PROPERTIES: &[LiveProperty] = &[
    LiveProperty::protected(dav("quota-available-bytes"), QUOTED, |view, out| {
        out.text(&view.setting.usage.get()?.available.to_string())
    })
    .needing(Facets::USAGE),
    LiveProperty::protected(dav("quota-used-bytes"), QUOTED, |view, out| {
        out.text(&view.setting.usage.get()?.used.to_string())
    })
    .needing(Facets::USAGE),
    LiveProperty::protected(
        dav("resource-id"),
        Kinds::PRINCIPAL.or(Kinds::HOME).or(Kinds::COLLECTION).or(Kinds::OBJECT),
        |view, out| {
            out.writer().text_element(dav("href"), &resource_id(view)?);
            Some(())
        },
    )
    .needing(Facets::RESOURCE_IDS),
    LiveProperty::protected(caldav("max-attachment-size"), Kinds::HOME.or(Kinds::CALENDAR), |view, out| {
        out.number(view.setting.attachments?.octets_max)
    }),
    LiveProperty::protected(
        caldav("max-attachments-per-resource"),
        Kinds::HOME.or(Kinds::CALENDAR),
        |view, out| out.number(view.setting.attachments?.per_object_max),
    ),
    // RFC 8607 §6.1: empty where files are posted to the same server.
    LiveProperty::protected(caldav("managed-attachments-server-URL"), Kinds::HOME, |view, _| {
        view.setting.attachments.map(|_| ())
    }),
];

/// The name of a resource that it keeps when it is moved.
fn resource_id(view: &View) -> Option<String> {
    match (&view.resource, &view.collection, &view.member) {
        (Resource::Object(name), Some(collection), Some(member)) => {
            let before = view.setting.resource_ids.get().and_then(|all| all.get(name)).cloned();
            before.or_else(|| {
                Some(id_of_object(
                    &name.collection,
                    collection.token.epoch,
                    (member.member.as_str(), member.created),
                ))
            })
        }
        (Resource::Collection(name), Some(collection), _) => {
            Some(id_of(&["collection", name.owner.as_str(), &collection.token.epoch.to_string()]))
        }
        (Resource::Principal(owner), ..) => Some(id_of(&["principal", owner.as_str()])),
        (Resource::Home(owner), ..) => Some(id_of(&["home", owner.as_str()])),
        _ => None,
    }
}

/// The name that an object has from the collection (of that epoch) in which it was made, until it is moved.
pub fn id_of_object(collection: &CollectionName, epoch: u64, (member, created): (&str, Instant)) -> String {
    let (epoch, created) = (epoch.to_string(), created.as_unix().to_string());
    id_of(&["object", collection.owner.as_str(), &epoch, member, &created])
}

/// A UUID made of a name (RFC 9562 §5.8), as a URN.
fn id_of(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let mut octets = [0; 16];
    octets.copy_from_slice(&digest[..16]);
    octets[6] = (octets[6] & 0x0f) | 0x80;
    octets[8] = (octets[8] & 0x3f) | 0x80;
    let digits = format!("{:032x}", u128::from_be_bytes(octets));
    format!(
        "urn:uuid:{}-{}-{}-{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[12..16],
        &digits[16..20],
        &digits[20..]
    )
}
