//! What must be true: busy answers and the unified collection against all objects read from scratch.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use aggregator::operation::free_busy;
use aggregator::reading::{tag_of, zone_of};
use aggregator::sync::{LINKS, LinkState};
use aggregator::{own, unified};
use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, of_object};
use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::object::CalendarObject;
use calendar::time::Span;
use store::collections::{CollectionRecord, Role};
use store::objects::StoredObject;

use crate::chance::Chance;
use crate::events::moment;
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
    window: Span,
) -> Vec<BusyPeriod> {
    let world = house.world();
    let owner = world.owner("ada").unwrap();
    let zone = zone_of(&owner, record, &world.limits);
    let reading = BusyReading { zone: &zone, owner: &owner.addresses, limits: &world.limits };
    let mut periods = Vec::new();
    for stored in objects(house, name).await {
        if stored.facts.shows.is_some() {
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

fn window(house: &House, chance: &mut Chance) -> Span {
    let start = if chance.once_in(3) { house.world().now() } else { moment(chance) };
    let seconds = chance.of(&[900, 86_400, 40 * 86_400, 400 * 86_400, 5 * 366 * 86_400]);
    Span::new(start, start.plus(seconds))
}

async fn is_fresh(house: &House) -> bool {
    let row = house.world().store.record::<LinkState>(LINKS, &["ada", "home"]).await.unwrap();
    row.and_then(|(state, _)| state.last_good).is_some_and(|at| {
        let age = house.world().now().as_unix() - at;
        (-CLOSED_SECONDS..CLOSED_SECONDS).contains(&age)
    })
}

/// Answers about random windows are what all objects say.
pub(crate) async fn busy(house: &House, chance: &mut Chance) {
    let owner = house.world().owner("ada").unwrap();
    let window = window(house, chance);
    let mut everything = Vec::new();
    for (name, record) in house.collections().await {
        let periods = busy_of(house, &name, &record, window).await;
        let expected = periods.iter().copied().collect::<BusySet>().clipped(window);
        let found =
            free_busy::collection_busy(house.world(), &owner, (&name, &record), window).await.unwrap();
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
        }
    }
    if !is_fresh(house).await {
        everything.push(BusyPeriod { span: window, kind: BusyType::Unavailable });
    }
    let expected = everything.into_iter().collect::<BusySet>().clipped(window);
    for node in &house.nodes {
        let found = free_busy::owner_busy(node, &owner, window, None).await.unwrap();
        assert_eq!(found.busy.clipped(window), expected, "ada over {window:?}");
    }
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
