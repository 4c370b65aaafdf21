//! Objects: facts, octets and UIDs.

use super::collections::{NO_COLLECTION, log_rest, read_head, read_log};
use super::look::{Look, Looked, Name, Parts, failing, member_part, part, value};
use crate::engine::{Entry, Version, Versioned};
use crate::key::{shown_text, split_text};
use crate::objects::{FactsRow, ObjectFacts, OctetsRow, object_key, read_uid};
use crate::table::{RowReader, read_row, tag};

/// Rows that every member refers to, before those of the busy index.
const ALWAYS: usize = 7;

/// Reads facts.
pub(super) fn read_facts(row: &[u8]) -> Option<FactsRow> {
    FactsRow::read(row, Version::default(), &String::new).ok()
}

/// `f`: all that belongs to the member is there and says the same.
pub(super) fn facts(entry: &Entry) -> Looked {
    let parts = Parts::of(entry)?;
    let row = match FactsRow::read(&entry.value, entry.version, &|| "the row".into()) {
        Ok(row) => row,
        Err(error) => return Look::unreadable(parts.named_by_key(), &error),
    };
    let facts = &row.facts;
    let member = member_part(facts.member.as_str());
    let (owner, collection) = parts.owner_and_collection();
    let uid = part(|key| key.long_name(&facts.uid));
    let mut keys = vec![
        parts.collection_key(tag::COLLECTION),
        parts.collection_key(tag::HEAD),
        parts.key(tag::OCTETS, &member),
        [&[tag::UID], owner, uid.as_slice(), collection].concat(),
        parts.key(tag::LOG, &log_rest(facts.revision.0, &member)),
        parts.key(tag::TOMBSTONE, &member),
    ];
    // Of a member that shows nothing its own facts are asked for once more, so that each place has its meaning.
    let shown = facts.shows.as_ref().map(|shown| object_key(tag::FACTS, shown).into_octets());
    keys.push(shown.unwrap_or_else(|| entry.key.clone()));
    for bucket in &row.placed.buckets {
        let place = part(|key| key.signed(*bucket));
        keys.push(parts.key(tag::BUSY, &[place, member.clone()].concat()));
    }
    let others = [(row.placed.long, tag::BUSY_LONG), (row.placed.beyond, tag::BUSY_BEYOND)];
    keys.extend(others.iter().filter(|(placed, _)| *placed).map(|(_, table)| parts.key(*table, &member)));
    let mut look = Look::at(parts.name_of(facts.member.as_str()))
        .holds(parts.rest == member, "the row says another member than its key");
    look.octets = if facts.shows.is_some() { 0 } else { facts.octets };
    look.ask(keys, move |found| {
        let mut wrong = judge_facts(&row.facts, found);
        if found.iter().skip(ALWAYS).any(Option::is_none) {
            wrong.push("a row of the busy index is missing".into());
        }
        wrong
    })
}

fn judge_facts(facts: &ObjectFacts, found: &[Option<Versioned>]) -> Vec<String> {
    let head = value(found.get(1)).and_then(read_head);
    let in_head = head.is_none_or(|(revision, _)| facts.revision.0 <= revision);
    let member = value(found.get(3)).and_then(|row| read_uid(row, "").ok()).map(|(_, member)| member);
    let logged = value(found.get(4)).and_then(read_log);
    let logged = logged.is_some_and(|(_, removed, member)| !removed && member == facts.member.as_str());
    let mut wrong = failing([
        (value(found.first()).is_some(), NO_COLLECTION),
        (head.is_some(), "its collection has no head"),
        (in_head, "its revision lies above that of the collection"),
        (member.as_ref() == Some(&facts.member), "there is no row of its UID, or it names another member"),
        (logged, "the change log does not say that it changed at its revision"),
        (value(found.get(5)).is_none(), "it has a tombstone although it is there"),
    ]);
    wrong.extend(judge_octets(facts, value(found.get(2))));
    if facts.shows.is_some() {
        wrong.extend(judge_shown(facts, value(found.get(6))));
    }
    wrong
}

fn judge_octets(facts: &ObjectFacts, row: Option<&[u8]>) -> Option<String> {
    let has_octets = facts.shows.is_none() && facts.octets > 0;
    match (has_octets, row) {
        (false, None) => None,
        (false, Some(_)) => Some("it has octets although it is to have none".into()),
        (true, None) => Some("its octets are missing".into()),
        (true, Some(row)) => match OctetsRow::read(row, &String::new) {
            Ok(row) if row.belongs_to(facts) => None,
            Ok(_) => Some("its octets are not those of its facts".into()),
            Err(_) => Some("its octets are not those that were stored".into()),
        },
    }
}

/// A member of the unified collection shows an object of the same UID, which shows nothing itself.
fn judge_shown(facts: &ObjectFacts, shown: Option<&[u8]>) -> Option<String> {
    let Some(row) = shown else { return Some("the object that it shows is not there".into()) };
    let shown = read_facts(row)?.facts;
    (shown.uid != facts.uid || shown.shows.is_some())
        .then(|| "the object that it shows is another one".into())
}

/// `o`: there are facts to which it belongs; the rest is judged with those.
pub(super) fn octets(entry: &Entry) -> Looked {
    let parts = Parts::of(entry)?;
    let key = parts.key(tag::FACTS, &parts.rest);
    Look::at(parts.named_by_key())
        .ask(vec![key], |found| failing([(value(found.first()).is_some(), "there is no member with it")]))
}

/// `u`: the member that it names has this UID.
pub(super) fn uid(entry: &Entry) -> Looked {
    let key = entry.key.get(1..).unwrap_or_default();
    let split = || {
        let (owner, rest) = split_text(key)?;
        let (uid, collection) = split_text(rest)?;
        Some((owner, uid, collection))
    };
    let Some((owner, uid, collection)) = split() else {
        return Look::only(Name::default(), "the key cannot be read");
    };
    let mut name =
        Name { owner: Some(shown_text(owner)), collection: Some(shown_text(collection)), member: None };
    let read = read_row(&entry.value, String::new, |row: &mut RowReader<'_>| {
        Some((row.text()?.to_owned(), row.text()?.to_owned()))
    });
    let Ok((id, member)) = read else { return Look::only(name, "the row cannot be read") };
    name = Name { collection: Some(id.clone()), member: Some(member.clone()), ..name };
    let id = part(|key| key.name(&id));
    let facts = [&[tag::FACTS], owner, &id, &member_part(&member)].concat();
    let uid = uid.to_vec();
    Look::at(name).holds(id == collection, "the row says another collection than its key").ask(
        vec![facts],
        move |found| {
            let facts = value(found.first()).and_then(read_facts);
            let same = facts.is_some_and(|row| part(|key| key.long_name(&row.facts.uid)) == uid);
            failing([(same, "there is no member with this UID")])
        },
    )
}
