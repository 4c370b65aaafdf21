//! The check: a store that is in order is found so, and whatever is spoilt in it is named.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod household;

use std::sync::Arc;

use household::{House, NOTES, chance, furnish, letter, rows, work};
use store::check::{Checked, FINDINGS_MAX, check};
use store::engine::choice::EngineChoice;
use store::engine::memory::MemoryEngine;
use store::engine::{Commit, Engine, Entry};
use store::outbox::LetterState;
use store::{Change, EngineError, Store, migration};

async fn write(engine: &Arc<dyn Engine>, write: Vec<(Vec<u8>, Option<Vec<u8>>)>) {
    engine.commit(Commit { expect: vec![], write }).await.unwrap();
}

async fn furnished() -> Arc<dyn Engine> {
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    migration::run(&engine, &chance, |_| async { Ok(()) }).await.unwrap();
    furnish(&Store::new(Arc::clone(&engine))).await;
    engine
}

fn said(checked: &Checked) -> Vec<String> {
    checked.findings.iter().map(ToString::to_string).collect()
}

/// The rows of the table with this octet.
async fn table(engine: &Arc<dyn Engine>, octet: u8) -> Vec<Entry> {
    rows(engine).await.into_iter().filter(|row| row.key[0] == octet).collect()
}

/// Every table that there is.
const TABLES: &[u8] = b"chfoulgbLBmdtsri";

#[tokio::test]
async fn a_store_in_order_is_sound_in_every_engine() {
    for choice in EngineChoice::ALL {
        let house = House::new(choice);
        migration::run(&house.engine, &chance, |_| async { Ok(()) }).await.unwrap();
        assert!(check(&house.engine).await.unwrap().is_sound());
        furnish(&house.store()).await;
        for octet in TABLES {
            assert!(!table(&house.engine, *octet).await.is_empty(), "no row in {}", char::from(*octet));
        }
        let checked = check(&house.engine).await.unwrap();
        assert_eq!(said(&checked), Vec::<String>::new());
        assert_eq!(checked.rows, rows(&house.engine).await.len() as u64);
        // And after what usually happens to a store.
        let store = house.store();
        let revision = store.head(&work()).await.unwrap().revision;
        store.prune_log(&work(), revision).await.unwrap();
        let mut sent = letter("open", LetterState::Delivered);
        let (_, seen) = store.letter(&sent.id).await.unwrap().unwrap();
        sent.attempts = 1;
        store.replace_letter(&sent, seen).await.unwrap();
        while store.remove_members(&household::unified(), 5).await.unwrap() > 0 {}
        let checked = check(&house.engine).await.unwrap();
        assert_eq!(said(&checked), Vec::<String>::new());
    }
}

/// Which tables may be the ones to say that a row of this one is missing.
const fn missed_in(octet: u8) -> &'static str {
    match octet {
        b'c' | b'h' => "collection head change log facts tombstone",
        b'f' => "facts object UID change log busy rows long busy rows busy beyond the index",
        b'o' | b'u' | b'b' | b'L' | b'B' => "facts",
        b'l' => "facts tombstone",
        b'g' => "change log",
        b'd' | b't' | b's' => "letter",
        b'm' => "queue of letters topics of letters states of letters",
        _ => "",
    }
}

#[tokio::test]
async fn a_row_that_is_missing_is_missed() {
    let engine = furnished().await;
    for octet in TABLES {
        for row in table(&engine, *octet).await.into_iter().step_by(2) {
            write(&engine, vec![(row.key.clone(), None)]).await;
            let checked = check(&engine).await.unwrap();
            // Nobody refers to records and the identity: that there was one is known to their owner alone.
            assert_eq!(checked.is_sound(), b"ri".contains(octet), "{:?}", String::from_utf8_lossy(&row.key));
            for finding in &checked.findings {
                assert!(missed_in(*octet).contains(finding.table), "{} of {}", finding, char::from(*octet));
            }
            write(&engine, vec![(row.key, Some(row.value))]).await;
        }
    }
    assert!(check(&engine).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_named() {
    let engine = furnished().await;
    for octet in TABLES {
        for row in table(&engine, *octet).await.into_iter().step_by(7) {
            for spoilt in [vec![], vec![9], vec![1], vec![1, 200], row.value[..row.value.len() - 1].to_vec()]
            {
                write(&engine, vec![(row.key.clone(), Some(spoilt.clone()))]).await;
                let checked = check(&engine).await.unwrap();
                assert!(!checked.is_sound(), "{} spoilt with {spoilt:?}", String::from_utf8_lossy(&row.key));
            }
            write(&engine, vec![(row.key, Some(row.value))]).await;
        }
    }
    assert!(check(&engine).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_row_in_the_wrong_place_is_named() {
    let engine = furnished().await;
    for octet in TABLES {
        // A record of another table is a record.
        for row in table(&engine, *octet).await.into_iter().filter(|_| *octet != b'r').step_by(2) {
            let mut elsewhere = row.key.clone();
            match elsewhere.len() {
                1 => elsewhere.push(b'x'),
                _ => elsewhere[1] = b'Z',
            }
            write(&engine, vec![(elsewhere.clone(), Some(row.value.clone()))]).await;
            let checked = check(&engine).await.unwrap();
            assert!(!checked.is_sound(), "{}", String::from_utf8_lossy(&row.key));
            write(&engine, vec![(elsewhere, None)]).await;
        }
    }
    for (key, table) in [(b"x".to_vec(), "unknown"), (vec![0xFF, 1], "unknown"), (b"!".to_vec(), "mark")] {
        write(&engine, vec![(key.clone(), Some(b"\x01[[],\"the backup of May\"]".to_vec()))]).await;
        let checked = check(&engine).await.unwrap();
        assert_eq!(checked.findings.len(), 1);
        assert_eq!(checked.findings[0].table, table);
        write(&engine, vec![(key, None)]).await;
    }
}

/// Every octet of every object may be what a disk has changed.
#[tokio::test]
async fn an_object_that_a_disk_has_changed_is_named_with_its_name() {
    let engine = furnished().await;
    let row = table(&engine, b'o').await.remove(1);
    for at in (0..row.value.len()).step_by(13) {
        let mut spoilt = row.value.clone();
        spoilt[at] ^= 4;
        write(&engine, vec![(row.key.clone(), Some(spoilt))]).await;
        let checked = check(&engine).await.unwrap();
        let [finding] = checked.findings.as_slice() else { panic!("{:?}", checked.findings) };
        let name = (finding.owner.as_deref(), finding.collection.as_deref(), finding.member.as_deref());
        assert_eq!(name, (Some("ada"), Some("work"), Some("event-1.ics")));
    }
    write(&engine, vec![(row.key, Some(row.value))]).await;
}

#[tokio::test]
async fn rows_that_say_different_things_are_named() {
    let engine = furnished().await;
    let find = |octet: u8, name: &'static str| {
        let engine = Arc::clone(&engine);
        async move {
            let all = table(&engine, octet).await;
            let holds = |row: &&Entry| String::from_utf8_lossy(&row.key).contains(name);
            all.iter().find(holds).unwrap().clone()
        }
    };
    let one = |octet| find(octet, "event-1.ics");
    let cases = [
        // Facts, UID and octets of another member.
        (one(b'f').await.key, find(b'f', "event-2.ics").await.value, "facts of ada/"),
        (
            one(b'o').await.key,
            find(b'o', "event-2.ics").await.value,
            "facts of ada/work/event-1.ics: its octets",
        ),
        (find(b'u', "uid-1").await.key, find(b'u', "uid-2").await.value, "UID of ada/"),
        // A head below its members, or with a floor above it.
        (find(b'h', "work").await.key, vec![1, 2, 0], "above that of the collection"),
        (find(b'h', "work").await.key, vec![1, 90, 91], "the floor"),
        // Periods of another bucket.
        (find(b'b', "event-1.ics").await.key, find(b'b', "event-2.ics").await.value, "busy rows of ada/"),
        (find(b'L', "").await.key, vec![1, 1, b'x', 0, 1, 0, 2, 2], "periods that belong into buckets"),
        // A tombstone of another revision.
        (find(b'g', "work\0\u{1}").await.key, vec![1, 1], "tombstone of ada/work/event-3.ics"),
    ];
    for (key, value, expected) in cases {
        let before = engine.get(&key).await.unwrap().unwrap().value;
        write(&engine, vec![(key.clone(), Some(value))]).await;
        let said = said(&check(&engine).await.unwrap());
        assert!(said.iter().any(|finding| finding.contains(expected)), "{expected}: {said:?}");
        write(&engine, vec![(key, Some(before))]).await;
    }
    assert!(check(&engine).await.unwrap().is_sound());
}

#[tokio::test]
async fn findings_are_counted_when_there_are_too_many_to_tell() {
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    let all = (0..FINDINGS_MAX + 50).map(|n| (format!("x{n}").into_bytes(), Some(vec![])));
    write(&engine, all.collect()).await;
    let checked = check(&engine).await.unwrap();
    assert_eq!((checked.findings.len(), checked.more), (FINDINGS_MAX, 50));
    assert!(!checked.is_sound());
}

/// A check reads one moment: what changes meanwhile is no finding.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_worked_with_is_sound() {
    for choice in EngineChoice::ALL {
        let house = House::new(choice);
        migration::run(&house.engine, &chance, |_| async { Ok(()) }).await.unwrap();
        furnish(&house.store()).await;
        let store = house.store();
        let writing = async {
            for number in 0..40 {
                let (member, uid) = (format!("{number}.ics"), format!("new-{number}"));
                let busy = vec![household::period(household::MAY, 90 * household::DAY)];
                household::put(&store, &work(), vec![(&member, Some(household::object(&uid, &uid, busy)))])
                    .await;
                if number % 3 == 0 {
                    household::put(&store, &work(), vec![(&member, None)]).await;
                }
            }
        };
        let checking = async {
            for _ in 0..6 {
                let checked = check(&house.engine).await.unwrap();
                assert_eq!(said(&checked), Vec::<String>::new(), "{choice}");
                tokio::task::yield_now().await;
            }
        };
        tokio::join!(writing, checking);
        assert!(check(&house.engine).await.unwrap().is_sound());
    }
}

#[tokio::test]
async fn a_record_under_another_name_is_named() {
    let engine = furnished().await;
    let store = Store::new(Arc::clone(&engine));
    let mut change = Change::new();
    change.put_record(NOTES, &["bob", "1"], &1, 0);
    store.commit(change).await.unwrap();
    let rows = table(&engine, b'r').await;
    write(&engine, vec![(rows[1].key.clone(), Some(rows[0].value.clone()))]).await;
    let said = said(&check(&engine).await.unwrap());
    assert_eq!(said.len(), 1);
    assert!(said[0].starts_with("record of notes/ada/"), "{said:?}");
    assert!(matches!(
        store.record::<u64>(NOTES, &["ada", &"n".repeat(90)]).await,
        Err(EngineError::Damaged(_)) | Ok(_)
    ));
}
