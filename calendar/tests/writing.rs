//! Events that are written here: strict, harmless, and readable by another parser.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use calendar::address::Address;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::time::{DateOrTime, Instant};
use calendar::write::{EventDraft, PRODID, Participant, event};
use calendar::zone::Zone;
use proptest::prelude::*;

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

/// Texts as people and attackers write them: anything, and what has a meaning in iCalendar more often than chance.
fn anything() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\r",
        "\t",
        ",",
        ";",
        ":",
        "\\",
        "\\n",
        "\"",
        "^",
        "^n",
        "^'",
        " ",
        "=",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "\u{feff}",
        "BEGIN:VEVENT",
        "\r\nEND:VCALENDAR\r\n",
        "mailto:",
        "20260701T090000",
        "ü",
        "日本語",
        "👩‍👩‍👧",
        "x",
        "a word",
        "https://x.example/?a=b;c,d",
    ]);
    prop_oneof![any::<String>(), prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())]
}

/// What TEXT can hold of it: line ends are line feeds, no other control characters but tabs.
fn as_text(value: &str) -> String {
    let value = value.replace("\r\n", "\n").replace('\r', "\n");
    value.chars().filter(|each| !each.is_control() || matches!(each, '\n' | '\t')).collect()
}

fn any_draft() -> impl Strategy<Value = EventDraft> {
    let zone = prop::sample::select(vec![
        "Europe/Berlin",
        "America/New_York",
        "Africa/Casablanca",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "UTC",
        "GMT+01:00",
        "(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna",
    ]);
    let texts =
        (anything(), prop::option::of(anything()), prop::option::of(anything()), anything(), anything());
    (zone, 86_400_i64..4_000_000_000, 0_i64..900_000, texts).prop_map(
        |(zone, start, length, (summary, description, comment, name, value))| {
            let mut draft = draft(zone, "20260701T090000Z", "20260701T100000Z");
            draft.start = Instant::from_unix(start);
            draft.end = Instant::from_unix(start + length);
            draft.location = Some(name.clone());
            draft.organizer.as_mut().unwrap().name = Some(name);
            draft.extra = vec![("X-ANY".to_owned(), calendar::text::escape(&value))];
            EventDraft { summary, description, comment, ..draft }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn anything_is_written_strictly_and_reads_back_equal(draft in any_draft()) {
        let text = event(&draft, Some("REQUEST"));
        for line in text.split_terminator("\r\n") {
            prop_assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{:?}", line);
        }
        prop_assert!(text.ends_with("\r\nEND:VCALENDAR\r\n"));
        let object = read(&text);
        let master = object.master().unwrap();
        let expected = [
            ("SUMMARY", Some(&draft.summary)), ("DESCRIPTION", draft.description.as_ref()),
            ("LOCATION", draft.location.as_ref()), ("COMMENT", draft.comment.as_ref()),
        ];
        for (name, value) in expected {
            prop_assert_eq!(master.text(name), value.map(|value| as_text(value)), "{}", name);
        }
        let name: String = draft.location.iter().flat_map(|name| name.split_whitespace()).collect::<Vec<_>>().join(" ");
        let name: String = name.chars().filter(|each| !each.is_control()).collect();
        let common_name = master.property("ORGANIZER").unwrap().parameter("CN").unwrap_or_default();
        prop_assert_eq!(common_name.trim(), name.trim());
        for (name, instant) in [("DTSTART", draft.start), ("DTEND", draft.end), ("DTSTAMP", draft.stamp)] {
            let property = master.property(name).unwrap();
            prop_assert_eq!(object.date_or_time(property).unwrap().to_instant(Zone::utc()), instant);
        }
        prop_assert!(master.property("DTSTAMP").unwrap().value.ends_with('Z'));
        prop_assert_eq!(object.calendar().text("PRODID"), Some(PRODID.to_owned()));
        // Every TZID that is used is defined once, and none that is not.
        let mut used: Vec<&str> = master.properties.iter().filter_map(|each| each.parameter("TZID")).collect();
        used.dedup();
        let defined: Vec<String> =
            object.calendar().components_named("VTIMEZONE").filter_map(|zone| zone.text("TZID")).collect();
        prop_assert_eq!(used, defined);
        // Another reader finds the same lines with the same values.
        let unfolded = icalendar::parser::unfold(&text);
        let other = icalendar::parser::read_calendar(&unfolded).unwrap();
        let events: Vec<_> = other.components.iter().filter(|each| each.name == "VEVENT").collect();
        prop_assert_eq!(events.len(), 1);
        prop_assert_eq!(events[0].properties.len(), master.properties.len());
        for (theirs, ours) in events[0].properties.iter().zip(&master.properties) {
            prop_assert_eq!(theirs.name.as_str(), &ours.name);
            // It takes the escapes out where it takes the value for TEXT.
            let values = [ours.value.clone(), calendar::text::unescape(&ours.value)];
            prop_assert!(values.iter().any(|value| value == theirs.val.as_str()), "{:?} {:?}", theirs, ours);
        }
    }
}
