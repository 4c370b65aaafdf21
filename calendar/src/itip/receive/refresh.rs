//! REFRESH: an attendee asks for the latest revision (RFC 5546 §3.2.6).

use super::super::NotApplied;
use super::super::send::latest_for;
use super::counter::proposer;
use super::{Case, Change, Received};

/// Answers who is invited with what they are invited to; who is not learns nothing.
pub(super) fn refresh(case: &Case<'_>) -> Result<Received, NotApplied> {
    let held = case.held.object.ok_or(NotApplied::NotHeld)?;
    let who = proposer(case.message, case.delivery).ok_or(NotApplied::Lacks("ATTENDEE"))?;
    let latest = latest_for(held, &who, case.delivery.now).ok_or(NotApplied::NotInvited(who.clone()))?;
    Ok(Received { send: vec![latest], changed: vec![Change::Refreshed(who)], ..case.unchanged() })
}
