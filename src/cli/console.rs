//! Where a command's words go: to this terminal, or over the control socket to the one where it was typed.

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// The streams of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stream {
    /// Results.
    Out,
    /// Everything else.
    Note,
    /// How far it is; each replaces the one before.
    Progress,
    /// A file to keep where the command was typed: its path on the first line, then what it holds.
    File,
}

/// What becomes of what a command says.
type Sink = dyn FnMut(Stream, &str) + Send;

/// How a command may speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manner {
    /// Results are JSON.
    pub json: bool,
    /// Results may be coloured.
    pub colour: bool,
}

/// Whom a command speaks to. Cheap to clone.
#[derive(Clone)]
pub struct Console {
    /// How.
    pub manner: Manner,
    sink: Arc<Mutex<Box<Sink>>>,
}

impl Console {
    /// This process's own streams.
    pub fn terminal(json: bool) -> Self {
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let progress = std::io::stderr().is_terminal();
        let mut shown = 0_usize;
        Self::new(Manner { json, colour }, move |stream, text| say(stream, text, progress, &mut shown))
    }

    /// Speaks to `sink`.
    pub fn new(manner: Manner, sink: impl FnMut(Stream, &str) + Send + 'static) -> Self {
        Self { manner, sink: Arc::new(Mutex::new(Box::new(sink))) }
    }

    /// Says `text` in `stream` as it is.
    pub fn say(&self, stream: Stream, text: &str) {
        (self.sink.lock().unwrap_or_else(PoisonError::into_inner))(stream, text);
    }

    /// A line of the result.
    pub fn line(&self, text: impl Display) {
        self.say(Stream::Out, &format!("{text}\n"));
    }

    /// A line that is no result.
    pub fn note(&self, text: impl Display) {
        self.say(Stream::Note, &format!("{text}\n"));
    }

    /// Keeps `content` as the file `path` where the command was typed, for its owner alone.
    pub fn file(&self, path: &str, content: &str) {
        self.say(Stream::File, &format!("{path}\n{content}"));
    }

    /// What went wrong.
    pub fn error(&self, text: impl Display) {
        self.note(format_args!("kalends: {text}"));
    }

    /// How far it is.
    pub fn progress(&self, done: usize, all: usize, what: &str) {
        const CELLS: usize = 24;
        if all == 0 {
            return;
        }
        let filled = done * CELLS / all;
        let bar: String = (0..CELLS).map(|cell| if cell < filled { '█' } else { '·' }).collect();
        self.say(Stream::Progress, &format!("{bar} {done}/{all} {what}"));
    }

    /// A result as JSON.
    pub fn json(&self, value: &impl Serialize) {
        let text =
            serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"));
        self.line(text);
    }

    /// `text`, bold if it may be.
    pub fn bold(&self, text: impl Display) -> String {
        if self.manner.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_string() }
    }

    /// `text`, faint if it may be.
    pub fn faint(&self, text: impl Display) -> String {
        if self.manner.colour { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_string() }
    }

    /// Rows under headings, in columns as wide as they need.
    pub fn table(&self, headings: &[&str], rows: &[Vec<String>]) {
        let widths: Vec<usize> = (0..headings.len())
            .map(|column| {
                let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
                cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
            })
            .collect();
        let line = |cells: &[String]| {
            let padded: Vec<String> = cells
                .iter()
                .zip(&widths)
                .map(|(cell, width)| {
                    format!("{cell}{}", " ".repeat(width.saturating_sub(cell.chars().count())))
                })
                .collect();
            padded.join("  ").trim_end().to_owned()
        };
        let headings: Vec<String> = headings.iter().map(|heading| (*heading).to_owned()).collect();
        self.line(self.bold(line(&headings)));
        for row in rows {
            self.line(line(row));
        }
    }
}

/// A closed pipe (`kalends slots … | head`) ends the saying, not the program with a panic.
fn say(stream: Stream, text: &str, show_progress: bool, shown: &mut usize) {
    let mut error = std::io::stderr().lock();
    if *shown > 0 {
        let _ = write!(error, "\r{}\r", " ".repeat(*shown));
        *shown = 0;
    }
    match stream {
        Stream::Out => {
            drop(error);
            let mut out = std::io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
        Stream::Note => {
            let _ = error.write_all(text.as_bytes());
        }
        Stream::Progress if show_progress => {
            let _ = error.write_all(text.as_bytes()).and_then(|()| error.flush());
            *shown = text.chars().count();
        }
        Stream::Progress => {}
        Stream::File => {
            let (path, content) = text.split_once('\n').unwrap_or((text, ""));
            if let Err(failed) = keep(path, content) {
                let _ = writeln!(error, "kalends: {path} cannot be written: {failed}");
            }
        }
    }
}

/// Writes a file that only its owner may read; one that is there is replaced whole.
fn keep(path: &str, content: &str) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    // Emptied only once nobody else may read it.
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(false).mode(0o600).open(path)?;
    if file.metadata()?.is_file() {
        file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
        file.set_len(0)?;
    }
    file.write_all(content.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_as_wide_as_they_need() {
        let said = Arc::new(Mutex::new(String::new()));
        let hear = Arc::clone(&said);
        let console = Console::new(Manner::default(), move |_, text| hear.lock().unwrap().push_str(text));
        console.table(&["a", "long"], &[vec!["wörter".into(), "x".into()], vec!["b".into(), String::new()]]);
        assert_eq!(*said.lock().unwrap(), "a       long\nwörter  x\nb\n");
    }
}
