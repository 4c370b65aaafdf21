//! RANGE=THISANDFUTURE: a component that speaks of one instance and of all after it (RFC 5545 §3.2.13).

use super::compose::{calendar, missing_zones, renamed_zones};
use super::instance::described;
use super::parts::{Part, Parts, detached};
use super::property::set_parameter;
use crate::component::Component;
use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::recur;
use crate::text::serialise;
use crate::time::{Instant, Span};
use crate::zone::Zone;

const DAY_SECONDS: i64 = 86_400;
/// How far ahead the next instance is looked for, one after the other.
const AHEAD_DAYS: [i64; 3] = [40, 800, 16_000];

/// Whether `component` speaks of later instances too.
pub(super) fn ranges(component: &Component) -> bool {
    let id = component.property("RECURRENCE-ID");
    let range = id.and_then(|id| id.parameter("RANGE"));
    range.is_some_and(|range| range.trim().eq_ignore_ascii_case("THISANDFUTURE"))
}

/// The component that describes the instance at `at` because it ranges over it.
pub(super) fn ranging_over<'p, 'a>(parts: &'p Parts<'a>, at: Instant) -> Option<&'p Part<'a>> {
    parts.list.values().rfind(|part| part.at.is_some_and(|from| from < at) && ranges(&part.component))
}

/// A series of which one component ranges over the rest.
struct Ranged {
    object: CalendarObject,
    component: Component,
    /// Seconds by which it moves instances.
    shift: i64,
}

impl Ranged {
    fn of(master: &Part<'_>, range: &Part<'_>, limits: &Limits) -> Option<Self> {
        let mut component = renamed_zones(&range.component, range.origin, master.origin);
        let all = vec![master.component.clone(), component.clone()];
        let mut frame = calendar(master.origin, None, all);
        frame.components.extend(missing_zones(&range.component, range.origin, master.origin));
        let object = CalendarObject::read(serialise(&frame).into_bytes().into(), limits).ok()?;
        let start = object.date_or_time(component.property("DTSTART")?)?.to_instant(Zone::utc());
        let shift = start.as_unix().saturating_sub(range.at?.as_unix());
        component.properties.retain(|property| property.name != "RECURRENCE-ID");
        Some(Self { object, component, shift })
    }

    /// The first instance whose original start is within `[from, to)` and that `is_sought`.
    fn first(
        &self,
        (from, to): (Instant, Instant),
        limits: &Limits,
        is_sought: impl Fn(Instant) -> bool,
    ) -> Option<Component> {
        // A shift on the clock may differ by a day from one in time.
        let moved = |at: Instant, days: i64| at.plus(self.shift).plus(days * DAY_SECONDS);
        let window = Span::new(moved(from, -2).max(Instant::MIN), moved(to, 2));
        let found = recur::instances(&self.object, Zone::utc(), window, limits).ok()?;
        let named = found.iter().filter(|each| each.recurrence_id.is_some_and(|at| at >= from && at < to));
        let mut sought: Vec<_> = named.filter(|each| each.recurrence_id.is_some_and(&is_sought)).collect();
        sought.sort_by_key(|each| each.recurrence_id);
        sought.first().map(|instance| described(&self.component, &self.object, instance))
    }
}

/// What `range` says of the instance at `at`; `None` where the rule makes no such instance.
pub(super) fn derived(
    parts: &Parts<'_>,
    range: &Part<'_>,
    at: Instant,
    limits: &Limits,
) -> Option<Component> {
    Ranged::of(parts.master()?, range, limits)?.first((at, at.plus(1)), limits, |_| true)
}

/// Makes the component of `at` speak of that instance alone; what it says of later ones the next that has no component
/// of its own says from now on, whose name is returned.
pub(super) fn narrow(parts: &mut Parts<'_>, at: Instant, limits: &Limits) -> Option<Instant> {
    let range = parts.find(Some(at)).filter(|part| ranges(&part.component))?;
    let next = parts.master().and_then(|master| {
        let ranged = Ranged::of(master, range, limits)?;
        let is_free = |each: Instant| parts.find(Some(each)).is_none();
        let next = |days: &i64| {
            let until = at.plus(days * DAY_SECONDS);
            ranged.first((at.plus(1), until), limits, is_free)
        };
        let mut component = AHEAD_DAYS.iter().find_map(next)?;
        let id = component.properties.iter_mut().find(|each| each.name == "RECURRENCE-ID")?;
        set_parameter(id, "RANGE", Some("THISANDFUTURE"));
        let name = ranged.object.date_or_time(id)?.to_instant(Zone::utc());
        Some((name, detached(component), master.origin))
    });
    // Another one goes on from there anyhow.
    let next = next.filter(|(name, ..)| {
        let between =
            parts.list.values().filter(|part| part.at.is_some_and(|each| each > at && each < *name));
        !between.into_iter().any(|part| ranges(&part.component))
    });
    let part = parts.find_mut(Some(at))?;
    let id = part.component.properties.iter_mut().find(|each| each.name == "RECURRENCE-ID")?;
    set_parameter(id, "RANGE", None);
    let (name, component, origin) = next?;
    parts.put(Some(name), component, origin);
    Some(name)
}
