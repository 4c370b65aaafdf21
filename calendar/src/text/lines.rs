//! Logical lines: where each begins and ends, its folds included (RFC 5545 §3.1).
//!
//! A line ends in CRLF, or, in the field, in a bare LF or CR. Empty lines stand for nothing, also inside a fold (some
//! writers end lines in CR CR LF).

use std::ops::Range;

/// One logical line: all its octets up to and with its last line end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Line {
    /// Where it stands.
    pub(crate) octets: Range<usize>,
    /// The number of its first physical line, from 1.
    pub(crate) number: u32,
    /// Whether it consists of several physical lines.
    pub(crate) folded: bool,
}

/// The logical lines of a text, in order, empty ones left out.
pub(crate) struct Lines<'a> {
    octets: &'a [u8],
    at: usize,
    number: u32,
    /// The first line that does not end in CRLF, if one was seen.
    pub(crate) bare_end: Option<u32>,
}

impl<'a> Lines<'a> {
    pub(crate) fn new(octets: &'a [u8]) -> Self {
        Self { octets, at: 0, number: 1, bare_end: None }
    }

    /// Steps over one physical line; gives the length of its content.
    fn step(&mut self) -> usize {
        let rest = &self.octets[self.at..];
        let content = rest.iter().position(|octet| matches!(octet, b'\r' | b'\n')).unwrap_or(rest.len());
        let end = match rest.get(content..) {
            Some([b'\r', b'\n', ..]) => 2,
            Some([_, ..]) => {
                self.bare_end.get_or_insert(self.number);
                1
            }
            _ => 0,
        };
        self.at += content + end;
        self.number = self.number.saturating_add(1);
        content
    }

    /// Steps over empty lines; whether what stands behind them continues the line before.
    fn continues(&mut self) -> bool {
        while let Some(octet) = self.octets.get(self.at) {
            match octet {
                b'\r' | b'\n' => {
                    self.step();
                }
                b' ' | b'\t' => return true,
                _ => return false,
            }
        }
        false
    }
}

impl Iterator for Lines<'_> {
    type Item = Line;

    fn next(&mut self) -> Option<Line> {
        // A continuation with nothing before it is a line of its own.
        while matches!(self.octets.get(self.at), Some(b'\r' | b'\n')) {
            self.step();
        }
        self.octets.get(self.at)?;
        let (start, number) = (self.at, self.number);
        self.step();
        let mut end = self.at;
        let mut folded = false;
        while self.continues() {
            self.step();
            end = self.at;
            folded = true;
        }
        Some(Line { octets: start..end, number, folded })
    }
}

/// The content of a logical line: without line ends, and without the space or tab behind each.
pub(crate) fn unfold_octets(line: &[u8]) -> Vec<u8> {
    let mut content = Vec::with_capacity(line.len());
    let mut at_start = false;
    for &octet in line {
        match octet {
            b'\r' | b'\n' => at_start = true,
            b' ' | b'\t' if at_start => at_start = false,
            _ => {
                at_start = false;
                content.push(octet);
            }
        }
    }
    content
}

/// The content of a logical line of text.
pub(crate) fn unfold(line: &str) -> String {
    let mut content = String::with_capacity(line.len());
    let mut at_start = false;
    for physical in line.split(['\r', '\n']) {
        content.push_str(if at_start {
            physical.strip_prefix([' ', '\t']).unwrap_or(physical)
        } else {
            physical
        });
        at_start = true;
    }
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(text: &str) -> Vec<(u32, String)> {
        Lines::new(text.as_bytes()).map(|line| (line.number, unfold(&text[line.octets]))).collect()
    }

    #[test]
    fn every_line_end_counts() {
        let lines = contents("A:1\r\nB:2\nC:3\rD:4\r\r\n E\r\n\r\nF:5");
        let expected = [(1, "A:1"), (2, "B:2"), (3, "C:3"), (4, "D:4E"), (8, "F:5")];
        assert_eq!(lines, expected.map(|(number, text)| (number, text.to_owned())));
    }

    #[test]
    fn only_one_space_goes() {
        assert_eq!(
            contents("A:1\r\n  2\r\n\t3\r\n \r\nB:4\r\n"),
            [(1, "A:1 23".to_owned()), (5, "B:4".to_owned())]
        );
        assert_eq!(unfold_octets(b"A:1\r\n  2\r\n"), b"A:1 2");
    }

    #[test]
    fn bare_line_ends_are_noticed() {
        let mut lines = Lines::new(b"A:1\r\nB:2\nC:3\n");
        assert_eq!(lines.by_ref().count(), 3);
        assert_eq!(lines.bare_end, Some(2));
    }
}
