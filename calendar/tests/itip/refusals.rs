//! What is refused, by name; messages with several components; names of instances in other forms.

use calendar::itip::{Change, Message, Method, NotApplied};
use calendar::limits::Limits;
use calendar::object::Kind;

use crate::support::*;

#[test]
fn methods_and_components() {
    let limits = Limits::default();
    let read = |text: &str| Message::read_all(&octets(text), &limits).map(|list| list.len());
    assert_eq!(read(&calendar(&event("METHOD:X"))), Err(NotApplied::NoMethod));
    assert_eq!(
        read(&calendar("METHOD:CREATE\nBEGIN:VEVENT\nUID:1@x\nEND:VEVENT")),
        Err(NotApplied::UnknownMethod("CREATE".into()))
    );
    assert!(matches!(read("nothing"), Err(NotApplied::Unreadable(_))));
    let two = format!("METHOD:PUBLISH\n{}{}", event("SUMMARY:a"), event("SUMMARY:b").replace("1@x", "2@x"));
    assert_eq!(read(&calendar(&two)), Ok(2));
    let table: Vec<(Method, Vec<Kind>)> = Method::ALL
        .into_iter()
        .map(|method| (method, Kind::ALL.into_iter().filter(|kind| method.is_for(*kind)).collect()))
        .collect();
    for (method, kinds) in table {
        for kind in Kind::ALL {
            let name = kind.component_name();
            let text = calendar(&format!(
                "METHOD:{}\n{}",
                method.name(),
                event("DTSTART:20260701T080000Z\nATTENDEE:mailto:ann@x").replace("VEVENT", name)
            ));
            let received = Person::new("ann").hear(&message(&text), 1);
            let refusal = NotApplied::NotInTable { method: method.name(), component: name };
            assert_eq!(
                received == Err(refusal),
                !kinds.contains(&kind),
                "{} {name}: {received:?}",
                method.name()
            );
            if kind == Kind::FreeBusy && kinds.contains(&kind) {
                assert_eq!(received.unwrap().changed, [Change::FreeBusy(method)]);
            }
        }
    }
}

#[test]
fn who_may_say_what() {
    let held = calendar(&event("DTSTART:20260701T080000Z\nATTENDEE:mailto:ann@x"));
    let of = |method: &str, lines: &str| message(&calendar(&format!("METHOD:{method}\n{}", event(lines))));
    let (mut olga, mut ann) = (Person::of("olga", &held), Person::of("ann", &held));
    let later = "DTSTART:20260702T080000Z\nSEQUENCE:1\nATTENDEE:mailto:ann@x";
    for method in ["REQUEST", "CANCEL", "ADD", "PUBLISH", "DECLINECOUNTER"] {
        assert_eq!(olga.hear(&of(method, later), 1), Err(NotApplied::OwnEvent), "{method}");
    }
    for method in ["REPLY", "REFRESH", "COUNTER"] {
        let who = ann.address.clone();
        assert_eq!(ann.hear(&of(method, later), 1), Err(NotApplied::NotTheOrganizer(who)), "{method}");
        assert_eq!(Person::new("olga").hear(&of(method, later), 1), Err(NotApplied::NotHeld));
        assert_eq!(olga.hear(&of(method, "SUMMARY:x"), 1), Err(NotApplied::Lacks("ATTENDEE")), "{method}");
        let eve = calendar::address::Address::parse("eve@x");
        let refused = olga.hear_from(&of(method, later), Some(&eve), 1);
        assert!(matches!(refused, Err(NotApplied::NotTheSender { .. })), "{method}");
    }
    let usurped = message(&calendar(&format!("METHOD:CANCEL\n{}", event(later))).replace("olga", "eve"));
    assert!(matches!(ann.hear(&usurped, 1), Err(NotApplied::NotTheOrganizer(_))));
    let nobody = message(&calendar("METHOD:REQUEST\nBEGIN:VEVENT\nUID:1@x\nEND:VEVENT"));
    assert_eq!(ann.hear(&nobody, 1), Err(NotApplied::Lacks("ORGANIZER")));
    let other = message(&calendar(&format!("METHOD:REQUEST\n{}", event(later))).replace("1@x", "2@x"));
    assert_eq!(ann.hear(&other, 1), Err(NotApplied::OtherUid));
    // A secretary may if what is held says so, not because the message does.
    let secretary = calendar::address::Address::parse("sam@x");
    let organizer = |text: &str| text.replace("ORGANIZER:", "ORGANIZER;SENT-BY=\"mailto:sam@x\":");
    let attendee = |text: &str| text.replace("ATTENDEE", "ATTENDEE;SENT-BY=\"mailto:sam@x\"");
    let sent = message(&organizer(&calendar(&format!("METHOD:REQUEST\n{}", event(later)))));
    let reply = message(&attendee(&calendar(&format!(
        "METHOD:REPLY\n{}",
        event(&later.replace("ATTENDEE", "ATTENDEE;PARTSTAT=ACCEPTED"))
    ))));
    for (person, message) in [(&mut ann, &sent), (&mut olga, &reply)] {
        let refused = person.hear_from(message, Some(&secretary), 2);
        assert!(matches!(refused, Err(NotApplied::NotTheSender { .. })), "{refused:?}");
    }
    let (mut olga, mut ann) = (Person::of("olga", &attendee(&held)), Person::of("ann", &organizer(&held)));
    assert!(ann.hear_from(&sent, Some(&secretary), 2).is_ok());
    assert!(olga.hear_from(&reply, Some(&secretary), 2).is_ok());
    assert_eq!(olga.partstat("ann", None), "ACCEPTED");
}

#[test]
fn instances_named_in_other_forms() {
    let invite = |times: &str, id: &str| {
        let mut ann = Person::new("ann");
        let series = event(&format!("{times}\nRRULE:FREQ=DAILY;COUNT=3\nATTENDEE:mailto:ann@x"));
        ann.hear(&message(&calendar(&format!("METHOD:REQUEST\n{series}"))), 1).unwrap();
        let cancel = event(&format!("{id}\nSEQUENCE:1\nSTATUS:CANCELLED\nATTENDEE:mailto:ann@x"));
        ann.hear(&message(&calendar(&format!("METHOD:CANCEL\n{cancel}"))), 2).unwrap();
        ann.instances()
    };
    let paris = "DTSTART;TZID=Europe/Paris:20260701T100000\nDURATION:PT1H";
    let rest = ["20260701T080000Z", "20260703T080000Z"];
    assert_eq!(invite(paris, "RECURRENCE-ID:20260702T080000Z"), rest);
    assert_eq!(invite(paris, "RECURRENCE-ID;TZID=America/New_York:20260702T040000"), rest);
    assert_eq!(invite(paris, "RECURRENCE-ID;VALUE=DATE:20260702"), rest);
    let days = "DTSTART;VALUE=DATE:20260701";
    let rest = ["20260701T000000Z", "20260703T000000Z"];
    assert_eq!(invite(days, "RECURRENCE-ID;VALUE=DATE:20260702"), rest);
    assert_eq!(invite(days, "RECURRENCE-ID;TZID=Europe/Paris:20260702T000000"), rest);
    assert_eq!(invite(days, "RECURRENCE-ID:20260701T220000Z"), rest);
    // No such instance: it waits, and nothing is written.
    assert_eq!(invite(days, "RECURRENCE-ID;VALUE=DATE:20260709").len(), 3);
}

#[test]
fn an_invitation_to_one_instance_and_then_to_the_series() {
    let mut ann = Person::new("ann");
    let line = "ATTENDEE:mailto:ann@x";
    let instance = |sequence: u32, hour: u32, id: &str| {
        event(&format!(
            "RECURRENCE-ID:2026070{id}T080000Z\nDTSTART:2026070{id}T{hour}0000Z\nDURATION:PT1H\nSEQUENCE:{sequence}\n{line}"
        ))
    };
    for (sequence, hour, id) in [(1, 12, "2"), (3, 15, "3")] {
        ann.hear(&message(&calendar(&format!("METHOD:REQUEST\n{}", instance(sequence, hour, id)))), 1)
            .unwrap();
    }
    assert_eq!(ann.instances(), ["20260702T120000Z", "20260703T150000Z"]);
    // Of what was heard before the series, the later stays and the earlier goes.
    let series = event(&format!(
        "DTSTART:20260701T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3\nSEQUENCE:2\n{line}"
    ));
    ann.hear(&message(&calendar(&format!("METHOD:REQUEST\n{series}"))), 2).unwrap();
    assert_eq!(ann.instances(), ["20260701T080000Z", "20260702T080000Z", "20260703T150000Z"]);
    // An older word about an instance is late; the instance can go with the rest.
    assert_eq!(
        ann.hear(&message(&calendar(&format!("METHOD:REQUEST\n{}", instance(1, 9, "1")))), 3),
        Err(NotApplied::Outdated)
    );
    let cancel =
        |id: &str| event(&format!("RECURRENCE-ID:2026070{id}T080000Z\nSTATUS:CANCELLED\nSEQUENCE:4\n{line}"));
    let both = message(&calendar(&format!("METHOD:CANCEL\n{}{}", cancel("1"), cancel("3"))));
    assert_eq!(ann.hear(&both, 4).unwrap().changed.len(), 2);
    assert_eq!(ann.instances(), ["20260702T080000Z"]);
}

#[test]
fn how_far_a_task_is() {
    let task = event("DUE:20260701T080000Z\nSUMMARY:Do\nATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:ann@x");
    let task = task.replace("VEVENT", "VTODO");
    let (mut olga, mut ann) = (Person::new("olga"), Person::new("ann"));
    let told = olga.edit(Some(&calendar(&task)), 1);
    ann.hear(&only(&told, "ann"), 1).unwrap();
    let done = "PERCENT-COMPLETE:100\nCOMPLETED:20260605T000000Z\nSTATUS:COMPLETED\nSUMMARY:Do";
    let told = ann.change(&[("PARTSTAT=NEEDS-ACTION", "PARTSTAT=COMPLETED"), ("SUMMARY:Do", done)], 2);
    olga.hear(&only(&told, "olga"), 2).unwrap();
    assert_eq!(olga.partstat("ann", None), "COMPLETED");
    for line in done.lines() {
        assert!(olga.text().contains(line), "{line} is not in {}", olga.text());
    }
    // Not quite, after all; and nonsense is not taken.
    let told = ann.change(
        &[
            ("COMPLETE:100", "COMPLETE:90"),
            ("COMPLETED:20260605T000000Z\n", ""),
            ("STATUS:COMPLETED", "STATUS:IN-PROCESS"),
        ],
        3,
    );
    olga.hear(&only(&told, "olga"), 3).unwrap();
    let held = olga.text();
    assert!(held.contains("PERCENT-COMPLETE:90") && held.contains("STATUS:IN-PROCESS"), "{held}");
    assert!(!held.contains("COMPLETED:2026"), "{held}");
    for (old, new) in [("PERCENT-COMPLETE:90", "PERCENT-COMPLETE:900"), ("IN-PROCESS", "CANCELLED")] {
        let told = ann.change(&[(old, new)], 4);
        olga.hear(&only(&told, "olga"), 4).unwrap();
        assert!(!olga.text().contains(new), "{}", olga.text());
        ann.change(&[(new, old)], 5);
    }
    // Of several none speaks for the task.
    let two = task.replace("END:VTODO", "ATTENDEE:mailto:bob@x\nEND:VTODO");
    let (mut olga, mut ann) = (Person::new("olga"), Person::new("ann"));
    let told = olga.edit(Some(&calendar(&two)), 1);
    ann.hear(&only(&told, "ann"), 1).unwrap();
    let told = ann.change(&[("SUMMARY:Do", done)], 2);
    olga.hear(&only(&told, "olga"), 2).unwrap();
    assert!(!olga.text().contains("PERCENT-COMPLETE"), "{}", olga.text());
}

#[test]
fn tasks_and_journals() {
    let task =
        event("DUE:20260701T080000Z\nPERCENT-COMPLETE:0\nATTENDEE:mailto:ann@x").replace("VEVENT", "VTODO");
    let mut ann = Person::new("ann");
    ann.hear(&message(&calendar(&format!("METHOD:REQUEST\n{task}"))), 1).unwrap();
    let told = ann.change(&[("PERCENT-COMPLETE:0", "PERCENT-COMPLETE:40")], 2);
    assert_eq!(summary(&told), ["REPLY olga"]);
    let later = task.replace("20260701", "20260702").replace("UID", "SEQUENCE:1\nUID");
    ann.hear(&message(&calendar(&format!("METHOD:REQUEST\n{later}"))), 3).unwrap();
    assert!(ann.text().contains("DUE:20260702") && ann.text().contains("PERCENT-COMPLETE:40"));
    let journal = event("DTSTART;VALUE=DATE:20260701\nSUMMARY:Log").replace("VEVENT", "VJOURNAL");
    let mut dan = Person::new("dan");
    dan.hear(&message(&calendar(&format!("METHOD:PUBLISH\n{journal}"))), 1).unwrap();
    let added = journal.replace("20260701", "20260705").replace("UID", "SEQUENCE:1\nUID");
    dan.hear(&message(&calendar(&format!("METHOD:ADD\n{added}"))), 2).unwrap();
    assert_eq!(dan.instances().len(), 2);
    let cancel = journal.replace("UID", "STATUS:CANCELLED\nSEQUENCE:2\nUID");
    dan.hear(&message(&calendar(&format!("METHOD:CANCEL\n{cancel}"))), 3).unwrap();
    assert_eq!(dan.instances(), [""; 0]);
    assert_eq!(
        Person::new("dan").hear(&message(&calendar(&format!("METHOD:ADD\n{added}"))), 2),
        Err(NotApplied::NotHeld)
    );
}
