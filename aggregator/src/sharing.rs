//! Calendars lent by invitation (calendarserver.org caldav-sharing).
//!
//! The invitation is the truth: what whoever accepted it sees in their home is a collection record that refers to the
//! lender's collection, and without an accepted invitation it is nothing. Name, colour and the like are kept in that
//! record, each for themselves; members are only where they are at home.

mod records;
mod stage;

use std::collections::BTreeSet;

use calendar::collection::{CollectionName, PrincipalId, Privilege};
use calendar::refusal::Refusal;
use dav::backend::{Invitations, InviteAnswer, Notification, ShareAccess, ShareChange};
use store::collections::Role;
use store::{Change, Committed};

use crate::gate::ATTEMPTS_MAX;
use crate::reading::uuid;
use crate::world::{World, refusal_of};
use records::{Invite, Note, State};

/// People that are invited to one collection at most.
const INVITES_MAX: usize = 200;

/// What the ids of borrowed collections begin with.
const PREFIX: &str = "shared-";

/// Whether a collection of this id may be one of another owner.
pub fn may_be_borrowed(name: &CollectionName) -> bool {
    name.id.as_str().starts_with(PREFIX)
}

/// What whoever sees `host` as `seen_at` may do by the invitation; nothing where there is none that was accepted.
pub async fn privileges(
    world: &World,
    host: &CollectionName,
    seen_at: &CollectionName,
) -> Result<BTreeSet<Privilege>, Refusal> {
    let (invites, _) = records::invites(world, host).await?;
    let accepted = invites.iter().find(|invite| invite.seen_at().as_ref() == Some(seen_at));
    let mut held = BTreeSet::new();
    if let Some(invite) = accepted {
        held.extend([Privilege::Read, Privilege::ReadFreeBusy, Privilege::ReadOwnPrivileges]);
        if invite.writes {
            held.extend(Privilege::CHANGING);
        }
    }
    Ok(held)
}

/// The ids of an owner's collections to which somebody is invited.
pub async fn lent(world: &World, owner: &PrincipalId) -> Result<Vec<String>, Refusal> {
    records::lent(world, owner).await
}

/// Who is invited to a collection.
pub async fn invitations(world: &World, host: &CollectionName) -> Result<Invitations, Refusal> {
    let (invites, _) = records::invites(world, host).await?;
    let here = invites.iter().filter(|invite| world.owner(&invite.sharee).is_some());
    Ok(Invitations { organizer: host.owner.clone(), invitees: here.map(Invite::invitee).collect() })
}

/// Changes who is invited to a collection that is there, all or none. Whoever is concerned is told.
///
/// # Errors
/// [`Refusal::NotFound`]; [`Refusal::Protected`] for the owner themselves; [`Refusal::Full`] for too many.
pub async fn share(world: &World, host: &CollectionName, changes: &[ShareChange]) -> Result<(), Refusal> {
    for _ in 0..ATTEMPTS_MAX {
        let mut change = Change::new();
        let head = world.store.head(host).await.map_err(refusal_of)?;
        if head.version == 0 {
            return Err(Refusal::NotFound);
        }
        change.expect_head(host, head);
        let (mut invites, version) = records::invites(world, host).await?;
        for one in changes {
            match one {
                ShareChange::Set { principal, .. } if *principal == host.owner => {
                    return Err(Refusal::Protected("it is its owner's already"));
                }
                ShareChange::Set { .. } => {
                    let invite = set(world, &mut invites, one);
                    tell(world, &mut change, host, invite.as_ref()).await?;
                }
                ShareChange::Remove(principal) => {
                    let found = invites.iter().position(|invite| invite.sharee == principal.as_str());
                    if let Some(place) = found {
                        let gone = invites.remove(place);
                        stage::end(world, &mut change, host, gone).await?;
                    }
                }
            }
        }
        if invites.len() > INVITES_MAX {
            return Err(Refusal::Full);
        }
        records::put_invites(&mut change, host, (&invites, version));
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Invites somebody, or changes how they are; the invitation as it is then.
fn set(world: &World, invites: &mut Vec<Invite>, wanted: &ShareChange) -> Option<Invite> {
    let ShareChange::Set { principal, address, common_name, summary, access } = wanted else { return None };
    let writes = *access == ShareAccess::ReadWrite;
    let sharee = principal.as_str();
    let place = invites.iter().position(|invite| invite.sharee == sharee).unwrap_or_else(|| {
        invites.push(Invite {
            sharee: sharee.to_owned(),
            address: address.clone(),
            common_name: None,
            summary: None,
            writes,
            state: State::Waiting,
            uid: uuid(world.entropy.draw()),
            seen_as: None,
        });
        invites.len() - 1
    });
    let invite = invites.get_mut(place)?;
    invite.address.clone_from(address);
    invite.common_name = common_name.clone().or_else(|| invite.common_name.take());
    invite.summary = summary.clone().or_else(|| invite.summary.take());
    invite.writes = writes;
    if invite.state != State::Accepted {
        invite.state = State::Waiting;
    }
    Some(invite.clone())
}

/// Tells somebody that they are invited; whoever has accepted already sees what has changed where it is.
async fn tell(
    world: &World,
    change: &mut Change,
    host: &CollectionName,
    invite: Option<&Invite>,
) -> Result<(), Refusal> {
    let Some(invite) = invite.filter(|invite| invite.state == State::Waiting) else { return Ok(()) };
    let note = stage::note(world, host, invite);
    records::put_note(world, change, (&invite.sharee, &invite.uid), Some(&note)).await
}

/// Answers an invitation of `home`'s owner; where it is accepted, where the collection is seen from now on.
///
/// # Errors
/// [`Refusal::Protected`] where there is no such invitation, or no room.
pub async fn answer(
    world: &World,
    home: &PrincipalId,
    answer: &InviteAnswer,
) -> Result<Option<CollectionName>, Refusal> {
    let host = &answer.host;
    for _ in 0..ATTEMPTS_MAX {
        let (mut invites, version) = records::invites(world, host).await?;
        let named = |invite: &Invite| answer.uid.as_ref().is_none_or(|uid| *uid == invite.uid);
        let found = invites.iter_mut().find(|invite| invite.sharee == home.as_str() && named(invite));
        let Some(invite) = found else { return Err(Refusal::Protected("there is no such invitation")) };
        if let (true, Some(seen_at)) = (answer.accepts, invite.seen_at()) {
            return Ok(Some(seen_at));
        }
        let mut change = Change::new();
        records::put_note(world, &mut change, (home.as_str(), &invite.uid), None).await?;
        if answer.accepts {
            let id = stage::borrow(world, &mut change, (host, home), invite, answer.summary.as_ref()).await?;
            invite.seen_as = Some(id);
            invite.state = State::Accepted;
        } else {
            if let Some(seen_at) = invite.seen_at() {
                stage::give_back(world, &mut change, &seen_at).await?;
            }
            invite.seen_as = None;
            invite.state = State::Declined;
        }
        let reply = Note { replies: true, ..stage::note(world, host, invite) };
        let id = format!("reply-{}", invite.uid);
        records::put_note(world, &mut change, (host.owner.as_str(), &id), Some(&reply)).await?;
        let seen_at = invite.seen_at();
        records::put_invites(&mut change, host, (&invites, version));
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(seen_at);
        }
    }
    Err(Refusal::Contended)
}

/// Gives back what is borrowed: whoever saw it there sees it no more, and its owner is told.
///
/// # Errors
/// [`Refusal::NotFound`] where nothing is borrowed.
pub async fn leave(world: &World, seen_at: &CollectionName) -> Result<(), Refusal> {
    let seen = world.store.collection(seen_at).await.map_err(refusal_of)?;
    let Some(Role::Shared { owner, calendar }) = seen.map(|(record, _)| record.role) else {
        return Err(Refusal::NotFound);
    };
    let host = CollectionName::new(&owner, &calendar);
    let declined = InviteAnswer { host, uid: None, accepts: false, summary: None };
    match answer(world, &seen_at.owner, &declined).await {
        Ok(_) => Ok(()),
        // The invitation has gone before; what is left of it goes too.
        Err(Refusal::Protected(_)) => {
            let mut change = Change::new();
            stage::give_back(world, &mut change, seen_at).await?;
            match world.store.commit(change).await.map_err(refusal_of)? {
                Committed::At(_) => Ok(()),
                Committed::SeenHasMoved => Err(Refusal::Contended),
            }
        }
        Err(refusal) => Err(refusal),
    }
}

/// Adds to `change`, which removes a collection, that nobody sees it any more.
pub async fn end_all(world: &World, change: &mut Change, host: &CollectionName) -> Result<(), Refusal> {
    let (invites, version) = records::invites(world, host).await?;
    for invite in invites {
        stage::end(world, change, host, invite).await?;
    }
    records::put_invites(change, host, (&Vec::new(), version));
    Ok(())
}

/// What an owner is told, oldest first.
pub async fn notifications(world: &World, owner: &PrincipalId) -> Result<Vec<Notification>, Refusal> {
    records::notes(world, owner).await
}

/// Takes a notification away.
///
/// # Errors
/// [`Refusal::NotFound`].
pub async fn delete_notification(world: &World, owner: &PrincipalId, id: &str) -> Result<(), Refusal> {
    if !records::notes(world, owner).await?.iter().any(|note| note.id == id) {
        return Err(Refusal::NotFound);
    }
    let mut change = Change::new();
    records::put_note(world, &mut change, (owner.as_str(), id), None).await?;
    match world.store.commit(change).await.map_err(refusal_of)? {
        Committed::At(_) => Ok(()),
        Committed::SeenHasMoved => Err(Refusal::Contended),
    }
}
