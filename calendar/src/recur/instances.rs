//! The recurrence set of an object: rules, RDATE, EXDATE, overrides, THISANDFUTURE.

use crate::limits::Limits;
use crate::object::CalendarObject;
use crate::time::{DateOrTime, Instant, Span};
use crate::zone::Zone;

/// One occurrence of an object.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// When it takes place.
    pub span: Span,
    /// Its start as it is meant: date, floating, zoned or UTC.
    pub start: DateOrTime,
    /// Its end likewise (exclusive for dates).
    pub end: DateOrTime,
    /// The original start that names it within its series; `None` for an object that does not recur.
    pub recurrence_id: Option<Instant>,
    /// Which of [`CalendarObject::components`] describes it.
    pub component: usize,
}

/// Why an object could not be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExpansionError {
    /// More instances or steps than the limit allows; nothing was cut off in silence.
    #[error("the rule {rule} passes the limit of {limit} {unit}")]
    TooMany {
        /// The rule as written.
        rule: String,
        /// The limit.
        limit: usize,
        /// `instances` or `steps`.
        unit: &'static str,
    },
}

/// The instances of `object` that share time with `window`, or, of no length, that start in it; by start.
///
/// Dates and floating times are read in `calendar_zone`. An instance that begins before the window and reaches into
/// it is there. Costs what the window holds, not what lies before it (rules with COUNT excepted).
///
/// # Errors
/// [`ExpansionError::TooMany`]; never a cut answer.
pub fn instances(
    object: &CalendarObject,
    calendar_zone: &Zone,
    window: Span,
    limits: &Limits,
) -> Result<Vec<Instance>, ExpansionError> {
    let _ = (object, calendar_zone, window, limits);
    todo!()
}

/// A span outside which the object has no instance: first start to last end, [`Instant::MAX`] for an endless rule.
/// Never too small; may be too large. `None` where it never takes place.
pub fn reach(object: &CalendarObject, calendar_zone: &Zone, limits: &Limits) -> Option<Span> {
    let _ = (object, calendar_zone, limits);
    todo!()
}
