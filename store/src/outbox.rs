//! The outbox: letters to the world, written in the commit that causes them, leased, delivered and settled.

use serde::{Deserialize, Serialize};

use crate::engine::{Committed, EngineError, Version};
use crate::{Change, Store};

/// A stable id: the same effect is the same letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LetterId(pub String);

/// Something to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Letter {
    /// Its stable id, also its Message-ID's local part or idempotency key.
    pub id: LetterId,
    /// The owner on whose behalf it goes.
    pub owner: String,
    /// The channel (`mail`, `webhook`, `source` …).
    pub channel: String,
    /// The destination within the channel: letters to one are delivered in order per `topic`.
    pub destination: String,
    /// What keeps order (a UID).
    pub topic: String,
    /// What to deliver, as the channel reads it (JSON).
    pub content: String,
    /// When it was written, UTC seconds.
    pub written: i64,
    /// When it is due next, UTC seconds.
    pub due: i64,
    /// How often delivery was tried.
    pub attempts: u32,
    /// Why the last try failed.
    #[serde(default)]
    pub last_error: Option<String>,
    /// Until when a worker holds it, UTC seconds; 0: nobody.
    #[serde(default)]
    pub leased_until: i64,
    /// What became of it.
    #[serde(default)]
    pub state: LetterState,
    /// Order of writing within a topic (set by [`Change::post`]'s caller: commit time then index).
    #[serde(default)]
    pub sequence: u64,
}

/// What became of a letter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LetterState {
    /// Waiting or being delivered.
    #[default]
    Open,
    /// Delivered.
    Delivered,
    /// Given up; shown to the operator.
    Dead,
}

impl Change {
    /// Posts a letter. One that is there already under the same id is left as it is by the caller's choice of id.
    pub fn post(&mut self, letter: &Letter) {
        let _ = letter;
        todo!()
    }
}

impl Store {
    /// Up to `limit` open letters that are due at `now` (UTC seconds) and not leased, by due time.
    pub async fn letters_due(&self, now: i64, limit: usize) -> Result<Vec<(Letter, Version)>, EngineError> {
        let _ = (now, limit);
        todo!()
    }

    /// When the next open letter falls due, UTC seconds.
    pub async fn next_letter_due(&self) -> Result<Option<i64>, EngineError> {
        todo!()
    }

    /// Replaces a letter that was seen at `seen` (leased, delivered, deferred or dead), keeping its place in the queue
    /// in step with `due` and `state`.
    pub async fn replace_letter(&self, letter: &Letter, seen: Version) -> Result<Committed, EngineError> {
        let _ = (letter, seen);
        todo!()
    }

    /// A letter by id.
    pub async fn letter(&self, id: &LetterId) -> Result<Option<(Letter, Version)>, EngineError> {
        let _ = id;
        todo!()
    }

    /// All letters of a topic, oldest first.
    pub async fn letters_of_topic(&self, topic: &str) -> Result<Vec<(Letter, Version)>, EngineError> {
        let _ = topic;
        todo!()
    }

    /// Up to `limit` letters in `state`, newest first.
    pub async fn letters_in(&self, state: LetterState, limit: usize) -> Result<Vec<Letter>, EngineError> {
        let _ = (state, limit);
        todo!()
    }
}
