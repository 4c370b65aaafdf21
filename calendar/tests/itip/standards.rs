//! The conversations that RFC 5546 §4 and RFC 6638 appendix B describe, with data of our own.

use calendar::address::Address;
use calendar::itip::{About, Change, Delivery, Held, Message, Method, Question, Then, accept_counter};
use calendar::limits::Limits;

use crate::support::*;

/// A message of the organizer or an attendee, written at `minute`.
fn said(method: &str, minute: u32, lines: &str) -> Message {
    let event = event(lines).replace("20260601T000000Z", &format!("20260601T00{minute:02}00Z"));
    message(&calendar(&format!("METHOD:{method}\n{event}")))
}

/// RFC 5546 §4.1: posted, changed, off; a day with much said about it.
#[test]
fn published() {
    let mut reader = Person::new("zoe");
    let game = "DTSTART:20260701T170000Z\nDTEND:20260701T190000Z\nSUMMARY:Town against village";
    assert_eq!(reader.hear(&said("PUBLISH", 1, game), 1).unwrap().changed, [Change::Filed]);
    let later =
        said("PUBLISH", 2, &format!("SEQUENCE:1\nLOCATION:Old field\n{}", game.replace("T17", "T18")));
    let received = reader.hear(&later, 2).unwrap();
    assert_eq!(received.changed, [Change::Updated { about: About::Whole, rescheduled: true }]);
    assert!(received.send.is_empty() && received.ask.is_empty());
    assert_eq!(reader.instances(), ["20260701T180000Z"]);
    let off = said("CANCEL", 3, "SEQUENCE:2\nSTATUS:CANCELLED\nCOMMENT:rain");
    assert_eq!(reader.hear(&off, 3).unwrap().changed, [Change::Cancelled(About::Whole)]);
    assert!(reader.instances().is_empty() && reader.text().contains("LOCATION:Old field"));
    let day = event(
        "DTSTART;VALUE=DATE:20260705\nRRULE:FREQ=YEARLY\nCLASS:PRIVATE\nCATEGORIES:Party,Family\n\
        TRANSP:TRANSPARENT\nSUMMARY:Anniversary",
    )
    .replace("UID:1", "UID:2");
    let mut reader = Person::new("zoe");
    reader.hear(&message(&calendar(&format!("METHOD:PUBLISH\n{day}"))), 1).unwrap();
    assert_eq!(reader.instances(), ["20260705T000000Z", "20270705T000000Z"]);
    for line in ["CLASS:PRIVATE", "CATEGORIES:Party,Family", "TRANSP:TRANSPARENT"] {
        assert!(reader.text().contains(line), "{}", reader.text());
    }
}

const GROUP: &str = "DTSTART:20260701T200000Z\nDTEND:20260701T210000Z\nSEQUENCE:0\nSUMMARY:Conference\n\
    ATTENDEE;ROLE=CHAIR;PARTSTAT=ACCEPTED:mailto:olga@x\nATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:ann@x\n\
    ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:bob@x\nATTENDEE;RSVP=FALSE;CUTYPE=ROOM:mailto:room@x\n\
    ATTENDEE;ROLE=NON-PARTICIPANT;RSVP=FALSE:mailto:eve@x";

/// RFC 5546 §4.2.1–§4.2.4: asked, answered, changed, another time proposed and taken.
#[test]
fn a_group_event() {
    let mut olga = Person::new("olga");
    let send = olga.edit(Some(&calendar(&event(GROUP))), 1);
    assert_eq!(summary(&send), ["REQUEST ann,bob,room,eve"]);
    let request = only(&send, "ann");
    let (mut ann, mut bob) = (Person::new("ann"), Person::new("bob"));
    for person in [&mut ann, &mut bob] {
        person.hear_from(&request, Some(&olga.address), 1).unwrap();
    }
    let reply =
        said("REPLY", 2, "SEQUENCE:0\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x\nREQUEST-STATUS:2.0;Success");
    olga.hear_from(&reply, Some(&ann.address), 2).unwrap();
    assert_eq!(
        (olga.partstat("ann", None), olga.partstat("bob", None)),
        ("ACCEPTED".into(), "NEEDS-ACTION".into())
    );
    // Another hour: everybody but the chair is asked again.
    let send = olga.change(&[("T200000Z", "T180000Z"), ("T210000Z", "T190000Z")], 3);
    let update = only(&send, "ann");
    assert_eq!((update.sequence, olga.partstat("olga", None)), (1, "ACCEPTED".into()));
    assert_eq!(olga.partstat("ann", None), "NEEDS-ACTION");
    ann.hear_from(&update, Some(&olga.address), 3).unwrap();
    assert_eq!(
        (ann.instances(), ann.partstat("ann", None)),
        (vec!["20260701T180000Z".into()], "NEEDS-ACTION".into())
    );
    let proposal = said(
        "COUNTER",
        4,
        &GROUP
            .replace("T20", "T15")
            .replace("T21", "T16")
            .replace("SEQUENCE:0", "SEQUENCE:1\nCOMMENT:too late"),
    );
    let received = olga.hear_from(&proposal, Some(&ann.address), 4).unwrap();
    assert!(
        matches!(&received.ask[..], [Question::Counter { from, comment: Some(_), .. }] if *from == ann.address)
    );
    let (limits, own) = (Limits::default(), [olga.address.clone()]);
    let delivery = Delivery { recipient: &own, sender: Some(&ann.address), now: at(5), limits: &limits };
    let held = Held { object: olga.object.as_ref(), ledger: &olga.ledger };
    let received = accept_counter(held, &proposal, &delivery).unwrap();
    olga.keep(&received);
    assert_eq!(
        (olga.instances(), only(&received.send, "bob").sequence),
        (vec!["20260701T150000Z".into()], 2)
    );
    assert!(!text(&received.send[0].octets).contains("COMMENT"));
}

/// RFC 5546 §4.2.5–§4.2.8: passed on, answered by the delegate to both, taken back; forwarded.
#[test]
fn delegated_and_forwarded() {
    let mut olga = Person::of("olga", &calendar(&event(GROUP)));
    let mut ann = Person::of("ann", &calendar(&event(GROUP)));
    let (mut cat, mut dan) = (Person::new("cat"), Person::new("dan"));
    let both = "ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:cat@x\":mailto:ann@x\n\
        ATTENDEE;RSVP=TRUE;DELEGATED-FROM=\"mailto:ann@x\":mailto:cat@x";
    olga.hear(&said("REPLY", 1, &format!("SEQUENCE:0\n{both}")), 1).unwrap();
    assert_eq!(
        (olga.partstat("ann", None), olga.partstat("cat", None)),
        ("DELEGATED".into(), "NEEDS-ACTION".into())
    );
    ann.change(&[("ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:ann@x", both)], 1);
    let times = "DTSTART:20260701T200000Z\nDTEND:20260701T210000Z\nSEQUENCE:0\nSUMMARY:Conference";
    let passed = said("REQUEST", 1, &format!("{times}\n{both}"));
    cat.hear_from(&passed, Some(&ann.address), 2).unwrap();
    let answers = both.replace("ATTENDEE;RSVP=TRUE", "ATTENDEE;PARTSTAT=DECLINED");
    let declined = said("REPLY", 3, &format!("SEQUENCE:0\n{answers}\nCOMMENT:away"));
    for person in [&mut olga, &mut ann] {
        person.hear_from(&declined, Some(&cat.address), 3).unwrap();
        assert_eq!(
            (person.partstat("cat", None), person.partstat("ann", None)),
            ("DECLINED".into(), "DELEGATED".into())
        );
    }
    // Ann comes herself, and cat is told that it is over.
    let again = ann.text().lines().find(|line| line.ends_with(":mailto:ann@x")).unwrap().to_owned();
    let gone = ann.text().lines().find(|line| line.ends_with(":mailto:cat@x")).unwrap().to_owned() + "\n";
    let send = ann.change(&[(&gone, ""), (&again, "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ann@x")], 4);
    assert_eq!(summary(&send), ["CANCEL cat", "REPLY olga"]);
    assert_eq!(cat.hear_from(&only(&send, "cat"), Some(&ann.address), 5).unwrap().then, Then::Gone);
    olga.hear(&only(&send, "olga"), 5).unwrap();
    assert_eq!((olga.partstat("ann", None), olga.partstat("cat", None)), ("ACCEPTED".into(), "-".into()));
    let received = dan.hear_from(&said("REQUEST", 6, GROUP), Some(&ann.address), 6).unwrap();
    assert_eq!(received.ask, [Question::Forwarded { sender: Some(ann.address.clone()) }]);
}

/// RFC 5546 §4.2.9–§4.2.11: off for all, off for one, another organizer.
#[test]
fn cancelled_removed_and_handed_over() {
    let mut ann = Person::of("ann", &calendar(&event(GROUP)));
    let everybody = "ATTENDEE:mailto:ann@x\nATTENDEE:mailto:bob@x";
    ann.hear(&said("CANCEL", 1, &format!("SEQUENCE:1\nSTATUS:CANCELLED\n{everybody}")), 1).unwrap();
    assert!(ann.text().contains("STATUS:CANCELLED"));
    let (mut ann, mut bob) =
        (Person::of("ann", &calendar(&event(GROUP))), Person::of("bob", &calendar(&event(GROUP))));
    let without = said("CANCEL", 1, "SEQUENCE:1\nATTENDEE:mailto:bob@x");
    assert_eq!(bob.hear(&without, 1).unwrap().then, Then::Gone);
    ann.hear(&without, 1).unwrap();
    assert_eq!((ann.partstat("bob", None), ann.instances().len()), ("-".into(), 1));
    let handed = said("REQUEST", 2, &GROUP.replace("SEQUENCE:0", "SEQUENCE:1"));
    let handed =
        message(&text(handed.object.octets()).replace("ORGANIZER:mailto:olga@x", "ORGANIZER:mailto:bob@x"));
    let received = ann.hear_from(&handed, Some(&bob.address), 2).unwrap();
    assert!(matches!(received.ask[..], [Question::NewOrganizer { .. }]) && received.then == Then::Unchanged);
    ann.hear_from(&handed, Some(&Address::parse("olga@x")), 3).unwrap();
    assert!(ann.text().contains("ORGANIZER:mailto:bob@x"));
}

const WEEKLY: &str = "DTSTART;TZID=America/New_York:20260701T160000\nDTEND;TZID=America/New_York:20260701T170000\n\
    RRULE:FREQ=WEEKLY;COUNT=5\nSEQUENCE:0\nSUMMARY:Group\nLOCATION:Call\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ann@x";

/// RFC 5546 §4.4.1–§4.4.7: one changed, one off, all later ones elsewhere, one more, what was missed, all off.
#[test]
fn a_recurring_event() {
    let mut ann = Person::new("ann");
    ann.hear(&said("REQUEST", 1, WEEKLY), 1).unwrap();
    let mut starts: Vec<String> =
        ["0701", "0708", "0715", "0722", "0729"].iter().map(|day| format!("2026{day}T200000Z")).collect();
    assert_eq!(ann.instances(), starts);
    let one = "RECURRENCE-ID:20260708T200000Z\nSEQUENCE:1\nDTSTART:20260708T220000Z\nDTEND:20260708T230000Z\n\
        SUMMARY:Group\nATTENDEE:mailto:ann@x";
    ann.hear(&said("REQUEST", 2, one), 2).unwrap();
    starts[1] = "20260708T220000Z".into();
    assert_eq!(ann.instances(), starts);
    let off = "RECURRENCE-ID:20260715T200000Z\nSEQUENCE:2\nSTATUS:CANCELLED\nATTENDEE:mailto:ann@x";
    ann.hear(&said("CANCEL", 3, off), 3).unwrap();
    starts.remove(2);
    assert_eq!(ann.instances(), starts);
    let rest = "RECURRENCE-ID;RANGE=THISANDFUTURE:20260722T200000Z\nSEQUENCE:3\nDTSTART:20260722T210000Z\n\
        DTEND:20260722T220000Z\nSUMMARY:Group\nLOCATION:Hall\nATTENDEE:mailto:ann@x";
    ann.hear(&said("REQUEST", 4, rest), 4).unwrap();
    (starts[2], starts[3]) = ("20260722T210000Z".into(), "20260729T210000Z".into());
    assert_eq!(ann.instances(), starts, "{}", ann.text());
    let more =
        "SEQUENCE:4\nDTSTART:20260805T200000Z\nDTEND:20260805T210000Z\nSUMMARY:Group\nATTENDEE:mailto:ann@x";
    let received = ann.hear(&said("ADD", 5, more), 5).unwrap();
    assert!(received.send.is_empty());
    assert_eq!(ann.instances().len(), 5, "{}", ann.text());
    let late = more.replace("SEQUENCE:4", "SEQUENCE:9").replace("0805T", "0812T");
    assert_eq!(summary(&ann.hear(&said("ADD", 6, &late), 6).unwrap().send), ["REFRESH olga"]);
    ann.hear(&said("CANCEL", 7, "SEQUENCE:10\nSTATUS:CANCELLED\nATTENDEE:mailto:ann@x"), 7).unwrap();
    assert_eq!(ann.instances(), [""; 0]);
}

/// RFC 5546 §4.4.8–§4.4.10: answers and a proposal about one instance.
#[test]
fn one_instance_answered_and_countered() {
    let mut olga = Person::of("olga", &calendar(&event(WEEKLY)));
    let id = "RECURRENCE-ID;TZID=America/New_York:20260708T160000";
    olga.hear(&said("REPLY", 1, &format!("{id}\nATTENDEE;PARTSTAT=DECLINED:mailto:ann@x")), 1).unwrap();
    assert_eq!(
        (olga.partstat("ann", Some("20260708T200000Z")), olga.partstat("ann", None)),
        ("DECLINED".into(), "NEEDS-ACTION".into())
    );
    let proposal = said(
        "COUNTER",
        2,
        &format!("{id}\nDTSTART:20260709T150000Z\nDTEND:20260709T160000Z\nATTENDEE:mailto:ann@x"),
    );
    let received = olga.hear(&proposal, 2).unwrap();
    assert!(
        matches!(&received.ask[..], [Question::Counter { about, .. }] if matches!(about[..], [About::Instance(_)]))
    );
    let (limits, own) = (Limits::default(), [olga.address.clone()]);
    let delivery = Delivery { recipient: &own, sender: None, now: at(3), limits: &limits };
    let held = Held { object: olga.object.as_ref(), ledger: &olga.ledger };
    let received = accept_counter(held, &proposal, &delivery).unwrap();
    olga.keep(&received);
    let told = only(&received.send, "ann");
    assert_eq!(
        (told.object.components().count(), told.object.master().is_none()),
        (1, true),
        "only the instance"
    );
    assert_eq!(olga.instances()[1], "20260709T150000Z");
    assert_eq!(olga.partstat("ann", Some("20260708T200000Z")), "NEEDS-ACTION");
}

/// RFC 6638 B.1–B.4: invited, accepted with an alarm; the organizer's copy says that the answer came.
#[test]
fn invited_through_a_server() {
    let mut olga = Person::new("olga");
    let request = only(&olga.edit(Some(&calendar(&event(GROUP))), 1), "ann");
    assert!(request.attendees.contains(&olga.address));
    let mut ann = Person::new("ann");
    ann.hear(&request, 1).unwrap();
    let own = "ATTENDEE;RSVP=TRUE;CUTYPE=INDIVIDUAL:mailto:ann@x";
    let yes = own.replace("RSVP", "PARTSTAT=ACCEPTED;RSVP");
    let alarm = "BEGIN:VALARM\nTRIGGER:-PT15M\nACTION:DISPLAY\nDESCRIPTION:Soon\nEND:VALARM\nEND:VEVENT";
    let send = ann.change(&[(own, &yes), ("END:VEVENT", alarm)], 2);
    let reply = only(&send, "olga");
    let said = text(reply.object.octets());
    assert_eq!((reply.method, reply.attendees.len(), reply.sequence), (Method::Reply, 1, 0));
    assert!(said.contains("REQUEST-STATUS:2.0;Success") && !said.contains("bob@x"), "{said}");
    olga.hear(&reply, 3).unwrap();
    assert!(olga.text().contains("PARTSTAT=ACCEPTED;SCHEDULE-STATUS=2.0:mailto:ann@x"), "{}", olga.text());
    let failed = message(
        &said.replace("20260601T000200Z", "20260601T000400Z").replace("2.0;Success", "3.8;No authority"),
    );
    olga.hear(&failed, 4).unwrap();
    assert!(olga.text().contains("SCHEDULE-STATUS=3.8:mailto:ann@x"), "{}", olga.text());
}

/// RFC 6638 B.7, B.8: an instance declined in a component of its own, another taken out.
#[test]
fn instances_declined_through_a_server() {
    let mut ann = Person::of("ann", &calendar(&event(&WEEKLY.replace("NEEDS-ACTION", "ACCEPTED"))));
    let own = WEEKLY
        .replace(
            "RRULE:FREQ=WEEKLY;COUNT=5",
            "RECURRENCE-ID;TZID=America/New_York:20260708T160000\nTRANSP:TRANSPARENT",
        )
        .replace("0701T", "0708T")
        .replace("NEEDS-ACTION", "DECLINED");
    let mut olga = Person::of("olga", &calendar(&event(&WEEKLY.replace("NEEDS-ACTION", "ACCEPTED"))));
    let send = ann.change(&[("END:VEVENT\n", &format!("END:VEVENT\n{}", event(&own)))], 1);
    let reply = only(&send, "olga");
    assert_eq!((reply.object.components().count(), reply.object.master().is_none()), (1, true));
    assert!(text(reply.object.octets()).contains("BEGIN:VTIMEZONE"));
    olga.hear(&reply, 2).unwrap();
    let send = ann.change(&[("RRULE", "EXDATE;TZID=America/New_York:20260715T160000\nRRULE")], 3);
    olga.hear(&only(&send, "olga"), 4).unwrap();
    for day in ["0708", "0715"] {
        assert_eq!(olga.partstat("ann", Some(&format!("2026{day}T200000Z"))), "DECLINED");
    }
    assert_eq!((olga.partstat("ann", None), olga.instances().len()), ("ACCEPTED".into(), 5));
    assert!(!olga.text().contains("TRANSPARENT"));
}
