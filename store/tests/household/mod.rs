//! A store with something in every table, and what the tests of backups, checks and migrations share.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use calendar::busy::{BusyPeriod, BusyType};
use calendar::collection::{CollectionName, EntityTag, ObjectName};
use calendar::object::Kind;
use calendar::time::{Instant, Span};
use store::backup::{Vault, VaultError};
use store::busy_index::BUCKET_SECONDS;
use store::collections::{CollectionRecord, Role};
use store::engine::choice::EngineChoice;
use store::engine::{Committed, Engine, Entry};
use store::objects::{NewObject, ObjectChange};
use store::outbox::{Letter, LetterId, LetterState};
use store::records::Table;
use store::{Change, Store};
use tempfile::TempDir;

pub(crate) const DAY: i64 = 86_400;

/// 2026-05-28.
pub(crate) const MAY: i64 = 1_780_000_000;

pub(crate) const NOTES: Table = Table("notes");

pub(crate) fn at(seconds: i64) -> Instant {
    Instant::from_unix(seconds)
}

/// Chance that is the same in every run and never the same twice.
pub(crate) fn chance() -> [u8; 16] {
    static DRAWN: AtomicU64 = AtomicU64::new(0x1234_5678);
    let number = DRAWN.fetch_add(1, Ordering::Relaxed).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (u128::from(number) << 64 | u128::from(number.rotate_left(29) ^ 0x5555)).to_be_bytes()
}

/// An engine with the folder that it is in.
pub(crate) struct House {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) folder: TempDir,
}

impl House {
    pub(crate) fn new(choice: EngineChoice) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { engine: choice.open(folder.path(), 1 << 20).unwrap(), folder }
    }

    pub(crate) fn store(&self) -> Store {
        Store::new(Arc::clone(&self.engine))
    }
}

pub(crate) fn work() -> CollectionName {
    CollectionName::new("ada", "work")
}

pub(crate) fn unified() -> CollectionName {
    CollectionName::new("ada", "unified")
}

pub(crate) fn record(role: Role, epoch: u64) -> CollectionRecord {
    CollectionRecord {
        role,
        display_name: "Grüße".into(),
        description: None,
        description_language: None,
        timezone: None,
        timezone_id: None,
        availability: None,
        components: vec!["VEVENT".into()],
        counts_as_busy: true,
        in_unified: true,
        writable: true,
        properties: BTreeMap::from([("DAV:\u{241F}x".into(), "<x/>".into())]),
        epoch,
        created: MAY,
    }
}

pub(crate) fn period(start: i64, seconds: i64) -> BusyPeriod {
    BusyPeriod { span: Span::new(at(start), at(start + seconds)), kind: BusyType::Busy }
}

pub(crate) fn object(uid: &str, text: &str, busy: Vec<BusyPeriod>) -> NewObject {
    NewObject {
        tag: EntityTag(format!("tag-{text}")),
        uid: uid.into(),
        kind: Kind::Event,
        octets: text.as_bytes().into(),
        length: text.len(),
        created: MAY,
        reach: Some(Span::ALWAYS),
        shows: None,
        busy,
        beyond: None,
    }
}

pub(crate) async fn put(store: &Store, collection: &CollectionName, members: Vec<(&str, Option<NewObject>)>) {
    let head = store.head(collection).await.unwrap();
    let mut changes = Vec::new();
    for (member, after) in members {
        let name = ObjectName::new(collection, member);
        let before = store.facts(&name).await.unwrap();
        changes.push(ObjectChange { name, before, after, modified: MAY });
    }
    let mut change = Change::new();
    change.change_objects(collection, head, &changes);
    assert!(matches!(store.commit(change).await.unwrap(), Committed::At(_)));
}

pub(crate) fn letter(id: &str, state: LetterState) -> Letter {
    Letter {
        id: LetterId(id.into()),
        owner: "ada".into(),
        channel: "mail".into(),
        destination: "bob@example.org".into(),
        topic: "uid-1".into(),
        content: "{}".into(),
        written: MAY,
        due: MAY + 60,
        attempts: 0,
        last_error: None,
        leased_until: 0,
        state,
        sequence: 1,
    }
}

pub(crate) async fn make_collections(store: &Store) {
    let mut change = Change::new();
    change.put_collection(&work(), &record(Role::Personal, u64::MAX - 1), 0);
    change.put_collection(&unified(), &record(Role::Unified, 7), 0);
    assert!(matches!(store.commit(change).await.unwrap(), Committed::At(_)));
}

/// Something in every table.
pub(crate) async fn furnish(store: &Store) {
    make_collections(store).await;
    let long = BusyPeriod { span: Span::new(at(0), at(70 * BUCKET_SECONDS)), kind: BusyType::Tentative };
    for number in 0..12_u8 {
        let days = i64::from(number) * DAY;
        let (member, uid) = (format!("event-{number}.ics"), format!("uid-{number}"));
        let text =
            format!("BEGIN:VEVENT\r\nUID:{uid}\r\nSUMMARY:{}\r\n", "é".repeat(300 * usize::from(number)));
        let busy = vec![period(MAY + 40 * days, 3600), period(MAY + days, 40 * DAY)];
        put(store, &work(), vec![(&member, Some(object(&uid, &text, busy)))]).await;
        let shows = Some(ObjectName::new(&work(), &member));
        let shown = NewObject { shows, octets: Arc::default(), ..object(&uid, &text, vec![]) };
        put(store, &unified(), vec![(&format!("work.{member}"), Some(shown))]).await;
    }
    let endless =
        NewObject { beyond: Some(Span::ALWAYS), ..object(&"uid".repeat(80), "endless", vec![long]) };
    put(store, &work(), vec![(&"long".repeat(60), Some(endless))]).await;
    put(store, &unified(), vec![("work.event-3.ics", None)]).await;
    put(store, &work(), vec![("event-3.ics", None)]).await;
    let mut change = Change::new();
    change.post(&letter("open", LetterState::Open));
    change.post(&letter("done", LetterState::Delivered));
    change.put_record(NOTES, &["ada", &"n".repeat(90)], &"call Bob".to_owned(), 0);
    assert!(matches!(store.commit(change).await.unwrap(), Committed::At(_)));
}

pub(crate) async fn rows(engine: &Arc<dyn Engine>) -> Vec<Entry> {
    engine.scan(&[], &[u8::MAX; 257], usize::MAX).await.unwrap()
}

/// Keys and values; of collections without what makes each life of theirs another.
pub(crate) async fn content(engine: &Arc<dyn Engine>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let plain = |entry: Entry| {
        if entry.key[0] != b'c' {
            return (entry.key, entry.value);
        }
        let mut row: serde_json::Value = serde_json::from_slice(&entry.value[1..]).unwrap();
        let fields = row[1].as_object_mut().unwrap();
        assert!(fields.remove("epoch").unwrap().is_u64());
        (entry.key, row.to_string().into_bytes())
    };
    rows(engine).await.into_iter().map(plain).collect()
}

/// A vault in memory that may be looked into, spoilt, and told to fail.
#[derive(Default)]
pub(crate) struct Cellar {
    pub(crate) blobs: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Calls that still succeed, if they are counted.
    pub(crate) calls_left: Mutex<Option<usize>>,
}

impl Cellar {
    fn call(&self) -> Result<(), VaultError> {
        match self.calls_left.lock().unwrap().as_mut() {
            Some(0) => Err(VaultError::Unreachable("the line is dead".into())),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub(crate) fn names(&self, prefix: &str) -> Vec<String> {
        self.blobs.lock().unwrap().keys().filter(|name| name.starts_with(prefix)).cloned().collect()
    }
}

#[async_trait]
impl Vault for Cellar {
    fn place(&self) -> String {
        "the cellar".into()
    }

    async fn put(&self, name: &str, octets: &[u8]) -> Result<(), VaultError> {
        self.call()?;
        self.blobs.lock().unwrap().insert(name.into(), octets.into());
        Ok(())
    }

    async fn load(&self, name: &str) -> Result<Option<Vec<u8>>, VaultError> {
        self.call()?;
        Ok(self.blobs.lock().unwrap().get(name).cloned())
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, VaultError> {
        self.call()?;
        Ok(self.names(prefix))
    }

    async fn remove(&self, name: &str) -> Result<(), VaultError> {
        self.call()?;
        self.blobs.lock().unwrap().remove(name);
        Ok(())
    }
}
