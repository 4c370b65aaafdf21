//! Busy time: the set as its definition says, and what an event makes of its owner's day.

#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

use std::sync::Arc;

use calendar::address::Address;
use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, of_object};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::ExpansionError;
use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Zone;
use proptest::prelude::*;

fn at(second: i64) -> Instant {
    Instant::from_unix(second)
}

fn periods() -> impl Strategy<Value = Vec<BusyPeriod>> {
    let kind = prop::sample::select(BusyType::ALL.to_vec());
    let period = (0_i64..60, -3_i64..20, kind).prop_map(|(start, length, kind)| BusyPeriod {
        span: Span { start: at(start), end: at(start + length) },
        kind,
    });
    prop::collection::vec(period, 0..12)
}

fn set(periods: &[BusyPeriod]) -> BusySet {
    periods.iter().copied().collect()
}

/// The strongest type of the periods that hold an instant: the definition.
fn strongest(periods: &[BusyPeriod], instant: Instant) -> Option<BusyType> {
    periods.iter().filter(|period| period.span.contains(instant)).map(|period| period.kind).max()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 800, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_set_is_its_definition_at_each_instant(periods in periods()) {
        let set = set(&periods);
        for second in -1..90 {
            prop_assert_eq!(strongest(set.periods(), at(second)), strongest(&periods, at(second)), "at {}", second);
        }
        prop_assert!(set.periods().iter().all(|period| !period.span.is_empty()));
        // Sorted, disjoint, and no two that could be one.
        for pair in set.periods().windows(2) {
            prop_assert!(pair[0].span.end < pair[1].span.start
                || pair[0].span.end == pair[1].span.start && pair[0].kind != pair[1].kind);
        }
    }

    #[test]
    fn merging_is_associative_commutative_and_idempotent(a in periods(), b in periods(), c in periods()) {
        let (a, b, c) = (set(&a), set(&b), set(&c));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(&a.union(&a), &a);
        prop_assert_eq!(&a.union(&BusySet::empty()), &a);
    }

    #[test]
    fn the_union_over_sources_is_the_whole(parts in prop::collection::vec(periods(), 0..5)) {
        let whole: Vec<BusyPeriod> = parts.iter().flatten().copied().collect();
        let united = parts.iter().fold(BusySet::empty(), |all, part| all.union(&set(part)));
        prop_assert_eq!(united, set(&whole));
    }

    #[test]
    fn splitting_the_window_changes_nothing(periods in periods(), mut cuts in prop::collection::vec(0_i64..80, 2..6)) {
        cuts.sort_unstable();
        let set = set(&periods);
        let window = Span::new(at(cuts[0]), at(cuts[cuts.len() - 1]));
        let parts = cuts.windows(2).map(|cut| set.clipped(Span::new(at(cut[0]), at(cut[1]))));
        prop_assert_eq!(parts.fold(BusySet::empty(), |all, part| all.union(&part)), set.clipped(window));
    }

    #[test]
    fn clipping_is_the_set_within(periods in periods(), start in 0_i64..60, length in 0_i64..40) {
        let window = Span::new(at(start), at(start + length));
        let clipped = set(&periods).clipped(window);
        for second in -1..120 {
            let inside = window.contains(at(second)).then(|| strongest(&periods, at(second))).flatten();
            prop_assert_eq!(strongest(clipped.periods(), at(second)), inside);
        }
        prop_assert_eq!(clipped.clipped(window), clipped);
    }

    #[test]
    fn free_is_free_at_each_instant(periods in periods(), start in 0_i64..60, length in 0_i64..20) {
        let window = Span::new(at(start), at(start + length));
        let set = set(&periods);
        for weakest in BusyType::ALL {
            let taken = (start..start + length).any(|second| strongest(&periods, at(second)) >= Some(weakest));
            prop_assert_eq!(set.is_free(window, weakest), !taken);
        }
        let overlapping: Vec<_> = set.periods().iter().filter(|period| period.span.overlaps(window)).copied().collect();
        prop_assert_eq!(set.overlapping(window), overlapping);
    }
}

fn object(component: &str, lines: &str) -> CalendarObject {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nBEGIN:{component}\nUID:u@x\nDTSTAMP:20260101T000000Z\n{lines}\
         END:{component}\nEND:VCALENDAR\n"
    );
    let octets = Arc::from(text.replace('\n', "\r\n").into_bytes());
    CalendarObject::read(octets, &Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn instant(text: &str) -> Instant {
    DateOrTime::parse(text).unwrap_or_else(|| panic!("{text} is no time")).to_instant(Zone::utc())
}

fn july() -> Span {
    Span::new(instant("20260701T000000Z"), instant("20260801T000000Z"))
}

fn busy(object: &CalendarObject) -> Vec<BusyPeriod> {
    let owner = [Address::parse("ada@example.org"), Address::parse("mailto:Ada@Alias.example")];
    let limits = Limits::default();
    let reading = BusyReading { zone: Zone::utc(), owner: &owner, limits: &limits };
    of_object(object, &reading, july()).expect("within the limits")
}

/// How busy an hour with these lines is.
fn kind(lines: &str) -> Option<BusyType> {
    let lines = format!("DTSTART:20260701T090000Z\nDTEND:20260701T100000Z\n{lines}");
    let found = busy(&object("VEVENT", &lines));
    assert!(found.len() < 2);
    found.first().map(|period| period.kind)
}

#[test]
fn transparency_status_and_what_microsoft_says() {
    let (busy, unavailable, tentative) =
        (Some(BusyType::Busy), Some(BusyType::Unavailable), Some(BusyType::Tentative));
    let cases = [
        ("", busy),
        ("TRANSP:OPAQUE\n", busy),
        ("TRANSP:transparent\n", None),
        ("STATUS:CONFIRMED\n", busy),
        ("STATUS:TENTATIVE\n", tentative),
        ("STATUS:CANCELLED\n", None),
        ("STATUS:X-OTHER\n", busy),
        ("X-MICROSOFT-CDO-BUSYSTATUS:BUSY\n", busy),
        ("X-MICROSOFT-CDO-BUSYSTATUS:FREE\n", None),
        ("X-MICROSOFT-CDO-BUSYSTATUS:WORKINGELSEWHERE\n", None),
        ("X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE\n", tentative),
        ("X-MICROSOFT-CDO-BUSYSTATUS:OOF\n", unavailable),
        ("TRANSP:OPAQUE\nX-MICROSOFT-CDO-BUSYSTATUS:FREE\n", busy),
        ("TRANSP:OPAQUE\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\n", unavailable),
        ("TRANSP:TRANSPARENT\nX-MICROSOFT-CDO-BUSYSTATUS:BUSY\n", None),
        ("TRANSP:TRANSPARENT\nSTATUS:TENTATIVE\n", None),
        ("TRANSP:X-OTHER\n", busy),
        ("STATUS:cancelled\n", None),
        // What the organizer would have others show is not what the owner shows.
        ("X-MICROSOFT-CDO-INTENDEDSTATUS:FREE\n", busy),
        ("X-MICROSOFT-CDO-INTENDEDSTATUS:TENTATIVE\nX-MICROSOFT-CDO-BUSYSTATUS:OOF\n", unavailable),
        ("X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY\nX-MICROSOFT-CDO-BUSYSTATUS:FREE\n", None),
    ];
    for (lines, expected) in cases {
        assert_eq!(kind(lines), expected, "{lines}");
    }
}

#[test]
fn the_owners_own_answer() {
    let (busy, tentative) = (Some(BusyType::Busy), Some(BusyType::Tentative));
    let cases = [
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.org\n", None),
        ("ATTENDEE;PARTSTAT=declined:MAILTO:ADA@ALIAS.EXAMPLE\n", None),
        ("ATTENDEE;PARTSTAT=DECLINED:mailto:bob@example.org\n", busy),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org\n", busy),
        ("ATTENDEE;PARTSTAT=TENTATIVE:mailto:ada@example.org\n", tentative),
        ("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ada@example.org\n", tentative),
        ("ATTENDEE:mailto:ada@example.org\n", tentative),
        ("ORGANIZER:mailto:ada@example.org\nATTENDEE:mailto:ada@example.org\n", busy),
        (
            "ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.org\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@alias.example\n",
            busy,
        ),
        ("STATUS:CANCELLED\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org\n", None),
        ("STATUS:TENTATIVE\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org\n", tentative),
    ];
    for (lines, expected) in cases {
        assert_eq!(kind(lines), expected, "{lines}");
    }
}

#[test]
fn an_override_speaks_for_itself() {
    let lines = "DTSTART:20260701T090000Z\nDTEND:20260701T100000Z\nRRULE:FREQ=DAILY;COUNT=4\nTRANSP:TRANSPARENT\n\
         END:VEVENT\nBEGIN:VEVENT\nUID:u@x\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID:20260702T090000Z\n\
         DTSTART:20260702T110000Z\nDTEND:20260702T120000Z\n\
         END:VEVENT\nBEGIN:VEVENT\nUID:u@x\nDTSTAMP:20260101T000000Z\nRECURRENCE-ID:20260703T090000Z\n\
         DTSTART:20260703T110000Z\nDTEND:20260703T120000Z\nSTATUS:CANCELLED\n";
    let span = Span::new(instant("20260702T110000Z"), instant("20260702T120000Z"));
    assert_eq!(busy(&object("VEVENT", lines)), [BusyPeriod { span, kind: BusyType::Busy }]);
}

#[test]
fn no_length_is_no_busy_time_and_periods_are_whole() {
    assert_eq!(busy(&object("VEVENT", "DTSTART:20260701T090000Z\n")), []);
    assert_eq!(busy(&object("VEVENT", "DTSTART:20260701T090000Z\nDTEND:20260701T080000Z\n")), []);
    let span = Span::new(instant("20260630T090000Z"), instant("20260702T090000Z"));
    let reaching = busy(&object("VEVENT", "DTSTART:20260630T090000Z\nDURATION:P2D\n"));
    assert_eq!(reaching, [BusyPeriod { span, kind: BusyType::Busy }]);
    assert_eq!(busy(&object("VTODO", "DTSTART:20260701T090000Z\nDUE:20260701T100000Z\n")), []);
}

#[test]
fn a_vfreebusy_by_its_periods() {
    let lines = "DTSTART:20260701T000000Z\nDTEND:20260801T000000Z\n\
         FREEBUSY:20260701T090000Z/20260701T100000Z,20260702T090000Z/PT30M\n\
         FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260703T090000Z/PT1H\n\
         FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260704T090000Z/PT1H\nFREEBUSY;FBTYPE=FREE:20260705T090000Z/PT1H\n\
         FREEBUSY;FBTYPE=X-HOLIDAY:20260706T090000Z/PT1H\nFREEBUSY:20260901T090000Z/PT1H,nonsense\n";
    let period = |start: &str, minutes: i64, kind| BusyPeriod {
        span: Span::new(instant(start), instant(start).plus(minutes * 60)),
        kind,
    };
    assert_eq!(
        busy(&object("VFREEBUSY", lines)),
        [
            period("20260701T090000Z", 60, BusyType::Busy),
            period("20260702T090000Z", 30, BusyType::Busy),
            period("20260703T090000Z", 60, BusyType::Unavailable),
            period("20260704T090000Z", 60, BusyType::Tentative),
            period("20260706T090000Z", 60, BusyType::Busy),
        ]
    );
}

#[test]
fn a_vavailability_by_what_it_leaves_out() {
    let lines = "DTSTART:20260731T000000Z\nBUSYTYPE:BUSY\nBEGIN:AVAILABLE\nUID:a\nDTSTAMP:20260101T000000Z\n\
         DTSTART:20260701T090000Z\nDTEND:20260701T170000Z\nRRULE:FREQ=DAILY\nEND:AVAILABLE\n";
    let period = |start: &str, end: &str| BusyPeriod {
        span: Span::new(instant(start), instant(end)),
        kind: BusyType::Busy,
    };
    let expected =
        [period("20260731T000000Z", "20260731T090000Z"), period("20260731T170000Z", "20260801T000000Z")];
    assert_eq!(busy(&object("VAVAILABILITY", lines)), expected);
    assert_eq!(busy(&object("VAVAILABILITY", "DTEND:20260701T000000Z\n")), []);
}

/// Days and floating times are those of the calendar's zone, whatever the days' length (the acceptance row A-12).
#[test]
fn all_day_and_floating_in_the_calendars_zone() {
    let limits = Limits::default();
    let window = Span::new(instant("20260101T000000Z"), instant("20270101T000000Z"));
    let found = |zone: &str, lines: &str| {
        let zone = Zone::named(zone).expect("the zone is known");
        let reading = BusyReading { zone: &zone, owner: &[], limits: &limits };
        let periods = of_object(&object("VEVENT", lines), &reading, window).expect("within the limits");
        periods
            .iter()
            .map(|period| (period.span.start.to_ical(), period.span.seconds() / 3600))
            .collect::<Vec<_>>()
    };
    let day = |date: &str| format!("DTSTART;VALUE=DATE:{date}\n");
    let one = |start: &str, hours: i64| vec![(start.to_owned(), hours)];
    assert_eq!(found("Europe/Paris", &day("20260701")), one("20260630T220000Z", 24));
    assert_eq!(found("Europe/Paris", &day("20260329")), one("20260328T230000Z", 23));
    assert_eq!(found("Europe/Paris", &day("20261025")), one("20261024T220000Z", 25));
    assert_eq!(found("Pacific/Kiritimati", &day("20260701")), one("20260630T100000Z", 24));
    assert_eq!(found("Etc/GMT+12", &day("20260701")), one("20260701T120000Z", 24));
    assert_eq!(found("Europe/Paris", &format!("{}TRANSP:TRANSPARENT\n", day("20260701"))), []);
    let three = "DTSTART;VALUE=DATE:20261024\nDTEND;VALUE=DATE:20261027\n";
    assert_eq!(found("Europe/Paris", three), one("20261023T220000Z", 73));
    let floating = "DTSTART:20260701T090000\nDURATION:PT1H\n";
    assert_eq!(found("Europe/Paris", floating), one("20260701T070000Z", 1));
    assert_eq!(found("Asia/Kathmandu", floating), one("20260701T031500Z", 1));
}

/// Objects of every sort, for what must hold whatever they are.
fn some_object(which: usize, hour: i64, length: i64) -> CalendarObject {
    let start = instant("20260701T000000Z").plus(hour * 3600).to_ical();
    let end = instant("20260701T000000Z").plus((hour + length) * 3600).to_ical();
    let times = format!("DTSTART:{start}\nDTEND:{end}\n");
    match which {
        0 => object("VEVENT", &format!("{times}RRULE:FREQ=HOURLY;INTERVAL=29\n")),
        1 => object("VEVENT", &format!("{times}STATUS:TENTATIVE\nRRULE:FREQ=WEEKLY;BYDAY=MO,FR;COUNT=5\n")),
        2 => object("VEVENT", &format!("{times}X-MICROSOFT-CDO-BUSYSTATUS:OOF\nRDATE:20260720T030000Z\n")),
        3 => object("VFREEBUSY", &format!("FREEBUSY:{start}/{end},20260710T000000Z/P1D\n")),
        4 => object(
            "VAVAILABILITY",
            &format!(
                "BEGIN:AVAILABLE\nUID:a\nDTSTAMP:20260101T000000Z\n{times}RRULE:FREQ=DAILY\nEND:AVAILABLE\n"
            ),
        ),
        _ => object("VEVENT", &format!("DTSTART;VALUE=DATE:202607{:02}\n", 1 + hour.rem_euclid(28))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_objects_make_busy_does_not_depend_on_how_it_is_asked(
        sources in prop::collection::vec((0_usize..6, 0_i64..700, 1_i64..40), 1..5),
        mut cuts in prop::collection::vec(0_i64..31 * 24, 1..4),
    ) {
        let (limits, zone) = (Limits::default(), Zone::named("Europe/Paris").expect("the zone is known"));
        let reading = BusyReading { zone: &zone, owner: &[], limits: &limits };
        let objects: Vec<_> =
            sources.into_iter().map(|(which, hour, length)| some_object(which, hour, length)).collect();
        let of = |objects: &[CalendarObject], window: Span| -> BusySet {
            let periods = objects.iter().map(|each| of_object(each, &reading, window).expect("within the limits"));
            periods.flatten().collect::<BusySet>().clipped(window)
        };
        let whole = of(&objects, july());
        // Split windows change nothing.
        cuts.extend([0, 31 * 24]);
        cuts.sort_unstable();
        let at = |hour: i64| july().start.plus(hour * 3600);
        let parts = cuts.windows(2).map(|cut| of(&objects, Span::new(at(cut[0]), at(cut[1]))));
        prop_assert_eq!(&parts.fold(BusySet::empty(), |all, part| all.union(&part)), &whole);
        // The union over sources is the whole, in whatever order.
        let united = objects.iter().rev().fold(BusySet::empty(), |all, each| all.union(&of(std::slice::from_ref(each), july())));
        prop_assert_eq!(&united, &whole);
        // Free is what is not busy.
        let free = whole.free_within(july(), BusyType::Tentative);
        let seconds: i64 = whole.periods().iter().map(|period| period.span).chain(free.iter().copied()).map(Span::seconds).sum();
        prop_assert_eq!(seconds, july().seconds());
        prop_assert!(free.iter().all(|span| whole.is_free(*span, BusyType::Tentative)));
    }
}

/// A small window of a large set costs what lies in it.
#[test]
fn a_small_window_of_a_large_set_is_cheap() {
    let period = |index: i64| BusyPeriod {
        span: Span::new(at(index * 3600), at(index * 3600 + 1800)),
        kind: BusyType::Busy,
    };
    let set: BusySet = (0..100_000).map(period).collect();
    #[expect(clippy::disallowed_methods, reason = "the test measures")]
    let begun = std::time::Instant::now();
    for index in (0..100_000).step_by(5) {
        let window = Span::new(at(index * 3600 + 900), at(index * 3600 + 7200));
        assert_eq!((set.clipped(window).periods().len(), set.is_free(window, BusyType::Busy)), (2, false));
        assert_eq!(set.free_within(window, BusyType::Busy).len(), 2);
    }
    // Copying the set each time would take many minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn a_limit_is_an_error_unless_it_is_free_anyway() {
    let bomb = "DTSTART:19700101T000000Z\nDTEND:19700101T000001Z\nRRULE:FREQ=SECONDLY\n";
    let limits = Limits::default();
    let reading = BusyReading { zone: Zone::utc(), owner: &[], limits: &limits };
    let error = of_object(&object("VEVENT", bomb), &reading, july());
    assert!(matches!(error, Err(ExpansionError::TooMany { .. })));
    let free = of_object(&object("VEVENT", &format!("{bomb}TRANSP:TRANSPARENT\n")), &reading, july());
    assert_eq!(free, Ok(vec![]));
}
