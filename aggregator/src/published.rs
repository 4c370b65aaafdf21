//! Calendars that are published: one address each, which cannot be guessed, with a level of detail.

use calendar::collection::CollectionName;
use calendar::detail::Detail;
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};
use store::records::Table;
use store::{Change, Committed};

use crate::gate::ATTEMPTS_MAX;
use crate::reading::hex;
use crate::world::{World, refusal_of};

/// Key: secret.
const BY_SECRET: Table = Table("published");
/// Key: owner, collection.
const BY_CALENDAR: Table = Table("published-calendars");

/// A published calendar. The epoch says which life of the collection was published: one that is made anew under an old
/// name is not.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    secret: String,
    owner: String,
    collection: String,
    epoch: u64,
    detail: String,
}

/// Publishes a calendar, or gives the address that it has already another detail; the secret of its address. With no detail
/// it keeps the one that it has, at first all.
///
/// # Errors
/// [`Refusal::NotFound`].
pub async fn publish(
    world: &World,
    name: &CollectionName,
    detail: Option<Detail>,
) -> Result<String, Refusal> {
    let key = [name.owner.as_str(), name.id.as_str()];
    for _ in 0..ATTEMPTS_MAX {
        let (record, _) = world.store.collection(name).await.map_err(refusal_of)?.ok_or(Refusal::NotFound)?;
        let known = world.store.record::<Kept>(BY_CALENDAR, &key).await.map_err(refusal_of)?;
        let version = known.as_ref().map_or(0, |(_, version)| *version);
        let mut change = Change::new();
        let same_life = known.filter(|(kept, _)| kept.epoch == record.epoch);
        let before = same_life.as_ref().map(|(kept, _)| detail_of(kept));
        let detail = detail.or(before).unwrap_or(Detail::Full);
        let secret = match &same_life {
            Some((kept, _)) => kept.secret.clone(),
            None => hex(&[world.entropy.draw(), world.entropy.draw()].concat()),
        };
        let seen = world.store.record::<Kept>(BY_SECRET, &[&secret]).await.map_err(refusal_of)?;
        let kept = Kept {
            secret: secret.clone(),
            owner: name.owner.as_str().to_owned(),
            collection: name.id.as_str().to_owned(),
            epoch: record.epoch,
            detail: detail.word().to_owned(),
        };
        change.put_record(BY_CALENDAR, &key, &kept, version);
        change.put_record(BY_SECRET, &[&secret], &kept, seen.map_or(0, |(_, version)| version));
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(secret);
        }
    }
    Err(Refusal::Contended)
}

/// Ends it: the address leads nowhere, and a later one will be another.
///
/// # Errors
/// Those of the store.
pub async fn unpublish(world: &World, name: &CollectionName) -> Result<(), Refusal> {
    let key = [name.owner.as_str(), name.id.as_str()];
    for _ in 0..ATTEMPTS_MAX {
        let known = world.store.record::<Kept>(BY_CALENDAR, &key).await.map_err(refusal_of)?;
        let Some((kept, version)) = known else { return Ok(()) };
        let mut change = Change::new();
        change.remove_record(BY_CALENDAR, &key, version);
        let by_secret = world.store.record::<Kept>(BY_SECRET, &[&kept.secret]).await.map_err(refusal_of)?;
        if let Some((_, version)) = by_secret {
            change.remove_record(BY_SECRET, &[&kept.secret], version);
        }
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(());
        }
    }
    Err(Refusal::Contended)
}

/// Under which secret, and in which detail, a calendar is published.
///
/// # Errors
/// Those of the store.
pub async fn of_calendar(world: &World, name: &CollectionName) -> Result<Option<(String, Detail)>, Refusal> {
    let key = [name.owner.as_str(), name.id.as_str()];
    let known = world.store.record::<Kept>(BY_CALENDAR, &key).await.map_err(refusal_of)?;
    let Some((kept, _)) = known else { return Ok(None) };
    Ok(living(world, &kept).await?.then(|| (kept.secret.clone(), detail_of(&kept))))
}

/// The calendar that is published under a secret.
///
/// # Errors
/// Those of the store.
pub async fn find(world: &World, secret: &str) -> Result<Option<(CollectionName, Detail)>, Refusal> {
    let known = world.store.record::<Kept>(BY_SECRET, &[secret]).await.map_err(refusal_of)?;
    let Some((kept, _)) = known else { return Ok(None) };
    let name = CollectionName::new(&kept.owner, &kept.collection);
    Ok(living(world, &kept).await?.then(|| (name, detail_of(&kept))))
}

async fn living(world: &World, kept: &Kept) -> Result<bool, Refusal> {
    let name = CollectionName::new(&kept.owner, &kept.collection);
    let found = world.store.collection(&name).await.map_err(refusal_of)?;
    Ok(found.is_some_and(|(record, _)| record.epoch == kept.epoch))
}

/// A word that a later version wrote shows as little as there is.
fn detail_of(kept: &Kept) -> Detail {
    Detail::of_word(&kept.detail).unwrap_or(Detail::Busy)
}
