//! What real clients send, in their own words: headers, prefixes and order as they were recorded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dav::xml::Name;
use dav::xml::name::{APPLE, caldav, calendar_server, dav};

use crate::client::{Answer, Server, event, propfind};

const HOME: &str = "/dav/calendars/ada/";
const WORK: &str = "/dav/calendars/ada/work/";
const ADA: &str = "/dav/principals/ada/";

fn basic() -> String {
    format!("Authorization: Basic {}", STANDARD.encode("ada:pässword"))
}

/// The calendars of a listing of the home.
fn calendars(answer: &Answer) -> Vec<String> {
    let is_calendar =
        |href: &String| answer.property(href, dav("resourcetype")).1.first(caldav("calendar")).is_some();
    answer.hrefs().into_iter().filter(is_calendar).collect()
}

#[tokio::test]
async fn vdirsyncer() {
    let server = Server::new();
    let headers = ["Content-Type: application/xml; charset=UTF-8", "User-Agent: vdirsyncer/0.21"];
    let moved = server
        .send("PROPFIND /.well-known/caldav", &[&headers[..], &["Depth: 0"]].concat(), "")
        .await
        .expect(301);
    let find = |path: &str, prop: &str| {
        (
            format!("PROPFIND {path}"),
            format!("<d:propfind xmlns:d=\"DAV:\"><d:prop>{prop}</d:prop></d:propfind>"),
        )
    };
    let (line, body) = find(moved.header("location").unwrap(), "<d:current-user-principal/>");
    let root = server.send(&line, &["Depth: 0"], &body).await.expect(207);
    assert!(root.text.contains(ADA));
    let (line, body) = find(ADA, "<c:calendar-home-set xmlns:c=\"urn:ietf:params:xml:ns:caldav\" />");
    assert!(server.send(&line, &["Depth: 0"], &body).await.expect(207).text.contains(HOME));
    let (line, body) = find(HOME, "<d:resourcetype />");
    assert_eq!(calendars(&server.send(&line, &["Depth: 1"], &body).await.expect(207)).len(), 3);
    let mkcol = "<?xml version=\"1.0\" encoding=\"utf-8\" ?><mkcol xmlns=\"DAV:\"><set><prop><resourcetype><collection/>\
                 <x:calendar xmlns:x=\"urn:ietf:params:xml:ns:caldav\"/></resourcetype></prop></set></mkcol>";
    server.send(&format!("MKCOL {HOME}vdir/"), &headers, mkcol).await.expect(201);
    let item = format!("{HOME}vdir/a%40b.ics");
    let text = event("a@b", "DTSTART:20260504T120000Z");
    let put = server
        .send(&format!("PUT {item}"), &["Content-Type: text/calendar", "If-None-Match: *"], &text)
        .await
        .expect(201);
    let (line, body) = find(&format!("{HOME}vdir/"), "<d:resourcetype/><d:getcontenttype/><d:getetag/>");
    let items = server.send(&line, &["Depth: 1"], &body).await.expect(207);
    assert_eq!(items.text_of(&item, dav("getetag")), put.header("etag").unwrap());
    assert!(items.text_of(&item, dav("getcontenttype")).starts_with("text/calendar"));
    let multiget = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\" ?><C:calendar-multiget xmlns=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
         <prop><getetag/><C:calendar-data/></prop><href>{}</href></C:calendar-multiget>",
        item.replace("%40", "@")
    );
    let got = server.send(&format!("REPORT {HOME}vdir/"), &headers, &multiget).await.expect(207);
    assert_eq!(got.text_of(&item, caldav("calendar-data")), text);
    let color = "<propertyupdate xmlns=\"DAV:\"><set><prop><calendar-color xmlns=\"http://apple.com/ns/ical/\">#112233</calendar-color></prop></set></propertyupdate>";
    server.send(&format!("PROPPATCH {HOME}vdir/"), &[], color).await.expect(207);
    let (line, body) =
        find(&format!("{HOME}vdir/"), "<x:calendar-color xmlns:x=\"http://apple.com/ns/ical/\"/>");
    let got = server.send(&line, &["Depth: 0"], &body).await.expect(207);
    assert_eq!(got.text_of(&format!("{HOME}vdir/"), Name::new(APPLE, "calendar-color")), "#112233");
    server
        .send(&format!("DELETE {item}"), &[&format!("If-Match: {}", put.header("etag").unwrap())], "")
        .await
        .expect(204);
}

#[tokio::test]
async fn davx5() {
    let server = Server::new();
    let app = [
        "User-Agent: DAVx5/4.4 (at.bitfire.davdroid)",
        "Accept: application/xml, text/xml",
        "Accept-Encoding: gzip, deflate, identity",
    ];
    let options = server
        .send(&format!("OPTIONS {ADA}"), &[&app[..], &["Content-Length: 0"]].concat(), "")
        .await
        .expect(200);
    assert!(options.header("dav").unwrap().contains("calendar-access"));
    let with = "xmlns=\"DAV:\" xmlns:CAL=\"urn:ietf:params:xml:ns:caldav\" xmlns:CS=\"http://calendarserver.org/ns/\" \
                xmlns:n0=\"http://apple.com/ns/ical/\" xmlns:P=\"https://bitfire.at/webdav-push\"";
    let body = format!(
        "<?xml version='1.0' encoding='UTF-8' ?><propfind {with}><prop><current-user-privilege-set /><displayname /><owner /><resourcetype />\
         <P:transports /><P:topic /><n0:calendar-color /><CAL:calendar-description /><CAL:calendar-timezone /><CAL:calendar-timezone-id />\
         <CAL:supported-calendar-component-set /><CS:source /></prop></propfind>"
    );
    let home = server
        .send(&format!("PROPFIND {HOME}"), &[&app[..], &["Depth: 1"]].concat(), &body)
        .await
        .expect(207);
    assert_eq!(calendars(&home).len(), 3);
    assert_eq!(home.property(WORK, calendar_server("source")).0, 404);
    assert_eq!(home.property(WORK, dav("owner")).1.first(dav("href")).unwrap().text(), ADA);
    let make = format!(
        "<?xml version='1.0' encoding='UTF-8' ?><CAL:mkcalendar {with}><set><prop><resourcetype><collection /><CAL:calendar /></resourcetype>\
         <displayname>Phone</displayname><n0:calendar-color>#FF0000FF</n0:calendar-color><CAL:calendar-timezone-id>Europe/Vienna</CAL:calendar-timezone-id>\
         <CAL:supported-calendar-component-set><CAL:comp name=\"VEVENT\" /></CAL:supported-calendar-component-set></prop></set></CAL:mkcalendar>"
    );
    let uuid = format!("{HOME}b7e3b2e0-8b7c-4d7e-9f7e-000000000000/");
    server.send(&format!("MKCALENDAR {uuid}"), &app, &make).await.expect(201);
    server
        .send(
            &format!("PUT {uuid}e.ics"),
            &["If-None-Match: *", "Content-Type: text/calendar; charset=utf-8"],
            &event("e", "DTSTART:20260504T120000Z"),
        )
        .await
        .expect(201);
    let query = format!(
        "<?xml version='1.0' encoding='UTF-8' ?><CAL:calendar-query {with}><prop><getetag /></prop><CAL:filter><CAL:comp-filter name=\"VCALENDAR\">\
         <CAL:comp-filter name=\"VEVENT\"><CAL:time-range start=\"20260204T000000Z\" /></CAL:comp-filter></CAL:comp-filter></CAL:filter></CAL:calendar-query>"
    );
    let found = server.send(&format!("REPORT {uuid}"), &["Depth: 1"], &query).await.expect(207);
    assert_eq!(found.hrefs(), [format!("{uuid}e.ics")]);
    let sync = format!(
        "<sync-collection {with}><sync-token /><sync-level>1</sync-level><prop><getetag /><resourcetype /></prop></sync-collection>"
    );
    let changes = server.send(&format!("REPORT {uuid}"), &["Depth: 0"], &sync).await.expect(207);
    assert_eq!(changes.property(&format!("{uuid}e.ics"), dav("getetag")).0, 200);
    let multiget = format!(
        "<CAL:calendar-multiget {with}><prop><getcontenttype /><getetag /><CAL:schedule-tag /><CAL:calendar-data /></prop><href>{uuid}e.ics</href></CAL:calendar-multiget>"
    );
    let got = server.send(&format!("REPORT {uuid}"), &app, &multiget).await.expect(207);
    assert_eq!(got.property(&format!("{uuid}e.ics"), caldav("schedule-tag")).0, 404);
    assert_eq!(got.property(&format!("{uuid}e.ics"), caldav("calendar-data")).0, 200);
    server.send(&format!("DELETE {uuid}"), &app, "").await.expect(204);
}

#[tokio::test]
async fn apple_calendar() {
    let server = Server::new();
    let app = [
        "User-Agent: macOS/15.0 (24A335) accountsd/113",
        "Accept: */*",
        "Content-Type: text/xml",
        "Brief: t",
        "Prefer: return=minimal",
        "Depth: 0",
    ];
    let first = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<A:propfind xmlns:A=\"DAV:\">\n  <A:prop>\n    <A:current-user-principal/>\n    <A:principal-URL/>\n    <A:resourcetype/>\n  </A:prop>\n</A:propfind>\n";
    // Each kind of request first without credentials.
    for path in ["/", "/principals/", "/dav/"] {
        server.send_as_is(&format!("PROPFIND {path}"), &app, first).await.expect(401);
        let answer = server.send(&format!("PROPFIND {path}"), &app, first).await.expect(207);
        assert_eq!(
            answer.property(path, dav("current-user-principal")).1.first(dav("href")).unwrap().text(),
            ADA
        );
    }
    let listing = "<A:propfind xmlns:A=\"DAV:\"><A:prop><A:add-member/><C:allowed-sharing-modes xmlns:C=\"http://calendarserver.org/ns/\"/>\
        <D:autoprovisioned xmlns:D=\"http://apple.com/ns/ical/\"/><E:bulk-requests xmlns:E=\"http://me.com/_namespace/\"/>\
        <B:calendar-alarm xmlns:B=\"urn:ietf:params:xml:ns:caldav\"/><D:calendar-color xmlns:D=\"http://apple.com/ns/ical/\"/>\
        <A:current-user-privilege-set/><A:displayname/><C:getctag xmlns:C=\"http://calendarserver.org/ns/\"/><A:owner/><A:quota-available-bytes/>\
        <A:resource-id/><A:resourcetype/><B:schedule-calendar-transp xmlns:B=\"urn:ietf:params:xml:ns:caldav\"/>\
        <B:supported-calendar-component-set xmlns:B=\"urn:ietf:params:xml:ns:caldav\"/><A:supported-report-set/><A:sync-token/></A:prop></A:propfind>";
    let headers = [&app[..5], &["Depth: 1"]].concat();
    let home = server.send(&format!("PROPFIND {HOME}"), &headers, listing).await.expect(207);
    assert_eq!(home.hrefs()[0], HOME);
    assert!(!home.text.contains("404"), "minimal leaves out what is not there");
    for name in [
        dav("displayname"),
        calendar_server("getctag"),
        dav("sync-token"),
        caldav("supported-calendar-component-set"),
    ] {
        assert_eq!(home.property(WORK, name).0, 200);
    }
    let make = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<B:mkcalendar xmlns:B=\"urn:ietf:params:xml:ns:caldav\">\n  <A:set xmlns:A=\"DAV:\">\n    <A:prop>\n\
        <D:calendar-order xmlns:D=\"http://apple.com/ns/ical/\">3</D:calendar-order>\n<B:supported-calendar-component-set>\n<B:comp name=\"VEVENT\"/>\n</B:supported-calendar-component-set>\n\
        <D:calendar-color xmlns:D=\"http://apple.com/ns/ical/\" symbolic-color=\"blue\">#1BADF8FF</D:calendar-color>\n\
        <B:schedule-calendar-transp><B:opaque/></B:schedule-calendar-transp>\n<A:displayname>Home</A:displayname>\n    </A:prop>\n  </A:set>\n</B:mkcalendar>\n";
    server.send(&format!("MKCALENDAR {HOME}5C6F/"), &app[..3], make).await.expect(201);
    let color = "<A:propertyupdate xmlns:A=\"DAV:\"><A:set><A:prop><D:calendar-color xmlns:D=\"http://apple.com/ns/ical/\" symbolic-color=\"custom\">#FF0000FF</D:calendar-color></A:prop></A:set></A:propertyupdate>";
    server.send(&format!("PROPPATCH {HOME}5C6F/"), &app[..3], color).await.expect(207);
    let made = server.send(&format!("PROPFIND {HOME}"), &headers, listing).await.expect(207);
    let (_, color) = made.property(&format!("{HOME}5C6F/"), Name::new(APPLE, "calendar-color"));
    assert_eq!((color.text().as_str(), color.attribute("symbolic-color")), ("#FF0000FF", Some("custom")));
    let alarms = "<A:propertyupdate xmlns:A=\"DAV:\"><A:set><A:prop><B:default-alarm-vevent-date xmlns:B=\"urn:ietf:params:xml:ns:caldav\"/></A:prop></A:set></A:propertyupdate>";
    server.send(&format!("PROPPATCH {HOME}"), &app[..3], alarms).await.expect(207);
    let asked = propfind(&["C:default-alarm-vevent-date"]);
    let kept = server.send(&format!("PROPFIND {HOME}"), &headers, &asked).await.expect(207);
    assert_eq!(kept.property(HOME, caldav("default-alarm-vevent-date")).0, 200);
    // Older systems without sync-level.
    let sync = "<A:sync-collection xmlns:A=\"DAV:\"><A:sync-token/><A:prop><A:getetag/><A:getcontenttype/></A:prop></A:sync-collection>";
    server.send(&format!("REPORT {WORK}"), &["Depth: 1"], sync).await.expect(207);
}

#[tokio::test]
async fn thunderbird() {
    let server = Server::new();
    let app = [
        "Accept: text/xml",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Cache-Control: no-cache",
        "Content-Type: text/xml; charset=utf-8",
    ];
    let detect = "<D:propfind xmlns:D='DAV:' xmlns:CS='http://calendarserver.org/ns/' xmlns:C='urn:ietf:params:xml:ns:caldav' xmlns:A='http://apple.com/ns/ical/'>\
        <D:prop><D:resourcetype/><D:owner/><D:displayname/><D:current-user-principal/><D:current-user-privilege-set/><A:calendar-color/><C:calendar-home-set/></D:prop></D:propfind>";
    let at = [&app[..], &["Depth: 0"]].concat();
    server.send_as_is("PROPFIND /dav/", &at, detect).await.expect(401);
    let own = basic();
    let root =
        server.send_as_is("PROPFIND /dav/", &[&at[..], &[own.as_str()]].concat(), detect).await.expect(207);
    assert_eq!(
        root.property("/dav/", caldav("calendar-home-set")).1.first(dav("href")).unwrap().text(),
        HOME
    );
    let home = server
        .send(&format!("PROPFIND {HOME}"), &[&app[..], &["Depth: 1"]].concat(), detect)
        .await
        .expect(207);
    for href in home.hrefs() {
        assert_eq!(home.property(&href, dav("resourcetype")).0, 200, "{href}");
    }
    let text = event("t", "DTSTART:20260504T120000Z");
    let put = server
        .send(
            &format!("PUT {WORK}t%40x.ics"),
            &["If-None-Match: *", "Content-Type: text/calendar; charset=utf-8"],
            &text,
        )
        .await
        .expect(201);
    let sync = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sync-collection xmlns=\"DAV:\"><sync-token/><sync-level>1</sync-level><prop><getcontenttype/><getetag/></prop></sync-collection>";
    let changes =
        server.send(&format!("REPORT {WORK}"), &[&app[..], &["Depth: 1"]].concat(), sync).await.expect(207);
    assert_eq!(changes.hrefs(), [format!("{WORK}t%40x.ics")]);
    let multiget = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<C:calendar-multiget xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop><D:getetag/><C:calendar-data/></D:prop>\
         <D:href>{WORK}t%40x.ics</D:href></C:calendar-multiget>"
    );
    let got = server
        .send(&format!("REPORT {WORK}"), &[&app[..], &["Depth: 1"]].concat(), &multiget)
        .await
        .expect(207);
    assert_eq!(got.text_of(&format!("{WORK}t%40x.ics"), caldav("calendar-data")), text);
    server
        .send(
            &format!("DELETE {WORK}t%40x.ics"),
            &[&format!("If-Match: {}", put.header("etag").unwrap())],
            "",
        )
        .await
        .expect(204);
}

#[tokio::test]
async fn evolution() {
    let server = Server::new();
    let app = ["Cache-Control: no-cache", "Pragma: no-cache", "Connection: close", "Depth: 0"];
    let body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<propfind xmlns=\"DAV:\"><prop><resourcetype/><current-user-principal/><principal-URL/>\
        <C:calendar-home-set xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/><C:calendar-user-address-set xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/></prop></propfind>";
    let principal = server.send(&format!("PROPFIND {ADA}"), &app, body).await.expect(207);
    assert_eq!(principal.property(ADA, caldav("calendar-home-set")).0, 200);
    let make = "<mkcalendar xmlns=\"urn:ietf:params:xml:ns:caldav\" xmlns:D=\"DAV:\"><D:set><D:prop><D:displayname>E</D:displayname><calendar-description>d</calendar-description>\
        <I:calendar-color xmlns:I=\"http://apple.com/ns/ical/\">#3584e4</I:calendar-color><supported-calendar-component-set><comp name=\"VEVENT\"/></supported-calendar-component-set></D:prop></D:set></mkcalendar>";
    server.send(&format!("MKCALENDAR {HOME}evo"), &app[..3], make).await.expect(201);
    let text = event("e", "DTSTART:20260504T120000Z");
    server.send(&format!("PUT {HOME}evo/e.ics"), &["Prefer: return=minimal"], &text).await.expect(201);
    server.send(&format!("PUT {HOME}evo/e.ics"), &["Prefer: return=minimal"], &text).await.expect(204);
    let query = "<C:calendar-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\" xmlns=\"DAV:\"><prop><getetag/></prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\"/></C:comp-filter></C:filter></C:calendar-query>";
    let found = server.send(&format!("REPORT {HOME}evo/"), &["Depth: 1"], query).await.expect(207);
    assert_eq!(found.hrefs(), [format!("{HOME}evo/e.ics")]);
    let search = "<principal-property-search xmlns=\"DAV:\"><property-search><prop><C:calendar-user-address-set xmlns:C=\"urn:ietf:params:xml:ns:caldav\"/></prop>\
        <match>ada@example.org</match></property-search><prop><displayname/></prop></principal-property-search>";
    let found = server.send(&format!("REPORT {HOME}evo/"), &["Depth: 0"], search).await.expect(207);
    assert_eq!(found.hrefs(), [ADA]);
    server.send(&format!("DELETE {HOME}evo/e.ics"), &[], "").await.expect(204);
}

#[tokio::test]
async fn tsdav() {
    let server = Server::new();
    let app = ["Content-Type: text/xml;charset=UTF-8", "Accept: */*"];
    let body = "<d:propfind xmlns:d=\"DAV:\"><d:prop><d:current-user-principal/></d:prop></d:propfind>";
    let moved = server.send("PROPFIND /.well-known/caldav", &app, body).await.expect(301);
    // The redirect is followed without a Depth.
    let root =
        server.send(&format!("PROPFIND {}", moved.header("location").unwrap()), &app, body).await.expect(207);
    assert_eq!(root.hrefs(), ["/dav/"]);
    server.memory.insert("ada/work", "a", &event("a", "DTSTART:20260504T120000Z"));
    let sync = "<d:sync-collection xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:caldav\"><d:sync-level>1</d:sync-level><d:sync-token/>\
        <d:prop><d:getetag/><c:calendar-data/><d:displayname/></d:prop></d:sync-collection>";
    let changes = server.send(&format!("REPORT {WORK}"), &app, sync).await.expect(207);
    assert_eq!(changes.property(&format!("{WORK}a"), caldav("calendar-data")).0, 200);
    assert!(!changes.text.contains("CDATA"));
    let busy = "<c:free-busy-query xmlns:c=\"urn:ietf:params:xml:ns:caldav\"><c:time-range start=\"20260501T000000Z\" end=\"20260601T000000Z\"/></c:free-busy-query>";
    server.send(&format!("REPORT {WORK}"), &app, busy).await.expect(200);
}
