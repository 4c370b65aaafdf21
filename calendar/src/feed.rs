//! A feed: many objects in one text, split by UID (specification 2.1, 4.5).
//!
//! Each object gets a VCALENDAR of its own with the VTIMEZONEs it uses and its components' own octets, in UTF-8 and with
//! CRLF. Only what could not be kept is changed: a missing UID is put in, a component without END is closed.

mod group;
mod piece;

use std::collections::{HashMap, HashSet};

use crate::component::Component;
use crate::limits::Limits;
use crate::object::{CalendarObject, Definitions, Kind, ZoneCache};
use crate::text::{self, Parsed, TextError};
use crate::time::Duration;
use crate::warning::{Warning, WarningKind};
use crate::zone::Zone;
use group::{Group, Groups};
use piece::{Pieces, Source};

/// VTIMEZONEs are copied into every object that uses them: at most this many times the octets that a feed may have.
const COPIES_MAX: usize = 8;

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
    /// What was read around, over all objects; lines are those of the feed.
    pub warnings: Vec<Warning>,
}

impl Feed {
    /// Reads a feed: several VCALENDARs in one body, repeated UIDs, missing UIDs, orphan overrides.
    ///
    /// An object that passes a limit of its own is left out with a warning.
    ///
    /// # Errors
    /// If it is not iCalendar (an HTML page), or ends before END:VCALENDAR: the caller keeps what it had.
    pub fn read(octets: &[u8], limits: &Limits) -> Result<Self, TextError> {
        let mut objects = Vec::new();
        let feed = Self::scan(octets, limits, |object| objects.push(object))?;
        Ok(Self { objects, ..feed })
    }

    /// The same, with each object given to `each` as soon as it is read and `objects` left empty: a feed takes many
    /// times its octets in memory, and whoever needs only the text of its objects need not hold them all.
    ///
    /// # Errors
    /// As [`Self::read`]; objects that were given before may then be forgotten.
    pub fn scan(
        octets: &[u8],
        limits: &Limits,
        mut each: impl FnMut(CalendarObject),
    ) -> Result<Self, TextError> {
        if octets.len() > limits.feed_octets_max {
            return Err(TextError::new(
                1,
                "VCALENDAR",
                format!("more than {} octets", limits.feed_octets_max),
            ));
        }
        let parsed = text::parse(octets, limits)?;
        if !parsed.complete {
            return Err(TextError::new(last_line(&parsed), "VCALENDAR", "it ends before END:VCALENDAR"));
        }
        if parsed.calendars.iter().all(is_bare) {
            return Err(TextError::new(1, "VCALENDAR", "there is no BEGIN:VCALENDAR"));
        }
        check_counts(&parsed, limits)?;
        let mut warnings = parsed.warnings.clone();
        let groups = Groups::of(&parsed.calendars, &mut warnings);
        objects(&parsed, &groups, limits, &mut warnings, &mut each)?;
        warnings.sort_by_key(|warning| warning.line);
        Ok(Self {
            objects: Vec::new(),
            name: first_text(&parsed, &["X-WR-CALNAME", "NAME"]),
            zone: zone(&parsed),
            refresh_seconds: refresh_seconds(&parsed),
            warnings,
        })
    }
}

/// Whether the VCALENDAR was put around a component that stood without one.
fn is_bare(calendar: &Component) -> bool {
    calendar.components.iter().any(|inner| inner.octets == calendar.octets)
}

fn last_line(parsed: &Parsed) -> u32 {
    u32::try_from(parsed.text.lines().count()).unwrap_or(u32::MAX)
}

fn check_counts(parsed: &Parsed, limits: &Limits) -> Result<(), TextError> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for component in parsed.calendars.iter().flat_map(|calendar| &calendar.components) {
        let count = counts.entry(&component.name).or_default();
        *count += 1;
        if *count > limits.feed_components_max {
            let reason = format!("more than {} components of this kind", limits.feed_components_max);
            return Err(TextError::new(component.line, &component.name, reason));
        }
    }
    Ok(())
}

fn objects(
    parsed: &Parsed,
    groups: &Groups<'_>,
    limits: &Limits,
    warnings: &mut Vec<Warning>,
    each: &mut dyn FnMut(CalendarObject),
) -> Result<(), TextError> {
    let definitions: Vec<Definitions<'_>> = parsed.calendars.iter().map(Definitions::of).collect();
    let source = Source::new(parsed);
    let mut known = ZoneCache::default();
    let mut copied = 0_usize;
    let mut told = HashSet::new();
    for group in &groups.in_order {
        let zones = zones_used(group, &definitions);
        copied += zones.iter().map(|zone| zone.octets.len()).sum::<usize>();
        if copied > limits.feed_octets_max.saturating_mul(COPIES_MAX) {
            let line = zones.first().map_or(1, |zone| zone.line);
            return Err(TextError::new(line, "VTIMEZONE", "the definitions of zones are too long"));
        }
        let mut pieces = Pieces::new(&source, group);
        for zone in &zones {
            pieces.copy(zone, None);
        }
        for component in &group.components {
            pieces.copy(component, group.written_uid.as_deref());
        }
        let (octets, lines) = pieces.end();
        match CalendarObject::read_with(octets, limits, &mut known) {
            Ok(object) => {
                for warning in object.warnings().iter().filter(|warning| !is_about_text(warning.kind)) {
                    let line = lines.feed_line(warning.line);
                    let is_new = match warning.kind {
                        // A writer that leaves out DTSTAMP does so everywhere.
                        WarningKind::MissingProperty => told.insert((0, warning.detail.clone())),
                        // Many objects share one VTIMEZONE.
                        WarningKind::UnreadableZone | WarningKind::ZoneRule => {
                            told.insert((line, warning.detail.clone()))
                        }
                        _ => true,
                    };
                    if is_new {
                        warnings.push(Warning { line, ..warning.clone() });
                    }
                }
                each(object);
            }
            Err(error) => {
                let detail = format!("{}: {}", error.property, error.reason);
                let line = lines.feed_line(error.line);
                warnings.push(Warning::new(WarningKind::LeftOut, line, &detail));
            }
        }
    }
    Ok(())
}

/// Whether such a warning comes from the text, which was read as a whole before.
fn is_about_text(kind: WarningKind) -> bool {
    use WarningKind::{
        BareLineFeed, MissingEnd, NotAContentLine, NotUtf8, SplitCharacter, UnquotedParameter, Utf16,
    };
    matches!(
        kind,
        BareLineFeed | MissingEnd | NotAContentLine | NotUtf8 | SplitCharacter | UnquotedParameter | Utf16
    )
}

/// The VTIMEZONEs that the components of `group` name, in the calendars they stand in.
fn zones_used<'a>(group: &Group<'a>, definitions: &[Definitions<'a>]) -> Vec<&'a Component> {
    let mut zones: Vec<&Component> = Vec::new();
    let mut names = HashSet::new();
    for (component, calendar) in group.components.iter().zip(&group.calendars) {
        let mut open = vec![*component];
        while let Some(each) = open.pop() {
            for tzid in each.properties.iter().filter_map(|property| property.parameter("TZID")) {
                if names.insert(tzid) {
                    zones.extend(definitions.get(*calendar).and_then(|definitions| definitions.find(tzid)));
                }
            }
            open.extend(&each.components);
        }
    }
    zones.sort_by_key(|zone| zone.octets.start);
    zones.dedup_by_key(|zone| zone.octets.start);
    zones
}

fn first_text(parsed: &Parsed, names: &[&str]) -> Option<String> {
    let texts =
        names.iter().flat_map(|name| parsed.calendars.iter().filter_map(|calendar| calendar.text(name)));
    texts.map(|text| text.trim().to_owned()).find(|text| !text.is_empty())
}

fn zone(parsed: &Parsed) -> Option<Zone> {
    let tzid = first_text(parsed, &["X-WR-TIMEZONE", "TIMEZONE-ID"])?;
    let defined = || {
        parsed
            .calendars
            .iter()
            .find_map(|calendar| Zone::of_vtimezone(Definitions::of(calendar).find(&tzid)?))
    };
    Zone::named(&tzid).or_else(defined)
}

fn refresh_seconds(parsed: &Parsed) -> Option<i64> {
    let interval = first_text(parsed, &["REFRESH-INTERVAL"]).and_then(|text| Duration::parse(&text));
    let interval = interval.or_else(|| Duration::parse(&first_text(parsed, &["X-PUBLISHED-TTL"])?))?;
    Some(interval.nominal_seconds()).filter(|seconds| *seconds > 0)
}

/// The kind of a component that makes an object.
fn kind_of(component: &Component) -> Option<Kind> {
    Kind::of_component(&component.name)
}
