//! What must hold of an object, and what is worth a warning.

use std::collections::HashSet;

use super::{CalendarObject, Kind};
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::recur::rule::Rule;
use crate::text::{Parsed, TextError};
use crate::time::{DateOrTime, Duration, Instant};
use crate::warning::{Warning, WarningKind};
use crate::zone::Zone;

/// Takes the one VCALENDAR out of a text.
pub(super) fn only_calendar(parsed: &mut Parsed) -> Result<Component, TextError> {
    if !parsed.complete {
        let last_line = u32::try_from(parsed.text.lines().count()).unwrap_or(u32::MAX);
        return Err(TextError::new(last_line, "VCALENDAR", "it ends before END:VCALENDAR"));
    }
    match parsed.calendars.as_mut_slice() {
        [calendar] if !calendar.components.iter().any(|inner| inner.octets == calendar.octets) => {
            Ok(std::mem::take(calendar))
        }
        [bare] => Err(TextError::new(bare.line, "VCALENDAR", "there is no BEGIN:VCALENDAR")),
        [_, second, ..] => Err(TextError::new(second.line, "VCALENDAR", "there is more than one VCALENDAR")),
        [] => Err(TextError::new(1, "VCALENDAR", "there is no BEGIN:VCALENDAR")),
    }
}

/// The UID that all components share, and their kind.
pub(super) fn identity(calendar: &Component, limits: &Limits) -> Result<(String, Kind), TextError> {
    let mut found: Option<(String, Kind)> = None;
    let mut count = 0;
    for component in &calendar.components {
        let Some(kind) = Kind::of_component(&component.name) else { continue };
        count += 1;
        if count > limits.feed_components_max {
            let reason = format!("more than {} components", limits.feed_components_max);
            return Err(TextError::new(component.line, &component.name, reason));
        }
        let attendees = component.properties_named("ATTENDEE").count();
        if attendees > limits.attendees_max {
            let reason = format!("more than {} attendees", limits.attendees_max);
            return Err(TextError::new(component.line, "ATTENDEE", reason));
        }
        let uid = component.text("UID").filter(|uid| !uid.trim().is_empty());
        let Some(uid) = uid else {
            return Err(TextError::new(component.line, "UID", "UID is missing"));
        };
        match &found {
            None => found = Some((uid, kind)),
            Some((_, first)) if *first != kind => {
                let reason =
                    format!("{} and {} in one object", first.component_name(), kind.component_name());
                return Err(TextError::new(component.line, &component.name, reason));
            }
            Some((first, _)) if *first != uid => {
                let line = component.property("UID").map_or(component.line, |property| property.line);
                return Err(TextError::new(line, "UID", "there is more than one UID"));
            }
            Some(_) => {}
        }
    }
    found.ok_or_else(|| {
        let reason = "there is no VEVENT, VTODO, VJOURNAL, VFREEBUSY or VAVAILABILITY";
        TextError::new(calendar.line, "VCALENDAR", reason)
    })
}

/// What orders two revisions of one component: SEQUENCE, then DTSTAMP.
pub(crate) fn revision(component: &Component) -> (u32, Option<Instant>) {
    let sequence =
        component.property("SEQUENCE").and_then(|property| property.value.trim().parse().ok()).unwrap_or(0);
    let stamp = component.property("DTSTAMP").and_then(|property| DateOrTime::parse(&property.value));
    (sequence, stamp.map(|stamp| stamp.to_instant(Zone::utc())))
}

/// Warnings about the components of one object at most.
const WARNINGS_MAX: usize = 1000;

/// The warnings about the components of `object`.
pub(super) fn warnings(object: &CalendarObject) -> Vec<Warning> {
    let mut check = Check { object, warnings: Vec::new(), unknown_zones: HashSet::new() };
    check.calendar();
    let master = object.master();
    let master_start = master.and_then(|master| check.read(master.property("DTSTART")));
    let mut seen = HashSet::new();
    for component in object.components() {
        check.stamp(component);
        check.times(component);
        check.rules(component);
        component.components_named("AVAILABLE").for_each(|available| check.available(available));
        match component.property("RECURRENCE-ID") {
            None if master.is_some_and(|master| !std::ptr::eq(master, component)) => {
                check.warn(WarningKind::DuplicateUid, component.line, object.uid());
            }
            None => {}
            Some(id) => {
                if !seen.insert((id.value.trim(), id.parameter("TZID"))) {
                    check.warn(WarningKind::DuplicateUid, id.line, &id.value);
                }
                if master.is_none() {
                    check.warn(WarningKind::OrphanOverride, id.line, &id.value);
                }
                check.same_kind(Some(id), master_start.as_ref());
            }
        }
    }
    check.zones(object.calendar());
    for vtimezone in object.calendar().components_named("VTIMEZONE") {
        let room = WARNINGS_MAX.saturating_sub(check.warnings.len());
        check.warnings.extend(Zone::warnings_of(vtimezone).into_iter().take(room));
    }
    check.warnings.sort_by_key(|warning| warning.line);
    check.warnings
}

struct Check<'a> {
    object: &'a CalendarObject,
    warnings: Vec<Warning>,
    unknown_zones: HashSet<String>,
}

impl Check<'_> {
    fn warn(&mut self, kind: WarningKind, line: u32, detail: &str) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(Warning::new(kind, line, detail));
        }
    }

    fn read(&self, property: Option<&Property>) -> Option<DateOrTime> {
        self.object.date_or_time(property?)
    }

    fn calendar(&mut self) {
        let calendar = self.object.calendar();
        for name in ["VERSION", "PRODID"] {
            if calendar.property(name).is_none() {
                self.warn(WarningKind::MissingProperty, calendar.line, name);
            }
        }
    }

    fn stamp(&mut self, component: &Component) {
        if component.property("DTSTAMP").is_none() && component.name != "VFREEBUSY" {
            self.warn(WarningKind::MissingProperty, component.line, "DTSTAMP");
        }
    }

    /// A part of a VAVAILABILITY, which is written like an event (RFC 7953 §3.1).
    fn available(&mut self, available: &Component) {
        for name in ["UID", "DTSTAMP"] {
            if available.property(name).is_none() {
                self.warn(WarningKind::MissingProperty, available.line, name);
            }
        }
        self.times(available);
        self.rules(available);
    }

    /// DTSTART, DTEND or DUE, and DURATION: each readable, and they agree.
    fn times(&mut self, component: &Component) {
        for property in component.properties.iter().filter(|property| TIMES.contains(&property.name.as_str()))
        {
            let values = property.value.split(',').map(|value| value.split('/').next().unwrap_or(value));
            for value in values.filter(|value| !value.trim().is_empty()) {
                if self.object.date_or_time_of(property, value).is_none() {
                    self.warn(
                        WarningKind::UnreadableTime,
                        property.line,
                        &format!("{}:{value}", property.name),
                    );
                }
            }
        }
        let start = self.read(component.property("DTSTART"));
        if start.is_none() && matches!(component.name.as_str(), "VEVENT" | "AVAILABLE") {
            let line = component.property("DTSTART").map_or(component.line, |property| property.line);
            self.warn(WarningKind::NoStart, line, component.text("SUMMARY").as_deref().unwrap_or_default());
        }
        let end = component.property("DTEND").or_else(|| component.property("DUE"));
        self.same_kind(end, start.as_ref());
        if let (Some(property), Some(start), Some(end)) = (end, &start, self.read(end))
            && end.to_instant(Zone::utc()) < start.to_instant(Zone::utc())
        {
            self.warn(WarningKind::Inverted, property.line, &property.value);
        }
        let Some(duration) = component.property("DURATION") else { return };
        if end.is_some() {
            self.warn(WarningKind::EndAndDuration, duration.line, &duration.value);
        }
        match Duration::parse(&duration.value) {
            None => {
                self.warn(
                    WarningKind::UnreadableTime,
                    duration.line,
                    &format!("DURATION:{}", duration.value),
                );
            }
            Some(length) if length.is_negative() => {
                self.warn(WarningKind::NegativeDuration, duration.line, &duration.value);
            }
            Some(_) => {}
        }
    }

    fn same_kind(&mut self, property: Option<&Property>, start: Option<&DateOrTime>) {
        if let (Some(property), Some(start), Some(value)) = (property, start, self.read(property))
            && start.is_date() != value.is_date()
        {
            self.warn(
                WarningKind::MixedKinds,
                property.line,
                &format!("{}:{}", property.name, property.value),
            );
        }
    }

    /// RRULE, EXRULE, EXDATE and RDATE against DTSTART.
    fn rules(&mut self, component: &Component) {
        let start = self.read(component.property("DTSTART"));
        for property in &component.properties {
            let Some(start) = &start else { return };
            match property.name.as_str() {
                "RRULE" | "EXRULE" => self.rule(property, start),
                "EXDATE" | "RDATE" if !start.is_date() => {
                    let kind = if property.name == "EXDATE" {
                        WarningKind::ExdateKind
                    } else {
                        WarningKind::MixedKinds
                    };
                    if self.object.dates_or_times(property).iter().any(DateOrTime::is_date) {
                        self.warn(kind, property.line, &property.value);
                    }
                }
                _ => {}
            }
        }
    }

    fn rule(&mut self, property: &Property, start: &DateOrTime) {
        let Ok(read) = Rule::read(&property.value) else {
            return self.warn(WarningKind::UnreadableRule, property.line, &property.value);
        };
        if read.rule.count.is_some() && read.rule.until.is_some() {
            self.warn(WarningKind::CountAndUntil, property.line, &property.value);
        }
        let until = property.value.split(';').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim().eq_ignore_ascii_case("UNTIL").then(|| DateOrTime::parse(value)).flatten()
        });
        // With a zone UNTIL is in UTC (RFC 5545 §3.3.10).
        let fits = matches!(
            (&until, start),
            (None, _)
                | (Some(DateOrTime::Date(_)), DateOrTime::Date(_))
                | (Some(DateOrTime::Floating(_)), DateOrTime::Floating(_))
                | (Some(DateOrTime::Utc(_)), DateOrTime::Utc(_) | DateOrTime::Zoned { .. })
        );
        if !fits {
            self.warn(WarningKind::UntilKind, property.line, &property.value);
        }
    }

    /// Every TZID: of use, and known.
    fn zones(&mut self, component: &Component) {
        for property in &component.properties {
            let Some(tzid) = property.parameter("TZID") else { continue };
            let value = property.value.split(',').next().unwrap_or_default();
            match DateOrTime::parse(value.split('/').next().unwrap_or_default()) {
                Some(DateOrTime::Utc(_)) => {
                    self.warn(WarningKind::TzidOnUtc, property.line, &format!("{}:{value}", property.name));
                }
                Some(DateOrTime::Date(_)) => {}
                _ if self.object.zone(tzid).is_none() && self.unknown_zones.insert(tzid.to_owned()) => {
                    self.warn(WarningKind::UnknownZone, property.line, tzid);
                }
                _ => {}
            }
        }
        component
            .components
            .iter()
            .filter(|inner| inner.name != "VTIMEZONE")
            .for_each(|inner| self.zones(inner));
    }
}

/// Properties whose values are dates or times (or, in RDATE, periods).
const TIMES: [&str; 6] = ["DTSTART", "DTEND", "DUE", "RECURRENCE-ID", "EXDATE", "RDATE"];
