//! A mail with a scheduling message: read, and applied to what is held of the same event.

use std::sync::Arc;

use aggregator::imip::{CALENDARS_MAX, Imip, TEXT_MAX};
use calendar::address::Address;
use calendar::itip::{
    Delivery, Held, Ledger, Message, Method, Then, apply_reply, message_of, receive, reply_of,
};
use calendar::object::CalendarObject;
use calendar::time::Instant;

use crate::LIMITS;
use crate::tree::has_names;

/// Reads a mail; the message in it is then sent, answered and applied.
pub fn itip_mail(data: &[u8]) {
    let Ok(mail) = Imip::read(data, &LIMITS) else { return };
    assert!(mail.calendars.len() <= CALENDARS_MAX);
    assert!(mail.text.chars().count() <= TEXT_MAX && mail.subject.chars().count() <= TEXT_MAX);
    let Some(part) = mail.calendar() else { panic!("what is believed is not there") };
    assert_eq!(part.octets, *mail.message.object.octets());
    assert!(mail.methods_agree() || part.method.is_some());
    assert!(mail.calendars.iter().all(|other| {
        // Whatever is more believable was tried before.
        (other.place, other.carriage) >= (part.place, part.carriage)
            || Message::read(Arc::clone(&other.octets), &LIMITS).is_err()
    }));
    let held = &mail.message.object;
    let now = Instant::from_unix(1_800_000_000);
    applied(held, &mail.message);
    if !has_names(held.calendar()) {
        // What is written as a name may be another's.
        return;
    }
    let first = mail.message.attendees.first().or(mail.message.organizer.as_ref());
    for recipient in first.into_iter().chain(&[Address::parse("mailto:host@example.org")]) {
        received(None, &mail.message, recipient, now);
        received(Some(held), &mail.message, recipient, now);
    }
    for method in [Method::Request, Method::Cancel] {
        let text = message_of(held, method, now);
        let sent = message(&text);
        assert_eq!((sent.method, sent.object.uid()), (method, held.uid()), "{text}");
        assert!(!text.contains("\nBEGIN:VALARM\r\n"), "{text}");
    }
    for attendee in mail.message.attendees.iter().take(3) {
        answered(held, attendee, now);
    }
}

fn roomy() -> calendar::limits::Limits {
    let octets = LIMITS.object_octets_max * 8;
    calendar::limits::Limits { object_octets_max: octets, feed_octets_max: octets, ..LIMITS }
}

fn message(text: &str) -> Message {
    match Message::read(Arc::from(text.as_bytes()), &roomy()) {
        Ok(message) => message,
        Err(error) => panic!("our own message is not read: {error}\n{text}"),
    }
}

/// An answer that we write for an attendee is read, and, applied, is what is held then.
fn answered(held: &CalendarObject, attendee: &Address, now: Instant) {
    let Some(text) = reply_of(held, attendee, "ACCEPTED", now) else { return };
    let reply = message(&text);
    assert_eq!((reply.method, reply.object.uid()), (Method::Reply, held.uid()), "{text}");
    applied(held, &reply);
}

/// What is held afterwards is the same event; the same message changes nothing more.
fn applied(held: &CalendarObject, message: &Message) {
    let Ok(octets) = apply_reply(held, message) else { return };
    let after = CalendarObject::read(Arc::clone(&octets), &roomy());
    let Ok(after) = after else { panic!("{after:?}\n{}", String::from_utf8_lossy(&octets)) };
    assert_eq!((after.uid(), after.kind()), (held.uid(), held.kind()));
    let count = after.components().count();
    assert!(count >= held.components().count());
    // Of several answers in one message some may have been refused the first time, or speak against each other.
    if message.object.components().count() == 1 {
        let again = apply_reply(&after, message);
        let again = again.map(|again| String::from_utf8_lossy(&again).into_owned());
        assert_eq!(again, Ok(String::from_utf8_lossy(&octets).into_owned()), "applied twice");
    }
}

/// Whatever a message does, what is held then can be read, and so can what goes out; heard again it does nothing more.
fn received(held: Option<&CalendarObject>, message: &Message, recipient: &Address, now: Instant) {
    let limits = roomy();
    let mut object = held.cloned();
    let mut ledger = Ledger::default();
    for round in 0..3 {
        let before = Held { object: object.as_ref(), ledger: &ledger };
        let recipient = std::slice::from_ref(recipient);
        let Ok(received) =
            receive(before, message, &Delivery { recipient, sender: None, now, limits: &limits })
        else {
            return;
        };
        for outgoing in &received.send {
            let sent = self::message(&String::from_utf8_lossy(&outgoing.octets));
            assert_eq!(sent.method, outgoing.method);
        }
        let text = received.ledger.to_text();
        assert_eq!(Ledger::parse(&text), received.ledger, "{text}");
        let after = match received.then {
            Then::Unchanged => object.clone(),
            Then::Gone => None,
            Then::Object(octets) => match CalendarObject::read(Arc::clone(&octets), &limits) {
                Ok(after) => Some(after),
                Err(error) => panic!("{error}\n{}", String::from_utf8_lossy(&octets)),
            },
        };
        let uid = after.as_ref().map_or(message.object.uid(), CalendarObject::uid);
        assert_eq!(uid, message.object.uid());
        if round > 0 && message.object.components().count() == 1 {
            assert_eq!(text_of(after.as_ref()), text_of(object.as_ref()), "heard again");
            assert_eq!(received.ledger, ledger, "heard again");
        }
        (object, ledger) = (after, received.ledger);
    }
}

fn text_of(object: Option<&CalendarObject>) -> String {
    object.map(|object| String::from_utf8_lossy(object.octets()).into_owned()).unwrap_or_default()
}
