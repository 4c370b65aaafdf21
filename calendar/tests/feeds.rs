//! Feeds: many objects in one text.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use calendar::feed::Feed;
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};

fn read(text: &str) -> Feed {
    Feed::read(text.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap()
}

fn feed(body: &str) -> Feed {
    read(&format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{body}\nEND:VCALENDAR\n"))
}

fn event(uid: &str, lines: &str) -> String {
    format!(
        "BEGIN:VEVENT\nUID:{uid}\nDTSTAMP:20260101T000000Z\nDTSTART:20260701T090000Z\n{lines}\nEND:VEVENT\n"
    )
}

fn text(object: &CalendarObject) -> String {
    String::from_utf8(object.octets().to_vec()).unwrap()
}

fn warnings(feed: &Feed) -> Vec<(&'static str, u32)> {
    feed.warnings.iter().map(|warning| (warning.kind.name(), warning.line)).collect()
}

#[test]
fn each_object_has_what_it_needs_and_no_more() {
    let zone = |tzid: &str| {
        format!(
            "BEGIN:VTIMEZONE\nTZID:{tzid}\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n"
        )
    };
    let folded = "DESCRIPTION:a\n  b\nEXDATE;TZID=B:20260101T000000\n";
    let feed =
        feed(&format!("{}{}{}{}", zone("A"), zone("B"), event("1", folded), event("2", "X-B;a=\"q;r\":z")));
    assert_eq!(warnings(&feed), []);
    let head = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n";
    let expected =
        format!("{head}{}{}END:VCALENDAR\n", zone("B"), event("1", folded)).replace("\n\nEND", "\nEND");
    assert_eq!(text(&feed.objects[0]).replace("\r\n", "\n").replace("\n\nEND", "\nEND"), expected);
    let expected = format!("{head}{}END:VCALENDAR\n", event("2", "X-B;a=\"q;r\":z"));
    assert_eq!(text(&feed.objects[1]).replace("\r\n", "\n"), expected);
}

#[test]
fn masters_and_overrides_come_together() {
    let first = format!("{}{}", event("1", "RRULE:FREQ=DAILY;COUNT=3"), event("2", "SUMMARY:two"));
    let second = event("1", "RECURRENCE-ID:20260702T090000Z\nSUMMARY:moved");
    let body = format!("BEGIN:VCALENDAR\n{first}END:VCALENDAR\nBEGIN:VCALENDAR\n{second}END:VCALENDAR\n");
    let feed = read(&body);
    let shapes: Vec<_> = feed
        .objects
        .iter()
        .map(|object| (object.uid(), object.components().count(), object.overrides().count()))
        .collect();
    assert_eq!(shapes, [("1", 2, 1), ("2", 1, 0)]);
}

#[test]
fn of_several_masters_the_newest_is_taken() {
    let with = |sequence: u32, stamp: &str, summary: &str| {
        format!(
            "BEGIN:VEVENT\nUID:1\nDTSTAMP:{stamp}\nDTSTART:20260701T090000Z\nSEQUENCE:{sequence}\nSUMMARY:{summary}\nEND:VEVENT\n"
        )
    };
    for (events, taken) in [
        (
            [
                with(2, "20260101T000000Z", "a"),
                with(1, "20260301T000000Z", "b"),
                with(0, "20260401T000000Z", "c"),
            ],
            "a",
        ),
        (
            [
                with(1, "20260101T000000Z", "a"),
                with(1, "20260301T000000Z", "b"),
                with(1, "20260201T000000Z", "c"),
            ],
            "b",
        ),
        (
            [
                with(1, "20260101T000000Z", "a"),
                with(1, "20260101T000000Z", "b"),
                with(1, "20260101T000000Z", "c"),
            ],
            "c",
        ),
    ] {
        let feed = feed(&events.concat());
        assert_eq!(feed.objects.len(), 1);
        assert_eq!(feed.objects[0].components().count(), 1);
        assert_eq!(feed.objects[0].master().unwrap().text("SUMMARY").as_deref(), Some(taken));
        assert_eq!(warnings(&feed), [("duplicate-uid", 11), ("duplicate-uid", 18)]);
    }
}

#[test]
fn a_missing_uid_is_made_and_stays() {
    let nameless = |start: &str, summary: &str| {
        format!(
            "BEGIN:VEVENT\nDTSTART:{start}\nDTSTAMP:20260101T000000Z\nSUMMARY:{summary}\nX-BAD\nEND:VEVENT\n"
        )
    };
    let one = nameless("20260701T090000Z", "one");
    let two = nameless("20260701T090000Z", "two");
    let feed_one = feed(&format!("{one}{two}{one}"));
    let feed_two = feed(&format!("{two}{}", one.replace("X-BAD", "X-GOOD:1")));
    let uids =
        |feed: &Feed| -> Vec<String> { feed.objects.iter().map(|object| object.uid().to_owned()).collect() };
    let (first, second) = (uids(&feed_one), uids(&feed_two));
    assert_eq!(first.len(), 3);
    assert_eq!((&first[0], &first[1]), (&second[1], &second[0]));
    assert!(first[0] != first[1] && first[2] != first[0]);
    assert_eq!(text(&feed_one.objects[0]).matches("UID:").count(), 1);
    assert_eq!(warnings(&feed_one)[..2], [("missing-uid", 4), ("not-a-content-line", 8)]);
    let blank = feed(&event("", "SUMMARY:x"));
    assert_eq!(text(&blank.objects[0]).matches("UID:").count(), 1);
    assert!(!blank.objects[0].uid().is_empty());
}

#[test]
fn other_kinds_and_shared_uids() {
    let todo = "BEGIN:VTODO\nUID:1\nDTSTAMP:20260101T000000Z\nSUMMARY:todo\nEND:VTODO\n";
    let busy =
        "BEGIN:VFREEBUSY\nUID:3\nDTSTAMP:20260101T000000Z\nFREEBUSY:20260101T000000Z/PT1H\nEND:VFREEBUSY\n";
    let feed = feed(&format!("{}{todo}{busy}", event("1", "SUMMARY:event")));
    let shapes: Vec<_> = feed.objects.iter().map(|object| (object.uid(), object.kind())).collect();
    assert_eq!(shapes, [("1", Kind::Event), ("1-vtodo", Kind::Todo), ("3", Kind::FreeBusy)]);
}

#[test]
fn forgotten_ends_do_not_reach_the_objects() {
    let feed = feed(
        "BEGIN:VEVENT\nUID:1\nDTSTART:20260701T090000Z\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VEVENT\nBEGIN:VEVENT\nUID:2\nDTSTART:20260701T090000Z",
    );
    assert_eq!(feed.objects.len(), 2);
    for object in &feed.objects {
        assert!(
            !object.warnings().iter().any(|warning| warning.kind.name() == "missing-end"),
            "{}",
            text(object)
        );
    }
    assert!(
        text(&feed.objects[0]).contains("TRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    );
}

#[test]
fn warnings_have_the_lines_of_the_feed() {
    let feed = feed(&format!(
        "{}{}",
        event("1", "SUMMARY:fine"),
        event("2", "SUMMARY:a\n b\nDTEND:20260701T080000Z\nRRULE:FREQ=NEVER")
    ));
    assert_eq!(warnings(&feed), [("inverted", 16), ("unreadable-rule", 17)]);
}

#[test]
fn what_the_calendar_says_of_itself() {
    let feed = feed(
        "X-WR-CALNAME:Work\\, mostly\nX-WR-TIMEZONE:Europe/Berlin\nX-PUBLISHED-TTL:PT6H\nREFRESH-INTERVAL;VALUE=DURATION:P1D",
    );
    assert_eq!(feed.name.as_deref(), Some("Work, mostly"));
    assert_eq!(feed.zone.unwrap().name(), "Europe/Berlin");
    assert_eq!(feed.refresh_seconds, Some(86_400));
    assert!(feed.objects.is_empty());
    let other = read("BEGIN:VCALENDAR\nX-PUBLISHED-TTL:PT6H\nX-WR-TIMEZONE:Nowhere\nNAME:N\nEND:VCALENDAR\n");
    assert_eq!((other.refresh_seconds, other.zone, other.name.as_deref()), (Some(21_600), None, Some("N")));
}

#[test]
fn what_is_no_whole_feed_is_refused() {
    for text in [
        "",
        "<html><body>BEGIN</body></html>",
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nEND:VEVENT\n",
        "BEGIN:VCALENDAR\nEND:VCALENDAR\nBEGIN:VCALENDAR\n",
        "BEGIN:VEVENT\nUID:1\nEND:VEVENT\n",
    ] {
        assert!(Feed::read(text.as_bytes(), &Limits::default()).is_err(), "{text}");
    }
    let tight = Limits { feed_components_max: 2, ..Limits::default() };
    let three = format!(
        "BEGIN:VCALENDAR\n{}{}{}END:VCALENDAR\n",
        event("1", "A:1"),
        event("2", "A:1"),
        event("3", "A:1")
    );
    assert!(Feed::read(three.as_bytes(), &tight).unwrap_err().reason.contains("more than 2"));
}

#[test]
fn an_object_beyond_a_limit_is_left_out_with_a_word() {
    let crowded = event("1", &"ATTENDEE:mailto:a@x\n".repeat(4));
    let text =
        format!("BEGIN:VCALENDAR\n{crowded}{}END:VCALENDAR\n", event("2", "A:1")).replace("\n\n", "\n");
    let tight = Limits { attendees_max: 3, ..Limits::default() };
    let feed = Feed::read(text.as_bytes(), &tight).unwrap();
    assert_eq!(feed.objects.len(), 1);
    assert!(feed.warnings.iter().any(|warning| warning.kind.name() == "left-out"));
}

#[test]
fn copies_of_zones_are_bounded() {
    let zone = format!(
        "BEGIN:VTIMEZONE\nTZID:A\n{}BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0100\nEND:STANDARD\nEND:VTIMEZONE\n",
        "X-LONG:1\n".repeat(1000)
    );
    let events: String =
        (0..100).map(|uid| event(&uid.to_string(), "EXDATE;TZID=A:20260101T000000")).collect();
    let text = format!("BEGIN:VCALENDAR\n{zone}{events}END:VCALENDAR\n");
    let tight = Limits { feed_octets_max: text.len(), ..Limits::default() };
    assert!(Feed::read(text.as_bytes(), &tight).unwrap_err().reason.contains("zones"));
}

#[test]
fn an_event_of_nothing_but_rubbish_is_read_whole_with_bare_line_ends() {
    for end in ["\n", "\r\n", "\r"] {
        let text =
            ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "\u{f3}SUMMARY;Lunch", "END:VEVENT", "END:VCALENDAR", ""]
                .join(end);
        let feed = Feed::read(text.as_bytes(), &Limits::default()).unwrap();
        let object = String::from_utf8(feed.objects[0].octets().to_vec()).unwrap();
        assert!(object.contains("BEGIN:VEVENT\r\nUID:"), "{object}");
        assert!(object.contains("\r\n\u{f3}SUMMARY;Lunch\r\nEND:VEVENT"), "{object}");
    }
}
