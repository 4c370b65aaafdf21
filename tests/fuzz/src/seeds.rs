//! Where mutation begins: the corpus of calendars, what was written for a target, and what once broke it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use calendar::feed::Feed;
use calendar::limits::Limits;

use crate::Target;

/// Objects that are taken of one file of the corpus.
const OBJECTS_OF_A_FILE: usize = 4;

/// The calendars that are shared between projects.
fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus")
}

/// Where findings of `target` are kept.
pub fn findings(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("findings").join(target)
}

/// The seeds of `target`, in an order that is always the same, each once.
///
/// # Errors
/// If the corpus is not where it should be, or a file cannot be read.
pub fn of(target: &Target) -> Result<Vec<Vec<u8>>, String> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name);
    let mut found = files(&own)?;
    found.extend(files(&findings(target.name))?);
    let calendars = || {
        let folder = corpus();
        if !folder.is_dir() {
            return Err(format!("the corpus of calendars is not at {}", folder.display()));
        }
        let mut calendars = files(&folder)?;
        calendars.retain(|octets| octets.windows(6).any(|six| six.eq_ignore_ascii_case(b"BEGIN:")));
        Ok(calendars)
    };
    match target.name {
        "text" | "feed" => found.extend(calendars()?),
        "object" => found.extend(calendars()?.iter().flat_map(|octets| objects(octets))),
        "rule" => found.extend(calendars()?.iter().flat_map(|octets| rules(octets))),
        "zone" => found.extend(calendars()?.iter().flat_map(|octets| zones(octets))),
        "itip_mail" => {
            let itip = files(&corpus().join("itip"))?;
            found.extend(itip.iter().flat_map(|octets| objects(octets)).map(|octets| mail(&octets)));
        }
        _ => {}
    }
    let mut seen = BTreeSet::new();
    found.retain(|octets| octets.len() <= target.octets_max && seen.insert(octets.clone()));
    Ok(found)
}

/// The files in a folder and in those below it, in order of their names. A folder that is not there has none.
///
/// # Errors
/// If one cannot be read.
pub fn files(folder: &Path) -> Result<Vec<Vec<u8>>, String> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?);
        }
    }
    Ok(found)
}

/// The first objects of a feed, each alone.
fn objects(octets: &[u8]) -> Vec<Vec<u8>> {
    let feed = Feed::read(octets, &Limits::default());
    let objects = feed.map(|feed| feed.objects).unwrap_or_default();
    objects.iter().take(OBJECTS_OF_A_FILE).map(|object| object.octets().to_vec()).collect()
}

/// Each rule with the DTSTART before it, in two lines.
fn rules(octets: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(octets);
    let mut start = "19970902T090000";
    let mut found = Vec::new();
    for line in text.lines() {
        if line.starts_with("DTSTART") {
            start = line.rsplit(':').next().unwrap_or_default();
        } else if let Some(rule) = line.strip_prefix("RRULE:") {
            found.push(format!("{start}\n{rule}").into_bytes());
        }
    }
    found
}

/// Each VTIMEZONE in a calendar of its own.
fn zones(octets: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(octets).replace("\r\n", "\n").replace('\n', "\r\n");
    let end = "END:VTIMEZONE\r\n";
    let definitions = text.split("BEGIN:VTIMEZONE\r\n").skip(1).filter_map(|rest| rest.split_once(end));
    let calendars = definitions.map(|(inner, _)| {
        format!("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\n{inner}{end}END:VCALENDAR\r\n").into_bytes()
    });
    calendars.take(OBJECTS_OF_A_FILE).collect()
}

/// An object as an answer by mail.
fn mail(octets: &[u8]) -> Vec<u8> {
    let text =
        String::from_utf8_lossy(octets).replacen("VERSION:2.0\r\n", "VERSION:2.0\r\nMETHOD:REPLY\r\n", 1);
    let header = "From: bob@example.test\r\nContent-Type: text/calendar; method=REPLY; charset=utf-8\r\n\r\n";
    format!("{header}{text}").into_bytes()
}
