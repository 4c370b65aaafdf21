//! The gate with everything that hangs on it: index, change log, unified collection, hot busy sets.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod world;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use aggregator::dav_backend::DavBackend;
use aggregator::gate::{self, Edit};
use aggregator::operation::free_busy::owner_busy;
use aggregator::operation::{collection, sign_in};
use aggregator::world::World;
use calendar::collection::{CollectionName, EntityTag, ObjectName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use dav::backend::{Backend, BusyScope, Caller, Precondition, PropertyChange};
use store::collections::Role;
use world::{ada, event, source};

fn ada_calls() -> Caller {
    Caller::of(PrincipalId::new("ada"))
}

fn personal(member: &str) -> ObjectName {
    ObjectName::new(&CollectionName::new("ada", "personal"), member)
}

fn day(number: i64) -> Span {
    let start = Instant::from_unix(world::NOW - 8 * 3600).plus(number * 86_400);
    Span::new(start, start.plus(86_400))
}

async fn busy(world: &World, window: Span) -> Vec<(String, String)> {
    let owner = world.owner("ada").unwrap();
    let seen = owner_busy(world, &owner, window, None).await.unwrap();
    let clipped = seen.busy.clipped(window);
    clipped.periods().iter().map(|period| (period.span.start.to_ical(), period.span.end.to_ical())).collect()
}

async fn put(world: &World, name: &ObjectName, octets: &Arc<[u8]>) -> Result<(), Refusal> {
    let edits = [Edit { name: name.clone(), octets: Some(Arc::clone(octets)) }];
    gate::change(world, &edits, |_| Ok(())).await.map(|_| ())
}

async fn mirror(world: &World, id: &str) -> CollectionName {
    let name = CollectionName::new("ada", id);
    let record = collection::blank(world, Role::Mirror { source: id.to_owned() }, id, &["VEVENT"]);
    collection::make(world, &world.owner("ada").unwrap(), &name, &record).await.unwrap();
    name
}

#[tokio::test]
async fn what_is_put_is_busy_at_once_and_free_when_it_is_gone() {
    let (world, _) = world::world(ada(vec![])).await;
    assert_eq!(busy(&world, day(0)).await, []);
    let octets = event("one", "20260504T090000Z", "20260504T100000Z", "");
    put(&world, &personal("one.ics"), &octets).await.unwrap();
    assert_eq!(busy(&world, day(0)).await, [("20260504T090000Z".to_owned(), "20260504T100000Z".to_owned())]);

    let octets = event("one", "20260504T110000Z", "20260504T113000Z", "RRULE:FREQ=DAILY\r\n");
    put(&world, &personal("one.ics"), &octets).await.unwrap();
    assert_eq!(busy(&world, day(0)).await, [("20260504T110000Z".to_owned(), "20260504T113000Z".to_owned())]);
    // Beyond the index the answer is as exact as inside it.
    let far = Span::new(Instant::from_unix(world::NOW).plus(20 * 365 * 86_400), Instant::MAX);
    let far = Span::new(far.start, far.start.plus(86_400));
    assert_eq!(busy(&world, far).await.len(), 1);

    let edits = [Edit { name: personal("one.ics"), octets: None }];
    gate::change(&world, &edits, |_| Ok(())).await.unwrap();
    assert_eq!(busy(&world, day(0)).await, []);
    assert_eq!(busy(&world, far).await, []);
}

#[tokio::test]
async fn one_uid_a_collection() {
    let (world, _) = world::world(ada(vec![])).await;
    let octets = event("one", "20260504T090000Z", "20260504T100000Z", "");
    put(&world, &personal("one.ics"), &octets).await.unwrap();
    let refused = put(&world, &personal("two.ics"), &octets).await;
    assert_eq!(refused, Err(Refusal::UidConflict(personal("one.ics"))));
    // A member may be renamed in one change.
    let edits = [
        Edit { name: personal("two.ics"), octets: Some(Arc::clone(&octets)) },
        Edit { name: personal("one.ics"), octets: None },
    ];
    gate::change(&world, &edits, |_| Ok(())).await.unwrap();
    let holder = world.store.by_uid(&personal("x").collection, "one").await.unwrap();
    assert_eq!(holder.map(|member| member.as_str().to_owned()), Some("two.ics".to_owned()));
    assert_eq!(busy(&world, day(0)).await.len(), 1);
}

#[tokio::test]
async fn the_unified_collection_has_every_event_once() {
    let (world, _) = world::world(ada(vec![source("work"), source("home")])).await;
    let (work, home) = (mirror(&world, "work").await, mirror(&world, "home").await);
    let short = event("meeting", "20260504T090000Z", "20260504T100000Z", "");
    let long = event("meeting", "20260504T090000Z", "20260504T100000Z", "SUMMARY:With detail\r\n");
    put(&world, &ObjectName::new(&work, "a.ics"), &short).await.unwrap();
    put(&world, &ObjectName::new(&home, "b.ics"), &long).await.unwrap();

    let backend = DavBackend::new(world.clone());
    let unified = CollectionName::new("ada", "unified");
    let page = backend.members(&ada_calls(), &unified, None).await.unwrap();
    assert_eq!(page.members.len(), 1);
    let member = ObjectName { collection: unified.clone(), member: page.members[0].member.clone() };
    let shown = backend.object(&ada_calls(), &member).await.unwrap().unwrap();
    assert_eq!(shown.facts.tag, page.members[0].tag);
    assert_eq!(shown.octets.len(), page.members[0].octets);
    let text = String::from_utf8(shown.octets.to_vec()).unwrap();
    assert!(text.contains("X-KALENDS-SOURCE:home\r\n") && text.contains("With detail"), "{text}");

    // The native copy has more rights than any mirror's detail.
    put(&world, &personal("c.ics"), &short).await.unwrap();
    let shown = backend.object(&ada_calls(), &member).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&shown.octets).contains("X-KALENDS-SOURCE:personal\r\n"));

    // A client that follows tokens sees each change of who wins, and the end.
    let before = backend.changes(&ada_calls(), &unified, None, 100).await.unwrap();
    assert_eq!((before.changed.len(), before.removed.len(), before.truncated), (1, 0, false));
    for name in [personal("c.ics"), ObjectName::new(&home, "b.ics")] {
        gate::change(&world, &[Edit { name, octets: None }], |_| Ok(())).await.unwrap();
    }
    let after = backend.changes(&ada_calls(), &unified, Some(before.token), 100).await.unwrap();
    assert_eq!((after.changed.len(), after.removed.len()), (1, 0));
    let shown = backend.object(&ada_calls(), &member).await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&shown.octets).contains("X-KALENDS-SOURCE:work\r\n"));
    gate::change(&world, &[Edit { name: ObjectName::new(&work, "a.ics"), octets: None }], |_| Ok(()))
        .await
        .unwrap();
    let end = backend.changes(&ada_calls(), &unified, Some(after.token), 100).await.unwrap();
    assert_eq!((end.changed.len(), end.removed.len()), (0, 1));
    assert!(backend.object(&ada_calls(), &member).await.unwrap().is_none());
}

#[tokio::test]
async fn a_calendar_that_leaves_the_unified_collection_takes_its_events_along() {
    let (world, _) = world::world(ada(vec![source("work")])).await;
    let work = mirror(&world, "work").await;
    for number in 0..3 {
        let octets = event(&format!("e{number}"), "20260504T090000Z", "20260504T100000Z", "");
        put(&world, &ObjectName::new(&work, &format!("{number}.ics")), &octets).await.unwrap();
    }
    let backend = DavBackend::new(world.clone());
    let unified = CollectionName::new("ada", "unified");
    assert_eq!(backend.members(&ada_calls(), &unified, None).await.unwrap().members.len(), 3);
    collection::change(&world, &work, |record| {
        record.in_unified = false;
        Ok(())
    })
    .await
    .unwrap();
    assert_eq!(backend.members(&ada_calls(), &unified, None).await.unwrap().members.len(), 0);
    assert_eq!(busy(&world, day(0)).await.len(), 1, "shown or not, it counts as busy");
}

#[tokio::test]
async fn a_change_of_zone_moves_days_and_floating_times() {
    let (world, _) = world::world(ada(vec![])).await;
    put(&world, &personal("f.ics"), &event("f", "20260504T090000", "20260504T100000", "")).await.unwrap();
    let backend = DavBackend::new(world.clone());
    let calendar = CollectionName::new("ada", "personal");
    assert_eq!(busy(&world, day(0)).await, [("20260504T070000Z".to_owned(), "20260504T080000Z".to_owned())]);
    let tokyo = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\n\
                 BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nEND:STANDARD\r\n\
                 END:VTIMEZONE\r\nEND:VCALENDAR\r\n";
    let change = [PropertyChange::Timezone(Some(tokyo.to_owned()))];
    backend.change_collection(&ada_calls(), &calendar, &change).await.unwrap();
    assert_eq!(busy(&world, day(0)).await, [("20260504T000000Z".to_owned(), "20260504T010000Z".to_owned())]);
    let scope = BusyScope::Collection(calendar);
    let asked = backend.busy(&ada_calls(), &scope, day(0)).await.unwrap();
    assert_eq!(asked.periods().len(), 1);
}

#[tokio::test]
async fn the_index_moves_on_with_the_years() {
    let (world, clock) = world::world(ada(vec![])).await;
    let octets = event("daily", "20260504T110000Z", "20260504T113000Z", "RRULE:FREQ=DAILY\r\n");
    put(&world, &personal("d.ics"), &octets).await.unwrap();
    let calendar = CollectionName::new("ada", "personal");
    assert!(!aggregator::index::refresh(&world, &calendar).await.unwrap());
    clock.0.fetch_add(2 * 366 * 86_400, Ordering::SeqCst);
    assert!(aggregator::index::refresh(&world, &calendar).await.unwrap());
    assert!(!aggregator::index::refresh(&world, &calendar).await.unwrap());
    let (state, _) = aggregator::index::state(&world, &calendar).await.unwrap().unwrap();
    assert!(Instant::from_unix(state.until) > world.now().plus(365 * 86_400));
    let window = Span::new(world.now(), world.now().plus(10 * 86_400));
    let rows = world.store.busy_in(&calendar, window).await.unwrap();
    assert_eq!(rows.len(), 10);
}

#[tokio::test]
async fn conditions_hold_for_what_the_commit_saw() {
    let (world, _) = world::world(ada(vec![])).await;
    let backend = Arc::new(DavBackend::new(world));
    let octets = event("one", "20260504T090000Z", "20260504T100000Z", "");
    let new = Precondition { none_matches: Some(vec![]), ..Precondition::default() };
    let stored = backend.put(&ada_calls(), &personal("a.ics"), Arc::clone(&octets), &new).await.unwrap();
    assert!(stored.created);
    let again = backend.put(&ada_calls(), &personal("a.ics"), Arc::clone(&octets), &new).await;
    assert_eq!(again.map(|_| ()), Err(Refusal::TagMismatch));
    // Of many writers that all saw one version, one wins.
    let mut writers = tokio::task::JoinSet::new();
    for number in 0..12 {
        let (backend, tag) = (Arc::clone(&backend), stored.tag.clone());
        writers.spawn(async move {
            let seen = Precondition { matches: Some(tag.into_iter().collect()), ..Precondition::default() };
            let octets =
                event("one", "20260504T090000Z", "20260504T100000Z", &format!("SUMMARY:{number}\r\n"));
            backend.put(&ada_calls(), &personal("a.ics"), octets, &seen).await
        });
    }
    let mut won = 0;
    while let Some(writer) = writers.join_next().await {
        match writer.unwrap() {
            Ok(_) => won += 1,
            Err(refusal) => assert_eq!(refusal, Refusal::TagMismatch),
        }
    }
    assert_eq!(won, 1);
    let wrong =
        Precondition { matches: Some(vec![EntityTag("nonsense".to_owned())]), ..Precondition::default() };
    let refused = backend.delete(&ada_calls(), &personal("a.ics"), &wrong).await;
    assert_eq!(refused, Err(Refusal::TagMismatch));
}

#[tokio::test]
async fn homes_are_private_and_mirrors_read_only() {
    let (world, _) = world::world(ada(vec![source("work")])).await;
    let work = mirror(&world, "work").await;
    let backend = DavBackend::new(world);
    let eve = Caller::of(PrincipalId::new("eve"));
    assert_eq!(
        backend.members(&eve, &work, None).await.map(|_| ()),
        Err(Refusal::NotPermitted(Privilege::Read))
    );
    let octets = event("one", "20260504T090000Z", "20260504T100000Z", "");
    let refused =
        backend.put(&ada_calls(), &ObjectName::new(&work, "a.ics"), octets, &Precondition::default()).await;
    assert!(matches!(refused, Err(Refusal::NotPermitted(_))));
    assert!(matches!(backend.delete_collection(&ada_calls(), &work).await, Err(Refusal::Protected(_))));
}

#[tokio::test]
async fn collections_come_and_go_with_their_events() {
    let (world, _) = world::world(ada(vec![])).await;
    let backend = DavBackend::new(world.clone());
    let name = CollectionName::new("ada", "Sport & play");
    backend
        .make_collection(&ada_calls(), &name, &[PropertyChange::DisplayName("Sport".to_owned())])
        .await
        .unwrap();
    assert_eq!(backend.make_collection(&ada_calls(), &name, &[]).await, Err(Refusal::Exists));
    for number in 0..250 {
        let octets = event(&format!("e{number}"), "20260504T090000Z", "20260504T100000Z", "");
        put(&world, &ObjectName::new(&name, &format!("{number}.ics")), &octets).await.unwrap();
    }
    let token = backend.collection(&ada_calls(), &name).await.unwrap().unwrap().token;
    assert_eq!(busy(&world, day(0)).await.len(), 1);
    backend.delete_collection(&ada_calls(), &name).await.unwrap();
    assert_eq!(busy(&world, day(0)).await, []);
    let unified = CollectionName::new("ada", "unified");
    assert!(backend.members(&ada_calls(), &unified, None).await.unwrap().members.is_empty());
    // A collection of the same name is another one: the old token is not valid for it.
    backend.make_collection(&ada_calls(), &name, &[]).await.unwrap();
    let refused = backend.changes(&ada_calls(), &name, Some(token), 10).await;
    assert_eq!(refused.map(|_| ()), Err(Refusal::SyncTokenExpired));
}

#[tokio::test]
async fn a_source_that_was_never_read_makes_everything_busy() {
    let mut closed = source("work");
    closed.unreachable = aggregator::owner::Unreachable::Closed { after_seconds: 1800 };
    let (world, clock) = world::world(ada(vec![closed])).await;
    assert_eq!(busy(&world, day(0)).await.len(), 1, "unknown is busy");
    let state = aggregator::sync::LinkState { last_good: Some(world::NOW), ..Default::default() };
    let mut change = store::Change::new();
    change.put_record(store::records::Table("links"), &["ada", "work"], &state, 0);
    world.store.commit(change).await.unwrap();
    assert_eq!(busy(&world, day(0)).await, []);
    clock.0.fetch_add(1800, Ordering::SeqCst);
    assert_eq!(busy(&world, day(0)).await.len(), 1, "too old to be believed, without any commit");
}

#[tokio::test]
async fn a_copy_of_our_own_event_is_busy_through_its_original_alone() {
    let (world, _) = world::world(ada(vec![source("work")])).await;
    let work = mirror(&world, "work").await;
    let mut change = store::Change::new();
    aggregator::own::declare(&mut change, "ada", "booked");
    world.store.commit(change).await.unwrap();
    let copy = event("booked", "20260504T090000Z", "20260504T100000Z", "");
    put(&world, &ObjectName::new(&work, "copy.ics"), &copy).await.unwrap();
    assert_eq!(
        busy(&world, day(0)).await,
        [],
        "the original is gone or moved; the copy has not heard of it yet"
    );
    let far = Span::new(Instant::MIN, Instant::from_unix(world::NOW).plus(86_400));
    assert_eq!(busy(&world, far).await, [], "neither where the index does not reach");
    put(&world, &personal("original.ics"), &copy).await.unwrap();
    assert_eq!(busy(&world, day(0)).await.len(), 1);
}

#[tokio::test]
async fn app_passwords_are_made_used_and_revoked() {
    let (world, clock) = world::world(ada(vec![])).await;
    let owner = world.owner("ada").unwrap();
    let (record, secret) = sign_in::add(&world, &owner, "phone").await.unwrap();
    let right = sign_in::Answer::Owner("ada".to_owned());
    assert_eq!(sign_in::check(&world, "ada", &secret).await.unwrap(), right);
    assert_eq!(sign_in::check(&world, "Ada@Example.org", &secret).await.unwrap(), right);
    assert_eq!(sign_in::check(&world, "ada", "secret").await.unwrap(), right);
    assert_eq!(sign_in::check(&world, "ada", "wrong").await.unwrap(), sign_in::Answer::Wrong);
    assert_eq!(sign_in::check(&world, "nobody", "secret").await.unwrap(), sign_in::Answer::Wrong);
    assert_eq!(sign_in::list(&world, "ada").await.unwrap()[0].last_used, Some(world::NOW));
    sign_in::revoke(&world, "ada", &record.id).await.unwrap();
    assert_eq!(sign_in::check(&world, "ada", &secret).await.unwrap(), sign_in::Answer::Wrong);
    for _ in 0..20 {
        sign_in::check(&world, "ada", "guess").await.unwrap();
    }
    assert!(matches!(sign_in::check(&world, "ada", "guess").await.unwrap(), sign_in::Answer::Wait(_)));
    clock.0.fetch_add(61, Ordering::SeqCst);
    assert_eq!(sign_in::check(&world, "ada", "secret").await.unwrap(), right);
}
