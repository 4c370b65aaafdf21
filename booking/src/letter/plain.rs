//! The readable text of a letter.

use super::{News, Occasion, Reader, single_line, when};

/// What a letter says, part by part; the HTML form shows the same parts.
pub(super) struct Parts {
    /// `Hello …,`
    pub(super) greeting: String,
    /// What happened, in a sentence.
    pub(super) news: String,
    /// The title.
    pub(super) title: String,
    /// Label and value.
    pub(super) facts: Vec<(&'static str, String)>,
    /// What the invitee wrote, or why it was cancelled: label and several lines.
    pub(super) quote: Option<(&'static str, String)>,
    /// What to do next: a sentence and a link.
    pub(super) link: Option<(&'static str, String)>,
}

/// The parts of a letter to `reader`.
pub(super) fn parts(occasion: &Occasion<'_>, reader: Reader<'_>) -> Parts {
    let booking = occasion.booking;
    let title = single_line(&booking.title);
    let (own, other) = occasion.zones(reader);
    let (start, end) = (occasion.start(), occasion.end());
    let mut facts = vec![("When", when::long(&own, start, end))];
    if own.name() != other.name() {
        let label = match reader {
            Reader::Invitee => "For your host",
            Reader::Account(_) => "For the invitee",
        };
        facts.push((label, when::long(&other, start, end)));
    }
    if let News::Moved { from } = occasion.news {
        facts.push(("Before", when::long(&own, *from, from.plus(end.since(start)))));
    }
    facts.push(match reader {
        Reader::Invitee => ("With", single_line(&occasion.owner.name)),
        Reader::Account(_) => ("With", format!("{} <{}>", single_line(&booking.name), booking.email)),
    });
    if let Some(location) = occasion.location {
        facts.push(("Where", single_line(location)));
    }
    Parts {
        greeting: match reader {
            Reader::Invitee => format!("Hello {},", single_line(&booking.name)),
            Reader::Account(_) => format!("Hello {},", single_line(&occasion.owner.name)),
        },
        news: news(occasion, reader),
        title,
        facts,
        quote: quote(occasion, reader),
        link: link(occasion, reader),
    }
}

fn news(occasion: &Occasion<'_>, reader: Reader<'_>) -> String {
    let name = single_line(&occasion.booking.name);
    match (occasion.news, reader) {
        (News::Booked, Reader::Invitee) => "your booking is confirmed.".to_owned(),
        (News::Booked, Reader::Account(_)) => format!("{name} has booked time with you."),
        (News::Moved { .. }, Reader::Invitee) => "your booking has a new time.".to_owned(),
        (News::Moved { .. }, Reader::Account(_)) => format!("the booking of {name} has a new time."),
        (News::Cancelled(_), Reader::Invitee) => "your booking is cancelled.".to_owned(),
        (News::Cancelled(_), Reader::Account(_)) => format!("the booking of {name} is cancelled."),
    }
}

fn quote(occasion: &Occasion<'_>, reader: Reader<'_>) -> Option<(&'static str, String)> {
    match (occasion.news, reader) {
        (News::Cancelled(reason), _) => reason.clone().map(|reason| ("Reason", reason)),
        _ if occasion.booking.notes.is_empty() => None,
        (_, Reader::Invitee) => Some(("Your notes", occasion.booking.notes.clone())),
        (_, Reader::Account(_)) => Some(("Notes", occasion.booking.notes.clone())),
    }
}

fn link(occasion: &Occasion<'_>, reader: Reader<'_>) -> Option<(&'static str, String)> {
    match (occasion.news, reader) {
        (News::Booked | News::Moved { .. }, Reader::Invitee) => {
            Some(("To move or cancel it:", occasion.manage_link()))
        }
        _ => None,
    }
}

/// The letter as plain text.
pub(super) fn text(occasion: &Occasion<'_>, reader: Reader<'_>) -> String {
    let parts = parts(occasion, reader);
    let mut lines = vec![parts.greeting, String::new(), parts.news, String::new(), parts.title];
    lines.extend(parts.facts.iter().map(|(label, value)| format!("{label}: {value}")));
    if let Some((label, words)) = parts.quote {
        lines.push(String::new());
        lines.push(format!("{label}:"));
        lines.extend(words.lines().map(|line| format!("> {line}")));
    }
    if let Some((sentence, link)) = parts.link {
        lines.push(String::new());
        lines.push(sentence.to_owned());
        lines.push(link);
    }
    lines.push(String::new());
    lines.join("\n")
}
