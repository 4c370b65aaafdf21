//! What lending and borrowing add to a change.

use calendar::collection::{CollectionName, PrincipalId};
use calendar::refusal::Refusal;
use store::Change;
use store::collections::{CollectionRecord, Role};

use super::PREFIX;
use super::records::{self, Invite, Note, State};
use crate::dav_backend::properties;
use crate::home;
use crate::index;
use crate::operation::collection::{COLLECTIONS_MAX, blank};
use crate::reading::Reading;
use crate::world::{World, refusal_of};

/// Names tried for what is borrowed.
const NAMES_TRIED_MAX: usize = 100;

/// What is told of an invitation now.
pub(super) fn note(world: &World, host: &CollectionName, invite: &Invite) -> Note {
    Note {
        replies: false,
        at: world.now().as_unix(),
        host: (host.owner.as_str().to_owned(), host.id.as_str().to_owned()),
        invite: invite.clone(),
    }
}

/// Adds the collection as which `host` is seen in `home`; its id.
pub(super) async fn borrow(
    world: &World,
    change: &mut Change,
    (host, home): (&CollectionName, &PrincipalId),
    invite: &Invite,
    summary: Option<&String>,
) -> Result<String, Refusal> {
    let gone = Refusal::Protected("the calendar is not there any more");
    let owner = world.owner(home.as_str()).ok_or(Refusal::NotFound)?;
    let (lent, _) = world.store.collection(host).await.map_err(refusal_of)?.ok_or(gone)?;
    let taken = world.store.collections(home).await.map_err(refusal_of)?;
    if taken.len() >= COLLECTIONS_MAX {
        return Err(Refusal::Protected("there are as many calendars as an owner may have; delete one first"));
    }
    let wanted = format!("{PREFIX}{}-{}", host.owner, host.id);
    let names =
        std::iter::once(wanted.clone()).chain((2..NAMES_TRIED_MAX).map(|nth| format!("{wanted}-{nth}")));
    let free = |id: &String| !taken.iter().any(|(name, _)| name.id.as_str() == id);
    let id = names.into_iter().find(free).ok_or(Refusal::Contended)?;
    let components: Vec<&str> = lent.components.iter().map(String::as_str).collect();
    let role = Role::Shared { owner: host.owner.to_string(), calendar: host.id.to_string() };
    let called = summary.or(invite.summary.as_ref()).unwrap_or(&lent.display_name);
    let record = CollectionRecord {
        description: lent.description.clone(),
        description_language: lent.description_language.clone(),
        counts_as_busy: false,
        in_unified: false,
        // As its owner has it until somebody says otherwise for themselves; what else the owner's clients keep there
        // (alarms, the address of a subscription) is the owner's.
        properties: properties::appearance(&lent.properties),
        ..blank(world, role, called, &components)
    };
    let name = CollectionName::new(home.as_str(), &id);
    home::touch(world, change, home).await?;
    change.put_collection(&name, &record, 0);
    let reading = Reading::new(&owner, &record, &world.limits);
    index::begin(change, &name, &reading, (world.now(), false));
    Ok(id)
}

/// Removes the collection as which something is seen, if it is still there.
pub(super) async fn give_back(
    world: &World,
    change: &mut Change,
    seen_at: &CollectionName,
) -> Result<(), Refusal> {
    let head = world.store.head(seen_at).await.map_err(refusal_of)?;
    let Some((record, version)) = world.store.collection(seen_at).await.map_err(refusal_of)? else {
        return Ok(());
    };
    if !matches!(record.role, Role::Shared { .. }) {
        return Ok(());
    }
    home::touch(world, change, &seen_at.owner).await?;
    if let Some((_, index_version)) = index::state(world, seen_at).await? {
        index::end(change, seen_at, index_version);
    }
    change.remove_collection(seen_at, version, head);
    Ok(())
}

/// Ends an invitation that its owner took back: what was seen goes, and whoever saw it is told.
pub(super) async fn end(
    world: &World,
    change: &mut Change,
    host: &CollectionName,
    mut gone: Invite,
) -> Result<(), Refusal> {
    let seen_at = gone.seen_at();
    gone.state = State::Deleted;
    let told = note(world, host, &gone);
    // Who never answered is not bothered again: the question is taken away.
    let told = seen_at.is_some().then_some(&told);
    records::put_note(world, change, (&gone.sharee, &gone.uid), told).await?;
    if let Some(seen_at) = seen_at {
        give_back(world, change, &seen_at).await?;
    }
    Ok(())
}
