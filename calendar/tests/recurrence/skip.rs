//! SKIP (RFC 7529 §4.1): what becomes of days that a month does not have.

use calendar::limits::Limits;
use calendar::recur::instances;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

use super::object::object;

/// The days of the instances from `from` to the end of 2029, as `YYYYMMDD`.
fn days(start: &str, rule: &str, from: i64) -> Vec<String> {
    let held = object(&format!("DTSTART:{start}\r\nDURATION:PT1H\r\nRRULE:{rule}\r\n"));
    // 2030-01-01
    let window = Span::new(Instant::from_unix(from), Instant::from_unix(1_893_456_000));
    let found = instances(&held, Zone::utc(), window, &Limits::default()).expect("within limits");
    found.iter().map(|instance| instance.span.start.to_ical()[..8].to_owned()).collect()
}

#[test]
fn the_last_day_or_the_first_of_the_next_month() {
    let monthly = |skip: &str| {
        days("20280131T090000Z", &format!("RSCALE=GREGORIAN;FREQ=MONTHLY;COUNT=5;SKIP={skip}"), 0)
    };
    assert_eq!(monthly("OMIT"), ["20280131", "20280331", "20280531", "20280731", "20280831"]);
    assert_eq!(monthly("BACKWARD"), ["20280131", "20280229", "20280331", "20280430", "20280531"]);
    assert_eq!(monthly("FORWARD"), ["20280131", "20280301", "20280331", "20280501", "20280531"]);
    let leap = |skip: &str| days("20240229T090000Z", &format!("RSCALE=GREGORIAN;FREQ=YEARLY;SKIP={skip}"), 0);
    assert_eq!(leap("OMIT"), ["20240229", "20280229"]);
    assert_eq!(leap("BACKWARD"), ["20240229", "20250228", "20260228", "20270228", "20280229", "20290228"]);
    assert_eq!(leap("FORWARD"), ["20240229", "20250301", "20260301", "20270301", "20280229", "20290301"]);
}

#[test]
fn two_days_that_a_month_lacks_are_one() {
    let rule = "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTHDAY=29,30,31;SKIP=BACKWARD;COUNT=6";
    let expected = ["20290129", "20290130", "20290131", "20290228", "20290329", "20290330"];
    assert_eq!(days("20290129T090000Z", rule, 0), expected);
    // A month that BYMONTH leaves out lends no day.
    let rule = "RSCALE=GREGORIAN;FREQ=MONTHLY;BYMONTH=1,3;BYMONTHDAY=31;SKIP=BACKWARD";
    assert_eq!(days("20290131T090000Z", rule, 0), ["20290131", "20290331"]);
}

#[test]
fn a_later_window_sees_the_same() {
    for rule in [
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD;COUNT=40",
        "RSCALE=GREGORIAN;FREQ=MONTHLY;INTERVAL=3;SKIP=FORWARD",
        "RSCALE=GREGORIAN;FREQ=YEARLY;BYMONTH=2,4;BYMONTHDAY=31;SKIP=FORWARD;BYDAY=SU,MO,TU",
    ] {
        let all = days("20250131T090000Z", rule, 0);
        for (at, _) in all.iter().enumerate() {
            // From the hour before each instance on: 2025-01-31T08:00:00Z and so forth.
            let day = calendar::time::DateOrTime::parse(&format!("{}T080000Z", all[at])).expect("a time");
            let from = day.to_instant(Zone::utc()).as_unix();
            assert_eq!(days("20250131T090000Z", rule, from), all[at..], "{rule} from {}", all[at]);
        }
    }
}
