//! Events that are written here: strict, harmless, and readable by another parser.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use calendar::address::Address;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::time::{DateOrTime, Instant};
use calendar::write::{EventDraft, Participant, event};
use calendar::zone::Zone;

fn utc(text: &str) -> Instant {
    DateOrTime::parse(text).unwrap().to_instant(Zone::utc())
}

fn draft(zone: &str, start: &str, end: &str) -> EventDraft {
    EventDraft {
        uid: "1@x".to_owned(),
        sequence: 3,
        stamp: utc("20260101T000000Z"),
        start: utc(start),
        end: utc(end),
        zone: Zone::named(zone).unwrap(),
        summary: "Talk, with \"Ada\"; and\r\nBEGIN:VEVENT".to_owned(),
        description: Some("Zeile 1\nZeile 2 \u{1f600}".repeat(9)),
        location: None,
        url: Some("https://x.example/?a=b;c,d\r\nX:1".to_owned()),
        status: "CONFIRMED",
        organizer: Some(Participant {
            address: Address::parse("Host@X.example"),
            name: Some("Host: \"the\" one\r\nX-EVIL:1".to_owned()),
            partstat: "ACCEPTED",
            rsvp: false,
        }),
        attendees: vec![Participant {
            address: Address::parse("mailto:guest@y.example\r\nX-EVIL:1"),
            name: None,
            partstat: "NEEDS-ACTION",
            rsvp: true,
        }],
        comment: Some("why".to_owned()),
        extra: vec![("X-MICROSOFT-DISALLOW-COUNTER".to_owned(), "TRUE\r\nX-EVIL:1".to_owned())],
    }
}

fn read(text: &str) -> CalendarObject {
    let object = CalendarObject::read(Arc::from(text.as_bytes()), &Limits::default()).unwrap();
    assert_eq!(object.warnings(), []);
    object
}

#[test]
fn an_event_in_a_zone() {
    let draft = draft("Europe/Berlin", "20260701T090000Z", "20260701T100000Z");
    let text = event(&draft, Some("REQUEST"));
    assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])), "{text}");
    assert!(!text.contains("\r\nX-EVIL") && text.matches("\r\nBEGIN:VEVENT\r\n").count() == 1, "{text}");
    let object = read(&text);
    let master = object.master().unwrap();
    for (name, expected) in [("DTSTART", draft.start), ("DTEND", draft.end)] {
        let property = master.property(name).unwrap();
        assert_eq!(property.parameter("TZID"), Some("Europe/Berlin"));
        assert_eq!(object.date_or_time(property).unwrap().to_instant(Zone::utc()), expected);
    }
    assert_eq!(object.calendar().text("METHOD").as_deref(), Some("REQUEST"));
    assert_eq!(master.text("SUMMARY").as_deref(), Some("Talk, with \"Ada\"; and\nBEGIN:VEVENT"));
    assert_eq!(master.text("DESCRIPTION"), draft.description);
    assert_eq!(master.property("SEQUENCE").unwrap().value, "3");
    let organizer = master.property("ORGANIZER").unwrap();
    assert_eq!(organizer.value, "mailto:host@x.example");
    assert_eq!(organizer.parameter("CN"), Some("Host: \"the\" one X-EVIL:1"));
    let attendee = master.property("ATTENDEE").unwrap();
    assert_eq!(
        (attendee.parameter("PARTSTAT"), attendee.parameter("RSVP")),
        (Some("NEEDS-ACTION"), Some("TRUE"))
    );
    assert_eq!(object.calendar().components_named("VTIMEZONE").count(), 1);
}

#[test]
fn another_parser_reads_the_same() {
    let text = event(&draft("America/New_York", "20260701T090000Z", "20260701T100000Z"), None);
    let unfolded = icalendar::parser::unfold(&text);
    let other = icalendar::parser::read_calendar(&unfolded).unwrap();
    let vevent = other.components.iter().find(|component| component.name == "VEVENT").unwrap();
    let value = |name: &str| vevent.find_prop(name).map(|property| property.val.to_string());
    assert_eq!(value("DTSTART").as_deref(), Some("20260701T050000"));
    assert_eq!(value("UID").as_deref(), Some("1@x"));
    assert!(value("SUMMARY").unwrap().starts_with("Talk, with \"Ada\"; and"));
    assert!(other.components.iter().any(|component| component.name == "VTIMEZONE"));
}

#[test]
fn utc_and_repeated_readings_are_written_in_utc() {
    for (zone, start, end) in [
        ("UTC", "20260701T090000Z", "20260701T100000Z"),
        // The second 02:30 of the night.
        ("Europe/Berlin", "20261025T013000Z", "20261025T043000Z"),
        ("Europe/Berlin", "20261024T230000Z", "20261025T013000Z"),
    ] {
        let text = event(&draft(zone, start, end), None);
        assert!(text.contains(&format!("\r\nDTSTART:{start}\r\nDTEND:{end}\r\n")), "{text}");
        assert!(!text.contains("VTIMEZONE") && !text.contains("METHOD"), "{text}");
        read(&text);
    }
    let first = event(&draft("Europe/Berlin", "20261025T003000Z", "20261025T043000Z"), None);
    assert!(first.contains("DTSTART;TZID=Europe/Berlin:20261025T023000"), "{first}");
}
