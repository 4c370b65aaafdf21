//! Subscriptions: which device is told of which collection, until when, and what it was told last.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use calendar::collection::{CollectionName, PrincipalId, SyncToken};
use calendar::refusal::Refusal;
use calendar::time::Instant;
use dav::backend::{Caller, NotRegistered, WebPush};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::records::Table;
use store::{Change, Committed};

use crate::gate::ATTEMPTS_MAX;
use crate::home;
use crate::world::{World, refusal_of};

/// Key: owner, collection, id.
const TABLE: Table = Table("push-subscriptions");
/// Devices that one principal may have told of one collection.
const DEVICES_MAX: usize = 20;
/// Devices told of one collection, whosever they are: each change looks at all of them.
const COLLECTION_MAX: usize = 100;
/// Seconds that a subscription lasts if nothing is asked for, and at most; devices renew it before.
const LASTS_SECONDS: i64 = 7 * 86_400;
const LASTS_SECONDS_MAX: i64 = 30 * 86_400;
/// Seconds that it lasts at least, whatever is asked for.
const LASTS_SECONDS_MIN: i64 = 3600;

/// A device that is told of a collection.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// What it is called in its address; follows from who subscribed and the push resource.
    pub id: String,
    /// Who subscribed.
    pub principal: String,
    /// The id of the device's own password with which they did: with that it ends. `None`: it was another password.
    #[serde(default)]
    pub device: Option<String>,
    /// Where it is told.
    pub resource: String,
    /// The device's public key, base64url.
    pub public_key: String,
    /// What it shares with us, base64url.
    pub secret: String,
    /// When it ends, UTC seconds.
    pub expires: i64,
    /// The state that it knows: epoch and revision.
    pub told: (u64, u64),
}

impl std::fmt::Debug for Subscription {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "Subscription({} of {}, …)", self.id, self.principal)
    }
}

/// A state as subscriptions keep it.
pub fn state_of(token: SyncToken) -> (u64, u64) {
    (token.epoch, token.revision.0)
}

/// The devices that are told of a collection.
pub(crate) async fn of_collection(
    world: &World,
    name: &CollectionName,
) -> Result<Vec<Subscription>, Refusal> {
    let prefix = [name.owner.as_str(), name.id.as_str()];
    let rows = world.store.records::<Subscription>(TABLE, &prefix, None, COLLECTION_MAX).await;
    Ok(rows.map_err(refusal_of)?.into_iter().map(|row| row.record).collect())
}

/// Takes or renews a subscription of `caller`, who may read the collection, which is at `token`.
///
/// # Errors
/// [`NotRegistered`].
pub async fn register(
    world: &World,
    (name, token): (&CollectionName, SyncToken),
    caller: &Caller,
    (to, until): (&WebPush, Option<Instant>),
) -> Result<Subscription, NotRegistered> {
    let failed = |error| NotRegistered::Refused(refusal_of(error));
    let now = world.now().as_unix();
    let asked = until.map_or(LASTS_SECONDS, |until| until.as_unix().saturating_sub(now));
    let new = Subscription {
        id: id_of(&caller.principal, &to.resource),
        principal: caller.principal.as_str().to_owned(),
        device: caller.device.clone(),
        resource: to.resource.clone(),
        public_key: URL_SAFE_NO_PAD.encode(&to.public_key),
        secret: URL_SAFE_NO_PAD.encode(&to.secret),
        expires: now + asked.clamp(LASTS_SECONDS_MIN, LASTS_SECONDS_MAX),
        told: state_of(token),
    };
    let prefix = [name.owner.as_str(), name.id.as_str()];
    for _ in 0..ATTEMPTS_MAX {
        let rows = world.store.records::<Subscription>(TABLE, &prefix, None, COLLECTION_MAX);
        let rows = rows.await.map_err(failed)?;
        let mut change = Change::new();
        let (mut all, mut own, mut seen) = (0, 0, None);
        for row in &rows {
            let key = [prefix[0], prefix[1], row.record.id.as_str()];
            if row.record.id == new.id {
                seen = Some((row.version, row.record.told));
            } else if row.record.expires <= now {
                change.remove_record(TABLE, &key, row.version);
            } else {
                all += 1;
                own += usize::from(row.record.principal == new.principal);
            }
        }
        if own >= DEVICES_MAX || all >= COLLECTION_MAX {
            return Err(NotRegistered::NotAvailable("too many devices are told of this collection"));
        }
        if seen.is_none() {
            // A change that has looked already for whom to tell looks again; one that was made since the state was
            // read is told by this letter, which says nothing if there was none.
            home::touch(world, &mut change, &name.owner).await.map_err(NotRegistered::Refused)?;
            super::post(world, &mut change, (name, &new), now).await.map_err(NotRegistered::Refused)?;
        }
        let (version, told) = seen.unwrap_or((0, new.told));
        // What a renewed one was told stays: a change that waits to be told is not forgotten.
        let record = Subscription { told, ..new.clone() };
        change.put_record(TABLE, &[prefix[0], prefix[1], &new.id], &record, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(failed)? {
            return Ok(record);
        }
    }
    Err(NotRegistered::Refused(Refusal::Contended))
}

/// The subscription `id` to a collection.
///
/// # Errors
/// If the store cannot be read.
pub async fn find(world: &World, name: &CollectionName, id: &str) -> Result<Option<Subscription>, Refusal> {
    let key = [name.owner.as_str(), name.id.as_str(), id];
    Ok(world.store.record(TABLE, &key).await.map_err(refusal_of)?.map(|(record, _)| record))
}

/// Changes a subscription as `to` says; `None` ends it. Whether it was there.
///
/// # Errors
/// [`Refusal::Contended`], or if the store cannot answer.
pub async fn change(
    world: &World,
    (name, id): (&CollectionName, &str),
    to: impl Fn(Subscription) -> Option<Subscription>,
) -> Result<bool, Refusal> {
    let key = [name.owner.as_str(), name.id.as_str(), id];
    for _ in 0..ATTEMPTS_MAX {
        let seen = world.store.record::<Subscription>(TABLE, &key).await.map_err(refusal_of)?;
        let Some((before, version)) = seen else { return Ok(false) };
        let mut change = Change::new();
        match to(before.clone()) {
            Some(after) if after == before => return Ok(true),
            Some(after) => change.put_record(TABLE, &key, &after, version),
            None => change.remove_record(TABLE, &key, version),
        }
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(true);
        }
    }
    Err(Refusal::Contended)
}

/// The same device of the same person is the same subscription.
fn id_of(principal: &PrincipalId, resource: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(principal.as_str());
    hash.update([0]);
    hash.update(resource);
    URL_SAFE_NO_PAD.encode(&hash.finalize()[..16])
}
