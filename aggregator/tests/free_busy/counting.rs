//! What counts as busy, by REPORT on a calendar, on the home and on the inbox, and through the outbox: one answer.

use crate::house::{House, component};

const DAY: &str = "20260504T000000Z/20260505T000000Z";

/// What everybody is told of Ada's day, which all ways must tell alike.
async fn told(house: &House, window: &str) -> Vec<String> {
    let home = house.report("ada", "ada/", window).await;
    assert_eq!(house.report("ada", "ada/inbox/", window).await, home, "by the inbox");
    assert_eq!(house.report("ada", "ada/unified/", window).await, home, "by the union");
    assert_eq!(house.report("bob", "ada/", window).await, home, "by another, on the home");
    let (status, lines) = house.ask("bob", "mailto:ada@example.org", window).await;
    assert_eq!((status.as_str(), &lines), ("2.0;Success", &home), "through the outbox");
    home
}

#[tokio::test]
async fn by_transparency_status_and_the_owners_answer() {
    let house = House::new().await;
    let at = |hour: u32| format!("DTSTART:20260504T{hour:02}0000Z|DTEND:20260504T{hour:02}3000Z");
    let me =
        |partstat: &str| format!("ORGANIZER:mailto:x@y.example|ATTENDEE{partstat}:mailto:ADA@example.org");
    let events = [
        ("opaque", at(1), String::from("TRANSP:OPAQUE")),
        ("transparent", at(2), String::from("TRANSP:TRANSPARENT")),
        ("confirmed", at(3), String::from("STATUS:CONFIRMED")),
        ("cancelled", at(4), String::from("STATUS:CANCELLED")),
        ("tentative", at(5), String::from("STATUS:TENTATIVE")),
        ("declined", at(6), me(";PARTSTAT=DECLINED")),
        ("accepted", at(7), me(";PARTSTAT=ACCEPTED")),
        ("asked", at(8), me(";PARTSTAT=NEEDS-ACTION")),
        ("maybe", at(9), me(";PARTSTAT=TENTATIVE")),
        ("away", at(10), String::from("X-MICROSOFT-CDO-BUSYSTATUS:OOF")),
        ("free", at(11), String::from("X-MICROSOFT-CDO-BUSYSTATUS:FREE")),
    ];
    for (uid, times, more) in &events {
        house.put("ada", "personal", uid, &format!("{times}|{more}")).await;
    }
    let period = |hour: u32| format!("20260504T{hour:02}0000Z/20260504T{hour:02}3000Z");
    let line = |kind: &str, hours: &[u32]| {
        format!("{kind}:{}", hours.iter().map(|hour| period(*hour)).collect::<Vec<_>>().join(","))
    };
    let expected =
        [line("BUSY", &[1, 3, 7]), line("BUSY-UNAVAILABLE", &[10]), line("BUSY-TENTATIVE", &[5, 8, 9])];
    assert_eq!(told(&house, DAY).await, expected);
    assert_eq!(house.report("ada", "ada/personal/", DAY).await, expected);
}

#[tokio::test]
async fn dates_and_floating_times_by_each_calendars_own_zone() {
    let house = House::new().await;
    let zoned = |zone: &str| {
        format!(
            "<C:mkcalendar xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set><D:prop>\
             <C:calendar-timezone-id>{zone}</C:calendar-timezone-id></D:prop></D:set></C:mkcalendar>"
        )
    };
    for (id, zone) in [("tokyo", "Asia/Tokyo"), ("york", "America/New_York")] {
        let made =
            house.send("ada", &format!("MKCALENDAR /dav/calendars/ada/{id}/"), &[], &zoned(zone)).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    house.put("ada", "tokyo", "day", "DTSTART;VALUE=DATE:20260505|DTEND;VALUE=DATE:20260506").await;
    house.put("ada", "york", "floating", "DTSTART:20260505T200000|DTEND:20260505T210000").await;
    house.put("ada", "personal", "home", "DTSTART:20260505T200000|DTEND:20260505T210000").await;
    let days = "20260504T000000Z/20260507T000000Z";
    let each = [
        ("ada/tokyo/", "BUSY:20260504T150000Z/20260505T150000Z"),
        ("ada/york/", "BUSY:20260506T000000Z/20260506T010000Z"),
        ("ada/personal/", "BUSY:20260505T180000Z/20260505T190000Z"),
    ];
    for (path, line) in each {
        assert_eq!(house.report("ada", path, days).await, [line], "{path}");
    }
    let all = "BUSY:20260504T150000Z/20260505T150000Z,20260505T180000Z/20260505T190000Z,\
               20260506T000000Z/20260506T010000Z";
    assert_eq!(told(&house, days).await, [all]);
    // Another zone, another day: at once, also where the answer was kept.
    let moved = "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set><D:prop>\
                 <C:calendar-timezone-id>Pacific/Auckland</C:calendar-timezone-id></D:prop></D:set>\
                 </D:propertyupdate>";
    let changed = house.send("ada", "PROPPATCH /dav/calendars/ada/tokyo/", &[], moved).await;
    assert_eq!(changed.status, 207, "{}", changed.text);
    assert_eq!(
        house.report("ada", "ada/tokyo/", days).await,
        ["BUSY:20260504T120000Z/20260505T120000Z"],
        "{}",
        changed.text
    );
}

#[tokio::test]
async fn stored_vfreebusy_and_vavailability() {
    let house = House::new().await;
    let made = house.send("ada", "MKCALENDAR /dav/calendars/ada/told/", &[], "").await;
    assert_eq!(made.status, 201);
    let lines = "DTSTART:20260504T000000Z|DTEND:20260505T000000Z|FREEBUSY:20260504T010000Z/PT1H|\
                 FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260504T013000Z/20260504T030000Z|\
                 FREEBUSY;FBTYPE=FREE:20260504T040000Z/PT1H";
    house.put_kind("ada", "told", ("VFREEBUSY", "told"), lines).await;
    let expected =
        ["BUSY:20260504T010000Z/20260504T020000Z", "BUSY-TENTATIVE:20260504T020000Z/20260504T030000Z"];
    assert_eq!(told(&house, DAY).await, expected);
    let available = component("AVAILABLE", "a", "DTSTART:20260504T000000Z|DTEND:20260504T120000Z");
    let hours = format!(
        "BEGIN:VAVAILABILITY\r\nUID:hours\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20260504T000000Z\r\n\
         DTEND:20260504T180000Z\r\n{available}END:VAVAILABILITY\r\n"
    );
    house.put_text("ada", "told", "hours", &hours).await;
    let with_hours = [
        "BUSY:20260504T010000Z/20260504T020000Z",
        "BUSY-UNAVAILABLE:20260504T120000Z/20260504T180000Z",
        "BUSY-TENTATIVE:20260504T020000Z/20260504T030000Z",
    ];
    assert_eq!(told(&house, DAY).await, with_hours);
    assert_eq!(house.report("ada", "ada/told/", DAY).await, with_hours);
}

#[tokio::test]
async fn recurrence_with_overrides_merged_and_clipped() {
    let house = House::new().await;
    let series = component(
        "VEVENT",
        "daily",
        "DTSTART;TZID=Europe/Berlin:20260501T100000|DTEND;TZID=Europe/Berlin:20260501T110000|\
         RRULE:FREQ=DAILY;COUNT=6|EXDATE;TZID=Europe/Berlin:20260503T100000",
    );
    let moved = component(
        "VEVENT",
        "daily",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260504T100000|DTSTART;TZID=Europe/Berlin:20260504T150000|\
         DTEND;TZID=Europe/Berlin:20260504T160000",
    );
    let called_off = component(
        "VEVENT",
        "daily",
        "RECURRENCE-ID;TZID=Europe/Berlin:20260505T100000|DTSTART;TZID=Europe/Berlin:20260505T100000|\
         DTEND;TZID=Europe/Berlin:20260505T110000|STATUS:CANCELLED",
    );
    house.put_text("ada", "personal", "daily", &format!("{series}{moved}{called_off}")).await;
    let window = "20260502T083000Z/20260507T000000Z";
    let expected = "BUSY:20260502T083000Z/20260502T090000Z,20260504T130000Z/20260504T140000Z,\
                    20260506T080000Z/20260506T090000Z";
    assert_eq!(told(&house, window).await, [expected]);
    // What touches or overlaps in several calendars is one period, the strongest where they differ.
    let made = house.send("ada", "MKCALENDAR /dav/calendars/ada/other/", &[], "").await;
    assert_eq!(made.status, 201);
    house.put("ada", "other", "touches", "DTSTART:20260504T140000Z|DTEND:20260504T150000Z").await;
    let maybe = "DTSTART:20260504T143000Z|DTEND:20260504T160000Z|STATUS:TENTATIVE";
    house.put("ada", "other", "maybe", maybe).await;
    assert_eq!(
        told(&house, DAY).await,
        ["BUSY:20260504T130000Z/20260504T150000Z", "BUSY-TENTATIVE:20260504T150000Z/20260504T160000Z"]
    );
}

#[tokio::test]
async fn calendars_that_do_not_count() {
    let house = House::new().await;
    let made = house.send("ada", "MKCALENDAR /dav/calendars/ada/birthdays/", &[], "").await;
    assert_eq!(made.status, 201);
    house.put("ada", "birthdays", "b", "DTSTART:20260504T010000Z|DTEND:20260504T020000Z").await;
    house.put("ada", "personal", "p", "DTSTART:20260504T030000Z|DTEND:20260504T040000Z").await;
    let both = "BUSY:20260504T010000Z/20260504T020000Z,20260504T030000Z/20260504T040000Z";
    assert_eq!(told(&house, DAY).await, [both]);
    let set = free_busy_set(&house).await;
    assert!(set.contains("ada/birthdays/") && set.contains("ada/personal/"), "{set}");
    assert!(!set.contains("unified") && !set.contains("inbox/</D:href></C:cal"), "{set}");
    let transparent = "<D:propertyupdate xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:set>\
                       <D:prop><C:schedule-calendar-transp><C:transparent/></C:schedule-calendar-transp>\
                       </D:prop></D:set></D:propertyupdate>";
    let changed = house.send("ada", "PROPPATCH /dav/calendars/ada/birthdays/", &[], transparent).await;
    assert_eq!(changed.status, 207, "{}", changed.text);
    assert_eq!(told(&house, DAY).await, ["BUSY:20260504T030000Z/20260504T040000Z"]);
    // Asked for by itself, it says what is in it.
    let alone = house.report("ada", "ada/birthdays/", DAY).await;
    assert_eq!(alone, ["BUSY:20260504T010000Z/20260504T020000Z"]);
    let set = free_busy_set(&house).await;
    assert!(!set.contains("ada/birthdays/") && set.contains("ada/personal/"), "{set}");
}

async fn free_busy_set(house: &House) -> String {
    let body = "<D:propfind xmlns:D=\"DAV:\" xmlns:C=\"urn:ietf:params:xml:ns:caldav\"><D:prop>\
                <C:calendar-free-busy-set/></D:prop></D:propfind>";
    let inbox = house.send("ada", "PROPFIND /dav/calendars/ada/inbox/", &["Depth: 0"], body).await;
    assert!(inbox.text.contains("200 OK"), "{}", inbox.text);
    let home = house.send("ada", "PROPFIND /dav/calendars/ada/", &["Depth: 1"], body).await;
    assert!(home.text.contains("<C:calendar-free-busy-set><D:href>"), "{}", home.text);
    inbox.text
}

#[tokio::test]
async fn titles_never_leave() {
    let house = House::new().await;
    let secret = "DTSTART:20260504T010000Z|DTEND:20260504T020000Z|SUMMARY:Surgery|LOCATION:Clinic";
    house.put("ada", "personal", "surgery-uid", secret).await;
    let body = "<C:free-busy-query xmlns:C=\"urn:ietf:params:xml:ns:caldav\">\
                <C:time-range start=\"20260504T000000Z\" end=\"20260505T000000Z\"/></C:free-busy-query>";
    let told = house.send("bob", "REPORT /dav/calendars/ada/", &[], body).await;
    assert_eq!(told.status, 200);
    assert!(told.text.contains("20260504T010000Z/20260504T020000Z"));
    for word in ["Surgery", "Clinic", "surgery-uid"] {
        assert!(!told.text.contains(word), "{word}");
    }
}
