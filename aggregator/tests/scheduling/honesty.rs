//! What a message came to is said as it is, and nobody hears what they are not concerned with.

use std::sync::Arc;

use aggregator::owner::{AutoAccept, Manner, Owner};
use store::outbox::LetterState;

use crate::house::{House, lines_of, meeting, parameter, partstat};

const TALK: &str = "personal/a.ics";

/// What the ORGANIZER line of a copy says of the last answer.
fn told(copy: &str) -> Option<String> {
    parameter(copy.lines().find(|line| line.starts_with("ORGANIZER"))?, "SCHEDULE-STATUS")
}

#[tokio::test]
async fn an_answer_to_what_nobody_organizes_is_kept_and_said_to_be_refused() {
    let house = House::new().await;
    // Ann has it from a file; Olga knows nothing of it.
    house.put("ann", TALK, &meeting("a", "", &["ann@x"])).await.expect(201);
    house.edit("ann", TALK, &[("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED")]).await.expect(204);
    let copy = house.text("ann", TALK).await;
    assert_eq!(told(&copy).as_deref(), Some("5.3"), "{copy}");
    let dead = house.world.store.letters_in(LetterState::Dead, 10).await.unwrap();
    assert_eq!(dead.len(), 1);
    let reason = dead[0].last_error.as_deref().unwrap_or_default();
    assert!(reason.contains("the event is not known"), "{reason}");
    assert!(house.heard("olga").await.is_empty() && house.members("olga", "personal").await.is_empty());
}

#[tokio::test]
async fn an_event_of_ones_own_is_not_replaced_and_the_inviter_is_told() {
    let house = House::new().await;
    let own = meeting("a", "", &["bob@x"]).replace("olga@x", "ann@x");
    house.put("ann", TALK, &own).await.expect(201);
    house.put("olga", TALK, &meeting("a", "", &["ann@x"])).await.expect(201);
    let held = house.text("olga", TALK).await;
    assert_eq!(parameter(&lines_of(&held, "ann")[0], "SCHEDULE-STATUS").as_deref(), Some("5.3"));
    assert!(house.text("ann", TALK).await.contains("ORGANIZER:mailto:ann@x"));
    // Bob was asked by Ann first; who else claims to organize it has to convince him.
    house.edit("olga", TALK, &[("ATTENDEE;", "ATTENDEE:mailto:bob@x\r\nATTENDEE;")]).await.expect(204);
    let copy = house.text("bob", &house.only("bob").await).await;
    assert!(copy.contains("ORGANIZER:mailto:ann@x"), "{copy}");
}

#[tokio::test]
async fn a_copy_that_was_deleted_does_not_come_back_with_the_answers_of_others() {
    let house = House::new().await;
    house.put("olga", TALK, &meeting("a", "", &["ann@x", "bob@x"])).await.expect(201);
    let bobs = house.only("bob").await;
    for quietly in [&[][..], &["Schedule-Reply: F"][..]] {
        let bobs = house.only("bob").await;
        house.send("bob", &format!("DELETE {bobs}"), quietly, "").await.expect(204);
        let answer = if quietly.is_empty() { "ACCEPTED" } else { "TENTATIVE" };
        let copy = house.only("ann").await;
        let now = partstat(&house.text("ann", &copy).await, "ann");
        let change = (
            format!("PARTSTAT={now};RSVP=TRUE:mailto:ann"),
            format!("PARTSTAT={answer};RSVP=TRUE:mailto:ann"),
        );
        house.edit("ann", &copy, &[(&change.0, &change.1)]).await.expect(204);
        assert_eq!(partstat(&house.text("olga", TALK).await, "ann"), answer);
        assert!(house.members("bob", "personal").await.is_empty());
        // What Olga says anew is for him, too.
        let force = ("RSVP=TRUE", "RSVP=TRUE;SCHEDULE-FORCE-SEND=REQUEST");
        let text = house.get("olga", TALK).await.text.replace("\r\n ", "").replace(force.0, force.1);
        house.put("olga", TALK, &text).await.expect(204);
        house.only("bob").await;
    }
    assert!(!bobs.is_empty());
}

#[tokio::test]
async fn who_was_not_invited_passes_no_invitation_on() {
    let house = House::new().await;
    let delegated = "ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:bob@x\":mailto:ann@x\r\n\
        ATTENDEE;DELEGATED-FROM=\"mailto:ann@x\":mailto:bob@x\r\nSUMMARY:Talk";
    let forged = meeting("a", "", &[]).replace("SUMMARY:Talk", delegated);
    house.put("ann", TALK, &forged).await.expect(201);
    assert!(house.members("bob", "personal").await.is_empty() && house.heard("bob").await.is_empty());
    let copy = house.text("ann", TALK).await;
    assert!(lines_of(&copy, "bob")[0].contains("SCHEDULE-STATUS=5.3"), "{copy}");
    house.send("ann", &format!("DELETE {TALK}"), &["Schedule-Reply: F"], "").await.expect(204);
    // Who was does.
    house.put("olga", TALK, &meeting("a", "", &["ann@x"])).await.expect(201);
    let copy = house.only("ann").await;
    let line = "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@x\r\n";
    let delegated = delegated.replace("\r\nSUMMARY:Talk", "\r\n");
    house.edit("ann", &copy, &[(line, &delegated)]).await.expect(204);
    assert_eq!(house.heard("bob").await, ["REQUEST"]);
    let held = house.text("olga", TALK).await;
    assert_eq!((partstat(&held, "ann"), partstat(&held, "bob")), ("DELEGATED".into(), "NEEDS-ACTION".into()));
}

#[tokio::test]
async fn an_address_to_which_no_mail_can_go() {
    let house = House::new().await;
    let people = ["zed@x?cc=eve@x", "two@at@x", "nobody"];
    house.put("olga", TALK, &meeting("a", "", &people)).await.expect(201);
    let held = house.text("olga", TALK).await;
    assert_eq!(held.matches("SCHEDULE-STATUS=3.7:mailto:").count(), 3, "{held}");
    house.deliver().await;
    assert!(house.mails().is_empty());
}

#[tokio::test]
async fn each_invited_to_something_else_makes_no_more_messages_than_can_be_written() {
    let house = House::new().await;
    let description = format!("DESCRIPTION:{}\r\n", "x".repeat(400_000));
    let guest = |number: usize| format!("guest{number}@x");
    let day = |number: usize| {
        let others = (0..12).filter(|other| *other != number);
        let people: Vec<String> =
            others.map(|other| format!("ATTENDEE:mailto:{}\r\n", guest(other))).collect();
        let people = people.concat();
        format!(
            "BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nRECURRENCE-ID:202606{0:02}T090000Z\r\n\
             DTSTART:202606{0:02}T090000Z\r\nDTEND:202606{0:02}T100000Z\r\n{description}ORGANIZER:mailto:olga@x\r\n\
             {people}END:VEVENT\r\n",
            number + 2
        )
    };
    let days: String = (0..12).map(day).collect();
    let people: Vec<String> = (0..12).map(guest).collect();
    let people: Vec<&str> = people.iter().map(String::as_str).collect();
    let series = meeting("a", "RRULE:FREQ=DAILY\r\n", &people);
    let text = series.replace("END:VCALENDAR", &format!("{days}END:VCALENDAR"));
    house.put("olga", TALK, &text).await.refused("max-resource-size");
    house.deliver().await;
    assert!(house.mails().is_empty());
}

#[tokio::test]
async fn rooms_answer_once_and_do_not_answer_one_another() {
    let house = House::new().await;
    let room = |owner: &Arc<Owner>| {
        let auto_accept = if owner.id == "olga" { AutoAccept::Never } else { AutoAccept::IfFree };
        Arc::new(Owner { manner: Manner { auto_accept, ..Manner::default() }, ..(**owner).clone() })
    };
    house.world.replace_owners(house.world.owners().iter().map(room).collect());
    house
        .put("olga", TALK, &meeting("a", "RRULE:FREQ=DAILY;COUNT=5\r\n", &["ann@x", "bob@x"]))
        .await
        .expect(201);
    assert_eq!(house.heard("olga").await, ["REPLY", "REPLY"]);
    let held = house.text("olga", TALK).await;
    assert_eq!((partstat(&held, "ann"), partstat(&held, "bob")), ("ACCEPTED".into(), "ACCEPTED".into()));
    for who in ["ann", "bob"] {
        let copy = house.text(who, &house.only(who).await).await;
        assert_eq!(told(&copy).as_deref(), Some("1.2"), "{copy}");
        assert_eq!(house.heard(who).await, ["REQUEST"]);
    }
    // One organizes, the other is called: it ends there.
    let own = meeting("b", "", &["bob@x"]).replace("olga@x", "ann@x").replace("20260601", "20260701");
    house.put("ann", "personal/b.ics", &own).await.expect(201);
    assert_eq!(partstat(&house.text("ann", "personal/b.ics").await, "bob"), "ACCEPTED");
    house.deliver().await;
    let letters = house.world.store.letters_in(LetterState::Delivered, 99).await.unwrap();
    // Two requests and two answers, of which the other room hears; one of each.
    assert_eq!(letters.len(), 8, "{letters:#?}");
    for state in [LetterState::Open, LetterState::Dead] {
        assert!(house.world.store.letters_in(state, 9).await.unwrap().is_empty());
    }
}
