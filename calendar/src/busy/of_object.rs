//! What one object makes busy (RFC 4791 §7.10, specification 3.4).
//!
//! A component speaks for itself: what an override does not say has the RFC's default, not the master's word. An
//! event counts by its own TRANSP and STATUS, by what Microsoft's clients add (X-MICROSOFT-CDO-BUSYSTATUS), and by
//! the owner's own PARTSTAT; a VFREEBUSY by its periods; a VAVAILABILITY by what it does not name as available; VTODO
//! and VJOURNAL make nothing busy. X-MICROSOFT-CDO-INTENDEDSTATUS is what an organizer would have others show, and is
//! not looked at.

use crate::address::Address;
use crate::busy::availability::hours;
use crate::busy::set::{BusyPeriod, BusyType};
use crate::component::{Component, Property};
use crate::limits::Limits;
use crate::object::{CalendarObject, Kind};
use crate::recur::ExpansionError;
use crate::recur::instances::{instances, periods};
use crate::time::Span;
use crate::zone::Zone;

/// In whose eyes and in which calendar an object is read.
#[derive(Clone, Debug)]
pub struct BusyReading<'a> {
    /// The zone of dates and floating times.
    pub zone: &'a Zone,
    /// The addresses of the calendar's owner: their PARTSTAT decides.
    pub owner: &'a [Address],
    /// Bounds of the expansion.
    pub limits: &'a Limits,
}

/// The busy periods of `object` that share time with `window`, whole (not clipped), not merged.
///
/// TRANSP, STATUS, the owner's PARTSTAT (DECLINED free; NEEDS-ACTION, TENTATIVE tentative),
/// X-MICROSOFT-CDO-BUSYSTATUS as the provider table 0.1 says, VFREEBUSY periods. An event of zero or negative length
/// makes nothing busy. Those of a VAVAILABILITY, which may be busy without end, are clipped to `window`.
///
/// # Errors
/// [`ExpansionError`]; the caller counts the whole window as busy and says so.
pub fn of_object(
    object: &CalendarObject,
    reading: &BusyReading<'_>,
    window: Span,
) -> Result<Vec<BusyPeriod>, ExpansionError> {
    match object.kind() {
        Kind::Event => of_event(object, reading, window),
        Kind::FreeBusy => Ok(of_free_busy(object, reading.zone, window)),
        Kind::Availability => Ok(hours([object], reading, window)?.busy.periods().to_vec()),
        Kind::Todo | Kind::Journal => Ok(Vec::new()),
    }
}

fn of_event(
    object: &CalendarObject,
    reading: &BusyReading<'_>,
    window: Span,
) -> Result<Vec<BusyPeriod>, ExpansionError> {
    let kinds: Vec<Option<BusyType>> =
        object.components().map(|component| type_of(component, reading.owner)).collect();
    if kinds.iter().all(Option::is_none) {
        return Ok(Vec::new());
    }
    let instances = instances(object, reading.zone, window, reading.limits)?;
    let periods =
        instances.into_iter().filter(|instance| instance.span.overlaps(window)).filter_map(|instance| {
            let kind = (*kinds.get(instance.component)?)?;
            Some(BusyPeriod { span: instance.span, kind })
        });
    Ok(periods.collect())
}

/// How busy an event makes its owner; `None`: free.
fn type_of(component: &Component, owner: &[Address]) -> Option<BusyType> {
    let said = |name: &str| {
        component
            .property(name)
            .map(|property| property.value.trim().to_ascii_uppercase())
            .unwrap_or_default()
    };
    let (transparency, status) = (said("TRANSP"), said("STATUS"));
    let microsoft = said("X-MICROSOFT-CDO-BUSYSTATUS");
    // FREE and WORKINGELSEWHERE count where TRANSP is silent; OPAQUE contradicts them.
    let is_free = match transparency.as_str() {
        "TRANSPARENT" => true,
        "" => matches!(microsoft.as_str(), "FREE" | "WORKINGELSEWHERE"),
        _ => false,
    };
    if is_free || status == "CANCELLED" {
        return None;
    }
    let answer = answer(component, owner)?;
    if answer == BusyType::Tentative || status == "TENTATIVE" || microsoft == "TENTATIVE" {
        Some(BusyType::Tentative)
    } else if microsoft == "OOF" {
        Some(BusyType::Unavailable)
    } else {
        Some(BusyType::Busy)
    }
}

/// What the owner's own answer makes of an event: busy where the owner is not asked, `None` where they declined.
///
/// An owner who is asked under several addresses is as busy as the readiest answer says.
fn answer(component: &Component, owner: &[Address]) -> Option<BusyType> {
    let is_owner = |property: &Property| owner.contains(&Address::parse(&property.value));
    let organizes = component.property("ORGANIZER").is_some_and(is_owner);
    let mut answers = component.properties_named("ATTENDEE").filter(|attendee| is_owner(attendee)).peekable();
    if answers.peek().is_none() {
        return Some(BusyType::Busy);
    }
    let of_answer = |attendee: &Property| {
        let partstat = attendee.parameter("PARTSTAT").map(str::trim).map(str::to_ascii_uppercase);
        match partstat.as_deref() {
            Some("DECLINED") => None,
            Some("TENTATIVE" | "NEEDS-ACTION") => Some(BusyType::Tentative),
            // Not having answered is the default (RFC 5545 §3.2.12), but nobody asks themselves.
            None if !organizes => Some(BusyType::Tentative),
            _ => Some(BusyType::Busy),
        }
    };
    answers.map(of_answer).max().flatten()
}

/// The periods of a VFREEBUSY by their FBTYPE; BUSY is the default and what an unknown type means (RFC 5545 §3.2.9).
fn of_free_busy(object: &CalendarObject, zone: &Zone, window: Span) -> Vec<BusyPeriod> {
    let properties = object.components().flat_map(|component| component.properties_named("FREEBUSY"));
    let busy = properties.flat_map(|property| {
        let fbtype = property.parameter("FBTYPE").map_or("", str::trim);
        let known = BusyType::ALL.into_iter().find(|kind| kind.is_named(fbtype));
        let kind = known.or_else(|| (!fbtype.eq_ignore_ascii_case("FREE")).then_some(BusyType::Busy));
        let spans = if kind.is_some() { periods(object, property, zone) } else { Vec::new() };
        spans.into_iter().zip(kind.into_iter().cycle()).map(|(span, kind)| BusyPeriod { span, kind })
    });
    busy.filter(|period| period.span.overlaps(window)).collect()
}
