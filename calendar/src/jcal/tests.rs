//! The examples of RFC 7265, and that text → jCal → text means the same.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{read, write};
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::text::{parse, serialise};

fn calendar(lines: &str) -> Component {
    let text = format!("BEGIN:VCALENDAR\r\n{}\r\nEND:VCALENDAR\r\n", lines.replace('\n', "\r\n"));
    parse(text.as_bytes(), &Limits::default()).unwrap().calendars.remove(0)
}

fn json_of(lines: &str) -> Value {
    serde_json::from_str(&write(&calendar(lines))).unwrap()
}

/// The first property of the calendar that has one line, as jCal and as the line that comes back.
fn one(line: &str) -> (Value, String) {
    let json = json_of(line);
    let back = read(json.to_string().as_bytes()).unwrap();
    let text = serialise(&back).replace("\r\n ", "");
    (json[1][0].clone(), text.lines().nth(1).unwrap_or_default().to_owned())
}

#[test]
fn a_calendar_as_in_the_standard() {
    let json = json_of(
        "CALSCALE:GREGORIAN\nPRODID:-//Example Inc.//Example Calendar//EN\nVERSION:2.0\nBEGIN:VEVENT\n\
         DTSTAMP:20080205T191224Z\nDTSTART:20081006\nSUMMARY:Planning meeting\nUID:4088E990AD89CB3DBB484909\nEND:VEVENT",
    );
    let expected = json!([
        "vcalendar",
        [
            ["calscale", {}, "text", "GREGORIAN"],
            ["prodid", {}, "text", "-//Example Inc.//Example Calendar//EN"],
            ["version", {}, "text", "2.0"]
        ],
        [[
            "vevent",
            [
                ["dtstamp", {}, "date-time", "2008-02-05T19:12:24Z"],
                ["dtstart", {}, "date", "2008-10-06"],
                ["summary", {}, "text", "Planning meeting"],
                ["uid", {}, "text", "4088E990AD89CB3DBB484909"]
            ],
            []
        ]]
    ]);
    assert_eq!(json, expected);
}

#[test]
fn every_type_as_in_the_standard() {
    let cases = [
        (
            "DTSTART;TZID=America/New_York:20120314T150000",
            json!(["dtstart", {"tzid": "America/New_York"}, "date-time", "2012-03-14T15:00:00"]),
        ),
        (
            "RRULE:FREQ=YEARLY;COUNT=5;BYDAY=-1SU,2MO;BYMONTH=10",
            json!(["rrule", {}, "recur", {"freq": "YEARLY", "count": 5, "byday": ["-1SU", "2MO"], "bymonth": 10}]),
        ),
        (
            "RRULE:RSCALE=GREGORIAN;FREQ=YEARLY;UNTIL=20301231;BYMONTH=5L;SKIP=FORWARD",
            json!(["rrule", {}, "recur", {"rscale": "GREGORIAN", "freq": "YEARLY", "until": "2030-12-31",
            "bymonth": "5L", "skip": "FORWARD"}]),
        ),
        (
            "FREEBUSY;FBTYPE=BUSY:20120101T000000Z/PT1H,20120102T000000Z/20120102T010000Z",
            json!(["freebusy", {"fbtype": "BUSY"}, "period", ["2012-01-01T00:00:00Z", "PT1H"],
            ["2012-01-02T00:00:00Z", "2012-01-02T01:00:00Z"]]),
        ),
        ("GEO:37.386013;-122.082932", json!(["geo", {}, "float", [37.386_013, -122.082_932]])),
        (
            "REQUEST-STATUS:2.0;Success\\; really",
            json!(["request-status", {}, "text", ["2.0", "Success; really"]]),
        ),
        ("CATEGORIES:a\\,b,c", json!(["categories", {}, "text", "a,b", "c"])),
        ("TZOFFSETFROM:-0500", json!(["tzoffsetfrom", {}, "utc-offset", "-05:00"])),
        ("PRIORITY:5", json!(["priority", {}, "integer", 5])),
        ("X-ONE;VALUE=BOOLEAN:TRUE", json!(["x-one", {}, "boolean", true])),
        ("X-ONE;VALUE=TIME:230000Z", json!(["x-one", {}, "time", "23:00:00Z"])),
        ("X-ONE:a\\,b\\nc", json!(["x-one", {}, "unknown", "a\\,b\\nc"])),
        ("X-ONE;VALUE=X-OWN:\\,", json!(["x-one", {}, "x-own", "\\,"])),
        (
            "STRUCTURED-DATA;VALUE=TEXT;FMTTYPE=text/x:a\\;b",
            json!(["structured-data", {"fmttype": "text/x"}, "text", "a;b"]),
        ),
        (
            "ATTENDEE;MEMBER=\"mailto:a@x\",\"mailto:b@x\":mailto:c@x",
            json!(["attendee", {"member": ["mailto:a@x", "mailto:b@x"]}, "cal-address", "mailto:c@x"]),
        ),
        (
            "ATTACH;ENCODING=BASE64;VALUE=BINARY:AAEC",
            json!(["attach", {"encoding": "BASE64"}, "binary", "AAEC"]),
        ),
        ("TRIGGER;RELATED=END:-PT5M", json!(["trigger", {"related": "END"}, "duration", "-PT5M"])),
        ("REFRESH-INTERVAL;VALUE=DURATION:P1W", json!(["refresh-interval", {}, "duration", "P1W"])),
        // What is none of its type stays as it is.
        ("DTSTART:tomorrow", json!(["dtstart", {}, "date-time", "tomorrow"])),
        ("RRULE:every day", json!(["rrule", {}, "recur", "every day"])),
        ("PRIORITY:high", json!(["priority", {}, "integer", "high"])),
    ];
    for (line, expected) in cases {
        let (json, back) = one(line);
        assert_eq!(json, expected, "{line}");
        // Parameters come back in another order; the meaning is that of their set.
        assert_eq!(parts(&back), parts(line), "{line} as {back}");
    }
}

/// Name and parameters as a set, and the value.
fn parts(line: &str) -> (Vec<String>, Value) {
    let calendar = calendar(line);
    let property = &calendar.properties[0];
    let mut names: Vec<String> =
        property.parameters.iter().map(|each| format!("{}={:?}", each.name, each.values)).collect();
    names.sort();
    let json: Value = serde_json::from_str(&write(&calendar)).unwrap();
    (names, json[1][0][3].clone())
}

#[test]
fn what_is_no_jcal_is_refused() {
    for text in [
        "",
        "{}",
        "[]",
        "[\"vevent\",[],[]]",
        "[\"vcalendar\",[]]",
        "[\"vcalendar\",[[\"a b\",{},\"text\",\"x\"]],[]]",
        "[\"vcalendar\",[[\"begin\",{},\"unknown\",\"VEVENT\"]],[]]",
        "[\"vcalendar\",[[\"summary\",{},\"text\"]],[]]",
        "[\"vcalendar\",[[\"summary\",{\"x\":{}},\"text\",\"x\"]],[]]",
        "[\"vcalendar\",[[\"summary\",{},\"text\",{}]],[]]",
        "[\"vcalendar\",[[\"rrule\",{},\"recur\",{\"freq\":\"DAILY;X=1\"}]],[]]",
    ] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
    assert!(read("[".repeat(100_000).as_bytes()).is_err());
}

#[test]
fn nothing_breaks_out_of_a_value() {
    let text = "[\"vcalendar\",[[\"x-a\",{\"x\":\"a\\r\\nB:1\"},\"unknown\",\"a\\r\\nEND:VCALENDAR\"]],[]]";
    let back = serialise(&read(text.as_bytes()).unwrap());
    assert_eq!(back.matches("\r\nEND:VCALENDAR\r\n").count(), 1);
    assert_eq!(parse(back.as_bytes(), &Limits::default()).unwrap().calendars[0].properties.len(), 1);
}

fn property() -> impl Strategy<Value = Property> {
    let line = prop_oneof![
        ("(SUMMARY|X-A|CATEGORIES|COMMENT)", "[ -~é]{0,30}")
            .prop_map(|(name, value)| format!("{name}:{value}")),
        ("(DTSTART|EXDATE|RDATE|DUE)", "[0-9TZ,/P]{0,20}")
            .prop_map(|(name, value)| format!("{name}:{value}")),
        ("(X-B|STRUCTURED-DATA)", "(TEXT|DATE|RECUR|FLOAT|X-C)", "[ -~]{0,20}")
            .prop_map(|(name, kind, value)| format!("{name};VALUE={kind};X-P=\"a;b\":{value}")),
        "RRULE:(FREQ=(DAILY|WEEKLY);?)?(COUNT=[0-9]{1,3};?)?(BYDAY=(MO|-1TU)(,WE)?;?)?",
        "GEO:-?[0-9]{1,3}\\.[0-9]{1,6};-?[0-9.]{0,6}",
    ];
    line.prop_map(|line| {
        let mut read = calendar(&line);
        read.properties.pop().expect("a line is a property")
    })
}

proptest! {
    #[test]
    fn there_and_back_is_the_same(properties in proptest::collection::vec(property(), 1..6)) {
        let event = Component { name: "VEVENT".to_owned(), properties, ..Component::default() };
        let whole = Component { name: "VCALENDAR".to_owned(), components: vec![event], ..Component::default() };
        let json = write(&whole);
        let back = read(json.as_bytes()).unwrap();
        prop_assert_eq!(write(&back), json.clone());
        // And through strict text.
        let text = serialise(&back);
        let again = parse(text.as_bytes(), &Limits::default()).unwrap().calendars.remove(0);
        prop_assert_eq!(write(&again), json, "{}", text);
    }

    #[test]
    fn any_json_is_read_or_refused(text in "[\\[\\]{}\",:a-z0-9 \\\\]{0,80}") {
        let _ = read(text.as_bytes());
        let _ = read(format!("[\"vcalendar\",[[\"x\",{{}},\"text\",{text}]],[]]").as_bytes());
    }
}
