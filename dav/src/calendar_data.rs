//! CALDAV:calendar-data: an object whole, in part, expanded or limited (RFC 4791 §9.6).

use std::borrow::Cow;
use std::sync::Arc;

use calendar::by_reference::Vtimezones;
use calendar::component::Component;
use calendar::limits::Limits;
use calendar::object::CalendarObject;
use calendar::text as icalendar;
use calendar::time::Span;
use calendar::zone::Zone;
use http::StatusCode;

use crate::condition::{Failure, SUPPORTED_CALENDAR_DATA};
use crate::filter::TimeRange;
use crate::media::{self, Format};
use crate::xml::Element;
use crate::xml::name::caldav;

mod recurrence;
mod select;
pub mod write;

use select::Selection;

/// What is wanted of an object's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarData {
    selection: Option<Selection>,
    recurrence: Option<Recurrence>,
    free_busy: Option<Span>,
    format: Format,
}

/// What is wanted of a recurrence set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recurrence {
    /// Instances instead of rules (§9.6.5).
    Expand(Span),
    /// Only the overrides that matter (§9.6.6).
    Limit(Span),
}

impl CalendarData {
    /// Reads `CALDAV:calendar-data` as it stands in a report.
    ///
    /// # Errors
    /// CALDAV:supported-calendar-data for a media type other than text/calendar and jCal, or a version other than 2.0; CALDAV:valid-filter for a range
    /// that is none.
    pub fn read(element: &Element) -> Result<Self, Failure> {
        let media = element.attribute("content-type").unwrap_or("text/calendar");
        let version = element.attribute("version").unwrap_or("2.0");
        let Some(format) = Format::of_media_type(media).filter(|_| version.trim() == "2.0") else {
            return Err(Failure::of(
                SUPPORTED_CALENDAR_DATA,
                format!("{media} {version} is not given here; only text/calendar 2.0 and jCal"),
            ));
        };
        let expand = range(element, "expand")?.map(Recurrence::Expand);
        let limit = range(element, "limit-recurrence-set")?.map(Recurrence::Limit);
        if expand.is_some() && limit.is_some() {
            return Err(Failure::bad_request("expand and limit-recurrence-set exclude each other"));
        }
        Ok(Self {
            selection: element.first(caldav("comp")).map(Selection::read).transpose()?,
            recurrence: expand.or(limit),
            free_busy: range(element, "limit-freebusy-set")?,
            format,
        })
    }

    /// Checks every `CALDAV:calendar-data` that `DAV:prop` asks for.
    ///
    /// # Errors
    /// Those of [`Self::read`].
    pub fn check(prop: &Element) -> Result<(), Failure> {
        prop.all(caldav("calendar-data")).try_for_each(|asked| Self::read(asked).map(|_| ()))
    }

    fn is_whole(&self) -> bool {
        self.selection.is_none() && self.recurrence.is_none() && self.free_busy.is_none()
    }
}

fn range(element: &Element, name: &'static str) -> Result<Option<Span>, Failure> {
    let Some(child) = element.first(caldav(name)) else { return Ok(None) };
    let range = TimeRange::read(child)?;
    match (range.start, range.end) {
        (Some(start), Some(end)) => Ok(Some(Span::new(start, end))),
        _ => Err(Failure::bad_request(format!("{name} has a start and an end"))),
    }
}

/// An object, and in what it is read.
#[derive(Clone, Copy)]
pub struct Source<'a> {
    /// Its octets as they were stored.
    pub octets: &'a Arc<[u8]>,
    /// The object, if it was read already.
    pub parsed: Option<&'a Arc<CalendarObject>>,
    /// The zone of its dates and floating times.
    pub zone: &'a Zone,
    /// Which VTIMEZONEs it shall come with.
    pub vtimezones: Vtimezones,
    /// Bounds of reading and expanding it.
    pub limits: Limits,
}

/// An object as `asked` wants it, and how it is written. One that cannot be read is given as it is.
///
/// # Errors
/// 507 where an expansion passes a limit; 404 for what has no JSON.
pub fn written(source: Source<'_>, asked: &Element) -> Result<(String, Format), StatusCode> {
    let wanted = CalendarData::read(asked).map_err(|failure| failure.status)?;
    let limits = source.limits;
    let text = text(source, &wanted)?;
    match wanted.format {
        Format::Text => Ok((text, Format::Text)),
        Format::Json => {
            let json = media::json_of(text.as_bytes(), &limits).ok_or(StatusCode::NOT_FOUND)?;
            Ok((json, Format::Json))
        }
    }
}

fn text(source: Source<'_>, wanted: &CalendarData) -> Result<String, StatusCode> {
    let Source { octets, parsed, zone, vtimezones, limits } = source;
    let whole = || text_of(&vtimezones.text(octets, &limits), &limits).into_owned();
    if wanted.is_whole() {
        return Ok(whole());
    }
    let parsed = match parsed {
        Some(parsed) => Arc::clone(parsed),
        None => match CalendarObject::read(Arc::clone(octets), &limits) {
            Ok(parsed) => Arc::new(parsed),
            Err(_) => return Ok(whole()),
        },
    };
    let mut calendar: Component = match wanted.recurrence {
        None => parsed.calendar().clone(),
        Some(Recurrence::Expand(window)) => recurrence::expanded(&parsed, zone, window, &limits)
            .map_err(|_| StatusCode::INSUFFICIENT_STORAGE)?,
        Some(Recurrence::Limit(window)) => recurrence::limited(&parsed, zone, window),
    };
    if let Some(window) = wanted.free_busy {
        recurrence::limit_free_busy(&mut calendar, window);
    }
    // After the instances, which are those of the object's own zones; before what is selected.
    vtimezones.apply(&mut calendar);
    if let Some(selection) = &wanted.selection {
        selection.apply(&mut calendar);
    }
    Ok(write::text(&calendar))
}

/// Octets as text: UTF-8 as it is, anything else as the calendar reads it.
fn text_of<'a>(octets: &'a [u8], limits: &Limits) -> Cow<'a, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => match icalendar::parse(octets, limits) {
            Ok(parsed) => Cow::Owned(parsed.text),
            Err(_) => String::from_utf8_lossy(octets),
        },
    }
}
