//! One row being looked at: what it is about, what is wrong with it, and what must be looked up to judge it.

use crate::engine::{EngineError, Entry, Versioned};
use crate::key::{RowKey, shown_text, split_text};

/// What a row is about.
#[derive(Clone, Debug, Default)]
pub(super) struct Name {
    pub(super) owner: Option<String>,
    pub(super) collection: Option<String>,
    pub(super) member: Option<String>,
}

impl Name {
    /// Of a letter or record.
    pub(super) fn one(name: &str) -> Self {
        Self { member: Some(name.into()), ..Self::default() }
    }
}

/// Says what is wrong, given what was looked up.
type Judge = Box<dyn FnOnce(&[Option<Versioned>]) -> Vec<String> + Send>;

/// A row looked at; the error is a look, too, at one of which no more can be said.
pub(super) type Looked = Result<Look, Box<Look>>;

/// One row being looked at.
pub(super) struct Look {
    pub(super) name: Name,
    /// What is to be looked up.
    pub(super) keys: Vec<Vec<u8>>,
    asked: usize,
    wrong: Vec<String>,
    judge: Option<Judge>,
    /// Octets that what is to be looked up has, roughly.
    pub(super) octets: usize,
}

impl Look {
    pub(super) const fn at(name: Name) -> Self {
        Self { name, keys: Vec::new(), asked: 0, wrong: Vec::new(), judge: None, octets: 0 }
    }

    /// A row of which no more can be said.
    pub(super) fn only<T>(name: Name, what: impl Into<String>) -> Result<T, Box<Self>> {
        Err(Box::new(Self::at(name).wrong(what)))
    }

    /// A row that cannot be read.
    pub(super) fn unreadable<T>(name: Name, error: &EngineError) -> Result<T, Box<Self>> {
        let why = match error {
            EngineError::Damaged(why) => why.clone(),
            other => other.to_string(),
        };
        Self::only(name, why)
    }

    pub(super) fn wrong(mut self, what: impl Into<String>) -> Self {
        self.wrong.push(what.into());
        self
    }

    /// Adds `what` if something does not hold.
    pub(super) fn holds(self, holds: bool, what: &str) -> Self {
        if holds { self } else { self.wrong(what) }
    }

    /// Ends the look: what is to be looked up, and how it is judged.
    #[allow(clippy::unnecessary_wraps, reason = "a look ends where it could have ended before")]
    pub(super) fn ask(
        mut self,
        keys: Vec<Vec<u8>>,
        judge: impl FnOnce(&[Option<Versioned>]) -> Vec<String> + Send + 'static,
    ) -> Looked {
        self.asked = keys.len();
        self.keys = keys;
        self.judge = Some(Box::new(judge));
        Ok(self)
    }

    /// What is wrong, with the next of `values` for what was to be looked up.
    pub(super) fn judged(self, values: &mut impl Iterator<Item = Option<Versioned>>) -> Vec<String> {
        let values: Vec<Option<Versioned>> = values.take(self.asked).collect();
        let mut wrong = self.wrong;
        if let Some(judge) = self.judge {
            wrong.extend(judge(&values));
        }
        wrong
    }
}

/// What does not hold, of a list of sentences each with whether it holds.
pub(super) fn failing<const N: usize>(sentences: [(bool, &str); N]) -> Vec<String> {
    sentences.into_iter().filter(|(holds, _)| !holds).map(|(_, what)| what.to_owned()).collect()
}

/// A key `(owner, collection, …)` taken apart.
#[derive(Clone)]
pub(super) struct Parts {
    /// Owner and collection as the key holds them, which is the same in all tables.
    collection: Vec<u8>,
    /// What comes after.
    pub(super) rest: Vec<u8>,
    pub(super) name: Name,
}

impl Parts {
    /// Takes the key apart; if it cannot be, the look says so.
    pub(super) fn of(entry: &Entry) -> Result<Self, Box<Look>> {
        let key = entry.key.get(1..).unwrap_or_default();
        let split = || {
            let (owner, rest) = split_text(key)?;
            let (collection, rest) = split_text(rest)?;
            Some((owner, collection, rest))
        };
        let Some((owner, collection, rest)) = split() else {
            return Look::only(Name::default(), "the key cannot be read");
        };
        let name =
            Name { owner: Some(shown_text(owner)), collection: Some(shown_text(collection)), member: None };
        Ok(Self { collection: [owner, collection].concat(), rest: rest.to_vec(), name })
    }

    /// The same with the member's name.
    pub(super) fn name_of(&self, member: &str) -> Name {
        Name { member: Some(member.into()), ..self.name.clone() }
    }

    /// The name, the rest of the key being a member's.
    pub(super) fn named_by_key(&self) -> Name {
        self.name_of(&shown_text(&self.rest))
    }

    /// The key of the collection's row in the table with this octet.
    pub(super) fn collection_key(&self, table: u8) -> Vec<u8> {
        self.key(table, &[])
    }

    /// The key of a row of the collection.
    pub(super) fn key(&self, table: u8, rest: &[u8]) -> Vec<u8> {
        [&[table], self.collection.as_slice(), rest].concat()
    }

    /// The owner as the key holds it, and the collection.
    pub(super) fn owner_and_collection(&self) -> (&[u8], &[u8]) {
        split_text(&self.collection).unwrap_or_default()
    }
}

/// A part of a key.
pub(super) fn part(build: impl FnOnce(RowKey) -> RowKey) -> Vec<u8> {
    build(RowKey::of(0)).octets().get(1..).unwrap_or_default().to_vec()
}

/// A member as keys hold it.
pub(super) fn member_part(member: &str) -> Vec<u8> {
    part(|key| key.long_name(member))
}

/// The value of what was looked up.
pub(super) fn value(found: Option<&Option<Versioned>>) -> Option<&[u8]> {
    found?.as_ref().map(|row| row.value.as_slice())
}
