//! Rescheduling and cancelling.

use booking::booking::State;
use calendar::time::Span;

use crate::world::{HOUR, MINUTE, Stage, TUESDAY, intro, lasting, reason, request, utc, whole};

#[tokio::test]
async fn r_1_a_booking_may_be_moved_onto_itself() {
    let stage = Stage::of(vec![lasting("intro", 60)]).await;
    let ten = utc(TUESDAY, 9, 0);
    let mut asked = request(ten);
    asked.duration = HOUR;
    let booked = stage.desk.book(&asked).await.unwrap();
    let quarter_past = ten.plus(15 * MINUTE);
    assert!(!stage.open("intro", TUESDAY).await.contains(&quarter_past));
    let slots = stage.desk.slots_for_reschedule(&booked.token, whole(TUESDAY)).await.unwrap();
    assert!(slots.iter().any(|slot| slot.span.start == quarter_past), "10:15 is offered");

    let moved = stage.desk.reschedule(&booked.token, quarter_past, "web").await.unwrap();
    assert_eq!((moved.uid.as_str(), moved.sequence), (booked.booking.uid.as_str(), 1));
    assert_eq!((moved.start, moved.end), (quarter_past.as_unix(), quarter_past.plus(HOUR).as_unix()));
    assert_eq!(moved.history.last().unwrap().what, "rescheduled");
    assert_eq!(stage.desk.find(&booked.token).await.unwrap(), moved);

    // the old time is free at once; there is one booking and one event.
    let open = stage.open("intro", TUESDAY).await;
    assert!(open.contains(&ten.plus(-45 * MINUTE)) && !open.contains(&ten.plus(-30 * MINUTE)));
    assert_eq!(
        stage.desk.bookings("ada", utc(TUESDAY, 0, 0), 9).await.unwrap(),
        std::slice::from_ref(&moved)
    );
    let event = stage.event(&moved.uid).await.unwrap();
    let start = event.date_or_time(event.master().unwrap().property("DTSTART").unwrap()).unwrap();
    assert_eq!(start.to_instant(&crate::world::paris()), quarter_past);

    // the same again changes nothing and writes to nobody.
    let letters = stage.letters(&moved.uid).await.len();
    assert_eq!(stage.desk.reschedule(&booked.token, quarter_past, "web").await.unwrap(), moved);
    assert_eq!(stage.letters(&moved.uid).await.len(), letters);
    assert_eq!(letters, 6);
}

#[tokio::test]
async fn a_move_obeys_the_rules_and_offers_others() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let booked = stage.desk.book(&request(ten)).await.unwrap();
    stage.desk.book(&request(ten.plus(HOUR))).await.unwrap();
    let outcome = stage.desk.reschedule(&booked.token, ten.plus(45 * MINUTE), "web").await;
    let Err(booking::desk::NotBooked::Rejected { why, alternatives }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(why.name, "slot_taken");
    let starts: Vec<i64> = alternatives.iter().map(|slot| slot.span.start.since(ten) / MINUTE).collect();
    assert_eq!(starts, [15, 30, 90], "its own time does not block");
    assert_eq!(reason(stage.desk.reschedule(&booked.token, ten.plus(7), "web").await), "off_grid");
    assert_eq!(reason(stage.desk.reschedule(&"0".repeat(40), ten, "web").await), "Err(NotFound)");
    assert_eq!(stage.desk.find(&booked.token).await.unwrap(), booked.booking);
}

#[tokio::test]
async fn a_limit_does_not_count_the_booking_that_moves() {
    let mut daily = intro();
    daily.limit.day = Some(1);
    let stage = Stage::of(vec![daily]).await;
    let ten = utc(TUESDAY, 9, 0);
    let booked = stage.desk.book(&request(ten)).await.unwrap();
    assert_eq!(reason(stage.desk.book(&request(ten.plus(HOUR))).await), "limit_reached");
    stage.desk.reschedule(&booked.token, ten.plus(2 * HOUR), "web").await.unwrap();
}

#[tokio::test]
async fn cancelling_frees_the_time_and_is_repeatable() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let booked = stage.desk.book(&request(ten)).await.unwrap();
    let cancelled = stage.desk.cancel(&booked.token, Some(" I am\r\nill. "), "web").await.unwrap();
    assert_eq!((cancelled.state, cancelled.sequence), (State::Cancelled, 1));
    let last = cancelled.history.last().unwrap();
    assert_eq!((last.what.as_str(), last.reason.as_deref()), ("cancelled", Some("I am\nill.")));
    assert!(stage.event(&cancelled.uid).await.is_none());
    assert!(stage.open("intro", TUESDAY).await.contains(&ten));
    assert!(stage.desk.bookings("ada", utc(TUESDAY, 0, 0), 9).await.unwrap().is_empty());

    assert_eq!(stage.desk.cancel(&booked.token, None, "web").await.unwrap(), cancelled);
    assert_eq!(stage.letters(&cancelled.uid).await.len(), 6);
    assert_eq!(stage.desk.find(&booked.token).await.unwrap(), cancelled, "it stays readable");
    assert_eq!(reason(stage.desk.reschedule(&booked.token, ten, "web").await), "cancelled");
    assert_eq!(reason(stage.desk.slots_for_reschedule(&booked.token, whole(TUESDAY)).await), "cancelled");
    let text = stage.desk.event_text(&booked.token).await.unwrap();
    assert!(text.contains("STATUS:CANCELLED"), "{text}");
    stage.desk.book(&request(ten)).await.unwrap();
}

#[tokio::test]
async fn what_has_begun_stays_as_it_is() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let booked = stage.desk.book(&request(ten)).await.unwrap();
    stage.hands.set(ten);
    let later = ten.plus(HOUR);
    assert_eq!(reason(stage.desk.reschedule(&booked.token, later, "web").await), "in_the_past");
    assert_eq!(reason(stage.desk.cancel(&booked.token, None, "web").await), "in_the_past");
    let span = Span::new(later, later.plus(HOUR));
    assert_eq!(reason(stage.desk.slots_for_reschedule(&booked.token, span).await), "in_the_past");
    assert_eq!(stage.desk.find(&booked.token).await.unwrap(), booked.booking);
}

#[tokio::test]
async fn the_operator_changes_bookings_by_uid() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let uid = stage.desk.book(&request(ten)).await.unwrap().booking.uid;
    let moved = stage.desk.reschedule_uid("ada", &uid, ten.plus(HOUR), "cli").await.unwrap();
    assert_eq!(moved.history.last().unwrap().actor, "operator");
    let cancelled = stage.desk.cancel_uid("ada", &uid, Some("ill"), "cli").await.unwrap();
    assert_eq!((cancelled.sequence, cancelled.history.last().unwrap().channel.as_str()), (2, "cli"));
    assert_eq!(reason(stage.desk.cancel_uid("bob", &uid, None, "cli").await), "Err(NotFound)");
}

#[tokio::test]
async fn a_booking_outlives_its_event_type_and_its_event() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let first = stage.desk.book(&request(ten)).await.unwrap();
    let second = stage.desk.book(&request(ten.plus(HOUR))).await.unwrap();
    // Its length is not offered any more, but was promised.
    stage.set_types(vec![lasting("intro", 45)]);
    stage.desk.reschedule(&first.token, ten.plus(2 * HOUR), "web").await.unwrap();
    // A client has deleted the event.
    let name = calendar::collection::ObjectName::new(
        &calendar::collection::CollectionName::new("ada", "bookings"),
        &format!("{}.ics", second.booking.uid),
    );
    let edit = aggregator::gate::Edit { name, octets: None };
    aggregator::gate::change(&stage.desk.world, &[edit], |_| Ok(())).await.unwrap();
    stage.set_types(Vec::new());
    let later = ten.plus(3 * HOUR);
    assert_eq!(reason(stage.desk.reschedule(&first.token, later, "web").await), "Err(NotFound)");
    for token in [&first.token, &second.token] {
        assert_eq!(stage.desk.cancel(token, None, "web").await.unwrap().state, State::Cancelled);
    }
}
