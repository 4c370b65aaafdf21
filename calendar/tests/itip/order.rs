//! Whatever order messages come in, and however often: the same state in the end.

use calendar::itip::Message;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::support::*;

const CASES: u32 = 100;

/// What one message says; its place in the list makes its revision unique.
#[derive(Clone, Debug)]
struct Said {
    sequence: u32,
    sort: u8,
    day: u32,
    flag: bool,
}

fn said() -> impl Strategy<Value = Said> {
    (0_u32..4, 0_u8..8, 1_u32..6, any::<bool>()).prop_map(|(sequence, sort, day, flag)| Said {
        sequence,
        sort,
        day,
        flag,
    })
}

fn component(number: usize, said: &Said, lines: &str) -> String {
    let Said { sequence, .. } = said;
    event(&format!("SEQUENCE:{sequence}\nSUMMARY:{number}\nATTENDEE:mailto:ann@x\n{lines}"))
        .replace("20260601T000000Z", &format!("20260601T00{number:02}00Z"))
}

/// A message of the organizer to ann.
fn of_organizer(number: usize, said: &Said) -> Message {
    let Said { day, flag, sort, .. } = *said;
    let hour = 8 + number % 2;
    let series = component(
        number,
        said,
        &format!("DTSTART:20260701T{hour:02}0000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=5"),
    );
    // The names of instances follow the clock of the series that the organizer has at that time: here any of two.
    let id = format!("2026070{day}T{hour:02}0000Z");
    let instance =
        component(number, said, &format!("RECURRENCE-ID:{id}\nDTSTART:2026070{day}T150000Z\nDURATION:PT2H"));
    let status = if flag { "STATUS:CANCELLED\n" } else { "" };
    let cancel = |lines: &str| component(number, said, &format!("{status}{lines}"));
    let (method, body) = match sort {
        0 => ("REQUEST", series),
        1 => ("REQUEST", format!("{series}{instance}")),
        2 | 3 => ("REQUEST", instance),
        4 => ("CANCEL", cancel("DTSTART:20260701T080000Z")),
        5 | 6 => ("CANCEL", cancel(&format!("RECURRENCE-ID:{id}"))),
        _ => ("CANCEL", cancel(&format!("RECURRENCE-ID;RANGE=THISANDFUTURE:{id}"))),
    };
    message(&calendar(&format!("METHOD:{method}\n{body}")))
}

fn order(count: usize) -> impl Strategy<Value = Vec<usize>> {
    let all: Vec<usize> = (0..count).collect();
    let again = proptest::collection::vec(0..count, 0..4);
    again.prop_flat_map(move |again| Just([all.clone(), again].concat()).prop_shuffle())
}

fn twice() -> impl Strategy<Value = (Vec<Said>, Vec<usize>, Vec<usize>)> {
    proptest::collection::vec(said(), 1..7).prop_flat_map(|list| {
        let count = list.len();
        (Just(list), order(count), order(count))
    })
}

fn any_order(prepared: fn(&mut [Said])) {
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 500,
        ..Config::default()
    });
    runner
        .run(&twice(), |(mut list, one, other)| {
            prepared(&mut list);
            let messages: Vec<Message> =
                list.iter().enumerate().map(|(number, said)| of_organizer(number, said)).collect();
            let heard = |order: &[usize]| {
                let mut ann = Person::new("ann");
                for number in order {
                    let _ = ann.hear(&messages[*number], 0);
                }
                (meaning(ann.object.as_ref()), ann.text())
            };
            let (one, other) = (heard(&one), heard(&other));
            prop_assert_eq!(one.0, other.0, "\n{}\n{}", one.1, other.1);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}

/// Every METHOD, of an organizer who counts SEQUENCE for the object.
#[test]
fn the_organizers_word() {
    any_order(|list| {
        let mut sequence = 0;
        for said in list {
            sequence += said.sequence % 2;
            said.sequence = sequence;
        }
    });
}

/// SEQUENCE counted anyhow. Cancellations of the whole and of this and future ones are left out: they also end instances
/// of a higher SEQUENCE that were described before, for which no organizer is excused who then describes the whole anew
/// with a lower one.
#[test]
fn the_organizers_word_with_any_sequence() {
    any_order(|list| {
        for said in list.iter_mut().filter(|said| matches!(said.sort, 4 | 7)) {
            said.sort = 5;
        }
    });
}

const HELD: &str = "DTSTART:20260701T080000Z\nDTEND:20260701T090000Z\nRRULE:FREQ=DAILY;COUNT=5\nSEQUENCE:1\nSUMMARY:Talk\n\
    ATTENDEE:mailto:ann@x\nATTENDEE:mailto:bob@x";

fn of_attendee(number: usize, said: &Said) -> Message {
    let Said { sequence, sort, day, flag } = *said;
    let who = if flag { "ann" } else { "bob" };
    let partstat = ["ACCEPTED", "DECLINED", "TENTATIVE"][number % 3];
    let about = if sort < 3 { String::new() } else { format!("RECURRENCE-ID:2026070{day}T080000Z\n") };
    let answer = if sort == 7 || sort == 2 {
        format!("ATTENDEE;PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:cat@x\":mailto:{who}@x")
    } else {
        format!("ATTENDEE;PARTSTAT={partstat}:mailto:{who}@x")
    };
    let component = event(&format!("SEQUENCE:{sequence}\n{about}{answer}"));
    let component = component.replace("20260601T000000Z", &format!("20260601T00{number:02}00Z"));
    message(&calendar(&format!("METHOD:REPLY\n{component}")))
}

#[test]
fn the_attendees_answers() {
    let mut runner = TestRunner::new(Config {
        cases: CASES,
        failure_persistence: None,
        max_shrink_iters: 2000,
        ..Config::default()
    });
    runner
        .run(&twice(), |(list, one, other)| {
            let messages: Vec<Message> =
                list.iter().enumerate().map(|(number, said)| of_attendee(number, said)).collect();
            let heard = |order: &[usize]| {
                let mut olga = Person::of("olga", &calendar(&event(HELD)));
                for number in order {
                    let _ = olga.hear(&messages[*number], 0);
                }
                (meaning(olga.object.as_ref()), olga.text())
            };
            let (one, other) = (heard(&one), heard(&other));
            prop_assert_eq!(one.0, other.0, "\n{}\n{}", one.1, other.1);
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{failure}"));
}
