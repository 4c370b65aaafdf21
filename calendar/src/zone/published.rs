//! A zone as it is published: all that is known of it, or what a stretch of time needs, and its changes one by one
//! (RFC 7808 §3.9, §5.3, §5.4).

use super::write::{self, Head};
use super::{Change, Zone};
use crate::text::{escape, fold};
use crate::time::{Instant, Span};

/// 1800-01-01: no zone of the database changes before.
const BEGINNING: Instant = Instant::from_unix(-5_364_662_400);
/// The year to which changes are told one by one where they follow no rule (Morocco's are known to 2087).
const HORIZON: i16 = 2100;

/// How much of a zone is told; `None`: all there is on that side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// The first instant.
    pub start: Option<Instant>,
    /// The first instant that is not told of.
    pub end: Option<Instant>,
}

/// When a zone's clocks go differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Onset {
    /// From when on.
    pub at: Instant,
    /// Whether it is daylight saving time then.
    pub daylight: bool,
    /// The offset until then, in seconds east of UTC.
    pub before: i32,
    /// The offset from then on.
    pub after: i32,
}

impl Zone {
    /// A VTIMEZONE with the rules of `extent` (content lines, CRLF), under the name `tzid`, which may be an alias
    /// of `alias_of`. A start has an observance of its own, an end is told by TZUNTIL.
    pub fn published(&self, tzid: &str, alias_of: Option<&str>, extent: Extent) -> String {
        let mut text = String::from("BEGIN:VTIMEZONE\r\n");
        text.push_str(&fold(&format!("TZID:{}", escape(tzid))));
        if let Some(name) = alias_of {
            text.push_str(&fold(&format!("TZID-ALIAS-OF:{}", escape(name))));
        }
        if let Some(end) = extent.end {
            text.push_str(&fold(&format!("TZUNTIL:{}", end.to_ical())));
        }
        let from = extent.start.unwrap_or(BEGINNING);
        let last_year = from.to_utc().year().max(HORIZON).saturating_add(write::PATTERN_YEARS);
        let changes = self.changes(from, last_year);
        let head = match extent.start {
            Some(start) => Head::At(self.onset_at(start).into()),
            None => {
                Head::Always { offset: changes.first().map_or_else(|| self.offset_at(from), |c| c.before) }
            }
        };
        write::observances_of(&changes, last_year, (head, extent.end), &mut text);
        text.push_str("END:VTIMEZONE\r\n");
        text
    }

    /// What holds at the start of `span`, and every change within; at most `most` of them, and the first instant
    /// that is not told of: the end of the span, or an earlier one where there are more.
    pub fn onsets(&self, span: Span, most: usize) -> (Vec<Onset>, Instant) {
        let mut onsets = vec![self.onset_at(span.start)];
        let mut at = span.start;
        while let Some(change) = self.next_change(at).filter(|change| change.at < span.end) {
            if onsets.len() >= most {
                return (onsets, change.at);
            }
            at = change.at;
            let Change { at, before, after, daylight, .. } = change;
            onsets.push(Onset { at, daylight, before, after });
        }
        (onsets, span.end)
    }

    /// What holds at `at`, as if it began then.
    fn onset_at(&self, at: Instant) -> Onset {
        let daylight = self.last_change(at).is_some_and(|change| change.daylight);
        Onset { at, daylight, before: self.offset_at(at.plus(-1)), after: self.offset_at(at) }
    }

    /// The changes after `from`, to the end of `last_year`.
    fn changes(&self, from: Instant, last_year: i16) -> Vec<Change> {
        let mut changes = Vec::new();
        let mut at = from;
        while let Some(change) = self.next_change(at).filter(|change| change.at.to_utc().year() <= last_year)
        {
            at = change.at;
            changes.push(change);
        }
        changes
    }
}

impl From<Onset> for Change {
    fn from(Onset { at, daylight, before, after }: Onset) -> Self {
        Self { at, before, after, daylight, abbreviation: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::text::parse;
    use crate::zone::{Rules, standard};

    fn at(text: &str) -> Instant {
        Instant::from_utc(crate::time::DateOrTime::parse(text).unwrap().local())
    }

    fn read(vtimezone: &str) -> Zone {
        let text = format!("BEGIN:VCALENDAR\r\n{vtimezone}END:VCALENDAR\r\n");
        let parsed = parse(text.as_bytes(), &Limits::default()).unwrap();
        assert!(parsed.warnings.is_empty(), "{vtimezone}");
        Zone::of_vtimezone(&parsed.calendars[0].components[0]).unwrap()
    }

    /// Whether both show the same at every change of either, and just before.
    fn agree(one: &Zone, other: &Zone, (from, to): (Instant, Instant)) {
        for zone in [one, other] {
            let (onsets, told) = zone.onsets(Span::new(from, to), 2000);
            assert_eq!(told, to);
            for onset in onsets {
                for instant in [onset.at, onset.at.plus(-1)].into_iter().filter(|instant| *instant >= from) {
                    assert_eq!(one.offset_at(instant), other.offset_at(instant), "{} {instant}", one.name());
                }
            }
        }
    }

    #[test]
    fn what_is_published_reads_back() {
        // Every zone would take a while unoptimised; these have every sort of history.
        for name in [
            "America/New_York",
            "Europe/Berlin",
            "Africa/Casablanca",
            "Asia/Manila",
            "Asia/Kolkata",
            "Etc/UTC",
            "Etc/GMT+5",
            "Europe/Dublin",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "America/Sao_Paulo",
            "Asia/Jerusalem",
            "Africa/Cairo",
            "Antarctica/Troll",
            "America/Nuuk",
            "Asia/Tehran",
        ] {
            let zone = Zone::iana(name).unwrap();
            let whole = read(&zone.published(name, None, Extent::default()));
            assert!(matches!(whole.rules, Rules::Known(_)), "{name}");
            agree(&whole, &zone, (at("17000101T000000"), at("22000101T000000")));
        }
    }

    #[test]
    fn a_part_of_a_zone() {
        for name in ["America/New_York", "Africa/Casablanca", "Asia/Kolkata", "Europe/Dublin", "Pacific/Apia"]
        {
            let zone = Zone::iana(name).unwrap();
            for (start, end) in [
                ("20100101T000000", "20200101T000000"),
                ("20100314T070000", "20101107T060000"),
                ("20500601T000000", "20510101T000000"),
                ("19000101T000000", "19000102T000000"),
                ("98000101T000000", "99000101T000000"),
            ] {
                let extent = Extent { start: Some(at(start)), end: Some(at(end)) };
                let text = zone.published(name, None, extent);
                assert!(text.contains(&format!("TZUNTIL:{end}Z\r\n")), "{text}");
                let parsed = parse(
                    format!("BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n").as_bytes(),
                    &Limits::default(),
                );
                let part = Definition(&parsed.unwrap().calendars[0].components[0]).zone();
                agree(&part, &zone, (at(start), at(end)));
            }
        }
    }

    /// A VTIMEZONE by its own rules alone.
    struct Definition<'a>(&'a crate::component::Component);

    impl Definition<'_> {
        fn zone(&self) -> Zone {
            let definition = super::super::Definition::read(self.0, &mut Vec::new()).unwrap();
            Zone { name: "part".into(), rules: Rules::Defined(std::sync::Arc::new(definition)) }
        }
    }

    #[test]
    fn the_example_of_the_standard() {
        let york = Zone::iana("America/New_York").unwrap();
        let extent = Extent { start: Some(at("20100101T000000")), end: Some(at("20200101T000000")) };
        let text = york.published("US/Eastern", Some("America/New_York"), extent);
        assert!(text.starts_with(
            "BEGIN:VTIMEZONE\r\nTZID:US/Eastern\r\nTZID-ALIAS-OF:America/New_York\r\nTZUNTIL:20200101T000000Z\r\n\
             BEGIN:STANDARD\r\nDTSTART:20091231T190000\r\nTZOFFSETFROM:-0500\r\nTZOFFSETTO:-0500\r\n"
        ), "{text}");
        let (onsets, end) = york.onsets(Span::new(at("20080101T000000"), at("20090101T000000")), 10);
        let told: Vec<(String, i32)> =
            onsets.iter().map(|onset| (onset.at.to_string(), onset.after)).collect();
        let expected = [
            ("2008-01-01T00:00:00Z", -18_000),
            ("2008-03-09T07:00:00Z", -14_400),
            ("2008-11-02T06:00:00Z", -18_000),
        ];
        assert_eq!(told, expected.map(|(at, offset)| (at.to_owned(), offset)));
        assert_eq!(end, at("20090101T000000"));
        let (few, end) = york.onsets(Span::new(at("20080101T000000"), at("20090101T000000")), 2);
        assert_eq!((few.len(), end), (2, at("20081102T060000")));
    }

    #[test]
    fn every_standard_zone_is_published() {
        for zone in standard::zones().iter().step_by(9) {
            let rules = Zone::iana(zone.name).unwrap();
            assert!(matches!(
                read(&rules.published(zone.name, None, Extent::default())).rules,
                Rules::Known(_)
            ));
        }
    }
}
