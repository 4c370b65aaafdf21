//! What must be true: busy answers and the unified collection against all objects read from scratch.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aggregator::gate::{self, Edit};
use aggregator::operation::{collection, free_busy};
use aggregator::reading::{tag_of, zone_of};
use aggregator::sync::{LINKS, LinkState};
use aggregator::world::World;
use aggregator::{own, unified};
use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, of_object};
use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::object::CalendarObject;
use calendar::refusal::Refusal;
use calendar::time::Span;
use store::collections::{CollectionRecord, Role};
use store::objects::StoredObject;

use crate::chance::Chance;
use crate::events::{DAY, UIDS, far, moment};
use crate::house::{CLOSED_SECONDS, House};

async fn objects(house: &House, name: &CollectionName) -> Vec<StoredObject> {
    let mut all = Vec::new();
    for facts in house.world().store.members(name, None, 1000).await.unwrap() {
        let name = ObjectName { collection: name.clone(), member: facts.member };
        all.push(house.world().store.object(&name).await.unwrap().unwrap());
    }
    all
}

async fn busy_of(
    house: &House,
    name: &CollectionName,
    record: &CollectionRecord,
    (window, except): (Span, Option<&str>),
) -> Vec<BusyPeriod> {
    let world = house.world();
    let owner = world.owner("ada").unwrap();
    let zone = zone_of(&owner, record, &world.limits);
    let reading = BusyReading { zone: &zone, owner: &owner.addresses, limits: &world.limits };
    let mut periods = Vec::new();
    for stored in objects(house, name).await {
        if stored.facts.shows.is_some() || except == Some(stored.facts.uid.as_str()) {
            continue;
        }
        let object = CalendarObject::read(stored.octets, &world.limits).unwrap();
        let mirrored = matches!(record.role, Role::Mirror { .. });
        if mirrored && own::is_own(world, "ada", object.uid()).await.unwrap() {
            continue;
        }
        periods.extend(of_object(&object, &reading, window).unwrap());
    }
    periods
}

/// Windows within the extent of the index, before and behind it, across its borders, and longer than memory keeps.
fn window(house: &House, chance: &mut Chance) -> Span {
    let start = match chance.below(6) {
        0 | 1 => house.world().now(),
        2 => far(chance),
        _ => moment(chance),
    };
    let days = if chance.once_in(20) { 40 * 366 } else { chance.of(&[0, 1, 40, 56, 400, 5 * 366]) };
    Span::new(start, start.plus((days * DAY).max(900)))
}

async fn is_fresh(house: &House) -> bool {
    let row = house.world().store.record::<LinkState>(LINKS, &["ada", "home"]).await.unwrap();
    row.and_then(|(state, _)| state.last_good).is_some_and(|at| {
        let age = house.world().now().as_unix() - at;
        (-CLOSED_SECONDS..CLOSED_SECONDS).contains(&age)
    })
}

/// Answers about a window, random or one that is asked for again and again, are what all objects say.
pub(crate) async fn busy(house: &House, chance: &mut Chance) {
    let window = if chance.once_in(2) { chance.of(&house.windows) } else { window(house, chance) };
    busy_within(house, chance, window).await;
}

/// The same about the windows that are asked for again and again, one upon the other.
pub(crate) async fn busy_again(house: &House, chance: &mut Chance) {
    for window in &house.windows {
        busy_within(house, chance, *window).await;
    }
}

async fn busy_within(house: &House, chance: &mut Chance, window: Span) {
    let owner = house.world().owner("ada").unwrap();
    let (except, leaves_out) = (chance.of(&UIDS), chance.once_in(4));
    let (mut everything, mut others) = (Vec::new(), Vec::new());
    for (name, record) in house.collections().await {
        let periods = busy_of(house, &name, &record, (window, None)).await;
        let expected = periods.iter().copied().collect::<BusySet>().clipped(window);
        let node = &house.nodes[chance.below(house.nodes.len())];
        let found = free_busy::collection_busy(node, &owner, (&name, &record), window).await.unwrap();
        assert_eq!(found, expected, "{name} over {window:?}");
        let counts = match &record.role {
            Role::Unified => false,
            Role::Mirror { source } => {
                owner.sources.iter().find(|settings| settings.id == *source).unwrap().counts_as_busy
            }
            _ => record.counts_as_busy,
        };
        if counts {
            everything.extend(periods);
            if leaves_out {
                others.extend(busy_of(house, &name, &record, (window, Some(except))).await);
            }
        }
    }
    if !is_fresh(house).await {
        let unknown = BusyPeriod { span: window, kind: BusyType::Unavailable };
        everything.push(unknown);
        others.push(unknown);
    }
    let expected = everything.into_iter().collect::<BusySet>().clipped(window);
    let without = others.into_iter().collect::<BusySet>().clipped(window);
    for node in &house.nodes {
        let found = free_busy::owner_busy(node, &owner, window, None).await.unwrap();
        assert_eq!(found.busy.clipped(window), expected, "ada over {window:?}");
        if leaves_out {
            let found = free_busy::owner_busy(node, &owner, window, Some(except)).await.unwrap();
            assert_eq!(found.busy.clipped(window), without, "ada over {window:?} without {except}");
        }
    }
}

/// The rows of the busy index are, octet for octet, those of a store into which the same objects are put anew.
pub(crate) async fn index_is_rebuilt(house: &House) {
    let anew = house.empty().await;
    for (name, record) in house.collections().await {
        if record.role == Role::Unified {
            continue;
        }
        let owner = anew.owner("ada").unwrap();
        match collection::make(&anew, &owner, &name, &record).await {
            Ok(()) => {}
            Err(Refusal::Exists) => {
                collection::change(&anew, &name, |kept| {
                    *kept = record.clone();
                    Ok(())
                })
                .await
                .unwrap();
            }
            Err(refusal) => panic!("{refusal}"),
        }
        for stored in objects(house, &name).await {
            let name = ObjectName { collection: name.clone(), member: stored.facts.member };
            gate::change(&anew, &[Edit { name, octets: Some(stored.octets) }], |_| Ok(())).await.unwrap();
        }
    }
    for table in [b"b", b"L", b"B"] {
        assert_eq!(rows(house.world(), table[0]).await, rows(&anew, table[0]).await);
    }
}

async fn rows(world: &World, table: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let entries = world.store.engine().scan(&[table], &[table + 1], usize::MAX).await.unwrap();
    entries.into_iter().map(|entry| (entry.key, entry.value)).collect()
}

/// Each UID stands in the unified collection once, as the copy that wins.
pub(crate) async fn unified(house: &House) {
    let world = house.world();
    let owner = world.owner("ada").unwrap();
    let name = CollectionName::new("ada", unified::ID);
    let mut winners = BTreeMap::new();
    for (collection, record) in house.collections().await {
        if collection == name || !record.in_unified {
            continue;
        }
        let (rights, place) = match &record.role {
            Role::Bookings => (0, 0),
            Role::Personal => (1, 0),
            Role::Made => (2, 0),
            Role::Mirror { source } => {
                (3, owner.sources.iter().position(|settings| settings.id == *source).unwrap())
            }
            other => panic!("{other:?}"),
        };
        for stored in objects(house, &collection).await {
            let copy = ObjectName { collection: collection.clone(), member: stored.facts.member.clone() };
            let rank = (rights, Reverse(stored.octets.len()), place, copy);
            let uid = stored.facts.uid.clone();
            if winners.get(&uid).is_none_or(|(best, _)| rank < *best) {
                winners.insert(uid, (rank, stored));
            }
        }
    }
    let mut expected: BTreeMap<MemberName, _> = BTreeMap::new();
    for (uid, ((_, _, _, copy), stored)) in winners {
        let shown = unified::shown(world, &stored.octets, copy.collection.id.as_str());
        let member = unified::member_for(&name, &uid).member;
        expected.insert(member, (uid, Some(copy), tag_of(&shown), stored.facts.reach));
    }
    let members = world.store.members(&name, None, 1000).await.unwrap();
    let found: BTreeMap<MemberName, _> = members
        .into_iter()
        .map(|facts| (facts.member, (facts.uid, facts.shows, facts.tag, facts.reach)))
        .collect();
    for member in found.keys().chain(expected.keys()) {
        assert_eq!(found.get(member), expected.get(member), "{member}");
    }
}
