//! The feeds that the field breaks: busy time and warnings as `expected.json` says.

#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::time::Duration;

use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, of_object};
use calendar::feed::Feed;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::recur::ExpansionError;
use calendar::time::{DateOrTime, Instant, Span};
use calendar::warning::WarningKind;
use calendar::zone::Zone;
use serde_json::{Map, Value};

fn folder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/providers/ics-breakages"));
    assert!(
        folder.join("expected.json").is_file(),
        "the broken feeds are expected beside the repository, at ../shared/providers/ics-breakages"
    );
    folder
}

fn expectations() -> Map<String, Value> {
    let text = fs::read_to_string(folder().join("expected.json")).expect("expected.json can be read");
    serde_json::from_str(&text).expect("expected.json is an object")
}

/// The octets of a feed, inflated if they are gzip.
fn octets(file: &str) -> Vec<u8> {
    let octets = fs::read(folder().join(file)).expect("the feed can be read");
    if !octets.starts_with(&[0x1f, 0x8b]) {
        return octets;
    }
    let mut inflated = Vec::new();
    flate2::read::GzDecoder::new(octets.as_slice()).read_to_end(&mut inflated).expect("the feed is gzip");
    inflated
}

fn instant(value: &Value) -> Instant {
    match value.as_str().and_then(DateOrTime::parse) {
        Some(DateOrTime::Utc(instant)) => instant,
        other => panic!("{value} is no instant but {other:?}"),
    }
}

fn window(expected: &Value) -> Span {
    match expected.get("window") {
        Some(window) => Span::new(instant(&window[0]), instant(&window[1])),
        None => Span::new(Instant::from_unix(1_767_225_600), Instant::from_unix(1_798_761_600)),
    }
}

fn expected_busy(expected: &Value) -> BusySet {
    let periods = expected["busy"].as_array().map(Vec::as_slice).unwrap_or_default();
    periods
        .iter()
        .map(|period| {
            let kind = BusyType::ALL.into_iter().find(|kind| period["fbtype"] == kind.name());
            let span = Span::new(instant(&period["start"]), instant(&period["end"]));
            BusyPeriod { span, kind: kind.expect("a known FBTYPE") }
        })
        .collect()
}

/// Busy time of all objects, and the names of all warnings; `Err` where an object passes a limit.
fn busy_of(feed: &Feed, zone: &Zone, window: Span) -> Result<BusySet, ExpansionError> {
    let limits = Limits::default();
    let zone = feed.zone.as_ref().unwrap_or(zone);
    let reading = BusyReading { zone, owner: &[], limits: &limits };
    let periods: Result<Vec<_>, _> =
        feed.objects.iter().map(|object| of_object(object, &reading, window)).collect();
    Ok(periods?.into_iter().flatten().collect::<BusySet>().clipped(window))
}

fn check(file: &str, expected: &Value) -> Result<(), String> {
    let read = Feed::read(&octets(file), &Limits::default());
    if expected.get("fetch").is_some() {
        return if read.is_err() { Ok(()) } else { Err("it is read, but is no whole feed".to_owned()) };
    }
    let feed = read.map_err(|error| error.to_string())?;
    let zone_name = expected.get("assume_zone").and_then(Value::as_str).unwrap_or("UTC");
    let zone = Zone::named(zone_name).ok_or("the zone is unknown")?;
    let mut warnings: Vec<&str> = feed.warnings.iter().map(|warning| warning.kind.name()).collect();
    warnings
        .extend(feed.objects.iter().flat_map(CalendarObject::warnings).map(|warning| warning.kind.name()));
    match busy_of(&feed, &zone, window(expected)) {
        // What the caller of the expansion says then.
        Err(ExpansionError::TooMany { .. }) => warnings.push(WarningKind::ExpansionLimit.name()),
        Ok(busy) => {
            let wanted = expected_busy(expected);
            if busy != wanted {
                return Err(format!("busy\n  ours {:?}\n  wanted {:?}", busy.periods(), wanted.periods()));
            }
        }
    }
    for wanted in expected["warnings"].as_array().map(Vec::as_slice).unwrap_or_default() {
        if !warnings.iter().any(|warning| *wanted == **warning) {
            return Err(format!("the warning {wanted} is missing among {warnings:?}"));
        }
    }
    if let Some(summary) = expected.get("summary").and_then(Value::as_str) {
        let found =
            feed.objects.first().and_then(|object| object.master()).and_then(|master| master.text("SUMMARY"));
        if found.as_deref() != Some(summary) {
            return Err(format!("SUMMARY is {found:?}, not {summary}"));
        }
    }
    Ok(())
}

#[test]
fn broken_feeds_make_the_busy_time_that_is_meant() {
    let expectations = expectations();
    assert_eq!(expectations.len(), 34);
    let mut faults = Vec::new();
    for (file, expected) in &expectations {
        #[expect(clippy::disallowed_methods, reason = "the test measures")]
        let begun = std::time::Instant::now();
        if let Err(fault) = check(file, expected) {
            faults.push(format!("{file}: {fault}"));
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{file} took {:?}", begun.elapsed());
    }
    assert!(faults.is_empty(), "{} feeds differ:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn a_bomb_is_an_error_that_names_its_rule() {
    let feed = Feed::read(&octets("29-rrule-bomb.ics"), &Limits::default()).expect("it can be read");
    let window = window(&expectations()["29-rrule-bomb.ics"]);
    let error = busy_of(&feed, Zone::utc(), window).expect_err("it passes the limit");
    let ExpansionError::TooMany { rule, limit, unit } = error;
    assert_eq!((rule.as_str(), limit, unit), ("FREQ=SECONDLY", Limits::default().instances_max, "instances"));
}
