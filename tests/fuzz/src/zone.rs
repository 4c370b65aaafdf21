//! A zone: what clocks show, and back; its rules written and read.

use calendar::text::parse;
use calendar::time::Instant;
use calendar::zone::Zone;

use crate::{Chance, LIMITS};

/// Readings tried in each stretch of time.
const SAMPLES: usize = 12;
/// Changes followed in each stretch of time.
const CHANGES_MAX: usize = 40;

/// The first VTIMEZONE of a text, or the text as the name of a zone.
pub fn zone(data: &[u8]) {
    let parsed = parse(data, &LIMITS);
    let defined = parsed.as_ref().ok().and_then(|parsed| {
        parsed.calendars.iter().flat_map(|calendar| calendar.components_named("VTIMEZONE")).next()
    });
    let zone = match defined {
        Some(vtimezone) => Zone::of_vtimezone(vtimezone),
        None => std::str::from_utf8(data).ok().and_then(Zone::named),
    };
    let Some(zone) = zone else { return };
    let mut chance = Chance::of(data);
    let stretches =
        [(0, 4_102_444_800), (-2_208_988_800, 0), (Instant::MIN.as_unix(), Instant::MAX.as_unix())];
    for (from, to) in stretches {
        for _ in 0..SAMPLES {
            laws(&zone, Instant::from_unix(chance.between(from, to)));
        }
    }
    laws(&zone, Instant::MIN);
    laws(&zone, Instant::MAX);
    changes(&zone, Instant::from_unix(chance.between(0, 2_000_000_000)));
    let from = Instant::from_unix(chance.between(86_400 * 400, 2_000_000_000));
    let to = from.plus(chance.between(0, 30 * 366 * 86_400));
    written(&zone, from, to);
}

/// What clocks show comes back, and a reading has its instants in order.
fn laws(zone: &Zone, instant: Instant) {
    let near_an_end = instant.since(Instant::MIN) < 200_000 || Instant::MAX.since(instant) < 200_000;
    let offset = zone.offset_at(instant);
    assert!(offset.abs() < 26 * 3600, "{offset}");
    if near_an_end {
        return;
    }
    let local = zone.local_of(instant);
    assert_eq!(Instant::from_utc(local), instant.plus(i64::from(offset)));
    let all = zone.instants_of(local);
    assert!(all.contains(&instant), "{instant} shows {local}, which is at {all:?}");
    assert!(all.is_sorted_by(|earlier, later| earlier < later), "{all:?}");
    assert!(all.iter().all(|at| zone.local_of(*at) == local), "{all:?} show {local}");
    assert_eq!(Some(&zone.instant_of(local)), all.first(), "of several the first is meant");
    if let Some(next) = zone.next_transition(instant) {
        assert!(next > instant);
        assert_eq!(zone.offset_at(next.plus(-1)), offset, "nothing changes before {next}");
        assert_ne!(zone.offset_at(next), offset, "something changes at {next}");
    }
}

/// Around each change: gaps have no instant, and are read with the offset before.
fn changes(zone: &Zone, from: Instant) {
    let mut at = from;
    for _ in 0..CHANGES_MAX {
        let Some(next) = zone.next_transition(at) else { return };
        if Instant::MAX.since(next) < 400_000 {
            return;
        }
        for offset in [-1, 0, 1, 1800, -1800] {
            laws(zone, next.plus(offset));
        }
        let before = i64::from(zone.offset_at(next.plus(-1)));
        let after = i64::from(zone.offset_at(next));
        let skipped = next.plus(before).plus((after - before) / 2).to_utc();
        if after - before > 1 && zone.instants_of(skipped).is_empty() {
            let as_before = Instant::from_utc(skipped).plus(-before);
            assert_eq!(zone.instant_of(skipped), as_before, "{skipped} is shown by no clock");
        }
        at = next;
    }
}

/// A definition that was written for a stretch of time means the same in it.
fn written(zone: &Zone, from: Instant, to: Instant) {
    let text = zone.to_vtimezone(from, to);
    let calendar = format!("BEGIN:VCALENDAR\r\n{text}END:VCALENDAR\r\n");
    let limits = calendar::limits::Limits { feed_octets_max: 4 * 1024 * 1024, ..LIMITS };
    let parsed = parse(calendar.as_bytes(), &limits);
    let Ok(parsed) = parsed else { panic!("a definition is not read: {parsed:?}\n{text}") };
    assert_eq!(parsed.warnings, [], "{text}");
    let read = parsed
        .calendars
        .first()
        .and_then(|calendar| calendar.components.first())
        .and_then(Zone::of_vtimezone);
    let Some(read) = read else { panic!("there is no zone in\n{text}") };
    let mut at = from;
    for _ in 0..CHANGES_MAX {
        assert_eq!(read.offset_at(at), zone.offset_at(at), "at {at} in {from} to {to}\n{text}");
        match zone.next_transition(at).filter(|next| *next <= to) {
            Some(next) => {
                let before = next.plus(-1).max(from);
                assert_eq!(
                    read.offset_at(before),
                    zone.offset_at(before),
                    "before {next} in {from} to {to}\n{text}"
                );
                at = next;
            }
            None => break,
        }
    }
    if zone.next_transition(at).is_none_or(|next| next > to) {
        assert_eq!(read.offset_at(to), zone.offset_at(to), "at the end, {to}\n{text}");
    }
}
