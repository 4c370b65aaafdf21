//! A conversation as text: requests and what must come back.
//!
//! ```text
//! # What it shows, in one sentence.
//! @standard RFC 4791 §7.8.1
//! @given appendix-b
//! @as bernard
//! @differs How the answer differs from the example of the standard, and why.
//!
//! >>> REPORT /dav/calendars/bernard/work/
//! Depth: 1
//!
//! <C:calendar-query>…
//! <<< 207
//! Content-Type: application/xml; charset=utf-8
//! -ETag
//!
//! <D:multistatus>…
//! ```
//!
//! A header `-NAME` must be absent. After an empty line comes a body: XML is compared as XML, calendars as calendars,
//! `(empty)` is no body, `(contains)` and `(lacks)` are followed by lines that the body must or must not hold, and
//! anything else is text. Without a body nothing is said about it.

use std::fs;
use std::path::{Path, PathBuf};

/// One conversation.
#[derive(Debug)]
pub struct Scenario {
    /// Its file, from the folder of scenarios, without the ending.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The sections that it shows: `RFC 4791 §7.8.1`.
    pub standards: Vec<String>,
    /// How the answer differs from the standard's example on purpose.
    pub differs: Vec<String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// Something that happens.
#[derive(Debug)]
pub enum Step {
    /// Everything of another scenario, from the folder `given`.
    Given(String),
    /// From now on requests come from this owner; `nobody` sends no credentials.
    As(String),
    /// It is that instant now: `20060101T000000Z`.
    Now(String),
    /// A request and its answer.
    Exchange(Box<Exchange>),
}

/// A request and what must come back.
#[derive(Debug, Default)]
pub struct Exchange {
    /// The line in the file, from 1.
    pub line: usize,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// Headers to send.
    pub headers: Vec<(String, String)>,
    /// The body to send.
    pub body: String,
    /// The status to come.
    pub status: u16,
    /// Headers to come; `None`: must be absent.
    pub answer_headers: Vec<(String, Option<String>)>,
    /// The body to come, if anything is said about it.
    pub answer_body: Option<String>,
}

/// The folder of scenarios.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

/// All scenarios, by name; those in the folder `given` are parts of others.
pub fn all() -> Vec<Scenario> {
    let mut files = Vec::new();
    find(&folder(), &mut files);
    files.sort();
    assert!(!files.is_empty(), "there are no scenarios in {}", folder().display());
    files.iter().map(|path| read_file(path)).collect()
}

/// The scenario called `name`.
pub fn named(name: &str) -> Scenario {
    read_file(&folder().join(format!("{name}.txt")))
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "txt") {
            files.push(path);
        }
    }
}

fn read_file(path: &Path) -> Scenario {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let name = path.with_extension("");
    let name = name.strip_prefix(folder()).unwrap().to_string_lossy().replace('\\', "/");
    read(&name, &text).unwrap_or_else(|why| panic!("{}: {why}", path.display()))
}

/// Where the reader is in an exchange.
#[derive(PartialEq)]
enum At {
    Between,
    RequestHead,
    RequestBody,
    AnswerHead,
    AnswerBody,
}

/// Reads a scenario.
///
/// # Errors
/// A sentence with the line.
pub fn read(name: &str, text: &str) -> Result<Scenario, String> {
    let mut scenario = Scenario {
        name: name.to_owned(),
        title: String::new(),
        standards: Vec::new(),
        differs: Vec::new(),
        steps: Vec::new(),
    };
    let mut at = At::Between;
    let mut exchange: Option<Box<Exchange>> = None;
    for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
        let outside = matches!(at, At::Between | At::AnswerHead | At::AnswerBody);
        if let Some(request) = line.strip_prefix(">>> ").filter(|_| outside) {
            scenario.steps.extend(exchange.take().map(Step::Exchange));
            let (method, path) = request.split_once(' ').ok_or(format!("line {number}: method and path"))?;
            let (method, path) = (method.to_owned(), path.to_owned());
            exchange = Some(Box::new(Exchange { line: number, method, path, ..Exchange::default() }));
            at = At::RequestHead;
        } else if let Some(status) = line.strip_prefix("<<< ") {
            let open = exchange.as_mut().ok_or(format!("line {number}: an answer to nothing"))?;
            open.status = status.trim().parse().map_err(|_| format!("line {number}: no status"))?;
            at = At::AnswerHead;
        } else if outside && (line.starts_with('@') || line.starts_with("# ") || line == "#") {
            scenario.steps.extend(exchange.take().map(Step::Exchange));
            at = At::Between;
            directive(&mut scenario, line).map_err(|why| format!("line {number}: {why}"))?;
        } else if let Some(open) = exchange.as_mut() {
            at = take_line(open, at, line).map_err(|why| format!("line {number}: {why}"))?;
        } else if !line.trim().is_empty() {
            return Err(format!("line {number} belongs to nothing"));
        }
    }
    scenario.steps.extend(exchange.take().map(Step::Exchange));
    for step in &mut scenario.steps {
        if let Step::Exchange(exchange) = step {
            if exchange.status == 0 {
                return Err(format!("line {}: a request without an answer", exchange.line));
            }
            exchange.body.truncate(exchange.body.trim_end().len());
        }
    }
    Ok(scenario)
}

fn directive(scenario: &mut Scenario, line: &str) -> Result<(), String> {
    if let Some(title) = line.strip_prefix('#') {
        if scenario.title.is_empty() {
            title.trim().clone_into(&mut scenario.title);
        }
        return Ok(());
    }
    let (word, rest) = line.split_once(' ').ok_or("a word and a value")?;
    let rest = rest.trim().to_owned();
    match word {
        "@standard" => scenario.standards.push(rest),
        "@differs" => scenario.differs.push(rest),
        "@given" => scenario.steps.push(Step::Given(rest)),
        "@as" => scenario.steps.push(Step::As(rest)),
        "@now" => scenario.steps.push(Step::Now(rest)),
        other => return Err(format!("what is {other}?")),
    }
    Ok(())
}

fn take_line(open: &mut Exchange, at: At, line: &str) -> Result<At, String> {
    match at {
        At::RequestHead if line.is_empty() => Ok(At::RequestBody),
        At::AnswerHead if line.is_empty() => Ok(At::AnswerBody),
        At::RequestHead => {
            let (name, value) = line.split_once(':').ok_or("a header has a colon")?;
            open.headers.push((name.to_owned(), value.trim().to_owned()));
            Ok(at)
        }
        At::AnswerHead => {
            let header = if let Some(name) = line.strip_prefix('-') {
                (name.to_owned(), None)
            } else {
                let (name, value) = line.split_once(':').ok_or("a header has a colon")?;
                (name.to_owned(), Some(value.trim().to_owned()))
            };
            open.answer_headers.push(header);
            Ok(at)
        }
        At::RequestBody => {
            open.body.push_str(line);
            open.body.push('\n');
            Ok(at)
        }
        At::AnswerBody => {
            if !line.is_empty() || open.answer_body.is_some() {
                let body = open.answer_body.get_or_insert_default();
                body.push_str(line);
                body.push('\n');
            }
            Ok(at)
        }
        At::Between => Err("outside".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conversation_is_read() {
        let text = "# Shows it.\n@standard RFC 1 §2\n@as ada\n\n>>> PUT /x\nA: b\n\n# body\n@body\n<<< 201\nETag: {{e}}\n-C\n\n\
                    # more\n>>> GET /x\n<<< 200\n\n(empty)\n";
        let scenario = read("n", text).unwrap();
        assert_eq!((scenario.title.as_str(), scenario.standards.len()), ("Shows it.", 1));
        let [Step::As(_), Step::Exchange(put), Step::Exchange(get)] = &scenario.steps[..] else {
            panic!("{scenario:?}")
        };
        assert_eq!((put.body.as_str(), put.status), ("# body\n@body", 201));
        assert_eq!(put.answer_headers[1], ("C".to_owned(), None));
        assert_eq!(put.answer_body, None);
        assert_eq!(get.answer_body.as_deref(), Some("(empty)\n"));
        for wrong in [">>> GET\n", "<<< 200\n", ">>> GET /x\n", "@no thing\n", "text\n", ">>> GET /\n<<< x\n"]
        {
            assert!(read("n", wrong).is_err(), "{wrong}");
        }
    }
}
