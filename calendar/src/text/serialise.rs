//! Built trees to strict text: CRLF, folds at 75 octets on character boundaries, RFC 6868 parameter values.

use std::borrow::Cow;

use super::content_line::{ContentLine, has_one_value};
use crate::component::{Component, Parameter, Property};

/// Octets of a physical line at most, without its line end (RFC 5545 §3.1).
const LINE_OCTETS_MAX: usize = 75;

/// One content line folded at 75 octets on character boundaries, with CRLF.
pub fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + line.len() / 24 + 2);
    fold_into(line, &mut folded);
    folded
}

fn fold_into(line: &str, out: &mut String) {
    let mut rest = line;
    let mut room = LINE_OCTETS_MAX;
    while rest.len() > room {
        let Some((physical, after)) = (1..=room).rev().find_map(|at| rest.split_at_checked(at)) else {
            break;
        };
        out.push_str(physical);
        out.push_str("\r\n ");
        rest = after;
        // The space counts.
        room = LINE_OCTETS_MAX - 1;
    }
    out.push_str(rest);
    out.push_str("\r\n");
}

/// A component as strict text. Control characters cannot end a line: a line feed inside a value is written `\n`,
/// others are left out.
pub fn serialise(component: &Component) -> String {
    let mut text = String::new();
    write_component(component, &mut String::new(), &mut text);
    text
}

/// Writes to `out`; `line` is room for one line.
fn write_component(component: &Component, line: &mut String, out: &mut String) {
    write_edge("BEGIN:", component, line, out);
    for property in &component.properties {
        write_unfolded(property, line);
        fold_into(line, out);
    }
    for inner in &component.components {
        write_component(inner, line, out);
    }
    write_edge("END:", component, line, out);
}

fn write_edge(word: &str, component: &Component, line: &mut String, out: &mut String) {
    line.clear();
    line.push_str(word);
    push_token(&component.name, line);
    fold_into(line, out);
}

/// A property as a folded line.
pub(crate) fn content_line(property: &Property) -> String {
    let mut line = String::new();
    write_unfolded(property, &mut line);
    fold(&line)
}

/// The whole of a property in `line`, in place of what was there.
fn write_unfolded(property: &Property, line: &mut String) {
    let value = harmless(&property.value);
    write_with_parameters(property, &value, Quotes::WhereNeeded, line);
    let reads_back =
        || ContentLine::value_start(line).is_some_and(|start| line.get(start..) == Some(&*value));
    if !property.parameters.is_empty() && !reads_back() {
        // The value would be looked for behind another colon; behind a quote it is found.
        write_with_parameters(property, &value, Quotes::AroundLast, line);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    WhereNeeded,
    AroundLast,
}

fn write_with_parameters(property: &Property, value: &str, quotes: Quotes, line: &mut String) {
    line.clear();
    push_token(&property.name, line);
    for (at, parameter) in property.parameters.iter().enumerate() {
        let last = at + 1 == property.parameters.len();
        write_parameter(parameter, last && quotes == Quotes::AroundLast, line);
    }
    line.push(':');
    line.push_str(value);
}

fn write_parameter(parameter: &Parameter, always_quoted: bool, out: &mut String) {
    out.push(';');
    let name = out.len();
    push_token(&parameter.name, out);
    // Several would be read as one with commas in it.
    let joins = parameter.values.len() > 1 && out.get(name..).is_some_and(has_one_value);
    let joined = joins.then(|| [parameter.values.join(",")]);
    out.push('=');
    for (at, value) in joined.as_ref().map_or(&*parameter.values, |one| one).iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let needs_quotes = always_quoted || is_padded(value) || value.contains([':', ';', ',']);
        if needs_quotes {
            out.push('"');
        }
        if value.bytes().any(|octet| matches!(octet, b'^' | b'"') || may_be_control(octet)) {
            push_parameter_value(value, out);
        } else {
            out.push_str(value);
        }
        if needs_quotes {
            out.push('"');
        }
    }
}

/// Whether `value` begins or ends with white space once what is left out is left out.
fn is_padded(value: &str) -> bool {
    let mut kept = value.chars().filter(|each| !each.is_control() || matches!(each, '\t' | '\n'));
    let ends = [kept.clone().next(), kept.next_back()];
    ends.into_iter().flatten().any(char::is_whitespace)
}

fn push_parameter_value(value: &str, out: &mut String) {
    for character in value.chars() {
        match character {
            '^' => out.push_str("^^"),
            '\n' => out.push_str("^n"),
            '"' => out.push_str("^'"),
            _ if character.is_control() && character != '\t' => {}
            _ => out.push(character),
        }
    }
}

/// The name that is written for `name`.
pub(crate) fn written_name(name: &str) -> String {
    let mut written = String::new();
    push_token(name, &mut written);
    written
}

/// Adds a name with nothing in it that a name cannot hold; `X-UNNAMED` where nothing is left.
fn push_token(name: &str, out: &mut String) {
    let is_name = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'/');
    let before = out.len();
    out.extend(
        name.bytes().filter(|octet| is_name(*octet)).map(|octet| char::from(octet.to_ascii_uppercase())),
    );
    if out.len() == before {
        out.push_str("X-UNNAMED");
    }
}

/// Whether a control character other than a tab may begin with this octet of UTF-8.
fn may_be_control(octet: u8) -> bool {
    octet < 0x20 && octet != b'\t' || octet == 0x7f || octet == 0xc2
}

fn harmless(value: &str) -> Cow<'_, str> {
    if !value.bytes().any(may_be_control) {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            _ if character.is_control() && character != '\t' => {}
            _ => text.push(character),
        }
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{parse, unfold};
    use super::*;
    use crate::limits::Limits;

    #[test]
    fn folds_on_characters() {
        let line = format!("SUMMARY:{}", "ü".repeat(80));
        let folded = fold(&line);
        assert!(folded.lines().all(|physical| physical.len() <= 75), "{folded}");
        assert_eq!(unfold(&folded), line);
        assert_eq!(fold(&"x".repeat(75)), format!("{}\r\n", "x".repeat(75)));
        assert_eq!(fold(&"x".repeat(76)), format!("{}\r\n x\r\n", "x".repeat(75)));
    }

    #[test]
    fn nothing_breaks_out_of_a_value() {
        let property = Property {
            name: "SUMMARY\r\nX".to_owned(),
            parameters: vec![Parameter { name: "CN".to_owned(), values: vec!["a\r\nB:\"c".to_owned()] }],
            value: "x\r\nEND:VEVENT\u{0}".to_owned(),
            ..Property::default()
        };
        assert_eq!(unfold(&content_line(&property)), "SUMMARYX;CN=\"a^nB:^'c\":x\\nEND:VEVENT");
    }

    #[test]
    fn several_values_of_what_has_one_are_written_as_one() {
        let values = vec!["Smith".to_owned(), "Bob".to_owned()];
        // Also of a name that must be mended.
        let parameters = vec![Parameter { name: "C  N".to_owned(), values }];
        let property = Property { name: "X-A".to_owned(), parameters, ..Property::default() };
        assert_eq!(content_line(&property), "X-A;CN=\"Smith,Bob\":\r\n");
    }

    fn value() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~é\\t]{0,40}",
            "20260701T090000",
            "mailto:[a-z]{1,9}@x",
            "//[a-z:]{0,9}",
            "a:20260101:mailto:b"
        ]
    }

    fn parameter() -> impl Strategy<Value = Parameter> {
        let name = prop_oneof![Just("TZID"), Just("CN"), Just("MEMBER"), Just("X-A")];
        (name, proptest::collection::vec("[ -~é\\n]{0,12}", 1..3)).prop_map(|(name, values)| {
            let single = matches!(name, "TZID" | "CN");
            let values = values.into_iter().take(if single { 1 } else { 9 }).collect();
            Parameter { name: name.to_owned(), values }
        })
    }

    fn component() -> impl Strategy<Value = Component> {
        let name = prop_oneof![
            Just("DTSTART"),
            Just("ATTENDEE"),
            Just("SUMMARY"),
            Just("X-B"),
            Just("RDATE"),
            Just("URL")
        ];
        let property = (name, proptest::collection::vec(parameter(), 0..4), value()).prop_map(
            |(name, parameters, value)| Property {
                name: name.to_owned(),
                parameters,
                value,
                ..Property::default()
            },
        );
        let leaf = proptest::collection::vec(property, 0..6).prop_map(|properties| Component {
            name: "X-INNER".to_owned(),
            properties,
            ..Component::default()
        });
        leaf.prop_recursive(3, 12, 3, |inner| {
            (inner.clone(), proptest::collection::vec(inner, 0..3)).prop_map(|(mut outer, inner)| {
                outer.components = inner;
                outer
            })
        })
    }

    fn without_places(component: &mut Component) {
        component.octets = 0..0;
        component.line = 0;
        for property in &mut component.properties {
            property.octets = 0..0;
            property.line = 0;
        }
        component.components.iter_mut().for_each(without_places);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn what_is_written_reads_back(inner in component()) {
            let mut calendar = Component { name: "VCALENDAR".to_owned(), ..Component::default() };
            calendar.components.push(inner);
            let text = serialise(&calendar);
            prop_assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])));
            let mut read = parse(text.as_bytes(), &Limits::default()).unwrap();
            prop_assert!(read.warnings.is_empty(), "{:?}\n{}", read.warnings, text);
            without_places(&mut read.calendars[0]);
            prop_assert_eq!(&read.calendars[0], &calendar, "{}", text);
        }
    }
}
