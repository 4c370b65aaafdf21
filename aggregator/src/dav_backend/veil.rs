//! What those see who may only read: of what the owner called private or confidential (RFC 5545 §3.8.1.3), when it is.
//!
//! The owner sees everything, and so does whoever may change it: those who act for the owner, and those to whom a
//! calendar is lent to write in. Entity tags of readers are others than those of writers, so that nobody who becomes a
//! writer puts back what was read before.

use std::collections::BTreeSet;

use calendar::collection::{EntityTag, Privilege};
use calendar::detail;
use calendar::limits::Limits;
use calendar::text;
use dav::backend::{Member, Object, Precondition};

use crate::attachments::mentions;

/// What stands behind the tags of readers.
const MARK: &str = "-r";

/// How much of what is private somebody sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// All.
    Whole,
    /// When it is.
    Times,
}

impl Sight {
    /// That of somebody who is not the owner and was granted this, whether or not the collection can be changed.
    pub(super) fn of(granted: &BTreeSet<Privilege>) -> Self {
        if granted.contains(&Privilege::WriteContent) { Self::Whole } else { Self::Times }
    }

    /// The less of two.
    pub(super) fn and(self, other: Self) -> Self {
        if self == Self::Whole { other } else { self }
    }

    /// A member as it is told.
    pub(super) fn member(self, member: Member) -> Member {
        match self {
            Self::Whole => member,
            Self::Times => Member { tag: EntityTag(format!("{}{MARK}", member.tag.0)), ..member },
        }
    }

    /// An object as it is shown; `None` for one that cannot be read and might be private.
    pub(super) fn object(self, object: Object, limits: &Limits) -> Option<Object> {
        if self == Self::Whole {
            return Some(object);
        }
        let mut shown = Object { facts: self.member(object.facts), octets: object.octets };
        if mentions(&shown.octets, b"CLASS") {
            let read = text::parse(&shown.octets, limits).ok()?;
            if let Some(veiled) = detail::veiled(read.calendars.first()?) {
                shown.octets = text::serialise(&veiled).into_bytes().into();
                shown.facts.octets = shown.octets.len();
            }
        }
        Some(shown)
    }

    /// A condition about tags as they were told, as one about tags as they are.
    pub(super) fn condition(self, precondition: &Precondition) -> Precondition {
        let real = |tags: &Vec<EntityTag>| -> Vec<EntityTag> {
            let real = |tag: &EntityTag| match tag.0.strip_suffix(MARK) {
                Some(real) => EntityTag(real.to_owned()),
                // A tag of a writer is none that a reader was told.
                None => EntityTag(format!("{}{MARK}", tag.0)),
            };
            tags.iter().map(real).collect()
        };
        match self {
            Self::Whole => precondition.clone(),
            Self::Times => Precondition {
                matches: precondition.matches.as_ref().map(real),
                none_matches: precondition.none_matches.as_ref().map(real),
                schedule_tag: precondition.schedule_tag.clone(),
            },
        }
    }

    /// Whether an object may be copied elsewhere as it is.
    pub(super) fn is_whole(self, octets: &[u8], limits: &Limits) -> bool {
        if self == Self::Whole || !mentions(octets, b"CLASS") {
            return true;
        }
        let read = text::parse(octets, limits);
        read.is_ok_and(|read| {
            read.calendars.first().is_some_and(|calendar| detail::veiled(calendar).is_none())
        })
    }
}
