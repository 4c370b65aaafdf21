//! What the protocol asks of whoever keeps calendars: protocol nouns, no HTTP.

mod access;
mod attachments;
mod files;
mod free_busy;
mod locks;
mod published;
mod push;
mod scheduling;
mod sharing;
mod storage;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use calendar::address::{Address, UserType};
use calendar::busy::BusySet;
use calendar::collection::{
    CollectionName, EntityTag, MemberName, ObjectName, PrincipalId, Privilege, Revision, SyncToken,
};
use calendar::object::Kind;
use calendar::refusal::Refusal;
use calendar::time::{Instant, Span};
use calendar::zone::Zone;

pub use access::{Access, Ace, Delegation, Group, Verdict, Who};
pub use attachments::{AttachedFile, AttachmentDeed, AttachmentLimits, Attachments};
pub use files::{Extent, FileContent, FileFacts, FileNode, FileRelocation, Files};
pub use free_busy::{FreeBusyAnswer, FreeBusyRequest, FreeBusyRequests};
pub use locks::Locks;
pub use published::{Publication, PublicationChange, Published};
pub use push::{NotRegistered, Push, Registered, SubscriptionName, WebPush};
pub use scheduling::{Scheduling, Telling};
pub use sharing::{
    Invitations, InviteAnswer, InviteState, Invitee, News, Notification, ShareAccess, ShareChange, Sharing,
};
pub use storage::{Storage, Usage};

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The principal they signed in as.
    pub principal: PrincipalId,
    /// The id of the device's own password with which they did; `None`: another password, or nobody signed in.
    pub device: Option<String>,
}

impl Caller {
    /// Somebody, with whatever they signed in.
    pub const fn of(principal: PrincipalId) -> Self {
        Self { principal, device: None }
    }
}

/// What came in the Authorization header (RFC 7617), with where it came from for throttling.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The user name.
    pub user: String,
    /// The password.
    pub password: String,
    /// From where, if it is known.
    pub from: Option<IpAddr>,
}

/// Who asks, as an extension of the request: the client's address, where the caller of the service knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The answer to credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignIn {
    /// They are right.
    As(Caller),
    /// They are wrong, or nobody is called that.
    Refused,
    /// Too many wrong ones; ask again after so many seconds.
    TooMany {
        /// Seconds to wait.
        retry_after_seconds: u64,
    },
}

/// A principal (RFC 3744 §2).
#[derive(Clone, Debug)]
pub struct Principal {
    /// Its id.
    pub id: PrincipalId,
    /// DAV:displayname.
    pub display_name: String,
    /// Calendar user addresses, the preferred first.
    pub addresses: Vec<Address>,
    /// CALDAV:calendar-user-type.
    pub user_type: UserType,
}

/// What a collection is, for DAV:resourcetype and the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CollectionKind {
    /// A calendar.
    Calendar,
    /// The schedule inbox.
    Inbox,
    /// The schedule outbox.
    Outbox,
}

/// Text for people, in a language if that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// The text.
    pub text: String,
    /// Its language as it was said (`xml:lang`; RFC 4918 §4.3).
    pub language: Option<String>,
}

/// Properties kept as they were set: (namespace, local name) → the XML element.
pub type DeadProperties = BTreeMap<(String, String), String>;

/// A collection with everything that its properties are read from.
#[derive(Clone, Debug)]
pub struct Collection {
    /// Whose, and which.
    pub name: CollectionName,
    /// What.
    pub kind: CollectionKind,
    /// DAV:displayname.
    pub display_name: String,
    /// CALDAV:calendar-description.
    pub description: Option<Phrase>,
    /// CALDAV:calendar-timezone: iCalendar text.
    pub timezone: Option<String>,
    /// CALDAV:calendar-availability of an inbox: iCalendar text.
    pub availability: Option<String>,
    /// The zone in which dates and floating times of it are read.
    pub zone: Zone,
    /// What it takes.
    pub components: Vec<Kind>,
    /// Whether it makes its owner busy (CALDAV:schedule-calendar-transp opaque).
    pub opaque: bool,
    /// What the caller may do.
    pub privileges: Vec<Privilege>,
    /// The collection of another that it is, seen from the home of whoever was invited to it.
    pub borrowed: Option<CollectionName>,
    /// What clients have it keep.
    pub dead_properties: DeadProperties,
    /// Of an inbox: the calendar into which invitations go.
    pub default_calendar: Option<CollectionName>,
    /// Its state.
    pub token: SyncToken,
    /// When it was made.
    pub created: Instant,
}

/// A member's facts.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its name.
    pub member: MemberName,
    /// Its entity tag.
    pub tag: EntityTag,
    /// What it is about.
    pub kind: Kind,
    /// Octets of its text.
    pub octets: usize,
    /// When it last changed.
    pub modified: Instant,
    /// When it was made.
    pub created: Instant,
    /// Its schedule tag, if the server schedules for it (RFC 6638 §3.2.10).
    pub schedule_tag: Option<EntityTag>,
}

/// A member whole.
#[derive(Clone, Debug)]
pub struct Object {
    /// Its facts.
    pub facts: Member,
    /// Its octets, as they came.
    pub octets: Arc<[u8]>,
}

/// A page of members.
#[derive(Clone, Debug)]
pub struct MemberPage {
    /// The members, by name.
    pub members: Vec<Member>,
    /// Where the next page begins, if there is one.
    pub next: Option<MemberName>,
}

/// What changed since a token.
#[derive(Clone, Debug)]
pub struct Changes {
    /// Members that are new or changed.
    pub changed: Vec<Member>,
    /// Members that are gone.
    pub removed: Vec<MemberName>,
    /// The token to ask with next time.
    pub token: SyncToken,
    /// Whether there is more (507 in the multistatus).
    pub truncated: bool,
}

/// A condition on the state of an object (RFC 9110 §13).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Precondition {
    /// If-Match: one of these tags, or (empty list) any.
    pub matches: Option<Vec<EntityTag>>,
    /// If-None-Match: none of these tags, or (empty list) nothing there.
    pub none_matches: Option<Vec<EntityTag>>,
    /// If-Schedule-Tag-Match: this schedule tag (RFC 6638 §8.3).
    pub schedule_tag: Option<EntityTag>,
}

/// The outcome of a write.
#[derive(Clone, Debug)]
pub struct Stored {
    /// The new tag; `None` where what is kept is not what was sent, octet for octet (RFC 4791 §5.3.4).
    pub tag: Option<EntityTag>,
    /// Whether it is new.
    pub created: bool,
    /// The new schedule tag, if the server schedules for it.
    pub schedule_tag: Option<EntityTag>,
}

/// What becomes of the source of a relocation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceFate {
    /// It goes: MOVE.
    Leaves,
    /// It is there twice: COPY.
    Stays,
}

/// What becomes of an object that is at the destination already (RFC 4918 §10.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFate {
    /// It is replaced: `Overwrite: T`.
    IsReplaced,
    /// It stays as it is, and the relocation is refused with [`Refusal::Exists`].
    Stays,
}

/// Where an object comes from and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Relocation {
    /// The source.
    pub from: ObjectName,
    /// The destination, another one.
    pub to: ObjectName,
    /// What becomes of the source.
    pub source: SourceFate,
    /// What becomes of what is at the destination.
    pub target: TargetFate,
}

/// A change of a collection's properties.
#[derive(Clone, Debug, PartialEq)]
pub enum PropertyChange {
    /// DAV:displayname.
    DisplayName(String),
    /// CALDAV:calendar-description.
    Description(Option<Phrase>),
    /// CALDAV:calendar-timezone (iCalendar text with one VTIMEZONE, checked), with the zone it names.
    Timezone(Option<String>),
    /// CALDAV:supported-calendar-component-set (only while it is made).
    Components(Vec<Kind>),
    /// CALDAV:schedule-calendar-transp: opaque or not.
    Opaque(bool),
    /// CALDAV:calendar-availability of an inbox (iCalendar text of VAVAILABILITYs, checked).
    Availability(Option<String>),
    /// DAV:group-member-set of a group.
    GroupMembers(Vec<PrincipalId>),
    /// CALDAV:schedule-default-calendar-URL, of an inbox.
    DefaultCalendar(CollectionName),
    /// Any other: (namespace, local name) and the XML element, or `None` to remove it.
    Dead((String, String), Option<String>),
}

/// Whose busy time is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BusyScope {
    /// One collection's.
    Collection(CollectionName),
    /// Everything of an owner together.
    Everything(PrincipalId),
}

/// Limits that the protocol reports (RFC 4791 §5.2.5–5.2.9).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Octets of one object.
    pub object_octets_max: usize,
    /// Instances of one object.
    pub instances_max: usize,
    /// Attendees of one instance.
    pub attendees_max: usize,
    /// The earliest and latest instant.
    pub range: Span,
}

/// Whoever keeps calendars.
///
/// Every method that names a resource checks the caller's privileges itself and refuses with
/// [`Refusal::NotPermitted`], or [`Refusal::NotFound`] where even its existence is not the caller's business.
#[async_trait]
pub trait Backend:
    Access
    + Attachments
    + Files
    + FreeBusyRequests
    + Locks
    + Published
    + Push
    + Scheduling
    + Sharing
    + Storage
    + Send
    + Sync
    + 'static
{
    /// Whether the credentials are right.
    async fn sign_in(&self, credentials: &Credentials) -> Result<SignIn, Refusal>;

    /// The current instant.
    fn now(&self) -> Instant;

    /// The limits in force.
    fn limits(&self) -> Limits;

    /// A principal.
    async fn principal(&self, caller: &Caller, id: &PrincipalId) -> Result<Option<Principal>, Refusal>;

    /// All principals that the caller may know of.
    async fn principals(&self, caller: &Caller) -> Result<Vec<Principal>, Refusal>;

    /// The collections of a home, by name.
    async fn collections(&self, caller: &Caller, home: &PrincipalId) -> Result<Vec<Collection>, Refusal>;

    /// The properties that clients have a home keep (Apple Calendar: the default alarms).
    async fn home_properties(&self, caller: &Caller, home: &PrincipalId) -> Result<DeadProperties, Refusal>;

    /// Changes properties of a home, all or none; only dead ones are kept there.
    async fn change_home(
        &self,
        caller: &Caller,
        home: &PrincipalId,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal>;

    /// A collection.
    async fn collection(&self, caller: &Caller, name: &CollectionName)
    -> Result<Option<Collection>, Refusal>;

    /// Makes a calendar.
    async fn make_collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
        properties: &[PropertyChange],
    ) -> Result<(), Refusal>;

    /// Changes properties of a collection, all or none.
    async fn change_collection(
        &self,
        caller: &Caller,
        name: &CollectionName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal>;

    /// Deletes a collection with its members.
    async fn delete_collection(&self, caller: &Caller, name: &CollectionName) -> Result<(), Refusal>;

    /// A page of the members of a collection.
    async fn members(
        &self,
        caller: &Caller,
        name: &CollectionName,
        from: Option<&MemberName>,
    ) -> Result<MemberPage, Refusal>;

    /// A page of those members that may have an instance within `window` (a superset), of `kind` if given.
    async fn members_within(
        &self,
        caller: &Caller,
        name: &CollectionName,
        window: Span,
        kind: Option<Kind>,
        from: Option<&MemberName>,
    ) -> Result<MemberPage, Refusal>;

    /// A member's facts.
    async fn member(&self, caller: &Caller, name: &ObjectName) -> Result<Option<Member>, Refusal>;

    /// A member whole.
    async fn object(&self, caller: &Caller, name: &ObjectName) -> Result<Option<Object>, Refusal>;

    /// Creates or replaces an object.
    async fn put(
        &self,
        caller: &Caller,
        name: &ObjectName,
        octets: Arc<[u8]>,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal>;

    /// Deletes an object.
    async fn delete(
        &self,
        caller: &Caller,
        name: &ObjectName,
        precondition: &Precondition,
    ) -> Result<(), Refusal>;

    /// Moves or copies an object, at once or not at all; the precondition is about the source.
    async fn relocate(
        &self,
        caller: &Caller,
        relocation: &Relocation,
        precondition: &Precondition,
    ) -> Result<Stored, Refusal>;

    /// What changed since `since` (everything if `None`, and then no removals), at most about `limit` members.
    async fn changes(
        &self,
        caller: &Caller,
        name: &CollectionName,
        since: Option<SyncToken>,
        limit: usize,
    ) -> Result<Changes, Refusal>;

    /// Busy time within `window`, clipped.
    async fn busy(&self, caller: &Caller, scope: &BusyScope, window: Span) -> Result<BusySet, Refusal>;

    /// What clients have the objects of `home` keep, of those that have anything.
    async fn object_properties(
        &self,
        caller: &Caller,
        home: &PrincipalId,
    ) -> Result<BTreeMap<ObjectName, DeadProperties>, Refusal>;

    /// Changes dead properties of an object, all or none.
    async fn change_object(
        &self,
        caller: &Caller,
        name: &ObjectName,
        changes: &[PropertyChange],
    ) -> Result<(), Refusal>;
}

/// The CTag of a state (calendarserver.org).
pub fn ctag(token: SyncToken) -> String {
    let Revision(revision) = token.revision;
    format!("{:x}-{revision}", token.epoch)
}
