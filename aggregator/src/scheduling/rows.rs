//! What scheduling remembers beside the objects.
//!
//! | table | key | row |
//! | --- | --- | --- |
//! | `scheduling` | owner, UID | the talk about an event: what was heard, what was sent |
//! | `schedule-tags` | owner, collection, member | the schedule tag of an object |
//! | `schedule-defaults` | owner | the calendar into which invitations go |

use std::collections::HashMap;

use calendar::collection::{CollectionName, EntityTag, ObjectName};
use calendar::itip::Ledger;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use store::Change;
use store::engine::Version;
use store::records::{Key, Table};

use crate::world::{World, refusal_of};

const TALKS: Table = Table("scheduling");
const TAGS: Table = Table("schedule-tags");
const DEFAULTS: Table = Table("schedule-defaults");

/// Letters that are remembered as delivered, for each event.
const LETTERS_MAX: usize = 64;

/// The talk of an owner about one event. It outlives the object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Talk {
    /// What was heard, as [`Ledger::to_text`] writes it.
    #[serde(default)]
    ledger: String,
    /// The DTSTAMP of what was sent last, UTC seconds.
    #[serde(default)]
    stamp: i64,
    /// Letters that were written so far.
    #[serde(default)]
    written: u64,
    /// The newest letters that were delivered here.
    #[serde(default)]
    delivered: Vec<String>,
    /// The highest SEQUENCE of an event that the owner organized and took back.
    #[serde(default)]
    pub(crate) taken_back: Option<u32>,
}

impl Talk {
    pub(crate) fn ledger(&self) -> Ledger {
        Ledger::parse(&self.ledger)
    }

    pub(crate) fn keep_ledger(&mut self, ledger: &Ledger) {
        self.ledger = ledger.to_text();
    }

    /// The DTSTAMP of what is sent at `now`: later than that of anything before, as it orders what is said.
    pub(crate) fn stamp(&mut self, now: Instant) -> Instant {
        self.stamp = now.as_unix().max(self.stamp.saturating_add(1));
        Instant::from_unix(self.stamp)
    }

    /// The DTSTAMP of what is sent now, once [`Self::stamp`] has said it.
    pub(crate) const fn stamped(&self) -> i64 {
        self.stamp
    }

    /// The number of the letter that is written next.
    pub(crate) fn next_number(&self) -> u64 {
        self.written.saturating_add(1)
    }

    /// The number of a letter that is written now.
    pub(crate) fn number(&mut self) -> u64 {
        self.written = self.next_number();
        self.written
    }

    pub(crate) fn has_delivered(&self, letter: &str) -> bool {
        self.delivered.iter().any(|known| known == letter)
    }

    pub(crate) fn deliver(&mut self, letter: &str) {
        self.delivered.push(letter.to_owned());
        let excess = self.delivered.len().saturating_sub(LETTERS_MAX);
        self.delivered.drain(..excess);
    }
}

async fn record<T: DeserializeOwned>(
    world: &World,
    table: Table,
    key: Key<'_>,
) -> Result<Option<(T, Version)>, Refusal> {
    world.store.record::<T>(table, key).await.map_err(refusal_of)
}

/// The talk of `owner` about `uid`; version 0 where there was none.
pub(crate) async fn talk(world: &World, owner: &str, uid: &str) -> Result<(Talk, Version), Refusal> {
    Ok(record(world, TALKS, &[owner, uid]).await?.unwrap_or_default())
}

pub(crate) fn put_talk(change: &mut Change, (owner, uid): (&str, &str), (talk, seen): (&Talk, Version)) {
    change.put_record(TALKS, &[owner, uid], talk, seen);
}

/// A schedule tag, and the entity tag of the object as it was then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct TagRow {
    schedule: String,
    of: String,
}

impl TagRow {
    /// The tag of an object whose entity tag is `tag`. If it was changed by other ways than these, it is that.
    fn of(&self, tag: &EntityTag) -> EntityTag {
        if self.of == tag.0 { EntityTag(self.schedule.clone()) } else { tag.clone() }
    }
}

fn tag_key(name: &ObjectName) -> [&str; 3] {
    [name.collection.owner.as_str(), name.collection.id.as_str(), name.member.as_str()]
}

/// The schedule tag of an object with the entity tag `tag`; `None` where the server does not schedule for it.
pub(crate) async fn schedule_tag(
    world: &World,
    name: &ObjectName,
    tag: &EntityTag,
) -> Result<Option<EntityTag>, Refusal> {
    Ok(record::<TagRow>(world, TAGS, &tag_key(name)).await?.map(|(row, _)| row.of(tag)))
}

/// Members whose tags are looked up one by one, where a collection has more tags than this.
const TAGS_AT_ONCE: usize = 500;

/// The schedule tags of these members of a collection, with their entity tags.
pub(crate) async fn schedule_tags(
    world: &World,
    collection: &CollectionName,
    members: &[(&str, &EntityTag)],
) -> Result<HashMap<String, EntityTag>, Refusal> {
    let prefix = [collection.owner.as_str(), collection.id.as_str()];
    let rows = world.store.records::<TagRow>(TAGS, &prefix, None, TAGS_AT_ONCE).await.map_err(refusal_of)?;
    let mut tags = HashMap::new();
    if rows.len() < TAGS_AT_ONCE {
        let known: HashMap<&str, &TagRow> =
            rows.iter().filter_map(|row| Some((row.key.get(2)?.as_str(), &row.record))).collect();
        for (member, tag) in members {
            if let Some(row) = known.get(member) {
                tags.insert((*member).to_owned(), row.of(tag));
            }
        }
        return Ok(tags);
    }
    for (member, tag) in members {
        let name = ObjectName::new(collection, member);
        if let Some(tag) = schedule_tag(world, &name, tag).await? {
            tags.insert((*member).to_owned(), tag);
        }
    }
    Ok(tags)
}

/// Sets or removes a schedule tag: that of the object that will have the entity tag `of`.
pub(crate) async fn put_schedule_tag(
    world: &World,
    change: &mut Change,
    name: &ObjectName,
    tag: Option<(&EntityTag, &EntityTag)>,
) -> Result<(), Refusal> {
    let seen = record::<TagRow>(world, TAGS, &tag_key(name)).await?;
    let version = seen.as_ref().map_or(0, |(_, version)| *version);
    match tag {
        Some((schedule, of)) => {
            let row = TagRow { schedule: schedule.0.clone(), of: of.0.clone() };
            change.put_record(TAGS, &tag_key(name), &row, version);
        }
        None if version != 0 => change.remove_record(TAGS, &tag_key(name), version),
        None => {}
    }
    Ok(())
}

/// The calendar that `owner` has chosen for invitations.
pub(crate) async fn chosen_default(world: &World, owner: &str) -> Result<Option<String>, Refusal> {
    Ok(record::<String>(world, DEFAULTS, &[owner]).await?.map(|(id, _)| id))
}

/// Chooses a calendar for invitations.
pub(crate) async fn choose_default(
    world: &World,
    change: &mut Change,
    (owner, id): (&str, &str),
) -> Result<(), Refusal> {
    let seen = record::<String>(world, DEFAULTS, &[owner]).await?.map_or(0, |(_, version)| version);
    change.put_record(DEFAULTS, &[owner], &id.to_owned(), seen);
    Ok(())
}
