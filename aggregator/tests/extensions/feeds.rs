//! Calendars as one stream: the same octets until something changes, and honest answers about that.

use dav::xml::name::{caldav, calendar_server, dav};

use crate::client::{HOME, PERSONAL, Server, event};

#[tokio::test]
async fn the_same_octets_until_something_changes() {
    let server = Server::new().await;
    let zone = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n\
                TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nUID:UID\r\n\
                DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=X:20260504T090000\r\nSUMMARY:Tea\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    server.put("a.ics", zone.replace("UID:UID", "UID:a")).await;
    server.put("b.ics", zone.replace("UID:UID", "UID:b")).await;
    let line = format!("GET {PERSONAL}");
    let first = server.send(&line, &[], "").await.expect(200);
    let text = first.text();
    assert_eq!(first.header("content-type"), Some("text/calendar; charset=utf-8"));
    assert_eq!((text.matches("BEGIN:VEVENT").count(), text.matches("BEGIN:VTIMEZONE").count()), (2, 1));
    for part in ["X-WR-CALNAME:", "NAME:", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let (tag, since) =
        (first.header("etag").unwrap().to_owned(), first.header("last-modified").unwrap().to_owned());
    server.wait(100);
    let again = server.send(&line, &[], "").await.expect(200);
    assert_eq!(
        (again.text(), again.header("etag"), again.header("last-modified")),
        (text, Some(&*tag), Some(&*since))
    );
    let (none_match, modified) = (format!("If-None-Match: {tag}"), format!("If-Modified-Since: {since}"));
    for headers in [vec![none_match.as_str()], vec![&*modified], vec![&*none_match, &*modified]] {
        assert_eq!(server.send(&line, &headers, "").await.status, 304, "{headers:?}");
    }
    let head = server.send(&format!("HEAD {PERSONAL}"), &[], "").await.expect(200);
    assert_eq!((head.header("etag"), head.octets.len()), (Some(&*tag), 0));

    // A removal is a change too, and so is a name.
    server.send(&format!("DELETE {PERSONAL}a.ics"), &[], "").await.expect(204);
    for headers in [[none_match.as_str()], [&*modified]] {
        assert_eq!(server.send(&line, &headers, "").await.status, 200, "{headers:?}");
    }
    let tag = server.send(&line, &[], "").await.header("etag").unwrap().to_owned();
    let body = "<propertyupdate xmlns='DAV:' xmlns:I='http://apple.com/ns/ical/'><set><prop><displayname>Mine, all</displayname>\
                <I:calendar-color>#FF0000FF</I:calendar-color></prop></set></propertyupdate>";
    server.wait(100);
    server.send(&format!("PROPPATCH {PERSONAL}"), &[], body).await.expect(207);
    let named = server.send(&line, &[&format!("If-None-Match: {tag}")], "").await.expect(200).text();
    for part in ["X-WR-CALNAME:Mine\\, all", "COLOR:red", "X-APPLE-CALENDAR-COLOR:#FF0000FF"] {
        assert!(named.contains(part), "{part} in {named}");
    }
}

#[tokio::test]
async fn the_union_is_a_stream_too() {
    let server = Server::new().await;
    server.put("a.ics", event("a", "SUMMARY:Tea")).await;
    let all = server.send(&format!("GET {HOME}unified/"), &[], "").await.expect(200);
    assert!(all.text().contains("SUMMARY:Tea") && all.header("etag").is_some());
}

#[tokio::test]
async fn a_subscribed_calendar_is_kept_and_listed() {
    let server = Server::new().await;
    let body = "<mkcol xmlns='DAV:' xmlns:CS='http://calendarserver.org/ns/'><set><prop>\
                <resourcetype><collection/><CS:subscribed/></resourcetype><displayname>Holidays</displayname>\
                <CS:source><href>https://example.com/holidays.ics</href></CS:source><CS:subscribed-strip-alarms/>\
                </prop></set></mkcol>";
    server.send(&format!("MKCOL {HOME}holidays/"), &[], body).await.expect(201);
    let (_, kind) = server.property(&format!("{HOME}holidays/"), dav("resourcetype")).await;
    assert!(kind.first(calendar_server("subscribed")).is_some() && kind.first(caldav("calendar")).is_none());
    let (_, source) = server.property(&format!("{HOME}holidays/"), calendar_server("source")).await;
    assert_eq!(source.first(dav("href")).unwrap().text(), "https://example.com/holidays.ics");
    let strip =
        server.property(&format!("{HOME}holidays/"), calendar_server("subscribed-strip-alarms")).await;
    assert_eq!(strip.0, 200);
    let (_, kind) = server.property(PERSONAL, dav("resourcetype")).await;
    assert!(kind.first(caldav("calendar")).is_some());
    let (_, sets) = server.property(HOME, caldav("supported-calendar-component-sets")).await;
    assert_eq!(sets.all(caldav("supported-calendar-component-set")).count(), 4);
    let (_, allowed) = server.property(HOME, calendar_server("allowed-calendar-component-set")).await;
    assert_eq!(allowed.all(caldav("comp")).count(), 3);
}
