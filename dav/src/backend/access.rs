//! Who may do what: access lists, and groups of those who act for an owner (RFC 3744; calendarserver.org calendar-proxy).

use async_trait::async_trait;
use calendar::collection::{PrincipalId, Privilege};
use calendar::refusal::Refusal;

use super::Caller;
use crate::path::Resource;

/// What those of a group may do with everything in an owner's home.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Delegation {
    /// Read it.
    Read,
    /// Read and write it, and schedule for the owner.
    Write,
}

impl Delegation {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The last path segment of the group, which is also the name of its resource type.
    pub const fn segment(self) -> &'static str {
        match self {
            Self::Read => "calendar-proxy-read",
            Self::Write => "calendar-proxy-write",
        }
    }
}

/// A group of those who act for an owner: a principal too.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    /// For whom.
    pub owner: PrincipalId,
    /// How far.
    pub delegation: Delegation,
}

/// Whom an entry of an access list is about (RFC 3744 §5.5.1).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who {
    /// The resource's owner: `DAV:property` with `DAV:owner`, or their address.
    Owner,
    /// One principal.
    Principal(PrincipalId),
    /// Those of a group.
    Group(Group),
    /// Whoever has signed in.
    Authenticated,
}

/// What an entry does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It gives.
    Grant,
    /// It takes away.
    Deny,
}

/// An entry of an access list (RFC 3744 §5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ace {
    /// Whom it is about.
    pub who: Who,
    /// What it does.
    pub verdict: Verdict,
    /// With which privileges.
    pub privileges: Vec<Privilege>,
    /// Whether the server alone sets it.
    pub protected: bool,
    /// The resource whose entry it is, if it is not this one's own.
    pub inherited: Option<Resource>,
}

/// Access lists and groups.
///
/// The methods check the caller's privileges as those of [`Backend`](super::Backend) do.
#[async_trait]
pub trait Access {
    /// What the caller may do with a resource; nothing where it is not the caller's business, or not there.
    async fn privileges(&self, caller: &Caller, resource: &Resource) -> Result<Vec<Privilege>, Refusal>;

    /// The access list in the order in which it is judged: for each privilege the first entry decides that is about the
    /// caller. Needs DAV:read-acl.
    async fn access_list(&self, caller: &Caller, resource: &Resource) -> Result<Vec<Ace>, Refusal>;

    /// Replaces the entries that are neither protected nor inherited. Needs DAV:write-acl.
    async fn change_access_list(
        &self,
        caller: &Caller,
        resource: &Resource,
        aces: &[Ace],
    ) -> Result<(), Refusal>;

    /// Those of a group.
    async fn group_members(&self, caller: &Caller, group: &Group) -> Result<Vec<PrincipalId>, Refusal>;

    /// Replaces those of a group; a member that is nobody here is refused with [`Refusal::NotFound`].
    async fn change_group(
        &self,
        caller: &Caller,
        group: &Group,
        members: &[PrincipalId],
    ) -> Result<(), Refusal>;

    /// The groups that a principal is in.
    async fn memberships(&self, caller: &Caller, id: &PrincipalId) -> Result<Vec<Group>, Refusal>;
}
