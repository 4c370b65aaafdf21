//! VAVAILABILITY: the examples of RFC 7953, what it leaves open, and a calculation minute by minute.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fmt::Write;
use std::fs;

use calendar::busy::availability::AVAILABLE_MAX;
use calendar::busy::{BusyPeriod, BusyReading, BusySet, BusyType, Hours, hours, of_object};
use calendar::civil;
use calendar::feed::Feed;
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::recur::ExpansionError;
use calendar::time::{DateOrTime, Instant, Span};
use calendar::zone::Zone;
use proptest::prelude::*;

fn utc(text: &str) -> Instant {
    DateOrTime::parse(text).unwrap().to_instant(Zone::utc())
}

fn span(start: &str, end: &str) -> Span {
    Span::new(utc(start), utc(end))
}

fn read(components: &str) -> Vec<CalendarObject> {
    let text = format!("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\n{components}END:VCALENDAR\n");
    Feed::read(text.replace('\n', "\r\n").as_bytes(), &Limits::default()).unwrap().objects
}

fn availability(uid: &str, lines: &str) -> String {
    format!("BEGIN:VAVAILABILITY\nUID:{uid}\nDTSTAMP:20260101T000000Z\n{lines}END:VAVAILABILITY\n")
}

fn available(lines: &str) -> String {
    format!("BEGIN:AVAILABLE\nUID:a\nDTSTAMP:20260101T000000Z\n{lines}END:AVAILABLE\n")
}

fn hours_in(objects: &[CalendarObject], zone: &Zone, window: Span) -> Hours {
    let limits = Limits::default();
    let reading = BusyReading { zone, owner: &[], limits: &limits };
    let hours = hours(objects, &reading, window).unwrap();
    let mut edge = window.start;
    for available in &hours.available {
        assert!(edge <= available.start && !available.is_empty() && available.end <= window.end);
        edge = available.end;
    }
    assert_eq!(hours.busy.clipped(window), hours.busy);
    hours
}

fn in_utc(components: &str, window: Span) -> Hours {
    hours_in(&read(components), Zone::utc(), window)
}

fn corpus(file: &str) -> String {
    let path = format!("{}/../../shared/corpus/other/{file}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path)
        .unwrap_or_else(|_| panic!("the corpus is expected beside the repository: {path}"))
}

/// What stands in RFC 7953 §3.1: always Monday to Friday, nine to five in Montreal.
#[test]
fn the_first_example_of_the_rfc() {
    let lines = "DTSTART;TZID=America/Montreal:20111002T090000\nDTEND;TZID=America/Montreal:20111002T170000\n\
                 RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\n";
    // One week, Sunday to Sunday: DTSTART itself, a Sunday, is an instance.
    let found = in_utc(&availability("u", &available(lines)), span("20111009T040000Z", "20111016T040000Z"));
    let days = ["10", "11", "12", "13", "14"]
        .map(|day| span(&format!("201110{day}T130000Z"), &format!("201110{day}T210000Z")));
    assert_eq!(found.available, days);
    assert_eq!(found.busy.periods().len(), 6);
    assert!(found.busy.periods().iter().all(|period| period.kind == BusyType::Unavailable));
    let rest: i64 = found.busy.periods().iter().map(|period| period.span.seconds()).sum();
    assert_eq!(rest, 7 * 86_400 - 5 * 8 * 3600);
    // Before DTSTART of its hours it is unavailable, since it has no bounds.
    let before = in_utc(&availability("u", &available(lines)), span("20100101T000000Z", "20100201T000000Z"));
    assert_eq!((before.available.len(), before.busy.periods().len()), (0, 1));
}

/// The second: bounded, four days at one office and Friday mornings at another.
#[test]
fn the_second_example_of_the_rfc() {
    let text = corpus("09-rfc-7953-2.ics");
    let objects = read(&text.replace("\r\n", "\n"));
    let montreal = Zone::named("America/Montreal").unwrap();
    let found = hours_in(&objects, &montreal, span("20110901T000000Z", "20120101T000000Z"));
    assert_eq!(found.busy.periods().first().unwrap().span.start, utc("20111002T040000Z"));
    assert_eq!(found.busy.periods().last().unwrap().span.end, utc("20111202T050000Z"));
    let on = |day: &str| {
        let day = Span::new(utc(&format!("{day}T040000Z")), utc(&format!("{day}T040000Z")).plus(86_400));
        found.available.iter().filter_map(|each| each.intersection(day)).map(Span::seconds).sum::<i64>()
            / 3600
    };
    // Monday, Thursday, Friday, Saturday; the Friday series begins on a Thursday, as the RFC has it.
    assert_eq!(["20111010", "20111013", "20111014", "20111015"].map(on), [8, 8, 0, 0]);
    let limits = Limits::default();
    let reading = BusyReading { zone: Zone::utc(), owner: &[], limits: &limits };
    let week = span("20111010T000000Z", "20111017T000000Z");
    let periods = of_object(&objects[0], &reading, week).unwrap();
    assert_eq!(periods, hours(&objects, &reading, week).unwrap().busy.periods());
}

/// The third: three that follow one another, in Montreal, in Denver, and in Montreal again without end.
#[test]
fn the_third_example_of_the_rfc() {
    let feed = Feed::read(corpus("10-rfc-7953-3.ics").as_bytes(), &Limits::default()).unwrap();
    assert_eq!(feed.objects.len(), 3);
    let found = hours_in(&feed.objects, Zone::utc(), span("20111017T000000Z", "20111113T050000Z"));
    let starts: Vec<String> = found.available.iter().map(|each| each.start.to_ical()).collect();
    let expected = |days: std::ops::RangeInclusive<i64>, hour: &str, from: &str| -> Vec<String> {
        days.map(|day| utc(from).plus(day * 86_400).to_ical().replace("T000000Z", hour)).collect()
    };
    let mut all = expected(0..=4, "T130000Z", "20111017T000000Z");
    // Sunday the 23rd and Sunday the 30th are the DTSTARTs, which count.
    all.extend(expected(0..=5, "T150000Z", "20111023T000000Z"));
    all.extend(expected(0..=5, "T130000Z", "20111030T000000Z"));
    all.extend(expected(0..=4, "T140000Z", "20111107T000000Z"));
    assert_eq!(starts, all);
    assert!(found.available.iter().all(|each| each.seconds() == 8 * 3600));
    // From Sunday 23rd 03:00 in Montreal to midnight in Denver (06:00Z is 02:00 there) nothing is unsaid but that hour.
    let unsaid = 27 * 86_400 + 5 * 3600
        - found.available.iter().map(|each| each.seconds()).sum::<i64>()
        - found.busy.periods().iter().map(|period| period.span.seconds()).sum::<i64>();
    assert_eq!(unsaid, 3600);
}

#[test]
fn the_higher_priority_covers() {
    let day = span("20260701T000000Z", "20260702T000000Z");
    let usual =
        availability("1", &available("DTSTART:20260601T090000Z\nDTEND:20260601T170000Z\nRRULE:FREQ=DAILY\n"));
    let travel = |priority: &str, busy: &str| {
        availability(
            "2",
            &format!(
                "DTSTART:20260701T120000Z\nDURATION:PT3H\n{priority}{busy}{}",
                available("DTSTART:20260701T140000Z\nDURATION:PT2H\n")
            ),
        )
    };
    let found = |priority: &str, busy: &str| in_utc(&format!("{usual}{}", travel(priority, busy)), day);
    let (morning, whole) =
        (span("20260701T090000Z", "20260701T120000Z"), span("20260701T090000Z", "20260701T170000Z"));
    let afternoon = span("20260701T140000Z", "20260701T170000Z");
    // 14 to 15 is available by the higher, 15 to 17 by the lower again, behind its end.
    for priority in ["PRIORITY:1\n", "PRIORITY:9\n", "PRIORITY: 5 \n"] {
        assert_eq!(found(priority, "").available, [morning, afternoon], "{priority}");
    }
    // Of one priority, what either names is available.
    for priority in ["", "PRIORITY:0\n", "PRIORITY:10\n", "PRIORITY:high\n"] {
        assert_eq!(found(priority, "").available, [whole], "{priority}");
    }
    let kind_at_noon = |busy: &str| {
        let found = found("PRIORITY:1\n", busy);
        found.busy.overlapping(span("20260701T123000Z", "20260701T124000Z")).first().map(|period| period.kind)
    };
    assert_eq!(kind_at_noon("BUSYTYPE:BUSY\n"), Some(BusyType::Busy));
    assert_eq!(kind_at_noon("BUSYTYPE:busy-tentative\n"), Some(BusyType::Tentative));
    for busy in ["", "BUSYTYPE:BUSY-UNAVAILABLE\n", "BUSYTYPE:X-ELSEWHERE\n"] {
        assert_eq!(kind_at_noon(busy), Some(BusyType::Unavailable), "{busy}");
    }
    // Of one priority the stronger type, in whatever order they stand.
    let one = availability("1", "BUSYTYPE:BUSY-TENTATIVE\nPRIORITY:3\n");
    let other = availability("2", "DTEND:20260701T120000Z\nBUSYTYPE:BUSY\nPRIORITY:3\n");
    let found = in_utc(&format!("{one}{other}"), day);
    assert_eq!(found, in_utc(&format!("{other}{one}"), day));
    let kinds: Vec<BusyType> = found.busy.periods().iter().map(|period| period.kind).collect();
    assert_eq!(kinds, [BusyType::Busy, BusyType::Tentative]);
}

#[test]
fn bounds_zones_and_overrides() {
    let week = span("20260622T000000Z", "20260720T000000Z");
    let berlin = Zone::named("Europe/Berlin").unwrap();
    // Floating times are read in the calendar's zone; outside its bounds nothing is said.
    let lines = "DTSTART:20260701T000000\nDURATION:P2D\n".to_owned()
        + &available("DTSTART:20260701T090000\nDTEND:20260701T100000\nRRULE:FREQ=DAILY;COUNT=3\n");
    let found = hours_in(&read(&availability("u", &lines)), &berlin, week);
    let at = |day: u8| span(&format!("202607{day:02}T070000Z"), &format!("202607{day:02}T080000Z"));
    assert_eq!(found.available, [at(1), at(2)]);
    assert_eq!(found.busy.periods()[0].span, span("20260630T220000Z", "20260701T070000Z"));
    assert_eq!(found.busy.periods()[2].span.end, utc("20260702T220000Z"));
    // A zone of its own, defined by the object alone.
    let own = "BEGIN:VTIMEZONE\nTZID:Ours\nBEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:-0300\nTZOFFSETTO:-0300\n\
               END:STANDARD\nEND:VTIMEZONE\n";
    let lines = available("DTSTART;TZID=Ours:20260701T090000\nDTEND;TZID=Ours:20260701T100000\n");
    let found = in_utc(&format!("{own}{}", availability("u", &lines)), week);
    assert_eq!(found.available, [span("20260701T120000Z", "20260701T130000Z")]);
    // One moved, one left out, one added, one ranging over what follows.
    let lines = available(
        "DTSTART:20260701T070000Z\nDTEND:20260701T080000Z\nRRULE:FREQ=DAILY;COUNT=6\nEXDATE:20260703T070000Z\n\
         RDATE:20260710T070000Z\n",
    ) + &available(
        "RECURRENCE-ID:20260702T070000Z\nDTSTART:20260711T070000Z\nDTEND:20260711T080000Z\n",
    ) + &available(
        "RECURRENCE-ID;RANGE=THISANDFUTURE:20260705T070000Z\nDTSTART:20260705T090000Z\nDTEND:20260705T100000Z\n",
    );
    let found = in_utc(&availability("u", &lines), week);
    let later = |day: u8| span(&format!("202607{day:02}T090000Z"), &format!("202607{day:02}T100000Z"));
    assert_eq!(found.available, [at(1), at(4), later(5), later(6), later(10), at(11)]);
    // Ends before it starts: it speaks of no time.
    let inverted = availability("u", "DTSTART:20260710T000000Z\nDTEND:20260701T000000Z\n");
    assert_eq!(in_utc(&inverted, week), Hours::default());
    // An end alone; a duration alone means nothing.
    let ended = in_utc(&availability("u", "DTEND:20260701T000000Z\n"), week);
    assert_eq!(ended.busy.periods()[0].span, span("20260622T000000Z", "20260701T000000Z"));
    assert_eq!(in_utc(&availability("u", "DURATION:P1D\n"), week).busy.periods()[0].span, week);
    // Dates, which are not allowed there, are days.
    let dates = availability(
        "u",
        &format!(
            "DTSTART;VALUE=DATE:20260701\nDTEND;VALUE=DATE:20260703\n{}",
            available("DTSTART;VALUE=DATE:20260702\n")
        ),
    );
    let found = hours_in(&read(&dates), &berlin, week);
    assert_eq!(found.available, [span("20260701T220000Z", "20260702T220000Z")]);
    assert_eq!(found.busy.periods().len(), 1);
    // Several of one UID, or of none, are all there.
    let lines = available("DTSTART:20260701T070000Z\nDURATION:PT1H\n")
        + &available("DTSTART:20260702T070000Z\nDURATION:PT1H\n");
    for lines in [lines.clone(), lines.replace("UID:a\n", "")] {
        assert_eq!(in_utc(&availability("u", &lines), week).available, [at(1), at(2)]);
    }
}

#[test]
fn limits_have_names_and_what_is_missing_is_told() {
    let year = span("20260101T000000Z", "20270101T000000Z");
    let limits = Limits { instances_max: 500, ..Limits::default() };
    let reading = BusyReading { zone: Zone::utc(), owner: &[], limits: &limits };
    let daily = available("DTSTART:20250101T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\n");
    let refused = |components: &str, limits: &BusyReading<'_>| {
        let ExpansionError::TooMany { limit, unit, .. } = hours(&read(components), limits, year).unwrap_err();
        (limit, unit)
    };
    assert!(hours(&read(&availability("u", &daily)), &reading, year).is_ok());
    assert_eq!(refused(&availability("u", &daily.repeat(2)), &reading), (500, "instances"));
    let bomb = available("DTSTART:20250101T090000Z\nDURATION:PT1S\nRRULE:FREQ=SECONDLY\n");
    assert_eq!(refused(&availability("u", &bomb), &reading).0, 500);
    let one = available("DTSTART:20260101T090000Z\nDURATION:PT1H\n");
    let many = availability("u", &one.repeat(AVAILABLE_MAX + 1));
    assert_eq!(refused(&many, &reading), (AVAILABLE_MAX, "components"));
    let over = available("RECURRENCE-ID:20260101T090000Z\nDTSTART:20260101T090000Z\nDURATION:PT1H\n");
    assert_eq!(refused(&availability("u", &(one.repeat(200) + &over.repeat(200))), &reading).1, "components");
    // Of no concern for the window, they cost nothing.
    assert!(
        hours(&read(&many.replacen("DTSTAMP", "DTEND:20250101T000000Z\nDTSTAMP", 1)), &reading, year).is_ok()
    );

    let warned = |lines: &str| {
        let object = read(&availability("u", lines)).remove(0);
        assert_eq!(object.kind(), Kind::Availability);
        object
            .warnings()
            .iter()
            .map(|each| format!("{} {}", each.kind.name(), each.detail))
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(warned(&daily), "");
    assert_eq!(warned(&daily.replace("UID:a\n", "")), "missing-property UID");
    assert_eq!(warned(&daily.replace("DTSTAMP:20260101T000000Z\n", "")), "missing-property DTSTAMP");
    assert_eq!(
        warned(&daily.replace("DTSTART:2025", "DTSTART:MM")),
        "unreadable-time DTSTART:MM0101T090000Z, no-start "
    );
    assert_eq!(warned(&daily.replace("FREQ=DAILY", "FREQ=X")), "unreadable-rule FREQ=X");
}

/// One AVAILABLE of the calculation: local minutes from the first day's midnight.
#[derive(Clone, Debug)]
struct Offer {
    start: i64,
    length: i64,
    /// Days, and days between them.
    count: i64,
    step: i64,
    excluded: Option<i64>,
    /// Which instance is moved, and by how many minutes.
    moved: Option<(i64, i64)>,
    added: Option<i64>,
}

#[derive(Clone, Debug)]
struct Layer {
    bounds: (Option<i64>, Option<i64>),
    priority: u8,
    kind: Option<BusyType>,
    offers: Vec<Offer>,
}

const DAYS: i64 = 4;

fn offer() -> impl Strategy<Value = Offer> {
    let optional = |range| prop::option::weighted(0.3, range);
    (
        -1440_i64..DAYS * 1440,
        1_i64..900,
        1_i64..5,
        1_i64..3,
        optional(0_i64..4),
        prop::option::weighted(0.3, (0_i64..4, -2000_i64..2000)),
        optional(0..DAYS * 1440),
    )
        .prop_map(|(start, length, count, step, excluded, moved, added)| Offer {
            start,
            length,
            count,
            step,
            excluded,
            moved,
            added,
        })
}

fn layer() -> impl Strategy<Value = Layer> {
    let bound = prop::option::weighted(0.6, -1000_i64..DAYS * 1440 + 1000);
    let kind = prop::option::of(prop::sample::select(BusyType::ALL.to_vec()));
    (bound.clone(), bound, 0_u8..4, kind, prop::collection::vec(offer(), 0..4))
        .prop_map(|(from, to, priority, kind, offers)| Layer { bounds: (from, to), priority, kind, offers })
}

/// A reading of the clock; the second night has the change to summer time.
fn reading(minutes: i64) -> civil::DateTime {
    Instant::from_utc(civil::date(2026, 3, 28).at(0, 0, 0, 0)).plus(minutes * 60).to_utc()
}

fn written(minutes: i64) -> String {
    reading(minutes).strftime("%Y%m%dT%H%M%S").to_string()
}

fn text_of(layers: &[Layer]) -> String {
    let mut text = String::new();
    for (number, layer) in layers.iter().enumerate() {
        let mut lines = String::new();
        for (name, bound) in [("DTSTART", layer.bounds.0), ("DTEND", layer.bounds.1)] {
            if let Some(minutes) = bound {
                writeln!(lines, "{name};TZID=Europe/Berlin:{}", written(minutes)).unwrap();
            }
        }
        writeln!(lines, "PRIORITY:{}", layer.priority).unwrap();
        if let Some(kind) = layer.kind {
            writeln!(lines, "BUSYTYPE:{}", kind.name()).unwrap();
        }
        for (place, offer) in layer.offers.iter().enumerate() {
            let begin = format!(
                "BEGIN:AVAILABLE\nUID:{place}\nDTSTAMP:20260101T000000Z\nDURATION:PT{}M\n",
                offer.length
            );
            let original = |index: i64| written(offer.start + index * offer.step * 1440);
            writeln!(lines, "{begin}DTSTART;TZID=Europe/Berlin:{}", written(offer.start)).unwrap();
            writeln!(lines, "RRULE:FREQ=DAILY;INTERVAL={};COUNT={}", offer.step, offer.count).unwrap();
            if let Some(index) = offer.excluded {
                writeln!(lines, "EXDATE;TZID=Europe/Berlin:{}", original(index)).unwrap();
            }
            if let Some(minutes) = offer.added {
                writeln!(lines, "RDATE;TZID=Europe/Berlin:{}", written(minutes)).unwrap();
            }
            lines += "END:AVAILABLE\n";
            if let Some((index, by)) = offer.moved {
                let moved = written(offer.start + index * offer.step * 1440 + by);
                writeln!(lines, "{begin}RECURRENCE-ID;TZID=Europe/Berlin:{}\nDTSTART;TZID=Europe/Berlin:{moved}\nEND:AVAILABLE", original(index)).unwrap();
            }
        }
        text += &availability(&number.to_string(), &lines);
    }
    text
}

/// The spans of an offer, each of its days looked at by itself.
fn spans_of(offer: &Offer, zone: &Zone) -> Vec<Span> {
    let at = |minutes: i64| {
        let start = zone.instant_of(reading(minutes));
        Span::new(start, start.plus(offer.length * 60))
    };
    let on = |index: i64| offer.start + index * offer.step * 1440;
    let mut spans = Vec::new();
    for index in 0..offer.count {
        let is_taken = offer.excluded == Some(index) || offer.moved.is_some_and(|(moved, _)| moved == index);
        spans.extend((!is_taken).then(|| at(on(index))));
    }
    spans.extend(offer.moved.map(|(index, by)| at(on(index) + by)));
    spans.extend(offer.added.map(at));
    spans
}

/// A layer as instants.
struct Said {
    priority: u8,
    kind: BusyType,
    speaks: Span,
    free: Vec<Span>,
}

impl Said {
    fn of(layer: &Layer, zone: &Zone) -> Self {
        let bound =
            |minutes: Option<i64>, none| minutes.map_or(none, |minutes| zone.instant_of(reading(minutes)));
        Self {
            priority: layer.priority,
            kind: layer.kind.unwrap_or(BusyType::Unavailable),
            speaks: Span::new(bound(layer.bounds.0, Instant::MIN), bound(layer.bounds.1, Instant::MAX)),
            free: layer.offers.iter().flat_map(|offer| spans_of(offer, zone)).collect(),
        }
    }
}

enum Word {
    Nothing,
    Available,
    Busy(BusyType),
}

/// What holds at an instant: the steps of RFC 7953 §4, from the lowest priority to the highest.
fn said(layers: &[Said], instant: Instant) -> Word {
    let mut result = Word::Nothing;
    for priority in [0, 3, 2, 1] {
        let speaking =
            || layers.iter().filter(|layer| layer.priority == priority && layer.speaks.contains(instant));
        let Some(kind) = speaking().map(|layer| layer.kind).max() else { continue };
        let is_free = speaking().any(|layer| layer.free.iter().any(|span| span.contains(instant)));
        result = if is_free { Word::Available } else { Word::Busy(kind) };
    }
    result
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_minute_is_as_the_steps_say(layers in prop::collection::vec(layer(), 1..4)) {
        let berlin = Zone::named("Europe/Berlin").unwrap();
        let window = Span::new(berlin.instant_of(reading(0)), berlin.instant_of(reading(DAYS * 1440)));
        // Where an added date is an excluded or a moved one, which of them counts is another test's matter.
        prop_assume!(layers.iter().flat_map(|layer| &layer.offers).all(|offer| {
            offer.added.is_none_or(|added| (added - offer.start).rem_euclid(1440) != 0)
        }));
        let text = text_of(&layers);
        let objects = read(&text);
        let found = hours_in(&objects, &berlin, window);
        let layers: Vec<Said> = layers.iter().map(|layer| Said::of(layer, &berlin)).collect();
        let mut expected = Vec::new();
        let mut available = Vec::new();
        for minute in 0..window.seconds() / 60 {
            let at = window.start.plus(minute * 60);
            let span = Span::new(at, at.plus(60));
            match said(&layers, at) {
                Word::Busy(kind) => expected.push(BusyPeriod { span, kind }),
                Word::Available => available.push(BusyPeriod { span, kind: BusyType::Busy }),
                Word::Nothing => {}
            }
        }
        prop_assert_eq!(&found.busy, &expected.into_iter().collect::<BusySet>(), "{}", text);
        let available: BusySet = available.into_iter().collect();
        let spans: Vec<Span> = available.periods().iter().map(|period| period.span).collect();
        prop_assert_eq!(&found.available, &spans, "{}", text);
        // Split windows say the same.
        let middle = window.start.plus(window.seconds() / 2);
        let halves = [Span::new(window.start, middle), Span::new(middle, window.end)].map(|half| hours_in(&objects, &berlin, half));
        prop_assert_eq!(&halves[0].busy.union(&halves[1].busy), &found.busy);
    }
}
