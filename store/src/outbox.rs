//! The outbox: letters to the world, written in the commit that causes them, leased, delivered and settled.

use serde::{Deserialize, Serialize};

use crate::engine::{Committed, EngineError, Version};
use crate::key::RowKey;
use crate::table::{RowReader, RowWriter, damaged, json_row, read_json_row, read_row, tag};
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

/// Letters looked at in one read of the queue.
const PAGE_LETTERS_MAX: usize = 256;

impl Change {
    /// Posts a letter. One that is there already under the same id is left as it is: posting it again is no error and
    /// changes nothing, which is looked up when the change is committed.
    pub fn post(&mut self, letter: &Letter) {
        self.letters.push(letter.clone());
    }

    /// Puts `after` in the place of the letter `before`, seen at version `seen`, together with whatever else this change
    /// writes.
    pub fn replace_letter(&mut self, before: &Letter, after: &Letter, seen: Version) {
        self.expect(letter_key(&before.id), seen);
        self.remove_letter(before);
        self.put_letter(after);
    }

    /// Expects a letter to be as it was seen: one that waits to be delivered, and so does for this change too.
    pub fn expect_letter(&mut self, id: &LetterId, seen: Version) {
        self.expect(letter_key(id), seen);
    }

    fn put_letter(&mut self, letter: &Letter) {
        match json_row(&[&letter.id.0], letter) {
            Ok(row) => self.put(letter_key(&letter.id), row),
            Err(error) => self.refuse(error),
        }
        let [topic, others @ ..] = &index_keys(letter)[..] else { return };
        self.put(topic.clone(), RowWriter::new().text(&letter.id.0).text(&standing(letter)).finish());
        for key in others {
            self.put(key.clone(), RowWriter::new().text(&letter.id.0).finish());
        }
    }

    fn remove_letter(&mut self, letter: &Letter) {
        self.remove(letter_key(&letter.id));
        for key in index_keys(letter) {
            self.remove(key);
        }
    }
}

impl Store {
    /// Up to `limit` open letters that are due at `now` (UTC seconds) and not leased, by due time; one whose lease has
    /// run out is due since then.
    pub async fn letters_due(&self, now: i64, limit: usize) -> Result<Vec<(Letter, Version)>, EngineError> {
        let begin = RowKey::of(tag::LETTER_DUE);
        let to = begin.clone().signed(now).end();
        let is_due = |letter: &Letter| letter.state == LetterState::Open && comes_up(letter) <= now;
        self.letters_between((begin.octets().to_vec(), to), limit, (|_| true, is_due)).await
    }

    /// When the next open letter falls due, or its lease runs out, UTC seconds.
    pub async fn next_letter_due(&self) -> Result<Option<i64>, EngineError> {
        let begin = RowKey::of(tag::LETTER_DUE);
        let first = self.engine.scan(begin.octets(), &begin.end(), 1).await?;
        first.first().map(|entry| due_of(&entry.key)).transpose()
    }

    /// Replaces a letter that was seen at `seen` (leased, delivered, deferred or dead), keeping its place in the queue
    /// in step with `due` and `state`.
    pub async fn replace_letter(&self, letter: &Letter, seen: Version) -> Result<Committed, EngineError> {
        let mut change = Change::new();
        change.expect(letter_key(&letter.id), seen);
        match self.letter(&letter.id).await? {
            Some((before, version)) if version == seen => change.remove_letter(&before),
            None if seen == 0 => {}
            _ => return Ok(Committed::SeenHasMoved),
        }
        change.put_letter(letter);
        self.commit(change).await
    }

    /// A letter by id.
    pub async fn letter(&self, id: &LetterId) -> Result<Option<(Letter, Version)>, EngineError> {
        let Some(row) = self.engine.get(letter_key(id).octets()).await? else { return Ok(None) };
        let (_, letter) = read_json_row(&row.value, || format!("the letter {}", id.0))?;
        Ok(Some((letter, row.version)))
    }

    /// All letters of a topic, oldest first.
    pub async fn letters_of_topic(&self, topic: &str) -> Result<Vec<(Letter, Version)>, EngineError> {
        let begin = RowKey::of(tag::LETTER_TOPIC).long_name(topic);
        let all = |letter: &Letter| letter.topic == topic;
        self.letters_between((begin.octets().to_vec(), begin.end()), usize::MAX, (|_| true, all)).await
    }

    /// The open letters of a topic to one destination, oldest first. Costs what these are, and a short row for each other
    /// letter of the topic: an event may have many attendees.
    pub async fn letters_open(
        &self,
        topic: &str,
        (channel, destination): (&str, &str),
    ) -> Result<Vec<(Letter, Version)>, EngineError> {
        let begin = RowKey::of(tag::LETTER_TOPIC).long_name(topic);
        let place = place(channel, destination);
        let open = |letter: &Letter| {
            letter.topic == topic
                && letter.state == LetterState::Open
                && letter.channel == channel
                && letter.destination == destination
        };
        let here = |said: &str| said == place;
        self.letters_between((begin.octets().to_vec(), begin.end()), usize::MAX, (here, open)).await
    }

    /// Up to `limit` letters in `state`, newest first.
    pub async fn letters_in(&self, state: LetterState, limit: usize) -> Result<Vec<Letter>, EngineError> {
        let begin = state_key(state);
        let letters = self
            .letters_between(
                (begin.octets().to_vec(), begin.end()),
                limit,
                (|_| true, |letter: &Letter| letter.state == state),
            )
            .await?;
        Ok(letters.into_iter().map(|(letter, _)| letter).collect())
    }

    /// Removes up to `limit` letters in `state` (delivered or dead) written before `before`, UTC seconds, so that the
    /// outbox does not grow for ever; how many. Open letters are never forgotten.
    pub async fn forget_letters(
        &self,
        state: LetterState,
        before: i64,
        limit: usize,
    ) -> Result<usize, EngineError> {
        if state == LetterState::Open {
            return Ok(0);
        }
        let begin = state_key(state);
        let from = begin.clone().signed(newest_first(before)).end();
        let old = |letter: &Letter| letter.state == state && letter.written < before;
        let letters = self.letters_between((from, begin.end()), limit, (|_| true, old)).await?;
        let mut count = 0;
        for (letter, seen) in letters {
            let mut change = Change::new();
            change.expect(letter_key(&letter.id), seen);
            change.remove_letter(&letter);
            if let Committed::At(_) = self.commit(change).await? {
                count += 1;
            }
        }
        Ok(count)
    }

    /// Adds the rows of a letter to be posted, unless its id is taken. Two that post it at once are told apart by the
    /// expectation: the later one's operation thinks again and then finds it there.
    pub(crate) async fn settle_letter(
        &self,
        change: &mut Change,
        letter: &Letter,
    ) -> Result<(), EngineError> {
        let key = letter_key(&letter.id);
        if !change.writes(&key) && self.engine.get(key.octets()).await?.is_none() {
            change.expect(key, 0);
            change.put_letter(letter);
        }
        Ok(())
    }

    /// Up to `limit` letters that index rows with `from <= key < to` point to, where what the row says of them (if it says
    /// anything) is sought, and that are wanted: a letter may have moved on since its index row was read.
    async fn letters_between(
        &self,
        (mut from, to): (Vec<u8>, Vec<u8>),
        limit: usize,
        (sought, wanted): (impl Fn(&str) -> bool, impl Fn(&Letter) -> bool),
    ) -> Result<Vec<(Letter, Version)>, EngineError> {
        let mut letters = Vec::new();
        while letters.len() < limit {
            let page = PAGE_LETTERS_MAX.min(limit);
            let entries = self.engine.scan(&from, &to, page).await?;
            for entry in &entries {
                let (id, said) = read_index(&entry.value)?;
                if said.is_some_and(|said| !sought(&said)) {
                    continue;
                }
                match self.letter(&LetterId(id)).await? {
                    Some((letter, version)) if wanted(&letter) => letters.push((letter, version)),
                    _ => {}
                }
            }
            match entries.into_iter().next_back() {
                Some(last) if !last.key.is_empty() => {
                    from = last.key;
                    from.push(0);
                }
                _ => break,
            }
        }
        letters.truncate(limit);
        Ok(letters)
    }
}

pub(crate) fn letter_key(id: &LetterId) -> RowKey {
    RowKey::of(tag::LETTER).long_name(&id.0)
}

fn state_key(state: LetterState) -> RowKey {
    // A number that was given once keeps its meaning.
    RowKey::of(tag::LETTER_STATE).number(match state {
        LetterState::Open => 0,
        LetterState::Delivered => 1,
        LetterState::Dead => 2,
    })
}

/// Turns the order of time round.
const fn newest_first(seconds: i64) -> i64 {
    !seconds
}

/// What an index row says: the letter's id, and where it stands.
fn read_index(row: &[u8]) -> Result<(String, Option<String>), EngineError> {
    // Rows of other indexes, and older ones, say nothing but the id.
    read_row(
        row,
        || "the outbox".into(),
        |row: &mut RowReader<'_>| {
            let id = row.text()?.to_owned();
            let said = if row.is_empty() { None } else { Some(row.text()?.to_owned()) };
            Some((id, said))
        },
    )
}

/// The id in an index row.
pub(crate) fn id_in_index(row: &[u8]) -> Option<String> {
    read_index(row).ok().map(|(id, _)| id)
}

/// What stands there of a letter that is settled.
const SETTLED: &str = "-";

/// Where an open letter stands in its topic.
fn place(channel: &str, destination: &str) -> String {
    format!("{channel}\0{destination}")
}

/// What the row of its topic says of a letter: where it stands, nothing once it is settled.
fn standing(letter: &Letter) -> String {
    match letter.state {
        LetterState::Open => place(&letter.channel, &letter.destination),
        LetterState::Delivered | LetterState::Dead => SETTLED.to_owned(),
    }
}

/// The keys of the rows that point to `letter`; that of its topic first.
pub(crate) fn index_keys(letter: &Letter) -> Vec<RowKey> {
    let id = &letter.id.0;
    let mut keys = vec![
        RowKey::of(tag::LETTER_TOPIC).long_name(&letter.topic).number(letter.sequence).name(id),
        state_key(letter.state).signed(newest_first(letter.written)).number(!letter.sequence).long_name(id),
    ];
    if letter.state == LetterState::Open {
        keys.push(RowKey::of(tag::LETTER_DUE).signed(comes_up(letter)).number(letter.sequence).long_name(id));
    }
    keys
}

/// When an open letter is to be looked at. A leased one comes up again when its lease runs out, and so does not stand
/// in the way meanwhile.
fn comes_up(letter: &Letter) -> i64 {
    if letter.leased_until == 0 { letter.due } else { letter.due.max(letter.leased_until) }
}

/// The time in a key of the queue.
fn due_of(key: &[u8]) -> Result<i64, EngineError> {
    let octets = key.get(1..9).and_then(|octets| <[u8; 8]>::try_from(octets).ok());
    let turned = octets.ok_or_else(|| damaged("the outbox", "a key has no time"))?;
    Ok((u64::from_be_bytes(turned) ^ (1 << 63)).cast_signed())
}
