//! `calendar-availability` of the inbox: set, refused, counted.

use crate::house::{House, calendar, component};

const DAY: &str = "20260504T000000Z/20260505T000000Z";

fn update(value: &str) -> String {
    format!(
        "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set><D:prop>\
         <C:calendar-availability>{value}</C:calendar-availability></D:prop></D:set></D:propertyupdate>"
    )
}

/// A VAVAILABILITY with `lines` separated by `|` and these AVAILABLEs.
fn hours(uid: &str, lines: &str, available: &[&str]) -> String {
    let inner: String = available.iter().map(|lines| component("AVAILABLE", "a", lines)).collect();
    component("VAVAILABILITY", uid, lines).replace("END:VAVAILABILITY", &format!("{inner}END:VAVAILABILITY"))
}

/// Monday to Friday, nine to five in Ada's own zone: floating.
const OFFICE: &str = "DTSTART:20260101T090000|DTEND:20260101T170000|RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR";

async fn set(house: &House, text: &str) -> String {
    let answer = house.send("ada", "PROPPATCH /dav/calendars/ada/inbox/", &[], &update(text)).await;
    assert_eq!(answer.status, 207, "{}", answer.text);
    answer.text
}

#[tokio::test]
async fn it_counts_wherever_everything_is_asked_for() {
    let house = House::new().await;
    house.put("ada", "personal", "m", "DTSTART:20260504T100000Z|DTEND:20260504T110000Z").await;
    house.put("ada", "personal", "late", "DTSTART:20260504T200000Z|DTEND:20260504T210000Z").await;
    let before = house.report("ada", "ada/", DAY).await;
    assert_eq!(before, ["BUSY:20260504T100000Z/20260504T110000Z,20260504T200000Z/20260504T210000Z"]);
    let text = calendar(&hours("h", "BUSYTYPE:BUSY-UNAVAILABLE", &[OFFICE]));
    assert!(set(&house, &text).await.contains("200 OK"));
    let expected = [
        "BUSY:20260504T100000Z/20260504T110000Z,20260504T200000Z/20260504T210000Z",
        "BUSY-UNAVAILABLE:20260504T000000Z/20260504T070000Z,20260504T150000Z/20260504T200000Z,\
         20260504T210000Z/20260505T000000Z",
    ];
    for path in ["ada/", "ada/inbox/", "ada/unified/"] {
        assert_eq!(house.report("ada", path, DAY).await, expected, "{path}");
    }
    assert_eq!(house.ask("bob", "mailto:ada@example.org", DAY).await.1, expected);
    assert_eq!(
        house.report("ada", "ada/personal/", DAY).await,
        before,
        "a calendar alone says what is in it"
    );
    let removed = update("").replace("set>", "remove>");
    let removed = house.send("ada", "PROPPATCH /dav/calendars/ada/inbox/", &[], &removed).await;
    assert!(removed.text.contains("200 OK"), "{}", removed.text);
    assert_eq!(house.report("ada", "ada/", DAY).await, before);
}

#[tokio::test]
async fn it_is_read_back_and_not_in_allprop() {
    let house = House::new().await;
    let text = calendar(&hours("h", "PRIORITY:1", &[OFFICE]));
    set(&house, &text).await;
    let named = "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop>\
                 <C:calendar-availability/></D:prop></D:propfind>";
    let found = house.send("ada", "PROPFIND /dav/calendars/ada/inbox/", &["Depth: 0"], named).await;
    assert!(found.text.contains("UID:h") && found.text.contains("RRULE:FREQ=WEEKLY"), "{}", found.text);
    let all = house.send("ada", "PROPFIND /dav/calendars/ada/inbox/", &["Depth: 0"], "").await;
    assert!(!all.text.contains("calendar-availability"), "{}", all.text);
    let options = house.send("ada", "OPTIONS /dav/calendars/ada/inbox/", &[], "").await;
    assert!(options.dav.contains("calendar-availability"), "{}", options.dav);
}

#[tokio::test]
async fn the_higher_priority_speaks() {
    let house = House::new().await;
    let usual = hours("usual", "PRIORITY:5", &[OFFICE]);
    let away = hours("away", "PRIORITY:1|DTSTART:20260504T120000Z|DTEND:20260506T000000Z|BUSYTYPE:BUSY", &[]);
    set(&house, &calendar(&format!("{usual}{away}"))).await;
    assert_eq!(
        house.report("ada", "ada/", DAY).await,
        ["BUSY:20260504T120000Z/20260505T000000Z", "BUSY-UNAVAILABLE:20260504T000000Z/20260504T070000Z"]
    );
}

#[tokio::test]
async fn what_is_none_is_refused_and_changes_nothing() {
    let house = House::new().await;
    let good = calendar(&hours("h", "PRIORITY:5", &[OFFICE]));
    set(&house, &good).await;
    let before = house.report("ada", "ada/", DAY).await;
    let event = component("VEVENT", "e", "DTSTART:20260504T100000Z|DTEND:20260504T110000Z");
    let with_event = calendar(&format!("{event}{}", hours("h", "PRIORITY:5", &[OFFICE])));
    let many: Vec<&str> = vec![OFFICE; 251];
    for text in [
        String::new(),
        String::from("nothing"),
        calendar(""),
        calendar(&event),
        with_event,
        good.replace("END:VCALENDAR\r\n", ""),
        calendar(&hours("h", "PRIORITY:5", &many)),
    ] {
        let answer = set(&house, &text).await;
        assert!(answer.contains("403 Forbidden") && answer.contains("valid-calendar-data"), "{answer}");
    }
    let elsewhere = house.send("ada", "PROPPATCH /dav/calendars/ada/personal/", &[], &update(&good)).await;
    assert!(elsewhere.text.contains("403 Forbidden"), "{}", elsewhere.text);
    assert_eq!(house.report("ada", "ada/", DAY).await, before);
}

#[tokio::test]
async fn a_window_of_centuries_ends() {
    let house = House::new().await;
    set(&house, &calendar(&hours("h", "PRIORITY:5", &[OFFICE]))).await;
    let lines = house.report("ada", "ada/", "20000101T000000Z/20400101T000000Z").await;
    // Every working day of forty years, and nothing that could not be computed.
    let periods = lines[0].split(',').count();
    assert!((3_600..3_700).contains(&periods), "{periods}");
}
