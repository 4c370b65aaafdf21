//! jCal over the calendar corpus: every object means the same after the way there and back.

#![allow(clippy::expect_used, reason = "the helpers of a test may fail it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use calendar::component::Component;
use calendar::jcal;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::text::serialise;

fn files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in
        fs::read_dir(folder).expect("the corpus is expected beside the repository, at ../shared/corpus")
    {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "ics") {
            into.push(path);
        }
    }
}

fn starts(object: &CalendarObject) -> Vec<String> {
    let start = |part: &Component| {
        let property = part.property("DTSTART")?;
        Some(format!("{:?}", object.date_or_time(property)))
    };
    object.components().filter_map(start).collect()
}

#[test]
fn the_corpus_comes_back() {
    let mut all = Vec::new();
    files(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/corpus")), &mut all);
    let limits = Limits::default();
    let mut compared = 0;
    for file in all {
        let octets = fs::read(&file).expect("a file of the corpus");
        if octets.len() > 1024 * 1024 {
            continue;
        }
        let Ok(object) = CalendarObject::read(Arc::from(octets), &limits) else { continue };
        let json = jcal::write(object.calendar());
        let back = jcal::read(json.as_bytes()).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        assert_eq!(jcal::write(&back), json, "{}", file.display());
        let again = CalendarObject::read(Arc::from(serialise(&back).into_bytes()), &limits)
            .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        if object.calendar().components.iter().any(|part| part.property("UID").is_some()) {
            assert_eq!(again.uid(), object.uid(), "{}", file.display());
        }
        assert_eq!(again.kind(), object.kind(), "{}", file.display());
        assert_eq!(starts(&again), starts(&object), "{}", file.display());
        compared += 1;
    }
    assert!(compared > 50, "only {compared} objects were compared");
}
