//! What must be remembered of an object between scheduling messages (RFC 5546 §2.1.5).
//!
//! It stands beside the object, not in X- parameters of it: it must outlive the object (a cancellation that came before
//! its request, or that took the last component away), and clients that write an object anew drop parameters they do
//! not know. Losing it is safe: what is held is then judged by its own SEQUENCE and DTSTAMP.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::address::Address;
use crate::component::Component;
use crate::object::revision;
use crate::time::{DateOrTime, Instant};

/// What orders two revisions of one component: SEQUENCE, then DTSTAMP (RFC 5546 §2.1.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision {
    /// SEQUENCE.
    pub sequence: u32,
    /// DTSTAMP; a component without one is older than any with one.
    pub stamp: Option<Instant>,
}

impl Revision {
    /// What `component` says of itself.
    pub(super) fn of(component: &Component) -> Self {
        let (sequence, stamp) = revision(component);
        Self { sequence, stamp }
    }
}

/// Which part of an object is spoken of. Instances are named by their original start; dates and floating times as if
/// their clocks showed UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum About {
    /// All of it.
    Whole,
    /// One instance.
    Instance(Instant),
    /// One instance and all after it (RANGE=THISANDFUTURE).
    From(Instant),
}

/// A cancellation that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cancellation {
    pub(super) revision: Revision,
    pub(super) organizer: Address,
}

/// For whom something was cancelled. Both may be heard of one thing, and neither makes up for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum For {
    /// For everybody.
    All,
    /// For the recipient, who was taken off the list.
    Recipient,
}

/// The last answer of an attendee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) revision: Revision,
    pub(super) partstat: String,
}

/// What was heard about one UID: of the organizer, the last revision of each component and the cancellations; of the
/// attendees, the last answer about each instance, also of those who were not invited.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// The revision that described each component last, where it was a message that did.
    pub(super) heard: BTreeMap<About, Revision>,
    pub(super) cancelled: BTreeMap<(About, For), Cancellation>,
    /// Instances that METHOD:ADD added.
    pub(super) added: BTreeSet<Instant>,
    pub(super) answers: BTreeMap<(Address, About), Answer>,
    /// Answers of people who are not invited (yet).
    pub(super) uninvited: BTreeMap<(Address, About), Answer>,
}

/// Lines of each sort that are kept at most; those about the earliest instances go first.
const LINES_MAX: usize = 4000;

impl Ledger {
    /// Whether there is nothing to keep.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The ledger as text, one line an entry. [`Self::parse`] reads it back.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        // Writing to a String cannot fail.
        for (about, revision) in &self.heard {
            let _ = writeln!(text, "heard {} {}", about_text(*about), revision_text(*revision));
        }
        for ((about, whom), entry) in &self.cancelled {
            let word = if *whom == For::Recipient { "removed" } else { "cancelled" };
            let (about, revision) = (about_text(*about), revision_text(entry.revision));
            let _ = writeln!(text, "{word} {about} {revision} {}", single_word(entry.organizer.as_str()));
        }
        for at in &self.added {
            let _ = writeln!(text, "added {}", at.to_ical());
        }
        for (word, answers) in [("answer", &self.answers), ("uninvited", &self.uninvited)] {
            for ((who, about), answer) in answers {
                let (about, revision) = (about_text(*about), revision_text(answer.revision));
                let who = single_word(who.as_str());
                let _ = writeln!(text, "{word} {about} {revision} {} {who}", answer.partstat);
            }
        }
        text
    }

    /// Reads what [`Self::to_text`] wrote; a line that cannot be read is as if it had been lost.
    pub fn parse(text: &str) -> Self {
        let mut ledger = Self::default();
        for line in text.lines() {
            let _ = ledger.read_line(line);
        }
        ledger
    }

    fn read_line(&mut self, line: &str) -> Option<()> {
        let mut words = line.split(' ');
        let word = words.next()?;
        let about = words.next()?;
        if word == "added" {
            self.added.insert(instant(about)?);
            return Some(());
        }
        let about = read_about(about)?;
        let sequence = words.next()?.parse().ok()?;
        let stamp = words.next()?;
        let stamp = if stamp == "-" { None } else { Some(instant(stamp)?) };
        let revision = Revision { sequence, stamp };
        match word {
            "heard" => {
                self.heard.insert(about, revision);
            }
            "cancelled" | "removed" => {
                let organizer = address(words.next()?);
                let whom = if word == "removed" { For::Recipient } else { For::All };
                self.cancelled.insert((about, whom), Cancellation { revision, organizer });
            }
            "answer" | "uninvited" => {
                let answer = Answer { revision, partstat: words.next()?.to_owned() };
                let who = (address(words.next()?), about);
                let answers = if word == "answer" { &mut self.answers } else { &mut self.uninvited };
                answers.insert(who, answer);
            }
            _ => return None,
        }
        Some(())
    }

    /// Keeps it small, whoever sends however much.
    pub(super) fn bound(&mut self) {
        let excess = self.heard.len().saturating_sub(LINES_MAX);
        let early = self.heard.keys().filter(|about| **about != About::Whole).take(excess);
        for about in early.copied().collect::<Vec<_>>() {
            self.heard.remove(&about);
        }
        let excess = self.cancelled.len().saturating_sub(LINES_MAX);
        let early = self.cancelled.keys().filter(|(about, _)| *about != About::Whole).take(excess);
        for key in early.copied().collect::<Vec<_>>() {
            self.cancelled.remove(&key);
        }
        while self.added.len() > LINES_MAX {
            self.added.pop_first();
        }
        for answers in [&mut self.answers, &mut self.uninvited] {
            while answers.len() > LINES_MAX {
                answers.pop_first();
            }
        }
    }
}

fn about_text(about: About) -> String {
    match about {
        About::Whole => "whole".to_owned(),
        About::Instance(at) => at.to_ical(),
        About::From(at) => format!("{}+", at.to_ical()),
    }
}

fn read_about(text: &str) -> Option<About> {
    if text == "whole" {
        return Some(About::Whole);
    }
    match text.strip_suffix('+') {
        Some(at) => instant(at).map(About::From),
        None => instant(text).map(About::Instance),
    }
}

fn revision_text(revision: Revision) -> String {
    let stamp = revision.stamp.map_or_else(|| "-".to_owned(), Instant::to_ical);
    format!("{} {stamp}", revision.sequence)
}

fn instant(text: &str) -> Option<Instant> {
    match DateOrTime::parse(text)? {
        DateOrTime::Utc(instant) => Some(instant),
        _ => None,
    }
}

/// White space and `%` in an address, written so that it is one word.
fn single_word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_whitespace() || character.is_control() || character == '%' {
            let _ = write!(word, "%{{{:x}}}", u32::from(character));
        } else {
            word.push(character);
        }
    }
    if word.is_empty() { "%{}".to_owned() } else { word }
}

fn address(word: &str) -> Address {
    let mut text = String::new();
    let mut rest = word;
    while let Some((before, after)) = rest.split_once("%{") {
        let Some((code, after)) = after.split_once('}') else { break };
        text.push_str(before);
        text.extend(u32::from_str_radix(code, 16).ok().and_then(char::from_u32));
        rest = after;
    }
    text.push_str(rest);
    Address::parse(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let (at, stamp) = (Instant::from_unix(1_782_864_000), Some(Instant::from_unix(5)));
        let mut ledger = Ledger::default();
        assert!(ledger.is_empty() && ledger.to_text().is_empty());
        ledger.heard.insert(About::Whole, Revision { sequence: 3, stamp: None });
        ledger.heard.insert(About::Instance(at), Revision { sequence: 4, stamp });
        let organizer = Address::parse("urn:x:a b%{20}\u{a0}c");
        for key in [(About::From(at), For::All), (About::Whole, For::All), (About::Whole, For::Recipient)] {
            let revision = Revision { sequence: 7, stamp };
            ledger.cancelled.insert(key, Cancellation { revision, organizer: organizer.clone() });
        }
        ledger.added.insert(at);
        for who in ["mailto:ada@x", "", "mailto:two words@x"] {
            let answer =
                Answer { revision: Revision { sequence: 0, stamp }, partstat: "ACCEPTED".to_owned() };
            ledger.answers.insert((Address::parse(who), About::Instance(at)), answer.clone());
            ledger.uninvited.insert((Address::parse(who), About::Whole), answer);
        }
        assert_eq!(Ledger::parse(&ledger.to_text()), ledger, "{}", ledger.to_text());
        assert!(Ledger::parse("heard\nanswer whole x\nadded 1\n\nnonsense whole 1 -\n").is_empty());
    }
}
