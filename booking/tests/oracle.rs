//! The slot finder against a brute-force reading of specification 6.2, minute by minute.
//!
//! The oracle shares no code with the crate and no thought with it either: it reads the owner's clock at every minute
//! of a window and applies S1–S12 as they are worded. `KALENDS_ORACLE_CASES` sets the number of random cases (2,000),
//! `KALENDS_ORACLE_SEED` the first seed; a failure names the seed of its case.

#![allow(clippy::unwrap_used, reason = "a test ends where what it needs is not there")]

use std::collections::{BTreeMap, BTreeSet};

use booking::event_type::{Buffer, Combine, EventType, Grid, Hours, Interval, Limit};
use booking::rule::check;
use booking::slot::{Question, Taken, open_slots};
use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::civil::{self, Date};
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

/// `SplitMix64`: small, seeded, good enough to choose cases.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number in `low..=high`.
    fn within(&mut self, low: i64, high: i64) -> i64 {
        let width = u64::try_from(high - low + 1).unwrap();
        low + i64::try_from(self.next() % width).unwrap()
    }

    fn one_in(&mut self, n: i64) -> bool {
        self.within(1, n) == 1
    }

    fn of<T: Clone>(&mut self, choices: &[T]) -> T {
        let last = i64::try_from(choices.len()).unwrap() - 1;
        choices[usize::try_from(self.within(0, last)).unwrap()].clone()
    }
}

/// Zones with a date near which something odd happens to the clock.
const PLACES: &[(&str, i16, i8, i8)] = &[
    ("Europe/Paris", 2027, 3, 28),
    ("Europe/Paris", 2027, 10, 31),
    ("America/New_York", 2027, 3, 14),
    ("America/New_York", 2027, 11, 7),
    ("Australia/Lord_Howe", 2027, 4, 4),
    ("Australia/Lord_Howe", 2027, 10, 3),
    ("Asia/Kathmandu", 2027, 12, 31),
    ("Asia/Kathmandu", 1985, 12, 31),
    ("Africa/Casablanca", 2027, 2, 7),
    ("Africa/Casablanca", 2027, 3, 14),
    ("Pacific/Apia", 2011, 12, 30),
    ("Pacific/Kwajalein", 1993, 8, 21),
    ("America/Havana", 2027, 3, 14),
    ("America/Havana", 2027, 11, 7),
    ("America/St_Johns", 2010, 11, 7),
    ("America/St_Johns", 2010, 3, 14),
    ("America/Sao_Paulo", 2018, 2, 18),
    ("America/Sao_Paulo", 2018, 11, 4),
    ("Antarctica/Troll", 2027, 3, 28),
    ("Antarctica/Troll", 2027, 10, 31),
    ("Africa/Monrovia", 1972, 1, 7),
    ("America/Nuuk", 2027, 10, 30),
    ("UTC", 2028, 2, 28),
];

/// What the clock of a place shows at each minute of a window.
struct Clock {
    zone: Zone,
    date: Date,
    /// Second of the first reading.
    from: i64,
    /// Date (days since 1970-01-01) and seconds after midnight.
    readings: Vec<(i64, i64)>,
}

fn days(date: Date) -> i64 {
    i64::from(date.since(civil::date(1970, 1, 1)).unwrap().get_days())
}

fn reading(zone: &Zone, second: i64) -> (Date, i64) {
    let local = zone.local_of(Instant::from_unix(second));
    let time = local.time();
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    (local.date(), seconds)
}

impl Clock {
    fn of(place: (&str, i16, i8, i8)) -> Self {
        let zone = Zone::iana(place.0).unwrap_or_else(|| panic!("{} is a zone", place.0));
        let date = civil::date(place.1, place.2, place.3);
        let from = (days(date) - 5) * 86_400;
        let readings = (0..12 * 1440)
            .map(|minute| {
                let (date, seconds) = reading(&zone, from + minute * 60);
                (days(date), seconds)
            })
            .collect();
        Self { zone, date, from, readings }
    }
}

/// A random question.
struct Case {
    event_type: EventType,
    duration: i64,
    now: Instant,
    busy: Vec<BusyPeriod>,
    bookings: Vec<Taken>,
    range: Span,
}

fn random_intervals(chance: &mut Chance) -> Vec<Interval> {
    let count = chance.of(&[0, 1, 1, 1, 2, 2, 3, 5]);
    (0..count)
        .map(|_| {
            let step = chance.of(&[1, 15, 30, 60]);
            let (start, end) = match chance.within(0, 9) {
                0 => (0, 1440),
                1 => (
                    chance.within(1200 / step, 1439 / step) * step,
                    1440 + chance.within(0, 600 / step) * step,
                ),
                2 => (chance.within(0, 1439), 2880),
                3 => (chance.within(0, 200), chance.within(0, 200)),
                _ => {
                    let start = chance.within(0, 1380 / step) * step;
                    (start, start + chance.within(0, 480 / step) * step)
                }
            };
            Interval {
                start: u16::try_from(start.min(1439)).unwrap(),
                end: u16::try_from(end.clamp(1, 2880)).unwrap(),
            }
        })
        .collect()
}

fn random_buffer(chance: &mut Chance) -> Buffer {
    let mut seconds = || chance.of(&[0, 0, 0, 300, 600, 900, 90, 25_200]);
    let (before, after) = (seconds(), seconds());
    Buffer { before, after, combine: chance.of(&[Combine::Max, Combine::Sum]) }
}

fn random_limit(chance: &mut Chance) -> Limit {
    let mut limit = || chance.of(&[None, None, None, None, Some(0), Some(1), Some(2), Some(3)]);
    if limit().is_none() {
        return Limit::default();
    }
    Limit { day: limit(), week: limit(), month: limit() }
}

fn random_type(chance: &mut Chance, clock: &Clock, duration: i64) -> EventType {
    let whole_week = random_intervals(chance);
    let weekly =
        std::array::from_fn(|_| if chance.one_in(3) { random_intervals(chance) } else { whole_week.clone() });
    let overrides = (0..chance.of(&[0, 0, 1, 2, 4]))
        .map(|_| {
            let date = shifted(clock.date, chance.within(-3, 3));
            (date, random_intervals(chance))
        })
        .collect();
    EventType {
        slug: "intro".into(),
        title: "Intro".into(),
        description: String::new(),
        durations: vec![duration],
        grid: chance.of(&[
            Grid::Duration,
            Grid::Auto,
            Grid::Every(300),
            Grid::Every(900),
            Grid::Every(1800),
            Grid::Every(3600),
            Grid::Every(420),
            Grid::Every(60),
        ]),
        hours: Hours { weekly, overrides },
        zone: clock.zone.clone(),
        buffer: random_buffer(chance),
        notice: chance.of(&[0, 0, 0, 1, 3600, 86_400, 90_061]),
        horizon_days: chance.of(&[60, 60, 60, 0, 1, 2, 3]),
        limit: random_limit(chance),
        blocks_from: chance.of(&[BusyType::Tentative, BusyType::Unavailable, BusyType::Busy]),
        location: None,
        active: true,
        listed: true,
    }
}

/// The date `count` days after `date`.
fn shifted(date: Date, count: i64) -> Date {
    Instant::from_unix((days(date) + count) * 86_400).to_utc().date()
}

fn random_case(chance: &mut Chance, clock: &Clock) -> Case {
    let duration = chance.of(&[1800, 1800, 900, 1200, 3600, 60, 5400, 18_000, 93_600, 2700]);
    let event_type = random_type(chance, clock, duration);
    let noon = days(clock.date) * 86_400 + 43_200;
    let start = noon + chance.within(-36 * 3600, 24 * 3600);
    let range = Span::new(
        Instant::from_unix(start),
        Instant::from_unix(start + chance.of(&[3600, 21_600, 86_400, 2 * 86_400])),
    );
    let now = Instant::from_unix(if chance.one_in(3) {
        start + chance.within(-50_000, 90_000)
    } else {
        noon - 4 * 86_400 + chance.within(0, 86_400)
    });
    let busy = (0..chance.of(&[0, 1, 3, 6, 20]))
        .map(|_| {
            let from = start + chance.within(-40_000, 180_000);
            let length = chance.of(&[0, 1, 600, 1800, 1801, 7200, 40_000]);
            BusyPeriod {
                span: Span::new(Instant::from_unix(from), Instant::from_unix(from + length)),
                kind: chance.of(&BusyType::ALL),
            }
        })
        .collect();
    let mut bookings: Vec<Taken> = (0..chance.of(&[0, 0, 1, 2, 4, 8]))
        .map(|_| {
            let from = start
                + if chance.one_in(3) {
                    chance.within(-20, 20) * 86_400
                } else {
                    chance.within(-3000, 12_000) * 15
                };
            let length = chance.of(&[0, 900, 1800, 3600, 10_000]);
            Taken {
                span: Span::new(Instant::from_unix(from), Instant::from_unix(from + length)),
                buffer: random_buffer(chance),
                same_type: !chance.one_in(3),
            }
        })
        .collect();
    bookings.sort_by_key(|taken| taken.span.start);
    Case { event_type, duration, now, busy, bookings, range }
}

/// What the text says, for one case.
struct Oracle<'a> {
    case: &'a Case,
    /// For each minute of the clock's readings whether it is open.
    open: Vec<bool>,
    clock: &'a Clock,
    /// Starts that the grid names, before S4.
    grid: BTreeSet<i64>,
}

fn hours_of(case: &Case, day: i64) -> Vec<Interval> {
    let hours = &case.event_type.hours;
    let replaced: Vec<&Vec<Interval>> =
        hours.overrides.iter().filter(|(date, _)| days(*date) == day).map(|(_, hours)| hours).collect();
    if replaced.is_empty() {
        let monday = days(civil::date(1970, 1, 5));
        hours.weekly[usize::try_from((day - monday).rem_euclid(7)).unwrap()].clone()
    } else {
        replaced.into_iter().flatten().copied().collect()
    }
}

impl<'a> Oracle<'a> {
    fn new(case: &'a Case, clock: &'a Clock) -> Self {
        let index = |second: i64| usize::try_from((second - clock.from).div_euclid(60)).unwrap();
        // No run that matters begins more than two days and a bit before the range.
        let window = index(case.range.start.as_unix() - 3 * 86_400)
            ..index(case.range.end.as_unix() + case.duration + 60);
        let first_day = clock.readings[window.clone()].iter().map(|(day, _)| *day).min().unwrap() - 1;
        let last_day = clock.readings[window.clone()].iter().map(|(day, _)| *day).max().unwrap();
        // For every date, which of the 2,880 minutes from its midnight on are working time.
        let working: Vec<Vec<bool>> = (first_day..=last_day)
            .map(|day| {
                let mut minutes = vec![false; 2880];
                for interval in hours_of(case, day).iter().filter(|interval| interval.start < interval.end) {
                    minutes[usize::from(interval.start)..usize::from(interval.end)].fill(true);
                }
                minutes
            })
            .collect();
        // For every date, the minutes that its intervals open.
        let mut minutes: Vec<Vec<usize>> = vec![Vec::new(); working.len()];
        let mut open = vec![false; clock.readings.len()];
        for index in window {
            let (day, seconds) = clock.readings[index];
            let (of_day, minute) =
                (usize::try_from(day - first_day).unwrap(), usize::try_from(seconds / 60).unwrap());
            for (of_day, after_midnight) in [(of_day, minute), (of_day - 1, minute + 1440)] {
                if working[of_day][after_midnight] {
                    minutes[of_day].push(index);
                    open[index] = true;
                }
            }
        }
        let mut grid = BTreeSet::new();
        let buffer = case.event_type.buffer;
        let step = match case.event_type.grid {
            Grid::Every(seconds) => seconds,
            Grid::Duration => case.duration,
            Grid::Auto => case.duration + buffer.before + buffer.after,
        };
        for indices in &minutes {
            for run in indices.chunk_by(|a, b| a + 1 == *b) {
                let from = clock.from + i64::try_from(run[0]).unwrap() * 60;
                let until = from + i64::try_from(run.len()).unwrap() * 60;
                grid.extend((from..until).step_by(usize::try_from(step).unwrap()));
            }
        }
        Self { case, open, clock, grid }
    }

    fn is_open(&self, start: i64) -> bool {
        let first = (start - self.clock.from).div_euclid(60);
        let last = (start + self.case.duration - 1 - self.clock.from).div_euclid(60);
        (first..=last).all(|minute| self.open[usize::try_from(minute).unwrap()])
    }

    fn is_free(&self, start: i64) -> bool {
        let kind = &self.case.event_type;
        let end = start + self.case.duration;
        let meets = |a: (i64, i64), b: (i64, i64)| a.0 < b.1 && b.0 < a.1;
        let slot = (start, end);
        let widened = (start - kind.buffer.before, end + kind.buffer.after);
        let busy = self.case.busy.iter().any(|period| {
            let blocks = period.kind != BusyType::Tentative || kind.blocks_from == BusyType::Tentative;
            let span = (period.span.start.as_unix(), period.span.end.as_unix());
            blocks && span.0 < span.1 && meets(widened, span)
        });
        let booked = self.case.bookings.iter().any(|taken| {
            let span = (taken.span.start.as_unix(), taken.span.end.as_unix());
            let its = (span.0 - taken.buffer.before, span.1 + taken.buffer.after);
            if span.0 >= span.1 {
                false
            } else if [kind.buffer.combine, taken.buffer.combine].contains(&Combine::Sum) {
                meets(widened, its)
            } else {
                meets(widened, span) || meets(slot, its)
            }
        });
        !busy && !booked
    }

    fn is_within_limits(&self, start: i64) -> bool {
        let kind = &self.case.event_type;
        let here = reading(&kind.zone, start).0;
        let dates: Vec<Date> = self
            .case
            .bookings
            .iter()
            .filter(|taken| taken.same_type)
            .map(|taken| reading(&kind.zone, taken.span.start.as_unix()).0)
            .collect();
        let count =
            |same: &dyn Fn(&Date) -> bool| u32::try_from(dates.iter().filter(|d| same(d)).count()).unwrap();
        let week = |date: &Date| (date.iso_week_date().year(), date.iso_week_date().week());
        let month = |date: &Date| (date.year(), date.month());
        kind.limit.day.is_none_or(|limit| count(&|date| *date == here) < limit)
            && kind.limit.week.is_none_or(|limit| count(&|date| week(date) == week(&here)) < limit)
            && kind.limit.month.is_none_or(|limit| count(&|date| month(date) == month(&here)) < limit)
    }

    /// Why `start` is refused; `None`: it is offered.
    fn reason(&self, start: i64) -> Option<&'static str> {
        let kind = &self.case.event_type;
        let now = self.case.now.as_unix();
        let day = |second: i64| days(reading(&kind.zone, second).0);
        if start < now {
            Some("in_the_past")
        } else if start < now + kind.notice {
            Some("too_soon")
        } else if day(start) > day(now) + i64::from(kind.horizon_days) {
            Some("too_far")
        } else if !self.is_open(start) {
            Some("outside_hours")
        } else if !self.grid.contains(&start) {
            Some("off_grid")
        } else if !self.is_within_limits(start) {
            Some("limit_reached")
        } else if !self.is_free(start) {
            Some("slot_taken")
        } else {
            None
        }
    }

    fn slots(&self) -> Vec<i64> {
        let (from, until) = (self.case.range.start.as_unix(), self.case.range.end.as_unix());
        self.grid.range(from..until).copied().filter(|start| self.reason(*start).is_none()).collect()
    }
}

#[allow(clippy::disallowed_methods, reason = "the number of cases is a setting of this test alone")]
fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn a_20_slots_and_check_equal_the_oracle() {
    let clocks: Vec<Clock> = PLACES.iter().map(|place| Clock::of(*place)).collect();
    let first = setting("KALENDS_ORACLE_SEED", 1);
    let mut offered = 0;
    let mut refused: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in first..first + setting("KALENDS_ORACLE_CASES", 2000) {
        let mut chance = Chance(seed);
        let clock = &clocks[usize::try_from(seed).unwrap() % clocks.len()];
        let case = random_case(&mut chance, clock);
        let busy: BusySet = case.busy.iter().copied().collect();
        let question = Question {
            event_type: &case.event_type,
            duration: case.duration,
            now: case.now,
            busy: &busy,
            bookings: &case.bookings,
        };
        let oracle = Oracle::new(&case, clock);
        let expected = oracle.slots();
        let got: Vec<i64> = open_slots(&question, case.range)
            .map(|slot| {
                assert_eq!(slot.span.seconds(), case.duration, "seed {seed}: length");
                slot.span.start.as_unix()
            })
            .collect();
        assert_eq!(got, expected, "seed {seed}, {} near {}", clock.zone.name(), clock.date);
        offered += got.len();
        if seed % 40 == 0 {
            let minutes =
                case.range.start.as_unix()..case.range.end.as_unix().min(case.range.start.as_unix() + 36_000);
            let first = minutes.start + (60 - minutes.start.rem_euclid(60)) % 60;
            for start in (first..minutes.end).step_by(60) {
                let passes = check(&question, Instant::from_unix(start)).is_ok();
                assert_eq!(
                    passes,
                    got.binary_search(&start).is_ok(),
                    "seed {seed}: check and slots at {start}"
                );
            }
        }
        let on_grid: Vec<i64> =
            oracle.grid.range(case.range.start.as_unix()..case.range.end.as_unix()).copied().collect();
        for turn in 0..12 {
            let start = if turn % 3 > 0 && !on_grid.is_empty() {
                chance.of(&on_grid)
            } else {
                chance.within(case.range.start.as_unix(), case.range.end.as_unix() - 1)
            };
            let reason = oracle.reason(start);
            let verdict = check(&question, Instant::from_unix(start)).err().map(|rejection| rejection.name);
            assert_eq!(verdict, reason, "seed {seed}, {}: check at {start}", clock.zone.name());
            *refused.entry(reason.unwrap_or("offered")).or_default() += 1;
        }
    }
    // The cases must be worth something: slots there are, and every reason was met.
    assert!(offered > 1000, "{offered} slots were offered in all");
    for name in [
        "in_the_past",
        "too_soon",
        "too_far",
        "outside_hours",
        "off_grid",
        "limit_reached",
        "slot_taken",
        "offered",
    ] {
        assert!(refused.contains_key(name), "no case met {name}: {refused:?}");
    }
}
