//! POST to the schedule outbox.

use std::fmt::Write;

use calendar::collection::{CollectionName, Privilege};
use dav::backend::CollectionKind;
use dav::xml::Element;
use dav::xml::name::{caldav as c, dav as d};

use crate::client::{Answer, Server};

const OUTBOX: &str = "POST /dav/calendars/ada/outbox/";
const CALENDAR: &str = "Content-Type: text/calendar; charset=utf-8";

fn server() -> Server {
    let server = Server::new();
    let name = CollectionName::new("ada", "outbox");
    server.memory.add(&name);
    let mut kept = server.memory.kept.lock().unwrap();
    let collection = &mut kept.get_mut(&name).unwrap().collection;
    collection.kind = CollectionKind::Outbox;
    collection.privileges.push(Privilege::ScheduleSendFreeBusy);
    drop(kept);
    server
}

fn request(attendees: &[&str]) -> String {
    let lines: String = attendees.iter().fold(String::new(), |mut lines, attendee| {
        let _ = write!(lines, "ATTENDEE;CN=x:{attendee}\r\n");
        lines
    });
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\nMETHOD:REQUEST\r\nBEGIN:VFREEBUSY\r\nUID:q-1\r\n\
         DTSTAMP:20260504T080000Z\r\nDTSTART:20260504T100000Z\r\nDTEND:20260505T100000Z\r\n\
         ORGANIZER:MAILTO:Ada@example.org\r\n{lines}END:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
}

async fn ask(server: &Server, headers: &[&str], body: &str) -> Answer {
    let mut all = vec![CALENDAR];
    all.extend(headers);
    server.send(OUTBOX, &all, body).await
}

/// Recipient, status, calendar data.
fn told(answer: &Answer) -> Vec<(String, String, Option<String>)> {
    let root = answer.xml();
    assert!(root.is(c("schedule-response")), "{}", answer.text);
    let text = |of: &Element, name| of.first(name).map(Element::text);
    let of = |response: &Element| {
        let recipient = response.first(c("recipient")).unwrap().first(d("href")).unwrap().text();
        (recipient, text(response, c("request-status")).unwrap(), text(response, c("calendar-data")))
    };
    root.all(c("response")).map(of).collect()
}

#[tokio::test]
async fn one_response_for_each_attendee_in_order() {
    let attendees = [
        "mailto:Bob@Example.org",
        "MAILTO:ada@example.org",
        "mailto:bob@example.org",
        "mailto:carol@example.org",
        "mailto:broken@example.org",
        "mailto:who@elsewhere.example",
        "/dav/principals/nobody/",
    ];
    let answer = ask(&server(), &[], &request(&attendees)).await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/xml; charset=utf-8"));
    let told = told(&answer);
    let brief: Vec<_> = told.iter().map(|(who, status, _)| (who.as_str(), &status[..3])).collect();
    assert_eq!(
        brief,
        [
            ("mailto:Bob@Example.org", "2.0"),
            ("MAILTO:ada@example.org", "2.0"),
            ("mailto:carol@example.org", "3.8"),
            ("mailto:broken@example.org", "5.1"),
            ("mailto:who@elsewhere.example", "5.1"),
            ("/dav/principals/nobody/", "3.7"),
        ]
    );
    assert!(told.iter().skip(2).all(|(_, _, data)| data.is_none()));
    let reply = told[0].2.as_ref().unwrap();
    for line in [
        "METHOD:REPLY",
        "UID:q-1",
        "DTSTAMP:20260504T080000Z",
        "DTSTART:20260504T100000Z",
        "DTEND:20260505T100000Z",
        "ORGANIZER:MAILTO:Ada@example.org",
        "ATTENDEE:mailto:Bob@Example.org",
        "FREEBUSY;FBTYPE=BUSY:20260504T100000Z/20260504T110000Z",
    ] {
        assert!(reply.contains(&format!("{line}\r\n")), "{line} in {reply}");
    }
}

#[tokio::test]
async fn an_event_that_is_moved_makes_nobody_busy() {
    let plain = request(&["mailto:bob@example.org"]);
    for masked in [
        plain.replace("END:VFREEBUSY", "X-CALENDARSERVER-MASK-UID:moved\r\nEND:VFREEBUSY"),
        plain.replace("BEGIN:VFREEBUSY", "X-CALENDARSERVER-MASK-UID:moved\r\nBEGIN:VFREEBUSY"),
        plain.replace("UID:q-1", "UID:moved"),
    ] {
        let told = told(&ask(&server(), &[], &masked).await.expect(200));
        assert!(!told[0].2.as_ref().unwrap().contains("FREEBUSY;"), "{masked}");
    }
}

#[tokio::test]
async fn the_headers_of_the_drafts() {
    let body = request(&["mailto:bob@example.org"]);
    let fits = ["Originator: mailto:ADA@example.org", "Recipient: mailto:bob@example.org"];
    ask(&server(), &fits, &body).await.expect(200);
    ask(&server(), &["Originator: /dav/principals/ada/"], &body).await.expect(200);
    let refused = async |header: &str, condition| {
        ask(&server(), &[header], &body).await.expect_condition(403, c(condition));
    };
    refused("Originator: mailto:bob@example.org", "originator-allowed").await;
    refused("Originator: ", "originator-specified").await;
    refused("Recipient: ", "recipient-specified").await;
}

/// Evolution writes the name by which it signs in where an account has no mail address.
#[tokio::test]
async fn the_organizer_may_be_named_as_they_sign_in() {
    let good = request(&["mailto:bob@example.org"]);
    let signed_in = good.replace("MAILTO:Ada@example.org", "mailto:ada");
    assert_eq!(told(&ask(&server(), &[], &signed_in).await.expect(200)).len(), 1);
    let somebody = good.replace("MAILTO:Ada@example.org", "mailto:bob");
    ask(&server(), &[], &somebody).await.expect_condition(403, c("valid-organizer"));
}

#[tokio::test]
async fn what_is_no_request_is_refused_by_name() {
    let good = request(&["mailto:bob@example.org"]);
    let cases = [
        ("nothing of a calendar".to_owned(), "valid-calendar-data"),
        (String::new(), "valid-calendar-data"),
        (good.replace("END:VCALENDAR\r\n", ""), "valid-calendar-data"),
        (good.replace("METHOD:REQUEST", "METHOD:PUBLISH"), "valid-scheduling-message"),
        (good.replace("METHOD:REQUEST\r\n", ""), "valid-scheduling-message"),
        (good.replace("UID:q-1\r\n", ""), "valid-scheduling-message"),
        (good.replace("VFREEBUSY", "VEVENT"), "valid-scheduling-message"),
        (good.replace("DTEND:20260505", "DTEND:20260503"), "valid-scheduling-message"),
        (good.replace("DTSTART:20260504T100000Z\r\n", ""), "valid-scheduling-message"),
        (good.replace("ORGANIZER:MAILTO:Ada@example.org\r\n", ""), "valid-scheduling-message"),
        (good.replace("MAILTO:Ada", "mailto:bob"), "valid-organizer"),
        (request(&[]), "valid-scheduling-message"),
    ];
    for (body, condition) in cases {
        ask(&server(), &[], &body).await.expect_condition(403, c(condition));
    }
    let server = server();
    let json = server.send(OUTBOX, &["Content-Type: application/json"], &good).await;
    json.expect_condition(403, c("supported-calendar-data"));
    server
        .send(OUTBOX, &[CALENDAR], &"X".repeat(100_001))
        .await
        .expect_condition(403, c("max-resource-size"));
}

#[tokio::test]
async fn many_attendees_come_in_pages_and_too_many_not_at_all() {
    let named =
        |count: usize| -> Vec<String> { (0..count).map(|n| format!("mailto:n{n}@x.example")).collect() };
    let hundred = named(100);
    let hundred: Vec<&str> = hundred.iter().map(String::as_str).collect();
    assert_eq!(told(&ask(&server(), &[], &request(&hundred)).await.expect(200)).len(), 100);
    let more = named(101);
    let more: Vec<&str> = more.iter().map(String::as_str).collect();
    let answer = ask(&server(), &[], &request(&more)).await;
    answer.expect_condition(403, c("max-attendees-per-instance"));
}

#[tokio::test]
async fn nobody_asks_without_leave() {
    let server = server();
    let name = CollectionName::new("ada", "outbox");
    server.memory.kept.lock().unwrap().get_mut(&name).unwrap().collection.privileges = vec![Privilege::Read];
    let answer = ask(&server, &[], &request(&["mailto:bob@example.org"])).await;
    let answer = answer.expect_condition(403, d("need-privileges"));
    assert!(answer.text.contains("schedule-send-freebusy"), "{}", answer.text);
}

#[tokio::test]
async fn it_is_posted_to_ones_own_outbox_and_nowhere_else() {
    let server = server();
    let body = request(&["mailto:bob@example.org"]);
    let work = server.send("POST /dav/principals/ada/", &[CALENDAR], &body).await.expect(405);
    assert!(!work.header("allow").unwrap().contains("POST"));
    server.send("POST /dav/calendars/ada/none/", &[CALENDAR], &body).await.expect(404);
    server.send("POST /dav/calendars/bob/outbox/", &[CALENDAR], &body).await.expect(404);
    let allowed = server.send("OPTIONS /dav/calendars/ada/outbox/", &[], "").await.expect(200);
    assert!(allowed.header("allow").unwrap().contains("POST"));
}
