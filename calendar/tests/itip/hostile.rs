//! What costs much: many people, many dates, many components.

use calendar::address::Address;
use calendar::itip::{attendee_may, changes, octets_told, with_answers};

use crate::support::*;

/// The first days of a daily series.
fn days(count: i64) -> Vec<String> {
    let day = |number: i64| calendar::time::Instant::from_unix(1_782_892_800 + number * 86_400).to_ical();
    (0..count).map(day).collect()
}

fn people(count: usize) -> String {
    let line = |number: usize| format!("ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:p{number}@x\n");
    (0..count).map(line).collect::<Vec<_>>().concat()
}

fn series(more: &str) -> String {
    let lines = "DTSTART:20260701T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nSEQUENCE:0\nSUMMARY:Talk";
    event(&format!("{lines}\n{}{more}", people(20)))
}

fn address(name: &str) -> [Address; 1] {
    [Address::parse(&format!("{name}@x"))]
}

#[test]
fn many_instances_taken_out_at_once_are_told_as_a_whole() {
    let mut olga = Person::of("olga", &calendar(&series("")));
    let mut guest = Person::new("p1");
    let told = changes(None, olga.object.as_ref(), &address("olga"), at(1)).send;
    guest.hear(&only(&told, "p1"), 1).unwrap();
    let few = calendar(&series(&format!("EXDATE:{}", days(3).join(","))));
    let told = olga.edit(Some(&few), 2);
    assert_eq!(told.iter().map(|message| message.method.name()).collect::<Vec<_>>(), ["CANCEL"]);
    guest.hear(&only(&told, "p1"), 2).unwrap();
    let many = calendar(&series(&format!("EXDATE:{}", days(3000).join(","))));
    let told = olga.edit(Some(&many), 3);
    assert_eq!(told.iter().map(|message| message.method.name()).collect::<Vec<_>>(), ["REQUEST"]);
    assert!(told[0].octets.len() < 100_000, "{}", told[0].octets.len());
    guest.hear(&only(&told, "p1"), 3).unwrap();
    assert_eq!(guest.instances(), [""; 0]);
}

#[test]
fn an_attendee_takes_out_a_bounded_number() {
    let before = object(&calendar(&series("")));
    for (count, may) in [(400, true), (600, false)] {
        let after = object(&calendar(&series(&format!("EXDATE:{}", days(count).join(",")))));
        let answer = attendee_may(&before, &after, &address("p1"));
        assert_eq!(answer.is_ok(), may, "{count}: {answer:?}");
        let send = changes(Some(&before), Some(&after), &address("p1"), at(1)).send;
        let declined = text(&send[0].octets).matches("BEGIN:VEVENT").count();
        assert_eq!(declined, if may { 400 } else { 500 });
    }
}

#[test]
fn what_many_say_costs_no_more_than_they_are() {
    let crowd = |partstat: &str| {
        let lines = people(1500).replace("NEEDS-ACTION", partstat);
        object(&calendar(&event(&format!("DTSTART:20260701T080000Z\nSUMMARY:Talk\n{lines}"))))
    };
    let (before, after) = (crowd("ACCEPTED"), crowd("NEEDS-ACTION"));
    let kept = with_answers(&before, &after, &address("olga")).unwrap();
    assert_eq!(text(&kept).matches("PARTSTAT=ACCEPTED").count(), 1500);
    assert!(changes(Some(&before), Some(&before), &address("olga"), at(1)).send.is_empty());
}

#[test]
fn what_everybody_is_told_is_known_before_it_is_written() {
    let alike = object(&calendar(&series("")));
    let told = changes(None, Some(&alike), &address("olga"), at(1)).send;
    let octets: usize = told.iter().map(|message| message.octets.len()).sum();
    assert!(octets_told(&alike).abs_diff(octets) < 500, "{} {octets}", octets_told(&alike));
    // Each is invited to another instance besides.
    let apart = days(20).into_iter().enumerate().map(|(number, day)| {
        let own = people(20).replace(&format!("mailto:p{number}@x"), "mailto:else@x");
        event(&format!("RECURRENCE-ID:{day}\nDTSTART:{day}\nDURATION:PT1H\nSUMMARY:Talk\n{own}"))
    });
    let apart = object(&calendar(&(series("") + &apart.collect::<String>())));
    let told = changes(None, Some(&apart), &address("olga"), at(1)).send;
    let octets: usize = told.iter().map(|message| message.octets.len()).sum();
    assert!(told.len() == 21 && octets_told(&apart).abs_diff(octets) < octets / 5, "{octets}");
}
