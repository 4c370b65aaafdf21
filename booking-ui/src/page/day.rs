//! The free times of one day as links, grouped, and told apart where the clocks change.

use booking::slot::Slot;
use calendar::civil::DateTime;
use calendar::zone::Zone;

use crate::choice::Choice;
use crate::english::{self, Clock};
use crate::zones;

/// More times than this stand under headings.
const TIMES_UNGROUPED_MAX: usize = 8;

/// A free time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Time {
    /// `09:00`.
    pub(crate) text: String,
    /// `UTC+2`, on a day on which the clocks change; else empty.
    pub(crate) offset: String,
    /// `09:00 to 09:30, Europe/Paris`.
    pub(crate) label: String,
    /// The next step.
    pub(crate) href: String,
}

/// Times that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    /// `Morning`; empty where all stand together.
    pub(crate) name: &'static str,
    /// The times.
    pub(crate) times: Vec<Time>,
}

/// How the times of a day are written and where they lead.
pub(crate) struct Style<'a> {
    /// Where they are read.
    pub(crate) zone: &'a Zone,
    /// How hours are written.
    pub(crate) clock: Clock,
    /// What else has been chosen.
    pub(crate) choice: &'a Choice,
    /// The path of the next step.
    pub(crate) next: &'a str,
}

/// The times of one day in groups.
pub(crate) fn groups(slots: &[Slot], style: &Style<'_>) -> Vec<Group> {
    let changing = offsets_differ(slots, style.zone);
    let mut groups: Vec<Group> = Vec::new();
    for slot in slots {
        let start = style.zone.local_of(slot.span.start);
        let name = if slots.len() > TIMES_UNGROUPED_MAX { part_of_day(start) } else { "" };
        let time = time(slot, style, changing);
        match groups.last_mut().filter(|group| group.name == name) {
            Some(group) => group.times.push(time),
            None => groups.push(Group { name, times: vec![time] }),
        }
    }
    groups
}

/// Whether the clocks change between the first and the last of `slots`.
pub(crate) fn offsets_differ(slots: &[Slot], zone: &Zone) -> bool {
    let mut offsets =
        slots.iter().flat_map(|slot| [slot.span.start, slot.span.end]).map(|at| zone.offset_at(at));
    let first = offsets.next();
    offsets.any(|offset| Some(offset) != first)
}

fn time(slot: &Slot, style: &Style<'_>, changing: bool) -> Time {
    let zone = style.zone;
    let text = english::clock_time(zone.local_of(slot.span.start), style.clock);
    let end = english::clock_time(zone.local_of(slot.span.end), style.clock);
    let offset = if changing { english::offset(zone.offset_at(slot.span.start)) } else { String::new() };
    let start = if changing { format!("{text} {offset}") } else { text.clone() };
    Time {
        label: format!("{start} to {end}, {}", zones::display(zone)),
        href: style.choice.at(slot.span.start).href(style.next),
        text,
        offset,
    }
}

fn part_of_day(reading: DateTime) -> &'static str {
    match reading.hour() {
        ..12 => "Morning",
        12..18 => "Afternoon",
        _ => "Evening",
    }
}

#[cfg(test)]
mod tests {
    use calendar::time::{Instant, Span};

    use super::*;

    fn slots(first: &str, count: i64) -> Vec<Slot> {
        let first = Instant::from_utc(first.parse().unwrap());
        let slot = |start: Instant| Slot { span: Span::new(start, start.plus(1800)) };
        (0..count).map(|at| slot(first.plus(at * 1800))).collect()
    }

    fn shown(zone: &str, slots: &[Slot]) -> Vec<Group> {
        let zone = Zone::iana(zone).unwrap();
        let choice = Choice::default();
        groups(slots, &Style { zone: &zone, clock: Clock::Hours24, choice: &choice, next: "/a/b/book" })
    }

    #[test]
    fn few_times_stand_together_many_in_groups() {
        let few = shown("UTC", &slots("2026-11-24T09:00:00", 8));
        assert_eq!(few.len(), 1);
        assert_eq!(few[0].times[0].label, "09:00 to 09:30, UTC");
        assert_eq!(few[0].times[0].href, "/a/b/book?s=20261124T090000Z");
        let many = shown("UTC", &slots("2026-11-24T09:00:00", 20));
        let names: Vec<_> = many.iter().map(|group| (group.name, group.times.len())).collect();
        assert_eq!(names, [("Morning", 6), ("Afternoon", 12), ("Evening", 2)]);
    }

    #[test]
    fn a_repeated_hour_is_told_apart() {
        // 31 October 2027 in Paris: 02:00 comes twice.
        let groups = shown("Europe/Paris", &slots("2027-10-31T00:00:00", 4));
        let read: Vec<_> =
            groups[0].times.iter().map(|time| (time.text.as_str(), time.offset.as_str())).collect();
        assert_eq!(read, [("02:00", "UTC+2"), ("02:30", "UTC+2"), ("02:00", "UTC+1"), ("02:30", "UTC+1")]);
        let hrefs: std::collections::HashSet<_> = groups[0].times.iter().map(|time| &time.href).collect();
        assert_eq!(hrefs.len(), 4);
        assert_eq!(groups[0].times[2].label, "02:00 UTC+1 to 02:30, Europe/Paris");
        assert_eq!(shown("Europe/Paris", &slots("2027-10-30T08:00:00", 4))[0].times[0].offset, "");
    }
}
