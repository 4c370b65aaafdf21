//! sync-collection and the CTag.

use dav::xml::name::{caldav, calendar_server, dav};

use crate::client::{Answer, Server, document, event, propfind, status};

const WORK: &str = "/dav/calendars/ada/work/";

fn body(token: &str, rest: &str) -> String {
    document(
        "D:sync-collection",
        &format!("<D:sync-token>{token}</D:sync-token>{rest}<D:prop><D:getetag/></D:prop>"),
    )
}

async fn sync(server: &Server, token: &str) -> Answer {
    let body = body(token, "<D:sync-level>1</D:sync-level>");
    server.send(&format!("REPORT {WORK}"), &["Depth: 0"], &body).await
}

fn token(answer: &Answer) -> String {
    answer.xml().first(dav("sync-token")).unwrap().text()
}

fn some(server: &Server, names: &[&str]) {
    for name in names {
        server.memory.insert("ada/work", name, &event(name, "DTSTART:20260504T120000Z"));
    }
}

#[tokio::test]
async fn following_the_tokens() {
    let server = Server::new();
    some(&server, &["a", "b", "c"]);
    server.send(&format!("DELETE {WORK}c"), &[], "").await.expect(204);
    let first = sync(&server, "").await.expect(207);
    assert_eq!(first.names(), ["a", "b"], "no removals at the beginning");
    assert_eq!(first.property(&format!("{WORK}a"), dav("getetag")).0, 200);
    let nothing = sync(&server, &token(&first)).await.expect(207);
    assert!(nothing.hrefs().is_empty());
    assert_eq!(token(&nothing), token(&first));
    some(&server, &["d"]);
    server.send(&format!("DELETE {WORK}a"), &[], "").await.expect(204);
    let changed = sync(&server, &token(&first)).await.expect(207);
    let gone = changed.response(&format!("{WORK}a"));
    assert_eq!((status(&gone), gone.first(dav("propstat")).is_none()), (404, true));
    assert_eq!(gone.first(dav("status")).unwrap().text(), "HTTP/1.1 404 Not Found");
    assert_eq!(changed.property(&format!("{WORK}d"), dav("getetag")).0, 200);
    assert_eq!(changed.hrefs().len(), 2);
    let own = propfind(&["D:sync-token", "CS:getctag"]);
    let own = server.send(&format!("PROPFIND {WORK}"), &["Depth: 0"], &own).await.expect(207);
    assert_eq!(own.text_of(WORK, dav("sync-token")), token(&changed));
    assert_eq!(own.text_of(WORK, calendar_server("getctag")), "cafe-7");
}

#[tokio::test]
async fn tokens_of_elsewhere() {
    let server = Server::new();
    for token in ["urn:kalends:sync:beef-1", "urn:kalends:sync:cafe-99", "http://example.org/1", "x"] {
        sync(&server, token).await.expect_condition(403, dav("valid-sync-token"));
    }
}

#[tokio::test]
async fn a_limit_cuts_and_resumes() {
    let server = Server::new();
    some(&server, &["a", "b", "c", "d", "e"]);
    let mut seen = Vec::new();
    let mut at = String::new();
    for _ in 0..3 {
        let body = body(&at, "<D:sync-level>1</D:sync-level><D:limit><D:nresults>2</D:nresults></D:limit>");
        let answer = server.send(&format!("REPORT {WORK}"), &[], &body).await.expect(207);
        let more = answer.hrefs().contains(&WORK.to_owned());
        if more {
            let own = answer.response(WORK);
            assert_eq!(status(&own), 507);
            assert!(own.first(dav("error")).unwrap().first(dav("number-of-matches-within-limits")).is_some());
        }
        seen.extend(answer.names().into_iter().filter(|name| name != "work"));
        at = token(&answer);
        assert_eq!(more, seen.len() < 5);
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
    for wrong in ["0", "x", "-1"] {
        let body = body("", &format!("<D:limit><D:nresults>{wrong}</D:nresults></D:limit>"));
        server.send(&format!("REPORT {WORK}"), &[], &body).await.expect(400);
    }
}

#[tokio::test]
async fn levels_and_depths() {
    let server = Server::new();
    some(&server, &["a"]);
    for (depth, level, status) in [
        ("Depth: 0", "<D:sync-level>1</D:sync-level>", 207),
        ("Depth: 1", "<D:sync-level>1</D:sync-level>", 207),
        ("X: y", "<D:sync-level>1</D:sync-level>", 207),
        ("Depth: 1", "", 207),
        ("X: y", "", 207),
        ("Depth: infinity", "<D:sync-level>1</D:sync-level>", 207),
        ("Depth: 0", "<D:sync-level>infinite</D:sync-level>", 403),
        ("Depth: infinity", "", 403),
        ("Depth: 0", "<D:sync-level>7</D:sync-level>", 400),
    ] {
        let answer = server.send(&format!("REPORT {WORK}"), &[depth], &body("", level)).await;
        assert_eq!(answer.status.as_u16(), status, "{depth} {level}");
    }
    for place in ["/dav/principals/ada/", "/dav/calendars/"] {
        let answer = server.send(&format!("REPORT {place}"), &[], &body("", "")).await;
        answer.expect_condition(403, dav("supported-report"));
    }
}

#[tokio::test]
async fn calendar_data_and_unknown_properties_may_be_asked_for() {
    let server = Server::new();
    let names: Vec<String> = (0..150).map(|nth| format!("{nth:03}")).collect();
    some(&server, &names.iter().map(String::as_str).collect::<Vec<_>>());
    let body = document(
        "D:sync-collection",
        "<D:sync-token/><D:prop><D:getetag/><C:calendar-data/><D:displayname/></D:prop>",
    );
    let answer = server.send(&format!("REPORT {WORK}"), &[], &body).await.expect(207);
    assert_eq!((answer.hrefs().len(), answer.frames), (150, 3));
    let path = format!("{WORK}000");
    assert_eq!(answer.text_of(&path, caldav("calendar-data")), event("000", "DTSTART:20260504T120000Z"));
    assert_eq!(answer.property(&path, dav("displayname")).0, 404);
    let minimal =
        server.send(&format!("REPORT {WORK}"), &["Prefer: return=minimal"], &body).await.expect(207);
    assert!(!minimal.text.contains("displayname"));
}
