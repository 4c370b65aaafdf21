//! Objects with all that belongs to them: facts, octets, UIDs, change log, busy index.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod index;
mod model;

use std::collections::BTreeMap;
use std::sync::Arc;

use calendar::busy::{BusyPeriod, BusyType};
use calendar::collection::{CollectionName, EntityTag, MemberName, ObjectName, PrincipalId, Revision};
use calendar::object::Kind;
use calendar::time::{Instant, Span};
use store::busy_index::BUCKET_SECONDS;
use store::collections::{CollectionRecord, Head, Role};
use store::engine::memory::MemoryEngine;
use store::engine::{Commit, Committed};
use store::objects::{NewObject, ObjectChange, ObjectFacts};
use store::{Change, EngineError, Store};

const DAY: i64 = 86_400;

fn store() -> Store {
    Store::new(Arc::new(MemoryEngine::new()))
}

fn work() -> CollectionName {
    CollectionName::new("ada", "work")
}

fn record(name: &str) -> CollectionRecord {
    CollectionRecord {
        role: Role::Personal,
        display_name: name.into(),
        description: None,
        description_language: None,
        timezone: None,
        timezone_id: None,
        availability: None,
        components: vec!["VEVENT".into()],
        counts_as_busy: true,
        in_unified: true,
        writable: true,
        properties: BTreeMap::from([("DAV:\u{241F}x".into(), "<x/>".into())]),
        epoch: 7,
        created: 1,
    }
}

fn period(start: i64, seconds: i64) -> BusyPeriod {
    let start = Instant::from_unix(start);
    BusyPeriod { span: Span::new(start, start.plus(seconds)), kind: BusyType::Busy }
}

fn span(start: i64, end: i64) -> Span {
    Span::new(Instant::from_unix(start), Instant::from_unix(end))
}

fn object(uid: &str, text: &str, busy: Vec<BusyPeriod>) -> NewObject {
    NewObject {
        tag: EntityTag(format!("tag-{text}")),
        uid: uid.into(),
        kind: Kind::Event,
        octets: text.as_bytes().into(),
        length: text.len(),
        created: -5,
        reach: busy
            .iter()
            .map(|period| period.span)
            .reduce(|a, b| Span::new(a.start.min(b.start), a.end.max(b.end))),
        shows: None,
        busy,
        beyond: None,
    }
}

/// Reads what is there, changes it and commits.
async fn change(
    store: &Store,
    collection: &CollectionName,
    changes: Vec<(&str, Option<NewObject>)>,
) -> Committed {
    let head = store.head(collection).await.unwrap();
    let mut objects = Vec::new();
    for (member, after) in changes {
        let name = ObjectName::new(collection, member);
        let before = store.facts(&name).await.unwrap();
        objects.push(ObjectChange { name, before, after, modified: 99 });
    }
    let mut change = Change::new();
    assert_eq!(change.change_objects(collection, head, &objects), Revision(head.revision.0 + 1));
    store.commit(change).await.unwrap()
}

async fn put(store: &Store, member: &str, uid: &str, text: &str, busy: Vec<BusyPeriod>) {
    let committed = change(store, &work(), vec![(member, Some(object(uid, text, busy)))]).await;
    assert!(matches!(committed, Committed::At(_)));
}

async fn delete(store: &Store, member: &str) {
    assert!(matches!(change(store, &work(), vec![(member, None)]).await, Committed::At(_)));
}

async fn log(store: &Store, since: u64) -> Vec<(u64, String, bool)> {
    let rows = store.changes_since(&work(), Revision(since), usize::MAX).await.unwrap();
    rows.into_iter().map(|row| (row.revision.0, row.member.as_str().to_owned(), row.removed)).collect()
}

async fn rows(store: &Store) -> usize {
    store.engine().scan(&[0], &[0xFF], usize::MAX).await.unwrap().len()
}

#[tokio::test]
async fn an_object_comes_back_whole() {
    let store = store();
    let name = ObjectName::new(&work(), "lunch.ics");
    assert!(store.facts(&name).await.unwrap().is_none());
    assert!(store.object(&name).await.unwrap().is_none());
    put(&store, "lunch.ics", "uid-1", "BEGIN:VCALENDAR", vec![period(100, 50)]).await;
    let facts = store.facts(&name).await.unwrap().unwrap();
    assert_eq!(facts.member, name.member);
    assert_eq!(
        (facts.tag.0.as_str(), facts.uid.as_str(), facts.kind),
        ("tag-BEGIN:VCALENDAR", "uid-1", Kind::Event)
    );
    assert_eq!((facts.octets, facts.revision, facts.modified, facts.created), (15, Revision(1), 99, -5));
    assert_eq!((facts.reach, facts.shows.clone()), (Some(span(100, 150)), None));
    assert!(facts.version > 0);
    let whole = store.object(&name).await.unwrap().unwrap();
    assert_eq!(whole.facts, facts);
    assert_eq!(&*whole.octets, b"BEGIN:VCALENDAR");
    assert_eq!(store.by_uid(&work(), "uid-1").await.unwrap(), Some(name.member.clone()));
    assert_eq!(store.by_uid(&work(), "uid-2").await.unwrap(), None);
}

#[tokio::test]
async fn a_member_of_the_unified_collection_shows_another() {
    let store = store();
    let unified = CollectionName::new("ada", "unified");
    let shows = ObjectName::new(&work(), "lunch.ics");
    let reference = NewObject { shows: Some(shows.clone()), length: 77, ..object("uid-1", "", vec![]) };
    change(&store, &unified, vec![("a.ics", Some(reference))]).await;
    let whole = store.object(&ObjectName::new(&unified, "a.ics")).await.unwrap().unwrap();
    assert_eq!((whole.facts.shows, whole.facts.octets), (Some(shows), 77));
    assert!(whole.octets.is_empty());
}

#[tokio::test]
async fn facts_of_many_are_those_of_each() {
    let store = store();
    for member in ["b", "a", "c"] {
        put(&store, member, member, "text", vec![]).await;
    }
    delete(&store, "c").await;
    let long = "x".repeat(400);
    put(&store, &long, "long", "text", vec![]).await;
    let members: Vec<MemberName> = ["a", "none", &long, "b", "c", "a"].map(MemberName::new).to_vec();
    let facts = store.facts_of(&work(), &members).await.unwrap();
    assert_eq!(facts.len(), members.len());
    for (member, facts) in members.iter().zip(facts) {
        let name = ObjectName { collection: work(), member: member.clone() };
        assert_eq!(facts, store.facts(&name).await.unwrap(), "{member}");
        assert_eq!(facts.is_some(), !["none", "c"].contains(&member.as_str()));
    }
}

#[tokio::test]
async fn a_commit_upon_what_has_moved_is_refused() {
    let store = store();
    put(&store, "a.ics", "a", "1", vec![]).await;
    let head = store.head(&work()).await.unwrap();
    let before = store.facts(&ObjectName::new(&work(), "a.ics")).await.unwrap();
    let stale = |member: &str, before: Option<_>, head: Head| {
        let mut change = Change::new();
        let objects = [ObjectChange {
            name: ObjectName::new(&work(), member),
            before,
            after: Some(object("b", "2", vec![])),
            modified: 1,
        }];
        change.change_objects(&work(), head, &objects);
        change
    };
    put(&store, "a.ics", "a", "3", vec![]).await;
    let now = store.head(&work()).await.unwrap();
    for change in [
        stale("b.ics", None, head),
        stale("a.ics", None, now),
        stale("a.ics", before.clone(), now),
        stale("new.ics", before, now),
    ] {
        assert_eq!(store.commit(change).await.unwrap(), Committed::SeenHasMoved);
    }
    assert_eq!(&*store.object(&ObjectName::new(&work(), "a.ics")).await.unwrap().unwrap().octets, b"3");
}

#[tokio::test]
async fn a_uid_is_one_members() {
    let store = store();
    put(&store, "a.ics", "uid", "1", vec![]).await;
    let taken = change(&store, &work(), vec![("b.ics", Some(object("uid", "2", vec![])))]).await;
    assert_eq!(taken, Committed::SeenHasMoved);
    // It may pass from one to another in one change, in whatever order they are named.
    let passed =
        vec![("b.ics", Some(object("uid", "2", vec![]))), ("a.ics", Some(object("other", "1", vec![])))];
    assert!(matches!(change(&store, &work(), passed).await, Committed::At(_)));
    assert_eq!(store.by_uid(&work(), "uid").await.unwrap(), Some(MemberName::new("b.ics")));
    assert_eq!(store.by_uid(&work(), "other").await.unwrap(), Some(MemberName::new("a.ics")));
    let renamed = vec![("b.ics", None), ("c.ics", Some(object("uid", "2", vec![])))];
    assert!(matches!(change(&store, &work(), renamed).await, Committed::At(_)));
    assert_eq!(store.by_uid(&work(), "uid").await.unwrap(), Some(MemberName::new("c.ics")));
}

#[tokio::test]
async fn copies_are_found_in_all_of_an_owners_collections() {
    let store = store();
    for (owner, id) in [("ada", "work"), ("ada", "home"), ("bob", "work"), ("ada", &"long".repeat(60))] {
        change(&store, &CollectionName::new(owner, id), vec![("x.ics", Some(object("uid", "1", vec![])))])
            .await;
    }
    change(&store, &work(), vec![("y.ics", Some(object("uid2", "1", vec![])))]).await;
    let mut copies = store.copies_of(&PrincipalId::new("ada"), "uid").await.unwrap();
    copies.sort();
    let expected = ["home", &"long".repeat(60), "work"]
        .map(|id| ObjectName::new(&CollectionName::new("ada", id), "x.ics"));
    assert_eq!(copies, expected);
}

#[tokio::test]
async fn the_log_has_one_row_a_member() {
    let store = store();
    put(&store, "a", "a", "1", vec![]).await;
    put(&store, "b", "b", "1", vec![]).await;
    put(&store, "a", "a", "2", vec![]).await;
    assert_eq!(log(&store, 0).await, [(2, "b".into(), false), (3, "a".into(), false)]);
    delete(&store, "a").await;
    assert_eq!(log(&store, 0).await, [(2, "b".into(), false), (4, "a".into(), true)]);
    // Made again, its tombstone goes; deleted again, there is one.
    put(&store, "a", "a", "3", vec![]).await;
    assert_eq!(log(&store, 0).await, [(2, "b".into(), false), (5, "a".into(), false)]);
    delete(&store, "a").await;
    assert_eq!(log(&store, 4).await, [(6, "a".into(), true)]);
    assert!(log(&store, 6).await.is_empty());
    assert!(log(&store, u64::MAX).await.is_empty());
}

#[tokio::test]
async fn revisions_are_not_split_over_answers() {
    let store = store();
    let many = |count: usize| (0..count).map(|i| format!("m{i}")).collect::<Vec<_>>();
    put(&store, "first", "first", "1", vec![]).await;
    let names = many(5);
    let changes = names.iter().map(|name| (name.as_str(), Some(object(name, "1", vec![])))).collect();
    change(&store, &work(), changes).await;
    put(&store, "last", "last", "1", vec![]).await;
    let count =
        async |since, limit| store.changes_since(&work(), Revision(since), limit).await.unwrap().len();
    assert_eq!(count(0, 0).await, 0);
    assert_eq!(count(0, 1).await, 1);
    assert_eq!(count(0, 3).await, 1, "revision 2 does not fit, so it waits");
    assert_eq!(count(1, 3).await, 5, "revision 2 alone is larger than asked, so it comes whole");
    assert_eq!(count(0, 6).await, 6);
    assert_eq!(count(0, 7).await, 7);
    assert_eq!(count(0, 100).await, 7);
}

#[tokio::test]
async fn pruning_removes_tombstones_and_raises_the_floor() {
    let store = store();
    for member in ["a", "b", "c"] {
        put(&store, member, member, "1", vec![]).await;
    }
    delete(&store, "a").await;
    delete(&store, "b").await;
    assert_eq!(store.prune_log(&work(), Revision(4)).await.unwrap(), 1);
    assert_eq!(log(&store, 0).await, [(3, "c".into(), false), (5, "b".into(), true)]);
    let head = store.head(&work()).await.unwrap();
    assert_eq!((head.revision, head.floor), (Revision(5), Revision(4)));
    put(&store, "a", "a", "again", vec![]).await;
    assert_eq!(log(&store, 5).await, [(6, "a".into(), false)]);
    assert_eq!(store.prune_log(&work(), Revision(u64::MAX)).await.unwrap(), 1);
    let head = store.head(&work()).await.unwrap();
    assert_eq!(head.floor, Revision(6), "the floor is never above the revision");
    assert_eq!(store.prune_log(&work(), Revision(2)).await.unwrap(), 0);
    assert_eq!(store.head(&work()).await.unwrap(), head, "the floor never falls");
    assert_eq!(store.prune_log(&CollectionName::new("no", "body"), Revision(9)).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_derived_is_made_anew_without_a_change() {
    let store = store();
    put(&store, "a", "a", "1", vec![period(0, DAY), period(9 * BUCKET_SECONDS, DAY)]).await;
    let name = ObjectName::new(&work(), "a");
    let before = store.facts(&name).await.unwrap().unwrap();
    let head = store.head(&work()).await.unwrap();
    let again = |facts: &ObjectFacts| {
        let mut change = Change::new();
        change.reindex(&work(), facts, Some(Span::ALWAYS), (&[period(5 * BUCKET_SECONDS, DAY)], None));
        change
    };
    assert!(matches!(store.commit(again(&before)).await.unwrap(), Committed::At(_)));
    assert_eq!(store.commit(again(&before)).await.unwrap(), Committed::SeenHasMoved);
    let whole = store.object(&name).await.unwrap().unwrap();
    assert_eq!(whole.facts, store.facts(&name).await.unwrap().unwrap());
    let version = whole.facts.version;
    assert_eq!(whole.facts, ObjectFacts { reach: Some(Span::ALWAYS), version, ..before });
    assert_eq!(&*whole.octets, b"1");
    assert_eq!(store.head(&work()).await.unwrap(), head);
    assert_eq!(log(&store, 0).await, [(1, "a".into(), false)]);
    let found = store.busy_in(&work(), Span::ALWAYS).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].period, period(5 * BUCKET_SECONDS, DAY));
    delete(&store, "a").await;
    assert!(store.busy_in(&work(), Span::ALWAYS).await.unwrap().is_empty());
}

#[tokio::test]
async fn octets_that_changed_on_the_disk_are_not_served() {
    let store = store();
    put(&store, "a.ics", "a", "BEGIN:VCALENDAR", vec![]).await;
    let name = ObjectName::new(&work(), "a.ics");
    let entries = store.engine().scan(b"o", b"p", 9).await.unwrap();
    for at in 0..entries[0].value.len() {
        let mut value = entries[0].value.clone();
        value[at] ^= 4;
        let write = vec![(entries[0].key.clone(), Some(value))];
        store.engine().commit(Commit { expect: vec![], write }).await.unwrap();
        match store.object(&name).await {
            Err(EngineError::Damaged(why)) => assert!(why.contains("ada/work/a.ics"), "{why}"),
            other => panic!("octet {at} was changed and {other:?} came back"),
        }
    }
    let write = vec![(entries[0].key.clone(), None)];
    store.engine().commit(Commit { expect: vec![], write }).await.unwrap();
    assert!(matches!(store.object(&name).await, Err(EngineError::Damaged(_))));
}

#[tokio::test]
async fn collections_come_and_go() {
    let store = store();
    let mut change = Change::new();
    assert!(change.is_empty());
    for id in ["work", "home", &"x".repeat(255)] {
        change.put_collection(&CollectionName::new("ada", id), &record(id), 0);
    }
    change.put_collection(&CollectionName::new("ad", "work"), &record("other"), 0);
    assert!(!change.is_empty());
    assert!(matches!(store.commit(change.clone()).await.unwrap(), Committed::At(_)));
    assert_eq!(store.commit(change).await.unwrap(), Committed::SeenHasMoved, "they exist");
    let all = store.collections(&PrincipalId::new("ada")).await.unwrap();
    let ids: Vec<&str> = all.iter().map(|(name, _)| name.id.as_str()).collect();
    assert_eq!(ids, ["home", "work", &"x".repeat(255)]);
    let (found, seen) = store.collection(&work()).await.unwrap().unwrap();
    assert_eq!(found, record("work"));
    assert_eq!(store.head(&work()).await.unwrap(), Head { version: seen, ..Head::default() });

    let mut rename = Change::new();
    rename.put_collection(&work(), &record("renamed"), seen);
    store.commit(rename).await.unwrap();
    put(&store, "a", "a", "1", vec![period(0, DAY), period(0, BUCKET_SECONDS * 99)]).await;
    put(&store, "b", "b", "1", vec![period(5, DAY)]).await;
    put(&store, "c", "c", "1", vec![]).await;
    delete(&store, "b").await;
    let mut calls = 0;
    while store.remove_members(&work(), 1).await.unwrap() > 0 {
        calls += 1;
    }
    assert!(calls >= 2);
    let (_, seen) = store.collection(&work()).await.unwrap().unwrap();
    let mut change = Change::new();
    change.remove_collection(&work(), seen, store.head(&work()).await.unwrap());
    store.commit(change).await.unwrap();
    assert_eq!(store.collections(&PrincipalId::new("ada")).await.unwrap().len(), 2);
    assert_eq!(rows(&store).await, 6, "three collections with their heads, and nothing else");
}

#[tokio::test]
async fn a_collection_may_be_made_with_its_first_member() {
    let store = store();
    for members_first in [true, false] {
        let name = CollectionName::new("ada", if members_first { "one" } else { "two" });
        let changes = [ObjectChange {
            name: ObjectName::new(&name, "a"),
            before: None,
            after: Some(object("a", "1", vec![])),
            modified: 1,
        }];
        let mut collection = Change::new();
        collection.put_collection(&name, &record("x"), 0);
        let mut member = Change::new();
        member.change_objects(&name, Head::default(), &changes);
        let (mut first, second) = if members_first { (member, collection) } else { (collection, member) };
        first.absorb(second);
        assert!(matches!(store.commit(first).await.unwrap(), Committed::At(_)));
        assert_eq!(store.head(&name).await.unwrap().revision, Revision(1), "{members_first}");
    }
}
