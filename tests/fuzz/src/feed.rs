//! A feed: split into objects, and the same however it is cut and put together again.

use std::collections::HashSet;

use calendar::feed::Feed;
use calendar::limits::Limits;
use calendar::object::CalendarObject;

use crate::tree::without_places;
use crate::{Chance, LIMITS};

/// Places at which a feed is cut.
const CUTS: usize = 6;

/// Reads a feed.
pub fn feed(data: &[u8]) {
    let mut chance = Chance::of(data);
    let Ok(feed) = Feed::read(data, &LIMITS) else { return };
    let mut scanned = Vec::new();
    let scan = Feed::scan(data, &LIMITS, |object| scanned.push(object));
    assert_eq!(scan.map(|scan| (scan.name, scan.warnings)), Ok((feed.name.clone(), feed.warnings.clone())));
    assert_eq!(texts(&scanned), texts(&feed.objects), "one by one they are the same");
    let mut uids = HashSet::new();
    for object in &feed.objects {
        assert!(uids.insert(object.uid()), "{} is there twice", object.uid());
        alone(object);
    }
    together(&feed.objects, &mut chance);
    cut(data, &mut chance);
}

fn texts(objects: &[CalendarObject]) -> Vec<String> {
    objects.iter().map(|object| String::from_utf8_lossy(object.octets()).into_owned()).collect()
}

/// Bounds for texts that were put together here: zones are copied into each object.
fn roomy() -> Limits {
    let octets = LIMITS.feed_octets_max * 64;
    Limits { feed_octets_max: octets, object_octets_max: octets, feed_components_max: 100_000, ..LIMITS }
}

fn read(text: &str) -> Feed {
    match Feed::read(text.as_bytes(), &roomy()) {
        Ok(feed) => feed,
        Err(error) => panic!("our own feed is not read: {error}\n{text}"),
    }
}

/// An object of a feed is a feed of one object, and says the same.
fn alone(object: &CalendarObject) {
    let text = String::from_utf8_lossy(object.octets());
    let feed = read(&text);
    assert_eq!(feed.objects.len(), 1, "{text}");
    assert_eq!((feed.objects[0].uid(), feed.objects[0].kind()), (object.uid(), object.kind()));
    let components = |object: &CalendarObject| object.components().map(without_places).collect::<Vec<_>>();
    assert_eq!(components(&feed.objects[0]), components(object), "{text}");
}

/// The feed of the pieces is the feed; so is that of the first pieces and that of the others.
fn together(objects: &[CalendarObject], chance: &mut Chance) {
    let expected = texts(objects);
    let of = |pieces: &[String]| {
        if pieces.is_empty() { Vec::new() } else { texts(&read(&pieces.concat()).objects) }
    };
    let at = chance.below(expected.len() + 1);
    let whole = of(&expected);
    assert_eq!(whole.len(), expected.len());
    let mut parts = of(&expected[..at]);
    parts.extend(of(&expected[at..]));
    assert_eq!(parts, whole, "cut behind object {at}");
}

/// A text that was cut short anywhere inside its only calendar is no feed: nothing is lost in silence.
fn cut(data: &[u8], chance: &mut Chance) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let upper = text.to_ascii_uppercase();
    // Only where BEGIN and END stand there once, as lines that nothing could join to others, is it plain what must be.
    let once = |line: &str| upper.matches(line).count() == 1 && upper.matches("VCALENDAR").count() == 2;
    let (Some(begin), Some(end)) = (upper.find("BEGIN:VCALENDAR"), upper.find("\nEND:VCALENDAR\r\n")) else {
        return;
    };
    if begin != 0 || !once("BEGIN:VCALENDAR\r\n") || !once("\nEND:VCALENDAR\r\n") {
        return;
    }
    for _ in 0..CUTS {
        let at = chance.below(end + 1);
        let Some(head) = text.get(..at) else { continue };
        assert!(Feed::read(head.as_bytes(), &LIMITS).is_err(), "cut at {at} it is still a feed");
    }
}
