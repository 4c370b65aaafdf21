//! Quota (RFC 4331), names that stay (RFC 5842), and the calendars that rules may count in (RFC 7529).

use aggregator::world::HouseRules;
use calendar::detail::Detail;
use dav::open::published_path;
use dav::xml::name::{caldav, dav};

use crate::client::{HOME, PERSONAL, Server, event};

#[tokio::test]
async fn a_home_holds_as_much_as_it_may() {
    let server = Server::new().await;
    server.world.replace_house_rules(HouseRules { quota_octets: 2_000, ..HouseRules::default() });
    let text = event("a", &format!("SUMMARY:{}", "x".repeat(900)));
    server.put("a.ics", &text).await;
    let number = async |name| server.property(HOME, dav(name)).await.1.text().parse::<usize>().unwrap();
    assert_eq!(number("quota-used-bytes").await, text.len());
    assert_eq!(number("quota-available-bytes").await, 2_000 - text.len());
    assert_eq!(server.property(PERSONAL, dav("quota-used-bytes")).await.0, 200);
    let other = text.replace("UID:a", "UID:b");
    let full = server.send(&format!("PUT {PERSONAL}b.ics"), &[], &other).await;
    full.expect_condition(507, dav("quota-not-exceeded"));
    let copied = server
        .send(&format!("COPY {PERSONAL}a.ics"), &["Destination: /dav/calendars/ada/bookings/x"], "")
        .await;
    assert!([507, 403].contains(&copied.status));
    let file = server.send("PUT /dav/files/ada/x", &[], "x".repeat(1_500)).await;
    file.expect_condition(507, dav("quota-not-exceeded"));
    let attached =
        server.send(&format!("POST {PERSONAL}a.ics?action=attachment-add"), &[], "x".repeat(1_500)).await;
    attached.expect_condition(507, dav("quota-not-exceeded"));
    // In its own place there is room.
    server.put("a.ics", text.replace("xxx", "yyy")).await;
    // What never came to be takes no room, and what went makes some at once.
    for _ in 0..3 {
        server.send("PUT /dav/files/ada/x", &["If-Match: \"x\""], "x".repeat(700)).await.expect(412);
    }
    server.send("PUT /dav/files/ada/x", &[], "x".repeat(700)).await.expect(201);
    server.send("COPY /dav/files/ada/x", &["Destination: /dav/files/ada/y"], "").await.expect(507);
    server.send("DELETE /dav/files/ada/x", &[], "").await.expect(204);
    server.send(&format!("DELETE {PERSONAL}a.ics"), &[], "").await.expect(204);
    server.put("b.ics", other).await;
}

#[tokio::test]
async fn a_resource_keeps_its_name() {
    let server = Server::new().await;
    let id = async |path: &str| {
        let (status, property) = server.property(path, dav("resource-id")).await;
        assert_eq!(status, 200, "{path}");
        property.first(dav("href")).unwrap().text()
    };
    server.put("a.ics", event("a", "SUMMARY:1")).await;
    let first = id(&format!("{PERSONAL}a.ics")).await;
    assert!(first.starts_with("urn:uuid:") && first.len() == 45, "{first}");
    server.put("a.ics", event("a", "SUMMARY:2")).await;
    assert_eq!(id(&format!("{PERSONAL}a.ics")).await, first);
    server.send(&format!("MKCALENDAR {HOME}other/"), &[], "").await.expect(201);
    for (from, to) in [
        ("personal/a.ics", "personal/b.ics"),
        ("personal/b.ics", "other/c.ics"),
        ("other/c.ics", "personal/d.ics"),
    ] {
        server.wait(10);
        server
            .send(&format!("MOVE {HOME}{from}"), &[&format!("Destination: {HOME}{to}")], "")
            .await
            .expect(201);
        assert_eq!(id(&format!("{HOME}{to}")).await, first, "{to}");
    }
    server
        .send(&format!("COPY {PERSONAL}d.ics"), &[&format!("Destination: {HOME}other/e.ics")], "")
        .await
        .expect(201);
    assert_ne!(id(&format!("{HOME}other/e.ics")).await, first);
    // What is made anew in its place is another.
    server.send(&format!("DELETE {PERSONAL}d.ics"), &[], "").await.expect(204);
    server.wait(10);
    server.put("d.ics", event("a", "SUMMARY:1")).await;
    assert_ne!(id(&format!("{PERSONAL}d.ics")).await, first);
    let calendar = id(PERSONAL).await;
    let body =
        "<propertyupdate xmlns='DAV:'><set><prop><displayname>x</displayname></prop></set></propertyupdate>";
    server.send(&format!("PROPPATCH {PERSONAL}"), &[], body).await.expect(207);
    assert_eq!(id(PERSONAL).await, calendar);
    assert_ne!(id(HOME).await, id("/dav/principals/ada/").await);
}

#[tokio::test]
async fn rules_count_in_the_gregorian_calendar() {
    let server = Server::new().await;
    server.put("a.ics", event("a", "RRULE:RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD")).await;
    let (_, known) = server.property(PERSONAL, caldav("supported-rscale-set")).await;
    assert_eq!(known.first(caldav("supported-rscale")).unwrap().text(), "GREGORIAN");
    for rule in ["RSCALE=CHINESE;FREQ=YEARLY", "FREQ=YEARLY;RSCALE=hebrew;BYMONTH=5L"] {
        let text = event("b", &format!("RRULE:{rule}"));
        let answer = server.send(&format!("PUT {PERSONAL}b.ics"), &[], text).await;
        answer.expect_condition(403, caldav("supported-rscale"));
    }
}

#[tokio::test]
async fn a_published_calendar_is_open_to_who_knows_its_address() {
    let server = Server::new().await;
    server.put("a.ics", event("a", "SUMMARY:Doctor|DESCRIPTION:secret")).await;
    server.put("b.ics", event("b", "SUMMARY:Gift|CLASS:PRIVATE")).await;
    server.put("c.ics", event("c", "SUMMARY:Free|TRANSP:TRANSPARENT")).await;
    let name = calendar::collection::CollectionName::new("ada", "personal");
    let mut tags = Vec::new();
    let mut secret = String::new();
    for (detail, shown, hidden) in [
        (Detail::Full, vec!["Doctor", "secret", "Busy", "Free"], vec!["Gift"]),
        (Detail::Title, vec!["Doctor", "Busy", "Free"], vec!["secret", "Gift"]),
        (Detail::Busy, vec!["Busy"], vec!["secret", "Gift", "Doctor", "Free"]),
    ] {
        let given = aggregator::published::publish(&server.world, &name, Some(detail)).await.unwrap();
        assert!(secret.is_empty() || secret == given, "the address stays");
        secret = given;
        let path = published_path(&secret);
        assert_eq!(path.rsplit('.').next(), Some("ics"));
        let feed = server.send_as_is(&format!("GET {path}"), &[], "").await.expect(200);
        for part in shown {
            assert!(feed.text().contains(part), "{detail:?} {part}");
        }
        for part in hidden {
            assert!(!feed.text().contains(part), "{detail:?} {part}");
        }
        tags.push(feed.header("etag").unwrap().to_owned());
        let again = server
            .send_as_is(&format!("GET {path}"), &[&format!("If-None-Match: {}", tags[tags.len() - 1])], "")
            .await;
        assert_eq!(again.status, 304);
        assert_eq!(feed.header("x-robots-tag"), Some("noindex"));
    }
    tags.dedup();
    assert_eq!(tags.len(), 3);
    let path = published_path(&secret);
    server.send_as_is(&format!("HEAD {path}"), &[], "").await.expect(200);
    server.send_as_is(&format!("PUT {path}"), &[], "x").await.expect(405);
    server.send_as_is(&format!("GET {}", published_path("0123")), &[], "").await.expect(404);
    aggregator::published::unpublish(&server.world, &name).await.unwrap();
    server.send_as_is(&format!("GET {path}"), &[], "").await.expect(404);
    let later = aggregator::published::publish(&server.world, &name, Some(Detail::Full)).await.unwrap();
    assert_ne!(later, secret);
}
