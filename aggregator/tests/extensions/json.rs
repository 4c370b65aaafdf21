//! jCal (RFC 7265): read, written, announced and refused.

use dav::xml::name::{caldav, dav};

use crate::client::{PERSONAL, Server, event};

const JSON: &str = "Accept: application/calendar+json";

#[tokio::test]
async fn an_object_is_text_or_json() {
    let server = Server::new().await;
    let tag = server.put("a.ics", event("a", "SUMMARY:Tea\\, cake|X-OWN;X-P=1:a\\,b")).await.unwrap();
    let answer = server.send(&format!("GET {PERSONAL}a.ics"), &[JSON], "").await.expect(200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/calendar+json; charset=utf-8; component=vevent")
    );
    assert_eq!(
        (answer.header("etag"), answer.header("vary")),
        (Some(tag.as_str()), Some("Accept, CalDAV-Timezones"))
    );
    assert!(answer.text().contains(r#"["summary",{},"text","Tea, cake"]"#), "{}", answer.text());
    let known =
        server.send(&format!("GET {PERSONAL}a.ics"), &[JSON, &format!("If-None-Match: {tag}")], "").await;
    assert_eq!(known.status, 304);

    // And back as another object.
    let json = answer.text().replace("\"a\"]", "\"b\"]");
    let put = server
        .send(&format!("PUT {PERSONAL}b.ics"), &["Content-Type: application/calendar+json"], json)
        .await;
    let put = put.expect(201);
    assert_eq!(put.header("etag"), None, "what is kept is not what was sent");
    let text = server.get("b.ics").await;
    for line in
        ["UID:b\r\n", "SUMMARY:Tea\\, cake\r\n", "X-OWN;X-P=1:a\\,b\r\n", "DTSTART:20260504T090000Z\r\n"]
    {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[tokio::test]
async fn reports_give_json_where_it_is_asked_for() {
    let server = Server::new().await;
    server.put("a.ics", event("a", "SUMMARY:Tea|RRULE:FREQ=DAILY;COUNT=2")).await;
    let asked = |inner: &str| {
        format!(
            "<C:calendar-multiget xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns='DAV:'><prop>{inner}</prop>\
             <href>{PERSONAL}a.ics</href></C:calendar-multiget>"
        )
    };
    let body = asked("<C:calendar-data content-type='application/calendar+json' version='2.0'/>");
    let (status, data) =
        server.send(&format!("REPORT {PERSONAL}"), &[], body).await.property(caldav("calendar-data"));
    assert_eq!((status, data.attribute("content-type")), (200, Some("application/calendar+json")));
    assert!(data.text().contains(r#"["rrule",{},"recur",{"count":2,"freq":"DAILY"}]"#), "{}", data.text());
    let body = asked(
        "<C:calendar-data content-type='application/calendar+json'>\
         <C:expand start='20260505T000000Z' end='20260506T000000Z'/></C:calendar-data>",
    );
    let (_, data) =
        server.send(&format!("REPORT {PERSONAL}"), &[], body).await.property(caldav("calendar-data"));
    assert!(data.text().contains(r#""date-time","2026-05-05T09:00:00Z""#), "{}", data.text());
    for media in ["application/xml", "text/calendar' version='3.0"] {
        let body = asked(&format!("<C:calendar-data content-type='{media}'/>"));
        let answer = server.send(&format!("REPORT {PERSONAL}"), &[], body).await;
        answer.expect_condition(403, caldav("supported-calendar-data"));
    }
    let (_, known) = server.property(PERSONAL, caldav("supported-calendar-data")).await;
    let types: Vec<_> =
        known.all(caldav("calendar-data")).filter_map(|data| data.attribute("content-type")).collect();
    assert_eq!(types, ["text/calendar", "application/calendar+json"]);
}

#[tokio::test]
async fn what_is_no_jcal_is_no_valid_data() {
    let server = Server::new().await;
    for body in [
        "",
        "{",
        "[\"vcalendar\",[]]",
        "[\"vevent\",[],[]]",
        "[\"vcalendar\",[[\"a b\",{},\"text\",\"\"]],[]]",
    ] {
        let headers = ["Content-Type: application/calendar+json; charset=utf-8"];
        let answer = server.send(&format!("PUT {PERSONAL}a.ics"), &headers, body).await;
        answer.expect_condition(403, caldav("valid-calendar-data"));
    }
    let headers = ["Content-Type: application/json"];
    let answer = server.send(&format!("PUT {PERSONAL}a.ics"), &headers, "[]").await;
    answer.expect_condition(403, caldav("supported-calendar-data"));
    // A calendar with nothing in it is read, and still no object.
    let headers = ["Content-Type: application/calendar+json"];
    let answer = server.send(&format!("PUT {PERSONAL}a.ics"), &headers, "[\"vcalendar\",[],[]]").await;
    answer.expect_condition(403, caldav("valid-calendar-object-resource"));
    assert_eq!(server.property(PERSONAL, dav("getetag")).await.0, 404);
}

#[tokio::test]
async fn a_whole_calendar_is_json_too() {
    let server = Server::new().await;
    for uid in ["a", "b"] {
        server.put(uid, event(uid, &format!("SUMMARY:{uid}"))).await;
    }
    let answer = server.send(&format!("GET {PERSONAL}"), &[JSON], "").await.expect(200);
    let calendar = calendar::jcal::read(&answer.octets).unwrap();
    assert_eq!(calendar.components.len(), 2);
    assert!(calendar.property("X-WR-CALNAME").is_some());
    let text = server.send(&format!("GET {PERSONAL}"), &[], "").await.expect(200);
    assert_ne!(answer.header("etag"), text.header("etag"));
}
