//! What is wrong with a configuration: where, which key, what, and the remedy; all of it at once.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Where something stands: a file with line and column from 1, or an environment variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file's path as it was given, or `environment NAME`.
    pub file: Arc<str>,
    /// Line from 1; 0 where there are no lines.
    pub line: u32,
    /// Column in characters from 1; 0 where there are none.
    pub column: u32,
}

impl Place {
    /// The beginning of `file`.
    pub fn top_of(file: &str) -> Self {
        Self { file: file.into(), line: 1, column: 1 }
    }

    /// An environment variable.
    pub fn environment(variable: &str) -> Self {
        Self { file: format!("environment {variable}").into(), line: 0, column: 0 }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return out.write_str(&self.file);
        }
        write!(out, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// How grave a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gravity {
    /// The configuration is refused.
    Error,
    /// It is taken, but the operator should know.
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// How grave.
    pub gravity: Gravity,
    /// The key's path (`owner.source.poll`); empty where no key is meant.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Problem {
    /// `file:line:column: key: what is wrong; remedy`.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: ", self.place)?;
        if self.gravity == Gravity::Warning {
            out.write_str("warning: ")?;
        }
        if !self.key.is_empty() {
            write!(out, "{}: ", self.key)?;
        }
        out.write_str(&self.what)?;
        if !self.remedy.is_empty() {
            write!(out, "; {}", self.remedy)?;
        }
        Ok(())
    }
}

/// The problems found so far; readers add to it and go on.
#[derive(Debug, Default)]
pub struct Problems(RefCell<Vec<Problem>>);

impl Problems {
    /// Adds an error.
    pub fn error(&self, place: &Place, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(Gravity::Error, place, key, what.into(), remedy.into());
    }

    /// Adds a warning.
    pub fn warning(&self, place: &Place, key: &str, what: impl Into<String>, remedy: impl Into<String>) {
        self.add(Gravity::Warning, place, key, what.into(), remedy.into());
    }

    fn add(&self, gravity: Gravity, place: &Place, key: &str, what: String, remedy: String) {
        let problem = Problem { place: place.clone(), gravity, key: key.to_owned(), what, remedy };
        let mut all = self.0.borrow_mut();
        if !all.contains(&problem) {
            all.push(problem);
        }
    }

    /// Whether anything forbids the configuration.
    pub fn forbid(&self) -> bool {
        self.0.borrow().iter().any(|problem| problem.gravity == Gravity::Error)
    }

    /// All, by place; errors and warnings as they come in the text.
    pub fn into_sorted(self) -> Vec<Problem> {
        let mut all = self.0.into_inner();
        all.sort();
        all
    }
}

/// The word of `known` that `word` most likely means.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let bound = (word.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many insertions, deletions, replacements and swaps of neighbours part two words.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let mut rows: Vec<Vec<usize>> = vec![(0..=other.len()).collect()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut best = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                best = best.min(rows[i - 2][j - 2] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

/// `a, b or c`, each in backquotes.
pub fn listed(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [one] => format!("`{one}`"),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(|word| format!("`{word}`")).collect();
            format!("{} or `{last}`", first.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_word_is_found_and_a_far_one_is_not_guessed() {
        let known = ["public_url", "data_dir", "trusted_proxies"];
        assert_eq!(nearest("publik_url", known), Some("public_url"));
        assert_eq!(nearest("data_dri", known), Some("data_dir"));
        assert_eq!(nearest("colour", known), None);
    }

    #[test]
    fn distances_count_edits_and_swaps() {
        assert_eq!(distance("poll", "poll"), 0);
        assert_eq!(distance("polls", "poll"), 1);
        assert_eq!(distance("plol", "poll"), 1);
        assert_eq!(distance("", "abc"), 3);
    }

    #[test]
    fn a_list_reads_as_a_sentence() {
        assert_eq!(listed(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(listed(&["a"]), "`a`");
    }
}
