//! Recurrence: the RFC's examples, a definition to compare with, and what a series of an object is.

#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

#[path = "recurrence/cost.rs"]
mod cost;
#[path = "recurrence/object.rs"]
mod object;
#[path = "recurrence/oracle.rs"]
mod oracle;
#[path = "recurrence/rfc5545.rs"]
mod rfc5545;
#[path = "recurrence/skip.rs"]
mod skip;

use calendar::civil;
use calendar::recur::expand::{Bounds, End, First, expand};
use calendar::recur::rule::{Rule, RuleError};
use calendar::time::DateOrTime;
use proptest::prelude::*;

fn reading(text: &str) -> civil::DateTime {
    DateOrTime::parse(text).unwrap_or_else(|| panic!("{text} is no time")).local()
}

fn rule(text: &str) -> Rule {
    Rule::read(text).unwrap_or_else(|error| panic!("{text}: {error}")).rule
}

fn bounds(from: &str, to: &str) -> Bounds {
    Bounds { from: reading(from), to: reading(to), steps_max: 200_000, first: First::Counts }
}

/// The readings in a stretch, how it ended, and the steps it took.
fn expanded(text: &str, start: &str, bounds: &Bounds) -> (Vec<String>, Option<End>, usize) {
    let mut expansion = expand(&rule(text), reading(start), bounds);
    let found = expansion.by_ref().map(|local| local.strftime("%Y%m%dT%H%M%S").to_string()).collect();
    (found, expansion.end(), expansion.steps())
}

#[test]
fn a_window_far_from_dtstart_costs_what_it_holds() {
    for text in [
        "FREQ=DAILY",
        "FREQ=DAILY;INTERVAL=3;BYHOUR=1,2",
        "FREQ=WEEKLY;BYDAY=MO,FR",
        "FREQ=MONTHLY;BYMONTHDAY=31",
        "FREQ=MONTHLY;BYDAY=-1FR",
        "FREQ=YEARLY;BYDAY=2TU;BYMONTH=5",
        "FREQ=HOURLY;INTERVAL=7",
        "FREQ=MINUTELY;INTERVAL=45;BYHOUR=9",
        "FREQ=SECONDLY;INTERVAL=3600",
        "FREQ=DAILY;COUNT=1000000",
        "FREQ=WEEKLY;BYDAY=TU,TH;COUNT=100000",
        "FREQ=SECONDLY;INTERVAL=1800;COUNT=4000000",
    ] {
        let (found, end, steps) =
            expanded(text, "19700101T000000", &bounds("20400101T000000", "20400201T000000"));
        assert!(steps < 12 * found.len() + 200, "{text}: {steps} steps for {} instances", found.len());
        assert_eq!(end, Some(End::Bound), "{text}");
    }
}

#[test]
fn a_rule_that_never_matches_ends_soon() {
    for text in [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31",
        "FREQ=DAILY;INTERVAL=7;BYDAY=TU",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=MINUTELY;INTERVAL=1440;BYHOUR=10",
        "FREQ=SECONDLY;INTERVAL=60;BYSECOND=30",
        "FREQ=SECONDLY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=WEEKLY;BYDAY=MO;BYSETPOS=2",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6;BYDAY=MO",
    ] {
        let start = if text.contains("BYMONTHDAY=31") { "20260201T000000" } else { "20260105T000000" };
        let (found, end, steps) = expanded(text, start, &bounds("20260101T000000", "20261231T235959"));
        assert_eq!((found.as_slice(), end), ([start.to_owned()].as_slice(), Some(End::Bound)), "{text}");
        assert!(steps < 20_000, "{text}: {steps} steps");
    }
}

#[test]
fn the_end_says_why() {
    let year = bounds("20260101T000000", "20261231T235959");
    let start = "20260101T000000";
    assert_eq!(expanded("FREQ=DAILY;COUNT=3", start, &year).1, Some(End::Count));
    assert_eq!(expanded("FREQ=DAILY", start, &year).1, Some(End::Bound));
    assert_eq!(expanded("FREQ=SECONDLY", start, &year).1, Some(End::Steps));
    let (_, end, steps) = expanded("FREQ=SECONDLY;BYHOUR=23;COUNT=100000000", "19700101T000000", &year);
    assert_eq!((end, steps), (Some(End::Steps), 200_000));
    let to_the_last = bounds("99980101T000000", "99991231T235959");
    let (found, end, _) = expanded("FREQ=YEARLY", start, &to_the_last);
    assert_eq!((found.len(), end), (2, Some(End::Years)));
    let (found, end, _) = expanded("FREQ=DAILY;INTERVAL=2", start, &to_the_last);
    assert_eq!((found.len(), end), (365, Some(End::Years)));
    for text in ["FREQ=YEARLY;INTERVAL=4294967295", "FREQ=SECONDLY;INTERVAL=4294967295"] {
        assert_eq!(expanded(text, start, &bounds(start, "20900101T000000")).0, [start]);
    }
}

#[test]
fn dtstart_is_the_first_of_count() {
    // 3 January 2024 is a Wednesday.
    let (found, ..) = expanded(
        "FREQ=WEEKLY;BYDAY=MO;COUNT=3",
        "20240103T090000",
        &bounds("20240101T000000", "20250101T000000"),
    );
    assert_eq!(found, ["20240103T090000", "20240108T090000", "20240115T090000"]);
    let as_ruled = Bounds { first: First::AsRuled, ..bounds("20240101T000000", "20250101T000000") };
    let (found, ..) = expanded("FREQ=WEEKLY;BYDAY=MO;COUNT=2", "20240103T090000", &as_ruled);
    assert_eq!(found, ["20240108T090000", "20240115T090000"]);
}

#[test]
fn what_the_crate_gets_wrong_is_right_here() {
    let cases = [
        ("19970418T171500", "FREQ=MINUTELY;INTERVAL=7;BYHOUR=10", "19970419T100300"),
        ("20160803T175900", "FREQ=MINUTELY;INTERVAL=90;BYHOUR=10,12,23", "20160803T235900"),
        ("20250831T030030", "FREQ=SECONDLY;INTERVAL=61;BYMINUTE=0,30", "20250831T040029"),
        ("20231201T004500", "FREQ=MINUTELY;INTERVAL=90;BYHOUR=23", "20231201T231500"),
        // The fifth Monday from the end: only a month with five has one.
        ("20240102T000000", "FREQ=MONTHLY;BYDAY=-5MO", "20240401T000000"),
        ("20240103T000000", "FREQ=WEEKLY;BYDAY=1MO", "20240108T000000"),
        ("20240103T000000", "FREQ=YEARLY;BYWEEKNO=20", "20240515T000000"),
        // Either Monday or the second Tuesday, not what is both.
        ("20240102T000000", "FREQ=MONTHLY;BYDAY=MO,2TU", "20240108T000000"),
        // 1 January 2011 lies in week 52 of 2010.
        ("20101231T000000", "FREQ=YEARLY;BYWEEKNO=52;BYDAY=SA", "20110101T000000"),
        ("20260101T000000", "FREQ=DAILY;INTERVAL=70000", "22170828T000000"),
    ];
    for (start, text, second) in cases {
        let next = expand(&rule(text), reading(start), &bounds(start, "22260101T000000")).nth(1);
        assert_eq!(next, Some(reading(second)), "{text}");
    }
}

#[test]
fn rules_are_read_leniently() {
    let cases = [
        ("freq=daily; interval=2 ;", "FREQ=DAILY;INTERVAL=2"),
        ("BYDAY=+2MO, tu,-3Su;FREQ=MONTHLY", "FREQ=MONTHLY;BYDAY=2MO,TU,-3SU"),
        ("RRULE:FREQ=WEEKLY;X-THING=7;COUNT=0", "FREQ=WEEKLY;COUNT=1"),
        ("RRULE:AnythingRandom;FREQ=WEEKLY;BYDAY=FR,MO", "FREQ=WEEKLY;BYDAY=FR,MO"),
        ("FREQ=DAILY;UNTIL=20260101;BYHOUR=", "FREQ=DAILY;UNTIL=20260101"),
        ("FREQ=DAILY;UNTIL=20260101t090000", "FREQ=DAILY;UNTIL=20260101T090000"),
        ("FREQ=DAILY;UNTIL=20260101T090000Z;INTERVAL=0", "FREQ=DAILY;UNTIL=20260101T090000Z"),
        ("RSCALE=gregorian;SKIP=OMIT;FREQ=MONTHLY;WKST=SU", "FREQ=MONTHLY;WKST=SU"),
        ("FREQ=MINUTELY;BYSECOND=60,0;BYSETPOS=-1,366", "FREQ=MINUTELY;BYSECOND=60,0;BYSETPOS=-1,366"),
        ("FREQ=DAILY;FREQ=WEEKLY", "FREQ=DAILY"),
    ];
    for (text, canonical) in cases {
        assert_eq!(rule(text).to_string(), canonical, "{text}");
    }
    assert_eq!(Rule::read("FREQ=DAILY;COUNT=2;UNTIL=20260101;X=1").expect("it is read").notes.len(), 2);
}

#[test]
fn what_would_change_the_meaning_is_refused() {
    assert_eq!(Rule::read("FREQ=DAILY;BYDAY=-1SдЖ"), Err(RuleError::NotAscii));
    assert_eq!(Rule::read("INTERVAL=2"), Err(RuleError::NoFrequency));
    assert_eq!(Rule::read(""), Err(RuleError::NoFrequency));
    assert_eq!(Rule::read("RSCALE=HEBREW;FREQ=YEARLY"), Err(RuleError::Scale("HEBREW".to_owned())));
    assert_eq!(
        Rule::read("RSCALE=GREGORIAN;FREQ=YEARLY;BYYEARDAY=366;SKIP=FORWARD"),
        Err(RuleError::Skip("FORWARD".to_owned()))
    );
    assert_eq!(
        Rule::read("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=SIDEWAYS"),
        Err(RuleError::Skip("SIDEWAYS".to_owned()))
    );
    for text in [
        "FREQ=FORTNIGHTLY",
        "FREQ=DAILY;BYHOUR=24",
        "FREQ=DAILY;BYMINUTE=60",
        "FREQ=DAILY;BYSECOND=61",
        "FREQ=MONTHLY;BYMONTHDAY=0",
        "FREQ=MONTHLY;BYMONTHDAY=32",
        "FREQ=YEARLY;BYYEARDAY=-367",
        "FREQ=YEARLY;BYWEEKNO=54",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTH=5L",
        "FREQ=YEARLY;BYDAY=54MO",
        "FREQ=YEARLY;BYDAY=0MO",
        "FREQ=YEARLY;BYDAY=M",
        "FREQ=YEARLY;BYSETPOS=0",
        "FREQ=DAILY;COUNT=-1",
        "FREQ=DAILY;INTERVAL=99999999999",
        "FREQ=DAILY;UNTIL=20261301",
        "FREQ=DAILY;UNTIL=tomorrow",
        "FREQ=DAILY;BYHOUR=1,x",
        "FREQ=DAILY;WKST=XX",
    ] {
        assert!(matches!(Rule::read(text), Err(RuleError::Value { .. })), "{text} is read");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(text in oracle::rules()) {
        let rule = rule(&text);
        let again = Rule::read(&rule.to_string());
        prop_assert_eq!(again.map(|read| read.rule), Ok(rule));
    }

    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "(FREQ=[A-Z]{5,6};)?([A-Z-]{2,10}=[-+0-9A-Zé,]{0,12};?){0,6}") {
        let _ = Rule::read(&text);
    }

    /// The stretch from the middle is the end of the stretch from the beginning.
    #[test]
    fn a_later_beginning_changes_nothing(text in oracle::rules(), start in oracle::starts(), days in 0_i64..1500) {
        let rule = rule(&text);
        let from = start.checked_add(jiff::Span::new().days(days)).expect("within the years");
        let to = from.checked_add(jiff::Span::new().days(60)).expect("within the years");
        let all = Bounds { from: start, to, steps_max: 20_000, first: First::Counts };
        let mut whole = expand(&rule, start, &all);
        let expected: Vec<_> = whole.by_ref().filter(|local| *local >= from).collect();
        prop_assume!(whole.end() != Some(End::Steps));
        let found: Vec<_> = expand(&rule, start, &Bounds { from, ..all }).collect();
        prop_assert_eq!(found, expected);
    }

    /// Any rule ends within its steps, in order, each reading once.
    #[test]
    fn readings_rise(text in oracle::rules(), start in oracle::starts()) {
        let to = start.checked_add(jiff::Span::new().days(40)).expect("within the years");
        let bounds = Bounds { from: start, to, steps_max: 5_000, first: First::Counts };
        let mut expansion = expand(&rule(&text), start, &bounds);
        let found: Vec<_> = expansion.by_ref().collect();
        prop_assert!(found.is_sorted_by(|a, b| a < b));
        prop_assert!(expansion.steps() <= 5_000 && expansion.end().is_some());
    }
}

/// With COUNT too: the years before the window are counted through, not walked through.
#[test]
fn counted_rules_far_from_dtstart_cost_a_few_steps_a_year() {
    for text in [
        "FREQ=YEARLY;BYDAY=MO,TU;COUNT=100000",
        "FREQ=MONTHLY;BYDAY=-1FR,2MO;COUNT=100000",
        "FREQ=MONTHLY;BYDAY=MO,TU,WE;BYSETPOS=-1,2;BYHOUR=8,9;COUNT=100000",
        "FREQ=WEEKLY;BYMONTH=3,4;BYDAY=MO,SU;COUNT=100000",
        "FREQ=DAILY;BYDAY=MO,TU;BYHOUR=1,2,3;COUNT=1000000",
        "FREQ=HOURLY;INTERVAL=7;BYHOUR=9,10,11;COUNT=1000000",
        "FREQ=MINUTELY;INTERVAL=7;BYHOUR=9,10;BYMONTH=1,2;COUNT=100000000",
        "FREQ=SECONDLY;INTERVAL=61;BYMINUTE=0,30;COUNT=100000000",
    ] {
        let (found, end, steps) =
            expanded(text, "19700101T000000", &bounds("20400101T000000", "20400102T000000"));
        assert!(steps < 4 * found.len() + 4_000, "{text}: {steps} steps for {} instances", found.len());
        assert_eq!(end, Some(End::Bound), "{text}");
    }
}

#[test]
fn the_last_week_of_a_year_may_be_the_first_of_the_next() {
    // 31 December 2029 lies in the first of the 52 weeks of 2030, 30 December 2030 in that of 2031.
    let (found, ..) = expanded(
        "FREQ=YEARLY;BYWEEKNO=-52",
        "20281218T000000",
        &bounds("20290601T000000", "20301231T000000"),
    );
    assert_eq!(found, ["20291231T000000", "20301230T000000"]);
}
