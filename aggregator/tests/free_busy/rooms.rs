//! Rooms that answer by themselves, as a whole and for each instance.

use aggregator::owner::{AutoAccept, Manner, Owner};
use aggregator::scheduling::resource::{decide, window};
use calendar::address::UserType;
use calendar::busy::{BusyPeriod, BusySet, BusyType};
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

use crate::house::{House, bob, calendar, component};
use crate::world;

/// Bob is a room.
async fn house(auto_accept: AutoAccept) -> House {
    let manner = Manner { user_type: UserType::Room, auto_accept, ..Manner::default() };
    House::of(world::ada(Vec::new()), Owner { manner, ..bob() }).await
}

const PEOPLE: &str = "ORGANIZER:mailto:ada@example.org|ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.org|\
                      ATTENDEE;CUTYPE=ROOM;RSVP=TRUE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.org";

/// What Ada's copy says of the room: RECURRENCE-ID, PARTSTAT, by component.
async fn answers(house: &House, uid: &str) -> Vec<(String, String)> {
    let text = house.send("ada", &format!("GET /dav/calendars/ada/personal/{uid}.ics"), &[], "").await.text;
    let object = CalendarObject::read(text.into_bytes().into(), &Limits::default()).unwrap();
    let of = |component: &calendar::component::Component| {
        let at = component.property("RECURRENCE-ID").map(|id| id.value.clone()).unwrap_or_default();
        let mut lines = component.properties_named("ATTENDEE");
        let room = lines.find(|line| line.value.contains("bob")).unwrap();
        (at, room.parameter("PARTSTAT").unwrap_or("NEEDS-ACTION").to_owned())
    };
    let mut answers: Vec<_> = object.components().map(of).collect();
    answers.sort();
    answers
}

fn whole(partstat: &str) -> Vec<(String, String)> {
    vec![(String::new(), partstat.to_owned())]
}

#[tokio::test]
async fn who_comes_first_has_it() {
    let house = house(AutoAccept::IfFree).await;
    let at = |start: &str, end: &str| format!("DTSTART:20260505T{start}00Z|DTEND:20260505T{end}00Z|{PEOPLE}");
    house.put("ada", "personal", "first", &at("1000", "1100")).await;
    assert_eq!(answers(&house, "first").await, whole("ACCEPTED"));
    house.put("ada", "personal", "second", &at("1030", "1130")).await;
    assert_eq!(answers(&house, "second").await, whole("DECLINED"));
    house.put("ada", "personal", "next", &at("1100", "1200")).await;
    assert_eq!(answers(&house, "next").await, whole("ACCEPTED"), "what only touches does not conflict");
    let day = "20260505T000000Z/20260506T000000Z";
    assert_eq!(house.report("bob", "bob/", day).await, ["BUSY:20260505T100000Z/20260505T120000Z"]);
    // Moved onto what is taken, it loses its place; moved away, it has another.
    house.put("ada", "personal", "first", &format!("SEQUENCE:1|{}", at("1100", "1200"))).await;
    assert_eq!(answers(&house, "first").await, whole("DECLINED"));
    house.put("ada", "personal", "first", &format!("SEQUENCE:2|{}", at("1400", "1500"))).await;
    assert_eq!(answers(&house, "first").await, whole("ACCEPTED"));
}

#[tokio::test]
async fn a_series_is_declined_where_it_conflicts() {
    let house = house(AutoAccept::IfFree).await;
    house.put("bob", "personal", "cleaning", "DTSTART:20260506T100000Z|DTEND:20260506T103000Z").await;
    let daily = format!("DTSTART:20260505T100000Z|DTEND:20260505T110000Z|RRULE:FREQ=DAILY;COUNT=4|{PEOPLE}");
    house.put("ada", "personal", "daily", &daily).await;
    let told = answers(&house, "daily").await;
    let expected = [("", "ACCEPTED"), ("20260506T100000Z", "DECLINED")];
    assert_eq!(told, expected.map(|(at, partstat)| (at.to_owned(), partstat.to_owned())));
    let days = "20260505T000000Z/20260509T000000Z";
    assert_eq!(
        house.report("bob", "bob/", days).await,
        ["BUSY:20260505T100000Z/20260505T110000Z,20260506T100000Z/20260506T103000Z,\
          20260507T100000Z/20260507T110000Z,20260508T100000Z/20260508T110000Z"]
    );
}

#[tokio::test]
async fn other_manners() {
    let event = format!("DTSTART:20260505T100000Z|DTEND:20260505T110000Z|{PEOPLE}");
    let always = house(AutoAccept::Always).await;
    always.put("bob", "personal", "taken", "DTSTART:20260505T100000Z|DTEND:20260505T110000Z").await;
    always.put("ada", "personal", "e", &event).await;
    assert_eq!(answers(&always, "e").await, whole("ACCEPTED"));
    let never = house(AutoAccept::Never).await;
    never.put("ada", "personal", "e", &event).await;
    assert_eq!(answers(&never, "e").await, whole("NEEDS-ACTION"));
    let kind = "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop>\
                <C:calendar-user-type/></D:prop></D:propfind>";
    for (who, kind_of) in [("ada", "INDIVIDUAL"), ("bob", "ROOM")] {
        let line = format!("PROPFIND /dav/principals/{who}/");
        let told = never.send("ada", &line, &["Depth: 0"], kind).await.text;
        assert!(told.contains(&format!(">{kind_of}</C:calendar-user-type>")), "{told}");
    }
}

fn at(hours: i64) -> Instant {
    // 2026-05-04T00:00:00Z
    Instant::from_unix(1_777_852_800).plus(hours * 3600)
}

fn busy(spans: &[(i64, i64)]) -> BusySet {
    let period = |(start, end): &(i64, i64)| BusyPeriod {
        span: Span::new(at(*start), at(*end)),
        kind: BusyType::Tentative,
    };
    spans.iter().map(period).collect()
}

fn decided(lines: &str, taken: &[(i64, i64)]) -> (&'static str, Vec<i64>) {
    let text = calendar(&component("VEVENT", "u", &format!("{lines}|{PEOPLE}")));
    let object = CalendarObject::read(text.into_bytes().into(), &Limits::default()).unwrap();
    let (zone, limits) = (Zone::utc(), Limits::default());
    let window = window(&object, zone, &limits, at(0)).unwrap();
    let decision = decide(&object, (zone, &limits), (&busy(taken), window));
    assert!(decision.apart.iter().all(|(_, partstat)| *partstat == "DECLINED"));
    let hours = decision.apart.iter().map(|(instant, _)| instant.since(at(0)) / 3600);
    (decision.whole, hours.collect())
}

#[test]
fn the_decision_alone() {
    let once = "DTSTART:20260504T100000Z|DTEND:20260504T110000Z";
    assert_eq!(decided(once, &[]), ("ACCEPTED", vec![]));
    assert_eq!(decided(once, &[(9, 10), (11, 12)]), ("ACCEPTED", vec![]));
    assert_eq!(decided(once, &[(10, 11)]), ("DECLINED", vec![]));
    let daily = format!("{once}|RRULE:FREQ=DAILY");
    assert_eq!(decided(&daily, &[(34, 35), (58, 59)]), ("ACCEPTED", vec![34, 58]));
    // Past what is answered apart, and all of it: the whole.
    assert_eq!(decided(&daily, &[(0, 200 * 24)]), ("DECLINED", vec![]));
    assert_eq!(decided(&format!("{daily};COUNT=3"), &[(0, 96)]), ("DECLINED", vec![]));
    // What is over conflicts with nothing.
    let begun = "DTSTART:20260501T100000Z|DTEND:20260501T110000Z|RRULE:FREQ=DAILY";
    assert_eq!(decided(begun, &[(-14, -13), (10, 11)]), ("ACCEPTED", vec![10]));
    // What cannot be expanded is declined.
    assert_eq!(decided("DTSTART:20260504T100000Z|DURATION:PT1S|RRULE:FREQ=SECONDLY", &[]).0, "DECLINED");
}
