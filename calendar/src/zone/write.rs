//! VTIMEZONE out: no more than the rules that a stretch of time needs (RFC 5545 §3.6.5).
//!
//! Where the changes from some year on follow a yearly pattern these are two observances with an RRULE; earlier ones,
//! and those of zones that follow none (Morocco), stand one by one, as DTSTART and RDATE.

use super::{Change, Zone};
use crate::civil::{DateTime, Weekday};
use crate::text::{escape, fold};
use crate::time::Instant;

/// Years behind `from` that are described at most; a rule that recurs for ever is known no better.
const YEARS_MAX: i16 = 100;
/// Years over which a pattern must hold: every weekday falls on every day of a month within 28.
pub(super) const PATTERN_YEARS: i16 = 40;

/// 1602-01-01: a change before it is not told to readings after it, only what held since.
const OLD_CHANGE: Instant = Instant::from_unix(-11_612_937_600);

/// A VTIMEZONE for readings between `from` and `to`.
pub(super) fn vtimezone(zone: &Zone, from: Instant, to: Instant) -> String {
    let mut text = String::from("BEGIN:VTIMEZONE\r\n");
    text.push_str(&fold(&format!("TZID:{}", escape(zone.name()))));
    for observance in observances(zone, from, to) {
        observance.write(&mut text);
    }
    text.push_str("END:VTIMEZONE\r\n");
    text
}

/// A STANDARD or DAYLIGHT to write.
struct Observance {
    change: Change,
    onsets: Vec<DateTime>,
    rule: Option<String>,
}

impl Observance {
    fn steady(offset: i32, from: Instant) -> Self {
        let change =
            Change { at: Instant::MIN, before: offset, after: offset, daylight: false, abbreviation: None };
        // Before 1970 some readers see nothing; after it no reading may lie.
        let year = match from {
            from if from < OLD_CHANGE => 1,
            from if from < Instant::from_unix(86_400) => 1601,
            _ => 1970,
        };
        Self { change, onsets: vec![DateTime::constant(year, 1, 1, 0, 0, 0, 0)], rule: None }
    }

    fn write(&self, out: &mut String) {
        let name = if self.change.daylight { "DAYLIGHT" } else { "STANDARD" };
        let mut onsets = self.onsets.iter().map(|onset| reading(*onset));
        let first = onsets.next().unwrap_or_default();
        out.push_str(&fold(&format!("BEGIN:{name}")));
        out.push_str(&fold(&format!("DTSTART:{first}")));
        out.push_str(&fold(&format!("TZOFFSETFROM:{}", offset(self.change.before))));
        out.push_str(&fold(&format!("TZOFFSETTO:{}", offset(self.change.after))));
        if let Some(abbreviation) = &self.change.abbreviation {
            out.push_str(&fold(&format!("TZNAME:{}", escape(abbreviation))));
        }
        if let Some(rule) = &self.rule {
            out.push_str(&fold(&format!("RRULE:{rule}")));
        }
        for onset in onsets {
            out.push_str(&fold(&format!("RDATE:{onset}")));
        }
        out.push_str(&fold(&format!("END:{name}")));
    }
}

fn observances(zone: &Zone, from: Instant, to: Instant) -> Vec<Observance> {
    let year = from.to_utc().year();
    let last_year =
        to.to_utc().year().clamp(year, year.saturating_add(YEARS_MAX)).saturating_add(PATTERN_YEARS);
    let changes = changes(zone, from, last_year);
    let until = to.max(from);
    let mut observances = grouped(&changes, last_year, |change| change.at <= until);
    let covered = observances.iter().any(|observance| observance.change.at <= from);
    let has_standard = observances.iter().any(|observance| !observance.change.daylight);
    if !covered || !has_standard {
        let first = changes.first().filter(|_| !observances.is_empty());
        let before = first.map_or_else(|| zone.offset_at(from), |change| change.before);
        let earliest = first.map_or(from, |change| change.at.min(from));
        observances.insert(0, Observance::steady(before, earliest));
    }
    observances
}

/// With what a zone's data begin.
pub(super) enum Head {
    /// With this offset, since ever.
    Always {
        /// In seconds east of UTC.
        offset: i32,
    },
    /// With what holds at an instant.
    At(Change),
}

/// Writes the observances of `changes`, which reach to the end of `last_year`, behind a head; of those at or after an
/// end none.
pub(super) fn observances_of(
    changes: &[Change],
    last_year: i16,
    (head, end): (Head, Option<Instant>),
    out: &mut String,
) {
    let head = match head {
        Head::Always { offset } => {
            let first = changes.first().map_or(Instant::from_unix(0), |change| change.at);
            Observance::steady(offset, first)
        }
        Head::At(change) => Observance { onsets: vec![onset(&change)], change, rule: None },
    };
    head.write(out);
    for observance in grouped(changes, last_year, |change| end.is_none_or(|end| change.at < end)) {
        observance.write(out);
    }
}

/// The changes that are needed, those of a kind together; from where on they follow two yearly rules, these.
fn grouped(changes: &[Change], last_year: i16, is_needed: impl Fn(&Change) -> bool) -> Vec<Observance> {
    let (tail_start, rules) = regular_tail(changes, last_year);
    let needs_tail = changes.get(tail_start).is_some_and(|change| tail_start == 0 || is_needed(change));
    let mut observances: Vec<Observance> = Vec::new();
    for change in changes[..tail_start].iter().filter(|change| is_needed(change)) {
        let same = |other: &&mut Observance| same_step(&other.change, change);
        match observances.iter_mut().find(same) {
            Some(observance) => observance.onsets.push(onset(change)),
            None => {
                observances.push(Observance {
                    change: change.clone(),
                    onsets: vec![onset(change)],
                    rule: None,
                });
            }
        }
    }
    if needs_tail {
        for first in changes[tail_start..].iter().take(2) {
            let rule = rules.iter().find(|rule| same_step(&rule.step, first)).and_then(YearlyRule::text);
            observances.push(Observance { change: first.clone(), onsets: vec![onset(first)], rule });
        }
    }
    observances
}

/// The changes from the last but one before `from`, so that both seasons are there, to the end of `last_year`.
fn changes(zone: &Zone, from: Instant, last_year: i16) -> Vec<Change> {
    let year = from.to_utc().year();
    let last = zone.last_change(from).filter(|last| last.at >= OLD_CHANGE || from < OLD_CHANGE);
    let recent = |change: &Change| change.at.to_utc().year() >= year.saturating_sub(2);
    let mut changes: Vec<Change> = last
        .as_ref()
        .and_then(|last| zone.last_change(last.at.plus(-1)))
        .filter(recent)
        .into_iter()
        .chain(last)
        .collect();
    let mut at = from;
    while let Some(change) = zone.next_change(at).filter(|change| change.at.to_utc().year() <= last_year) {
        at = change.at;
        changes.push(change);
    }
    changes
}

/// The yearly rule that the changes of one kind follow.
struct YearlyRule {
    step: Change,
    month: i8,
    weekday: Weekday,
    time: crate::civil::Time,
    year: i16,
    patterns: Vec<Pattern>,
}

#[derive(Clone, Copy, PartialEq)]
enum Pattern {
    /// The first (…, last: -1) such weekday.
    Ordinal(i8),
    /// The first such weekday on or after this day.
    OnOrAfter(i8),
    /// This day, whatever its weekday.
    Day(i8),
}

impl Pattern {
    fn fits(self, onset: DateTime) -> bool {
        match self {
            Self::Ordinal(-1) => onset.day() + 7 > onset.date().days_in_month(),
            Self::Ordinal(ordinal) => (onset.day() - 1) / 7 + 1 == ordinal,
            Self::OnOrAfter(day) => (day..day + 7).contains(&onset.day()),
            Self::Day(day) => onset.day() == day,
        }
    }
}

impl YearlyRule {
    fn of(change: &Change) -> Self {
        let onset = onset(change);
        let ordinals = [-1, 1, 2, 3, 4].map(Pattern::Ordinal);
        let days = (1..=25).map(Pattern::OnOrAfter).chain(std::iter::once(Pattern::Day(onset.day())));
        Self {
            step: change.clone(),
            month: onset.month(),
            weekday: onset.weekday(),
            time: onset.time(),
            year: onset.year(),
            patterns: ordinals.into_iter().chain(days).filter(|pattern| pattern.fits(onset)).collect(),
        }
    }

    /// Whether `change`, a year before the last one that was taken, follows the rule too.
    fn takes(&mut self, change: &Change) -> bool {
        let onset = onset(change);
        let left: Vec<Pattern> = self
            .patterns
            .iter()
            .copied()
            .filter(|pattern| pattern.fits(onset))
            .filter(|pattern| matches!(pattern, Pattern::Day(_)) || onset.weekday() == self.weekday)
            .collect();
        let fits = same_step(&self.step, change)
            && onset.month() == self.month
            && onset.time() == self.time
            && onset.year() + 1 == self.year
            && !left.is_empty();
        if fits {
            self.patterns = left;
            self.year = onset.year();
        }
        fits
    }

    fn text(&self) -> Option<String> {
        let weekday = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
            .get(usize::try_from(self.weekday.to_monday_zero_offset()).ok()?)?;
        let days = match *self.patterns.first()? {
            Pattern::Ordinal(ordinal) => format!("BYDAY={ordinal}{weekday}"),
            Pattern::OnOrAfter(first) => {
                let days: Vec<String> = (first..first + 7).map(|day| day.to_string()).collect();
                format!("BYMONTHDAY={};BYDAY={weekday}", days.join(","))
            }
            Pattern::Day(day) => format!("BYMONTHDAY={day}"),
        };
        Some(format!("FREQ=YEARLY;BYMONTH={};{days}", self.month))
    }
}

/// Where the changes begin to follow two yearly rules to their end, and these; the number of changes where they do not.
fn regular_tail(changes: &[Change], last_year: i16) -> (usize, Vec<YearlyRule>) {
    let irregular = || (changes.len(), Vec::new());
    let [.., first, second] = changes else { return irregular() };
    // A zone that has stopped to change by then follows no rule. (The last year may lack an hour at its end.)
    if second.at.to_utc().year() < last_year - 1 {
        return irregular();
    }
    let mut rules = [YearlyRule::of(first), YearlyRule::of(second)];
    let start = changes.len() - 2;
    let mut taken = 0;
    for change in changes[..start].iter().rev() {
        // They alternate: going back, the second is next after the first.
        let next = usize::from(taken % 2 == 0);
        if !rules[next].takes(change) {
            break;
        }
        taken += 1;
    }
    if taken < usize::try_from(PATTERN_YEARS).unwrap_or_default() {
        irregular()
    } else {
        (start - taken, rules.into())
    }
}

fn same_step(one: &Change, other: &Change) -> bool {
    one.before == other.before
        && one.after == other.after
        && one.daylight == other.daylight
        && one.abbreviation == other.abbreviation
}

/// What the clocks showed when the change came, had it not come.
fn onset(change: &Change) -> DateTime {
    change.at.plus(i64::from(change.before)).to_utc()
}

fn reading(local: DateTime) -> String {
    let text = Instant::from_utc(local).to_ical();
    text.trim_end_matches('Z').to_owned()
}

fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let length = seconds.abs();
    let (hours, minutes, rest) = (length / 3600, length / 60 % 60, length % 60);
    if rest == 0 {
        format!("{sign}{hours:02}{minutes:02}")
    } else {
        format!("{sign}{hours:02}{minutes:02}{rest:02}")
    }
}
