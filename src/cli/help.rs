//! `--help`: everything at a glance, or one command with an example.

use std::fmt::Write as _;

use super::table::{COMMANDS, COMMON, EXIT_CODES, Opt, Spec, Takes};

/// The help for the commands that begin with `words`; for all where there are none, or none begins so.
pub fn text(words: &[String]) -> String {
    let begins = |spec: &&Spec| {
        words.len() <= spec.words.len() && spec.words.iter().zip(words).all(|(word, given)| word == given)
    };
    let exact = COMMANDS.iter().filter(|spec| {
        spec.words.len() <= words.len() && spec.words.iter().zip(words).all(|(word, given)| word == given)
    });
    if let Some(spec) = exact.max_by_key(|spec| spec.words.len()) {
        return of_command(spec);
    }
    let matching: Vec<&Spec> = COMMANDS.iter().filter(begins).collect();
    if words.is_empty() || matching.is_empty() {
        return overview();
    }
    let mut text = String::from("Commands:\n");
    list(&mut text, &matching);
    text
}

fn overview() -> String {
    let mut text = String::from(
        "kalends: one calendar out of many, and an honest way to book time in it\n\nUsage: kalends [COMMAND] [OPTIONS]\n\nCommands:\n",
    );
    list(&mut text, &COMMANDS.iter().collect::<Vec<_>>());
    text.push_str("\nOptions of every command:\n");
    options(&mut text, COMMON);
    text.push_str("\nExit codes:\n");
    for (code, meaning) in EXIT_CODES {
        let _ = writeln!(text, "  {code}  {meaning}");
    }
    text.push_str("\nFirst steps: `kalends` shows a demo; `kalends init` writes a configuration.\n");
    text.push_str("More on one command: kalends COMMAND --help\n");
    text
}

fn list(text: &mut String, specs: &[&Spec]) {
    let names: Vec<String> = specs.iter().map(|spec| spec.words.join(" ")).collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    for (name, spec) in names.iter().zip(specs) {
        let _ = writeln!(text, "  {name:width$}  {}", spec.summary);
    }
}

fn of_command(spec: &Spec) -> String {
    let mut text = format!("kalends {}: {}\n\nUsage: {}\n", spec.words.join(" "), spec.summary, usage(spec));
    if !spec.about.is_empty() {
        let _ = writeln!(text, "\n{}", spec.about);
    }
    text.push_str("\nOptions:\n");
    let all: Vec<Opt> = spec.options.iter().chain(COMMON).copied().collect();
    options(&mut text, &all);
    let _ = writeln!(text, "\nExample:\n  {}", spec.example);
    text
}

/// How a command is written.
pub fn usage(spec: &Spec) -> String {
    let mut text = format!("kalends {}", spec.words.join(" "));
    for takes in spec.takes {
        let _ = match takes {
            Takes::One(name) => write!(text, " {name}"),
            Takes::Maybe(name) => write!(text, " [{name}]"),
            Takes::Many(name) => write!(text, " {name}…"),
        };
    }
    text.push_str(" [OPTIONS]");
    text
}

fn options(text: &mut String, options: &[Opt]) {
    let names: Vec<String> = options
        .iter()
        .map(|option| match option.value {
            Some(value) => format!("--{} {value}", option.name),
            None => format!("--{}", option.name),
        })
        .collect();
    let width = names.iter().map(String::len).max().unwrap_or(0);
    for (name, option) in names.iter().zip(options) {
        let _ = writeln!(text, "  {name:width$}  {}", option.help);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_is_listed_and_has_an_example_of_itself() {
        let overview = overview();
        for spec in COMMANDS {
            let name = spec.words.join(" ");
            assert!(overview.contains(&format!("  {name} ")), "{name}");
            assert!(spec.example.contains(&format!("kalends {name}")), "{name}: {}", spec.example);
            let words: Vec<String> = spec.words.iter().map(|word| (*word).to_owned()).collect();
            assert!(text(&words).contains(spec.example), "{name}");
        }
    }

    #[test]
    fn examples_parse() {
        for spec in COMMANDS {
            let line = spec.example.split(['|', '>']).next().unwrap_or("").trim();
            let mut words: Vec<std::ffi::OsString> = Vec::new();
            for (position, part) in line.split('\'').enumerate() {
                if position % 2 == 1 {
                    words.push(part.into());
                } else {
                    words.extend(part.split_whitespace().map(Into::into));
                }
            }
            let parsed = super::super::parse::parse(words.into_iter().skip(1));
            assert!(parsed.is_ok(), "{}: {parsed:?}", spec.example);
        }
    }
}
