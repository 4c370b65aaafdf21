//! When a certificate is valid, read from its DER (RFC 5280 §4.1).

use calendar::time::Instant;

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// From when to when a certificate is valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first instant.
    pub from: Instant,
    /// The last instant.
    pub until: Instant,
}

impl Validity {
    /// Reads it from a certificate; `None` if this is none.
    pub fn of(certificate: &[u8]) -> Option<Self> {
        let (SEQUENCE, certificate, _) = element(certificate)? else { return None };
        let (SEQUENCE, signed, _) = element(certificate)? else { return None };
        let (tag, _, after) = element(signed)?;
        let rest = if tag == VERSION { after } else { signed };
        let rest = skip(rest, INTEGER)?; // serialNumber
        let rest = skip(rest, SEQUENCE)?; // signature
        let rest = skip(rest, SEQUENCE)?; // issuer
        let (SEQUENCE, validity, _) = element(rest)? else { return None };
        let (tag, from, rest) = element(validity)?;
        let from = instant(tag, from)?;
        let (tag, until, _) = element(rest)?;
        Some(Self { from, until: instant(tag, until)? })
    }

    /// Whether it holds at `now`.
    pub fn holds(self, now: Instant) -> bool {
        self.from <= now && now <= self.until
    }
}

/// The first element: its tag, its content, and what follows it.
fn element(octets: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = octets.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 {
            return None;
        }
        (digits.iter().fold(0_usize, |length, digit| (length << 8) | usize::from(*digit)), rest)
    };
    let (content, after) = rest.split_at_checked(length)?;
    Some((tag, content, after))
}

/// What follows an element that must have this tag.
fn skip(octets: &[u8], tag: u8) -> Option<&[u8]> {
    element(octets).filter(|(found, _, _)| *found == tag).map(|(_, _, after)| after)
}

/// `YYMMDDHHMMSSZ` (years 1950 to 2049) or `YYYYMMDDHHMMSSZ`.
fn instant(tag: u8, text: &[u8]) -> Option<Instant> {
    let digits = text.strip_suffix(b"Z")?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let (year, rest) = match (tag, digits.len()) {
        (UTC_TIME, 12) => {
            let (year, rest) = digits.split_at(2);
            let year = number(year);
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        (GENERALIZED_TIME, 14) => {
            let (year, rest) = digits.split_at(4);
            (number(year), rest)
        }
        _ => return None,
    };
    let parts: Vec<i8> = rest.chunks(2).filter_map(|pair| i8::try_from(number(pair)).ok()).collect();
    let [month, day, hour, minute, second] = parts[..] else { return None };
    let reading = jiff::civil::DateTime::new(year, month, day, hour, minute, second, 0).ok()?;
    Some(Instant::from_utc(reading))
}

/// Two or four digits.
fn number(digits: &[u8]) -> i16 {
    digits.iter().fold(0, |number, digit| number * 10 + i16::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(from: (i32, u8, u8), until: (i32, u8, u8)) -> Vec<u8> {
        let mut params = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(from.0, from.1, from.2);
        params.not_after = rcgen::date_time_ymd(until.0, until.1, until.2);
        let key = rcgen::KeyPair::generate().unwrap();
        params.self_signed(&key).unwrap().der().to_vec()
    }

    #[test]
    fn both_ways_to_write_a_time_are_read() {
        // From 2050 on years have four digits (RFC 5280 §4.1.2.5).
        let found = Validity::of(&made((1999, 12, 31), (2050, 1, 2))).unwrap();
        assert_eq!(found.from.to_string(), "1999-12-31T00:00:00Z");
        assert_eq!(found.until.to_string(), "2050-01-02T00:00:00Z");
        assert!(found.holds(found.from) && found.holds(found.until));
        assert!(!found.holds(found.until.plus(1)) && !found.holds(found.from.plus(-1)));
    }

    #[test]
    fn what_is_cut_or_changed_is_no_certificate_and_no_panic() {
        let whole = made((2020, 1, 1), (2030, 1, 1));
        for length in 0..whole.len().min(200) {
            assert_eq!(Validity::of(&whole[..length]), None);
        }
        for at in 0..200 {
            let mut broken = whole.clone();
            broken[at] = 0xff;
            let _ = Validity::of(&broken);
        }
    }
}
