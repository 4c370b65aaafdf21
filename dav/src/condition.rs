//! Pre- and postconditions as a table, and why a request fails (RFC 4918 §16, RFC 4791 §1.3).
//!
//! A condition is data: its element, the status it goes with, and where it is written. A [`Failure`] is what a request
//! ends with: a status, perhaps a condition with its payload, and a sentence for a person.

use std::borrow::Cow;

use calendar::collection::{CollectionName, Privilege};
use calendar::itip::attachment::AttachmentFault;
use calendar::refusal::{Barred, Refusal};
use http::StatusCode;

use crate::lock;
use crate::path::Resource;
use crate::privilege;
use crate::xml::name::{dav, kalends};
use crate::xml::{Name, Writer, XmlError};

/// A named reason of the protocol to refuse.
#[derive(Debug)]
pub struct Condition {
    /// Its element.
    pub name: Name<'static>,
    /// The status of a response that says so.
    pub status: StatusCode,
    /// Where it is defined.
    pub rfc: &'static str,
}

macro_rules! conditions {
    ($($(#[doc = $doc:literal])+ $constant:ident = $namespace:ident $local:literal $status:ident $rfc:literal,)+) => {
        $(
            $(#[doc = $doc])+
            pub const $constant: &Condition = &Condition {
                name: crate::xml::name::$namespace($local),
                status: StatusCode::$status,
                rfc: $rfc,
            };
        )+
        /// All of them.
        pub const CONDITIONS: &[&Condition] = &[$($constant,)+];
    };
}

conditions! {
    /// A PROPFIND of infinite depth.
    PROPFIND_FINITE_DEPTH = dav "propfind-finite-depth" FORBIDDEN "RFC 4918 §9.1",
    /// A property that only the server sets.
    CANNOT_MODIFY_PROTECTED_PROPERTY = dav "cannot-modify-protected-property" FORBIDDEN "RFC 4918 §16",
    /// A privilege that the caller lacks; names the resource and the privilege.
    NEED_PRIVILEGES = dav "need-privileges" FORBIDDEN "RFC 3744 §7.1.1",
    /// A report that the resource does not answer.
    SUPPORTED_REPORT = dav "supported-report" FORBIDDEN "RFC 3253 §3.6",
    /// A sync-token that is not of this collection, or too old.
    VALID_SYNC_TOKEN = dav "valid-sync-token" FORBIDDEN "RFC 6578 §3.2",
    /// A synchronisation deeper than one level.
    SYNC_TRAVERSAL_SUPPORTED = dav "sync-traversal-supported" FORBIDDEN "RFC 6578 §3.3",
    /// More matches than are given at once.
    NUMBER_OF_MATCHES = dav "number-of-matches-within-limits" INSUFFICIENT_STORAGE "RFC 3744 §9, RFC 6578 §3.6",
    /// A collection is made where something is.
    RESOURCE_MUST_BE_NULL = dav "resource-must-be-null" FORBIDDEN "RFC 4791 §5.3.1, RFC 5689 §3",
    /// A kind of collection that is not made here.
    VALID_RESOURCETYPE = dav "valid-resourcetype" FORBIDDEN "RFC 5689 §3.3",
    /// There is no room.
    SUFFICIENT_DISK_SPACE = dav "sufficient-disk-space" INSUFFICIENT_STORAGE "RFC 4331 §6",
    /// A calendar where none can be.
    CALENDAR_COLLECTION_LOCATION_OK = caldav "calendar-collection-location-ok" FORBIDDEN "RFC 4791 §5.3.1",
    /// A media type other than text/calendar.
    SUPPORTED_CALENDAR_DATA = caldav "supported-calendar-data" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// Octets that are not iCalendar.
    VALID_CALENDAR_DATA = caldav "valid-calendar-data" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// iCalendar, but not one calendar object.
    VALID_CALENDAR_OBJECT_RESOURCE = caldav "valid-calendar-object-resource" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// A component that the calendar does not take.
    SUPPORTED_CALENDAR_COMPONENT = caldav "supported-calendar-component" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// A UID that another object of the calendar has; names it.
    NO_UID_CONFLICT = caldav "no-uid-conflict" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// Too many octets.
    MAX_RESOURCE_SIZE = caldav "max-resource-size" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// Too many instances.
    MAX_INSTANCES = caldav "max-instances" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// A filter that makes no sense.
    VALID_FILTER = caldav "valid-filter" FORBIDDEN "RFC 4791 §7.8",
    /// A part of a filter that is not answered here; names it.
    SUPPORTED_FILTER = caldav "supported-filter" FORBIDDEN "RFC 4791 §7.8",
    /// A collation that is not known here.
    SUPPORTED_COLLATION = caldav "supported-collation" FORBIDDEN "RFC 4791 §7.5.1",
    /// A time before the earliest that is kept.
    MIN_DATE_TIME = caldav "min-date-time" FORBIDDEN "RFC 4791 §5.3.2.1, §7.8",
    /// A time after the latest that is kept.
    MAX_DATE_TIME = caldav "max-date-time" FORBIDDEN "RFC 4791 §5.3.2.1, §7.8",
    /// A lock that the request does not name; names what is locked.
    LOCK_TOKEN_SUBMITTED = dav "lock-token-submitted" LOCKED "RFC 4918 §7.5, §16",
    /// A lock that cannot be together with another; names what is locked.
    NO_CONFLICTING_LOCK = dav "no-conflicting-lock" LOCKED "RFC 4918 §9.10.6, §16",
    /// A token that is not that of a lock on the resource.
    LOCK_TOKEN_MATCHES_REQUEST_URI = dav "lock-token-matches-request-uri" CONFLICT "RFC 4918 §9.11.1, §16",
    /// Entries of an access list that contradict one another.
    NO_ACE_CONFLICT = dav "no-ace-conflict" FORBIDDEN "RFC 3744 §8.1.1",
    /// An entry that contradicts a protected one.
    NO_PROTECTED_ACE_CONFLICT = dav "no-protected-ace-conflict" FORBIDDEN "RFC 3744 §8.1.1",
    /// An entry that contradicts an inherited one that is protected where it comes from.
    NO_INHERITED_ACE_CONFLICT = dav "no-inherited-ace-conflict" FORBIDDEN "RFC 3744 §8.1.1",
    /// More entries than a resource has.
    LIMITED_NUMBER_OF_ACES = dav "limited-number-of-aces" FORBIDDEN "RFC 3744 §8.1.1",
    /// An entry that denies after one that grants.
    DENY_BEFORE_GRANT = dav "deny-before-grant" FORBIDDEN "RFC 3744 §8.1.1",
    /// An entry about all but one.
    NO_INVERT = dav "no-invert" FORBIDDEN "RFC 3744 §8.1.1",
    /// A privilege that goes only with what contains it.
    NO_ABSTRACT = dav "no-abstract" FORBIDDEN "RFC 3744 §8.1.1",
    /// A privilege that means nothing on the resource.
    NOT_SUPPORTED_PRIVILEGE = dav "not-supported-privilege" FORBIDDEN "RFC 3744 §8.1.1",
    /// A principal that is nobody here.
    RECOGNIZED_PRINCIPAL = dav "recognized-principal" FORBIDDEN "RFC 3744 §8.1.1",
    /// A principal that an access list cannot name.
    ALLOWED_PRINCIPAL = dav "allowed-principal" FORBIDDEN "RFC 3744 §8.1.1",
    /// More attendees than are kept or asked about at once.
    MAX_ATTENDEES_PER_INSTANCE = caldav "max-attendees-per-instance" FORBIDDEN "RFC 4791 §5.3.2.1",
    /// A scheduling message that iTIP does not know.
    VALID_SCHEDULING_MESSAGE = caldav "valid-scheduling-message" FORBIDDEN "RFC 6638 §5.2.1",
    /// An organizer who is not the owner of the outbox.
    VALID_ORGANIZER = caldav "valid-organizer" FORBIDDEN "RFC 6638 §5.2.2",
    /// An `Originator` that is empty.
    ORIGINATOR_SPECIFIED = caldav "originator-specified" FORBIDDEN "draft-desruisseaux-caldav-sched",
    /// An `Originator` who is not the owner of the outbox.
    ORIGINATOR_ALLOWED = caldav "originator-allowed" FORBIDDEN "draft-desruisseaux-caldav-sched",
    /// A `Recipient` that is empty.
    RECIPIENT_SPECIFIED = caldav "recipient-specified" FORBIDDEN "draft-desruisseaux-caldav-sched",
    /// A scheduling object of which the owner has another copy; names it.
    UNIQUE_SCHEDULING_OBJECT_RESOURCE = caldav "unique-scheduling-object-resource" FORBIDDEN "RFC 6638 §3.2.4.1",
    /// Components of one object with different organizers.
    SAME_ORGANIZER_IN_ALL_COMPONENTS = caldav "same-organizer-in-all-components" FORBIDDEN "RFC 6638 §3.2.4.2",
    /// What an organizer may not change.
    ALLOWED_ORGANIZER_CHANGE = caldav "allowed-organizer-scheduling-object-change" FORBIDDEN "RFC 6638 §3.2.4.3",
    /// What an attendee may not change.
    ALLOWED_ATTENDEE_CHANGE = caldav "allowed-attendee-scheduling-object-change" FORBIDDEN "RFC 6638 §3.2.4.4",
    /// Invitations need a calendar to go into.
    DEFAULT_CALENDAR_NEEDED = caldav "default-calendar-needed" FORBIDDEN "RFC 6638 §4.3",
    /// A place into which invitations cannot go.
    VALID_SCHEDULE_DEFAULT_CALENDAR_URL = caldav "valid-schedule-default-calendar-URL" FORBIDDEN "RFC 6638 §9.2",
    /// A recurrence rule in another calendar than those of CALDAV:supported-rscale-set.
    SUPPORTED_RSCALE = caldav "supported-rscale" FORBIDDEN "RFC 7529 §6.2",
    /// A home that holds as much as it may.
    QUOTA_NOT_EXCEEDED = dav "quota-not-exceeded" INSUFFICIENT_STORAGE "RFC 4331 §6",
    /// Something else than adding, replacing and removing an attachment.
    VALID_ACTION = caldav "valid-action" FORBIDDEN "RFC 8607 §3.11",
    /// Instances that the object does not have, or none at all.
    VALID_RID = caldav "valid-rid" FORBIDDEN "RFC 8607 §3.11",
    /// An attachment that the object does not have.
    VALID_MANAGED_ID = caldav "valid-managed-id" FORBIDDEN "RFC 8607 §3.11",
    /// Too large an attachment.
    MAX_ATTACHMENT_SIZE = caldav "max-attachment-size" FORBIDDEN "RFC 8607 §3.11",
    /// Too many attachments of one object.
    MAX_ATTACHMENTS_PER_RESOURCE = caldav "max-attachments-per-resource" FORBIDDEN "RFC 8607 §3.11",
    /// An object that speaks of an attachment that there is not.
    VALID_MANAGED_ID_PARAMETER = caldav "valid-managed-id-parameter" FORBIDDEN "RFC 8607 §3.11",
    /// A zone that is not known.
    VALID_TIMEZONE = caldav "valid-timezone" FORBIDDEN "RFC 7809 §3.1.5",
    /// A subscription of which nothing can be made.
    INVALID_SUBSCRIPTION = push "invalid-subscription" FORBIDDEN "draft-bitfire-webdav-push",
    /// Nobody is told of changes here, or not so many.
    PUSH_NOT_AVAILABLE = push "push-not-available" FORBIDDEN "draft-bitfire-webdav-push",
    /// Only changes that are not told are asked for.
    NO_SUPPORTED_TRIGGER = push "no-supported-trigger" FORBIDDEN "draft-bitfire-webdav-push",
}

/// What a condition's element holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Nothing.
    Nothing,
    /// A resource, by its address.
    Href(String),
    /// A privilege lacking on the requested resource, or on what it is in.
    Privilege(Privilege),
    /// A privilege lacking on another resource, at this address.
    PrivilegeOn(Privilege, String),
    /// XML written already.
    Xml(String),
}

/// Why a request fails.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The status.
    pub status: StatusCode,
    /// The condition that does not hold, if there is a name for it.
    pub condition: Option<&'static Condition>,
    /// What the condition's element holds.
    pub payload: Payload,
    /// For a person.
    pub description: String,
    /// Seconds after which asking again makes sense.
    pub retry_after_seconds: Option<u64>,
}

impl Failure {
    /// A status and a sentence.
    pub fn new(status: StatusCode, description: impl Into<String>) -> Self {
        Self {
            status,
            condition: None,
            payload: Payload::Nothing,
            description: description.into(),
            retry_after_seconds: None,
        }
    }

    /// A condition that does not hold.
    pub fn of(condition: &'static Condition, description: impl Into<String>) -> Self {
        Self { condition: Some(condition), ..Self::new(condition.status, description) }
    }

    /// 400: the request makes no sense.
    pub fn bad_request(description: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, description)
    }

    /// 404.
    pub fn not_found() -> Self {
        Self::from(Refusal::NotFound)
    }

    /// The same with a payload.
    #[must_use]
    pub fn with(self, payload: Payload) -> Self {
        Self { payload, ..self }
    }

    fn of_barred(barred: Barred, text: String) -> Self {
        match barred {
            Barred::AttendeeChange { .. } => Self::of(ALLOWED_ATTENDEE_CHANGE, text),
            Barred::OrganizerChange { .. } => Self::of(ALLOWED_ORGANIZER_CHANGE, text),
            Barred::OrganizersDiffer => Self::of(SAME_ORGANIZER_IN_ALL_COMPONENTS, text),
            Barred::SecondResource(other) => Self::of(UNIQUE_SCHEDULING_OBJECT_RESOURCE, text)
                .with(Payload::Href(Resource::Object(other).href())),
            Barred::DefaultCalendarNeeded => Self::of(DEFAULT_CALENDAR_NEEDED, text),
            Barred::NoDefaultCalendar => Self::of(VALID_SCHEDULE_DEFAULT_CALENDAR_URL, text),
        }
    }

    /// The error body (RFC 4918 §16) of a response about `href`.
    pub fn body(&self, href: &str) -> String {
        let mut out = Writer::document(dav("error"));
        self.write_condition(&mut out, href);
        out.text_element(kalends("description"), &self.description);
        out.close(dav("error"));
        out.finish()
    }

    /// The condition's element.
    pub fn write_condition(&self, out: &mut Writer, href: &str) {
        let Some(condition) = self.condition else { return };
        match &self.payload {
            Payload::Nothing => out.empty(condition.name),
            payload => {
                out.open(condition.name);
                match payload {
                    Payload::Nothing => {}
                    Payload::Href(other) => out.text_element(dav("href"), other),
                    Payload::Privilege(lacking) => write_lacking(*lacking, &about(*lacking, href), out),
                    Payload::PrivilegeOn(lacking, other) => {
                        write_lacking(*lacking, &about(*lacking, other), out);
                    }
                    Payload::Xml(xml) => out.raw(xml),
                }
                out.close(condition.name);
            }
        }
    }
}

/// The address of the resource on which a privilege is needed by what is done to the one at `href`: members come and go
/// by leave of the collection that they are in (RFC 3744 §3.9, §3.10), and who sends for somebody needs their leave at
/// the outbox (RFC 6638 §6.2).
fn about(lacking: Privilege, href: &str) -> Cow<'_, str> {
    match lacking {
        Privilege::Bind | Privilege::Unbind => {
            let place = href.strip_suffix('/').unwrap_or(href);
            Cow::Borrowed(place.rfind('/').map_or(href, |at| &place[..=at]))
        }
        Privilege::ScheduleSendInvite | Privilege::ScheduleSendReply | Privilege::ScheduleSendFreeBusy => {
            outbox_of(href).map_or(Cow::Borrowed(href), Cow::Owned)
        }
        _ => Cow::Borrowed(href),
    }
}

/// The outbox of the home in which the resource at `href` is.
fn outbox_of(href: &str) -> Option<String> {
    let owner = Resource::of_path(href)?.owner()?.as_str().to_owned();
    Some(Resource::Collection(CollectionName::new(&owner, "outbox")).href())
}

fn write_lacking(lacking: Privilege, href: &str, out: &mut Writer) {
    out.open(dav("resource"));
    out.text_element(dav("href"), href);
    privilege::write(out, privilege::name_of(lacking));
    out.close(dav("resource"));
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let text = refusal.to_string();
        match refusal {
            Refusal::NotPermitted(lacking) => {
                Self::of(NEED_PRIVILEGES, text).with(Payload::Privilege(lacking))
            }
            Refusal::NotFound => Self::new(StatusCode::NOT_FOUND, text),
            Refusal::Exists => Self::of(RESOURCE_MUST_BE_NULL, text),
            Refusal::TagMismatch => Self::new(StatusCode::PRECONDITION_FAILED, text),
            Refusal::UidConflict(other) => {
                Self::of(NO_UID_CONFLICT, text).with(Payload::Href(Resource::Object(other).href()))
            }
            Refusal::NotValidObject { .. } => Self::of(VALID_CALENDAR_DATA, text),
            Refusal::NotCalendarData => Self::of(SUPPORTED_CALENDAR_DATA, text),
            Refusal::UnsupportedComponent(_) => Self::of(SUPPORTED_CALENDAR_COMPONENT, text),
            Refusal::TooLarge { .. } => Self::of(MAX_RESOURCE_SIZE, text),
            Refusal::TooManyInstances { .. } => Self::of(MAX_INSTANCES, text),
            Refusal::TooManyAttendees { .. } => Self::of(MAX_ATTENDEES_PER_INSTANCE, text),
            Refusal::TooEarly(_) => Self::of(MIN_DATE_TIME, text),
            Refusal::TooLate(_) => Self::of(MAX_DATE_TIME, text),
            Refusal::Protected(_) => Self::new(StatusCode::FORBIDDEN, text),
            Refusal::Locked(place) => {
                Self::of(LOCK_TOKEN_SUBMITTED, text).with(Payload::Href(lock::href_of(&place)))
            }
            Refusal::Scheduling(barred) => Self::of_barred(barred, text),
            Refusal::SyncTokenExpired => Self::of(VALID_SYNC_TOKEN, text),
            // DAVx5 lets the server win on 409, which puts a booking back to where it was.
            Refusal::NoParent | Refusal::NotBookable { .. } => Self::new(StatusCode::CONFLICT, text),
            Refusal::Full => Self::of(SUFFICIENT_DISK_SPACE, text),
            Refusal::OverQuota => Self::of(QUOTA_NOT_EXCEEDED, text),
            Refusal::UnsupportedScale(_) => Self::of(SUPPORTED_RSCALE, text),
            Refusal::Attachment(fault) => Self::of(condition_of(fault), text),
            Refusal::Contended => {
                Self { retry_after_seconds: Some(1), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, text) }
            }
            // Why is the operator's business, and this may be said before sign-in.
            Refusal::Unavailable(_) => Self {
                retry_after_seconds: Some(30),
                ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "the server cannot answer just now")
            },
        }
    }
}

fn condition_of(fault: AttachmentFault) -> &'static Condition {
    match fault {
        AttachmentFault::ManagedId => VALID_MANAGED_ID,
        AttachmentFault::Instance => VALID_RID,
        AttachmentFault::TooLarge(_) => MAX_ATTACHMENT_SIZE,
        AttachmentFault::TooMany(_) => MAX_ATTACHMENTS_PER_RESOURCE,
        AttachmentFault::Parameter => VALID_MANAGED_ID_PARAMETER,
    }
}

impl From<XmlError> for Failure {
    fn from(error: XmlError) -> Self {
        Self::bad_request(format!("the body is not XML that is read here: {error}"))
    }
}
