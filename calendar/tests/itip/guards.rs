//! What nobody may do to somebody else's event, and what must not get lost.

use calendar::address::Address;
use calendar::itip::{NotApplied, Then};

use crate::support::*;

fn of(method: &str, lines: &str) -> calendar::itip::Message {
    let event = event(lines).replace("20260601T000000Z", "20260601T003000Z");
    message(&calendar(&format!("METHOD:{method}\n{event}")))
}

#[test]
fn ones_own_event_is_replaced_by_no_message() {
    let lines = "DTSTART:20260701T080000Z\nSUMMARY:Mine\nATTENDEE:mailto:ann@x";
    let (mut olga, mut ann) =
        (Person::of("olga", &calendar(&event(lines))), Person::of("ann", &calendar(&event(lines))));
    let anonymous = |method: &str| {
        let text = text(of(method, &format!("SEQUENCE:9\n{lines}")).object.octets());
        message(&text.replace("ORGANIZER:mailto:olga@x\r\n", ""))
    };
    assert_eq!(olga.hear(&anonymous("PUBLISH"), 1), Err(NotApplied::OwnEvent));
    assert_eq!(ann.hear(&anonymous("PUBLISH"), 1), Err(NotApplied::Lacks("ORGANIZER")));
    // What nobody organizes is private, unless a message brought it.
    let private = calendar(&event("DTSTART:20260701T080000Z").replace("ORGANIZER:mailto:olga@x\n", ""));
    let mut zoe = Person::of("zoe", &private);
    for message in [anonymous("PUBLISH"), of("REQUEST", lines), of("CANCEL", "STATUS:CANCELLED")] {
        assert_eq!(zoe.hear(&message, 1), Err(NotApplied::OwnEvent));
    }
    let mut reader = Person::new("zoe");
    reader.hear(&message(&private.replace("VERSION:2.0", "VERSION:2.0\nMETHOD:PUBLISH")), 1).unwrap();
    reader.hear(&anonymous("PUBLISH"), 2).unwrap();
    assert!(reader.text().contains("SUMMARY:Mine"));
}

#[test]
fn a_delegation_that_is_only_claimed() {
    let lines = "DTSTART:20260701T080000Z\nATTENDEE:mailto:ann@x\nATTENDEE:mailto:eve@x";
    let mut ann = Person::of("ann", &calendar(&event(lines)));
    let eve = Address::parse("eve@x");
    let forged = of(
        "REQUEST",
        "SEQUENCE:5\nDTSTART:20260702T080000Z\nATTENDEE;DELEGATED-FROM=\"mailto:eve@x\":mailto:ann@x",
    );
    assert!(matches!(ann.hear_from(&forged, Some(&eve), 1), Err(NotApplied::NotTheSender { .. })));
    // One may delegate to who is invited anyway, but not take them off the list by taking that back.
    let mut olga = Person::of("olga", &calendar(&event(lines)));
    olga.hear(&of("REPLY", "ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:ann@x\":mailto:eve@x"), 1)
        .unwrap();
    assert_eq!(
        (olga.partstat("eve", None), olga.partstat("ann", None)),
        ("DELEGATED".into(), "NEEDS-ACTION".into())
    );
    let back = text(of("REPLY", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@x").object.octets());
    olga.hear(&message(&back.replace("T003000Z", "T003500Z")), 2).unwrap();
    assert_eq!(
        (olga.partstat("eve", None), olga.partstat("ann", None)),
        ("ACCEPTED".into(), "NEEDS-ACTION".into())
    );
}

#[test]
fn nobody_answers_for_somebody_else() {
    let lines = "DTSTART:20260701T080000Z\nATTENDEE:mailto:ann@x\nATTENDEE:mailto:eve@x";
    let mut olga = Person::of("olga", &calendar(&event(lines)));
    let both = of(
        "REPLY",
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@x\nATTENDEE;PARTSTAT=DECLINED;SENT-BY=\"mailto:eve@x\":mailto:ann@x",
    );
    olga.hear_from(&both, Some(&Address::parse("eve@x")), 1).unwrap();
    assert_eq!(
        (olga.partstat("eve", None), olga.partstat("ann", None)),
        ("ACCEPTED".into(), "NEEDS-ACTION".into())
    );
    // Whoever asks gets their own copy, not that of the first in the list.
    let ask = of("REFRESH", "ATTENDEE:mailto:ann@x\nATTENDEE:mailto:eve@x");
    let received = olga.hear_from(&ask, Some(&Address::parse("eve@x")), 2).unwrap();
    assert_eq!(summary(&received.send), ["REQUEST eve"]);
    // A delegator does not write the delegate's answer.
    let mut ann = Person::of("ann", &calendar(&event(lines)));
    let passed = "ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:cat@x\":mailto:ann@x\n\
        ATTENDEE;PARTSTAT=ACCEPTED;DELEGATED-FROM=\"mailto:ann@x\":mailto:cat@x";
    let send = ann.change(&[("ATTENDEE:mailto:ann@x", passed)], 3);
    olga.hear(&only(&send, "olga"), 40).unwrap();
    assert_eq!(
        (olga.partstat("ann", None), olga.partstat("cat", None)),
        ("DELEGATED".into(), "NEEDS-ACTION".into())
    );
}

const SERIES: &str = "DTSTART:20260701T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5\nSEQUENCE:0\nSUMMARY:Talk\n\
    ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x\nATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@x";

fn moved(day: u32) -> String {
    event(&format!(
        "RECURRENCE-ID:2026070{day}T080000Z\nDTSTART:2026070{day}T120000Z\nDURATION:PT1H\nSEQUENCE:0\nSUMMARY:Talk\n\
        ATTENDEE:mailto:ann@x\nATTENDEE:mailto:bob@x"
    ))
}

#[test]
fn an_instance_that_is_moved_back_taken_out_and_put_in_again() {
    let (mut olga, mut ann) = (Person::new("olga"), Person::new("ann"));
    let tell = |ann: &mut Person, send: &[calendar::itip::Outgoing], minute: i64| {
        for message in to(send, "ann") {
            ann.hear(&message, minute).unwrap();
        }
    };
    tell(&mut ann, &olga.edit(Some(&calendar(&event(SERIES))), 1), 1);
    let plain = olga.text();
    let all = ann.instances();
    let with = |text: &str| text.replace("END:VCALENDAR", &format!("{}END:VCALENDAR", moved(3)));
    tell(&mut ann, &olga.edit(Some(&with(&plain)), 2), 2);
    assert!(ann.instances().contains(&"20260703T120000Z".to_owned()));
    // The component goes, and the instance is like the others again.
    tell(&mut ann, &olga.edit(Some(&plain), 3), 3);
    assert_eq!(ann.instances(), all);
    tell(&mut ann, &olga.edit(Some(&with(&plain)), 4), 4);
    let without = plain.replace("SEQUENCE:0", "EXDATE:20260703T080000Z\nSEQUENCE:0");
    tell(&mut ann, &olga.edit(Some(&without), 5), 5);
    assert_eq!(ann.instances().len(), 4);
    tell(&mut ann, &olga.edit(Some(&plain), 6), 6);
    assert_eq!(ann.instances(), all, "{}", ann.text());
}

#[test]
fn who_is_told_by_the_server_no_more_and_what_is_no_meeting_any_more() {
    let mut olga = Person::of("olga", &calendar(&event(SERIES)));
    let mut bob = Person::of("bob", &calendar(&event(SERIES)));
    let line = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@x";
    for agent in ["CLIENT", "NONE"] {
        let new = line.replace("ATTENDEE", &format!("ATTENDEE;SCHEDULE-AGENT={agent}"));
        let send = olga.change(&[(line, &new)], 1);
        assert_eq!(methods(&to(&send, "bob")), [calendar::itip::Method::Cancel]);
        let send = olga.change(&[(&new, line)], 2);
        // What comes then is later than the CANCEL.
        assert!(matches!(bob.hear(&only(&send, "bob"), 2).unwrap().then, Then::Object(_)));
    }
    let send = olga.change(&[("ORGANIZER:mailto:olga@x\n", "")], 3);
    assert_eq!(summary(&send), ["CANCEL ann,bob"]);
    assert!(text(&send[0].octets).contains("ORGANIZER:mailto:olga@x"));
}

#[test]
fn answers_to_what_was_never_asked_are_void() {
    let mut olga = Person::of("olga", &calendar(&event(SERIES)));
    let new = moved(9).replace("ATTENDEE:mailto:ann", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann");
    olga.change(
        &[
            ("SEQUENCE:0", "RDATE:20260709T080000Z\nSEQUENCE:0"),
            ("END:VEVENT\n", &format!("END:VEVENT\n{new}")),
        ],
        1,
    );
    assert_eq!(olga.partstat("ann", Some("20260709T080000Z")), "NEEDS-ACTION");
    // Dates that only are written otherwise void nothing.
    let mut olga = Person::of("olga", &calendar(&event(&format!("RDATE:20260709T080000Z\n{SERIES}"))));
    let other = "RDATE;TZID=Europe/Paris:20260709T100000";
    assert!(olga.change(&[("RDATE:20260709T080000Z", other)], 1).is_empty());
    assert_eq!(olga.partstat("ann", None), "ACCEPTED");
}

#[test]
fn a_proposal_after_an_instance_was_cancelled() {
    let mut olga = Person::of("olga", &calendar(&event(SERIES)));
    olga.change(&[("SEQUENCE:0", "EXDATE:20260703T080000Z\nSEQUENCE:0")], 1);
    let proposal =
        of("COUNTER", "SEQUENCE:0\nDTSTART:20260701T100000Z\nDURATION:PT1H\nATTENDEE:mailto:ann@x");
    assert_eq!(olga.hear(&proposal, 2).unwrap().ask.len(), 1);
}

/// From the third on it takes place at noon.
fn ranged() -> String {
    let range = moved(3).replace("RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE");
    calendar(&format!("{}{range}", event(SERIES)))
}

#[test]
fn one_instance_of_this_and_future_ones() {
    let noon =
        ["20260701T080000Z", "20260702T080000Z", "20260703T120000Z", "20260704T120000Z", "20260705T120000Z"];
    for day in [3, 4] {
        let id = format!("RECURRENCE-ID:2026070{day}T080000Z");
        let mut olga = Person::of("olga", &ranged());
        assert_eq!(olga.instances(), noon);
        olga.hear(&of("REPLY", &format!("{id}\nATTENDEE;PARTSTAT=DECLINED:mailto:ann@x")), 1).unwrap();
        assert_eq!(olga.instances(), noon, "an answer moves nothing: {}", olga.text());
        assert_eq!(olga.partstat("ann", Some(&format!("2026070{day}T080000Z"))), "DECLINED");
        assert_eq!(olga.text().matches("PARTSTAT=DECLINED").count(), 1, "{}", olga.text());
        for status in ["STATUS:CANCELLED\n", ""] {
            let mut ann = Person::of("ann", &ranged());
            ann.hear(&of("CANCEL", &format!("{id}\nSEQUENCE:1\n{status}ATTENDEE:mailto:ann@x")), 1).unwrap();
            let rest: Vec<_> = noon.iter().filter(|each| !each.contains(&format!("070{day}"))).collect();
            assert_eq!(ann.instances().iter().collect::<Vec<_>>(), rest, "{status} {}", ann.text());
        }
    }
}

#[test]
fn an_instance_of_a_period_keeps_its_length() {
    let lines = SERIES.replace("SEQUENCE:0", "RDATE;VALUE=PERIOD:20260709T080000Z/PT3H\nSEQUENCE:0");
    let mut olga = Person::of("olga", &calendar(&event(&lines)));
    olga.hear(&of("REPLY", "RECURRENCE-ID:20260709T080000Z\nATTENDEE;PARTSTAT=DECLINED:mailto:ann@x"), 1)
        .unwrap();
    assert!(olga.text().contains("DTEND:20260709T110000Z"), "{}", olga.text());
}

#[test]
fn private_comments_and_the_clients_agent() {
    let mut olga = Person::new("olga");
    let lines = format!("X-CALENDARSERVER-ATTENDEE-COMMENT;X-CALENDARSERVER-ATTENDEE-REF=bob:no\n{SERIES}");
    let send = olga.edit(Some(&calendar(&event(&lines))), 1);
    assert!(!text(&send[0].octets).contains("COMMENT"));
    let mut ann = Person::new("ann");
    ann.hear(&only(&send, "ann"), 1).unwrap();
    ann.change(&[("ORGANIZER:", "ORGANIZER;SCHEDULE-AGENT=CLIENT:")], 2);
    let send = olga.change(&[("SUMMARY:Talk", "SUMMARY:Speech")], 3);
    ann.hear(&only(&send, "ann"), 3).unwrap();
    assert!(ann.edit(None, 4).is_empty(), "her client answers");
}

#[test]
fn who_is_not_invited_from_some_instance_on() {
    let without = ranged().replacen("ATTENDEE:mailto:bob@x\n", "", 1);
    let send = Person::new("olga").edit(Some(&without), 1);
    for (name, count) in [("ann", 5), ("bob", 2)] {
        let mut person = Person::new(name);
        person.hear(&only(&send, name), 1).unwrap();
        assert_eq!(person.instances().len(), count, "{}", person.text());
    }
}
