//! What the protocol asks of whoever schedules (RFC 6638).

use async_trait::async_trait;
use calendar::collection::{CollectionName, ObjectName};
use calendar::refusal::Refusal;

use super::{Caller, Precondition};

/// Whether others hear that something is deleted (RFC 6638 §8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Telling {
    /// The organizer hears that the invitation is declined: `Schedule-Reply: T`.
    #[default]
    Organizer,
    /// The organizer hears nothing: `Schedule-Reply: F`.
    Nobody,
}

/// Whoever schedules. Privileges are checked as [`Backend`](super::Backend) says.
#[async_trait]
pub trait Scheduling: Send + Sync + 'static {
    /// Whether anybody could be reached by a message. Where nobody can, clients are not told that the server schedules
    /// (RFC 6638 §2): they may then send invitations themselves.
    fn reaches_others(&self) -> bool {
        true
    }

    /// Deletes an object as [`Backend::delete`](super::Backend::delete) does; `telling` says whether an attendee's
    /// organizer hears of it.
    async fn delete_telling(
        &self,
        caller: &Caller,
        name: &ObjectName,
        precondition: &Precondition,
        telling: Telling,
    ) -> Result<(), Refusal>;

    /// Deletes a collection as [`Backend::delete_collection`](super::Backend::delete_collection) does; `telling` says
    /// whether organizers hear of the invitations in it.
    async fn delete_collection_telling(
        &self,
        caller: &Caller,
        name: &CollectionName,
        telling: Telling,
    ) -> Result<(), Refusal>;
}
