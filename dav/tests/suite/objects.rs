//! GET, PUT, DELETE of objects and calendars.

use dav::xml::name::{caldav, dav};

use crate::client::{Server, event, object};

const LUNCH: &str = "/dav/calendars/ada/work/lunch.ics";

fn lunch() -> String {
    event("lunch", "DTSTART:20260504T120000Z|DTEND:20260504T130000Z|SUMMARY:Lunch|X-KEPT;X-P=\"a:b\":yes")
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_stored() {
    let server = Server::new();
    let put =
        server.send(&format!("PUT {LUNCH}"), &["Content-Type: text/calendar"], &lunch()).await.expect(201);
    let tag = put.header("etag").unwrap().to_owned();
    let got = server.send(&format!("GET {LUNCH}"), &[], "").await.expect(200);
    assert_eq!(got.text, lunch());
    assert_eq!(got.header("etag"), Some(tag.as_str()));
    assert_eq!(got.header("content-type"), Some("text/calendar; charset=utf-8; component=vevent"));
    assert_eq!(got.header("last-modified"), Some("Mon, 04 May 2026 08:00:00 GMT"));
    assert_eq!(got.header("content-length"), Some(lunch().len().to_string().as_str()));
    let head = server.send(&format!("HEAD {LUNCH}"), &[], "").await.expect(200);
    assert_eq!((head.text.as_str(), head.header("content-length")), ("", got.header("content-length")));
}

#[tokio::test]
async fn reading_with_conditions() {
    let server = Server::new();
    let put = server.send(&format!("PUT {LUNCH}"), &[], &lunch()).await.expect(201);
    let tag = put.header("etag").unwrap();
    for (header, status) in [
        (format!("If-None-Match: {tag}"), 304),
        (format!("If-None-Match: W/{tag}, \"other\""), 304),
        ("If-None-Match: *".to_owned(), 304),
        ("If-None-Match: \"other\"".to_owned(), 200),
        (format!("If-Match: \"other\", {tag}"), 200),
        ("If-Match: \"other\"".to_owned(), 412),
        ("If-Modified-Since: Mon, 04 May 2026 08:00:00 GMT".to_owned(), 304),
        ("If-Modified-Since: Mon, 04 May 2026 07:59:59 GMT".to_owned(), 200),
        ("If-Modified-Since: yesterday".to_owned(), 200),
        ("If-Unmodified-Since: Mon, 04 May 2026 07:59:59 GMT".to_owned(), 412),
    ] {
        let got = server.send(&format!("GET {LUNCH}"), &[&header], "").await;
        assert_eq!(got.status.as_u16(), status, "{header}");
        assert!(status != 304 || (got.text.is_empty() && got.header("etag") == Some(tag)), "{header}");
    }
}

#[tokio::test]
async fn writing_with_conditions() {
    let server = Server::new();
    let put = format!("PUT {LUNCH}");
    server.send(&put, &["If-Match: *"], &lunch()).await.expect(412);
    let made = server.send(&put, &["If-None-Match: *"], &lunch()).await.expect(201);
    let first = made.header("etag").unwrap().to_owned();
    server.send(&put, &["If-None-Match: *"], &lunch()).await.expect(412);
    let later = lunch().replace("120000Z", "123000Z");
    server.send(&put, &["If-Match: \"other\""], &later).await.expect(412);
    server.send(&put, &[&format!("If-Match: W/{first}")], &later).await.expect(412);
    let changed = server.send(&put, &[&format!("If-Match: \"x\", {first}")], &later).await.expect(204);
    assert_ne!(changed.header("etag"), Some(first.as_str()));
    let delete = format!("DELETE {LUNCH}");
    server.send(&delete, &[&format!("If-Match: {first}")], "").await.expect(412);
    server.send(&delete, &["If-Schedule-Tag-Match: \"x\""], "").await.expect(412);
    server.send(&delete, &[&format!("If-Match: {}", changed.header("etag").unwrap())], "").await.expect(204);
    server.send(&delete, &[], "").await.expect(404);
    server.send(&delete, &["If-Match: *"], "").await.expect(412);
    server.send(&format!("GET {LUNCH}"), &[], "").await.expect(404);
}

#[tokio::test]
async fn no_entity_tag_where_the_octets_were_changed() {
    let server = Server::new();
    let text = event("rewritten", "DTSTART:20260504T120000Z");
    let put = server.send(&format!("PUT {LUNCH}"), &[], &text).await.expect(201);
    assert_eq!(put.header("etag"), None);
}

#[tokio::test]
async fn names_are_the_clients() {
    let server = Server::new();
    for (nth, name) in ["a%40b%3A%2F.ics", "%F0%9F%8D%B0", "%3Cx%3E%26%22", "a%20b+c"].into_iter().enumerate()
    {
        let path = format!("/dav/calendars/ada/work/{name}");
        let text = event(&format!("uid-{nth}"), "DTSTART:20260504T120000Z");
        server.send(&format!("PUT {path}"), &[], &text).await.expect(201);
        let got = server.send(&format!("GET {}", path.replace("%40", "@")), &[], "").await.expect(200);
        assert_eq!(got.text, text, "{name}");
    }
    let listed = server.send("PROPFIND /dav/calendars/ada/work/", &["Depth: 1"], "").await.expect(207);
    assert_eq!(
        listed.hrefs(),
        [
            "/dav/calendars/ada/work/",
            "/dav/calendars/ada/work/%3Cx%3E%26%22",
            "/dav/calendars/ada/work/a%20b%2Bc",
            "/dav/calendars/ada/work/a%40b%3A%2F.ics",
            "/dav/calendars/ada/work/%F0%9F%8D%B0",
        ]
    );
}

#[tokio::test]
async fn what_a_put_may_hold() {
    let server = Server::new();
    let put = format!("PUT {LUNCH}");
    let two = event("a", "DTSTART:20260504T120000Z").replace(
        "END:VCALENDAR",
        "BEGIN:VEVENT\r\nUID:b\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260505T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR",
    );
    for (name, headers, body, condition) in [
        ("a type", vec!["Content-Type: text/plain"], lunch(), caldav("supported-calendar-data")),
        (
            "a charset",
            vec!["Content-Type: text/calendar; charset=utf-16"],
            lunch(),
            caldav("supported-calendar-data"),
        ),
        ("nonsense", vec![], "hello".to_owned(), caldav("valid-calendar-data")),
        ("nothing", vec![], String::new(), caldav("valid-calendar-data")),
        ("two uids", vec![], two, caldav("valid-calendar-object-resource")),
        (
            "size",
            vec![],
            event("big", &format!("SUMMARY:{}", "x".repeat(100_000))),
            caldav("max-resource-size"),
        ),
        (
            "kind",
            vec![],
            object("VAVAILABILITY", "v", "DTSTART:20260504T120000Z"),
            caldav("supported-calendar-component"),
        ),
    ] {
        let answer = server.send(&put, &headers, &body).await;
        assert_eq!(answer.status.as_u16(), 403, "{name}: {}", answer.text);
        answer.expect_condition(403, condition);
    }
    server.send(&put, &["Content-Range: bytes 0-1/2"], &lunch()).await.expect(400);
    server.send(&put, &["Content-Encoding: gzip"], &lunch()).await.expect(415);
    for media in ["Text/Calendar; charset=\"UTF-8\"; component=VEVENT", "application/octet-stream"] {
        let answer = server.send(&put, &[&format!("Content-Type: {media}")], &lunch()).await;
        assert!(answer.status.is_success(), "{media}: {}", answer.text);
    }
}

#[tokio::test]
async fn a_uid_that_another_object_has() {
    let server = Server::new();
    server.send(&format!("PUT {LUNCH}"), &[], &lunch()).await.expect(201);
    let answer = server.send("PUT /dav/calendars/ada/work/other.ics", &[], &lunch()).await;
    let answer = answer.expect_condition(403, caldav("no-uid-conflict"));
    let conflict = answer.xml().first(caldav("no-uid-conflict")).cloned().unwrap();
    assert_eq!(conflict.first(dav("href")).unwrap().text(), LUNCH);
}

#[tokio::test]
async fn what_may_not_be_written() {
    let server = Server::new();
    let put = server.send("PUT /dav/calendars/ada/holidays/x.ics", &[], &lunch()).await;
    let put = put.expect_condition(403, dav("need-privileges"));
    let xml = put.xml();
    let resource = xml.first(dav("need-privileges")).unwrap().first(dav("resource")).unwrap();
    assert_eq!(resource.first(dav("href")).unwrap().text(), "/dav/calendars/ada/holidays/x.ics");
    assert!(resource.first(dav("privilege")).unwrap().first(dav("write-content")).is_some());
    server
        .send("DELETE /dav/calendars/ada/holidays/", &[], "")
        .await
        .expect_condition(403, dav("need-privileges"));
    server.send("PUT /dav/calendars/ada/nowhere/x.ics", &[], &lunch()).await.expect(409);
    server.send("PUT /dav/calendars/ada/a/b/c/d", &[], &lunch()).await.expect(409);
    server.send("PUT /dav/calendars/bob/home/x.ics", &[], &lunch()).await.expect(409);
    let not_here = server.send("PUT /dav/calendars/ada/work/", &[], &lunch()).await.expect(405);
    assert_eq!(
        not_here.header("allow"),
        Some(
            "OPTIONS, GET, HEAD, POST, DELETE, PROPFIND, PROPPATCH, MKCALENDAR, MKCOL, LOCK, UNLOCK, ACL, REPORT"
        )
    );
    server.send("COPY /dav/calendars/ada/work/", &[], "").await.expect(405);
    server.send("LOCK /dav/principals/ada/", &[], "").await.expect(405);
    server.send("DELETE /dav/calendars/ada/", &[], "").await.expect(405);
}

#[tokio::test]
async fn a_calendar_as_a_feed() {
    let server = Server::new();
    for nth in 0..250 {
        let text = event(&format!("u{nth}"), "DTSTART;TZID=Own:20260504T120000|SUMMARY:Grüße").replace(
            "BEGIN:VEVENT",
            "BEGIN:VTIMEZONE\r\nTZID:Own\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT",
        );
        server.memory.insert("ada/work", &format!("{nth}.ics"), &text);
    }
    let got = server.send("GET /dav/calendars/ada/work/", &[], "").await.expect(200);
    assert_eq!(got.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!(got.frames, 3);
    assert_eq!(got.text.matches("BEGIN:VEVENT").count(), 250);
    assert_eq!(got.text.matches("BEGIN:VTIMEZONE").count(), 1);
    assert!(got.text.starts_with("BEGIN:VCALENDAR\r\n") && got.text.ends_with("END:VCALENDAR\r\n"));
    let tag = got.header("etag").unwrap();
    server.send("GET /dav/calendars/ada/work/", &[&format!("If-None-Match: {tag}")], "").await.expect(304);
    server.memory.insert("ada/work", "new.ics", &lunch());
    server.send("GET /dav/calendars/ada/work/", &[&format!("If-None-Match: {tag}")], "").await.expect(200);
}

#[tokio::test]
async fn a_calendar_is_deleted_with_204() {
    let server = Server::new();
    server.send("DELETE /dav/calendars/ada/work/", &["Depth: infinity"], "").await.expect(204);
    server.send("PROPFIND /dav/calendars/ada/work/", &["Depth: 0"], "").await.expect(404);
    server.send("DELETE /dav/calendars/ada/work/", &[], "").await.expect(404);
}

#[tokio::test]
async fn collections_are_not_made_just_anywhere() {
    let server = Server::new();
    for (line, status) in [
        ("MKCOL /dav/calendars/ada/work/sub/", 403),
        ("MKCOL /dav/calendars/ada/work/sub/sub/", 409),
        ("MKCALENDAR /dav/calendars/ada/work/sub/sub/", 403),
        ("MKCOL /dav/calendars/ada/", 403),
    ] {
        server.send(line, &[], "").await.expect(status);
    }
    let line = "MKCOL /dav/calendars/ada/new/";
    server.send(line, &["Content-Type: text/x-other"], "afafafaf").await.expect(415);
    server.send(line, &["Content-Type: application/xml"], "afafafaf").await.expect(400);
    server.send(line, &[], "afafafaf").await.expect(400);
}
