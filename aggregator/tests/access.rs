//! Who may do what: access lists over the protocol, what they grant, what they refuse, and what stays hidden.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod dav_door;
#[allow(dead_code)]
mod world;

use aggregator::access::{FreeBusy, Rules};
use dav_door::{Answer, Door, NAMES, ace, event, owner};
use world::source;

const PERSONAL: &str = "/dav/calendars/ada/personal/";
const HOME: &str = "/dav/calendars/ada/";

/// Ada with an event in her calendar and a feed, Bob and Cleo, on a server where nobody learns anything of another.
async fn closed() -> Door {
    let door =
        Door::of(vec![owner("ada", vec![source("feed")]), owner("bob", vec![]), owner("cleo", vec![])]).await;
    door.world.replace_access_rules(Rules { free_busy: FreeBusy::Nobody });
    assert_eq!(door.put("ada", "/dav/calendars/ada/personal/one.ics", "one").await, 201);
    door
}

fn refused_by(answer: &Answer, condition: &str) {
    assert_eq!(answer.status.as_u16(), 403, "{condition}: {}", answer.text);
    assert!(answer.text.contains(&format!("<D:{condition}")), "{condition}: {}", answer.text);
}

#[tokio::test]
async fn every_precondition_of_acl_has_its_name() {
    let door = closed().await;
    let read = |who: &str| ace(who, "grant", &["D:read"]);
    let many: String = (0..101).map(|_| read("bob")).collect();
    let cases = [
        (ace("bob", "deny", &["D:read"]) + &ace("bob", "grant", &["D:read"]), "no-ace-conflict"),
        (ace("bob", "deny", &["D:write-content"]) + &ace("bob", "grant", &["D:write"]), "no-ace-conflict"),
        (ace("ada", "deny", &["D:write"]), "no-protected-ace-conflict"),
        (ace("<D:property><D:owner/></D:property>", "deny", &["D:all"]), "no-protected-ace-conflict"),
        (ace("ada/calendar-proxy-read", "deny", &["D:read"]), "no-inherited-ace-conflict"),
        (many, "limited-number-of-aces"),
        (read("bob") + &ace("cleo", "deny", &["D:read"]), "deny-before-grant"),
        (
            format!(
                "<D:ace><D:invert>{}</D:invert><D:grant/></D:ace>",
                "<D:principal><D:all/></D:principal>"
            ),
            "no-invert",
        ),
        (ace("bob", "grant", &["D:read-current-user-privilege-set"]), "no-abstract"),
        (ace("bob", "grant", &["C:schedule-send"]), "not-supported-privilege"),
        (ace("bob", "grant", &["CS:everything"]), "not-supported-privilege"),
        (read("nobody"), "recognized-principal"),
        (ace("<D:href>/dav/calendars/bob/</D:href>", "grant", &["D:read"]), "recognized-principal"),
        (ace("<D:href>mailto:bob@example.org</D:href>", "grant", &["D:read"]), "recognized-principal"),
        (ace("<D:all/>", "grant", &["D:read"]), "allowed-principal"),
        (ace("<D:unauthenticated/>", "grant", &["D:read"]), "allowed-principal"),
        (ace("<D:self/>", "grant", &["D:read"]), "allowed-principal"),
        (ace("<D:property><D:displayname/></D:property>", "grant", &["D:read"]), "allowed-principal"),
    ];
    for (aces, condition) in cases {
        refused_by(&door.acl("ada", PERSONAL, &aces).await, condition);
    }
    let on_home = door.acl("ada", HOME, &ace("ada/calendar-proxy-write", "deny", &["D:all"])).await;
    refused_by(&on_home, "no-protected-ace-conflict");
    for nonsense in [
        "<D:ace/>".to_owned(),
        "<D:ace><D:principal/><D:grant/></D:ace>".to_owned(),
        ace("bob", "grant", &[]),
        format!("<D:ace><D:principal><D:authenticated/></D:principal></D:ace>{}", read("bob")),
    ] {
        assert_eq!(door.acl("ada", PERSONAL, &nonsense).await.status.as_u16(), 400, "{nonsense}");
    }
    assert_eq!(door.status("ada", &format!("ACL {PERSONAL}"), &[], "").await, 400);
    for (path, status) in [
        ("/dav/calendars/ada/personal/one.ics", 405),
        ("/dav/principals/ada/", 405),
        ("/dav/calendars/ada/nothing/", 404),
        ("/dav/calendars/nobody/", 404),
    ] {
        assert_eq!(door.acl("ada", path, &read("bob")).await.status.as_u16(), status, "{path}");
    }
    // After all this nothing has changed.
    assert_eq!(door.status("bob", "GET /dav/calendars/ada/personal/one.ics", &[], "").await, 404);
}

#[tokio::test]
async fn a_list_is_told_as_it_was_set_with_what_is_protected_and_inherited() {
    let door = closed().await;
    assert_eq!(door.acl("ada", HOME, &ace("cleo", "grant", &["D:read"])).await.status.as_u16(), 200);
    let aces = ace("cleo", "deny", &["D:read"])
        + &ace("bob", "grant", &["D:read", "D:write"])
        + &ace("<D:authenticated/>", "grant", &["C:read-free-busy"]);
    assert_eq!(door.acl("ada", PERSONAL, &aces).await.status.as_u16(), 200);
    let names = "<D:acl/><D:inherited-acl-set/><D:acl-restrictions/><D:owner/><D:group/>\
                 <D:principal-collection-set/><D:supported-privilege-set/>";
    let told = door.properties("ada", PERSONAL, names).await;
    let entries = [
        "<D:ace><D:principal><D:href>/dav/principals/ada/</D:href></D:principal><D:grant><D:privilege><D:all/>\
         </D:privilege></D:grant><D:protected/></D:ace>",
        "<D:href>/dav/principals/ada/calendar-proxy-read/</D:href></D:principal><D:grant><D:privilege><D:read/>\
         </D:privilege></D:grant><D:protected/><D:inherited><D:href>/dav/calendars/ada/</D:href></D:inherited>",
        "<D:ace><D:principal><D:href>/dav/principals/cleo/</D:href></D:principal><D:deny><D:privilege><D:read/>\
         </D:privilege></D:deny></D:ace>",
        "<D:ace><D:principal><D:href>/dav/principals/bob/</D:href></D:principal><D:grant><D:privilege><D:read/>\
         </D:privilege><D:privilege><D:write/></D:privilege></D:grant></D:ace>",
        "<D:ace><D:principal><D:authenticated/></D:principal><D:grant><D:privilege><C:read-free-busy/>\
         </D:privilege></D:grant></D:ace>",
        "<D:ace><D:principal><D:href>/dav/principals/cleo/</D:href></D:principal><D:grant><D:privilege><D:read/>\
         </D:privilege></D:grant><D:inherited><D:href>/dav/calendars/ada/</D:href></D:inherited></D:ace>",
        "<D:inherited-acl-set><D:href>/dav/calendars/ada/</D:href></D:inherited-acl-set>",
        "<D:acl-restrictions><D:deny-before-grant/><D:no-invert/></D:acl-restrictions>",
        "<D:group/>",
        "<D:principal-collection-set><D:href>/dav/principals/</D:href>",
        "<D:abstract/>",
    ];
    for entry in entries {
        assert!(told.text.contains(entry), "{entry}\n{}", told.text);
    }
    // What was told may come back: what is protected or inherited stays what it is.
    let list = told.text.split_once("<D:acl>").unwrap().1.split_once("</D:acl>").unwrap().0;
    assert_eq!(door.acl("ada", PERSONAL, list).await.status.as_u16(), 200);
    assert!(door.properties("ada", PERSONAL, names).await.text.contains(list));
    let last = list.rfind("<D:ace>").unwrap();
    let moved = list[last..].replace("principals/cleo", "principals/bob");
    refused_by(&door.acl("ada", PERSONAL, &moved).await, "no-inherited-ace-conflict");
    // Of an object everything is inherited, and one's own list is nobody else's business.
    let object =
        door.properties("ada", "/dav/calendars/ada/personal/one.ics", "<D:acl/><D:inherited-acl-set/>").await;
    assert!(
        object.says(&["<D:inherited><D:href>/dav/calendars/ada/personal/</D:href></D:inherited>"]),
        "{}",
        object.text
    );
    let foreign = door.properties("bob", PERSONAL, "<D:acl/><D:owner/>").await;
    assert!(
        foreign.says(&["<D:acl/></D:prop><D:status>HTTP/1.1 403", "<D:owner><D:href>/dav/principals/ada/"]),
        "{}",
        foreign.text
    );
}

#[tokio::test]
async fn what_is_granted_holds_and_no_more() {
    let door = closed().await;
    let one = "/dav/calendars/ada/personal/one.ics";
    let get = format!("GET {one}");
    assert_eq!(door.status("bob", &get, &[], "").await, 404);
    door.acl("ada", PERSONAL, &ace("bob", "grant", &["D:read"])).await;
    assert_eq!(door.status("bob", &get, &[], "").await, 200);
    assert_eq!(door.status("cleo", &get, &[], "").await, 404);
    assert_eq!(door.status("bob", "GET /dav/calendars/ada/bookings/", &[], "").await, 404);
    let refused = door.send("bob", &format!("PUT {one}"), &[], &event("one")).await;
    refused_by(&refused, "need-privileges");
    assert!(refused.says(&[one, "<D:write-content/>"]), "{}", refused.text);
    let refused = door.send("bob", "PUT /dav/calendars/ada/personal/two.ics", &[], &event("two")).await;
    assert!(
        refused.says(&["<D:href>/dav/calendars/ada/personal/</D:href>", "<D:bind/>"]),
        "{}",
        refused.text
    );
    let refused = door.send("bob", &format!("DELETE {one}"), &[], "").await;
    assert!(
        refused.says(&["<D:href>/dav/calendars/ada/personal/</D:href>", "<D:unbind/>"]),
        "{}",
        refused.text
    );
    let to = "Destination: /dav/calendars/ada/personal/b.ics";
    assert_eq!(door.put("bob", "/dav/calendars/bob/personal/b.ics", "b").await, 201);
    let refused = door.send("bob", "COPY /dav/calendars/bob/personal/b.ics", &[to], "").await;
    refused_by(&refused, "need-privileges");
    assert!(
        refused.says(&["<D:href>/dav/calendars/ada/personal/</D:href>", "<D:bind/>"]),
        "{}",
        refused.text
    );
    let refused = door
        .send("bob", &format!("MOVE {one}"), &["Destination: /dav/calendars/bob/personal/o.ics"], "")
        .await;
    assert!(
        refused.says(&["<D:href>/dav/calendars/ada/personal/</D:href>", "<D:unbind/>"]),
        "{}",
        refused.text
    );
    // With more granted, all of it is done.
    door.acl("ada", PERSONAL, &ace("bob", "grant", &["D:read", "D:write"])).await;
    assert_eq!(door.put("bob", "/dav/calendars/ada/personal/two.ics", "two").await, 201);
    assert_eq!(door.put("bob", one, "one").await, 204);
    assert_eq!(door.status("bob", "COPY /dav/calendars/bob/personal/b.ics", &[to], "").await, 201);
    let moved = door
        .send("bob", &format!("MOVE {one}"), &["Destination: /dav/calendars/bob/personal/o.ics"], "")
        .await;
    assert_eq!(moved.status.as_u16(), 201, "{}", moved.text);
    assert_eq!(door.status("ada", &get, &[], "").await, 404);
    assert_eq!(door.status("bob", "GET /dav/calendars/bob/personal/o.ics", &[], "").await, 200);
    // The calendar itself belongs to the home.
    let refused = door.send("bob", &format!("DELETE {PERSONAL}"), &[], "").await;
    assert_eq!(refused.status.as_u16(), 404, "nothing of the home is granted: {}", refused.text);
    let names = "<D:current-user-privilege-set/>";
    let told = door.properties("bob", PERSONAL, names).await;
    assert!(told.says(&["<D:read/>", "<D:write/>", "<D:unbind/>"]), "{}", told.text);
    assert!(!told.says(&["<D:all/>"]) && !told.says(&["<D:write-acl/>"]), "{}", told.text);
}

#[tokio::test]
async fn a_mirror_is_read_only_for_everybody() {
    let door = closed().await;
    let feed = "/dav/calendars/ada/bookings/";
    assert_eq!(door.acl("ada", feed, &ace("bob", "grant", &["D:all"])).await.status.as_u16(), 200);
    for who in ["ada", "bob"] {
        let refused = door.send(who, "PUT /dav/calendars/ada/bookings/x.ics", &[], &event("x")).await;
        refused_by(&refused, "need-privileges");
        let told = door.properties(who, feed, "<D:current-user-privilege-set/>").await;
        assert!(told.says(&["<D:read/>", "<D:write-acl/>"]), "{}", told.text);
        for name in ["<D:all/>", "<D:write/>", "<D:write-content/>", "<D:write-properties/>", "<D:bind/>"] {
            assert!(!told.text.contains(name), "{who} {name}");
        }
    }
}

fn free_busy() -> String {
    format!(
        "<C:free-busy-query {NAMES}><C:time-range start=\"20260504T000000Z\" end=\"20260505T000000Z\"/></C:free-busy-query>"
    )
}

#[tokio::test]
async fn busy_time_is_for_all_owners_unless_somebody_says_otherwise() {
    let door = closed().await;
    for path in [HOME, PERSONAL, "/dav/calendars/ada/unified/"] {
        assert_eq!(door.status("bob", &format!("REPORT {path}"), &[], &free_busy()).await, 404, "{path}");
    }
    door.world.replace_access_rules(Rules { free_busy: FreeBusy::Owners });
    for path in [HOME, PERSONAL, "/dav/calendars/ada/unified/"] {
        let told = door.send("bob", &format!("REPORT {path}"), &[], &free_busy()).await;
        assert!(told.says(&["20260504T090000Z/20260504T100000Z"]), "{path} {}", told.text);
        assert!(!told.text.contains("Secret"), "{path} {}", told.text);
        let refused = door.send("bob", &format!("GET {path}"), &[], "").await;
        refused_by(&refused, "need-privileges");
        assert!(refused.says(&["<D:read/>", path]), "{}", refused.text);
    }
    // Nothing about objects is told by that, not even whether they are there.
    let there = door.send("bob", "GET /dav/calendars/ada/personal/one.ics", &[], "").await;
    let not_there = door.send("bob", "GET /dav/calendars/ada/personal/two.ics", &[], "").await;
    assert_eq!(there.status, not_there.status);
    assert_eq!(there.text.replace("one.ics", "two.ics"), not_there.text);
    // An owner may take it back: from one, from all, or for one calendar.
    door.acl("ada", PERSONAL, &ace("bob", "deny", &["C:read-free-busy"])).await;
    let told = door.send("bob", &format!("REPORT {HOME}"), &[], &free_busy()).await;
    assert!(told.says(&["BEGIN:VFREEBUSY"]) && !told.text.contains("090000Z"), "{}", told.text);
    assert_eq!(door.status("bob", &format!("REPORT {PERSONAL}"), &[], &free_busy()).await, 404);
    assert_eq!(door.status("bob", "REPORT /dav/calendars/ada/unified/", &[], &free_busy()).await, 404);
    let told = door.send("cleo", &format!("REPORT {HOME}"), &[], &free_busy()).await;
    assert!(told.says(&["20260504T090000Z/20260504T100000Z"]), "{}", told.text);
    door.acl("ada", HOME, "").await;
    assert_eq!(door.status("cleo", &format!("REPORT {HOME}"), &[], &free_busy()).await, 404);
}

#[tokio::test]
async fn the_union_shows_no_more_than_its_parts() {
    let door = closed().await;
    door.acl("ada", HOME, &ace("bob", "grant", &["D:read"])).await;
    let union = "/dav/calendars/ada/unified/";
    assert_eq!(door.status("bob", &format!("GET {union}"), &[], "").await, 200);
    door.acl("ada", PERSONAL, &ace("bob", "deny", &["D:read"])).await;
    assert_eq!(door.status("bob", &format!("GET {PERSONAL}"), &[], "").await, 404);
    assert_eq!(door.status("bob", &format!("GET {union}"), &[], "").await, 404);
    assert_eq!(door.status("bob", "GET /dav/calendars/ada/bookings/", &[], "").await, 200);
    // Unless its owner says so of the union itself.
    door.acl("ada", union, &ace("bob", "grant", &["D:read"])).await;
    assert_eq!(door.status("bob", &format!("GET {union}"), &[], "").await, 200);
}

#[tokio::test]
async fn a_calendar_made_anew_has_none_of_the_old_grants() {
    let door = closed().await;
    let work = "/dav/calendars/ada/work/";
    door.send("ada", &format!("MKCALENDAR {work}"), &[], "").await;
    door.acl("ada", work, &ace("bob", "grant", &["D:read"])).await;
    assert_eq!(door.status("bob", &format!("PROPFIND {work}"), &["Depth: 0"], "").await, 207);
    assert_eq!(door.status("ada", &format!("DELETE {work}"), &[], "").await, 204);
    assert_eq!(door.status("ada", &format!("MKCALENDAR {work}"), &[], "").await, 201);
    assert_eq!(door.status("bob", &format!("PROPFIND {work}"), &["Depth: 0"], "").await, 404);
}
