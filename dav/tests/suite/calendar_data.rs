//! CALDAV:calendar-data: whole, in part, expanded, limited (RFC 4791 §7.8.1–7.8.4, §9.6).

use dav::xml::name::caldav;

use crate::client::{Server, document, event, object};

const A: &str = "/dav/calendars/ada/work/a";

const WEEKLY: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nBEGIN:VTIMEZONE\r\nTZID:US/Eastern\r\n\
BEGIN:DAYLIGHT\r\nDTSTART:20000404T020000\r\nRRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\r\nTZNAME:EDT\r\nTZOFFSETFROM:-0500\r\n\
TZOFFSETTO:-0400\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nDTSTART:20001026T020000\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n\
TZNAME:EST\r\nTZOFFSETFROM:-0400\r\nTZOFFSETTO:-0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
BEGIN:VEVENT\r\nUID:abcd2\r\nDTSTAMP:20060206T001121Z\r\nDTSTART;TZID=US/Eastern:20060102T120000\r\nDURATION:PT1H\r\n\
RRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:Event #2\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nDESCRIPTION:x\r\nEND:VALARM\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:abcd2\r\nDTSTAMP:20060206T001121Z\r\nDTSTART;TZID=US/Eastern:20060104T140000\r\nDURATION:PT1H\r\n\
RECURRENCE-ID;TZID=US/Eastern:20060104T120000\r\nSUMMARY:Event #2 bis\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:abcd2\r\nDTSTAMP:20060206T001121Z\r\nDTSTART;TZID=US/Eastern:20060106T140000\r\nDURATION:PT1H\r\n\
RECURRENCE-ID;TZID=US/Eastern:20060106T120000\r\nSUMMARY:Event #2 bis bis\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

async fn data(text: &str, asked: &str) -> String {
    let server = Server::new();
    server.memory.insert("ada/work", "a", text);
    let body = document("C:calendar-multiget", &format!("<D:prop>{asked}</D:prop><D:href>{A}</D:href>"));
    let answer = server.send("REPORT /dav/calendars/ada/work/", &[], &body).await.expect(207);
    answer.text_of(A, caldav("calendar-data"))
}

fn inside(inner: &str) -> String {
    format!("<C:calendar-data>{inner}</C:calendar-data>")
}

fn lines_of<'a>(text: &'a str, start: &str) -> Vec<&'a str> {
    text.lines().filter(|line| line.starts_with(start)).collect()
}

#[tokio::test]
async fn whole_octet_for_octet() {
    let odd = event("a", "DTSTART:20260504T120000Z|SUMMARY:a\\, <b> & \"c\" ]]>|X-CONTROL:\u{7f}🍰");
    assert_eq!(data(&odd, "<C:calendar-data/>").await, odd);
    // What XML cannot hold is replaced, and the rest stays.
    let control = event("a", "DTSTART:20260504T120000Z|SUMMARY:a\u{b}b");
    assert_eq!(data(&control, "<C:calendar-data/>").await, control.replace('\u{b}', "\u{fffd}"));
}

#[tokio::test]
async fn partial_retrieval() {
    let asked = inside(
        "<C:comp name=\"VCALENDAR\"><C:prop name=\"VERSION\"/><C:comp name=\"VEVENT\"><C:prop name=\"SUMMARY\"/>\
         <C:prop name=\"UID\"/><C:prop name=\"DTSTART\" novalue=\"yes\"/></C:comp><C:comp name=\"VTIMEZONE\"/></C:comp>",
    );
    let got = data(WEEKLY, &asked).await;
    assert!(
        got.starts_with(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VTIMEZONE\r\nTZID:US/Eastern\r\nBEGIN:DAYLIGHT\r\n"
        ),
        "{got}"
    );
    assert!(!got.contains("PRODID") && !got.contains("RRULE:FREQ=DAILY") && !got.contains("VALARM"), "{got}");
    assert_eq!(lines_of(&got, "DTSTART;TZID"), ["DTSTART;TZID=US/Eastern:"; 3]);
    let all = inside(
        "<C:comp name=\"VCALENDAR\"><C:allprop/><C:comp name=\"VEVENT\"><C:allprop/><C:allcomp/></C:comp></C:comp>",
    );
    let got = data(WEEKLY, &all).await;
    assert!(got.contains("PRODID") && got.contains("VALARM") && !got.contains("VTIMEZONE"), "{got}");
}

#[tokio::test]
async fn expanded_as_in_the_standard() {
    let got = data(WEEKLY, &inside("<C:expand start=\"20060103T000000Z\" end=\"20060105T000000Z\"/>")).await;
    assert_eq!(lines_of(&got, "DTSTART"), ["DTSTART:20060103T170000Z", "DTSTART:20060104T190000Z"]);
    assert_eq!(
        lines_of(&got, "RECURRENCE-ID"),
        ["RECURRENCE-ID:20060103T170000Z", "RECURRENCE-ID:20060104T170000Z"]
    );
    assert_eq!(lines_of(&got, "SUMMARY"), ["SUMMARY:Event #2", "SUMMARY:Event #2 bis"]);
    assert!(!got.contains("RRULE") && !got.contains("TZID") && !got.contains("VTIMEZONE"), "{got}");
    assert_eq!(got.matches("BEGIN:VALARM").count(), 1);
}

#[tokio::test]
async fn expanding_other_kinds_of_time() {
    let range = inside("<C:expand start=\"20260504T000000Z\" end=\"20260507T000000Z\"/>");
    let days = data(&event("a", "DTSTART;VALUE=DATE:20260501|DTEND;VALUE=DATE:20260502|RRULE:FREQ=DAILY|EXDATE;VALUE=DATE:20260505"), &range).await;
    assert_eq!(lines_of(&days, "DTSTART"), ["DTSTART;VALUE=DATE:20260504", "DTSTART;VALUE=DATE:20260506"]);
    assert_eq!(lines_of(&days, "DTEND"), ["DTEND;VALUE=DATE:20260505", "DTEND;VALUE=DATE:20260507"]);
    assert_eq!(
        lines_of(&days, "RECURRENCE-ID"),
        ["RECURRENCE-ID;VALUE=DATE:20260504", "RECURRENCE-ID;VALUE=DATE:20260506"]
    );
    assert!(!days.contains("EXDATE"));
    let floating = data(&event("a", "DTSTART:20260504T090000|RRULE:FREQ=DAILY;COUNT=1"), &range).await;
    assert_eq!(lines_of(&floating, "DTSTART"), ["DTSTART:20260504T090000"]);
    let single = data(
        &event("a", "DTSTART;TZID=Europe/Berlin:20260504T090000|DTEND;TZID=Europe/Berlin:20260504T100000"),
        &range,
    )
    .await;
    assert_eq!(lines_of(&single, "DT").len(), 3);
    assert!(
        single.contains("DTSTART:20260504T070000Z\r\nDTEND:20260504T080000Z\r\n")
            && !single.contains("RECURRENCE-ID"),
        "{single}"
    );
    let task = data(&object("VTODO", "a", "DUE;TZID=Europe/Berlin:20260901T090000"), &range).await;
    assert!(task.contains("BEGIN:VTODO"), "{task}");
}

#[tokio::test]
async fn too_much_to_expand_stays_in_its_property() {
    let server = Server::new();
    server.memory.insert("ada/work", "a", &event("a", "DTSTART:20260504T120000Z|RRULE:FREQ=SECONDLY"));
    server.memory.insert("ada/work", "b", &event("b", "DTSTART:20260504T120000Z"));
    let asked = inside("<C:expand start=\"20260101T000000Z\" end=\"20270101T000000Z\"/>");
    let body = document(
        "C:calendar-query",
        &format!("<D:prop>{asked}</D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter>"),
    );
    let answer = server.send("REPORT /dav/calendars/ada/work/", &["Depth: 1"], &body).await.expect(207);
    assert_eq!(answer.property(A, caldav("calendar-data")).0, 507);
    assert_eq!(answer.property("/dav/calendars/ada/work/b", caldav("calendar-data")).0, 200);
}

#[tokio::test]
async fn recurrence_sets_are_limited() {
    let range = inside("<C:limit-recurrence-set start=\"20060103T000000Z\" end=\"20060105T000000Z\"/>");
    let got = data(WEEKLY, &range).await;
    assert_eq!(lines_of(&got, "SUMMARY"), ["SUMMARY:Event #2", "SUMMARY:Event #2 bis"]);
    assert!(got.contains("RRULE:FREQ=DAILY;COUNT=5") && got.contains("VTIMEZONE"));
    // By where it would have been.
    let moved = WEEKLY.replace("20060104T140000", "20070104T140000");
    assert_eq!(lines_of(&data(&moved, &range).await, "SUMMARY").len(), 2);
}

#[tokio::test]
async fn free_busy_sets_are_limited() {
    let text = object(
        "VFREEBUSY",
        "a",
        "DTSTART:20060101T000000Z|DTEND:20060201T000000Z|FREEBUSY;FBTYPE=BUSY:20060102T100000Z/PT1H,20060103T100000Z/20060103T110000Z|FREEBUSY:20060110T100000Z/PT1H",
    );
    let got =
        data(&text, &inside("<C:limit-freebusy-set start=\"20060102T103000Z\" end=\"20060103T100000Z\"/>"))
            .await;
    assert_eq!(lines_of(&got, "FREEBUSY"), ["FREEBUSY;FBTYPE=BUSY:20060102T100000Z/PT1H"]);
    assert!(got.contains("DTEND:20060201T000000Z"));
}

#[tokio::test]
async fn parameters_are_written_as_they_were_read() {
    let text = event(
        "a",
        "DTSTART:20260504T120000Z|ATTENDEE;CN=\"Doe, Jane\";X-Q=\"say ^'hi^' ^^ ^n\":mailto:jane@example.org",
    );
    let got = data(&text, &inside("<C:comp name=\"VCALENDAR\"><C:allprop/><C:allcomp/></C:comp>")).await;
    assert!(
        got.replace("\r\n ", "")
            .contains("ATTENDEE;CN=\"Doe, Jane\";X-Q=say ^'hi^' ^^ ^n:mailto:jane@example.org"),
        "{got}"
    );
}
