//! Calendar user addresses: how scheduling names a calendar user (RFC 5545 §3.3.3).

use std::fmt;

/// A calendar user address in its comparable form: `mailto:` in lower case for mail, else as given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Reads `mailto:Ada@Example.org`, a bare `ada@example.org`, or any other URI; also with spaces, quotes or angle
    /// brackets around it, as some writers have them. Control characters are left out, as they are when it is written.
    pub fn parse(text: &str) -> Self {
        let bare = |text: &str| {
            text.trim_matches(|edge: char| edge.is_whitespace() || "\"'<>".contains(edge)).to_owned()
        };
        let text = if text.contains(char::is_control) {
            bare(&text.replace(char::is_control, ""))
        } else {
            bare(text)
        };
        let is_mailto = text.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
        if is_mailto {
            Self(format!("mailto:{}", bare(&text[7..]).to_ascii_lowercase()))
        } else if text.contains('@') && !text.contains([':', '/']) {
            Self(format!("mailto:{}", text.to_ascii_lowercase()))
        } else {
            Self(text)
        }
    }

    /// The mail address without `mailto:`, if it is one.
    pub fn mail(&self) -> Option<&str> {
        self.0.strip_prefix("mailto:")
    }

    /// The URI.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Address {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// What kind of calendar user somebody is (RFC 5545 §3.2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum UserType {
    /// A person.
    #[default]
    Individual,
    /// A room.
    Room,
    /// Anything else that can be had for a while.
    Resource,
}

impl UserType {
    /// The CUTYPE value.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Individual => "INDIVIDUAL",
            Self::Room => "ROOM",
            Self::Resource => "RESOURCE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_written_in_many_ways() {
        let ada = Address::parse("mailto:ada@example.org");
        for text in [
            "MAILTO:Ada@Example.ORG",
            " ada@example.org ",
            "mailto: ada@example.org",
            "'ada@example.org'",
            "<ada@example.org>",
            "mail\u{e}to:\r\n ada@exam\u{1f}ple.org\u{0}",
        ] {
            assert_eq!(Address::parse(text), ada, "{text}");
        }
        assert_eq!(ada.mail(), Some("ada@example.org"));
    }

    #[test]
    fn other_uris_stay() {
        for text in ["urn:uuid:A-1", "/principals/Ada/", "https://x.example/@Ada", ""] {
            assert_eq!((Address::parse(text).as_str(), Address::parse(text).mail()), (text, None));
        }
    }
}
