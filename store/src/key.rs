//! Order-preserving keys: parts of text and numbers whose octets sort as the parts do.
//!
//! A key begins with the octet of its table. Text is escaped (0x00 → 0x00 0xFF) and ends with 0x00 0x01, so that no part
//! is the beginning of another; a number is 8 octets, big-endian, a signed one with its sign turned. Text beyond its
//! allowance keeps its beginning and ends with 0x00 0x02 and 16 octets of its SHA-256: still one key for one text,
//! sorted among its neighbours by that beginning, and no key grows beyond what engines take
//! ([`KEY_OCTETS_MAX`](crate::engine::limit::KEY_OCTETS_MAX)). Hence rows repeat such parts in their value.

use sha2::{Digest, Sha256};

/// Octets that a short part takes at most, its end included: an owner, a collection, a part of a record's key.
pub const NAME_OCTETS_MAX: usize = 52;

/// Octets that a long part takes at most, its end included: a member, a UID. A key has one.
pub const LONG_NAME_OCTETS_MAX: usize = 140;

/// Octets of most keys.
const USUAL_OCTETS: usize = 96;

const ESCAPED: [u8; 2] = [0x00, 0xFF];
const END: [u8; 2] = [0x00, 0x01];
const SHORTENED: [u8; 2] = [0x00, 0x02];
const DIGEST_OCTETS: usize = 16;

/// A key, or the beginning of one, built part by part.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey(Vec<u8>);

impl RowKey {
    /// The beginning of all keys of the table with this octet (below 0xFF).
    pub fn of(table: u8) -> Self {
        let mut key = Vec::with_capacity(USUAL_OCTETS);
        key.push(table);
        Self(key)
    }

    /// Adds a short text; beyond 50 octets its order is that of its first 34.
    #[must_use]
    pub fn name(self, text: &str) -> Self {
        self.text(text, NAME_OCTETS_MAX)
    }

    /// Adds a long text; beyond 138 octets its order is that of its first 122.
    #[must_use]
    pub fn long_name(self, text: &str) -> Self {
        self.text(text, LONG_NAME_OCTETS_MAX)
    }

    /// Adds a number.
    #[must_use]
    pub fn number(mut self, number: u64) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    /// Adds a signed number.
    #[must_use]
    pub fn signed(self, number: i64) -> Self {
        self.number(number.cast_unsigned() ^ (1 << 63))
    }

    /// The octets.
    pub fn octets(&self) -> &[u8] {
        &self.0
    }

    /// The octets, owned.
    pub fn into_octets(self) -> Vec<u8> {
        self.0
    }

    /// The first key after this one.
    pub fn successor(&self) -> Vec<u8> {
        let mut octets = self.0.clone();
        octets.push(0);
        octets
    }

    /// The first key after all that begin with this one.
    pub fn end(&self) -> Vec<u8> {
        let mut octets = self.0.clone();
        while let Some(last) = octets.pop() {
            if last < u8::MAX {
                octets.push(last + 1);
                break;
            }
        }
        octets
    }

    fn text(mut self, text: &str, octets_max: usize) -> Self {
        let begin = self.0.len();
        push_escaped(&mut self.0, text.as_bytes());
        if self.0.len() - begin + END.len() <= octets_max {
            self.0.extend_from_slice(&END);
            return self;
        }
        // Cut between escaped octets, never inside a pair.
        let room = octets_max - SHORTENED.len() - DIGEST_OCTETS;
        self.0.truncate(begin);
        for octet in text.as_bytes() {
            let width = if *octet == 0 { ESCAPED.len() } else { 1 };
            if self.0.len() - begin + width > room {
                break;
            }
            push_escaped(&mut self.0, &[*octet]);
        }
        self.0.extend_from_slice(&SHORTENED);
        self.0.extend_from_slice(&digest(text.as_bytes()));
        self
    }
}

fn push_escaped(key: &mut Vec<u8>, text: &[u8]) {
    if !text.contains(&0) {
        return key.extend_from_slice(text);
    }
    for octet in text {
        if *octet == 0 {
            key.extend_from_slice(&ESCAPED);
        } else {
            key.push(*octet);
        }
    }
}

/// The octets of the text that `key`, a key without its table's octet, begins with, and what comes after it.
pub(crate) fn split_text(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    loop {
        let octet = key.get(at)?;
        let pair = [*octet, key.get(at + 1).copied().unwrap_or_default()];
        at += match pair {
            END => return key.split_at_checked(at + END.len()),
            SHORTENED => return key.split_at_checked(at + SHORTENED.len() + DIGEST_OCTETS),
            ESCAPED => ESCAPED.len(),
            [0, _] => return None,
            _ => 1,
        };
    }
}

/// A text as a key holds it, for people; of a shortened one the beginning.
pub(crate) fn shown_text(part: &[u8]) -> String {
    let shortened = part.len().checked_sub(DIGEST_OCTETS + SHORTENED.len());
    let shortened = shortened.filter(|at| part[*at..].starts_with(&SHORTENED));
    let (text, end) = match shortened {
        Some(at) => (&part[..at], "…"),
        None => (part.strip_suffix(&END).unwrap_or(part), ""),
    };
    let mut plain = Vec::with_capacity(text.len());
    let mut octets = text.iter();
    while let Some(octet) = octets.next() {
        plain.push(*octet);
        if *octet == 0 {
            octets.next();
        }
    }
    String::from_utf8_lossy(&plain).into_owned() + end
}

/// The first 16 octets of the SHA-256 of `octets`.
pub(crate) fn digest(octets: &[u8]) -> [u8; DIGEST_OCTETS] {
    let mut first = [0; DIGEST_OCTETS];
    first.copy_from_slice(&Sha256::digest(octets)[..DIGEST_OCTETS]);
    first
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::limit::KEY_OCTETS_MAX;
    use proptest::prelude::*;

    #[test]
    fn the_longest_key_fits() {
        let long = "\0".repeat(300);
        let key = RowKey::of(b'x').name(&long).name(&long).signed(0).long_name(&long);
        assert!(key.octets().len() <= KEY_OCTETS_MAX, "{} octets", key.octets().len());
        let record =
            RowKey::of(b'r').name("idempotency-keys").name(&long).name(&long).name(&long).name(&long);
        assert!(record.octets().len() <= KEY_OCTETS_MAX, "{} octets", record.octets().len());
    }

    #[test]
    fn a_part_is_not_the_beginning_of_another() {
        let short = RowKey::of(b'x').name("ab");
        let longer = RowKey::of(b'x').name("abc").name("d");
        assert!(!longer.octets().starts_with(short.octets()));
        assert_ne!(RowKey::of(b'x').name("a").name("b"), RowKey::of(b'x').name("a\0\u{1}b"));
    }

    #[test]
    fn shortened_texts_differ() {
        let (one, two) = ("x".repeat(200) + "1", "x".repeat(200) + "2");
        assert_ne!(RowKey::of(b'x').name(&one), RowKey::of(b'x').name(&two));
        assert!(RowKey::of(b'x').name(&"x".repeat(34)) < RowKey::of(b'x').name(&one));
        assert!(RowKey::of(b'x').name(&one) < RowKey::of(b'x').name(&("x".repeat(33) + "y")));
    }

    #[test]
    fn the_end_of_a_prefix_lies_behind_it() {
        assert_eq!(RowKey(vec![1, 0xFF, 0xFF]).end(), vec![2]);
        assert_eq!(RowKey(vec![1, 2]).end(), vec![1, 3]);
    }

    proptest! {
        #[test]
        fn keys_sort_as_their_parts(
            a in ("[\0-\u{3}a-c]{0,6}", any::<i64>(), any::<u64>(), "[\0-\u{3}a-c]{0,6}"),
            b in ("[\0-\u{3}a-c]{0,6}", any::<i64>(), any::<u64>(), "[\0-\u{3}a-c]{0,6}"),
        ) {
            let key = |p: &(String, i64, u64, String)| {
                RowKey::of(b'x').name(&p.0).signed(p.1).number(p.2).long_name(&p.3)
            };
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }

        #[test]
        fn a_text_is_found_again(text in "[\0-\u{3}a-cü]{0,200}", rest: Vec<u8>) {
            for key in [RowKey::of(b'x').name(&text), RowKey::of(b'x').long_name(&text)] {
                let part = key.octets()[1..].to_vec();
                let whole = [part.as_slice(), &rest].concat();
                prop_assert_eq!(split_text(&whole), Some((part.as_slice(), rest.as_slice())));
                let shown = shown_text(&part);
                prop_assert!(shown == text || (shown.ends_with('…') && text.len() > 30));
            }
        }

        #[test]
        fn any_octets_are_split_or_not(key: Vec<u8>) {
            if let Some((part, _)) = split_text(&key) {
                shown_text(part);
            }
        }

        #[test]
        fn what_begins_with_a_prefix_lies_in_its_range(prefix in "[\0a-c]{0,3}", rest in "[\0a-c]{0,3}") {
            let begin = RowKey::of(b'x').name(&prefix);
            let key = begin.clone().name(&rest);
            prop_assert!(begin.octets() <= key.octets() && key.octets() < begin.end().as_slice());
        }
    }
}
