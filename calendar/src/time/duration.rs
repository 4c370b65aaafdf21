//! DURATION: days by the clock and exact seconds (RFC 5545 §3.3.6).

/// A DURATION value (RFC 5545 §3.3.6): days by the clock, the rest exact.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Duration {
    /// Weeks and days, in days of the clock; negative for a negative duration.
    pub days: i64,
    /// Hours, minutes and seconds, in seconds; negative likewise.
    pub seconds: i64,
}

impl Duration {
    /// Reads `P1W`, `P1DT2H`, `-PT15M`; leniently also weeks and days together, lower case and a missing `T`.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_uppercase();
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(&text)),
        };
        let mut duration = Self::default();
        let mut number: Option<i64> = None;
        for character in rest.strip_prefix('P')?.chars() {
            if let Some(digit) = character.to_digit(10) {
                number = Some(number.unwrap_or(0).checked_mul(10)?.checked_add(i64::from(digit))?);
                continue;
            }
            if character == 'T' && number.is_none() {
                continue;
            }
            let amount = number.take()?.checked_mul(sign)?;
            let (total, unit) = match character {
                'W' => (&mut duration.days, 7),
                'D' => (&mut duration.days, 1),
                'H' => (&mut duration.seconds, 3600),
                'M' => (&mut duration.seconds, 60),
                'S' => (&mut duration.seconds, 1),
                _ => return None,
            };
            *total = total.checked_add(amount.checked_mul(unit)?)?;
        }
        (number.is_none() && rest.len() > 1).then_some(duration)
    }

    /// Its length in seconds where every day has 24 hours.
    pub const fn nominal_seconds(self) -> i64 {
        self.days.saturating_mul(86_400).saturating_add(self.seconds)
    }

    /// Whether it points back in time.
    pub const fn is_negative(self) -> bool {
        self.nominal_seconds() < 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let parsed = |text: &str| Duration::parse(text).map(|duration| (duration.days, duration.seconds));
        assert_eq!(parsed("P1W"), Some((7, 0)));
        assert_eq!(parsed("P1DT2H3M4S"), Some((1, 7384)));
        assert_eq!(parsed("-PT15M"), Some((0, -900)));
        assert_eq!(parsed("+p1w1d"), Some((8, 0)));
        assert_eq!(parsed("PT0S"), Some((0, 0)));
        for text in
            ["", "P", "-P", "1H", "PT5", "P1X", "PTH", "P99999999999999999999D", "P9223372036854775807W"]
        {
            assert_eq!(parsed(text), None, "{text}");
        }
        assert!(Duration::parse("-P1D").is_some_and(Duration::is_negative));
    }
}
