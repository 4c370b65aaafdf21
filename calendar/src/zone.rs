//! Time zones: a name or a VTIMEZONE becomes rules; a reading becomes an instant (RFC 5545 §3.2.19, §3.3.5).

use std::sync::Arc;

use crate::civil;
use crate::component::Component;
use crate::time::Instant;

/// The rules by which local clocks run.
#[derive(Clone, Debug, PartialEq)]
pub struct Zone {
    /// The TZID it was asked for by, or the IANA name.
    name: Arc<str>,
    rules: Rules,
}

#[derive(Clone, Debug, PartialEq)]
enum Rules {
    Iana(jiff::tz::TimeZone),
}

impl Zone {
    /// UTC.
    pub fn utc() -> &'static Self {
        todo!()
    }

    /// The IANA zone called `name` (aliases included, any case), from the system's or the bundled rules.
    pub fn iana(name: &str) -> Option<Self> {
        let _ = name;
        todo!()
    }

    /// The zone that `tzid` means where no VTIMEZONE defines it: IANA name or old alias, also behind
    /// `/prefix/…/`, quoted or padded; a Windows name (CLDR, territory 001); `UTC`-like aliases.
    pub fn named(tzid: &str) -> Option<Self> {
        let _ = tzid;
        todo!()
    }

    /// The zone that a VTIMEZONE defines; the IANA zone of its X-LIC-LOCATION or name never replaces its rules
    /// unless they are equal over all of them.
    pub fn of_vtimezone(vtimezone: &Component) -> Option<Self> {
        let _ = vtimezone;
        todo!()
    }

    /// The name for a TZID parameter.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The instant at which clocks here show `local`. A reading that does not exist is taken with the offset
    /// before the gap; of one that exists twice the first is meant.
    pub fn instant_of(&self, local: civil::DateTime) -> Instant {
        let _ = local;
        todo!()
    }

    /// All instants (none, one or two) at which clocks here show `local`.
    pub fn instants_of(&self, local: civil::DateTime) -> Vec<Instant> {
        let _ = local;
        todo!()
    }

    /// What clocks here show at `instant`.
    pub fn local_of(&self, instant: Instant) -> civil::DateTime {
        let _ = (instant, &self.rules);
        todo!()
    }

    /// Seconds east of UTC at `instant`.
    pub fn offset_at(&self, instant: Instant) -> i32 {
        let _ = instant;
        todo!()
    }

    /// The first instant after `instant` at which the offset changes, if there is one.
    pub fn next_transition(&self, instant: Instant) -> Option<Instant> {
        let _ = instant;
        todo!()
    }

    /// A minimal VTIMEZONE: the rules that readings between `from` and `to` need (content lines, CRLF).
    pub fn to_vtimezone(&self, from: Instant, to: Instant) -> String {
        let _ = (from, to);
        todo!()
    }
}
