//! iTIP: messages out, replies in.

use std::sync::Arc;

use calendar::address::Address;
use calendar::itip::{Message, Method, NotApplied, apply_reply, message_of, reply_of};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::time::Instant;

fn object(text: &str) -> CalendarObject {
    CalendarObject::read(Arc::from(text.replace('\n', "\r\n").into_bytes()), &Limits::default()).unwrap()
}

const HELD: &str = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nBEGIN:VEVENT\nUID:1@x\nDTSTAMP:20260601T000000Z\nSEQUENCE:2\n\
    DTSTART:20260701T090000Z\nDTEND:20260701T100000Z\nRRULE:FREQ=DAILY;COUNT=3\nSUMMARY:Talk\nORGANIZER;CN=Host:mailto:host@x\n\
    ATTENDEE;CN=\"Ada; L.\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE;\n SCHEDULE-STATUS=1.2:MAILTO:Ada@Y\n\
    ATTENDEE:mailto:bob@y\nX-KALENDS-SOURCE:s\nBEGIN:VALARM\nTRIGGER:-PT5M\nACTION:DISPLAY\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n";

fn reply(lines: &str) -> Message {
    let text = format!(
        "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//y//EN\nMETHOD:REPLY\nBEGIN:VEVENT\nUID:1@x\nORGANIZER:mailto:host@x\n{lines}\nEND:VEVENT\nEND:VCALENDAR\n"
    );
    Message::read(Arc::from(text.replace('\n', "\r\n").into_bytes()), &Limits::default()).unwrap()
}

fn applied(held: &CalendarObject, lines: &str) -> Result<String, NotApplied> {
    apply_reply(held, &reply(lines)).map(|octets| String::from_utf8(octets.to_vec()).unwrap())
}

fn now() -> Instant {
    Instant::from_unix(1_782_864_000)
}

#[test]
fn only_the_answer_changes() {
    let held = object(HELD);
    let text =
        applied(&held, "DTSTAMP:20260602T000000Z\nSEQUENCE:2\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@y")
            .unwrap();
    let before =
        "ATTENDEE;CN=\"Ada; L.\";PARTSTAT=NEEDS-ACTION;RSVP=TRUE;\r\n SCHEDULE-STATUS=1.2:MAILTO:Ada@Y\r\n";
    let after =
        "ATTENDEE;CN=\"Ada; L.\";PARTSTAT=ACCEPTED;RSVP=TRUE;SCHEDULE-STATUS=2.0:MAILT\r\n O:Ada@Y\r\n";
    assert_eq!(text, HELD.replace('\n', "\r\n").replace(before, after));
    let text =
        applied(&held, "DTSTAMP:20260602T000000Z\nSEQUENCE:2\nATTENDEE;PARTSTAT=declined:bob@y").unwrap();
    assert_eq!(
        text,
        HELD.replace('\n', "\r\n")
            .replace("ATTENDEE:mailto:bob@y", "ATTENDEE;PARTSTAT=DECLINED;SCHEDULE-STATUS=2.0:mailto:bob@y")
    );
    // The same answer again changes nothing.
    let twice =
        applied(&object(&text.replace("\r\n", "\n")), "SEQUENCE:2\nATTENDEE;PARTSTAT=DECLINED:mailto:bob@y")
            .unwrap();
    assert_eq!(twice, text);
}

#[test]
fn reasons_not_to_apply() {
    let held = object(HELD);
    let ada = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@y";
    assert_eq!(applied(&held, &format!("SEQUENCE:1\n{ada}")), Err(NotApplied::Outdated));
    assert_eq!(
        applied(&held, &format!("SEQUENCE:2\nDTSTAMP:20260531T000000Z\n{ada}")),
        Err(NotApplied::Outdated)
    );
    assert!(applied(&held, &format!("SEQUENCE:2\nDTSTAMP:20260601T000000Z\n{ada}")).is_ok());
    assert!(applied(&held, &format!("SEQUENCE:3\nDTSTAMP:20260531T000000Z\n{ada}")).is_ok());
    let eve = Address::parse("eve@z");
    assert_eq!(
        applied(&held, "SEQUENCE:2\nATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@z"),
        Err(NotApplied::NotInvited(eve.clone()))
    );
    let other = object(&HELD.replace("UID:1@x", "UID:2@x"));
    assert_eq!(applied(&other, &format!("SEQUENCE:2\n{ada}")), Err(NotApplied::OtherUid));
    let another_host = object(&HELD.replace("mailto:host@x", "mailto:eve@z"));
    let host = Address::parse("host@x");
    assert_eq!(applied(&another_host, &format!("SEQUENCE:2\n{ada}")), Err(NotApplied::NotTheOrganizer(host)));
    let request =
        Message::read(Arc::from(message_of(&held, Method::Request, now()).into_bytes()), &Limits::default())
            .unwrap();
    assert!(matches!(apply_reply(&held, &request), Err(NotApplied::NotTheOrganizer(_))));
}

#[test]
fn an_answer_about_one_instance() {
    let held = object(HELD);
    let ada = "SEQUENCE:2\nATTENDEE;PARTSTAT=DECLINED:mailto:ada@y";
    let text = applied(&held, &format!("RECURRENCE-ID:20260702T090000Z\n{ada}")).unwrap();
    let (before, rest) = text.split_once("END:VEVENT\r\nBEGIN:VEVENT\r\n").unwrap();
    assert!(HELD.replace('\n', "\r\n").starts_with(before), "what was held stays");
    assert!(!rest.contains("RRULE"));
    let after = object(&text.replace("\r\n", "\n"));
    let changed = after.overrides().next().unwrap();
    for (name, value) in [
        ("RECURRENCE-ID", "20260702T090000Z"),
        ("DTSTART", "20260702T090000Z"),
        ("DTEND", "20260702T100000Z"),
        ("SUMMARY", "Talk"),
    ] {
        assert_eq!(changed.property(name).map(|property| property.value.as_str()), Some(value));
    }
    let partstats: Vec<_> =
        changed.properties_named("ATTENDEE").map(|attendee| attendee.parameter("PARTSTAT")).collect();
    assert_eq!(partstats, [Some("DECLINED"), None]);
    // Now it is held, and a second answer changes its line.
    let again = apply_reply(
        &after,
        &reply("RECURRENCE-ID:20260702T090000Z\nSEQUENCE:2\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@y"),
    );
    let again = String::from_utf8(again.unwrap().to_vec()).unwrap();
    assert_eq!(again.matches("RECURRENCE-ID").count(), 1);
    assert!(again.contains("PARTSTAT=ACCEPTED"));
    // There is no such instance.
    assert_eq!(applied(&held, &format!("RECURRENCE-ID:20260709T090000Z\n{ada}")), Err(NotApplied::Outdated));
    assert_eq!(applied(&held, &format!("RECURRENCE-ID:20260702T091500Z\n{ada}")), Err(NotApplied::Outdated));
}

#[test]
fn instances_of_days_and_of_zones() {
    let replaced = |start: &str, end: &str| {
        let times = "DTSTART:20260701T090000Z\nDTEND:20260701T100000Z";
        object(&HELD.replace(times, &format!("{start}\n{end}")))
    };
    let held = replaced("DTSTART;VALUE=DATE:20260701", "DTEND;VALUE=DATE:20260703");
    let text = applied(
        &held,
        "RECURRENCE-ID;VALUE=DATE:20260702\nSEQUENCE:2\nATTENDEE;PARTSTAT=DECLINED:mailto:ada@y",
    )
    .unwrap();
    for line in
        ["RECURRENCE-ID;VALUE=DATE:20260702", "DTSTART;VALUE=DATE:20260702", "DTEND;VALUE=DATE:20260704"]
    {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{text}");
    }
    let held = replaced("DTSTART;TZID=Europe/Berlin:20260701T110000", "DURATION:PT1H");
    let text =
        applied(&held, "RECURRENCE-ID:20260702T090000Z\nSEQUENCE:2\nATTENDEE;PARTSTAT=DECLINED:mailto:ada@y")
            .unwrap();
    for line in
        ["RECURRENCE-ID;TZID=Europe/Berlin:20260702T110000", "DTSTART;TZID=Europe/Berlin:20260702T110000"]
    {
        assert!(text.contains(&format!("\r\n{line}\r\n")), "{text}");
    }
    assert_eq!(text.matches("DURATION:PT1H").count(), 2);
}

#[test]
fn messages_to_the_attendees() {
    let held = object(HELD);
    let request = message_of(&held, Method::Request, now());
    let read = Message::read(Arc::from(request.clone().into_bytes()), &Limits::default()).unwrap();
    assert_eq!((read.method, read.sequence, read.stamp), (Method::Request, 2, Some(now())));
    assert_eq!(read.attendees, [Address::parse("ada@y"), Address::parse("bob@y")]);
    assert_eq!(read.organizer, Some(Address::parse("host@x")));
    for word in ["VALARM", "X-KALENDS", "SCHEDULE-STATUS"] {
        assert!(!request.contains(word), "{request}");
    }
    assert!(request.contains("RRULE:FREQ=DAILY;COUNT=3\r\n"));
    let cancel = message_of(&held, Method::Cancel, now());
    let read = Message::read(Arc::from(cancel.clone().into_bytes()), &Limits::default()).unwrap();
    assert_eq!((read.method, read.sequence), (Method::Cancel, 3));
    assert!(cancel.contains("\r\nSTATUS:CANCELLED\r\n") && cancel.matches("METHOD:").count() == 1);
    // A message is made anew from one that has a METHOD already.
    assert_eq!(message_of(&read.object, Method::Request, now()).matches("METHOD:").count(), 1);
}

#[test]
fn replies_to_the_organizer() {
    let held = object(HELD);
    let ada = Address::parse("ada@y");
    let text = reply_of(&held, &ada, "accepted\r\nX:1", now()).unwrap();
    assert!(!text.contains("bob") && !text.contains("VALARM"), "{text}");
    let read = Message::read(Arc::from(text.clone().into_bytes()), &Limits::default()).unwrap();
    assert_eq!(
        (read.method, read.attendees.as_slice(), read.sequence),
        (Method::Reply, &[ada.clone()][..], 2)
    );
    assert!(text.contains("PARTSTAT=ACCEPTEDX1:MAILTO:Ada@Y"), "{text}");
    assert_eq!(reply_of(&held, &Address::parse("eve@z"), "ACCEPTED", now()), None);
    let accepted = reply_of(&held, &ada, "TENTATIVE", now()).unwrap();
    let message = Message::read(Arc::from(accepted.into_bytes()), &Limits::default()).unwrap();
    let after = String::from_utf8(apply_reply(&held, &message).unwrap().to_vec()).unwrap();
    assert!(after.contains("PARTSTAT=TENTATIVE"));
}

#[test]
fn methods_that_are_not_known_here() {
    let limits = Limits::default();
    for text in [HELD.to_owned(), HELD.replace("VERSION:2.0", "METHOD:CREATE")] {
        let error = Message::read(Arc::from(text.into_bytes()), &limits).unwrap_err();
        assert_eq!(error.property, "METHOD");
    }
}

#[test]
fn alarms_stay_at_home() {
    let alarm = "BEGIN:VALARM\nTRIGGER:-PT5M\nACTION:DISPLAY\nEND:VALARM\n";
    let zone = format!(
        "BEGIN:VTIMEZONE\nTZID:z\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\n\
         {alarm}END:STANDARD\n{alarm}END:VTIMEZONE\n"
    );
    let held = HELD
        .replace("BEGIN:VEVENT\n", &format!("{zone}{alarm}BEGIN:VEVENT\n"))
        .replace("20260701T090000Z", "20260701T090000")
        .replace("DTSTART:", "DTSTART;TZID=z:")
        .replace("END:VEVENT\n", &format!("BEGIN:X-MORE\n{alarm}END:X-MORE\n{alarm}END:VEVENT\n"));
    let held = object(&held.replacen("VALARM", "V ALARM", 2));
    assert!(held.source().windows(6).filter(|at| *at == b"VALARM").count() > 6);
    for method in [Method::Request, Method::Cancel] {
        let text = message_of(&held, method, now());
        assert!(
            !text.contains("VALARM") && text.contains("BEGIN:X-MORE") && text.contains("BEGIN:STANDARD"),
            "{text}"
        );
    }
}

#[test]
fn a_uid_that_cannot_be_kept_is_refused() {
    let text = |uid: &str| {
        let text = format!(
            "BEGIN:VCALENDAR\nVERSION:2.0\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:{uid}\nDTSTART:20260701T090000Z\n\
             ORGANIZER:mailto:host@x\nATTENDEE:mailto:bob@y\nEND:VEVENT\nEND:VCALENDAR\n"
        );
        Arc::from(text.replace('\n', "\r\n").into_bytes())
    };
    let limits = Limits::default();
    for uid in ["1\u{1f}@x", "\u{7f}", "1\u{80}"] {
        assert_eq!(
            Message::read_all(&text(uid), &limits).map(|all| all.len()),
            Err(NotApplied::Lacks("UID"))
        );
        assert_eq!(Message::read(text(uid), &limits).map(|_| ()).unwrap_err().property, "UID");
    }
    let message = Message::read(text("1\\n2\t3"), &limits).unwrap();
    let sent = message_of(&message.object, Method::Request, now());
    assert_eq!(Message::read(Arc::from(sent.into_bytes()), &limits).unwrap().object.uid(), "1\n2\t3");
}

#[test]
fn an_answer_of_somebody_uninvited_leaves_a_text_in_another_charset_alone() {
    let mut octets = HELD.replace('\n', "\r\n").replace("Talk", "Caf?").into_bytes();
    let place = octets.iter().position(|octet| *octet == b'?').unwrap();
    octets[place] = 0xe9;
    let held = CalendarObject::read(Arc::from(octets), &Limits::default()).unwrap();
    let outcome = apply_reply(&held, &reply("SEQUENCE:2\nATTENDEE;PARTSTAT=ACCEPTED:mailto:eve@z"));
    assert_eq!(outcome, Err(NotApplied::NotInvited(Address::parse("mailto:eve@z"))));
}
