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
    assert_eq!(busy(&object("VAVAILABILITY", "DTSTART:20260701T000000Z\nBUSYTYPE:BUSY\n")), []);
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
