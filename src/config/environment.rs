//! The environment: overrides (`KALENDS__SERVER__PUBLIC_URL`) laid over the files, and where secrets may be kept.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::keys::{Shape, declared};
use super::problem::{Place, Problems};
use super::tree::{Entry, Node, Table, Value, parse_value};

/// What the names of overriding variables begin with.
pub const PREFIX: &str = "KALENDS__";

/// The environment variables that a configuration may look at, as a value.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// Name and text of each.
    pub variables: BTreeMap<String, String>,
}

impl Environment {
    /// That of this process; variables that are not UTF-8 are left out.
    pub fn of_process() -> Self {
        let variables = std::env::vars_os()
            .filter_map(|(name, text)| Some((name.into_string().ok()?, text.into_string().ok()?)))
            .collect();
        Self { variables }
    }

    /// The folder in which systemd puts credentials.
    pub fn credentials(&self) -> Option<PathBuf> {
        self.variables.get("CREDENTIALS_DIRECTORY").map(PathBuf::from)
    }

    /// Lays every overriding variable over `table`.
    pub fn override_in(&self, table: &mut Table, problems: &Problems) {
        for (name, text) in &self.variables {
            let Some(path) = name.strip_prefix(PREFIX) else { continue };
            let segments: Vec<String> = path.split("__").map(str::to_lowercase).collect();
            let place = Place::environment(name);
            if segments.iter().any(String::is_empty) {
                problems.error(&place, "", "names no key", "write sections joined by two underscores");
                continue;
            }
            let layer = Layer { place: &place, text, problems };
            layer.lay(table, "", &segments);
        }
    }
}

/// One variable on its way to its key.
struct Layer<'a> {
    place: &'a Place,
    text: &'a str,
    problems: &'a Problems,
}

impl Layer<'_> {
    fn lay(&self, table: &mut Table, path: &str, segments: &[String]) {
        let [name, rest @ ..] = segments else { return };
        let name = Self::spelled(table, path, name);
        let full = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        let shape = declared(&full).map(|key| key.shape);
        if rest.is_empty() {
            // The members of a table of times are not declared one by one.
            let within_times = declared(path).is_some_and(|key| key.shape == Shape::Times);
            self.put(table, &name, if within_times { Some(Shape::Times) } else { shape });
            return;
        }
        match shape {
            Some(Shape::Sections) => self.lay_in_list(table, &name, &full, rest),
            Some(Shape::Section | Shape::Secret | Shape::Front | Shape::Times) => {
                let node = self.child(table, &name, || Value::Table(Table::default()));
                if !matches!(node.value, Value::Table(_)) {
                    node.value = Value::Table(Table::default());
                }
                if let Value::Table(inner) = &mut node.value {
                    self.lay(inner, &full, rest);
                }
            }
            Some(_) => {
                self.problems.error(self.place, &full, "is not a section", format!("set `{full}` itself"));
            }
            None => self.put(table, &name, None),
        }
    }

    /// A list of tables is entered by number from 0, or by the id or slug of its member.
    fn lay_in_list(&self, table: &mut Table, name: &str, full: &str, rest: &[String]) {
        let [index, rest @ ..] = rest else { return };
        let node = self.child(table, name, || Value::List(Vec::new()));
        let Value::List(items) = &mut node.value else { return };
        let position = index.parse::<usize>().ok().or_else(|| {
            items.iter().position(|item| {
                let Value::Table(table) = &item.value else { return false };
                let named = table.value("id").or_else(|| table.value("slug"));
                matches!(named.map(|node| &node.value), Some(Value::Text(text))
                    if text.to_lowercase().replace('-', "_") == index.replace('-', "_"))
            })
        });
        match position {
            Some(position) if position < items.len() => {
                if let Value::Table(inner) = &mut items[position].value {
                    self.lay(inner, full, rest);
                }
            }
            Some(position) if position == items.len() => {
                let mut inner = Table::default();
                self.lay(&mut inner, full, rest);
                items.push(Node { place: self.place.clone(), value: Value::Table(inner) });
            }
            _ => self.problems.error(
                self.place,
                full,
                format!("has no member `{index}`"),
                format!("number them from 0 (there are {}), or name one by its id", items.len()),
            ),
        }
    }

    /// The key as the file or the table of keys spells it: variables have no hyphens.
    fn spelled(table: &Table, path: &str, name: &str) -> String {
        let hyphened = name.replace('_', "-");
        let known = table.entries.iter().any(|entry| entry.key == hyphened)
            || matches!(declared(path).map(|key| key.shape), Some(Shape::Times));
        if known { hyphened } else { name.to_owned() }
    }

    fn child<'t>(&self, table: &'t mut Table, name: &str, empty: impl Fn() -> Value) -> &'t mut Node {
        let at = table.entries.iter().position(|entry| entry.key == name).unwrap_or_else(|| {
            table.entries.push(self.entry(name, empty()));
            table.entries.len() - 1
        });
        &mut table.entries[at].node
    }

    fn entry(&self, name: &str, value: Value) -> Entry {
        let node = Node { place: self.place.clone(), value };
        Entry { key: name.to_owned(), place: self.place.clone(), node }
    }

    fn put(&self, table: &mut Table, name: &str, shape: Option<Shape>) {
        let text = || Node { place: self.place.clone(), value: Value::Text(self.text.to_owned()) };
        let node = match shape {
            None | Some(Shape::Text | Shape::Choice(_) | Shape::Duration) => text(),
            // A password may look like a number or a list; only a table is read as one.
            Some(Shape::Secret | Shape::Front) if !self.text.trim_start().starts_with('{') => text(),
            Some(Shape::Texts | Shape::Choices(_) | Shape::Durations)
                if !self.text.trim().starts_with('[') =>
            {
                let words = self.text.split(',').map(str::trim).filter(|word| !word.is_empty());
                let items = words
                    .map(|word| Node { place: self.place.clone(), value: Value::Text(word.to_owned()) })
                    .collect();
                Node { place: self.place.clone(), value: Value::List(items) }
            }
            Some(_) => parse_value(self.place, self.text).unwrap_or_else(text),
        };
        table.entries.retain(|entry| entry.key != name);
        table.entries.push(Entry { key: name.to_owned(), place: self.place.clone(), node });
    }
}
