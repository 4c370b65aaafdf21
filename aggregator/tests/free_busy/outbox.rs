//! Through the outbox: who answers, under which address, and what is left out.

use aggregator::access::FreeBusy;

use crate::house::{CALENDAR, House, busy_lines, outbox, request};

const DAY: &str = "20260504T000000Z/20260505T000000Z";
const LUNCH: &str = "DTSTART:20260504T100000Z|DTEND:20260504T110000Z";

#[tokio::test]
async fn an_owner_answers_under_every_address_and_path() {
    let house = House::new().await;
    house.put("bob", "personal", "lunch", LUNCH).await;
    for attendee in [
        "mailto:bob@example.org",
        "MAILTO:Bob@Example.ORG",
        "mailto:robert@example.net",
        "/dav/principals/bob/",
        "https://calendar.example:8443/dav/principals/bob",
    ] {
        let (status, busy) = house.ask("ada", attendee, DAY).await;
        assert_eq!(status, "2.0;Success", "{attendee}");
        assert_eq!(busy, ["BUSY:20260504T100000Z/20260504T110000Z"], "{attendee}");
    }
    assert_eq!(house.report("bob", "bob/", DAY).await, ["BUSY:20260504T100000Z/20260504T110000Z"]);
    assert_eq!(house.ask("ada", "mailto:x@elsewhere.example", DAY).await.0, "5.1;Service unavailable");
    for nobody in ["/dav/principals/carol/", "urn:uuid:1", "mailto:nobody"] {
        assert_eq!(house.ask("ada", nobody, DAY).await.0, "3.7;Invalid calendar user", "{nobody}");
    }
}

#[tokio::test]
async fn what_the_asker_moves_makes_nobody_busy() {
    let house = House::new().await;
    house.put("bob", "personal", "meeting", LUNCH).await;
    house.put("bob", "personal", "other", "DTSTART:20260504T150000Z|DTEND:20260504T160000Z").await;
    let masked = request("ada", &["mailto:bob@example.org"], DAY, "X-CALENDARSERVER-MASK-UID:meeting\r\n");
    let told = async || {
        let answer = house.send("ada", &outbox("ada"), &[CALENDAR], &masked).await;
        busy_lines(answer.responses().remove(0).2.as_ref().unwrap())
    };
    let all = ["BUSY:20260504T100000Z/20260504T110000Z,20260504T150000Z/20260504T160000Z"];
    assert_eq!(told().await, all, "Ada has no such event, so it is not hers to move");
    house.put("ada", "personal", "meeting", LUNCH).await;
    assert_eq!(told().await, ["BUSY:20260504T150000Z/20260504T160000Z"]);
}

#[tokio::test]
async fn two_thousand_attendees_come_page_by_page() {
    let house = House::new().await;
    house.put("bob", "personal", "lunch", LUNCH).await;
    let strangers: Vec<String> = (0..1998).map(|n| format!("mailto:n{n}@elsewhere.example")).collect();
    let mut all: Vec<&str> = strangers.iter().map(String::as_str).collect();
    all.insert(1000, "mailto:bob@example.org");
    all.push("mailto:bob@example.org");
    all.push("mailto:ada@example.org");
    let answer = house.send("ada", &outbox("ada"), &[CALENDAR], &request("ada", &all[..2000], DAY, "")).await;
    let responses = answer.responses();
    assert_eq!((answer.status, responses.len(), answer.frames), (200, 1999, 20));
    assert_eq!(responses.iter().filter(|(_, status, _)| status.starts_with("2.0")).count(), 1);
    let too_many = house.send("ada", &outbox("ada"), &[CALENDAR], &request("ada", &all, DAY, "")).await;
    assert_eq!(too_many.status, 403);
    assert!(too_many.names(dav::xml::name::caldav("max-attendees-per-instance")));
}

#[tokio::test]
async fn one_asks_from_ones_own_outbox() {
    let house = House::new().await;
    let body = request("ada", &["mailto:bob@example.org"], DAY, "");
    assert!(matches!(house.send("bob", &outbox("ada"), &[CALENDAR], &body).await.status, 403 | 404));
    let disguised = house.send("bob", &outbox("bob"), &[CALENDAR], &body).await;
    assert_eq!(disguised.status, 403);
    assert!(disguised.names(dav::xml::name::caldav("valid-organizer")));
}

#[tokio::test]
async fn who_tells_nobody_is_not_told_about() {
    let house = House::new().await;
    house.put("bob", "personal", "lunch", LUNCH).await;
    house.rule(FreeBusy::Nobody);
    let (status, busy) = house.ask("ada", "mailto:bob@example.org", DAY).await;
    assert_eq!((status.as_str(), busy), ("3.8;No authority", vec![]));
    assert_eq!(
        house.ask("bob", "mailto:bob@example.org", DAY).await.0,
        "2.0;Success",
        "one may ask about oneself"
    );
    // What Bob grants to one of them holds.
    let grant = "<D:acl xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:ace><D:principal>\
                 <D:href>/dav/principals/ada/</D:href></D:principal><D:grant><D:privilege><C:read-free-busy/>\
                 </D:privilege></D:grant></D:ace></D:acl>";
    let granted = house.send("bob", "ACL /dav/calendars/bob/", &[], grant).await;
    assert_eq!(granted.status, 200, "{}", granted.text);
    assert_eq!(house.ask("ada", "mailto:bob@example.org", DAY).await.0, "2.0;Success");
}
