//! What clients may not write, by the name of the condition.

use crate::house::{House, meeting};

const OTHER: &str = "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260602T090000Z\r\n\
    DTSTART:20260602T090000Z\r\nORGANIZER:mailto:ann@x\r\nATTENDEE:mailto:bob@x\r\nEND:VEVENT\r\nEND:VCALENDAR";

#[tokio::test]
async fn an_attendee_changes_only_what_is_theirs() {
    let house = House::new().await;
    house
        .put("olga", "personal/a.ics", &meeting("a", "RRULE:FREQ=DAILY\r\n", &["ann@x", "bob@x"]))
        .await
        .expect(201);
    let copy = house.only("ann").await;
    for change in [
        ("SUMMARY:Talk", "SUMMARY:Mine"),
        ("DTSTART:20260601T09", "DTSTART:20260601T08"),
        ("RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"),
        ("PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob", "PARTSTAT=ACCEPTED;RSVP=TRUE:mailto:bob"),
        ("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@x\r\n", ""),
        ("ORGANIZER:mailto:olga", "ORGANIZER:mailto:ann"),
        ("UID:a", "UID:b"),
    ] {
        let answer = house.edit("ann", &copy, &[change]).await;
        answer.refused("allowed-attendee-scheduling-object-change");
    }
    let own = (
        "END:VEVENT",
        "TRANSP:TRANSPARENT\r\nX-MINE:1\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT",
    );
    let kept = house.edit("ann", &copy, &[own]).await.expect(204);
    assert!(kept.header("etag").is_some(), "nothing was changed in it");
    assert!(house.heard("olga").await.is_empty(), "and nobody hears of it");
}

#[tokio::test]
async fn an_organizer_stays_one() {
    let house = House::new().await;
    house.put("olga", "personal/a.ics", &meeting("a", "", &["ann@x"])).await.expect(201);
    for change in [("ORGANIZER:mailto:olga", "ORGANIZER:mailto:ann"), ("UID:a", "UID:b")] {
        let answer = house.edit("olga", "personal/a.ics", &[change]).await;
        answer.refused("allowed-organizer-scheduling-object-change");
    }
    let two = meeting("a", "RRULE:FREQ=DAILY\r\n", &["ann@x"]).replace("END:VEVENT\r\nEND:VCALENDAR", OTHER);
    house.put("olga", "personal/a.ics", &two).await.refused("same-organizer-in-all-components");
    // Nobody's meeting any more: it is over for those who were invited.
    let text = house.get("olga", "personal/a.ics").await.text;
    let plain: Vec<&str> =
        text.lines().filter(|line| !line.starts_with("ORGANIZER") && !line.starts_with("ATTENDEE")).collect();
    let plain = plain.join("\r\n") + "\r\n";
    let made = house.put("olga", "personal/a.ics", &plain).await.expect(204);
    assert!(made.header("schedule-tag").is_none() && made.header("etag").is_some(), "{plain}");
    assert_eq!(house.heard("ann").await, ["CANCEL", "REQUEST"]);
}

#[tokio::test]
async fn one_event_is_one_resource() {
    let house = House::new().await;
    house.send("olga", "MKCALENDAR work/", &[], "").await.expect(201);
    let text = meeting("a", "", &["ann@x"]);
    house.put("olga", "personal/a.ics", &text).await.expect(201);
    let refused = house.put("olga", "work/b.ics", &text).await.refused("unique-scheduling-object-resource");
    assert!(refused.text.contains("<D:href>/dav/calendars/olga/personal/a.ics</D:href>"), "{}", refused.text);
    house.put("olga", "personal/b.ics", &text).await.refused("no-uid-conflict");
    let copy = house.send("olga", "COPY personal/a.ics", &["Destination: work/a.ics"], "").await;
    copy.refused("unique-scheduling-object-resource");
    let moved = house.send("olga", "MOVE personal/a.ics", &["Destination: work/a.ics"], "").await.expect(201);
    assert!(moved.header("schedule-tag").is_some());
    assert_eq!(house.heard("ann").await, ["REQUEST"], "that it moved is nobody's concern");
    // What is replaced by another is over.
    house.put("olga", "work/c.ics", &meeting("c", "", &["bob@x"])).await.expect(201);
    house.send("olga", "MOVE work/a.ics", &["Destination: work/c.ics"], "").await.expect(204);
    assert_eq!(house.heard("bob").await, ["CANCEL", "REQUEST"]);
    // With its calendar it is called off.
    house.send("olga", "DELETE work/", &[], "").await.expect(204);
    assert_eq!(house.heard("ann").await, ["CANCEL"]);
}

fn acl(aces: &str) -> String {
    format!("<D:acl xmlns:D='DAV:' xmlns:C='urn:ietf:params:xml:ns:caldav'>{aces}</D:acl>")
}

#[tokio::test]
async fn who_may_schedule_with_whom_and_for_whom() {
    let house = House::new().await;
    let ace = |verdict: &str, who: &str, privileges: &str| {
        format!(
            "<D:ace><D:principal><D:href>/dav/principals/{who}/</D:href></D:principal><D:{verdict}>\
             <D:privilege>{privileges}</D:privilege></D:{verdict}></D:ace>"
        )
    };
    // Ann hears nothing from Olga; Bob does.
    let denied = ace("deny", "olga", "<C:schedule-deliver/>");
    house.send("ann", "ACL inbox/", &[], &acl(&denied)).await.expect(200);
    house.put("olga", "personal/a.ics", &meeting("a", "", &["ann@x", "bob@x"])).await.expect(201);
    let held = house.text("olga", "personal/a.ics").await;
    assert!(held.contains("SCHEDULE-STATUS=3.8:mailto:ann@x"), "{held}");
    assert!(held.contains("SCHEDULE-STATUS=1.2:mailto:bob@x"), "{held}");
    assert!(house.members("ann", "personal").await.is_empty());
    // Ann may write into Olga's calendar; to call people in her name is another matter.
    let writes = ace("grant", "ann", "<D:read/>") + &ace("grant", "ann", "<D:write/>");
    house.send("olga", "ACL personal/", &[], &acl(&writes)).await.expect(200);
    let line = "PUT /dav/calendars/olga/personal/b.ics";
    let refused = house.send("ann", line, &[], &meeting("b", "", &["bob@x"])).await.expect(403);
    assert!(refused.text.contains("<C:schedule-send-invite/>"), "{}", refused.text);
    let plain = meeting("b", "", &[]).replace("ORGANIZER:mailto:olga@x\r\n", "");
    house.send("ann", line, &[], &plain).await.expect(201);
    let sends = ace("grant", "ann", "<C:schedule-send/>");
    house.send("olga", "ACL outbox/", &[], &acl(&sends)).await.expect(200);
    house.send("ann", line, &[], &meeting("b", "", &["bob@x"])).await.expect(204);
    assert_eq!(house.heard("bob").await, ["REQUEST", "REQUEST"]);
}

#[tokio::test]
async fn a_large_attachment_to_many_is_no_invitation() {
    let house = House::new().await;
    let attached = format!("ATTACH:data:text/plain,{}\r\n", "x".repeat(2_000_000));
    let names: Vec<String> = (0..40).map(|nth| format!("guest{nth}@x")).collect();
    let many: Vec<&str> = names.iter().map(String::as_str).collect();
    house.put("olga", "personal/a.ics", &meeting("a", &attached, &many)).await.refused("max-resource-size");
    house.put("olga", "personal/a.ics", &meeting("a", &attached, &many[..2])).await.expect(201);
}

#[tokio::test]
async fn what_comes_from_elsewhere_is_new_and_what_others_hear_of_does_not_go_elsewhere() {
    let house = House::new().await;
    let grant = "<D:ace><D:principal><D:href>/dav/principals/ann/</D:href></D:principal><D:grant>\
        <D:privilege><D:read/></D:privilege><D:privilege><D:write/></D:privilege></D:grant></D:ace>";
    house.send("olga", "ACL personal/", &[], &acl(grant)).await.expect(200);
    house.put("olga", "personal/a.ics", &meeting("a", "", &["bob@x"])).await.expect(201);
    // Olga's meeting in Ann's calendar would be nobody's any more.
    let line = "MOVE /dav/calendars/olga/personal/a.ics";
    let moved = house.send("ann", line, &["Destination: personal/a.ics"], "").await;
    moved.refused("allowed-organizer-scheduling-object-change");
    // What Ann herself organizes, and was put into Olga's calendar, is sent when it comes into hers.
    let anns = meeting("b", "", &["bob@x"]).replace("olga@x", "ann@x");
    house.put("ann", "/dav/calendars/olga/personal/b.ics", &anns).await.expect(201);
    assert_eq!(house.heard("bob").await, ["REQUEST"], "of Olga's alone");
    let line = "MOVE /dav/calendars/olga/personal/b.ics";
    let moved = house.send("ann", line, &["Destination: personal/b.ics"], "").await.expect(201);
    assert!(moved.header("schedule-tag").is_some());
    assert_eq!(house.heard("bob").await, ["REQUEST"]);
    let held = house.text("ann", "personal/b.ics").await;
    assert!(held.contains("SCHEDULE-STATUS=1.2:mailto:bob@x"), "{held}");
    house.send("ann", "DELETE personal/b.ics", &[], "").await.expect(204);
    assert_eq!(house.heard("bob").await, ["CANCEL"]);
}
