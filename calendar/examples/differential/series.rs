//! Draws one calendar object: a start, a rule, its end, what is added, excluded, moved, and a window to ask for.

mod exceptions;

use std::fmt::Write as _;
use std::sync::LazyLock;

use calendar::civil;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::rule::{Frequency, Rule};
use calendar::time::Span;
use calendar::zone::Zone;

use crate::draw::Draw;
use crate::rules;
use crate::zones;

const DAY: i64 = 86_400;

/// Whose clock DTSTART is on.
#[derive(Clone, Copy)]
pub(crate) enum Clock {
    Iana(&'static str),
    /// A number in [`zones::DEFINED`].
    Defined(usize),
    Utc,
    Floating,
    Date,
}

/// What was drawn.
pub(crate) struct Series {
    pub(crate) ics: String,
    pub(crate) clock: Clock,
    /// The calendar's zone.
    pub(crate) zone: &'static str,
    /// Zones whose VTIMEZONE may not be in the object.
    pub(crate) named: Vec<&'static str>,
    pub(crate) window: Span,
    /// Seconds by which an original start may lie behind the window and its instance within.
    pub(crate) slack: i64,
    /// What explanations may ask for.
    pub(crate) tags: Vec<&'static str>,
}

struct Drawing<'a> {
    draw: &'a mut Draw,
    clock: Clock,
    own: Zone,
    frequency: Option<Frequency>,
    /// Readings that the rule makes, the window's from `first` on.
    readings: Vec<civil::DateTime>,
    first: usize,
    named: Vec<&'static str>,
    tags: Vec<&'static str>,
}

/// One object; `None` where what was drawn cannot be asked (a rule that hardly ever matches).
pub(crate) fn drawn(draw: &mut Draw) -> Option<Series> {
    let zone = if draw.chance(8) { "UTC" } else { draw.pick(&zones::IANA) };
    let clock = match draw.within(0, 99) {
        0..56 => Clock::Iana(draw.pick(&zones::IANA)),
        56..66 => Clock::Defined(draw.below(zones::DEFINED.len())),
        66..76 => Clock::Utc,
        76..86 => Clock::Floating,
        _ => Clock::Date,
    };
    let own = own_zone(clock, zone);
    let mut start = draw_start(draw, clock, &own);
    let mut drawing = Drawing {
        draw,
        clock,
        own,
        frequency: None,
        readings: Vec::new(),
        first: 0,
        named: Vec::new(),
        tags: Vec::new(),
    };
    let (master, window) = drawing.master(&mut start)?;
    let overrides = drawing.overrides();
    let slack = drawing.slack();
    let Drawing { mut named, mut tags, .. } = drawing;
    let mut ics = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//differential//EN\r\n".to_owned();
    match clock {
        Clock::Defined(number) => {
            ics += &zones::defined_vtimezone(zones::DEFINED[number]);
            tags.push("defined");
            if zones::DEFINED[number].0 == "Europe/Paris" {
                tags.push("defined-otherwise");
            }
        }
        Clock::Iana(name) => {
            named.push(name);
            tags.push("iana");
            if draw.chance(40) {
                let from = zones::iana(name).instant_of(start).plus(-400 * DAY);
                ics += &zones::iana(name).to_vtimezone(from, window.end.plus(200 * DAY));
                tags.push("with-vtimezone");
            }
        }
        Clock::Utc => tags.push("utc"),
        Clock::Floating => tags.push("floating"),
        Clock::Date => tags.push("date"),
    }
    let _ = write!(ics, "{master}{overrides}END:VCALENDAR\r\n");
    if zone != "UTC" {
        named.push(zone);
    }
    Some(Series { ics, clock, zone, named, window, slack, tags })
}

fn own_zone(clock: Clock, calendar_zone: &str) -> Zone {
    static DEFINED: LazyLock<Vec<Zone>> = LazyLock::new(|| {
        let zone = |definition| {
            let text = format!(
                "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{}BEGIN:VEVENT\r\nUID:u\r\nDTSTAMP:20260101T000000Z\r\n\
                 DTSTART:20260101T000000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
                zones::defined_vtimezone(definition)
            );
            let object = CalendarObject::read(text.into_bytes().into(), &Limits::default()).ok()?;
            Zone::of_vtimezone(object.calendar().components_named("VTIMEZONE").next()?)
        };
        let all = zones::DEFINED.into_iter().map(zone);
        all.map(|zone| zone.unwrap_or_else(|| panic!("a VTIMEZONE of the cases cannot be read"))).collect()
    });
    match clock {
        Clock::Iana(name) => zones::iana(name),
        Clock::Defined(number) => DEFINED[number].clone(),
        Clock::Utc => Zone::utc().clone(),
        Clock::Floating | Clock::Date if calendar_zone == "UTC" => Zone::utc().clone(),
        Clock::Floating | Clock::Date => zones::iana(calendar_zone),
    }
}

fn draw_start(draw: &mut Draw, clock: Clock, own: &Zone) -> civil::DateTime {
    let year = match draw.within(0, 99) {
        0..70 => draw.within(2012, 2028),
        70..97 => draw.within(1990, 2034),
        _ => draw.within(1970, 1986),
    };
    let (month, day) = (draw.within(1, 12), draw.pick(&[1, 2, 5, 9, 15, 20, 25, 28, 29, 30, 31]));
    let month = i8::try_from(month).unwrap_or(1);
    let year = i16::try_from(year).unwrap_or(2020);
    let date = civil::date(year, month, 1);
    let date = civil::date(year, month, i8::try_from(day).unwrap_or(1).min(date.days_in_month()));
    if matches!(clock, Clock::Date) {
        return date.at(0, 0, 0, 0);
    }
    let hour = draw.pick(&[0, 0, 1, 2, 2, 3, 6, 8, 9, 9, 10, 12, 14, 17, 19, 21, 22, 23]);
    let minute = draw.pick(&[0, 0, 0, 15, 30, 30, 45, 59]);
    let start = date.at(hour, minute, if draw.chance(4) { 30 } else { 0 }, 0);
    if !draw.chance(35) {
        return start;
    }
    // Close to a change of the clock, or some periods before one.
    let Some(change) = own.next_transition(own.instant_of(start)) else { return start };
    let minutes = draw.pick(&[-90, -60, -60, -45, -30, -30, -15, 0, 0, 15, 30, 59, 60, 90]);
    let days = draw.pick(&[0, 0, 1, 1, 2, 3, 7, 7, 14, 28, 365]);
    let around = own.local_of(change.plus(-1));
    plus(around, 1 + minutes * 60 - days * DAY)
}

pub(crate) fn plus(local: civil::DateTime, seconds: i64) -> civil::DateTime {
    local.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap_or(local)
}

impl Drawing<'_> {
    /// The master and the window.
    fn master(&mut self, start: &mut civil::DateTime) -> Option<(String, Span)> {
        let mut lines = String::new();
        if self.draw.chance(92) {
            lines += &self.rule(start)?;
        } else {
            self.readings = vec![*start];
            self.tags.push("no-rule");
        }
        let window = self.window();
        let mut head = format!("{}{}", self.property("DTSTART", *start), self.length(*start, true));
        if self.draw.chance(14) || self.frequency.is_none() {
            lines += &self.added();
        }
        if self.draw.chance(22) {
            lines += &self.excluded();
        }
        if self.frequency.is_some() && self.draw.chance(2) {
            let rule = self.draw.pick(&[
                "FREQ=WEEKLY;BYDAY=TU,TH",
                "FREQ=DAILY;INTERVAL=3",
                "FREQ=MONTHLY;BYMONTHDAY=1,15,30",
            ]);
            lines += &format!("EXRULE:{rule}\r\n");
            self.tags.push("exrule");
        }
        head += &lines;
        Some((event("", &head), window))
    }

    /// RRULE with its end.
    fn rule(&mut self, start: &mut civil::DateTime) -> Option<String> {
        let text = rules::draw_rule(self.draw, matches!(self.clock, Clock::Date));
        let rule = rules::read(&text);
        if !rules::makes(&rule, *start) && self.draw.chance(80) {
            *start = rules::first_made(&rule, *start)?;
        }
        if !rules::makes(&rule, *start) {
            self.tags.push("start-outside-rule");
        }
        self.frequency = Some(rule.frequency);
        self.first = match self.draw.within(0, 99) {
            0..40 => self.draw.below(3),
            40..80 => self.draw.below(40),
            80..98 => self.draw.below(250),
            _ => self.draw.below(2500),
        };
        let count = self.first + 1 + self.draw.below(12);
        self.readings = rules::first_readings(&rule, *start, count + 2)?;
        // Others step through every hour, minute and second.
        let unit = match rule.frequency {
            Frequency::Secondly => 1,
            Frequency::Minutely => 60,
            Frequency::Hourly => 3600,
            _ => DAY,
        };
        let distance = self.readings.last()?.duration_since(*start).as_secs();
        if distance > 20_000 * unit {
            return None;
        }
        self.note(&rule);
        let mut text = text;
        let last = self.first.saturating_sub(2) + self.draw.below(count + 4 - self.first);
        let last = last.min(self.readings.len() - 1);
        match self.draw.within(0, 99) {
            0..24 => {
                self.tags.push("count");
                text += &format!(";COUNT={}", last + 1);
            }
            24..48 => {
                let until = self.until(self.readings[last]);
                text += &format!(";UNTIL={until}");
            }
            _ => {}
        }
        Some(format!("RRULE:{text}\r\n"))
    }

    fn note(&mut self, rule: &Rule) {
        let ordinals = rule.by_day.iter().filter(|day| day.ordinal.is_some()).count();
        let negative = |list: &[i8]| list.iter().any(|value| *value < 0);
        let is_unordered = !(rule.by_month.is_sorted()
            && rule.by_month_day.is_sorted()
            && rule.by_hour.is_sorted()
            && rule.by_minute.is_sorted()
            && rule.by_second.is_sorted());
        let notes = [
            ("unordered", is_unordered),
            ("bysetpos", !rule.by_set_pos.is_empty()),
            ("byweekno", !rule.by_week_no.is_empty()),
            ("byyearday", !rule.by_year_day.is_empty()),
            ("bymonthday", !rule.by_month_day.is_empty()),
            ("bymonthday-negative", negative(&rule.by_month_day)),
            ("bymonth", !rule.by_month.is_empty()),
            ("byday", !rule.by_day.is_empty()),
            ("ordinals", ordinals > 0),
            (
                "ordinals-of-implied-month",
                ordinals > 0
                    && rule.frequency == Frequency::Yearly
                    && rule.by_month.is_empty()
                    && !rule.by_month_day.is_empty(),
            ),
            ("ordinals-and-plain-days", ordinals > 0 && ordinals < rule.by_day.len()),
            (
                "clock-parts",
                !(rule.by_hour.is_empty() && rule.by_minute.is_empty() && rule.by_second.is_empty()),
            ),
            ("interval", rule.interval > 1),
            ("wkst", rule.week_start != civil::Weekday::Monday),
            (rule.frequency.name(), true),
        ];
        self.tags.extend(notes.into_iter().filter(|(_, is_so)| *is_so).map(|(name, _)| name));
    }

    fn until(&mut self, last: civil::DateTime) -> String {
        let off = self.draw.pick(&[0, 0, 0, -1, 1]);
        let instant = self.own.instant_of(last).plus(off);
        let date = last.strftime("%Y%m%d").to_string();
        let local = plus(last, off).strftime("%Y%m%dT%H%M%S").to_string();
        let odd = self.draw.chance(14);
        if off < 0 && last == self.readings[0] {
            self.tags.push("until-before-start");
        }
        match self.clock {
            Clock::Date if odd => {
                self.tags.push("until-utc-for-date");
                format!("{date}T000000Z")
            }
            Clock::Date => date,
            Clock::Floating if odd => {
                self.tags.push("until-date");
                date
            }
            Clock::Floating => local,
            _ if odd && self.draw.chance(50) => {
                self.tags.push("until-date");
                date
            }
            Clock::Utc => instant.to_ical(),
            _ if odd => {
                self.tags.push("until-local");
                local
            }
            _ => instant.to_ical(),
        }
    }

    fn window(&mut self) -> Span {
        let instant = |local: civil::DateTime| self.own.instant_of(local);
        let (from, to) =
            (instant(self.readings[self.first]), self.readings.iter().rev().nth(2).copied().map(instant));
        let gap = self
            .readings
            .get(self.first + 1)
            .map_or(DAY, |next| instant(*next).since(from))
            .clamp(1, 3 * DAY);
        let to = to.unwrap_or(from).max(from);
        let from = from.plus(self.draw.within(-gap, gap / 3));
        let to = to.plus(self.draw.within(0, gap));
        Span::new(from, to.max(from.plus(60)))
    }

    /// DTEND or DURATION of an event that starts at `start`.
    fn length(&mut self, start: civil::DateTime, is_master: bool) -> String {
        let form = self.draw.within(0, 99);
        let note = |drawing: &mut Self, name| {
            if is_master {
                drawing.tags.push(name);
            }
        };
        if matches!(self.clock, Clock::Date) {
            return match form {
                0..20 => String::new(),
                20..80 => {
                    let days = self.draw.pick(&[1, 1, 1, 2, 3, 7, 10]);
                    self.property("DTEND", plus(start, days * DAY))
                }
                _ => format!("DURATION:{}\r\n", self.draw.pick(&["P1D", "P2D", "P1W"])),
            };
        }
        if form < 4 {
            note(self, "no-length");
            return String::new();
        }
        let is_fine = self.is_fine();
        if form < 68 {
            note(self, "dtend");
            let hours: &[i64] = if is_fine { &[0, 1] } else { &[0, 1, 1, 2, 4, 8, 9, 12, 24, 30, 72, 168] };
            let seconds = self.draw.pick(hours) * 3600 + self.draw.pick(&[0, 0, 900, 1800, 2700]);
            let seconds = if self.frequency == Some(Frequency::Secondly) { seconds % 61 } else { seconds };
            // An end is a reading too: 02:30 may be one that does not exist, so it goes by way of the instant.
            let end = self.own.instant_of(start).plus(seconds);
            let end_local = self.own.local_of(end);
            if !matches!(self.clock, Clock::Floating)
                && (self.own.instant_of(end_local) != end || self.draw.chance(5))
            {
                note(self, "dtend-utc");
                return format!("DTEND:{}\r\n", end.to_ical());
            }
            if self.own.instant_of(end_local) < self.own.instant_of(start) {
                return self.property("DTEND", start);
            }
            return self.property("DTEND", end_local);
        }
        note(self, "duration");
        let durations: &[&str] = match self.frequency {
            Some(Frequency::Secondly) => &["PT0S", "PT1S", "PT30S"],
            Some(Frequency::Hourly | Frequency::Minutely) => &["PT0S", "PT5M", "PT1H", "PT90M"],
            _ => &["PT15M", "PT1H", "PT8H", "PT9H30M", "P1D", "P1DT2H", "PT24H", "P2D", "P1W", "PT36H"],
        };
        format!("DURATION:{}\r\n", self.draw.pick(durations))
    }

    /// A reading in or near the window, with its number.
    fn near(&mut self) -> (usize, civil::DateTime) {
        let low = self.first.saturating_sub(2);
        let at = low + self.draw.below(self.readings.len() - low);
        (at, self.readings[at])
    }

    fn is_fine(&self) -> bool {
        self.frequency.is_some_and(|frequency| frequency >= Frequency::Hourly)
    }

    fn slack(&self) -> i64 {
        match self.frequency {
            Some(Frequency::Secondly) => 3600,
            _ if !self.tags.contains(&"override") => 26 * 3600,
            Some(Frequency::Hourly | Frequency::Minutely) => 20 * 3600,
            _ => 75 * DAY,
        }
    }

    /// A property of one value in the manner of DTSTART, or, now and then, in UTC.
    fn value(&mut self, name: &str, at: civil::DateTime) -> String {
        if matches!(self.clock, Clock::Iana(_) | Clock::Defined(_)) && self.draw.chance(12) {
            self.tags.push("value-in-utc");
            return format!("{name}:{}\r\n", self.own.instant_of(at).to_ical());
        }
        self.property(name, at)
    }

    fn property(&self, name: &str, at: civil::DateTime) -> String {
        let (head, value) = self.property_parts(name, at);
        format!("{head}:{value}\r\n")
    }

    fn property_parts(&self, name: &str, at: civil::DateTime) -> (String, String) {
        let value = at.strftime("%Y%m%dT%H%M%S").to_string();
        match self.clock {
            Clock::Iana(zone) => (format!("{name};TZID={zone}"), value),
            Clock::Defined(number) => (format!("{name};TZID={}", zones::DEFINED[number].0), value),
            Clock::Utc => (name.to_owned(), value + "Z"),
            Clock::Floating => (name.to_owned(), value),
            Clock::Date => (format!("{name};VALUE=DATE"), value[..8].to_owned()),
        }
    }
}

fn event(head: &str, lines: &str) -> String {
    format!("BEGIN:VEVENT\r\nUID:case@kalends\r\nDTSTAMP:20260101T000000Z\r\n{head}{lines}END:VEVENT\r\n")
}
