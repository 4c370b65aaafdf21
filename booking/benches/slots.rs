//! What slots cost: a month with 10,000 busy periods (budget 0.2 ms), and the worst settings (budget 50 ms).

#![allow(clippy::unwrap_used, reason = "a test ends where what it needs is not there")]

use booking::event_type::{Buffer, Combine, EventType, Grid, Hours, Interval, Limit};
use booking::rule::check;
use booking::slot::{Question, Taken, open_slots};
use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::civil::date;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

fn main() {
    divan::main();
}

fn monday() -> Instant {
    Instant::from_utc(date(2026, 11, 2).at(0, 0, 0, 0))
}

fn event_type(hours: Interval, grid: i64, horizon_days: i32) -> EventType {
    EventType {
        slug: "intro".into(),
        title: "Intro call".into(),
        description: String::new(),
        durations: vec![1800],
        grid: Grid::Every(grid),
        hours: Hours { weekly: std::array::from_fn(|_| vec![hours]), overrides: Vec::new() },
        zone: Zone::iana("Europe/Paris").unwrap(),
        buffer: Buffer { before: 600, after: 600, combine: Combine::Max },
        notice: HOUR,
        horizon_days,
        limit: Limit { day: Some(8), week: Some(30), month: None },
        blocks_from: BusyType::Tentative,
        location: None,
        active: true,
        listed: true,
    }
}

/// Busy periods of a quarter of an hour with pauses of `pause` seconds, of all types in turn.
fn busy(count: i64, pause: i64) -> BusySet {
    (0..count)
        .map(|turn| {
            let start = monday().plus(turn * (900 + pause));
            let kind = BusyType::ALL[usize::try_from(turn % 3).unwrap()];
            BusyPeriod { span: Span::new(start, start.plus(900)), kind }
        })
        .collect()
}

fn bookings(count: i64) -> Vec<Taken> {
    (0..count)
        .map(|turn| {
            let start = monday().plus(turn * 7 * HOUR);
            Taken {
                span: Span::new(start, start.plus(1800)),
                buffer: Buffer { before: 300, after: 900, combine: Combine::Max },
                same_type: turn % 5 == 0,
            }
        })
        .collect()
}

struct Case {
    event_type: EventType,
    busy: BusySet,
    bookings: Vec<Taken>,
}

impl Case {
    fn question(&self) -> Question<'_> {
        Question {
            event_type: &self.event_type,
            duration: 1800,
            now: monday(),
            busy: &self.busy,
            bookings: &self.bookings,
        }
    }
}

/// A month of half hours; 10,000 busy periods spread over two years, as calendars have them.
#[divan::bench]
fn month_of_a_full_diary(bencher: divan::Bencher<'_, '_>) {
    let case = Case {
        event_type: event_type(Interval { start: 540, end: 1020 }, 1800, 60),
        busy: busy(10_000, 5400),
        bookings: bookings(100),
    };
    let month = Span::new(monday(), monday().plus(31 * DAY));
    bencher.bench(|| open_slots(&case.question(), month).count());
}

/// All 10,000 busy periods in the month that is asked for.
#[divan::bench]
fn month_with_all_periods_in_it(bencher: divan::Bencher<'_, '_>) {
    let case = Case {
        event_type: event_type(Interval { start: 540, end: 1020 }, 1800, 60),
        busy: (0..10_000)
            .map(|turn| {
                let start = monday().plus(turn * 260);
                BusyPeriod { span: Span::new(start, start.plus(60)), kind: BusyType::Tentative }
            })
            .collect(),
        bookings: Vec::new(),
    };
    let month = Span::new(monday(), monday().plus(31 * DAY));
    bencher.bench(|| open_slots(&case.question(), month).count());
}

/// The first slot alone.
#[divan::bench]
fn next_slot(bencher: divan::Bencher<'_, '_>) {
    let case = Case {
        event_type: event_type(Interval { start: 540, end: 1020 }, 1800, 60),
        busy: busy(10_000, 5400),
        bookings: bookings(100),
    };
    let month = Span::new(monday(), monday().plus(31 * DAY));
    bencher.bench(|| open_slots(&case.question(), month).next());
}

/// Every minute of a year, day and night, over midnight, with 10,000 busy periods and 1,000 bookings.
#[divan::bench]
fn adversarial_year(bencher: divan::Bencher<'_, '_>) {
    let case = Case {
        event_type: event_type(Interval { start: 1380, end: 2880 }, 60, 366),
        busy: busy(10_000, 2000),
        bookings: bookings(1000),
    };
    bencher.bench(|| open_slots(&case.question(), Span::ALWAYS).count());
}

/// The check of one start, as a booking makes it.
#[divan::bench]
fn check_one(bencher: divan::Bencher<'_, '_>) {
    let case = Case {
        event_type: event_type(Interval { start: 540, end: 1020 }, 1800, 60),
        busy: busy(10_000, 5400),
        bookings: bookings(100),
    };
    bencher.bench(|| check(&case.question(), monday().plus(10 * DAY + 9 * HOUR)).is_ok());
}
