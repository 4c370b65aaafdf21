//! Inputs made of other inputs: octets and lines changed, words of the target's language put in, inputs joined.

use crate::{Chance, dictionary};

/// Changes of one input at most.
const CHANGES_MAX: usize = 6;

/// Numbers at which something changes.
const NUMBERS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "2",
    "7",
    "12",
    "31",
    "53",
    "60",
    "255",
    "366",
    "9999",
    "4294967295",
    "99999999999999999999",
];

/// Makes inputs for one target.
pub struct Mutator {
    words: Vec<&'static str>,
    octets_max: usize,
}

impl Mutator {
    /// One for the target called `target`, whose inputs have at most `octets_max` octets.
    pub fn new(target: &str, octets_max: usize) -> Self {
        Self { words: dictionary::of(target), octets_max }
    }

    /// `input` with some changes; `others` are inputs that it may be joined with.
    pub fn mutated(&self, input: &[u8], others: &[Vec<u8>], chance: &mut Chance) -> Vec<u8> {
        let mut octets = input.to_vec();
        for _ in 0..=chance.below(CHANGES_MAX) {
            self.change(&mut octets, others, chance);
        }
        octets.truncate(self.octets_max);
        octets
    }

    fn change(&self, octets: &mut Vec<u8>, others: &[Vec<u8>], chance: &mut Chance) {
        let at = chance.below(octets.len() + 1);
        match chance.below(13) {
            0 => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet ^= 1 << chance.below(8);
                }
            }
            1 => {
                if let Some(octet) = octets.get_mut(at) {
                    *octet = chance.draw().to_le_bytes()[0];
                }
            }
            2 => {
                let end = octets.len().min(at + 1 + chance.below(12));
                octets.drain(at..end);
            }
            3 | 4 => {
                let word = chance.one_of(&self.words).copied().unwrap_or_default();
                octets.splice(at..at, word.bytes());
            }
            5 => {
                let word = chance.one_of(&self.words).copied().unwrap_or_default();
                octets.splice(
                    run_at(octets, at, |octet| octet.is_ascii_alphanumeric() || b"-+_".contains(&octet)),
                    word.bytes(),
                );
            }
            6 => {
                let number = chance.one_of(&NUMBERS).copied().unwrap_or_default();
                let from = octets.iter().skip(at).position(u8::is_ascii_digit).map_or(at, |more| at + more);
                octets.splice(run_at(octets, from, |octet| octet.is_ascii_digit()), number.bytes());
            }
            7 => {
                let line = octets[line_at(octets, at)].to_vec();
                let to = line_at(octets, chance.below(octets.len() + 1)).start;
                octets.splice(to..to, line);
            }
            8 => {
                octets.drain(line_at(octets, at));
            }
            9 => {
                let from = line_at(octets, at);
                let line: Vec<u8> = octets.drain(from).collect();
                let to = line_at(octets, chance.below(octets.len() + 1)).start;
                octets.splice(to..to, line);
            }
            10 | 11 => {
                let Some(other) = chance.one_of(others) else { return };
                let line = &other[lines_at(other, chance)];
                let to = line_at(octets, at).start;
                octets.splice(to..to, line.iter().copied());
            }
            _ => {
                let Some(other) = chance.one_of(others) else { return };
                let from = line_at(other, chance.below(other.len() + 1)).start;
                octets.truncate(line_at(octets, at).start);
                octets.extend_from_slice(&other[from..]);
            }
        }
    }
}

/// The octets around `at` that are alike.
fn run_at(octets: &[u8], at: usize, alike: fn(u8) -> bool) -> std::ops::Range<usize> {
    let before = octets[..at].iter().rev().take_while(|octet| alike(**octet)).count();
    let behind = octets[at..].iter().take_while(|octet| alike(**octet)).count();
    at - before..at + behind
}

/// The line around `at`, with its end.
fn line_at(octets: &[u8], at: usize) -> std::ops::Range<usize> {
    let start = octets[..at].iter().rposition(|octet| *octet == b'\n').map_or(0, |end| end + 1);
    let end =
        octets[at..].iter().position(|octet| *octet == b'\n').map_or(octets.len(), |more| at + more + 1);
    start..end
}

/// One line or some.
fn lines_at(octets: &[u8], chance: &mut Chance) -> std::ops::Range<usize> {
    let start = chance.below(octets.len() + 1);
    let end = (start + chance.below(200)).min(octets.len());
    line_at(octets, start).start..line_at(octets, end).end
}
