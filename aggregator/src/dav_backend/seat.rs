//! A collection that a caller has entered, with what the caller may do there and sees.

use std::sync::Arc;

use calendar::collection::{CollectionName, EntityTag, MemberName, ObjectName, Privilege};
use calendar::refusal::Refusal;
use dav::backend::Precondition;
use store::collections::CollectionRecord;

use super::veil::Sight;
use crate::owner::Owner;

/// A collection that a caller may do something with.
pub(super) struct Seat {
    /// Its owner.
    pub(super) owner: Arc<Owner>,
    /// Where its members are: elsewhere than was asked, if it is borrowed.
    pub(super) name: CollectionName,
    /// Its record.
    pub(super) record: CollectionRecord,
    /// What is kept of it where it is borrowed.
    pub(super) borrowed: Option<CollectionRecord>,
    /// What the caller may do.
    pub(super) privileges: Vec<Privilege>,
    /// How much of what is private the caller sees.
    pub(super) sight: Sight,
}

impl Seat {
    /// The object where it is.
    pub(super) fn object(&self, member: &MemberName) -> ObjectName {
        ObjectName { collection: self.name.clone(), member: member.clone() }
    }

    /// The condition under which an object is put, with what the caller lacks: to add members, or to change them.
    pub(super) fn guarding(&self, precondition: &Precondition) -> Precondition {
        let mut guarded = precondition.clone();
        if !self.privileges.contains(&Privilege::Bind) {
            guarded.matches.get_or_insert_default();
        }
        if !self.privileges.contains(&Privilege::WriteContent) {
            guarded.none_matches = Some(Vec::new());
        }
        guarded
    }

    /// Whether an object may be put where `before` was seen: content is changed by leave of the object, members are
    /// added by leave of the collection (RFC 3744 appendix B).
    pub(super) fn may_put(&self, before: Option<&EntityTag>) -> Result<(), Refusal> {
        let needed = if before.is_some() { Privilege::WriteContent } else { Privilege::Bind };
        if self.privileges.contains(&needed) { Ok(()) } else { Err(Refusal::NotPermitted(needed)) }
    }
}
