//! Booking and what it leaves behind.

use std::sync::atomic::Ordering;

use booking::booking::State;
use calendar::collection::CollectionName;
use calendar::time::Span;

use crate::world::{HOUR, MINUTE, Stage, TUESDAY, intro, lasting, reason, request, utc};

#[tokio::test]
async fn a_booking_is_kept_and_takes_its_time() {
    let stage = Stage::of(vec![intro(), lasting("long", 60)]).await;
    let ten = utc(TUESDAY, 9, 0);
    assert_eq!(stage.open("intro", TUESDAY).await.len(), 31);
    let booked = stage.desk.book(&request(ten)).await.unwrap();
    let booking = &booked.booking;
    assert_eq!((booking.start, booking.end), (ten.as_unix(), ten.as_unix() + 1800));
    assert_eq!((booking.state, booking.sequence), (State::Confirmed, 0));
    assert_eq!(booking.history.len(), 1);
    assert_eq!((booking.history[0].actor.as_str(), booking.history[0].what.as_str()), ("invitee", "booked"));
    assert_eq!(stage.sources.0.load(Ordering::SeqCst), 1, "the sources were asked once");

    // The token is a capability: long enough, safe in a path, not kept, and it finds the booking.
    assert!(booked.token.len() * 4 >= 128 && booked.token.chars().all(|c| c.is_ascii_alphanumeric()));
    assert!(!serde_json_of(booking).contains(&booked.token));
    assert_eq!(stage.desk.find(&booked.token).await.unwrap(), *booking);
    for wrong in ["", "x", &"0".repeat(40), &booked.token.to_uppercase(), &booking.token_hash] {
        assert!(wrong == booked.token || stage.desk.find(wrong).await.is_err(), "{wrong}");
    }

    // The event is in the collection and in the busy index.
    let event = stage.event(&booking.uid).await.unwrap();
    assert_eq!(event.uid(), booking.uid);
    let collection = CollectionName::new("ada", "bookings");
    let span = Span::new(ten, ten.plus(30 * MINUTE));
    let busy = stage.desk.world.store.busy_in(&collection, span).await.unwrap();
    assert_eq!(busy.len(), 1);
    assert_eq!(busy[0].period.span, span);
    assert_eq!(busy[0].period.kind, calendar::busy::BusyType::Busy, "the host has accepted");

    // Its time is gone for every type.
    let open = stage.open("intro", TUESDAY).await;
    assert_eq!(open.len(), 28);
    assert!(!open.contains(&ten) && open.contains(&ten.plus(30 * MINUTE)));
    assert!(!stage.open("long", TUESDAY).await.contains(&ten.plus(-45 * MINUTE)));
    assert_eq!(stage.desk.bookings("ada", ten, 10).await.unwrap(), std::slice::from_ref(booking));
    assert!(stage.desk.bookings("ada", ten.plus(1), 10).await.unwrap().is_empty());
    assert_eq!(stage.desk.booking("ada", &booking.uid).await.unwrap(), *booking);
    assert!(stage.desk.booking("bob", &booking.uid).await.is_err());
}

fn serde_json_of(booking: &booking::booking::Booking) -> String {
    serde_json::to_string(booking).unwrap()
}

#[tokio::test]
async fn buffers_of_a_booking_keep_other_types_away() {
    let mut wide = lasting("wide", 30);
    wide.buffer.after = 20 * MINUTE;
    let stage = Stage::of(vec![intro(), wide]).await;
    let ten = utc(TUESDAY, 9, 0);
    let mut asked = request(ten);
    asked.event_type = "wide".into();
    stage.desk.book(&asked).await.unwrap();
    let open = stage.open("intro", TUESDAY).await;
    assert!(!open.contains(&ten.plus(45 * MINUTE)) && open.contains(&ten.plus(HOUR)));
    assert!(open.contains(&ten.plus(-30 * MINUTE)));
}

#[tokio::test]
async fn b_9_the_same_key_is_the_same_booking() {
    let stage = Stage::of(vec![intro()]).await;
    let mut asked = request(utc(TUESDAY, 9, 0));
    asked.idempotency_key = Some("nonce-1".into());
    let first = stage.desk.book(&asked).await.unwrap();
    let second = stage.desk.book(&asked).await.unwrap();
    assert_eq!(first.booking, second.booking);
    assert_eq!(first.token, second.token);
    assert_eq!(stage.letters(&first.booking.uid).await.len(), 3);
    // Another invitee who comes with the same key gets nobody's booking.
    let mut other = asked.clone();
    other.email = "eve@example.org".into();
    assert_eq!(reason(stage.desk.book(&other).await), "invalid idempotency_key");
    // Another key is another booking, and that time is taken.
    asked.idempotency_key = Some("nonce-2".into());
    assert_eq!(reason(stage.desk.book(&asked).await), "slot_taken");
}

#[tokio::test]
async fn b_9_a_lost_answer_is_given_again() {
    let stage = Stage::of(vec![intro()]).await;
    // The secret is drawn by an earlier booking, so that the lost answer is the booking's.
    stage.desk.book(&request(utc(TUESDAY, 12, 0))).await.unwrap();
    let mut asked = request(utc(TUESDAY, 9, 0));
    asked.idempotency_key = Some("nonce".into());
    stage.engine.mute.store(true, Ordering::SeqCst);
    let lost = stage.desk.book(&asked).await;
    assert!(format!("{lost:?}").contains("Unavailable"), "{lost:?}");
    let booked = stage.desk.book(&asked).await.unwrap();
    assert_eq!(stage.desk.find(&booked.token).await.unwrap(), booked.booking);
    assert_eq!(stage.letters(&booked.booking.uid).await.len(), 3);
    assert_eq!(stage.desk.bookings("ada", utc(TUESDAY, 0, 0), 10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn b_13_an_error_while_asking_books_nothing() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    stage.engine.deaf.store(true, Ordering::SeqCst);
    let outcome = stage.desk.book(&request(ten)).await;
    assert!(format!("{outcome:?}").contains("Unavailable"), "{outcome:?}");
    let span = Span::new(ten, ten.plus(HOUR));
    assert!(stage.desk.open_slots("ada", "intro", 1800, span).await.is_err());
    stage.engine.deaf.store(false, Ordering::SeqCst);
    assert!(stage.desk.bookings("ada", ten, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_repeated_hour_is_booked_as_the_instant_it_is() {
    let sunday = calendar::civil::date(2027, 10, 31);
    let mut night = intro();
    night.hours.weekly[6] = vec![crate::world::interval(0, 360)];
    let stage = Stage::of(vec![night]).await;
    for start in [utc(sunday, 0, 0), utc(sunday, 0, 30), utc(sunday, 1, 0), utc(sunday, 1, 30)] {
        let booked = stage.desk.book(&request(start)).await.unwrap();
        let event = stage.event(&booked.booking.uid).await.unwrap();
        let master = event.master().unwrap();
        for (property, instant) in [("DTSTART", start), ("DTEND", start.plus(1800))] {
            let value = event.date_or_time(master.property(property).unwrap()).unwrap();
            assert_eq!(value.to_instant(&crate::world::paris()), instant, "{property} of {start}");
        }
    }
}

#[tokio::test]
async fn what_is_asked_for_must_exist() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let span = Span::new(ten, ten.plus(HOUR));
    assert_eq!(reason(stage.desk.open_slots("bob", "intro", 1800, span).await), "Err(NotFound)");
    assert_eq!(reason(stage.desk.open_slots("ada", "outro", 1800, span).await), "Err(NotFound)");
    assert_eq!(reason(stage.desk.open_slots("ada", "intro", 1801, span).await), "invalid duration");
    let mut asked = request(ten);
    asked.event_type = "outro".into();
    assert_eq!(reason(stage.desk.book(&asked).await), "Err(NotFound)");
}
