//! Why a calendar says no: the closed list that every storey speaks. Protocol-neutral; each door translates it once.

use crate::collection::{ObjectName, Privilege};
use crate::itip::attachment::AttachmentFault;
use crate::time::Instant;

/// A reason to refuse.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The caller lacks a privilege on the resource.
    #[error("this needs the privilege {0:?}")]
    NotPermitted(Privilege),
    /// There is no such resource.
    #[error("there is no such resource")]
    NotFound,
    /// The parent does not exist.
    #[error("the parent collection does not exist")]
    NoParent,
    /// Something is there already.
    #[error("there is something already")]
    Exists,
    /// A condition on the entity tag does not hold.
    #[error("the resource is not at the version that was named")]
    TagMismatch,
    /// Another object of the collection has this UID.
    #[error("the UID is already that of {0}")]
    UidConflict(ObjectName),
    /// The text is not a valid calendar object.
    #[error("line {line}: {property}: {reason}")]
    NotValidObject {
        /// The line, from 1.
        line: u32,
        /// The property or component.
        property: String,
        /// What is wrong.
        reason: String,
    },
    /// The text is not text/calendar.
    #[error("only text/calendar is kept here")]
    NotCalendarData,
    /// The collection does not take this kind of component.
    #[error("this calendar takes no {0}")]
    UnsupportedComponent(String),
    /// More octets than the limit.
    #[error("more than {limit} octets")]
    TooLarge {
        /// The limit, in octets.
        limit: usize,
    },
    /// More instances than the limit.
    #[error("more than {limit} instances")]
    TooManyInstances {
        /// The limit.
        limit: usize,
    },
    /// More attendees of one component than the limit.
    #[error("more than {limit} attendees")]
    TooManyAttendees {
        /// The limit.
        limit: usize,
    },
    /// A time before the earliest that is kept.
    #[error("a time before {0}, the earliest that is kept")]
    TooEarly(Instant),
    /// A time after the latest that is kept.
    #[error("a time after {0}, the latest that is kept")]
    TooLate(Instant),
    /// The collection is made by the server and stays as it is.
    #[error("this collection is kept by the server: {0}")]
    Protected(&'static str),
    /// A lock that the caller did not name is on it, or on the resource at this place below or above it.
    #[error("{0} is locked")]
    Locked(String),
    /// The sync-token is not of this collection, or older than its log.
    #[error("the sync-token is not valid any more")]
    SyncTokenExpired,
    /// It moved too often while we were thinking.
    #[error("too many changes at once; try again")]
    Contended,
    /// The booking is refused: the reason's name (`slot_taken` …) and a sentence.
    #[error("{name}: {reason}")]
    NotBookable {
        /// The reason's name.
        name: &'static str,
        /// For a person.
        reason: String,
    },
    /// Scheduling does not allow it.
    #[error("{0}")]
    Scheduling(Barred),
    /// A recurrence rule that counts in a calendar other than the Gregorian one (RFC 7529).
    #[error("recurrences in the calendar {0} are not reckoned here")]
    UnsupportedScale(String),
    /// A managed attachment that cannot be as it is asked for (RFC 8607).
    #[error("{0}")]
    Attachment(AttachmentFault),
    /// The home holds as much as it may (RFC 4331).
    #[error("this calendar home holds as much as it may")]
    OverQuota,
    /// The store is full.
    #[error("there is no room left on the disk")]
    Full,
    /// The store failed; nothing was changed.
    #[error("the store cannot answer just now: {0}")]
    Unavailable(String),
}

/// What scheduling does not allow (RFC 6638 §3.2.4, §9.2).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Barred {
    /// An attendee changes what belongs to the organizer.
    #[error("{property} belongs to the organizer of the event")]
    AttendeeChange {
        /// The property or component.
        property: String,
    },
    /// An organizer changes what an organizer may not.
    #[error("an organizer may not change {property} of an event to which others are invited")]
    OrganizerChange {
        /// The property.
        property: String,
    },
    /// The components of one object name different organizers.
    #[error("all components of an event have the same organizer")]
    OrganizersDiffer,
    /// Another scheduling object of the owner has this UID.
    #[error("the owner has this event already: {0}")]
    SecondResource(ObjectName),
    /// Invitations need a calendar to go into.
    #[error("invitations go into this calendar; choose another one for them first")]
    DefaultCalendarNeeded,
    /// Invitations cannot go there.
    #[error("invitations can go into a calendar of the owner's that takes events, and nowhere else")]
    NoDefaultCalendar,
}
