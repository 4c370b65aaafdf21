//! URL ⇄ resource: one bijection, with one canonical encoding.
//!
//! Every segment is percent-encoded except for the unreserved characters of RFC 3986 §2.3, so that `@` is always `%40`;
//! whatever encoding a client uses is compared after decoding. Names are the client's: any character may stand in them.

use calendar::collection::{CollectionName, MemberName, ObjectName, PrincipalId};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::backend::{Delegation, Group};

/// Everything but letters, digits and `-._~`.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Where discovery begins (RFC 6764 §5).
pub const WELL_KNOWN: &str = "/.well-known/caldav";

/// Names that a path in the tree of files may have.
pub const FILE_DEPTH_MAX: usize = 32;

/// A place in an owner's tree of files: a file, a folder, or where one may be made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileName {
    /// Whose.
    pub owner: PrincipalId,
    /// The names on the way, decoded; none for the tree itself.
    pub path: Vec<String>,
}

impl FileName {
    /// The folder that it is in; `None` for the tree itself.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.path.split_last()?;
        Some(Self { owner: self.owner.clone(), path: above.to_vec() })
    }

    /// The member `name` of the folder.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let path = self.path.iter().cloned().chain([name.to_owned()]).collect();
        Self { owner: self.owner.clone(), path }
    }

    /// Whether it is `other` or below it.
    pub fn is_within(&self, other: &Self) -> bool {
        self.owner == other.owner && self.path.starts_with(&other.path)
    }

    /// The names encoded and joined by slashes, which is one to one.
    pub fn joined(&self) -> String {
        self.path.iter().map(|name| encoded(name)).collect::<Vec<_>>().join("/")
    }
}

/// What a URL names.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Resource {
    /// `/`: the host itself, where Apple Calendar looks when it gives up on the well-known address.
    Host,
    /// `/principals/`: likewise.
    HostPrincipals,
    /// `/dav/`.
    Root,
    /// `/dav/principals/`.
    Principals,
    /// `/dav/principals/{owner}/`.
    Principal(PrincipalId),
    /// `/dav/principals/{owner}/calendar-proxy-read/` and `…-write/`: whoever acts for the owner.
    Group(Group),
    /// `/dav/calendars/`.
    Homes,
    /// `/dav/calendars/{owner}/`: a calendar home.
    Home(PrincipalId),
    /// `/dav/calendars/{owner}/{collection}/`.
    Collection(CollectionName),
    /// `/dav/calendars/{owner}/{collection}/{member}`.
    Object(ObjectName),
    /// `/dav/notifications/{owner}/`: what an owner is told.
    Notifications(PrincipalId),
    /// `/dav/notifications/{owner}/{id}`.
    Notification(PrincipalId, String),
    /// `/dav/files/{owner}/…`: a file, a folder, or nothing yet.
    File(FileName),
}

impl Resource {
    /// What `path` (as it stands in the request line, encoded) names; a slash at the end does not matter.
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.strip_prefix('/')?;
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.is_empty() {
            return Some(Self::Host);
        }
        let segments = path.split('/').map(decoded).collect::<Option<Vec<_>>>()?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        Some(match segments.as_slice() {
            ["principals"] => Self::HostPrincipals,
            ["dav"] => Self::Root,
            ["dav", "principals"] => Self::Principals,
            ["dav", "principals", owner] => Self::Principal(PrincipalId::new(*owner)),
            ["dav", "principals", owner, group] => Self::Group(Group {
                owner: PrincipalId::new(*owner),
                delegation: Delegation::ALL.into_iter().find(|delegation| delegation.segment() == *group)?,
            }),
            ["dav", "calendars"] => Self::Homes,
            ["dav", "calendars", owner] => Self::Home(PrincipalId::new(*owner)),
            ["dav", "calendars", owner, id] => Self::Collection(CollectionName::new(owner, id)),
            ["dav", "calendars", owner, id, member] => Self::Object(ObjectName {
                collection: CollectionName::new(owner, id),
                member: MemberName::new(*member),
            }),
            ["dav", "notifications", owner] => Self::Notifications(PrincipalId::new(*owner)),
            ["dav", "notifications", owner, id] => {
                Self::Notification(PrincipalId::new(*owner), (*id).to_owned())
            }
            ["dav", "files", owner, path @ ..] if path.len() <= FILE_DEPTH_MAX => Self::File(FileName {
                owner: PrincipalId::new(*owner),
                path: path.iter().map(|name| (*name).to_owned()).collect(),
            }),
            _ => return None,
        })
    }

    /// What an `href` in a body names: a path, or a URL whose host is not looked at (a proxy may have another name),
    /// or a path relative to `base`.
    pub fn of_href(href: &str, base: &Self) -> Option<Self> {
        let href = href.trim();
        let href = href.split(['?', '#']).next().unwrap_or_default();
        if let Some((scheme, rest)) = href.split_once("://") {
            if scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https") {
                return Self::of_path(rest.find('/').map_or("/", |at| &rest[at..]));
            }
            return None;
        }
        if href.starts_with('/') {
            return Self::of_path(href);
        }
        let base = base.href();
        let folder = base.rfind('/').map_or("/", |at| &base[..=at]);
        Self::of_path(&format!("{folder}{href}"))
    }

    /// Its canonical path: absolute, encoded, with a slash at the end of everything but objects and files (of which a
    /// path does not say whether they are folders).
    pub fn href(&self) -> String {
        match self {
            Self::Host => "/".to_owned(),
            Self::HostPrincipals => "/principals/".to_owned(),
            Self::Root => "/dav/".to_owned(),
            Self::Principals => "/dav/principals/".to_owned(),
            Self::Principal(owner) => format!("/dav/principals/{}/", encoded(owner.as_str())),
            Self::Group(group) => {
                let owner = Self::Principal(group.owner.clone()).href();
                format!("{owner}{}/", group.delegation.segment())
            }
            Self::Homes => "/dav/calendars/".to_owned(),
            Self::Home(owner) => format!("/dav/calendars/{}/", encoded(owner.as_str())),
            Self::Collection(name) => {
                format!("/dav/calendars/{}/{}/", encoded(name.owner.as_str()), encoded(name.id.as_str()))
            }
            Self::Object(name) => {
                let collection = Self::Collection(name.collection.clone()).href();
                format!("{collection}{}", encoded(name.member.as_str()))
            }
            Self::Notifications(owner) => format!("/dav/notifications/{}/", encoded(owner.as_str())),
            Self::Notification(owner, id) => {
                format!("/dav/notifications/{}/{}", encoded(owner.as_str()), encoded(id))
            }
            Self::File(name) if name.path.is_empty() => {
                format!("/dav/files/{}/", encoded(name.owner.as_str()))
            }
            Self::File(name) => format!("/dav/files/{}/{}", encoded(name.owner.as_str()), name.joined()),
        }
    }

    /// Whose it is, if anybody's.
    pub fn owner(&self) -> Option<&PrincipalId> {
        match self {
            Self::Host | Self::HostPrincipals | Self::Root | Self::Principals | Self::Homes => None,
            Self::Principal(owner)
            | Self::Home(owner)
            | Self::Notifications(owner)
            | Self::Notification(owner, _) => Some(owner),
            Self::Group(group) => Some(&group.owner),
            Self::Collection(name) => Some(&name.owner),
            Self::Object(name) => Some(&name.collection.owner),
            Self::File(name) => Some(&name.owner),
        }
    }
}

/// The href of the member `member` of `collection`.
pub fn member_href(collection: &CollectionName, member: &MemberName) -> String {
    Resource::Object(ObjectName { collection: collection.clone(), member: member.clone() }).href()
}

pub(crate) fn encoded(segment: &str) -> String {
    utf8_percent_encode(segment, SEGMENT).to_string()
}

/// A segment without its encoding; `None` where it is empty, no UTF-8, or a step in the tree.
pub(crate) fn decoded(segment: &str) -> Option<String> {
    let name = percent_decode_str(segment).decode_utf8().ok()?;
    (!name.is_empty() && name != "." && name != "..").then(|| name.into_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn segment() -> impl Strategy<Value = String> {
        "\\PC{1,12}|[@:/%?#&<>\"' +~!*();,=\\[\\]\\x00-\\x1fä日]{1,8}"
            .prop_filter("a step in the tree", |name| name != "." && name != "..")
    }

    fn resource() -> impl Strategy<Value = Resource> {
        (0..14_usize, segment(), segment(), segment()).prop_map(|(which, owner, id, member)| {
            let collection = CollectionName::new(&owner, &id);
            match which {
                0 => Resource::Host,
                1 => Resource::HostPrincipals,
                2 => Resource::Root,
                3 => Resource::Principals,
                4 => Resource::Principal(PrincipalId::new(owner)),
                5 => Resource::Homes,
                6 => Resource::Home(PrincipalId::new(owner)),
                7 => Resource::Collection(collection),
                8 => Resource::File(FileName { owner: PrincipalId::new(owner), path: vec![id, member] }),
                9 => Resource::File(FileName { owner: PrincipalId::new(owner), path: vec![] }),
                11 => Resource::Notifications(PrincipalId::new(owner)),
                12 => Resource::Notification(PrincipalId::new(owner), id),
                10 => Resource::Group(Group {
                    owner: PrincipalId::new(owner),
                    delegation: if member.len() % 2 == 0 { Delegation::Read } else { Delegation::Write },
                }),
                _ => Resource::Object(ObjectName::new(&collection, &member)),
            }
        })
    }

    proptest! {
        #[test]
        fn path_and_resource_are_one(resource in resource()) {
            let href = resource.href();
            prop_assert!(href.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%/".contains(&b)), "{href}");
            prop_assert_eq!(Resource::of_path(&href), Some(resource.clone()));
            prop_assert_eq!(Resource::of_href(&format!("https://elsewhere:8443{href}"), &Resource::Root), Some(resource));
        }

        #[test]
        fn any_path_has_one_canonical_form(path in "/?[a-z@%0-9/.]{0,30}") {
            if let Some(resource) = Resource::of_path(&path) {
                prop_assert_eq!(Resource::of_path(&resource.href()), Some(resource));
            }
        }
    }

    #[test]
    fn encodings_of_a_client_are_one_name() {
        let plain = Resource::of_path("/dav/calendars/ada/work/a@b%3a.ics");
        assert_eq!(plain, Resource::of_path("/dav/calendars/ada/work/a%40b:.ics"));
        assert_eq!(
            plain.map(|object| object.href()).as_deref(),
            Some("/dav/calendars/ada/work/a%40b%3A.ics")
        );
    }

    #[test]
    fn what_names_nothing() {
        for path in [
            "",
            "dav",
            "/x",
            "/dav//calendars",
            "/dav/calendars/a/../b",
            "/dav/%2e%2e",
            "/dav/calendars/a/b/c/d",
        ] {
            assert_eq!(Resource::of_path(path), None, "{path}");
        }
        assert_eq!(Resource::of_path("/dav/calendars/%ff"), None);
    }

    #[test]
    fn relative_hrefs_stand_in_their_base() {
        let base = Resource::Collection(CollectionName::new("ada", "work"));
        let object = Resource::of_path("/dav/calendars/ada/work/x.ics");
        assert_eq!(Resource::of_href("x.ics", &base), object);
        assert_eq!(Resource::of_href(" http://h/dav/calendars/ada/work/x.ics ", &base), object);
        // A path like any other, which names nothing that is there.
        assert!(Resource::of_href("mailto:ada@example.org", &base).is_some());
        assert_eq!(Resource::of_href("urn://x/y", &base), None);
    }
}
