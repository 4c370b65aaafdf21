//! Where scheduling puts things: the default calendar, the object that is held, the inbox.

use std::sync::Arc;

use calendar::collection::{CollectionName, ObjectName, PrincipalId};
use calendar::refusal::{Barred, Refusal};
use sha2::{Digest, Sha256};
use store::collections::{CollectionRecord, Role};
use store::{Change, Committed};

use crate::gate::{ATTEMPTS_MAX, Edit};
use crate::home;
use crate::reading::hex;
use crate::scheduling::{people, rows};
use crate::world::{World, refusal_of};

/// The id of the inbox.
pub const INBOX: &str = "inbox";
/// The id of the outbox.
pub const OUTBOX: &str = "outbox";
/// The calendar into which invitations go where nobody has chosen another.
const PERSONAL: &str = "personal";
/// Messages in an inbox; the oldest makes room for a new one.
const INBOX_MESSAGES_MAX: usize = 500;
/// Octets of them, the newest aside; likewise.
const INBOX_OCTETS_MAX: usize = 32 * 1024 * 1024;

/// Whether the server schedules for objects of a collection: what clients write, and nobody else.
pub(crate) fn schedules(record: &CollectionRecord) -> bool {
    record.writable && matches!(record.role, Role::Personal | Role::Made)
}

/// Whether invitations to a `component` may go into a collection.
fn takes(record: &CollectionRecord, component: &str) -> bool {
    schedules(record) && record.components.iter().any(|taken| taken == component)
}

async fn record(world: &World, name: &CollectionName) -> Result<Option<CollectionRecord>, Refusal> {
    Ok(world.store.collection(name).await.map_err(refusal_of)?.map(|(record, _)| record))
}

/// The calendar into which invitations to `owner` go (RFC 6638 §9.2).
///
/// # Errors
/// If the store cannot be read.
pub async fn default_calendar(world: &World, owner: &str) -> Result<CollectionName, Refusal> {
    if let Some(id) = rows::chosen_default(world, owner).await? {
        let name = CollectionName::new(owner, &id);
        if record(world, &name).await?.is_some_and(|record| takes(&record, "VEVENT")) {
            return Ok(name);
        }
    }
    Ok(CollectionName::new(owner, PERSONAL))
}

/// Chooses the calendar into which invitations go.
///
/// # Errors
/// [`Barred::NoDefaultCalendar`] for anything but a calendar of the owner that takes events.
pub(crate) async fn choose_default(
    world: &World,
    owner: &PrincipalId,
    name: &CollectionName,
) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let fits =
            name.owner == *owner && record(world, name).await?.is_some_and(|record| takes(&record, "VEVENT"));
        if !fits {
            return Err(Refusal::Scheduling(Barred::NoDefaultCalendar));
        }
        let mut change = Change::new();
        // So that it is not deleted at the same moment.
        home::touch(world, &mut change, owner).await?;
        rows::choose_default(world, &mut change, (owner.as_str(), name.id.as_str())).await?;
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// The object of `owner` with this UID for which the server schedules; else one that clients wrote.
pub(crate) async fn held(world: &World, owner: &str, uid: &str) -> Result<Option<ObjectName>, Refusal> {
    let mut plain = None;
    for name in world.store.copies_of(&PrincipalId::new(owner), uid).await.map_err(refusal_of)? {
        if !record(world, &name.collection).await?.is_some_and(|record| schedules(&record)) {
            continue;
        }
        let Some(stored) = world.store.object(&name).await.map_err(refusal_of)? else { continue };
        if people::read(world, &stored.octets).is_some() {
            return Ok(Some(name));
        }
        plain = plain.or(Some(name));
    }
    Ok(plain)
}

/// Where an invitation to something new goes: a member that is not there.
pub(crate) async fn new_place(
    world: &World,
    owner: &str,
    (uid, component): (&str, &str),
) -> Result<ObjectName, Refusal> {
    let mut calendar = default_calendar(world, owner).await?;
    if !record(world, &calendar).await?.is_some_and(|record| takes(&record, component)) {
        // One that takes no tasks: they go where all owners have a place for them.
        calendar = CollectionName::new(owner, PERSONAL);
    }
    for salt in 0..8_u8 {
        let mut hash = Sha256::new();
        hash.update(uid);
        hash.update([salt]);
        let name = ObjectName::new(&calendar, &format!("{}.ics", hex(&hash.finalize()[..16])));
        if world.store.facts(&name).await.map_err(refusal_of)?.is_none() {
            return Ok(name);
        }
    }
    Err(Refusal::Exists)
}

/// The edits that put a message into the inbox of `owner`, if there is one: it is the member `letter`; the oldest make
/// room for it.
pub(crate) async fn into_inbox(
    world: &World,
    owner: &str,
    (letter, octets): (&str, Arc<[u8]>),
) -> Result<Vec<Edit>, Refusal> {
    let inbox = CollectionName::new(owner, INBOX);
    if record(world, &inbox).await?.is_none() {
        return Ok(Vec::new());
    }
    let member = format!("{}.ics", hex(&Sha256::digest(letter.as_bytes())[..16]));
    let mut edits = vec![Edit { name: ObjectName::new(&inbox, &member), octets: Some(octets) }];
    let mut there = world.store.members(&inbox, None, INBOX_MESSAGES_MAX * 2).await.map_err(refusal_of)?;
    there.retain(|facts| facts.member.as_str() != member);
    // The newest first.
    there.sort_by_key(|facts| std::cmp::Reverse(facts.revision));
    let kept = kept(there.iter().map(|facts| facts.octets));
    for facts in there.into_iter().skip(kept) {
        let name = ObjectName { collection: inbox.clone(), member: facts.member };
        edits.push(Edit { name, octets: None });
    }
    Ok(edits)
}

/// How many of an inbox' messages, of so many octets, the newest first, leave room for another one.
fn kept(octets: impl Iterator<Item = usize>) -> usize {
    let mut held = 0_usize;
    let fits = |octets: &usize| {
        held = held.saturating_add(*octets);
        held <= INBOX_OCTETS_MAX
    };
    octets.take(INBOX_MESSAGES_MAX - 1).take_while(fits).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_make_room() {
        assert_eq!(kept([1000; 3].into_iter()), 3);
        assert_eq!(kept([1000; 600].into_iter()), INBOX_MESSAGES_MAX - 1);
        let megabytes = |sizes: &[usize]| kept(sizes.iter().map(|size| size * 1024 * 1024));
        assert_eq!(megabytes(&[10, 10, 10, 10]), 3);
        assert_eq!(megabytes(&[40, 1]), 0);
        assert_eq!(kept([usize::MAX; 3].into_iter()), 0);
    }
}
