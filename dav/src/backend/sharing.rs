//! Calendars that are lent to others by invitation, and what is told of that (calendarserver.org caldav-sharing).

use async_trait::async_trait;
use calendar::collection::{CollectionName, EntityTag, PrincipalId};
use calendar::refusal::Refusal;
use calendar::time::Instant;

use super::Caller;

/// What whoever is invited may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ShareAccess {
    /// Read.
    Read,
    /// Read and write.
    ReadWrite,
}

/// What became of an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InviteState {
    /// No answer yet.
    NoResponse,
    /// It was accepted.
    Accepted,
    /// It was declined, or given back.
    Declined,
    /// It was taken back.
    Deleted,
}

/// Somebody who is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitee {
    /// Who.
    pub principal: PrincipalId,
    /// As they were named: an address.
    pub address: String,
    /// The name that the owner gave.
    pub common_name: Option<String>,
    /// What the owner called the calendar to them.
    pub summary: Option<String>,
    /// What they may do.
    pub access: ShareAccess,
    /// What they answered.
    pub state: InviteState,
    /// The invitation's id.
    pub uid: String,
}

/// A collection's invitations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitations {
    /// Who lends it.
    pub organizer: PrincipalId,
    /// Who is invited.
    pub invitees: Vec<Invitee>,
}

/// What an owner changes about who is invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ShareChange {
    /// Somebody is invited, or may do something else from now on.
    Set {
        /// Who.
        principal: PrincipalId,
        /// As they were named.
        address: String,
        /// The name that the owner gave.
        common_name: Option<String>,
        /// What the owner calls the calendar to them.
        summary: Option<String>,
        /// What they may do.
        access: ShareAccess,
    },
    /// Somebody is invited no longer.
    Remove(PrincipalId),
}

/// An answer to an invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteAnswer {
    /// The collection that it is about.
    pub host: CollectionName,
    /// The invitation's id, if it was said.
    pub uid: Option<String>,
    /// Accepted or declined.
    pub accepts: bool,
    /// What the calendar shall be called.
    pub summary: Option<String>,
}

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// They are invited, or no longer.
    Invite,
    /// Somebody whom they had invited has answered.
    Reply,
}

/// A notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Its name in the collection of notifications.
    pub id: String,
    /// What it is.
    pub news: News,
    /// When it was made.
    pub at: Instant,
    /// Its tag.
    pub tag: EntityTag,
    /// The collection that it is about.
    pub host: CollectionName,
    /// Who lends that, with their name.
    pub organizer: (PrincipalId, String),
    /// Who is invited, with what they may do and what became of it.
    pub invitee: Invitee,
}

/// Invitations and notifications.
#[async_trait]
pub trait Sharing {
    /// Who is invited to a collection: all to its owner, and to one of them themselves.
    async fn invitations(&self, caller: &Caller, name: &CollectionName) -> Result<Invitations, Refusal>;

    /// Changes who is invited, all or none. Needs DAV:write-acl.
    async fn share(
        &self,
        caller: &Caller,
        name: &CollectionName,
        changes: &[ShareChange],
    ) -> Result<(), Refusal>;

    /// Answers an invitation of the owner of `home`; where it is accepted, where the collection is seen from now on.
    async fn answer_invitation(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        answer: &InviteAnswer,
    ) -> Result<Option<CollectionName>, Refusal>;

    /// What an owner is told, oldest first.
    async fn notifications(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Notification>, Refusal>;

    /// Takes a notification away.
    async fn delete_notification(&self, caller: &Caller, home: &PrincipalId, id: &str)
    -> Result<(), Refusal>;
}
