//! Bookings as the desk writes them: object, busy time, change log, head, record and letter in one commit; compared with
//! the same bookings in the engine that is the model, key by key with their versions.

use std::path::Path;
use std::sync::{Arc, Mutex};

use calendar::busy::{BusyPeriod, BusyType};
use calendar::collection::{CollectionName, EntityTag, ObjectName};
use calendar::object::Kind;
use calendar::time::{Instant, Span};
use store::engine::choice::EngineChoice;
use store::engine::memory::MemoryEngine;
use store::engine::{Committed, Engine, Entry};
use store::objects::{NewObject, ObjectChange};
use store::outbox::{Letter, LetterId, LetterState};
use store::records::Table;
use store::{Change, EngineError, Store};

use crate::cuts::{Promises, Teller};

const BOOKINGS: Table = Table("bookings");
const HOUR: i64 = 3_600;

fn collection() -> CollectionName {
    CollectionName::new("ada", "bookings")
}

fn member(number: u64) -> ObjectName {
    ObjectName::new(&collection(), &format!("booking-{number}.ics"))
}

fn object(number: u64) -> NewObject {
    let start = Instant::from_unix(number as i64 * 9 * 86_400);
    let text = match number {
        _ if number % 29 == 6 => 300_000_u64,
        _ if number.is_multiple_of(7) => 20_000,
        _ => 600,
    };
    let octets: Vec<u8> = (0..text).map(|i| b'A' + (i * number % 26) as u8).collect();
    // Some last so long that they stand in several buckets.
    let hours = if number.is_multiple_of(3) { 1_000 } else { 1 };
    let span = Span::new(start, start.plus(hours * HOUR));
    NewObject {
        tag: EntityTag(format!("tag-{number}")),
        uid: format!("uid-{number}"),
        kind: Kind::Event,
        length: octets.len(),
        octets: octets.into(),
        created: 1,
        reach: Some(span),
        shows: None,
        busy: vec![BusyPeriod { span, kind: BusyType::Busy }],
        beyond: None,
    }
}

fn letter(number: u64, what: &str) -> Letter {
    Letter {
        id: LetterId(format!("{what}-{number}")),
        owner: "ada".into(),
        channel: "mail".into(),
        destination: "guest@example.org".into(),
        topic: format!("uid-{number}"),
        content: "{}".into(),
        written: number as i64,
        due: number as i64,
        attempts: 0,
        last_error: None,
        leased_until: 0,
        state: LetterState::Open,
        sequence: number,
    }
}

/// Makes booking `number`; with every fourth, the one before the last is cancelled in the same commit.
async fn book(store: &Store, number: u64) -> Result<Committed, EngineError> {
    let name = collection();
    let mut change = Change::new();
    let mut objects =
        vec![ObjectChange { name: member(number), before: None, after: Some(object(number)), modified: 5 }];
    change.put_record(BOOKINGS, &[&number.to_string()], &"booked", 0);
    change.post(&letter(number, "booked"));
    if number.is_multiple_of(4) {
        let gone = number - 2;
        let before = store.facts(&member(gone)).await?;
        objects.push(ObjectChange { name: member(gone), before, after: None, modified: 6 });
        let record = store.record::<String>(BOOKINGS, &[&gone.to_string()]).await?;
        change.put_record(BOOKINGS, &[&gone.to_string()], &"cancelled", record.map_or(0, |(_, seen)| seen));
        change.post(&letter(gone, "cancelled"));
    }
    change.change_objects(&name, store.head(&name).await?, &objects);
    store.commit(change).await
}

/// How many bookings there are.
async fn count(store: &Store) -> Result<u64, EngineError> {
    Ok(store.head(&collection()).await?.revision.0)
}

async fn everything(engine: &Arc<dyn Engine>) -> Result<Vec<Entry>, EngineError> {
    engine.scan(&[0], &[0xFF], usize::MAX).await
}

/// What a store with `number` bookings holds.
async fn model(number: u64) -> Vec<Entry> {
    static MODEL: Mutex<Vec<Vec<Entry>>> = Mutex::new(Vec::new());
    let known = MODEL.lock().unwrap().get(number as usize).cloned();
    if let Some(entries) = known {
        return entries;
    }
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new());
    let store = Store::new(Arc::clone(&engine));
    let mut all = vec![vec![]];
    for next in 1..=number.next_multiple_of(32) {
        assert!(matches!(book(&store, next).await, Ok(Committed::At(_))));
        all.push(everything(&engine).await.unwrap());
    }
    let entries = all[number as usize].clone();
    *MODEL.lock().unwrap() = all;
    entries
}

/// Makes `more` bookings, one after the other.
pub(crate) fn write(engine: &Arc<dyn Engine>, more: u64, teller: &Teller) {
    let store = Store::new(Arc::clone(engine));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let before = count(&store).await.unwrap();
        for number in before + 1..=before + more {
            assert!(matches!(book(&store, number).await, Ok(Committed::At(_))));
            teller.tell(0, number);
        }
    });
}

/// Whether every booking in `folder` is wholly there or wholly absent, all that were promised are, and more can be made.
pub(crate) fn check(choice: EngineChoice, folder: &Path, promises: &Promises) -> Result<(), String> {
    let engine = crate::cuts::open(choice, folder)?;
    let store = Store::new(Arc::clone(&engine));
    let failed = |error: EngineError| format!("a read failed: {error}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let number = count(&store).await.map_err(failed)?;
        let promised = promises.get(&0).copied().unwrap_or(0);
        if number < promised {
            return Err(format!("lost: {promised} bookings were promised, {number} are there"));
        }
        for there in [number, number + 1] {
            if there > number {
                let booked = book(&store, there).await;
                if !matches!(booked, Ok(Committed::At(_))) {
                    return Err(format!("takes no booking: {booked:?}"));
                }
            }
            if everything(&engine).await.map_err(failed)? != model(there).await {
                return Err(format!("half: at booking {there}"));
            }
        }
        Ok(())
    })
}
