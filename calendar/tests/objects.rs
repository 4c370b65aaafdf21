//! Calendar objects: what is one, how its values are read, what is changed in place.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::sync::Arc;

use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::text::TextError;
use calendar::time::{DateOrTime, Instant};
use calendar::warning::WarningKind;
use calendar::zone::Zone;

fn try_read(body: &str) -> Result<CalendarObject, TextError> {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{body}\nEND:VCALENDAR\n")
        .replace('\n', "\r\n");
    CalendarObject::read(Arc::from(text.into_bytes()), &Limits::default())
}

fn read(body: &str) -> CalendarObject {
    try_read(body).unwrap()
}

/// An event of these lines.
fn event(lines: &str) -> CalendarObject {
    read(&format!("BEGIN:VEVENT\nUID:1@x\nDTSTAMP:20260101T000000Z\n{lines}\nEND:VEVENT"))
}

fn kinds(object: &CalendarObject) -> Vec<&'static str> {
    object.warnings().iter().map(|warning| warning.kind.name()).collect()
}

fn start(object: &CalendarObject) -> Option<DateOrTime> {
    object.date_or_time(object.master().unwrap().property("DTSTART").unwrap())
}

fn utc(text: &str) -> Instant {
    DateOrTime::parse(text).unwrap().to_instant(Zone::utc())
}

#[test]
fn one_calendar_one_uid_one_kind() {
    let error = |body: &str| {
        let error = try_read(body).unwrap_err();
        format!("{} {}: {}", error.line, error.property, error.reason)
    };
    let event = "BEGIN:VEVENT\nUID:1\nEND:VEVENT";
    assert_eq!(error("BEGIN:VEVENT\nEND:VEVENT"), "4 UID: UID is missing");
    assert_eq!(
        error(&format!("{event}\nBEGIN:VEVENT\nUID:2\nEND:VEVENT")),
        "8 UID: there is more than one UID"
    );
    assert_eq!(
        error(&format!("{event}\nBEGIN:VTODO\nUID:1\nEND:VTODO")),
        "7 VTODO: VEVENT and VTODO in one object"
    );
    assert!(error("").contains("there is no VEVENT"));
    assert!(
        error(&format!("{event}\nEND:VCALENDAR\nBEGIN:VCALENDAR\n{event}"))
            .contains("more than one VCALENDAR")
    );
    assert!(
        error("BEGIN:VEVENT\nUID:1\nEND:VCALENDAR\nBEGIN:VCALENDAR\nBEGIN:VEVENT")
            .contains("more than one VCALENDAR")
    );
    let limits = Limits::default();
    let bare = |text: &str| CalendarObject::read(Arc::from(text.as_bytes()), &limits).unwrap_err().reason;
    assert_eq!(bare("BEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n"), "there is no BEGIN:VCALENDAR");
    assert_eq!(
        bare("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nEND:VEVENT\r\n"),
        "it ends before END:VCALENDAR"
    );
    assert_eq!(bare("hello"), "there is no BEGIN:VCALENDAR");
}

#[test]
fn limits_are_named() {
    let text = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\n{}END:VEVENT\r\nEND:VCALENDAR\r\n",
        "ATTENDEE:mailto:a@x\r\n".repeat(3)
    );
    let octets: Arc<[u8]> = Arc::from(text.into_bytes());
    let attendees = Limits { attendees_max: 2, ..Limits::default() };
    assert_eq!(CalendarObject::read(octets.clone(), &attendees).unwrap_err().reason, "more than 2 attendees");
    let size = Limits { object_octets_max: octets.len() - 1, ..Limits::default() };
    assert!(CalendarObject::read(octets.clone(), &size).unwrap_err().reason.contains("octets"));
    assert_eq!(CalendarObject::read(octets.clone(), &Limits::default()).unwrap().octets(), &octets);
}

#[test]
fn kinds_of_values() {
    let value = |line: &str| {
        let object = event(line);
        let start = start(&object);
        (
            start.as_ref().map(DateOrTime::to_ical),
            start.map(|start| start.to_instant(Zone::utc())),
            kinds(&object),
        )
    };
    let read_as = |line: &str, text: &str, instant: &str, warnings: &[&str]| {
        assert_eq!(value(line), (Some(text.to_owned()), Some(utc(instant)), warnings.to_vec()), "{line}");
    };
    read_as("DTSTART:20260701T090000Z", "20260701T090000Z", "20260701T090000Z", &[]);
    read_as("DTSTART;TZID=Europe/Berlin:20260701T090000", "20260701T090000", "20260701T070000Z", &[]);
    read_as(
        "DTSTART;TZID=Europe/Berlin:20260701T090000Z",
        "20260701T090000Z",
        "20260701T090000Z",
        &["tzid-on-utc"],
    );
    read_as("DTSTART;TZID=UTC:20260701T090000", "20260701T090000Z", "20260701T090000Z", &[]);
    read_as("DTSTART:20260701T090000", "20260701T090000", "20260701T090000Z", &[]);
    read_as("DTSTART;TZID=Nowhere:20260701T090000", "20260701T090000", "20260701T090000Z", &["unknown-zone"]);
    read_as("DTSTART;VALUE=DATE:20260701", "20260701", "20260701T000000Z", &[]);
    read_as("DTSTART;TZID=Europe/Berlin:20260701", "20260701", "20260701T000000Z", &[]);
    read_as("DTSTART;VALUE=DATE-TIME:20260701", "20260701", "20260701T000000Z", &[]);
    read_as("DTSTART;VALUE=DATE:20260701T000000", "20260701", "20260701T000000Z", &[]);
    read_as("DTSTART;VALUE=DATE:20260701T100000", "20260701T100000", "20260701T100000Z", &[]);
    assert_eq!(value("DTSTART:soon"), (None, None, vec!["unreadable-time", "no-start"]));
    assert_eq!(event("SUMMARY:x").warnings()[0].kind, WarningKind::NoStart);
}

#[test]
fn the_objects_own_zone_wins() {
    let zone = |tzid: &str, offset: &str| {
        format!(
            "BEGIN:VTIMEZONE\nTZID:{tzid}\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:{offset}\nTZOFFSETTO:{offset}\n\
             END:STANDARD\nEND:VTIMEZONE\n"
        )
    };
    let with = |vtimezone: &str, tzid: &str| {
        let object =
            read(&format!("{vtimezone}BEGIN:VEVENT\nUID:1\nDTSTART;TZID={tzid}:20260701T090000\nEND:VEVENT"));
        start(&object).map(|start| start.to_instant(Zone::utc()))
    };
    assert_eq!(with(&zone("Europe/Berlin", "+0500"), "Europe/Berlin"), Some(utc("20260701T040000Z")));
    assert_eq!(with(&zone("A\\, B", "+0500"), "\"A, B\""), Some(utc("20260701T040000Z")));
    assert_eq!(with(&zone("my zone", "+0500"), "My Zone"), Some(utc("20260701T040000Z")));
    // A definition that says nothing leaves the name, or the location it gives.
    assert_eq!(
        with("BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE\n", "Europe/Berlin"),
        Some(utc("20260701T070000Z"))
    );
    let located = "BEGIN:VTIMEZONE\nTZID:x\nX-LIC-LOCATION:Europe/Berlin\nEND:VTIMEZONE\n";
    assert_eq!(with(located, "x"), Some(utc("20260701T070000Z")));
}

#[test]
fn lists_of_values() {
    let object =
        event("DTSTART:20260701T090000Z\nEXDATE;TZID=Europe/Berlin:20260702T110000, 20260703T110000,,x");
    let exdate = object.master().unwrap().property("EXDATE").unwrap();
    let instants: Vec<_> =
        object.dates_or_times(exdate).iter().map(|value| value.to_instant(Zone::utc())).collect();
    assert_eq!(instants, [utc("20260702T090000Z"), utc("20260703T090000Z")]);
    assert_eq!(kinds(&object), ["unreadable-time"]);
}

#[test]
fn every_repair_is_named() {
    for (lines, expected) in [
        ("DTSTART:20260701T090000Z\nDTEND:20260701T080000Z", "inverted"),
        ("DTSTART:20260701T090000Z\nDURATION:-PT1H", "negative-duration"),
        ("DTSTART:20260701T090000Z\nDURATION:1 hour", "unreadable-time"),
        ("DTSTART:20260701T090000Z\nDTEND:20260701T100000Z\nDURATION:PT1H", "end-and-duration"),
        ("DTSTART:20260701T090000Z\nDTEND;VALUE=DATE:20260702", "mixed-kinds"),
        ("DTSTART:20260701T090000Z\nRDATE;VALUE=DATE:20260702", "mixed-kinds"),
        ("DTSTART:20260701T090000Z\nEXDATE;VALUE=DATE:20260702", "exdate-kind"),
        ("DTSTART:20260701T090000Z\nRRULE:FREQ=DAILY;COUNT=2;UNTIL=20260801T000000Z", "count-and-until"),
        ("DTSTART:20260701T090000Z\nRRULE:FREQ=DAILY;UNTIL=20260801", "until-kind"),
        ("DTSTART;TZID=Europe/Berlin:20260701T090000\nRRULE:FREQ=DAILY;UNTIL=20260801T090000", "until-kind"),
        ("DTSTART;VALUE=DATE:20260701\nRRULE:FREQ=DAILY;UNTIL=20260801T090000Z", "until-kind"),
        ("DTSTART:20260701T090000Z\nRRULE:FREQ=SOMETIMES", "unreadable-rule"),
        ("DTSTART:20260701T090000Z\nRECURRENCE-ID:20260701T080000Z", "orphan-override"),
        ("DTSTART:20260701T090000Z\nno colon here", "not-a-content-line"),
        ("DTSTART:20260701T090000Z\nBEGIN:VALARM", "missing-end"),
    ] {
        assert_eq!(kinds(&event(lines)), [expected], "{lines}");
    }
    for lines in [
        "DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260701",
        "DTSTART:20260701T090000Z\nDTEND:20260701T090000Z",
        "DTSTART;TZID=Europe/Berlin:20260701T090000\nRRULE:FREQ=DAILY;UNTIL=20260801T090000Z",
        "DTSTART:20260701T090000\nRRULE:FREQ=DAILY;UNTIL=20260801T090000\nEXDATE:",
        "DTSTART:20260701T090000Z\nRDATE;VALUE=PERIOD:20260702T090000Z/PT1H,20260703T090000Z/20260703T100000Z",
    ] {
        assert_eq!(kinds(&event(lines)), [""; 0], "{lines}");
    }
    let text = "BEGIN:VCALENDAR\r\nBEGIN:VTODO\r\nUID:1\r\nEND:VTODO\r\nEND:VCALENDAR\r\n";
    let todo = CalendarObject::read(Arc::from(text.as_bytes()), &Limits::default()).unwrap();
    assert_eq!((todo.kind(), kinds(&todo)), (Kind::Todo, vec!["missing-property"; 3]));
}

#[test]
fn the_master_that_is_read() {
    let object = read(
        "BEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\nDTSTART:20260701T090000Z\nSEQUENCE:2\nSUMMARY:high\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:1\nDTSTAMP:20260102T000000Z\nDTSTART:20260701T090000Z\nSEQUENCE:1\nSUMMARY:new\nEND:VEVENT\n\
         BEGIN:VEVENT\nUID:1\nDTSTAMP:20260102T000000Z\nDTSTART:20260701T090000Z\nRECURRENCE-ID:20260701T090000Z\nEND:VEVENT",
    );
    assert_eq!(object.master().unwrap().text("SUMMARY").as_deref(), Some("high"));
    assert_eq!((object.components().count(), object.overrides().count()), (3, 1));
    assert_eq!(kinds(&object), ["duplicate-uid"]);
}

#[test]
fn one_property_is_changed_and_nothing_else() {
    let object = event("DTSTART:20260701T090000Z\nX-KALENDS-SOURCE:old\n  folded\nSUMMARY:ü");
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    let changed = text(&object.with_property("X-KALENDS-SOURCE", "new\r\nEND:VEVENT"));
    let expected =
        text(object.octets()).replace("X-KALENDS-SOURCE:old\r\n  folded", "X-KALENDS-SOURCE:newEND:VEVENT");
    assert_eq!(changed, expected);
    let added = text(&object.with_property("X-OTHER", "1"));
    assert_eq!(added, text(object.octets()).replacen("UID:1@x", "X-OTHER:1\r\nUID:1@x", 1));
    let gone = text(&object.without_property("X-KALENDS-SOURCE"));
    assert_eq!(gone, text(object.octets()).replace("X-KALENDS-SOURCE:old\r\n  folded\r\n", ""));
    assert_eq!(object.without_property("X-NONE"), *object.octets());
}

#[test]
fn octets_of_another_encoding_are_kept_until_they_change() {
    let octets: Arc<[u8]> = Arc::from(&b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Gr\xfc\xdfe\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"[..]);
    let object = CalendarObject::read(octets.clone(), &Limits::default()).unwrap();
    assert_eq!(object.octets(), &octets);
    assert_eq!(object.master().unwrap().text("SUMMARY").as_deref(), Some("Grüße"));
    let again = CalendarObject::read(object.with_property("X-A", "1"), &Limits::default()).unwrap();
    assert_eq!(again.master().unwrap().text("SUMMARY").as_deref(), Some("Grüße"));
    assert_eq!(again.source(), &**again.octets());
}
