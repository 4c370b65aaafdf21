//! A calendar object resource: one UID, one kind, a master and its overrides (RFC 4791 §4.1).

mod check;
mod edit;
mod part;
mod zones;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::text::{self, TextError};
use crate::time::DateOrTime;
use crate::warning::Warning;
use crate::zone::Zone;

pub(crate) use check::revision;
pub(crate) use edit::{Edit, edited};
pub(crate) use zones::Definitions;
pub use zones::ZoneCache;

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
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Event, Self::Todo, Self::Journal, Self::FreeBusy, Self::Availability];

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

    /// The kind whose components are called `name` (upper case).
    pub fn of_component(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.component_name() == name)
    }
}

/// A calendar object with everything that was established at construction.
#[derive(Clone, Debug)]
pub struct CalendarObject {
    octets: Arc<[u8]>,
    /// The decoded text, where it is not the octets.
    decoded: Option<Arc<str>>,
    calendar: Arc<Component>,
    uid: String,
    kind: Kind,
    /// Which of the calendar's components is the master.
    master: Option<usize>,
    /// What each TZID parameter means here; `None` where it means nothing.
    zones: Arc<HashMap<String, Option<Zone>>>,
    warnings: Vec<Warning>,
}

impl CalendarObject {
    /// Reads one object: valid iCalendar, one UID, one kind besides VTIMEZONE. The octets are kept as they came.
    ///
    /// # Errors
    /// Names the line, the property and the reason.
    pub fn read(octets: Arc<[u8]>, limits: &Limits) -> Result<Self, TextError> {
        Self::read_with(octets, limits, &mut ZoneCache::default())
    }

    /// The same with zones that others had before, and remembering its own for those that come: reading a VTIMEZONE
    /// takes much longer than the rest of a small object.
    ///
    /// # Errors
    /// See [`Self::read`].
    pub fn read_with(octets: Arc<[u8]>, limits: &Limits, known: &mut ZoneCache) -> Result<Self, TextError> {
        if octets.len() > limits.object_octets_max {
            let reason = format!("more than {} octets", limits.object_octets_max);
            return Err(TextError::new(1, "VCALENDAR", reason));
        }
        let mut parsed = text::parse(&octets, limits)?;
        let calendar = check::only_calendar(&mut parsed)?;
        let (uid, kind) = check::identity(&calendar, limits)?;
        let zones = known.zones_of(&calendar, &parsed.text)?;
        let decoded = (parsed.text.as_bytes() != &*octets).then(|| Arc::from(parsed.text));
        let mut object = Self {
            octets,
            decoded,
            master: None,
            zones: Arc::new(zones),
            calendar: Arc::new(calendar),
            uid,
            kind,
            warnings: parsed.warnings,
        };
        object.master = object.choose_master();
        let mut warnings = check::warnings(&object);
        object.warnings.append(&mut warnings);
        Ok(object)
    }

    /// The octets as they came.
    pub fn octets(&self) -> &Arc<[u8]> {
        &self.octets
    }

    /// What the octet ranges of the components and properties point into: the octets, or, where these were no UTF-8,
    /// their text in UTF-8.
    pub fn source(&self) -> &[u8] {
        self.decoded.as_ref().map_or(&*self.octets, |text| text.as_bytes())
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
        self.calendar.components.get(self.master?)
    }

    /// The components with RECURRENCE-ID.
    pub fn overrides(&self) -> impl Iterator<Item = &Component> {
        self.components().filter(|component| component.property("RECURRENCE-ID").is_some())
    }

    /// The date or time that `property` holds, its TZID resolved against this object's VTIMEZONEs, then by name,
    /// then (with a warning at construction) floating. `None` where the value cannot be read.
    pub fn date_or_time(&self, property: &Property) -> Option<DateOrTime> {
        self.date_or_time_of(property, &property.value)
    }

    /// All values of a multi-valued property such as EXDATE (no periods).
    pub fn dates_or_times(&self, property: &Property) -> Vec<DateOrTime> {
        property.value.split(',').filter_map(|value| self.date_or_time_of(property, value)).collect()
    }

    /// The date or time `value`, which is a part of what `property` holds (one of a list, an end of a PERIOD), read
    /// with its parameters.
    ///
    /// The value's own form decides, whatever VALUE says, but VALUE=DATE makes a midnight a date. A `Z` wins over TZID.
    pub fn date_or_time_of(&self, property: &Property, value: &str) -> Option<DateOrTime> {
        let local = match DateOrTime::parse(value)? {
            DateOrTime::Floating(local) => local,
            other => return Some(other),
        };
        let is_date = property.parameter("VALUE").is_some_and(|value| value.eq_ignore_ascii_case("DATE"));
        if is_date && local.time() == crate::civil::Time::midnight() {
            return Some(DateOrTime::Date(local.date()));
        }
        Some(match property.parameter("TZID").and_then(|tzid| self.zone(tzid)) {
            Some(zone) if zone.is_utc() => DateOrTime::Utc(zone.instant_of(local)),
            Some(zone) => DateOrTime::Zoned { local, zone: zone.into_owned() },
            None => DateOrTime::Floating(local),
        })
    }

    /// The zone that a TZID parameter means in this object.
    pub fn zone(&self, tzid: &str) -> Option<Cow<'_, Zone>> {
        match self.zones.get(tzid) {
            Some(zone) => zone.as_ref().map(Cow::Borrowed),
            // A property that is not of this object.
            None => zones::resolve(Definitions::of(&self.calendar).find(tzid), tzid).map(Cow::Owned),
        }
    }

    /// Of the components without RECURRENCE-ID the one with the highest SEQUENCE, then DTSTAMP, then the last.
    fn choose_master(&self) -> Option<usize> {
        let name = self.kind.component_name();
        let masters =
            self.calendar.components.iter().enumerate().filter(|(_, component)| {
                component.name == name && component.property("RECURRENCE-ID").is_none()
            });
        masters.max_by_key(|(_, component)| check::revision(component)).map(|(at, _)| at)
    }
}
