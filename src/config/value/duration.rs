//! Lengths of time as people write them: `"15m"`, `"1h30m"`, `"60d"`.

use std::fmt::Write as _;

const UNITS: [(&str, i64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3600), ("m", 60), ("s", 1)];

/// The seconds that `text` means.
///
/// # Errors
/// What is wrong with it, for a message.
pub fn parse(text: &str) -> Result<i64, String> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err("is empty".to_owned());
    }
    if trimmed.starts_with('-') {
        return Err(format!("`{text}` is negative"));
    }
    let mut total: i64 = 0;
    let mut rest = trimmed;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let number: i64 = rest[..digits].parse().map_err(|_| format!("`{text}` is not a length of time"))?;
        rest = &rest[digits..];
        let (unit, seconds) = UNITS.iter().find(|(unit, _)| rest.starts_with(unit)).ok_or_else(|| {
            if rest.is_empty() {
                format!("`{text}` has no unit")
            } else {
                format!("`{text}` is not a length of time")
            }
        })?;
        rest = rest[unit.len()..].trim_start();
        total = number
            .checked_mul(*seconds)
            .and_then(|part| total.checked_add(part))
            .filter(|total| *total <= 366 * 100 * 86_400)
            .ok_or_else(|| format!("`{text}` is longer than a century"))?;
    }
    Ok(total)
}

/// `seconds` as it would be written.
pub fn to_text(seconds: i64) -> String {
    if seconds == 0 {
        return "0s".to_owned();
    }
    let mut left = seconds;
    let mut text = String::new();
    for (unit, size) in &UNITS[1..] {
        if left >= *size {
            let _ = write!(text, "{}{unit}", left / size);
            left %= size;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for (text, seconds) in
            [("15m", 900), ("1h30m", 5400), ("60d", 5_184_000), ("2w", 1_209_600), ("0m", 0), (" 90s ", 90)]
        {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        assert_eq!(to_text(5400), "1h30m");
        assert_eq!(to_text(1_209_600), "14d");
    }

    #[test]
    fn what_is_not_a_length_is_refused_with_the_reason() {
        for text in ["", "15", "m", "15 min", "1.5h", "-5m", "99999999999999w", "ü", "20000000000000000000d"]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert_eq!(parse("15").unwrap_err(), "`15` has no unit");
    }
}
