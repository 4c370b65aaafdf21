//! Everyone against everything: who may send what where, and what a stranger can find out.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that fails may panic")]

mod dav_door;
#[allow(dead_code)]
mod world;

use aggregator::access::delegate::{self, Extent, Level};
use aggregator::access::{FreeBusy, Rules};
use aggregator::operation::collection;
use calendar::collection::{CollectionName, PrincipalId};
use dav_door::{Answer, Door, NAMES, ace, event, owner};
use store::collections::Role;

/// Ada, who acts for her, who reads for her, who learns her busy time, who nothing.
const CALLERS: [&str; 5] = ["ada", "wendy", "rita", "fred", "sam"];

async fn house() -> Door {
    let door = Door::of(CALLERS.iter().map(|id| owner(id, vec![])).collect()).await;
    door.world.replace_access_rules(Rules { free_busy: FreeBusy::Nobody });
    let ada = door.world.owner("ada").unwrap();
    for (id, role) in [("inbox", Role::Inbox), ("outbox", Role::Outbox), ("work", Role::Made)] {
        let mut record = collection::blank(&door.world, role, id, &["VEVENT", "VTODO"]);
        record.writable = true;
        // The server may have made the first two itself.
        let _there = collection::make(&door.world, &ada, &CollectionName::new("ada", id), &record).await;
    }
    let all = Extent { owner: PrincipalId::new("ada"), calendar: None };
    for (who, level) in [("wendy", Level::Write), ("rita", Level::Read), ("fred", Level::FreeBusy)] {
        delegate::grant(&door.world, &all, Some(&PrincipalId::new(who)), level).await.unwrap();
    }
    assert_eq!(door.put("ada", "/dav/calendars/ada/work/one.ics", "one").await, 201);
    for who in &CALLERS[1..] {
        assert_eq!(door.put(who, &format!("/dav/calendars/{who}/personal/own.ics"), who).await, 201);
    }
    door
}

struct Sent {
    line: &'static str,
    headers: &'static [&'static str],
    body: String,
    /// Statuses for [`CALLERS`].
    statuses: [u16; 5],
}

fn sent(line: &'static str, headers: &'static [&'static str], body: &str, statuses: [u16; 5]) -> Sent {
    let body =
        if body.starts_with('<') { body.replacen('>', &format!(" {NAMES}>"), 1) } else { body.to_owned() };
    Sent { line, headers, body, statuses }
}

const QUERY: &str = "<C:calendar-query><D:prop><D:getetag/></D:prop><C:filter><C:comp-filter name=\"VCALENDAR\"/></C:filter></C:calendar-query>";
const BUSY: &str = "<C:free-busy-query><C:time-range start=\"20260504T000000Z\" end=\"20260505T000000Z\"/></C:free-busy-query>";
const SYNC: &str = "<D:sync-collection><D:sync-token/><D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop></D:sync-collection>";
const MULTIGET: &str = "<C:calendar-multiget><D:prop><D:getetag/></D:prop><D:href>/dav/calendars/ada/work/one.ics</D:href></C:calendar-multiget>";
const EXPAND: &str = "<D:expand-property><D:property name=\"owner\"><D:property name=\"displayname\"/></D:property></D:expand-property>";
const WHO: &str = "<D:acl-principal-prop-set><D:prop><D:displayname/></D:prop></D:acl-principal-prop-set>";
const MINE: &str = "<D:principal-match><D:principal-property><D:owner/></D:principal-property><D:prop><D:getetag/></D:prop></D:principal-match>";
const SELF: &str = "<D:principal-match><D:self/></D:principal-match>";
const SEARCH: &str = "<D:principal-property-search><D:property-search><D:prop><D:displayname/></D:prop><D:match>rita</D:match></D:property-search><D:prop><D:displayname/></D:prop></D:principal-property-search>";
const SET: &str =
    "<D:propertyupdate><D:set><D:prop><x xmlns=\"urn:x\">1</x></D:prop></D:set></D:propertyupdate>";
const LOCK: &str =
    "<D:lockinfo><D:lockscope><D:exclusive/></D:lockscope><D:locktype><D:write/></D:locktype></D:lockinfo>";
const SHARE: &str = "<CS:share><CS:set><D:href>mailto:sam@example.org</D:href><CS:read/></CS:set></CS:share>";
const ICS: &[&str] = &["Content-Type: text/calendar"];
const XML: &[&str] = &["Content-Type: application/xml"];
const SHALLOW: &[&str] = &["Depth: 0"];
const DEEP: &[&str] = &["Depth: 1"];

/// A PROPPATCH that is refused answers 207 where the resource may be read.
fn table() -> Vec<Sent> {
    let acl = format!("<D:acl>{}</D:acl>", ace("sam", "grant", &["D:read"]));
    let new = event("new");
    let one = event("one");
    let mut rows = vec![
        // The calendar.
        sent("GET /dav/calendars/ada/work/", &[], "", [200, 200, 200, 403, 404]),
        sent("HEAD /dav/calendars/ada/work/", &[], "", [200, 200, 200, 403, 404]),
        sent("PROPFIND /dav/calendars/ada/work/", SHALLOW, "", [207, 207, 207, 403, 404]),
        sent("PROPFIND /dav/calendars/ada/work/", DEEP, "", [207, 207, 207, 403, 404]),
        sent("PROPPATCH /dav/calendars/ada/work/", &[], SET, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/", DEEP, QUERY, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/", DEEP, MULTIGET, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/", &[], SYNC, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/", &[], BUSY, [200, 200, 200, 200, 404]),
        sent("REPORT /dav/calendars/ada/work/", SHALLOW, EXPAND, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/", SHALLOW, WHO, [207, 207, 403, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/", SHALLOW, MINE, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/", SHALLOW, SEARCH, [207, 207, 207, 403, 404]),
        sent("ACL /dav/calendars/ada/work/", &[], &acl, [200, 403, 403, 403, 404]),
        sent("POST /dav/calendars/ada/work/", XML, SHARE, [200, 403, 403, 403, 404]),
        sent("LOCK /dav/calendars/ada/work/", SHALLOW, LOCK, [200, 200, 403, 403, 409]),
        sent("MKCALENDAR /dav/calendars/ada/work/", &[], "", [403, 403, 403, 403, 404]),
        sent("DELETE /dav/calendars/ada/work/", &[], "", [204, 204, 403, 403, 404]),
        // What is in it, and what might be.
        sent("GET /dav/calendars/ada/work/one.ics", &[], "", [200, 200, 200, 403, 404]),
        sent("GET /dav/calendars/ada/work/none.ics", &[], "", [404, 404, 404, 403, 404]),
        sent("PROPFIND /dav/calendars/ada/work/one.ics", SHALLOW, "", [207, 207, 207, 403, 404]),
        sent("PROPFIND /dav/calendars/ada/work/none.ics", SHALLOW, "", [404, 404, 404, 403, 404]),
        sent("PROPPATCH /dav/calendars/ada/work/one.ics", &[], SET, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/work/one.ics", SHALLOW, QUERY, [207, 207, 207, 403, 404]),
        sent("PUT /dav/calendars/ada/work/one.ics", ICS, &one, [204, 204, 403, 403, 409]),
        sent("PUT /dav/calendars/ada/work/new.ics", ICS, &new, [201, 201, 403, 403, 409]),
        sent("LOCK /dav/calendars/ada/work/one.ics", SHALLOW, LOCK, [200, 200, 403, 403, 409]),
        sent("DELETE /dav/calendars/ada/work/one.ics", &[], "", [204, 204, 403, 403, 404]),
        sent("DELETE /dav/calendars/ada/work/none.ics", &[], "", [404, 404, 403, 403, 404]),
        sent("ACL /dav/calendars/ada/work/one.ics", &[], &acl, [405, 405, 405, 405, 405]),
        // The home.
        sent("GET /dav/calendars/ada/", &[], "", [200, 200, 200, 403, 404]),
        sent("PROPFIND /dav/calendars/ada/", DEEP, "", [207, 207, 207, 403, 404]),
        sent("PROPPATCH /dav/calendars/ada/", &[], SET, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/", DEEP, QUERY, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/", &[], BUSY, [200, 200, 200, 200, 404]),
        sent("REPORT /dav/calendars/ada/", SHALLOW, MINE, [207, 207, 207, 403, 404]),
        sent("REPORT /dav/calendars/ada/", SHALLOW, WHO, [207, 207, 403, 403, 404]),
        sent("ACL /dav/calendars/ada/", &[], &acl, [200, 403, 403, 403, 404]),
        sent("MKCALENDAR /dav/calendars/ada/more/", &[], "", [201, 201, 403, 403, 404]),
        sent("DELETE /dav/calendars/ada/", &[], "", [405, 405, 405, 405, 405]),
    ];
    rows.extend([
        // The principal and the groups are known to all who have signed in.
        sent("PROPFIND /dav/principals/ada/", DEEP, "", [207; 5]),
        sent("PROPPATCH /dav/principals/ada/", &[], SET, [207; 5]),
        sent("REPORT /dav/principals/ada/", SHALLOW, EXPAND, [207; 5]),
        sent("REPORT /dav/principals/", SHALLOW, SELF, [207; 5]),
        sent("REPORT /dav/principals/", SHALLOW, SEARCH, [207; 5]),
        sent("PROPFIND /dav/principals/ada/calendar-proxy-read/", SHALLOW, "", [207; 5]),
        sent("DELETE /dav/principals/ada/", &[], "", [405; 5]),
        sent("ACL /dav/principals/ada/", &[], &acl, [405; 5]),
        // Where messages come and go.
        sent("PROPFIND /dav/calendars/ada/inbox/", DEEP, "", [207, 207, 207, 403, 403]),
        sent("ACL /dav/calendars/ada/inbox/", &[], &acl, [200, 403, 403, 403, 403]),
        sent("PROPFIND /dav/calendars/ada/outbox/", SHALLOW, "", [207, 207, 207, 403, 404]),
        sent("ACL /dav/calendars/ada/outbox/", &[], &acl, [200, 403, 403, 403, 404]),
        // What is told to one is told to nobody else.
        sent("PROPFIND /dav/notifications/ada/", DEEP, "", [207, 404, 404, 404, 404]),
        sent("PROPFIND /dav/files/ada/", SHALLOW, "", [207, 404, 404, 404, 404]),
    ]);
    rows
}

async fn send(door: &Door, who: &str, sent: &Sent) -> Answer {
    door.send(who, sent.line, sent.headers, &sent.body).await
}

#[tokio::test]
async fn everyone_against_everything() {
    let mut wrong = Vec::new();
    for row in table() {
        // What is changed by one must not change what another meets.
        let reads = ["GET", "HEAD", "PROPFIND", "REPORT"].iter().any(|name| row.line.starts_with(name));
        let mut door = house().await;
        assert_eq!(send(&door, "", &row).await.status.as_u16(), 401, "{}", row.line);
        for (who, expected) in CALLERS.iter().zip(row.statuses) {
            let answer = send(&door, who, &row).await;
            if answer.status.as_u16() != expected {
                wrong.push(format!(
                    "{who} {} {}: {}, not {expected}: {}",
                    row.line,
                    &row.body[..row.body.len().min(30)],
                    answer.status,
                    answer.text
                ));
            }
            if answer.status.as_u16() == 403
                && !row.line.starts_with("HEAD")
                && !row.line.starts_with("MKCALENDAR")
            {
                assert!(
                    answer.text.contains("<D:need-privileges><D:resource><D:href>"),
                    "{who} {} {}",
                    row.line,
                    answer.text
                );
            }
            let refused = answer.text.contains("403 Forbidden");
            if row.line.starts_with("PROPPATCH /dav/calendars") && answer.status.as_u16() == 207 {
                assert_eq!(refused, *who == "rita", "{who} {} {}", row.line, answer.text);
            }
            if !reads && answer.status.is_success() {
                door = house().await;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn things_that_go_from_one_to_another() {
    let out = "Destination: /dav/calendars/WHO/personal/one.ics";
    let into = "Destination: /dav/calendars/ada/work/own.ics";
    let over = "Destination: /dav/calendars/ada/work/one.ics";
    let own = "/dav/calendars/WHO/personal/own.ics";
    let one = "/dav/calendars/ada/work/one.ics";
    for (method, from, to, statuses) in [
        ("COPY", one, out, [201, 201, 403, 404]),
        ("MOVE", one, out, [201, 403, 403, 404]),
        ("COPY", own, into, [201, 403, 403, 409]),
        ("MOVE", own, into, [201, 403, 403, 409]),
        ("COPY", own, over, [204, 403, 403, 409]),
    ] {
        for (who, expected) in CALLERS[1..].iter().zip(statuses) {
            let door = house().await;
            let named = |text: &str| text.replace("WHO", who);
            let answer = door.send(who, &format!("{method} {}", named(from)), &[&named(to)], "").await;
            assert_eq!(answer.status.as_u16(), expected, "{who} {method} {from} {to}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_stranger_finds_out_nothing() {
    let door = house().await;
    for row in table() {
        // Everybody may have messages delivered, so everybody may know that there is an inbox.
        if !row.line.contains("/ada/work/") && !row.line.contains("/ada/outbox/") {
            continue;
        }
        let there = send(&door, "sam", &row).await;
        for other in ["/ada/nowhere/", "/nobody/work/"] {
            let line = row.line.replace("/ada/work/", other).replace("/ada/outbox/", other);
            let not_there = door.send("sam", &line, row.headers, &row.body).await;
            assert_eq!(there.status, not_there.status, "{line}");
            let text = there.text.replace("/ada/work/", other).replace("/ada/outbox/", other);
            assert_eq!(text, not_there.text, "{line}");
            let headers = |answer: &Answer| {
                let mut all: Vec<String> =
                    answer.headers.iter().map(|header| format!("{header:?}")).collect();
                all.sort();
                all
            };
            assert_eq!(headers(&there), headers(&not_there), "{line}");
        }
    }
    let expand = format!(
        "<D:expand-property {NAMES}><D:property name=\"calendar-home-set\" namespace=\"urn:ietf:params:xml:ns:caldav\">\
         <D:property name=\"displayname\"/></D:property></D:expand-property>"
    );
    let expanded = door.send("sam", "REPORT /dav/principals/ada/", &[], &expand).await;
    assert!(expanded.text.contains("404"), "{}", expanded.text);
}
