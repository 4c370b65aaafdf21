//! What large series cost: steps are bounded by limits, so that an answer within them is itself the proof.

use std::fmt::Write as _;
use std::time::Duration;

use calendar::civil;
use calendar::limits::Limits;
use calendar::recur::{Instance, instances};
use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Zone;

use super::object::object;

const DAY: i64 = 86_400;
/// More than any of these takes on a loaded machine, less than work that grows with the square of the series.
const PATIENCE: Duration = Duration::from_secs(60);

fn utc(year: i16, month: i8, day: i8) -> Instant {
    DateOrTime::Floating(civil::date(year, month, day).at(9, 0, 0, 0)).to_instant(Zone::utc())
}

fn days(start: Instant, count: i64) -> Span {
    Span::new(start, start.plus(count * DAY))
}

/// The instances in a window, looking at `steps_max` candidates at most.
fn within(lines: &str, window: Span, steps_max: usize) -> Vec<Instance> {
    let object = object(lines);
    let limits = Limits { steps_max, ..Limits::default() };
    #[expect(clippy::disallowed_methods, reason = "the test measures")]
    let begun = std::time::Instant::now();
    let found = instances(&object, Zone::utc(), window, &limits).expect("within the limits");
    assert!(begun.elapsed() < PATIENCE, "{:?} for {}", begun.elapsed(), &lines[..60]);
    found
}

/// A daily series from `start` on, of one hour.
fn daily(start: Instant) -> String {
    format!("DTSTART:{}\nDURATION:PT1H\nRRULE:FREQ=DAILY\n", start.to_ical())
}

#[test]
fn nine_hundred_overrides() {
    let start = utc(2020, 1, 1);
    let mut lines = daily(start);
    for day in 0..900 {
        let at = start.plus(day * DAY);
        let moved = at.plus(1800);
        let _ = write!(
            lines,
            "OVERRIDE\nRECURRENCE-ID:{}\nDTSTART:{}\nDURATION:PT1H\n",
            at.to_ical(),
            moved.to_ical()
        );
    }
    let found = within(&lines, days(start, 1000), 1_100);
    assert_eq!(found.len(), 1000);
    for (day, instance) in (0..).zip(&found) {
        let moved = if day < 900 { 1800 } else { 0 };
        assert_eq!(instance.span.start, start.plus(day * DAY + moved));
        assert_eq!(instance.component > 0, day < 900);
    }
    // One day in the middle takes a few steps, and so does one behind all overrides.
    for day in [450, 5_000] {
        assert_eq!(within(&lines, days(start.plus(day * DAY), 1), 20).len(), 1, "day {day}");
    }
}

#[test]
fn ten_thousand_exdates() {
    let start = utc(1990, 1, 1);
    let mut lines = daily(start);
    for day in 0..10_000 {
        let _ = writeln!(lines, "EXDATE:{}", start.plus(2 * day * DAY).to_ical());
    }
    let found = within(&lines, days(start, 20_000), 20_100);
    assert_eq!(found.len(), 10_000);
    assert!((0..).zip(&found).all(|(day, each)| each.span.start == start.plus((2 * day + 1) * DAY)));
    assert_eq!(within(&lines, days(start.plus(9_000 * DAY), 10), 30).len(), 5);
}

#[test]
fn ten_thousand_rdates() {
    let start = utc(1990, 1, 1);
    let mut lines = format!("DTSTART:{}\nDURATION:PT1H\n", start.to_ical());
    // Written from the last to the first.
    for day in (1..=10_000).rev() {
        let _ = writeln!(lines, "RDATE:{}", start.plus(day * DAY).to_ical());
    }
    let found = within(&lines, days(start, 20_000), 0);
    assert_eq!(found.len(), 10_001);
    assert!((0..).zip(&found).all(|(day, each)| each.span.start == start.plus(day * DAY)));
    assert_eq!(within(&lines, days(start.plus(9_000 * DAY), 10), 0).len(), 10);
}

#[test]
fn an_exclusion_rule_far_from_dtstart() {
    let lines = daily(utc(1970, 1, 1)) + "EXRULE:FREQ=WEEKLY;BYDAY=SA,SU\n";
    // January 2040 has 22 days that are neither Saturday nor Sunday.
    assert_eq!(within(&lines, days(utc(2040, 1, 1), 31), 60).len(), 22);
}

#[test]
fn rules_from_1970_asked_for_2040() {
    for (rule, count) in [
        ("FREQ=DAILY", 31),
        ("FREQ=DAILY;COUNT=100000", 31),
        ("FREQ=WEEKLY;BYDAY=MO,TU", 10),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TH;COUNT=10000", 2),
        ("FREQ=MONTHLY;BYDAY=-1FR", 1),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", 1),
        ("FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=1", 1),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", 1),
        ("FREQ=HOURLY;INTERVAL=24", 31),
        ("FREQ=MINUTELY;INTERVAL=1440", 31),
        ("FREQ=SECONDLY;INTERVAL=86400;COUNT=1000000", 31),
    ] {
        let lines = format!("DTSTART:19700101T090000Z\nDURATION:PT1H\nRRULE:{rule}\n");
        assert_eq!(within(&lines, days(utc(2040, 1, 1), 31), 120).len(), count, "{rule}");
    }
}

#[test]
fn many_ranges_of_this_and_future() {
    const RANGES: i64 = 2_000;
    let start = utc(1990, 1, 1);
    let mut lines = daily(start);
    // Each ranges over the five days up to the next, and moves them by its number of seconds.
    for number in 1..=RANGES {
        let at = start.plus(number * 5 * DAY);
        let _ = write!(
            lines,
            "OVERRIDE\nRECURRENCE-ID;RANGE=THISANDFUTURE:{}\nDTSTART:{}\nDURATION:PT1H\n",
            at.to_ical(),
            at.plus(number).to_ical()
        );
    }
    let found = within(&lines, days(start, 12_000), 12_200);
    assert_eq!(found.len(), 12_000);
    for (day, instance) in (0..).zip(&found) {
        let moved = (day / 5).min(RANGES);
        assert_eq!(instance.span.start, start.plus(day * DAY + moved), "day {day}");
    }
}
