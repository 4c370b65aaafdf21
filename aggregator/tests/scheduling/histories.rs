//! Whatever organizer and attendees do, in whatever order: in the end their copies say the same.

use calendar::limits::Limits;
use calendar::object::CalendarObject;

use crate::house::{House, lines_of, meeting, partstat};

const TALK: &str = "personal/a.ics";

/// Numbers by chance that can be drawn again.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

async fn answers(house: &House, who: &str, chance: &mut Chance) {
    let Some(copy) = house.members(who, "personal").await.into_iter().next() else { return };
    let text = house.text(who, &copy).await;
    let Some(line) = lines_of(&text, who).into_iter().next() else { return };
    let said = ["ACCEPTED", "DECLINED", "TENTATIVE"][usize::try_from(chance.below(3)).unwrap()];
    let now = partstat(&text, who);
    let answered = if line.contains("PARTSTAT=") {
        line.replace(&format!("PARTSTAT={now}"), &format!("PARTSTAT={said}"))
    } else {
        line.replace("ATTENDEE", &format!("ATTENDEE;PARTSTAT={said}"))
    };
    let edited = text.replacen(&line, &answered, 1).replace('\n', "\r\n");
    house.put(who, &copy, &edited).await.expect(204);
}

async fn organizes(house: &House, chance: &mut Chance, stale: &mut Option<(String, String)>) {
    let found = house.get("olga", TALK).await.expect(200);
    match chance.below(6) {
        0 => {
            let hour = 8 + chance.below(8);
            let (start, end) = (format!("T{hour:02}0000Z"), format!("T{:02}0000Z", hour + 1));
            let moved: Vec<String> = found
                .text
                .lines()
                .map(|line| match line {
                    line if line.starts_with("DTSTART:") => format!("DTSTART:20260601{start}"),
                    line if line.starts_with("DTEND:") => format!("DTEND:20260601{end}"),
                    line => line.to_owned(),
                })
                .collect();
            house.put("olga", TALK, &(moved.join("\r\n") + "\r\n")).await.expect(204);
        }
        1 => {
            let place = format!("\r\nLOCATION:Room {}\r\nSUMMARY:", chance.below(9));
            let text = found.text.replace("\r\nSUMMARY:", &place);
            let text = if found.text.contains("LOCATION") { found.text.clone() } else { text };
            house.put("olga", TALK, &text).await.expect(204);
        }
        2 => {
            // Bob goes, or comes back.
            let text = found.text.replace("\r\n ", "");
            let text = match text.lines().find(|line| line.ends_with(":mailto:bob@x")) {
                Some(line) => text.replace(&format!("{line}\r\n"), ""),
                None => text.replace("END:VEVENT", "ATTENDEE:mailto:bob@x\r\nEND:VEVENT"),
            };
            house.put("olga", TALK, &text).await.expect(204);
        }
        3 => *stale = Some((found.header("schedule-tag").unwrap(), found.text)),
        _ => {
            // Under a schedule tag of before, if it still is the one.
            let Some((tag, text)) = stale.take() else { return };
            let text = text.replace("SUMMARY:", "SUMMARY:A ");
            let tag = format!("If-Schedule-Tag-Match: {tag}");
            let answer = house.send("olga", &format!("PUT {TALK}"), &[&tag], &text).await;
            assert!(matches!(answer.status, 204 | 412), "{}", answer.text);
        }
    }
}

/// What a copy says of the event: when, what, and who answered what.
fn said(text: &str) -> Vec<String> {
    let octets = text.replace('\n', "\r\n").into_bytes().into();
    let object = CalendarObject::read(octets, &Limits::default()).unwrap();
    let master = object.master().unwrap();
    let mut said: Vec<String> = ["DTSTART", "DTEND", "SUMMARY", "LOCATION", "SEQUENCE"]
        .into_iter()
        .filter_map(|name| Some(format!("{name}:{}", master.property(name)?.value)))
        .collect();
    let people = master
        .properties_named("ATTENDEE")
        .map(|line| format!("{} {}", line.value, line.parameter("PARTSTAT").unwrap_or("NEEDS-ACTION")));
    said.extend(people);
    said.sort();
    said
}

#[tokio::test]
async fn copies_converge() {
    for seed in 0..12 {
        let house = House::new().await;
        let mut chance = Chance(seed);
        let mut stale = None;
        house.put("olga", TALK, &meeting("a", "", &["ann@x", "bob@x"])).await.expect(201);
        for _ in 0..25 {
            // Often within one second.
            house.pass(i64::try_from(chance.below(2)).unwrap());
            match chance.below(4) {
                0 => answers(&house, "ann", &mut chance).await,
                1 => answers(&house, "bob", &mut chance).await,
                _ => organizes(&house, &mut chance, &mut stale).await,
            }
        }
        house.deliver().await;
        let held = house.text("olga", TALK).await;
        for who in ["ann", "bob"] {
            if lines_of(&held, who).is_empty() {
                assert!(house.members(who, "personal").await.is_empty(), "seed {seed}: {who} is not invited");
                continue;
            }
            let copy = house.text(who, &house.only(who).await).await;
            assert_eq!(said(&copy), said(&held), "seed {seed}: {who}\n{copy}\n{held}");
        }
    }
}
