//! Records of other storeys, the store's own rows, and rows of no table.

use serde::de::IgnoredAny;

use super::look::{Look, Looked, Name, part};
use crate::engine::Entry;
use crate::identity::{read_identity, read_unfinished};
use crate::key::{shown_text, split_text};
use crate::table::read_json_row;

/// `r`: JSON, under the key that it says.
pub(super) fn record(entry: &Entry) -> Looked {
    let key = entry.key.get(1..).unwrap_or_default();
    let Some((table, rest)) = split_text(key) else {
        return Look::only(Name::default(), "the key cannot be read");
    };
    let table = shown_text(table);
    match read_json_row::<IgnoredAny>(&entry.value, || "the row".into()) {
        Ok((parts, _)) => {
            let written = part(|key| parts.iter().fold(key, |key, name| key.name(name)));
            Ok(Look::at(Name::one(&format!("{table}/{}", parts.join("/"))))
                .holds(written == rest, "the row says another name than its key"))
        }
        Err(error) => {
            let mut name = table;
            let mut rest = rest;
            while let Some((part, after)) = split_text(rest) {
                name = format!("{name}/{}", shown_text(part));
                rest = after;
            }
            Look::unreadable(Name::one(&name), &error)
        }
    }
}

/// `i`: an identity.
pub(super) fn identity(entry: &Entry) -> Looked {
    match read_identity(&entry.value) {
        Ok(_) => Ok(Look::at(Name::default()).holds(entry.key.len() == 1, "there is a second one")),
        Err(error) => Look::unreadable(Name::default(), &error),
    }
}

/// `!`: the store holds a part only.
pub(super) fn mark(entry: &Entry) -> Looked {
    let what = read_unfinished(&entry.value).unwrap_or_else(|_| "something".into());
    Look::only(Name::default(), format!("the store holds only a part of {what}"))
}

/// A row that this program does not know.
pub(super) fn unknown(entry: &Entry) -> Looked {
    let octet = entry.key.first().copied().unwrap_or_default();
    Look::only(Name::default(), format!("no table has the octet 0x{octet:02x}"))
}
