//! Devices that are told of changes at once (WebDAV-Push): their subscriptions, the letters that a change posts for
//! them, and the way out to push services.
//!
//! A letter says only which subscription to look after. What is told is the state of the collection when it goes, so
//! that many changes are one message, and a message that goes twice says the same.

pub mod channel;
pub mod crypt;
pub mod subscription;

use calendar::collection::CollectionName;
use calendar::refusal::Refusal;
use store::Change;
use store::outbox::{Letter, LetterId, LetterState};

use crate::world::{World, refusal_of};
use subscription::Subscription;

/// The channel's name, as letters carry it.
pub const CHANNEL: &str = "push";

/// A device gets no more than one message in so many seconds.
const WINDOW_SECONDS: i64 = 4;
/// How long a change waits at least for others that come with it.
const GATHER_SECONDS: i64 = 1;
/// The letters of a subscription, used again and again: one may be under way while another waits.
const SLOTS: u32 = 2;

/// Adds to `change`, which changes these collections, a letter for every device that is to be told of it.
///
/// A letter that waits already does for this change too; the change then expects that nobody has begun to deliver it.
///
/// # Errors
/// If the store cannot be read.
pub async fn stage(
    world: &World,
    change: &mut Change,
    collections: impl IntoIterator<Item = &CollectionName>,
) -> Result<(), Refusal> {
    let now = world.now().as_unix();
    for name in collections {
        for one in subscription::of_collection(world, name).await? {
            if one.expires > now {
                post(world, change, (name, &one), now).await?;
            }
        }
    }
    Ok(())
}

/// Adds to `change` that a device is to be told of a collection.
///
/// # Errors
/// If the store cannot be read.
pub(crate) async fn post(
    world: &World,
    change: &mut Change,
    (name, to): (&CollectionName, &Subscription),
    now: i64,
) -> Result<(), Refusal> {
    let mut due = now + GATHER_SECONDS;
    for slot in 0..SLOTS {
        let id = LetterId(format!("push-{}-{slot}", to.id));
        let Some((before, version)) = world.store.letter(&id).await.map_err(refusal_of)? else {
            change.post(&letter(id, (name, to), (now, due)));
            return Ok(());
        };
        if before.state != LetterState::Open {
            // It was settled when it was due last; a clock that was set back does not put it off.
            let due = due.max(before.due + WINDOW_SECONDS).min(now + WINDOW_SECONDS);
            change.replace_letter(&before, &letter(id, (name, to), (now, due)), version);
            return Ok(());
        }
        if before.leased_until <= now {
            change.expect_letter(&before.id, version);
            return Ok(());
        }
        due = now + WINDOW_SECONDS;
    }
    // Both are under way, which two couriers at odds about the time can bring about: one more, of its own.
    let id = LetterId(format!("push-{}-{:016x}", to.id, world.draw_number()));
    change.post(&letter(id, (name, to), (now, due)));
    Ok(())
}

fn letter(id: LetterId, (name, to): (&CollectionName, &Subscription), (now, due): (i64, i64)) -> Letter {
    Letter {
        id,
        owner: name.owner.as_str().to_owned(),
        channel: CHANNEL.to_owned(),
        // Not the push resource: whoever reads the outbox could tell the device things.
        destination: to.id.clone(),
        topic: format!("push-{}", to.id),
        content: serde_json::json!({
            "owner": name.owner.as_str(), "collection": name.id.as_str(), "subscription": to.id,
        })
        .to_string(),
        written: now,
        due,
        attempts: 0,
        last_error: None,
        leased_until: 0,
        state: LetterState::Open,
        sequence: u64::try_from(now).unwrap_or(0),
    }
}
