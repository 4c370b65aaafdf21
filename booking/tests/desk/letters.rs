//! What goes out: whom it reaches, what it says, and what it must not say.

use std::sync::Arc;

use aggregator::delivery::mail::MailContent;
use calendar::address::Address;
use calendar::itip::{Message, Method};
use calendar::limits::Limits;
use store::outbox::Letter;

use crate::world::{HOUR, Stage, TUESDAY, intro, request, utc};

fn content(letter: &Letter) -> MailContent {
    assert_eq!(letter.channel, "mail");
    serde_json::from_str(&letter.content).unwrap()
}

fn message(content: &MailContent) -> (Message, String) {
    let (method, text) = content.calendar.clone().unwrap();
    let message = Message::read(Arc::from(text.clone().into_bytes()), &Limits::default()).unwrap();
    assert_eq!(message.method.name(), method);
    (message, text.replace("\r\n ", ""))
}

#[tokio::test]
async fn everybody_gets_one_letter_and_their_own_view() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let booked = stage.desk.book(&request(ten)).await.unwrap();
    let letters = stage.letters(&booked.booking.uid).await;
    let mut to: Vec<String> = letters.iter().map(|letter| letter.destination.clone()).collect();
    to.sort();
    assert_eq!(to, ["ada@home.example", "ada@work.example", "grace@navy.example"]);
    let link = format!("https://book.example.org/b/{}", booked.token);
    for letter in &letters {
        let content = content(letter);
        let (message, text) = message(&content);
        let whole = format!("{}{}{}{text}", content.subject, content.text, content.html);
        assert_eq!(message.method, Method::Request);
        assert_eq!((message.object.uid(), message.sequence), (booked.booking.uid.as_str(), 0));
        assert_eq!(message.organizer, Some(Address::parse("booking@kalends.example")));
        assert!(message.attendees.contains(&Address::parse(&letter.destination)));
        assert_eq!(content.message_id, format!("{}@kalends.example", letter.id.0));
        assert!(letter.id.0.starts_with(&format!("{}.0.request.", booked.booking.uid)));
        assert!(text.contains("STATUS:CONFIRMED") && text.contains("TZID=Europe/Paris"), "{text}");
        assert!(text.contains("BEGIN:VTIMEZONE"), "{text}");
        assert_eq!((letter.topic.as_str(), letter.due), (booked.booking.uid.as_str(), letter.written));
        if letter.destination == "grace@navy.example" {
            assert_eq!(content.subject, "Intro call, Tue 24 Nov 2026 04:00 (America/New_York)");
            assert!(
                content.text.contains("Tuesday 24 November 2026, 04:00–04:30 (America/New_York, UTC−05:00)")
            );
            assert!(content.text.contains("Tuesday 24 November 2026, 10:00–10:30 (Europe/Paris, UTC+01:00)"));
            assert!(content.text.contains(&link) && content.html.contains(&link));
            assert!(content.text.contains("https://meet.example.org/ada"));
            assert_eq!(content.reply_to.as_deref(), Some("ada@example.org"));
            assert_eq!(message.attendees, [Address::parse("grace@navy.example")]);
            for account in ["work.example", "home.example", "team@"] {
                assert!(!whole.contains(account), "the invitee learns of {account}");
            }
        } else {
            assert_eq!(content.subject, "Intro call, Tue 24 Nov 2026 10:00 (Europe/Paris)");
            assert!(content.text.contains("Grace Hopper <grace@navy.example>"));
            assert!(content.text.contains("About compilers."));
            assert!(!whole.contains(&booked.token), "only the invitee gets the link");
            assert!(!whole.contains("/b/"));
            let other = if letter.destination.contains("work") { "home.example" } else { "work.example" };
            assert!(!whole.contains(other));
        }
    }
    // The kept event carries everybody and no link.
    let event = stage.event(&booked.booking.uid).await.unwrap();
    let text = String::from_utf8(event.octets().to_vec()).unwrap().replace("\r\n ", "");
    for address in ["grace@navy.example", "ada@work.example", "ada@home.example"] {
        assert!(text.contains(address), "{address} in {text}");
    }
    assert!(!text.contains(&booked.token) && !text.contains("METHOD"));
}

#[tokio::test]
async fn i_3_one_event_through_booking_moving_and_cancelling() {
    let stage = Stage::of(vec![intro()]).await;
    let ten = utc(TUESDAY, 9, 0);
    let booked = stage.desk.book(&request(ten)).await.unwrap();
    stage.desk.reschedule(&booked.token, ten.plus(HOUR), "web").await.unwrap();
    stage.desk.reschedule(&booked.token, ten.plus(2 * HOUR), "web").await.unwrap();
    stage.desk.cancel(&booked.token, Some("<b>ill</b>"), "web").await.unwrap();
    let letters = stage.letters(&booked.booking.uid).await;
    assert_eq!(letters.len(), 12);
    let mut ids: Vec<&str> = letters.iter().map(|letter| letter.id.0.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 12, "every letter has its own id");
    for to in ["grace@navy.example", "ada@work.example", "ada@home.example"] {
        let mut mine: Vec<&Letter> = letters.iter().filter(|letter| letter.destination == to).collect();
        mine.sort_by_key(|letter| letter.sequence);
        let seen: Vec<(&str, u32)> = mine
            .iter()
            .map(|letter| {
                let (message, _) = message(&content(letter));
                assert_eq!(message.object.uid(), booked.booking.uid);
                assert_eq!(message.organizer, Some(Address::parse("booking@kalends.example")));
                (message.method.name(), message.sequence)
            })
            .collect();
        assert_eq!(seen, [("REQUEST", 0), ("REQUEST", 1), ("REQUEST", 2), ("CANCEL", 3)]);
        let last = content(mine[3]);
        let (_, text) = message(&last);
        assert!(text.contains("STATUS:CANCELLED") && text.contains("COMMENT:<b>ill</b>"), "{text}");
        assert!(last.text.contains("> <b>ill</b>"));
        assert!(last.html.contains("&lt;b&gt;ill&lt;/b&gt;") && !last.html.contains("<b>"));
        assert!(!last.text.contains("/b/"), "there is nothing to manage any more");
        let moved = content(mine[1]);
        assert!(moved.text.contains("Before: "), "{}", moved.text);
    }
}

#[tokio::test]
async fn the_host_s_own_address_as_invitee_gets_one_letter() {
    let stage = Stage::of(vec![intro()]).await;
    let mut asked = request(utc(TUESDAY, 9, 0));
    asked.email = "Ada@Work.example".into();
    asked.time_zone = "Europe/Paris".into();
    let booked = stage.desk.book(&asked).await.unwrap();
    let letters = stage.letters(&booked.booking.uid).await;
    assert_eq!(letters.len(), 2);
    assert!(letters.iter().all(|letter| !content(letter).text.contains("For ")), "one zone is enough");
}

#[tokio::test]
async fn an_account_that_was_invited_hears_of_the_end() {
    let stage = Stage::of(vec![intro()]).await;
    let booked = stage.desk.book(&request(utc(TUESDAY, 9, 0))).await.unwrap();
    let mut owner = crate::world::ada();
    owner.sources.retain(|source| source.id != "work");
    let host = booking::desk::Host { owner: Arc::new(owner), event_types: vec![intro()] };
    *stage.desk.hosts.write().unwrap() = Arc::new(vec![host]);
    stage.desk.cancel(&booked.token, None, "web").await.unwrap();
    let letters = stage.letters(&booked.booking.uid).await;
    let cancels = letters.iter().filter(|letter| letter.id.0.contains(".cancel."));
    let to: Vec<&str> = cancels.map(|letter| letter.destination.as_str()).collect();
    assert!(to.contains(&"ada@work.example"), "{to:?}");
}

#[tokio::test]
async fn i_4_nothing_that_is_written_breaks_out() {
    let stage = Stage::of(vec![intro()]).await;
    let names = [
        "Eve; CN=\"x\":mailto:evil@example.org,\\n",
        "李小龙 🐉 with a very long name that goes on and on and on until the line must be folded somewhere",
        "<script>alert(1)</script> & 'co'",
        "a^nb^^c",
    ];
    let notes = "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:evil\r\n\r\nSUMMARY:x;y,z\\n</p><script>\u{0}\u{7}\n"
        .to_owned()
        + &"ä".repeat(400);
    for (turn, name) in names.iter().enumerate() {
        let mut asked = request(utc(TUESDAY, 9, 0).plus(i64::try_from(turn).unwrap() * HOUR));
        asked.name = (*name).to_owned();
        asked.notes.clone_from(&notes);
        let booked = stage.desk.book(&asked).await.unwrap();
        let uid = &booked.booking.uid;
        assert_eq!(booked.booking.name, *name);
        assert!(!booked.booking.notes.contains(['\r', '\0', '\u{7}']));
        let event = stage.event(uid).await.unwrap();
        assert_eq!(event.uid(), uid);
        assert_eq!(event.components().count(), 1);
        let description = event.master().unwrap().text("DESCRIPTION").unwrap();
        assert!(description.contains(&booked.booking.notes), "{description}");
        let attendee = event.master().unwrap().properties_named("ATTENDEE").next().unwrap();
        assert_eq!(attendee.value.to_ascii_lowercase(), "mailto:grace@navy.example");
        for letter in stage.letters(uid).await {
            let content = content(&letter);
            let (method, text) = content.calendar.clone().unwrap();
            assert_eq!(method, "REQUEST");
            assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains('\n')), "{text}");
            let (message, _) = message(&content);
            assert_eq!(message.object.uid(), uid);
            assert!(!message.attendees.contains(&Address::parse("evil@example.org")));
            for header in [Some(content.subject), content.to_name, content.from_name, content.reply_to] {
                assert!(!header.unwrap_or_default().contains(['\r', '\n']));
            }
            assert!(!content.html.contains("<script") && !content.html.contains("</p><s"));
        }
    }
}

#[tokio::test]
async fn a_download_is_the_invitee_s_view() {
    let stage = Stage::of(vec![intro()]).await;
    let booked = stage.desk.book(&request(utc(TUESDAY, 9, 0))).await.unwrap();
    let text = stage.desk.event_text(&booked.token).await.unwrap().replace("\r\n ", "");
    for part in ["METHOD:PUBLISH", &booked.booking.uid, "SUMMARY:Intro call", &booked.token, "SEQUENCE:0"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("work.example") && !text.contains("home.example") && !text.contains("ATTENDEE"));
}

#[tokio::test]
async fn a_linked_account_is_not_told_by_reply_to_either() {
    let mut owner = crate::world::ada();
    owner.addresses = vec![Address::parse("ada@work.example"), Address::parse("ada@example.org")];
    let stage = Stage::with(owner, vec![intro()]).await;
    let booked = stage.desk.book(&request(utc(TUESDAY, 9, 0))).await.unwrap();
    let letters = stage.letters(&booked.booking.uid).await;
    let invitees = letters.iter().find(|letter| letter.destination == "grace@navy.example").unwrap();
    assert_eq!(content(invitees).reply_to.as_deref(), Some("ada@example.org"));
}
