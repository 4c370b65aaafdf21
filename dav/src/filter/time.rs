//! Time ranges: when a component or a property meets one, kind by kind (RFC 4791 §9.9).

use std::rc::Rc;

use calendar::component::{Component, Property};
use calendar::recur::Instance;
use calendar::time::{DateOrTime, Instant, Span};

use crate::filter::memo::ByComponent;
use crate::filter::{KINDS, Place, Subject, TimeRange, value};

/// Whether the component at `place` meets the range.
pub(super) fn component_meets(place: &Place<'_>, range: TimeRange) -> bool {
    let span = range.span();
    match place.component.name.as_str() {
        "VCALENDAR" => KINDS.iter().any(|kind| {
            let named = place.component.components_named(kind.component_name());
            named.enumerate().any(|(index, component)| {
                let Place { subject, memo, .. } = *place;
                component_meets(&Place { subject, memo, component, index, within: Some(place) }, range)
            })
        }),
        "VALARM" => alarm_meets(place, span),
        "VTODO" => todo_meets(place, span),
        "VFREEBUSY" => free_busy_meets(place, span),
        _ => any_instance(place, span, |instance| begins_or_reaches(instance.span, span)),
    }
}

/// Whether the value of a property meets the range.
pub(super) fn property_meets(subject: Subject<'_>, property: &Property, range: TimeRange) -> bool {
    let span = range.span();
    if property.value.contains('/') {
        return property.value.split(',').filter_map(value::period).any(|period| period.overlaps(span));
    }
    subject.object.dates_or_times(property).iter().any(|value| {
        let start = value.to_instant(subject.zone);
        if value.is_date() {
            begins_or_reaches(Span::new(start, start.plus(86_400)), span)
        } else {
            span.contains(start)
        }
    })
}

/// The rule for events and journal entries: what has a length overlaps, what has none begins inside.
fn begins_or_reaches(instance: Span, range: Span) -> bool {
    if instance.is_empty() { range.contains(instance.start) } else { instance.overlaps(range) }
}

/// The dates of a component as they stand in it, without recurrence.
struct Own {
    start: Option<Instant>,
    is_date: bool,
    /// DTEND or DUE, or what DURATION makes of the start.
    end: Option<Instant>,
}

fn own_dates(subject: Subject<'_>, component: &Component) -> Own {
    let read =
        |name| component.property(name).and_then(|property: &Property| subject.object.date_or_time(property));
    let start = read("DTSTART");
    let instant = start.as_ref().map(|start| start.to_instant(subject.zone));
    let end = read("DTEND").or_else(|| read("DUE")).map(|end| end.to_instant(subject.zone));
    let lasting = || {
        let seconds = component.property("DURATION").and_then(|property| value::duration(&property.value))?;
        Some(instant?.plus(seconds))
    };
    Own { start: instant, is_date: start.is_some_and(|start| start.is_date()), end: end.or_else(lasting) }
}

/// VTODO: the eight rows of the table.
fn todo_meets(place: &Place<'_>, range: Span) -> bool {
    let (start, end) = (range.start, range.end);
    let due =
        |begins: Instant, due: Instant| (start < due || start <= begins) && (end > begins || end >= due);
    let lasts = |begins: Instant, ends: Instant| start <= ends && (end > begins || end >= ends);
    let has_due = place.component.property("DUE").is_some();
    if recurs(place.component) {
        // The rows look at the very ends of the range, so the expansion is asked a second further each way.
        let wider = Span::new(start.plus(-1), end.plus(1));
        return any_instance(place, wider, |Instance { span, .. }| match (has_due, span.is_empty()) {
            (true, _) => due(span.start, span.end),
            (false, true) => start <= span.start && end > span.start,
            (false, false) => lasts(span.start, span.end),
        });
    }
    let own = own_dates(place.subject, place.component);
    let at =
        |name| Some(single(place.subject, place.component.property(name)?)?.to_instant(place.subject.zone));
    match (own.start, own.end) {
        (Some(begins), Some(ends)) if has_due => due(begins, ends),
        (Some(begins), Some(ends)) => lasts(begins, ends),
        (Some(begins), None) => start <= begins && end > begins,
        (None, Some(ends)) => start < ends && end >= ends,
        (None, None) => match (at("COMPLETED"), at("CREATED")) {
            (Some(done), Some(made)) => (start <= made || start <= done) && (end >= made || end >= done),
            (Some(done), None) => start <= done && end >= done,
            (None, Some(made)) => end > made,
            (None, None) => true,
        },
    }
}

fn single(subject: Subject<'_>, property: &Property) -> Option<DateOrTime> {
    subject.object.date_or_time(property)
}

/// VFREEBUSY: its own dates, or else one of its periods.
fn free_busy_meets(place: &Place<'_>, range: Span) -> bool {
    let own = own_dates(place.subject, place.component);
    if let (Some(start), Some(end)) = (own.start, own.end) {
        return range.start <= end && range.end > start;
    }
    place
        .component
        .properties_named("FREEBUSY")
        .flat_map(|property| property.value.split(','))
        .filter_map(value::period)
        .any(|period| period.overlaps(range))
}

/// When an alarm goes off, relative to an instance or for itself.
struct Trigger {
    base: Base,
    /// Seconds from one repetition to the next, and how many there are.
    step: i64,
    repetitions: i64,
}

enum Base {
    At(Instant),
    FromStart(i64),
    FromEnd(i64),
}

/// More repetitions than anybody hears.
const REPETITIONS_MAX: i64 = 1_000;

impl Trigger {
    fn of(subject: Subject<'_>, alarm: &Component) -> Option<Self> {
        let trigger = alarm.property("TRIGGER")?;
        let base = match value::duration(&trigger.value) {
            Some(seconds) if trigger.parameter("RELATED").is_some_and(|r| r.eq_ignore_ascii_case("END")) => {
                Base::FromEnd(seconds)
            }
            Some(seconds) => Base::FromStart(seconds),
            None => Base::At(single(subject, trigger)?.to_instant(subject.zone)),
        };
        let number = |name| alarm.property(name).map(|property| property.value.trim());
        let step = number("DURATION").and_then(value::duration).unwrap_or(0);
        let repetitions = number("REPEAT").and_then(|text| text.parse().ok()).unwrap_or(0);
        Some(Self { base, step, repetitions: i64::clamp(repetitions, 0, REPETITIONS_MAX) })
    }

    /// Whether it goes off within `range`, first at `first`.
    fn sounds(&self, first: Instant, range: Span) -> bool {
        (0..=self.repetitions).any(|nth| range.contains(first.plus(nth.saturating_mul(self.step))))
    }
}

/// VALARM: one of its soundings lies in the range.
fn alarm_meets(place: &Place<'_>, range: Span) -> bool {
    let (Some(trigger), Some(parent)) = (Trigger::of(place.subject, place.component), place.within) else {
        return false;
    };
    let seconds = match trigger.base {
        Base::At(instant) => return trigger.sounds(instant, range),
        Base::FromStart(seconds) | Base::FromEnd(seconds) => seconds,
    };
    let first_of = |start: Option<Instant>, end: Option<Instant>| match trigger.base {
        Base::FromEnd(_) => Some(end?.plus(seconds)),
        _ => Some(start?.plus(seconds)),
    };
    if !recurs(parent.component) {
        let own = own_dates(place.subject, parent.component);
        let day = if own.is_date { 86_400 } else { 0 };
        let end = own.end.or_else(|| Some(own.start?.plus(day)));
        return first_of(own.start, end).is_some_and(|first| trigger.sounds(first, range));
    }
    let last = trigger.repetitions.saturating_mul(trigger.step).max(0);
    let searched = Span::new(range.start.plus(-seconds).plus(-last - 1), range.end.plus(-seconds).plus(1));
    any_instance(parent, searched, |instance| {
        first_of(Some(instance.span.start), Some(instance.span.end))
            .is_some_and(|first| trigger.sounds(first, range))
    })
}

/// Whether the component stands for more than one instance.
pub(super) fn recurs(component: &Component) -> bool {
    component.property("RECURRENCE-ID").is_none()
        && (component.property("RRULE").is_some() || component.property("RDATE").is_some())
        || component.property("RECURRENCE-ID").is_some_and(|id| id.parameter("RANGE").is_some())
}

/// Whether an instance of the component at `place` that meets `range` passes `test`.
///
/// An endless series is looked through in growing steps, so that a range with an open end (DAVx5, iOS) costs what its
/// first instance costs. A series that passes a limit counts as passing.
fn any_instance(place: &Place<'_>, range: Span, test: impl Fn(&Instance) -> bool) -> bool {
    const STEPS_SECONDS: [i64; 4] = [32 * 86_400, 366 * 86_400, 3_660 * 86_400, i64::MAX];
    let Place { subject, memo, index, .. } = *place;
    let passes = |found: Option<Rc<ByComponent>>| {
        let Some(found) = found else { return true };
        let instances = found.get(&index).map(Vec::as_slice).unwrap_or_default();
        instances.iter().any(|instance| begins_or_reaches(instance.span, range) && test(instance))
    };
    if !recurs(place.component) {
        return passes(memo.alone(subject));
    }
    let Some(reach) = memo.reach(subject) else { return false };
    let end = range.end.min(reach.end.plus(1));
    let mut from = range.start.max(reach.start);
    for step in STEPS_SECONDS {
        if from >= end {
            return false;
        }
        let to = from.plus(step).min(end);
        if passes(memo.within(subject, Span::new(from, to))) {
            return true;
        }
        from = to;
    }
    false
}
