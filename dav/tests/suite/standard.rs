//! The examples of RFC 4791 §7.8 and §7.10, on events and tasks like those of its appendix B.

use dav::xml::name::caldav;

use crate::client::{Server, document, event, object};

const WORK: &str = "/dav/calendars/ada/work/";

/// US Eastern is five hours behind UTC in January.
fn appendix() -> Server {
    let server = Server::new();
    let insert = |name: &str, text: &str| server.memory.insert("ada/work", name, text);
    insert(
        "abcd1.ics",
        &event("abcd1", "DTSTART;TZID=America/New_York:20060102T100000|DURATION:PT1H|SUMMARY:Event #1"),
    );
    insert("abcd2.ics", &event("abcd2", "DTSTART;TZID=America/New_York:20060102T120000|DURATION:PT1H|RRULE:FREQ=DAILY;COUNT=5|SUMMARY:Event #2").replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:abcd2\r\nDTSTAMP:20060206T001121Z\r\nDTSTART;TZID=America/New_York:20060104T140000\r\nDURATION:PT1H\r\n\
         RECURRENCE-ID;TZID=America/New_York:20060104T120000\r\nSUMMARY:Event #2 bis\r\nEND:VEVENT\r\nEND:VCALENDAR",
    ));
    insert(
        "abcd3.ics",
        &event(
            "abcd3",
            "DTSTART;TZID=America/New_York:20060104T100000|DURATION:PT1H|STATUS:TENTATIVE|SUMMARY:Event #3|ORGANIZER:mailto:cyrus@example.com|ATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:cyrus@example.com|ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:lisa@example.com",
        ),
    );
    insert(
        "abcd4.ics",
        &object(
            "VTODO",
            "abcd4",
            "DUE;VALUE=DATE:20060106|STATUS:NEEDS-ACTION|SUMMARY:Task #1|BEGIN:VALARM|ACTION:AUDIO|TRIGGER;RELATED=START:-PT10M|END:VALARM",
        ),
    );
    insert(
        "abcd5.ics",
        &object(
            "VTODO",
            "abcd5",
            "DTSTART;TZID=America/New_York:20060106T100000|DUE;TZID=America/New_York:20060106T120000|STATUS:NEEDS-ACTION|SUMMARY:Task #2|BEGIN:VALARM|ACTION:AUDIO|TRIGGER;RELATED=START:-PT10M|END:VALARM",
        ),
    );
    insert(
        "abcd6.ics",
        &object(
            "VTODO",
            "abcd6",
            "COMPLETED:20051223T122322Z|DUE;VALUE=DATE:20051225|STATUS:COMPLETED|SUMMARY:Task #3",
        ),
    );
    insert(
        "abcd7.ics",
        &object("VTODO", "abcd7", "DUE;VALUE=DATE:20060101|STATUS:CANCELLED|SUMMARY:Task #4"),
    );
    insert(
        "abcd8.ics",
        &object(
            "VFREEBUSY",
            "abcd8",
            "DTSTART:20060101T000000Z|DTEND:20060108T000000Z|FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060102T100000Z/20060102T120000Z",
        ),
    );
    server
}

#[tokio::test]
async fn queries_of_the_standard() {
    let server = appendix();
    let prop = |name: &str, inner: &str| format!("<C:prop-filter name=\"{name}\">{inner}</C:prop-filter>");
    let text = |text: &str| format!("<C:text-match collation=\"i;ascii-casemap\">{text}</C:text-match>");
    let pending = "<C:prop-filter name=\"COMPLETED\"><C:is-not-defined/></C:prop-filter>\
                   <C:prop-filter name=\"STATUS\"><C:text-match negate-condition=\"yes\">CANCELLED</C:text-match></C:prop-filter>";
    for (section, kind, inner, found) in [
        ("7.8.1", "VEVENT", "<C:time-range start=\"20060104T000000Z\" end=\"20060105T000000Z\"/>".to_owned(), vec!["abcd2.ics", "abcd3.ics"]),
        ("7.8.4", "VFREEBUSY", "<C:time-range start=\"20060102T000000Z\" end=\"20060103T000000Z\"/>".to_owned(), vec!["abcd8.ics"]),
        ("7.8.5", "VTODO", "<C:comp-filter name=\"VALARM\"><C:time-range start=\"20060106T100000Z\" end=\"20060107T100000Z\"/></C:comp-filter>".to_owned(), vec!["abcd5.ics"]),
        ("7.8.6", "VEVENT", prop("UID", &text("abcd1").replace("i;ascii-casemap", "i;octet")), vec!["abcd1.ics"]),
        ("7.8.7", "VEVENT", prop("ATTENDEE", &format!("{}<C:param-filter name=\"PARTSTAT\">{}</C:param-filter>", text("mailto:lisa@example.com"), text("NEEDS-ACTION"))), vec!["abcd3.ics"]),
        ("7.8.8", "VEVENT", String::new(), vec!["abcd1.ics", "abcd2.ics", "abcd3.ics"]),
        ("7.8.9", "VTODO", pending.to_owned(), vec!["abcd4.ics", "abcd5.ics"]),
    ] {
        let body = document(
            "C:calendar-query",
            &format!("<D:prop><D:getetag/><C:calendar-data/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"{kind}\">{inner}</C:comp-filter></C:comp-filter></C:filter>"),
        );
        let answer = server.send(&format!("REPORT {WORK}"), &["Depth: 1"], &body).await.expect(207);
        assert_eq!(answer.names(), found, "RFC 4791 §{section}");
        for name in found {
            assert_eq!(answer.property(&format!("{WORK}{name}"), caldav("calendar-data")).0, 200);
        }
    }
}

#[tokio::test]
async fn the_free_busy_question_of_the_standard() {
    let server = appendix();
    let body =
        document("C:free-busy-query", "<C:time-range start=\"20060104T140000Z\" end=\"20060105T220000Z\"/>");
    let answer = server.send(&format!("REPORT {WORK}"), &["Depth: 1"], &body).await.expect(200);
    let text = answer.text.replace("\r\n ", "");
    let mut lines: Vec<&str> =
        text.lines().filter(|line| line.starts_with("FREEBUSY") || line.starts_with("DT")).collect();
    lines.retain(|line| !line.starts_with("DTSTAMP"));
    let periods: Vec<String> = lines
        .iter()
        .filter(|line| line.starts_with("FREEBUSY"))
        .map(|line| line.replace("FREEBUSY;FBTYPE=BUSY:", "FREEBUSY:"))
        .collect();
    assert!(
        lines.contains(&"DTSTART:20060104T140000Z") && lines.contains(&"DTEND:20060105T220000Z"),
        "{lines:?}"
    );
    assert!(
        periods.contains(&"FREEBUSY;FBTYPE=BUSY-TENTATIVE:20060104T150000Z/20060104T160000Z".to_owned()),
        "{periods:?}"
    );
    assert!(
        periods.contains(
            &"FREEBUSY:20060104T190000Z/20060104T200000Z,20060105T170000Z/20060105T180000Z".to_owned()
        ),
        "{periods:?}"
    );
    assert_eq!(periods.len(), 2);
}
