//! What an edit makes others hear, and what an attendee may edit.

use calendar::address::Address;
use calendar::itip::{About, Method, attendee_may, changes};

use crate::support::*;

const HELD: &str = "DTSTART;TZID=Europe/Paris:20260701T100000\nDTEND;TZID=Europe/Paris:20260701T110000\nSEQUENCE:3\n\
    SUMMARY:Talk\nX-OWN:1\nATTENDEE;PARTSTAT=ACCEPTED;ROLE=CHAIR:mailto:olga@x\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x\n\
    ATTENDEE;PARTSTAT=DECLINED:mailto:bob@x\nATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:cli@x\nATTENDEE;SCHEDULE-AGENT=NONE:mailto:non@x";

fn olga() -> Person {
    Person::of("olga", &calendar(&event(HELD)))
}

/// An edit, who hears of it, the SEQUENCE then, and ann's PARTSTAT.
type Row = (&'static str, &'static str, &'static [&'static str], u32, &'static str);

const ROWS: &[Row] = &[
    (
        "SUMMARY:Talk",
        "SUMMARY:Talk\nBEGIN:VALARM\nTRIGGER:-PT1H\nACTION:AUDIO\nEND:VALARM",
        &[],
        3,
        "ACCEPTED",
    ),
    ("X-OWN:1", "X-OWN:2", &[], 3, "ACCEPTED"),
    ("X-OWN:1", "TRANSP:TRANSPARENT", &[], 3, "ACCEPTED"),
    (
        "DTSTAMP:20260601T000000Z",
        "DTSTAMP:20260602T000000Z\nLAST-MODIFIED:20260602T000000Z",
        &[],
        3,
        "ACCEPTED",
    ),
    ("SEQUENCE:3", "SEQUENCE:0", &[], 3, "ACCEPTED"),
    ("SEQUENCE:3\n", "", &[], 3, "ACCEPTED"),
    (
        "DTSTART;TZID=Europe/Paris:20260701T100000",
        "DTSTART:20260701T080000Z",
        &["REQUEST ann,bob"],
        4,
        "NEEDS-ACTION",
    ),
    ("DTEND;TZID=Europe/Paris:20260701T110000", "DURATION:PT1H", &[], 3, "ACCEPTED"),
    (
        "DTEND;TZID=Europe/Paris:20260701T110000",
        "DTEND;TZID=Europe/Paris:20260701T113000",
        &["REQUEST ann,bob"],
        4,
        "NEEDS-ACTION",
    ),
    ("SUMMARY:Talk", "SUMMARY:Speech", &["REQUEST ann,bob"], 3, "ACCEPTED"),
    ("SUMMARY:Talk", "SUMMARY:Talk\nLOCATION:Bar", &["REQUEST ann,bob"], 3, "ACCEPTED"),
    ("SUMMARY:Talk", "SUMMARY:Talk\nRRULE:FREQ=DAILY", &["REQUEST ann,bob"], 4, "NEEDS-ACTION"),
    ("SUMMARY:Talk", "SUMMARY:Talk\nSTATUS:TENTATIVE", &["REQUEST ann,bob"], 4, "ACCEPTED"),
    ("SUMMARY:Talk", "SUMMARY:Talk\nSTATUS:CANCELLED", &["CANCEL ann,bob"], 4, "ACCEPTED"),
    ("SEQUENCE:3", "SEQUENCE:9\nLOCATION:x", &["REQUEST ann,bob"], 9, "ACCEPTED"),
    ("ATTENDEE;PARTSTAT=DECLINED:mailto:bob@x\n", "", &["CANCEL bob", "REQUEST ann"], 4, "ACCEPTED"),
    ("X-OWN:1", "ATTENDEE:mailto:zed@x", &["REQUEST ann,bob,zed"], 3, "ACCEPTED"),
    ("ATTENDEE;SCHEDULE-AGENT=NONE:mailto:non@x\n", "", &["REQUEST ann,bob"], 4, "ACCEPTED"),
    (
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x",
        "ATTENDEE;SCHEDULE-FORCE-SEND=REQUEST;PARTSTAT=ACCEPTED:mailto:ann@x",
        &["REQUEST ann"],
        3,
        "ACCEPTED",
    ),
];

#[test]
fn what_attendees_hear_of() {
    for (old, new, heard, sequence, ann) in ROWS {
        let mut olga = olga();
        let send = olga.change(&[(old, new)], 5);
        assert_eq!(summary(&send), *heard, "{old} -> {new}");
        let master = olga.object.as_ref().unwrap().master().unwrap();
        assert_eq!(master.property("SEQUENCE").unwrap().value, sequence.to_string(), "{old} -> {new}");
        assert_eq!(olga.partstat("ann", None), *ann, "{old} -> {new}");
        assert_eq!(olga.partstat("olga", None), "ACCEPTED");
        assert!(!olga.text().contains("FORCE-SEND"));
        for message in to(&send, "ann") {
            assert_eq!((message.sequence, message.stamp), (*sequence, Some(at(5))), "{old} -> {new}");
        }
    }
}

#[test]
fn only_what_must_change_is_changed() {
    let before = calendar(&event(HELD));
    let after = before.replace("T100000", "T090000").replace("SUMMARY:Talk", "SUMMARY:Ta\n lk");
    let owner = [Address::parse("olga@x")];
    let scheduled = changes(Some(&object(&before)), Some(&object(&after)), &owner, at(1));
    let expected = after
        .replace("SEQUENCE:3", "SEQUENCE:4")
        .replace("PARTSTAT=ACCEPTED:mailto:ann", "PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann")
        .replace("PARTSTAT=DECLINED:mailto:bob", "PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob");
    assert_eq!(
        String::from_utf8(scheduled.object.unwrap().to_vec()).unwrap(),
        expected.replace('\n', "\r\n")
    );
    // Objects without an organizer, or of somebody else, schedule nothing.
    let alone = object(&before.replace("ORGANIZER:mailto:olga@x\n", ""));
    assert_eq!(changes(None, Some(&alone), &owner, at(1)).send, []);
    assert_eq!(changes(Some(&object(&before)), None, &[Address::parse("zoe@x")], at(1)).send, []);
    assert_eq!(summary(&changes(Some(&object(&before)), None, &owner, at(1)).send), ["CANCEL ann,bob"]);
}

const SERIES: &str = "DTSTART:20260701T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\nSEQUENCE:0\nSUMMARY:Talk\n\
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x";
const THIRD: &str = "RECURRENCE-ID:20260703T080000Z\nDTSTART:20260703T080000Z\nDURATION:PT1H\nSEQUENCE:0\nSUMMARY:Talk\n\
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x\nATTENDEE:mailto:gus@x";

#[test]
fn who_is_invited_to_some_instances_sees_only_these() {
    let mut olga = Person::of("olga", &calendar(&event(SERIES)));
    let guest = format!("END:VEVENT\n{}", event(THIRD));
    let send = olga.change(&[("END:VEVENT\n", &guest)], 1);
    let invitation = only(&send, "gus");
    assert_eq!((invitation.object.components().count(), invitation.object.master().is_none()), (1, true));
    assert_eq!(only(&send, "ann").object.components().count(), 1, "only the instance is told anew");
    let mut gus = Person::new("gus");
    gus.hear(&invitation, 2).unwrap();
    assert_eq!(gus.instances(), ["20260703T080000Z"]);
    let gus_answer = gus.change(&[("ATTENDEE:mailto:gus@x", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:gus@x")], 3);
    olga.hear(&only(&gus_answer, "olga"), 4).unwrap();
    assert_eq!(olga.partstat("gus", Some("20260703T080000Z")), "ACCEPTED");
    // What happens to the rest is not theirs to know.
    assert!(
        to(&olga.change(&[("RRULE:FREQ=DAILY;COUNT=5", "RRULE:FREQ=DAILY;COUNT=4")], 5), "gus").is_empty()
    );
    assert_eq!(olga.partstat("ann", None), "ACCEPTED", "a series that ends earlier voids no answer");
    // Moved: gus is asked again; taken off it: gus has nothing.
    let moved = olga.change(&[("\nDTSTART:20260703T080000Z", "\nDTSTART:20260703T100000Z")], 6);
    gus.hear(&only(&moved, "gus"), 7).unwrap();
    assert_eq!(
        (gus.instances(), gus.partstat("gus", Some("20260703T080000Z"))),
        (vec!["20260703T100000Z".into()], "NEEDS-ACTION".into())
    );
    let line = olga.text().lines().find(|line| line.contains("gus@x")).unwrap().to_owned();
    let send = olga.change(&[(&format!("{line}\n"), "")], 8);
    assert_eq!(methods(&to(&send, "gus")), [Method::Cancel]);
    gus.hear(&only(&send, "gus"), 9).unwrap();
    assert!(gus.object.is_none());
}

#[test]
fn off_the_series_but_not_off_an_instance() {
    let mut olga = Person::of(
        "olga",
        &calendar(&format!(
            "{}{}",
            event(SERIES),
            event(&THIRD.replace("T080000Z\nDURATION", "T120000Z\nDURATION"))
        )),
    );
    let mut ann = Person::new("ann");
    ann.hear(&only(&Person::new("olga").edit(Some(&olga.text()), 1), "ann"), 1).unwrap();
    assert_eq!(ann.instances().len(), 5);
    let send = olga.change(&[("ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x", "X-A:1")], 2);
    let messages = to(&send, "ann");
    assert_eq!(methods(&messages), [Method::Cancel, Method::Request]);
    for message in &messages {
        ann.hear(message, 3).unwrap();
    }
    assert_eq!(ann.instances(), ["20260703T120000Z"]);
    let mut late = Person::new("ann");
    late.object = Some(object(&calendar(&event(SERIES))));
    for message in messages.iter().rev() {
        late.hear(message, 3).unwrap();
    }
    assert_eq!(late.instances(), ["20260703T120000Z"]);
}

#[test]
fn what_an_attendee_may_edit() {
    let lines = format!("{SERIES}\nATTENDEE:mailto:bob@x");
    let before = calendar(&event(&lines));
    let owner = [Address::parse("ann@x")];
    let may = |pairs: &[(&str, &str)]| {
        let mut after = before.clone();
        for (old, new) in pairs {
            assert!(after.contains(old));
            after = after.replacen(old, new, 1);
        }
        attendee_may(&object(&before), &object(&after), &owner).map_err(|refused| refused.property)
    };
    let own = "RECURRENCE-ID:20260702T080000Z\nDTSTART:20260702T080000Z\nDURATION:PT1H\nSUMMARY:Talk\n\
        ATTENDEE;PARTSTAT=DECLINED:mailto:ann@x\nATTENDEE:mailto:bob@x";
    let allowed: &[&[(&str, &str)]] = &[
        &[],
        &[("ACCEPTED", "TENTATIVE")],
        &[("SUMMARY:Talk", "SUMMARY:Talk\nTRANSP:TRANSPARENT\nX-COLOR:1\nLAST-MODIFIED:20260601T000000Z")],
        &[("SUMMARY:Talk", "SUMMARY:Talk\nCATEGORIES:Work,Important\nCOLOR:teal")],
        &[("SUMMARY:Talk", "SUMMARY:Talk\nBEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT1M\nEND:VALARM")],
        &[("SUMMARY:Talk", "SUMMARY:Talk\nEXDATE:20260703T080000Z")],
        &[("PRODID:-//x//EN", "PRODID:-//y//EN\nCALSCALE:GREGORIAN")],
        &[("DURATION:PT1H", "DTEND:20260701T090000Z")],
        &[("END:VEVENT\n", &format!("END:VEVENT\n{}", event(own)))],
        &[(
            "ACCEPTED:mailto:ann@x",
            "DELEGATED;DELEGATED-TO=\"mailto:cat@x\":mailto:ann@x\nATTENDEE;DELEGATED-FROM=\"mailto:ann@x\":mailto:cat@x",
        )],
    ];
    for pairs in allowed {
        assert_eq!(may(pairs), Ok(()), "{pairs:?}");
    }
    let moved = own.replace("DTSTART:20260702T080000Z", "DTSTART:20260702T090000Z");
    let foreign = own.replace("20260702", "20260722");
    let refused: &[(&str, &str, &str)] = &[
        ("DTSTART:20260701T080000Z", "DTSTART:20260701T090000Z", "DTSTART"),
        ("COUNT=5", "COUNT=6", "RRULE"),
        ("SUMMARY:Talk", "SUMMARY:Mine", "SUMMARY"),
        ("SUMMARY:Talk", "SUMMARY:Talk\nLOCATION:Bar", "LOCATION"),
        ("SEQUENCE:0", "SEQUENCE:1", "SEQUENCE"),
        ("ATTENDEE:mailto:bob@x", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@x", "ATTENDEE"),
        ("ATTENDEE:mailto:bob@x\n", "", "ATTENDEE"),
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x\n", "", "ATTENDEE"),
        ("ORGANIZER:mailto:olga@x", "ORGANIZER:mailto:ann@x", "ORGANIZER"),
        ("END:VEVENT\n", &format!("END:VEVENT\n{}", event(&moved)), "DTSTART"),
        ("END:VEVENT\n", &format!("END:VEVENT\n{}", event(&foreign)), "RECURRENCE-ID"),
    ];
    for (old, new, property) in refused {
        assert_eq!(may(&[(*old, *new)]), Err((*property).to_owned()), "{old} -> {new}");
    }
    // An instance that the organizer changed may be taken out, not changed back.
    let with =
        |lines: &str| object(&calendar(&format!("{}{}", event(&SERIES.replace("SEQUENCE:0", lines)), "")));
    let organizers = object(&calendar(&format!(
        "{}{}",
        event(SERIES),
        event(&THIRD.replace("SUMMARY:Talk", "SUMMARY:Else"))
    )));
    assert!(attendee_may(&organizers, &with("SEQUENCE:0\nEXDATE:20260703T080000Z"), &owner).is_ok());
    let refused = attendee_may(&organizers, &with("SEQUENCE:0"), &owner).unwrap_err();
    assert!(matches!(refused.about, About::Instance(_)));
}

#[test]
fn what_an_attendee_took_out_stays_out() {
    let lines = "DTSTART:20260701T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nSEQUENCE:0\nSUMMARY:Talk\n\
        ATTENDEE:mailto:ann@x\nATTENDEE:mailto:bob@x";
    let (mut olga, mut ann) = (Person::new("olga"), Person::new("ann"));
    let told = olga.edit(Some(&calendar(&event(lines))), 1);
    ann.hear(&only(&told, "ann"), 1).unwrap();
    let answer = ann.change(&[("SUMMARY", "EXDATE:20260702T080000Z\nSUMMARY")], 2);
    olga.hear(&only(&answer, "olga"), 2).unwrap();
    assert_eq!(olga.partstat("ann", Some("20260702T080000Z")), "DECLINED");
    // Another title is no reason to come back to it.
    let told = olga.change(&[("SUMMARY:Talk", "SUMMARY:Long talk")], 3);
    ann.hear(&only(&told, "ann"), 3).unwrap();
    assert!(ann.text().contains("Long talk"));
    assert_eq!(ann.instances(), ["20260701T080000Z", "20260703T080000Z"]);
    // Another time is.
    let series = olga.text();
    let moved = series.replace("DTSTART:20260702T080000Z", "DTSTART:20260702T150000Z");
    assert_ne!(moved, series);
    let told = olga.edit(Some(&moved), 4);
    ann.hear(&only(&told, "ann"), 4).unwrap();
    assert_eq!(ann.instances(), ["20260701T080000Z", "20260702T150000Z", "20260703T080000Z"]);
}
