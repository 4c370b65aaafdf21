//! VAVAILABILITY: when somebody may be asked for, and what that leaves as busy (RFC 7953).
//!
//! Within its DTSTART and DTEND (each without bound where it is missing) a VAVAILABILITY is busy of its BUSYTYPE, save
//! for the instances of its AVAILABLE components; outside it says nothing. Several are laid over one another in order
//! of PRIORITY (RFC 7953 §4): at each instant the one with the highest that speaks there is heard, 1 before 9 before
//! none. Where several of one priority speak, an hour that any of them names is available; else the strongest type
//! holds. So the answer does not depend on their order.

use std::collections::HashMap;

use super::of_object::BusyReading;
use super::set::{BusyPeriod, BusySet, BusyType, strongest};
use crate::component::{Component, Property};
use crate::feed::Feed;
use crate::limits::Limits;
use crate::object::{CalendarObject, Kind};
use crate::recur::ExpansionError;
use crate::recur::instances::{instances, periods};
use crate::text::{self, TextError};
use crate::time::{Instant, Span};
use crate::zone::Zone;

/// AVAILABLE components that are expanded for one question at most.
pub const AVAILABLE_MAX: usize = 250;

/// What some VAVAILABILITYs say about a window; what is neither busy nor available there is not spoken of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hours {
    /// Busy for want of being available; clipped to the window.
    pub busy: BusySet,
    /// The hours that are named as available: sorted, disjoint, clipped to the window.
    pub available: Vec<Span>,
}

/// What the VAVAILABILITYs among `objects` together say about `window`: those of a calendar, or those of the property
/// `calendar-availability` of a scheduling inbox (RFC 7953 §7.2).
///
/// The available spans are the bookable hours; the busy ones join what events make busy.
///
/// # Errors
/// [`ExpansionError`] if a rule passes its limits, if there are more than [`AVAILABLE_MAX`] AVAILABLE components that
/// matter, or if they have more instances in all than `instances_max`.
pub fn hours<'a>(
    objects: impl IntoIterator<Item = &'a CalendarObject>,
    reading: &BusyReading<'_>,
    window: Span,
) -> Result<Hours, ExpansionError> {
    hours_of(objects.into_iter().map(|object| (object, reading.zone)), reading.limits, window)
}

/// The same of objects that are kept in several calendars, each read in the zone of its own.
///
/// # Errors
/// See [`hours`].
pub fn hours_of<'a>(
    objects: impl IntoIterator<Item = (&'a CalendarObject, &'a Zone)>,
    limits: &Limits,
    window: Span,
) -> Result<Hours, ExpansionError> {
    let mut layers = Layers { limits, series: 0, instances: 0, spans: Vec::new() };
    for (object, zone) in objects.into_iter().filter(|(object, _)| object.kind() == Kind::Availability) {
        for component in object.components() {
            layers.add((object, zone), component, window)?;
        }
    }
    let mut hours = Hours::default();
    let mut busy = Vec::new();
    for (span, rank) in strongest::<RANKS>(layers.spans) {
        match BusyType::ALL.get(rank % STATES) {
            Some(kind) => busy.push(BusyPeriod { span, kind: *kind }),
            None => match hours.available.last_mut() {
                // Two priorities may name hours that touch.
                Some(last) if last.end == span.start => last.end = span.end,
                _ => hours.available.push(span),
            },
        }
    }
    hours.busy = busy.into_iter().collect();
    Ok(hours)
}

/// The VAVAILABILITYs of an iCalendar text that holds nothing else but their zones: what the property
/// `calendar-availability` may be (RFC 7953 §7.2).
///
/// # Errors
/// Names the line, the component and the reason.
pub fn read(text: &str, limits: &Limits) -> Result<Vec<CalendarObject>, TextError> {
    let octets = text.trim().as_bytes();
    let parsed = text::parse(octets, limits)?;
    let one = |reason: &str| TextError::new(1, "VCALENDAR", reason);
    let [calendar] = parsed.calendars.as_slice() else { return Err(one("it is not one VCALENDAR")) };
    if !parsed.complete {
        return Err(one("its end is missing"));
    }
    let other = calendar.components.iter().find(|component| {
        Kind::of_component(&component.name) != Some(Kind::Availability) && component.name != "VTIMEZONE"
    });
    if let Some(other) = other {
        return Err(TextError::new(other.line, &other.name, "only VAVAILABILITY and VTIMEZONE stand there"));
    }
    let components = || calendar.components_named("VAVAILABILITY");
    if components().flat_map(|each| each.components_named("AVAILABLE")).count() > AVAILABLE_MAX {
        return Err(one(&format!("there are more than {AVAILABLE_MAX} AVAILABLE components")));
    }
    let objects = Feed::read(octets, limits)?.objects;
    if objects.is_empty() { Err(one("there is no VAVAILABILITY")) } else { Ok(objects) }
}

/// The types of busy time, then available.
const STATES: usize = BusyType::ALL.len() + 1;
const AVAILABLE: usize = BusyType::ALL.len();
/// Ten priorities (RFC 5545 §3.8.1.9) with their states.
const RANKS: usize = 10 * STATES;

/// Spans with the rank of what is said about them.
struct Layers<'a> {
    limits: &'a Limits,
    /// AVAILABLE components so far.
    series: usize,
    /// Their instances so far.
    instances: usize,
    spans: Vec<(Span, usize)>,
}

impl Layers<'_> {
    /// Adds one VAVAILABILITY of `object`, as far as it speaks of `window`.
    fn add(
        &mut self,
        (object, zone): (&CalendarObject, &Zone),
        component: &Component,
        window: Span,
    ) -> Result<(), ExpansionError> {
        let said = reach(object, component, zone);
        let Some(said) = said.intersection(window) else { return Ok(()) };
        let layer = priority(component) * STATES;
        self.spans.push((said, layer + busy_type(component) as usize));
        for series in series(component) {
            self.series += series.len();
            if self.series > AVAILABLE_MAX {
                return Err(too_many(AVAILABLE_MAX, "components"));
            }
            let series = object.as_events(series);
            let found = instances(&series, zone, said, self.limits)?;
            self.instances += found.len();
            if self.instances > self.limits.instances_max {
                return Err(too_many(self.limits.instances_max, "instances"));
            }
            let within = found.iter().filter_map(|instance| instance.span.intersection(said));
            self.spans.extend(within.map(|span| (span, layer + AVAILABLE)));
        }
        Ok(())
    }
}

fn too_many(limit: usize, unit: &'static str) -> ExpansionError {
    ExpansionError::TooMany { rule: "of AVAILABLE".to_owned(), limit, unit }
}

/// The time of which a VAVAILABILITY speaks; of no length where it ends before it starts.
fn reach(object: &CalendarObject, component: &Component, zone: &Zone) -> Span {
    let at = |name: &str| Some(object.date_or_time(component.property(name)?)?.to_instant(zone));
    let end = || {
        let start = component.property("DTSTART")?;
        let duration = component.property("DURATION")?;
        // As a period it ends where its instances would: days by the clock.
        let period = Property { value: format!("{}/{}", start.value, duration.value), ..start.clone() };
        Some(periods(object, &period, zone).first()?.end)
    };
    Span::new(at("DTSTART").unwrap_or(Instant::MIN), at("DTEND").or_else(end).unwrap_or(Instant::MAX))
}

/// How much a VAVAILABILITY has to say, from 0 (none given) to 9 (PRIORITY:1).
fn priority(component: &Component) -> usize {
    let given = component.property("PRIORITY").and_then(|property| property.value.trim().parse().ok());
    given.filter(|number: &usize| (1..=9).contains(number)).map_or(0, |number| 10 - number)
}

/// What a VAVAILABILITY is where it is not available; an unknown type is as the default (RFC 7953 §3.2).
fn busy_type(component: &Component) -> BusyType {
    let given = component.property("BUSYTYPE").map(|property| property.value.trim());
    let known = BusyType::ALL.into_iter().find(|kind| given.is_some_and(|name| kind.is_named(name)));
    known.unwrap_or(BusyType::Unavailable)
}

/// The AVAILABLE components of a VAVAILABILITY, each series with the overrides of its UID.
///
/// Writers give several one UID, or none: each without RECURRENCE-ID is a series then, and an override is one of each,
/// which makes no difference where they are laid together.
fn series(component: &Component) -> Vec<Vec<&Component>> {
    let mut order: Vec<&str> = Vec::new();
    let mut by_uid: HashMap<&str, (Vec<&Component>, Vec<&Component>)> = HashMap::new();
    for available in component.components_named("AVAILABLE") {
        let uid = available.property("UID").map_or("", |uid| uid.value.trim());
        let (masters, overrides) = by_uid.entry(uid).or_insert_with(|| {
            order.push(uid);
            Default::default()
        });
        let is_override = available.property("RECURRENCE-ID").is_some();
        if is_override { overrides.push(available) } else { masters.push(available) }
    }
    let mut all = Vec::new();
    for uid in order {
        let Some((masters, overrides)) = by_uid.remove(uid) else { continue };
        if masters.is_empty() {
            all.push(overrides);
            continue;
        }
        // One more than is allowed is enough to be refused.
        let room = AVAILABLE_MAX + 1;
        all.extend(
            masters
                .into_iter()
                .take(room)
                .map(|master| std::iter::once(master).chain(overrides.iter().copied()).take(room).collect()),
        );
    }
    all
}
