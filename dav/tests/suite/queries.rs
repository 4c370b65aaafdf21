//! calendar-query, calendar-multiget, free-busy-query as reports.

use dav::xml::name::{caldav, dav};

use crate::backend::Memory;
use crate::client::{Answer, Server, document, event, object};

const WORK: &str = "/dav/calendars/ada/work/";

fn query(filter: &str) -> String {
    document(
        "C:calendar-query",
        &format!(
            "<D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\">{filter}</C:comp-filter></C:filter>"
        ),
    )
}

async fn ask(server: &Server, body: &str) -> Answer {
    server.send(&format!("REPORT {WORK}"), &["Depth: 1"], body).await
}

/// One of each kind.
fn filled() -> Server {
    let server = Server::new();
    server.memory.insert(
        "ada/work",
        "lunch",
        &event("lunch", "DTSTART:20260504T120000Z|DTEND:20260504T130000Z|SUMMARY:Lunch"),
    );
    server.memory.insert(
        "ada/work",
        "daily",
        &event("daily", "DTSTART:20260101T090000Z|DURATION:PT1H|RRULE:FREQ=DAILY"),
    );
    server.memory.insert("ada/work", "task", &object("VTODO", "task", "SUMMARY:Whenever"));
    server.memory.insert("ada/work", "note", &object("VJOURNAL", "note", "DTSTART;VALUE=DATE:20260504"));
    server.memory.insert("ada/work", "broken", "BEGIN:VCALENDAR\r\nnonsense");
    server
}

#[tokio::test]
async fn matches_by_kind_and_time() {
    let server = filled();
    let day = "<C:time-range start=\"20260504T110000Z\" end=\"20260504T200000Z\"/>";
    for (filter, found) in [
        ("<C:comp-filter name=\"VTODO\"/>".to_owned(), vec!["task"]),
        (format!("<C:comp-filter name=\"VEVENT\">{day}</C:comp-filter>"), vec!["lunch"]),
        (format!("<C:comp-filter name=\"VTODO\">{day}</C:comp-filter>"), vec!["task"]),
        (format!("<C:comp-filter name=\"VJOURNAL\">{day}</C:comp-filter>"), vec!["note"]),
        // DAVx5 and iOS leave the end open.
        ("<C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260601T000000Z\"/></C:comp-filter>".to_owned(), vec!["daily"]),
        ("<C:comp-filter name=\"VEVENT\"><C:time-range end=\"20250101T000000Z\"/></C:comp-filter>".to_owned(), vec![]),
        // Of the calendar itself, as clients ask that do not say what they look for.
        (day.to_owned(), vec!["lunch", "note", "task"]),
        ("<C:comp-filter name=\"VEVENT\"><C:prop-filter name=\"SUMMARY\"><C:text-match>LUNCH</C:text-match></C:prop-filter></C:comp-filter>".to_owned(), vec!["lunch"]),
        ("<C:comp-filter name=\"VTODO\"><C:is-not-defined/></C:comp-filter>".to_owned(), vec!["daily", "lunch", "note"]),
    ] {
        let answer = ask(&server, &query(&filter)).await.expect(207);
        assert_eq!(answer.names(), found, "{filter}");
    }
    // calcurse asks for everything this way.
    assert_eq!(
        ask(&server, &query("")).await.expect(207).names(),
        ["broken", "daily", "lunch", "note", "task"]
    );
}

#[tokio::test]
async fn depths_and_scopes() {
    let server = filled();
    let body = query("<C:comp-filter name=\"VEVENT\"/>");
    let report = format!("REPORT {WORK}");
    assert!(server.send(&report, &["Depth: 0"], &body).await.expect(207).hrefs().is_empty());
    assert_eq!(server.send(&report, &[], &body).await.expect(207).names(), ["broken", "daily", "lunch"]);
    server.memory.insert("ada/holidays", "may", &event("may", "DTSTART;VALUE=DATE:20260501"));
    let home = server.send("REPORT /dav/calendars/ada/", &["Depth: infinity"], &body).await.expect(207);
    assert_eq!(home.names(), ["may", "broken", "daily", "lunch"]);
    let one = server.send(&format!("{report}lunch"), &["Depth: 0"], &body).await.expect(207);
    assert_eq!(one.names(), ["lunch"]);
    server.send("REPORT /dav/calendars/ada/none/", &["Depth: 1"], &body).await.expect(404);
    server
        .send("REPORT /dav/principals/ada/", &["Depth: 1"], &body)
        .await
        .expect_condition(403, dav("supported-report"));
    server
        .send(&report, &["Depth: 1"], "<x:unknown xmlns:x=\"urn:x\"/>")
        .await
        .expect_condition(403, dav("supported-report"));
    server.send(&report, &["Depth: 1"], "").await.expect(400);
}

#[tokio::test]
async fn filters_that_are_none() {
    let server = filled();
    let in_event = |inner: &str| query(&format!("<C:comp-filter name=\"VEVENT\">{inner}</C:comp-filter>"));
    for (body, condition) in [
        (document("C:calendar-query", "<D:prop/>"), "valid-filter"),
        (document("C:calendar-query", "<C:filter/>"), "valid-filter"),
        (
            document("C:calendar-query", "<C:filter><C:comp-filter name=\"VEVENT\"/></C:filter>"),
            "valid-filter",
        ),
        (query("<C:comp-filter/>"), "valid-filter"),
        (
            query("<C:comp-filter name=\"VTODO\"><C:comp-filter name=\"VEVENT\"/></C:comp-filter>"),
            "valid-filter",
        ),
        (
            query(
                "<C:comp-filter name=\"VTIMEZONE\"><C:time-range start=\"20260101T000000Z\"/></C:comp-filter>",
            ),
            "valid-filter",
        ),
        (in_event("<C:time-range/>"), "valid-filter"),
        (in_event("<C:time-range start=\"20260101\"/>"), "valid-filter"),
        (in_event("<C:time-range start=\"20260101T000000\"/>"), "valid-filter"),
        (in_event("<C:time-range start=\"20260102T000000Z\" end=\"20260101T000000Z\"/>"), "valid-filter"),
        (in_event("<C:is-not-defined/><C:prop-filter name=\"SUMMARY\"/>"), "valid-filter"),
        (
            in_event(
                "<C:prop-filter name=\"SUMMARY\"><C:time-range start=\"20260101T000000Z\"/></C:prop-filter>",
            ),
            "valid-filter",
        ),
        (
            in_event(
                "<C:prop-filter name=\"SUMMARY\"><C:text-match negate-condition=\"maybe\">x</C:text-match></C:prop-filter>",
            ),
            "valid-filter",
        ),
        (in_event("<C:something/>"), "supported-filter"),
        (
            in_event(
                "<C:prop-filter name=\"SUMMARY\"><C:text-match collation=\"i;nonsense\">x</C:text-match></C:prop-filter>",
            ),
            "supported-collation",
        ),
        (
            in_event("")
                .replace("<D:getetag/>", "<C:calendar-data content-type=\"application/calendar+xml\"/>"),
            "supported-calendar-data",
        ),
        (in_event("").replace("<C:filter>", "<C:timezone>x</C:timezone><C:filter>"), "valid-calendar-data"),
        (
            in_event("").replace("<C:filter>", "<C:timezone-id>Moon/Sea</C:timezone-id><C:filter>"),
            "valid-timezone",
        ),
    ] {
        let answer = ask(&server, &body).await;
        assert_eq!(answer.status.as_u16(), 403, "{body}: {}", answer.text);
        answer.expect_condition(403, caldav(condition));
    }
}

#[tokio::test]
async fn the_zone_of_a_query_moves_floating_times() {
    let server = Server::new();
    server.memory.insert(
        "ada/work",
        "floating",
        &event("floating", "DTSTART:20260504T230000|DTEND:20260504T233000"),
    );
    let body = query(
        "<C:comp-filter name=\"VEVENT\"><C:time-range start=\"20260505T030000Z\" end=\"20260505T033000Z\"/></C:comp-filter>",
    );
    assert!(ask(&server, &body).await.expect(207).hrefs().is_empty());
    let there = body.replace("<C:filter>", "<C:timezone-id>America/New_York</C:timezone-id><C:filter>");
    assert_eq!(ask(&server, &there).await.expect(207).names(), ["floating"]);
}

#[tokio::test]
async fn many_matches_stream() {
    let mut memory = Memory::new();
    memory.page_members = 50;
    for nth in 0..200 {
        memory.insert(
            "ada/work",
            &format!("{nth:03}"),
            &event(&format!("{nth}"), "DTSTART:20260504T120000Z"),
        );
    }
    let server = Server::over(memory);
    let answer = ask(&server, &query("<C:comp-filter name=\"VEVENT\"/>")).await.expect(207);
    assert_eq!((answer.hrefs().len(), answer.frames), (200, 4));
}

#[tokio::test]
async fn multiget() {
    let server = filled();
    let hrefs = [
        "/dav/calendars/ada/work/lunch",
        "http://other:1/dav/calendars/ada/work/%64aily",
        "task",
        "/dav/calendars/ada/work/gone@x",
        "/dav/calendars/ada/holidays/lunch",
        "/elsewhere",
        "/dav/calendars/bob/home/x",
        "/dav/calendars/ada/work/",
    ];
    let hrefs: String = hrefs.iter().flat_map(|href| ["<D:href>", href, "</D:href>"]).collect();
    let body =
        document("C:calendar-multiget", &format!("<D:prop><D:getetag/><C:calendar-data/></D:prop>{hrefs}"));
    for depth in ["Depth: 0", "Depth: 1", "X: y"] {
        let answer = server.send(&format!("REPORT {WORK}"), &[depth], &body).await.expect(207);
        assert_eq!(
            answer.hrefs(),
            [
                "/dav/calendars/ada/work/lunch",
                "/dav/calendars/ada/work/daily",
                "/dav/calendars/ada/work/task",
                "/dav/calendars/ada/work/gone%40x",
                "/dav/calendars/ada/holidays/lunch",
                "/elsewhere",
                "/dav/calendars/bob/home/x",
                "/dav/calendars/ada/work/"
            ]
        );
        assert!(
            answer
                .text_of("/dav/calendars/ada/work/lunch", caldav("calendar-data"))
                .contains("SUMMARY:Lunch\r\n")
        );
        for missing in ["/dav/calendars/ada/work/gone%40x", "/elsewhere", "/dav/calendars/bob/home/x"] {
            assert_eq!(crate::client::status(&answer.response(missing)), 404);
        }
    }
    let home = server.send("REPORT /dav/calendars/ada/", &[], &body).await.expect(207);
    assert_eq!(home.property("/dav/calendars/ada/work/lunch", dav("getetag")).0, 200);
    server.send("REPORT /dav/calendars/ada/none/", &[], &body).await.expect(404);
}

fn free_busy(start: &str, end: &str) -> String {
    document("C:free-busy-query", &format!("<C:time-range start=\"{start}\" end=\"{end}\"/>"))
}

/// The FREEBUSY lines, sorted.
fn busy(answer: &Answer) -> Vec<String> {
    let unfolded = answer.text.replace("\r\n ", "");
    let mut lines: Vec<String> =
        unfolded.lines().filter(|line| line.starts_with("FREEBUSY")).map(str::to_owned).collect();
    lines.sort();
    lines
}

#[tokio::test]
async fn free_busy_of_a_calendar_and_of_everything() {
    let server = filled();
    server.memory.insert(
        "ada/holidays",
        "trip",
        &event("trip", "DTSTART:20260504T140000Z|DTEND:20260504T150000Z|STATUS:TENTATIVE"),
    );
    let body = free_busy("20260504T000000Z", "20260505T000000Z");
    let both = ["/20260504T100000Z", "/20260504T130000Z"];
    for (path, depth, tentative) in [
        (WORK, "Depth: 1", false),
        (WORK, "X: y", false),
        ("/dav/calendars/ada/", "Depth: 0", true),
        ("/dav/principals/ada/", "Depth: infinity", true),
        ("/dav/calendars/ada/unified/", "Depth: infinity", true),
    ] {
        let answer = server.send(&format!("REPORT {path}"), &[depth], &body).await.expect(200);
        assert!(answer.header("content-type").unwrap().starts_with("text/calendar; charset=utf-8"));
        assert!(answer.text.contains("BEGIN:VFREEBUSY\r\n"), "{}", answer.text);
        let lines = busy(&answer).join("\n");
        assert_eq!(lines.contains("20260504T140000Z"), tentative, "{path} {lines}");
        assert!(lines.contains("20260504T090000Z") && lines.contains("20260504T120000Z"), "{both:?} {lines}");
    }
}

#[tokio::test]
async fn free_busy_needs_both_ends() {
    let server = filled();
    for body in [
        document("C:free-busy-query", ""),
        document("C:free-busy-query", "<C:time-range start=\"20260504T000000Z\"/>"),
        document("C:free-busy-query", "<C:time-range end=\"20260504T000000Z\"/>"),
        free_busy("20260504T000000Z", "20260504T000000Z"),
        free_busy("yesterday", "20260504T000000Z"),
    ] {
        ask(&server, &body).await.expect(400);
    }
    let body = free_busy("20260504T000000Z", "20260505T000000Z");
    server.send("REPORT /dav/calendars/ada/none/", &[], &body).await.expect(404);
    server.send("REPORT /dav/principals/", &[], &body).await.expect_condition(403, dav("supported-report"));
}
