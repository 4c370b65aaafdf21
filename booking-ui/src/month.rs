//! Months of the invitee's calendar and the free times that fall on their days. Pure.

use std::collections::BTreeMap;

use booking::slot::Slot;
use calendar::civil::Date;
use calendar::time::Span;
use calendar::zone::Zone;

use crate::english;

/// A month of a year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month {
    /// Its first day.
    first: Date,
}

impl Month {
    /// The month in which `date` lies.
    pub(crate) fn of(date: Date) -> Self {
        Self { first: date.first_of_month() }
    }

    /// Reads `2026-11`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let date = parse_date(&format!("{text}-01"))?;
        Some(Self { first: date })
    }

    /// `2026-11`.
    pub(crate) fn key(self) -> String {
        format!("{:04}-{:02}", self.first.year(), self.first.month())
    }

    /// `November 2026`.
    pub(crate) fn name(self) -> String {
        format!("{} {}", english::month_name(self.first.month()), self.first.year())
    }

    /// `November`.
    pub(crate) fn short_name(self) -> &'static str {
        english::month_name(self.first.month())
    }

    /// The month after; none at the end of time.
    pub(crate) fn next(self) -> Option<Self> {
        Some(Self { first: self.first.last_of_month().tomorrow().ok()? })
    }

    /// The month before; none at the beginning of time.
    pub(crate) fn previous(self) -> Option<Self> {
        self.first.yesterday().ok().map(Self::of)
    }

    /// Whether `date` lies in it.
    pub(crate) fn holds(self, date: Date) -> bool {
        Self::of(date) == self
    }

    /// The span between its first midnight and the next month's, in `zone`.
    pub(crate) fn span(self, zone: &Zone) -> Span {
        let start = zone.instant_of(self.first.at(0, 0, 0, 0));
        let end = self.next().map_or(calendar::time::Instant::MAX, |next| next.span_start(zone));
        Span::new(start, end)
    }

    fn span_start(self, zone: &Zone) -> calendar::time::Instant {
        zone.instant_of(self.first.at(0, 0, 0, 0))
    }

    /// Its days in weeks from Monday; always six, so that nothing below them moves.
    pub(crate) fn weeks(self) -> [[Option<Date>; 7]; 6] {
        let mut weeks = [[None; 7]; 6];
        let before = usize::try_from(self.first.weekday().to_monday_zero_offset()).unwrap_or(0);
        let mut day = Some(self.first);
        let mut cell = before;
        while let Some(date) = day.filter(|date| self.holds(*date)) {
            if let Some(place) = weeks.get_mut(cell / 7).and_then(|week| week.get_mut(cell % 7)) {
                *place = Some(date);
            }
            cell += 1;
            day = date.tomorrow().ok();
        }
        weeks
    }
}

/// Reads `2026-11-24`, years 1970 to 9998 only, so that a day either side is always a date.
pub(crate) fn parse_date(text: &str) -> Option<Date> {
    let octets = text.as_bytes();
    let shaped = octets.len() == 10
        && octets.iter().enumerate().all(|(at, octet)| match at {
            4 | 7 => *octet == b'-',
            _ => octet.is_ascii_digit(),
        });
    if !shaped {
        return None;
    }
    let date: Date = text.parse().ok()?;
    (1970..=9998).contains(&date.year()).then_some(date)
}

/// Free times by the invitee's date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Agenda {
    days: BTreeMap<Date, Vec<Slot>>,
}

impl Agenda {
    /// The slots that start on a day of `month` in `zone` (6.2 S9).
    pub(crate) fn of(month: Month, zone: &Zone, slots: &[Slot]) -> Self {
        let mut days: BTreeMap<Date, Vec<Slot>> = BTreeMap::new();
        for slot in slots {
            let date = zone.local_of(slot.span.start).date();
            if month.holds(date) {
                days.entry(date).or_default().push(*slot);
            }
        }
        Self { days }
    }

    /// The free times of `date`.
    pub(crate) fn on(&self, date: Date) -> &[Slot] {
        self.days.get(&date).map_or(&[], Vec::as_slice)
    }

    /// The days with free times, in order.
    pub(crate) fn days(&self) -> impl Iterator<Item = (Date, &[Slot])> {
        self.days.iter().map(|(date, slots)| (*date, slots.as_slice()))
    }

    /// How many days have free times.
    pub(crate) fn len(&self) -> usize {
        self.days.len()
    }

    /// The first day with free times and its first.
    pub(crate) fn first(&self) -> Option<(Date, Slot)> {
        self.days.iter().find_map(|(date, slots)| Some((*date, *slots.first()?)))
    }
}

/// How many free times a day has, as a bar under its number shows it.
pub(crate) fn plenty(count: usize) -> &'static str {
    match count {
        0 => "none",
        1 | 2 => "few",
        3..=7 => "some",
        _ => "many",
    }
}

#[cfg(test)]
mod tests {
    use calendar::civil::date;
    use calendar::time::Instant;

    use super::*;

    #[test]
    fn months_follow_one_another() {
        let december = Month::parse("2026-12").unwrap();
        assert_eq!(december.next().unwrap().key(), "2027-01");
        assert_eq!(december.previous().unwrap().name(), "November 2026");
        assert_eq!(Month::of(date(2028, 2, 29)).next().unwrap().key(), "2028-03");
    }

    #[test]
    fn what_is_no_month_or_date_is_refused() {
        for text in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "26-11",
            "2026-1",
            "+026-11",
            "9999-12",
            "1969-12",
            "２０２６-11",
        ] {
            assert_eq!(Month::parse(text), None, "{text}");
        }
        for text in ["2026-02-29", "2026-11-31", "2026-11-2", "2026/11/24", "2026-11-24T09:00", ""] {
            assert_eq!(parse_date(text), None, "{text}");
        }
        assert_eq!(parse_date("2028-02-29"), Some(date(2028, 2, 29)));
    }

    #[test]
    fn weeks_begin_on_monday_and_are_always_six() {
        let weeks = Month::parse("2026-11").unwrap().weeks();
        assert_eq!(weeks[0][6], Some(date(2026, 11, 1)), "1 November 2026 is a Sunday");
        assert_eq!(weeks[5][0], Some(date(2026, 11, 30)));
        assert_eq!(weeks.iter().flatten().flatten().count(), 30);
        let february = Month::parse("2027-02").unwrap().weeks();
        assert_eq!(february[0][0], Some(date(2027, 2, 1)), "four weeks exactly");
        assert_eq!(february.iter().flatten().flatten().count(), 28);
    }

    #[test]
    fn slots_fall_on_the_date_that_the_invitee_reads() {
        let month = Month::parse("2026-11").unwrap();
        let late = Slot { span: Span::new(at(2026, 11, 30, 20), at(2026, 11, 30, 21)) };
        let berlin = Zone::iana("Europe/Berlin").unwrap();
        let kathmandu = Zone::iana("Asia/Kathmandu").unwrap();
        assert_eq!(Agenda::of(month, &berlin, &[late]).on(date(2026, 11, 30)), &[late]);
        assert_eq!(Agenda::of(month, &kathmandu, &[late]).len(), 0, "there it is December already");
        assert_eq!(month.span(&kathmandu).start, at(2026, 10, 31, 18).plus(15 * 60));
    }

    fn at(year: i16, month: i8, day: i8, hour: i8) -> Instant {
        Instant::from_utc(date(year, month, day).at(hour, 0, 0, 0))
    }

    #[test]
    fn bars_grow_with_the_times() {
        assert_eq!(
            [0, 1, 2, 3, 7, 8, 99].map(plenty),
            ["none", "few", "few", "some", "some", "many", "many"]
        );
    }
}
