//! Typed rows over keys and values: the octet that names each table, and how rows are written and read.
//!
//! A value begins with the version of its row's form (now 1 everywhere). Rows that there are many of are compact:
//! numbers in groups of 7 bits, text behind its length. Records are JSON, with the parts of their key beside them,
//! because a key may hold a part shortened.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::engine::EngineError;
use crate::key::RowKey;

/// The octets that keys begin with. One that was given once is never given another meaning.
pub(crate) mod tag {
    /// (owner, collection) → `CollectionRecord`.
    pub(crate) const COLLECTION: u8 = b'c';
    /// (owner, collection) → revision and floor.
    pub(crate) const HEAD: u8 = b'h';
    /// (owner, collection, member) → facts.
    pub(crate) const FACTS: u8 = b'f';
    /// (owner, collection, member) → checksum, revision, tag and octets.
    pub(crate) const OCTETS: u8 = b'o';
    /// (owner, UID, collection) → member.
    pub(crate) const UID: u8 = b'u';
    /// (owner, collection, revision, member) → whether it is gone.
    pub(crate) const LOG: u8 = b'l';
    /// (owner, collection, member) → the revision of its tombstone.
    pub(crate) const TOMBSTONE: u8 = b'g';
    /// (owner, collection, bucket, member) → periods.
    pub(crate) const BUSY: u8 = b'b';
    /// (owner, collection, member) → periods that touch too many buckets.
    pub(crate) const BUSY_LONG: u8 = b'L';
    /// (owner, collection, member) → within which span it may be busy besides what is indexed.
    pub(crate) const BUSY_BEYOND: u8 = b'B';
    /// (id) → letter.
    pub(crate) const LETTER: u8 = b'm';
    /// (due, sequence, id) → id, of open letters.
    pub(crate) const LETTER_DUE: u8 = b'd';
    /// (topic, sequence, id) → id.
    pub(crate) const LETTER_TOPIC: u8 = b't';
    /// (state, newest first, id) → id.
    pub(crate) const LETTER_STATE: u8 = b's';
    /// (table, parts …) → a record of another storey.
    pub(crate) const RECORD: u8 = b'r';
    /// () → the store's identity.
    pub(crate) const IDENTITY: u8 = b'i';
    /// () → what is being brought into the store; gone when all of it is there.
    pub(crate) const UNFINISHED: u8 = b'!';
}

/// The version of the form that rows have.
const FORM: u8 = 1;

/// Why a row cannot be believed.
pub(crate) fn damaged(what: impl std::fmt::Display, why: &str) -> EngineError {
    EngineError::Damaged(format!("{what}: {why}"))
}

/// Writes a compact row.
pub(crate) struct RowWriter(Vec<u8>);

impl RowWriter {
    pub(crate) fn new() -> Self {
        Self(vec![FORM])
    }

    /// Writes on where another ended.
    pub(crate) fn onto(row: Vec<u8>) -> Self {
        Self(row)
    }

    pub(crate) fn number(&mut self, mut number: u64) -> &mut Self {
        while number >= 0x80 {
            self.0.push(low_octet(number) | 0x80);
            number >>= 7;
        }
        self.0.push(low_octet(number));
        self
    }

    /// Small in either direction is short: 0, -1, 1, -2 … become 0, 1, 2, 3 …
    pub(crate) fn signed(&mut self, number: i64) -> &mut Self {
        self.number(((number << 1) ^ (number >> 63)).cast_unsigned())
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        self.octets(text.as_bytes())
    }

    pub(crate) fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.number(octets.len() as u64);
        self.raw(octets)
    }

    pub(crate) fn raw(&mut self, octets: &[u8]) -> &mut Self {
        self.0.extend_from_slice(octets);
        self
    }

    pub(crate) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.0)
    }
}

const fn low_octet(number: u64) -> u8 {
    number.to_le_bytes()[0]
}

/// Reads a compact row; `None` where it is not what was written.
pub(crate) struct RowReader<'a>(&'a [u8]);

impl<'a> RowReader<'a> {
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let octet = self.octet()?;
            let bits = u64::from(octet & 0x7F);
            if shift == 63 && bits > 1 {
                return None;
            }
            number |= bits << shift;
            if octet < 0x80 {
                return Some(number);
            }
        }
        None
    }

    pub(crate) fn signed(&mut self) -> Option<i64> {
        let number = self.number()?;
        Some((number >> 1).cast_signed() ^ -((number & 1).cast_signed()))
    }

    pub(crate) fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.octets()?).ok()
    }

    pub(crate) fn octets(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.number()?).ok()?;
        self.raw(count)
    }

    pub(crate) fn raw(&mut self, count: usize) -> Option<&'a [u8]> {
        let (octets, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(octets)
    }

    pub(crate) fn rest(&mut self) -> &'a [u8] {
        std::mem::take(&mut self.0)
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn octet(&mut self) -> Option<u8> {
        let (octet, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*octet)
    }
}

/// What `parse` makes of a compact row, all of which it must read; `what` names the row if it cannot be read.
pub(crate) fn read_row<'a, T>(
    row: &'a [u8],
    what: impl Fn() -> String,
    parse: impl FnOnce(&mut RowReader<'a>) -> Option<T>,
) -> Result<T, EngineError> {
    let mut reader = RowReader(body(row, &what)?);
    let parsed = parse(&mut reader).ok_or_else(|| damaged(what(), "the row cannot be read"))?;
    if !reader.0.is_empty() {
        return Err(damaged(what(), "the row is longer than what it says"));
    }
    Ok(parsed)
}

fn body(row: &[u8], what: impl Fn() -> String) -> Result<&[u8], EngineError> {
    match row.split_first() {
        Some((&FORM, body)) => Ok(body),
        Some((form, _)) => {
            Err(damaged(what(), &format!("the row has form {form}, this program knows {FORM}")))
        }
        None => Err(damaged(what(), "the row is empty")),
    }
}

/// A record as JSON with the parts of its key.
pub(crate) fn json_row<T: Serialize>(parts: &[&str], record: &T) -> Result<Vec<u8>, EngineError> {
    let mut row = vec![FORM];
    serde_json::to_writer(&mut row, &(parts, record)).map_err(|error| {
        EngineError::Io(format!("the record {} cannot be written: {error}", parts.join("/")))
    })?;
    Ok(row)
}

/// The parts of the key and the record.
pub(crate) fn read_json_row<T: DeserializeOwned>(
    row: &[u8],
    what: impl Fn() -> String,
) -> Result<(Vec<String>, T), EngineError> {
    serde_json::from_slice(body(row, &what)?).map_err(|error| damaged(what(), &error.to_string()))
}

/// The key of a record: its table's octet and its parts.
pub(crate) fn record_key(tag: u8, parts: &[&str]) -> RowKey {
    parts.iter().fold(RowKey::of(tag), |key, part| key.name(part))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(number: u64, signed: i64, text: String) {
            let row = RowWriter::new().number(number).signed(signed).text(&text).finish();
            let read = read_row(&row, String::new, |row| Some((row.number()?, row.signed()?, row.text()?.to_owned())));
            prop_assert_eq!(read, Ok((number, signed, text)));
        }

        #[test]
        fn any_octets_are_read_or_refused(row: Vec<u8>) {
            let _ = read_row(&row, String::new, |row| Some((row.number()?, row.signed()?, row.text()?.len())));
            let _ = read_json_row::<u64>(&row, String::new);
        }
    }

    #[test]
    fn rows_of_another_form_or_length_are_damage() {
        let parse = |row: &[u8]| read_row(row, || "row".into(), RowReader::number);
        assert!(matches!(parse(&[2, 5]), Err(EngineError::Damaged(why)) if why.contains("form 2")));
        assert!(matches!(parse(&[1, 5, 5]), Err(EngineError::Damaged(why)) if why.contains("longer")));
        assert!(matches!(parse(&[1]), Err(EngineError::Damaged(_))));
        assert!(matches!(parse(&[]), Err(EngineError::Damaged(_))));
    }
}
