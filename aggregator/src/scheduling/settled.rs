//! What became of a letter is written into the object that it was about, as SCHEDULE-STATUS, in the commit that settles
//! the letter (RFC 6638 §3.2.9).

use std::sync::Arc;

use calendar::address::Address;
use calendar::itip::with_schedule_status;
use calendar::refusal::Refusal;
use store::engine::Version;
use store::outbox::Letter;
use store::{Change, Committed};

use crate::delivery::Ended;
use crate::gate::{self, Edit};
use crate::scheduling::post::{self, CHANNEL, status};
use crate::scheduling::{people, place, rows};
use crate::world::{World, refusal_of};

/// The status that a letter gives now, and those that it replaces.
fn statuses(letter: &Letter, ended: Ended) -> Option<(&'static [&'static str], &'static str)> {
    const EITHER: &[&str] = &[status::PENDING, status::DELIVERED];
    const PENDING: &[&str] = &[status::PENDING];
    let is_local = letter.channel == CHANNEL;
    match ended {
        Ended::Waits if is_local && letter.attempts == 1 => Some((&[status::DELIVERED], status::PENDING)),
        Ended::Waits => None,
        // A letter to an owner is said to have arrived when it is written, as it arrives at once.
        Ended::Arrived if is_local && letter.attempts == 1 => None,
        Ended::Arrived if is_local => Some((PENDING, status::DELIVERED)),
        Ended::Arrived => Some((PENDING, status::SENT)),
        Ended::Refused if is_local => Some((EITHER, status::REJECTED)),
        Ended::GivenUp if is_local => Some((EITHER, status::FAILED)),
        Ended::Refused | Ended::GivenUp => Some((PENDING, status::FAILED)),
    }
}

/// Settles a letter of scheduling, whose delivery `ended` so, with the status of its recipient. `None`: there is nothing
/// to write besides, or too much has moved; settle it alone.
///
/// # Errors
/// If the store cannot answer.
pub(crate) async fn settle(
    world: &World,
    (before, after): (&Letter, &Letter),
    (seen, ended): (Version, Ended),
) -> Result<Option<Committed>, Refusal> {
    if !post::is_ours(after) {
        return Ok(None);
    }
    let Some((known, new)) = statuses(after, ended) else { return Ok(None) };
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
            let is_known = status.is_some_and(|status| known.contains(&status));
            (is_known && recipients.contains(who)).then_some(new)
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

#[cfg(test)]
mod tests {
    use store::outbox::{LetterId, LetterState};

    use super::*;

    /// What a letter on `channel` says after its tries, of what it says now.
    fn said(channel: &str, (now, attempts): (&str, u32), ended: Ended) -> Option<&'static str> {
        let letter = Letter {
            id: LetterId("itip.1".into()),
            owner: "ada".into(),
            channel: channel.into(),
            destination: "bob".into(),
            topic: "uid".into(),
            content: String::new(),
            written: 0,
            due: 0,
            attempts,
            last_error: None,
            leased_until: 0,
            state: LetterState::Open,
            sequence: 0,
        };
        statuses(&letter, ended).filter(|(known, _)| known.contains(&now)).map(|(_, new)| new)
    }

    #[test]
    fn what_is_said_is_so() {
        assert_eq!(said(CHANNEL, ("1.2", 1), Ended::Arrived), None);
        assert_eq!(said(CHANNEL, ("1.2", 1), Ended::Waits), Some("1.0"));
        assert_eq!(said(CHANNEL, ("1.0", 2), Ended::Waits), None);
        assert_eq!(said(CHANNEL, ("1.0", 2), Ended::Arrived), Some("1.2"));
        for (now, attempts) in [("1.2", 1), ("1.0", 2)] {
            assert_eq!(said(CHANNEL, (now, attempts), Ended::Refused), Some("5.3"));
            assert_eq!(said(CHANNEL, (now, attempts), Ended::GivenUp), Some("5.1"));
        }
        // An answer is newer than what became of the invitation.
        assert_eq!(said(CHANNEL, ("2.0", 2), Ended::Arrived), None);
        assert_eq!(said("mail", ("1.0", 1), Ended::Waits), None);
        assert_eq!(said("mail", ("1.0", 3), Ended::Arrived), Some("1.1"));
        assert_eq!(said("mail", ("1.0", 1), Ended::Refused), Some("5.1"));
    }
}
