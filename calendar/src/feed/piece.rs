//! The text of one object, put together from pieces of the feed.

use std::sync::Arc;

use super::group::Group;
use crate::component::{Component, Property};
use crate::text::{Parsed, escape, fold, serialise};
use crate::warning::WarningKind;
use crate::write::PRODID;

/// A feed's text, and what its pieces need done to them.
pub(super) struct Source<'a> {
    parsed: &'a Parsed,
    /// Whether some line ends otherwise than in CRLF.
    bare_ends: bool,
    /// The lines at which an END was missed, in order.
    missing_ends: Vec<u32>,
}

impl<'a> Source<'a> {
    pub(super) fn new(parsed: &'a Parsed) -> Self {
        let lines_of = |kind: WarningKind| {
            parsed.warnings.iter().filter(move |warning| warning.kind == kind).map(|warning| warning.line)
        };
        let mut missing_ends: Vec<u32> = lines_of(WarningKind::MissingEnd).collect();
        missing_ends.sort_unstable();
        Self { parsed, bare_ends: lines_of(WarningKind::BareLineFeed).next().is_some(), missing_ends }
    }
}

/// An object's text in the making.
pub(super) struct Pieces<'a> {
    source: &'a Source<'a>,
    text: String,
    line: u32,
    lines: LineMap,
}

/// From the lines of an object to those of its feed.
pub(super) struct LineMap(Vec<(u32, u32)>);

impl LineMap {
    /// The feed's line for a line of the object; that of its first piece for what was put in.
    pub(super) fn feed_line(&self, line: u32) -> u32 {
        let piece = self.0.iter().rev().find(|(object_line, _)| *object_line <= line).or(self.0.first());
        piece.map_or(0, |(object_line, feed_line)| feed_line + line.saturating_sub(*object_line))
    }
}

impl<'a> Pieces<'a> {
    pub(super) fn new(source: &'a Source<'a>, group: &Group<'_>) -> Self {
        let mut pieces = Self { source, text: String::new(), line: 1, lines: LineMap(Vec::new()) };
        pieces.push("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n");
        let property = |name: &str| {
            group.calendars.iter().find_map(|at| source.parsed.calendars.get(*at)?.property(name))
        };
        let prodid = property("PRODID").map_or(PRODID, |property| property.value.trim());
        pieces.push(&fold(&format!("PRODID:{prodid}")));
        if let Some(scale) = property("CALSCALE") {
            pieces.push(&fold(&format!("CALSCALE:{}", scale.value.trim())));
        }
        pieces
    }

    fn push(&mut self, text: &str) {
        let ends = text.bytes().filter(|octet| *octet == b'\n').count();
        self.line = self.line.saturating_add(u32::try_from(ends).unwrap_or(u32::MAX));
        self.text.push_str(text);
    }

    /// Adds `component` as it stands in the feed, with `uid` in place of its own, if given.
    pub(super) fn copy(&mut self, component: &Component, uid: Option<&str>) {
        self.lines.0.push((self.line, component.line));
        let raw = self.source.parsed.text.get(component.octets.clone()).unwrap_or_default();
        if self.lacks_end(component, raw) {
            let mut closed = component.clone();
            if let Some(uid) = uid {
                closed.properties.retain(|property| property.name != "UID");
                let value = escape(uid);
                closed
                    .properties
                    .insert(0, Property { name: "UID".to_owned(), value, ..Property::default() });
            }
            return self.push(&serialise(&closed));
        }
        let Some(uid) = uid else { return self.push_raw(raw) };
        let line = fold(&format!("UID:{}", escape(uid)));
        let within = |octets: usize| octets.saturating_sub(component.octets.start).min(raw.len());
        let (start, end) = match (component.property("UID"), component.properties.first()) {
            (Some(uid), _) => (within(uid.octets.start), within(uid.octets.end)),
            (None, Some(first)) => (within(first.octets.start), within(first.octets.start)),
            (None, None) => {
                let end = raw.find(['\r', '\n']).unwrap_or(raw.len());
                let end = end + if raw[end..].starts_with("\r\n") { 2 } else { raw[end..].len().min(1) };
                (end, end)
            }
        };
        self.push_raw(&raw[..start]);
        self.push(&line);
        // What follows a line that was put in stands one line further down.
        let inserted = u32::from(start == end);
        let feed_line = component.line.saturating_add(line_ends(&raw[..start]));
        self.lines.0.push((self.line, feed_line + 1 - inserted));
        self.push_raw(&raw[end..]);
    }

    /// Whether the text forgot to close the component, or one inside it.
    fn lacks_end(&self, component: &Component, raw: &str) -> bool {
        let tail = raw.trim_end().len().saturating_sub(component.name.len());
        if !raw.get(tail..).is_some_and(|tail| tail.trim_end().eq_ignore_ascii_case(&component.name)) {
            return true;
        }
        if self.source.missing_ends.is_empty() {
            return false;
        }
        let last_line = component.line.saturating_add(line_ends(raw));
        let first = self.source.missing_ends.partition_point(|line| *line < component.line);
        self.source.missing_ends.get(first).is_some_and(|line| *line <= last_line)
    }

    fn push_raw(&mut self, raw: &str) {
        if !self.source.bare_ends {
            return self.push(raw);
        }
        let mut rest = raw;
        while let Some(at) = rest.find(['\r', '\n']) {
            self.text.push_str(&rest[..at]);
            self.push("\r\n");
            rest = rest[at..].strip_prefix("\r\n").unwrap_or(&rest[at + 1..]);
        }
        self.text.push_str(rest);
    }

    /// The octets, and where their lines come from.
    pub(super) fn end(mut self) -> (Arc<[u8]>, LineMap) {
        self.push("END:VCALENDAR\r\n");
        (Arc::from(self.text.into_bytes()), self.lines)
    }
}

/// How many lines end in `text`, each in CRLF, CR or LF.
fn line_ends(text: &str) -> u32 {
    let all = text.bytes().filter(|octet| matches!(octet, b'\r' | b'\n')).count();
    u32::try_from(all - text.matches("\r\n").count()).unwrap_or(u32::MAX)
}
