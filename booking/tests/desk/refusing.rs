//! Every refusal has a name, a reason, and what to do instead.

use std::sync::Arc;

use aggregator::gate::{self, Edit};
use aggregator::owner::Unreachable;
use booking::desk::NotBooked;
use calendar::collection::{CollectionName, ObjectName};
use calendar::time::Instant;

use crate::world::{HOUR, MINUTE, Stage, TUESDAY, ada, intro, reason, request, utc};

async fn put(stage: &Stage, collection: &str, summary: &str, span: (Instant, Instant)) {
    let text = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VEVENT\r\nUID:{summary}\r\n\
         DTSTAMP:20261101T000000Z\r\nDTSTART:{}\r\nDTEND:{}\r\nSUMMARY:{summary}\r\nEND:VEVENT\r\n\
         END:VCALENDAR\r\n",
        span.0.to_ical(),
        span.1.to_ical()
    );
    let name = ObjectName::new(&CollectionName::new("ada", collection), &format!("{summary}.ics"));
    let edit = Edit { name, octets: Some(Arc::from(text.into_bytes())) };
    gate::change(&stage.desk.world, &[edit], |_| Ok(())).await.unwrap();
}

#[tokio::test]
async fn b_8_each_reason_has_its_name() {
    let mut strict = intro();
    strict.notice = 2 * HOUR;
    strict.horizon_days = 7;
    strict.limit.day = Some(1);
    strict.hours.overrides = vec![(calendar::civil::date(2026, 11, 25), Vec::new())];
    let mut closed = intro();
    closed.slug = "closed".into();
    closed.active = false;
    let stage = Stage::of(vec![strict, closed]).await;
    let today = TUESDAY.yesterday().unwrap();
    stage.hands.set(utc(today, 9, 0));
    put(&stage, "personal", "Dentist", (utc(TUESDAY, 13, 0), utc(TUESDAY, 14, 0))).await;
    for (start, name) in [
        (utc(today, 8, 30), "in_the_past"),
        (utc(today, 10, 45), "too_soon"),
        (utc(calendar::civil::date(2026, 12, 1), 9, 0), "too_far"),
        (utc(calendar::civil::date(2026, 11, 29), 2, 0), "outside_hours"),
        (utc(calendar::civil::date(2026, 11, 25), 9, 0), "outside_hours"),
        (utc(TUESDAY, 9, 7), "off_grid"),
        (utc(TUESDAY, 13, 30), "slot_taken"),
    ] {
        assert_eq!(reason(stage.desk.book(&request(start)).await), name, "{start}");
    }
    let mut asked = request(utc(TUESDAY, 9, 0));
    asked.duration = 45 * MINUTE;
    assert_eq!(reason(stage.desk.book(&asked).await), "wrong_duration");
    asked.event_type = "closed".into();
    assert_eq!(reason(stage.desk.book(&asked).await), "inactive");
    stage.desk.book(&request(utc(TUESDAY, 9, 0))).await.unwrap();
    assert_eq!(reason(stage.desk.book(&request(utc(TUESDAY, 10, 0))).await), "limit_reached");
    let bookings = stage.desk.bookings("ada", Instant::MIN, 9).await.unwrap();
    assert_eq!(bookings.len(), 1, "nothing else was stored");
}

async fn alternatives(stage: &Stage, start: Instant) -> Vec<i64> {
    match stage.desk.book(&request(start)).await {
        Err(NotBooked::Rejected { alternatives, .. }) => {
            assert!(alternatives.iter().all(|slot| slot.span.seconds() == 1800));
            alternatives.iter().map(|slot| slot.span.start.since(start) / MINUTE).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_three_nearest_times_are_offered() {
    let stage = Stage::of(vec![intro()]).await;
    put(&stage, "personal", "Dentist", (utc(TUESDAY, 9, 0), utc(TUESDAY, 10, 0))).await;
    // 10:00 to 11:00 in Paris is busy: before it, 9:15 and 9:30 end in time; after it, 11:00 is as near as 9:00.
    assert_eq!(alternatives(&stage, utc(TUESDAY, 9, 0)).await, [-45, -30, 60]);
    assert_eq!(alternatives(&stage, utc(TUESDAY, 9, 15)).await, [-45, 45, 60]);
    // Long gone, or far beyond the horizon: from the edge of what can be booked.
    let now = utc(TUESDAY, 8, 0).plus(-24 * HOUR);
    assert_eq!(alternatives(&stage, now.plus(-40 * 24 * HOUR)).await.len(), 3);
    assert_eq!(alternatives(&stage, now.plus(1000 * 24 * HOUR)).await.len(), 3);
    let mut asked = request(utc(TUESDAY, 9, 0));
    asked.duration = 17;
    let Err(NotBooked::Rejected { alternatives, .. }) = stage.desk.book(&asked).await else { panic!() };
    assert_eq!(alternatives.len(), 3);
}

#[tokio::test]
async fn fields_are_told_by_name() {
    let stage = Stage::of(vec![intro()]).await;
    let good = request(utc(TUESDAY, 9, 0));
    let mut bad = good.clone();
    bad.name = " ".into();
    bad.email = "nobody".into();
    bad.notes = "x".repeat(5001);
    bad.time_zone = "Mars/Olympus".into();
    bad.idempotency_key = Some(String::new());
    assert_eq!(reason(stage.desk.book(&bad).await), "invalid name email notes time_zone idempotency_key");
    let mut injecting = good.clone();
    injecting.name = "Eve\r\nBcc: all@example.org".into();
    injecting.email = "eve@example.org\r\nBcc: all@example.org".into();
    injecting.time_zone = "Europe/Paris\r\nX: y".into();
    assert_eq!(reason(stage.desk.book(&injecting).await), "invalid name email time_zone");
    let booked = stage.desk.book(&good).await.unwrap();
    let long = "x".repeat(1001);
    assert_eq!(reason(stage.desk.cancel(&booked.token, Some(&long), "web").await), "invalid reason");
}

#[tokio::test]
async fn a_source_that_cannot_be_believed_is_named() {
    let mut owner = ada();
    owner.sources[0].unreachable = Unreachable::Closed { after_seconds: 3600 };
    let stage = Stage::with(owner, vec![intro()]).await;
    assert_eq!(reason(stage.desk.book(&request(utc(TUESDAY, 9, 0))).await), "not_fresh");
    assert!(stage.open("intro", TUESDAY).await.is_empty(), "unknown is busy");
    let verdicts = stage.desk.why("ada", "intro", 1800, utc(TUESDAY, 9, 0)).await.unwrap();
    assert!(
        verdicts.iter().any(|verdict| !verdict.passes && verdict.detail.starts_with("work:")),
        "{verdicts:?}"
    );
}

#[tokio::test]
async fn o_3_why_names_rules_and_events() {
    let mut guarded = intro();
    guarded.buffer.after = 30 * MINUTE;
    let stage = Stage::of(vec![guarded]).await;
    put(&stage, "personal", "Dentist", (utc(TUESDAY, 9, 0), utc(TUESDAY, 10, 0))).await;
    stage.desk.book(&request(utc(TUESDAY, 12, 0))).await.unwrap();
    let why = async |start| stage.desk.why("ada", "intro", 1800, start).await.unwrap();

    let free = why(utc(TUESDAY, 14, 0)).await;
    assert_eq!(free.len(), 9);
    assert!(free.iter().all(|verdict| verdict.passes), "{free:?}");

    let dentist = why(utc(TUESDAY, 9, 7)).await;
    let failing: Vec<(&str, &str)> = dentist
        .iter()
        .filter(|verdict| !verdict.passes)
        .map(|verdict| (verdict.rule.as_str(), verdict.detail.as_str()))
        .collect();
    assert_eq!(failing.len(), 3, "{failing:?}");
    assert_eq!(failing[0].0, "grid");
    assert_eq!(failing[1], ("conflict", "This time is taken."));
    assert_eq!(
        failing[2],
        ("conflict", "Personal: \"Dentist\", 2026-11-24 10:00 to 11:00 (Europe/Paris), BUSY")
    );

    // Only the buffer of the booking at 13:00 stands against 13:45.
    let buffered = why(utc(TUESDAY, 12, 45)).await;
    let last = buffered.last().unwrap();
    assert!(!last.passes && last.detail.starts_with("the booking \"Intro call\""), "{buffered:?}");
    assert!(stage.desk.why("ada", "outro", 1800, utc(TUESDAY, 9, 0)).await.is_err());
}
