//! The corpus: every message is read or refused with a name, and every one of ours has its effect.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use calendar::address::Address;
use calendar::itip::{
    About, Change, Delivery, Held, Ledger, Message, Method, NotApplied, Question, Then, changes, receive,
};
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::time::Instant;

use crate::support::*;

fn folder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus/itip"));
    assert!(folder.is_dir(), "the corpus is expected beside the repository, at ../shared/corpus/itip");
    folder
}

fn files() -> Vec<(String, Arc<[u8]>)> {
    let mut files: Vec<(String, Arc<[u8]>)> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(".ics"))
        .map(|entry| {
            (entry.file_name().to_string_lossy().into_owned(), Arc::from(fs::read(entry.path()).unwrap()))
        })
        .collect();
    files.sort();
    assert!(files.len() >= 42, "only {} files", files.len());
    files
}

#[test]
fn every_file_is_read_or_refused_by_name() {
    let mut refused = Vec::new();
    let mut messages = 0;
    for (name, octets) in files() {
        match Message::read_all(&octets, &Limits::default()) {
            Ok(read) => messages += read.len(),
            Err(reason) => refused.push(format!("{name}: {reason}")),
        }
    }
    assert!(messages >= 38, "{messages} messages, refused: {refused:#?}");
    for line in &refused {
        let known = ["17-incoming", "18-multiple"].iter().any(|known| line.starts_with(known));
        assert!(known || line.contains("cannot be read"), "{line}");
    }
}

/// Every file as a message against every other as what is held, as everybody they name.
#[test]
fn any_message_against_anything_held() {
    let limits = Limits::default();
    let read: Vec<Message> = files()
        .iter()
        .flat_map(|(_, octets)| Message::read_all(octets, &limits).unwrap_or_default())
        .collect();
    // As if all were about the same event.
    let same: Vec<Message> = read
        .iter()
        .map(|message| Message::read(message.object.with_property("UID", "same@x"), &limits).unwrap())
        .collect();
    let mut taken = 0;
    for (held, other) in same.iter().zip(&read) {
        let ledger = Ledger::default();
        for message in &same {
            let organizer = held.organizer.clone().or_else(|| message.organizer.clone());
            for own in [organizer, message.attendees.first().cloned()].into_iter().flatten() {
                let own = [own];
                let delivery = Delivery { recipient: &own, sender: None, now: at(0), limits: &limits };
                let seen = Held { object: Some(&other.object), ledger: &ledger };
                assert!(
                    receive(seen, message, &delivery).is_err() || message.object.kind() == Kind::FreeBusy
                );
                let seen = Held { object: Some(&held.object), ledger: &ledger };
                let Ok(received) = receive(seen, message, &delivery) else { continue };
                taken += 1;
                if let Then::Object(octets) = received.then {
                    let after = CalendarObject::read(octets, &limits).unwrap();
                    assert_eq!(after.uid(), "same@x");
                    changes(Some(&held.object), Some(&after), &own, at(1));
                }
            }
        }
    }
    assert!(taken > 300, "only {taken} were taken");
}

fn authored(name: &str) -> Message {
    let octets: Vec<u8> = fs::read(folder().join(format!("authored-{name}.ics"))).unwrap();
    Message::read(Arc::from(octets), &Limits::default()).unwrap()
}

fn person(name: &str) -> Person {
    Person { address: Address::parse(&format!("{name}@example.org")), ..Person::new(name) }
}

/// Revision 0 of c1, as olga holds it.
fn c1(name: &str) -> Person {
    let text = text(authored("request-reschedule").object.octets());
    let text = text
        .replace("METHOD:REQUEST\n", "")
        .replace("METHOD:REQUEST\r\n", "")
        .replace("SEQUENCE:1", "SEQUENCE:0");
    let text = text
        .replace("20240110T080000Z", "20240101T080000Z")
        .replace("0305T12", "0304T10")
        .replace("0305T13", "0304T11");
    Person { object: Some(object(&text)), ..person(name) }
}

fn c2(name: &str) -> Person {
    let text = text(authored("request-series-with-change").object.octets());
    let text = text.replace("METHOD:REQUEST\r\n", "").replace("METHOD:REQUEST\n", "");
    Person { object: Some(object(&text)), ..person(name) }
}

fn partstat(person: &Person, who: &str) -> Option<String> {
    let master = person.object.as_ref().unwrap().master().unwrap();
    let who = Address::parse(&format!("{who}@example.org"));
    let line = master.properties_named("ATTENDEE").find(|line| Address::parse(&line.value) == who)?;
    line.parameter("PARTSTAT").map(str::to_owned)
}

#[test]
fn what_the_authored_ones_do_to_an_organizer() {
    let mut olga = c1("olga");
    olga.hear(&authored("reply-accept"), 0).unwrap();
    assert_eq!(partstat(&olga, "ann").as_deref(), Some("ACCEPTED"));
    let mut olga = c1("olga");
    olga.hear(&authored("reply-delegated"), 0).unwrap();
    assert_eq!(partstat(&olga, "ann").as_deref(), Some("DELEGATED"));
    assert_eq!(partstat(&olga, "cat").as_deref(), Some("NEEDS-ACTION"));
    let mut olga = c1("olga");
    let received = olga.hear(&authored("reply-party-crasher"), 0).unwrap();
    assert!(matches!(&received.ask[..], [Question::Uninvited { .. }]) && received.then == Then::Unchanged);
    let received = olga.hear(&authored("counter"), 0).unwrap();
    assert!(matches!(&received.ask[..], [Question::Counter { comment: Some(_), .. }]));
    let mut olga = c2("olga");
    olga.hear(&authored("reply-decline-instance"), 0).unwrap();
    assert!(olga.text().contains("RECURRENCE-ID:20240311T100000Z"), "{}", olga.text());
    let received = olga.hear(&authored("refresh"), 0).unwrap();
    assert_eq!((received.send.len(), received.send[0].method), (1, Method::Request));
    // Revision 1 makes these answers late.
    let mut olga = Person { object: Some(authored("request-reschedule").object), ..person("olga") };
    for name in ["reply-accept", "reply-delegated", "counter"] {
        assert_eq!(olga.hear(&authored(name), 0), Err(NotApplied::Outdated), "{name}");
    }
}

#[test]
fn what_the_authored_ones_do_to_an_attendee() {
    let (mut ann, mut bob) = (c1("ann"), c1("bob"));
    let before = ann.text();
    assert!(matches!(
        ann.hear(&authored("declinecounter"), 0).unwrap().changed[..],
        [Change::CounterDeclined { .. }]
    ));
    assert_eq!(ann.hear(&authored("publish"), 0), Err(NotApplied::AlreadyInvited));
    assert_eq!(ann.text(), before);
    ann.hear(&authored("request-reschedule"), 0).unwrap();
    assert!(ann.text().contains("DTSTART:20240305T120000Z"));
    ann.hear(&authored("cancel"), 0).unwrap();
    assert!(ann.text().contains("STATUS:CANCELLED"));
    bob.hear(&authored("cancel-uninvite"), 0).unwrap();
    assert!(bob.object.is_none());
    // Bob is off ann's list.
    let mut ann = c1("ann");
    ann.hear(&authored("cancel-uninvite"), 0).unwrap();
    assert!(!ann.text().contains("bob@example.org") && ann.text().contains("ann@example.org"));
    let mut cat = person("cat");
    assert_eq!(cat.hear(&authored("request-delegate"), 0).unwrap().changed, [Change::Filed]);
    let mut dan = person("dan");
    assert_eq!(dan.hear(&authored("publish"), 0).unwrap().changed, [Change::Filed]);
    assert!(dan.text().contains("SUMMARY:Open day"));
}

#[test]
fn what_the_authored_ones_do_to_a_series() {
    let starts = |person: &Person| {
        let window =
            calendar::time::Span::new(Instant::from_unix(1_700_000_000), Instant::from_unix(1_800_000_000));
        let object = person.object.as_ref().unwrap();
        let components: Vec<_> = object.components().collect();
        let found =
            calendar::recur::instances(object, calendar::zone::Zone::utc(), window, &Limits::default())
                .unwrap();
        let stands = |each: &&calendar::recur::Instance| {
            components[each.component].property("STATUS").is_none_or(|status| status.value != "CANCELLED")
        };
        found
            .iter()
            .filter(stands)
            .map(|each| each.span.start.to_ical()[4..11].to_owned())
            .collect::<Vec<_>>()
    };
    let mut bob = person("bob");
    bob.hear(&authored("request-series-with-change"), 0).unwrap();
    assert_eq!(
        starts(&bob),
        ["0304T10", "0311T10", "0318T13", "0325T10", "0401T10", "0408T10", "0415T10", "0422T10"]
    );
    let received = bob.hear(&authored("cancel-instance"), 0).unwrap();
    assert!(matches!(received.changed[..], [Change::Cancelled(About::Instance(_))]));
    bob.hear(&authored("cancel-this-and-future"), 0).unwrap();
    assert_eq!(starts(&bob), ["0304T10", "0311T10", "0318T13"]);
    let received = bob.hear(&authored("add"), 0).unwrap();
    assert!(received.send.is_empty());
    assert_eq!(starts(&bob), ["0304T10", "0311T10", "0318T13", "0503T10"]);
}
