//! Filters of calendar-query: components, properties, parameters, text and time (RFC 4791 §9.7–9.9).
//!
//! A filter is read once, checked as §7.8 demands, and matched against any number of objects. Matching is pure and
//! cannot fail: an object whose expansion passes a limit matches, as hiding it would lose it.

use calendar::component::{Component, Property};
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

mod memo;
mod read;
mod text;
mod time;
pub mod value;

use memo::Memo;
pub use read::check_ranges;
pub use text::Collation;

/// What a calendar may take, and a filter may be about (RFC 4791 §5.2.3).
pub const KINDS: &[Kind] = &[Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy, Kind::Availability];

/// What an object is matched in.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The object.
    pub object: &'a CalendarObject,
    /// The zone of its dates and floating times.
    pub zone: &'a Zone,
    /// Bounds of its expansion.
    pub limits: &'a Limits,
}

/// `CALDAV:filter`: what is said of the VCALENDAR (§9.7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    calendar: CompFilter,
}

/// `CALDAV:comp-filter` (§9.7.1).
#[derive(Clone, Debug, PartialEq, Eq)]
struct CompFilter {
    name: String,
    /// `None`: is-not-defined.
    wanted: Option<CompConditions>,
}

/// What must hold of one component, all of it together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct CompConditions {
    time_range: Option<TimeRange>,
    properties: Vec<PropFilter>,
    components: Vec<CompFilter>,
}

/// `CALDAV:prop-filter` (§9.7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
struct PropFilter {
    name: String,
    /// `None`: is-not-defined.
    wanted: Option<PropConditions>,
}

/// What must hold of one property, all of it together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct PropConditions {
    time_range: Option<TimeRange>,
    text: Option<TextMatch>,
    parameters: Vec<ParamFilter>,
}

/// `CALDAV:param-filter` (§9.7.3).
#[derive(Clone, Debug, PartialEq, Eq)]
struct ParamFilter {
    name: String,
    wanted: ParamCondition,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum ParamCondition {
    Absent,
    Present,
    Text(TextMatch),
}

/// `CALDAV:text-match` (§9.7.5).
#[derive(Clone, Debug, PartialEq, Eq)]
struct TextMatch {
    /// The text, as the collation compares it.
    needle: String,
    collation: Collation,
    negate: bool,
}

/// `CALDAV:time-range` (§9.9): either end may be open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// The first instant.
    pub start: Option<Instant>,
    /// The first instant after it.
    pub end: Option<Instant>,
}

impl TimeRange {
    /// As a span, open ends being those of time.
    pub fn span(self) -> Span {
        Span::new(self.start.unwrap_or(Instant::MIN), self.end.unwrap_or(Instant::MAX))
    }
}

/// What a filter demands that can be known without reading an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Narrowing {
    /// The kind of the object, if it must be of one.
    pub kind: Option<Kind>,
    /// The span that one of its instances must meet, if the index of instances can tell.
    pub window: Option<Span>,
    /// Whether this is all that the filter demands (the window excepted, which is a superset).
    pub decided_by_kind: bool,
}

impl Filter {
    /// Whether the object matches.
    pub fn matches(&self, subject: Subject<'_>) -> bool {
        let calendar = subject.object.calendar();
        match &self.calendar.wanted {
            // There is always a VCALENDAR.
            None => false,
            Some(wanted) => {
                let memo = Memo::default();
                wanted.hold(&Place { subject, memo: &memo, component: calendar, index: 0, within: None })
            }
        }
    }

    /// What can be known without reading an object.
    pub fn narrowing(&self) -> Narrowing {
        let nothing = Narrowing { kind: None, window: None, decided_by_kind: false };
        let Some(calendar) = &self.calendar.wanted else { return nothing };
        let whole = calendar.properties.is_empty() && calendar.time_range.is_none();
        let present = |filter: &&CompFilter| filter.wanted.is_some();
        let Some(filter) = calendar.components.iter().find(present) else {
            return Narrowing { decided_by_kind: whole && calendar.components.is_empty(), ..nothing };
        };
        let Some(kind) = kind_named(&filter.name) else { return nothing };
        let wanted = filter.wanted.as_ref();
        // Tasks without dates, alarms and free-busy data match windows that hold none of their instances.
        let indexed = matches!(kind, Kind::Event | Kind::Journal);
        Narrowing {
            kind: Some(kind),
            window: wanted
                .and_then(|wanted| wanted.time_range)
                .filter(|_| indexed)
                .map(|range| widened(range.span())),
            decided_by_kind: whole
                && calendar.components.len() == 1
                && wanted.is_some_and(|wanted| *wanted == CompConditions::default()),
        }
    }
}

/// The span by which instances are looked up: a query may bring a zone other than the calendar's, which moves floating
/// times and days by up to 26 hours.
fn widened(span: Span) -> Span {
    const MARGIN_SECONDS: i64 = 2 * 86_400;
    Span::new(span.start.plus(-MARGIN_SECONDS), span.end.plus(MARGIN_SECONDS))
}

fn kind_named(name: &str) -> Option<Kind> {
    KINDS.iter().copied().find(|kind| kind.component_name() == name)
}

/// A component in its object.
struct Place<'a> {
    subject: Subject<'a>,
    memo: &'a Memo,
    component: &'a Component,
    /// Which of its name it is where it stands.
    index: usize,
    within: Option<&'a Place<'a>>,
}

impl CompConditions {
    fn hold(&self, place: &Place<'_>) -> bool {
        self.properties.iter().all(|filter| filter.matches(place))
            && self.components.iter().all(|filter| filter.matches(place))
            && self.time_range.is_none_or(|range| time::component_meets(place, range))
    }
}

impl CompFilter {
    fn matches(&self, parent: &Place<'_>) -> bool {
        let mut named = parent.component.components_named(&self.name);
        match &self.wanted {
            None => named.next().is_none(),
            Some(wanted) => named.enumerate().any(|(index, component)| {
                let Place { subject, memo, .. } = *parent;
                wanted.hold(&Place { subject, memo, component, index, within: Some(parent) })
            }),
        }
    }
}

impl PropFilter {
    fn matches(&self, place: &Place<'_>) -> bool {
        let mut named = place.component.properties_named(&self.name);
        match &self.wanted {
            None => named.next().is_none(),
            Some(wanted) => named.any(|property| {
                wanted.text.as_ref().is_none_or(|text| text.matches(&property.text()))
                    && wanted.parameters.iter().all(|filter| filter.matches(property))
                    && wanted
                        .time_range
                        .is_none_or(|range| time::property_meets(place.subject, property, range))
            }),
        }
    }
}

impl ParamFilter {
    fn matches(&self, property: &Property) -> bool {
        let mut named = property.parameters.iter().filter(|parameter| parameter.name == self.name);
        match &self.wanted {
            ParamCondition::Absent => named.next().is_none(),
            ParamCondition::Present => named.next().is_some(),
            ParamCondition::Text(text) => named.any(|parameter| text.matches(&parameter.values.join(","))),
        }
    }
}

impl TextMatch {
    fn matches(&self, text: &str) -> bool {
        self.collation.folded(text).contains(&self.needle) != self.negate
    }
}
