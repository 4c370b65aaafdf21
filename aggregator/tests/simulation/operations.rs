//! What happens: a few operations at once on different nodes, some of them cut short.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;

use aggregator::dav_backend::DavBackend;
use aggregator::gate::{self, Edit};
use aggregator::index;
use aggregator::operation::{collection, free_busy};
use aggregator::reading::tag_of;
use aggregator::source::{Cursor, RemoteObject, Snapshot};
use aggregator::sync::reconcile::{self, Mirrored};
use aggregator::sync::{LINKS, LinkState, mirror_of};
use aggregator::world::World;
use calendar::collection::{CollectionName, EntityTag, ObjectName, PrincipalId, Revision};
use calendar::refusal::Refusal;
use calendar::time::Span;
use dav::backend::{Backend, Caller, Precondition, PropertyChange};
use store::collections::Role;
use store::{Change, Committed};

use crate::chance::Chance;
use crate::events::{DAY, UIDS, event, moment};
use crate::house::{Feed, House, ada, is_an_answer};

/// Operations by number that matter to one another within one calendar.
const FOCUSED: [usize; 9] = [0, 0, 6, 8, 8, 15, 16, 17, 19];

type Work = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

const TOKYO: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Asia/Tokyo\r\n\
    BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0900\r\nTZOFFSETTO:+0900\r\nEND:STANDARD\r\n\
    END:VTIMEZONE\r\nEND:VCALENDAR\r\n";
const LIMA: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//EN\r\nBEGIN:VTIMEZONE\r\nTZID:America/Lima\r\n\
    BEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\n\
    END:VTIMEZONE\r\nEND:VCALENDAR\r\n";

pub(crate) fn caller() -> Caller {
    Caller::of(PrincipalId::new("ada"))
}

/// A few operations at once.
pub(crate) async fn round(house: &mut House, chance: &mut Chance) {
    if chance.once_in(6) {
        let days = chance.of(&[0, 1, 30, 200, 400, 1_500, -1, -300, -1_200]);
        let jump = if days == 0 { 3_600 } else { days * DAY };
        house.clock.0.fetch_add(jump, Ordering::SeqCst);
    }
    let mut under_way = Vec::new();
    // Now and then all of them meet in one calendar, whose zone, settings and members change together.
    let focus = chance.once_in(3).then(|| calendar(chance));
    let most = if focus.is_some() { 5 } else { 3 };
    for _ in 0..=chance.below(most) {
        let node = house.nodes[chance.below(house.nodes.len())].clone();
        let polls = if chance.once_in(10) { 1 + chance.below(60) } else { usize::MAX };
        under_way.push((polls, operation(house, node, focus.as_ref(), chance)));
    }
    house.hesitate(true);
    while !under_way.is_empty() {
        // The runtime grants a task only so much before it must come back.
        tokio::task::yield_now().await;
        let turn = chance.below(under_way.len());
        let (polls, work) = &mut under_way[turn];
        *polls -= 1;
        let (left, polled) = (*polls, poll_fn(|context| Poll::Ready(work.as_mut().poll(context))).await);
        match polled {
            Poll::Ready(result) => {
                assert!(result.as_ref().err().is_none_or(is_an_answer), "{result:?}");
                drop(under_way.swap_remove(turn));
            }
            // Cut short: a crash, a client that went away.
            Poll::Pending if left == 0 => drop(under_way.swap_remove(turn)),
            // Nobody but these runs here; what waits for another's turn is simply asked again.
            Poll::Pending => {}
        }
    }
    house.hesitate(false);
}

/// One node puts or deletes one event.
pub(crate) async fn put(house: &House, chance: &mut Chance) {
    let backend = DavBackend::new(house.nodes[chance.below(house.nodes.len())].clone());
    let member = ObjectName::new(&calendar(chance), &format!("{}.ics", chance.below(8)));
    let result = if chance.once_in(4) {
        backend.delete(&caller(), &member, &Precondition::default()).await
    } else {
        let uid = chance.of(&UIDS);
        backend.put(&caller(), &member, event(chance, uid), &Precondition::default()).await.map(|_| ())
    };
    assert!(result.as_ref().err().is_none_or(is_an_answer), "{result:?}");
}

fn operation(house: &mut House, world: World, focus: Option<&CollectionName>, chance: &mut Chance) -> Work {
    let backend = DavBackend::new(world.clone());
    let calendar = focus.cloned().unwrap_or_else(|| calendar(chance));
    let member = ObjectName::new(&calendar, &format!("{}.ics", chance.below(8)));
    let what = if focus.is_some() { chance.of(&FOCUSED) } else { chance.below(21) };
    match what {
        0..=5 => {
            let octets = {
                let uid = chance.of(&UIDS);
                event(chance, uid)
            };
            Box::pin(async move {
                backend.put(&caller(), &member, octets, &Precondition::default()).await.map(|_| ())
            })
        }
        6 | 7 => Box::pin(async move {
            let any = world.store.members(&calendar, None, 9).await.unwrap();
            let Some(facts) = any.last() else { return Ok(()) };
            let name = ObjectName { collection: calendar, member: facts.member.clone() };
            backend.delete(&caller(), &name, &Precondition::default()).await
        }),
        8 => {
            let zone = chance.of(&[None, Some(TOKYO), Some(LIMA)]).map(str::to_owned);
            let changes = [PropertyChange::Timezone(zone)];
            Box::pin(async move { backend.change_collection(&caller(), &calendar, &changes).await })
        }
        9 => {
            let changes = [PropertyChange::Opaque(!chance.once_in(2))];
            Box::pin(async move { backend.change_collection(&caller(), &calendar, &changes).await })
        }
        10 => Box::pin(async move { backend.make_collection(&caller(), &calendar, &[]).await }),
        11 => Box::pin(async move { backend.delete_collection(&caller(), &calendar).await }),
        12..=14 => pull(house, world, chance),
        15 => {
            let shown = !chance.once_in(2);
            Box::pin(async move {
                collection::change(&world, &calendar, |record| {
                    record.in_unified = shown;
                    Ok(())
                })
                .await
            })
        }
        16 => Box::pin(async move { index::refresh(&world, &calendar).await.map(|_| ()) }),
        17 => {
            let owner = Arc::new(ada(chance));
            Box::pin(async move {
                world.replace_owners(vec![owner]);
                Ok(())
            })
        }
        18 | 20 => {
            let back = chance.within(0, 4).unsigned_abs();
            let name = CollectionName::new("ada", chance.of(&["personal", "unified", "work", "c1"]));
            Box::pin(async move {
                let Revision(revision) = world.store.head(&name).await.unwrap().revision;
                world.store.prune_log(&name, Revision(revision.saturating_sub(back))).await.unwrap();
                Ok(())
            })
        }
        _ => {
            let start = moment(chance);
            let window = Span::new(start, start.plus(30 * 86_400));
            let owner = world.owner("ada").unwrap();
            Box::pin(async move { free_busy::owner_busy(&world, &owner, window, None).await.map(|_| ()) })
        }
    }
}

fn calendar(chance: &mut Chance) -> CollectionName {
    CollectionName::new("ada", chance.of(&["personal", "c0", "c1", "personal", "work", "c2"]))
}

/// A feed changes and is read again.
fn pull(house: &mut House, world: World, chance: &mut Chance) -> Work {
    let source = chance.of(&["work", "home"]);
    let feed = house.feeds.entry(source.to_owned()).or_default();
    for _ in 0..chance.below(4) {
        let uid = chance.of(&UIDS);
        if chance.once_in(3) {
            feed.remove(uid);
        } else {
            feed.insert(uid.to_owned(), event(chance, uid));
        }
    }
    let feed = feed.clone();
    Box::pin(async move { mirror(&world, source, &feed).await })
}

async fn mirror(world: &World, source: &str, feed: &Feed) -> Result<(), Refusal> {
    let name = mirror_of("ada", source);
    if world.store.collection(&name).await.unwrap().is_none() {
        let owner = world.owner("ada").unwrap();
        let role = Role::Mirror { source: source.to_owned() };
        let record = collection::blank(world, role, source, &["VEVENT"]);
        match collection::make(world, &owner, &name, &record).await {
            Ok(()) | Err(Refusal::Exists) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    let held = world.store.members(&name, None, 100).await.unwrap();
    let held: BTreeMap<_, _> = held
        .into_iter()
        .map(|facts| (facts.member, Mirrored { version: facts.tag.0, until: None }))
        .collect();
    let plan = reconcile::plan(&held, &snapshot(feed));
    let put = plan.added.into_iter().chain(plan.changed).map(|(member, octets)| (member, Some(octets)));
    let gone = plan.removed.into_iter().map(|member| (member, None));
    let edits: Vec<Edit> = put
        .chain(gone)
        .map(|(member, octets)| Edit { name: ObjectName { collection: name.clone(), member }, octets })
        .collect();
    for page in edits.chunks(2) {
        gate::change(world, page, |_| Ok(())).await?;
    }
    let row = world.store.record::<LinkState>(LINKS, &["ada", source]).await.unwrap();
    let (state, version) = row.unwrap_or_default();
    let state = LinkState { last_good: Some(world.now().as_unix()), ..state };
    let mut change = Change::new();
    change.put_record(LINKS, &["ada", source], &state, version);
    let committed = world.store.commit(change).await.unwrap();
    assert!(matches!(committed, Committed::At(_) | Committed::SeenHasMoved));
    Ok(())
}

fn snapshot(feed: &Feed) -> Snapshot {
    let object = |(uid, octets): (&String, &Arc<[u8]>)| {
        let EntityTag(version) = tag_of(octets);
        RemoteObject { id: uid.clone(), version, octets: Arc::clone(octets) }
    };
    Snapshot {
        objects: feed.iter().map(object).collect(),
        cursor: Cursor(String::new()),
        zone: None,
        name: None,
        refresh_seconds: None,
        warnings: Vec::new(),
        skipped: Vec::new(),
        unread: Vec::new(),
    }
}
