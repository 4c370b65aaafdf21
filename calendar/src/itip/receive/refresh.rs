//! REFRESH: an attendee asks for the latest revision (RFC 5546 §3.2.6).

use super::super::send::latest_for;
use super::super::{Message, NotApplied};
use super::{Case, Change, Received};
use crate::address::Address;

/// Answers who is invited with what they are invited to; who is not learns nothing.
pub(super) fn refresh(case: &Case<'_>) -> Result<Received, NotApplied> {
    let held = case.held.object.ok_or(NotApplied::NotHeld)?;
    let who = asker(case.message).ok_or(NotApplied::Lacks("ATTENDEE"))?;
    let latest = latest_for(held, &who, case.delivery.now).ok_or(NotApplied::NotInvited(who.clone()))?;
    Ok(Received { send: vec![latest], changed: vec![Change::Refreshed(who)], ..case.unchanged() })
}

/// Who a message of one attendee is from.
pub(super) fn asker(message: &Message) -> Option<Address> {
    message.attendees.first().cloned()
}
