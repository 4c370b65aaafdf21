//! Text: read, kept, written and read again.

use calendar::component::Component;
use calendar::text::{escape, fold, parse, serialise, unescape};

use crate::LIMITS;
use crate::tree::{has_names, is_writable, without_places};

/// Warnings about one text at most.
const WARNINGS_MAX: usize = 1_010;

/// Reads a text; what is read points into it, and written again is read as the same.
pub fn text(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        values(text);
    }
    let Ok(parsed) = parse(data, &LIMITS) else { return };
    assert!(!parsed.calendars.is_empty(), "what was read holds something");
    assert!(parsed.warnings.len() <= WARNINGS_MAX, "{} warnings", parsed.warnings.len());
    let is_wide = data.starts_with(&[0xff, 0xfe])
        || data.starts_with(&[0xfe, 0xff])
        || data.iter().take(4).any(|o| *o == 0);
    if let (Ok(text), false) = (std::str::from_utf8(data), is_wide) {
        assert_eq!(text, parsed.text, "valid UTF-8 is kept as it is");
    }
    let lines = u32::try_from(parsed.text.bytes().filter(|octet| matches!(octet, b'\n' | b'\r')).count())
        .unwrap_or(u32::MAX);
    for warning in &parsed.warnings {
        assert!(warning.line <= lines.saturating_add(1), "{warning} of {lines} lines");
    }
    for calendar in &parsed.calendars {
        assert_eq!(calendar.name, "VCALENDAR");
        places(calendar, &parsed.text, 0);
        written(calendar);
    }
}

/// Ranges lie in the text and inside one another, and nothing is nested too deep.
fn places(component: &Component, text: &str, depth: usize) {
    // A component that stands alone gets a VCALENDAR around it.
    assert!(depth <= LIMITS.depth_max, "{depth} deep");
    assert!(text.get(component.octets.clone()).is_some(), "{:?}", component.octets);
    for property in &component.properties {
        let line = text.get(property.octets.clone()).unwrap_or_default();
        assert!(!line.is_empty(), "a property stands somewhere");
        assert!(
            component.octets.start <= property.octets.start && property.octets.end <= component.octets.end
        );
        assert!(property.line >= component.line);
    }
    for inner in &component.components {
        assert!(component.octets.start <= inner.octets.start && inner.octets.end <= component.octets.end);
        places(inner, text, depth + 1);
    }
}

fn written(calendar: &Component) {
    let strict = serialise(calendar);
    assert!(strict.ends_with("\r\n"));
    for line in strict.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains(['\r', '\n']), "{line:?}");
    }
    if !has_names(calendar) {
        return;
    }
    // What stood outside a VCALENDAR stands one deeper now.
    let depth_max = LIMITS.depth_max + 1;
    let limits = calendar::limits::Limits { object_octets_max: usize::MAX, depth_max, ..LIMITS };
    let again = parse(strict.as_bytes(), &limits);
    let Ok(again) = again else { panic!("what was written is not read: {again:?}\n{strict}") };
    assert!(again.complete, "{strict}");
    assert_eq!(again.calendars.len(), 1, "{strict}");
    let read = without_places(&again.calendars[0]);
    assert_eq!(serialise(&read), strict, "written again it is another text");
    if is_writable(calendar) {
        assert_eq!(read, without_places(calendar), "\n{strict}");
    }
}

/// TEXT values, and lines folded.
fn values(text: &str) {
    let plain: String =
        text.chars().filter(|letter| !letter.is_control() || *letter == '\t' || *letter == '\n').collect();
    assert_eq!(unescape(&escape(&plain)), plain);
    let line = plain.replace('\n', "");
    let folded = fold(&line);
    assert!(folded.ends_with("\r\n"));
    assert!(folded.split("\r\n").all(|physical| physical.len() <= 75));
    assert_eq!(folded.replace("\r\n ", "").trim_end_matches("\r\n"), line);
}
