//! A calendar object resource: one UID, one kind, a master and its overrides (RFC 4791 §4.1).

use std::sync::Arc;

use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::text::TextError;
use crate::time::DateOrTime;
use crate::warning::Warning;

/// What a calendar object is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// VEVENT.
    Event,
    /// VTODO.
    Todo,
    /// VJOURNAL.
    Journal,
    /// VFREEBUSY.
    FreeBusy,
    /// VAVAILABILITY.
    Availability,
}

impl Kind {
    /// `VEVENT` and so on.
    pub const fn component_name(self) -> &'static str {
        match self {
            Self::Event => "VEVENT",
            Self::Todo => "VTODO",
            Self::Journal => "VJOURNAL",
            Self::FreeBusy => "VFREEBUSY",
            Self::Availability => "VAVAILABILITY",
        }
    }
}

/// A calendar object with everything that was established at construction.
#[derive(Clone, Debug)]
pub struct CalendarObject {
    octets: Arc<[u8]>,
    calendar: Component,
    uid: String,
    kind: Kind,
    warnings: Vec<Warning>,
}

impl CalendarObject {
    /// Reads one object: valid iCalendar, one UID, one kind besides VTIMEZONE. The octets are kept as they came.
    ///
    /// # Errors
    /// Names the line, the property and the reason.
    pub fn read(octets: Arc<[u8]>, limits: &Limits) -> Result<Self, TextError> {
        let _ = (octets, limits);
        todo!()
    }

    /// The octets as they came.
    pub fn octets(&self) -> &Arc<[u8]> {
        &self.octets
    }

    /// The VCALENDAR.
    pub fn calendar(&self) -> &Component {
        &self.calendar
    }

    /// The UID that all its components share.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// What it is about.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What was read around.
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Its components of its kind: master and overrides, in order of the text.
    pub fn components(&self) -> impl Iterator<Item = &Component> {
        let name = self.kind.component_name();
        self.calendar.components.iter().filter(move |component| component.name == name)
    }

    /// The component without RECURRENCE-ID, if there is one (of several, the one that is read).
    pub fn master(&self) -> Option<&Component> {
        todo!()
    }

    /// The components with RECURRENCE-ID.
    pub fn overrides(&self) -> impl Iterator<Item = &Component> {
        self.components().filter(|component| component.property("RECURRENCE-ID").is_some())
    }

    /// The date or time that `property` holds, its TZID resolved against this object's VTIMEZONEs, then by name,
    /// then (with a warning at construction) floating. `None` where the value cannot be read.
    pub fn date_or_time(&self, property: &Property) -> Option<DateOrTime> {
        let _ = property;
        todo!()
    }

    /// All values of a multi-valued property such as EXDATE (no periods).
    pub fn dates_or_times(&self, property: &Property) -> Vec<DateOrTime> {
        let _ = property;
        todo!()
    }
}
