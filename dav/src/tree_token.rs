//! The sync-token of a home, or of the notifications: what a client was told of each member (RFC 6578 §3.3, §4).
//!
//! It holds all that is asked when it comes back, so nothing is kept for it and it survives restarts; it is as long as there
//! are members. A whole answer at either level ends with the token that is the property then: it names a state. One that
//! was cut short ends with what was told so far, which means nothing at the other level.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::collection::{Revision, SyncToken};
use sha2::{Digest, Sha256};

use crate::backend::{Collection, CollectionKind, Notification};
use crate::privilege;

const PREFIX: &str = "urn:kalends:tree:";

/// Members that one token may speak of.
const MEMBERS_MAX: usize = 100_000;

/// How far below the resource changes are told (RFC 6578 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Of its members.
    One,
    /// Of all that is below it.
    Infinite,
}

impl Level {
    const fn letter(level: Option<Self>) -> char {
        match level {
            None => 'a',
            Some(Self::One) => '1',
            Some(Self::Infinite) => 'i',
        }
    }
}

/// What a client was told of a member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Of which state of the member itself, its properties and its own sync-token.
    pub state: u64,
    /// How far what is in it was told; `None`: not at all, or there is nothing in it.
    pub at: Option<SyncToken>,
}

/// The token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeToken {
    /// The level of the answer that was cut short with it; `None`: it names a state.
    pub level: Option<Level>,
    /// What was told, by the names of the members.
    pub told: BTreeMap<String, Told>,
}

impl TreeToken {
    /// The token of whoever knows all of a home.
    pub fn of_home(collections: &[Collection]) -> Self {
        let told = collections.iter().map(|collection| {
            let told = Told { state: state_of(collection), at: Some(collection.token) };
            (collection.name.id.as_str().to_owned(), told)
        });
        Self { level: None, told: told.collect() }
    }

    /// The token of whoever knows all notifications.
    pub fn of_notifications(notifications: &[Notification]) -> Self {
        let told = notifications.iter().map(|one| (one.id.clone(), told_of(one)));
        Self { level: None, told: told.collect() }
    }

    /// Whether a URI is such a token by its beginning.
    pub fn is_named_by(uri: &str) -> bool {
        uri.starts_with(PREFIX)
    }

    /// The URI form.
    pub fn to_uri(&self) -> String {
        let mut octets = Vec::new();
        for (name, told) in &self.told {
            write_number(name.len() as u64, &mut octets);
            octets.extend_from_slice(name.as_bytes());
            octets.extend_from_slice(&told.state.to_be_bytes());
            octets.push(u8::from(told.at.is_some()));
            if let Some(at) = told.at {
                octets.extend_from_slice(&at.epoch.to_be_bytes());
                write_number(at.revision.0, &mut octets);
            }
        }
        format!("{PREFIX}{}:{}", Level::letter(self.level), URL_SAFE_NO_PAD.encode(octets))
    }

    /// Reads the URI form, of a token that may be used at `level`.
    pub fn parse(uri: &str, level: Level) -> Option<Self> {
        let (letter, told) = uri.trim().strip_prefix(PREFIX)?.split_once(':')?;
        let handed_out = [None, Some(level)].into_iter().find(|made| {
            let mut buffer = [0; 4];
            Level::letter(*made).encode_utf8(&mut buffer) == letter
        })?;
        let octets = URL_SAFE_NO_PAD.decode(told).ok()?;
        let mut rest = octets.as_slice();
        let mut token = Self { level: handed_out, told: BTreeMap::new() };
        while !rest.is_empty() {
            if token.told.len() == MEMBERS_MAX {
                return None;
            }
            let length = usize::try_from(read_number(&mut rest)?).ok()?;
            let name = std::str::from_utf8(rest.split_off(..length)?).ok()?.to_owned();
            let state = read_eight(&mut rest)?;
            let at = match rest.split_off_first()? {
                0 => None,
                1 => {
                    let epoch = read_eight(&mut rest)?;
                    Some(SyncToken { epoch, revision: Revision(read_number(&mut rest)?) })
                }
                _ => return None,
            };
            token.told.insert(name, Told { state, at });
        }
        Some(token)
    }
}

/// What is told of a notification.
pub fn told_of(notification: &Notification) -> Told {
    let mut hash = Sha256::new();
    add(&mut hash, notification.tag.0.as_bytes());
    Told { state: finish(hash), at: None }
}

/// The state of a collection as its properties show it: another one where one of them has changed. To whom it is lent
/// or whether it is published is not part of it.
pub fn state_of(collection: &Collection) -> u64 {
    let mut hash = Sha256::new();
    let kind = match collection.kind {
        CollectionKind::Calendar => "calendar",
        CollectionKind::Inbox => "inbox",
        CollectionKind::Outbox => "outbox",
    };
    let borrowed = collection.borrowed.as_ref().map(ToString::to_string);
    let default = collection.default_calendar.as_ref().map(ToString::to_string);
    let opaque = if collection.opaque { "opaque" } else { "transparent" };
    let (token, created) = (collection.token.to_uri(), collection.created.as_unix().to_string());
    let texts = [kind, &collection.display_name, collection.zone.name(), opaque, &token, &created];
    for text in texts {
        add(&mut hash, text.as_bytes());
    }
    let description = collection.description.as_ref();
    let language = description.and_then(|phrase| phrase.language.clone());
    let description = description.map(|phrase| phrase.text.clone());
    for text in [&description, &language, &collection.timezone, &collection.availability, &default, &borrowed]
    {
        add(&mut hash, if text.is_some() { b"1" } else { b"0" });
        add(&mut hash, text.as_deref().unwrap_or_default().as_bytes());
    }
    add(&mut hash, b"components");
    for kind in &collection.components {
        add(&mut hash, kind.component_name().as_bytes());
    }
    add(&mut hash, b"privileges");
    for one in &collection.privileges {
        add(&mut hash, privilege::name_of(*one).local.as_bytes());
    }
    add(&mut hash, b"dead properties");
    for ((namespace, local), xml) in &collection.dead_properties {
        for text in [namespace, local, xml] {
            add(&mut hash, text.as_bytes());
        }
    }
    finish(hash)
}

fn add(hash: &mut Sha256, octets: &[u8]) {
    hash.update((octets.len() as u64).to_be_bytes());
    hash.update(octets);
}

fn finish(hash: Sha256) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash.finalize()[..8]);
    u64::from_be_bytes(first)
}

/// Seven bits an octet, the lowest first.
fn write_number(mut number: u64, out: &mut Vec<u8>) {
    while number > 0x7f {
        out.push(0x80 | u8::try_from(number & 0x7f).unwrap_or_default());
        number >>= 7;
    }
    out.push(u8::try_from(number).unwrap_or_default());
}

fn read_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64_u32).step_by(7) {
        let octet = *rest.split_off_first()?;
        let bits = u64::from(octet & 0x7f);
        if bits.leading_zeros() < shift {
            return None;
        }
        number |= bits << shift;
        if octet & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn read_eight(rest: &mut &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*rest.split_off(..8)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn told() -> impl Strategy<Value = Told> {
        let at = proptest::option::of((any::<u64>(), any::<u64>()));
        (any::<u64>(), at).prop_map(|(state, at)| Told {
            state,
            at: at.map(|(epoch, revision)| SyncToken { epoch, revision: Revision(revision) }),
        })
    }

    proptest! {
        #[test]
        fn a_token_is_read_as_it_was_written(
            told in proptest::collection::btree_map("\\PC{0,40}", told(), 0..8),
            level in prop_oneof![Just(None), Just(Some(Level::One)), Just(Some(Level::Infinite))],
        ) {
            let token = TreeToken { level, told };
            let uri = token.to_uri();
            prop_assert!(uri.bytes().all(|octet| octet.is_ascii_alphanumeric() || b":-_".contains(&octet)), "{uri}");
            for asked in [Level::One, Level::Infinite] {
                let read = TreeToken::parse(&uri, asked);
                prop_assert_eq!(read, level.is_none_or(|made| made == asked).then(|| token.clone()));
            }
        }

        #[test]
        fn any_text_is_read_or_refused(octets: Vec<u8>, letter in "[a1ix]") {
            let uri = format!("{PREFIX}{letter}:{}", URL_SAFE_NO_PAD.encode(&octets));
            if let Some(token) = TreeToken::parse(&uri, Level::One) {
                prop_assert!(token.told.len() <= octets.len());
            }
        }
    }
}
