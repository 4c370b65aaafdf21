//! The zones of the cases: IANA zones with unlike habits, and VTIMEZONEs that are no IANA zone.

use std::collections::HashMap;
use std::sync::LazyLock;

use calendar::time::Instant;
use calendar::zone::Zone;

/// Both hemispheres, changes by half an hour and two, at midnight, with Ramadan, abolished, odd offsets, none.
pub(crate) const IANA: [&str; 22] = [
    "Europe/Berlin",
    "Europe/Berlin",
    "America/New_York",
    "America/New_York",
    "Europe/London",
    "Europe/Dublin",
    "America/Santiago",
    "America/Havana",
    "America/St_Johns",
    "America/Asuncion",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Australia/Adelaide",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Asia/Tehran",
    "Asia/Beirut",
    "Antarctica/Troll",
];

/// Name and the lines within VTIMEZONE.
pub(crate) const DEFINED: [(&str, &str); 6] = [
    (
        "Odd/Fixed",
        "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0537\nTZOFFSETTO:+0537\nEND:STANDARD\n",
    ),
    (
        "Odd/Double Summer",
        "BEGIN:STANDARD\nDTSTART:19700913T030000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0100\n\
         RRULE:FREQ=YEARLY;BYMONTH=9;BYDAY=2SU\nEND:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:19700426T010000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0300\n\
         RRULE:FREQ=YEARLY;BYMONTH=4;BYDAY=-1SU\nEND:DAYLIGHT\n",
    ),
    (
        "Odd/Half",
        "BEGIN:STANDARD\nDTSTART:19701006T020000\nTZOFFSETFROM:-0300\nTZOFFSETTO:-0330\n\
         RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=1TU\nEND:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:19700313T000000\nTZOFFSETFROM:-0330\nTZOFFSETTO:-0300\n\
         RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2FR\nEND:DAYLIGHT\n",
    ),
    (
        "Odd/South",
        "BEGIN:DAYLIGHT\nDTSTART:19701101T000000\nTZOFFSETFROM:+1000\nTZOFFSETTO:+1100\n\
         RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\nEND:DAYLIGHT\n\
         BEGIN:STANDARD\nDTSTART:19700222T000000\nTZOFFSETFROM:+1100\nTZOFFSETTO:+1000\n\
         RRULE:FREQ=YEARLY;BYMONTH=2;BYDAY=4SU\nEND:STANDARD\n",
    ),
    (
        "Odd/Moved Once",
        "BEGIN:STANDARD\nDTSTART:19700101T000000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0200\nEND:STANDARD\n\
         BEGIN:STANDARD\nDTSTART:20190602T000000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0430\n\
         RDATE:20190602T000000\nEND:STANDARD\n",
    ),
    // An IANA name that is defined otherwise: the definition counts (RFC 5545 §3.2.19).
    (
        "Europe/Paris",
        "BEGIN:STANDARD\nDTSTART:19701101T020000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
         RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\nEND:STANDARD\n\
         BEGIN:DAYLIGHT\nDTSTART:19700308T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
         RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\nEND:DAYLIGHT\n",
    ),
];

pub(crate) fn iana(name: &str) -> Zone {
    Zone::iana(name).unwrap_or_else(|| panic!("{name} is missing in the time zone database"))
}

/// A VTIMEZONE of an IANA zone from 1969 to 2046, which all cases lie within.
pub(crate) fn vtimezone(name: &str) -> &'static str {
    static WRITTEN: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
        let span = (Instant::from_unix(-365 * 86_400), Instant::from_unix(76 * 31_557_600));
        IANA.into_iter().map(|name| (name, iana(name).to_vtimezone(span.0, span.1))).collect()
    });
    WRITTEN.get(name).map_or("", String::as_str)
}

pub(crate) fn defined_vtimezone((name, lines): (&str, &str)) -> String {
    format!("BEGIN:VTIMEZONE\r\nTZID:{name}\r\n{}END:VTIMEZONE\r\n", lines.replace('\n', "\r\n"))
}
