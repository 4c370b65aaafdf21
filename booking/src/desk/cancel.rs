//! Cancelling a booking: the time is free at once, and everybody who knows of it hears of it. It stays readable.

use std::sync::Arc;

use aggregator::owner::Owner;
use aggregator::world::refusal_of;
use calendar::refusal::Refusal;
use store::{Change, Committed};

use crate::booking::{Booking, State};
use crate::desk::book::ATTEMPTS_MAX;
use crate::desk::reschedule::{By, changeable};
use crate::desk::rows::{self, HEADS, HeadRow};
use crate::desk::step::{self, Step};
use crate::desk::{Desk, NotBooked, capability, fields};
use crate::letter::News;

/// Cancels the booking.
pub(crate) async fn cancel(
    desk: &Desk,
    (owner, uid): (&str, &str),
    reason: Option<&str>,
    by: By<'_>,
) -> Result<Booking, NotBooked> {
    let reason = fields::reason(reason)?;
    let secret = capability::secret(&desk.world).await?;
    let _turn = desk.world.turns.of(owner).await;
    for _ in 0..ATTEMPTS_MAX {
        let (before, version) = rows::booking(&desk.world, owner, uid).await?.ok_or(NotBooked::NotFound)?;
        if before.state == State::Cancelled {
            return Ok(before);
        }
        let now = desk.world.clock.now();
        changeable(&before, now)?;
        let host = host_of(desk, owner)?;
        let mut after = Booking {
            state: State::Cancelled,
            sequence: before.sequence.saturating_add(1),
            ..before.clone()
        };
        after.history.push(by.transition(now, "cancelled", reason.clone()));
        let location =
            desk.event_type(owner, &before.event_type).and_then(|(_, event_type)| event_type.location);
        let mut change = Change::new();
        let (head, seen) = rows::record::<HeadRow>(&desk.world, HEADS, &[owner]).await?.unwrap_or_default();
        change.put_record(HEADS, &[owner], &HeadRow { changes: head.changes + 1, ..head }, seen);
        let step = Step {
            owner: &host,
            before: Some((&before, version)),
            after: &after,
            location: location.as_deref(),
            news: &News::Cancelled(reason.clone()),
            token: &secret.token(uid),
            now,
        };
        step::stage(desk, &mut change, &step).await?;
        if let Committed::At(_) = desk.world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(after);
        }
    }
    Err(NotBooked::Refused(Refusal::Contended))
}

/// The owner; one who is no host any more can still be cancelled with.
pub(crate) fn host_of(desk: &Desk, owner: &str) -> Result<Arc<Owner>, NotBooked> {
    let hosts = desk.hosts_now();
    let host = hosts.iter().find(|host| host.owner.id == owner).map(|host| Arc::clone(&host.owner));
    host.or_else(|| desk.world.owner(owner)).ok_or(NotBooked::NotFound)
}
