//! Rooms and other resources answer by themselves: yes where nothing else is at that time, no where something is.
//!
//! What decides is pure: an invitation, busy time without it, and a policy in; an answer for the whole, and for those
//! instances of a series that have another one, out. Whatever shows as busy stands against it, tentative or not: who
//! came first has it. An object that says it already, or that was answered by hand, is left alone.

use std::sync::Arc;

use calendar::address::Address;
use calendar::busy::{BusySet, BusyType};
use calendar::itip::{self, Method};
use calendar::limits::Limits;
use calendar::object::{CalendarObject, Kind};
use calendar::recur::{Instance, instances, reach};
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

use crate::operation::availability::{Where, with_availability};
use crate::operation::free_busy::{SeenBusy, owner_busy};
use crate::owner::{AutoAccept, Owner};
use crate::scheduling::write::parsed;
use crate::world::World;

/// How far ahead a series is looked at, in seconds from its first instance to come: two years.
pub const HORIZON_SECONDS: i64 = 731 * 86_400;
/// Instances of one series that are declined each by itself; where more conflict, the series is declined.
pub const APART_MAX: usize = 100;

/// What is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// To the whole: PARTSTAT.
    pub whole: &'static str,
    /// To these instances, by their original starts, another one.
    pub apart: Vec<(Instant, &'static str)>,
}

impl Decision {
    const fn all(whole: &'static str) -> Self {
        Self { whole, apart: Vec::new() }
    }
}

const YES: &str = "ACCEPTED";
const NO: &str = "DECLINED";

/// The time of which busy time must be known to decide about an invitation; `None` where nothing of it is to come.
pub fn window(object: &CalendarObject, zone: &Zone, limits: &Limits, now: Instant) -> Option<Span> {
    let reach = reach(object, zone, limits)?;
    let start = reach.start.max(now);
    let end = reach.end.min(start.plus(HORIZON_SECONDS));
    (start < end).then_some(Span { start, end })
}

/// The answer to an invitation when `busy` (without the event itself) is all that else takes place within `window`.
///
/// What cannot be expanded is declined: nobody could say when it takes place.
pub fn decide(
    object: &CalendarObject,
    (zone, limits): (&Zone, &Limits),
    (busy, window): (&BusySet, Span),
) -> Decision {
    let Ok(instances) = instances(object, zone, window, limits) else { return Decision::all(NO) };
    let components: Vec<_> = object.components().collect();
    let takes_place = |instance: &&Instance| {
        let status = components.get(instance.component).and_then(|component| component.property("STATUS"));
        !status.is_some_and(|status| status.value.trim().eq_ignore_ascii_case("CANCELLED"))
    };
    let considered: Vec<&Instance> = instances.iter().filter(takes_place).collect();
    let taken = |instance: &&&Instance| !busy.is_free(instance.span, BusyType::Tentative);
    let conflicts: Vec<&&Instance> = considered.iter().filter(taken).collect();
    if conflicts.is_empty() {
        return Decision::all(YES);
    }
    let named: Option<Vec<Instant>> = conflicts.iter().map(|instance| instance.recurrence_id).collect();
    match named {
        Some(apart) if conflicts.len() < considered.len() && apart.len() <= APART_MAX => {
            Decision { whole: YES, apart: apart.into_iter().map(|at| (at, NO)).collect() }
        }
        _ => Decision::all(NO),
    }
}

/// An invitation with the answer that was decided on, and what must not have moved when it is stored.
pub(super) struct Answered {
    pub(super) object: CalendarObject,
    pub(super) seen: Option<SeenBusy>,
}

/// What an owner who answers by themselves makes of an invitation that has come with `method`; `None` where they do not
/// answer, or have nothing to answer.
///
/// # Errors
/// If the store cannot be read.
pub(super) async fn answer(
    world: &World,
    owner: &Owner,
    addresses: &[Address],
    (object, method): (&CalendarObject, Method),
) -> Result<Option<Answered>, Refusal> {
    let policy = owner.manner.auto_accept;
    let invites = matches!(method, Method::Request | Method::Add) && object.kind() == Kind::Event;
    if policy == AutoAccept::Never || !invites || !is_open(object, addresses) {
        return Ok(None);
    }
    let (decision, seen) = match window(object, &owner.zone, &world.limits, world.now()) {
        Some(window) if policy == AutoAccept::IfFree => {
            let seen = owner_busy(world, owner, window, Some(object.uid())).await?;
            let busy = with_availability(world, owner, (window, Where::Everywhere), &seen).await?;
            (decide(object, (&owner.zone, &world.limits), (&busy, window)), Some(seen))
        }
        _ => (Decision::all(YES), None),
    };
    let octets: Option<Arc<[u8]>> =
        itip::with_answers_apart(object, addresses, decision.whole, &decision.apart);
    let Some(octets) = octets else { return Ok(None) };
    Ok(Some(Answered { object: parsed(world, octets)?, seen }))
}

/// Whether somebody with these addresses is asked and has not answered yet.
fn is_open(object: &CalendarObject, addresses: &[Address]) -> bool {
    let lines = object.components().flat_map(|component| component.properties_named("ATTENDEE"));
    let mut own = lines.filter(|line| addresses.contains(&Address::parse(&line.value)));
    own.any(|line| {
        line.parameter("PARTSTAT").is_none_or(|partstat| partstat.trim().eq_ignore_ascii_case("NEEDS-ACTION"))
    })
}
