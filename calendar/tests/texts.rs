//! Every file of the corpus: read in bounded time, split into objects that read back, or refused with a reason.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use calendar::feed::Feed;
use calendar::itip::{Message, Method, message_of};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::text;
use calendar::time::Instant;
use calendar::zone::Zone;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

fn corpus() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus"));
    assert!(
        folder.join("index.json").is_file(),
        "the corpus is expected beside the repository, at ../shared/corpus"
    );
    folder
}

fn files() -> BTreeMap<String, Vec<u8>> {
    let folder = corpus();
    let mut files = BTreeMap::new();
    let mut open = vec![folder.clone()];
    while let Some(path) = open.pop() {
        for entry in fs::read_dir(&path).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "ics") {
                files.insert(name(&folder, &path), fs::read(&path).unwrap());
            }
        }
    }
    assert!(files.len() > 250, "only {} files", files.len());
    files
}

fn name(folder: &Path, path: &Path) -> String {
    path.strip_prefix(folder).unwrap().to_string_lossy().into_owned()
}

/// Files of the corpus that are no whole calendar: components alone, or cut short.
const REFUSED: &[&str] = &[
    "broken/04-event-with-recurrence.ics",
    "broken/05-issue-112-missing-tzinfo-on-exdate.ics",
    "broken/06-issue-156-rdate-with-period.ics",
    "broken/07-issue-70-rrule-causes-attribute-error.ics",
    "broken/11-fuzz-testcase-invalid-month.ics",
    "floating/12-event-dt-description.ics",
    "floating/13-event-dt-floating.ics",
    "other/09-rfc-7953-2.ics",
    "other/12-issue-237-brazilia-standard.ics",
    "other/13-pacific-fiji.ics",
    "recurrence/45-event-rrule-no-occurence.ics",
    "unicode/01-vcalendar-emoji.ics",
];

/// Whether the text begins a component that makes an object.
fn has_object(octets: &[u8]) -> bool {
    let text = String::from_utf8_lossy(octets).to_uppercase();
    ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY"]
        .iter()
        .any(|name| text.contains(&format!("BEGIN:{name}")))
}

#[test]
fn every_file_is_read_or_refused_for_a_known_reason() {
    let limits = Limits::default();
    let mut faults = Vec::new();
    for (file, octets) in files() {
        #[expect(clippy::disallowed_methods, reason = "the test measures")]
        let begun = std::time::Instant::now();
        let read = Feed::read(&octets, &limits);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(60), "{file} took {took:?}");
        match (read, REFUSED.contains(&file.as_str())) {
            (Ok(feed), false) if feed.objects.is_empty() == has_object(&octets) => {
                faults.push(format!("{file}: {} objects", feed.objects.len()));
            }
            (Ok(_), false) | (Err(_), true) => {}
            (Err(error), false) => faults.push(format!("{file}: {error}")),
            (Ok(_), true) => faults.push(format!("{file}: is read, but is no whole calendar")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_is_split_is_strict_enough_to_read_alone() {
    let limits = Limits::default();
    for (file, octets) in files() {
        let Ok(feed) = Feed::read(&octets, &limits) else { continue };
        for object in feed.objects.iter().take(20) {
            let again = CalendarObject::read(object.octets().clone(), &limits).unwrap();
            assert_eq!(again.uid(), object.uid(), "{file}");
            let text = std::str::from_utf8(object.octets()).unwrap();
            assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{file}: {text}");
        }
    }
}

#[test]
fn every_tree_is_written_and_read_back() {
    let limits = Limits::default();
    for (file, octets) in files() {
        let Ok(parsed) = text::parse(&octets, &limits) else { continue };
        for calendar in parsed.calendars.iter().take(3) {
            let written = text::serialise(calendar);
            let again = text::parse(written.as_bytes(), &limits).unwrap();
            assert!(again.complete, "{file}");
            assert_eq!(text::serialise(&again.calendars[0]), written, "{file}");
        }
    }
}

#[test]
fn every_prefix_of_a_file_is_read_or_refused() {
    let limits = Limits::default();
    for (file, octets) in files() {
        if octets.len() > 20_000 {
            continue;
        }
        let step = (octets.len() / 12).max(1);
        for end in (0..octets.len()).step_by(step) {
            let whole_calendars = Feed::read(&octets[..end], &limits).is_ok();
            let cut = &octets[..end];
            let has_end = String::from_utf8_lossy(cut).to_uppercase().contains("END:VCALENDAR");
            assert!(!whole_calendars || has_end || cut.contains(&0), "{file} cut at {end}");
        }
    }
}

/// Asks an object all that can be asked of its text.
fn exercise(object: &CalendarObject) {
    for component in object.components() {
        for property in &component.properties {
            for value in object.dates_or_times(property) {
                let instant = value.to_instant(Zone::utc());
                let zone = value.zone(Zone::utc());
                let _ = (zone.local_of(instant), zone.next_transition(instant), value.to_ical());
            }
        }
    }
    let changed = object.with_property("X-A", "1");
    assert!(CalendarObject::read(changed, &Limits::default()).is_ok());
    let message = message_of(object, Method::Request, Instant::from_unix(0));
    assert!(Message::read(message.into_bytes().into(), &Limits::default()).is_ok());
}

#[test]
fn damaged_files_do_no_harm() {
    let small: Vec<Vec<u8>> = files().into_values().filter(|octets| octets.len() < 4000).collect();
    let damage = proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..4), 1..8);
    let strategy = (any::<prop::sample::Index>(), damage);
    let mut runner = TestRunner::new(Config::with_cases(600));
    let outcome = runner.run(&strategy, |(which, damage)| {
        let mut octets = which.get(&small).clone();
        for (at, octet, how) in damage {
            let at = at.index(octets.len().max(1)).min(octets.len());
            match how {
                0 => octets.insert(at, octet),
                1 => octets.truncate(at),
                2 => octets.splice(at..at, *b"\r\n ").for_each(drop),
                _ if at < octets.len() => octets[at] = b":;,=\"\\\r\n"[usize::from(octet % 8)],
                _ => {}
            }
        }
        if let Ok(feed) = Feed::read(&octets, &Limits::default()) {
            feed.objects.iter().for_each(exercise);
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn hostile_texts_take_bounded_time() {
    let events = |inner: &str| format!("BEGIN:VCALENDAR\n{inner}END:VCALENDAR\n");
    let mut tzids = String::new();
    let mut onsets = String::new();
    for at in 0..20_000 {
        writeln!(tzids, "EXDATE;TZID=(UTC+0{at}) a/b/c:20260101T000000").unwrap();
        writeln!(onsets, "RDATE:1960{:02}{:02}T{:02}0000", at % 12 + 1, at % 28 + 1, at % 24).unwrap();
    }
    let zone = format!(
        "BEGIN:VTIMEZONE\nTZID:A\nBEGIN:STANDARD\nDTSTART:19600101T000000\nTZOFFSETTO:+0100\n{onsets}RRULE:FREQ=YEARLY\nEND:STANDARD\nEND:VTIMEZONE\n"
    );
    let texts = [
        "\n".repeat(300_000),
        " \n".repeat(150_000),
        "BEGIN:A\nEND:A\n".repeat(20_000),
        events(&"BEGIN:VEVENT\n".repeat(5_000)),
        events(&"END:VEVENT\n".repeat(20_000)),
        events(&format!("BEGIN:VEVENT\nUID:1\nDTSTART:20260101T000000Z\n{tzids}END:VEVENT\n")),
        events(&format!("{zone}BEGIN:VEVENT\nUID:1\nDTSTART;TZID=A:19600101T000000\nEND:VEVENT\n")),
        events(&"BEGIN:VEVENT\nUID:1\nDTSTART:20260101T000000Z\nEND:VEVENT\n".repeat(10_000)),
        events(&format!("DTSTART;TZID={}:20260101T000000\n", "\":;,".repeat(60_000))),
        events(&format!("X;A={}\n", ":".repeat(200_000))),
        events(&format!("ATTENDEE;CN={}x\n", "\":".repeat(100_000))),
    ];
    for text in texts {
        #[expect(clippy::disallowed_methods, reason = "the test measures")]
        let begun = std::time::Instant::now();
        let read = Feed::read(text.as_bytes(), &Limits::default());
        read.iter().flat_map(|feed| &feed.objects).take(20).for_each(exercise);
        let start: String = text.chars().take(60).collect();
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(60), "{took:?} for {start}");
    }
}
