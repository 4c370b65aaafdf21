//! How much an owner's home holds: all that clients keep there, without what mirrors hold (RFC 4331).
//!
//! It is counted anew when it is asked for; of what is put, it is checked against a count that is at most a minute old
//! and what was put since.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use calendar::collection::PrincipalId;
use calendar::refusal::Refusal;
use store::collections::Role;

use crate::world::{World, refusal_of};
use crate::{attachments, files};

/// Seconds for which a count is good enough to check against.
const GOOD_SECONDS: i64 = 60;
/// Members that are counted at a time.
const PAGE: usize = 1_000;

/// Counts by owner: when, and how many octets with what came since.
#[derive(Debug, Default)]
pub struct Counts(Mutex<BTreeMap<String, (i64, u64)>>);

impl Counts {
    /// Refuses `more` octets in the home of `owner` that are too many, and takes note of them otherwise.
    ///
    /// # Errors
    /// [`Refusal::OverQuota`].
    pub async fn admit(&self, world: &World, owner: &PrincipalId, more: u64) -> Result<(), Refusal> {
        let now = world.now().as_unix();
        let quota = world.house_rules().quota_octets;
        let after = |used: u64| used.saturating_add(more);
        let known = self.known(owner.as_str()).filter(|(at, _)| (*at..*at + GOOD_SECONDS).contains(&now));
        let (at, used) = match known {
            Some((at, used)) if after(used) <= quota => (at, used),
            // What went since makes room, and what was taken note of may never have come to be.
            _ => (now, octets_of(world, owner).await?),
        };
        let fits = after(used) <= quota;
        self.note(owner.as_str(), (at, if fits { after(used) } else { used }));
        if fits { Ok(()) } else { Err(Refusal::OverQuota) }
    }

    fn known(&self, owner: &str) -> Option<(i64, u64)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(owner).copied()
    }

    fn note(&self, owner: &str, count: (i64, u64)) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(owner.to_owned(), count);
    }
}

/// Octets of all objects, files and attachments of an owner; of mirrors and the unified collection, which are made of
/// what is elsewhere, none.
///
/// # Errors
/// Those of the store.
pub async fn octets_of(world: &World, owner: &PrincipalId) -> Result<u64, Refusal> {
    let mut octets = files::octets_of(world, owner).await? + attachments::octets_of(world, owner).await?;
    for (name, record) in world.store.collections(owner).await.map_err(refusal_of)? {
        if matches!(record.role, Role::Mirror { .. } | Role::Unified) {
            continue;
        }
        let mut after = None;
        loop {
            let page = world.store.members(&name, after.as_ref(), PAGE).await.map_err(refusal_of)?;
            octets += page.iter().map(|facts| facts.octets as u64).sum::<u64>();
            match page.last() {
                Some(last) if page.len() == PAGE => after = Some(last.member.clone()),
                _ => break,
            }
        }
    }
    Ok(octets)
}
