//! Zones against each other: what is written reads back, own rules agree with the database.

use proptest::prelude::*;

use super::*;
use crate::limits::Limits;
use crate::text::parse;

fn vtimezone(lines: &str) -> Option<Zone> {
    let text = format!("BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\n{lines}\nEND:VTIMEZONE\nEND:VCALENDAR\n");
    let parsed = parse(text.as_bytes(), &Limits::default()).unwrap();
    Zone::of_vtimezone(&parsed.calendars[0].components[0])
}

fn at(text: &str) -> Instant {
    match crate::time::DateOrTime::parse(text).unwrap() {
        crate::time::DateOrTime::Utc(instant) => instant,
        other => Instant::from_utc(other.local()),
    }
}

const CENTRAL_EUROPE: &str = "TZID:Customized Time Zone\nBEGIN:STANDARD\nDTSTART:16010101T030000\nTZOFFSETFROM:+0200\n\
    TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\nBEGIN:DAYLIGHT\n\
    DTSTART:16010101T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\nRRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\n\
    END:DAYLIGHT";

#[test]
fn windows_onsets_of_1601() {
    let zone = vtimezone(CENTRAL_EUROPE).unwrap();
    let berlin = Zone::iana("Europe/Berlin").unwrap();
    assert_eq!(zone.name(), "Customized Time Zone");
    let mut moment = at("20000101T000000Z");
    while moment < at("20600101T000000Z") {
        assert_eq!(zone.offset_at(moment), berlin.offset_at(moment), "{moment}");
        moment = moment.plus(40 * 3600);
    }
    for instant in
        ["19990601T000000Z", "20260101T000000Z", "20400601T000000Z", "20410601T000000Z", "20991231T000000Z"]
    {
        assert_eq!(zone.next_transition(at(instant)), berlin.next_transition(at(instant)), "{instant}");
    }
    // Its rules run since 1601 and for ever; the database's do not.
    assert_eq!(zone.offset_at(at("16500701T000000Z")), 7200);
    assert_eq!(zone.offset_at(at("99000701T000000Z")), 7200);
    assert!(matches!(zone.rules, Rules::Defined(_)));
}

#[test]
fn gaps_and_folds() {
    for zone in [vtimezone(CENTRAL_EUROPE).unwrap(), Zone::iana("Europe/Berlin").unwrap()] {
        let local = |text: &str| crate::time::DateOrTime::parse(text).unwrap().local();
        // 02:30 does not exist on 29 March 2026: offset before the gap, +01:00.
        assert_eq!(zone.instant_of(local("20260329T023000")), at("20260329T013000Z"));
        assert_eq!(zone.instants_of(local("20260329T023000")), []);
        // 02:30 exists twice on 25 October 2026.
        assert_eq!(zone.instant_of(local("20261025T023000")), at("20261025T003000Z"));
        let both = [at("20261025T003000Z"), at("20261025T013000Z")];
        assert_eq!(zone.instants_of(local("20261025T023000")), both);
        assert_eq!(zone.local_of(both[0]), zone.local_of(both[1]));
        assert_eq!(zone.instant_of(local("20260329T030000")), at("20260329T010000Z"));
        assert_eq!(zone.instant_of(local("20261025T030000")), at("20261025T020000Z"));
    }
}

#[test]
fn only_standard_and_broken_ones() {
    let fixed = vtimezone(
        "TZID:x\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETFROM:+0530\nTZOFFSETTO:+0530\nEND:STANDARD",
    );
    let fixed = fixed.unwrap();
    assert_eq!((fixed.offset_at(Instant::MIN), fixed.offset_at(Instant::MAX)), (19_800, 19_800));
    assert_eq!(fixed.next_transition(Instant::MIN), None);
    for broken in [
        "TZID:x",
        "TZID:x\nBEGIN:STANDARD\nEND:STANDARD",
        "TZID:x\nBEGIN:STANDARD\nDTSTART:yesterday\nTZOFFSETTO:+0100\nEND:STANDARD",
        "TZID:x\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETTO:early\nEND:STANDARD",
    ] {
        assert_eq!(vtimezone(broken), None, "{broken}");
    }
}

#[test]
fn until_count_rdate_and_days_on_or_after() {
    let rules = |rule: &str| {
        let text = format!(
            "TZID:x\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0000\nEND:STANDARD\n\
             BEGIN:DAYLIGHT\nDTSTART:20000402T020000\nTZOFFSETFROM:+0000\nTZOFFSETTO:+0100\n{rule}\nEND:DAYLIGHT\n\
             BEGIN:STANDARD\nDTSTART:20000901T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0000\nRRULE:FREQ=YEARLY\nEND:STANDARD"
        );
        let zone = vtimezone(&text).unwrap();
        let mut moment = at("19990101T000000Z");
        let mut days = Vec::new();
        while let Some(next) = zone.next_transition(moment).filter(|next| *next < at("20080101T000000Z")) {
            if zone.offset_at(next) == 3600 {
                days.push(next.to_utc().date().strftime("%y%m%d").to_string());
            }
            moment = next;
        }
        days.join(" ")
    };
    assert_eq!(
        rules("RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20030406T020000Z"),
        "000402 010401 020407 030406"
    );
    assert_eq!(rules("RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20030406T015959Z"), "000402 010401 020407");
    assert_eq!(rules("RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;UNTIL=20020407"), "000402 010401 020407");
    assert_eq!(rules("RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=1SU;COUNT=3"), "000402 010401 020407");
    assert_eq!(rules("RRULE:FREQ=YEARLY;INTERVAL=3;BYMONTH=4;BYDAY=1SU"), "000402 030406 060402");
    assert_eq!(
        rules("RRULE:FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=8,9,10,11,12,13,14;BYDAY=SU;COUNT=3"),
        "000402 010408"
    );
    assert_eq!(rules("RDATE:20010501T020000,20020502T020000"), "000402 010501 020502");
    assert_eq!(rules("RRULE:FREQ=WEEKLY;BYDAY=SU"), "000402");
}

#[test]
fn an_equal_definition_is_the_known_zone() {
    let berlin = Zone::iana("Europe/Berlin").unwrap();
    let text = berlin.to_vtimezone(Instant::from_unix(0), at("20300101T000000Z"));
    let same = vtimezone(
        text.strip_prefix("BEGIN:VTIMEZONE\r\n").unwrap().strip_suffix("END:VTIMEZONE\r\n").unwrap(),
    );
    assert!(matches!(same.unwrap().rules, Rules::Known(_)));
    // One hour off, and the object's word holds.
    let odd = vtimezone(
        &CENTRAL_EUROPE
            .replace("Customized Time Zone", "Europe/Berlin")
            .replace("TZOFFSETTO:+0200", "TZOFFSETTO:+0300"),
    );
    let odd = odd.unwrap();
    assert_eq!((odd.name(), odd.offset_at(at("20260701T000000Z"))), ("Europe/Berlin", 10_800));
}

/// Reads what `zone` writes for a stretch of time.
fn written(zone: &Zone, from: Instant, to: Instant) -> (String, Zone) {
    let text = zone.to_vtimezone(from, to);
    let parsed =
        parse(format!("BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n").as_bytes(), &Limits::default()).unwrap();
    assert_eq!(parsed.warnings, []);
    let read = definition::Definition::read(&parsed.calendars[0].components[0], &mut Vec::new()).unwrap();
    (text, Zone { name: Arc::from(zone.name()), rules: Rules::Defined(Arc::new(read)) })
}

#[test]
fn every_zone_can_be_written() {
    let stretches = [
        ("20260701T000000Z", "20260702T000000Z"),
        ("20260101T000000Z", "20290101T000000Z"),
        ("20040101T000000Z", "20100101T000000Z"),
        ("19700101T000000Z", "20400101T000000Z"),
    ];
    let mut names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    names.sort();
    assert!(names.len() > 300);
    for (at_name, name) in names.iter().enumerate() {
        let Some(zone) = Zone::iana(name) else { continue };
        let (from, to) = stretches[at_name % stretches.len()];
        let (from, to) = (at(from), at(to));
        let (text, read) = written(&zone, from, to);
        assert!(text.contains("BEGIN:STANDARD"), "{text}");
        let step = (to.since(from) / 400).max(1800);
        let mut moment = from;
        while moment <= to {
            assert_eq!(read.offset_at(moment), zone.offset_at(moment), "{name} {moment}\n{text}");
            moment = moment.plus(step);
        }
    }
}

#[test]
fn regular_zones_are_written_with_two_rules() {
    let (text, _) = written(&Zone::iana("Europe/Berlin").unwrap(), at("20260701T000000Z"), Instant::MAX);
    assert_eq!(
        text,
        "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:20251026T030000\r\nTZOFFSETFROM:+0200\r\n\
         TZOFFSETTO:+0100\r\nTZNAME:CET\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n\
         DTSTART:20260329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\n\
         RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n"
    );
    let (text, _) =
        written(&Zone::iana("America/New_York").unwrap(), at("20000101T000000Z"), at("20300101T000000Z"));
    assert_eq!((text.matches("RRULE:").count(), text.matches("BEGIN:").count()), (2, 5), "{text}");
    let (text, _) = written(Zone::utc(), at("20000101T000000Z"), at("20300101T000000Z"));
    assert_eq!(text.matches("BEGIN:").count(), 2, "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn a_reading_and_its_instants_agree(unix in -4_000_000_000_i64..9_000_000_000, which in 0_usize..5) {
        let zone = match which {
            0 => vtimezone(CENTRAL_EUROPE).unwrap(),
            1 => Zone::iana("America/St_Johns").unwrap(),
            2 => Zone::iana("Africa/Casablanca").unwrap(),
            3 => written(&Zone::iana("Australia/Lord_Howe").unwrap(), Instant::from_unix(0), Instant::MAX).1,
            _ => Zone::utc().clone(),
        };
        let instant = Instant::from_unix(unix);
        let local = zone.local_of(instant);
        let instants = zone.instants_of(local);
        prop_assert!(instants.contains(&instant));
        prop_assert_eq!(zone.instant_of(local), instants[0]);
        if let Some(next) = zone.next_transition(instant) {
            prop_assert!(next > instant);
            prop_assert_eq!(zone.offset_at(next.plus(-1)), zone.offset_at(instant));
            prop_assert_ne!(zone.offset_at(next), zone.offset_at(instant));
        }
    }

    #[test]
    fn any_definition_is_read_or_refused(lines in proptest::collection::vec(prop_oneof![
        Just("BEGIN:STANDARD".to_owned()), Just("END:STANDARD".to_owned()), Just("BEGIN:DAYLIGHT".to_owned()),
        Just("END:DAYLIGHT".to_owned()), "DTSTART:[0-9]{4}0[1-9]1[0-9]T[01][0-9]0000", "TZOFFSET(TO|FROM):[+-][01][0-9]{3}",
        "RRULE:FREQ=YEARLY;BYMONTH=[0-9]{1,2};BYDAY=-?[0-6]?(SU|MO)", "RRULE:FREQ=YEARLY;(COUNT|INTERVAL)=[0-9]{1,5}",
        "RRULE:FREQ=YEARLY;UNTIL=[0-9]{4}0101", "RDATE:[0-9]{4}0[1-9]1[0-9]T[01][0-9]0000",
    ], 0..14), unix in any::<i64>()) {
        if let Some(zone) = vtimezone(&lines.join("\n")) {
            let instant = Instant::from_unix(unix);
            let local = zone.local_of(instant);
            let _ = (zone.instant_of(local), zone.instants_of(local), zone.next_transition(instant));
            let _ = zone.to_vtimezone(instant, instant.plus(100_000_000));
        }
    }
}
