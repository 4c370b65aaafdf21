//! A feed: many objects in one text, split by UID (specification 2.1, 4.5).

use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::text::TextError;
use crate::warning::Warning;
use crate::zone::Zone;

/// What a feed says.
#[derive(Clone, Debug)]
pub struct Feed {
    /// One object a UID, each with the VTIMEZONEs it uses; in order of first appearance.
    pub objects: Vec<CalendarObject>,
    /// X-WR-CALNAME or NAME.
    pub name: Option<String>,
    /// X-WR-TIMEZONE (or TIMEZONE-ID), if it names a known zone: the zone of floating times and dates.
    pub zone: Option<Zone>,
    /// REFRESH-INTERVAL or X-PUBLISHED-TTL, in seconds.
    pub refresh_seconds: Option<i64>,
    /// What was read around, over all objects.
    pub warnings: Vec<Warning>,
}

impl Feed {
    /// Reads a feed: several VCALENDARs in one body, repeated UIDs, missing UIDs, orphan overrides.
    ///
    /// # Errors
    /// If it is not iCalendar (an HTML page), or ends before END:VCALENDAR: the caller keeps what it had.
    pub fn read(octets: &[u8], limits: &Limits) -> Result<Self, TextError> {
        let _ = (octets, limits);
        todo!()
    }
}
