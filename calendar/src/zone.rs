//! Time zones: a name or a VTIMEZONE becomes rules; a reading becomes an instant (RFC 5545 §3.2.19, §3.3.5).
//!
//! Two sources of rules: the IANA database (the system's, then the bundled one) and an object's own VTIMEZONE. Offsets
//! are whole seconds east of UTC.

mod definition;
mod names;
mod onsets;
mod published;
mod rule;
pub mod standard;
mod write;

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use jiff::tz::{AmbiguousOffset, Offset, TimeZone, TimeZoneDatabase};

use crate::civil;
use crate::component::Component;
use crate::time::Instant;
use crate::warning::Warning;
use definition::Definition;

pub use published::{Extent, Onset};

/// The rules by which local clocks run.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The TZID it was asked for by, or the IANA name.
    name: Arc<str>,
    rules: Rules,
}

#[derive(Clone, Debug, PartialEq)]
enum Rules {
    /// A zone of the IANA database, or a fixed offset.
    Known(TimeZone),
    /// What a VTIMEZONE says.
    Defined(Arc<Definition>),
}

/// A change of the offset.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Change {
    /// The first instant with the new offset.
    at: Instant,
    /// The offset until then, in seconds east of UTC.
    before: i32,
    /// The offset from then on.
    after: i32,
    /// Whether daylight saving time begins, rather than standard time.
    daylight: bool,
    /// The abbreviation used from then on, if it is known.
    abbreviation: Option<Arc<str>>,
}

impl Zone {
    /// UTC.
    pub fn utc() -> &'static Self {
        static UTC: LazyLock<Zone> =
            LazyLock::new(|| Zone { name: Arc::from("UTC"), rules: Rules::Known(TimeZone::UTC) });
        &UTC
    }

    /// The IANA zone called `name` (aliases included, any case), from the system's or the bundled rules.
    pub fn iana(name: &str) -> Option<Self> {
        static BUNDLED: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
        const NOT_ZONES: [&str; 5] = ["localtime", "posixrules", "Factory", "Local", "Etc/Unknown"];
        if !is_plausible(name) || NOT_ZONES.iter().any(|not| not.eq_ignore_ascii_case(name)) {
            return None;
        }
        // The system may lack the old aliases, which Debian keeps in a package of its own.
        let zone = jiff::tz::db().get(name).or_else(|_| BUNDLED.get(name)).ok()?;
        Some(Self { name: Arc::from(zone.iana_name().unwrap_or(name)), rules: Rules::Known(zone) })
    }

    /// The zone that `tzid` means where no VTIMEZONE defines it: IANA name or old alias, also behind
    /// `/prefix/…/`, quoted or padded; a Windows name (CLDR, territory 001); `UTC`-like aliases.
    pub fn named(tzid: &str) -> Option<Self> {
        names::zone(tzid)
    }

    /// The zone that a VTIMEZONE defines, whatever its rules; the IANA zone of its X-LIC-LOCATION or name never
    /// replaces them unless they are equal from 1970 to 2037. `None` where it cannot be read or passes a bound.
    pub fn of_vtimezone(vtimezone: &Component) -> Option<Self> {
        let tzid = vtimezone.text("TZID").unwrap_or_default();
        let definition = Definition::read(vtimezone, &mut Vec::new())?;
        let names = [vtimezone.text("X-LIC-LOCATION"), Some(tzid.clone())];
        let known = names
            .iter()
            .flatten()
            .find_map(|name| Self::named(name))
            .filter(|known| definition.equals(known));
        let rules = known.map_or_else(|| Rules::Defined(Arc::new(definition)), |known| known.rules);
        Some(Self { name: Arc::from(tzid.trim()), rules })
    }

    /// What [`Self::of_vtimezone`] leaves out of a VTIMEZONE.
    pub(crate) fn warnings_of(vtimezone: &Component) -> Vec<Warning> {
        let mut warnings = Vec::new();
        // Whether anything is left is for those who ask for the zone.
        let _ = Definition::read(vtimezone, &mut warnings);
        warnings
    }

    /// The zone that is always `seconds` east of UTC, called `name`.
    fn fixed(name: &str, seconds: i32) -> Option<Self> {
        let offset = Offset::from_seconds(seconds).ok()?;
        Some(Self { name: Arc::from(name), rules: Rules::Known(TimeZone::fixed(offset)) })
    }

    /// The same rules under another name.
    #[must_use]
    pub fn called(self, name: &str) -> Self {
        Self { name: Arc::from(name), ..self }
    }

    /// The name for a TZID parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether clocks here always show UTC.
    pub fn is_utc(&self) -> bool {
        match &self.rules {
            Rules::Known(zone) => *zone == TimeZone::UTC || zone.to_fixed_offset().is_ok_and(Offset::is_zero),
            Rules::Defined(_) => false,
        }
    }

    /// The instant at which clocks here show `local`. A reading that does not exist is taken with the offset
    /// before the gap; of one that exists twice the first is meant.
    pub fn instant_of(&self, local: civil::DateTime) -> Instant {
        let as_utc = Instant::from_utc(local);
        match &self.rules {
            Rules::Known(zone) => as_utc.plus(-i64::from(first_offset(zone, local).seconds())),
            Rules::Defined(definition) => definition.instant_of(as_utc),
        }
    }

    /// All instants (none, one or two) at which clocks here show `local`.
    pub fn instants_of(&self, local: civil::DateTime) -> Vec<Instant> {
        let as_utc = Instant::from_utc(local);
        let zone = match &self.rules {
            Rules::Known(zone) => zone,
            Rules::Defined(definition) => return definition.instants_of(as_utc),
        };
        let offsets = match zone.to_ambiguous_timestamp(local).offset() {
            AmbiguousOffset::Unambiguous { offset } => vec![offset],
            AmbiguousOffset::Gap { .. } => Vec::new(),
            AmbiguousOffset::Fold { before, after } => vec![before, after],
        };
        offsets.into_iter().map(|offset| as_utc.plus(-i64::from(offset.seconds()))).collect()
    }

    /// What clocks here show at `instant`.
    pub fn local_of(&self, instant: Instant) -> civil::DateTime {
        instant.plus(i64::from(self.offset_at(instant))).to_utc()
    }

    /// Seconds east of UTC at `instant`.
    pub fn offset_at(&self, instant: Instant) -> i32 {
        match &self.rules {
            Rules::Known(zone) => zone.to_offset(timestamp(instant)).seconds(),
            Rules::Defined(definition) => definition.offset_at(instant),
        }
    }

    /// The first instant after `instant` at which the offset changes, if there is one.
    pub fn next_transition(&self, instant: Instant) -> Option<Instant> {
        self.next_change(instant).map(|change| change.at)
    }

    /// A minimal VTIMEZONE: the rules that readings between `from` and `to` need (content lines, CRLF).
    pub fn to_vtimezone(&self, from: Instant, to: Instant) -> String {
        write::vtimezone(self, from, to)
    }

    fn next_change(&self, instant: Instant) -> Option<Change> {
        let zone = match &self.rules {
            Rules::Known(zone) => zone,
            Rules::Defined(definition) => return definition.next_change(instant),
        };
        let mut before = self.offset_at(instant);
        // A transition may change the abbreviation alone.
        for transition in zone.following(timestamp(instant)) {
            let after = transition.offset().seconds();
            if after != before {
                return Some(Change {
                    at: Instant::from_unix(transition.timestamp().as_second()),
                    before,
                    after,
                    daylight: transition.dst().is_dst(),
                    abbreviation: Some(Arc::from(transition.abbreviation())),
                });
            }
            before = after;
        }
        None
    }

    /// The last change at or before `instant`, if there is one.
    fn last_change(&self, instant: Instant) -> Option<Change> {
        let zone = match &self.rules {
            Rules::Known(zone) => zone,
            Rules::Defined(definition) => return definition.last_change(instant),
        };
        for transition in zone.preceding(timestamp(instant.plus(1))) {
            let at = Instant::from_unix(transition.timestamp().as_second());
            let before = self.offset_at(at.plus(-1));
            let after = transition.offset().seconds();
            if before != after {
                let daylight = transition.dst().is_dst();
                return Some(Change {
                    at,
                    before,
                    after,
                    daylight,
                    abbreviation: Some(Arc::from(transition.abbreviation())),
                });
            }
        }
        None
    }
}

/// Whether the database could have such a name.
fn is_plausible(name: &str) -> bool {
    let fits = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'/' | b'_' | b'-' | b'+');
    name.len() <= 64 && name.bytes().all(fits)
}

/// The offset with which `local` is read: before a gap, the first of two.
fn first_offset(zone: &TimeZone, local: civil::DateTime) -> Offset {
    match zone.to_ambiguous_timestamp(local).offset() {
        AmbiguousOffset::Unambiguous { offset } => offset,
        AmbiguousOffset::Gap { before, .. } | AmbiguousOffset::Fold { before, .. } => before,
    }
}

fn timestamp(instant: Instant) -> Timestamp {
    // The bounds of `Instant` lie within those of the time library, so the fallback is never taken.
    Timestamp::from_second(instant.as_unix()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
