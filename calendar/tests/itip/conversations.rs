//! Conversations: each side gets what the other sent.

use calendar::itip::{
    About, Change, Delivery, Held, Ledger, Method, NotApplied, Question, Then, accept_counter, addition_of,
    admit, decline_counter,
};
use calendar::limits::Limits;

use crate::support::*;

const SINGLE: &str = "DTSTART;TZID=Europe/Paris:20260701T100000\nDTEND;TZID=Europe/Paris:20260701T110000\nSUMMARY:Talk\n\
    ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@x\nATTENDEE;PARTSTAT=NEEDS-ACTION;SCHEDULE-STATUS=1.1:mailto:bob@x\n\
    BEGIN:VALARM\nTRIGGER:-PT5M\nACTION:DISPLAY\nEND:VALARM";
const SERIES: &str = "DTSTART:20260701T080000Z\nDTEND:20260701T090000Z\nRRULE:FREQ=DAILY;COUNT=4\nSEQUENCE:0\nSUMMARY:Talk\n\
    ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ann@x\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@x";

/// Olga has invited ann and bob.
fn invited(lines: &str) -> (Person, Person, Person) {
    let (mut olga, mut ann, mut bob) = (Person::new("olga"), Person::new("ann"), Person::new("bob"));
    let send = olga.edit(Some(&calendar(&event(lines))), 1);
    assert_eq!(summary(&send), ["REQUEST ann,bob"]);
    let request = only(&send, "ann");
    for person in [&mut ann, &mut bob] {
        let received = person.hear(&request, 1).unwrap();
        assert_eq!(received.changed, [Change::Filed]);
        assert!(received.ask.is_empty() && received.send.is_empty());
        // The same once more is nothing.
        assert_eq!(person.hear(&request, 2).unwrap().then, Then::Unchanged);
    }
    (olga, ann, bob)
}

fn answers(person: &mut Person, partstat: &str, minute: i64) -> calendar::itip::Message {
    let line = format!(":mailto:{}", person.address.mail().unwrap());
    let name = person.address.mail().unwrap().trim_end_matches("@x").to_owned();
    let before = person.partstat(&name, None);
    let text = person.text();
    let own = text.lines().find(|each| each.starts_with("ATTENDEE") && each.ends_with(&line)).unwrap();
    let new = own.replace(&format!("PARTSTAT={before}"), &format!("PARTSTAT={partstat}"));
    let send = person.change(&[(own, &new)], minute);
    assert_eq!(summary(&send), ["REPLY olga"]);
    only(&send, "olga")
}

#[test]
fn invite_accept_reschedule_and_an_answer_too_late() {
    let (mut olga, mut ann, mut bob) = invited(SINGLE);
    assert!(!ann.text().contains("VALARM") && ann.text().contains("BEGIN:VTIMEZONE"), "{}", ann.text());
    let accepted = answers(&mut ann, "ACCEPTED", 3);
    let before = olga.text();
    let received = olga.hear(&accepted, 4).unwrap();
    assert!(
        matches!(&received.changed[..], [Change::Answered { about: About::Whole, partstat, .. }] if partstat == "ACCEPTED")
    );
    assert_eq!(
        olga.text(),
        before.replace("PARTSTAT=NEEDS-ACTION;RSVP=TRUE", "PARTSTAT=ACCEPTED;RSVP=TRUE;SCHEDULE-STATUS=2.0")
    );
    assert_eq!(olga.hear(&accepted, 5).unwrap().then, Then::Unchanged);
    // Bob answers while olga moves it: his answer is to what is not any more.
    let late = answers(&mut bob, "TENTATIVE", 6);
    let send = olga.change(&[("T100000", "T140000"), ("T110000", "T150000")], 7);
    assert_eq!(summary(&send), ["REQUEST ann,bob"]);
    assert_eq!((olga.partstat("ann", None), only(&send, "ann").sequence), ("NEEDS-ACTION".into(), 1));
    assert_eq!(olga.hear(&late, 8), Err(NotApplied::Outdated));
    for person in [&mut ann, &mut bob] {
        let received = person.hear(&only(&send, "ann"), 8).unwrap();
        assert_eq!(received.changed, [Change::Updated { about: About::Whole, rescheduled: true }]);
        assert_eq!(person.instances(), ["20260701T120000Z"]);
    }
    assert_eq!(
        (ann.partstat("ann", None), bob.partstat("bob", None)),
        ("NEEDS-ACTION".into(), "NEEDS-ACTION".into())
    );
    // Of two answers the later counts, in whatever order they come.
    let (first, second) = (answers(&mut bob, "ACCEPTED", 9), answers(&mut bob, "DECLINED", 10));
    assert!(olga.hear(&second, 11).is_ok());
    assert_eq!(olga.hear(&first, 12), Err(NotApplied::Outdated));
    assert_eq!(olga.partstat("bob", None), "DECLINED");
}

#[test]
fn what_is_ones_own_stays_when_the_organizer_writes_anew() {
    let (mut olga, mut ann, _) = invited(SINGLE);
    answers(&mut ann, "ACCEPTED", 2);
    let own = "TRANSP:TRANSPARENT\nCATEGORIES:Mine\nX-MOZ-LASTACK:1\nBEGIN:VALARM\nTRIGGER:-PT9M\nACTION:DISPLAY\nEND:VALARM\nEND:VEVENT";
    assert!(ann.change(&[("END:VEVENT", own)], 3).is_empty());
    // A new place is heard, but voids no answer; olga does not have ann's yet.
    let send = olga.change(&[("SUMMARY:Talk", "SUMMARY:Talk\nLOCATION:Room 2")], 4);
    assert_eq!(only(&send, "ann").sequence, 0);
    let received = ann.hear(&only(&send, "ann"), 5).unwrap();
    assert_eq!(received.changed, [Change::Updated { about: About::Whole, rescheduled: false }]);
    for line in [
        "TRANSP:TRANSPARENT",
        "CATEGORIES:Mine",
        "X-MOZ-LASTACK:1",
        "TRIGGER:-PT9M",
        "LOCATION:Room 2",
        "PARTSTAT=ACCEPTED",
    ] {
        assert!(ann.text().contains(line), "{line} is not in {}", ann.text());
    }
}

#[test]
fn cancel_one_answer_the_rest_cancel_all() {
    let (mut olga, mut ann, mut bob) = invited(SERIES);
    let send = olga.change(&[("SEQUENCE:0", "EXDATE:20260702T080000Z\nSEQUENCE:0")], 2);
    assert_eq!(summary(&send), ["CANCEL ann,bob"]);
    let cancel = only(&send, "ann");
    assert_eq!(cancel.sequence, 1);
    let received = ann.hear(&cancel, 3).unwrap();
    assert!(matches!(received.changed[..], [Change::Cancelled(About::Instance(_))]));
    assert_eq!(ann.instances(), ["20260701T080000Z", "20260703T080000Z", "20260704T080000Z"]);
    assert!(ann.text().contains("STATUS:CANCELLED"));
    // Her answer is to revision 0, which was not rescheduled since.
    let accepted = answers(&mut ann, "ACCEPTED", 4);
    assert_eq!(accepted.sequence, 0);
    olga.hear(&accepted, 5).unwrap();
    assert_eq!(olga.partstat("ann", None), "ACCEPTED");
    assert!(olga.text().contains("SEQUENCE;X-KALENDS-SINCE=0:1"), "{}", olga.text());
    // All of it.
    let send = olga.edit(None, 6);
    assert_eq!(summary(&send), ["CANCEL ann,bob"]);
    assert_eq!(only(&send, "bob").sequence, 2);
    ann.hear(&only(&send, "ann"), 7).unwrap();
    // Bob never heard of the first, which changes nothing any more.
    bob.hear(&only(&send, "bob"), 7).unwrap();
    for person in [&mut ann, &mut bob] {
        assert_eq!(person.instances(), [""; 0]);
        assert!(person.object.is_some());
    }
    bob.hear(&cancel, 8).unwrap();
    assert_eq!(bob.instances(), [""; 0]);
    // A deleted copy of what is cancelled is nobody's decline.
    assert!(ann.edit(None, 9).is_empty());
}

#[test]
fn uninvited_and_invited_again() {
    let (mut olga, mut ann, mut bob) = invited(SERIES);
    let request = only(&Person::new("olga").edit(Some(&olga.text()), 1), "bob");
    let line = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@x\n";
    let send = olga.change(&[(line, "")], 2);
    assert_eq!(summary(&send), ["CANCEL bob", "REQUEST ann"]);
    let cancel = only(&send, "bob");
    assert!(
        !text(cancel.object.octets()).contains("STATUS") && !text(cancel.object.octets()).contains("ann@x")
    );
    let received = bob.hear(&cancel, 3).unwrap();
    assert_eq!((received.then, received.changed), (Then::Gone, vec![Change::Removed(About::Whole)]));
    // The old invitation, late, does not bring it back.
    assert_eq!(bob.hear(&request, 4).unwrap().then, Then::Unchanged);
    assert!(bob.object.is_none());
    ann.hear(&only(&send, "ann"), 4).unwrap();
    assert_eq!(ann.partstat("bob", None), "-");
    // Invited again: the same SEQUENCE, but later.
    let send = olga.change(&[("END:VEVENT", &format!("{line}END:VEVENT"))], 5);
    assert_eq!(summary(&send), ["REQUEST ann,bob"]);
    assert_eq!(bob.hear(&only(&send, "bob"), 6).unwrap().changed, [Change::Filed]);
    assert_eq!(bob.instances().len(), 4);
    // From one instance, and back.
    let id = "RECURRENCE-ID:20260702T080000Z\nDTSTART:20260702T080000Z\nDTEND:20260702T090000Z\nSUMMARY:Talk\nSEQUENCE:1\n";
    let ann_only = format!("END:VEVENT\n{}", event(&format!("{id}ATTENDEE:mailto:ann@x")));
    let send = olga.change(&[("END:VEVENT\n", &ann_only)], 7);
    assert_eq!(methods(&to(&send, "bob")), [Method::Cancel]);
    bob.hear(&only(&send, "bob"), 8).unwrap();
    assert_eq!(bob.instances(), ["20260701T080000Z", "20260703T080000Z", "20260704T080000Z"]);
    assert!(bob.text().contains("EXDATE:20260702T080000Z") && !bob.text().contains("CANCELLED"));
    for message in to(&send, "ann") {
        ann.hear(&message, 8).unwrap();
    }
    assert_eq!(ann.partstat("bob", Some("20260702T080000Z")), "-");
    let send = olga.change(&[("ATTENDEE:mailto:ann@x", "ATTENDEE:mailto:ann@x\nATTENDEE:mailto:bob@x")], 9);
    bob.hear(&only(&send, "bob"), 10).unwrap();
    assert_eq!((bob.instances().len(), bob.text().contains("EXDATE")), (4, false), "{}", bob.text());
}

#[test]
fn instances_are_answered_apart() {
    let (mut olga, mut ann, mut bob) = invited(SERIES);
    // Ann takes one out of her copy, bob declines one in a component of its own and accepts the rest.
    let send = ann.change(&[("RRULE", "EXDATE:20260703T080000Z\nRRULE")], 2);
    let declined = only(&send, "olga");
    olga.hear(&declined, 3).unwrap();
    assert_eq!(olga.partstat("ann", Some("20260703T080000Z")), "DECLINED");
    assert_eq!(olga.partstat("bob", Some("20260703T080000Z")), "NEEDS-ACTION");
    let own = event(
        "RECURRENCE-ID:20260702T080000Z\nDTSTART:20260702T080000Z\nDTEND:20260702T090000Z\nSEQUENCE:0\n\
        SUMMARY:Talk\nATTENDEE:mailto:ann@x\nATTENDEE;PARTSTAT=DECLINED:mailto:bob@x",
    );
    let send = bob.change(
        &[
            ("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@x", "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@x"),
            ("END:VEVENT\n", &format!("END:VEVENT\n{own}")),
        ],
        4,
    );
    let reply = only(&send, "olga");
    assert_eq!(reply.object.components().count(), 2);
    olga.hear(&reply, 5).unwrap();
    assert_eq!(olga.partstat("bob", None), "ACCEPTED");
    assert_eq!(olga.partstat("bob", Some("20260702T080000Z")), "DECLINED");
    // The instance that only ann answered has bob's answer about the whole.
    assert_eq!(olga.partstat("bob", Some("20260703T080000Z")), "ACCEPTED");
    // Bob thinks again: his component goes, and so does the exception.
    let text = bob.text();
    let start = text.rfind("BEGIN:VEVENT").unwrap();
    let end = text.rfind("END:VCALENDAR").unwrap();
    let send = bob.edit(Some(&format!("{}{}", &text[..start], &text[end..])), 6);
    olga.hear(&only(&send, "olga"), 7).unwrap();
    assert_eq!(olga.partstat("bob", Some("20260702T080000Z")), "ACCEPTED");
    // Deleting all of it declines all of it.
    let send = bob.edit(None, 8);
    olga.hear(&only(&send, "olga"), 9).unwrap();
    assert_eq!(olga.partstat("bob", None), "DECLINED");
    assert_eq!(olga.partstat("bob", Some("20260703T080000Z")), "DECLINED");
}

#[test]
fn delegation_and_its_end() {
    let (mut olga, mut ann, _) = invited(SINGLE);
    let (mut cat, mut dan) = (Person::new("cat"), Person::new("dan"));
    let own = "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:ann@x\n";
    let passed = "ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:cat@x\":mailto:ann@x\n\
        ATTENDEE;CN=Cat;PARTSTAT=NEEDS-ACTION;DELEGATED-FROM=\"mailto:ann@x\":mailto:cat@x\n";
    let send = ann.change(&[(own, passed)], 2);
    assert_eq!(summary(&send), ["REPLY olga", "REQUEST cat"]);
    // Cat's answer is faster than ann's delegation: it waits.
    cat.hear_from(&only(&send, "cat"), Some(&ann.address), 3).unwrap();
    let delegation = only(&send, "olga");
    let line = "PARTSTAT=NEEDS-ACTION;DELEGATED-FROM";
    let answer = cat.change(&[(line, "PARTSTAT=ACCEPTED;DELEGATED-FROM")], 4);
    assert_eq!(summary(&answer), ["REPLY olga,ann"]);
    let received = olga.hear(&only(&answer, "olga"), 5).unwrap();
    assert!(matches!(&received.ask[..], [Question::Uninvited { partstat, .. }] if partstat == "ACCEPTED"));
    assert!(olga.hear(&only(&answer, "olga"), 5).unwrap().ask.is_empty(), "asked once");
    let received = olga.hear(&delegation, 6).unwrap();
    assert!(
        received.changed.contains(&Change::Delegated { from: ann.address.clone(), to: cat.address.clone() })
    );
    assert_eq!(
        (olga.partstat("ann", None), olga.partstat("cat", None)),
        ("DELEGATED".into(), "ACCEPTED".into())
    );
    assert!(olga.text().contains("CN=Cat"));
    // Ann learns it, too.
    ann.hear(&only(&answer, "ann"), 6).unwrap();
    assert_eq!(ann.partstat("cat", None), "ACCEPTED");
    // On to dan; not back to ann.
    let chain = |to: &str| {
        calendar(&format!(
            "METHOD:REPLY\n{}",
            event(&format!("DTSTART:20260701T080000Z\nATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:{to}@x\":mailto:cat@x"))
                .replace("20260601T000000Z", "20260601T000900Z")
        ))
    };
    for back in ["ann", "cat", "olga"] {
        let who = calendar::address::Address::parse(&format!("{back}@x"));
        assert_eq!(olga.hear(&message(&chain(back)), 9), Err(NotApplied::DelegationLoop(who)));
    }
    olga.hear(&message(&chain("dan")), 9).unwrap();
    assert_eq!(
        (olga.partstat("cat", None), olga.partstat("dan", None)),
        ("DELEGATED".into(), "NEEDS-ACTION".into())
    );
    dan.hear(&only(&olga.change(&[("SUMMARY:Talk", "SUMMARY:Speech")], 10), "dan"), 11).unwrap();
    // Cat comes after all: dan is out.
    let back = chain("dan")
        .replace("DELEGATED;DELEGATED-TO=\"mailto:dan@x\"", "ACCEPTED")
        .replace("000900Z", "001200Z");
    olga.hear(&message(&back), 13).unwrap();
    assert_eq!((olga.partstat("cat", None), olga.partstat("dan", None)), ("ACCEPTED".into(), "-".into()));
    // A circle is no invitation.
    let circle = calendar(&format!(
        "METHOD:REQUEST\n{}",
        event(
            "DTSTART:20260701T080000Z\n\
        ATTENDEE;DELEGATED-TO=\"mailto:dan@x\";DELEGATED-FROM=\"mailto:dan@x\":mailto:cat@x\n\
        ATTENDEE;DELEGATED-TO=\"mailto:cat@x\":mailto:dan@x"
        )
    ));
    let who = cat.address.clone();
    assert_eq!(Person::new("cat").hear(&message(&circle), 1), Err(NotApplied::DelegationLoop(who)));
}

#[test]
fn counter_accepted_and_declined() {
    let (mut olga, mut ann, mut bob) = invited(SINGLE);
    olga.hear(&answers(&mut bob, "ACCEPTED", 2), 2).unwrap();
    let proposal = calendar(&format!(
        "METHOD:COUNTER\n{}",
        event(
            "SEQUENCE:0\nDTSTART:20260702T080000Z\nDTEND:20260702T083000Z\n\
        LOCATION:Bar\nCOMMENT:later\nATTENDEE:mailto:ann@x"
        )
    ));
    let proposal = message(&proposal);
    let received = olga.hear(&proposal, 3).unwrap();
    let about = vec![About::Whole];
    let question = Question::Counter { from: ann.address.clone(), about, comment: Some("later".into()) };
    assert_eq!((received.then, received.ask), (Then::Unchanged, vec![question]));
    let limits = Limits::default();
    let own = [olga.address.clone()];
    let delivery = Delivery { recipient: &own, sender: None, now: at(4), limits: &limits };
    // Declined: ann keeps what she has.
    let decline =
        decline_counter(olga.object.as_ref().unwrap(), &proposal, Some("no, that is\nlate"), &delivery)
            .unwrap();
    strict(&decline);
    let before = ann.text();
    let received = ann.hear(&only(&[decline], "ann"), 5).unwrap();
    assert_eq!(received.changed, [Change::CounterDeclined { comment: Some("no, that is\nlate".into()) }]);
    assert_eq!(ann.text(), before);
    // Accepted: everybody is asked again.
    let held = Held { object: olga.object.as_ref(), ledger: &olga.ledger };
    let received = accept_counter(held, &proposal, &delivery).unwrap();
    olga.keep(&received);
    assert_eq!(summary(&received.send), ["REQUEST ann,bob"]);
    let request = only(&received.send, "bob");
    assert_eq!(request.sequence, 1);
    bob.hear(&request, 6).unwrap();
    assert_eq!(
        (bob.instances(), bob.partstat("bob", None)),
        (vec!["20260702T080000Z".into()], "NEEDS-ACTION".into())
    );
    assert!(bob.text().contains("LOCATION:Bar") && olga.text().contains("TRIGGER:-PT5M"), "{}", olga.text());
    // It is about what is not any more.
    assert_eq!(olga.hear(&proposal, 7), Err(NotApplied::Outdated));
}

#[test]
fn refresh_add_and_what_comes_too_early() {
    let (olga, mut ann, _) = invited(SERIES);
    let mut olga = olga;
    let added = |sequence: u32| {
        message(&calendar(&format!(
            "METHOD:ADD\n{}",
            event(&format!(
                "SEQUENCE:{sequence}\nDTSTART:20260710T080000Z\n\
            DTEND:20260710T093000Z\nSUMMARY:Talk\nATTENDEE:mailto:ann@x"
            ))
            .replace("0601T000000Z", "0601T002000Z")
        )))
    };
    let received = ann.hear(&added(1), 21).unwrap();
    assert!(matches!(received.changed[..], [Change::Added(_)]) && received.send.is_empty());
    assert_eq!(ann.instances().len(), 5);
    assert!(ann.text().contains("RDATE:20260710T080000Z"), "{}", ann.text());
    assert_eq!(ann.hear(&added(1), 22).unwrap().then, Then::Unchanged);
    // Something was missed: it is added, and the whole asked for.
    let mut late = Person::new("ann");
    late.object = olga.object.clone();
    let received = late.hear(&added(1), 22);
    assert!(received.is_ok());
    // Nothing is held: only the whole helps.
    let mut cat = Person::new("ann");
    let received = cat.hear(&added(3), 23).unwrap();
    assert_eq!((received.then, summary(&received.send)), (Then::Unchanged, vec!["REFRESH olga".into()]));
    strict(&received.send[0]);
    let received = olga.hear(&only(&received.send, "olga"), 24).unwrap();
    assert_eq!(summary(&received.send), ["REQUEST ann"]);
    cat.hear(&only(&received.send, "ann"), 25).unwrap();
    assert_eq!(cat.instances().len(), 4);
    let received = cat.hear(&added(3), 26);
    assert!(received.is_err() || cat.instances().len() == 5);
    // Who is not invited learns nothing.
    let refresh = calendar(
        "METHOD:REFRESH\nBEGIN:VEVENT\nUID:1@x\nDTSTAMP:20260601T000000Z\nORGANIZER:mailto:olga@x\nATTENDEE:mailto:eve@x\nEND:VEVENT",
    );
    let eve = calendar::address::Address::parse("eve@x");
    assert_eq!(olga.hear(&message(&refresh), 27), Err(NotApplied::NotInvited(eve)));
    // A cancellation that overtakes its request waits for it (twice heard, once kept).
    let mut dan = Person::new("bob");
    let send = olga.edit(None, 30);
    let cancel = only(&send, "bob");
    assert_eq!(dan.hear(&cancel, 31).unwrap().changed, [Change::Kept(About::Whole)]);
    assert_eq!(dan.hear(&cancel, 31).unwrap().changed, []);
    assert!(dan.object.is_none());
    let request = only(&Person::new("olga").edit(Some(&calendar(&event(SERIES))), 1), "bob");
    dan.hear(&request, 32).unwrap();
    assert!(dan.text().contains("STATUS:CANCELLED") && dan.instances().is_empty(), "{}", dan.text());
}

#[test]
fn party_crashers_forwarding_and_new_organizers() {
    let (mut olga, mut ann, _) = invited(SINGLE);
    let reply = calendar(&format!(
        "METHOD:REPLY\n{}",
        event("SEQUENCE:0\nDTSTART:20260701T080000Z\nATTENDEE;CN=Zed;PARTSTAT=ACCEPTED:mailto:zed@x")
    ));
    let received = olga.hear(&message(&reply), 2).unwrap();
    let zed = calendar::address::Address::parse("zed@x");
    assert_eq!(received.then, Then::Unchanged);
    assert!(
        matches!(&received.ask[..], [Question::Uninvited { who, name: Some(name), .. }] if *who == zed && name == "Zed")
    );
    let limits = Limits::default();
    let own = [olga.address.clone()];
    let delivery = Delivery { recipient: &own, sender: None, now: at(3), limits: &limits };
    let held = Held { object: olga.object.as_ref(), ledger: &olga.ledger };
    let received = admit(held, &zed, &delivery).unwrap();
    olga.keep(&received);
    assert_eq!(
        (olga.partstat("zed", None), summary(&received.send)),
        ("ACCEPTED".into(), vec!["REQUEST ann,bob,zed".into()])
    );
    let held = Held { object: olga.object.as_ref(), ledger: &olga.ledger };
    assert_eq!(admit(held, &ann.address, &delivery), Err(NotApplied::NotInvited(ann.address.clone())));
    // Forwarded to somebody who is not on the list.
    let mut eve = Person::new("eve");
    let request = only(&received.send, "ann");
    let received = eve.hear_from(&request, Some(&ann.address), 4).unwrap();
    assert_eq!(received.ask, [Question::Forwarded { sender: Some(ann.address.clone()) }]);
    assert!(eve.object.is_some());
    // An update of it that somebody else sends is not believed.
    let later = message(&text(request.object.octets()).replace("DTSTAMP:2026", "DTSTAMP:2027"));
    assert!(matches!(eve.hear_from(&later, Some(&zed), 5), Err(NotApplied::NotTheSender { .. })));
    assert!(matches!(ann.hear_from(&later, Some(&zed), 5), Err(NotApplied::NotTheSender { .. })));
    // Another organizer is a question, unless the old one says so.
    let usurped =
        message(&text(later.object.octets()).replace("ORGANIZER:mailto:olga@x", "ORGANIZER:mailto:eve@x"));
    let received = ann.hear(&usurped, 6).unwrap();
    assert_eq!(received.then, Then::Unchanged);
    let question = Question::NewOrganizer { known: olga.address.clone(), claimed: eve.address.clone() };
    assert_eq!(received.ask, [question]);
    assert!(matches!(ann.hear_from(&usurped, Some(&olga.address), 7).unwrap().then, Then::Object(_)));
    assert!(ann.text().contains("ORGANIZER:mailto:eve@x"));
    assert!(Ledger::default().is_empty());
}

#[test]
fn an_instance_added_by_the_organizer() {
    let (mut olga, mut ann, _) = invited(SERIES);
    olga.change(&[("SEQUENCE:0", "RDATE:20260710T080000Z\nSEQUENCE:0")], 2);
    let at = calendar::time::DateOrTime::parse("20260710T080000Z")
        .unwrap()
        .to_instant(calendar::zone::Zone::utc());
    let held = olga.object.as_ref().unwrap();
    let add = addition_of(held, at, crate::support::at(2)).unwrap();
    strict(&add);
    assert_eq!(summary(std::slice::from_ref(&add)), ["ADD ann,bob"]);
    assert_eq!(addition_of(held, at.plus(60), crate::support::at(2)), None);
    ann.hear(&only(&[add], "ann"), 3).unwrap();
    assert_eq!(ann.instances(), olga.instances());
}

#[test]
fn the_end_of_a_series_ends_its_instances_whatever_their_sequence() {
    let mut olga = Person::new("olga");
    let third = event(
        "RECURRENCE-ID:20260703T080000Z\nDTSTART:20260703T120000Z\nDTEND:20260703T130000Z\nSEQUENCE:7\n\
        SUMMARY:Talk\nATTENDEE:mailto:ann@x",
    );
    let held = format!("{}{third}", event(SERIES));
    let request = only(&olga.edit(Some(&calendar(&held)), 1), "ann");
    let mut ann = Person::new("ann");
    ann.hear(&request, 1).unwrap();
    // As many write it: SEQUENCE of the series alone.
    let plain = message(&calendar(&format!(
        "METHOD:CANCEL\n{}",
        event(&SERIES.replace("SEQUENCE:0", "SEQUENCE:1\nSTATUS:CANCELLED"))
            .replace("20260601T000000Z", "20260601T000900Z")
    )));
    ann.hear(&plain, 9).unwrap();
    assert_eq!(ann.instances(), [""; 0]);
    let send = olga.edit(None, 2);
    assert_eq!(only(&send, "ann").sequence, 8);
}
