//! Octets to text: UTF-8 as it is, UTF-16, and windows-1252 for lines that are neither.
//!
//! A fold may stand inside a UTF-8 sequence (RFC 5545 §3.1 folds octets), so a line is judged unfolded.

use super::lines::{Lines, unfold_octets};
use super::serialise::fold;
use crate::warning::{Warning, WarningKind};

/// The text, and what was read around to get it. Valid UTF-8 comes back unchanged.
pub(super) fn decode(octets: &[u8]) -> (String, Vec<Warning>) {
    if let Some(text) = decode_utf16(octets) {
        let warning = Warning::new(WarningKind::Utf16, 1, "UTF-16");
        return (text, vec![warning]);
    }
    match std::str::from_utf8(octets) {
        Ok(text) => (text.to_owned(), Vec::new()),
        Err(_) => decode_lines(octets),
    }
}

/// UTF-16 by its byte order mark, or by the zero octets that its ASCII has.
fn decode_utf16(octets: &[u8]) -> Option<String> {
    let (units, big): (&[u8], bool) = match octets {
        [0xff, 0xfe, rest @ ..] => (rest, false),
        [0xfe, 0xff, rest @ ..] => (rest, true),
        [1..=0x7f, 0, 1..=0x7f, 0, ..] => (octets, false),
        [0, 1..=0x7f, 0, 1..=0x7f, ..] => (octets, true),
        _ => return None,
    };
    let units = units.chunks_exact(2).map(|pair| {
        let pair = [pair[0], pair[1]];
        if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }
    });
    Some(char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect())
}

fn decode_lines(octets: &[u8]) -> (String, Vec<Warning>) {
    let mut text = String::with_capacity(octets.len() + octets.len() / 8);
    let mut first: [Option<Warning>; 2] = [None, None];
    let mut copied = 0;
    for line in Lines::new(octets) {
        // What stands between lines is line ends only.
        text.extend(octets[copied..line.octets.start].iter().map(|octet| char::from(*octet)));
        copied = line.octets.end;
        let raw = &octets[line.octets.clone()];
        if let Ok(valid) = std::str::from_utf8(raw) {
            text.push_str(valid);
        } else if let Ok(joined) = String::from_utf8(unfold_octets(raw)) {
            first[0].get_or_insert(Warning::new(WarningKind::SplitCharacter, line.number, &joined));
            text.push_str(&fold(&joined));
        } else {
            let decoded: String = raw.iter().map(|octet| windows_1252(*octet)).collect();
            first[1].get_or_insert(Warning::new(WarningKind::NotUtf8, line.number, &decoded));
            text.push_str(&decoded);
        }
    }
    text.extend(octets[copied..].iter().map(|octet| char::from(*octet)));
    (text, first.into_iter().flatten().collect())
}

/// The characters 0x80 to 0x9f of windows-1252; the five holes stay the control characters of Latin-1.
const HIGH_CONTROLS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

fn windows_1252(octet: u8) -> char {
    match octet {
        0x80..=0x9f => HIGH_CONTROLS[usize::from(octet - 0x80)],
        _ => char::from(octet),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(warnings: &[Warning]) -> Vec<WarningKind> {
        warnings.iter().map(|warning| warning.kind).collect()
    }

    #[test]
    fn utf8_stays() {
        let text = "\u{feff}SUMMARY:Gr\u{fc}\u{df}e\r\n";
        assert_eq!(decode(text.as_bytes()), (text.to_owned(), Vec::new()));
    }

    #[test]
    fn utf16_with_and_without_mark() {
        let text = "BEGIN:VCALENDAR\r\nSUMMARY:Gr\u{fc}\u{df}e \u{1f600}\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for octets in [[&[0xff, 0xfe][..], &little].concat(), [&[0xfe, 0xff][..], &big].concat(), little, big]
        {
            let (read, warnings) = decode(&octets);
            assert_eq!(read, text);
            assert_eq!(kinds(&warnings), [WarningKind::Utf16]);
        }
    }

    #[test]
    fn each_line_by_itself() {
        let octets = b"A:Gr\xfc\xdfe \x80\r\nB:\xc3\r\n \xbc\r\nC:\xc3\xbc\r\n";
        let (text, warnings) = decode(octets);
        assert_eq!(text, "A:Gr\u{fc}\u{df}e \u{20ac}\r\nB:\u{fc}\r\nC:\u{fc}\r\n");
        assert_eq!(kinds(&warnings), [WarningKind::SplitCharacter, WarningKind::NotUtf8]);
    }
}
