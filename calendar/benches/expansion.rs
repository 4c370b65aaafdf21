//! What expansion and busy time cost: near DTSTART and far from it, of an object, and merging ten thousand periods.

use std::hint::black_box;
use std::sync::Arc;

use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, of_object};
use calendar::civil;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::expand::{Bounds, First, expand};
use calendar::recur::rule::Rule;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use divan::Bencher;

fn main() {
    divan::main();
}

/// The crate's own rules and those of the stepper, by turns.
const RULES: [&str; 7] = [
    "FREQ=DAILY",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR",
    "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU",
    "FREQ=HOURLY;INTERVAL=7",
    "FREQ=MINUTELY;INTERVAL=45;BYHOUR=9,10",
];

fn rule(text: &str) -> Rule {
    Rule::read(text).map_or_else(|error| panic!("{error}"), |read| read.rule)
}

fn bounds(year: i16) -> Bounds {
    let from = civil::date(year, 1, 1).at(0, 0, 0, 0);
    let to = civil::date(year, 12, 31).at(23, 59, 59, 0);
    Bounds { from, to, steps_max: 200_000, first: First::Counts }
}

/// The year 1970 of a rule from 1970.
#[divan::bench(args = RULES)]
fn near(bencher: Bencher<'_, '_>, text: &str) {
    let (rule, bounds) = (rule(text), bounds(1970));
    bencher.bench(|| expand(black_box(&rule), civil::date(1970, 1, 1).at(9, 0, 0, 0), &bounds).count());
}

/// The year 2040 of a rule from 1970: the same cost.
#[divan::bench(args = RULES)]
fn far(bencher: Bencher<'_, '_>, text: &str) {
    let (rule, bounds) = (rule(text), bounds(2040));
    bencher.bench(|| expand(black_box(&rule), civil::date(1970, 1, 1).at(9, 0, 0, 0), &bounds).count());
}

/// The crate `rrule` alone, from 1970 to the end of a year; it walks there.
fn crate_rrule(bencher: Bencher<'_, '_>, text: &str, year: i16) {
    let text = format!("DTSTART:19700101T090000Z\nRRULE:{text}");
    bencher.bench(|| {
        let set: rrule::RRuleSet = black_box(&text).parse().unwrap_or_else(|error| panic!("{error}"));
        set.into_iter()
            .map(|at| chrono::Datelike::year(&at))
            .skip_while(|at| *at < i32::from(year))
            .take_while(|at| *at == i32::from(year))
            .count()
    });
}

/// The year 1970 by the crate `rrule`.
#[divan::bench(args = RULES)]
fn near_by_rrule(bencher: Bencher<'_, '_>, text: &str) {
    crate_rrule(bencher, text, 1970);
}

/// The year 2040 by the crate `rrule`.
#[divan::bench(args = RULES, max_time = 2)]
fn far_by_rrule(bencher: Bencher<'_, '_>, text: &str) {
    crate_rrule(bencher, text, 2040);
}

/// A rule with COUNT, counted from its start.
#[divan::bench(args = ["FREQ=DAILY;COUNT=100000", "FREQ=DAILY;BYDAY=MO,TU;COUNT=100000"])]
fn counted(bencher: Bencher<'_, '_>, text: &str) {
    let (rule, bounds) = (rule(text), bounds(2040));
    bencher.bench(|| expand(black_box(&rule), civil::date(1970, 1, 1).at(9, 0, 0, 0), &bounds).count());
}

/// Two years of a weekday meeting in a zone, from an object already read.
#[divan::bench]
fn busy_of_object(bencher: Bencher<'_, '_>) {
    let text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:u@x\r\n\
                DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20200106T090000\r\n\
                DTEND;TZID=Europe/Berlin:20200106T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\r\n\
                EXDATE;TZID=Europe/Berlin:20260105T090000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
    let limits = Limits::default();
    let object =
        CalendarObject::read(Arc::from(text.as_bytes()), &limits).unwrap_or_else(|error| panic!("{error}"));
    let window =
        Span::new(Instant::from_unix(1_767_225_600), Instant::from_unix(1_767_225_600 + 730 * 86_400));
    let reading = BusyReading { zone: Zone::utc(), owner: &[], limits: &limits };
    bencher.bench(|| of_object(black_box(&object), &reading, window).map(|periods| periods.len()));
}

/// Ten thousand overlapping periods of all types.
#[divan::bench]
fn merge_ten_thousand(bencher: Bencher<'_, '_>) {
    let period = |index: i64| {
        let start = Instant::from_unix(1_767_225_600 + index * 7_919 % 1_000_003 * 60);
        let kind = BusyType::ALL[usize::try_from(index % 3).unwrap_or_default()];
        BusyPeriod { span: Span::new(start, start.plus(1_800 + index % 7 * 900)), kind }
    };
    let periods: Vec<BusyPeriod> = (0..10_000).map(period).collect();
    bencher.bench(|| black_box(&periods).iter().copied().collect::<BusySet>());
}
