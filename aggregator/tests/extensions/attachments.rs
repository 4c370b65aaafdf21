//! Managed attachments (RFC 8607).

use aggregator::gate::{self, Edit};
use aggregator::world::HouseRules;
use calendar::collection::{CollectionName, ObjectName};
use calendar::component::{Component, Property};
use calendar::limits::Limits;
use dav::xml::name::{caldav, dav};
use store::{Change, Committed};

use crate::client::{HOME, PERSONAL, Server, event};

const FILE: [&str; 2] =
    ["Content-Type: text/html; charset=utf-8", "Content-Disposition: attachment;filename=\"a;b.html\""];
const OBJECT: &str = "/dav/calendars/ada/personal/a.ics";

/// The attachments of each component of the object.
async fn attached(server: &Server, name: &str) -> Vec<Vec<Property>> {
    let text = server.get(name).await;
    let calendar = calendar::text::parse(text.as_bytes(), &Limits::default()).unwrap().calendars.remove(0);
    let of = |component: &Component| component.properties_named("ATTACH").cloned().collect();
    calendar.components.iter().map(of).collect()
}

fn path_of(address: &str) -> &str {
    address.split_once("://").map(|(_, rest)| &rest[rest.find('/').unwrap()..]).unwrap()
}

async fn add(server: &Server, more: &str, octets: &[u8]) -> String {
    let line = format!("POST {OBJECT}?action=attachment-add{more}");
    let answer = server.send(&line, &FILE, octets).await.expect(201);
    answer.header("cal-managed-id").unwrap().to_owned()
}

#[tokio::test]
async fn a_file_comes_is_read_replaced_and_goes() {
    let server = Server::new().await;
    server.world.replace_house_rules(HouseRules {
        public_url: "https://k.example".to_owned(),
        ..HouseRules::default()
    });
    server.put("a.ics", event("a", "SUMMARY:Tea|X-OWN:kept")).await;
    let headers = [FILE[0], FILE[1], "Prefer: return=representation"];
    let line = format!("POST {OBJECT}?action=attachment-add");
    let added = server.send(&line, &headers, "<b>hello</b>").await.expect(201);
    assert!(
        added.text().contains("X-OWN:kept\r\n") && added.text().contains("MANAGED-ID="),
        "{}",
        added.text()
    );
    assert_eq!(added.header("content-location"), Some(OBJECT));
    let id = added.header("cal-managed-id").unwrap().to_owned();
    let attach = attached(&server, "a.ics").await[0][0].clone();
    let parameter = |name: &str| attach.parameter(name).unwrap_or_default().to_owned();
    assert_eq!(
        [parameter("MANAGED-ID"), parameter("FMTTYPE"), parameter("FILENAME"), parameter("SIZE")],
        [id.clone(), "text/html".to_owned(), "a;b.html".to_owned(), "12".to_owned()]
    );
    assert!(attach.value.starts_with("https://k.example/dav/attachments/ada/"), "{}", attach.value);

    // Whoever was given the address reads it, and nothing in it runs.
    let path = path_of(&attach.value);
    let read = server.send_as_is(&format!("GET {path}"), &[], "").await.expect(200);
    assert_eq!(read.text(), "<b>hello</b>");
    assert_eq!(read.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(read.header("content-security-policy"), Some("default-src 'none'; sandbox"));
    assert_eq!(read.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(read.header("content-disposition"), Some("attachment; filename*=UTF-8''a%3Bb.html"));
    let tag = read.header("etag").unwrap().to_owned();
    let known = server.send_as_is(&format!("GET {path}"), &[&format!("If-None-Match: {tag}")], "").await;
    assert_eq!(known.status, 304);
    let head = server.send_as_is(&format!("HEAD {path}"), &[], "").await.expect(200);
    assert_eq!((head.header("content-length"), head.octets.len()), (Some("12"), 0));
    server.send_as_is(&format!("PUT {path}"), &[], "x").await.expect(405);
    server.send_as_is("GET /dav/attachments/ada/0123/a", &[], "").await.expect(404);

    let line = format!("POST {OBJECT}?action=attachment-update&managed-id={id}");
    let updated = server.send(&line, &["Content-Type: image/png"], [0_u8, 255]).await.expect(204);
    let new = updated.header("cal-managed-id").unwrap().to_owned();
    assert_ne!(new, id);
    server.send_as_is(&format!("GET {path}"), &[], "").await.expect(404);
    let attach = attached(&server, "a.ics").await[0][0].clone();
    let read = server.send_as_is(&format!("GET {}", path_of(&attach.value)), &[], "").await.expect(200);
    assert_eq!(
        (read.octets.as_slice(), read.header("content-type")),
        ([0, 255].as_slice(), Some("image/png"))
    );

    let line = format!("POST {OBJECT}?action=attachment-remove&managed-id={new}");
    let removed = server.send(&line, &[], "").await.expect(204);
    assert_eq!(removed.header("cal-managed-id"), None);
    assert!(attached(&server, "a.ics").await[0].is_empty());
    server.send_as_is(&format!("GET {}", path_of(&attach.value)), &[], "").await.expect(404);
}

#[tokio::test]
async fn an_attachment_lives_as_long_as_something_speaks_of_it() {
    let server = Server::new().await;
    server.put("a.ics", event("a", "SUMMARY:Tea")).await;
    let used = server.property(HOME, dav("quota-used-bytes")).await.1.text();
    add(&server, "", b"hello").await;
    let address = attached(&server, "a.ics").await[0][0].value.clone();
    let get = format!("GET {}", path_of(&address));
    // A copy of the event speaks of it too, a client that knows it may go on to, and a move changes nothing.
    let text = server.get("a.ics").await;
    server.put("b.ics", text.replace("UID:a\r\n", "UID:b\r\n")).await;
    server.send(&format!("DELETE {OBJECT}"), &[], "").await.expect(204);
    server.send_as_is(&get, &[], "").await.expect(200);
    server.send(&format!("MKCALENDAR {HOME}other/"), &[], "").await.expect(201);
    let to = format!("Destination: {HOME}other/c.ics");
    server.send(&format!("MOVE {PERSONAL}b.ics"), &[&to], "").await.expect(201);
    server.send_as_is(&get, &[], "").await.expect(200);
    server.send(&format!("DELETE {HOME}other/"), &[], "").await.expect(204);
    server.send_as_is(&get, &[], "").await.expect(404);
    server.put("a.ics", event("a", "SUMMARY:Tea")).await;
    assert_eq!(server.property(HOME, dav("quota-used-bytes")).await.1.text(), used);
    // Nor may anybody speak of it again, nor of one that never was.
    let answer = server.send(&format!("PUT {OBJECT}"), &["Content-Type: text/calendar"], &text).await;
    answer.expect_condition(403, caldav("valid-managed-id-parameter"));
    let invented = event("z", "SUMMARY:x|ATTACH;MANAGED-ID=abc:https://elsewhere.example/x");
    let answer = server.send(&format!("PUT {PERSONAL}z.ics"), &[], &invented).await;
    answer.expect_condition(403, caldav("valid-managed-id-parameter"));
    // What somebody else keeps is no concern of ours.
    server.put("z.ics", event("z", "SUMMARY:x|ATTACH:https://elsewhere.example/x")).await;
}

#[tokio::test]
async fn some_instances_of_a_series() {
    let server = Server::new().await;
    server.put("a.ics", event("a", "SUMMARY:Tea|RRULE:FREQ=DAILY;COUNT=5")).await;
    let id = add(&server, "&rid=20260505T090000Z", b"one").await;
    let counts = |all: Vec<Vec<Property>>| all.iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(counts(attached(&server, "a.ics").await), [0, 1]);
    add(&server, "&rid=M,20260505T090000Z", b"two").await;
    assert_eq!(counts(attached(&server, "a.ics").await), [1, 2]);
    let line = format!("POST {OBJECT}?action=attachment-remove&rid=M&managed-id={id}");
    server.send(&line, &[], "").await.expect_condition(403, caldav("valid-managed-id"));
    let line = format!("POST {OBJECT}?action=attachment-remove&rid=20260505T090000Z&managed-id={id}");
    server.send(&line, &[], "").await.expect(204);
    assert_eq!(counts(attached(&server, "a.ics").await), [1, 1]);
}

#[tokio::test]
async fn what_is_wrong_has_a_name() {
    let server = Server::new().await;
    let tag = server.put("a.ics", event("a", "SUMMARY:Tea")).await.unwrap();
    for (query, condition) in [
        ("action=attachment-eat", "valid-action"),
        ("action=", "valid-action"),
        ("action=attachment-add&managed-id=x", "valid-managed-id"),
        ("action=attachment-add&rid=yesterday", "valid-rid"),
        ("action=attachment-add&rid=20270101T000000Z", "valid-rid"),
        ("action=attachment-update", "valid-managed-id"),
        ("action=attachment-update&managed-id=x", "valid-managed-id"),
        ("action=attachment-update&managed-id=x&rid=M", "valid-rid"),
        ("action=attachment-remove", "valid-managed-id"),
        ("action=attachment-remove&managed-id=x", "valid-managed-id"),
    ] {
        let answer = server.send(&format!("POST {OBJECT}?{query}"), &FILE, "x").await;
        answer.expect_condition(403, caldav(condition));
    }
    let large = vec![b'x'; 10 * 1024 * 1024 + 1];
    let answer = server.send(&format!("POST {OBJECT}?action=attachment-add"), &FILE, &large).await;
    answer.expect_condition(403, caldav("max-attachment-size"));
    let stale = [FILE[0], FILE[1], "If-Match: \"other\""];
    server.send(&format!("POST {OBJECT}?action=attachment-add"), &stale, "x").await.expect(412);
    server.send(&format!("POST {PERSONAL}none.ics?action=attachment-add"), &FILE, "x").await.expect(404);
    assert_eq!(server.send(&format!("GET {OBJECT}"), &[], "").await.header("etag"), Some(tag.as_str()));
    // And what it may be is told.
    assert_eq!(server.property(PERSONAL, caldav("max-attachment-size")).await.1.text(), "10485760");
    assert_eq!(server.property(PERSONAL, caldav("max-attachments-per-resource")).await.1.text(), "20");
    assert_eq!(server.property(HOME, caldav("managed-attachments-server-URL")).await.0, 200);
    let options = server.send_as_is(&format!("OPTIONS {HOME}"), &[], "").await.expect(200);
    assert!(options.header("dav").unwrap().contains("calendar-managed-attachments"));
    for _ in 0..20 {
        add(&server, "", b"x").await;
    }
    let answer = server.send(&format!("POST {OBJECT}?action=attachment-add"), &FILE, "x").await;
    answer.expect_condition(403, caldav("max-attachments-per-resource"));
}

#[tokio::test]
async fn an_object_does_not_speak_of_what_goes_while_it_is_put() {
    let server = Server::new().await;
    server.put("a.ics", event("a", "SUMMARY:Tea")).await;
    add(&server, "", b"octets").await;
    let other = server.get("a.ics").await.replace("UID:a", "UID:b");
    // Whoever changes objects waits while another is at it.
    let turn = server.world.turns.of("ada").await;
    let put = server.send("PUT /dav/calendars/ada/personal/b.ics", &[], &other);
    let removal = async {
        let name = ObjectName::new(&CollectionName::new("ada", "personal"), "a.ics");
        let mut change = Change::new();
        gate::stage(&server.world, &mut change, &[Edit { name, octets: None }]).await.unwrap();
        assert!(matches!(server.world.store.commit(change).await.unwrap(), Committed::At(_)));
        drop(turn);
    };
    let (answer, ()) = tokio::join!(put, removal);
    answer.expect_condition(403, caldav("valid-managed-id-parameter"));
}
