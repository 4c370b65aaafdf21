//! Privileges as a table: names, what contains what, and what a caller is told to hold (RFC 3744 §3, §5.3, §5.4).

use calendar::collection::Privilege;

use crate::xml::name::{caldav, dav};
use crate::xml::{Name, Writer};

/// A privilege of the protocol, perhaps an aggregate of others.
struct Row {
    name: Name<'static>,
    /// What it is for, in English.
    description: &'static str,
    /// The privilege it stands for; `None` for an aggregate, held where all its parts are.
    privilege: Option<Privilege>,
    parts: &'static [Row],
}

const fn single(name: Name<'static>, privilege: Privilege, description: &'static str) -> Row {
    Row { name, description, privilege: Some(privilege), parts: &[] }
}

/// The tree of privileges, from `DAV:all` down.
const ALL: Row = Row {
    name: dav("all"),
    description: "everything",
    privilege: None,
    parts: &[
        Row {
            name: dav("read"),
            description: "read the resource",
            privilege: Some(Privilege::Read),
            parts: &[
                single(caldav("read-free-busy"), Privilege::ReadFreeBusy, "learn when it makes busy"),
                single(dav("read-current-user-privilege-set"), Privilege::Read, "learn one's own privileges"),
            ],
        },
        Row {
            name: dav("write"),
            description: "change the resource",
            privilege: None,
            parts: &[
                single(dav("write-content"), Privilege::WriteContent, "change objects"),
                single(dav("write-properties"), Privilege::WriteProperties, "change properties"),
                single(dav("bind"), Privilege::Bind, "add members"),
                single(dav("unbind"), Privilege::Unbind, "remove members"),
            ],
        },
    ],
};

impl Row {
    fn held(&self, privileges: &[Privilege]) -> bool {
        // Whoever may read may learn busy time, whether or not it was said twice.
        let own = self.privilege.is_none_or(|own| {
            privileges.contains(&own)
                || (own == Privilege::ReadFreeBusy && privileges.contains(&Privilege::Read))
        });
        own && self.parts.iter().all(|part| part.held(privileges))
    }

    fn names_held(&self, privileges: &[Privilege], names: &mut Vec<Name<'static>>) {
        if self.held(privileges) {
            names.push(self.name);
        }
        for part in self.parts {
            part.names_held(privileges, names);
        }
    }

    fn write_supported(&self, out: &mut Writer) {
        out.open(dav("supported-privilege"));
        write(out, self.name);
        out.open_with(dav("description"), &[("xml:lang", "en")]);
        out.text(self.description);
        out.close(dav("description"));
        for part in self.parts {
            part.write_supported(out);
        }
        out.close(dav("supported-privilege"));
    }
}

/// The name of a privilege.
pub fn name_of(privilege: Privilege) -> Name<'static> {
    match privilege {
        Privilege::Read => dav("read"),
        Privilege::ReadFreeBusy => caldav("read-free-busy"),
        Privilege::WriteContent => dav("write-content"),
        Privilege::WriteProperties => dav("write-properties"),
        Privilege::Bind => dav("bind"),
        Privilege::Unbind => dav("unbind"),
    }
}

/// The names of everything that is held by whoever holds `privileges`, aggregates first.
pub fn names_held(privileges: &[Privilege]) -> Vec<Name<'static>> {
    let mut names = Vec::new();
    ALL.names_held(privileges, &mut names);
    names
}

/// Writes one `DAV:privilege`.
pub fn write(out: &mut Writer, name: Name<'_>) {
    out.open(dav("privilege"));
    out.empty(name);
    out.close(dav("privilege"));
}

/// Writes the content of `DAV:supported-privilege-set`.
pub fn write_supported(out: &mut Writer) {
    ALL.write_supported(out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(privileges: &[Privilege]) -> Vec<&'static str> {
        names_held(privileges).into_iter().map(|name| name.local).collect()
    }

    #[test]
    fn aggregates_are_held_where_all_their_parts_are() {
        use Privilege::{Bind, Read, ReadFreeBusy, Unbind, WriteContent, WriteProperties};
        assert_eq!(held(&[Read]), ["read", "read-free-busy", "read-current-user-privilege-set"]);
        assert_eq!(held(&[ReadFreeBusy]), ["read-free-busy"]);
        assert_eq!(
            held(&[Read, WriteContent, WriteProperties, Bind, Unbind]),
            [
                "all",
                "read",
                "read-free-busy",
                "read-current-user-privilege-set",
                "write",
                "write-content",
                "write-properties",
                "bind",
                "unbind"
            ]
        );
        assert!(!held(&[Read, WriteContent, Bind]).contains(&"write"));
    }
}
