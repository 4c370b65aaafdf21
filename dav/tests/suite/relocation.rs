//! MOVE and COPY.

use dav::xml::name::caldav;

use crate::client::{Answer, Server, document, event};

const WORK: &str = "/dav/calendars/ada/work/";
const PRIVATE: &str = "/dav/calendars/ada/private/";

async fn two_calendars() -> Server {
    let server = Server::new();
    server.send(&format!("MKCALENDAR {PRIVATE}"), &[], "").await.expect(201);
    server.memory.insert("ada/work", "a.ics", &event("a", "DTSTART:20260504T120000Z"));
    server.memory.insert("ada/work", "b.ics", &event("b", "DTSTART:20260505T120000Z"));
    server
}

async fn relocate(server: &Server, line: &str, to: &str, more: &[&str]) -> Answer {
    let destination = format!("Destination: {to}");
    let headers: Vec<&str> = std::iter::once(destination.as_str()).chain(more.iter().copied()).collect();
    server.send(line, &headers, "").await
}

async fn members(server: &Server, calendar: &str) -> Vec<String> {
    let listed = server.send(&format!("PROPFIND {calendar}"), &["Depth: 1"], "").await.expect(207);
    listed.names().split_off(1)
}

#[tokio::test]
async fn an_event_goes_to_another_calendar() {
    let server = two_calendars().await;
    let was = server.send(&format!("GET {WORK}a.ics"), &[], "").await.expect(200);
    // The address that a proxy is called by.
    let to = "https://calendar.example.org/dav/calendars/ada/private/a%2eics";
    relocate(&server, &format!("MOVE {WORK}a.ics"), to, &["Overwrite: F"]).await.expect(201);
    assert_eq!(
        (members(&server, WORK).await, members(&server, PRIVATE).await),
        (vec!["b.ics".to_owned()], vec!["a.ics".to_owned()])
    );
    let is = server.send(&format!("GET {PRIVATE}a.ics"), &[], "").await.expect(200);
    assert_eq!((is.text.as_str(), is.header("etag")), (was.text.as_str(), was.header("etag")));
    for calendar in [WORK, PRIVATE] {
        let body = document(
            "D:sync-collection",
            "<D:sync-token>urn:kalends:sync:cafe-1</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>",
        );
        let told = server.send(&format!("REPORT {calendar}"), &[], &body).await.expect(207);
        assert!(told.names().contains(&"a.ics".to_owned()), "{}", told.text);
    }
}

#[tokio::test]
async fn a_name_changes_within_a_calendar() {
    let server = two_calendars().await;
    relocate(&server, &format!("MOVE {WORK}a.ics"), &format!("{WORK}z.ics"), &[]).await.expect(201);
    assert_eq!(members(&server, WORK).await, ["b.ics", "z.ics"]);
    // A second one with the same UID in one calendar is one too many.
    relocate(&server, &format!("COPY {WORK}b.ics"), &format!("{WORK}c.ics"), &[])
        .await
        .expect_condition(403, caldav("no-uid-conflict"));
}

#[tokio::test]
async fn what_is_there_is_replaced_or_not() {
    let server = two_calendars().await;
    let line = format!("COPY {WORK}a.ics");
    let to = format!("{PRIVATE}a.ics");
    relocate(&server, &line, &to, &["Overwrite: F"]).await.expect(201);
    relocate(&server, &line, &to, &["Overwrite: F"]).await.expect(412);
    relocate(&server, &line, &to, &["Overwrite: T"]).await.expect(204);
    relocate(&server, &line, &to, &["Overwrite: x"]).await.expect(400);
    assert_eq!(members(&server, WORK).await.len(), 2);
}

#[tokio::test]
async fn what_is_refused() {
    let server = two_calendars().await;
    let line = format!("MOVE {WORK}a.ics");
    server.send(&line, &[], "").await.expect(400);
    for (to, more, status) in [
        (format!("{WORK}a.ics"), "X: y", 403),
        (format!("{WORK}%61.ics"), "X: y", 403),
        (WORK.to_owned(), "X: y", 409),
        ("/elsewhere/a.ics".to_owned(), "X: y", 409),
        ("/dav/calendars/ada/nowhere/a.ics".to_owned(), "X: y", 409),
        ("/dav/calendars/bob/home/a.ics".to_owned(), "X: y", 409),
        ("/dav/calendars/ada/holidays/a.ics".to_owned(), "X: y", 403),
        (format!("{PRIVATE}a.ics"), "If-Match: \"other\"", 412),
        (format!("{PRIVATE}a.ics"), "If-None-Match: *", 412),
        (format!("{PRIVATE}a.ics"), "If-Schedule-Tag-Match: \"other\"", 412),
    ] {
        relocate(&server, &line, &to, &[more]).await.expect(status);
    }
    relocate(&server, &format!("MOVE {WORK}none.ics"), &format!("{PRIVATE}a.ics"), &[]).await.expect(404);
    relocate(&server, &format!("MOVE {WORK}"), "/dav/calendars/ada/new/", &[]).await.expect(405);
    assert_eq!(members(&server, WORK).await, ["a.ics", "b.ics"], "nothing has changed");
    let options = server.send(&format!("OPTIONS {WORK}a.ics"), &[], "").await.expect(200);
    assert!(options.header("allow").is_some_and(|allow| allow.contains("COPY, MOVE")));
}
