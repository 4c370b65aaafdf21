//! The conversations of RFC 6638 appendix B and others, between owners of one server.

use aggregator::world::HouseRules;

use crate::house::{House, lines_of, meeting, parameter, partstat};

#[tokio::test]
async fn invited_answered_moved_and_cancelled() {
    let house = House::new().await;
    let made = house.put("olga", "personal/a.ics", &meeting("a", "", &["ann@x", "bob@x"])).await.expect(201);
    assert!(made.header("etag").is_none(), "what is kept says more than what was sent");
    assert_eq!(made.header("schedule-tag"), house.schedule_tag("olga", "personal/a.ics").await);
    let held = house.text("olga", "personal/a.ics").await;
    for who in ["ann", "bob"] {
        assert_eq!(parameter(&lines_of(&held, who)[0], "SCHEDULE-STATUS").as_deref(), Some("1.2"));
        let copy = house.only(who).await;
        let text = house.text(who, &copy).await;
        assert!(!text.contains("METHOD") && !text.contains("SCHEDULE-STATUS"), "{text}");
        assert_eq!(house.heard(who).await, ["REQUEST"]);
    }
    // Ann accepts.
    let copy = house.only("ann").await;
    let line = "PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@x";
    house.edit("ann", &copy, &[(line, "PARTSTAT=ACCEPTED:mailto:ann@x")]).await.expect(204);
    let text = house.text("ann", &copy).await;
    let organizer = text.lines().find(|line| line.starts_with("ORGANIZER")).unwrap();
    assert_eq!(parameter(organizer, "SCHEDULE-STATUS").as_deref(), Some("1.2"), "{text}");
    let held = house.text("olga", "personal/a.ics").await;
    assert_eq!((partstat(&held, "ann"), partstat(&held, "bob")), ("ACCEPTED".into(), "NEEDS-ACTION".into()));
    assert_eq!(parameter(&lines_of(&held, "ann")[0], "SCHEDULE-STATUS").as_deref(), Some("2.0"));
    assert_eq!(house.heard("olga").await, ["REPLY"]);
    // Bob learns it, and nobody bothers him with it.
    let bobs = house.only("bob").await;
    assert_eq!(partstat(&house.text("bob", &bobs).await, "ann"), "ACCEPTED");
    assert!(house.heard("bob").await.is_empty());
    // Olga moves it: everybody is asked again.
    house
        .edit("olga", "personal/a.ics", &[("T090000Z", "T110000Z"), ("T100000Z", "T120000Z")])
        .await
        .expect(204);
    for who in ["ann", "bob"] {
        let text = house.text(who, &house.only(who).await).await;
        assert!(text.contains("DTSTART:20260601T110000Z") && text.contains("SEQUENCE:1"), "{text}");
        assert_eq!(partstat(&text, "ann"), "NEEDS-ACTION");
        assert_eq!(house.heard(who).await, ["REQUEST"]);
    }
    // Bob deletes his copy: he declines.
    house.send("bob", &format!("DELETE {bobs}"), &[], "").await.expect(204);
    let held = house.text("olga", "personal/a.ics").await;
    assert_eq!((partstat(&held, "ann"), partstat(&held, "bob")), ("NEEDS-ACTION".into(), "DECLINED".into()));
    // Ann is uninvited, Bob is told again.
    let line = lines_of(&held, "ann")[0].clone() + "\r\n";
    house.edit("olga", "personal/a.ics", &[(&line, "")]).await.expect(204);
    assert!(house.members("ann", "personal").await.is_empty());
    assert_eq!(house.heard("ann").await, ["CANCEL"]);
    assert_eq!(house.heard("bob").await, ["REQUEST"]);
    // Olga calls it off.
    house.send("olga", "DELETE personal/a.ics", &[], "").await.expect(204);
    assert!(house.text("bob", &house.only("bob").await).await.contains("STATUS:CANCELLED"));
    assert_eq!(house.heard("bob").await, ["CANCEL"]);
    // And anew, under the same UID, as a client does that takes its deletion back.
    house.put("olga", "personal/b.ics", &meeting("a", "", &["bob@x"])).await.expect(201);
    let text = house.text("bob", &house.only("bob").await).await;
    assert!(!text.contains("CANCELLED"), "{text}");
}

const DAILY: &str = "RRULE:FREQ=DAILY;COUNT=4\r\n";

/// A component for the second day.
fn second_day(more: &str, people: &str) -> String {
    format!(
        "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:20260602T090000Z\r\n\
         DTSTART:20260602T090000Z\r\nDTEND:20260602T100000Z\r\n{more}ORGANIZER:mailto:olga@x\r\n\
         ATTENDEE;PARTSTAT=ACCEPTED:mailto:olga@x\r\n{people}END:VEVENT\r\nEND:VCALENDAR"
    )
}

#[tokio::test]
async fn instances_are_invited_answered_and_taken_out_apart() {
    let house = House::new().await;
    let bob = "ATTENDEE:mailto:ann@x\r\nATTENDEE:mailto:bob@x\r\n";
    let series = meeting("a", DAILY, &["ann@x"]);
    let series =
        series.replace("END:VEVENT\r\nEND:VCALENDAR", &second_day("SEQUENCE:0\r\nSUMMARY:Two\r\n", bob));
    house.put("olga", "personal/a.ics", &series).await.expect(201);
    let bobs = house.only("bob").await;
    let text = house.text("bob", &bobs).await;
    assert!(text.contains("RECURRENCE-ID:20260602T090000Z") && !text.contains("RRULE"), "{text}");
    let anns = house.only("ann").await;
    assert!(house.text("ann", &anns).await.contains("RRULE"));
    // Ann accepts the series and declines the third day by taking it out.
    house
        .edit(
            "ann",
            &anns,
            &[
                ("PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@x", "PARTSTAT=ACCEPTED:mailto:ann@x"),
                ("RRULE:", "EXDATE:20260603T090000Z\r\nRRULE:"),
            ],
        )
        .await
        .expect(204);
    let held = house.text("olga", "personal/a.ics").await;
    assert_eq!(partstat(&held, "ann"), "ACCEPTED");
    let third =
        held.split("BEGIN:VEVENT").find(|part| part.contains("RECURRENCE-ID:20260603T090000Z")).unwrap();
    assert_eq!(partstat(third, "ann"), "DECLINED", "{held}");
    // Olga takes the second day out: both hear of that alone.
    house.heard("ann").await;
    house.heard("bob").await;
    let text = house.get("olga", "personal/a.ics").await.text;
    let begin = text
        .find("BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP")
        .map(|_| text.match_indices("BEGIN:VEVENT").collect::<Vec<_>>())
        .unwrap();
    let (second, _) = *begin
        .iter()
        .find(|(at, _)| text[*at..].find("RECURRENCE-ID:20260602").is_some_and(|found| found < 300))
        .unwrap();
    let end = text[second..].find("END:VEVENT\r\n").unwrap() + second + "END:VEVENT\r\n".len();
    let without = format!("{}{}", &text[..second], &text[end..]).replacen(
        "RRULE:",
        "EXDATE:20260602T090000Z\r\nRRULE:",
        1,
    );
    house.put("olga", "personal/a.ics", &without).await.expect(204);
    assert_eq!(
        (house.heard("ann").await, house.heard("bob").await),
        (vec!["CANCEL".to_owned()], vec!["CANCEL".to_owned()])
    );
    let text = house.text("ann", &anns).await;
    assert!(text.contains("STATUS:CANCELLED") && text.contains("RRULE"), "{text}");
    assert!(house.text("bob", &bobs).await.contains("STATUS:CANCELLED"));
}

#[tokio::test]
async fn the_agent_is_obeyed_and_force_send_too() {
    let house = House::new().await;
    let text = meeting("a", "", &["ann@x", "bob@x"])
        .replace("RSVP=TRUE:mailto:ann", "SCHEDULE-AGENT=CLIENT:mailto:ann")
        .replace("RSVP=TRUE:mailto:bob", "SCHEDULE-AGENT=NONE:mailto:bob");
    let made = house.put("olga", "personal/a.ics", &text).await.expect(201);
    assert!(made.header("etag").is_some() && made.header("schedule-tag").is_some());
    for who in ["ann", "bob"] {
        assert!(house.members(who, "personal").await.is_empty() && house.heard(who).await.is_empty());
    }
    // The server is to tell Ann from now on.
    house
        .edit(
            "olga",
            "personal/a.ics",
            &[("SCHEDULE-AGENT=CLIENT:mailto:ann", "SCHEDULE-AGENT=SERVER:mailto:ann")],
        )
        .await
        .expect(204);
    assert_eq!(house.heard("ann").await, ["REQUEST"]);
    let force = ("SCHEDULE-AGENT=SERVER", "SCHEDULE-FORCE-SEND=REQUEST");
    house.edit("olga", "personal/a.ics", &[force]).await.expect(204);
    assert_eq!(house.heard("ann").await, ["REQUEST"]);
    let held = house.text("olga", "personal/a.ics").await;
    assert!(
        !held.contains("FORCE-SEND")
            && !house.text("ann", &house.only("ann").await).await.contains("SCHEDULE-")
    );
    // Ann's answer again, though it is the same.
    let copy = house.only("ann").await;
    house.edit("ann", &copy, &[("ORGANIZER:", "ORGANIZER;SCHEDULE-FORCE-SEND=REPLY:")]).await.expect(204);
    assert_eq!(house.heard("olga").await, ["REPLY"]);
    // One who answers by themselves is left alone.
    house
        .edit("ann", &copy, &[("ORGANIZER;SCHEDULE-STATUS=1.2:", "ORGANIZER;SCHEDULE-AGENT=NONE:")])
        .await
        .expect(204);
    house.edit("ann", &copy, &[("SUMMARY:Talk", "SUMMARY:Mine")]).await.expect(204);
    house.send("ann", &format!("DELETE {copy}"), &[], "").await.expect(204);
    assert!(house.heard("olga").await.is_empty());
}

#[tokio::test]
async fn deleted_without_a_word() {
    let house = House::new().await;
    house.put("olga", "personal/a.ics", &meeting("a", "", &["ann@x"])).await.expect(201);
    let copy = house.only("ann").await;
    house.send("ann", &format!("DELETE {copy}"), &["Schedule-Reply: maybe"], "").await.expect(400);
    house.send("ann", &format!("DELETE {copy}"), &["Schedule-Reply: F"], "").await.expect(204);
    assert!(house.heard("olga").await.is_empty());
    assert_eq!(partstat(&house.text("olga", "personal/a.ics").await, "ann"), "NEEDS-ACTION");
}

#[tokio::test]
async fn a_client_that_names_people_by_their_paths() {
    let named = |organizer: &str| {
        meeting("a", "", &["ann@x"]).replace("ORGANIZER:mailto:olga@x", &format!("ORGANIZER:{organizer}"))
    };
    let rules = HouseRules { public_url: "https://k.example".to_owned(), ..HouseRules::default() };
    // Where she is, there or on this server, and the name by which she signs in.
    for organizer in ["/dav/principals/olga/", "https://k.example/dav/principals/olga/", "mailto:olga"] {
        let house = House::new().await;
        house.world.replace_house_rules(rules.clone());
        house.put("olga", "personal/a.ics", &named(organizer)).await.expect(201);
        let copy = house.only("ann").await;
        assert!(house.text("ann", &copy).await.contains("ORGANIZER:mailto:olga@x"), "{organizer}");
        let accepts = ("PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann", "PARTSTAT=TENTATIVE:mailto:ann");
        house.edit("ann", &copy, &[accepts]).await.expect(204);
        assert_eq!(partstat(&house.text("olga", "personal/a.ics").await, "ann"), "TENTATIVE");
    }
    // Somebody of another server.
    let house = House::new().await;
    house.world.replace_house_rules(rules);
    let foreign = named("https://elsewhere.example/dav/principals/olga/");
    house.put("olga", "personal/a.ics", &foreign).await.expect(201);
    assert!(house.heard("ann").await.is_empty());
}

#[tokio::test]
async fn who_leaves_it_to_the_server_again_is_answered_for() {
    let house = House::new().await;
    house.put("olga", "personal/a.ics", &meeting("a", "", &["ann@x"])).await.expect(201);
    let copy = house.only("ann").await;
    let own =
        [("ORGANIZER:", "ORGANIZER;SCHEDULE-AGENT=CLIENT:"), ("PARTSTAT=NEEDS-ACTION", "PARTSTAT=TENTATIVE")];
    house.edit("ann", &copy, &own).await.expect(204);
    assert!(house.heard("olga").await.is_empty());
    house.edit("ann", &copy, &[("SCHEDULE-AGENT=CLIENT", "SCHEDULE-AGENT=SERVER")]).await.expect(204);
    assert_eq!(house.heard("olga").await, ["REPLY"]);
    assert_eq!(partstat(&house.text("olga", "personal/a.ics").await, "ann"), "TENTATIVE");
    house.edit("ann", &copy, &[("SUMMARY", "TRANSP:TRANSPARENT\r\nSUMMARY")]).await.expect(204);
    assert!(house.heard("olga").await.is_empty(), "once");
}
