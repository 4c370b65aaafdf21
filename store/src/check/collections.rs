//! Collections, their heads and their change logs.

use calendar::collection::CollectionName;

use super::look::{Look, Looked, Name, Parts, failing, member_part, part, value};
use crate::collections::{CollectionKey, CollectionRecord};
use crate::engine::{Entry, Version};
use crate::objects::FactsRow;
use crate::table::{read_json_row, read_row, tag};

pub(super) const NO_COLLECTION: &str = "it belongs to no collection";

/// `c`: its key says its name, and it has a head.
pub(super) fn record(entry: &Entry) -> Looked {
    let parts = Parts::of(entry)?;
    let read = read_json_row::<CollectionRecord>(&entry.value, || "the row".into());
    let (written, _) = match read {
        Ok(read) => read,
        Err(error) => return Look::unreadable(parts.name, &error),
    };
    let [owner, collection] = written.as_slice() else {
        return Look::only(parts.name, "the row does not say its name");
    };
    let key = CollectionName::new(owner, collection).key(tag::COLLECTION);
    let name = Name { owner: Some(owner.clone()), collection: Some(collection.clone()), member: None };
    Look::at(name)
        .holds(key.octets() == entry.key, "the row says another name than its key")
        .ask(vec![parts.collection_key(tag::HEAD)], |found| {
            failing([(value(found.first()).is_some(), "there is no head")])
        })
}

/// Revision and floor in the row of a head.
pub(super) fn read_head(row: &[u8]) -> Option<(u64, u64)> {
    read_row(row, String::new, |reader| Some((reader.number()?, reader.number()?))).ok()
}

/// `h`: the floor is not above the revision, and there is such a collection.
pub(super) fn head(entry: &Entry) -> Looked {
    let parts = Parts::of(entry)?;
    let Some((revision, floor)) = read_head(&entry.value) else {
        return Look::only(parts.name, "the row cannot be read");
    };
    Look::at(parts.name.clone())
        .holds(parts.rest.is_empty(), "the key is longer than it says")
        .holds(floor <= revision, "the floor of the log lies above the revision")
        .ask(vec![parts.collection_key(tag::COLLECTION)], |found| {
            failing([(value(found.first()).is_some(), NO_COLLECTION)])
        })
}

/// Revision, whether removed, and member in a row of the log.
pub(super) fn read_log(row: &[u8]) -> Option<(u64, bool, String)> {
    read_row(row, String::new, |reader| {
        Some((reader.number()?, reader.number()? != 0, reader.text()?.to_owned()))
    })
    .ok()
}

/// The rest of the key of a row of the log.
pub(super) fn log_rest(revision: u64, member: &[u8]) -> Vec<u8> {
    [&part(|key| key.number(revision)), member].concat()
}

/// `l`: the member is as the row says, changed then or gone then.
pub(super) fn log(entry: &Entry) -> Looked {
    let parts = Parts::of(entry)?;
    let Some((revision, removed, member)) = read_log(&entry.value) else {
        return Look::only(parts.name, "the row cannot be read");
    };
    let at = member_part(&member);
    let keys =
        vec![parts.collection_key(tag::HEAD), parts.key(tag::FACTS, &at), parts.key(tag::TOMBSTONE, &at)];
    Look::at(parts.name_of(&member))
        .holds(parts.rest == log_rest(revision, &at), "the row says another revision or member than its key")
        .ask(keys, move |found| {
            let head = value(found.first()).and_then(read_head);
            let facts = value(found.get(1));
            let facts_then = facts.and_then(revision_of_facts) == Some(revision);
            let tombstone_then = value(found.get(2)).and_then(read_revision) == Some(revision);
            let in_head = head.is_none_or(|(newest, _)| revision <= newest);
            let mut wrong = failing([
                (head.is_some(), NO_COLLECTION),
                (in_head, "its revision lies above that of the collection"),
            ]);
            if removed {
                wrong.extend(failing([
                    (tombstone_then, "it is said to be gone and has no tombstone of that revision"),
                    (facts.is_none(), "it is said to be gone and is there"),
                ]));
            } else {
                wrong.extend(failing([(facts_then, "there is no member that changed at that revision")]));
            }
            wrong
        })
}

fn revision_of_facts(row: &[u8]) -> Option<u64> {
    FactsRow::read(row, Version::default(), &String::new).ok().map(|row| row.facts.revision.0)
}

/// The revision in the row of a tombstone.
pub(super) fn read_revision(row: &[u8]) -> Option<u64> {
    read_row(row, String::new, crate::table::RowReader::number).ok()
}

/// `g`: the log says the same, and the member is not there.
pub(super) fn tombstone(entry: &Entry) -> Looked {
    let parts = Parts::of(entry)?;
    let Some(revision) = read_revision(&entry.value) else {
        return Look::only(parts.named_by_key(), "the row cannot be read");
    };
    let keys = vec![
        parts.key(tag::LOG, &log_rest(revision, &parts.rest)),
        parts.key(tag::FACTS, &parts.rest),
        parts.collection_key(tag::COLLECTION),
    ];
    Look::at(parts.named_by_key()).ask(keys, |found| {
        let logged = value(found.first()).and_then(read_log).is_some_and(|(_, removed, _)| removed);
        failing([
            (logged, "the change log does not say that it went away at that revision"),
            (value(found.get(1)).is_none(), "the member is there all the same"),
            (value(found.get(2)).is_some(), NO_COLLECTION),
        ])
    })
}
