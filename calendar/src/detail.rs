//! How much of an event is shown to others: all, its title, or that it is busy.

use crate::component::{Component, Property};
use crate::text::escape;

/// A level of detail, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Detail {
    /// When it makes busy, and nothing else.
    Busy,
    /// With its title.
    Title,
    /// Everything.
    Full,
}

/// Every level with the word for it.
const WORDS: [(Detail, &str); 3] = [(Detail::Busy, "busy"), (Detail::Title, "title"), (Detail::Full, "full")];

/// When a component is, and what makes it one with the others of its object.
const TIMES: [&str; 15] = [
    "UID",
    "DTSTAMP",
    "SEQUENCE",
    "RECURRENCE-ID",
    "DTSTART",
    "DTEND",
    "DUE",
    "DURATION",
    "RRULE",
    "RDATE",
    "EXDATE",
    "EXRULE",
    "STATUS",
    "TRANSP",
    "FREEBUSY",
];

/// What an event is called of which only busy time is shown.
const BUSY_TITLE: &str = "Busy";

/// What a task or a journal is called of which others learn only when it is.
const PRIVATE_TITLE: &str = "Private";

impl Detail {
    /// The word for it.
    pub const fn word(self) -> &'static str {
        WORDS[self as usize].1
    }

    /// The level that `word` names.
    pub fn of_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(word.trim())).map(|(detail, _)| *detail)
    }
}

/// A component of a calendar as others see it; `None` where they see nothing of it.
///
/// Zones stay as they are. What its writer called private or confidential (RFC 5545 §3.8.1.3) is busy time at most, and
/// of busy time nothing is seen that makes nobody busy: no tasks, no journals, nothing transparent or cancelled.
pub fn reduced(component: &Component, detail: Detail) -> Option<Component> {
    if component.name == "VTIMEZONE" {
        return Some(component.clone());
    }
    let detail = if is_public(component) { detail } else { Detail::Busy };
    if detail == Detail::Full {
        return Some(component.clone());
    }
    // An instance that makes nobody busy must still be told: without it, the rule would make one that does.
    if detail == Detail::Busy && !makes_busy(component) && component.property("RECURRENCE-ID").is_none() {
        return None;
    }
    let times = |property: &&Property| TIMES.contains(&property.name.as_str());
    let mut properties: Vec<Property> = component.properties.iter().filter(times).cloned().collect();
    let title = match detail {
        Detail::Title => component.property("SUMMARY").cloned(),
        _ => (component.name == "VEVENT").then(|| Property {
            name: "SUMMARY".to_owned(),
            value: escape(BUSY_TITLE),
            ..Property::default()
        }),
    };
    properties.extend(title);
    Some(Component { name: component.name.clone(), properties, ..Component::default() })
}

/// A calendar object as those see it who may only read: of what its writer called private or confidential they learn
/// when it is. `None`: all of it is public.
pub fn veiled(calendar: &Component) -> Option<Component> {
    if of_object(calendar, Detail::Full) == Detail::Full {
        return None;
    }
    let shown = |properties: &[Property], names: &[&str]| -> Vec<Property> {
        properties.iter().filter(|property| names.contains(&property.name.as_str())).cloned().collect()
    };
    let components = calendar.components.iter().map(|component| {
        if component.name == "VTIMEZONE" {
            return component.clone();
        }
        let mut properties = shown(&component.properties, &TIMES);
        properties.extend(shown(&component.properties, &["CLASS"]));
        let title = if component.name == "VEVENT" { BUSY_TITLE } else { PRIVATE_TITLE };
        if matches!(component.name.as_str(), "VEVENT" | "VTODO" | "VJOURNAL") {
            let value = escape(title);
            properties.push(Property { name: "SUMMARY".to_owned(), value, ..Property::default() });
        }
        Component { name: component.name.clone(), properties, ..Component::default() }
    });
    Some(Component {
        name: calendar.name.clone(),
        properties: shown(&calendar.properties, &["VERSION", "PRODID", "CALSCALE", "METHOD"]),
        components: components.collect(),
        ..Component::default()
    })
}

/// The detail in which an object is seen at most: where one of its parts is private, the others are too.
pub fn of_object(calendar: &Component, detail: Detail) -> Detail {
    if calendar.components.iter().all(is_public) { detail } else { Detail::Busy }
}

/// RFC 5545 §3.8.1.3: a class that is not known is private.
fn is_public(component: &Component) -> bool {
    let class = component.text("CLASS").unwrap_or_default();
    class.trim().is_empty() || class.trim().eq_ignore_ascii_case("PUBLIC")
}

fn makes_busy(component: &Component) -> bool {
    let is = |name: &str, value: &str| {
        component.property(name).is_some_and(|property| property.value.trim().eq_ignore_ascii_case(value))
    };
    let kind = component.name.as_str();
    matches!(kind, "VEVENT" | "VFREEBUSY") && !is("TRANSP", "TRANSPARENT") && !is("STATUS", "CANCELLED")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::text::{parse, serialise};

    fn shown(lines: &str, detail: Detail) -> Option<String> {
        let text = format!(
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nDTSTART:20260701T090000Z\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        let parsed = parse(text.as_bytes(), &Limits::default()).unwrap();
        reduced(&parsed.calendars[0].components[0], detail).map(|component| serialise(&component))
    }

    #[test]
    fn less_and_less_is_shown() {
        let lines = "SUMMARY:Doctor\nDESCRIPTION:secret\nATTENDEE:mailto:a@x\nX-A:secret\nBEGIN:VALARM\nDESCRIPTION:secret\nEND:VALARM";
        assert!(shown(lines, Detail::Full).unwrap().contains("X-A:secret"));
        let title = shown(lines, Detail::Title).unwrap();
        assert!(title.contains("SUMMARY:Doctor") && !title.contains("secret") && !title.contains("ATTENDEE"));
        let busy = shown(lines, Detail::Busy).unwrap();
        assert!(busy.contains("SUMMARY:Busy") && !busy.contains("Doctor") && busy.contains("DTSTART"));
    }

    #[test]
    fn private_is_busy_and_free_is_nothing() {
        for class in ["PRIVATE", "CONFIDENTIAL", "X-OWN"] {
            let shown = shown(&format!("CLASS:{class}\nSUMMARY:Doctor"), Detail::Full).unwrap();
            assert!(!shown.contains("Doctor"), "{shown}");
        }
        assert_eq!(shown("TRANSP:TRANSPARENT\nSUMMARY:x", Detail::Busy), None);
        assert_eq!(shown("STATUS:CANCELLED\nCLASS:PRIVATE", Detail::Title), None);
    }

    #[test]
    fn a_veil_leaves_times_and_nothing_else() {
        let veiled_of = |lines: &str| {
            let text = format!(
                "BEGIN:VCALENDAR\nVERSION:2.0\nX-WR-CALNAME:secret\nBEGIN:VTODO\nUID:1\nDUE:20260701T090000Z\n{lines}\nEND:VTODO\nEND:VCALENDAR\n"
            );
            let parsed = parse(text.as_bytes(), &Limits::default()).unwrap();
            veiled(&parsed.calendars[0]).map(|calendar| serialise(&calendar))
        };
        assert_eq!(veiled_of("SUMMARY:Doctor"), None);
        assert_eq!(veiled_of("CLASS:PUBLIC"), None);
        let lines = "CLASS:PRIVATE\nSUMMARY:secret\nATTACH:http://secret\nRRULE:FREQ=DAILY\nBEGIN:VALARM\nDESCRIPTION:secret\nEND:VALARM";
        let text = veiled_of(lines).unwrap();
        assert!(!text.contains("secret") && !text.contains("VALARM"), "{text}");
        for part in [
            "VERSION:2.0",
            "UID:1",
            "DUE:20260701T090000Z",
            "RRULE:FREQ=DAILY",
            "CLASS:PRIVATE",
            "SUMMARY:Private",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn words() {
        for (detail, word) in WORDS {
            assert_eq!((detail.word(), Detail::of_word(word)), (word, Some(detail)));
        }
        assert_eq!(Detail::of_word("all"), None);
    }
}
