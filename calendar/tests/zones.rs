//! Zones as objects define them: rules of every form, far years, hostile definitions, and every zone of the database
//! written, read back and compared.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write;
use std::sync::Arc;

use calendar::civil;
use calendar::component::Component;
use calendar::feed::Feed;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::text::parse;
use calendar::time::{DateOrTime, Instant};
use calendar::zone::Zone;
use proptest::prelude::*;

fn component(lines: &str) -> Component {
    let text = format!("BEGIN:VCALENDAR\n{lines}END:VCALENDAR\n");
    let parsed = parse(text.as_bytes(), &Limits::default()).unwrap();
    parsed.calendars[0].components[0].clone()
}

/// The zone of a VTIMEZONE with these parts, under a name that nobody knows.
fn zone(parts: &str) -> Zone {
    let lines = format!("BEGIN:VTIMEZONE\nTZID:Of the object\n{parts}END:VTIMEZONE\n");
    Zone::of_vtimezone(&component(&lines)).unwrap()
}

fn part(name: &str, (start, from, to): (&str, &str, &str), more: &str) -> String {
    format!("BEGIN:{name}\nDTSTART:{start}\nTZOFFSETFROM:{from}\nTZOFFSETTO:{to}\n{more}END:{name}\n")
}

fn iana(name: &str) -> Zone {
    Zone::iana(name).unwrap()
}

fn at(text: &str) -> Instant {
    DateOrTime::parse(text).unwrap().to_instant(Zone::utc())
}

fn local(text: &str) -> civil::DateTime {
    DateOrTime::parse(text).unwrap().local()
}

/// Whether two zones answer alike, on both sides of every change of either, within gaps and folds too.
fn assert_same(ours: &Zone, theirs: &Zone, (from, to): (Instant, Instant), what: &str) {
    let mut moments = vec![from, to];
    for zone in [ours, theirs] {
        let mut moment = from;
        while let Some(next) = zone.next_transition(moment).filter(|next| *next < to) {
            moments.extend([-5400, -1, 0, 1800].map(|seconds| next.plus(seconds)));
            moment = next;
        }
    }
    moments.sort_unstable();
    moments.dedup();
    for moment in moments.into_iter().filter(|moment| (from..=to).contains(moment)) {
        assert_eq!(ours.offset_at(moment), theirs.offset_at(moment), "{what} at {moment}");
        // Within gaps too: read what the clocks would show had they not changed.
        for offset in [theirs.offset_at(moment), theirs.offset_at(moment.plus(-10_000))] {
            let reading = moment.plus(i64::from(offset)).to_utc();
            // Both instants of a reading beside the bounds may lie beyond them.
            if (from.plus(100_000)..to.plus(-100_000)).contains(&moment) {
                assert_eq!(ours.instant_of(reading), theirs.instant_of(reading), "{what}: {reading}");
                assert_eq!(ours.instants_of(reading), theirs.instants_of(reading), "{what}: {reading}");
            }
        }
    }
}

#[test]
fn rules_of_every_form_say_the_same() {
    let berlin = iana("Europe/Berlin");
    // @ stands for the month, # for the hour.
    let forms = [
        "RRULE:FREQ=YEARLY;BYMONTH=@;BYDAY=-1SU",
        "RRULE:FREQ=YEARLY;BYMONTH=@;BYDAY=SU;BYSETPOS=-1",
        "RRULE:FREQ=YEARLY;BYMONTH=@;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU",
        "RRULE:FREQ=YEARLY;BYMONTH=@;BYMONTHDAY=-1,-2,-3,-4,-5,-6,-7;BYDAY=SU",
        "RRULE:FREQ=MONTHLY;BYMONTH=@;BYDAY=-1SU",
        "RRULE:FREQ=MONTHLY;INTERVAL=12;BYDAY=-1SU",
        "RRULE:FREQ=MONTHLY;INTERVAL=12;BYDAY=SU;BYSETPOS=-1;BYHOUR=#",
        "RRULE:FREQ=DAILY;BYMONTH=@;BYMONTHDAY=25,26,27,28,29,30,31;BYDAY=SU",
        "RRULE:FREQ=YEARLY;INTERVAL=2;BYMONTH=@;BYDAY=-1SU\nRRULE:FREQ=YEARLY;BYMONTH=@;BYDAY=-1SU",
        "RRULE:FREQ=MONTHLY;BYMONTH=@;BYDAY=-1SU;COUNT=900",
        "RRULE:FREQ=MONTHLY;BYMONTH=@;BYDAY=-1SU;UNTIL=22000101T000000Z",
        "RRULE:FREQ=MONTHLY;BYMONTH=@;BYDAY=-1SU;UNTIL=22000101T000000",
        "RRULE:FREQ=MONTHLY;BYMONTH=@;BYDAY=-1SU;UNTIL=22000101",
    ];
    for form in forms {
        let rule = |month: &str, hour: &str| form.replace('@', month).replace('#', hour) + "\n";
        let standard = part("STANDARD", ("19961027T030000", "+0200", "+0100"), &rule("10", "3"));
        let daylight = part("DAYLIGHT", ("19970330T020000", "+0100", "+0200"), &rule("3", "2"));
        let ours = zone(&(standard + &daylight));
        assert_same(&ours, &berlin, (at("19961101T000000Z"), at("20700101T000000Z")), form);
        assert_same(&ours, &berlin, (at("21800601T000000Z"), at("21900101T000000Z")), form);
    }
}

#[test]
fn weeks_days_of_the_year_and_rules_that_end() {
    let standard = part("STANDARD", ("19990101T000000", "+0000", "+0000"), "");
    let onsets = |rule: &str| {
        let summer = part("DAYLIGHT", ("20000402T020000", "+0000", "+0100"), rule);
        let back =
            part("STANDARD", ("20000901T000000", "+0100", "+0000"), "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1\n");
        let zone = zone(&format!("{standard}{summer}{back}"));
        let mut days = Vec::new();
        let mut moment = at("19990101T000000Z");
        while let Some(next) = zone.next_transition(moment).filter(|next| *next < at("20040101T000000Z")) {
            if zone.offset_at(next) == 3600 {
                days.push(next.to_utc().date().strftime("%y%m%d").to_string());
            }
            moment = next;
        }
        days.join(" ")
    };
    assert_eq!(onsets("RRULE:FREQ=YEARLY;BYWEEKNO=14;BYDAY=SU\n"), "000402 010408 020407 030406");
    assert_eq!(onsets("RRULE:FREQ=YEARLY;BYYEARDAY=100\n"), "000402 010410 020410 030410");
    assert_eq!(onsets("RRULE:FREQ=YEARLY;BYDAY=20MO\n"), "000402 010514 020520 030519");
    assert_eq!(onsets("RRULE:FREQ=MONTHLY;INTERVAL=7;BYDAY=1SU;COUNT=4\n"), "000402 001105 010603 020106");
    assert_eq!(
        onsets("RRULE:FREQ=MONTHLY;INTERVAL=7;BYDAY=1SU;UNTIL=20010603T020000Z\n"),
        "000402 001105 010603"
    );
    assert_eq!(onsets("RRULE:FREQ=MONTHLY;INTERVAL=7;BYDAY=1SU;UNTIL=20010603T015959Z\n"), "000402 001105");
    assert_eq!(
        onsets("RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=1MO\nRRULE:FREQ=YEARLY;BYMONTH=7;BYDAY=1MO;UNTIL=2001\n"),
        "000402 010507 020506 030505"
    );
    assert_eq!(
        onsets("RDATE:20010501T020000,20020502T020000\nRDATE;VALUE=PERIOD:20030503T020000/PT1H\n"),
        "000402 010501 020502 030503"
    );
    assert_eq!(onsets(""), "000402");
}

#[test]
fn before_the_first_onset_and_without_daylight() {
    // The first onset lies after everything that the object holds.
    let parts = part("DAYLIGHT", ("20300331T020000", "+0130", "+0230"), "")
        + &part("STANDARD", ("20301027T030000", "+0230", "+0130"), "");
    let later = zone(&parts);
    for moment in ["00010601T000000Z", "19000101T000000Z", "20260701T000000Z", "20300331T002959Z"] {
        assert_eq!(later.offset_at(at(moment)), 5400, "{moment}");
    }
    assert_eq!(later.offset_at(at("20300331T003000Z")), 9000);
    assert_eq!(later.offset_at(at("90000701T000000Z")), 5400);
    assert_eq!(later.next_transition(at("19000101T000000Z")), Some(at("20300331T003000Z")));
    assert_eq!(later.next_transition(at("20301027T003000Z")), None);
    // One observance that recurs for ever changes the clocks once at most.
    let alone = zone(&part("STANDARD", ("19370701T000000", "+001932", "+0020"), "RRULE:FREQ=YEARLY\n"));
    assert_eq!(alone.offset_at(at("19370630T234027Z")), 19 * 60 + 32);
    assert_eq!(alone.offset_at(at("19370630T234028Z")), 20 * 60);
    assert_eq!(alone.next_transition(at("19370630T234028Z")), None);
    assert_eq!(alone.instants_of(local("19370701T000010")), []);
    assert_eq!(alone.instant_of(local("19370701T000010")), at("19370630T234038Z"));
}

#[test]
fn what_begins_together_is_no_change_from_any_century() {
    let parts =
        part("STANDARD", ("16010101T030000", "+0200", "+0100"), "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n")
            + &part(
                "DAYLIGHT",
                ("16010101T020000", "+0100", "+0200"),
                "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n",
            );
    let zone = zone(&parts);
    // Winter begins without a summer before it.
    let first = Some(at("16011028T010000Z"));
    for from in ["00010101T000000Z", "11000101T000000Z", "15990101T000000Z", "16010101T010000Z"] {
        assert_eq!(zone.next_transition(at(from)), first, "{from}");
        assert_eq!(zone.offset_at(at(from)), 7200, "{from}");
    }
}

#[test]
fn what_changed_before_the_calendar_did_is_written_as_what_holds() {
    let daylight = part("DAYLIGHT", ("00250309T020000", "-0600", "-0500"), "");
    let alone = zone(&daylight);
    let again = zone(&(daylight + &part("DAYLIGHT", ("20200309T020000", "-0500", "-0400"), "")));
    for (zone, from, to) in [
        (&alone, "00200101T000000Z", "00300101T000000Z"),
        (&alone, "00260101T000000Z", "16500101T000000Z"),
        (&alone, "16020102T000000Z", "16500101T000000Z"),
        (&again, "19721022T000000Z", "20300101T000000Z"),
        (&again, "20000101T000000Z", "20100101T000000Z"),
    ] {
        let (text, read) = written(zone, at(from), at(to));
        assert_same(&read, zone, (at(from), at(to)), &text);
        assert!(text.contains("BEGIN:STANDARD"), "{text}");
    }
}

#[test]
fn hundreds_of_observances_one_a_year() {
    let berlin = iana("Europe/Berlin");
    let mut parts = String::new();
    let mut moment = at("19960601T000000Z");
    while let Some(next) = berlin.next_transition(moment).filter(|next| next.to_utc().year() < 2250) {
        let (before, after) = (berlin.offset_at(moment), berlin.offset_at(next));
        let start = next.plus(i64::from(before)).to_utc().strftime("%Y%m%dT%H%M%S").to_string();
        let written = |seconds: i32| format!("+{:02}00", seconds / 3600);
        let name = if after > before { "DAYLIGHT" } else { "STANDARD" };
        parts += &part(name, (&start, &written(before), &written(after)), "");
        moment = next;
    }
    assert!(parts.matches("BEGIN:").count() > 500);
    let ours = zone(&parts);
    assert_same(&ours, &berlin, (at("19960601T000000Z"), at("22491201T000000Z")), "one by one");
}

#[test]
fn any_century_is_as_cheap_as_this_one() {
    let parts =
        part("STANDARD", ("16010101T030000", "+0200", "+0100"), "RRULE:FREQ=MONTHLY;BYMONTH=10;BYDAY=-1SU\n")
            + &part(
                "DAYLIGHT",
                ("16010101T020000", "+0100", "+0200"),
                "RRULE:FREQ=MONTHLY;BYMONTH=3;BYDAY=-1SU\n",
            );
    let zone = zone(&parts);
    #[expect(clippy::disallowed_methods, reason = "the test measures")]
    let begun = std::time::Instant::now();
    for year in [1900, 1950, 2026, 2040, 2399] {
        let start = Instant::from_utc(civil::date(year, 1, 1).at(0, 0, 0, 0));
        let mut summers = 0;
        for hour in 0..8760 {
            let moment = start.plus(hour * 3600);
            summers += i32::from(zone.offset_at(moment) == 7200);
            assert_eq!(zone.instant_of(zone.local_of(moment)).since(moment).rem_euclid(3600), 0);
        }
        assert!((200 * 24..220 * 24).contains(&summers), "{year}: {summers}");
    }
    // 100 000 questions; a reckoning for each would take minutes.
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
    // What such a rule said last holds ever after; the usual forms go on.
    assert_eq!(zone.offset_at(at("90000701T000000Z")), 3600);
    assert_eq!(zone.next_transition(at("24010101T000000Z")), None);
}

fn event_in(vtimezone: &str) -> CalendarObject {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{vtimezone}BEGIN:VEVENT\nUID:1\nDTSTAMP:20260101T000000Z\n\
         DTSTART;TZID=Europe/Berlin:20260701T090000\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    CalendarObject::read(Arc::from(text.replace('\n', "\r\n").into_bytes()), &Limits::default()).unwrap()
}

fn start(object: &CalendarObject) -> Instant {
    let start = object.components().next().unwrap().property("DTSTART").unwrap();
    object.date_or_time(start).unwrap().to_instant(Zone::utc())
}

fn warnings(object: &CalendarObject) -> Vec<(&'static str, u32)> {
    object.warnings().iter().map(|warning| (warning.kind.name(), warning.line)).collect()
}

#[test]
fn hostile_definitions_are_bounded_and_named() {
    let defined =
        |parts: &str| event_in(&format!("BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n{parts}END:VTIMEZONE\n"));
    let five = ("19700101T000000", "+0500", "+0500");
    let summer = |rule: &str| {
        part("STANDARD", five, "") + &part("DAYLIGHT", ("19700102T000000", "+0500", "+0600"), rule)
    };
    let (as_defined, as_named) = (at("20260701T030000Z"), at("20260701T070000Z"));
    let mut dates = String::new();
    for number in 0..9_000 {
        writeln!(dates, "RDATE:{:04}0101T000000", 1000 + number).unwrap();
    }
    let months = "BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=1,2,3,4,5,6,7,8,9,10,11,12,13,14,15";
    let cases = [
        (summer("RRULE:FREQ=SECONDLY\n"), as_defined, vec![("zone-rule", 15)]),
        (summer("RRULE:FREQ=MINUTELY;BYMONTH=2;BYMONTHDAY=30\n"), as_defined, vec![]),
        (summer(&"RRULE:FREQ=MONTHLY;INTERVAL=600\n".repeat(33)), as_defined, vec![("zone-rule", 47)]),
        (summer("RRULE:FREQ=DAILY\n"), as_defined, vec![("zone-rule", 15)]),
        (summer(&format!("RRULE:FREQ=YEARLY;{months}\n")), as_defined, vec![("zone-rule", 15)]),
        (summer("RRULE:FREQ=SOMETIMES\n"), as_defined, vec![("zone-rule", 15)]),
        (summer("RRULE:FREQ=DAILY;COUNT=100000\n"), as_defined, vec![("zone-rule", 15)]),
        (part("STANDARD", five, &dates), as_named, vec![("unreadable-zone", 4)]),
        (part("STANDARD", five, "").repeat(1_200), as_named, vec![("unreadable-zone", 4)]),
        (String::new(), as_named, vec![("unreadable-zone", 4)]),
        (
            "BEGIN:STANDARD\nDTSTART:soon\nTZOFFSETTO:+0500\nEND:STANDARD\n".to_owned()
                + &part("STANDARD", five, ""),
            at("20260701T040000Z"),
            vec![("unreadable-zone", 6)],
        ),
        (part("STANDARD", five, ""), at("20260701T040000Z"), vec![]),
    ];
    for (parts, expected, named) in cases {
        #[expect(clippy::disallowed_methods, reason = "the test measures")]
        let begun = std::time::Instant::now();
        let object = defined(&parts);
        let what: String = parts.chars().take(300).collect();
        assert_eq!((start(&object), warnings(&object)), (expected, named), "{what}");
        assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?} for {what}", begun.elapsed());
    }
}

#[test]
fn a_rule_that_grows_dense_later_stays_bounded() {
    let all = |to: i32| (0..to).map(|each| each.to_string()).collect::<Vec<_>>().join(",");
    let rule = format!(
        "RRULE:FREQ=YEARLY;INTERVAL=100;BYMONTH=12;BYMONTHDAY=31;BYHOUR={};BYMINUTE={};BYSECOND={}\n",
        all(24),
        all(60),
        all(60)
    );
    let parts = part("STANDARD", ("19700101T000000", "+0000", "+0100"), "")
        + &part("DAYLIGHT", ("19701231T235959", "+0100", "+0200"), &rule);
    let zone = zone(&parts);
    #[expect(clippy::disallowed_methods, reason = "the test measures")]
    let begun = std::time::Instant::now();
    for year in 1960..2300 {
        let moment = Instant::from_utc(civil::date(year, 6, 1).at(0, 0, 0, 0));
        let expected = if year < 1970 { 0 } else { 3600 * (1 + i32::from(year > 1970)) };
        assert_eq!(zone.offset_at(moment), expected, "{year}");
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn what_is_left_out_of_a_shared_definition_is_told_once() {
    let rule = part("DAYLIGHT", ("19700102T000000", "+0500", "+0600"), "RRULE:FREQ=DAILY\n");
    let mut text =
        format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VTIMEZONE\nTZID:Ours\n{rule}END:VTIMEZONE\n");
    for uid in 0..20 {
        write!(
            text,
            "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nDTSTART;TZID=Ours:20260701T090000\nEND:VEVENT\n"
        )
        .unwrap();
    }
    text += "END:VCALENDAR\n";
    let feed = Feed::read(text.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap();
    let warnings: Vec<_> = feed.warnings.iter().map(|warning| (warning.kind.name(), warning.line)).collect();
    assert_eq!((feed.objects.len(), warnings), (20, vec![("zone-rule", 10)]));
}

#[test]
fn dense_definitions_asked_for_every_century_stay_bounded() {
    let parts = part(
        "STANDARD",
        ("16010101T030000", "+0200", "+0100"),
        "RRULE:FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=10\n",
    ) + &part(
        "DAYLIGHT",
        ("16010101T020000", "+0100", "+0200"),
        "RRULE:FREQ=YEARLY;BYMONTH=1,2,3,4,5,6,7,8,9,10,11,12;BYMONTHDAY=20\n",
    );
    let (one, other) = (zone(&parts), zone(&parts));
    #[expect(clippy::disallowed_methods, reason = "the test measures")]
    let begun = std::time::Instant::now();
    for year in (1650..9990).step_by(11) {
        let moment = Instant::from_utc(civil::date(year, 5, 15).at(0, 0, 0, 0));
        // In two orders, so that what is kept differs.
        let opposite = Instant::from_utc(civil::date(11_639 - year, 5, 25).at(0, 0, 0, 0));
        assert_eq!((one.offset_at(moment), other.offset_at(opposite)), (3600, 7200), "{year}");
    }
    assert!(begun.elapsed() < std::time::Duration::from_secs(60), "{:?}", begun.elapsed());
}

#[test]
fn two_objects_may_define_one_name_differently() {
    let defined = |offset: &str| {
        let standard = part("STANDARD", ("19700101T000000", offset, offset), "");
        format!("BEGIN:VTIMEZONE\nTZID:Europe/Berlin\n{standard}END:VTIMEZONE\n")
    };
    assert_eq!(start(&event_in(&defined("+0500"))), at("20260701T040000Z"));
    assert_eq!(start(&event_in(&defined("-0300"))), at("20260701T120000Z"));
    assert_eq!(start(&event_in("")), at("20260701T070000Z"));
    // In one feed too, whose objects share what they have in common.
    let calendar = |offset: &str, uid: &str| {
        let zone = if offset.is_empty() { String::new() } else { defined(offset) };
        format!(
            "BEGIN:VCALENDAR\r\n{}BEGIN:VEVENT\r\nUID:{uid}\r\nDTSTART;TZID=Europe/Berlin:20260701T090000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
            zone.replace('\n', "\r\n")
        )
    };
    let text =
        calendar("+0500", "1") + &calendar("-0300", "2") + &calendar("", "3") + &calendar("+0500", "4");
    let feed = Feed::read(text.as_bytes(), &Limits::default()).unwrap();
    let starts: Vec<Instant> = feed.objects.iter().map(start).collect();
    let expected = ["20260701T040000Z", "20260701T120000Z", "20260701T070000Z", "20260701T040000Z"];
    assert_eq!(starts, expected.map(at));
}

/// What `zone` writes for a span, read under a name that nobody knows.
fn written(zone: &Zone, from: Instant, to: Instant) -> (String, Zone) {
    let text = zone.to_vtimezone(from, to);
    let name = text.lines().position(|line| line.starts_with("TZID:")).unwrap();
    let lines: Vec<&str> = text
        .lines()
        .enumerate()
        .map(|(at, line)| if at == name { "TZID:Of the object" } else { line })
        .collect();
    let read = Zone::of_vtimezone(&component(&format!("{}\n", lines.join("\n")))).unwrap();
    (text, read)
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    names.retain(|name| Zone::iana(name).is_some());
    names.sort();
    assert!(names.len() > 300, "the database has {} zones", names.len());
    names
}

#[test]
fn every_zone_of_the_database_reads_back_from_1970_to_2037() {
    let span = (at("19700101T000000Z"), at("20371231T235959Z"));
    for name in names() {
        let zone = iana(&name);
        let (text, read) = written(&zone, span.0, span.1);
        assert_same(&read, &zone, span, &format!("{name}\n{text}"));
        assert!(Zone::of_vtimezone(&component(&text)).unwrap().offset_at(span.0) == zone.offset_at(span.0));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_minimal_definition_is_right_over_its_span(
        which in any::<prop::sample::Index>(), from in 0_i64..2_145_000_000, length in 0_i64..400_000_000,
    ) {
        let names = names();
        let name = which.get(&names);
        let zone = iana(name);
        let span = (Instant::from_unix(from), Instant::from_unix(from + length));
        let (text, read) = written(&zone, span.0, span.1);
        assert_same(&read, &zone, span, &format!("{name} {from} {length}\n{text}"));
        prop_assert!(text.lines().all(|line| line.len() <= 75));
        // No more than the span needs: what has ended stands without a rule, what goes on has one.
        let rules = text.matches("RRULE:").count();
        prop_assert!(rules == 0 || rules == 2, "{}", text);
        let observances = text.matches("END:").count() - 1;
        prop_assert!(observances <= 8 || length > 80_000_000, "{}", text);
    }
}

/// The acceptance rows T-1 to T-4, as far as they are about readings and instants.
#[test]
fn hours_of_the_clock_over_changes() {
    let (paris, new_york) = (iana("Europe/Paris"), iana("America/New_York"));
    // T-1: the hour from 02:00 to 02:59 of 28 March 2027 is on no clock.
    for minute in 0..60 {
        let reading = civil::date(2027, 3, 28).at(2, minute, 0, 0);
        assert_eq!(paris.instants_of(reading), []);
        assert_ne!(paris.local_of(paris.instant_of(reading)), reading);
    }
    let night = paris.instant_of(local("20270328T060000")).since(paris.instant_of(local("20270328T000000")));
    assert_eq!(night, 5 * 3600);
    // T-2: that hour of 31 October 2027 comes twice, and an instant tells which.
    let both = paris.instants_of(local("20271031T020000"));
    assert_eq!(both, [at("20271031T000000Z"), at("20271031T010000Z")]);
    assert_eq!(both.iter().map(|each| paris.offset_at(*each)).collect::<Vec<_>>(), [7200, 3600]);
    // T-3: 13:00 to 18:00 on the day on which the clocks were put forward.
    let hours = ["20270314T130000", "20270314T180000"].map(|reading| new_york.instant_of(local(reading)));
    assert_eq!(hours, ["20270314T170000Z", "20270314T220000Z"].map(at));
    // T-4: nine o'clock stays nine o'clock over a year.
    let nine = |day: i64| {
        let date = civil::date(2027, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
        paris.instant_of(date.at(9, 0, 0, 0))
    };
    for day in 0..365 {
        assert_eq!(paris.local_of(nine(day)).time(), civil::time(9, 0, 0, 0));
        assert!([23 * 3600, 24 * 3600, 25 * 3600].contains(&nine(day + 1).since(nine(day))));
    }
}

/// The acceptance row T-8: whose clock a value is read on.
#[test]
fn names_of_zones_as_feeds_write_them() {
    let custom =
        part("STANDARD", ("16010101T030000", "+0200", "+0100"), "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n")
            + &part(
                "DAYLIGHT",
                ("16010101T020000", "+0100", "+0200"),
                "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n",
            );
    let named = |tzid: &str| {
        format!("BEGIN:VTIMEZONE\r\nTZID:{tzid}\r\n{}END:VTIMEZONE\r\n", custom.replace('\n', "\r\n"))
    };
    let text = |head: &str, start: &str| {
        format!(
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{head}BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\n\
             DTSTART{start}:20260701T090000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        )
    };
    let read = |head: &str, start: &str| {
        let feed = Feed::read(text(head, start).as_bytes(), &Limits::default()).unwrap();
        let object = &feed.objects[0];
        let value = object.date_or_time(object.master().unwrap().property("DTSTART").unwrap()).unwrap();
        let owner = Zone::named("Asia/Tokyo").unwrap();
        let warned: Vec<String> = feed
            .warnings
            .iter()
            .map(|warning| format!("{} {}", warning.kind.name(), warning.detail))
            .collect();
        (value.to_instant(feed.zone.as_ref().unwrap_or(&owner)), warned)
    };
    let (berlin, tokyo) = (at("20260701T070000Z"), at("20260701T000000Z"));
    let nothing: Vec<String> = Vec::new();
    for tzid in [
        "W. Europe Standard Time",
        "\"W. Europe Standard Time\"",
        "/freeassociation.sourceforge.net/Tzfile/Europe/Berlin",
        "/mozilla.org/20070129_1/Europe/Berlin",
        "(UTC+01:00) Amsterdam\\, Berlin\\, Bern\\, Rome\\, Stockholm\\, Vienna",
    ] {
        assert_eq!(read("", &format!(";TZID={tzid}")).0, berlin, "{tzid}");
    }
    for tzid in ["Customized Time Zone", "tzone://Microsoft/Custom"] {
        assert_eq!(read(&named(tzid), &format!(";TZID=\"{tzid}\"")), (berlin, nothing.clone()), "{tzid}");
        // Undefined, it is read on the calendar's clock, and the name is told.
        let (instant, warned) = read("", &format!(";TZID=\"{tzid}\""));
        assert_eq!((instant, warned), (tokyo, vec![format!("unknown-zone {tzid}")]));
    }
    assert_eq!(read("", ""), (tokyo, nothing.clone()));
    assert_eq!(read("X-WR-TIMEZONE:Europe/Berlin\r\n", ""), (berlin, nothing.clone()));
    assert_eq!(read("X-WR-TIMEZONE:W. Europe Standard Time\r\n", ""), (berlin, nothing));
}
