//! Which VAVAILABILITYs a collection holds: they are judged together with those of other collections, so that the index
//! of one cannot say what they make busy (RFC 7953 §4).

use std::sync::Arc;

use calendar::busy::availability::AVAILABLE_MAX;
use calendar::collection::{CollectionName, MemberName, ObjectName};
use calendar::object::Kind;
use calendar::refusal::Refusal;
use calendar::time::Instant;
use store::collections::CollectionRecord;

use super::answer::LOOKS_MAX;
use super::state;
use crate::owner::Owner;
use crate::reading::Reading;
use crate::world::{World, refusal_of};

/// Members looked at in one step.
const PAGE: usize = 200;
/// One more than can be judged together; those after it change nothing.
const LISTED_MAX: usize = AVAILABLE_MAX + 1;

/// The octets of the VAVAILABILITYs of a collection of `owner`: from memory while it stands where it stood, else by what
/// the index lists, else by looking at all members.
///
/// # Errors
/// What the store says.
pub(crate) async fn availabilities(
    world: &World,
    owner: &Owner,
    collection: &CollectionName,
) -> Result<Arc<[Arc<[u8]>]>, Refusal> {
    for _ in 0..LOOKS_MAX {
        // The number first: what is committed after this moment makes it be looked at again.
        let newest = *world.store.engine().watch().borrow();
        if let Some(known) = world.hot.availabilities(collection, newest, None) {
            return Ok(known);
        }
        let head = world.store.head(collection).await.map_err(refusal_of)?;
        if let Some(known) = world.hot.availabilities(collection, newest, Some(head.version)) {
            return Ok(known);
        }
        let Some(record) = world.store.collection(collection).await.map_err(refusal_of)? else { break };
        let Some(version) = believed(world, owner, (collection, &record.0)).await? else { break };
        let found: Arc<[Arc<[u8]>]> = listed(world, collection).await?.into();
        let moved = world.store.head(collection).await.map_err(refusal_of)?.version != head.version;
        if !moved && believed(world, owner, (collection, &record.0)).await? == Some(version) {
            world.hot.keep_availabilities(collection, (newest, head.version), found.clone());
            return Ok(found);
        }
    }
    Ok(all(world, collection).await?.into())
}

/// The version of the index of a collection, if it can be believed.
async fn believed(
    world: &World,
    owner: &Owner,
    (collection, record): (&CollectionName, &CollectionRecord),
) -> Result<Option<u64>, Refusal> {
    let reading = Reading::new(owner, record, &world.limits);
    let found = state(world, collection).await?;
    Ok(found.filter(|(state, _)| state.is_believed(&reading)).map(|(_, version)| version))
}

/// Those that the index lists: they alone reach from the beginning of time.
async fn listed(world: &World, collection: &CollectionName) -> Result<Vec<Arc<[u8]>>, Refusal> {
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < LISTED_MAX {
        let page = world.store.busy_beyond(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (member, _) in page.into_iter().filter(|(_, reach)| reach.start == Instant::MIN) {
            found.extend(octets(world, collection, member).await?);
        }
    }
    Ok(found)
}

async fn all(world: &World, collection: &CollectionName) -> Result<Vec<Arc<[u8]>>, Refusal> {
    let (mut found, mut after) = (Vec::new(), None);
    while found.len() < LISTED_MAX {
        let page = world.store.members(collection, after.as_ref(), PAGE).await.map_err(refusal_of)?;
        let Some(last) = page.last() else { break };
        after = Some(last.member.clone());
        for facts in page.into_iter().filter(|facts| facts.kind == Kind::Availability) {
            found.extend(octets(world, collection, facts.member).await?);
        }
    }
    Ok(found)
}

async fn octets(
    world: &World,
    collection: &CollectionName,
    member: MemberName,
) -> Result<Option<Arc<[u8]>>, Refusal> {
    let name = ObjectName { collection: collection.clone(), member };
    let stored = world.store.object(&name).await.map_err(refusal_of)?;
    Ok(stored.filter(|stored| stored.facts.kind == Kind::Availability).map(|stored| stored.octets))
}
