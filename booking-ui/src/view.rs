//! What several pages show: the frame, the panel about an event type, a moment in a zone, links.

use aggregator::owner::Owner;
use booking::event_type::EventType;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

use crate::choice::{self, Choice};
use crate::english::{self, Clock};
use crate::{asset, zones};

/// Characters of a description that stand before its "More".
const DESCRIPTION_CHARS_SHOWN: usize = 480;

/// What stands around every page.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Title of the window.
    pub(crate) title: String,
    /// Whether search engines may keep it.
    pub(crate) robots: Robots,
    /// What a screen reader is told when the page replaces another.
    pub(crate) said: String,
    /// The zone of the times shown, where the visitor may choose it.
    pub(crate) zone: Option<String>,
}

/// What search engines may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Robots {
    /// Keep it.
    Index,
    /// Leave it.
    NoIndex,
}

impl Frame {
    /// A frame that is not indexed and announces its title.
    pub(crate) fn titled(title: impl Into<String>) -> Self {
        let title = title.into();
        Self { said: title.clone(), title, robots: Robots::NoIndex, zone: None }
    }

    /// The address of an asset.
    #[allow(clippy::unused_self, reason = "templates reach functions through what they are given")]
    pub(crate) fn asset(&self, name: &str) -> &'static str {
        asset::href(name)
    }

    /// Whether search engines must leave it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.robots == Robots::NoIndex
    }
}

/// A link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// What it says.
    pub(crate) text: String,
    /// Where it leads.
    pub(crate) href: String,
    /// Whether it leads to where one is.
    pub(crate) current: bool,
}

impl Link {
    /// A link to elsewhere.
    pub(crate) fn new(text: impl Into<String>, href: impl Into<String>) -> Self {
        Self { text: text.into(), href: href.into(), current: false }
    }
}

/// The panel about an event type.
#[derive(Clone, Debug)]
pub(crate) struct Panel {
    /// Initials of the owner.
    pub(crate) initials: String,
    /// The owner's name.
    pub(crate) owner: String,
    /// The owner's page.
    pub(crate) owner_href: String,
    /// Title of the event type.
    pub(crate) title: String,
    /// The length, where there is one only.
    pub(crate) length: String,
    /// The lengths to choose from, where there are several.
    pub(crate) lengths: Vec<Link>,
    /// Where it takes place.
    pub(crate) place: Option<String>,
    /// The description's first paragraphs.
    pub(crate) paragraphs: Vec<String>,
    /// And the rest of them.
    pub(crate) more: Vec<String>,
}

impl Panel {
    /// The panel about `event_type` of `owner`, for `duration` seconds.
    pub(crate) fn new(owner: &Owner, event_type: &EventType, duration: i64, choice: &Choice) -> Self {
        let (paragraphs, more) = paragraphs(&event_type.description);
        Self {
            initials: english::initials(&owner.name),
            owner: owner.name.clone(),
            owner_href: choice.lasting().href(&choice::path(&[&owner.id])),
            title: event_type.title.clone(),
            length: english::length(duration),
            lengths: Vec::new(),
            place: event_type.location.as_deref().map(public_place),
            paragraphs,
            more,
        }
    }

    /// The same with a choice of lengths on the page at `path`, where there are several.
    #[must_use]
    pub(crate) fn with_lengths(mut self, event_type: &EventType, choice: &Choice, path: &str) -> Self {
        let [_, _, ..] = event_type.durations.as_slice() else { return self };
        let current = choice.duration.or_else(|| event_type.durations.first().copied());
        let link = |&seconds: &i64| Link {
            text: english::length(seconds),
            href: Choice { duration: Some(seconds), ..choice.clone() }.href(path),
            current: Some(seconds) == current,
        };
        // The default stands first in the settings; people look for them by length.
        let mut durations = event_type.durations.clone();
        durations.sort_unstable();
        self.lengths = durations.iter().map(link).collect();
        self
    }
}

/// Where it takes place, as anyone may read it: the address of a call is for those who booked.
fn public_place(location: &str) -> String {
    if is_link(location) {
        "Online – the link comes with the invitation".to_owned()
    } else {
        location.to_owned()
    }
}

/// Whether a location is the address of a page.
pub(crate) fn is_link(location: &str) -> bool {
    let lower = location.trim().to_ascii_lowercase();
    let schemed = lower.starts_with("https://") || lower.starts_with("http://");
    schemed && !lower.contains(char::is_whitespace)
}

/// The paragraphs of a description, in two parts.
fn paragraphs(description: &str) -> (Vec<String>, Vec<String>) {
    let text = description.replace("\r\n", "\n");
    let mut shown = Vec::new();
    let mut more = Vec::new();
    let mut characters = 0;
    for paragraph in text.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()) {
        characters += paragraph.chars().count();
        if shown.is_empty() || (more.is_empty() && characters <= DESCRIPTION_CHARS_SHOWN) {
            shown.push(paragraph.to_owned());
        } else {
            more.push(paragraph.to_owned());
        }
    }
    (shown, more)
}

/// A span of time as someone in a zone reads it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct When {
    /// `Tuesday 24 November 2026`.
    pub(crate) date: String,
    /// `09:00–09:30`, with what else it takes to be clear.
    pub(crate) times: String,
    /// `09:00`.
    pub(crate) start: String,
    /// `Tue 24 Nov`.
    pub(crate) short_date: String,
    /// `America/New York (UTC−5)`.
    pub(crate) zone: String,
    /// IANA name.
    pub(crate) zone_name: String,
    /// `2026-11-24T09:00:00Z`, for machines.
    pub(crate) machine: String,
}

impl When {
    /// `span` in `zone`.
    pub(crate) fn new(span: Span, zone: &Zone, clock: Clock) -> Self {
        let start = zone.local_of(span.start);
        Self {
            date: english::long_date(start.date()),
            times: times(span, zone, clock),
            start: english::clock_time(start, clock),
            short_date: english::short_date(start.date()),
            zone: zone_at(zone, span.start),
            zone_name: zone.name().to_owned(),
            machine: span.start.to_string(),
        }
    }
}

/// `America/New York (UTC−5)`: the zone with the offset valid at `at`.
pub(crate) fn zone_at(zone: &Zone, at: Instant) -> String {
    format!("{} ({})", zones::display(zone), english::offset(zone.offset_at(at)))
}

/// `09:00–09:30`; with the date where it ends on another, with both offsets where the clocks change in between.
fn times(span: Span, zone: &Zone, clock: Clock) -> String {
    let (start, end) = (zone.local_of(span.start), zone.local_of(span.end));
    let (from, to) = (english::clock_time(start, clock), english::clock_time(end, clock));
    let (before, after) = (zone.offset_at(span.start), zone.offset_at(span.end));
    if before != after {
        return format!("{from} ({})–{to} ({})", english::offset(before), english::offset(after));
    }
    // Midnight is read as the end of the day that it ends.
    let last = zone.local_of(span.end.plus(-1).max(span.start)).date();
    if last == start.date() {
        format!("{from}–{to}")
    } else {
        format!("{from}–{to} ({})", english::short_date(end.date()))
    }
}

#[cfg(test)]
mod tests {
    use calendar::civil::date;

    use super::*;

    fn when(zone: &str, start: &str, minutes: i64) -> When {
        let start = Instant::from_utc(start.parse().unwrap());
        When::new(Span::new(start, start.plus(minutes * 60)), &Zone::iana(zone).unwrap(), Clock::Hours24)
    }

    #[test]
    fn a_moment_names_zone_and_offset() {
        let kathmandu = when("Asia/Kathmandu", "2026-11-24T09:00:00", 30);
        assert_eq!(kathmandu.times, "14:45–15:15");
        assert_eq!(kathmandu.zone, "Asia/Kathmandu (UTC+5:45)");
        let new_york = when("America/New_York", "2026-11-24T03:00:00", 30);
        assert_eq!(new_york.date, "Monday 23 November 2026");
        assert_eq!(new_york.times, "22:00–22:30");
        assert_eq!(new_york.zone, "America/New York (UTC\u{2212}5)");
        let lord_howe = when("Australia/Lord_Howe", "2026-11-24T09:00:00", 30);
        assert_eq!(lord_howe.times, "20:00–20:30");
        assert_eq!(lord_howe.zone, "Australia/Lord Howe (UTC+11)");
        assert_eq!(
            when("Australia/Lord_Howe", "2026-07-24T09:00:00", 30).zone,
            "Australia/Lord Howe (UTC+10:30)"
        );
    }

    #[test]
    fn spans_over_midnight_and_over_a_change_of_clocks_are_clear() {
        assert_eq!(when("UTC", "2026-11-24T23:30:00", 60).times, "23:30–00:30 (Wed 25 Nov)");
        assert_eq!(when("UTC", "2026-11-24T23:30:00", 30).times, "23:30–00:00");
        // Paris puts its clocks back at 03:00 on 31 October 2027.
        assert_eq!(when("Europe/Paris", "2027-10-31T00:30:00", 60).times, "02:30 (UTC+2)–02:30 (UTC+1)");
        assert_eq!(when("Europe/Paris", "2027-10-31T00:00:00", 30).zone, "Europe/Paris (UTC+2)");
        assert_eq!(when("Europe/Paris", "2027-10-31T01:00:00", 30).zone, "Europe/Paris (UTC+1)");
        // Half an hour on Lord Howe Island: back from 02:00 to 01:30 on 4 April 2027.
        assert_eq!(
            when("Australia/Lord_Howe", "2027-04-03T14:45:00", 30).times,
            "01:45 (UTC+11)–01:45 (UTC+10:30)"
        );
        assert_eq!(date(2027, 4, 4).weekday(), calendar::civil::Weekday::Sunday);
    }

    #[test]
    fn a_long_description_is_cut_between_paragraphs() {
        let long = "x".repeat(DESCRIPTION_CHARS_SHOWN);
        let (shown, more) = paragraphs(&format!("First.\r\n\r\nSecond.\n\n\n{long}\n\nLast."));
        assert_eq!(shown, ["First.", "Second."]);
        assert_eq!(more, [long.as_str(), "Last."]);
        assert_eq!(paragraphs(&long).0, [long.as_str()], "one paragraph is never cut");
        assert_eq!(paragraphs(""), (vec![], vec![]));
    }

    #[test]
    fn the_address_of_a_call_is_not_public() {
        assert!(!public_place("https://meet.example/secret").contains("secret"));
        assert_eq!(public_place("Room 5"), "Room 5");
        assert!(!is_link("javascript:alert(1)"));
        assert!(!is_link("see https://x.example"));
    }
}
