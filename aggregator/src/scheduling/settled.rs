//! What became of a letter is written into the object that it was about, as SCHEDULE-STATUS, in the commit that settles
//! the letter (RFC 6638 §3.2.9).

use std::sync::Arc;

use calendar::address::Address;
use calendar::itip::with_schedule_status;
use calendar::refusal::Refusal;
use store::engine::Version;
use store::outbox::{Letter, LetterState};
use store::{Change, Committed};

use crate::gate::{self, Edit};
use crate::scheduling::post::{self, CHANNEL, status};
use crate::scheduling::{people, place, rows};
use crate::world::{World, refusal_of};

/// The status that a settled letter gives, and the one that it replaces.
fn statuses(letter: &Letter) -> Option<(&'static str, &'static str)> {
    let is_local = letter.channel == CHANNEL;
    match letter.state {
        LetterState::Open => None,
        LetterState::Delivered => (!is_local).then_some((status::PENDING, status::SENT)),
        LetterState::Dead if is_local => Some((status::DELIVERED, status::FAILED)),
        LetterState::Dead => Some((status::PENDING, status::FAILED)),
    }
}

/// Settles a letter of scheduling with the status of its recipient. `None`: there is nothing to write besides, or too
/// much has moved; settle it alone.
///
/// # Errors
/// If the store cannot answer.
pub(crate) async fn settle(
    world: &World,
    (before, after): (&Letter, &Letter),
    seen: Version,
) -> Result<Option<Committed>, Refusal> {
    if !post::is_ours(after) {
        return Ok(None);
    }
    let Some((known, new)) = statuses(after) else { return Ok(None) };
    let recipients = match world.owner(&after.destination).filter(|_| after.channel == CHANNEL) {
        Some(owner) => people::addresses_of(&owner),
        None => vec![Address::parse(&after.destination)],
    };
    let _turn = world.turns.of(&after.owner).await;
    for _ in 0..gate::ATTEMPTS_MAX {
        let Some(name) = place::held(world, &after.owner, &after.topic).await? else { return Ok(None) };
        let Some(stored) = world.store.object(&name).await.map_err(refusal_of)? else { return Ok(None) };
        let Some(object) = people::read(world, &stored.octets) else { return Ok(None) };
        let marked = with_schedule_status(&object, |who, status| {
            (status == Some(known) && recipients.contains(who)).then_some(new)
        });
        let Some(octets) = marked else { return Ok(None) };
        let mut change = Change::new();
        let edits = [Edit { name: name.clone(), octets: Some(Arc::clone(&octets)) }];
        let staged = gate::stage(world, &mut change, &edits).await?;
        let Some(staged) = staged.into_iter().next() else { return Ok(None) };
        if staged.before.as_ref().map(|facts| facts.version) != Some(stored.facts.version) {
            continue;
        }
        let tag = rows::schedule_tag(world, &name, &stored.facts.tag).await?;
        rows::put_schedule_tag(world, &mut change, &name, tag.as_ref().zip(staged.tag.as_ref())).await?;
        change.replace_letter(before, after, seen);
        if let Committed::At(version) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(Some(Committed::At(version)));
        }
        match world.store.letter(&after.id).await.map_err(refusal_of)? {
            Some((_, version)) if version == seen => {}
            // Somebody else has it.
            _ => return Ok(Some(Committed::SeenHasMoved)),
        }
    }
    Ok(None)
}
