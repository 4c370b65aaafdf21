//! Locks, the `If` header, and the tree of files (RFC 4918 §6, §7, §9.10, §10.4).

use dav::xml::name::dav as d;

use crate::client::{Server, event, propfind};

const WORK: &str = "/dav/calendars/ada/work/";
const FILES: &str = "/dav/files/ada/";

fn lockinfo(scope: &str) -> String {
    format!(
        "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:{scope}/></D:lockscope><D:locktype><D:write/></D:locktype>\
         <D:owner><D:href>mailto:ada@example.org</D:href></D:owner></D:lockinfo>"
    )
}

async fn locked(server: &Server, path: &str, headers: &[&str]) -> String {
    let answer = server.send(&format!("LOCK {path}"), headers, &lockinfo("exclusive")).await;
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.text);
    answer.header("lock-token").unwrap().trim_matches(['<', '>']).to_owned()
}

#[tokio::test]
async fn a_locked_object_is_changed_with_its_token_only() {
    let server = Server::new();
    server.memory.insert("ada/work", "a.ics", &event("a", "DTSTART:20260504T120000Z"));
    let path = format!("{WORK}a.ics");
    let token = locked(&server, &path, &["Depth: 0", "Timeout: Second-60"]).await;
    let text = event("a", "DTSTART:20260504T130000Z");
    for (line, body) in [
        (format!("PUT {path}"), text.as_str()),
        (format!("DELETE {path}"), ""),
        (
            format!("PROPPATCH {path}"),
            "<propertyupdate xmlns=\"DAV:\"><remove><prop><x/></prop></remove></propertyupdate>",
        ),
        (format!("DELETE {WORK}"), ""),
    ] {
        let refused = server.send(&line, &[], body).await.expect_condition(423, d("lock-token-submitted"));
        assert!(refused.text.contains("/dav/calendars/ada/work/a.ics<"), "{}", refused.text);
    }
    let condition = format!("If: (<{token}>)");
    server.send(&format!("PUT {path}"), &[&condition], &text).await.expect(204);
    // Bob would not even find it; a token of another lock is none of this one.
    server.send(&format!("PUT {path}"), &["If: (<urn:lock:other>)"], &text).await.expect(412);
    server.send(&format!("PUT {path}"), &["If: (Not <urn:lock:other>)"], &text).await.expect(423);
    let found = server
        .send(&format!("PROPFIND {path}"), &["Depth: 0"], &propfind(&["D:lockdiscovery", "D:supportedlock"]))
        .await
        .expect(207);
    let (_, discovery) = found.property(&path, d("lockdiscovery"));
    let active = discovery.first(d("activelock")).unwrap();
    assert_eq!(active.first(d("timeout")).unwrap().text(), "Second-60");
    assert_eq!(active.first(d("locktoken")).unwrap().first(d("href")).unwrap().text(), token);
    assert_eq!(active.first(d("depth")).unwrap().text(), "0");
    let other = server.send(&format!("UNLOCK {path}"), &["Lock-Token: <urn:lock:other>"], "").await;
    other.expect_condition(409, d("lock-token-matches-request-uri"));
    server.send(&format!("UNLOCK {path}"), &[&format!("Lock-Token: <{token}>")], "").await.expect(204);
    server.send(&format!("DELETE {path}"), &[], "").await.expect(204);
}

#[tokio::test]
async fn two_locks_conflict_unless_both_are_shared() {
    let server = Server::new();
    server.memory.insert("ada/work", "b.ics", &event("b", "DTSTART:20260504T120000Z"));
    let lock = async |path: &str, scope: &str, depth: &str| {
        server.send(&format!("LOCK {path}"), &[depth], &lockinfo(scope)).await
    };
    lock(WORK, "shared", "Depth: infinity").await.expect(200);
    lock(WORK, "shared", "Depth: infinity").await.expect(200);
    lock(WORK, "exclusive", "Depth: 0").await.expect_condition(423, d("no-conflicting-lock"));
    lock(&format!("{WORK}b.ics"), "exclusive", "Depth: 0")
        .await
        .expect_condition(423, d("no-conflicting-lock"));
    lock(&format!("{WORK}b.ics"), "shared", "Depth: 1").await.expect(400);
    server.send(&format!("LOCK {WORK}"), &[], "<D:lockinfo xmlns:D=\"DAV:\"/>").await.expect(400);
    server.send(&format!("LOCK {WORK}"), &[], "").await.expect(400);
    // One's own of several shared ones is enough.
    let text = event("a", "DTSTART:20260504T120000Z");
    server.send(&format!("PUT {WORK}a.ics"), &[], &text).await.expect(423);
    let tagged = format!("If: <{WORK}> (<urn:lock:1>)");
    server.send(&format!("PUT {WORK}a.ics"), &[&tagged], &text).await.expect(201);
}

#[tokio::test]
async fn a_lock_is_refreshed_and_goes_with_what_it_locks() {
    let server = Server::new();
    let token = locked(&server, &format!("{FILES}a.txt"), &["Timeout: Second-60"]).await;
    server.send(&format!("GET {FILES}a.txt"), &[], "").await.expect(200);
    let condition = format!("If: (<{token}>)");
    let again = server
        .send(&format!("LOCK {FILES}a.txt"), &[&condition, "Timeout: Second-120"], "")
        .await
        .expect(200);
    assert!(again.text.contains("Second-120"), "{}", again.text);
    assert_eq!(again.header("lock-token"), None, "no new lock");
    server
        .send(&format!("MOVE {FILES}a.txt"), &[&format!("Destination: {FILES}b.txt")], "")
        .await
        .expect(423);
    server
        .send(&format!("MOVE {FILES}a.txt"), &[&format!("Destination: {FILES}b.txt"), &condition], "")
        .await
        .expect(201);
    server.send(&format!("PUT {FILES}b.txt"), &[], "x").await.expect(204);
    server.send(&format!("PUT {FILES}a.txt"), &[], "x").await.expect(201);
}

#[tokio::test]
async fn the_header_speaks_of_tags_and_sync_tokens_too() {
    let server = Server::new();
    server.memory.insert("ada/work", "a.ics", &event("a", "DTSTART:20260504T120000Z"));
    let path = format!("{WORK}a.ics");
    let tag =
        server.send(&format!("GET {path}"), &[], "").await.expect(200).header("etag").unwrap().to_owned();
    let text = event("a", "DTSTART:20260504T130000Z");
    server.send(&format!("PUT {path}"), &["If: ([\"other\"])"], &text).await.expect(412);
    server.send(&format!("GET {path}"), &["If: ([\"other\"])"], "").await.expect(412);
    server.send(&format!("PUT {path}"), &["If: broken"], &text).await.expect(400);
    let stale = format!("If: <{WORK}> (<urn:kalends:sync:cafe-1>)");
    server.send(&format!("PUT {path}"), &[&stale], &text).await.expect(412);
    let fresh = format!("If: <{WORK}> (<urn:kalends:sync:cafe-2>) <{path}> ([{tag}])");
    server.send(&format!("PUT {path}"), &[&fresh], &text).await.expect(204);
}

#[tokio::test]
async fn files_and_folders() {
    let server = Server::new();
    server.send(&format!("MKCOL {FILES}plans"), &[], "").await.expect(201);
    server.send(&format!("MKCOL {FILES}plans/"), &[], "").await.expect(405);
    server.send(&format!("MKCOL {FILES}none/plans"), &[], "").await.expect(409);
    server.send(&format!("MKCOL {FILES}x"), &["Content-Type: x/y"], "nonsense").await.expect(415);
    server
        .send(
            &format!("PUT {FILES}plans/a b.txt").replace("a b", "a%20b"),
            &["Content-Type: text/plain"],
            "one",
        )
        .await
        .expect(201);
    let listed = server.send(&format!("PROPFIND {FILES}plans"), &["Depth: 1"], "").await.expect(207);
    assert_eq!(listed.hrefs(), ["/dav/files/ada/plans/", "/dav/files/ada/plans/a%20b.txt"]);
    assert_eq!(listed.text_of("/dav/files/ada/plans/a%20b.txt", d("getcontenttype")), "text/plain");
    server
        .send(&format!("COPY {FILES}plans/"), &[&format!("Destination: {FILES}plans/in/")], "")
        .await
        .expect(403);
    server
        .send(&format!("COPY {FILES}plans/"), &["Destination: /dav/calendars/ada/work/x"], "")
        .await
        .expect(403);
    server
        .send(&format!("COPY {FILES}plans/"), &[&format!("Destination: {FILES}copy/")], "")
        .await
        .expect(201);
    server
        .send(&format!("COPY {FILES}plans/"), &[&format!("Destination: {FILES}copy/"), "Overwrite: F"], "")
        .await
        .expect(412);
    server.send(&format!("GET {FILES}copy/a%20b.txt"), &[], "").await.expect(200);
    server.send(&format!("DELETE {FILES}plans"), &[], "").await.expect(204);
    server.send(&format!("GET {FILES}plans/a%20b.txt"), &[], "").await.expect(404);
    // Another's tree is as if it were not there.
    server.send("PROPFIND /dav/files/bob/", &["Depth: 1"], "").await.expect(404);
}
