//! The parts of DATE and DATE-TIME values, as the field writes them (RFC 5545 §3.3.4, §3.3.5).

use std::borrow::Cow;

use crate::civil;

/// `20260701` or `2026-07-01`.
pub(super) fn date(text: &str) -> Option<civil::Date> {
    let octets = text.as_bytes();
    let (month, day) = match octets.len() {
        8 => (4, 6),
        10 if octets[4] == b'-' && octets[7] == b'-' => (5, 8),
        _ => return None,
    };
    let number = |from: usize, length: usize| {
        let digits = text.get(from..from + length)?;
        digits.bytes().all(|octet| octet.is_ascii_digit()).then(|| digits.parse::<i16>().ok()).flatten()
    };
    civil::Date::new(
        number(0, 4)?,
        i8::try_from(number(month, 2)?).ok()?,
        i8::try_from(number(day, 2)?).ok()?,
    )
    .ok()
}

/// ` 9 530`, as careless programs print it, with its zeros.
pub(super) fn with_zeros(clock: &str) -> Cow<'_, str> {
    match clock.split_at_checked(6) {
        Some((six, rest))
            if six.contains(' ')
                && six
                    .bytes()
                    .enumerate()
                    .all(|(at, octet)| octet.is_ascii_digit() || (octet == b' ' && at.is_multiple_of(2))) =>
        {
            Cow::Owned(format!("{}{rest}", six.replace(' ', "0")))
        }
        _ => Cow::Borrowed(clock),
    }
}

/// `090000`, `0900`, `09:00:00` on `date`.
pub(super) fn clock(date: civil::Date, text: &str) -> Option<civil::DateTime> {
    let digits: String = text.chars().filter(|character| *character != ':').collect();
    if !matches!(digits.len(), 4 | 6) {
        return None;
    }
    let part = |at: usize| digits.get(at..at + 2).map_or(Some(0), |two| two.parse::<i8>().ok());
    let (hour, minute, second) = (part(0)?, part(2)?, part(4)?.min(59));
    if (hour, minute, second) == (24, 0, 0) {
        return Some(date.tomorrow().ok()?.to_datetime(civil::Time::midnight()));
    }
    civil::DateTime::new(date.year(), date.month(), date.day(), hour, minute, second, 0).ok()
}

/// `+0200` or `-05:30`, in seconds.
pub(super) fn offset(text: &str) -> Option<i64> {
    let (sign, digits) =
        if let Some(digits) = text.strip_prefix('+') { (1, digits) } else { (-1, text.strip_prefix('-')?) };
    let digits: String = digits.chars().filter(|character| *character != ':').collect();
    let number: i64 = if digits.len() == 4 { digits.parse().ok()? } else { return None };
    (number <= 2400 && number % 100 < 60).then_some(sign * (number / 100 * 3600 + number % 100 * 60))
}
