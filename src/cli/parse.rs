//! The command line against the table of commands.

use std::collections::BTreeMap;
use std::ffi::OsString;

use lexopt::Arg;

use super::table::{COMMANDS, COMMON, Opt, Spec, Takes};
use crate::config::problem::nearest;

/// A command with what was given to it.
#[derive(Debug)]
pub struct Given {
    /// Which.
    pub spec: &'static Spec,
    /// What stands by its place.
    pub places: Vec<String>,
    /// Options with their values; empty for those without.
    pub options: BTreeMap<&'static str, String>,
}

impl Given {
    /// Whether the option was given.
    pub fn has(&self, name: &str) -> bool {
        self.options.contains_key(name)
    }

    /// The option's value.
    pub fn option(&self, name: &str) -> Option<&str> {
        self.options.get(name).map(String::as_str)
    }

    /// What stands at `place`; empty where nothing does.
    pub fn place(&self, place: usize) -> &str {
        self.places.get(place).map_or("", String::as_str)
    }
}

/// What was asked for.
#[derive(Debug)]
pub enum Asked {
    /// To do something.
    Command(Given),
    /// To explain everything, or the commands that begin with these words.
    Help(Vec<String>),
    /// The version.
    Version,
}

/// Reads a command line (without the program's name).
///
/// # Errors
/// What is wrong and how it is right.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Asked, String> {
    let Read { mut words, options, unread } = read(lexopt::Parser::from_args(arguments))?;
    let found = find(&words);
    if let Some(name) = unread.first() {
        return Err(unknown_option(name, found.map(|(spec, _)| spec)));
    }
    if options.contains_key("version") {
        return Ok(Asked::Version);
    }
    if options.contains_key("help") {
        return Ok(Asked::Help(words));
    }
    if words.first().is_some_and(|word| word == "help") {
        return Ok(Asked::Help(words.split_off(1)));
    }
    let (spec, used) = found.ok_or_else(|| unknown_command(&words))?;
    let places = words.split_off(used);
    check_places(spec, &places)?;
    for name in options.keys() {
        if !options_of(spec).any(|option| option.name == *name) {
            return Err(unknown_option(name, Some(spec)));
        }
    }
    Ok(Asked::Command(Given { spec, places, options }))
}

/// A command line, taken apart.
#[derive(Default)]
struct Read {
    words: Vec<String>,
    options: BTreeMap<&'static str, String>,
    /// Options that no command has.
    unread: Vec<String>,
}

fn read(mut parser: lexopt::Parser) -> Result<Read, String> {
    let Read { mut words, mut options, mut unread } = Read::default();
    loop {
        if let Some(distance) = distance_back(&mut parser) {
            words.push(distance);
            continue;
        }
        let Some(argument) = parser.next().map_err(|error| error.to_string())? else { break };
        match argument {
            Arg::Value(word) => words.push(text(word)?),
            Arg::Short('h') => drop(options.insert("help", String::new())),
            Arg::Short('V') => drop(options.insert("version", String::new())),
            Arg::Short(letter) => return Err(format!("there is no option -{letter}; see kalends --help")),
            Arg::Long(name) => {
                let name = name.to_owned();
                let known = all_options().find(|option| option.name == name);
                match known {
                    Some(option) if option.value.is_some() => {
                        let value = parser.value().map_err(|_| missing(option))?;
                        options.insert(option.name, text(value)?);
                    }
                    Some(option) => {
                        if parser.optional_value().is_some() {
                            return Err(format!("--{} takes no value", option.name));
                        }
                        options.insert(option.name, String::new());
                    }
                    None => {
                        // What is told is its name; a value after `=` is not looked at.
                        parser.optional_value();
                        unread.push(name);
                    }
                }
            }
        }
    }
    Ok(Read { words, options, unread })
}

/// `-1h` is a time, not an option: no option is called by a digit.
fn distance_back(parser: &mut lexopt::Parser) -> Option<String> {
    let mut raw = parser.try_raw_args()?;
    let next = raw.peek()?.to_str()?;
    let is_one = next.strip_prefix('-').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let word = is_one.then(|| next.to_owned())?;
    raw.next();
    Some(word)
}

fn text(word: OsString) -> Result<String, String> {
    word.into_string().map_err(|word| format!("{} is not valid UTF-8", word.to_string_lossy()))
}

fn missing(option: &Opt) -> String {
    format!("--{} needs a value: --{} {}", option.name, option.name, option.value.unwrap_or(""))
}

/// The options of a command with the common ones.
pub fn options_of(spec: &'static Spec) -> impl Iterator<Item = &'static Opt> {
    spec.options.iter().chain(COMMON)
}

fn all_options() -> impl Iterator<Item = &'static Opt> {
    COMMANDS.iter().flat_map(|spec| spec.options).chain(COMMON)
}

/// The command that `words` begin with, and how many of them are its name; the demo where there are none.
fn find(words: &[String]) -> Option<(&'static Spec, usize)> {
    if words.is_empty() {
        return COMMANDS.first().map(|demo| (demo, 0));
    }
    let begins = |spec: &&Spec| {
        spec.words.len() <= words.len() && spec.words.iter().zip(words).all(|(word, given)| word == given)
    };
    COMMANDS.iter().filter(begins).max_by_key(|spec| spec.words.len()).map(|spec| (spec, spec.words.len()))
}

fn unknown_command(words: &[String]) -> String {
    let given = words.join(" ");
    let group: Vec<&str> = COMMANDS
        .iter()
        .filter(|spec| spec.words.first().is_some_and(|first| *first == words[0]) && spec.words.len() > 1)
        .filter_map(|spec| spec.words.get(1).copied())
        .collect();
    if !group.is_empty() {
        let mut group = group;
        group.dedup();
        return format!("`{given}` is not a command; {} takes: {}", words[0], group.join(", "));
    }
    let names: Vec<&str> = COMMANDS.iter().filter_map(|spec| spec.words.first().copied()).collect();
    match nearest(&words[0], names.iter().copied()) {
        Some(near) => format!("`{given}` is not a command; did you mean `{near}`?"),
        None => format!("`{given}` is not a command; see kalends --help"),
    }
}

fn unknown_option(name: &str, spec: Option<&'static Spec>) -> String {
    let Some(spec) = spec else { return format!("there is no option --{name}; see kalends --help") };
    let command = spec.words.join(" ");
    let known: Vec<&str> = options_of(spec).map(|option| option.name).collect();
    match nearest(name, known.iter().copied()) {
        Some(near) if near != name => {
            format!("`kalends {command}` has no option --{name}; did you mean --{near}?")
        }
        _ => format!("`kalends {command}` has no option --{name}; see kalends {command} --help"),
    }
}

fn check_places(spec: &'static Spec, places: &[String]) -> Result<(), String> {
    let command = spec.words.join(" ");
    let needed = spec.takes.iter().filter(|takes| !matches!(takes, Takes::Maybe(_))).count();
    if places.len() < needed {
        let name = spec.takes.get(places.len()).map_or("", |takes| takes.name());
        return Err(format!("`kalends {command}` needs {name}; for example: {}", spec.example));
    }
    let many = matches!(spec.takes.last(), Some(Takes::Many(_)));
    if !many && places.len() > spec.takes.len() {
        return Err(format!(
            "`{}` is one word too many; see kalends {command} --help",
            places[spec.takes.len()]
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Asked, String> {
        parse(line.split_whitespace().map(OsString::from))
    }

    fn given(line: &str) -> Given {
        match read(line) {
            Ok(Asked::Command(given)) => given,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn commands_of_one_two_and_three_words_are_found() {
        assert_eq!(given("").spec.words, ["demo"]);
        assert_eq!(given("source sync a/b").places, ["a/b"]);
        let add = given("owner app-password add alice phone --json");
        assert_eq!(add.spec.words, ["owner", "app-password", "add"]);
        assert_eq!(add.places, ["alice", "phone"]);
        assert!(add.has("json"));
        assert_eq!(given("slots a/b --to=+3d").option("to"), Some("+3d"));
        assert_eq!(given("slots a/b --from -1h").option("from"), Some("-1h"));
        assert_eq!(given("freebusy a -1d now").places, ["a", "-1d", "now"]);
        assert_eq!(given("--config x.toml serve").option("config"), Some("x.toml"));
    }

    #[test]
    fn mistakes_name_the_way_out() {
        for (line, told) in [
            ("srve", "did you mean `serve`?"),
            ("source", "source takes: list, sync, status"),
            ("source snyc", "source takes: list, sync, status"),
            ("slots", "needs OWNER/EVENT_TYPE; for example: kalends slots"),
            ("slots a/b c", "`c` is one word too many"),
            ("slots a/b --form now", "did you mean --from?"),
            ("serve --online", "`kalends serve` has no option --online"),
            ("slots a/b --to", "--to needs a value: --to TIME"),
            ("slots -x", "there is no option -x"),
            ("check --online=yes", "--online takes no value"),
        ] {
            let error = read(line).unwrap_err();
            assert!(error.contains(told), "{line}: {error}");
        }
    }

    #[test]
    fn help_and_version_win() {
        assert!(matches!(read("source sync --help"), Ok(Asked::Help(words)) if words == ["source", "sync"]));
        assert!(matches!(read("help slots"), Ok(Asked::Help(words)) if words == ["slots"]));
        assert!(matches!(read("-V"), Ok(Asked::Version)));
    }
}
