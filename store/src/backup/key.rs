//! The key that backups are sealed with.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};

/// Octets of a key.
const KEY_OCTETS: usize = 32;

/// A key of 32 octets. It is shown nowhere.
#[derive(Clone)]
pub struct BackupKey([u8; KEY_OCTETS]);

impl BackupKey {
    /// Reads 32 octets in base64 (either alphabet, padded or not) or hexadecimal; white space around them is ignored.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let decoded = if text.len() == 2 * KEY_OCTETS {
            hexadecimal(text)?
        } else {
            [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
                .iter()
                .find_map(|form| form.decode(text).ok())?
        };
        decoded.try_into().ok().map(Self)
    }

    /// A key of these octets.
    pub const fn of(octets: [u8; KEY_OCTETS]) -> Self {
        Self(octets)
    }

    pub(super) const fn octets(&self) -> &[u8; KEY_OCTETS] {
        &self.0
    }
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    let digit = |octet: u8| char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes().chunks(2).map(|pair| Some(digit(pair[0])? << 4 | digit(*pair.get(1)?)?)).collect()
}

impl fmt::Debug for BackupKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("BackupKey")
    }
}

impl fmt::Debug for super::Extra {
    /// Its content may hold secrets.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Extra({}, {} octets)", self.name, self.octets.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_in_every_usual_form() {
        let octets: [u8; KEY_OCTETS] = std::array::from_fn(|at| u8::try_from(at * 8 + 3).unwrap());
        let digits = super::super::seal::hexadecimal(&octets);
        let forms = [
            digits.clone(),
            digits.to_uppercase(),
            STANDARD.encode(octets),
            STANDARD_NO_PAD.encode(octets),
            URL_SAFE.encode(octets),
            format!("  {}\n", URL_SAFE_NO_PAD.encode(octets)),
        ];
        for form in forms {
            assert_eq!(BackupKey::parse(&form).map(|key| key.0), Some(octets), "{form}");
        }
    }

    #[test]
    fn what_has_not_32_octets_is_no_key() {
        let short = STANDARD.encode([1; 31]);
        let long = STANDARD.encode([1; 33]);
        let odd = "0".repeat(63);
        let no_digits = "é".repeat(32);
        for text in ["", "secret", &short, &long, &odd, &no_digits, &"g".repeat(64)] {
            assert!(BackupKey::parse(text).is_none(), "{text}");
        }
    }
}
