//! Many at once: nothing overlaps, nothing is lost, nobody is told of an error that is none.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aggregator::gate::{self, Edit};
use aggregator::world::World;
use booking::booking::Booking;
use booking::desk::{Desk, NotBooked, Request};
use booking::event_type::{Buffer, Combine};
use calendar::collection::{CollectionName, ObjectName};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use calendar::write::{EventDraft, event};
use tokio::task::JoinSet;

use crate::world::{MINUTE, Stage, TUESDAY, intro, lasting, reason, request, utc};

/// No two bookings overlap, nor does either lie in what the other keeps free.
fn assert_apart(bookings: &[Booking]) {
    for (index, a) in bookings.iter().enumerate() {
        for b in &bookings[index + 1..] {
            let (first, second) = if a.start <= b.start { (a, b) } else { (b, a) };
            let gap = if first.buffer_sum || second.buffer_sum {
                first.buffer_after + second.buffer_before
            } else {
                first.buffer_after.max(second.buffer_before)
            };
            assert!(first.end + gap <= second.start, "{first:?} and {second:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_1_of_fifty_for_one_slot_one_is_booked() {
    let stage = Arc::new(Stage::of(vec![intro()]).await);
    let mut tasks = JoinSet::new();
    for guest in 0..50 {
        let stage = stage.clone();
        tasks.spawn(async move {
            let mut asked = request(utc(TUESDAY, 9, 0));
            asked.email = format!("guest{guest}@example.org");
            stage.desk.book(&asked).await
        });
    }
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(outcome) = tasks.join_next().await {
        let outcome = outcome.unwrap();
        let name = if outcome.is_ok() { "booked".to_owned() } else { reason(outcome) };
        *outcomes.entry(name).or_default() += 1;
    }
    assert_eq!(outcomes, BTreeMap::from([("booked".to_owned(), 1), ("slot_taken".to_owned(), 49)]));
    let bookings = stage.desk.bookings("ada", utc(TUESDAY, 0, 0), 99).await.unwrap();
    assert_eq!(bookings.len(), 1);
    assert_eq!(stage.letters(&bookings[0].uid).await.len(), 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_2_overlapping_types_never_overlap() {
    let mut types = vec![lasting("a", 15), lasting("b", 30), lasting("c", 45), lasting("d", 60)];
    types[1].buffer = Buffer { before: 10 * MINUTE, after: 5 * MINUTE, combine: Combine::Max };
    types[3].buffer = Buffer { before: 0, after: 15 * MINUTE, combine: Combine::Sum };
    let stage = Arc::new(Stage::of(types).await);
    let mut tasks = JoinSet::new();
    for guest in 0..50_i64 {
        let stage = stage.clone();
        tasks.spawn(async move {
            let kind = usize::try_from(guest % 4).unwrap();
            let mut asked = request(utc(TUESDAY, 8, 0).plus((guest * 7 % 20) * 15 * MINUTE));
            asked.event_type = ["a", "b", "c", "d"][kind].into();
            asked.duration = [15, 30, 45, 60][kind] * MINUTE;
            stage.desk.book(&asked).await
        });
    }
    let mut booked = 0;
    while let Some(outcome) = tasks.join_next().await {
        match outcome.unwrap() {
            Ok(_) => booked += 1,
            Err(NotBooked::Rejected { why, .. }) => assert_eq!(why.name, "slot_taken"),
            Err(other) => panic!("{other:?}"),
        }
    }
    let bookings = stage.desk.bookings("ada", utc(TUESDAY, 0, 0), 99).await.unwrap();
    assert_eq!(bookings.len(), booked);
    assert!(booked > 5, "{booked}");
    assert_apart(&bookings);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn limits_hold_under_contention() {
    let mut limited = intro();
    limited.limit.day = Some(3);
    let stage = Arc::new(Stage::of(vec![limited]).await);
    let mut tasks = JoinSet::new();
    for guest in 0..14 {
        let stage = stage.clone();
        tasks.spawn(async move {
            let start = utc(TUESDAY, 8, 0).plus(guest * 30 * MINUTE);
            stage.desk.book(&request(start)).await
        });
    }
    let mut reasons = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        if let outcome @ Err(_) = outcome.unwrap() {
            reasons.push(reason(outcome));
        }
    }
    assert_eq!(reasons, vec!["limit_reached"; 11]);
}

/// A desk over the same store that knows nothing of this one, as in another process.
fn stranger(stage: &Stage) -> Desk {
    let hosts = stage.desk.hosts_now();
    let world = World { turns: Arc::default(), ..stage.desk.world.clone() };
    Desk { world, hosts: Arc::new(std::sync::RwLock::new(hosts)), ..stage.desk.clone() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn desks_that_do_not_know_of_each_other_are_kept_apart_by_the_commit() {
    let mut limited = lasting("a", 30);
    limited.limit.day = Some(4);
    let mut buffered = lasting("b", 60);
    buffered.buffer = Buffer { before: 15 * MINUTE, after: 15 * MINUTE, combine: Combine::Max };
    let stage = Stage::of(vec![limited, buffered]).await;
    // Drawing the secret is no part of what is looked at here.
    let first = Request { event_type: "a".into(), ..request(utc(TUESDAY, 15, 30)) };
    stage.desk.book(&first).await.unwrap();
    let mut tasks = JoinSet::new();
    for turn in 0..8_i64 {
        let desk = stranger(&stage);
        tasks.spawn(async move {
            let mut booked = 0;
            for step in 0..6 {
                let kind = usize::try_from((turn + step) % 2).unwrap();
                let asked = Request {
                    event_type: ["a", "b"][kind].into(),
                    duration: [30, 60][kind] * MINUTE,
                    ..request(utc(TUESDAY, 8, 0).plus((turn * 5 + step * 7) % 28 * 15 * MINUTE))
                };
                match desk.book(&asked).await {
                    Ok(_) => booked += 1,
                    Err(NotBooked::Rejected { why, .. }) => {
                        assert!(["slot_taken", "limit_reached"].contains(&why.name), "{why:?}");
                    }
                    // Honest, if rare: it never got in between the others.
                    Err(NotBooked::Refused(Refusal::Contended)) => {}
                    Err(other) => panic!("{other:?}"),
                }
            }
            booked
        });
    }
    let mut booked = 1;
    while let Some(count) = tasks.join_next().await {
        booked += count.unwrap();
    }
    let bookings = stage.desk.bookings("ada", utc(TUESDAY, 0, 0), 99).await.unwrap();
    assert_eq!(bookings.len(), booked);
    assert!(bookings.len() > 4, "{booked}");
    assert!(bookings.iter().filter(|booking| booking.event_type == "a").count() <= 4);
    assert_apart(&bookings);
    assert!(stage.engine.moved.load(Ordering::SeqCst) > 0, "they did meet");
}

fn lunch(start: Instant) -> EventDraft {
    EventDraft {
        uid: format!("lunch-{}", start.as_unix()),
        sequence: 0,
        stamp: start,
        start,
        end: start.plus(30 * MINUTE),
        zone: calendar::zone::Zone::utc().clone(),
        summary: "Lunch".into(),
        description: None,
        location: None,
        url: None,
        status: "CONFIRMED",
        organizer: None,
        attendees: Vec::new(),
        comment: None,
        extra: Vec::new(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn b_11_a_client_s_event_and_a_booking_are_never_both_there_by_accident() {
    let stage = Arc::new(Stage::of(vec![intro()]).await);
    let personal = CollectionName::new("ada", "personal");
    let mut tasks = JoinSet::new();
    for turn in 0..12 {
        let start = utc(TUESDAY, 8, 0).plus(turn * 30 * MINUTE);
        let (one, other, personal) = (stage.clone(), stage.clone(), personal.clone());
        tasks.spawn(async move {
            let octets: Arc<[u8]> = Arc::from(event(&lunch(start), None).into_bytes());
            let name = ObjectName::new(&personal, &format!("{}.ics", start.as_unix()));
            let edit = Edit { name, octets: Some(octets) };
            gate::change(&stranger(&one).world, &[edit], |_| Ok(())).await.unwrap();
            // A client's own event is always taken in; whether the booking was first, the store's order says.
            (start, None)
        });
        tasks.spawn(async move {
            let outcome = other.desk.book(&request(start)).await;
            (start, Some(outcome.map(|booked| booked.booking)))
        });
    }
    let mut outcomes = Vec::new();
    while let Some(outcome) = tasks.join_next().await {
        if let (start, Some(outcome)) = outcome.unwrap() {
            outcomes.push((start, outcome));
        }
    }
    let store = &stage.desk.world.store;
    for (start, outcome) in outcomes {
        let event = ObjectName::new(&personal, &format!("{}.ics", start.as_unix()));
        let event = store.facts(&event).await.unwrap().unwrap();
        match outcome {
            Ok(booking) => {
                let (_, version) = store
                    .record::<Booking>(store::records::Table("bookings"), &["ada", &booking.uid])
                    .await
                    .unwrap()
                    .unwrap();
                assert!(version < event.version, "the booking was committed before the event, or not at all");
            }
            outcome => assert_eq!(reason(outcome), "slot_taken"),
        }
    }
    assert!(stage.engine.moved.load(Ordering::SeqCst) > 0, "they did meet");
}
