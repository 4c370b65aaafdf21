//! sync-collection of a home at both levels, and of the notifications.

use dav::xml::name::dav;

use crate::client::{Answer, Server, document, event, propfind, status};

const HOME: &str = "/dav/calendars/ada/";
const WORK: &str = "/dav/calendars/ada/work/";

async fn sync(server: &Server, place: &str, rest: (&str, &str)) -> Answer {
    let (token, rest) = rest;
    let body = document(
        "D:sync-collection",
        &format!("<D:sync-token>{token}</D:sync-token>{rest}<D:prop><D:getetag/><D:displayname/></D:prop>"),
    );
    server.send(&format!("REPORT {place}"), &["Depth: 0"], &body).await
}

const ONE: &str = "<D:sync-level>1</D:sync-level>";
const ALL: &str = "<D:sync-level>infinite</D:sync-level>";

fn token(answer: &Answer) -> String {
    answer.xml().first(dav("sync-token")).unwrap().text()
}

fn some(server: &Server, names: &[&str]) {
    for name in names {
        server.memory.insert("ada/work", name, &event(name, "DTSTART:20260504T120000Z"));
    }
}

async fn property(server: &Server, place: &str) -> String {
    let asked = server.send(&format!("PROPFIND {place}"), &["Depth: 0"], &propfind(&["D:sync-token"])).await;
    asked.expect(207).text_of(place, dav("sync-token"))
}

#[tokio::test]
async fn calendars_are_followed_at_level_1() {
    let server = Server::new();
    let first = sync(&server, HOME, ("", ONE)).await.expect(207);
    assert!(first.names().contains(&"work".to_owned()), "{}", first.text);
    assert!(!first.hrefs().contains(&HOME.to_owned()));
    assert_eq!(token(&first), property(&server, HOME).await);
    let nothing = sync(&server, HOME, (&token(&first), ONE)).await.expect(207);
    assert!(nothing.hrefs().is_empty(), "{}", nothing.text);
    assert_eq!(token(&nothing), token(&first));
    some(&server, &["a"]);
    server.send("MKCALENDAR /dav/calendars/ada/more", &[], "").await.expect(201);
    let changed = sync(&server, HOME, (&token(&first), ONE)).await.expect(207);
    assert_eq!(changed.names(), ["more", "work"], "a calendar whose sync-token moved is told too");
    server.send("DELETE /dav/calendars/ada/more/", &[], "").await.expect(204);
    let gone = sync(&server, HOME, (&token(&changed), ONE)).await.expect(207);
    assert_eq!(gone.hrefs(), ["/dav/calendars/ada/more/"]);
    assert_eq!(status(&gone.response("/dav/calendars/ada/more/")), 404);
}

#[tokio::test]
async fn a_change_of_a_property_is_told() {
    let server = Server::new();
    let before = property(&server, HOME).await;
    let patch = document(
        "D:propertyupdate",
        "<D:set><D:prop><I:calendar-color symbolic-color=\"blue\">#123456</I:calendar-color></D:prop></D:set>",
    );
    server.send(&format!("PROPPATCH {WORK}"), &[], &patch).await.expect(207);
    for level in [ONE, ALL] {
        let changed = sync(&server, HOME, (&before, level)).await.expect(207);
        assert_eq!(changed.hrefs(), [WORK]);
        assert_eq!(changed.property(WORK, dav("displayname")).0, 200);
    }
}

#[tokio::test]
async fn objects_are_followed_at_the_infinite_level() {
    let server = Server::new();
    some(&server, &["a", "b"]);
    let first = sync(&server, HOME, ("", ALL)).await.expect(207);
    assert_eq!(first.property(&format!("{WORK}a"), dav("getetag")).0, 200);
    assert_eq!(token(&first), property(&server, HOME).await);
    some(&server, &["c"]);
    server.send(&format!("DELETE {WORK}a"), &[], "").await.expect(204);
    let changed = sync(&server, HOME, (&token(&first), ALL)).await.expect(207);
    assert_eq!(changed.names(), ["a", "c", "work"]);
    assert_eq!(status(&changed.response(&format!("{WORK}a"))), 404);
    server.send(&format!("DELETE {WORK}"), &[], "").await.expect(204);
    let gone = sync(&server, HOME, (&token(&changed), ALL)).await.expect(207);
    assert_eq!(gone.hrefs(), [WORK], "what was in it goes with it");
}

#[tokio::test]
async fn a_limit_cuts_and_resumes_at_its_own_level() {
    let server = Server::new();
    some(&server, &["a", "b", "c", "d", "e"]);
    let limit = "<D:limit><D:nresults>1</D:nresults></D:limit>";
    let (mut at, mut seen) = (String::new(), Vec::new());
    for _ in 0..40 {
        let answer = sync(&server, HOME, (&at, &format!("{ALL}{limit}"))).await.expect(207);
        at = token(&answer);
        seen.extend(answer.hrefs().into_iter().filter(|href| href != HOME));
        if !answer.hrefs().contains(&HOME.to_owned()) {
            break;
        }
        assert_eq!(status(&answer.response(HOME)), 507);
        let other = sync(&server, HOME, (&at, ONE)).await;
        other.expect_condition(403, dav("valid-sync-token"));
    }
    let whole = sync(&server, HOME, ("", ALL)).await.expect(207);
    seen.sort();
    let mut all = whole.hrefs();
    all.sort();
    assert_eq!((seen, at), (all, token(&whole)));
}

#[tokio::test]
async fn tokens_of_elsewhere_and_of_another_life() {
    let server = Server::new();
    let collection = property(&server, WORK).await;
    for token in [collection.as_str(), "urn:kalends:tree:a:!", "urn:kalends:tree:i:AA", "x"] {
        let answer = sync(&server, HOME, (token, ONE)).await;
        answer.expect_condition(403, dav("valid-sync-token"));
    }
    let home = property(&server, HOME).await;
    sync(&server, WORK, (&home, ONE)).await.expect_condition(403, dav("valid-sync-token"));
    sync(&server, WORK, ("", ALL)).await.expect_condition(403, dav("sync-traversal-supported"));
    sync(&server, "/dav/calendars/", ("", ONE)).await.expect_condition(403, dav("supported-report"));
}

#[tokio::test]
async fn a_state_is_a_condition() {
    let server = Server::new();
    let home = property(&server, HOME).await;
    let unmoved = format!("If: <{HOME}> (<{home}>)");
    server.send("MKCALENDAR /dav/calendars/ada/more", &[&unmoved], "").await.expect(201);
    server.send("MKCALENDAR /dav/calendars/ada/again", &[&unmoved], "").await.expect(412);
}

#[tokio::test]
async fn notifications_are_followed() {
    let server = Server::new();
    let place = "/dav/notifications/ada/";
    let first = sync(&server, place, ("", ONE)).await.expect(207);
    assert_eq!((first.hrefs().len(), token(&first)), (0, property(&server, place).await));
    sync(&server, place, ("", ALL)).await.expect_condition(403, dav("sync-traversal-supported"));
    sync(&server, "/dav/notifications/bea/", ("", ONE)).await.expect(404);
}
