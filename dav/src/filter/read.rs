//! Filters out of XML, with the checks that RFC 4791 §7.8 names.

use calendar::refusal::Refusal;
use calendar::time::Span;

use crate::condition::{Failure, Payload, SUPPORTED_COLLATION, SUPPORTED_FILTER, VALID_FILTER};
use crate::filter::{
    Collation, CompConditions, CompFilter, Filter, ParamCondition, ParamFilter, PropConditions, PropFilter,
    TextMatch, TimeRange, value,
};
use crate::xml::Element;
use crate::xml::name::{CALDAV, caldav};

/// Elements that one filter may have: far more than anybody asks, and each is looked at for each object.
const ELEMENTS_MAX: usize = 256;

/// Which components the standards put where; a filter may not turn that round.
const NESTING: &[(&str, &[&str])] = &[
    ("VCALENDAR", &["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VAVAILABILITY"]),
    ("VEVENT", &["VALARM", "PARTICIPANT", "VLOCATION", "VRESOURCE"]),
    ("VTODO", &["VALARM", "PARTICIPANT", "VLOCATION", "VRESOURCE"]),
    ("VJOURNAL", &["PARTICIPANT", "VLOCATION", "VRESOURCE"]),
    ("VALARM", &["VLOCATION"]),
    ("PARTICIPANT", &["VLOCATION", "VRESOURCE"]),
    ("VTIMEZONE", &["STANDARD", "DAYLIGHT"]),
    ("VAVAILABILITY", &["AVAILABLE"]),
];

/// The components that a time-range is defined for (§9.9), and VCALENDAR, which meets it where one of its own does: some
/// clients do not say what they look for.
const TIMED: &[&str] = &["VCALENDAR", "VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VALARM"];

/// The properties whose values are times.
const TIMES: &[&str] = &[
    "DTSTART",
    "DTEND",
    "DUE",
    "COMPLETED",
    "CREATED",
    "DTSTAMP",
    "LAST-MODIFIED",
    "RECURRENCE-ID",
    "RDATE",
    "EXDATE",
    "FREEBUSY",
    "TRIGGER",
    "ACKNOWLEDGED",
];

fn invalid(reason: impl Into<String>) -> Failure {
    Failure::of(VALID_FILTER, reason)
}

impl Filter {
    /// Reads `CALDAV:filter`.
    ///
    /// # Errors
    /// CALDAV:valid-filter, CALDAV:supported-filter, CALDAV:supported-collation.
    pub fn read(element: &Element) -> Result<Self, Failure> {
        if descendants(element) > ELEMENTS_MAX {
            return Err(invalid(format!("a filter has at most {ELEMENTS_MAX} elements")));
        }
        let mut filters = element.elements();
        let (Some(first), None) = (filters.next(), filters.next()) else {
            return Err(invalid("a filter holds one comp-filter"));
        };
        if !first.is(caldav("comp-filter")) {
            return Err(invalid("a filter holds one comp-filter"));
        }
        let calendar = comp_filter(first, None)?;
        if calendar.name != "VCALENDAR" {
            return Err(invalid("the outermost comp-filter is that of VCALENDAR"));
        }
        Ok(Self { calendar })
    }
}

/// How many elements are inside another, at any depth.
fn descendants(element: &Element) -> usize {
    element.elements().map(|child| 1 + descendants(child)).sum()
}

impl TimeRange {
    /// Reads the attributes `start` and `end`, either of which may be missing.
    ///
    /// # Errors
    /// CALDAV:valid-filter where both are missing, are no times in UTC, or the end is not after the start.
    pub fn read(element: &Element) -> Result<Self, Failure> {
        let read = |name| match element.attribute(name) {
            None => Ok(None),
            Some(text) => value::utc(text)
                .map(Some)
                .ok_or_else(|| invalid(format!("{name}=\"{text}\" is not a time in UTC"))),
        };
        let range = Self { start: read("start")?, end: read("end")? };
        match (range.start, range.end) {
            (None, None) => Err(invalid("a time range has a start or an end")),
            (Some(start), Some(end)) if end <= start => Err(invalid("a time range ends after it starts")),
            _ => Ok(range),
        }
    }
}

/// The elements that say from when until when (§9.6.5–9.6.7, §9.9).
const RANGES: &[&str] = &["time-range", "expand", "limit-recurrence-set", "limit-freebusy-set"];

/// Checks that no range in the body of a report reaches beyond the times that are kept.
///
/// # Errors
/// CALDAV:min-date-time, CALDAV:max-date-time (§7.8, §7.9).
pub fn check_ranges(element: &Element, kept: Span) -> Result<(), Failure> {
    let name = element.name();
    if name.namespace == CALDAV && RANGES.contains(&name.local) {
        for at in ["start", "end"].into_iter().filter_map(|at| value::utc(element.attribute(at)?)) {
            if at < kept.start {
                return Err(Refusal::TooEarly(kept.start).into());
            }
            if at > kept.end {
                return Err(Refusal::TooLate(kept.end).into());
            }
        }
    }
    element.elements().try_for_each(|child| check_ranges(child, kept))
}

fn name_of(element: &Element) -> Result<String, Failure> {
    element
        .attribute("name")
        .map(|name| name.trim().to_ascii_uppercase())
        .filter(|name| !name.is_empty())
        .ok_or_else(|| invalid(format!("{} has no name", element.name().local)))
}

/// A part of a filter that is not known here.
fn unsupported(element: &Element) -> Failure {
    Failure::of(SUPPORTED_FILTER, format!("{:?} is not known here", element.name()))
        .with(Payload::Xml(element.standing_alone()))
}

/// Whether the element says is-not-defined, in which case it may say nothing else.
fn is_not_defined(element: &Element) -> Result<bool, Failure> {
    if element.first(caldav("is-not-defined")).is_none() {
        return Ok(false);
    }
    if element.elements().count() > 1 {
        return Err(invalid("is-not-defined stands alone"));
    }
    Ok(true)
}

fn once<T>(slot: &mut Option<T>, value: T, what: &str) -> Result<(), Failure> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(invalid(format!("{what} stands there twice"))),
    }
}

fn comp_filter(element: &Element, parent: Option<&str>) -> Result<CompFilter, Failure> {
    let name = name_of(element)?;
    if let Some(parent) = parent {
        let known = NESTING.iter().any(|(_, inner)| inner.contains(&name.as_str())) || name == "VCALENDAR";
        let fits = NESTING.iter().any(|(outer, inner)| *outer == parent && inner.contains(&name.as_str()));
        if known && !fits {
            return Err(invalid(format!("a {name} does not stand in a {parent}")));
        }
    }
    if is_not_defined(element)? {
        return Ok(CompFilter { name, wanted: None });
    }
    let mut wanted = CompConditions::default();
    for child in element.elements().filter(|child| child.name().namespace == CALDAV) {
        match child.name().local {
            "comp-filter" => wanted.components.push(comp_filter(child, Some(&name))?),
            "prop-filter" => wanted.properties.push(prop_filter(child)?),
            "time-range" if TIMED.contains(&name.as_str()) => {
                once(&mut wanted.time_range, TimeRange::read(child)?, "time-range")?;
            }
            "time-range" => return Err(invalid(format!("a {name} has no time"))),
            _ => return Err(unsupported(child)),
        }
    }
    Ok(CompFilter { name, wanted: Some(wanted) })
}

fn prop_filter(element: &Element) -> Result<PropFilter, Failure> {
    let name = name_of(element)?;
    if is_not_defined(element)? {
        return Ok(PropFilter { name, wanted: None });
    }
    let mut wanted = PropConditions::default();
    for child in element.elements().filter(|child| child.name().namespace == CALDAV) {
        match child.name().local {
            "param-filter" => wanted.parameters.push(param_filter(child)?),
            "text-match" => once(&mut wanted.text, text_match(child)?, "text-match")?,
            "time-range" if TIMES.contains(&name.as_str()) || name.starts_with("X-") => {
                once(&mut wanted.time_range, TimeRange::read(child)?, "time-range")?;
            }
            "time-range" => return Err(invalid(format!("{name} holds no time"))),
            _ => return Err(unsupported(child)),
        }
    }
    if wanted.text.is_some() && wanted.time_range.is_some() {
        return Err(invalid("a property is matched by text or by time"));
    }
    Ok(PropFilter { name, wanted: Some(wanted) })
}

fn param_filter(element: &Element) -> Result<ParamFilter, Failure> {
    let name = name_of(element)?;
    if is_not_defined(element)? {
        return Ok(ParamFilter { name, wanted: ParamCondition::Absent });
    }
    let mut text = None;
    for child in element.elements().filter(|child| child.name().namespace == CALDAV) {
        match child.name().local {
            "text-match" => once(&mut text, text_match(child)?, "text-match")?,
            _ => return Err(unsupported(child)),
        }
    }
    Ok(ParamFilter { name, wanted: text.map_or(ParamCondition::Present, ParamCondition::Text) })
}

fn text_match(element: &Element) -> Result<TextMatch, Failure> {
    let name = element.attribute("collation").unwrap_or("default");
    let collation = Collation::named(name)
        .ok_or_else(|| Failure::of(SUPPORTED_COLLATION, format!("the collation {name} is not known here")))?;
    let negate = match element.attribute("negate-condition") {
        None | Some("no") => false,
        Some("yes") => true,
        Some(other) => return Err(invalid(format!("negate-condition=\"{other}\" is neither yes nor no"))),
    };
    Ok(TextMatch { needle: collation.folded(&element.text()), collation, negate })
}
