//! Calendar user addresses: how scheduling names a calendar user (RFC 5545 §3.3.3).

use std::fmt;

/// A calendar user address in its comparable form: `mailto:` in lower case for mail, else as given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address(String);

impl Address {
    /// Reads `mailto:Ada@Example.org`, a bare `ada@example.org`, or any other URI.
    pub fn parse(text: &str) -> Self {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        if lower.starts_with("mailto:") {
            Self(lower)
        } else if lower.contains('@') && !lower.contains(':') && !lower.contains('/') {
            Self(format!("mailto:{lower}"))
        } else {
            Self(text.to_owned())
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
