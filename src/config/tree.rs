//! TOML as a tree in which everything knows where it stands, with files included and the environment laid over it.

use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::problem::{Place, Problems};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Where.
    pub place: Place,
    /// What.
    pub value: Value,
}

/// The kinds of values.
#[derive(Clone, Debug)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// Anything that no setting takes: what it is called, and how it is written.
    Other(&'static str, String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

impl Value {
    /// What it is, for a message.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Integer(_) => "a number",
            Self::Flag(_) => "true or false",
            Self::Other(noun, _) => noun,
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// A table: its entries in the order of the text.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The entries.
    pub entries: Vec<Entry>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub place: Place,
    /// Its value.
    pub node: Node,
}

impl Table {
    /// The entry called `key`.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    /// The value of `key`.
    pub fn value(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.node)
    }

    /// Puts the sections of `other` to these: lists of tables are joined, tables merged, anything given twice is told.
    pub fn join(&mut self, other: Self, problems: &Problems, path: &str) {
        for entry in other.entries {
            let full = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            let Some(mine) = self.entries.iter_mut().find(|mine| mine.key == entry.key) else {
                self.entries.push(entry);
                continue;
            };
            match (&mut mine.node.value, entry.node.value) {
                (Value::List(mine), Value::List(theirs)) => mine.extend(theirs),
                (Value::Table(mine), Value::Table(theirs)) => mine.join(theirs, problems, &full),
                _ => problems.error(
                    &entry.place,
                    &full,
                    format!("is given twice, first in {}", mine.place),
                    "keep one of them",
                ),
            }
        }
    }
}

/// Reads one file's text; what cannot be read is told and left out.
pub fn parse(file: &str, text: &str, problems: &Problems) -> Table {
    let lines = Lines { file: file.into(), text };
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = error.span().map_or_else(|| Place::top_of(file), |span| lines.place(span.start));
        let message = error.message().trim().replace('\n', ", ");
        problems.error(&place, "", message, "see https://toml.io for how TOML is written");
    }
    lines.table(table.get_ref())
}

/// Reads a single TOML value, as an environment variable holds it; `None` if it is not one.
pub fn parse_value(place: &Place, text: &str) -> Option<Node> {
    let written = format!("value = {text}");
    let table = DeTable::parse(&written).ok()?;
    let lines = Lines { file: place.file.clone(), text: &written };
    let mut entries = lines.table(table.get_ref()).entries;
    let mut node = if entries.len() == 1 { entries.pop()?.node } else { return None };
    relocate(&mut node, place);
    Some(node)
}

fn relocate(node: &mut Node, place: &Place) {
    node.place = place.clone();
    match &mut node.value {
        Value::List(items) => items.iter_mut().for_each(|item| relocate(item, place)),
        Value::Table(table) => {
            for entry in &mut table.entries {
                entry.place = place.clone();
                relocate(&mut entry.node, place);
            }
        }
        _ => {}
    }
}

/// A text with its name, from which offsets become places.
struct Lines<'a> {
    file: Arc<str>,
    text: &'a str,
}

impl Lines<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let count = |number| u32::try_from(number).unwrap_or(u32::MAX);
        Place { file: Arc::clone(&self.file), line: count(line), column: count(column) }
    }

    fn table(&self, table: &DeTable<'_>) -> Table {
        let mut entries: Vec<(usize, Entry)> = table
            .iter()
            .map(|(key, value)| {
                let entry = Entry {
                    key: key.get_ref().to_string(),
                    place: self.place(key.span().start),
                    node: self.node(value),
                };
                (key.span().start, entry)
            })
            .collect();
        entries.sort_by_key(|(offset, _)| *offset);
        Table { entries: entries.into_iter().map(|(_, entry)| entry).collect() }
    }

    fn node(&self, value: &Spanned<DeValue<'_>>) -> Node {
        let read = match value.get_ref() {
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(flag) => Value::Flag(*flag),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix()).map_or_else(
                |_| Value::Other("a number too large", number.as_str().to_owned()),
                Value::Integer,
            ),
            DeValue::Float(number) => Value::Other("a number with a fraction", number.as_str().to_owned()),
            DeValue::Datetime(moment) => Value::Other("a date", moment.to_string()),
            DeValue::Array(items) => Value::List(items.iter().map(|item| self.node(item)).collect()),
            DeValue::Table(table) => Value::Table(self.table(table)),
        };
        Node { place: self.place(value.span().start), value: read }
    }
}

/// The files that `pattern` names below `folder`, sorted; `*` stands for anything within one file name.
///
/// # Errors
/// What the operating system says about the folder; `NotFound` for a plain name that is not there.
pub fn matching(folder: &Path, pattern: &str) -> std::io::Result<Vec<std::path::PathBuf>> {
    let whole = folder.join(pattern);
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if !name.contains('*') {
        std::fs::metadata(&whole)?;
        return Ok(vec![whole]);
    }
    let parent = whole.parent().unwrap_or(folder);
    let mut found: Vec<_> = std::fs::read_dir(parent)?
        .filter_map(Result::ok)
        .filter(|entry| is_match(&name, &entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    Ok(found)
}

fn is_match(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_know_their_line_and_column() {
        let problems = Problems::default();
        let table = parse("a.toml", "[server]\n# ö\nname = \"x\"\n\n[[owner]]\nid = 1\n", &problems);
        assert!(!problems.forbid());
        let Value::Table(server) = &table.value("server").unwrap().value else { panic!("a table") };
        let place = &server.entry("name").unwrap().node.place;
        assert_eq!((place.line, place.column), (3, 8));
        let Value::List(owners) = &table.value("owner").unwrap().value else { panic!("a list") };
        assert_eq!(owners[0].place.line, 5);
    }

    #[test]
    fn every_fault_of_the_syntax_is_told() {
        let problems = Problems::default();
        parse("a.toml", "a = \nb = 1\nc = [1,\n", &problems);
        let told = problems.into_sorted();
        assert!(told.len() >= 2, "{told:?}");
        assert_eq!(told[0].place.line, 1);
    }

    #[test]
    fn stars_match_within_a_name() {
        assert!(is_match("*.toml", "ada.toml"));
        assert!(is_match("a*b*.toml", "axxbyy.toml"));
        assert!(!is_match("*.toml", "ada.toml.bak"));
        assert!(!is_match("ada", "adam"));
    }
}
