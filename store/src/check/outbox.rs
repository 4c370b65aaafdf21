//! The outbox: letters and the rows that point to them.

use super::look::{Look, Looked, Name, failing, value};
use crate::engine::Entry;
use crate::outbox::{Letter, LetterId, id_in_index, index_keys, letter_key};
use crate::table::read_json_row;

/// `m`: under its own id, and found in every queue that it stands in.
pub(super) fn letter(entry: &Entry) -> Looked {
    let letter = match read_json_row::<Letter>(&entry.value, || "the row".into()) {
        Ok((_, letter)) => letter,
        Err(error) => return Look::unreadable(Name::default(), &error),
    };
    let name = Name { owner: Some(letter.owner.clone()), ..Name::one(&letter.id.0) };
    let keys = index_keys(&letter).into_iter().map(crate::key::RowKey::into_octets).collect();
    Look::at(name)
        .holds(letter_key(&letter.id).octets() == entry.key, "the row says another id than its key")
        .ask(keys, move |found| {
            let points = |row: &[u8]| id_in_index(row).is_some_and(|id| id == letter.id.0);
            let all = found.iter().all(|row| value(Some(row)).is_some_and(points));
            failing([(all, "a row that is to point to it is missing")])
        })
}

/// `d`, `t`, `s`: the letter is there and stands in this place.
pub(super) fn index(entry: &Entry) -> Looked {
    let Some(id) = id_in_index(&entry.value) else {
        return Look::only(Name::default(), "the row cannot be read");
    };
    let (key, own) = (letter_key(&LetterId(id.clone())).into_octets(), entry.key.clone());
    Look::at(Name::one(&id)).ask(vec![key], move |found| {
        let letter = value(found.first()).and_then(|row| read_json_row::<Letter>(row, String::new).ok());
        let stands = letter
            .is_some_and(|(_, letter)| index_keys(&letter).iter().any(|key| key.octets() == own.as_slice()));
        failing([(stands, "there is no letter in this place")])
    })
}
