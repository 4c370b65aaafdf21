//! Lines to a tree of components, closing what the text forgot to close.

use super::TextError;
use super::content_line::ContentLine;
use super::lines::{Line, Lines, unfold};
use super::serialise::written_name;
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::warning::{Warning, WarningKind};

/// Warnings about one text at most; a text that needs more is not worth their memory.
const WARNINGS_MAX: usize = 1000;

/// Components that never stand inside one another: where one begins, another one has ended.
const MAIN: [&str; 7] =
    ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "VTIMEZONE", "VCALENDAR"];

/// What a text holds.
pub(super) struct Tree {
    pub(super) calendars: Vec<Component>,
    pub(super) complete: bool,
}

/// Reads the lines of `text`.
pub(super) fn read(text: &str, limits: &Limits, warnings: &mut Vec<Warning>) -> Result<Tree, TextError> {
    let mut builder = Builder { limits, warnings, stack: Vec::new(), calendars: Vec::new(), cut: 0 };
    let mut lines = Lines::new(text.as_bytes());
    let mut count = 0_usize;
    for line in lines.by_ref() {
        count += 1;
        if count > Limits::LINES_MAX {
            return Err(TextError::new(line.number, "", format!("more than {} lines", Limits::LINES_MAX)));
        }
        builder.line(text, &line)?;
    }
    if let Some(number) = lines.bare_end {
        builder.warn(WarningKind::BareLineFeed, number, "");
    }
    let number = lines_in(text);
    while !builder.stack.is_empty() {
        builder.close_forgotten(text.len(), number);
        builder.cut += 1;
    }
    Ok(Tree { complete: builder.cut == 0, calendars: builder.calendars })
}

fn lines_in(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|octet| *octet == b'\n').count()).unwrap_or(u32::MAX).saturating_add(1)
}

struct Builder<'a> {
    limits: &'a Limits,
    warnings: &'a mut Vec<Warning>,
    stack: Vec<Component>,
    calendars: Vec<Component>,
    /// Outermost components without END, less the ENDs that were too many.
    cut: usize,
}

impl Builder<'_> {
    fn warn(&mut self, kind: WarningKind, line: u32, detail: &str) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(Warning::new(kind, line, detail));
        }
    }

    fn line(&mut self, text: &str, line: &Line) -> Result<(), TextError> {
        let raw = &text[line.octets.clone()];
        let joined;
        let content = if line.folded {
            joined = unfold(raw);
            joined.as_str()
        } else {
            raw.trim_end_matches(['\r', '\n'])
        };
        let Some(parts) = ContentLine::split(content) else {
            // Spaces alone stand for nothing; anything else was meant as something.
            if !content.trim_matches('\u{feff}').trim().is_empty() {
                self.warn(WarningKind::NotAContentLine, line.number, content);
            }
            return Ok(());
        };
        let name = content[parts.name.clone()].to_ascii_uppercase();
        let value = &content[parts.value.clone()];
        match name.as_str() {
            // Without what a name cannot hold, as it is written: with it, it would be another component.
            "BEGIN" => return self.begin(&written_name(value), line),
            "END" => self.end(&written_name(value), line),
            _ => {
                if parts.repaired {
                    self.warn(WarningKind::UnquotedParameter, line.number, content);
                }
                let property = Property {
                    name,
                    parameters: parts.parameters(content),
                    value: value.to_owned(),
                    octets: line.octets.clone(),
                    line: line.number,
                };
                match self.stack.last_mut() {
                    Some(component) => component.properties.push(property),
                    None => self.warn(WarningKind::NotAContentLine, line.number, content),
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, name: &str, line: &Line) -> Result<(), TextError> {
        if MAIN.contains(&name) {
            // A VCALENDAR stands inside nothing, the others inside a VCALENDAR or a component nobody knows.
            let is_calendar = name == "VCALENDAR";
            let keep = if is_calendar { 0 } else { self.calendar_depth() };
            while self.stack.len() > keep
                && (is_calendar || self.stack[keep..].iter().any(|open| MAIN.contains(&open.name.as_str())))
            {
                self.cut += usize::from(self.stack.len() == 1);
                self.close_forgotten(line.octets.start, line.number);
            }
        }
        if self.stack.len() >= self.limits.depth_max {
            let reason = format!("components are nested more than {} deep", self.limits.depth_max);
            return Err(TextError::new(line.number, name, reason));
        }
        self.stack.push(Component {
            name: name.to_owned(),
            octets: line.octets.clone(),
            line: line.number,
            ..Component::default()
        });
        Ok(())
    }

    /// One, if a VCALENDAR is open, which is always outermost.
    fn calendar_depth(&self) -> usize {
        usize::from(self.stack.first().is_some_and(|outermost| outermost.name == "VCALENDAR"))
    }

    fn end(&mut self, name: &str, line: &Line) {
        if !self.stack.iter().any(|open| open.name == name) {
            self.warn(WarningKind::MissingEnd, line.number, &format!("END:{name} without BEGIN"));
            self.cut = self.cut.saturating_sub(usize::from(name == "VCALENDAR"));
            return;
        }
        while self.stack.last().is_some_and(|open| open.name != name) {
            self.close_forgotten(line.octets.start, line.number);
        }
        self.close(line.octets.end);
    }

    fn close_forgotten(&mut self, end: usize, line: u32) {
        if let Some(open) = self.stack.last() {
            let detail = format!("{} of line {}", open.name, open.line);
            self.warn(WarningKind::MissingEnd, line, &detail);
        }
        self.close(end);
    }

    fn close(&mut self, end: usize) {
        let Some(mut component) = self.stack.pop() else { return };
        component.octets.end = end;
        match self.stack.last_mut() {
            Some(parent) => parent.components.push(component),
            None if component.name == "VCALENDAR" => self.calendars.push(component),
            None => self.calendars.push(Component {
                name: "VCALENDAR".to_owned(),
                octets: component.octets.clone(),
                line: component.line,
                properties: Vec::new(),
                components: vec![component],
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Parsed, parse};
    use super::*;

    fn read_text(text: &str) -> Parsed {
        parse(text.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap()
    }

    fn kinds(parsed: &Parsed) -> Vec<WarningKind> {
        parsed.warnings.iter().map(|warning| warning.kind).collect()
    }

    #[test]
    fn names_in_any_case() {
        let parsed = read_text("begin:vcalendar\nbegin:vevent\nsummary : x\nend:vevent\nEnd:VCalendar\n");
        let event = &parsed.calendars[0].components[0];
        assert_eq!((event.name.as_str(), event.properties[0].name.as_str()), ("VEVENT", "SUMMARY"));
        assert!(parsed.complete);
    }

    #[test]
    fn forgotten_ends_are_closed() {
        let parsed = read_text(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nBEGIN:VEVENT\nUID:2\nBEGIN:VALARM\nEND:VEVENT\nEND:VCALENDAR\n",
        );
        let uids: Vec<_> =
            parsed.calendars[0].components.iter().filter_map(|event| event.text("UID")).collect();
        assert_eq!(uids, ["1", "2"]);
        assert_eq!(kinds(&parsed), [WarningKind::MissingEnd; 3]);
        assert!(parsed.complete, "the calendar itself has its end");
    }

    #[test]
    fn a_text_cut_short_is_not_complete() {
        for text in [
            "BEGIN:VCALENDAR\n",
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\n",
            "BEGIN:VEVENT\nUID:1\n",
            "BEGIN:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR\n",
        ] {
            assert!(!read_text(text).complete, "{text}");
        }
        assert!(read_text("BEGIN:VCALENDAR\nBEGIN:VCALENDAR\nEND:VCALENDAR\nEND:VCALENDAR\n").complete);
    }

    #[test]
    fn bare_components_and_stray_lines() {
        let parsed = read_text(
            "X:1\nBEGIN:VEVENT\nUID:1\nnot a line\nEND:VEVENT\nBEGIN:VTODO\nEND:VTODO\nEND:VTODO\n",
        );
        let names: Vec<_> =
            parsed.calendars.iter().map(|calendar| calendar.components[0].name.as_str()).collect();
        assert_eq!(names, ["VEVENT", "VTODO"]);
        let expected = [WarningKind::NotAContentLine, WarningKind::NotAContentLine, WarningKind::MissingEnd];
        assert_eq!(kinds(&parsed), expected);
    }
}
