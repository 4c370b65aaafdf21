//! Whether somebody who is not the organizer may pass an invitation on: an organizer of this server knows whom they have
//! invited (RFC 5546 §2.1.1, §3.2.2.3).

use calendar::address::Address;
use calendar::itip::Message;
use calendar::refusal::Refusal;

use crate::directory;
use crate::owner::Owner;
use crate::scheduling::{people, place};
use crate::world::{World, refusal_of};

/// Whether what `message` says in the name of its organizer may come from `sender`. Of organizers elsewhere nobody knows;
/// one of this server must have invited the sender, who then delegates.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn is_vouched_for(
    world: &World,
    recipient: &Owner,
    (message, sender): (&Message, &Address),
) -> Result<bool, Refusal> {
    let Some(organizer) = message.organizer.as_ref().filter(|_| message.method.is_of_organizer()) else {
        return Ok(true);
    };
    let Some(owner) = directory::owner_of(world, organizer) else { return Ok(true) };
    let addresses = people::addresses_of(&owner);
    if addresses.contains(sender) || owner.id == recipient.id {
        return Ok(true);
    }
    let Some(name) = place::held(world, &owner.id, message.object.uid()).await? else { return Ok(false) };
    let stored = world.store.object(&name).await.map_err(refusal_of)?;
    let held = stored.and_then(|stored| people::read(world, &stored.octets));
    Ok(held.is_some_and(|held| {
        people::role(&held, &addresses) == Some(people::Role::Organizer)
            && people::attendees(&held).contains(sender)
    }))
}
