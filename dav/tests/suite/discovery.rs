//! Where a client begins: well-known, OPTIONS, sign-in, principals, homes.

use dav::xml::name::{caldav, calendar_server, dav};

use crate::client::{Server, document, propfind};

const ADA: &str = "/dav/principals/ada/";
const HOME: &str = "/dav/calendars/ada/";

#[tokio::test]
async fn the_well_known_address_leads_on_without_sign_in() {
    let server = Server::new();
    for line in ["GET", "PROPFIND", "OPTIONS", "REPORT", "POST"] {
        for path in ["/.well-known/caldav", "/.well-known/caldav/"] {
            let answer = server.send_as_is(&format!("{line} {path}"), &[], "").await.expect(301);
            assert_eq!(answer.header("location"), Some("/dav/"));
        }
    }
}

#[tokio::test]
async fn options_need_no_sign_in() {
    let server = Server::new();
    for path in
        ["/", "/principals/", "/dav/", ADA, HOME, "/dav/calendars/ada/work/", "/dav/nothing/there/at/all/x"]
    {
        let answer = server.send_as_is(&format!("OPTIONS {path}"), &[], "").await.expect(200);
        let classes = answer.header("dav").unwrap();
        assert!(
            classes.starts_with(
                "1, 2, 3, access-control, calendar-access, extended-mkcol, calendar-auto-schedule"
            ),
            "{classes}"
        );
        assert!(answer.header("allow").is_some_and(|allow| allow.contains("PROPFIND")), "{path}");
        assert_eq!(answer.text, "");
    }
    let object = server.send_as_is("OPTIONS /dav/calendars/ada/work/x.ics", &[], "").await;
    assert_eq!(
        object.header("allow"),
        Some("OPTIONS, GET, HEAD, PUT, POST, DELETE, COPY, MOVE, PROPFIND, PROPPATCH, LOCK, UNLOCK, REPORT")
    );
}

#[tokio::test]
async fn everything_else_asks_who_it_is() {
    let server = Server::new();
    for line in [
        "PROPFIND /",
        "PROPFIND /principals/",
        "PROPFIND /dav/",
        "REPORT /dav/calendars/ada/work/",
        "PUT /dav/calendars/ada/work/x.ics",
        "GET /dav/calendars/ada/work/",
        "NONSENSE /dav/",
        "GET /nowhere",
    ] {
        for header in [
            "X-Nothing: 1",
            "Authorization: Basic !!",
            "Authorization: Basic YWRhOndyb25n",
            "Authorization: Bearer x",
        ] {
            let answer = server.send_as_is(line, &[header], "").await.expect(401);
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Basic realm=\"Kalends\", charset=\"UTF-8\""),
                "{line} {header}"
            );
        }
    }
    // eve:x
    let eve = server.send_as_is("PROPFIND /dav/", &["Authorization: Basic ZXZlOng="], "").await.expect(429);
    assert_eq!(eve.header("retry-after"), Some("60"));
}

#[tokio::test]
async fn the_way_from_the_host_to_the_home() {
    let server = Server::new();
    let body = propfind(&["D:current-user-principal", "D:principal-URL", "D:resourcetype", "D:owner"]);
    let collections = [
        "/",
        "/principals/",
        "/dav/",
        "/dav/principals/",
        ADA,
        "/dav/calendars/",
        HOME,
        "/dav/calendars/ada/work/",
    ];
    for path in collections {
        let answer = server.send(&format!("PROPFIND {path}"), &["Depth: 0"], &body).await.expect(207);
        assert_eq!(answer.hrefs(), [path]);
        for name in ["current-user-principal", "principal-URL"] {
            let (status, property) = answer.property(path, dav(name));
            assert_eq!((status, property.first(dav("href")).unwrap().text().as_str()), (200, ADA), "{path}");
        }
        let (status, kind) = answer.property(path, dav("resourcetype"));
        assert!(status == 200 && kind.first(dav("collection")).is_some(), "{path}");
        assert_eq!(answer.property(path, dav("owner")).0, 200, "{path}");
    }
    let body = propfind(&[
        "C:calendar-home-set",
        "C:calendar-user-address-set",
        "D:displayname",
        "C:schedule-inbox-URL",
        "CS:email-address-set",
    ]);
    let answer = server.send(&format!("PROPFIND {ADA}"), &["Depth: 0"], &body).await.expect(207);
    let (_, home) = answer.property(ADA, caldav("calendar-home-set"));
    assert_eq!(home.first(dav("href")).unwrap().text(), HOME);
    let (_, addresses) = answer.property(ADA, caldav("calendar-user-address-set"));
    let addresses: Vec<String> = addresses.all(dav("href")).map(dav::xml::Element::text).collect();
    assert_eq!(addresses, ["mailto:ada@example.org", "/dav/principals/ada/"]);
    assert_eq!(answer.text_of(ADA, dav("displayname")), "Ada Lovelace");
    assert_eq!(answer.property(ADA, caldav("schedule-inbox-URL")).0, 404);
    let (_, mails) = answer.property(ADA, calendar_server("email-address-set"));
    assert_eq!(mails.elements().next().unwrap().text(), "ada@example.org");
}

#[tokio::test]
async fn listings_of_the_tree() {
    let server = Server::new();
    let body = propfind(&["D:resourcetype", "D:displayname"]);
    for (path, below) in [
        ("/dav/", vec!["/dav/principals/", "/dav/calendars/"]),
        ("/dav/principals/", vec![ADA, "/dav/principals/bob/"]),
        ("/dav/calendars/", vec![HOME]),
        (ADA, vec!["/dav/principals/ada/calendar-proxy-read/", "/dav/principals/ada/calendar-proxy-write/"]),
        (
            HOME,
            vec!["/dav/calendars/ada/holidays/", "/dav/calendars/ada/unified/", "/dav/calendars/ada/work/"],
        ),
    ] {
        let answer = server.send(&format!("PROPFIND {path}"), &["Depth: 1"], &body).await.expect(207);
        let mut expected = vec![path];
        expected.extend(below);
        assert_eq!(answer.hrefs(), expected);
    }
    let noroot = ["Depth: 1", "Prefer: return=minimal, depth-noroot"];
    let answer = server.send(&format!("PROPFIND {HOME}"), &noroot, &body).await.expect(207);
    assert_eq!(answer.names(), ["holidays", "unified", "work"]);
    assert_eq!(answer.header("preference-applied"), Some("return=minimal, depth-noroot"));
}

#[tokio::test]
async fn what_is_not_ones_own() {
    let server = Server::new();
    server
        .send("PROPFIND /dav/calendars/bob/", &["Depth: 1"], "")
        .await
        .expect_condition(403, dav("need-privileges"));
    server.send("PROPFIND /dav/calendars/bob/home/", &["Depth: 1"], "").await.expect(404);
    server.send("PROPFIND /dav/principals/nobody/", &["Depth: 0"], "").await.expect(404);
    server.send("GET /dav/calendars/bob/home/x.ics", &[], "").await.expect(404);
    server.send("PROPFIND /elsewhere/", &["Depth: 0"], "").await.expect(404);
    let sync = document("D:sync-collection", "<D:sync-token/><D:sync-level>1</D:sync-level><D:prop/>");
    server.send("REPORT /dav/calendars/bob/home/", &[], &sync).await.expect(404);
}

#[tokio::test]
async fn people_are_found() {
    let server = Server::new();
    let search = |test: &str, searches: &str| {
        document("D:principal-property-search", &format!("{searches}<D:prop><D:displayname/></D:prop>"))
            .replace(" xmlns:D", &format!(" test=\"{test}\" xmlns:D"))
    };
    let by = |name: &str, text: &str| {
        format!(
            "<D:property-search><D:prop><{name}/></D:prop><D:match match-type=\"starts-with\">{text}</D:match></D:property-search>"
        )
    };
    let apple = format!(
        "{}{}{}",
        by("D:displayname", "adA"),
        by("CS:first-name", "ada"),
        by("CS:email-address-set", "ada")
    );
    for (path, body, found) in [
        ("/dav/principals/", search("anyof", &apple), vec!["ada"]),
        ("/dav/", search("allof", &apple), vec![]),
        (HOME, search("allof", &by("C:calendar-user-address-set", "BOB@")), vec!["bob"]),
        ("/dav/principals/", search("allof", &by("C:calendar-user-address-set", "mailto:bob")), vec!["bob"]),
        ("/dav/principals/", search("allof", &by("D:displayname", "love")), vec![]),
    ] {
        let answer = server.send(&format!("REPORT {path}"), &["Depth: 0"], &body).await.expect(207);
        assert_eq!(answer.names(), found, "{body}");
    }
    // python-caldav looks for nothing, or for a name, and asks beside an empty prop.
    let beside = "<D:prop/><C:calendar-home-set/><D:displayname/>";
    for (searches, found) in [(String::new(), vec!["ada", "bob"]), (by("D:displayname", "Bob"), vec!["bob"])]
    {
        let body = document("D:principal-property-search", &format!("{searches}{beside}"));
        let answer = server.send("REPORT /", &[], &body).await.expect(207);
        assert_eq!(answer.names(), found);
        assert_eq!(answer.property("/dav/principals/bob/", caldav("calendar-home-set")).0, 200);
        assert_eq!(answer.text_of("/dav/principals/bob/", dav("displayname")), "Bob");
    }
    let set = document("D:principal-search-property-set", "");
    let answer = server.send("REPORT /dav/principals/", &["Depth: 0"], &set).await.expect(200);
    assert_eq!(answer.xml().all(dav("principal-search-property")).count(), 4);
}

#[tokio::test]
async fn properties_are_expanded() {
    let server = Server::new();
    let body = document(
        "D:expand-property",
        "<D:property name=\"current-user-principal\"><D:property name=\"displayname\"/>\
         <D:property name=\"calendar-home-set\" namespace=\"urn:ietf:params:xml:ns:caldav\">\
         <D:property name=\"resourcetype\"/></D:property></D:property>\
         <D:property name=\"calendar-proxy-read-for\" namespace=\"http://calendarserver.org/ns/\"><D:property name=\"displayname\"/></D:property>\
         <D:property name=\"owner\"/>",
    );
    let answer = server.send("REPORT /dav/calendars/ada/work/", &["Depth: 0"], &body).await.expect(207);
    let own = "/dav/calendars/ada/work/";
    let (_, principal) = answer.property(own, dav("current-user-principal"));
    let inner = principal.first(dav("response")).unwrap();
    assert_eq!(inner.first(dav("href")).unwrap().text(), ADA);
    let prop = inner.first(dav("propstat")).unwrap().first(dav("prop")).unwrap();
    assert_eq!(prop.first(dav("displayname")).unwrap().text(), "Ada Lovelace");
    let home = prop.first(caldav("calendar-home-set")).unwrap().first(dav("response")).unwrap();
    assert_eq!(home.first(dav("href")).unwrap().text(), HOME);
    assert_eq!(answer.property(own, calendar_server("calendar-proxy-read-for")).0, 404);
    assert_eq!(answer.property(own, dav("owner")).1.first(dav("href")).unwrap().text(), ADA);
}

#[test]
fn the_service_can_be_shared_among_threads() {
    fn is_send<T: Send>(value: T) -> T {
        value
    }
    fn is_shared<T: Send + Sync + 'static>() {}
    is_shared::<dav::service::Service>();
    is_shared::<dav::service::Body>();
    let service = dav::service::Service::new(std::sync::Arc::new(crate::backend::Memory::new()));
    let request = http::Request::builder().uri("/dav/").body(bytes::Bytes::new()).unwrap();
    drop(is_send(service.handle(request)));
}
