//! VFREEBUSY out (RFC 5545 §3.6.4, RFC 4791 §7.10).

use crate::busy::set::{BusySet, BusyType};
use crate::text::{escape, fold};
use crate::time::{Instant, Span};
use crate::write::PRODID;

/// A VCALENDAR with one VFREEBUSY: one FREEBUSY property a type, periods in UTC with both ends, folded, CRLF.
///
/// The periods are clipped to `window`. `now` is its DTSTAMP.
pub fn vfreebusy(busy: &BusySet, window: Span, now: Instant, uid: &str) -> String {
    written(busy, window, (now, uid), &[], &[])
}

/// Between whom a request and its reply go: calendar user addresses.
#[derive(Clone, Copy, Debug)]
pub struct Parties<'a> {
    /// Who asked.
    pub organizer: &'a str,
    /// Who was asked about.
    pub attendee: &'a str,
}

/// The reply to a request with the UID `uid` (RFC 5546 §3.3.3), else as [`vfreebusy`].
pub fn reply(busy: &BusySet, window: Span, now: Instant, uid: &str, parties: Parties<'_>) -> String {
    let clean = |text: &str| text.replace(char::is_control, "");
    let lines =
        [format!("ORGANIZER:{}", clean(parties.organizer)), format!("ATTENDEE:{}", clean(parties.attendee))];
    written(busy, window, (now, uid), &["METHOD:REPLY"], &lines)
}

fn written(
    busy: &BusySet,
    window: Span,
    (now, uid): (Instant, &str),
    of_calendar: &[&str],
    of_component: &[String],
) -> String {
    let mut text = String::new();
    let mut line = |content: &str| text.push_str(&fold(content));
    line("BEGIN:VCALENDAR");
    line("VERSION:2.0");
    line(&format!("PRODID:{PRODID}"));
    for content in of_calendar {
        line(content);
    }
    line("BEGIN:VFREEBUSY");
    line(&format!("UID:{}", escape(uid)));
    line(&format!("DTSTAMP:{}", now.to_ical()));
    line(&format!("DTSTART:{}", window.start.to_ical()));
    line(&format!("DTEND:{}", window.end.to_ical()));
    for content in of_component {
        line(content);
    }
    let clipped = busy.clipped(window);
    for kind in BusyType::ALL.into_iter().rev() {
        let of_kind = clipped.periods().iter().filter(|period| period.kind == kind);
        let periods: Vec<String> = of_kind
            .map(|period| format!("{}/{}", period.span.start.to_ical(), period.span.end.to_ical()))
            .collect();
        if !periods.is_empty() {
            line(&format!("FREEBUSY;FBTYPE={}:{}", kind.name(), periods.join(",")));
        }
    }
    line("END:VFREEBUSY");
    line("END:VCALENDAR");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::busy::set::BusyPeriod;
    use crate::limits::Limits;
    use crate::object::{CalendarObject, Kind};
    use crate::text::parse;

    fn at(hour: i64) -> Instant {
        Instant::from_unix(1_782_864_000).plus(hour * 3600)
    }

    #[test]
    fn one_property_a_type_clipped_to_the_window() {
        let periods = [
            (-1, 1, BusyType::Busy),
            (2, 3, BusyType::Busy),
            (3, 4, BusyType::Tentative),
            (20, 30, BusyType::Unavailable),
        ];
        let busy: BusySet = periods
            .into_iter()
            .map(|(start, end, kind)| BusyPeriod { span: Span::new(at(start), at(end)), kind })
            .collect();
        let text = vfreebusy(&busy, Span::new(at(0), at(24)), at(0), "a,b@x");
        assert_eq!(
            text,
            "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Kalends//Kalends 0.1//EN\r\nBEGIN:VFREEBUSY\r\n\
             UID:a\\,b@x\r\nDTSTAMP:20260701T000000Z\r\nDTSTART:20260701T000000Z\r\nDTEND:20260702T000000Z\r\n\
             FREEBUSY;FBTYPE=BUSY:20260701T000000Z/20260701T010000Z,20260701T020000Z/202\r\n 60701T030000Z\r\n\
             FREEBUSY;FBTYPE=BUSY-UNAVAILABLE:20260701T200000Z/20260702T000000Z\r\n\
             FREEBUSY;FBTYPE=BUSY-TENTATIVE:20260701T030000Z/20260701T040000Z\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
        );
        let object = CalendarObject::read(text.into_bytes().into(), &Limits::default()).unwrap();
        assert_eq!((object.kind(), object.uid()), (Kind::FreeBusy, "a,b@x"));
        assert_eq!(object.warnings(), []);
    }

    #[test]
    fn free_all_the_time() {
        let text = vfreebusy(&BusySet::empty(), Span::new(at(0), at(24)), at(0), "u");
        assert!(!text.contains("FREEBUSY;") && parse(text.as_bytes(), &Limits::default()).is_ok());
    }
}
