//! Event types and busy time in, slots out: the acceptance tests of availability and time, by their names.

#![allow(clippy::unwrap_used, reason = "a test ends where what it needs is not there")]

use booking::event_type::{Buffer, Combine, EventType, Grid, Hours, Interval, Limit};
use booking::rule::{check, explain};
use booking::slot::{Question, Taken, open_slots};
use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::civil::{Date, date};
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

const MINUTE: i64 = 60;
const HOUR: i64 = 3600;
const DAY: i64 = 86_400;

fn interval(start: u16, end: u16) -> Interval {
    Interval { start, end }
}

fn every_day(intervals: &[Interval]) -> Hours {
    Hours { weekly: std::array::from_fn(|_| intervals.to_vec()), overrides: Vec::new() }
}

/// Half an hour in Paris, Monday to Friday from nine to five, every half hour.
fn intro() -> EventType {
    let mut hours = every_day(&[interval(540, 1020)]);
    hours.weekly[5].clear();
    hours.weekly[6].clear();
    EventType {
        slug: "intro".into(),
        title: "Intro call".into(),
        description: String::new(),
        durations: vec![30 * MINUTE],
        grid: Grid::Every(30 * MINUTE),
        hours,
        zone: zone("Europe/Paris"),
        buffer: Buffer::default(),
        notice: 0,
        horizon_days: 400,
        limit: Limit::default(),
        blocks_from: BusyType::Tentative,
        location: None,
        active: true,
        listed: true,
    }
}

fn zone(name: &str) -> Zone {
    Zone::iana(name).unwrap()
}

/// The instant at which UTC clocks show this.
fn utc(day: Date, hour: i8, minute: i8) -> Instant {
    Instant::from_utc(day.at(hour, minute, 0, 0))
}

/// What is asked, with defaults that keep out of the way.
struct Asked {
    event_type: EventType,
    now: Instant,
    busy: BusySet,
    bookings: Vec<Taken>,
}

impl Asked {
    fn of(event_type: EventType, now: Instant) -> Self {
        Self { event_type, now, busy: BusySet::empty(), bookings: Vec::new() }
    }

    fn question(&self) -> Question<'_> {
        Question {
            event_type: &self.event_type,
            duration: self.event_type.durations[0],
            now: self.now,
            busy: &self.busy,
            bookings: &self.bookings,
        }
    }

    /// The starts of the slots of an owner-local date.
    fn on(&self, day: Date) -> Vec<Instant> {
        let zone = &self.event_type.zone;
        let range = Span::new(
            zone.instant_of(day.at(0, 0, 0, 0)),
            zone.instant_of(day.tomorrow().unwrap().at(0, 0, 0, 0)),
        );
        let question = self.question();
        let slots: Vec<Instant> = open_slots(&question, range).map(|slot| slot.span.start).collect();
        for start in &slots {
            assert_eq!(check(&question, *start), Ok(()), "{start}");
        }
        slots
    }

    /// The same as the owner's clock shows them.
    fn clock(&self, day: Date) -> Vec<String> {
        self.on(day)
            .iter()
            .map(|start| {
                let local = self.event_type.zone.local_of(*start);
                format!("{:02}:{:02}", local.hour(), local.minute())
            })
            .collect()
    }

    fn refusal(&self, start: Instant) -> &'static str {
        check(&self.question(), start).unwrap_err().name
    }
}

fn taken(start: Instant, minutes: i64) -> Taken {
    Taken { span: Span::new(start, start.plus(minutes * MINUTE)), buffer: Buffer::default(), same_type: true }
}

fn busy(kind: BusyType, start: Instant, seconds: i64) -> BusySet {
    [BusyPeriod { span: Span::new(start, start.plus(seconds)), kind }].into_iter().collect()
}

#[test]
fn a_working_day_offers_its_half_hours() {
    let tuesday = date(2026, 11, 24);
    let asked = Asked::of(intro(), utc(tuesday, 0, 0).plus(-DAY));
    let slots = asked.clock(tuesday);
    assert_eq!(slots.len(), 16);
    assert_eq!((slots[0].as_str(), slots[15].as_str()), ("09:00", "16:30"));
    assert!(asked.clock(date(2026, 11, 28)).is_empty(), "Saturday");
}

#[test]
fn t_1_a_skipped_hour_is_not_there() {
    let sunday = date(2027, 3, 28);
    let mut event_type = intro();
    event_type.hours = every_day(&[interval(0, 360)]);
    let asked = Asked::of(event_type, utc(sunday, 0, 0).plus(-DAY));
    assert_eq!(
        asked.clock(sunday),
        ["00:00", "00:30", "01:00", "01:30", "03:00", "03:30", "04:00", "04:30", "05:00", "05:30"]
    );
    let slots = asked.on(sunday);
    // Half past one is followed by three o'clock after exactly thirty minutes.
    assert!(slots.windows(2).all(|pair| pair[1].since(pair[0]) == 30 * MINUTE));
}

#[test]
fn t_2_a_repeated_hour_is_offered_twice() {
    let sunday = date(2027, 10, 31);
    let mut event_type = intro();
    event_type.hours = every_day(&[interval(0, 360)]);
    let mut asked = Asked::of(event_type, utc(sunday, 0, 0).plus(-DAY));
    let slots = asked.clock(sunday);
    assert_eq!(slots.iter().filter(|clock| *clock == "02:00").count(), 2);
    assert_eq!(slots.len(), 14);
    // Separately bookable: the first being taken leaves the second.
    let (first, second) = (utc(sunday, 0, 0), utc(sunday, 1, 0));
    asked.bookings = vec![taken(first, 30)];
    assert_eq!(asked.refusal(first), "slot_taken");
    assert!(asked.on(sunday).contains(&second));
}

#[test]
fn hours_that_begin_in_the_repeated_hour_are_open_in_two_pieces() {
    let sunday = date(2027, 10, 31);
    let mut event_type = intro();
    event_type.hours = every_day(&[interval(150, 240)]);
    let asked = Asked::of(event_type, utc(sunday, 0, 0).plus(-DAY));
    // 02:30 for the first time, then 02:30 for the second time, 03:00, 03:30.
    assert_eq!(
        asked.on(sunday),
        [utc(sunday, 0, 30), utc(sunday, 1, 30), utc(sunday, 2, 0), utc(sunday, 2, 30)]
    );
}

#[test]
fn t_3_new_york_hours_on_the_day_of_the_change() {
    let sunday = date(2027, 3, 14);
    let mut event_type = intro();
    event_type.zone = zone("America/New_York");
    event_type.hours = every_day(&[interval(780, 1080)]);
    let asked = Asked::of(event_type, utc(sunday, 0, 0).plus(-DAY));
    let slots = asked.on(sunday);
    assert_eq!(slots.first(), Some(&utc(sunday, 17, 0)));
    assert_eq!(slots.last().map(|start| start.plus(30 * MINUTE)), Some(utc(sunday, 22, 0)));
}

#[test]
fn t_4_horizon_and_notice_over_a_change() {
    let friday = date(2027, 3, 26);
    let mut event_type = intro();
    event_type.horizon_days = 4;
    let mut asked = Asked::of(event_type, utc(friday, 12, 0));
    for (day, count) in [(date(2027, 3, 29), 16), (date(2027, 3, 30), 16), (date(2027, 3, 31), 0)] {
        let slots = asked.clock(day);
        assert_eq!(slots.len(), count, "{day}");
        assert!(slots.first().is_none_or(|first| first == "09:00"), "{day}: {slots:?}");
    }
    assert_eq!(asked.refusal(utc(date(2027, 3, 31), 7, 0)), "too_far");
    // Friday 13:00 and 67 hours, one of which the clock leaves out, are Monday 09:00.
    asked.event_type.notice = 67 * HOUR;
    assert_eq!(asked.clock(date(2027, 3, 29))[0], "09:00");
    asked.event_type.notice = 67 * HOUR + 1;
    assert_eq!(asked.clock(date(2027, 3, 29))[0], "09:30");
}

#[test]
fn a_16_buffers_of_neighbours_by_the_larger_or_by_the_sum() {
    let tuesday = date(2026, 11, 24);
    let ten = utc(tuesday, 9, 0);
    let mut event_type = intro();
    event_type.grid = Grid::Every(5 * MINUTE);
    event_type.buffer = Buffer { before: 10 * MINUTE, after: 0, combine: Combine::Max };
    let mut asked = Asked::of(event_type, utc(tuesday, 0, 0));
    asked.bookings = vec![Taken {
        buffer: Buffer { before: 0, after: 15 * MINUTE, combine: Combine::Max },
        same_type: false,
        ..taken(ten, 30)
    }];
    let after_ten = |asked: &Asked| asked.on(tuesday).into_iter().find(|start| *start >= ten).unwrap();
    assert_eq!(after_ten(&asked), ten.plus(45 * MINUTE), "10:45: the larger buffer");
    asked.event_type.buffer.combine = Combine::Sum;
    assert_eq!(after_ten(&asked), ten.plus(55 * MINUTE), "10:55: both buffers");
    // Its own buffer keeps ten minutes after any event.
    asked.bookings.clear();
    asked.busy = busy(BusyType::Busy, ten, 30 * MINUTE);
    assert_eq!(after_ten(&asked), ten.plus(40 * MINUTE));
}

#[test]
fn a_17_the_grid_of_duration_and_buffers() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    event_type.durations = vec![20 * MINUTE];
    event_type.buffer = Buffer { before: 0, after: 5 * MINUTE, combine: Combine::Max };
    event_type.grid = Grid::Auto;
    let asked = Asked::of(event_type, utc(tuesday, 0, 0));
    assert_eq!(asked.clock(tuesday)[..4], ["09:00", "09:25", "09:50", "10:15"]);
}

#[test]
fn a_18_hours_over_midnight_belong_to_the_day_on_which_they_begin() {
    let mut event_type = intro();
    event_type.hours = Hours::default();
    // Tuesday 22:00 to Wednesday 02:00.
    event_type.hours.weekly[1] = vec![interval(1320, 1560)];
    event_type.durations = vec![45 * MINUTE];
    event_type.grid = Grid::Every(45 * MINUTE);
    let (tuesday, wednesday) = (date(2026, 11, 24), date(2026, 11, 25));
    let asked = Asked::of(event_type, utc(tuesday, 0, 0));
    assert_eq!(asked.clock(tuesday), ["22:00", "22:45", "23:30"]);
    // One run: the grid goes on over midnight.
    assert_eq!(asked.clock(wednesday), ["00:15", "01:00"]);
    assert!(asked.clock(date(2026, 11, 26)).is_empty());
}

#[test]
fn a_19_buffers_may_lie_outside_working_hours() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    event_type.buffer = Buffer { before: HOUR, after: HOUR, combine: Combine::Max };
    let mut asked = Asked::of(event_type, utc(tuesday, 0, 0));
    assert_eq!(asked.clock(tuesday).len(), 16);
    // What is busy there still counts: until 08:30 leaves 09:30 as the first.
    asked.busy = busy(BusyType::Busy, utc(tuesday, 6, 0), 5400);
    assert_eq!(asked.clock(tuesday)[0], "09:30");
}

#[test]
fn r_1_a_booking_does_not_block_its_own_rescheduling() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    event_type.durations = vec![HOUR];
    event_type.grid = Grid::Every(15 * MINUTE);
    let mut asked = Asked::of(event_type, utc(tuesday, 0, 0));
    let ten = utc(tuesday, 9, 0);
    asked.bookings = vec![taken(ten, 60)];
    assert!(!asked.on(tuesday).contains(&ten.plus(15 * MINUTE)));
    // The desk leaves the booking out of what it asks with.
    asked.bookings.clear();
    assert!(asked.on(tuesday).contains(&ten.plus(15 * MINUTE)));
}

#[test]
fn slots_cross_midnight_where_both_dates_are_open() {
    let mut event_type = intro();
    event_type.hours = every_day(&[interval(0, 1440)]);
    event_type.durations = vec![2 * HOUR];
    event_type.grid = Grid::Every(90 * MINUTE);
    let tuesday = date(2026, 11, 24);
    let asked = Asked::of(event_type, utc(tuesday, 0, 0).plus(-DAY));
    let slots = asked.clock(tuesday);
    assert_eq!(slots.last().map(String::as_str), Some("22:30"));
    // A new date starts a new run although the minute before was open.
    assert_eq!(asked.clock(date(2026, 11, 25))[0], "00:00");
}

#[test]
fn only_the_union_of_intervals_counts() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    let plain = Asked::of(intro(), utc(tuesday, 0, 0)).on(tuesday);
    event_type.hours = every_day(&[
        interval(720, 1020),
        interval(540, 600),
        interval(600, 600),
        interval(590, 725),
        interval(900, 300),
    ]);
    assert_eq!(Asked::of(event_type, utc(tuesday, 0, 0)).on(tuesday), plain);
}

#[test]
fn overrides_replace_all_hours_of_their_date() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    event_type.hours.overrides = vec![(date(2026, 11, 28), vec![interval(600, 660)]), (tuesday, Vec::new())];
    let asked = Asked::of(event_type, utc(tuesday, 0, 0));
    assert!(asked.on(tuesday).is_empty());
    assert_eq!(asked.clock(date(2026, 11, 28)), ["10:00", "10:30"]);
}

#[test]
fn the_grid_does_not_restart_after_a_busy_period() {
    let tuesday = date(2026, 11, 24);
    let mut asked = Asked::of(intro(), utc(tuesday, 0, 0));
    asked.busy = busy(BusyType::Busy, utc(tuesday, 8, 0), 10 * MINUTE + 1);
    assert_eq!(asked.clock(tuesday)[0], "09:30");
    assert_eq!(asked.refusal(utc(tuesday, 8, 15)), "off_grid");
    // Seconds count: a busy second at the end of the slot.
    asked.busy = busy(BusyType::Busy, utc(tuesday, 8, 29).plus(59), 1);
    assert_eq!(asked.clock(tuesday)[0], "09:30");
    // Touching is allowed.
    asked.busy = busy(BusyType::Busy, utc(tuesday, 8, 30), 30 * MINUTE);
    assert_eq!(asked.clock(tuesday)[..2], ["09:00", "10:00"]);
}

#[test]
fn only_tentative_time_is_the_type_s_choice() {
    let tuesday = date(2026, 11, 24);
    for (kind, weakest, blocks) in [
        (BusyType::Busy, BusyType::Busy, true),
        (BusyType::Unavailable, BusyType::Busy, true),
        (BusyType::Tentative, BusyType::Busy, false),
        (BusyType::Tentative, BusyType::Unavailable, false),
        (BusyType::Tentative, BusyType::Tentative, true),
    ] {
        let mut event_type = intro();
        event_type.blocks_from = weakest;
        let mut asked = Asked::of(event_type, utc(tuesday, 0, 0));
        asked.busy = busy(kind, utc(tuesday, 8, 0), 600);
        assert_eq!(asked.clock(tuesday)[0] == "09:30", blocks, "{kind:?} from {weakest:?}");
    }
}

#[test]
fn limits_count_bookings_of_the_type_by_owner_local_date() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    event_type.limit = Limit { day: Some(2), week: Some(3), month: None };
    let mut asked = Asked::of(event_type, utc(tuesday, 0, 0));
    // One in hours, one at 06:00 outside of them, one of another type.
    asked.bookings = vec![taken(utc(tuesday, 5, 0), 30), taken(utc(tuesday, 8, 0), 30)];
    let other = Taken { same_type: false, ..taken(utc(tuesday.tomorrow().unwrap(), 8, 0), 30) };
    asked.bookings.push(other);
    assert!(asked.on(tuesday).is_empty());
    assert_eq!(asked.refusal(utc(tuesday, 10, 0)), "limit_reached");
    let wednesday = date(2026, 11, 25);
    assert_eq!(asked.on(wednesday).len(), 15);
    // A third on Sunday fills the week, and only that week.
    asked.bookings.push(taken(utc(date(2026, 11, 29), 8, 0), 30));
    assert!(asked.on(wednesday).is_empty());
    assert_eq!(asked.on(date(2026, 11, 30)).len(), 16);
    // 23:30Z on Monday is Tuesday in Paris.
    asked.event_type.limit = Limit { day: Some(1), ..Limit::default() };
    asked.bookings = vec![taken(utc(date(2026, 11, 23), 23, 30), 30)];
    assert!(asked.on(tuesday).is_empty());
    asked.event_type.limit = Limit { month: Some(1), ..Limit::default() };
    assert!(asked.on(date(2026, 11, 30)).is_empty());
    assert_eq!(asked.on(date(2026, 12, 1)).len(), 16);
}

#[test]
fn b_8_each_refusal_has_its_own_name_in_order() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    event_type.notice = 2 * HOUR;
    event_type.horizon_days = 7;
    event_type.limit.day = Some(1);
    let mut asked = Asked::of(event_type, utc(tuesday, 7, 0));
    assert_eq!(asked.refusal(utc(tuesday, 6, 30)), "in_the_past");
    assert_eq!(asked.refusal(utc(tuesday, 8, 30)), "too_soon");
    assert_eq!(asked.refusal(utc(date(2026, 12, 2), 9, 0)), "too_far");
    assert_eq!(asked.refusal(utc(date(2026, 11, 29), 2, 0)), "outside_hours");
    assert_eq!(asked.refusal(utc(tuesday, 9, 7)), "off_grid");
    asked.busy = busy(BusyType::Busy, utc(tuesday, 9, 0), 60);
    assert_eq!(asked.refusal(utc(tuesday, 9, 0)), "slot_taken");
    asked.bookings = vec![taken(utc(tuesday, 12, 0), 30)];
    assert_eq!(asked.refusal(utc(tuesday, 9, 0)), "limit_reached");
    asked.event_type.durations = vec![HOUR, 30 * MINUTE];
    let question = Question { duration: 45 * MINUTE, ..asked.question() };
    assert_eq!(check(&question, utc(tuesday, 9, 0)).unwrap_err().name, "wrong_duration");
    assert_eq!(open_slots(&question, Span::ALWAYS).next(), None);
    asked.event_type.active = false;
    assert_eq!(asked.refusal(utc(tuesday, 6, 0)), "inactive");
    assert!(asked.on(tuesday).is_empty());
    let names: Vec<&str> =
        explain(&asked.question(), utc(tuesday, 9, 0)).iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        ["active", "duration", "past", "notice", "horizon", "hours", "grid", "limit", "conflict"]
    );
}

#[test]
fn notice_counts_to_the_second() {
    let tuesday = date(2026, 11, 24);
    let mut event_type = intro();
    event_type.notice = HOUR;
    let mut asked = Asked::of(event_type, utc(tuesday, 7, 0));
    assert_eq!(asked.clock(tuesday)[0], "09:00");
    asked.now = asked.now.plus(1);
    assert_eq!(asked.clock(tuesday)[0], "09:30");
}

#[test]
fn a_date_that_the_clock_skipped_has_no_slots() {
    // Samoa went from Thursday 29 to Saturday 31 December 2011.
    let mut event_type = intro();
    event_type.zone = zone("Pacific/Apia");
    event_type.hours = every_day(&[interval(540, 600)]);
    let asked = Asked::of(event_type, utc(date(2011, 12, 27), 0, 0));
    let question = asked.question();
    let range = Span::new(utc(date(2011, 12, 29), 10, 0), utc(date(2011, 12, 31), 10, 0));
    let days: Vec<String> = open_slots(&question, range)
        .map(|slot| asked.event_type.zone.local_of(slot.span.start).date().to_string())
        .collect();
    assert_eq!(days, ["2011-12-29", "2011-12-29", "2011-12-31", "2011-12-31"]);
}

#[test]
fn hostile_settings_are_bounded() {
    let now = utc(date(2026, 1, 1), 0, 0);
    let mut event_type = intro();
    event_type.hours = every_day(&[interval(0, 1440), interval(1439, 2880), interval(60_000, 65_535)]);
    for grid in [Grid::Every(0), Grid::Every(-5), Grid::Every(i64::MAX), Grid::Every(i64::MIN), Grid::Auto] {
        for extreme in [i64::MIN, -1, 0, 1, i64::MAX] {
            event_type.grid = grid;
            event_type.durations = vec![30 * MINUTE, extreme];
            event_type.buffer = Buffer { before: extreme, after: extreme, combine: Combine::Sum };
            event_type.notice = extreme.clamp(-HOUR, HOUR);
            event_type.horizon_days = if extreme < 0 { i32::MIN } else { 30 };
            let mut asked = Asked::of(event_type.clone(), now);
            asked.bookings = vec![Taken { buffer: event_type.buffer, ..taken(now.plus(DAY), 30) }];
            let question = asked.question();
            let count = open_slots(&question, Span::ALWAYS).count();
            assert!(count <= 32 * 1440, "{count}");
            let question = Question { duration: extreme, ..asked.question() };
            let _ = open_slots(&question, Span::ALWAYS).take(3).count();
            let _ = explain(&question, now.plus(DAY));
        }
    }
    event_type.notice = i64::MAX;
    assert_eq!(open_slots(&Asked::of(event_type, now).question(), Span::ALWAYS).next(), None);
}
