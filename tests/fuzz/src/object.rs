//! An object: read, changed in place, expanded, and what of it is busy.

use std::sync::Arc;

use calendar::address::Address;
use calendar::busy::reply::vfreebusy;
use calendar::busy::{BusyPeriod, BusyReading, BusySet, of_object};
use calendar::by_reference::Vtimezones;
use calendar::component::Component;
use calendar::object::{CalendarObject, Kind};
use calendar::recur::{instances, reach};
use calendar::text::{escape, serialise};
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

use crate::tree::{is_writable, property_without_place};
use crate::{Chance, LIMITS};

/// Zones that are apart, shift, and have odd histories.
const ZONES: [&str; 5] = ["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia", "Australia/Lord_Howe"];

/// Reads one object and asks it everything.
pub fn object(data: &[u8]) {
    let Ok(object) = CalendarObject::read(Arc::from(data), &LIMITS) else { return };
    assert_eq!(&**object.octets(), data, "the octets are kept");
    described(&object);
    by_reference(&object);
    let mut chance = Chance::of(data);
    edited(&object, &mut chance);
    let zone = chance.one_of(&ZONES).and_then(|name| Zone::iana(name));
    let zone = zone.unwrap_or_else(|| Zone::utc().clone());
    for _ in 0..3 {
        let window = window(&object, &zone, &mut chance);
        expanded(&object, &zone, window);
        busy(&object, &zone, window);
    }
    rewritten(&object, &zone, window(&object, &zone, &mut chance));
}

fn described(object: &CalendarObject) {
    assert!(!object.uid().trim().is_empty());
    assert!(object.components().count() > 0);
    for component in object.components() {
        assert_eq!(component.text("UID").as_deref(), Some(object.uid()));
        assert_eq!(Kind::of_component(&component.name), Some(object.kind()));
        for property in &component.properties {
            assert!(object.source().get(property.octets.clone()).is_some());
            if let Some(value) = object.date_or_time(property) {
                assert!(value.to_instant(Zone::utc()) <= Instant::MAX);
            }
        }
    }
    assert!(object.master().is_none_or(|master| master.property("RECURRENCE-ID").is_none()));
    for warning in object.warnings() {
        assert!(!warning.to_string().is_empty());
    }
}

/// With the rules of its zones or without it is the same object, and done twice it is done once.
fn by_reference(object: &CalendarObject) {
    for which in [Vtimezones::Every, Vtimezones::NotStandard] {
        let given = which.text(object.octets(), &LIMITS);
        let read = CalendarObject::read(Arc::from(&*given), &roomy());
        let Ok(read) = read else {
            panic!("{which:?}: the object is not read: {read:?}\n{}", String::from_utf8_lossy(&given))
        };
        assert_eq!((read.uid(), read.kind()), (object.uid(), object.kind()));
        assert_eq!(read.components().count(), object.components().count());
        for (after, before) in read.components().zip(object.components()) {
            let lines = |component: &Component| -> Vec<_> {
                component.properties.iter().map(property_without_place).collect()
            };
            assert_eq!(lines(after), lines(before), "{which:?}");
        }
        assert_eq!(which.text(&given, &roomy()), given, "{which:?}");
    }
}

/// What is put in is there, nothing else changes, and taken out again it is as before.
fn edited(object: &CalendarObject, chance: &mut Chance) {
    let value = format!("fuzz {};a\r\nEND:VEVENT", chance.draw());
    let with = object.with_property("X-KALENDS-FUZZ", &value);
    let read = CalendarObject::read(Arc::clone(&with), &roomy());
    let Ok(read) = read else {
        panic!("an edited object is not read: {read:?}\n{}", String::from_utf8_lossy(&with))
    };
    assert_eq!((read.uid(), read.kind()), (object.uid(), object.kind()));
    assert_eq!(read.components().count(), object.components().count());
    for (after, before) in read.components().zip(object.components()) {
        let put_in = after.property("X-KALENDS-FUZZ").map(|property| property.value.as_str());
        assert_eq!(put_in, Some(value.replace("\r\n", "").as_str()));
        let others = |component: &calendar::component::Component| -> Vec<_> {
            let others = component.properties.iter().filter(|property| property.name != "X-KALENDS-FUZZ");
            others.map(property_without_place).collect()
        };
        assert_eq!(others(after), others(before));
    }
    if object.components().all(|component| component.property("X-KALENDS-FUZZ").is_none()) {
        assert_eq!(&*read.without_property("X-KALENDS-FUZZ"), object.source(), "put in and taken out");
    }
    let renamed = object.with_property("UID", &escape("other@fuzz"));
    let renamed = CalendarObject::read(renamed, &roomy());
    assert_eq!(renamed.as_ref().map(CalendarObject::uid), Ok("other@fuzz"));
}

/// The bounds for what was made of something read under the usual ones.
fn roomy() -> calendar::limits::Limits {
    let octets = LIMITS.object_octets_max * 8;
    calendar::limits::Limits { object_octets_max: octets, feed_octets_max: octets, ..LIMITS }
}

/// A window near where the object takes place, or anywhere.
fn window(object: &CalendarObject, zone: &Zone, chance: &mut Chance) -> Span {
    let own = reach(object, zone, &LIMITS).map_or(0, |reach| reach.start.as_unix());
    let near = chance.between(-40, 40) * 86_400 + chance.between(0, 86_400);
    let start = match chance.below(8) {
        0 => chance.between(Instant::MIN.as_unix(), Instant::MAX.as_unix()),
        1 => chance.between(0, 4_102_444_800),
        _ => own.saturating_add(near),
    };
    let length = match chance.below(6) {
        0 => 0,
        1 => 3600,
        2 => 400 * 86_400,
        _ => chance.between(1, 60 * 86_400),
    };
    let start = Instant::from_unix(start);
    Span::new(start, start.plus(length))
}

fn middle(window: Span) -> Instant {
    window.start.plus(window.seconds() / 3)
}

fn shares(span: Span, window: Span) -> bool {
    if span.is_empty() { window.contains(span.start) } else { span.overlaps(window) }
}

/// Instances are sorted, in the window, within reach, and the same however the window is cut.
fn expanded(object: &CalendarObject, zone: &Zone, window: Span) {
    let Ok(found) = instances(object, zone, window, &LIMITS) else { return };
    assert!(found.len() <= LIMITS.instances_max);
    assert!(found.is_sorted_by_key(|instance| instance.span.start), "by start");
    let reach = reach(object, zone, &LIMITS);
    let count = object.components().count();
    for instance in &found {
        assert!(instance.component < count);
        assert!(shares(instance.span, window), "{:?} outside {window:?}", instance.span);
        assert_eq!(instance.start.to_instant(zone), instance.span.start);
        let Some(reach) = reach else { panic!("{:?} of an object without reach", instance.span) };
        assert!(
            reach.start <= instance.span.start && instance.span.end <= reach.end,
            "{:?} {reach:?}",
            instance.span
        );
    }
    let at = middle(window);
    for part in [Span::new(window.start, at), Span::new(at, window.end)] {
        let Ok(of_part) = instances(object, zone, part, &LIMITS) else { continue };
        let expected: Vec<_> = found.iter().filter(|instance| shares(instance.span, part)).collect();
        assert_eq!(of_part.iter().collect::<Vec<_>>(), expected, "in {part:?} of {window:?}");
    }
}

/// Busy time lies within reach, is the same however the window is cut, and comes back out of a VFREEBUSY.
fn busy(object: &CalendarObject, zone: &Zone, window: Span) {
    let owner = [Address::parse("mailto:owner@example.org")];
    let reading = BusyReading { zone, owner: &owner, limits: &LIMITS };
    let Ok(periods) = of_object(object, &reading, window) else { return };
    let reach = reach(object, zone, &LIMITS);
    for BusyPeriod { span, .. } in &periods {
        assert!(span.overlaps(window), "{span:?} outside {window:?}");
        let Some(reach) = reach else { panic!("{span:?} of an object without reach") };
        assert!(reach.start <= span.start && span.end <= reach.end, "{span:?} beyond {reach:?}");
    }
    let set: BusySet = periods.into_iter().collect();
    let set = set.clipped(window);
    assert!(set.periods().windows(2).all(|pair| pair[0].span.end <= pair[1].span.start), "disjoint");
    let at = middle(window);
    let (before, after) = (Span::new(window.start, at), Span::new(at, window.end));
    if let (Ok(first), Ok(second)) = (of_object(object, &reading, before), of_object(object, &reading, after))
    {
        let of = |periods: Vec<BusyPeriod>, part| periods.into_iter().collect::<BusySet>().clipped(part);
        assert_eq!(of(first, before).union(&of(second, after)), set, "cut at {at}");
    }
    let text = vfreebusy(&set, window, Instant::from_unix(0), "fuzz");
    let reply = CalendarObject::read(Arc::from(text.into_bytes()), &roomy());
    let Ok(reply) = reply else { panic!("a reply is not read: {reply:?}") };
    let told = of_object(&reply, &reading, window);
    assert_eq!(told.map(|told| told.into_iter().collect::<BusySet>()), Ok(set));
}

/// The strict text says the same.
fn rewritten(object: &CalendarObject, zone: &Zone, window: Span) {
    if !is_writable(object.calendar()) {
        return;
    }
    let strict = serialise(object.calendar());
    let read = CalendarObject::read(Arc::from(strict.as_bytes()), &roomy());
    let Ok(read) = read else { panic!("a rewritten object is not read: {read:?}\n{strict}") };
    assert_eq!((read.uid(), read.kind()), (object.uid(), object.kind()));
    assert_eq!(instances(&read, zone, window, &LIMITS), instances(object, zone, window, &LIMITS));
    assert_eq!(reach(&read, zone, &LIMITS), reach(object, zone, &LIMITS));
}
