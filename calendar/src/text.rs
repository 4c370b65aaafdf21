//! Content lines: unfold, fold, escape; lossless (RFC 5545 §3.1, §3.3.11, RFC 6868).

use crate::component::Component;
use crate::limits::Limits;
use crate::warning::Warning;

/// A stream of iCalendar text, read as leniently as the field writes it.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The VCALENDAR components found, in order; a bare component outside one stands in a VCALENDAR of its own.
    pub calendars: Vec<Component>,
    /// The text after decoding (BOM, UTF-16, windows-1252); what the octet ranges of the tree point into.
    pub text: String,
    /// What was read around.
    pub warnings: Vec<Warning>,
    /// Whether every BEGIN had its END.
    pub complete: bool,
}

/// Why a text is not iCalendar at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct TextError {
    /// The line, from 1.
    pub line: u32,
    /// The property or component concerned, if there is one.
    pub property: String,
    /// What is wrong, for a person.
    pub reason: String,
}

/// Reads `octets` into a tree. Any octets: no panic; time and memory linear in their number.
///
/// # Errors
/// If no component is found at all, or a limit is passed.
pub fn parse(octets: &[u8], limits: &Limits) -> Result<Parsed, TextError> {
    let _ = (octets, limits);
    todo!()
}

/// TEXT without its escapes.
pub fn unescape(value: &str) -> String {
    let _ = value;
    todo!()
}

/// TEXT with its escapes; control characters other than line feed and tab are left out.
pub fn escape(value: &str) -> String {
    let _ = value;
    todo!()
}

/// One content line folded at 75 octets on character boundaries, with CRLF.
pub fn fold(line: &str) -> String {
    let _ = line;
    todo!()
}
