//! People elsewhere: mails, what became of them, and letters between owners that a crash has left.

use aggregator::delivery::Delivered;
use aggregator::scheduling::CHANNEL;
use store::outbox::LetterState;

use crate::house::{House, lines_of, meeting, parameter, partstat};

const TALK: &str = "personal/a.ics";

async fn status(house: &House, who: &str) -> Option<String> {
    parameter(&lines_of(&house.text("olga", TALK).await, who)[0], "SCHEDULE-STATUS")
}

#[tokio::test]
async fn a_mail_goes_and_its_status_follows() {
    let house = House::new().await;
    house.put("olga", TALK, &meeting("a", "", &["zed@x", "ann@x"])).await.expect(201);
    assert_eq!(status(&house, "zed").await.as_deref(), Some("1.0"));
    let tag = house.schedule_tag("olga", TALK).await;
    house.deliver().await;
    assert_eq!(status(&house, "zed").await.as_deref(), Some("1.1"));
    assert_eq!(house.schedule_tag("olga", TALK).await, tag);
    let mails = house.mails();
    assert_eq!(mails.len(), 1);
    let (method, to, text) = &mails[0];
    assert_eq!((method.as_str(), to.as_str()), ("REQUEST", "zed@x"));
    assert!(text.contains("METHOD:REQUEST") && !text.contains("SCHEDULE-"), "{text}");
    // An attendee here, an organizer elsewhere.
    let invitation = meeting("b", "", &["ann@x"]).replace("olga@x", "zed@x");
    house.put("ann", "personal/b.ics", &invitation).await.expect(201);
    house.deliver().await;
    assert!(house.mails().is_empty(), "nothing was answered");
    house.edit("ann", "personal/b.ics", &[("PARTSTAT=NEEDS-ACTION", "PARTSTAT=DECLINED")]).await.expect(204);
    house.deliver().await;
    let mails = house.mails();
    assert_eq!((mails[0].0.as_str(), mails[0].1.as_str()), ("REPLY", "zed@x"));
    let text = house.text("ann", "personal/b.ics").await;
    assert!(text.contains("ORGANIZER;SCHEDULE-STATUS=1.1:mailto:zed@x"), "{text}");
    // Cancelled.
    house.send("olga", &format!("DELETE {TALK}"), &[], "").await.expect(204);
    house.deliver().await;
    assert_eq!(house.mails()[0].0, "CANCEL");
}

#[tokio::test]
async fn what_cannot_arrive_says_so() {
    let house = House::new().await;
    *house.post.refuses.lock().unwrap() = Some(Delivered::Never("no such mailbox".to_owned()));
    house.put("olga", TALK, &meeting("a", "", &["zed@x"])).await.expect(201);
    house.deliver().await;
    assert_eq!(status(&house, "zed").await.as_deref(), Some("5.1"));
    *house.post.refuses.lock().unwrap() = None;
    house.edit("olga", TALK, &[("SCHEDULE-STATUS=5.1", "SCHEDULE-FORCE-SEND=REQUEST")]).await.expect(204);
    house.deliver().await;
    assert_eq!(status(&house, "zed").await.as_deref(), Some("1.1"));
    assert_eq!(house.mails().len(), 1);
    // Without mail there is no way; and some are nobody's addresses.
    house.world.replace_mail_sender(None);
    let text = meeting("b", "", &["zed@x"]).replace("mailto:zed@x", "mailto:zed@x\r\nATTENDEE:urn:uuid:1");
    house.put("olga", "personal/b.ics", &text).await.expect(201);
    let held = house.text("olga", "personal/b.ics").await;
    assert!(held.contains("SCHEDULE-STATUS=5.2:mailto:zed@x"), "{held}");
    assert!(held.contains("SCHEDULE-STATUS=3.7:urn:uuid:1"), "{held}");
}

#[tokio::test]
async fn a_letter_that_a_crash_has_left_arrives_once() {
    let house = House::new().await;
    house.put("olga", TALK, &meeting("a", "", &["ann@x"])).await.expect(201);
    let delivered = house.world.store.letters_in(LetterState::Delivered, 10).await.unwrap();
    let letter = delivered.into_iter().find(|letter| letter.channel == CHANNEL).unwrap();
    house.heard("ann").await;
    // As it is when the program ends after the recipient's commit: leased, not settled.
    let (_, seen) = house.world.store.letter(&letter.id).await.unwrap().unwrap();
    let mut open = letter.clone();
    open.state = LetterState::Open;
    open.leased_until = house.world.now().as_unix() + 60;
    open.due = open.leased_until;
    house.world.store.replace_letter(&open, seen).await.unwrap();
    house.pass(300);
    house.deliver().await;
    let (settled, _) = house.world.store.letter(&letter.id).await.unwrap().unwrap();
    assert_eq!(settled.state, LetterState::Delivered);
    assert!(house.heard("ann").await.is_empty(), "she has heard it before");
    // As it is when it ends before: the letter is all there is.
    let copy = house.only("ann").await;
    house.send("ann", &format!("DELETE {copy}"), &["Schedule-Reply: F"], "").await.expect(204);
    let mut again = open.clone();
    again.id.0.push_str(".again");
    again.due = house.world.now().as_unix();
    again.leased_until = 0;
    again.content = again.content.replace("20260504T", "20260505T");
    house.world.store.replace_letter(&again, 0).await.unwrap();
    house.deliver().await;
    assert_eq!(house.heard("ann").await, ["REQUEST"]);
    assert_eq!(partstat(&house.text("ann", &house.only("ann").await).await, "ann"), "NEEDS-ACTION");
}
