//! The nouns of a collection: revision, sync-token, entity tag, privilege, names.

use std::fmt;

macro_rules! names {
    ($($(#[doc = $doc:literal])+ $name:ident,)+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);
        impl $name {
            /// Wraps the name as it is.
            pub fn new(name: impl Into<String>) -> Self { Self(name.into()) }
            /// The name.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result { out.write_str(&self.0) }
        }
    )+};
}

names! {
    /// The id of a principal: an owner's id, a path segment.
    PrincipalId,
    /// The last path segment of a collection.
    CollectionId,
    /// The last path segment of an object, decoded, as the client chose it.
    MemberName,
}

/// A collection: whose, and which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CollectionName {
    /// Whose.
    pub owner: PrincipalId,
    /// Which.
    pub id: CollectionId,
}

impl CollectionName {
    /// The collection `id` of `owner`.
    pub fn new(owner: &str, id: &str) -> Self {
        Self { owner: PrincipalId::new(owner), id: CollectionId::new(id) }
    }
}

impl fmt::Display for CollectionName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.owner, self.id)
    }
}

/// An object: in which collection, and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Where.
    pub collection: CollectionName,
    /// Which.
    pub member: MemberName,
}

impl ObjectName {
    /// The member `member` of `collection`.
    pub fn new(collection: &CollectionName, member: &str) -> Self {
        Self { collection: collection.clone(), member: MemberName::new(member) }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}/{}", self.collection, self.member)
    }
}

/// How often a collection has changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// The state of a collection as a client sees it: which life of the collection, and which revision (RFC 6578).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SyncToken {
    /// Drawn when the collection is made (and when a backup is restored), so that tokens of another life are unknown.
    pub epoch: u64,
    /// The revision.
    pub revision: Revision,
}

impl SyncToken {
    /// The URI form.
    pub fn to_uri(self) -> String {
        format!("urn:kalends:sync:{:x}-{}", self.epoch, self.revision.0)
    }

    /// Reads the URI form.
    pub fn parse(uri: &str) -> Option<Self> {
        let (epoch, revision) = uri.trim().strip_prefix("urn:kalends:sync:")?.split_once('-')?;
        Some(Self { epoch: u64::from_str_radix(epoch, 16).ok()?, revision: Revision(revision.parse().ok()?) })
    }
}

/// A strong entity tag without its quotes (RFC 9110 §8.8.3).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EntityTag(pub String);

impl EntityTag {
    /// With quotes, for a header or property.
    pub fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// A privilege that stands for itself (RFC 3744 §3, RFC 4791 §6.1.1, RFC 6638 §6): aggregates are the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Privilege {
    /// DAV:read.
    Read,
    /// CALDAV:read-free-busy.
    ReadFreeBusy,
    /// DAV:read-current-user-privilege-set.
    ReadOwnPrivileges,
    /// DAV:read-acl.
    ReadAcl,
    /// DAV:write-content.
    WriteContent,
    /// DAV:write-properties.
    WriteProperties,
    /// DAV:bind.
    Bind,
    /// DAV:unbind.
    Unbind,
    /// DAV:write-acl.
    WriteAcl,
    /// DAV:unlock.
    Unlock,
    /// CALDAV:schedule-deliver-invite.
    ScheduleDeliverInvite,
    /// CALDAV:schedule-deliver-reply.
    ScheduleDeliverReply,
    /// CALDAV:schedule-query-freebusy.
    ScheduleQueryFreeBusy,
    /// CALDAV:schedule-send-invite.
    ScheduleSendInvite,
    /// CALDAV:schedule-send-reply.
    ScheduleSendReply,
    /// CALDAV:schedule-send-freebusy.
    ScheduleSendFreeBusy,
}

impl Privilege {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Read,
        Self::ReadFreeBusy,
        Self::ReadOwnPrivileges,
        Self::ReadAcl,
        Self::WriteContent,
        Self::WriteProperties,
        Self::Bind,
        Self::Unbind,
        Self::WriteAcl,
        Self::Unlock,
        Self::ScheduleDeliverInvite,
        Self::ScheduleDeliverReply,
        Self::ScheduleQueryFreeBusy,
        Self::ScheduleSendInvite,
        Self::ScheduleSendReply,
        Self::ScheduleSendFreeBusy,
    ];

    /// Those that change members, or what is kept of a collection: nobody has them on what is read-only.
    pub const CHANGING: [Self; 4] = [Self::WriteContent, Self::WriteProperties, Self::Bind, Self::Unbind];
}
