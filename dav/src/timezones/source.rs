//! Where the rules come from, as far as it is known (RFC 7808 §3.3).

use calendar::time::Instant;
use calendar::zone::standard;

use super::LeapSeconds;

/// What is said of the data besides the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ZoneData {
    /// The version of the IANA database (`2026b`).
    pub version: String,
    /// When it was put here; `None`: it is not known.
    pub modified: Option<Instant>,
    /// The leap seconds.
    pub leap_seconds: LeapSeconds,
}

impl ZoneData {
    /// The version that the first line of the database's `tzdata.zi` tells.
    pub fn version_of(tzdata: &str) -> Option<&str> {
        let version = tzdata.lines().next()?.strip_prefix("# version ")?.trim();
        let is_one = |each: char| each.is_ascii_alphanumeric() || matches!(each, '-' | '.');
        (!version.is_empty() && version.len() <= 32 && version.chars().all(is_one)).then_some(version)
    }
}

impl Default for ZoneData {
    /// The database that is compiled in.
    fn default() -> Self {
        Self {
            version: standard::bundled_version().to_owned(),
            modified: None,
            leap_seconds: LeapSeconds::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        assert_eq!(ZoneData::version_of("# version 2025b\n# x"), Some("2025b"));
        for text in ["", "# version ", "version 2025b", "# version \"2025b\"", "# version \u{7}"] {
            assert_eq!(ZoneData::version_of(text), None, "{text}");
        }
    }
}
