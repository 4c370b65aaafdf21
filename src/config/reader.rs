//! Reads keys out of the tree by their declarations; says what is wrong and goes on with a harmless value, since a
//! configuration with any error is refused whole.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::environment::Environment;
use super::keys::{self, Key, Shape, declared, names_in};
use super::problem::{Place, Problems, listed, nearest};
use super::tree::{Node, Table, Value};
use super::value::duration;

/// What all sections share.
pub struct Reader<'a> {
    /// What is wrong so far.
    pub problems: &'a Problems,
    /// Where secrets may be.
    pub environment: &'a Environment,
    /// The folder of the main file: relative paths begin there.
    pub folder: &'a Path,
    /// Keys that were asked for; a test compares them with the table.
    pub asked: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Reader<'a> {
    /// A reader that tells `problems`.
    pub fn new(problems: &'a Problems, environment: &'a Environment, folder: &'a Path) -> Self {
        Self { problems, environment, folder, asked: RefCell::default() }
    }

    /// A path of the settings, relative to the main file's folder.
    pub fn path(&self, text: &str) -> PathBuf {
        self.folder.join(text)
    }

    /// Tells every key below `table` that nobody knows.
    pub fn check_names(&self, table: &Table, path: &str) {
        for entry in &table.entries {
            let full = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            let Some(key) = declared(&full) else {
                self.unknown(&entry.place, path, &full, &entry.key);
                continue;
            };
            match (key.shape, &entry.node.value) {
                (Shape::Section, Value::Table(inner)) => self.check_names(inner, &full),
                (Shape::Sections, Value::List(items)) => {
                    for item in items {
                        match &item.value {
                            Value::Table(inner) => self.check_names(inner, &full),
                            other => self.not_a(&item.place, &full, "a table", other),
                        }
                    }
                }
                (Shape::Section, other) => {
                    self.not_a(&entry.node.place, &full, &format!("a table, `[{full}]`"), other);
                }
                (Shape::Sections, other) => {
                    self.not_a(&entry.node.place, &full, &format!("a list of tables, `[[{full}]]`"), other);
                }
                _ => {}
            }
        }
    }

    fn unknown(&self, place: &Place, path: &str, full: &str, name: &str) {
        if let Some((_, remedy)) = keys::LATER.iter().find(|(later, _)| *later == full) {
            self.problems.error(place, full, "is not available in this version", *remedy);
            return;
        }
        let known: Vec<&str> = names_in(path).collect();
        let remedy = if let Some(near) = nearest(name, known.iter().copied()) {
            format!("did you mean `{near}`?")
        } else if let Some(elsewhere) =
            keys::KEYS.iter().find(|key| key.path.rsplit('.').next() == Some(name) && key.path != full)
        {
            format!("it belongs to another section: `{}`", elsewhere.path)
        } else {
            format!("known here: {}", listed(&known).replace(" or ", " and "))
        };
        self.problems.error(place, full, "is not a known key", remedy);
    }

    fn not_a(&self, place: &Place, key: &str, wanted: &str, value: &Value) {
        self.problems.error(place, key, format!("is {}", value.noun()), format!("write {wanted} instead"));
    }
}

/// One table of the configuration with the declarations of its keys.
#[derive(Clone, Copy)]
pub struct Section<'a> {
    /// What all sections share.
    pub reader: &'a Reader<'a>,
    /// Its keys; nothing where the section is not given.
    pub table: Option<&'a Table>,
    /// Its path in the table of keys.
    pub path: &'static str,
    /// Where it begins.
    pub place: &'a Place,
}

impl<'a> Section<'a> {
    fn declaration(&self, name: &str) -> Option<&'static Key> {
        let full = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        let key = declared(&full);
        debug_assert!(key.is_some(), "{full} is asked for and not declared");
        if let Some(key) = key {
            self.reader.asked.borrow_mut().insert(key.path);
        }
        key
    }

    /// The value of `name` as it stands there.
    pub fn node(&self, name: &str) -> Option<&'a Node> {
        self.declaration(name);
        self.table.and_then(|table| table.value(name))
    }

    /// Where `name` stands; the section where it is not given.
    pub fn place_of(&self, name: &str) -> &'a Place {
        self.table.and_then(|table| table.value(name)).map_or(self.place, |node| &node.place)
    }

    /// Whether `name` is given.
    pub fn has(&self, name: &str) -> bool {
        self.table.is_some_and(|table| table.value(name).is_some())
    }

    /// Whether `name` is a list without members.
    pub fn is_empty_list(&self, name: &str) -> bool {
        let node = self.table.and_then(|table| table.value(name));
        matches!(node.map(|node| &node.value), Some(Value::List(items)) if items.is_empty())
    }

    /// The path of `name`, for messages.
    pub fn key(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// Says that `name` is wrong.
    pub fn error(&self, name: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.reader.problems.error(self.place_of(name), &self.key(name), what, remedy);
    }

    /// Says that `name` is doubtful.
    pub fn warning(&self, name: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.reader.problems.warning(self.place_of(name), &self.key(name), what, remedy);
    }

    fn wrong(&self, name: &str, node: &Node, wanted: &str) {
        self.reader.not_a(&node.place, &self.key(name), wanted, &node.value);
    }

    /// The text of `name`, or its default, if it has either.
    pub fn text(&self, name: &str) -> Option<String> {
        let key = self.declaration(name)?;
        let Some(node) = self.node(name) else { return key.default.map(str::to_owned) };
        if let Value::Text(text) = &node.value {
            return Some(text.clone());
        }
        self.wrong(name, node, "a text in quotes");
        None
    }

    /// The text of `name`, which must be given and not be blank.
    pub fn needed(&self, name: &str, example: &str) -> Option<String> {
        if !self.has(name) {
            self.declaration(name);
            self.error(name, "is missing", format!("add `{name} = {example}`"));
            return None;
        }
        let text = self.text(name)?;
        if text.trim().is_empty() {
            self.error(name, "is empty", format!("write `{name} = {example}`"));
            return None;
        }
        Some(text)
    }

    /// The texts of `name` with their places; one alone counts as a list.
    pub fn texts(&self, name: &str) -> Vec<(String, &'a Place)> {
        self.declaration(name);
        let Some(node) = self.node(name) else { return Vec::new() };
        let items = match &node.value {
            Value::Text(text) => return vec![(text.clone(), &node.place)],
            Value::List(items) => items,
            _ => {
                self.wrong(name, node, "a list of texts");
                return Vec::new();
            }
        };
        let text_of = |item: &'a Node| {
            if let Value::Text(text) = &item.value {
                return Some((text.clone(), &item.place));
            }
            self.wrong(name, item, "a text in quotes");
            None
        };
        items.iter().filter_map(text_of).collect()
    }

    /// The word of `name`, one of those declared; its default, or nothing, where it is not given.
    pub fn choice(&self, name: &str) -> Option<&'static str> {
        let key = self.declaration(name)?;
        let (Shape::Choice(words) | Shape::Choices(words)) = key.shape else { return None };
        let text = self.text(name)?;
        self.chosen(key, words, &text, self.place_of(name))
    }

    /// The words of `name`, with their places.
    pub fn choices(&self, name: &str) -> Vec<(&'static str, &'a Place)> {
        let Some(Key { shape: Shape::Choices(words), path, default }) = self.declaration(name) else {
            return Vec::new();
        };
        let key = Key { path, shape: Shape::Choices(words), default: *default };
        let texts = self.texts(name);
        texts
            .iter()
            .filter_map(|(text, place)| self.chosen(&key, words, text, place).map(|word| (word, *place)))
            .collect()
    }

    fn chosen(&self, key: &Key, words: &'static [&str], text: &str, place: &Place) -> Option<&'static str> {
        if let Some(word) = words.iter().find(|word| **word == text) {
            return Some(word);
        }
        let later =
            keys::VALUES_LATER.iter().find(|(path, values, _)| *path == key.path && values.contains(&text));
        if let Some((_, _, remedy)) = later {
            let what = format!("`{text}` is not available in this version, only {}", listed(words));
            self.reader.problems.error(place, key.path, what, *remedy);
            return None;
        }
        let meant = nearest(text, words.iter().copied())
            .map_or_else(String::new, |near| format!("did you mean `{near}`? "));
        let remedy = format!("{meant}allowed: {}", listed(words));
        self.reader.problems.error(place, key.path, format!("`{text}` is not one of its words"), remedy);
        None
    }

    /// The flag `name`, or its default.
    pub fn flag(&self, name: &str) -> bool {
        let default = self.declaration(name).and_then(|key| key.default) == Some("true");
        let Some(node) = self.node(name) else { return default };
        if let Value::Flag(flag) = &node.value {
            return *flag;
        }
        self.wrong(name, node, "`true` or `false`, without quotes,");
        default
    }

    /// The number `name`, at least 1, or its default, if it has either.
    pub fn count(&self, name: &str) -> Option<u32> {
        let key = self.declaration(name)?;
        let Some(node) = self.node(name) else { return key.default.and_then(|text| text.parse().ok()) };
        let Value::Integer(number) = &node.value else {
            self.wrong(name, node, "a whole number without quotes");
            return None;
        };
        let count = u32::try_from(*number).ok().filter(|count| *count > 0);
        if count.is_none() {
            self.error(name, format!("is {number}"), "write a number from 1 to 4294967295");
        }
        count
    }

    /// The number `name`, which has a default.
    pub fn count_or_default(&self, name: &str) -> usize {
        self.count(name).map_or(1, |count| usize::try_from(count).unwrap_or(usize::MAX))
    }

    /// The seconds of `name`, or of its default; 0 after a mistake.
    pub fn seconds(&self, name: &str) -> i64 {
        self.text(name).and_then(|text| self.duration(name, &text, self.place_of(name))).unwrap_or(0)
    }

    /// The seconds of `name`, kept between `least` and `most`, both as durations are written.
    pub fn seconds_between(&self, name: &str, least: &str, most: &str) -> i64 {
        let seconds = self.seconds(name);
        let bound = |text| duration::parse(text).unwrap_or(0);
        if self.has(name) && seconds != 0 && !(bound(least)..=bound(most)).contains(&seconds)
            || (self.has(name) && seconds == 0 && bound(least) > 0 && self.is_a_duration(name))
        {
            let written = duration::to_text(seconds);
            self.error(name, format!("is {written}"), format!("choose between {least} and {most}"));
        }
        seconds
    }

    fn is_a_duration(&self, name: &str) -> bool {
        let node = self.table.and_then(|table| table.value(name));
        matches!(node.map(|node| &node.value), Some(Value::Text(text)) if duration::parse(text).is_ok())
    }

    /// The lengths of time `name`, in seconds, or its default.
    pub fn durations(&self, name: &str) -> Vec<(i64, &'a Place)> {
        if !self.has(name) {
            let default = self.declaration(name).and_then(|key| key.default).unwrap_or("");
            return duration::parse(default).map(|seconds| vec![(seconds, self.place)]).unwrap_or_default();
        }
        let texts = self.texts(name);
        texts.iter().filter_map(|(text, place)| Some((self.duration(name, text, place)?, *place))).collect()
    }

    fn duration(&self, name: &str, text: &str, place: &Place) -> Option<i64> {
        match duration::parse(text) {
            Ok(seconds) => Some(seconds),
            Err(what) => {
                let remedy = "write a length of time such as \"15m\", \"1h30m\" or \"60d\"";
                self.reader.problems.error(place, &self.key(name), what, remedy);
                None
            }
        }
    }

    /// The section `name` within this one.
    #[must_use]
    pub fn section(&self, name: &str) -> Section<'a> {
        let path = self.declaration(name).map_or("", |key| key.path);
        let node = self.table.and_then(|table| table.value(name));
        let table = match node.map(|node| &node.value) {
            Some(Value::Table(table)) => Some(table),
            _ => None,
        };
        Section { reader: self.reader, table, path, place: node.map_or(self.place, |node| &node.place) }
    }

    /// The sections of the list `name`.
    pub fn sections(&self, name: &str) -> Vec<Section<'a>> {
        let path = self.declaration(name).map_or("", |key| key.path);
        let items = match self.table.and_then(|table| table.value(name)).map(|node| &node.value) {
            Some(Value::List(items)) => items.as_slice(),
            _ => &[],
        };
        let section_of = |item: &'a Node| match &item.value {
            Value::Table(table) => {
                Some(Section { reader: self.reader, table: Some(table), path, place: &item.place })
            }
            _ => None,
        };
        items.iter().filter_map(section_of).collect()
    }
}
