//! Who may schedule: in whose name, and with whom (RFC 6638 §6).

use calendar::collection::{PrincipalId, Privilege};
use calendar::itip::Method;
use calendar::refusal::Refusal;
use dav::property::Kinds;

use crate::access::grants;
use crate::access::judge::{Law, Place};
use crate::owner::Owner;
use crate::scheduling::people::Role;
use crate::scheduling::place::{INBOX, OUTBOX};
use crate::world::World;

/// Whether `caller` holds `privilege` on this collection of `owner`.
async fn holds(
    world: &World,
    caller: &PrincipalId,
    (owner, place): (&PrincipalId, Place<'_>),
    privilege: Privilege,
) -> Result<bool, Refusal> {
    if caller == owner {
        return Ok(true);
    }
    let grants = grants::of(world, owner).await?;
    let law = Law { owner, grants: &grants, rules: world.access_rules() };
    Ok(law.privileges(caller, place).contains(&privilege))
}

/// Whether `recipient` lets `sender` deliver a message.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn may_deliver(
    world: &World,
    (sender, recipient): (&Owner, &Owner),
    method: Method,
) -> Result<bool, Refusal> {
    let privilege = if method.is_of_organizer() {
        Privilege::ScheduleDeliverInvite
    } else {
        Privilege::ScheduleDeliverReply
    };
    let (sender, recipient) = (PrincipalId::new(sender.id.as_str()), PrincipalId::new(recipient.id.as_str()));
    holds(world, &sender, (&recipient, Place::Collection(INBOX, Kinds::INBOX)), privilege).await
}

/// Checks that `caller` may speak for `owner`, who is organizer or attendee.
///
/// # Errors
/// [`Refusal::NotPermitted`].
pub(crate) async fn may_send(
    world: &World,
    (caller, owner): (&PrincipalId, &Owner),
    role: Role,
) -> Result<(), Refusal> {
    let privilege = match role {
        Role::Organizer => Privilege::ScheduleSendInvite,
        Role::Attendee => Privilege::ScheduleSendReply,
    };
    let owner = PrincipalId::new(owner.id.as_str());
    let place = Place::Collection(OUTBOX, Kinds::OUTBOX);
    if holds(world, caller, (&owner, place), privilege).await? {
        Ok(())
    } else {
        Err(Refusal::NotPermitted(privilege))
    }
}
