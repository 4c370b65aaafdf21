//! Letters and records: posted once, due in order, leased and settled; records under keys of parts.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use store::engine::Committed;
use store::engine::memory::MemoryEngine;
use store::outbox::{Letter, LetterId, LetterState};
use store::records::Table;
use store::{Change, EngineError, Store};

fn store() -> Store {
    Store::new(Arc::new(MemoryEngine::new()))
}

fn letter(id: &str, due: i64, sequence: u64) -> Letter {
    Letter {
        id: LetterId(id.into()),
        owner: "ada".into(),
        channel: "mail".into(),
        destination: "bob@example.org".into(),
        topic: "uid-1".into(),
        content: "{}".into(),
        written: 10,
        due,
        attempts: 0,
        last_error: None,
        leased_until: 0,
        state: LetterState::Open,
        sequence,
    }
}

async fn post(store: &Store, letters: &[Letter]) {
    let mut change = Change::new();
    for letter in letters {
        change.post(letter);
    }
    assert!(matches!(store.commit(change).await.unwrap(), Committed::At(_)));
}

async fn due(store: &Store, now: i64) -> Vec<String> {
    let letters = store.letters_due(now, 100).await.unwrap();
    letters.into_iter().map(|(letter, _)| letter.id.0).collect()
}

async fn replace(store: &Store, id: &str, change: impl FnOnce(&mut Letter)) -> Committed {
    let (mut letter, seen) = store.letter(&LetterId(id.into())).await.unwrap().unwrap();
    change(&mut letter);
    store.replace_letter(&letter, seen).await.unwrap()
}

#[tokio::test]
async fn letters_are_due_in_order() {
    let store = store();
    assert_eq!(store.next_letter_due().await.unwrap(), None);
    post(
        &store,
        &[letter("late", 50, 1), letter("second", 20, 3), letter("first", 20, 2), letter("old", -5, 9)],
    )
    .await;
    assert_eq!(store.next_letter_due().await.unwrap(), Some(-5));
    assert_eq!(due(&store, -6).await, [""; 0]);
    assert_eq!(due(&store, 20).await, ["old", "first", "second"]);
    assert_eq!(due(&store, 50).await, ["old", "first", "second", "late"]);
    assert_eq!(store.letters_due(50, 2).await.unwrap().len(), 2);
    assert_eq!(store.letters_due(50, 0).await.unwrap().len(), 0);
}

#[tokio::test]
async fn a_leased_letter_comes_up_again_when_its_lease_runs_out() {
    let store = store();
    post(&store, &[letter("a", 10, 1), letter("b", 10, 2)]).await;
    assert!(matches!(replace(&store, "a", |letter| letter.leased_until = 70).await, Committed::At(_)));
    assert_eq!(due(&store, 69).await, ["b"]);
    assert_eq!(due(&store, 70).await, ["b", "a"]);
    replace(&store, "b", |letter| letter.state = LetterState::Delivered).await;
    assert_eq!(store.next_letter_due().await.unwrap(), Some(70));
    replace(&store, "a", |letter| (letter.leased_until, letter.due, letter.attempts) = (0, 500, 1)).await;
    assert_eq!(due(&store, 499).await, [""; 0]);
    assert_eq!(store.next_letter_due().await.unwrap(), Some(500));
    assert_eq!(store.letter(&LetterId("a".into())).await.unwrap().unwrap().0.attempts, 1);
}

#[tokio::test]
async fn the_first_of_two_under_one_id_stays() {
    let store = store();
    post(&store, &[letter("a", 10, 1)]).await;
    let again = Letter { content: "other".into(), due: 1, topic: "elsewhere".into(), ..letter("a", 10, 1) };
    post(
        &store,
        &[again.clone(), letter("b", 30, 2), Letter { content: "third".into(), ..letter("b", 5, 2) }],
    )
    .await;
    assert_eq!(store.letter(&LetterId("a".into())).await.unwrap().unwrap().0, letter("a", 10, 1));
    assert_eq!(store.letter(&LetterId("b".into())).await.unwrap().unwrap().0, letter("b", 30, 2));
    assert_eq!(due(&store, 100).await, ["a", "b"]);
    assert!(store.letters_of_topic("elsewhere").await.unwrap().is_empty());
    replace(&store, "a", |letter| letter.state = LetterState::Delivered).await;
    post(&store, &[again]).await;
    assert_eq!(due(&store, 100).await, ["b"], "what was delivered is not sent again");
}

#[tokio::test]
async fn a_stale_replacement_is_refused() {
    let store = store();
    post(&store, &[letter("a", 10, 1)]).await;
    let (seen_letter, seen) = store.letter(&LetterId("a".into())).await.unwrap().unwrap();
    replace(&store, "a", |letter| letter.leased_until = 70).await;
    assert_eq!(store.replace_letter(&seen_letter, seen).await.unwrap(), Committed::SeenHasMoved);
    assert_eq!(store.replace_letter(&letter("none", 1, 1), 3).await.unwrap(), Committed::SeenHasMoved);
    assert_eq!(due(&store, 69).await, [""; 0]);
}

#[tokio::test]
async fn letters_are_listed_by_topic_and_state_and_forgotten() {
    let store = store();
    let ids = |letters: Vec<Letter>| letters.into_iter().map(|letter| letter.id.0).collect::<Vec<_>>();
    let long = "t".repeat(300);
    let mut letters = vec![letter("c", 1, 30), letter("a", 9, 10), letter("b", 5, 20)];
    letters.push(Letter { topic: long.clone(), written: 99, ..letter("other", 1, 40) });
    post(&store, &letters).await;
    let topic = |topic: String| {
        let store = store.clone();
        async move {
            store.letters_of_topic(&topic).await.unwrap().into_iter().map(|(letter, _)| letter).collect()
        }
    };
    assert_eq!(ids(topic("uid-1".into()).await), ["a", "b", "c"]);
    assert_eq!(ids(topic(long).await), ["other"]);
    assert_eq!(ids(store.letters_in(LetterState::Open, 9).await.unwrap()), ["other", "c", "b", "a"]);
    assert_eq!(ids(store.letters_in(LetterState::Open, 1).await.unwrap()), ["other"]);
    for id in ["a", "other"] {
        replace(&store, id, |letter| letter.state = LetterState::Dead).await;
    }
    assert_eq!(ids(store.letters_in(LetterState::Dead, 9).await.unwrap()), ["other", "a"]);
    assert_eq!(store.forget_letters(LetterState::Dead, 99, 9).await.unwrap(), 1);
    assert_eq!(ids(store.letters_in(LetterState::Dead, 9).await.unwrap()), ["other"]);
    assert_eq!(ids(topic("uid-1".into()).await), ["b", "c"]);
    assert_eq!(store.forget_letters(LetterState::Dead, 100, 9).await.unwrap(), 1);
    for id in ["b", "c"] {
        replace(&store, id, |letter| letter.state = LetterState::Delivered).await;
    }
    assert_eq!(store.forget_letters(LetterState::Delivered, 11, 1).await.unwrap(), 1);
    assert_eq!(store.forget_letters(LetterState::Delivered, 11, 9).await.unwrap(), 1);
    assert!(store.engine().scan(&[0], &[0xFF], 9).await.unwrap().is_empty(), "no row is left behind");
}

#[tokio::test]
async fn many_letters_are_read_page_by_page() {
    let store = store();
    let letters: Vec<Letter> = (0..700).map(|i| letter(&format!("{i:04}"), 10, i)).collect();
    post(&store, &letters).await;
    assert_eq!(store.letters_due(10, usize::MAX).await.unwrap().len(), 700);
    assert_eq!(store.letters_due(10, 300).await.unwrap().len(), 300);
    assert_eq!(store.letters_of_topic("uid-1").await.unwrap().len(), 700);
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Note {
    text: String,
}

const NOTES: Table = Table("notes");

fn note(text: &str) -> Note {
    Note { text: text.into() }
}

#[tokio::test]
async fn records_are_kept_under_parts() {
    let store = store();
    let long = "x".repeat(400);
    let keys: [&[&str]; 6] =
        [&["a"], &["a", "1"], &["a", "1", "z"], &["a", "2"], &["ab", "1"], &["b", &long]];
    let mut change = Change::new();
    for key in keys {
        change.put_record(NOTES, key, &note(&key.join("/")), 0);
    }
    change.put_record(Table("note"), &["s"], &note("of another table"), 0);
    store.commit(change).await.unwrap();
    let list = |prefix: &'static [&'static str], after: Option<&'static [&'static str]>, limit: usize| {
        let store = store.clone();
        async move {
            let rows = store.records::<Note>(NOTES, prefix, after, limit).await.unwrap();
            rows.into_iter()
                .map(|row| {
                    assert_eq!(row.key.join("/"), row.record.text);
                    assert!(row.version > 0);
                    row.record.text
                })
                .collect::<Vec<_>>()
        }
    };
    assert_eq!(list(&["a"], None, 9).await, ["a", "a/1", "a/1/z", "a/2"]);
    assert_eq!(list(&["a"], Some(&["a", "1"]), 9).await, ["a/1/z", "a/2"]);
    assert_eq!(list(&["a"], None, 2).await, ["a", "a/1"]);
    assert_eq!(list(&["b"], Some(&["a"]), 9).await, [format!("b/{long}")]);
    assert_eq!(list(&["a"], Some(&["b"]), 9).await, [""; 0]);
    assert_eq!(list(&[], None, 99).await.len(), 6);
    assert_eq!(list(&["c"], None, 99).await.len(), 0);
    let found = store.record::<Note>(NOTES, &["b", &long]).await.unwrap();
    assert_eq!(found.unwrap().0.text.len(), 402);
}

#[tokio::test]
async fn records_are_changed_as_seen() {
    let store = store();
    let put = |text: &str, seen| {
        let mut change = Change::new();
        change.put_record(NOTES, &["a"], &note(text), seen);
        change
    };
    let Committed::At(first) = store.commit(put("1", 0)).await.unwrap() else { panic!("refused") };
    assert_eq!(store.commit(put("2", 0)).await.unwrap(), Committed::SeenHasMoved);
    let Committed::At(second) = store.commit(put("2", first)).await.unwrap() else { panic!("refused") };
    assert_eq!(store.record(NOTES, &["a"]).await.unwrap(), Some((note("2"), second)));
    let mut looks = Change::new();
    looks.expect_record(NOTES, &["a"], second);
    looks.expect_record(NOTES, &["a"], second);
    assert!(matches!(store.commit(looks.clone()).await.unwrap(), Committed::At(_)));
    looks.expect_record(NOTES, &["a"], first);
    assert_eq!(store.commit(looks).await.unwrap(), Committed::SeenHasMoved, "two versions at once");
    let mut remove = Change::new();
    remove.remove_record(NOTES, &["a"], second);
    store.commit(remove).await.unwrap();
    assert_eq!(store.record::<Note>(NOTES, &["a"]).await.unwrap(), None);
}

#[tokio::test]
async fn absorbing_is_collecting_in_one() {
    let store = store();
    let mut one = Change::new();
    one.put_record(NOTES, &["a"], &note("1"), 0);
    let mut two = Change::new();
    two.put_record(NOTES, &["a"], &note("2"), 0);
    two.put_record(NOTES, &["b"], &note("2"), 0);
    two.post(&letter("l", 1, 1));
    one.absorb(Change::new());
    one.absorb(two);
    store.commit(one.clone()).await.unwrap();
    assert_eq!(
        store.record::<Note>(NOTES, &["a"]).await.unwrap().unwrap().0,
        note("2"),
        "the later write stands"
    );
    assert!(store.letter(&LetterId("l".into())).await.unwrap().is_some());
    let mut contrary = Change::new();
    contrary.expect_record(NOTES, &["a"], 77);
    one.absorb(contrary);
    assert_eq!(store.commit(one).await.unwrap(), Committed::SeenHasMoved);
}

#[tokio::test]
async fn what_cannot_be_written_down_refuses_the_whole() {
    let store = store();
    let mut change = Change::new();
    change.put_record(NOTES, &["good"], &note("1"), 0);
    let no_json = std::collections::BTreeMap::from([(vec![1_u8], 1)]);
    change.put_record(NOTES, &["bad"], &no_json, 0);
    assert!(matches!(store.commit(change).await, Err(EngineError::Io(why)) if why.contains("bad")));
    assert_eq!(store.record::<Note>(NOTES, &["good"]).await.unwrap(), None);
    let wrong = store.record::<u64>(NOTES, &["good"]).await.unwrap();
    assert_eq!(wrong, None);
    let mut change = Change::new();
    change.put_record(NOTES, &["good"], &note("1"), 0);
    store.commit(change).await.unwrap();
    assert!(matches!(store.record::<u64>(NOTES, &["good"]).await, Err(EngineError::Damaged(_))));
}

#[tokio::test]
async fn open_letters_of_one_destination_are_found_among_many() {
    let store = store();
    let to = |id: &str, channel: &str, destination: &str, sequence: u64| Letter {
        channel: channel.into(),
        destination: destination.into(),
        ..letter(id, 1, sequence)
    };
    let letters = [
        to("a", "mail", "bob", 2),
        to("b", "mail", "eve", 3),
        to("c", "mail", "bob", 1),
        to("d", "scheduling", "bob", 4),
        to("e", "mail", "bob", 5),
        Letter { topic: "uid-2".into(), ..to("f", "mail", "bob", 6) },
    ];
    post(&store, &letters).await;
    let open = |channel: &'static str, destination: &'static str| {
        let store = store.clone();
        async move {
            let found = store.letters_open("uid-1", (channel, destination)).await.unwrap();
            found.into_iter().map(|(letter, _)| letter.id.0).collect::<Vec<_>>()
        }
    };
    assert_eq!(open("mail", "bob").await, ["c", "a", "e"]);
    assert_eq!(open("scheduling", "bob").await, ["d"]);
    assert_eq!(open("mail", "nobody").await, [""; 0]);
    replace(&store, "a", |letter| letter.state = LetterState::Delivered).await;
    replace(&store, "e", |letter| letter.state = LetterState::Dead).await;
    assert_eq!(open("mail", "bob").await, ["c"]);
    replace(&store, "e", |letter| letter.state = LetterState::Open).await;
    assert_eq!(open("mail", "bob").await, ["c", "e"], "tried again");
    // Rows that were written when they said nothing but the id.
    let all = store.engine().scan(&[0], &[0xFF], 99).await.unwrap();
    let mut change = Vec::new();
    for id in ["a", "b", "c", "d", "e"] {
        let old = [&[all[0].value[0], 1][..], id.as_bytes()].concat();
        let rows = all.iter().filter(|entry| entry.value.starts_with(&old) && entry.value.len() > old.len());
        change.extend(rows.map(|entry| (entry.key.clone(), Some(old.clone()))));
    }
    assert_eq!(change.len(), 5);
    let commit = store::engine::Commit { expect: Vec::new(), write: change };
    store.engine().commit(commit).await.unwrap();
    assert_eq!(open("mail", "bob").await, ["c", "e"]);
    assert_eq!(open("mail", "eve").await, ["b"]);
}
