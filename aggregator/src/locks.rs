//! The locks on what belongs to an owner: one record, changed whole (RFC 4918 §6).

use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use dav::lock::{Lock, LockChange, apply};
use store::records::Table;
use store::{Change, Committed};

use crate::gate::ATTEMPTS_MAX;
use crate::reading::uuid;
use crate::world::{World, refusal_of};

/// Key: owner.
const TABLE: Table = Table("locks");

/// Those that have not ended.
pub async fn live(world: &World, home: &PrincipalId) -> Result<Vec<Lock>, Refusal> {
    let kept = world.store.record::<Vec<Lock>>(TABLE, &[home.as_str()]).await.map_err(refusal_of)?;
    let now = world.now().as_unix();
    Ok(kept.map_or_else(Vec::new, |(locks, _)| locks.into_iter().filter(|lock| lock.expires > now).collect()))
}

/// Changes them; the lock that it was about, if there is one then. A new one gets its token here (RFC 4918 §6.5).
///
/// # Errors
/// See [`apply`].
pub async fn change(
    world: &World,
    home: &PrincipalId,
    (caller, wanted): (&PrincipalId, &LockChange),
) -> Result<Option<Lock>, Refusal> {
    let wanted = match wanted {
        LockChange::Take(lock) => LockChange::Take(Lock {
            token: format!("urn:uuid:{}", uuid(world.entropy.draw())),
            ..lock.clone()
        }),
        other => other.clone(),
    };
    for _ in 0..ATTEMPTS_MAX {
        let kept = world.store.record::<Vec<Lock>>(TABLE, &[home.as_str()]).await.map_err(refusal_of)?;
        let (mut locks, version) = kept.unwrap_or_default();
        apply(&mut locks, &wanted, (caller, world.now().as_unix()))?;
        let about = match &wanted {
            LockChange::Take(lock) => Some(lock.clone()),
            LockChange::Refresh(token, _) => locks.iter().find(|lock| lock.token == *token).cloned(),
            LockChange::Release(_) | LockChange::Sweep(_) => None,
        };
        let mut change = Change::new();
        change.put_record(TABLE, &[home.as_str()], &locks, version);
        if let Committed::At(_) = world.store.commit(change).await.map_err(refusal_of)? {
            return Ok(about);
        }
    }
    Err(Refusal::Contended)
}
