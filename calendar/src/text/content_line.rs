//! One content line: name, parameters, value (RFC 5545 §3.1, RFC 6868).
//!
//! Where an unquoted parameter value holds a colon, as in `DTSTART;TZID=(UTC+01:00) Berlin:20260701T090000`, the value
//! begins behind the first colon that makes sense for the property.

use std::ops::Range;

use crate::component::Parameter;

/// Where the parts of one unfolded line stand in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentLine {
    /// The name, trimmed.
    pub(crate) name: Range<usize>,
    /// Each parameter as written, name to last value, without its semicolon.
    pub(crate) parameters: Vec<Range<usize>>,
    /// The value.
    pub(crate) value: Range<usize>,
    /// Whether the value does not begin behind the first unquoted colon.
    pub(crate) repaired: bool,
}

impl ContentLine {
    /// Splits `line`; `None` where there is no colon or no name.
    pub(crate) fn split(line: &str) -> Option<Self> {
        let octets = line.as_bytes();
        let name_end = octets.iter().position(|octet| matches!(octet, b':' | b';'))?;
        let name = trimmed(line, 0..name_end);
        let is_name =
            |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'/');
        if name.is_empty() || !octets[name.clone()].iter().all(is_name) {
            return None;
        }
        if octets[name_end] == b':' {
            return Some(Self {
                name,
                parameters: Vec::new(),
                value: name_end + 1..line.len(),
                repaired: false,
            });
        }
        let last_quote = octets.iter().rposition(|octet| *octet == b'"').unwrap_or(0);
        let (colon, repaired) = value_colon(&line[name.clone()], octets, name_end, last_quote)?;
        let parameters = parameter_ranges(octets, name_end + 1, colon, last_quote);
        Some(Self { name, parameters, value: colon + 1..line.len(), repaired })
    }

    /// Where the value of `line` would be found, if it has parameters.
    pub(crate) fn value_start(line: &str) -> Option<usize> {
        let octets = line.as_bytes();
        let name_end = octets.iter().position(|octet| matches!(octet, b':' | b';'))?;
        let last_quote = octets.iter().rposition(|octet| *octet == b'"').unwrap_or(0);
        Some(value_colon(&line[..name_end], octets, name_end, last_quote)?.0 + 1)
    }

    /// The parameters, decoded.
    pub(crate) fn parameters(&self, line: &str) -> Vec<Parameter> {
        let mut parameters = Vec::with_capacity(self.parameters.len());
        parameters.extend(
            self.parameters.iter().filter_map(|range| parameter(&line[range.clone()], self.repaired)),
        );
        parameters
    }

    /// Where the values of parameter `name` (upper case) stand.
    pub(crate) fn parameter_value(&self, line: &str, name: &str) -> Option<Range<usize>> {
        self.parameters.iter().find_map(|range| {
            let equals = line[range.clone()].find('=')?;
            let found = line[range.start..range.start + equals].trim().eq_ignore_ascii_case(name);
            found.then_some(range.start + equals + 1..range.end)
        })
    }
}

fn trimmed(line: &str, range: Range<usize>) -> Range<usize> {
    let text = line[range.clone()].trim_end().trim_start_matches('\u{feff}');
    let end = range.start + line[range].trim_end().len();
    let start = end - text.len();
    let inner = text.trim_start();
    start + (text.len() - inner.len())..end
}

/// The colon before the value, looked for from `from` (the first semicolon); and whether it is not the first one.
fn value_colon(name: &str, octets: &[u8], from: usize, last_quote: usize) -> Option<(usize, bool)> {
    let mut quoted = false;
    let mut first = None;
    let shape = Shape::of(name);
    let mut parameter_start = from + 1;
    for (at, octet) in octets.iter().enumerate().skip(from) {
        match octet {
            // A quote that is never closed is a character like any other.
            b'"' if quoted || at < last_quote => quoted = !quoted,
            b';' if !quoted => parameter_start = at + 1,
            b':' if !quoted => {
                if first.is_none()
                    && octets[at - 1] == b'"'
                    && octets[parameter_start..at - 1].contains(&b'"')
                {
                    return Some((at, false));
                }
                let is_scheme = octets[at + 1..].starts_with(b"//");
                let fits = !is_scheme && shape.fits(&octets[at + 1..]);
                if fits {
                    return Some((at, first.is_some()));
                }
                first.get_or_insert(at);
            }
            _ => {}
        }
    }
    // Nothing fits: the standard's reading, however little sense it makes; with an odd quote, any colon.
    first
        .or_else(|| octets.iter().skip(from).position(|octet| *octet == b':').map(|at| from + at))
        .map(|at| (at, false))
}

/// What the value of a property must begin with, as far as that helps to find it.
#[derive(Clone, Copy)]
enum Shape {
    Anything,
    Time,
    Address,
}

impl Shape {
    fn of(name: &str) -> Self {
        const TIMES: [&str; 6] = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "EXDATE", "RDATE"];
        if TIMES.iter().any(|time| time.eq_ignore_ascii_case(name)) {
            Self::Time
        } else if name.eq_ignore_ascii_case("ATTENDEE") || name.eq_ignore_ascii_case("ORGANIZER") {
            Self::Address
        } else {
            Self::Anything
        }
    }

    fn fits(self, value: &[u8]) -> bool {
        let value = value.trim_ascii_start();
        match self {
            Self::Anything => true,
            Self::Time => {
                value.len() >= 8
                    && value[..4].iter().all(u8::is_ascii_digit)
                    && value[4..8].iter().all(|octet| octet.is_ascii_digit() || *octet == b'-')
            }
            Self::Address => value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"mailto:")),
        }
    }
}

fn parameter_ranges(octets: &[u8], from: usize, to: usize, last_quote: usize) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = from;
    let mut quoted = false;
    // The last of all may stand in the value.
    let last_quote = match last_quote {
        behind if behind > to => octets[..to].iter().rposition(|octet| *octet == b'"').unwrap_or(0),
        within => within,
    };
    for (at, octet) in octets.iter().enumerate().take(to).skip(from) {
        match octet {
            b'"' if quoted || at < last_quote => quoted = !quoted,
            b';' if !quoted => {
                ranges.push(start..at);
                start = at + 1;
            }
            _ => {}
        }
    }
    ranges.push(start..to);
    ranges
}

/// Parameters with one value, in which the field writes commas without quotes.
const SINGLE: [&str; 3] = ["TZID", "CN", "X-MICROSOFT-CDO-TZID"];

/// Whether the parameter `name` (upper case) is read as one value, whatever commas are in it.
pub(crate) fn has_one_value(name: &str) -> bool {
    SINGLE.contains(&name)
}

fn parameter(text: &str, repaired: bool) -> Option<Parameter> {
    let (name, values) = text.split_once('=').unwrap_or((text, ""));
    let mut name = name.trim().to_ascii_uppercase();
    if name.is_empty() {
        return None;
    }
    // What a name cannot hold is left out, as it is where it is written: with it, it would be another parameter.
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.' | '/');
    if name.contains(is_letter) {
        name.retain(is_letter);
    }
    if repaired || has_one_value(&name) || !values.contains(',') {
        return Some(Parameter { name, values: vec![parameter_value(values)] });
    }
    let last_quote = values.rfind('"').unwrap_or(0);
    let mut decoded = Vec::new();
    let (mut start, mut quoted) = (0, false);
    for (at, octet) in values.bytes().enumerate() {
        match octet {
            b'"' if quoted || at < last_quote => quoted = !quoted,
            b',' if !quoted => {
                decoded.push(parameter_value(&values[start..at]));
                start = at + 1;
            }
            _ => {}
        }
    }
    decoded.push(parameter_value(&values[start..]));
    Some(Parameter { name, values: decoded })
}

/// One parameter value without quotes and carets (RFC 6868 §3).
fn parameter_value(written: &str) -> String {
    let written = written.trim();
    let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(written);
    if !inner.bytes().any(|octet| matches!(octet, b'^' | b'"')) {
        return inner.to_owned();
    }
    let mut value = String::with_capacity(inner.len());
    let mut rest = inner.chars().peekable();
    while let Some(character) = rest.next() {
        let decoded = match (character, rest.peek()) {
            ('^', Some('n')) => '\n',
            ('^', Some('^')) => '^',
            ('^', Some('\'')) => '"',
            // A quote inside a value can only be a stray one.
            ('"', _) => continue,
            _ => {
                value.push(character);
                continue;
            }
        };
        rest.next();
        value.push(decoded);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(line: &str) -> (String, Vec<(String, Vec<String>)>, String) {
        let parts = ContentLine::split(line).unwrap();
        let parameters = parts.parameters(line).into_iter().map(|each| (each.name, each.values)).collect();
        (line[parts.name.clone()].to_owned(), parameters, line[parts.value.clone()].to_owned())
    }

    fn tzid_and_value(line: &str) -> (String, String) {
        let (_, parameters, value) = split(line);
        let tzid = parameters.into_iter().find(|(name, _)| name == "TZID").unwrap();
        assert_eq!(tzid.1.len(), 1, "{line}");
        (tzid.1[0].clone(), value)
    }

    #[test]
    fn finds_the_value_behind_odd_zone_names() {
        for (tzid, read) in [
            ("(UTC+01:00) Amsterdam, Berlin", "(UTC+01:00) Amsterdam, Berlin"),
            ("tzone://Microsoft/Utc", "tzone://Microsoft/Utc"),
            ("\"(UTC+01:00) Amsterdam, Berlin\"", "(UTC+01:00) Amsterdam, Berlin"),
            ("\"W. Europe Standard Time", "W. Europe Standard Time"),
            ("Kuala Lumpur, Singapore", "Kuala Lumpur, Singapore"),
            ("", ""),
        ] {
            let line = format!("DTSTART;TZID={tzid}:20260701T090000");
            assert_eq!(tzid_and_value(&line), (read.to_owned(), "20260701T090000".to_owned()), "{line}");
        }
    }

    #[test]
    fn reads_lists_quotes_and_carets() {
        let (name, parameters, value) =
            split("attendee ; MEMBER=\"mailto:a;b\",\"mailto:c\" ;CN=J^'o^n^^,x; RSVP :mailto:d@e");
        assert_eq!((name.as_str(), value.as_str()), ("attendee", "mailto:d@e"));
        assert_eq!(
            parameters[0],
            ("MEMBER".to_owned(), vec!["mailto:a;b".to_owned(), "mailto:c".to_owned()])
        );
        assert_eq!(parameters[1], ("CN".to_owned(), vec!["J\"o\n^,x".to_owned()]));
        assert_eq!(parameters[2], ("RSVP".to_owned(), vec![String::new()]));
    }

    #[test]
    fn finds_addresses_behind_colons_in_names() {
        let (_, parameters, value) = split("ATTENDEE;CN=Room: Blue;RSVP=TRUE:MAILTO:blue@x");
        assert_eq!((parameters[0].1[0].as_str(), value.as_str()), ("Room: Blue", "MAILTO:blue@x"));
        let (_, _, value) = split("ATTENDEE;CN=x:urn:uuid:1");
        assert_eq!(value, "urn:uuid:1");
        let (_, _, value) = split("DTSTART;VALUE=DATE:soon: 20260101");
        assert_eq!(value, " 20260101");
    }

    #[test]
    fn refuses_what_has_no_name() {
        for line in ["", "no colon", ":value", "two words:value", ";A=b:c", "DTSTART;TZID=x"] {
            assert_eq!(ContentLine::split(line), None, "{line}");
        }
    }
}
