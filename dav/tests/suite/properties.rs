//! PROPFIND, PROPPATCH, MKCALENDAR, MKCOL.

use dav::property::{Shown, table};
use dav::xml::name::{APPLE, caldav, calendar_server, dav};
use dav::xml::{Element, Name};

use crate::backend::Memory;
use crate::client::{Server, document, event, propfind, status};

const WORK: &str = "/dav/calendars/ada/work/";

fn apple(local: &str) -> Name<'_> {
    Name::new(APPLE, local)
}

async fn patch(server: &Server, inner: &str) -> crate::client::Answer {
    server.send(&format!("PROPPATCH {WORK}"), &[], &document("D:propertyupdate", inner)).await
}

#[tokio::test]
async fn a_calendar_tells_what_clients_ask() {
    let server = Server::new();
    let body = propfind(&[
        "D:supported-report-set",
        "C:supported-calendar-component-set",
        "CS:getctag",
        "D:sync-token",
        "D:current-user-privilege-set",
        "C:max-resource-size",
        "C:supported-calendar-data",
        "X",
        "D:getetag",
        "C:supported-collation-set",
        "C:calendar-data",
        "D:quota-used-bytes",
    ])
    .replace("<X/>", "<x:y xmlns:x=\"urn:x\"/><none/>");
    let answer = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &body).await.expect(207);
    let (_, reports) = answer.property(WORK, dav("supported-report-set"));
    let reports: Vec<String> = reports
        .elements()
        .map(|report| report.first(dav("report")).unwrap().elements().next().unwrap().name().local.to_owned())
        .collect();
    assert_eq!(
        reports,
        [
            "calendar-query",
            "calendar-multiget",
            "free-busy-query",
            "sync-collection",
            "expand-property",
            "acl-principal-prop-set",
            "principal-match",
            "calendarserver-principal-search",
            "principal-property-search",
            "principal-search-property-set"
        ]
    );
    let (_, components) = answer.property(WORK, caldav("supported-calendar-component-set"));
    let components: Vec<&str> = components.elements().filter_map(|comp| comp.attribute("name")).collect();
    assert_eq!(components, ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY"]);
    assert_eq!(answer.text_of(WORK, calendar_server("getctag")), "cafe-1");
    assert_eq!(answer.text_of(WORK, dav("sync-token")), "urn:kalends:sync:cafe-1");
    assert_eq!(answer.text_of(WORK, caldav("max-resource-size")), "100000");
    let (_, privileges) = answer.property(WORK, dav("current-user-privilege-set"));
    for name in ["all", "write", "write-content", "write-properties", "bind", "unbind", "read"] {
        assert!(privileges.elements().any(|privilege| privilege.first(dav(name)).is_some()), "{name}");
    }
    // What is not there is told as such, whatever its name.
    for name in [
        dav("getetag"),
        dav("quota-used-bytes"),
        caldav("calendar-data"),
        Name::new("urn:x", "y"),
        Name::new("", "none"),
    ] {
        assert_eq!(answer.property(WORK, name).0, 404, "{name:?}");
    }
    let minimal =
        server.send(&format!("PROPFIND {WORK}"), &["Depth: 0", "Brief: t"], &body).await.expect(207);
    assert_eq!(minimal.response(WORK).all(dav("propstat")).count(), 1);
    assert!(!minimal.text.contains("404"));
}

#[tokio::test]
async fn a_reader_is_told_so() {
    let server = Server::new();
    let body = propfind(&["D:current-user-privilege-set"]);
    let path = "/dav/calendars/ada/holidays/";
    let answer = server.send(&format!("PROPFIND {path}"), &["Depth: 0"], &body).await.expect(207);
    let (_, privileges) = answer.property(path, dav("current-user-privilege-set"));
    let names: Vec<&str> = privileges.elements().map(|p| p.elements().next().unwrap().name().local).collect();
    assert_eq!(names, ["read", "read-free-busy", "read-current-user-privilege-set"]);
}

#[tokio::test]
async fn depth_and_body() {
    let server = Server::new();
    server.memory.insert("ada/work", "a.ics", &event("a", "DTSTART:20260504T120000Z"));
    let find = format!("PROPFIND {WORK}");
    server.send(&find, &["Depth: infinity"], "").await.expect_condition(403, dav("propfind-finite-depth"));
    server.send(&find, &["Depth: 2"], "").await.expect(400);
    assert_eq!(server.send(&find, &[], "").await.expect(207).hrefs(), [WORK]);
    let object = server.send(&format!("{find}a.ics"), &["Depth: infinity"], "").await.expect(207);
    assert_eq!(object.hrefs(), [format!("{WORK}a.ics")]);
    for body in [
        "<D:propfind xmlns:D=\"DAV:\"/>",
        "<propfind/>",
        "<D:propfind",
        "<!DOCTYPE x><D:propfind xmlns:D=\"DAV:\"><D:prop/></D:propfind>",
        "<D:propfind xmlns:D=\"DAV:\"><D:prop><x:y/></D:prop></D:propfind>",
        "nonsense",
    ] {
        let answer = server.send(&find, &["Depth: 0"], body).await.expect(400);
        assert!(answer.xml().is(dav("error")), "{body}");
    }
    let bom = format!("\u{feff}{}", propfind(&["D:displayname"]));
    assert_eq!(
        server.send(&find, &["Depth: 0"], &bom).await.expect(207).text_of(WORK, dav("displayname")),
        "work"
    );
}

#[tokio::test]
async fn allprop_propname_include() {
    let server = Server::new();
    patch(&server, "<D:set><D:prop><I:calendar-order>7</I:calendar-order></D:prop></D:set>")
        .await
        .expect(207);
    let all = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], "").await.expect(207);
    for name in [dav("resourcetype"), dav("displayname"), dav("creationdate"), apple("calendar-order")] {
        assert_eq!(all.property(WORK, name).0, 200, "{name:?}");
    }
    assert!(!all.text.contains("sync-token") && !all.text.contains("404"));
    assert_eq!(all.text_of(WORK, dav("creationdate")), "2026-05-04T08:00:00Z");
    let body = document("D:propfind", "<D:allprop/><D:include><D:sync-token/><D:displayname/></D:include>");
    let include = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &body).await.expect(207);
    assert_eq!(include.property(WORK, dav("sync-token")).0, 200);
    assert_eq!(include.text.matches("<D:displayname>").count(), 1);
    let names = document("D:propfind", "<D:propname/>");
    let names = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &names).await.expect(207);
    for name in [dav("sync-token"), apple("calendar-order"), caldav("supported-calendar-data")] {
        let (status, property) = names.property(WORK, name);
        assert!(status == 200 && property.children.is_empty(), "{name:?}");
    }
}

#[tokio::test]
async fn every_property_of_every_kind_can_be_asked_for() {
    let server = Server::new();
    server.memory.insert("ada/work", "a.ics", &event("a", "DTSTART:20260504T120000Z"));
    let mut prop = Element::named(dav("prop"));
    let rows: Vec<_> = table::all().filter(|row| row.shown != Shown::Reported).collect();
    prop.children.extend(rows.iter().map(|row| dav::xml::Node::Element(Element::named(row.name))));
    let mut root = Element::named(dav("propfind"));
    root.children.push(dav::xml::Node::Element(prop));
    let body = root.standing_alone();
    let object = format!("{WORK}a.ics");
    for path in
        ["/", "/dav/", "/dav/principals/", "/dav/principals/ada/", "/dav/calendars/ada/", WORK, &object]
    {
        let answer = server.send(&format!("PROPFIND {path}"), &["Depth: 0"], &body).await.expect(207);
        for row in &rows {
            let (status, _) = answer.property(path, row.name);
            assert!([200, 404].contains(&status), "{path} {:?}", row.name);
        }
    }
}

#[tokio::test]
async fn ten_thousand_members_stream() {
    let mut memory = Memory::new();
    memory.page_members = 500;
    for nth in 0..10_000 {
        memory.insert(
            "ada/work",
            &format!("{nth:05}.ics"),
            &event(&format!("u{nth}"), "DTSTART:20260504T120000Z"),
        );
    }
    let server = Server::over(memory);
    let body = propfind(&["D:getetag", "D:getcontenttype", "D:resourcetype"]);
    let answer = server.send(&format!("PROPFIND {WORK}"), &["Depth: 1"], &body).await.expect(207);
    assert_eq!((answer.frames, server.pages()), (20, 20));
    assert_eq!(answer.text.matches("<D:response>").count(), 10_001);
    assert!(answer.text.ends_with("</D:multistatus>"));
    assert!(answer.text.contains("<D:href>/dav/calendars/ada/work/09999.ics</D:href>"));
}

#[tokio::test]
async fn pages_are_made_as_they_are_taken() {
    use http_body_util::BodyExt;
    let memory = std::sync::Arc::new(Memory { page_members: 10, ..Memory::new() });
    for nth in 0..100 {
        memory.insert(
            "ada/work",
            &format!("{nth:03}.ics"),
            &event(&format!("u{nth}"), "DTSTART:20260504T120000Z"),
        );
    }
    let service = dav::service::Service::new(memory.clone());
    let request = http::Request::builder()
        .method("PROPFIND")
        .uri(WORK)
        .header("Depth", "1")
        .header("Authorization", "Basic YWRhOnDDpHNzd29yZA==")
        .body(bytes::Bytes::new())
        .unwrap();
    let mut body = service.handle(request).await.into_body();
    let pages = || memory.pages.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(pages(), 1);
    body.frame().await.unwrap().unwrap();
    body.frame().await.unwrap().unwrap();
    assert_eq!(pages(), 2);
}

#[tokio::test]
async fn a_listing_that_fails_is_not_taken_for_whole() {
    let mut memory = Memory { page_members: 1, ..Memory::new() };
    memory.fails_late = true;
    for uid in ["a", "b"] {
        memory.insert("ada/work", uid, &event(uid, "DTSTART:20260504T120000Z"));
    }
    let server = Server::over(memory);
    let answer = server.send(&format!("PROPFIND {WORK}"), &["Depth: 1"], "").await.expect(207);
    assert!(Element::read(answer.text.as_bytes()).is_err());
}

#[tokio::test]
async fn dead_properties_are_kept_as_they_are() {
    let server = Server::new();
    let set = "<D:set xml:lang=\"de\"><D:prop>\
        <I:calendar-color symbolic-color=\"custom\">#FF2968FF</I:calendar-color>\
        <q:deep xmlns:q=\"urn:q\" xmlns:r=\"urn:r\" q:a=\"1\" r:b=\"&quot;&#10;\"><q:in>r:value &lt;&amp;</q:in><in/></q:deep>\
        <plain>Grüße &#x1F370;</plain></D:prop></D:set>";
    patch(&server, set).await.expect(207);
    let body =
        document("D:propfind", "<D:prop><I:calendar-color/><q:deep xmlns:q=\"urn:q\"/><plain/></D:prop>");
    let answer = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &body).await.expect(207);
    let (_, color) = answer.property(WORK, apple("calendar-color"));
    assert_eq!((color.text().as_str(), color.attribute("symbolic-color")), ("#FF2968FF", Some("custom")));
    assert_eq!(color.language.as_deref(), Some("de"));
    let (_, deep) = answer.property(WORK, Name::new("urn:q", "deep"));
    assert_eq!(
        deep.attributes
            .iter()
            .map(|a| (&*a.namespace, a.local.as_str(), a.value.as_str()))
            .take(2)
            .collect::<Vec<_>>(),
        [("http://www.w3.org/XML/1998/namespace", "lang", "de"), ("urn:q", "a", "1")]
    );
    assert_eq!(deep.attributes[2].value, "\"\n");
    assert_eq!(deep.first(Name::new("urn:q", "in")).unwrap().text(), "r:value <&");
    assert!(deep.first(Name::new("", "in")).is_some());
    assert!(answer.text.contains("xmlns:r=\"urn:r\""), "{}", answer.text);
    assert_eq!(answer.text_of(WORK, Name::new("", "plain")), "Grüße 🍰");
    // The new value replaces the old one, attribute and all.
    patch(&server, "<D:set><D:prop><I:calendar-color>#00FF00</I:calendar-color></D:prop></D:set>")
        .await
        .expect(207);
    patch(&server, "<D:remove><D:prop><plain/><never/></D:prop></D:remove>").await.expect(207);
    let answer = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &body).await.expect(207);
    let (_, color) = answer.property(WORK, apple("calendar-color"));
    assert_eq!((color.text().as_str(), color.attribute("symbolic-color")), ("#00FF00", None));
    assert_eq!(answer.property(WORK, Name::new("", "plain")).0, 404);
}

#[tokio::test]
async fn proppatch_is_all_or_nothing() {
    let server = Server::new();
    let both = "<D:set><D:prop><D:displayname>New</D:displayname><D:getetag>x</D:getetag></D:prop></D:set>\
                <D:remove><D:prop><I:calendar-order/></D:prop></D:remove>";
    let answer = patch(&server, both).await.expect(207);
    assert_eq!(answer.property(WORK, dav("displayname")).0, 424);
    assert_eq!(answer.property(WORK, apple("calendar-order")).0, 424);
    assert_eq!(answer.property(WORK, dav("getetag")).0, 403);
    let response = answer.response(WORK);
    let refused = response.all(dav("propstat")).find(|propstat| status(propstat) == 403).unwrap();
    assert!(refused.first(dav("error")).unwrap().first(dav("cannot-modify-protected-property")).is_some());
    let unchanged = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], "").await.expect(207);
    assert_eq!(unchanged.text_of(WORK, dav("displayname")), "work");
    // Radicale lost the type of a calendar this way.
    let kind =
        patch(&server, "<D:set><D:prop><D:resourcetype><D:collection/></D:resourcetype></D:prop></D:set>")
            .await;
    assert_eq!(kind.expect(207).property(WORK, dav("resourcetype")).0, 403);
    let set = patch(&server, "<D:set><D:prop><D:displayname>New</D:displayname></D:prop></D:set>")
        .await
        .expect(207);
    assert_eq!(set.property(WORK, dav("displayname")).0, 200);
    let body =
        document("D:propertyupdate", "<D:set><D:prop><D:displayname>Newer</D:displayname></D:prop></D:set>");
    server.send(&format!("PROPPATCH {WORK}"), &["Prefer: return=minimal"], &body).await.expect(204);
    let after = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], "").await.expect(207);
    assert_eq!(after.text_of(WORK, dav("displayname")), "Newer");
}

#[tokio::test]
async fn proppatch_elsewhere() {
    let server = Server::new();
    server.memory.insert("ada/work", "a.ics", &event("a", "DTSTART:20260504T120000Z"));
    let body = document(
        "D:propertyupdate",
        "<D:set><D:prop><I:calendar-color>#000000</I:calendar-color><D:displayname>x</D:displayname></D:prop></D:set>",
    );
    for path in ["/dav/principals/ada/", "/dav/calendars/ada/holidays/"] {
        let answer = server.send(&format!("PROPPATCH {path}"), &[], &body).await.expect(207);
        assert_eq!(answer.property(path, apple("calendar-color")).0, 403, "{path}");
    }
    let object = "/dav/calendars/ada/work/a.ics";
    let answer = server.send(&format!("PROPPATCH {object}"), &[], &body).await.expect(207);
    assert_eq!(answer.property(object, apple("calendar-color")).0, 424, "what objects could keep");
    assert_eq!(answer.property(object, dav("displayname")).0, 403, "and what they cannot");
    server.send("PROPPATCH /dav/calendars/ada/work/none.ics", &[], &body).await.expect(404);
    server.send("PROPPATCH /dav/calendars/ada/none/", &[], &body).await.expect(404);
    for body in ["", "<x/>", "<D:propertyupdate xmlns:D=\"DAV:\"/>"] {
        server.send(&format!("PROPPATCH {WORK}"), &[], body).await.expect(400);
    }
}

#[tokio::test]
async fn what_an_object_keeps() {
    let server = Server::new();
    server.memory.insert("ada/work", "a.ics", &event("a", "DTSTART:20260504T120000Z"));
    server.memory.insert("ada/work", "b.ics", &event("b", "DTSTART:20260504T120000Z"));
    let object = "/dav/calendars/ada/work/a.ics";
    let set = document("D:propertyupdate", "<D:set><D:prop><I:note>seen</I:note></D:prop></D:set>");
    server.send(&format!("PROPPATCH {object}"), &[], &set).await.expect(207);
    let listed =
        server.send(&format!("PROPFIND {WORK}"), &["Depth: 1"], &propfind(&["I:note"])).await.expect(207);
    assert_eq!(listed.text_of(object, apple("note")), "seen");
    assert_eq!(listed.property("/dav/calendars/ada/work/b.ics", apple("note")).0, 404);
    let all = server.send(&format!("PROPFIND {object}"), &["Depth: 0"], "").await.expect(207);
    assert_eq!(all.text_of(object, apple("note")), "seen");
}

#[tokio::test]
async fn what_a_home_keeps() {
    let server = Server::new();
    let home = "/dav/calendars/ada/";
    let patch = |inner: &str| document("D:propertyupdate", inner);
    let alarm = "<D:set><D:prop><C:default-alarm-vevent-date>BEGIN:VALARM</C:default-alarm-vevent-date></D:prop></D:set>";
    let listed = propfind(&["C:default-alarm-vevent-date"]);
    // What the server sets stays as it is, and takes all else with it.
    let both = patch(&format!("{alarm}<D:set><D:prop><D:displayname>x</D:displayname></D:prop></D:set>"));
    let refused = server.send(&format!("PROPPATCH {home}"), &[], &both).await.expect(207);
    assert_eq!(refused.property(home, dav("displayname")).0, 403);
    assert_eq!(refused.property(home, caldav("default-alarm-vevent-date")).0, 424);
    let own = server.send(&format!("PROPFIND {home}"), &["Depth: 0"], &listed).await.expect(207);
    assert_eq!(own.property(home, caldav("default-alarm-vevent-date")).0, 404);
    let set = server.send(&format!("PROPPATCH {home}"), &[], &patch(alarm)).await.expect(207);
    assert_eq!(set.property(home, caldav("default-alarm-vevent-date")).0, 200);
    let own = server.send(&format!("PROPFIND {home}"), &["Depth: 1"], &listed).await.expect(207);
    assert_eq!(own.text_of(home, caldav("default-alarm-vevent-date")), "BEGIN:VALARM");
    assert_eq!(own.property("/dav/calendars/ada/work/", caldav("default-alarm-vevent-date")).0, 404);
    let remove = patch("<D:remove><D:prop><C:default-alarm-vevent-date/></D:prop></D:remove>");
    server.send(&format!("PROPPATCH {home}"), &[], &remove).await.expect(207);
    let bob = server.send("PROPPATCH /dav/calendars/bob/", &[], &patch(alarm)).await;
    bob.expect_condition(403, dav("need-privileges"));
    let own = server.send(&format!("PROPFIND {home}"), &["Depth: 0"], &listed).await.expect(207);
    assert_eq!(own.property(home, caldav("default-alarm-vevent-date")).0, 404);
}

#[tokio::test]
async fn the_zone_of_a_calendar() {
    let server = Server::new();
    let set = |value: &str| {
        format!("<D:set><D:prop><C:calendar-timezone>{value}</C:calendar-timezone></D:prop></D:set>")
    };
    for wrong in ["Europe/Berlin", "BEGIN:VCALENDAR&#13;\nEND:VCALENDAR", ""] {
        let answer = patch(&server, &set(wrong)).await.expect(207);
        assert_eq!(answer.property(WORK, caldav("calendar-timezone")).0, 403, "{wrong}");
        assert!(answer.text.contains("<C:valid-calendar-data/>"));
    }
    patch(
        &server,
        "<D:set><D:prop><C:calendar-timezone-id>Europe/Berlin</C:calendar-timezone-id></D:prop></D:set>",
    )
    .await
    .expect(207);
    let body = propfind(&["C:calendar-timezone", "C:calendar-timezone-id"]);
    let answer = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &body).await.expect(207);
    let zone = answer.text_of(WORK, caldav("calendar-timezone"));
    assert!(zone.starts_with("BEGIN:VCALENDAR\r\n") && zone.contains("BEGIN:VTIMEZONE\r\n"), "{zone}");
    assert_eq!(answer.text_of(WORK, caldav("calendar-timezone-id")), "Europe/Berlin");
    patch(&server, &set(&zone.replace('\r', ""))).await.expect(207);
    let answer = patch(
        &server,
        "<D:set><D:prop><C:calendar-timezone-id>Moon/Sea</C:calendar-timezone-id></D:prop></D:set>",
    )
    .await;
    assert!(answer.expect(207).text.contains("<C:valid-timezone/>"));
}

#[tokio::test]
async fn calendars_are_made() {
    let server = Server::new();
    let bare = server.send("MKCALENDAR /dav/calendars/ada/bare/", &[], "").await.expect(201);
    assert_eq!((bare.text.as_str(), bare.header("cache-control")), ("", Some("no-cache")));
    // As DAVx5 does it.
    let body = document(
        "C:mkcalendar",
        "<D:set><D:prop><D:resourcetype><D:collection/><C:calendar/></D:resourcetype><D:displayname>Tasks</D:displayname>\
         <C:calendar-description>Mine</C:calendar-description><I:calendar-color>#FF0000</I:calendar-color>\
         <C:calendar-timezone-id>Moon/Sea</C:calendar-timezone-id><D:getetag>no</D:getetag><CS:unheard-of>x</CS:unheard-of>\
         <C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>\
         <C:supported-calendar-component-set><C:comp name=\"VTODO\"/><C:comp name=\"VPOLL\"/></C:supported-calendar-component-set>\
         </D:prop></D:set>",
    );
    server.send("MKCALENDAR /dav/calendars/ada/tasks/", &[], &body).await.expect(201);
    let tasks = "/dav/calendars/ada/tasks/";
    let asked = propfind(&[
        "D:displayname",
        "I:calendar-color",
        "CS:unheard-of",
        "C:supported-calendar-component-set",
        "C:schedule-calendar-transp",
        "D:resourcetype",
    ]);
    let answer = server.send(&format!("PROPFIND {tasks}"), &["Depth: 0"], &asked).await.expect(207);
    assert_eq!(answer.text_of(tasks, dav("displayname")), "Tasks");
    assert_eq!(answer.text_of(tasks, apple("calendar-color")), "#FF0000");
    assert_eq!(answer.text_of(tasks, calendar_server("unheard-of")), "x");
    assert!(
        answer.property(tasks, caldav("schedule-calendar-transp")).1.first(caldav("transparent")).is_some()
    );
    assert!(answer.property(tasks, dav("resourcetype")).1.first(caldav("calendar")).is_some());
    assert_eq!(answer.property(tasks, caldav("supported-calendar-component-set")).1.elements().count(), 1);
    let put =
        server.send("PUT /dav/calendars/ada/tasks/a.ics", &[], &event("a", "DTSTART:20260504T120000Z")).await;
    put.expect_condition(403, caldav("supported-calendar-component"));
}

#[tokio::test]
async fn there_are_bounds() {
    let server = Server::new();
    let value = "x".repeat(64 * 1024);
    let set =
        format!("<D:set><D:prop><big>{value}</big><I:calendar-order>1</I:calendar-order></D:prop></D:set>");
    let answer = patch(&server, &set).await.expect(207);
    assert_eq!(answer.property(WORK, Name::new("", "big")).0, 507);
    assert_eq!(answer.property(WORK, apple("calendar-order")).0, 424);
    let names: Vec<String> = (0..201).map(|nth| format!("p{nth}")).collect();
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &propfind(&names)).await.expect(400);
    names.pop();
    server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &propfind(&names)).await.expect(207);
}

#[tokio::test]
async fn where_no_calendar_is_made() {
    let server = Server::new();
    let body = |inner: &str| document("C:mkcalendar", &format!("<D:set><D:prop>{inner}</D:prop></D:set>"));
    for (path, sent, condition) in [
        (WORK, String::new(), dav("resource-must-be-null")),
        ("/dav/calendars/ada/", String::new(), dav("resource-must-be-null")),
        ("/dav/calendars/ada/work/inner/", String::new(), caldav("calendar-collection-location-ok")),
        ("/dav/elsewhere/x/", String::new(), caldav("calendar-collection-location-ok")),
        ("/dav/calendars/ada/inbox/", String::new(), caldav("calendar-collection-location-ok")),
        (
            "/dav/calendars/ada/new/",
            body("<C:calendar-timezone>x</C:calendar-timezone>"),
            caldav("valid-calendar-data"),
        ),
        (
            "/dav/calendars/ada/new/",
            body(
                "<C:supported-calendar-component-set><C:comp name=\"VPOLL\"/></C:supported-calendar-component-set>",
            ),
            caldav("supported-calendar-component"),
        ),
    ] {
        let answer = server.send(&format!("MKCALENDAR {path}"), &[], &sent).await;
        answer.expect_condition(403, condition);
    }
    server.send("MKCALENDAR /dav/calendars/nobody/new/", &[], "").await.expect(409);
    server.send("MKCALENDAR /dav/calendars/ada/new/", &[], "<x/>").await.expect(400);
    server.send("PROPFIND /dav/calendars/ada/new/", &["Depth: 0"], "").await.expect(404);
}

#[tokio::test]
async fn extended_mkcol() {
    let server = Server::new();
    let body = |kind: &str| {
        document(
            "D:mkcol",
            &format!(
                "<D:set><D:prop><D:resourcetype>{kind}</D:resourcetype><D:displayname>V</D:displayname></D:prop></D:set>"
            ),
        )
    };
    server.send("MKCOL /dav/calendars/ada/v", &[], &body("<D:collection/><C:calendar/>")).await.expect(201);
    let got = server.send("PROPFIND /dav/calendars/ada/v/", &["Depth: 0"], "").await.expect(207);
    assert_eq!(got.text_of("/dav/calendars/ada/v/", dav("displayname")), "V");
    for sent in [
        body("<D:collection/>"),
        body("<D:collection/><x:addressbook xmlns:x=\"urn:ietf:params:xml:ns:carddav\"/>"),
    ] {
        let answer = server.send("MKCOL /dav/calendars/ada/w/", &[], &sent).await.expect(403);
        let told = answer.xml();
        assert!(told.is(dav("mkcol-response")), "{}", answer.text);
        let statuses: Vec<u16> = told.all(dav("propstat")).map(crate::client::status).collect();
        assert_eq!(statuses, [403, 424]);
        assert!(answer.text.contains("<D:valid-resourcetype/>"));
    }
    let bare = server.send("MKCOL /dav/calendars/ada/w/", &[], "").await;
    bare.expect_condition(403, dav("valid-resourcetype"));
    server.send(&format!("MKCOL {WORK}"), &[], "").await.expect_condition(405, dav("resource-must-be-null"));
    server.send(&format!("MKCOL {WORK}"), &[], &body("<D:collection/><C:calendar/>")).await.expect(403);
}
