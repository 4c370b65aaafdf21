//! The backend of the protocol: objects moved and copied, conditions, and what has changed since.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod world;

use aggregator::dav_backend::DavBackend;
use aggregator::world::World;
use calendar::collection::{CollectionName, EntityTag, ObjectName, PrincipalId, SyncToken};
use calendar::object::Kind;
use calendar::refusal::Refusal;
use dav::backend::{
    Backend, Caller, Changes, Precondition, PropertyChange, Relocation, SourceFate, TargetFate,
};
use world::{ada, event, source};

fn ada_calls() -> Caller {
    Caller::of(PrincipalId::new("ada"))
}

fn name(collection: &str, member: &str) -> ObjectName {
    ObjectName::new(&CollectionName::new("ada", collection), member)
}

/// Ada's calendars, with `work` beside those that everybody has.
async fn backend() -> (World, DavBackend) {
    let (world, _) = world::world(ada(vec![source("feed")])).await;
    let backend = DavBackend::new(world.clone());
    backend.make_collection(&ada_calls(), &CollectionName::new("ada", "work"), &[]).await.unwrap();
    (world, backend)
}

async fn put(backend: &DavBackend, at: &ObjectName, uid: &str) -> EntityTag {
    let octets = event(uid, "20260504T090000Z", "20260504T100000Z", "");
    backend.put(&ada_calls(), at, octets, &Precondition::default()).await.unwrap().tag.unwrap()
}

async fn changes(backend: &DavBackend, collection: &str, since: Option<SyncToken>, limit: usize) -> Changes {
    backend.changes(&ada_calls(), &CollectionName::new("ada", collection), since, limit).await.unwrap()
}

/// Changed and removed members.
fn told(changes: &Changes) -> (Vec<&str>, Vec<&str>) {
    let changed = changes.changed.iter().map(|member| member.member.as_str());
    (changed.collect(), changes.removed.iter().map(calendar::collection::MemberName::as_str).collect())
}

fn moving(from: &ObjectName, to: &ObjectName) -> Relocation {
    let (from, to) = (from.clone(), to.clone());
    Relocation { from, to, source: SourceFate::Leaves, target: TargetFate::IsReplaced }
}

async fn relocate(backend: &DavBackend, relocation: &Relocation) -> Result<bool, Refusal> {
    let stored = backend.relocate(&ada_calls(), relocation, &Precondition::default()).await?;
    Ok(stored.created)
}

#[tokio::test]
async fn a_move_is_one_change_that_both_calendars_and_the_union_tell() {
    let (_, backend) = backend().await;
    let (from, to) = (name("personal", "one.ics"), name("work", "two.ics"));
    let tag = put(&backend, &from, "one").await;
    let personal = changes(&backend, "personal", None, 100).await.token;
    let work = changes(&backend, "work", None, 100).await.token;
    let union = changes(&backend, "unified", None, 100).await;
    let shown = union.changed[0].clone();
    assert_eq!(relocate(&backend, &moving(&from, &to)).await, Ok(true));
    assert!(backend.object(&ada_calls(), &from).await.unwrap().is_none());
    let arrived = backend.object(&ada_calls(), &to).await.unwrap().unwrap();
    assert_eq!(arrived.facts.tag, tag, "the octets are the same");
    assert_eq!(told(&changes(&backend, "personal", Some(personal), 100).await), (vec![], vec!["one.ics"]));
    assert_eq!(told(&changes(&backend, "work", Some(work), 100).await), (vec!["two.ics"], vec![]));
    let after = changes(&backend, "unified", Some(union.token), 100).await;
    assert_eq!(told(&after), (vec![shown.member.as_str()], vec![]), "the same event, from elsewhere");
    let unified = CollectionName::new("ada", "unified");
    let member = ObjectName { collection: unified, member: shown.member };
    let text = backend.object(&ada_calls(), &member).await.unwrap().unwrap().octets;
    assert!(String::from_utf8_lossy(&text).contains("X-KALENDS-SOURCE:work"));
}

#[tokio::test]
async fn moves_within_a_calendar_and_onto_others() {
    let (_, backend) = backend().await;
    let (one, two) = (name("personal", "one.ics"), name("personal", "two.ics"));
    put(&backend, &one, "one").await;
    assert_eq!(relocate(&backend, &moving(&one, &two)).await, Ok(true));
    put(&backend, &one, "other").await;
    assert_eq!(relocate(&backend, &moving(&one, &two)).await, Ok(false), "what was there is replaced");
    assert_eq!(told(&changes(&backend, "personal", None, 100).await), (vec!["two.ics"], vec![]));
    // The UID that was replaced is free again.
    put(&backend, &one, "one").await;
    let kept = Relocation { target: TargetFate::Stays, ..moving(&one, &two) };
    assert_eq!(relocate(&backend, &kept).await, Err(Refusal::Exists));
    let copy = Relocation { source: SourceFate::Stays, ..moving(&one, &name("personal", "three.ics")) };
    assert_eq!(relocate(&backend, &copy).await, Err(Refusal::UidConflict(one.clone())));
    let away = Relocation { source: SourceFate::Stays, ..moving(&one, &name("work", "one.ics")) };
    assert_eq!(relocate(&backend, &away).await, Ok(true));
    assert!(backend.member(&ada_calls(), &one).await.unwrap().is_some());
}

#[tokio::test]
async fn where_nothing_may_come_from_or_go_to() {
    let (_, backend) = backend().await;
    let from = name("personal", "one.ics");
    put(&backend, &from, "one").await;
    let tasks = CollectionName::new("ada", "tasks");
    let only_tasks = [PropertyChange::Components(vec![Kind::Todo])];
    backend.make_collection(&ada_calls(), &tasks, &only_tasks).await.unwrap();
    let foreign = ObjectName::new(&CollectionName::new("bob", "personal"), "one.ics");
    let unified = changes(&backend, "unified", None, 10).await.changed[0].member.clone();
    let shown = ObjectName { collection: CollectionName::new("ada", "unified"), member: unified };
    for (from, to, refused) in [
        (&from, &name("nowhere", "one.ics"), "NoParent"),
        (&from, &foreign, "NoParent"),
        (&from, &name("bookings", "one.ics"), "NotPermitted(Bind)"),
        (&from, &name("tasks", "one.ics"), "UnsupportedComponent(\"VEVENT\")"),
        (&name("nowhere", "one.ics"), &from, "NotFound"),
        (&name("work", "none.ics"), &from, "NotFound"),
        (&foreign, &name("work", "one.ics"), "NotFound"),
        (&shown, &name("work", "one.ics"), "NotPermitted(Unbind)"),
    ] {
        let refusal = relocate(&backend, &moving(from, to)).await.unwrap_err();
        assert_eq!(format!("{refusal:?}"), refused, "{from} to {to}");
    }
    let condition =
        Precondition { matches: Some(vec![EntityTag("other".into())]), ..Precondition::default() };
    let moved = backend.relocate(&ada_calls(), &moving(&from, &name("work", "one.ics")), &condition).await;
    assert_eq!(moved.unwrap_err(), Refusal::TagMismatch);
    assert_eq!(told(&changes(&backend, "personal", None, 10).await), (vec!["one.ics"], vec![]));
    assert_eq!(told(&changes(&backend, "work", None, 10).await), (vec![], vec![]));
}

#[tokio::test]
async fn the_name_of_a_source_is_taken() {
    let (_, backend) = backend().await;
    for (id, refused) in
        [("feed", "Protected"), ("hours", "Protected"), ("inbox", "Exists"), ("work", "Exists")]
    {
        let made = backend.make_collection(&ada_calls(), &CollectionName::new("ada", id), &[]).await;
        assert!(format!("{made:?}").contains(refused), "{id}: {made:?}");
    }
}

#[tokio::test]
async fn a_condition_on_what_is_not_there_fails_first() {
    let (_, backend) = backend().await;
    let nothing = name("personal", "none.ics");
    for matches in [vec![], vec![EntityTag("a".into())]] {
        let condition = Precondition { matches: Some(matches), ..Precondition::default() };
        let deleted = backend.delete(&ada_calls(), &nothing, &condition).await;
        assert_eq!(deleted, Err(Refusal::TagMismatch));
    }
    assert_eq!(
        backend.delete(&ada_calls(), &nothing, &Precondition::default()).await,
        Err(Refusal::NotFound)
    );
}

#[tokio::test]
async fn all_at_once_or_cut_the_same_members_are_told() {
    let (world, backend) = backend().await;
    let mut names: Vec<String> = (0..1_203).map(|nth| format!("{nth:04}.ics")).collect();
    let edits: Vec<aggregator::gate::Edit> = names
        .iter()
        .map(|member| aggregator::gate::Edit {
            name: name("work", member),
            octets: Some(event(member, "20260504T090000Z", "20260504T100000Z", "")),
        })
        .collect();
    for page in edits.chunks(100) {
        aggregator::gate::change(&world, page, |_| Ok(())).await.unwrap();
    }
    for gone in ["0000.ics", "0600.ics", "1202.ics"] {
        backend.delete(&ada_calls(), &name("work", gone), &Precondition::default()).await.unwrap();
        names.retain(|name| name != gone);
    }
    for limit in [100_000, 1_200, 1_199, 130] {
        let mut seen = Vec::new();
        let mut page = changes(&backend, "work", None, limit).await;
        loop {
            assert!(page.removed.is_empty() || !seen.is_empty(), "a beginner has nothing that could be gone");
            seen.extend(page.changed.iter().map(|member| member.member.as_str().to_owned()));
            if !page.truncated {
                break;
            }
            page = changes(&backend, "work", Some(page.token), limit).await;
        }
        seen.sort();
        assert_eq!(seen, names, "{limit}");
        let head =
            backend.collection(&ada_calls(), &CollectionName::new("ada", "work")).await.unwrap().unwrap();
        assert_eq!(page.token, head.token);
    }
}

fn dead(name: &str, xml: Option<&str>) -> PropertyChange {
    PropertyChange::Dead(("urn:x".to_owned(), name.to_owned()), xml.map(str::to_owned))
}

#[tokio::test]
async fn homes_and_calendars_keep_what_clients_set_within_bounds() {
    let (_, backend) = backend().await;
    let (caller, home) = (ada_calls(), PrincipalId::new("ada"));
    backend.change_home(&caller, &home, &[dead("a", Some("<a/>")), dead("b", Some("<b/>"))]).await.unwrap();
    backend.change_home(&caller, &home, &[dead("a", None), dead("none", None)]).await.unwrap();
    let kept = backend.home_properties(&caller, &home).await.unwrap();
    assert_eq!(kept.into_iter().collect::<Vec<_>>(), [(("urn:x".into(), "b".into()), "<b/>".into())]);
    let named = PropertyChange::DisplayName("x".into());
    let refused = backend.change_home(&caller, &home, &[dead("c", Some("<c/>")), named]).await;
    assert!(matches!(refused, Err(Refusal::Protected(_))));
    let bob = PrincipalId::new("bob");
    assert_eq!(backend.home_properties(&caller, &bob).await, Err(Refusal::NotFound));
    let long = "x".repeat(64 * 1024);
    let many: Vec<PropertyChange> = (0..17).map(|nth| dead(&format!("p{nth}"), Some(&long))).collect();
    let work = CollectionName::new("ada", "work");
    assert_eq!(backend.change_collection(&caller, &work, &many).await, Err(Refusal::Full));
    assert_eq!(backend.change_home(&caller, &home, &many).await, Err(Refusal::Full));
    backend.change_collection(&caller, &work, &many[..15]).await.unwrap();
    let kept = backend.collection(&caller, &work).await.unwrap().unwrap().dead_properties;
    assert_eq!((kept.len(), backend.home_properties(&caller, &home).await.unwrap().len()), (15, 1));
}
