//! Secrets: a text, or `{ file = "…" }`, `{ env = "…" }`, `{ credential = "…" }`.

use std::fmt;

use super::super::problem::{listed, nearest};
use super::super::reader::Section;
use super::super::tree::{Table, Value};

/// A secret; it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself: only where it is used.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

const PLACES: [&str; 3] = ["file", "env", "credential"];

/// The secret `name` of `section`, fetched from where it is kept; without the line end that files have.
pub fn read(section: &Section<'_>, name: &str) -> Option<Secret> {
    let node = section.node(name)?;
    let text = match &node.value {
        Value::Text(text) => text.clone(),
        Value::Table(table) => fetch(section, name, table)?,
        other => {
            let remedy = "write a text, or { file = \"…\" }, { env = \"…\" } or { credential = \"…\" }";
            section.error(name, format!("is {}", other.noun()), remedy);
            return None;
        }
    };
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        section.error(name, "is empty", "give a secret of at least one character, or leave the key out");
        return None;
    }
    Some(Secret::new(text))
}

fn fetch(section: &Section<'_>, name: &str, table: &Table) -> Option<String> {
    let [entry] = table.entries.as_slice() else {
        let remedy = format!("name one place: {}", listed(&PLACES));
        section.error(name, "names no place, or several", remedy);
        return None;
    };
    let Value::Text(place) = &entry.node.value else {
        section.error(
            name,
            format!("{} is {}", entry.key, entry.node.value.noun()),
            "write a text in quotes",
        );
        return None;
    };
    let environment = section.reader.environment;
    let (path, hint) = match entry.key.as_str() {
        "file" => (section.reader.path(place), "make it, with mode 0600, readable for this user"),
        "credential" => {
            let Some(folder) = environment.credentials() else {
                let remedy = "start it as a systemd service with LoadCredential, or use { file = \"…\" }";
                section.error(name, format!("there are no credentials (`{place}`) here"), remedy);
                return None;
            };
            (folder.join(place), "add LoadCredential to the service")
        }
        "env" => {
            let found = environment.variables.get(place).cloned();
            if found.is_none() {
                section.error(
                    name,
                    format!("the variable `{place}` is not set"),
                    "set it, or use { file = \"…\" }",
                );
            }
            return found;
        }
        other => {
            let near =
                nearest(other, PLACES).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            let remedy = format!("{near}allowed: {}", listed(&PLACES));
            section.reader.problems.error(
                &entry.place,
                &section.key(name),
                format!("`{other}` is no place for a secret"),
                remedy,
            );
            return None;
        }
    };
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(text),
        Err(error) => {
            section.error(name, format!("cannot read {}: {error}", path.display()), hint);
            None
        }
    }
}
