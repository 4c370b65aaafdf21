//! What of an object stands in the index: all of it wherever it lies if it ends, else what lies in the extent.

use std::collections::BTreeSet;

use calendar::busy::BusyPeriod;
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::recur;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use store::busy_index::bucket_of;

use crate::reading::Reading;
use crate::world::World;

/// Periods up to which an object that ends is indexed whole.
pub(crate) const PERIODS_WHOLE_MAX: usize = 256;
/// Buckets up to which a recurring object that ends is indexed whole: rows that a commit may have to write.
pub(crate) const BUCKETS_WHOLE_MAX: usize = 64;
/// Candidates that are looked at to find out whether it is so small.
const STEPS_WHOLE_MAX: usize = 10_000;

/// The periods of an object that stand in the index.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Indexed {
    /// Outside this span it has no instance; `None`: it never takes place.
    pub(crate) reach: Option<Span>,
    /// The periods.
    pub(crate) periods: Vec<BusyPeriod>,
    /// Where it may be busy besides.
    pub(crate) beyond: Option<Span>,
}

/// Whether an object is about to be kept, and may be refused, or is kept already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// See [`Reading::busy_of`].
    New,
    /// See [`Reading::busy_of_kept`].
    Kept,
}

/// What of `object` stands in the index of a collection of `owner` with this extent.
///
/// # Errors
/// Those of the reading.
pub(crate) async fn indexed(
    world: &World,
    (owner, reading): (&str, &Reading),
    (object, standing): (&CalendarObject, Standing),
    extent: Span,
) -> Result<Indexed, Refusal> {
    let reach = recur::reach(object, &reading.zone, &world.limits);
    let Some(span) = reach else { return Ok(Indexed::default()) };
    if object.kind() == Kind::Availability {
        if standing == Standing::New {
            reading.busy_of(world, owner, (object, extent)).await?;
        }
        // What it says is judged together with what all others say; it is listed so that it is found.
        return Ok(Indexed { reach, periods: Vec::new(), beyond: reach });
    }
    if is_small(object, reading, span, &world.limits)
        && let Ok(periods) = reading.busy_of(world, owner, (object, span)).await
        && is_narrow(&periods)
    {
        return Ok(Indexed { reach, periods, beyond: None });
    }
    let periods = match standing {
        Standing::New => reading.busy_of(world, owner, (object, extent)).await?,
        Standing::Kept => reading.busy_of_kept(world, owner, (object, extent)).await?,
    };
    let may_be_busy = !matches!(object.kind(), Kind::Todo | Kind::Journal);
    Ok(Indexed { reach, periods, beyond: reach.filter(|_| may_be_busy) })
}

/// Whether the object ends, with few instances; it costs no more to find out than these.
fn is_small(object: &CalendarObject, reading: &Reading, reach: Span, limits: &Limits) -> bool {
    if reach.start == Instant::MIN || reach.end == Instant::MAX {
        return false;
    }
    let few = Limits {
        instances_max: PERIODS_WHOLE_MAX.min(limits.instances_max),
        steps_max: STEPS_WHOLE_MAX.min(limits.steps_max),
        ..*limits
    };
    object.kind() != Kind::Event || recur::instances(object, &reading.zone, reach, &few).is_ok()
}

fn is_narrow(periods: &[BusyPeriod]) -> bool {
    let buckets = || periods.iter().map(|period| bucket_of(period.span.start)).collect::<BTreeSet<_>>();
    periods.len() <= 1 || (periods.len() <= PERIODS_WHOLE_MAX && buckets().len() <= BUCKETS_WHOLE_MAX)
}
