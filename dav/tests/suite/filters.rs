//! Filters as tables: an object, a filter, whether it matches (RFC 4791 §9.7–9.9).

use std::sync::Arc;

use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::zone::Zone;
use dav::filter::{Filter, Subject};
use dav::xml::Element;

use crate::client::{document, event, object};

fn matches_in(zone: &Zone, text: &str, filter: &str) -> bool {
    let xml = document("C:filter", &format!("<C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter>"));
    let filter = Filter::read(&Element::read(xml.as_bytes()).unwrap()).unwrap();
    let limits = Limits::default();
    let object = CalendarObject::read(Arc::from(text.as_bytes()), &limits).unwrap();
    filter.matches(Subject { object: &object, zone, limits: &limits })
}

fn matches(text: &str, filter: &str) -> bool {
    matches_in(Zone::utc(), text, filter)
}

fn range(start: &str, end: &str) -> String {
    let attribute = |name: &str, day: &str| match day {
        "" => String::new(),
        at => format!(" {name}=\"202605{at}Z\""),
    };
    format!("<C:time-range{}{}/>", attribute("start", start), attribute("end", end))
}

fn within(kind: &str, inner: &str) -> String {
    format!("<C:comp-filter name=\"{kind}\">{inner}</C:comp-filter>")
}

#[test]
fn properties_and_parameters() {
    let text = event(
        "a",
        "DTSTART:20260504T120000Z|SUMMARY:Lunch\\, with Ärger|CATEGORIES:ONE,TWO|\
         ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:lisa@example.com|ATTENDEE;PARTSTAT=ACCEPTED;CN=Bob:mailto:bob@example.com|X-ABC;X-P=1:z",
    );
    let prop = |name: &str, inner: &str| {
        within("VEVENT", &format!("<C:prop-filter name=\"{name}\">{inner}</C:prop-filter>"))
    };
    let text_match =
        |attributes: &str, needle: &str| format!("<C:text-match {attributes}>{needle}</C:text-match>");
    for (filter, expected) in [
        (prop("SUMMARY", ""), true),
        (prop("summary", ""), true),
        (prop("LOCATION", ""), false),
        (prop("LOCATION", "<C:is-not-defined/>"), true),
        (prop("SUMMARY", "<C:is-not-defined/>"), false),
        (prop("SUMMARY", &text_match("", "lunch, with")), true),
        (prop("SUMMARY", &text_match("collation=\"i;octet\"", "lunch")), false),
        (prop("SUMMARY", &text_match("collation=\"i;octet\"", "Lunch")), true),
        (prop("SUMMARY", &text_match("", "ärger")), false),
        (prop("SUMMARY", &text_match("collation=\"i;unicode-casemap\"", "äRGER")), true),
        (prop("SUMMARY", &text_match("negate-condition=\"yes\"", "dinner")), true),
        (prop("SUMMARY", &text_match("negate-condition=\"yes\"", "lunch")), false),
        (prop("LOCATION", &text_match("negate-condition=\"yes\"", "x")), false),
        (prop("CATEGORIES", &text_match("", "two")), true),
        (prop("X-ABC", &text_match("", "Z")), true),
        (prop("ATTENDEE", "<C:param-filter name=\"CN\"/>"), true),
        (prop("ATTENDEE", "<C:param-filter name=\"ROLE\"/>"), false),
        (prop("ATTENDEE", "<C:param-filter name=\"ROLE\"><C:is-not-defined/></C:param-filter>"), true),
        // Both on the same property, as in RFC 4791 §7.8.7.
        (
            prop(
                "ATTENDEE",
                &format!(
                    "{}<C:param-filter name=\"PARTSTAT\">{}</C:param-filter>",
                    text_match("", "mailto:lisa@example.com"),
                    text_match("", "NEEDS-ACTION")
                ),
            ),
            true,
        ),
        (
            prop(
                "ATTENDEE",
                &format!(
                    "{}<C:param-filter name=\"PARTSTAT\">{}</C:param-filter>",
                    text_match("", "lisa"),
                    text_match("", "ACCEPTED")
                ),
            ),
            false,
        ),
        (format!("{}{}", prop("SUMMARY", ""), within("VTODO", "")), false),
        ("<C:prop-filter name=\"VERSION\"><C:text-match>2.0</C:text-match></C:prop-filter>".to_owned(), true),
        (within("VEVENT", &within("VALARM", "")), false),
        (within("VEVENT", &within("VALARM", "<C:is-not-defined/>")), true),
        (within("X-ANY", ""), false),
        (prop("DTSTART", &range("04T120000", "04T120001")), true),
        (prop("DTSTART", &range("04T120001", "")), false),
        (prop("DTSTAMP", &range("", "01T000000")), true),
    ] {
        assert_eq!(matches(&text, &filter), expected, "{filter}");
    }
}

#[test]
fn events_in_a_range() {
    for (lines, start, end, expected) in [
        // With an end: touching is not sharing.
        ("DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T130000", "04T140000", false),
        ("DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T125959", "04T140000", true),
        ("DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T110000", "04T120000", false),
        ("DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T110000", "04T120001", true),
        ("DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "", "04T120001", true),
        ("DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T123000", "", true),
        ("DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T130000", "", false),
        // Of no length.
        ("DTSTART:20260504T120000Z", "04T120000", "04T130000", true),
        ("DTSTART:20260504T120000Z", "04T110000", "04T120000", false),
        ("DTSTART:20260504T120000Z|DURATION:PT0S", "04T120000", "", true),
        ("DTSTART:20260504T120000Z|DURATION:PT2H", "04T133000", "04T150000", true),
        // A day.
        ("DTSTART;VALUE=DATE:20260504", "04T235959", "05T120000", true),
        ("DTSTART;VALUE=DATE:20260504", "05T000000", "05T120000", false),
        // Series.
        ("DTSTART:20200101T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY", "04T093000", "04T094500", true),
        ("DTSTART:20200101T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY", "04T103000", "05T084500", false),
        ("DTSTART:20200101T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY", "04T103000", "", true),
        (
            "DTSTART:20200101T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY;UNTIL=20260504T090000Z",
            "04T103000",
            "",
            false,
        ),
        ("DTSTART:20200101T090000Z|DURATION:PT1H|RRULE:FREQ=YEARLY", "04T103000", "", true),
        (
            "DTSTART:20260501T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=4|EXDATE:20260504T090000Z",
            "04T000000",
            "05T000000",
            false,
        ),
        ("DTSTART:20260501T090000Z|DURATION:PT1H|RDATE:20260504T090000Z", "04T000000", "05T000000", true),
        ("SUMMARY:no start", "04T000000", "", false),
    ] {
        let filter = within("VEVENT", &range(start, end));
        assert_eq!(matches(&event("a", lines), &filter), expected, "{lines} {start}/{end}");
    }
}

#[test]
fn overrides_and_their_own_properties() {
    let series = event("a", "DTSTART:20260501T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY|SUMMARY:Standup").replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260504T090000Z\r\nDTSTART:20260504T150000Z\r\n\
         DURATION:PT1H\r\nSUMMARY:Moved\r\nEND:VEVENT\r\nEND:VCALENDAR",
    );
    let named = |name: &str, start, end| {
        let text =
            format!("<C:prop-filter name=\"SUMMARY\"><C:text-match>{name}</C:text-match></C:prop-filter>");
        within("VEVENT", &format!("{}{text}", range(start, end)))
    };
    for (filter, expected) in [
        (within("VEVENT", &range("04T090000", "04T100000")), false),
        (within("VEVENT", &range("04T150000", "04T160000")), true),
        (named("Moved", "04T000000", "05T000000"), true),
        (named("Standup", "04T000000", "05T000000"), false),
        (named("Moved", "05T000000", "06T000000"), false),
        (named("Moved", "05T000000", ""), false),
        (named("Standup", "05T000000", ""), true),
    ] {
        assert_eq!(matches(&series, &filter), expected, "{filter}");
    }
}

#[test]
fn floating_times_and_days_are_the_zones() {
    let berlin = Zone::iana("Europe/Berlin").unwrap();
    let day = event("a", "DTSTART;VALUE=DATE:20260504");
    let filter = within("VEVENT", &range("03T220000", "03T223000"));
    assert!(matches_in(&berlin, &day, &filter) && !matches(&day, &filter));
    let floating = event("a", "DTSTART:20260504T090000|DURATION:PT30M");
    let filter = within("VEVENT", &range("04T070000", "04T073000"));
    assert!(matches_in(&berlin, &floating, &filter) && !matches(&floating, &filter));
}

#[test]
fn tasks_row_by_row() {
    for (lines, start, end, expected) in [
        // DTSTART and DURATION: the very end counts.
        ("DTSTART:20260504T120000Z|DURATION:PT1H", "04T130000", "04T140000", true),
        ("DTSTART:20260504T120000Z|DURATION:PT1H", "04T130001", "04T140000", false),
        ("DTSTART:20260504T120000Z|DURATION:PT1H", "04T110000", "04T120000", false),
        // DTSTART and DUE.
        ("DTSTART:20260504T120000Z|DUE:20260504T130000Z", "04T130000", "04T140000", false),
        ("DTSTART:20260504T120000Z|DUE:20260504T130000Z", "04T125959", "04T140000", true),
        ("DTSTART:20260504T120000Z|DUE:20260504T130000Z", "04T110000", "04T120001", true),
        // DTSTART alone.
        ("DTSTART:20260504T120000Z", "04T120000", "04T130000", true),
        ("DTSTART:20260504T120000Z", "04T120001", "04T130000", false),
        // DUE alone: at the end of the range it counts.
        ("DUE:20260504T120000Z", "04T110000", "04T120000", true),
        ("DUE:20260504T120000Z", "04T120000", "04T130000", false),
        // COMPLETED, CREATED.
        ("COMPLETED:20260504T120000Z|CREATED:20260501T120000Z", "02T000000", "03T000000", true),
        ("COMPLETED:20260504T120000Z|CREATED:20260501T120000Z", "05T000000", "06T000000", false),
        ("COMPLETED:20260504T120000Z", "04T120000", "05T000000", true),
        ("COMPLETED:20260504T120000Z", "05T000000", "", false),
        ("CREATED:20260504T120000Z", "05T000000", "06T000000", true),
        ("CREATED:20260504T120000Z", "03T000000", "04T120000", false),
        ("SUMMARY:whenever", "03T000000", "04T120000", true),
        // Series.
        ("DTSTART:20260101T090000Z|DUE:20260101T100000Z|RRULE:FREQ=DAILY", "04T093000", "04T094500", true),
        ("DTSTART:20260101T090000Z|DUE:20260101T100000Z|RRULE:FREQ=DAILY", "04T103000", "05T083000", false),
        ("DTSTART:20260101T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY", "04T100000", "04T103000", true),
    ] {
        let filter = within("VTODO", &range(start, end));
        assert_eq!(matches(&object("VTODO", "a", lines), &filter), expected, "{lines} {start}/{end}");
    }
}

#[test]
fn journals_and_free_busy() {
    for (kind, lines, start, end, expected) in [
        ("VJOURNAL", "DTSTART:20260504T120000Z", "04T120000", "04T130000", true),
        ("VJOURNAL", "DTSTART:20260504T120000Z", "04T120001", "04T130000", false),
        ("VJOURNAL", "DTSTART;VALUE=DATE:20260504", "04T230000", "05T130000", true),
        ("VJOURNAL", "SUMMARY:none", "04T000000", "", false),
        ("VFREEBUSY", "DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T130000", "04T140000", true),
        ("VFREEBUSY", "DTSTART:20260504T120000Z|DTEND:20260504T130000Z", "04T130001", "04T140000", false),
        ("VFREEBUSY", "FREEBUSY:20260504T120000Z/PT1H,20260506T120000Z/PT1H", "06T123000", "06T130000", true),
        (
            "VFREEBUSY",
            "FREEBUSY:20260504T120000Z/PT1H,20260506T120000Z/PT1H",
            "05T000000",
            "06T000000",
            false,
        ),
    ] {
        let filter = within(kind, &range(start, end));
        assert_eq!(matches(&object(kind, "a", lines), &filter), expected, "{lines} {start}/{end}");
    }
}

const NOON: &str = "DTSTART:20260504T120000Z|DTEND:20260504T130000Z";

#[test]
fn alarms() {
    let alarm = |kind: &str, lines: &str, alarm: &str| {
        object(kind, "a", &format!("{lines}|BEGIN:VALARM|ACTION:AUDIO|{alarm}|END:VALARM"))
    };
    for (kind, lines, trigger, start, end, expected) in [
        ("VEVENT", NOON, "TRIGGER:-PT15M", "04T114500", "04T115000", true),
        ("VEVENT", NOON, "TRIGGER:-PT15M", "04T114501", "04T130000", false),
        ("VEVENT", NOON, "TRIGGER;RELATED=END:PT5M", "04T130500", "04T130501", true),
        ("VEVENT", NOON, "TRIGGER;VALUE=DATE-TIME:20260501T000000Z", "01T000000", "02T000000", true),
        ("VEVENT", NOON, "TRIGGER:-PT15M|REPEAT:2|DURATION:PT5M", "04T115400", "04T115600", true),
        ("VEVENT", NOON, "TRIGGER:-PT15M|REPEAT:2|DURATION:PT5M", "04T115600", "04T120000", false),
        (
            "VEVENT",
            "DTSTART:20260101T120000Z|RRULE:FREQ=DAILY",
            "TRIGGER:-P3D",
            "04T120000",
            "04T120001",
            true,
        ),
        (
            "VEVENT",
            "DTSTART:20260101T120000Z|RRULE:FREQ=DAILY",
            "TRIGGER:-P3D",
            "04T120001",
            "05T110000",
            false,
        ),
        (
            "VEVENT",
            "DTSTART:20260101T120000Z|RRULE:FREQ=DAILY;COUNT=2",
            "TRIGGER:-P3D",
            "04T000000",
            "",
            false,
        ),
        ("VEVENT", "DTSTART;VALUE=DATE:20260504", "TRIGGER;RELATED=END:PT0S", "05T000000", "05T000001", true),
        ("VTODO", "DUE:20260504T120000Z", "TRIGGER;RELATED=END:-PT1H", "04T110000", "04T110001", true),
        ("VTODO", "DUE:20260504T120000Z", "TRIGGER:-PT1H", "04T000000", "05T000000", false),
        ("VEVENT", NOON, "DESCRIPTION:no trigger", "01T000000", "", false),
    ] {
        let filter = within(kind, &within("VALARM", &range(start, end)));
        assert_eq!(
            matches(&alarm(kind, lines, trigger), &filter),
            expected,
            "{lines} {trigger} {start}/{end}"
        );
    }
}

#[test]
fn what_cannot_be_expanded_is_not_hidden() {
    let xml = document(
        "C:filter",
        &format!(
            "<C:comp-filter name=\"VCALENDAR\">{}</C:comp-filter>",
            within("VEVENT", &within("VALARM", &range("06T000100", "06T000101")))
        ),
    );
    let filter = Filter::read(&Element::read(xml.as_bytes()).unwrap()).unwrap();
    // No alarm goes off then, and with few instances allowed that cannot be known.
    let text = event(
        "a",
        "DTSTART:20260504T000000Z|RRULE:FREQ=MINUTELY|BEGIN:VALARM|ACTION:AUDIO|TRIGGER:PT30S|REPEAT:1000|DURATION:PT1H|END:VALARM",
    );
    for (instances_max, expected) in [(100_000, false), (10, true)] {
        let limits = Limits { instances_max, ..Limits::default() };
        let object = CalendarObject::read(Arc::from(text.as_bytes()), &limits).unwrap();
        let subject = Subject { object: &object, zone: Zone::utc(), limits: &limits };
        assert_eq!(filter.matches(subject), expected);
    }
}

#[test]
fn many_overrides_cost_what_they_are() {
    // Each hour of a year one instance by itself, and the question is about a gap: quadratic work would take minutes.
    let mut text = event("a", "DTSTART:20260101T000000Z|DURATION:PT10M|RRULE:FREQ=HOURLY;COUNT=8760");
    let end = text.find("END:VCALENDAR").unwrap();
    let first = calendar::time::Instant::from_unix(1_767_225_600);
    let overrides: Vec<String> = (0..8_760_i64)
        .map(|hour| {
            let at = first.plus(hour * 3_600).to_ical();
            format!(
                "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:{at}\r\nDTSTART:{at}\r\n\
                 DURATION:PT20M\r\nEND:VEVENT\r\n"
            )
        })
        .collect();
    text.insert_str(end, &overrides.concat());
    for (start, end, expected) in [
        ("04T102500", "04T103000", false),
        ("04T101500", "04T102500", true),
        ("04T102000", "04T110000", false),
    ] {
        assert_eq!(matches(&text, &within("VEVENT", &range(start, end))), expected, "{start}/{end}");
    }
}

#[test]
fn of_two_masters_the_one_that_is_read_counts() {
    let text = event("a", "DTSTART:20260504T100000Z|DURATION:PT1H|SEQUENCE:1");
    let other = "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260511T100000Z\r\nDURATION:PT1H\r\n\
                 RRULE:FREQ=DAILY\r\nEND:VEVENT\r\n";
    let both = text.replace("END:VCALENDAR", &format!("{other}END:VCALENDAR"));
    assert!(matches(&both, &within("VEVENT", &range("04T103000", "04T104000"))));
}

#[test]
fn a_filter_has_bounds() {
    let of = |count: usize| {
        let one = "<C:prop-filter name=\"SUMMARY\"/>".repeat(count);
        document("C:filter", &format!("<C:comp-filter name=\"VCALENDAR\">{one}</C:comp-filter>"))
    };
    let read = |count: usize| Filter::read(&Element::read(of(count).as_bytes()).unwrap());
    assert!(read(255).is_ok());
    assert_eq!(read(256).unwrap_err().status.as_u16(), 403);
}
