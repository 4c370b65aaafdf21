//! Texts of calendars compared with their DTSTAMP lines left out.

use sha2::{Digest, Sha256};

use crate::reading::hex;

/// A hash of the text without its DTSTAMP lines: some publishers (Google) stamp every event anew for every request,
/// which changes nothing.
pub fn fingerprint(text: &[u8]) -> String {
    let mut hash = Sha256::new();
    for line in text.split_inclusive(|octet| *octet == b'\n') {
        if !is_stamp(line) {
            hash.update(line);
        }
    }
    hex(&hash.finalize()[..16])
}

/// Whether two texts of one object say the same apart from DTSTAMP.
pub fn same_but_stamp(one: &[u8], other: &[u8]) -> bool {
    let lines =
        |text| <[u8]>::split(text, |octet: &u8| *octet == b'\n').filter(|line: &&[u8]| !is_stamp(line));
    lines(one).eq(lines(other))
}

fn is_stamp(line: &[u8]) -> bool {
    line.len() > 7 && line[..7].eq_ignore_ascii_case(b"DTSTAMP") && matches!(line[7], b':' | b';')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_stamp_is_no_change() {
        let one = b"BEGIN:VEVENT\r\nDTSTAMP:20260101T000000Z\r\nUID:a\r\nEND:VEVENT\r\n";
        let other = b"BEGIN:VEVENT\r\nDTSTAMP;X=1:20260201T000000Z\r\nUID:a\r\nEND:VEVENT\r\n";
        let third = b"BEGIN:VEVENT\r\nDTSTAMPX:20260201T000000Z\r\nUID:b\r\nEND:VEVENT\r\n";
        assert_eq!(fingerprint(one), fingerprint(other));
        assert_ne!(fingerprint(one), fingerprint(third));
        assert!(same_but_stamp(one, other));
        assert!(!same_but_stamp(one, third));
        assert!(!same_but_stamp(one, &one[..one.len() - 14]));
    }
}
