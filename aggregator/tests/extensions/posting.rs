//! POST of new objects: one that the calendar names (RFC 5995), and many at once (calendarserver.org).

use calendar::collection::EntityTag;
use dav::xml::Element;
use dav::xml::name::{caldav, calendar_server, dav, me};

use crate::client::{HOME, PERSONAL, Server, event};

const TEXT: &str = "Content-Type: text/calendar";

#[tokio::test]
async fn the_calendar_names_a_new_object() {
    let server = Server::new().await;
    let (_, property) = server.property(PERSONAL, dav("add-member")).await;
    let address = property.first(dav("href")).unwrap().text();
    assert_eq!(
        server.property(&format!("{HOME}unified/"), dav("add-member")).await.0,
        404,
        "nothing is added there"
    );
    let made =
        server.send(&format!("POST {address}"), &[TEXT], event("a b", "SUMMARY:Tea")).await.expect(201);
    let location = made.header("location").unwrap().to_owned();
    assert!(location.starts_with(PERSONAL), "{location}");
    assert_eq!(made.header("content-location"), None);
    let read = server.send(&format!("GET {location}"), &[], "").await.expect(200);
    assert_eq!(read.header("etag"), made.header("etag"));
    // Another with a name that is taken gets another one.
    server.put("c.ics", event("other", "SUMMARY:x")).await;
    let made = server.send(&format!("POST {address}"), &[TEXT], event("c", "SUMMARY:Tea")).await.expect(201);
    assert_eq!(made.header("location"), Some(format!("{PERSONAL}c-1.ics").as_str()));
    let again = server.send(&format!("POST {address}"), &[TEXT], event("c", "SUMMARY:Tea")).await;
    again.expect_condition(403, caldav("no-uid-conflict"));
    let shown = server
        .send(&format!("POST {address}"), &[TEXT, "Prefer: return=representation"], event("d", "SUMMARY:Tea"))
        .await
        .expect(201);
    assert!(shown.text().contains("SUMMARY:Tea") && shown.header("location").is_some());
    let wrong = server.send(&format!("POST {address}"), &["Content-Type: text/plain"], "x").await;
    wrong.expect_condition(403, caldav("supported-calendar-data"));
    let wrong = server.send(&format!("POST {address}"), &[TEXT], "x").await;
    wrong.expect_condition(403, caldav("valid-calendar-data"));
}

fn response<'a>(xml: &'a Element, uid: &str) -> &'a Element {
    let has = |element: &Element| {
        let own = element.first(calendar_server("uid"));
        let inner = element.first(dav("propstat")).and_then(|part| part.first(dav("prop")));
        own.or_else(|| inner.and_then(|prop| prop.first(calendar_server("uid"))))
            .is_some_and(|own| own.text() == uid)
    };
    xml.all(dav("response")).find(|element| has(element)).unwrap()
}

#[tokio::test]
async fn many_objects_in_one_stream() {
    let server = Server::new().await;
    let (_, limits) = server.property(PERSONAL, me("bulk-requests")).await;
    let simple = limits.first(me("simple")).unwrap();
    assert_eq!(simple.first(me("max-resources")).unwrap().text(), "1000");
    assert!(limits.first(me("crud")).unwrap().first(me("max-bytes")).is_some());
    server.put("taken.ics", event("taken", "SUMMARY:old")).await;
    let inner = |uid: &str| {
        let text = event(uid, "SUMMARY:new");
        let from = text.find("BEGIN:VEVENT").unwrap();
        text[from..text.find("END:VCALENDAR").unwrap()].to_owned()
    };
    let stream = format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n{}{}{}END:VCALENDAR\r\n",
        inner("one"),
        inner("two"),
        inner("taken")
    );
    let answer = server.send(&format!("POST {PERSONAL}"), &[TEXT], &stream).await.expect(207);
    let xml = answer.xml();
    assert_eq!(xml.all(dav("response")).count(), 3);
    for uid in ["one", "two"] {
        let made = response(&xml, uid);
        let prop = made.first(dav("propstat")).unwrap().first(dav("prop")).unwrap();
        let href = made.first(dav("href")).unwrap().text();
        let read = server.send(&format!("GET {href}"), &[], "").await.expect(200);
        assert_eq!(read.header("etag"), Some(prop.first(dav("getetag")).unwrap().text().as_str()));
    }
    let refused = response(&xml, "taken");
    assert!(refused.first(dav("error")).unwrap().first(caldav("no-uid-conflict")).is_some());
    assert!(server.get("taken.ics").await.contains("SUMMARY:old"));
    server.send(&format!("POST {PERSONAL}"), &[TEXT], "BEGIN:VCALENDAR\r\n").await.expect(403);
}

#[tokio::test]
async fn made_changed_and_removed_in_one_list() {
    let server = Server::new().await;
    let tag = server.put("old.ics", event("old", "SUMMARY:1")).await.unwrap();
    server.put("gone.ics", event("gone", "SUMMARY:1")).await;
    let data = |uid: &str, tag: &str| {
        let condition = if tag.is_empty() {
            String::new()
        } else {
            format!("<M:if-match><getetag>{tag}</getetag></M:if-match>")
        };
        let text = event(uid, "SUMMARY:2");
        format!("{condition}<set><prop><C:calendar-data>{text}</C:calendar-data></prop></set>")
    };
    let body = format!(
        "<M:multiput xmlns:M='http://me.com/_namespace/' xmlns='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'>\
         <M:resource>{}</M:resource>\
         <M:resource><href>{PERSONAL}old.ics</href>{}</M:resource>\
         <M:resource><href>{PERSONAL}old.ics</href>{}</M:resource>\
         <M:resource><href>{PERSONAL}gone.ics</href><M:delete/></M:resource>\
         <M:resource><href>/dav/calendars/ada/unified/x.ics</href><M:delete/></M:resource></M:multiput>",
        data("new", ""),
        data("old", &tag),
        data("old", &tag)
    );
    let answer =
        server.send(&format!("POST {PERSONAL}"), &["Content-Type: application/xml"], &body).await.expect(207);
    let statuses: Vec<String> = answer
        .xml()
        .all(dav("response"))
        .map(|response| {
            let part = response.first(dav("propstat")).unwrap_or(response);
            part.first(dav("status")).unwrap().text()
        })
        .collect();
    let ok = "HTTP/1.1 200 OK";
    assert_eq!(statuses, [ok, ok, "HTTP/1.1 412 Precondition Failed", ok, "HTTP/1.1 400 Bad Request"]);
    assert!(server.get("old.ics").await.contains("SUMMARY:2\r\n"));
    assert!(server.get("new.ics").await.contains("UID:new\r\n"));
    server.send(&format!("GET {PERSONAL}gone.ics"), &[], "").await.expect(404);
    assert_ne!(tag, EntityTag(String::new()).quoted());
}
