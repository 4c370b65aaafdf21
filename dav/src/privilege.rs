//! Privileges as a table: names, what contains what, and what a caller is told to hold (RFC 3744 §3, §5.3, §5.4).

use calendar::collection::Privilege;

use crate::property::Kinds;
use crate::xml::name::{caldav, dav};
use crate::xml::{Name, Writer};

/// A privilege of the protocol, perhaps an aggregate of others.
struct Row {
    name: Name<'static>,
    /// What it is for, in English.
    description: &'static str,
    /// On which resources it means anything.
    on: Kinds,
    /// The privilege it stands for; `None` for an aggregate, held where all its parts are.
    privilege: Option<Privilege>,
    /// Whether it is given and taken only with the aggregate that it is a part of (RFC 3744 §5.3).
    is_abstract: bool,
    parts: &'static [Row],
}

const fn single(name: Name<'static>, privilege: Privilege, description: &'static str) -> Row {
    Row { name, description, on: Kinds::ANY, privilege: Some(privilege), is_abstract: false, parts: &[] }
}

const fn aggregate(name: Name<'static>, on: Kinds, description: &'static str, parts: &'static [Row]) -> Row {
    Row { name, description, on, privilege: None, is_abstract: false, parts }
}

/// Where messages arrive; on the home it is given for the inbox in it.
const DELIVERED: Kinds = Kinds::INBOX.or(Kinds::HOME);
/// Where messages leave.
const SENT: Kinds = Kinds::OUTBOX.or(Kinds::HOME);

/// The tree of privileges, from `DAV:all` down.
const ALL: Row = aggregate(
    dav("all"),
    Kinds::ANY,
    "everything",
    &[
        Row {
            name: dav("read"),
            description: "read the resource",
            on: Kinds::ANY,
            privilege: Some(Privilege::Read),
            is_abstract: false,
            parts: &[
                single(caldav("read-free-busy"), Privilege::ReadFreeBusy, "learn when it makes busy"),
                Row {
                    is_abstract: true,
                    ..single(
                        dav("read-current-user-privilege-set"),
                        Privilege::ReadOwnPrivileges,
                        "learn one's own privileges",
                    )
                },
            ],
        },
        single(dav("read-acl"), Privilege::ReadAcl, "learn who may do what"),
        aggregate(
            dav("write"),
            Kinds::ANY,
            "change the resource",
            &[
                single(dav("write-content"), Privilege::WriteContent, "change objects"),
                single(dav("write-properties"), Privilege::WriteProperties, "change properties"),
                single(dav("bind"), Privilege::Bind, "add members"),
                single(dav("unbind"), Privilege::Unbind, "remove members"),
            ],
        ),
        single(dav("write-acl"), Privilege::WriteAcl, "say who may do what"),
        single(dav("unlock"), Privilege::Unlock, "end the locks of others"),
        aggregate(
            caldav("schedule-deliver"),
            DELIVERED,
            "have messages delivered",
            &[
                single(
                    caldav("schedule-deliver-invite"),
                    Privilege::ScheduleDeliverInvite,
                    "have invitations delivered",
                ),
                single(
                    caldav("schedule-deliver-reply"),
                    Privilege::ScheduleDeliverReply,
                    "have replies delivered",
                ),
                single(
                    caldav("schedule-query-freebusy"),
                    Privilege::ScheduleQueryFreeBusy,
                    "ask when the owner is busy",
                ),
            ],
        ),
        aggregate(
            caldav("schedule-send"),
            SENT,
            "send messages for the owner",
            &[
                single(
                    caldav("schedule-send-invite"),
                    Privilege::ScheduleSendInvite,
                    "send invitations for the owner",
                ),
                single(
                    caldav("schedule-send-reply"),
                    Privilege::ScheduleSendReply,
                    "send replies for the owner",
                ),
                single(
                    caldav("schedule-send-freebusy"),
                    Privilege::ScheduleSendFreeBusy,
                    "ask for the owner when others are busy",
                ),
            ],
        ),
    ],
);

impl Row {
    fn parts_on(&self, kind: Kinds) -> impl Iterator<Item = &Row> {
        self.parts.iter().filter(move |part| part.on.meets(kind))
    }

    fn held(&self, kind: Kinds, privileges: &[Privilege]) -> bool {
        self.privilege.is_none_or(|own| holds(privileges, own))
            && self.parts_on(kind).all(|part| part.held(kind, privileges))
    }

    fn names_held(&self, kind: Kinds, privileges: &[Privilege], names: &mut Vec<Name<'static>>) {
        if self.held(kind, privileges) {
            names.push(self.name);
        }
        for part in self.parts_on(kind) {
            part.names_held(kind, privileges, names);
        }
    }

    fn topmost(&self, kind: Kinds, privileges: &[Privilege], names: &mut Vec<Name<'static>>) {
        if self.held(kind, privileges) {
            // What is abstract goes with the rest and is not said.
            names.extend((!self.is_abstract).then_some(self.name));
        } else {
            for part in self.parts_on(kind) {
                part.topmost(kind, privileges, names);
            }
        }
    }

    fn contained(&self, kind: Kinds, privileges: &mut Vec<Privilege>) {
        privileges.extend(self.privilege);
        for part in self.parts_on(kind) {
            part.contained(kind, privileges);
        }
    }

    fn find(&self, name: Name<'_>, kind: Kinds) -> Option<&Row> {
        if self.name == name {
            return Some(self);
        }
        self.parts_on(kind).find_map(|part| part.find(name, kind))
    }

    fn write_supported(&self, kind: Kinds, out: &mut Writer) {
        out.open(dav("supported-privilege"));
        write(out, self.name);
        if self.is_abstract {
            out.empty(dav("abstract"));
        }
        out.open_with(dav("description"), &[("xml:lang", "en")]);
        out.text(self.description);
        out.close(dav("description"));
        for part in self.parts_on(kind) {
            part.write_supported(kind, out);
        }
        out.close(dav("supported-privilege"));
    }
}

/// Whether `privilege` is among `privileges`: whoever may read may learn busy time, and whoever may do anything may
/// learn what, whether or not it was said.
pub fn holds(privileges: &[Privilege], privilege: Privilege) -> bool {
    privileges.contains(&privilege)
        || (privilege == Privilege::ReadFreeBusy && privileges.contains(&Privilege::Read))
        || (privilege == Privilege::ReadOwnPrivileges && !privileges.is_empty())
}

/// What a name that a client grants or denies means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// These.
    Privileges(Vec<Privilege>),
    /// Something that goes only with what contains it.
    Abstract,
    /// Nothing on this kind of resource.
    Unknown,
}

/// What `name` means on a kind of resource.
pub fn named(name: Name<'_>, kind: Kinds) -> Named {
    match ALL.find(name, kind) {
        None => Named::Unknown,
        Some(row) if row.is_abstract => Named::Abstract,
        Some(row) => {
            let mut privileges = Vec::new();
            row.contained(kind, &mut privileges);
            Named::Privileges(privileges)
        }
    }
}

/// The name of a privilege.
pub fn name_of(privilege: Privilege) -> Name<'static> {
    match privilege {
        Privilege::Read => dav("read"),
        Privilege::ReadFreeBusy => caldav("read-free-busy"),
        Privilege::ReadOwnPrivileges => dav("read-current-user-privilege-set"),
        Privilege::ReadAcl => dav("read-acl"),
        Privilege::WriteContent => dav("write-content"),
        Privilege::WriteProperties => dav("write-properties"),
        Privilege::Bind => dav("bind"),
        Privilege::Unbind => dav("unbind"),
        Privilege::WriteAcl => dav("write-acl"),
        Privilege::Unlock => dav("unlock"),
        Privilege::ScheduleDeliverInvite => caldav("schedule-deliver-invite"),
        Privilege::ScheduleDeliverReply => caldav("schedule-deliver-reply"),
        Privilege::ScheduleQueryFreeBusy => caldav("schedule-query-freebusy"),
        Privilege::ScheduleSendInvite => caldav("schedule-send-invite"),
        Privilege::ScheduleSendReply => caldav("schedule-send-reply"),
        Privilege::ScheduleSendFreeBusy => caldav("schedule-send-freebusy"),
    }
}

/// All privileges that mean anything on a kind of resource.
pub fn all_on(kind: Kinds) -> Vec<Privilege> {
    let mut privileges = Vec::new();
    ALL.contained(kind, &mut privileges);
    privileges
}

/// The names of everything that is held on a kind of resource by whoever holds `privileges`, aggregates first.
pub fn names_held(privileges: &[Privilege], kind: Kinds) -> Vec<Name<'static>> {
    let mut names = Vec::new();
    ALL.names_held(kind, privileges, &mut names);
    names
}

/// The fewest names that say `privileges`, as an access list tells them.
pub fn topmost(privileges: &[Privilege], kind: Kinds) -> Vec<Name<'static>> {
    let mut names = Vec::new();
    ALL.topmost(kind, privileges, &mut names);
    names
}

/// Writes one `DAV:privilege`.
pub fn write(out: &mut Writer, name: Name<'_>) {
    out.open(dav("privilege"));
    out.empty(name);
    out.close(dav("privilege"));
}

/// Writes the content of `DAV:supported-privilege-set` on a kind of resource.
pub fn write_supported(out: &mut Writer, kind: Kinds) {
    ALL.write_supported(kind, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(privileges: &[Privilege]) -> Vec<&'static str> {
        names_held(privileges, Kinds::CALENDAR).into_iter().map(|name| name.local).collect()
    }

    #[test]
    fn aggregates_are_held_where_all_their_parts_are() {
        use Privilege::{Bind, Read, ReadFreeBusy, ReadOwnPrivileges, WriteContent};
        let read = [Read, ReadFreeBusy, ReadOwnPrivileges];
        assert_eq!(held(&read), ["read", "read-free-busy", "read-current-user-privilege-set"]);
        assert_eq!(held(&[ReadFreeBusy]), ["read-free-busy", "read-current-user-privilege-set"]);
        assert_eq!(held(&[Read]), held(&read));
        assert!(held(&[]).is_empty());
        assert!(!held(&[Read, WriteContent, Bind]).contains(&"write"));
        let all = held(&all_on(Kinds::CALENDAR));
        assert_eq!(all.len(), 12);
        assert!(["all", "write", "unbind", "write-acl"].iter().all(|name| all.contains(name)), "{all:?}");
    }

    #[test]
    fn what_is_said_of_messages_stands_where_they_are() {
        let names =
            |kind| names_held(&all_on(kind), kind).into_iter().map(|name| name.local).collect::<Vec<_>>();
        assert!(names(Kinds::INBOX).contains(&"schedule-deliver"));
        assert!(!names(Kinds::INBOX).contains(&"schedule-send"));
        assert!(names(Kinds::OUTBOX).contains(&"schedule-send-freebusy"));
        assert!(
            names(Kinds::HOME).contains(&"schedule-deliver") && names(Kinds::HOME).contains(&"schedule-send")
        );
        assert!(names(Kinds::INBOX).contains(&"all") && names(Kinds::CALENDAR).contains(&"all"));
    }

    #[test]
    fn every_privilege_has_a_name_that_means_it() {
        for privilege in Privilege::ALL {
            let meant = named(name_of(privilege), Kinds::HOME);
            let is_it = match &meant {
                Named::Privileges(privileges) => privileges.contains(&privilege),
                Named::Abstract => privilege == Privilege::ReadOwnPrivileges,
                Named::Unknown => false,
            };
            assert!(is_it, "{privilege:?} {meant:?}");
        }
        assert_eq!(named(caldav("schedule-send"), Kinds::CALENDAR), Named::Unknown);
        assert_eq!(named(dav("nonsense"), Kinds::HOME), Named::Unknown);
    }
}
