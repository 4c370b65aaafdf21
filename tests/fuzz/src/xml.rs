//! XML bodies: read, written, and given to whatever reads requests.

use std::sync::LazyLock;

use calendar::by_reference::Vtimezones;
use calendar::object::CalendarObject;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;
use dav::backend::PropertyChange;
use dav::calendar_data::{self, CalendarData, Source};
use dav::filter::{Filter, Subject, TimeRange};
use dav::path::Resource;
use dav::property::change::{self, Instruction, Moment};
use dav::property::response::{Asker, Wanted};
use dav::report::calendar_query::wanted;
use dav::xml::name::{XML, caldav, dav as webdav};
use dav::xml::read::{DEPTH_MAX, NODES_MAX};
use dav::xml::{Element, Node};

use crate::LIMITS;

/// Objects that filters are matched against.
static OBJECTS: LazyLock<Vec<CalendarObject>> = LazyLock::new(|| {
    let texts = [
        "BEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Berlin:20260701T090000\r\nDTEND;TZID=Europe/Berlin:20260701T100000\r\nRRULE:FREQ=WEEKLY;COUNT=9\r\nEXDATE;TZID=Europe/Berlin:20260708T090000\r\nSUMMARY:Tea\\, or not\r\nATTENDEE;PARTSTAT=ACCEPTED:mailto:a@x\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\nEND:VEVENT\r\n",
        "BEGIN:VTODO\r\nUID:2\r\nDUE:20260702T120000Z\r\nSTATUS:NEEDS-ACTION\r\nEND:VTODO\r\n",
        "BEGIN:VJOURNAL\r\nUID:3\r\nDTSTART;VALUE=DATE:20260703\r\nEND:VJOURNAL\r\n",
        "BEGIN:VFREEBUSY\r\nUID:4\r\nFREEBUSY:20260704T120000Z/PT1H,20260705T120000Z/20260705T130000Z\r\nEND:VFREEBUSY\r\n",
    ];
    let object = |text: &str| {
        let text = format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n{text}END:VCALENDAR\r\n");
        CalendarObject::read(text.into_bytes().into(), &LIMITS).ok()
    };
    texts.into_iter().filter_map(object).collect()
});

/// Reads a body; written standing alone it is the same; each of its elements is given to the readers of requests.
pub fn xml(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        path(text);
    }
    let Ok(root) = Element::read(data) else { return };
    let mut nodes = 0;
    measured(&root, 1, &mut nodes);
    assert!(nodes <= NODES_MAX, "{nodes} nodes");
    same_alone(&root);
    requests(&root);
    each(&root, &mut |element| values(element));
}

fn measured(element: &Element, depth: usize, nodes: &mut usize) {
    assert!(depth <= DEPTH_MAX, "{depth} deep");
    *nodes += 1;
    for child in &element.children {
        match child {
            Node::Element(child) => measured(child, depth + 1, nodes),
            Node::Text(text) => {
                assert!(!text.is_empty());
                *nodes += usize::from(!text.trim().is_empty());
            }
        }
    }
}

fn each<'a>(element: &'a Element, act: &mut impl FnMut(&'a Element)) {
    act(element);
    element.elements().for_each(|child| each(child, act));
}

/// Written so that it stands alone, it is read as the same, and written again the same text.
fn same_alone(element: &Element) {
    let alone = element.standing_alone();
    assert!(element.octets_min() <= alone.len(), "{} of {alone}", element.octets_min());
    let read = Element::read(alone.as_bytes());
    let Ok(read) = read else { panic!("what was written is not read: {read:?}\n{alone}") };
    same(element, &read, &alone);
    assert_eq!(read.standing_alone(), alone, "written again");
}

fn same(one: &Element, other: &Element, text: &str) {
    assert_eq!(one.name(), other.name(), "{text}");
    assert_eq!(one.language, other.language, "{text}");
    // A language that was in scope stands on the element itself afterwards; it was compared above.
    let attributes = |element: &Element| -> Vec<_> {
        let attributes =
            element.attributes.iter().filter(|each| !(&*each.namespace == XML && each.local == "lang"));
        attributes.map(|each| (each.namespace.to_string(), each.local.clone(), each.value.clone())).collect()
    };
    assert_eq!(attributes(one), attributes(other), "{text}");
    assert_eq!(one.children.len(), other.children.len(), "{text}");
    for pair in one.children.iter().zip(&other.children) {
        match pair {
            (Node::Element(one), Node::Element(other)) => same(one, other, text),
            (Node::Text(one), Node::Text(other)) => assert_eq!(one, other, "{text}"),
            _ => panic!("text and element are mixed up in {text}"),
        }
    }
}

/// What a whole body may ask for.
fn requests(root: &Element) {
    let _ = wanted(root);
    let _ = Wanted::named(root, Asker::Propfind).map(|wanted| wanted.needs());
    let _ = Wanted::all(Some(root)).map(|wanted| wanted.needs());
}

/// What an element may be, wherever it stands.
fn values(element: &Element) {
    if element.is(caldav("filter")) {
        filter(element);
    }
    if element.is(caldav("calendar-data")) {
        calendar_data(element);
    }
    if element.is(caldav("time-range")) {
        let _ = TimeRange::read(element).map(|range| assert!(!range.span().is_empty()));
    }
    if element.is(caldav("timezone")) || element.is(caldav("calendar-timezone")) {
        let _ = dav::timezone::of_icalendar(&element.text());
    }
    if element.is(webdav("href")) {
        path(&element.text());
    }
    if element.is(webdav("prop")) {
        for property in element.elements() {
            property_change(property);
        }
    }
}

fn property_change(property: &Element) {
    for moment in [Moment::Creation, Moment::Update] {
        let _ = change::of(property, Instruction::Remove, moment);
        if let Ok(PropertyChange::Dead(name, Some(xml))) = change::of(property, Instruction::Set, moment) {
            let Ok(read) = Element::read(xml.as_bytes()) else {
                panic!("a dead property is not read: {xml}")
            };
            assert_eq!(name, property.name().to_pair());
            same(property, &read, &xml);
        }
    }
}

/// What a filter lets narrow never loses what it matches.
fn filter(element: &Element) {
    let Ok(filter) = Filter::read(element) else { return };
    let narrowing = filter.narrowing();
    for object in OBJECTS.iter() {
        let subject = Subject { object, zone: Zone::utc(), limits: &LIMITS };
        let matches = filter.matches(subject);
        assert!(!matches || narrowing.kind.is_none_or(|kind| kind == object.kind()), "{filter:?}");
        if let (true, Some(window)) = (matches, narrowing.window) {
            let reach = calendar::recur::reach(object, Zone::utc(), &LIMITS).unwrap_or(Span::ALWAYS);
            assert!(reach.overlaps(window) || window.contains(reach.start), "{filter:?} {reach:?}");
        }
    }
}

/// Whatever is wanted of an object's text, it is iCalendar, and no longer than it must be.
fn calendar_data(element: &Element) {
    if CalendarData::read(element).is_err() {
        return;
    }
    for object in OBJECTS.iter() {
        let source = Source {
            octets: object.octets(),
            parsed: None,
            zone: Zone::utc(),
            vtimezones: Vtimezones::NotStandard,
            limits: LIMITS,
        };
        if let Ok((text, _)) = calendar_data::written(source, element) {
            let parsed = calendar::text::parse(text.as_bytes(), &LIMITS);
            assert!(parsed.is_ok_and(|parsed| parsed.complete), "{text}");
        }
    }
}

/// A path that names something is named by its canonical form.
fn path(text: &str) {
    let named = Resource::of_path(text).into_iter().chain(Resource::of_href(text, &Resource::Root));
    for resource in named {
        let href = resource.href();
        assert_eq!(Resource::of_path(&href).as_ref(), Some(&resource), "{href}");
        assert_eq!(Resource::of_href(&href, &Resource::Host).as_ref(), Some(&resource), "{href}");
        assert!(href.is_ascii());
    }
    let _ = dav::property::webdav::instant_of_http_date(text).map(|at| assert!(at >= Instant::MIN));
}
