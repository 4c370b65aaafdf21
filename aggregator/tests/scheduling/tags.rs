//! Schedule tags: what they outlive, what they guard, what is kept under them.

use crate::house::{House, meeting, partstat};

const TALK: &str = "personal/a.ics";

async fn ann_answers(house: &House, partstat: &str) {
    let copy = house.only("ann").await;
    let text = house.text("ann", &copy).await;
    let line = crate::house::lines_of(&text, "ann")[0].clone();
    let answered = format!("ATTENDEE;PARTSTAT={partstat}:mailto:ann@x");
    house.edit("ann", &copy, &[(&line, &answered)]).await.expect(204);
}

#[tokio::test]
async fn answers_change_the_entity_tag_alone() {
    let house = House::new().await;
    house.put("olga", TALK, &meeting("a", "", &["ann@x", "bob@x"])).await.expect(201);
    let bobs = house.only("bob").await;
    let anns = house.only("ann").await;
    let anns_tag = house.schedule_tag("ann", &anns).await;
    let tags = (house.schedule_tag("olga", TALK).await, house.schedule_tag("bob", &bobs).await);
    let etags = (house.get("olga", TALK).await.header("etag"), house.get("bob", &bobs).await.header("etag"));
    ann_answers(&house, "ACCEPTED").await;
    assert_eq!((house.schedule_tag("olga", TALK).await, house.schedule_tag("bob", &bobs).await), tags);
    assert_ne!(house.get("olga", TALK).await.header("etag"), etags.0);
    assert_ne!(house.get("bob", &bobs).await.header("etag"), etags.1);
    assert!(anns_tag.is_some());
    assert_eq!(house.schedule_tag("ann", &anns).await, anns_tag, "one's own answer too");
    // Some clients count their own changes; how often the event was revised is the organizer's to say.
    let counted = ("SEQUENCE:0", "SEQUENCE:5");
    house.edit("ann", &anns, &[counted]).await.expect(204);
    assert!(!house.text("ann", &anns).await.contains("SEQUENCE:5"));
    assert_eq!(house.schedule_tag("ann", &anns).await, anns_tag);
    // What the organizer changes is another matter.
    house.edit("olga", TALK, &[("SUMMARY:Talk", "SUMMARY:Speech")]).await.expect(204);
    assert_ne!(house.schedule_tag("olga", TALK).await, tags.0);
    assert_ne!(house.schedule_tag("bob", &bobs).await, tags.1);
}

#[tokio::test]
async fn the_organizer_writes_under_an_old_schedule_tag() {
    let house = House::new().await;
    house
        .put("olga", TALK, &meeting("a", "RRULE:FREQ=DAILY;COUNT=3\r\n", &["ann@x", "bob@x"]))
        .await
        .expect(201);
    let known = house.get("olga", TALK).await;
    let tag = format!("If-Schedule-Tag-Match: {}", known.header("schedule-tag").unwrap());
    ann_answers(&house, "ACCEPTED").await;
    let copy = house.only("bob").await;
    house.edit("bob", &copy, &[("RRULE:", "EXDATE:20260602T090000Z\r\nRRULE:")]).await.expect(204);
    let stale = known.header("etag").unwrap();
    let edited = known.text.replace("SUMMARY:Talk", "SUMMARY:Talk\r\nLOCATION:Bar");
    house.send("olga", &format!("PUT {TALK}"), &[&format!("If-Match: {stale}")], &edited).await.expect(412);
    let answer = house.send("olga", &format!("PUT {TALK}"), &[&tag], &edited).await.expect(204);
    assert!(answer.header("etag").is_none() && answer.header("schedule-tag").is_some());
    let held = house.text("olga", TALK).await;
    assert_eq!(partstat(&held, "ann"), "ACCEPTED");
    let second =
        held.split("BEGIN:VEVENT").find(|part| part.contains("RECURRENCE-ID:20260602T090000Z")).unwrap();
    assert!(second.contains("LOCATION:Bar"));
    assert_eq!(partstat(second, "bob"), "DECLINED");
    // The tag has changed.
    house.send("olga", &format!("PUT {TALK}"), &[&tag], &edited).await.expect(412);
    house.send("olga", &format!("DELETE {TALK}"), &[&tag], "").await.expect(412);
    let tag = format!("If-Schedule-Tag-Match: {}", answer.header("schedule-tag").unwrap());
    house.send("olga", &format!("MOVE {TALK}"), &[&tag, "Destination: personal/b.ics"], "").await.expect(201);
    assert_eq!(house.schedule_tag("olga", "personal/b.ics").await, answer.header("schedule-tag"));
    assert!(!house.heard("ann").await.is_empty());
    house.send("olga", "DELETE personal/b.ics", &[&tag], "").await.expect(204);
    // What nobody organizes has no tag, and no condition on one holds.
    let plain = meeting("p", "", &[]).replace("ORGANIZER:mailto:olga@x\r\n", "");
    let made = house.put("olga", "personal/p.ics", &plain).await.expect(201);
    assert!(made.header("schedule-tag").is_none() && made.header("etag").is_some());
    house.send("olga", "DELETE personal/p.ics", &["If-Schedule-Tag-Match: \"x\""], "").await.expect(412);
    house.send("olga", "PUT personal/none.ics", &["If-Schedule-Tag-Match: \"x\""], &plain).await.expect(412);
}
