//! The recurrence set of an object: what adds, excludes, moves and lengthens instances.

use std::sync::Arc;

use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::{ExpansionError, Instance, instances, reach};
use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Zone;
use proptest::prelude::*;

/// An object of one event with these lines; further components may be opened by `OVERRIDE`.
pub(crate) fn object(lines: &str) -> CalendarObject {
    object_of("VEVENT", lines)
}

fn object_of(name: &str, lines: &str) -> CalendarObject {
    let begin = format!("BEGIN:{name}\r\nUID:u@x\r\nDTSTAMP:20260101T000000Z\r\n");
    let end = format!("END:{name}\r\n");
    let lines =
        lines.replace('\n', "\r\n").replace("\r\r", "\r").replace("OVERRIDE\r\n", &format!("{end}{begin}"));
    let text =
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\n{begin}{lines}{end}END:VCALENDAR\r\n");
    CalendarObject::read(Arc::from(text.into_bytes()), &Limits::default())
        .unwrap_or_else(|error| panic!("{error}"))
}

fn at(text: &str) -> Instant {
    DateOrTime::parse(text).unwrap_or_else(|| panic!("{text} is no time")).to_instant(Zone::utc())
}

fn window(from: &str, to: &str) -> Span {
    Span::new(at(from), at(to))
}

fn berlin() -> Zone {
    Zone::iana("Europe/Berlin").expect("Berlin is known")
}

fn found(object: &CalendarObject, window: Span) -> Vec<Instance> {
    instances(object, &berlin(), window, &Limits::default()).expect("within the limits")
}

/// Start, end and component of the instances of 2026, in UTC, without the year's first two digits.
fn spans(lines: &str) -> Vec<String> {
    spans_within(lines, window("20260101T000000Z", "20270101T000000Z"))
}

fn spans_within(lines: &str, window: Span) -> Vec<String> {
    let short = |instant: Instant| instant.to_ical()[4..13].to_owned();
    found(&object(lines), window)
        .iter()
        .map(|instance| {
            let component =
                if instance.component == 0 { String::new() } else { format!(" {}", instance.component) };
            format!("{}-{}{component}", short(instance.span.start), short(instance.span.end))
        })
        .collect()
}

#[test]
fn dtend_is_exact_and_duration_follows_the_clock() {
    // The clocks of Berlin go forward on 29 March and back on 25 October 2026.
    let shift = "DTSTART;TZID=Europe/Berlin:20260328T213000\nDTEND;TZID=Europe/Berlin:20260329T063000\nRRULE:FREQ=DAILY;COUNT=2\n";
    assert_eq!(spans(shift), ["0328T2030-0329T0430", "0329T1930-0330T0330"]);
    let night = "DTSTART;TZID=Europe/Berlin:20261023T213000\nDTEND;TZID=Europe/Berlin:20261024T063000\nRRULE:FREQ=DAILY;COUNT=3\n";
    assert_eq!(spans(night), ["1023T1930-1024T0430", "1024T1930-1025T0430", "1025T2030-1026T0530"]);
    let day = "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1D\nRRULE:FREQ=DAILY;COUNT=2\n";
    assert_eq!(spans(day), ["0328T1100-0329T1000", "0329T1000-0330T1000"]);
    let hours = "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:PT24H\nRRULE:FREQ=DAILY;COUNT=2\n";
    assert_eq!(spans(hours), ["0328T1100-0329T1100", "0329T1000-0330T1000"]);
    let both = "DTSTART;TZID=Europe/Berlin:20260328T120000\nDURATION:P1DT1H\n";
    assert_eq!(spans(both), ["0328T1100-0329T1100"]);
}

#[test]
fn readings_that_do_not_exist_are_kept_and_repeated_ones_are_the_first() {
    let gap = "DTSTART;TZID=Europe/Berlin:20260328T023000\nDURATION:PT15M\nRRULE:FREQ=DAILY;COUNT=3\n";
    assert_eq!(spans(gap), ["0328T0130-0328T0145", "0329T0130-0329T0145", "0330T0030-0330T0045"]);
    let fold = "DTSTART;TZID=Europe/Berlin:20261024T023000\nDURATION:PT15M\nRRULE:FREQ=DAILY;COUNT=3\n";
    assert_eq!(spans(fold), ["1024T0030-1024T0045", "1025T0030-1025T0045", "1026T0130-1026T0145"]);
    // 02:00 and 03:00 are one instant on that day, hence one instance.
    let hourly = "DTSTART;TZID=Europe/Berlin:20260329T010000\nDURATION:PT5M\nRRULE:FREQ=HOURLY;COUNT=4\n";
    assert_eq!(spans(hourly), ["0329T0000-0329T0005", "0329T0100-0329T0105", "0329T0200-0329T0205"]);
}

#[test]
fn lengths_where_none_or_an_odd_one_is_given() {
    assert_eq!(spans("DTSTART;VALUE=DATE:20260701\n"), ["0630T2200-0701T2200"]);
    assert_eq!(spans("DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260701\n"), ["0630T2200-0701T2200"]);
    assert_eq!(spans("DTSTART;VALUE=DATE:20260328\nDTEND;VALUE=DATE:20260330\n"), ["0327T2300-0329T2200"]);
    assert_eq!(spans("DTSTART;VALUE=DATE:20260701\nDURATION:PT36H\n"), ["0630T2200-0702T2200"]);
    assert_eq!(spans("DTSTART:20260701T090000Z\n"), ["0701T0900-0701T0900"]);
    assert_eq!(spans("DTSTART:20260701T090000Z\nDTEND:20260701T080000Z\n"), ["0701T0900-0701T0900"]);
    assert_eq!(spans("DTSTART:20260701T090000Z\nDURATION:-PT1H\n"), ["0701T0900-0701T0900"]);
    assert_eq!(
        spans("DTSTART:20260701T090000Z\nDTEND:20260701T100000Z\nDURATION:PT5H\n"),
        ["0701T0900-0701T1000"]
    );
    assert_eq!(spans("SUMMARY:without a start\n"), [""; 0]);
    let huge = spans("DTSTART:20260701T090000Z\nDURATION:P9999999999999D\n");
    assert_eq!(huge, ["0701T0900-1230T0000"]);
}

#[test]
fn exdate_takes_one_instance_in_whatever_form_it_is_written() {
    let series = "DTSTART;TZID=Europe/Berlin:20260629T090000\nDTEND;TZID=Europe/Berlin:20260629T100000\nRRULE:FREQ=DAILY;COUNT=3\n";
    for exdate in [
        "EXDATE;TZID=Europe/Berlin:20260630T090000",
        "EXDATE:20260630T070000Z",
        "EXDATE;TZID=America/New_York:20260630T030000",
        "EXDATE;VALUE=DATE:20260630",
        "EXDATE;VALUE=DATE:20260630\nRDATE:20260629T233000Z",
        "EXDATE:20260630T090000",
        "EXDATE:20260630T070000Z,20260805T000000Z",
    ] {
        assert_eq!(
            spans(&format!("{series}{exdate}\n")),
            ["0629T0700-0629T0800", "0701T0700-0701T0800"],
            "{exdate}"
        );
    }
    assert_eq!(spans(&format!("{series}EXDATE:20260630T070001Z\n")).len(), 3);
    let first = spans(&format!("{series}EXDATE:20260629T070000Z\n"));
    assert_eq!(first, ["0630T0700-0630T0800", "0701T0700-0701T0800"]);
    let days =
        "DTSTART;VALUE=DATE:20260629\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE;TZID=Europe/Berlin:20260630T000000\n";
    assert_eq!(spans(days), ["0628T2200-0629T2200", "0630T2200-0701T2200"]);
}

#[test]
fn exrule_excludes() {
    let lines =
        "DTSTART:20260706T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\nEXRULE:FREQ=WEEKLY;BYDAY=TU,TH\n";
    assert_eq!(spans(lines), ["0706T0900-0706T1000", "0708T0900-0708T1000", "0710T0900-0710T1000"]);
}

#[test]
fn rdate_adds_dates_times_and_periods_of_their_own_length() {
    let lines = "DTSTART;TZID=Europe/Berlin:20260706T090000\nDURATION:PT1H\n\
         RDATE;TZID=Europe/Berlin:20260708T110000,20260706T090000\n\
         RDATE;VALUE=PERIOD;TZID=Europe/Berlin:20260709T090000/20260709T120000,20260710T090000/PT2H\n\
         RDATE;VALUE=PERIOD:20260711T000000Z/P1D\nRDATE;VALUE=DATE:20260712\n";
    assert_eq!(
        spans(lines),
        [
            "0706T0700-0706T0800",
            "0708T0900-0708T1000",
            "0709T0700-0709T1000",
            "0710T0700-0710T0900",
            "0711T0000-0712T0000",
            "0712T0700-0712T0800",
        ]
    );
    // A period before the window that reaches into it.
    let reaching = spans_within(lines, window("20260709T083000Z", "20260709T084000Z"));
    assert_eq!(reaching, ["0709T0700-0709T1000"]);
}

#[test]
fn until_in_each_of_its_kinds() {
    let series = "DTSTART;TZID=Europe/Berlin:20260629T090000\nDURATION:PT1H\nRRULE:FREQ=DAILY;UNTIL=";
    for (until, count) in [
        ("20260630T070000Z", 2),
        ("20260630T065959Z", 1),
        ("20260630", 2),
        ("20260630T090000", 2),
        ("20260630T085959", 1),
        ("20260101", 1),
        ("20260701T070000Z;COUNT=2", 2),
        ("20260630T070000Z;COUNT=9", 2),
    ] {
        assert_eq!(spans(&format!("{series}{until}\n")).len(), count, "{until}");
    }
    let days = "DTSTART;VALUE=DATE:20260629\nRRULE:FREQ=DAILY;UNTIL=";
    for (until, count) in
        [("20260630", 2), ("20260630T000000Z", 2), ("20260629T220000Z", 2), ("20260630T120000", 2)]
    {
        assert_eq!(spans(&format!("{days}{until}\n")).len(), count, "{until}");
    }
}

#[test]
fn an_unreadable_rule_leaves_the_first_instance() {
    for rule in ["FREQ=SOMETIMES", "RSCALE=HEBREW;FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"] {
        let lines = format!("DTSTART:20260706T090000Z\nDURATION:PT1H\nRRULE:{rule}\n");
        assert_eq!(spans(&lines), ["0706T0900-0706T1000"], "{rule}");
    }
}

const SERIES: &str = "DTSTART;TZID=Europe/Berlin:20260706T090000\nDTEND;TZID=Europe/Berlin:20260706T100000\nRRULE:FREQ=WEEKLY;COUNT=4\n";

#[test]
fn overrides_move_in_and_out_and_win_over_exdate() {
    let moved = format!(
        "{SERIES}EXDATE:20260713T070000Z\nOVERRIDE\nRECURRENCE-ID;TZID=Europe/Berlin:20260713T090000\n\
         DTSTART;TZID=Europe/Berlin:20260801T120000\nDURATION:PT30M\n"
    );
    assert_eq!(
        spans(&moved),
        ["0706T0700-0706T0800", "0720T0700-0720T0800", "0727T0700-0727T0800", "0801T1000-0801T1030 1"]
    );
    assert_eq!(spans_within(&moved, window("20260713T000000Z", "20260714T000000Z")), [""; 0]);
    assert_eq!(
        spans_within(&moved, window("20260801T000000Z", "20260802T000000Z")),
        ["0801T1000-0801T1030 1"]
    );
    let named = found(&object(&moved), window("20260801T000000Z", "20260802T000000Z"));
    assert_eq!(named[0].recurrence_id, Some(at("20260713T070000Z")));
}

#[test]
fn an_override_without_its_instance_is_one() {
    let beside = format!(
        "{SERIES}OVERRIDE\nRECURRENCE-ID:20260902T070000Z\nDTSTART:20260903T070000Z\nDURATION:PT1H\n"
    );
    assert_eq!(spans(&beside).last().map(String::as_str), Some("0903T0700-0903T0800 1"));
    assert_eq!(spans(&beside).len(), 5);
    let orphan = "RECURRENCE-ID:20260902T070000Z\nDTSTART:20260903T070000Z\nDURATION:PT1H\n";
    assert_eq!(spans(orphan), ["0903T0700-0903T0800"]);
    let by_day = format!(
        "{SERIES}OVERRIDE\nRECURRENCE-ID;VALUE=DATE:20260713\nDTSTART:20260713T120000Z\nDURATION:PT1H\n"
    );
    assert_eq!(spans(&by_day)[1], "0713T1200-0713T1300 1");
    let twice = format!(
        "{SERIES}OVERRIDE\nRECURRENCE-ID:20260713T070000Z\nSEQUENCE:2\nDTSTART:20260713T120000Z\nDURATION:PT1H\n\
         OVERRIDE\nRECURRENCE-ID:20260713T070000Z\nSEQUENCE:1\nDTSTART:20260713T150000Z\nDURATION:PT1H\n"
    );
    assert_eq!(spans(&twice)[1], "0713T1200-0713T1300 1");
    assert_eq!(spans(&twice).len(), 4);
}

#[test]
fn this_and_future_shifts_on_the_clock_with_its_own_length() {
    let lines = "DTSTART;TZID=Europe/Berlin:20261009T090000\nDTEND;TZID=Europe/Berlin:20261009T100000\n\
         RRULE:FREQ=WEEKLY;COUNT=5\nOVERRIDE\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261016T090000\n\
         DTSTART;TZID=Europe/Berlin:20261017T110000\nDURATION:PT2H\nOVERRIDE\n\
         RECURRENCE-ID;TZID=Europe/Berlin:20261030T090000\nDTSTART;TZID=Europe/Berlin:20261030T080000\nDURATION:PT1H\n";
    let all = [
        "1009T0700-1009T0800",
        "1017T0900-1017T1100 1",
        "1024T0900-1024T1100 1",
        "1030T0700-1030T0800 2",
        "1107T1000-1107T1200 1",
    ];
    assert_eq!(spans(lines), all);
    // Instances moved into a window and out of it.
    assert_eq!(spans_within(lines, window("20261107T110000Z", "20261107T113000Z")), [all[4]]);
    assert_eq!(spans_within(lines, window("20261106T000000Z", "20261107T000000Z")), [""; 0]);
    // Back by three days, and in UTC.
    let earlier = format!(
        "{SERIES}OVERRIDE\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260713T070000Z\nDTSTART:20260710T060000Z\nDURATION:PT1H\n"
    );
    assert_eq!(
        spans(&earlier),
        ["0706T0700-0706T0800", "0710T0600-0710T0700 1", "0717T0600-0717T0700 1", "0724T0600-0724T0700 1"]
    );
    // What RDATE adds on another clock moves on that of the series.
    let added = "DTSTART;TZID=Europe/Berlin:20261001T090000\nDURATION:PT1H\nRDATE:20261015T070000Z,20261029T080000Z\n\
         OVERRIDE\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20261015T090000\n\
         DTSTART;TZID=Europe/Berlin:20261015T100000\nDURATION:PT1H\n";
    assert_eq!(spans(added), ["1001T0700-1001T0800", "1015T0800-1015T0900 1", "1029T0900-1029T1000 1"]);
    // Made all-day.
    let days = format!(
        "{SERIES}OVERRIDE\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260720T070000Z\nDTSTART;VALUE=DATE:20260721\n"
    );
    assert_eq!(spans(&days)[2..], ["0720T2200-0721T2200 1", "0727T2200-0728T2200 1"]);
}

#[test]
fn windows_that_begin_inside_an_instance() {
    let lines = "DTSTART;TZID=Europe/Berlin:20200101T220000\nDTEND;TZID=Europe/Berlin:20200103T040000\nRRULE:FREQ=DAILY\n";
    assert_eq!(
        spans_within(lines, window("20260708T000000Z", "20260708T010000Z")),
        ["0706T2000-0708T0200", "0707T2000-0709T0200"]
    );
    // Half-open: what ends as the window begins is outside, what has no length is inside as it begins.
    assert_eq!(
        spans_within(
            "DTSTART:20260101T000000Z\nDURATION:PT1H\n",
            window("20260101T010000Z", "20260102T000000Z")
        ),
        [""; 0]
    );
    assert_eq!(
        spans_within("DTSTART:20260101T010000Z\n", window("20260101T010000Z", "20260102T000000Z")).len(),
        1
    );
    assert_eq!(
        spans_within("DTSTART:20260102T000000Z\n", window("20260101T010000Z", "20260102T000000Z")).len(),
        0
    );
}

#[test]
fn dates_and_floating_times_are_read_in_the_calendars_zone() {
    let object = object("DTSTART:20260701T090000\nDTEND:20260701T100000\nRRULE:FREQ=DAILY;COUNT=2\n");
    let auckland = Zone::iana("Pacific/Auckland").expect("Auckland is known");
    let found = instances(&object, &auckland, Span::ALWAYS, &Limits::default()).expect("within the limits");
    assert_eq!(found[0].span, window("20260630T210000Z", "20260630T220000Z"));
    assert_eq!(found[1].start, DateOrTime::parse("20260702T090000").expect("a reading"));
    assert_eq!(found[1].recurrence_id, Some(at("20260701T210000Z")));
}

#[test]
fn the_other_kinds_of_component() {
    let zone = berlin();
    let year = window("20260101T000000Z", "20270101T000000Z");
    let spans = |name: &str, lines: &str| -> Vec<(String, i64)> {
        let object = object_of(name, lines);
        let found = instances(&object, &zone, year, &Limits::default()).expect("within the limits");
        found.iter().map(|instance| (instance.span.start.to_ical(), instance.span.seconds())).collect()
    };
    let row = |start: &str, seconds: i64| (start.to_owned(), seconds);
    assert_eq!(spans("VTODO", "DUE:20260701T090000Z\n"), [row("20260701T090000Z", 0)]);
    assert_eq!(
        spans("VTODO", "DTSTART:20260701T090000Z\nDUE:20260701T110000Z\nRRULE:FREQ=DAILY;COUNT=2\n"),
        [row("20260701T090000Z", 7200), row("20260702T090000Z", 7200)]
    );
    assert_eq!(spans("VTODO", "SUMMARY:some day\n"), []);
    assert_eq!(spans("VJOURNAL", "DTSTART;VALUE=DATE:20260701\n"), [row("20260630T220000Z", 86_400)]);
    assert_eq!(spans("VJOURNAL", "DTSTART:20260701T090000Z\n"), [row("20260701T090000Z", 0)]);
    assert_eq!(spans("VFREEBUSY", "DTSTART:20260701T090000Z\nDTEND:20260702T090000Z\n"), []);
}

#[test]
fn limits_are_errors_that_name_the_rule() {
    let limits = Limits { instances_max: 100, steps_max: 300, ..Limits::default() };
    let expand = |lines: &str| {
        instances(&object(lines), Zone::utc(), window("20260101T000000Z", "20270101T000000Z"), &limits)
    };
    let error = |rule: &str, limit, unit| Err(ExpansionError::TooMany { rule: rule.to_owned(), limit, unit });
    assert_eq!(expand("DTSTART:20200101T000000Z\nRRULE:FREQ=DAILY\n"), error("FREQ=DAILY", 100, "instances"));
    let sparse = "FREQ=DAILY;BYMONTH=12;BYMONTHDAY=25";
    assert_eq!(expand(&format!("DTSTART:20200101T000000Z\nRRULE:{sparse}\n")), error(sparse, 300, "steps"));
    assert_eq!(expand("DTSTART:20200101T000000Z\nRRULE:FREQ=WEEKLY\n").map(|found| found.len()), Ok(52));
}

#[test]
fn reach_is_from_the_first_start_to_the_last_end() {
    let reach = |lines: &str| reach(&object(lines), &berlin(), &Limits::default());
    let hour = Span::new(at("20260701T090000Z"), at("20260701T100000Z"));
    assert_eq!(reach("DTSTART:20260701T090000Z\nDURATION:PT1H\n"), Some(hour));
    assert_eq!(reach("SUMMARY:x\n"), None);
    let endless =
        reach("DTSTART:20260701T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\n").expect("it takes place");
    assert_eq!(endless, Span::new(hour.start, Instant::MAX));
    let counted = reach("DTSTART:20260701T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=10\n")
        .expect("it takes place");
    assert!(counted.end >= at("20260710T100000Z") && counted.end <= at("20260713T000000Z"), "{counted:?}");
    let todo = calendar::recur::reach(&object_of("VTODO", "SUMMARY:x\n"), &berlin(), &Limits::default());
    assert_eq!(todo, Some(Span::ALWAYS));
    assert!(reach("DTSTART:20260701T090000Z\n").is_some_and(|reach| reach.contains(at("20260701T090000Z"))));
}

#[test]
fn reach_begins_with_what_follows_a_start_in_a_gap() {
    // 02:30 does not exist in Berlin on 29 March 2026 and is 01:30 UTC; 03:00, which follows it, is 01:00 UTC.
    let lines = "DTSTART;TZID=Europe/Berlin:20260329T023000\nDURATION:PT1M\nRRULE:FREQ=MINUTELY;INTERVAL=30;COUNT=4\n";
    assert_eq!(spans(lines), ["0329T0100-0329T0101", "0329T0130-0329T0131", "0329T0200-0329T0201"]);
    let reach = reach(&object(lines), &berlin(), &Limits::default()).expect("it takes place");
    assert!(reach.start <= at("20260329T010000Z"), "{reach:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 80, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever the object, all instances of a narrow window are those of a wide one that share time with it, and
    /// none lies outside its reach.
    #[test]
    fn a_window_holds_what_a_wider_one_holds_there(
        rule in super::oracle::rules(),
        start in super::oracle::starts(),
        (length, shift) in (0_i64..200_000, -200_000_i64..200_000),
        (offset, width) in (-10_i64..60, 0_i64..20),
        zone in prop::sample::select(vec!["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia"]),
    ) {
        let zone = Zone::iana(zone).expect("the zone is known");
        let local = start.strftime("%Y%m%dT%H%M%S");
        let moved = start.checked_add(jiff::Span::new().days(14).seconds(shift)).expect("within the years");
        let text = format!(
            "DTSTART;TZID={name}:{local}\nDURATION:PT{length}S\nRRULE:{rule}\nOVERRIDE\n\
             RECURRENCE-ID;RANGE=THISANDFUTURE;TZID={name}:{later}\nDTSTART;TZID={name}:{moved}\nDURATION:PT{length}S\n",
            name = zone.name(),
            later = start.checked_add(jiff::Span::new().days(14)).expect("within the years").strftime("%Y%m%dT%H%M%S"),
            moved = moved.strftime("%Y%m%dT%H%M%S"),
        );
        let object = object(&text);
        let limits = Limits { steps_max: 100_000, ..Limits::default() };
        let begins = zone.instant_of(start);
        let wide = Span::new(begins.plus(-30 * 86_400), begins.plus(90 * 86_400));
        let narrow = Span::new(begins.plus(offset * 86_400 + 1_800), begins.plus((offset + width) * 86_400 + 7_000));
        let Ok(all) = instances(&object, &zone, wide, &limits) else { return Ok(()) };
        let there = |instance: &&Instance| {
            if instance.span.is_empty() { narrow.contains(instance.span.start) } else { instance.span.overlaps(narrow) }
        };
        let expected: Vec<Instance> = all.iter().filter(there).cloned().collect();
        let found = instances(&object, &zone, narrow, &limits);
        prop_assert_eq!(found, Ok(expected));
        if let Some(reach) = reach(&object, &zone, &limits) {
            prop_assert!(all.iter().all(|instance| instance.span.start >= reach.start && instance.span.end <= reach.end));
        }
    }
}
