//! Leap seconds, as the IERS lists them (RFC 7808 §5.6, §6.4).

use calendar::time::Instant;
use serde_json::json;

/// The list that is compiled in, in the form of the IERS's `leap-seconds.list`.
static LISTED: &str = include_str!("leap-seconds.list");

/// Seconds from 1900, from which the list counts, to 1970.
const EPOCH: i64 = 2_208_988_800;
/// Lines of a list that are read; there are some hundred.
const LINES_MAX: usize = 2000;

/// When TAI and UTC went apart, and how long nothing new can come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeapSeconds {
    /// Until when the list is good.
    pub expires: Instant,
    /// When it was made.
    pub made: Instant,
    /// The seconds by which TAI is ahead, and since when.
    pub offsets: Vec<(i32, Instant)>,
}

impl LeapSeconds {
    /// Reads a list in the form of the IERS; `None` where it is none.
    pub fn read(text: &str) -> Option<Self> {
        let (mut expires, mut made, mut offsets) = (None, None, Vec::new());
        let instant =
            |text: &str| Some(Instant::from_unix(text.trim().parse::<i64>().ok()?.checked_sub(EPOCH)?));
        for line in text.lines().take(LINES_MAX) {
            if let Some(value) = line.strip_prefix("#@") {
                expires = instant(value);
            } else if let Some(value) = line.strip_prefix("#$") {
                made = instant(value);
            } else if !line.starts_with('#') && !line.trim().is_empty() {
                let mut words = line.split_whitespace();
                let since = instant(words.next()?)?;
                offsets.push((words.next()?.parse().ok()?, since));
            }
        }
        let (expires, made) = (expires?, made?);
        let in_order = offsets.windows(2).all(|pair| pair[0].1 < pair[1].1);
        (in_order && !offsets.is_empty()).then_some(Self { expires, made, offsets })
    }

    /// The answer.
    pub(super) fn told(&self) -> serde_json::Value {
        let rows: Vec<serde_json::Value> = self
            .offsets
            .iter()
            .map(|(offset, since)| json!({ "utc-offset": offset, "onset": date(*since) }))
            .collect();
        json!({ "expires": date(self.expires), "publisher": "IERS", "version": date(self.made), "leapseconds": rows })
    }
}

impl Default for LeapSeconds {
    fn default() -> Self {
        let none = || Self { expires: Instant::default(), made: Instant::default(), offsets: Vec::new() };
        Self::read(LISTED).unwrap_or_else(none)
    }
}

/// `2017-01-01`.
fn date(instant: Instant) -> String {
    instant.to_string().chars().take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_that_is_compiled_in() {
        let told = LeapSeconds::default().told();
        assert_eq!(told["leapseconds"][0], json!({ "utc-offset": 10, "onset": "1972-01-01" }));
        assert_eq!(told["leapseconds"][27], json!({ "utc-offset": 37, "onset": "2017-01-01" }));
        assert_eq!((&told["version"], &told["expires"]), (&json!("2025-07-07"), &json!("2026-06-28")));
    }

    #[test]
    fn what_is_no_list() {
        for text in [
            "",
            "#@ 1\n#$ 1\n",
            "#@ 1\n1 2",
            "#@ 1\n#$ 1\n5 1\n4 2",
            "#@ 1\n#$ 1\nx y",
            "#@ -9223372036854775808\n#$ 1\n1 1",
        ] {
            assert_eq!(LeapSeconds::read(text), None, "{text}");
        }
    }
}
