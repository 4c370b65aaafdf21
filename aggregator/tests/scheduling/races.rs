//! Organizer and attendees write at the same moment: nothing is lost, and in the end all say the same.

use std::sync::Arc;

use store::outbox::LetterState;
use tokio::task::JoinSet;

use crate::house::{House, lines_of, meeting, partstat as partstat_of};

const TALK: &str = "personal/a.ics";

/// Changes an object as a client does that reads it again when it comes too late.
async fn write(house: Arc<House>, who: &'static str, path: String, change: impl Fn(&str) -> String) {
    for _ in 0..50 {
        let found = house.get(who, &path).await.expect(200);
        let text = change(&found.text.replace("\r\n ", ""));
        let tag = format!("If-Match: {}", found.header("etag").unwrap());
        match house.send(who, &format!("PUT {path}"), &[&tag], &text).await.status {
            204 => return,
            status => assert_eq!(status, 412, "{text}"),
        }
    }
    panic!("{who} is always too late");
}

/// The text with another answer of `who`.
fn answered(text: &str, who: &str, partstat: &str) -> String {
    let line = lines_of(text, who).remove(0);
    let now = format!("PARTSTAT={}", partstat_of(text, who));
    let anew = if line.contains(&now) {
        line.replace(&now, &format!("PARTSTAT={partstat}"))
    } else {
        line.replacen("ATTENDEE", &format!("ATTENDEE;PARTSTAT={partstat}"), 1)
    };
    text.replace(&line, &anew)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn all_write_at_once() {
    let house = Arc::new(House::new().await);
    let people = meeting("a", "", &["ann@x", "bob@x"])
        .replace("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE", "ATTENDEE;ROLE=REQ-PARTICIPANT");
    house.put("olga", TALK, &people).await.expect(201);
    let copies = [house.only("ann").await, house.only("bob").await];
    for round in 0..12 {
        let said = ["ACCEPTED", "DECLINED", "TENTATIVE"];
        let (anns, bobs) = (said[round % 3], said[(round / 3) % 3]);
        let title = format!("SUMMARY:Talk {round}");
        let anew = title.clone();
        let organizer = write(Arc::clone(&house), "olga", TALK.to_owned(), move |text| {
            let old = text.lines().find(|line| line.starts_with("SUMMARY")).unwrap().to_owned();
            text.replace(&old, &anew)
        });
        let ann =
            write(Arc::clone(&house), "ann", copies[0].clone(), move |text| answered(text, "ann", anns));
        let bob =
            write(Arc::clone(&house), "bob", copies[1].clone(), move |text| answered(text, "bob", bobs));
        let mut all = JoinSet::new();
        all.spawn(organizer);
        all.spawn(ann);
        all.spawn(bob);
        all.join_all().await;
        house.deliver().await;
        assert!(house.world.store.letters_in(LetterState::Dead, 10).await.unwrap().is_empty());
        assert!(house.world.store.letters_in(LetterState::Open, 10).await.unwrap().is_empty());
        for (who, path) in [("olga", TALK), ("ann", &copies[0]), ("bob", &copies[1])] {
            let text = house.text(who, path).await;
            assert!(text.contains(&title), "round {round}, {who}: {text}");
            assert_eq!(
                (partstat_of(&text, "ann"), partstat_of(&text, "bob")),
                (anns.into(), bobs.into()),
                "round {round}, {who}: {text}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_deletion_and_an_answer_at_once() {
    let house = Arc::new(House::new().await);
    for round in 0..8 {
        let path = format!("personal/{round}.ics");
        house.put("olga", &path, &meeting(&format!("u{round}"), "", &["ann@x"])).await.expect(201);
        let copy = house.members("ann", "personal").await.into_iter().next().unwrap();
        let (deleting, answering) = (Arc::clone(&house), Arc::clone(&house));
        let mut both = JoinSet::new();
        both.spawn(async move {
            deleting.send("olga", &format!("DELETE {path}"), &[], "").await.expect(204);
        });
        let line = copy.clone();
        both.spawn(async move {
            let text = answering.text("ann", &line).await.replace('\n', "\r\n");
            let status = answering.put("ann", &line, &answered(&text, "ann", "ACCEPTED")).await.status;
            assert!(matches!(status, 204 | 403), "{status}");
        });
        both.join_all().await;
        house.deliver().await;
        assert!(house.members("olga", "personal").await.is_empty());
        let text = house.text("ann", &copy).await;
        assert!(text.contains("STATUS:CANCELLED"), "{text}");
        assert!(house.world.store.letters_in(LetterState::Open, 10).await.unwrap().is_empty());
        house.send("ann", &format!("DELETE {copy}"), &[], "").await.expect(204);
    }
}
