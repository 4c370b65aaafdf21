//! Locks as values: what one covers, which two cannot be together, what a request needs (RFC 4918 §6, §7).
//!
//! Pure. A place is the canonical path of a resource without a slash at the end, so that what lies below it begins with
//! it and a slash.

mod condition;
mod touched;

use calendar::collection::{PrincipalId, Privilege};
use calendar::refusal::Refusal;
use serde::{Deserialize, Serialize};

use crate::path::Resource;

pub(crate) use condition::existing;
pub use condition::{If, permit, permit_one, sweep};
pub use touched::Touched;

/// Locks that one owner's resources may have together.
pub const LOCKS_MAX: usize = 500;
/// Seconds that a lock lasts unless the client asks otherwise.
pub const SECONDS_DEFAULT: i64 = 3600;
/// Seconds that a lock lasts at most: whoever wants longer asks again.
pub const SECONDS_MAX: i64 = 7 * 86_400;
/// Octets of what a client says of itself in a lock.
pub const OWNER_OCTETS_MAX: usize = 4096;

/// Who else may have one (RFC 4918 §6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// Nobody.
    Exclusive,
    /// Whoever wants a shared one too.
    Shared,
}

/// What a lock covers (RFC 4918 §7.4, §9.10.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reach {
    /// The resource itself, of a collection its list of members.
    Itself,
    /// With all that is below, also what comes later.
    Below,
}

/// A write lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Its token, a URI.
    pub token: String,
    /// The place that was locked.
    pub root: String,
    /// What it covers.
    pub reach: Reach,
    /// Who else may have one.
    pub scope: Scope,
    /// What the client says of itself: a `DAV:owner` standing alone.
    pub owner: Option<String>,
    /// The id of the principal who has it.
    pub principal: String,
    /// When it ends, UTC seconds.
    pub expires: i64,
}

impl Lock {
    /// Whether the resource at `place` is locked by it.
    pub fn covers(&self, place: &str) -> bool {
        self.root == place || (self.reach == Reach::Below && is_below(place, &self.root))
    }
}

/// What becomes of the locks of an owner's resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockChange {
    /// A new one; its token is drawn by the backend.
    Take(Lock),
    /// One lasts longer: token, and until when (UTC seconds).
    Refresh(String, i64),
    /// One ends.
    Release(String),
    /// All at and below a place end, since nothing is there any more (§7.5, §9.6).
    Sweep(String),
}

/// The place of a resource.
pub fn place_of(resource: &Resource) -> String {
    let href = resource.href();
    href.strip_suffix('/').map_or_else(|| href.clone(), str::to_owned)
}

/// The address of a place, in the form that listings have.
pub fn href_of(place: &str) -> String {
    Resource::of_path(place).map_or_else(|| place.to_owned(), |resource| resource.href())
}

/// Whether `place` lies below `other`.
pub fn is_below(place: &str, other: &str) -> bool {
    place.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'))
}

/// Applies a change to the locks of an owner, of which those that have ended are forgotten.
///
/// # Errors
/// [`Refusal::Locked`] for a lock that cannot be together with another; [`Refusal::NotFound`] for a token that names
/// none; [`Refusal::NotPermitted`] if it is another principal's.
pub fn apply(
    locks: &mut Vec<Lock>,
    change: &LockChange,
    (caller, now): (&PrincipalId, i64),
) -> Result<(), Refusal> {
    locks.retain(|lock| lock.expires > now);
    match change {
        LockChange::Take(new) => {
            if let Some(other) = locks.iter().find(|other| conflict(other, new)) {
                return Err(Refusal::Locked(other.root.clone()));
            }
            if locks.len() >= LOCKS_MAX {
                return Err(Refusal::Full);
            }
            locks.push(new.clone());
        }
        LockChange::Refresh(token, until) => own(locks, token, caller)?.expires = *until,
        LockChange::Release(token) => {
            own(locks, token, caller).map_err(|refusal| match refusal {
                Refusal::NotPermitted(_) => Refusal::NotPermitted(Privilege::Unlock),
                other => other,
            })?;
            locks.retain(|lock| lock.token != *token);
        }
        LockChange::Sweep(place) => locks.retain(|lock| lock.root != *place && !is_below(&lock.root, place)),
    }
    Ok(())
}

fn own<'a>(locks: &'a mut [Lock], token: &str, caller: &PrincipalId) -> Result<&'a mut Lock, Refusal> {
    let lock = locks.iter_mut().find(|lock| lock.token == token).ok_or(Refusal::NotFound)?;
    if lock.principal == caller.as_str() {
        Ok(lock)
    } else {
        Err(Refusal::NotPermitted(Privilege::WriteContent))
    }
}

/// Two locks that cover a resource in common are both shared, or cannot be together (§6.2).
fn conflict(one: &Lock, other: &Lock) -> bool {
    let together = one.scope == Scope::Shared && other.scope == Scope::Shared;
    !together && (one.covers(&other.root) || other.covers(&one.root))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(root: &str, reach: Reach, scope: Scope) -> Lock {
        Lock {
            token: format!("t:{root}:{scope:?}"),
            root: root.to_owned(),
            reach,
            scope,
            owner: None,
            principal: "ada".to_owned(),
            expires: 100,
        }
    }

    fn take(locks: &mut Vec<Lock>, new: Lock) -> Result<(), Refusal> {
        apply(locks, &LockChange::Take(new), (&PrincipalId::new("ada"), 0))
    }

    #[test]
    fn what_cannot_be_together() {
        use Reach::{Below, Itself};
        use Scope::{Exclusive, Shared};
        let cases = [
            (("/a", Itself, Exclusive), ("/a", Itself, Shared), false),
            (("/a", Itself, Shared), ("/a", Itself, Shared), true),
            (("/a", Itself, Exclusive), ("/a/b", Itself, Exclusive), true),
            (("/a", Below, Exclusive), ("/a/b", Itself, Exclusive), false),
            (("/a/b/c", Itself, Exclusive), ("/a", Below, Shared), false),
            (("/a/b/c", Itself, Shared), ("/a", Below, Shared), true),
            (("/a", Below, Exclusive), ("/ab", Itself, Exclusive), true),
        ];
        for (first, second, together) in cases {
            let mut locks = vec![lock(first.0, first.1, first.2)];
            let taken = take(&mut locks, lock(second.0, second.1, second.2));
            assert_eq!(taken.is_ok(), together, "{first:?} {second:?}");
        }
    }

    #[test]
    fn a_lock_ends_by_time_by_release_and_with_what_it_locks() {
        let mut locks = vec![];
        take(&mut locks, lock("/a/b", Reach::Itself, Scope::Exclusive)).unwrap();
        let (ada, bob) = (PrincipalId::new("ada"), PrincipalId::new("bob"));
        let release = LockChange::Release("t:/a/b:Exclusive".to_owned());
        assert!(matches!(apply(&mut locks, &release, (&bob, 0)), Err(Refusal::NotPermitted(_))));
        apply(&mut locks, &LockChange::Refresh("t:/a/b:Exclusive".to_owned(), 500), (&ada, 99)).unwrap();
        assert_eq!(locks[0].expires, 500);
        apply(&mut locks, &LockChange::Sweep("/a".to_owned()), (&ada, 99)).unwrap();
        assert_eq!(apply(&mut locks, &release, (&ada, 99)), Err(Refusal::NotFound));
        take(&mut locks, lock("/c", Reach::Below, Scope::Exclusive)).unwrap();
        let again =
            apply(&mut locks, &LockChange::Take(lock("/c", Reach::Below, Scope::Exclusive)), (&ada, 100));
        assert_eq!(again, Ok(()), "the first has ended");
    }
}
