//! Zones as they come in properties and queries: iCalendar text with one VTIMEZONE, or a name (RFC 4791 §5.2.2).

use calendar::limits::Limits;
use calendar::text;
use calendar::time::Instant;
use calendar::write::PRODID;
use calendar::zone::Zone;

/// The zone that an iCalendar text with exactly one VTIMEZONE defines.
pub fn of_icalendar(icalendar: &str) -> Option<Zone> {
    let parsed = text::parse(icalendar.trim().as_bytes(), &Limits::default()).ok()?;
    let [calendar] = parsed.calendars.as_slice() else { return None };
    let mut zones = calendar.components_named("VTIMEZONE");
    let zone = zones.next()?;
    if zones.next().is_some() || !parsed.complete {
        return None;
    }
    Zone::of_vtimezone(zone)
}

/// The iCalendar text that defines the zone called `name`, with its rules since 1970: whoever reads it finds the zone
/// that has this name, not one of its own.
pub fn icalendar_of(name: &str) -> Option<String> {
    let zone = Zone::named(name)?;
    let rules = zone.to_vtimezone(Instant::from_unix(0), Instant::from_unix(2_208_988_800));
    Some(format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:{PRODID}\r\n{rules}END:VCALENDAR\r\n"))
}
