//! The calendar corpus: every instance and busy period that independent implementations agree on.

#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, of_object};
use calendar::feed::Feed;
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::recur::{Instance, instances, reach};
use calendar::time::{DateOrTime, Instant, Span};
use calendar::warning::WarningKind;
use calendar::zone::Zone;
use serde_json::Value;

/// Where we read a file otherwise than the corpus expects: the file and why. The arguments stand at length in
/// `docs/corpus-disagreements.md`, which has a row for each of these.
const DISAGREEMENTS: [(&str, &str); 4] = [
    ("all-day/08-prodid1.ics", "a date whose DTEND repeats DTSTART is busy for that day"),
    ("itip/23-outlook-2010.ics", MICROSOFT_TENTATIVE),
    ("itip/25-047.ics", MICROSOFT_TENTATIVE),
    ("timezones/01-office-356-custom-timezone.ics", MICROSOFT_TENTATIVE),
];

const MICROSOFT_TENTATIVE: &str = "X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE makes OPAQUE tentative";

fn folder() -> PathBuf {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus"));
    assert!(
        folder.join("expected.json").is_file(),
        "the corpus is expected beside the repository, at ../shared/corpus"
    );
    folder
}

fn expectations() -> Vec<Value> {
    let text = fs::read_to_string(folder().join("expected.json")).expect("expected.json can be read");
    serde_json::from_str(&text).expect("expected.json is JSON")
}

fn instant(value: &Value) -> Instant {
    let text = value.as_str().expect("a time is a string");
    match DateOrTime::parse(text) {
        Some(DateOrTime::Utc(instant)) => instant,
        other => panic!("{text} is no instant but {other:?}"),
    }
}

fn window(expected: &Value) -> Span {
    Span::new(instant(&expected["start"]), instant(&expected["end"]))
}

fn feed(file: &str, limits: &Limits) -> Feed {
    let octets = fs::read(folder().join(file)).expect("the file can be read");
    Feed::read(&octets, limits).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// An instance as the corpus writes it: UID, start, end, status if cancelled.
type Row = (String, String, String, String);

fn rows_of(object: &CalendarObject, zone: &Zone, window: Span, limits: &Limits) -> Vec<Row> {
    let found =
        instances(object, zone, window, limits).unwrap_or_else(|error| panic!("{}: {error}", object.uid()));
    found
        .iter()
        .map(|instance| {
            let component = object.components().nth(instance.component).expect("the component exists");
            let status = component.property("STATUS").map(|status| status.value.clone()).unwrap_or_default();
            let status = if status == "CANCELLED" { status } else { String::new() };
            let (start, end) = written(instance, zone);
            (object.uid().to_owned(), start, end, status)
        })
        .collect()
}

/// Start and end in the form of the start: a date, a reading, an instant.
fn written(instance: &Instance, zone: &Zone) -> (String, String) {
    // An inverted event ends before it starts, which its span does not tell.
    let end = if instance.span.is_empty() { instance.end.to_instant(zone) } else { instance.span.end };
    match (&instance.start, &instance.end) {
        (DateOrTime::Date(start), DateOrTime::Date(end)) => {
            (start.strftime("%Y%m%d").to_string(), end.strftime("%Y%m%d").to_string())
        }
        (DateOrTime::Floating(start), _) => {
            let end = zone.local_of(end);
            (start.strftime("%Y%m%dT%H%M%S").to_string(), end.strftime("%Y%m%dT%H%M%S").to_string())
        }
        _ => (instance.span.start.to_ical(), end.to_ical()),
    }
}

fn expected_rows(expected: &Value) -> Vec<Row> {
    let list = expected["instances"].as_array().expect("instances are a list");
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    list.iter()
        .map(|row| (text(row, "uid"), text(row, "start"), text(row, "end"), text(row, "status")))
        .collect()
}

fn expected_busy(expected: &Value, window: Span) -> BusySet {
    let mut periods = Vec::new();
    for kind in BusyType::ALL {
        for period in expected["busy"][kind.name()].as_array().expect("busy periods are a list") {
            periods.push(BusyPeriod { span: Span::new(instant(&period[0]), instant(&period[1])), kind });
        }
    }
    periods.into_iter().collect::<BusySet>().clipped(window)
}

/// What differs, at most a few rows of each side.
fn difference(ours: &[Row], theirs: &[Row]) -> Option<String> {
    let mut counts: BTreeMap<&Row, i32> = BTreeMap::new();
    for row in ours {
        *counts.entry(row).or_default() += 1;
    }
    for row in theirs {
        *counts.entry(row).or_default() -= 1;
    }
    let only = |sign: i32| -> Vec<_> { counts.iter().filter(|(_, count)| **count * sign > 0).collect() };
    let (ours, theirs) = (only(1), only(-1));
    if ours.is_empty() && theirs.is_empty() {
        return None;
    }
    let few = |rows: &[(&&Row, &i32)]| {
        rows.iter().take(3).map(|(row, _)| format!("{row:?}")).collect::<Vec<_>>().join("\n    ")
    };
    Some(format!(
        "{} of ours:\n    {}\n  {} of theirs:\n    {}",
        ours.len(),
        few(&ours),
        theirs.len(),
        few(&theirs)
    ))
}

fn compare(expected: &Value, limits: &Limits) -> Result<(), String> {
    let file = expected["file"].as_str().expect("a file has a name");
    let zone_name = expected["timezone_for_floating"].as_str().expect("a zone has a name");
    let zone = Zone::named(zone_name).expect("the zone is known");
    let window = window(expected);
    let feed = feed(file, limits);
    let mut theirs = expected_rows(expected);
    let mut ours = Vec::new();
    let mut busy = Vec::new();
    for object in &feed.objects {
        if object.kind() == Kind::Event {
            ours.extend(rows_of(object, &zone, window, limits));
            let reading = BusyReading { zone: &zone, owner: &[], limits };
            busy.extend(of_object(object, &reading, window).map_err(|error| error.to_string())?);
        }
    }
    // Without a UID in the file the corpus has an empty one, and we make one.
    if theirs.iter().any(|row| row.0.is_empty()) {
        ours.iter_mut().chain(&mut theirs).for_each(|row| row.0.clear());
    }
    if let Some(difference) = difference(&ours, &theirs) {
        return Err(format!("{file}: {difference}"));
    }
    let ours = busy.into_iter().collect::<BusySet>().clipped(window);
    let theirs = expected_busy(expected, window);
    if ours != theirs {
        return Err(format!("{file}: busy\n  ours {:?}\n  theirs {:?}", ours.periods(), theirs.periods()));
    }
    Ok(())
}

#[test]
fn instances_and_busy_periods_are_those_of_the_corpus() {
    let limits = Limits::default();
    let expectations = expectations();
    assert_eq!(expectations.len(), 175);
    let mut faults = Vec::new();
    for expected in &expectations {
        let file = expected["file"].as_str().expect("a file has a name");
        let may_differ = DISAGREEMENTS.iter().any(|(disputed, _)| *disputed == file);
        match compare(expected, &limits) {
            Err(difference) if !may_differ => faults.push(difference),
            Ok(()) if may_differ => {
                faults.push(format!("{file}: it agrees; strike it from the disagreements"));
            }
            _ => {}
        }
    }
    assert!(faults.is_empty(), "{} files differ:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn every_disagreement_is_argued_in_the_documents() {
    let document =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/corpus-disagreements.md"))
            .expect("docs/corpus-disagreements.md can be read");
    for (file, why) in DISAGREEMENTS {
        assert!(
            !why.is_empty() && document.contains(file),
            "{file} has no row in docs/corpus-disagreements.md"
        );
    }
}

/// Whoever sends these files writes VTIMEZONEs of every sort; of none is more left out than what stands here.
#[test]
fn every_vtimezone_of_the_corpus_counts() {
    let limits = Limits::default();
    let mut files = Vec::new();
    calendars(&folder(), &mut files);
    let mut left_out = Vec::new();
    for path in files {
        let octets = fs::read(&path).expect("the file can be read");
        if !String::from_utf8_lossy(&octets).contains("VTIMEZONE") {
            continue;
        }
        let Ok(feed) = Feed::read(&octets, &limits) else { continue };
        let kinds = [WarningKind::UnreadableZone, WarningKind::ZoneRule];
        for warning in feed.warnings.iter().filter(|warning| kinds.contains(&warning.kind)) {
            let name = path.strip_prefix(folder()).expect("it lies there").display().to_string();
            left_out.push(format!("{name} {}", warning.detail));
        }
    }
    left_out.sort();
    left_out.dedup();
    assert_eq!(left_out, [""; 0]);
}

/// A VFREEBUSY as Zimbra publishes it, without UID.
#[test]
fn a_published_vfreebusy_counts() {
    let feed = feed("other/23-vfreebusy-zimbra.ics", &Limits::default());
    let limits = Limits::default();
    let reading = BusyReading { zone: Zone::utc(), owner: &[], limits: &limits };
    let periods = of_object(&feed.objects[0], &reading, Span::ALWAYS).expect("it has no rule");
    assert_eq!(periods.len(), 29);
    assert_eq!(periods[0].span.start.to_ical(), "20140416T151500Z");
    assert_eq!(periods[28].span.end.to_ical(), "20140505T213000Z");
}

fn calendars(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the entry can be read").path();
        if path.is_dir() {
            calendars(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "ics") {
            found.push(path);
        }
    }
}

/// Every file, also the malformed ones: read or refused in order, expanded over two years, each within its time.
#[test]
fn every_file_of_the_corpus_is_read_or_refused_and_expands_in_bounded_time() {
    let limits = Limits::default();
    let zone = Zone::named("Europe/Paris").expect("the zone is known");
    let mut files = Vec::new();
    calendars(&folder(), &mut files);
    assert!(files.len() >= 280, "the corpus has {} files", files.len());
    for path in files {
        let octets = fs::read(&path).expect("the file can be read");
        #[expect(clippy::disallowed_methods, reason = "the test measures")]
        let begun = std::time::Instant::now();
        let Ok(feed) = Feed::read(&octets, &limits) else { continue };
        for object in &feed.objects {
            let Some(reach) = reach(object, &zone, &limits) else { continue };
            let window = Span::new(reach.start.plus(-86_400), reach.start.plus(2 * 366 * 86_400));
            if let Ok(found) = instances(object, &zone, window, &limits) {
                let outside = found
                    .iter()
                    .find(|instance| instance.span.start < reach.start || instance.span.end > reach.end);
                assert_eq!(outside, None, "{}: an instance outside {reach:?}", path.display());
            }
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{} took {:?}", path.display(), begun.elapsed());
    }
}
