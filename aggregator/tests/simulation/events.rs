//! Random events: of all kinds of time, recurring and not, near the borders of the index and far from it.

use std::sync::Arc;

use calendar::civil;
use calendar::time::Instant;

use crate::chance::Chance;

/// Few, so that copies meet.
pub(crate) const UIDS: [&str; 7] = ["one", "two", "three", "four", "five", "six", "own"];

pub(crate) const DAY: i64 = 86_400;

/// First days of years around which things happen: the borders of the index when the simulation begins, and beyond.
const YEARS: [i16; 8] = [2024, 2025, 2026, 2026, 2027, 2028, 2029, 2035];

/// An instant near something that matters.
pub(crate) fn moment(chance: &mut Chance) -> Instant {
    let year = chance.of(&YEARS);
    let first = Instant::from_utc(civil::date(year, 1, 1).at(0, 0, 0, 0));
    let reach = chance.of(&[DAY, 40 * DAY, 365 * DAY]);
    first.plus(chance.within(-reach, reach) / 900 * 900)
}

/// An instant that the index of its time does not reach, near or far.
pub(crate) fn far(chance: &mut Chance) -> Instant {
    let year = chance.of(&[1990, 2014, 2016, 2021, 2031, 2036, 2041, 2090]);
    let first = Instant::from_utc(civil::date(year, 1, 1).at(0, 0, 0, 0));
    first.plus(chance.within(-40 * DAY, 400 * DAY) / 900 * 900)
}

pub(crate) fn event(chance: &mut Chance, uid: &str) -> Arc<[u8]> {
    let start = if chance.once_in(8) { far(chance) } else { moment(chance) };
    let stamp = start.to_ical();
    let local = stamp.trim_end_matches('Z');
    let date = &stamp[..8];
    let seconds = chance.of(&[0, 900, 3600, 7200, 90_000, 40 * DAY, 500 * DAY, 3000 * DAY]);
    let mut recurring = true;
    let when = match chance.below(5) {
        0 | 1 => {
            recurring = seconds <= 90_000;
            format!("DTSTART:{stamp}\r\nDTEND:{}\r\n", start.plus(seconds).to_ical())
        }
        2 => format!("DTSTART:{local}\r\nDURATION:PT45M\r\n"),
        3 => format!("DTSTART;VALUE=DATE:{date}\r\nDURATION:P{}D\r\n", 1 + chance.below(3)),
        _ => format!("DTSTART;TZID=Europe/Berlin:{local}\r\nDURATION:PT2H\r\n"),
    };
    let rule = chance.of(&[
        "",
        "",
        "RRULE:FREQ=WEEKLY\r\n",
        "RRULE:FREQ=DAILY;COUNT=20\r\n",
        "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1\r\n",
        "RRULE:FREQ=YEARLY\r\nRDATE;VALUE=DATE:20271231\r\n",
        "RRULE:FREQ=WEEKLY;UNTIL=20280115T000000Z\r\n",
        "RRULE:FREQ=WEEKLY;COUNT=600\r\n",
        "RRULE:FREQ=MONTHLY;COUNT=65\r\n",
        "RRULE:FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR;COUNT=300\r\n",
    ]);
    let rule = if recurring { rule } else { "" };
    let more = chance.of(&[
        "",
        "",
        "",
        "TRANSP:TRANSPARENT\r\n",
        "STATUS:TENTATIVE\r\n",
        "ATTENDEE;PARTSTAT=DECLINED:mailto:ada@example.org\r\n",
        "ATTENDEE;PARTSTAT=TENTATIVE:mailto:lovelace@example.org\r\n",
    ]);
    let title = "x".repeat(chance.below(4));
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//simulation//EN\r\nBEGIN:VEVENT\r\nUID:{uid}\r\n\
         DTSTAMP:20260101T000000Z\r\n{when}{rule}{more}SUMMARY:{title}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    .into_bytes()
    .into()
}
