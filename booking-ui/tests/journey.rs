//! Booking, looking at it, moving it, cancelling it; and what happens when something is in the way.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test that cannot go on says so")]

mod support;

use bytes::Bytes;
use http::Request;
use support::{Pages, ada, html};

const GRACE: [(&str, &str); 3] =
    [("name", "Grace Hopper"), ("email", "grace@navy.example"), ("notes", "Hello,\r\nAda")];

fn form<'a>(more: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    GRACE.iter().chain(more).copied().collect()
}

/// How many bookings there are.
async fn count(pages: &Pages) -> usize {
    let all = pages.desk.bookings("ada", calendar::time::Instant::MIN, 100).await.unwrap();
    all.len()
}

#[tokio::test]
async fn a_form_becomes_a_booking_in_both_zones() {
    let pages = ada().await;
    let sheet = pages.look("/ada/intro/book?s=20261124T090000Z&tz=America/New_York&h12=1").await;
    assert_eq!(sheet.status, 200);
    assert!(
        sheet.text.contains("<h1>Intro call</h1>") && sheet.text.contains("Book Tue 24 Nov, 4:00\u{a0}am")
    );
    assert!(sheet.text.contains("<title>4:00\u{a0}am Tue 24 Nov – Intro call with Ada Lovelace</title>"));
    let (start, zone, clock) = (sheet.input("s"), sheet.input("tz"), sheet.input("h12"));
    let (length, nonce) = (sheet.input("dur"), sheet.input("nonce"));
    let sent = form(&[
        ("s", &start),
        ("tz", &zone),
        ("h12", &clock),
        ("dur", &length),
        ("nonce", &nonce),
        ("website", ""),
    ]);
    let booked = pages.post("/ada/intro/book", &sent).await;
    assert_eq!(booked.status, 303, "{}", booked.text);
    let address = booked.field("location").to_owned();
    assert!(address.starts_with("/b/") && address.ends_with("?h12=1"), "{address}");
    // The same form again is the same booking.
    let again = pages.post("/ada/intro/book", &sent).await;
    assert_eq!((again.status, again.field("location")), (303, address.as_str()));
    assert_eq!(count(&pages).await, 1);
    let shown = pages.look(&address).await;
    html::check(&shown.text);
    for text in [
        "You’re booked",
        "Tuesday 24 November 2026",
        "4:00\u{a0}am–4:30\u{a0}am",
        "America/New York (UTC−5)",
        "10:00\u{a0}am–10:30\u{a0}am, Europe/Berlin (UTC+1)",
        "https://meet.example/secret-room",
        "grace@navy.example",
        "Hello,\nAda",
        "https://calendar.google.com/calendar/render?action=TEMPLATE&amp;text=Intro%20call&amp;dates=20261124T090000Z/20261124T093000Z",
        "https://outlook.live.com/calendar/0/deeplink/compose?",
        "https://outlook.office.com/calendar/0/deeplink/compose?",
    ] {
        let shown = shown.text.replace("&#38;", "&amp;");
        assert!(shown.contains(text), "{text} in {shown}");
    }
}

#[tokio::test]
async fn the_file_for_calendars_is_a_published_event() {
    let pages = ada().await;
    let booking = pages.book("20261124T090000Z").await;
    let file = pages.look(&format!("{booking}.ics")).await;
    assert_eq!(file.status, 200);
    assert!(file.field("content-type").starts_with("text/calendar"));
    assert!(file.field("content-disposition").contains("attachment"));
    assert_eq!(file.field("cache-control"), "no-store");
    assert!(file.text.contains("METHOD:PUBLISH") && file.text.contains("BEGIN:VEVENT"), "{}", file.text);
    assert_eq!(pages.look("/b/0000000000000000000000000000000000000000.ics").await.status, 404);
}

#[tokio::test]
async fn a_time_just_taken_comes_back_with_others_one_press_away() {
    let pages = ada().await;
    pages.book("20261124T090000Z").await;
    let sent = form(&[
        ("s", "20261124T090000Z"),
        ("tz", "Asia/Kathmandu"),
        ("nonce", "00112233445566778899aabbccddeeff"),
    ]);
    let refused = pages.post("/ada/intro/book", &sent).await;
    assert_eq!(refused.status, 409);
    html::check(&refused.text);
    assert!(refused.text.contains("data-reason=\"slot_taken\""));
    assert!(refused.text.contains("14:45 has just been taken."), "{}", refused.text);
    assert!(refused.text.contains("value=\"Grace Hopper\"") && refused.text.contains("Hello,\nAda"));
    assert_eq!(refused.input("nonce"), "00112233445566778899aabbccddeeff");
    let other = refused.input("to");
    let mut pressed = vec![("to", other.as_str())];
    pressed.extend(sent);
    let booked = pages.post("/ada/intro/book", &pressed).await;
    assert_eq!(booked.status, 303, "{}", booked.text);
    assert_eq!(count(&pages).await, 2);
}

#[tokio::test]
async fn each_rule_has_its_own_reason() {
    let pages = ada().await;
    for (start, length, reason) in [
        ("20261124T090700Z", "30", "off_grid"),
        ("20261122T030000Z", "30", "outside_hours"),
        ("20261119T090000Z", "30", "in_the_past"),
        ("20261120T090000Z", "30", "too_soon"),
        ("20270302T090000Z", "30", "too_far"),
        ("20261124T090000Z", "45", "wrong_duration"),
    ] {
        let sent = form(&[("s", start), ("dur", length)]);
        let refused = pages.post("/ada/intro/book", &sent).await;
        assert_eq!(refused.status, 409, "{start} {length}");
        html::check(&refused.text);
        assert!(refused.text.contains(&format!("data-reason=\"{reason}\"")), "{reason} in {}", refused.text);
    }
    assert_eq!(count(&pages).await, 0);
    assert_eq!(pages.post("/ada/old/book", &form(&[("s", "20261124T090000Z")])).await.status, 410);
    assert_eq!(pages.post("/ada/none/book", &form(&[("s", "20261124T090000Z")])).await.status, 404);
    assert_eq!(pages.post("/ada/intro/book", &form(&[])).await.status, 422);
    assert_eq!(pages.post("/ada/intro/book", &form(&[("s", "soon")])).await.status, 422);
    assert_eq!(
        pages.post("/ada/intro/book", &form(&[("s", "20261124T090000Z"), ("tz", "Mars/X")])).await.status,
        422
    );
}

#[tokio::test]
async fn wrong_fields_are_named_and_kept() {
    let pages = ada().await;
    let sent = [("s", "20261124T090000Z"), ("name", " "), ("email", "no address"), ("notes", "kept")];
    let refused = pages.post("/ada/intro/book", &sent).await;
    assert_eq!(refused.status, 422);
    html::check(&refused.text);
    for text in [
        "href=\"#name\"",
        "href=\"#email\"",
        "aria-invalid=\"true\"",
        "id=\"email-error\"",
        "value=\"no address\"",
        ">kept</textarea>",
    ] {
        assert!(refused.text.contains(text), "{text} in {}", refused.text);
    }
    assert_eq!(count(&pages).await, 0);
}

#[tokio::test]
async fn machines_and_other_sites_book_nothing() {
    let pages = ada().await;
    let trapped =
        pages.post("/ada/intro/book", &form(&[("s", "20261124T090000Z"), ("website", "http://spam")])).await;
    assert_eq!(trapped.status, 200);
    html::check(&trapped.text);
    let body = "s=20261124T090000Z&name=G&email=g%40x.example";
    for (fields, status) in [
        (vec![("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "cross-site")], 403),
        (
            vec![("content-type", "application/x-www-form-urlencoded"), ("origin", "https://evil.example")],
            403,
        ),
        (vec![("content-type", "text/plain")], 415),
        (vec![("content-type", "application/json")], 415),
    ] {
        let mut request = Request::post("/ada/intro/book").header("host", "cal.example");
        for (name, value) in fields {
            request = request.header(name, value);
        }
        let answered = pages.send(request.body(Bytes::from_static(body.as_bytes())).unwrap()).await;
        assert_eq!(answered.status, status);
        html::check(&answered.text);
    }
    let long = form(&[("s", "20261124T090000Z")]);
    let heavy = "x".repeat(70_000);
    let mut long = long.clone();
    long.push(("padding", &heavy));
    assert_eq!(pages.post("/ada/intro/book", &long).await.status, 413);
    assert_eq!(count(&pages).await, 0);
    let own = Request::post("/ada/intro/book")
        .header("host", "cal.example")
        .header("origin", "https://cal.example")
        .header("content-type", "application/x-www-form-urlencoded");
    assert_eq!(pages.send(own.body(Bytes::from_static(body.as_bytes())).unwrap()).await.status, 303);
}

#[tokio::test]
async fn a_booking_moves_and_does_not_block_itself() {
    let pages = ada().await;
    let booking = pages.book("20261124T090000Z").await;
    pages.book("20261124T100000Z").await;
    let picker = pages.look(&format!("{booking}/reschedule?d=2026-11-24")).await;
    html::check(&picker.text);
    assert!(picker.text.contains("Booked now") && picker.text.contains("04:00–04:30"));
    assert!(picker.text.contains("s=20261124T090000Z"), "its own time is free for it");
    assert!(!picker.text.contains("s=20261124T100000Z"), "another's is not");
    let asked = pages.look(&format!("{booking}/reschedule?s=20261124T093000Z")).await;
    assert!(asked.text.contains("Move to Tue 24 Nov, 04:30") && asked.text.contains("method=\"post\""));
    let taken = pages.post(&format!("{booking}/reschedule"), &[("s", "20261124T100000Z")]).await;
    assert_eq!(taken.status, 409);
    html::check(&taken.text);
    assert!(
        taken.text.contains("05:00 has just been taken.") && taken.text.contains("name=\"to\""),
        "{}",
        taken.text
    );
    let instead = taken.input("to");
    let moved =
        pages.post(&format!("{booking}/reschedule"), &[("to", &instead), ("s", "20261124T100000Z")]).await;
    assert_eq!((moved.status, moved.field("location")), (303, booking.as_str()), "{}", moved.text);
    let shown = pages.look(&booking).await.text;
    assert!(shown.contains("It was moved to this time on Fri 20 November."), "{shown}");
    assert_eq!(count(&pages).await, 2);
    assert_eq!(pages.post(&format!("{booking}/reschedule"), &[]).await.status, 422);
}

#[tokio::test]
async fn a_booking_is_cancelled_once() {
    let pages = ada().await;
    let booking = pages.book("20261124T090000Z").await;
    let ask = pages.look(&format!("{booking}/cancel")).await;
    assert!(ask.text.contains("method=\"post\"") && ask.text.contains("Cancel the meeting"));
    let long = "x".repeat(3000);
    let refused = pages.post(&format!("{booking}/cancel"), &[("reason", &long)]).await;
    assert_eq!(refused.status, 422);
    html::check(&refused.text);
    assert!(refused.text.contains(&long), "what was written is kept");
    for _ in 0..2 {
        let done = pages.post(&format!("{booking}/cancel"), &[("reason", "Ill, sorry")]).await;
        assert_eq!((done.status, done.field("location")), (303, booking.as_str()));
    }
    let shown = pages.look(&booking).await;
    assert_eq!(shown.status, 200);
    html::check(&shown.text);
    for text in ["This meeting is cancelled", "by you on Fri 20 November", "Ill, sorry", "Book again"] {
        assert!(shown.text.contains(text), "{text} in {}", shown.text);
    }
    for deed in ["cancel", "reschedule", "reschedule?s=20261124T093000Z"] {
        let late = pages.look(&format!("{booking}/{deed}")).await;
        assert_eq!((late.status, late.field("location")), (303, booking.as_str()), "{deed}");
    }
    let late = pages.post(&format!("{booking}/reschedule"), &[("s", "20261124T093000Z")]).await;
    assert_eq!((late.status, late.field("location")), (303, booking.as_str()));
    pages.book("20261124T090000Z").await;
}

#[tokio::test]
async fn the_same_address_shows_how_it_stands_later() {
    let pages = ada().await;
    let booking = pages.book("20261124T090000Z").await;
    pages.clock.put("2026-11-24T09:10:00");
    let now = pages.look(&booking).await.text;
    assert!(now.contains("Taking place now") && !now.contains("Reschedule"));
    pages.clock.put("2026-11-24T09:30:00");
    let over = pages.look(&booking).await.text;
    assert!(
        over.contains("This meeting is over")
            && over.contains("Book again")
            && !over.contains("Add to calendar")
    );
    let cancel = pages.post(&format!("{booking}/cancel"), &[]).await;
    assert_eq!(cancel.status, 409, "what is over cannot be cancelled");
    html::check(&cancel.text);
    assert_eq!(pages.look(&format!("{booking}/cancel")).await.status, 303);
}
