//! Calendars lent by invitation, and owners who let others act for them: what whoever is let in sees, does and loses.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod dav_door;
#[allow(dead_code)]
mod world;

use aggregator::access::{FreeBusy, Rules};
use dav_door::{Answer, Door, NAMES, ace, event, owner};

const WORK: &str = "/dav/calendars/ada/work/";
const SEEN: &str = "/dav/calendars/bob/shared-ada-work/";
const XML: &str = "Content-Type: application/xml";

async fn house() -> Door {
    let door = Door::of(vec![owner("ada", vec![]), owner("bob", vec![]), owner("cleo", vec![])]).await;
    door.world.replace_access_rules(Rules { free_busy: FreeBusy::Nobody });
    assert_eq!(door.status("ada", &format!("MKCALENDAR {WORK}"), &[], "").await, 201);
    assert_eq!(door.put("ada", &format!("{WORK}one.ics"), "one").await, 201);
    door
}

async fn share(door: &Door, who: &str, path: &str, inner: &str) -> Answer {
    door.send(who, &format!("POST {path}"), &[XML], &format!("<CS:share {NAMES}>{inner}</CS:share>")).await
}

fn invite(who: &str, access: &str) -> String {
    format!(
        "<CS:set><D:href>mailto:{who}@example.org</D:href><CS:common-name>{who}</CS:common-name>\
         <CS:summary>Ada's work</CS:summary><CS:{access}/></CS:set>"
    )
}

async fn reply(door: &Door, who: &str, answer: &str) -> Answer {
    let body = format!(
        "<CS:invite-reply {NAMES}><D:href>mailto:{who}@example.org</D:href><CS:invite-{answer}/>\
         <CS:hosturl><D:href>{WORK}</D:href></CS:hosturl></CS:invite-reply>"
    );
    door.send(who, &format!("POST /dav/calendars/{who}/"), &[XML], &body).await
}

/// The texts of what somebody is told, with where they are.
async fn news(door: &Door, who: &str) -> Vec<(String, String)> {
    let home = format!("/dav/notifications/{who}/");
    let body =
        format!("<D:propfind {NAMES}><D:prop><D:getetag/><CS:notificationtype/></D:prop></D:propfind>");
    let listed = door.send(who, &format!("PROPFIND {home}"), &["Depth: 1"], &body).await;
    let mut found = Vec::new();
    for response in listed.xml().all(dav::xml::name::dav("response")) {
        let href = response.first(dav::xml::name::dav("href")).unwrap().text();
        if href != home {
            let got = door.send(who, &format!("GET {href}"), &[], "").await;
            assert_eq!(got.status.as_u16(), 200);
            assert!(
                listed.text.contains(&got.headers["etag"].to_str().unwrap().replace('"', "&quot;"))
                    || listed.text.contains(got.headers["etag"].to_str().unwrap()),
                "{}",
                listed.text
            );
            found.push((href, got.text));
        }
    }
    found
}

#[tokio::test]
async fn a_calendar_is_lent_accepted_used_and_taken_back() {
    let door = house().await;
    assert_eq!(share(&door, "ada", WORK, &invite("bob", "read")).await.status.as_u16(), 200);
    let told = door.properties("ada", WORK, "<D:resourcetype/><CS:invite/><CS:allowed-sharing-modes/>").await;
    assert!(
        told.says(&["<CS:shared-owner/>", "<CS:invite-noresponse/>", "<CS:read/>", "<CS:can-be-shared/>"]),
        "{}",
        told.text
    );
    // Invited is not yet in.
    assert_eq!(door.status("bob", &format!("PROPFIND {WORK}"), &["Depth: 0"], "").await, 404);
    assert_eq!(door.status("bob", &format!("PROPFIND {SEEN}"), &["Depth: 0"], "").await, 404);
    let url = door.properties("bob", "/dav/principals/bob/", "<CS:notification-URL/>").await;
    assert!(url.says(&["<D:href>/dav/notifications/bob/</D:href>"]), "{}", url.text);
    let told = news(&door, "bob").await;
    assert_eq!(told.len(), 1);
    for part in [
        "<CS:invite-notification shared-type=\"calendar\">",
        "<CS:invite-noresponse/>",
        "Ada's work",
        WORK,
        "Ada Example",
    ] {
        assert!(told[0].1.contains(part), "{part}: {}", told[0].1);
    }
    assert_eq!(door.status("cleo", &format!("GET {}", told[0].0), &[], "").await, 404);
    assert_eq!(door.status("cleo", "PROPFIND /dav/notifications/bob/", &["Depth: 1"], "").await, 404);
    // Who is not invited cannot accept.
    assert_eq!(reply(&door, "cleo", "accepted").await.status.as_u16(), 403);
    let accepted = reply(&door, "bob", "accepted").await;
    assert!(accepted.says(&["<CS:shared-as", SEEN]), "{}", accepted.text);
    assert!(reply(&door, "bob", "accepted").await.says(&[SEEN]), "once more is the same");
    assert!(news(&door, "bob").await.is_empty());
    let answered = news(&door, "ada").await;
    assert!(
        answered[0].1.contains("<CS:invite-reply") && answered[0].1.contains("<CS:invite-accepted/>"),
        "{answered:?}"
    );
    assert_eq!(door.status("ada", &format!("DELETE {}", answered[0].0), &[], "").await, 204);
    assert!(news(&door, "ada").await.is_empty());
    // It stands in his home and reads like any calendar.
    let names = "<D:resourcetype/><D:owner/><D:current-user-privilege-set/><CS:getctag/><CS:shared-url/><CS:invite/><D:displayname/>";
    let seen = door.properties("bob", SEEN, names).await;
    assert!(
        seen.says(&[
            "<CS:shared/>",
            "<D:owner><D:href>/dav/principals/ada/",
            "<D:read/>",
            WORK,
            "Ada's work"
        ]),
        "{}",
        seen.text
    );
    assert!(!seen.text.contains("<D:write"), "{}", seen.text);
    let ctag = |answer: &Answer| {
        answer.text.split_once("<CS:getctag>").unwrap().1.split_once('<').unwrap().0.to_owned()
    };
    assert_eq!(ctag(&seen), ctag(&door.properties("ada", WORK, "<CS:getctag/>").await));
    let listed = door.send("bob", "PROPFIND /dav/calendars/bob/", &["Depth: 1"], "").await;
    assert!(listed.says(&[SEEN, "<CS:shared/>"]), "{}", listed.text);
    assert_eq!(door.status("bob", &format!("GET {SEEN}one.ics"), &[], "").await, 200);
    let multiget = format!(
        "<C:calendar-multiget {NAMES}><D:prop><D:getetag/><C:calendar-data/></D:prop><D:href>{SEEN}one.ics</D:href>\
         <D:href>{WORK}one.ics</D:href></C:calendar-multiget>"
    );
    let got = door.send("bob", &format!("REPORT {SEEN}"), &[], &multiget).await;
    assert!(got.says(&["SUMMARY:Secret of one", "HTTP/1.1 404 Not Found"]), "{}", got.text);
    let sync = |token: &str| {
        format!(
            "<D:sync-collection {NAMES}><D:sync-token>{token}</D:sync-token><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>"
        )
    };
    let synced = door.send("bob", &format!("REPORT {SEEN}"), &[], &sync("")).await;
    assert!(synced.says(&[&format!("{SEEN}one.ics")]), "{}", synced.text);
    let token = synced.text.split_once("<D:sync-token>").unwrap().1.split_once('<').unwrap().0.to_owned();
    let busy = format!(
        "<C:free-busy-query {NAMES}><C:time-range start=\"20260504T000000Z\" end=\"20260505T000000Z\"/></C:free-busy-query>"
    );
    assert!(
        door.send("bob", &format!("REPORT {SEEN}"), &[], &busy)
            .await
            .says(&["20260504T090000Z/20260504T100000Z"])
    );
    assert!(
        !door.send("bob", "REPORT /dav/calendars/bob/", &[], &busy).await.text.contains("090000Z"),
        "it is Ada who is busy"
    );
    // What is only read is not written.
    assert_eq!(door.put("bob", &format!("{SEEN}two.ics"), "two").await, 403);
    assert_eq!(door.status("bob", &format!("DELETE {SEEN}one.ics"), &[], "").await, 403);
    // More is allowed, without asking again.
    assert_eq!(share(&door, "ada", WORK, &invite("bob", "read-write")).await.status.as_u16(), 200);
    assert_eq!(door.put("bob", &format!("{SEEN}two.ics"), "two").await, 201);
    assert_eq!(door.status("ada", &format!("GET {WORK}two.ics"), &[], "").await, 200);
    let synced = door.send("bob", &format!("REPORT {SEEN}"), &[], &sync(&token)).await;
    assert!(synced.says(&["two.ics"]) && !synced.text.contains("one.ics"), "{}", synced.text);
    let conflict = door
        .send("bob", &format!("PUT {SEEN}three.ics"), &["Content-Type: text/calendar"], &event("two"))
        .await;
    assert!(
        conflict.says(&["no-uid-conflict", &format!("{SEEN}two.ics")]) && !conflict.text.contains(WORK),
        "{}",
        conflict.text
    );
    // He moves one home, and back.
    let to = "Destination: /dav/calendars/bob/personal/one.ics";
    assert_eq!(door.status("bob", &format!("MOVE {SEEN}one.ics"), &[to], "").await, 201);
    assert_eq!(door.status("ada", &format!("GET {WORK}one.ics"), &[], "").await, 404);
    let back = format!("Destination: {SEEN}one.ics");
    assert_eq!(door.status("bob", "MOVE /dav/calendars/bob/personal/one.ics", &[&back], "").await, 201);
    assert_eq!(door.status("ada", &format!("GET {WORK}one.ics"), &[], "").await, 200);
    // Taken back: it is gone at once, and he is told.
    let remove = "<CS:remove><D:href>mailto:bob@example.org</D:href></CS:remove>";
    assert_eq!(share(&door, "ada", WORK, remove).await.status.as_u16(), 200);
    assert_eq!(door.status("bob", &format!("GET {SEEN}one.ics"), &[], "").await, 404);
    assert!(!door.send("bob", "PROPFIND /dav/calendars/bob/", &["Depth: 1"], "").await.text.contains(SEEN));
    assert!(news(&door, "bob").await[0].1.contains("<CS:invite-deleted/>"));
    assert!(!door.properties("ada", WORK, "<D:resourcetype/>").await.text.contains("shared-owner"));
}

#[tokio::test]
async fn each_keeps_their_own_name_and_colour() {
    let door = house().await;
    let colour = |who: &'static str, path: &'static str, value: &'static str| {
        let body = format!(
            "<D:propertyupdate {NAMES}><D:set><D:prop><D:displayname>{value}</D:displayname><I:calendar-color>{value}</I:calendar-color>\
             </D:prop></D:set></D:propertyupdate>"
        );
        let door = &door;
        async move { door.send(who, &format!("PROPPATCH {path}"), &[], &body).await }
    };
    assert!(colour("ada", WORK, "#ff0000").await.says(&["200 OK"]));
    share(&door, "ada", WORK, &invite("bob", "read")).await;
    reply(&door, "bob", "accepted").await;
    let names = "<D:displayname/><I:calendar-color/>";
    assert!(
        door.properties("bob", SEEN, names).await.says(&["#ff0000", "Ada's work"]),
        "as its owner has it"
    );
    assert!(colour("bob", SEEN, "#00ff00").await.says(&["200 OK"]));
    assert!(
        door.properties("bob", SEEN, names).await.says(&["<I:calendar-color xmlns", "#00ff00"])
            || door.properties("bob", SEEN, names).await.says(&["#00ff00"])
    );
    let own = door.properties("ada", WORK, names).await;
    assert!(own.says(&["#ff0000"]) && !own.text.contains("#00ff00"), "{}", own.text);
    // What is said of the calendar is said by its owner.
    let transparent = format!(
        "<D:propertyupdate {NAMES}><D:set><D:prop><C:schedule-calendar-transp><C:opaque/></C:schedule-calendar-transp></D:prop></D:set></D:propertyupdate>"
    );
    assert!(door.send("bob", &format!("PROPPATCH {SEEN}"), &[], &transparent).await.says(&["403"]));
    assert_eq!(door.acl("bob", SEEN, &ace("cleo", "grant", &["D:read"])).await.status.as_u16(), 403);
    assert_eq!(share(&door, "bob", SEEN, &invite("cleo", "read")).await.status.as_u16(), 403);
}

#[tokio::test]
async fn what_is_borrowed_is_given_back_and_ends_with_what_it_is() {
    let door = house().await;
    share(&door, "ada", WORK, &(invite("bob", "read-write") + &invite("cleo", "read"))).await;
    reply(&door, "bob", "accepted").await;
    assert_eq!(door.status("bob", &format!("DELETE {SEEN}"), &[], "").await, 204);
    assert_eq!(
        door.status("ada", &format!("GET {WORK}one.ics"), &[], "").await,
        200,
        "nothing of hers is gone"
    );
    let told = door.properties("ada", WORK, "<CS:invite/>").await;
    assert!(told.says(&["<CS:invite-declined/>", "<CS:invite-noresponse/>"]), "{}", told.text);
    // He thinks better of it; she asks again, and he accepts.
    share(&door, "ada", WORK, &invite("bob", "read")).await;
    assert_eq!(news(&door, "bob").await.len(), 1);
    assert!(reply(&door, "bob", "accepted").await.says(&[SEEN]));
    assert_eq!(reply(&door, "cleo", "declined").await.status.as_u16(), 204);
    // The others are none of his business.
    let told = door.properties("bob", SEEN, "<CS:invite/>").await;
    assert!(told.says(&["bob@example.org"]) && !told.text.contains("cleo"), "{}", told.text);
    assert_eq!(door.status("ada", &format!("DELETE {WORK}"), &[], "").await, 204);
    assert_eq!(door.status("bob", &format!("PROPFIND {SEEN}"), &["Depth: 0"], "").await, 404);
    assert_eq!(door.status("ada", &format!("MKCALENDAR {WORK}"), &[], "").await, 201);
    assert_eq!(
        door.status("bob", &format!("PROPFIND {SEEN}"), &["Depth: 0"], "").await,
        404,
        "another calendar of that name"
    );
    assert_eq!(reply(&door, "bob", "accepted").await.status.as_u16(), 403);
}

#[tokio::test]
async fn who_cannot_share_or_be_shared_with() {
    let door = house().await;
    for (who, path, inner, status) in [
        ("ada", WORK, invite("nobody", "read"), 403),
        ("ada", WORK, invite("ada", "read"), 403),
        ("ada", WORK, String::new(), 400),
        ("ada", WORK, invite("bob", "read") + &invite("bob", "read-write"), 400),
        ("ada", WORK, "<CS:set><CS:read/></CS:set>".to_owned(), 400),
        ("bob", WORK, invite("bob", "read-write"), 404),
        ("ada", "/dav/calendars/ada/none/", invite("bob", "read"), 404),
    ] {
        let answer = share(&door, who, path, &inner).await;
        assert_eq!(answer.status.as_u16(), status, "{who} {path} {inner} {}", answer.text);
    }
    door.acl("ada", WORK, &ace("bob", "grant", &["D:read", "D:write"])).await;
    assert_eq!(share(&door, "bob", WORK, &invite("cleo", "read")).await.status.as_u16(), 403);
    assert!(news(&door, "bob").await.is_empty() && news(&door, "cleo").await.is_empty());
}

async fn members(door: &Door, who: &str, group: &str, ids: &[&str]) -> Answer {
    let hrefs: Vec<String> = ids.iter().map(|id| format!("<D:href>/dav/principals/{id}/</D:href>")).collect();
    let body = format!(
        "<D:propertyupdate {NAMES}><D:set><D:prop><D:group-member-set>{}</D:group-member-set></D:prop></D:set></D:propertyupdate>",
        hrefs.concat()
    );
    door.send(who, &format!("PROPPATCH /dav/principals/{group}/"), &[], &body).await
}

#[tokio::test]
async fn those_who_act_for_an_owner() {
    let door = house().await;
    let read = "ada/calendar-proxy-read";
    let write = "ada/calendar-proxy-write";
    for (who, ids) in [("bob", &["bob"][..]), ("ada", &["nobody"]), ("ada", &["bob/calendar-proxy-read"])] {
        assert!(members(&door, who, read, ids).await.says(&["HTTP/1.1 403"]), "{who} {ids:?}");
    }
    assert!(members(&door, "ada", read, &["bob"]).await.says(&["200 OK"]));
    assert!(members(&door, "ada", write, &["cleo", "cleo"]).await.says(&["200 OK"]));
    let names = "<D:group-membership/><CS:calendar-proxy-read-for/><CS:calendar-proxy-write-for/>";
    let told = door.properties("bob", "/dav/principals/bob/", names).await;
    assert!(
        told.says(&[
            "<D:group-membership><D:href>/dav/principals/ada/calendar-proxy-read/",
            "<CS:calendar-proxy-read-for><D:href>/dav/principals/ada/</D:href>",
            "<CS:calendar-proxy-write-for/>"
        ]),
        "{}",
        told.text
    );
    // As Apple Calendar asks.
    let expand = format!(
        "<D:expand-property {NAMES}><D:property name=\"calendar-proxy-write-for\" namespace=\"http://calendarserver.org/ns/\">\
         <D:property name=\"displayname\"/><D:property name=\"calendar-home-set\" namespace=\"urn:ietf:params:xml:ns:caldav\"/></D:property></D:expand-property>"
    );
    let expanded = door.send("cleo", "REPORT /dav/principals/cleo/", &["Depth: 0"], &expand).await;
    assert!(expanded.says(&["Ada Example", "/dav/calendars/ada/"]), "{}", expanded.text);
    let group = door
        .properties(
            "ada",
            "/dav/principals/ada/calendar-proxy-write/",
            "<D:resourcetype/><D:group-member-set/><D:principal-URL/>",
        )
        .await;
    assert!(
        group.says(&[
            "<D:principal/>",
            "<CS:calendar-proxy-write/>",
            "<D:group-member-set><D:href>/dav/principals/cleo/</D:href></D:group-member-set>"
        ]),
        "{}",
        group.text
    );
    // One reads everything, the other writes too.
    for (who, put, mkcalendar) in [("bob", 403, 403), ("cleo", 201, 201)] {
        assert_eq!(door.status(who, "PROPFIND /dav/calendars/ada/", &["Depth: 1"], "").await, 207);
        assert_eq!(door.status(who, &format!("GET {WORK}one.ics"), &[], "").await, 200);
        assert_eq!(door.put(who, &format!("{WORK}by-{who}.ics"), who).await, put, "{who}");
        let made = door.status(who, &format!("MKCALENDAR /dav/calendars/ada/of-{who}/"), &[], "").await;
        assert_eq!(made, mkcalendar, "{who}");
        assert_eq!(door.acl(who, WORK, "").await.status.as_u16(), 403, "{who}");
    }
    assert_eq!(door.status("cleo", "DELETE /dav/calendars/ada/of-cleo/", &[], "").await, 204);
    assert_eq!(door.status("cleo", &format!("DELETE {WORK}by-cleo.ics"), &[], "").await, 204);
    // A lock of the owner holds for those who act for her, and she may end theirs.
    let lock = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>";
    assert_eq!(door.status("ada", &format!("LOCK {WORK}one.ics"), &["Depth: 0"], lock).await, 200);
    assert_eq!(door.put("cleo", &format!("{WORK}one.ics"), "one").await, 423);
    assert_eq!(door.status("bob", &format!("LOCK {WORK}two.ics"), &["Depth: 0"], lock).await, 403);
    // One of theirs she ends; they do not end hers.
    let theirs = door.send("cleo", &format!("LOCK {WORK}three.ics"), &["Depth: 0"], lock).await;
    let token = format!("Lock-Token: {}", theirs.headers["lock-token"].to_str().unwrap());
    assert_eq!(door.status("bob", &format!("UNLOCK {WORK}three.ics"), &[&token], "").await, 403);
    assert_eq!(door.status("ada", &format!("UNLOCK {WORK}three.ics"), &[&token], "").await, 204);
    // No longer.
    assert!(members(&door, "ada", write, &[]).await.says(&["200 OK"]));
    assert_eq!(door.status("cleo", &format!("GET {WORK}one.ics"), &[], "").await, 404);
    let told = door.properties("cleo", "/dav/principals/cleo/", names).await;
    assert!(told.says(&["<CS:calendar-proxy-write-for/>"]), "{}", told.text);
}

#[tokio::test]
async fn a_lock_tells_nobody_what_is_there() {
    let door = house().await;
    let lock = "<D:lockinfo xmlns:D=\"DAV:\"><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>";
    for path in [format!("{WORK}one.ics"), "/dav/files/ada/secret-plan.txt".to_owned()] {
        assert!(matches!(door.status("ada", &format!("LOCK {path}"), &["Depth: 0"], lock).await, 200 | 201));
    }
    for rules in [FreeBusy::Nobody, FreeBusy::Owners] {
        door.world.replace_access_rules(Rules { free_busy: rules });
        for line in [
            "DELETE /dav/calendars/ada/",
            "DELETE /dav/files/ada/",
            "DELETE /dav/calendars/ada/work/",
            "PUT /dav/calendars/ada/work/one.ics",
            "PROPPATCH /dav/calendars/ada/work/one.ics",
        ] {
            let answer = door.send("bob", line, &["Content-Type: text/calendar"], &event("one")).await;
            assert_ne!(answer.status.as_u16(), 423, "{line} {}", answer.text);
            assert!(
                !answer.text.contains("secret-plan") && !answer.text.contains("one.ics</D:href>\n<D:lock"),
                "{}",
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn what_clients_keep_with_a_calendar_is_not_lent_with_it() {
    let door = house().await;
    let body = format!(
        "<D:propertyupdate {NAMES}><D:set><D:prop><I:calendar-color>#ff0000</I:calendar-color><I:calendar-order>7</I:calendar-order>\
         <CS:source><D:href>https://example.org/secret-feed.ics</D:href></CS:source></D:prop></D:set></D:propertyupdate>"
    );
    assert_eq!(door.status("ada", &format!("PROPPATCH {WORK}"), &[], &body).await, 207);
    share(&door, "ada", WORK, &invite("bob", "read")).await;
    reply(&door, "bob", "accepted").await;
    let seen = door.properties("bob", SEEN, "<I:calendar-color/><I:calendar-order/><CS:source/>").await;
    assert!(seen.says(&["#ff0000", ">7<"]) && !seen.text.contains("secret-feed"), "{}", seen.text);
    let stream = door.send("ada", &format!("GET {WORK}"), &[], "").await;
    assert!(stream.says(&["BEGIN:VEVENT"]) && !stream.text.contains("secret-feed"), "{}", stream.text);
}

/// One event that its writer called private.
fn private(uid: &str) -> String {
    event(uid).replace("SUMMARY", "CLASS:PRIVATE\r\nLOCATION:Hidden place\r\nSUMMARY")
}

const SECRETS: [&str; 2] = ["Secret of hidden", "Hidden place"];

fn tells(answer: &Answer) -> bool {
    SECRETS.iter().any(|secret| answer.text.contains(secret))
}

/// Every way to read what is in a calendar.
fn readings(path: &str) -> Vec<(String, Vec<&'static str>, String)> {
    let data = "<D:prop><D:getetag/><C:calendar-data/></D:prop>";
    let filter = |inner: &str| {
        format!(
            "<C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">{inner}</C:comp-filter></C:comp-filter></C:filter>"
        )
    };
    let report = |body: String| (format!("REPORT {path}"), vec!["Depth: 1"], body);
    vec![
        (format!("GET {path}hidden.ics"), vec![], String::new()),
        (format!("GET {path}hidden.ics"), vec!["Accept: application/calendar+json"], String::new()),
        (format!("GET {path}"), vec![], String::new()),
        report(format!("<C:calendar-query {NAMES}>{data}{}</C:calendar-query>", filter(""))),
        report(format!(
            "<C:calendar-multiget {NAMES}>{data}<D:href>{path}hidden.ics</D:href></C:calendar-multiget>"
        )),
        report(format!(
            "<D:sync-collection {NAMES}><D:sync-token/><D:sync-level>1</D:sync-level>{data}</D:sync-collection>"
        )),
        (
            format!("PROPFIND {path}"),
            vec!["Depth: 1"],
            format!("<D:propfind {NAMES}><D:allprop/></D:propfind>"),
        ),
    ]
}

#[tokio::test]
async fn who_only_reads_learns_of_private_events_when_they_are() {
    let door = house().await;
    let plain = ["Content-Type: text/calendar"];
    assert_eq!(door.status("ada", &format!("PUT {WORK}hidden.ics"), &plain, &private("hidden")).await, 201);
    share(&door, "ada", WORK, &invite("bob", "read")).await;
    reply(&door, "bob", "accepted").await;
    assert_eq!(door.acl("ada", WORK, &ace("cleo", "grant", &["D:read"])).await.status.as_u16(), 200);
    for (who, path) in [("bob", SEEN), ("cleo", WORK)] {
        for (line, headers, body) in readings(path) {
            let answer = door.send(who, &line, &headers, &body).await;
            assert!(answer.status.is_success() && !tells(&answer), "{line}: {}", answer.text);
        }
        let seen = door.send(who, &format!("GET {path}hidden.ics"), &[], "").await;
        assert!(seen.says(&["SUMMARY:Busy", "DTSTART:20260504T090000Z", "CLASS:PRIVATE"]), "{}", seen.text);
        assert!(door.send(who, &format!("GET {path}one.ics"), &[], "").await.says(&["Secret of one"]));
        // Nor can it be found out by asking for it.
        let probe = format!(
            "<C:calendar-query {NAMES}><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"><C:comp-filter name=\"VEVENT\">\
             <C:prop-filter name=\"LOCATION\"><C:text-match>Hidden</C:text-match></C:prop-filter></C:comp-filter></C:comp-filter></C:filter></C:calendar-query>"
        );
        let found = door.send(who, &format!("REPORT {path}"), &["Depth: 1"], &probe).await;
        assert!(!found.text.contains("hidden.ics"), "{}", found.text);
        // Nor taken along: what is copied is copied whole.
        let to = format!("Destination: /dav/calendars/{who}/personal/taken.ics");
        assert_eq!(door.status(who, &format!("COPY {path}hidden.ics"), &[&to], "").await, 403);
        let to = format!("Destination: /dav/calendars/{who}/personal/open.ics");
        assert_eq!(door.status(who, &format!("COPY {path}one.ics"), &[&to], "").await, 201);
    }
    // The tag of a reader opens nothing once they may write, so that nobody puts the veil in the place of the event.
    let tag = |answer: &Answer| format!("If-Match: {}", answer.headers["etag"].to_str().unwrap());
    let read = door.send("bob", &format!("GET {SEEN}hidden.ics"), &[], "").await;
    share(&door, "ada", WORK, &invite("bob", "read-write")).await;
    let line = format!("PUT {SEEN}hidden.ics");
    assert_eq!(door.status("bob", &line, &[plain[0], &tag(&read)], &read.text).await, 412);
    // Who may write sees what is written, and so do those who act for the owner, and the owner.
    let whole = door.send("bob", &format!("GET {SEEN}hidden.ics"), &[], "").await;
    assert!(tells(&whole));
    assert_eq!(door.status("bob", &line, &[plain[0], &tag(&whole)], &whole.text).await, 204);
    assert!(members(&door, "ada", "ada/calendar-proxy-write", &["cleo"]).await.says(&["200 OK"]));
    for who in ["ada", "cleo"] {
        assert!(tells(&door.send(who, &format!("GET {WORK}hidden.ics"), &[], "").await), "{who}");
    }
}

#[tokio::test]
async fn the_union_veils_what_its_parts_veil() {
    let door = house().await;
    let plain = ["Content-Type: text/calendar"];
    assert_eq!(door.status("ada", &format!("PUT {WORK}hidden.ics"), &plain, &private("hidden")).await, 201);
    assert!(members(&door, "ada", "ada/calendar-proxy-read", &["bob"]).await.says(&["200 OK"]));
    for who in ["bob", "ada"] {
        let all = door.send(who, "GET /dav/calendars/ada/unified/", &[], "").await;
        assert!(all.says(&["UID:hidden", "Secret of one"]), "{}", all.text);
        assert_eq!(tells(&all), who == "ada", "{who}: {}", all.text);
    }
}

#[tokio::test]
async fn files_and_properties_of_a_borrowed_calendar_are_kept_where_it_is_at_home() {
    let door = house().await;
    share(&door, "ada", WORK, &invite("bob", "read")).await;
    reply(&door, "bob", "accepted").await;
    let attach = format!("POST {SEEN}one.ics?action=attachment-add");
    let file = ["Content-Type: text/plain", "Content-Disposition: attachment; filename=plan.txt"];
    let property = format!(
        "<D:propertyupdate {NAMES}><D:set><D:prop><X:note xmlns:X=\"urn:x\">seen</X:note></D:prop></D:set></D:propertyupdate>"
    );
    let note = "<X:note xmlns:X=\"urn:x\"/>";
    assert_eq!(door.status("bob", &attach, &file, "the plan").await, 403);
    assert!(door.send("bob", &format!("PROPPATCH {SEEN}one.ics"), &[], &property).await.says(&["403"]));
    share(&door, "ada", WORK, &invite("bob", "read-write")).await;
    let attached = door.send("bob", &attach, &file, "the plan").await;
    assert_eq!(attached.status.as_u16(), 201, "{}", attached.text);
    let managed = attached.headers["cal-managed-id"].to_str().unwrap();
    for (who, path) in [("ada", WORK), ("bob", SEEN)] {
        let event = door.send(who, &format!("GET {path}one.ics"), &[], "").await;
        let unfolded = event.text.replace("\r\n ", "");
        assert!(unfolded.contains(&format!("/dav/attachments/ada/{managed}/plan.txt")), "{unfolded}");
    }
    let address = format!("GET /dav/attachments/ada/{managed}/plan.txt");
    assert_eq!(door.send("", &address, &[], "").await.text, "the plan");
    assert!(door.send("bob", &format!("PROPPATCH {SEEN}one.ics"), &[], &property).await.says(&["200 OK"]));
    for (who, path) in [("ada", WORK), ("bob", SEEN)] {
        let told = door.properties(who, &format!("{path}one.ics"), note).await;
        assert!(told.says(&["seen"]), "{who}: {}", told.text);
    }
    // What is kept with a private event is as private.
    let plain = ["Content-Type: text/calendar"];
    assert_eq!(door.status("ada", &format!("PUT {WORK}hidden.ics"), &plain, &private("hidden")).await, 201);
    assert!(door.send("ada", &format!("PROPPATCH {WORK}hidden.ics"), &[], &property).await.says(&["200 OK"]));
    share(&door, "ada", WORK, &invite("bob", "read")).await;
    assert!(!door.properties("bob", &format!("{SEEN}hidden.ics"), note).await.text.contains("seen"));
    assert!(door.properties("bob", &format!("{SEEN}one.ics"), note).await.says(&["seen"]));
    let remove = format!("POST {WORK}one.ics?action=attachment-remove&managed-id={managed}");
    assert_eq!(door.status("ada", &remove, &[], "").await, 204);
    assert_eq!(door.status("", &address, &[], "").await, 404);
}

#[tokio::test]
async fn a_page_of_another_site_puts_nothing_in() {
    let door = house().await;
    let line = format!("POST {WORK}?add-member");
    for (nth, headers) in [
        vec!["Sec-Fetch-Site: cross-site", "Origin: https://evil.example"],
        vec!["Sec-Fetch-Site: same-site"],
        vec!["Origin: https://evil.example", "Host: cal.example.org"],
        vec!["Origin: null"],
    ]
    .into_iter()
    .enumerate()
    {
        let status = door.status("ada", &line, &headers, &event(&format!("foreign-{nth}"))).await;
        assert_eq!(status, 403, "{headers:?}");
        let attach = format!("POST {WORK}one.ics?action=attachment-add");
        assert_eq!(door.status("ada", &attach, &headers, "a file").await, 403, "{headers:?}");
    }
    let own = ["Origin: https://cal.example.org", "Host: cal.example.org"];
    let typed = ["Content-Type: text/calendar", "Sec-Fetch-Site: cross-site", "Origin: null"];
    for (nth, headers) in [&own[..], &[], &typed[..]].into_iter().enumerate() {
        let status = door.status("ada", &line, headers, &event(&format!("own-{nth}"))).await;
        assert_eq!(status, 201, "{headers:?}");
    }
}
