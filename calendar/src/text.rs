//! Content lines: unfold, fold, escape; lossless (RFC 5545 §3.1, §3.3.11, RFC 6868).
//!
//! Reading goes in four steps, each linear in the octets: `decode` makes text of octets, `lines` finds the
//! logical lines in it, `content_line` splits one into name, parameters and value, `tree` nests them. Writing is
//! [`serialise`]: strict, and only for trees that are built here; what was read is kept as it came.

mod content_line;
mod decode;
mod lines;
mod serialise;
mod tree;

use crate::component::Component;
use crate::limits::Limits;
use crate::warning::Warning;

pub(crate) use content_line::ContentLine;
pub(crate) use lines::unfold;
pub(crate) use serialise::{content_line, written_name};
pub use serialise::{fold, serialise};

/// A stream of iCalendar text, read as leniently as the field writes it.
#[derive(Clone, Debug)]
pub struct Parsed {
    /// The VCALENDAR components found, in order; a bare component outside one stands in a VCALENDAR of its own.
    pub calendars: Vec<Component>,
    /// The text after decoding (UTF-16, windows-1252, split characters); what the octet ranges of the tree point
    /// into. Where the octets were UTF-8 already these are they, byte order mark included.
    pub text: String,
    /// What was read around.
    pub warnings: Vec<Warning>,
    /// Whether every BEGIN:VCALENDAR (and every component outside one) had its END: false for a text cut short.
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

impl TextError {
    pub(crate) fn new(line: u32, property: &str, reason: impl Into<String>) -> Self {
        Self { line, property: property.to_owned(), reason: reason.into() }
    }
}

/// Reads `octets` into a tree. Any octets: no panic; time and memory linear in their number.
///
/// # Errors
/// If no component is found at all, or a limit is passed.
pub fn parse(octets: &[u8], limits: &Limits) -> Result<Parsed, TextError> {
    let octets_max = limits.feed_octets_max.max(limits.object_octets_max);
    if octets.len() > octets_max {
        return Err(TextError::new(1, "VCALENDAR", format!("more than {octets_max} octets")));
    }
    let (text, mut warnings) = decode::decode(octets);
    let tree = tree::read(&text, limits, &mut warnings)?;
    if tree.calendars.is_empty() {
        let reason = if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
            "this is a web page (HTML or XML), not iCalendar"
        } else {
            "there is no BEGIN:VCALENDAR"
        };
        return Err(TextError::new(1, "VCALENDAR", reason));
    }
    Ok(Parsed { calendars: tree.calendars, text, warnings, complete: tree.complete })
}

/// TEXT without its escapes. A backslash before anything that needs none is kept.
pub fn unescape(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut rest = value.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            text.push(character);
            continue;
        }
        match rest.next() {
            Some('n' | 'N') => text.push('\n'),
            // The last two need no escape (RFC 5545 §3.3.11), but get one in the field.
            Some(escaped @ ('\\' | ';' | ',' | '"' | ':')) => text.push(escaped),
            Some(other) => {
                text.push('\\');
                text.push(other);
            }
            None => text.push('\\'),
        }
    }
    text
}

/// TEXT with its escapes; control characters other than line feed and tab are left out.
pub fn escape(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 8);
    let mut rest = value.chars().peekable();
    while let Some(character) = rest.next() {
        match character {
            '\\' | ';' | ',' => {
                text.push('\\');
                text.push(character);
            }
            '\n' => text.push_str("\\n"),
            // A line end of another system is a line end: CRLF once, a lone CR too.
            '\r' if rest.peek() != Some(&'\n') => text.push_str("\\n"),
            _ if character.is_control() && character != '\t' => {}
            _ => text.push(character),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Parsed {
        parse(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn escapes_and_back() {
        assert_eq!(escape("a,b;c\\d\r\ne\rf\u{7}"), "a\\,b\\;c\\\\d\\ne\\nf");
        assert_eq!(unescape("a\\,b\\;c\\\\d\\Ne\\nf\\q\\"), "a,b;c\\d\ne\nf\\q\\");
    }

    #[test]
    fn reads_what_is_not_iana_but_says_why() {
        let error = parse(b"<!DOCTYPE html><html></html>", &Limits::default()).unwrap_err();
        assert!(error.reason.contains("web page"), "{error}");
        assert!(parse(b"", &Limits::default()).is_err());
        assert!(parse(b"SUMMARY:x\r\n", &Limits::default()).is_err());
    }

    #[test]
    fn ranges_point_at_the_lines() {
        let parsed =
            read("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:a\r\n b\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n");
        let event = &parsed.calendars[0].components[0];
        assert_eq!(&parsed.text[event.octets.clone()], "BEGIN:VEVENT\r\nSUMMARY:a\r\n b\r\nEND:VEVENT\r\n");
        let summary = event.property("SUMMARY").unwrap();
        assert_eq!((summary.value.as_str(), summary.line), ("ab", 3));
        assert_eq!(&parsed.text[summary.octets.clone()], "SUMMARY:a\r\n b\r\n");
        assert!(parsed.complete && parsed.warnings.is_empty(), "{:?}", parsed.warnings);
    }

    #[test]
    fn limits_hold() {
        let tight = Limits { feed_octets_max: 20, object_octets_max: 20, ..Limits::default() };
        assert!(parse(b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", &tight).is_err());
        let deep = "BEGIN:X\r\n".repeat(40);
        assert!(parse(deep.as_bytes(), &Limits::default()).unwrap_err().reason.contains("deep"));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn any_octets_are_read_or_refused(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = parse(&octets, &Limits::default());
        }

        #[test]
        fn any_lines_are_read_or_refused(
            pieces in proptest::collection::vec(prop_oneof![
                Just("BEGIN:VCALENDAR\r\n"), Just("END:VCALENDAR\n"), Just("BEGIN:VEVENT\r"), Just("END:VEVENT\r\n"),
                Just("\r\n "), Just("\n\t"), Just("\r"), Just(";TZID=\"x"), Just("\""), Just(":"), Just(";"),
                Just("DTSTART"), Just("="), Just(","), Just("20260101"), Just("^n^'^^^"), Just("é"), Just("\u{feff}"),
                Just("mailto:"), Just("//"), Just("ATTENDEE;CN=a"),
            ], 0..60)
        ) {
            let text = pieces.concat();
            if let Ok(parsed) = parse(text.as_bytes(), &Limits::default()) {
                prop_assert_eq!(&parsed.text, &text);
                for calendar in &parsed.calendars {
                    check_ranges(calendar, &parsed.text);
                }
            }
        }

        #[test]
        fn unescape_undoes_escape(text in "[ -~\\n\\té]{0,60}") {
            prop_assert_eq!(unescape(&escape(&text)), text);
        }
    }

    fn check_ranges(component: &Component, text: &str) {
        assert!(text.get(component.octets.clone()).is_some());
        for property in &component.properties {
            assert!(text.get(property.octets.clone()).is_some_and(|line| !line.is_empty()));
        }
        component.components.iter().for_each(|inner| check_ranges(inner, text));
    }
}
