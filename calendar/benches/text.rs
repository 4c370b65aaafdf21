//! What reading and writing text costs, in octets a second: here, in the crate `icalendar`, in the crate `calcard`.
//!
//! The three do not do the same: ours keeps where each line stood and what was read around; `calcard` reads values into
//! their types; `icalendar` borrows from a text that it unfolds first.

use std::fmt::Write;
use std::hint::black_box;
use std::sync::Arc;

use calendar::feed::Feed;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::text;
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

const INPUTS: [&str; 4] = ["small event", "invitation of 3 KB", "feed of 400 KB", "feed of 1 MB"];

fn input(name: &str) -> String {
    match name {
        "small event" => small(),
        "invitation of 3 KB" => invitation(),
        "feed of 400 KB" => of_corpus("04-mathbirthdays.ics"),
        _ => of_corpus("authored-6000-days.ics"),
    }
}

fn of_corpus(file: &str) -> String {
    let path = format!("{}/../../shared/corpus/huge/{file}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("the corpus is expected beside the repository: {path}"))
}

fn small() -> String {
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nBEGIN:VEVENT\r\nUID:1@example.org\r\n\
     DTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260701T090000\r\n\
     DTEND;TZID=Europe/Berlin:20260701T100000\r\nSUMMARY:Walk\\, if it is dry\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        .to_owned()
}

/// An invitation as an office sends it: VTIMEZONE, a dozen guests, a long description, an alarm.
fn invitation() -> String {
    let mut event = String::new();
    for guest in 0..12 {
        let _ = write!(
            event,
            "ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;RSVP=TRUE;CN=\"Guest, {guest}\":mailto:guest{guest}@example.org\r\n"
        );
    }
    let description = "All of it\\, in so many words; and the line after.\\n".repeat(14);
    let lines = format!(
        "UID:1@example.org\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=Europe/Berlin:20260701T090000\r\n\
         DTEND;TZID=Europe/Berlin:20260701T100000\r\nRRULE:FREQ=WEEKLY;BYDAY=WE;UNTIL=20271231T080000Z\r\n\
         SUMMARY:Weekly meeting\r\nDESCRIPTION:{description}\r\nLOCATION:Room 1\r\n\
         ORGANIZER;CN=Host:mailto:host@example.org\r\n{event}"
    );
    let folded: String = lines.split_terminator("\r\n").map(text::fold).collect();
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//EN\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\n\
         BEGIN:DAYLIGHT\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nTZNAME:CEST\r\nDTSTART:19700329T020000\r\n\
         RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n\
         TZNAME:CET\r\nDTSTART:19701025T030000\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n\
         BEGIN:VEVENT\r\n{folded}BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Soon\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n\
         END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
}

#[divan::bench(args = INPUTS)]
fn parse_ours(bencher: Bencher<'_, '_>, name: &str) {
    let (text, limits) = (input(name), Limits::default());
    bencher.counter(BytesCount::of_str(&text)).bench(|| text::parse(black_box(text.as_bytes()), &limits));
}

#[divan::bench(args = INPUTS)]
fn parse_icalendar(bencher: Bencher<'_, '_>, name: &str) {
    let text = input(name);
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let unfolded = icalendar::parser::unfold(black_box(&text));
        icalendar::parser::read_calendar(&unfolded).map(|read| read.components.len())
    });
}

#[divan::bench(args = INPUTS)]
fn parse_calcard(bencher: Bencher<'_, '_>, name: &str) {
    let text = input(name);
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| calcard::icalendar::ICalendar::parse(black_box(&text)));
}

/// An object with all that is established when it is read: UID, kind, master, zones, warnings.
#[divan::bench(args = &INPUTS[..2])]
fn read_object(bencher: Bencher<'_, '_>, name: &str) {
    let (text, limits) = (input(name), Limits::default());
    let octets: Arc<[u8]> = Arc::from(text.as_bytes());
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| CalendarObject::read(Arc::clone(black_box(&octets)), &limits));
}

/// A feed split into its objects.
#[divan::bench(args = &INPUTS[2..])]
fn read_feed(bencher: Bencher<'_, '_>, name: &str) {
    let (text, limits) = (input(name), Limits::default());
    bencher.counter(BytesCount::of_str(&text)).bench(|| Feed::read(black_box(text.as_bytes()), &limits));
}

#[divan::bench(args = INPUTS)]
fn serialise_ours(bencher: Bencher<'_, '_>, name: &str) {
    let text = input(name);
    let parsed = text::parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error}"));
    bencher.counter(BytesCount::of_str(&text)).bench(|| text::serialise(black_box(&parsed.calendars[0])));
}

#[divan::bench(args = INPUTS)]
fn serialise_icalendar(bencher: Bencher<'_, '_>, name: &str) {
    let text = input(name);
    let unfolded = icalendar::parser::unfold(&text);
    let read = icalendar::parser::read_calendar(&unfolded).unwrap_or_else(|error| panic!("{error}"));
    bencher.counter(BytesCount::of_str(&text)).bench(|| black_box(&read).to_string());
}

#[divan::bench(args = INPUTS)]
fn serialise_calcard(bencher: Bencher<'_, '_>, name: &str) {
    let text = input(name);
    let read = calcard::icalendar::ICalendar::parse(&text).unwrap_or_else(|error| panic!("{error:?}"));
    bencher.counter(BytesCount::of_str(&text)).bench(|| black_box(&read).to_string());
}
