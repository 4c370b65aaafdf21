//! Built trees to strict text: CRLF, folds at 75 octets on character boundaries, RFC 6868 parameter values.

use super::content_line::ContentLine;
use crate::component::{Component, Parameter, Property};

/// Octets of a physical line at most, without its line end (RFC 5545 §3.1).
const LINE_OCTETS_MAX: usize = 75;

/// One content line folded at 75 octets on character boundaries, with CRLF.
pub fn fold(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + line.len() / 24 + 2);
    let mut room = LINE_OCTETS_MAX;
    for character in line.chars() {
        let octets = character.len_utf8();
        if octets > room {
            folded.push_str("\r\n ");
            // The space counts.
            room = LINE_OCTETS_MAX - 1;
        }
        room -= octets;
        folded.push(character);
    }
    folded.push_str("\r\n");
    folded
}

/// A component as strict text. Control characters cannot end a line: a line feed inside a value is written `\n`,
/// others are left out.
pub fn serialise(component: &Component) -> String {
    let mut text = String::new();
    write_component(component, &mut text);
    text
}

fn write_component(component: &Component, out: &mut String) {
    let name = token(&component.name);
    out.push_str(&fold(&format!("BEGIN:{name}")));
    for property in &component.properties {
        out.push_str(&content_line(property));
    }
    for inner in &component.components {
        write_component(inner, out);
    }
    out.push_str(&fold(&format!("END:{name}")));
}

/// A property as a folded line.
pub(crate) fn content_line(property: &Property) -> String {
    fold(&unfolded_line(property))
}

fn unfolded_line(property: &Property) -> String {
    let value = harmless(&property.value);
    let line = with_parameters(property, &value, Quotes::WhereNeeded);
    let reads_back = ContentLine::split(&line).is_some_and(|parts| line[parts.value] == value);
    if reads_back || property.parameters.is_empty() {
        return line;
    }
    // The value would be looked for behind another colon; behind a quote it is found.
    with_parameters(property, &value, Quotes::AroundLast)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    WhereNeeded,
    AroundLast,
}

fn with_parameters(property: &Property, value: &str, quotes: Quotes) -> String {
    let mut line = token(&property.name);
    for (at, parameter) in property.parameters.iter().enumerate() {
        let last = at + 1 == property.parameters.len();
        write_parameter(parameter, last && quotes == Quotes::AroundLast, &mut line);
    }
    line.push(':');
    line.push_str(value);
    line
}

fn write_parameter(parameter: &Parameter, always_quoted: bool, out: &mut String) {
    out.push(';');
    out.push_str(&token(&parameter.name));
    out.push('=');
    for (at, value) in parameter.values.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        let needs_quotes = always_quoted || value.trim() != value || value.contains([':', ';', ',']);
        if needs_quotes {
            out.push('"');
        }
        for character in value.chars() {
            match character {
                '^' => out.push_str("^^"),
                '\n' => out.push_str("^n"),
                '"' => out.push_str("^'"),
                _ if character.is_control() && character != '\t' => {}
                _ => out.push(character),
            }
        }
        if needs_quotes {
            out.push('"');
        }
    }
}

/// A name with nothing in it that a name cannot hold; `X-UNNAMED` where nothing is left.
fn token(name: &str) -> String {
    let is_name =
        |character: &char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/');
    let name: String = name.chars().filter(is_name).collect::<String>().to_ascii_uppercase();
    if name.is_empty() { "X-UNNAMED".to_owned() } else { name }
}

fn harmless(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '\n' => text.push_str("\\n"),
            _ if character.is_control() && character != '\t' => {}
            _ => text.push(character),
        }
    }
    text
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
        assert_eq!(unfolded_line(&property), "SUMMARYX;CN=\"a^nB:^'c\":x\\nEND:VEVENT");
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
